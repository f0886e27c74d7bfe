"""What ``setup`` makes in an org: keys and fields that syncd fills, the permission set ``syncd``, and its assignment.

An administrator's session is needed. A field that is made through the Tooling API carries no field permission, not
even for administrators: it is not in a describe until some permission set says so, which is why fields are looked for
in ``CustomField``. The vendor ties *Delete* to *Modify All* of an object; syncd deletes nothing. Facts: Tooling API,
"CustomField"; object reference, "FieldPermissions", "ObjectPermissions".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from connectors.salesforce import soql
from connectors.salesforce.catalog import Catalog
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.conversion import conversions
from connectors.salesforce.errors import CallRefused
from connectors.salesforce.ids import to18
from connectors.salesforce.known import permitted
from connectors.salesforce.queries import Queries
from connectors.salesforce.rights import (
    INACTIVE_OWNERS,
    LOOKED_UP,
    OBJECT_RIGHTS,
    PREFERENCE,
    Rights,
    looked_up,
    user_permissions,
)
from connectors.salesforce.tracking import untracked
from connectors.transport import Resend, wrong_shape
from syncd.model.errors import NeedsOperator
from syncd.model.fitting import Finding, Fitted, Needs, OwnField, Step
from syncd.model.native import Synced
from syncd.model.values import FieldType, Instant, Lane, Side

NAME: Final = "syncd"
"""Of the permission set."""
_SORTS: Final = {
    FieldType.ENUM: "Picklist",
    FieldType.DECIMAL: "Number",
    FieldType.INTEGER: "Number",
    FieldType.MONEY: "Number",
    FieldType.TEXT: "LongTextArea",
    FieldType.DATETIME: "DateTime",
    FieldType.BOOLEAN: "Checkbox",
}
"""Types of fields for what a derived field may hold."""
DESCRIPTION: Final = "What syncd needs, and no more. Made by `syncd setup`."
OBJECT_PERMISSIONS: Final = (*(right.name for right in OBJECT_RIGHTS), "PermissionsDelete")
OBJECT_WORDS: Final = "read, create, edit, all records (Delete comes with Modify All; syncd never deletes)"
_THERE: Final = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})
_PENDING: Final = "the permission set syncd"


def key_metadata(name: str) -> dict[str, object]:
    """The definition of a key field, for Tooling and for a package alike."""
    return {
        "type": "Text",
        "label": _label(name),
        "length": 255,
        "externalId": True,
        "unique": True,
        "caseSensitive": False,
        "description": "Id of the record in the marketing system. Kept by syncd; do not edit.",
    }


def origin_metadata(name: str) -> dict[str, object]:
    """The definition of the field that says why syncd wrote last: live, backfill or resync."""
    return {"type": "Text", "label": _label(name), "length": 40, "description": "Why syncd wrote last. Kept by syncd."}


def own_metadata(name: str, own: OwnField) -> dict[str, object]:
    """The definition of a field that syncd fills. Facts: Metadata API, "CustomField", "ValueSet"."""
    metadata: dict[str, object] = {"type": _SORTS[own.type], "label": _label(name), "description": own.words}
    match own.type:
        case FieldType.ENUM:
            values = [{"fullName": value, "default": False, "label": words} for value, words in own.options]
            metadata["valueSet"] = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}
        case FieldType.TEXT:
            metadata |= {"length": 4_000, "visibleLines": 5}
        case FieldType.DECIMAL | FieldType.INTEGER | FieldType.MONEY:
            metadata |= {"precision": 18, "scale": 0 if own.type is FieldType.INTEGER else 2}
        case FieldType.BOOLEAN:
            metadata["defaultValue"] = False
        case _:
            pass
    return metadata


def _label(name: str) -> str:
    return name.removesuffix("__c").replace("_", " ")


def own_fields(needs: Needs) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Object, field and definition of every field that syncd keeps for itself and that an org can make."""
    for name, need in needs.objects.items():
        if need.key.endswith("__c"):
            yield name, need.key, key_metadata(need.key)
        if need.origin and need.origin.endswith("__c"):
            yield name, need.origin, origin_metadata(need.origin)
        for field, own in need.derived.items():
            if field.endswith("__c"):
                yield name, field, own_metadata(field, own)


