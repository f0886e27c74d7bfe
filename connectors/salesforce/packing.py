"""Rows as requests: Collections of 200 rows, five of them in one Composite call.

Creates are upserts by the key field (one object and the field in the address, the field in each row), or plain creates
where the shape has no key, for objects that the vendor itself keeps unique; updates are rows with an id, of equal types
side by side (the vendor allows ten runs of types a request). ``allOrNone`` is false: one bad row never stops the
others. Facts: REST API guide, "sObject Collections", "Composite".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.salesforce import soql
from connectors.salesforce.ids import as_told, to18
from connectors.salesforce.roles import stands_in_role
from connectors.salesforce.wire import RECORD_TYPE
from syncd.model.remote import Shape
from syncd.model.values import Wire
from syncd.model.write import CreateRecord, UpdateRecord, Write

CHUNK: Final = 200
PACK: Final = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One write on its way. ``place`` is its position in the batch; ``sent`` its fields, lookups included.

    ``lookups`` names the reference of each lookup field, ``roles`` by reference the contact that is to get a role after
    the write (``connectors.salesforce.roles``).
    """

    place: int
    write: Write
    object: str
    sent: Mapping[str, Wire]
    lookups: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def quotes_reference(self) -> bool:
        """Whether a value holds ``@{``, which Composite would take for a reference to another subrequest."""
        return any(isinstance(value, str) and "@{" in value for value in self.sent.values())

    @property
    def by_rules(self) -> bool:
        """Whether the org's assignment rules give it an owner; such a row shares no call with any other."""
        return isinstance(self.write, CreateRecord) and self.write.by_rules

    @property
    def identity(self) -> tuple[str, str, str]:
        """Two rows of one identity must not share a request: the vendor refuses one or both."""
        write = self.write
        if isinstance(write, CreateRecord):
            return ("key", self.object, write.key.lower())
        return ("id", self.object, as_told(write.ref.id))


@dataclass(frozen=True, slots=True)
class Chunk:
    """One Collections request."""

    path: str
    rows: tuple[Row, ...]
    body: Mapping[str, Any]
    method: str = "PATCH"

    @property
    def by_rules(self) -> bool:
        """Whether the org's assignment rules are to run for its rows: for all of them, or for none."""
        return any(row.by_rules for row in self.rows)


def make_row(place: int, write: Write, shape: Shape, record_type: str | None = None) -> Row:
    """A row with its references turned into lookup fields, and with the id of the record type it is given.

    :raises ValueError: if the id is none, or the shape has no lookup field for a reference.
    """
    name = write.object if isinstance(write, CreateRecord) else write.ref.object
    sent: dict[str, Wire] = dict(write.fields)
    lookups: dict[str, str] = {}
    roles: dict[str, str] = {}
    for role, ref in write.refs.items():
        lookup = shape.refs.get(role, {}).get(name)
        if lookup is None:
            raise ValueError(f"the shape of {shape.kind} has no lookup field for {role} on {name}")
        lookups[lookup] = role
        if isinstance(write, UpdateRecord) and stands_in_role(name, lookup):
            roles[role] = to18(ref.id)
        else:
            sent[lookup] = to18(ref.id)
    if isinstance(write, CreateRecord):
        if shape.key:
            sent[shape.key] = write.key
        if record_type is not None:
            sent[RECORD_TYPE] = record_type
    else:
        as_told(write.ref.id)
    return Row(place, write, name, sent, lookups, roles)


def rounds(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows in rounds of which none names one record twice; the order of two writes to one record is kept."""
    parts: list[list[Row]] = []
    times: dict[tuple[str, str, str], int] = {}
    for row in rows:
        number = times.get(row.identity, 0)
        times[row.identity] = number + 1
        if number == len(parts):
            parts.append([])
        parts[number].append(row)
    return parts


def chunks(rows: Sequence[Row], key: str, *, size: int = CHUNK) -> list[Chunk]:
    """Collections requests: creates by object, then updates sorted by type, rows of one parent side by side.

    Rows of one parent in different requests would wait for each other's lock on it.
    """
    cut: list[Chunk] = []
    creates: dict[str, list[Row]] = {}
    updates: list[Row] = []
    for row in rows:
        if isinstance(row.write, CreateRecord):
            creates.setdefault(row.object, []).append(row)
        else:
            updates.append(row)
    for name, made in creates.items():
        made.sort(key=_parent)
        path = f"composite/sobjects/{soql.name(name)}/{soql.name(key)}" if key else "composite/sobjects"
        method = "PATCH" if key else "POST"
        cut += [_chunk(path, made[start : start + size], method) for start in range(0, len(made), size)]
    updates.sort(key=lambda row: (row.object, _parent(row)))
    cut += [_chunk("composite/sobjects", updates[start : start + size]) for start in range(0, len(updates), size)]
    return cut


def composite(pack: Sequence[Chunk], base_path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Up to five Collections requests as one Composite body; the headers go into every subrequest."""
    return {
        "allOrNone": False,
        "compositeRequest": [
            {
                "method": chunk.method,
                "url": base_path + chunk.path,
                "referenceId": f"c{number}",
                "httpHeaders": dict(headers),
                "body": chunk.body,
            }
            for number, chunk in enumerate(pack)
        ],
    }


def _parent(row: Row) -> str:
    return min((ref.id for ref in row.write.refs.values()), default="")


def _chunk(path: str, rows: Sequence[Row], method: str = "PATCH") -> Chunk:
    return Chunk(path, tuple(rows), {"allOrNone": False, "records": [_record(row) for row in rows]}, method)


def _record(row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": row.object}, **row.sent}
    if isinstance(row.write, UpdateRecord):
        record["id"] = as_told(row.write.ref.id)
    return record
