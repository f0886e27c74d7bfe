"""Rows held against the record types they have or are given, before anything is sent.

A value that the object lists and the row's type does not offer is refused for that field alone: the vendor takes it
without a word where a picklist is not restricted. A value that the object does not list either is left to the vendor,
as in an org without record types. The type of a row that is changed is read only if it has a value that not every type
offers: one call per 2,000 such rows and object, just before the write, since people change types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.salesforce.catalog import Catalog
from connectors.salesforce.ids import to18
from connectors.salesforce.lookup import Lookup
from connectors.salesforce.packing import Row
from connectors.salesforce.wire import RECORD_TYPE, STAMP
from syncd.model.remote import RemoteRecordType
from syncd.model.values import Lane, Wire
from syncd.model.write import CreateRecord, Refused, UpdateRecord, Write


class Offers:
    """What the record types of one org let its rows hold."""

    def __init__(self, lookup: Lookup, catalog: Catalog) -> None:
        self._lookup = lookup
        self._catalog = catalog

    def given(self, write: Write, lane: Lane) -> str | Refused | None:
        """The id of the record type that a new row is given; ``None`` where the vendor chooses.

        The mapping was held against the org's types before; the refusal is for a type that went away since.
        """
        if not isinstance(write, CreateRecord) or write.record_type is None:
            return None
        for each in self._catalog.record_types(write.object, lane):
            if each.name == write.record_type and each.usable:
                return each.id
        return Refused(
            "UNKNOWN_RECORD_TYPE",
            f"syncd's user cannot give a {write.object} the record type {write.record_type}",
            "assign the record type to the user's profile or permission set, or correct record_type in the mapping",
        )

    def refused(self, rows: Sequence[Row], lane: Lane) -> dict[int, Refused]:
        """By place, the rows that hold a value which their record type does not offer, with the fields at fault."""
        refused: dict[int, Refused] = {}
        for object in dict.fromkeys(row.object for row in rows):
            barred = self._catalog.barred(object, lane)
            if not barred:
                continue
            types = {each.id: each for each in self._catalog.record_types(object, lane)}
            doubtful = [row for row in rows if row.object == object and _doubtful(row.sent, barred)]
            told = self._types_of([row for row in doubtful if isinstance(row.write, UpdateRecord)], object, lane)
            for row in doubtful:
                type_id = _of_new(row.sent, types) if isinstance(row.write, CreateRecord) else told.get(row.place)
                if type_id is not None and (fields := _at_fault(row.sent, barred.get(type_id, {}))):
                    refused[row.place] = _not_offered(object, types[type_id], fields)
        return refused

    def _types_of(self, rows: Sequence[Row], object: str, lane: Lane) -> dict[int, str]:
        """The types that rows have now, by place; a row of the master type has none."""
        if not rows or not self._catalog.sees(object, RECORD_TYPE, lane):
            return {}
        ids = {row.place: to18(row.write.ref.id) for row in rows if isinstance(row.write, UpdateRecord)}
        held = self._lookup.rows(object, list(dict.fromkeys(ids.values())), ("Id", STAMP, RECORD_TYPE), lane)
        told = {place: held.get(id_, {}).get(RECORD_TYPE) for place, id_ in ids.items()}
        return {place: to18(str(type_id)) for place, type_id in told.items() if type_id}


def _doubtful(sent: Mapping[str, Wire], barred: Mapping[str, Mapping[str, frozenset[str]]]) -> bool:
    """Whether any type would not offer what a row holds."""
    return any(_at_fault(sent, kept_out) for kept_out in barred.values())


def _at_fault(sent: Mapping[str, Wire], kept_out: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The fields that hold a value which is kept out; of a multipicklist, each value counts."""
    return tuple(
        field
        for field, values in kept_out.items()
        if isinstance(told := sent.get(field), str)
        and any(part.casefold() in values for part in (told, *told.split(";")))
    )


def _of_new(sent: Mapping[str, Wire], types: Mapping[str, RemoteRecordType]) -> str | None:
    """The type that a new row will have: the one it is given, or the default of syncd's user."""
    given = sent.get(RECORD_TYPE)
    return str(given) if given else next((each.id for each in types.values() if each.default), None)


def _not_offered(object: str, record_type: RemoteRecordType, fields: Sequence[str]) -> Refused:
    where = f"Setup > Object Manager > {object} > Record Types > {record_type.label}"
    return Refused(
        "NOT_IN_RECORD_TYPE",
        f"records of type {record_type.label} do not offer this value",
        f"add it to the record type ({where}), or map another value",
        tuple(fields),
        record_type.id,
    )
