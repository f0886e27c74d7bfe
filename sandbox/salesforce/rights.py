"""What a user may see and do: the union of its permission sets, and the org as seen through it.

``seen_by`` answers a view of the org for one call: the same tables, rules and fields, but objects without Read are not
there, fields without read are hidden, fields without edit protected, and rows that the user may not see do not exist
(the org-wide default is private: only the owner's rows, unless View All). The view is made per call and only where
``enforces_rights`` is on, so a change of rights holds for the very next call.

Simplified: Task, User, Group and the org's own objects have no object permissions; there are no roles, sharing rules or
queue members; Transfer Leads, Convert Leads and Update Records with Inactive Owners are kept but change nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.salesforce.definitions import FieldDefinition, Row
from sandbox.salesforce.entity import Entity, Schema
from sandbox.salesforce.errors import plain
from sandbox.salesforce.org import Org
from sandbox.salesforce.setup_objects import OBJECT_RIGHTS, SETUP_OBJECTS, USER_PERMISSIONS
from sandbox.salesforce.wire_time import parse_instant

ALL_RIGHTS = frozenset(OBJECT_RIGHTS)
_API_MESSAGES = {
    "API_DISABLED_FOR_ORG": "The REST API is not enabled for this Organization.",
    "API_CURRENTLY_DISABLED": "API is disabled for this User",
}
_MANAGED = ("User", "Group")


@dataclass(frozen=True, slots=True)
class Rights:
    """``objects`` maps an object to its rights (``Read`` ...), fields are named as ``Lead.Company``."""

    user_id: str
    permissions: frozenset[str]
    objects: Mapping[str, frozenset[str]]
    readable: frozenset[str]
    editable: frozenset[str]

    def to(self, entity: Entity) -> frozenset[str]:
        """The rights to one object, those of View All Data and Modify All Data included."""
        held = self.objects.get(entity.name, frozenset())
        if "PermissionsModifyAllData" in self.permissions:
            return ALL_RIGHTS
        return held | {"Read", "ViewAllRecords"} if "PermissionsViewAllData" in self.permissions else held


def live(org: Org, object_name: str, field: str, value: str) -> Iterator[Row]:
    """The rows of a setup object with this value in an indexed field, without deleted ones."""
    table = org.schema.entities[object_name].table
    return (row for row_id in table.lookup(field, value) if not (row := table.rows[row_id]).get("IsDeleted"))


def sets_of(org: Org, user_id: str) -> list[Row]:
    """The permission sets assigned to a user, that of the profile included."""
    table = org.schema.entities["PermissionSet"].table
    rows = (table.rows[str(row["PermissionSetId"])] for row in live(
        org, "PermissionSetAssignment", "AssigneeId", user_id))  # fmt: skip
    return [row for row in rows if not row.get("IsDeleted")]


def permissions_of(org: Org, user_id: str) -> frozenset[str]:
    """The user permissions of a user, by field name."""
    held = sets_of(org, user_id)
    return frozenset(name for name in USER_PERMISSIONS if any(row.get(name) for row in held))


def rights_of(org: Org, user_id: str) -> Rights:
    """Everything that the permission sets of a user allow."""
    objects: dict[str, frozenset[str]] = {}
    readable: set[str] = set()
    editable: set[str] = set()
    for held in sets_of(org, user_id):
        for row in live(org, "ObjectPermissions", "ParentId", str(held["Id"])):
            name = str(row["SobjectType"])
            given = {right for right in OBJECT_RIGHTS if row.get(f"Permissions{right}")}
            objects[name] = objects.get(name, frozenset()) | given
        for row in live(org, "FieldPermissions", "ParentId", str(held["Id"])):
            if row.get("PermissionsRead"):
                readable.add(str(row["Field"]))
            if row.get("PermissionsEdit"):
                editable.add(str(row["Field"]))
    return Rights(user_id, permissions_of(org, user_id), objects, frozenset(readable), frozenset(editable))


def governing(entity: Entity, field: FieldDefinition) -> tuple[str, ...]:
    """The names in FieldPermissions that decide about a field: its own and that of its address; none: all may."""
    if not entity.definition.sharing or not field.permissionable:
        return ()
    own = f"{entity.name}.{field.name}"
    return (own, f"{entity.name}.{field.compound}") if field.compound in entity.compounds else (own,)


def refuse_without_api(org: Org, user_id: str) -> None:
    """403 for users without API Enabled."""
    if "PermissionsApiEnabled" not in permissions_of(org, user_id):
        code = org.switches.api_disabled_code
        raise plain(code, _API_MESSAGES[code], status=403)


def seen_by(org: Org, user_id: str) -> Org:
    """The org as a session of this user sees it."""
    view = copy.copy(org)
    view.schema = SeenSchema(org, rights_of(org, user_id))
    return view


class SeenSchema(Schema):
    """The objects that a user may read. ``entities`` and ``of_id`` stay those of the system, whose own work (cascades,
    histories, uniqueness) no user's rights limit.
    """

    def __init__(self, org: Org, rights: Rights) -> None:  # the parts are the org's own, nothing is made anew
        self.__dict__.update(vars(org.schema))
        self._org = org
        self._rights = rights
        self._seen: dict[str, Entity | None] = {}

    def find(self, name: str) -> Entity | None:
        """The user's view of an object, or ``None`` where it may not be read."""
        entity = super().find(name)
        if entity is None:
            return None
        if entity.name not in self._seen:
            self._seen[entity.name] = _view(self._org, entity, self._rights)
        return self._seen[entity.name]

    def visible(self) -> list[Entity]:
        """Every object that the user may read."""
        return [seen for name in self.entities if (seen := self.find(name))]


