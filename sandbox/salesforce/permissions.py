"""What may stand in the org's rights: uniqueness, known objects and fields, and permissions that need others.

The vendor refuses a row whose permissions depend on others that are not there (``Permission Modify All Lead depends on
permission(s): Delete Lead``, FIELD_INTEGRITY_EXCEPTION) and does not add them by itself, as its pages do. An object or
field permission that allows nothing is refused; a field permission whose read is taken is deleted (object reference).
The texts of the two duplicates without a documented message are likely, not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.org import Org
from sandbox.salesforce.rights import live
from sandbox.salesforce.setup_objects import OBJECT_RIGHTS, USER_PERMISSIONS

Right = tuple[str, str]
"""A right to an object: ``("Edit", "Lead")``."""

NEEDED: dict[str, tuple[str, ...]] = {
    "Create": ("Read",),
    "Edit": ("Read",),
    "Delete": ("Read", "Edit"),
    "ViewAllRecords": ("Read",),
    "ModifyAllRecords": ("Read", "Edit", "Delete", "ViewAllRecords"),
}
ACCOUNT_CHILDREN = ("Contact", "Opportunity")
_SHARED_WITH_ACCOUNT = ("Read", "ViewAllRecords")
_USER_NEEDED = {
    "PermissionsModifyAllData": ("PermissionsViewAllData",),
    "PermissionsViewSetup": ("PermissionsViewRoles",),
    "PermissionsManageUsers": ("PermissionsViewSetup",),
    "PermissionsCustomizeApplication": ("PermissionsViewSetup",),
}
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")


def needs(org: Org, right: Right) -> list[Right]:
    """The rights that one right depends on."""
    verb, name = right
    found = [(each, name) for each in NEEDED.get(verb, ())]
    if name in ACCOUNT_CHILDREN and verb in _SHARED_WITH_ACCOUNT and org.switches.children_depend_on_account:
        found.append((verb, "Account"))
    return found


def rights_in(rows: Iterable[Row]) -> set[Right]:
    """The rights that rows of ObjectPermissions give."""
    return {
        (right, str(row["SobjectType"])) for row in rows for right in OBJECT_RIGHTS if row.get(f"Permissions{right}")
    }


def check_setup(org: Org, entity: Entity, old: Row | None, row: Row) -> None:
    """Refuses a row of a setup object that the vendor would refuse; names become the org's own spelling."""
    _CHECKS[entity.name](org, entity, old, row)


def permissionable(org: Org, entity: Entity, name: str) -> str | None:
    """The own spelling of a field that takes permissions, given without its object, or ``None``."""
    field = entity.any_field(name)
    if field is None or not field.permissionable or not entity.definition.sharing:
        return None
    if field.compound in entity.compounds and not org.switches.address_parts_take_permissions:
        return None
    return field.name


def _check_set(org: Org, entity: Entity, _: Row | None, row: Row) -> None:
    name = str(row["Name"])
    if _NAME.fullmatch(name) is None and not row.get("IsOwnedByProfile"):
        message = (
            "Permission Set Name: The API Name can only contain underscores and alphanumeric characters. It must be "
            "unique, begin with a letter, not include spaces, not end with an underscore, and not contain two "
            "consecutive underscores."
        )
        raise Refusal("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ("Name",))
    if any(other["Id"] != row["Id"] for other in live(org, entity.name, "Name", name)):
        raise Refusal(
            "DUPLICATE_DEVELOPER_NAME", f"The name {name} is already used by another permission set", ("Name",)
        )
    complaints = [
        _depends(USER_PERMISSIONS[right], [USER_PERMISSIONS[each] for each in missing])
        for right, needed in _USER_NEEDED.items()
        if row.get(right) and (missing := [each for each in needed if not row.get(each)])
    ]
    _refuse(complaints)


def _check_assignment(org: Org, entity: Entity, _: Row | None, row: Row) -> None:
    for other in live(org, entity.name, "AssigneeId", str(row["AssigneeId"])):
        if other["PermissionSetId"] == row["PermissionSetId"] and other["Id"] != row["Id"]:
            message = f"Duplicate PermissionSetAssignment. Assignee: {row['AssigneeId']}; Permission Set: "
            raise Refusal("DUPLICATE_VALUE", message + str(row["PermissionSetId"]))


def _check_object(org: Org, entity: Entity, _: Row | None, row: Row) -> None:
    row["SobjectType"] = _sharing(org, row).name
    siblings = [each for each in live(org, entity.name, "ParentId", str(row["ParentId"])) if each["Id"] != row["Id"]]
    if any(each["SobjectType"] == row["SobjectType"] for each in siblings):
        raise _duplicate()
    own = rights_in([row])
    if not own:
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", "Object permissions must allow at least to read")
    held = own | rights_in(siblings)
    complaints = [
        _depends(_told(right), [_told(each) for each in missing])
        for right in sorted(held)
        if (missing := [each for each in needs(org, right) if each not in held])
    ]
    _refuse(complaints)


def _check_field(org: Org, entity: Entity, old: Row | None, row: Row) -> None:
    of = _sharing(org, row)
    row["SobjectType"] = of.name
    prefix, _, name = str(row["Field"]).partition(".")
    found = permissionable(org, of, name) if prefix.lower() == of.name.lower() else None
    if found is None:
        message = f"Field Name: bad value for restricted picklist field: {row['Field']}"
        raise Refusal(org.switches.unpermissionable_field_code, message, ("Field",))
    row["Field"] = f"{of.name}.{found}"
    if any(
        each["Field"] == row["Field"] and each["Id"] != row["Id"]
        for each in live(org, entity.name, "ParentId", str(row["ParentId"]))
    ):
        raise _duplicate()
    if row.get("PermissionsEdit") and not row.get("PermissionsRead"):
        _refuse([_depends(f"Edit {row['Field']}", [f"Read {row['Field']}"])])
    if not row.get("PermissionsRead"):
        if old is None:
            raise Refusal("FIELD_INTEGRITY_EXCEPTION", "Field permissions must allow at least to read")
        row["IsDeleted"] = True


_CHECKS: dict[str, Callable[[Org, Entity, Row | None, Row], None]] = {
    "PermissionSet": _check_set,
    "PermissionSetAssignment": _check_assignment,
    "ObjectPermissions": _check_object,
    "FieldPermissions": _check_field,
}


def _sharing(org: Org, row: Row) -> Entity:
    """The object that a row is about, if it takes permissions."""
    found = org.schema.entities.get(str(row["SobjectType"])) or next(
        (each for each in org.schema.entities.values() if each.name.lower() == str(row["SobjectType"]).lower()), None
    )
    if found is None or not found.definition.sharing:
        message = f"Sobject Type Name: bad value for restricted picklist field: {row['SobjectType']}"
        raise Refusal("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ("SobjectType",))
    return found


def _told(right: Right) -> str:
    return f"{OBJECT_RIGHTS[right[0]]} {right[1]}"


def _depends(right: str, missing: Iterable[str]) -> str:
    return f"Permission {right} depends on permission(s): {', '.join(missing)}"


def _refuse(complaints: list[str]) -> None:
    if complaints:
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", "; ".join(complaints))


def _duplicate() -> Refusal:
    """What the vendor says of rows that its own hidden keys keep unique."""
    return Refusal("DUPLICATE_VALUE", "duplicate value found: <unknown> duplicates value on record with id: <unknown>")
