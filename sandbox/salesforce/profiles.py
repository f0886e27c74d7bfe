"""The profiles an org starts with, as the permission sets they own: an administrator's, the integration user's, and one
for everybody who is added later.

A full profile has every user permission, every right to every object and may edit every field; the integration user has
one too, unless the org is bare: then it has only API Enabled, as the vendor's minimum access profile for integrations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.salesforce.definitions import FieldDefinition, Row, Value
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.org import Org
from sandbox.salesforce.permissions import permissionable
from sandbox.salesforce.rights import live
from sandbox.salesforce.setup_objects import OBJECT_RIGHTS, USER_PERMISSIONS

ADMINISTRATOR = "System Administrator"
MINIMUM = "Minimum Access - API Only Integrations"
INTEGRATION = "Salesforce Integration"
STANDARD = "Standard User"
_ORDINARY = ("Read", "Create", "Edit", "Delete")


def furnish_profiles(org: Org, *, bare: bool) -> None:
    """The profiles of the two users that every org has."""
    admin = _profile(org, ADMINISTRATOR, USER_PERMISSIONS)
    _allow_all(org, admin, OBJECT_RIGHTS)
    integration = _profile(
        org, MINIMUM if bare else INTEGRATION, ["PermissionsApiEnabled"] if bare else USER_PERMISSIONS
    )
    if not bare:
        _allow_all(org, integration, OBJECT_RIGHTS)
    _assign(org, org.admin_user, admin)
    _assign(org, org.integration_user, integration)


def add_standard_user(org: Org, user_id: str) -> None:
    """The profile of a user who is added: the usual rights to rows of their own."""
    known = [str(row["Id"]) for row in live(org, "PermissionSet", "Name", _name(STANDARD))]
    if not known:
        known = [_profile(org, STANDARD, ["PermissionsApiEnabled"])]
        _allow_all(org, known[0], _ORDINARY)
    _assign(org, user_id, known[0])


def show_to_full_profiles(org: Org, entity: Entity, field: FieldDefinition) -> None:
    """What the page for a new field does by default: profiles that see all data may read and edit it."""
    if permissionable(org, entity, field.name) is None:
        return
    name = f"{entity.name}.{field.name}"
    for row in list(org.schema.entities["PermissionSet"].table.by_id()):
        if not (row.get("IsOwnedByProfile") and row.get("PermissionsViewAllData")):
            continue
        if all(held["Field"] != name for held in live(org, "FieldPermissions", "ParentId", str(row["Id"]))):
            put_row(org, "FieldPermissions", field_row(str(row["Id"]), entity, field))
    org.store.commit()


def field_row(set_id: str, entity: Entity, field: FieldDefinition) -> Row:
    """Read and, where a field can be written at all, edit."""
    return {
        "ParentId": set_id, "SobjectType": entity.name, "Field": f"{entity.name}.{field.name}",
        "PermissionsRead": True, "PermissionsEdit": field.createable or field.updateable or field.type == "address",
    }  # fmt: skip


def put_row(org: Org, object_name: str, values: Mapping[str, Value]) -> str:
    """Stores a setup row as the admin's own work, new or (with an ``Id``) changed; returns its id."""
    entity = org.schema.entities[object_name]
    now = org.now_stamp()
    row: Row = {
        "Id": values.get("Id") or org.ids.take(entity.definition.prefix), "CreatedDate": now,
        "CreatedById": org.admin_user, **entity.defaults, **values,
    }  # fmt: skip
    row |= {"LastModifiedDate": now, "LastModifiedById": org.admin_user, "SystemModstamp": now}
    org.store.put(entity.table, row, now=org.clock.now())
    return str(row["Id"])


def _name(label: str) -> str:
    return "X00e_" + "_".join(label.replace("-", " ").split())


def _profile(org: Org, label: str, permissions: Iterable[str]) -> str:
    values: dict[str, Value] = dict.fromkeys(permissions, True)
    values |= {"Name": _name(label), "Label": label, "IsOwnedByProfile": True, "IsCustom": False}
    put_row(org, "Profile", {"Name": label})
    return put_row(org, "PermissionSet", values)


def _assign(org: Org, user_id: str, set_id: str) -> None:
    put_row(org, "PermissionSetAssignment", {"AssigneeId": user_id, "PermissionSetId": set_id})
    label = org.schema.entities["PermissionSet"].table.rows[set_id]["Label"]
    users = org.schema.entities["User"].table
    known = (row["Id"] for row in org.schema.entities["Profile"].table.by_id() if row["Name"] == label)
    org.store.put(users, {**users.rows[user_id], "ProfileId": next(known, None)}, now=org.clock.now())
    org.store.commit()


def _allow_all(org: Org, set_id: str, rights: Iterable[str]) -> None:
    allowed: dict[str, Value] = {f"Permissions{right}": True for right in rights}
    for entity in org.schema.entities.values():
        if not entity.definition.sharing:
            continue
        put_row(org, "ObjectPermissions", {"ParentId": set_id, "SobjectType": entity.name, **allowed})
        for field in entity.fields.values():
            if permissionable(org, entity, field.name) is not None:
                put_row(org, "FieldPermissions", field_row(set_id, entity, field))