def _view(org: Org, entity: Entity, rights: Rights) -> Entity | None:
    definition, held = entity.definition, rights.permissions
    view = copy.copy(entity)
    if definition.history_of is not None:
        return _history_view(org, view, rights)
    if definition.setup:
        if not _setup_view(org, view, rights):
            return None
    elif entity.name in _MANAGED:
        if "PermissionsManageUsers" not in held:
            view.createable = view.updateable = view.deletable = False
    elif definition.sharing:
        may = rights.to(entity)
        if "Read" not in may:
            return None
        view.finds_shared_keys = not held.isdisjoint(("PermissionsViewAllData", "PermissionsModifyAllData"))
        view.createable, view.updateable = "Create" in may, "Edit" in may
        view.deletable = entity.deletable and "Delete" in may
        if "ViewAllRecords" not in may:
            view.sees = lambda row: row.get("OwnerId") == rights.user_id
        if "ModifyAllRecords" not in may:
            view.edits = lambda row: row.get("OwnerId") == rights.user_id
        governed = [(name, deciding) for name, field in entity.fields.items() if (deciding := governing(entity, field))]
        view.hidden = entity.hidden | {name for name, by in governed if rights.readable.isdisjoint(by)}
        view.protected = entity.protected | {name for name, by in governed if rights.editable.isdisjoint(by)}
        if not view.createable and not view.updateable:
            view.protected |= entity.fields.keys()
        stamps = (org.schema.entities[kind.name].table.last_stamp for kind in SETUP_OBJECTS)
        view.changed = max(entity.changed, parse_instant(max(stamps)) or entity.changed)
    return view


def _history_view(org: Org, view: Entity, rights: Rights) -> Entity | None:
    """The history of what a user may see."""
    name = str(view.definition.history_of)
    of = _view(org, org.schema.entities[name], rights)
    if of is None:
        return None
    rows, parent = of.table.rows, f"{name}Id"
    if of.sees is not None:
        view.sees = lambda row: of.shows(rows.get(str(row[parent])))
    return view


def _setup_view(org: Org, view: Entity, rights: Rights) -> bool:
    """Adjusts a setup object; answers whether it is there at all."""
    if "PermissionsManageUsers" not in rights.permissions:
        view.createable = view.updateable = view.deletable = False
    if org.switches.setup_needs_view_setup and "PermissionsViewSetup" not in rights.permissions:
        if view.name != "PermissionSetAssignment":
            return False
        view.sees = lambda row: row.get("AssigneeId") == rights.user_id
    return True