class SalesforceFitting:
    """Implements ``syncd.ports.fitting.Fitting``."""

    def __init__(self, client: SalesforceClient, queries: Queries, catalog: Catalog, *, lane: Lane) -> None:
        self._client = client
        self._queries = queries
        self._catalog = catalog
        self._lane = lane

    def user(self) -> str | None:
        """The id of the user that the session acts as."""
        return self._client.user(self._lane)

    def rights(self, needs: Needs) -> Sequence[Finding]:
        """See ``rights``, three calls, ``tracking``, one, and ``conversion``, none."""
        found = Rights(self._client, self._queries, self._catalog).findings(needs, self._lane)
        return [*found, *untracked(self._client, needs, self._lane), *conversions(needs)]

    def synced(self, object: str, notes: Collection[str], since: Instant, *, most: int) -> Sequence[Synced]:
        """None: the connector is HubSpot's, and leaves its notes there."""
        return ()

    def survey(self, needs: Needs, *, user: str | None) -> Fitted:
        """See the Protocol; two describes an object and four queries."""
        there: list[str] = []
        by_hand: list[str] = []
        steps = [*self._fields(needs, there, by_hand)]
        made = {str(step.body["FullName"]) for step in steps}
        parent, general = self._permission_set(needs, there, by_hand)
        steps += general
        steps += self._object_rights(needs, parent, there)
        steps += self._field_rights(needs, parent, made, there)
        assigned = self._assignment(user, parent, there, by_hand)
        return Fitted(tuple(there), (*steps, *assigned), tuple(by_hand))

    def make(self, step: Step) -> None:
        """One request. :raises NeedsOperator: if the administrator's credentials may not do it."""
        what, _, id_ = step.id.partition(":")
        body = dict(step.body)
        if body.get("ParentId") == _PENDING or body.get("PermissionSetId") == _PENDING:
            row = self._own_set(("Id",))
            if row is None:
                raise NeedsOperator(f"{step.what}: the permission set {NAME} is not there; run `syncd setup` again")
            body["ParentId" if "ParentId" in body else "PermissionSetId"] = row["Id"]
        root = "tooling/sobjects" if what == "CustomField" else "sobjects"
        path = f"{root}/{what}" + (f"/{id_}" if id_ else "")
        try:
            self._client.send("setup", "PATCH" if id_ else "POST", path, body, lane=self._lane, resend=Resend.NEVER)
        except CallRefused as why:
            if why.code not in _THERE:
                raise NeedsOperator(
                    f"{step.what}: Salesforce answers {why.code} ({why.complaint.message}); make it by hand, as "
                    "docs/first-steps.md says, and run `syncd setup` again"
                ) from why

    # -- what is lacking -----------------------------------------------------------------------------------------
    def _fields(self, needs: Needs, there: list[str], by_hand: list[str]) -> Iterator[Step]:
        wanted = list(own_fields(needs))
        known = self._custom_fields([field for _, field, _ in wanted])
        for name, field, metadata in wanted:
            if (name, field) in known:
                there.append(f"field {name}.{field}")
                seen = self._catalog.of(name, self._lane).get(field)
                if "externalId" in metadata and seen is not None and not seen.unique:
                    by_hand.append(
                        f"field {name}.{field} is not unique: in Setup > Object Manager > {name} > Fields & "
                        "Relationships tick Unique and External ID (first empty values that stand twice)"
                    )
                continue
            why = "it names the marketing record; without it a lost answer makes a second record"
            if field == needs.objects[name].origin:
                why = "it tells automations why a write happens"
            elif field in needs.objects[name].derived:
                why = "it shows what syncd computes"
            body = {"FullName": f"{name}.{field}", "Metadata": metadata}
            yield Step(Side.CRM, "CustomField", f"field {name}.{field}", why, body)

    def _custom_fields(self, fields: Sequence[str]) -> set[tuple[str, str]]:
        """Object and name of those of these fields that exist, seen or not."""
        if not fields:
            return set()
        names = list(dict.fromkeys(field.removesuffix("__c") for field in fields))
        query = soql.select(("Id", "DeveloperName", "TableEnumOrId"), "CustomField", soql.is_in("DeveloperName", names))
        told = self._client.get("tooling.query", f"tooling/{query.path}", lane=self._lane).json()
        rows = told.get("records") if isinstance(told, dict) else None
        if not isinstance(rows, list):
            raise wrong_shape("tooling.query", "no records")
        return {(str(row.get("TableEnumOrId")), f"{row.get('DeveloperName')}__c") for row in rows}

    def _own_set(self, columns: Sequence[str]) -> Mapping[str, Any] | None:
        query = soql.select(
            columns,
            "PermissionSet",
            soql.equals("Name", NAME),
            soql.equals("IsOwnedByProfile", value=False),
        )
        (rows,) = self._queries.all([query], self._lane)
        return rows[0] if rows else None

    def _permission_set(self, needs: Needs, there: list[str], by_hand: list[str]) -> tuple[str | None, list[Step]]:
        known = self._catalog.of("PermissionSet", self._lane)
        if not known:
            raise NeedsOperator(
                "setup: these credentials do not see permission sets; give those of an administrator, who has Manage "
                "Profiles and Permission Sets and View Setup and Configuration"
            )
        if INACTIVE_OWNERS not in known:
            by_hand.append(f"the right 'Update Records with Inactive Owners' does not exist in this org: {PREFERENCE}")
        wanted: dict[str, object] = {name: True for name in user_permissions(needs) if name in known}
        row = self._own_set(("Id", *wanted))
        if row is None:
            body = {"Name": NAME, "Label": NAME, "Description": DESCRIPTION, **wanted}
            why = "rights of its own, so that the user's profile can give none"
            return None, [Step(Side.CRM, "PermissionSet", f"permission set {NAME}", why, body)]
        there.append(f"permission set {NAME}")
        lacking = {name: True for name in wanted if row.get(name) is not True}
        id_ = to18(str(row["Id"]))
        if not lacking:
            return id_, []
        shown = ", ".join(name.removeprefix("Permissions") for name in lacking)
        return id_, [Step(Side.CRM, f"PermissionSet:{id_}", f"permission set {NAME}: {shown}", "see doctor", lacking)]

    def _object_rights(self, needs: Needs, parent: str | None, there: list[str]) -> Iterator[Step]:
        beside = looked_up(needs, individuals=self._client.account.individuals)
        held = self._held("ObjectPermissions", "SobjectType", OBJECT_PERMISSIONS, parent, [*beside, *needs.objects])
        for name, behind in beside.items():
            body: dict[str, object] = {"ParentId": parent or _PENDING, "SobjectType": name}
            what = f"rights on {name}: read, all records ({behind.why})"
            yield from self._right("ObjectPermissions", held.get(name), body, LOOKED_UP, what, there)
        for name in needs.objects:
            yield from self._right(
                "ObjectPermissions",
                held.get(name),
                {"ParentId": parent or _PENDING, "SobjectType": name},
                OBJECT_PERMISSIONS,
                f"rights on {name}: {OBJECT_WORDS}",
                there,
            )

    def _field_rights(self, needs: Needs, parent: str | None, made: set[str], there: list[str]) -> Iterator[Step]:
        rights = ("PermissionsRead", "PermissionsEdit")
        beside = looked_up(needs, individuals=self._client.account.individuals)
        wanted = {name: permitted(need) for name, need in needs.objects.items()}
        wanted |= {name: dict.fromkeys(behind.fields, False) for name, behind in beside.items() if behind.fields}
        held = self._held("FieldPermissions", "Field", rights, parent, list(wanted))
        custom = self._custom_fields(
            sorted({field for need in needs.objects.values() for field in need.read if field.endswith("__c")})
        )
        for name, fields in wanted.items():
            standard = self._permissionable(name)
            for field, edits in fields.items():
                full = f"{name}.{field}"
                there_is = full in made or (name, field) in custom or field in standard
                if not there_is or standard.get(field) is False:
                    continue  # it does not exist, as `doctor` says; or it belongs to everybody, as required fields do
                words = "read and edit" if edits else "read"
                for step in self._right(
                    "FieldPermissions",
                    held.get(full),
                    {"ParentId": parent or _PENDING, "SobjectType": name, "Field": full},
                    rights if edits else rights[:1],
                    f"{full}: {words}",
                    there,
                ):
                    yield replace(step, group=f"rights to fields of {name}, {words}", part=field)

    def _right(
        self,
        object: str,
        row: Mapping[str, Any] | None,
        body: dict[str, object],
        rights: Sequence[str],
        what: str,
        there: list[str],
    ) -> Iterator[Step]:
        """A row that is to be made, or to be given what it lacks."""
        why = "the mapping needs it"
        if row is None:
            yield Step(Side.CRM, object, what, why, {**body, **dict.fromkeys(rights, True)})
        elif lacking := [right for right in rights if row.get(right) is not True]:
            yield Step(Side.CRM, f"{object}:{to18(str(row['Id']))}", what, why, dict.fromkeys(lacking, True))
        else:
            there.append(what)

    def _held(
        self, object: str, by: str, rights: Sequence[str], parent: str | None, objects: Sequence[str]
    ) -> dict[str, Mapping[str, Any]]:
        """Rows of our permission set, by object or field."""
        if parent is None:
            return {}
        query = soql.select(
            ("Id", by, *rights), object, soql.equals("ParentId", parent), soql.is_in("SobjectType", objects)
        )
        (rows,) = self._queries.all([query], self._lane)
        return {str(row[by]): row for row in rows}

    def _permissionable(self, object: str) -> dict[str, bool]:
        """Whether rights to each field can be given at all: required ones belong to everybody who sees the object."""
        told = self._client.get("describe", f"sobjects/{soql.name(object)}/describe", lane=self._lane).json()
        fields = told.get("fields") if isinstance(told, dict) else None
        if not isinstance(fields, list):
            raise wrong_shape("describe", f"no fields of {object}")
        return {str(field.get("name")): field.get("permissionable") is True for field in fields}

    def _assignment(self, user: str | None, parent: str | None, there: list[str], by_hand: list[str]) -> list[Step]:
        if user is None:
            by_hand.append(
                f"assign the permission set {NAME} to the integration user (Setup > Permission Sets > {NAME} > Manage "
                "Assignments): who the daemon acts as is not known, as it could not log in or was not told"
            )
            return []
        what = f"permission set {NAME} assigned to user {user}"
        if parent is not None:
            query = soql.select(
                ("Id",),
                "PermissionSetAssignment",
                soql.equals("PermissionSetId", parent),
                soql.equals("AssigneeId", user),
            )
            (rows,) = self._queries.all([query], self._lane)
            if rows:
                there.append(what)
                return []
        body = {"PermissionSetId": parent or _PENDING, "AssigneeId": user}
        return [Step(Side.CRM, "PermissionSetAssignment", what, "the user the daemon acts as", body)]
