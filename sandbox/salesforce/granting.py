"""What the admin of rights does by hand: gives and takes rights of the integration user.

Giving goes into the permission set of the user's profile and adds what the right depends on, as the vendor's pages do;
taking removes the right, and what depends on it, from every permission set the user has. Visible only where the org
enforces rights.
"""

from __future__ import annotations

from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.org import Org
from sandbox.salesforce.permissions import Right, needs, permissionable, rights_in
from sandbox.salesforce.profiles import put_row
from sandbox.salesforce.rights import live, sets_of
from sandbox.salesforce.setup_objects import OBJECT_RIGHTS, USER_PERMISSIONS


class Granting:
    """The people's methods that concern rights."""

    org: Org

    def give_object_right(self, object: str, right: str) -> None:
        """Gives ``Read``, ``Create``, ``Edit``, ``Delete``, ``ViewAllRecords`` or ``ModifyAllRecords`` to an object."""
        set_id = self._profile_set()
        held = rights_in(live(self.org, "ObjectPermissions", "ParentId", set_id))
        wanted = [self._right(object, right)]
        while wanted:
            each = wanted.pop()
            held.add(each)
            wanted += [needed for needed in needs(self.org, each) if needed not in held]
        self._set_rights(set_id, held)

    def take_object_right(self, object: str, right: str) -> None:
        """Takes a right to an object, and every right that depends on it."""
        gone = self._right(object, right)
        for row in sets_of(self.org, self.org.integration_user):
            held = rights_in(live(self.org, "ObjectPermissions", "ParentId", str(row["Id"]))) - {gone}
            while lost := {each for each in held if any(need not in held for need in needs(self.org, each))}:
                held -= lost
            self._set_rights(str(row["Id"]), held)

    def give_field_right(self, object: str, field: str, right: str = "edit") -> None:
        """Gives ``read`` or ``edit`` (which includes read) of a field; for a part of an address, of the address."""
        entity, name = self._field(object, field)
        set_id = self._profile_set()
        old = next((r for r in live(self.org, "FieldPermissions", "ParentId", set_id) if r["Field"] == name), {})
        edits = _word(right, ("read", "edit")) == "edit" or bool(old.get("PermissionsEdit"))
        row: Row = {"ParentId": set_id, "SobjectType": entity.name, "Field": name, "PermissionsRead": True}
        self._put("FieldPermissions", {**old, **row, "PermissionsEdit": edits})

    def take_field_right(self, object: str, field: str, right: str = "read") -> None:
        """Takes ``edit`` or ``read`` (which includes edit) of a field."""
        _, name = self._field(object, field)
        change: Row = {"PermissionsEdit": False}
        if _word(right, ("read", "edit")) == "read":
            change |= {"PermissionsRead": False, "IsDeleted": True}
        for held in sets_of(self.org, self.org.integration_user):
            for row in list(live(self.org, "FieldPermissions", "ParentId", str(held["Id"]))):
                if row["Field"] == name:
                    self._put("FieldPermissions", row | change)

    def give_user_permission(self, permission: str) -> None:
        """Gives a user permission: ``ApiEnabled``, ``ViewSetup`` ..., with or without ``Permissions`` before it."""
        name = _permission(permission)
        row = next(row for row in sets_of(self.org, self.org.integration_user) if row["Id"] == self._profile_set())
        self._put("PermissionSet", {**row, name: True})

    def take_user_permission(self, permission: str) -> None:
        """Takes a user permission."""
        name = _permission(permission)
        for row in sets_of(self.org, self.org.integration_user):
            if row.get(name):
                self._put("PermissionSet", {**row, name: False})

    def _profile_set(self) -> str:
        held = sets_of(self.org, self.org.integration_user)
        return next(str(row["Id"]) for row in held if row.get("IsOwnedByProfile"))

    def _set_rights(self, set_id: str, held: set[Right]) -> None:
        """Makes the rows of a permission set say this and nothing else."""
        rows = {str(row["SobjectType"]): row for row in live(self.org, "ObjectPermissions", "ParentId", set_id)}
        for name in sorted(rows.keys() | {name for _, name in held}):
            flags: Row = {f"Permissions{right}": (right, name) in held for right in OBJECT_RIGHTS}
            if not any(flags.values()):
                flags["IsDeleted"] = True
            self._put(
                "ObjectPermissions", {"ParentId": set_id, "SobjectType": name, **rows.get(name, {}), **flags}
            )  # fmt: skip

    def _put(self, object_name: str, row: Row) -> None:
        put_row(self.org, object_name, row)
        self.org.store.commit()

    def _right(self, object: str, right: str) -> Right:
        entity = self.org.schema.require(object)
        if not entity.definition.sharing:
            raise ValueError(f"{object} has no object permissions")
        return _word(right, tuple(OBJECT_RIGHTS)), entity.name

    def _field(self, object: str, field: str) -> tuple[Entity, str]:
        entity = self.org.schema.require(object)
        found = entity.any_field(field)
        if found is not None and found.compound in entity.compounds:
            field = str(found.compound)
        name = permissionable(self.org, entity, field)
        if name is None:
            raise ValueError(f"{object}.{field} takes no field permissions")
        return entity, f"{entity.name}.{name}"


def _word(given: str, known: tuple[str, ...]) -> str:
    found = next((word for word in known if word.lower() == given.lower()), None)
    if found is None:
        raise ValueError(f"no right {given!r}; there are {', '.join(known)}")
    return found


def _permission(given: str) -> str:
    name = given if given.startswith("Permissions") else f"Permissions{given}"
    if name not in USER_PERMISSIONS:
        raise ValueError(f"no user permission {given!r}; there are {', '.join(USER_PERMISSIONS)}")
    return name
