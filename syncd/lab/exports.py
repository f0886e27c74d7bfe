"""Both vendors' exports as plain rows: who is there, who left, what points where, and who may own records.

Nothing of syncd's store is read. An export is ``{object: [row, ...]}`` as ``syncd sandbox --export`` writes it:
HubSpot rows hold ``id``, ``properties``, ``archived`` and ``associations``, Salesforce rows hold their fields by name.
Archived, deleted and converted records take no part; where they went is kept, so that a survivor can be told from a
stranger. It refuses an export of another shape with a ``BadUsage`` that says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from syncd.core.normalize import Context, Directory
from syncd.model.errors import BadUsage
from syncd.model.mapping import KindMapping
from syncd.model.remote import RemoteRef, RemoteUser, UserSort
from syncd.model.sentinel import MARKER
from syncd.model.values import FieldType, Pair, Side, Wire

Export: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]

UNSUBSCRIBED: Final = "@unsubscribed"
"""The pseudo-field of a mapping that stands for HubSpot's read-only property ``hs_email_optout``."""
PRIMARY_COMPANY: Final = 1
"""HubSpot's association type from a contact to its primary company."""


@dataclass(frozen=True, slots=True)
class Row:
    """One living record: its vendor values, the record that its key field names, and what it points to by field."""

    side: Side
    ref: RemoteRef
    wires: Mapping[str, Wire]
    key: str
    points: Mapping[str, str]


@dataclass(slots=True)
class Living:
    """The living records of one kind on one side, and what became of those that are not: ``moved`` old id to new."""

    rows: dict[RemoteRef, Row] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    def successor(self, old: str) -> str | None:
        """The living record that took over from this one through merges and conversions, if there is one."""
        seen: set[str] = set()
        while old in self.moved and old not in seen:
            seen.add(old)
            old = self.moved[old]
        return old if seen and any(ref.id == old for ref in self.rows) else None


def context_of(marketing: Export, crm: Export) -> Context:
    """Who is who among owners. HubSpot's owners stand in the export as ``owners``, in the form of its owners API."""
    owners = [
        RemoteUser(
            id=str(row["id"]),
            sort=UserSort.USER,
            name=" ".join(part for part in (row.get("firstName"), row.get("lastName")) if part),
            email=str(row.get("email") or "").lower() or None,
            active=not row.get("archived"),
        )
        for row in marketing.get("owners", ())
    ]
    users = [
        RemoteUser(
            id=str(row["Id"]),
            sort=UserSort.USER,
            name=str(row.get("Name") or ""),
            email=str(row.get("Email") or "").lower() or None,
            active=bool(row.get("IsActive")),
        )
        for row in crm.get("User", ())
    ]
    queues = [
        RemoteUser(id=str(row["Id"]), sort=UserSort.QUEUE, name=str(row.get("Name") or ""), email=None, active=True)
        for row in crm.get("Group", ())
        if row.get("Type") == "Queue"
    ]
    return Context(users=Pair(Directory.from_users(owners), Directory.from_users([*users, *queues])))


def living(kind: KindMapping, exports: Pair[Export], kinds: Mapping[str, KindMapping]) -> Pair[Living]:
    """The living records of one kind on both sides.

    :param kinds: all kinds by name, to know what references point to.
    :raises BadUsage: if an export lacks an object of the mapping, or a row has another shape.
    """
    return Pair(_marketing(kind, exports.marketing), _crm(kind, exports.crm, kinds))


def _rows(export: Export, name: str, side: Side) -> Sequence[Mapping[str, Any]]:
    if name not in export:
        known = ", ".join(sorted(export)) or "nothing"
        raise BadUsage(f"the {side} export holds no {name}, only {known}; give the whole export of that side")
    return export[name]


def _marketing(kind: KindMapping, export: Export) -> Living:
    found = Living()
    for name in kind.objects.marketing:
        for row in _rows(export, name, Side.MARKETING):
            id_ = str(row["id"])
            properties: dict[str, Wire] = dict(row["properties"])
            if row["archived"]:
                continue
            for old in str(properties.get("hs_merged_object_ids") or "").split(";"):
                if old:
                    found.moved[old] = id_
            properties[UNSUBSCRIBED] = "true" if properties.get("hs_email_optout") == "true" else "false"
            ref = RemoteRef(name, id_)
            key = str(properties.get(kind.key.marketing) or "")
            if key == MARKER:
                continue
            found.rows[ref] = Row(Side.MARKETING, ref, properties, key, dict(_associated(kind, name, row)))
    return found


def _associated(kind: KindMapping, name: str, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for mapping in kind.fields:
        if mapping.type is FieldType.REFERENCE and name in mapping.slots.marketing:
            other = mapping.slots.marketing[name][0]
            for association in row.get("associations", {}).get(other, ()):
                if PRIMARY_COMPANY in association["types"]:
                    yield mapping.name, f"{other}/{association['id']}"


def _crm(kind: KindMapping, export: Export, kinds: Mapping[str, KindMapping]) -> Living:
    found = Living()
    for name in kind.objects.crm:
        for row in _rows(export, name, Side.CRM):
            id_ = str(row["Id"])
            successor = row.get("MasterRecordId") or row.get(f"Converted{kind.objects.crm[-1]}Id")
            if successor:
                found.moved[id_] = str(successor)
            if row.get("IsDeleted") or row.get("IsConverted") or row.get(kind.key.crm) == MARKER:
                continue
            ref = RemoteRef(name, id_)
            points = {
                mapping.name: f"{kinds[mapping.kind].objects.crm[0]}/{row[mapping.slots.crm[name][0]]}"
                for mapping in kind.fields
                if mapping.type is FieldType.REFERENCE
                and mapping.kind is not None
                and mapping.kind in kinds
                and name in mapping.slots.crm
                and row.get(mapping.slots.crm[name][0])
            }
            found.rows[ref] = Row(Side.CRM, ref, row, str(row.get(kind.key.crm) or ""), points)
    return found
