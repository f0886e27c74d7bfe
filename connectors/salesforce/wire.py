"""One row of Salesforce as a record, a departure or a move.

Promises that a row of the recycle bin, a loser of a merge, a converted Lead and a person account are never taken for a
live record; that ids have 18 characters; that what was asked for and not returned is listed as missing, never as null.
``MasterRecordId`` names the winner of a merge and is seen by ``queryAll`` only (object reference); a converted Lead
stays readable and names its Contact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from connectors.salesforce.ids import as_told, is_id, object_of, to18
from connectors.transport import wrong_shape
from syncd.model.remote import Departure, Gone, Moved, RemoteRecord, RemoteRef, Succession
from syncd.model.values import Instant, Wire, instant

STAMP: Final = "SystemModstamp"
SYSTEM: Final = ("Id", STAMP, "IsDeleted")
PERSON_ACCOUNT: Final = "IsPersonAccount"
"""Of accounts and their contacts; it exists only in orgs that have person accounts."""
RECORD_TYPE: Final = "RecordTypeId"
"""The field of a row's type; it exists only where the object has record types, and is null for the master type."""
SIGNS: Final = ("MasterRecordId", "IsConverted", "ConvertedContactId", PERSON_ACCOUNT, RECORD_TYPE)
"""Fields that tell what a row is; asked for where the object has them."""
INDIVIDUAL: Final = "Individual"
INDIVIDUAL_ID: Final = "IndividualId"
SHOULD_FORGET: Final = "ShouldForget"
"""A Lead or Contact points to its Individual, where a person's wish to be forgotten is recorded (object reference)."""
_COMPOUND: Final = frozenset({dict, list})
_LOUD: Final = ("IsDeleted", "IsConverted", PERSON_ACCOUNT, INDIVIDUAL)
"""Fields of which nearly every row has none set: such a row is a live record."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What is read of one object: ``fields`` become wire values, ``lookups`` (name -> field) refs.

    ``individual`` asks queries for the wish of the person behind the row to be forgotten.
    """

    object: str
    fields: tuple[str, ...]
    missing: frozenset[str]
    lookups: Mapping[str, str]
    points: Mapping[str, tuple[str, ...]]
    signs: tuple[str, ...]
    individual: bool = False
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]] = field(init=False, compare=False, repr=False)
    """Reads the values of ``fields`` from a row that has them all; compiled once, as it runs for every row."""
    pointing: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """Those of ``fields`` whose values are ids of other rows."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _reader(self.fields))
        object.__setattr__(self, "pointing", tuple(name for name in self.fields if self.points.get(name)))

    @property
    def selected(self) -> tuple[str, ...]:
        """All fields of the object itself that are asked for, each once."""
        return tuple(dict.fromkeys((*SYSTEM, *self.signs, *self.fields, *self.lookups.values())))

    @property
    def through(self) -> tuple[str, str] | None:
        """What a query asks for beside them: it alone can look through a lookup."""
        return (INDIVIDUAL, SHOULD_FORGET) if self.individual else None


def read_row(row: Mapping[str, Any], columns: Columns) -> RemoteRecord | Gone | Moved:
    """What one row is.

    :raises Bug: if it has no id or no stamp that can be read.
    """
    ref, at = identify(row, columns.object)
    if any(map(row.get, _LOUD)):
        ended = _ended(row, columns, ref, at)
        if ended is not None:
            return ended
    return _record(row, columns, ref, at)


def _record(row: Mapping[str, Any], columns: Columns, ref: RemoteRef, at: Instant) -> RemoteRecord:
    told, missing = _told(row, columns)
    for name in columns.pointing:
        if isinstance(id_ := told.get(name), str) and is_id(id_):
            told[name] = as_told(id_)
    record_type = row.get(RECORD_TYPE)
    return RemoteRecord(
        ref,
        row[STAMP],
        at,
        told,
        _lookups(row, columns) if columns.lookups else {},
        missing,
        to18(record_type) if record_type else None,
    )


def _ended(row: Mapping[str, Any], columns: Columns, ref: RemoteRef, at: Instant) -> Gone | Moved | None:
    """How a row left, if it did."""
    if row.get("IsDeleted") is True:
        winner = row.get("MasterRecordId")
        if winner:
            return Moved(ref, RemoteRef(columns.object, to18(winner)), Succession.MERGED, at)
        return Gone(ref, Departure.DELETED, at)
    if row.get("IsConverted") is True:
        contact = row.get("ConvertedContactId")
        if contact:
            new = RemoteRef("Contact", to18(contact))
            return Moved(ref, new, Succession.CONVERTED, at, _record(row, columns, ref, at))
        return Gone(ref, Departure.INVISIBLE, at)
    if row.get(PERSON_ACCOUNT) is True:
        return Gone(ref, Departure.INVISIBLE, at)
    if columns.individual and _forgotten(row.get(INDIVIDUAL)):
        return Gone(ref, Departure.ERASED, at)
    return None


def _lookups(row: Mapping[str, Any], columns: Columns) -> Mapping[str, tuple[RemoteRef, ...]]:
    return {
        name: _refs(row[field], columns.points.get(field, ()))
        for name, field in columns.lookups.items()
        if field in row
    }


def _forgotten(individual: object) -> bool:
    return isinstance(individual, dict) and individual.get(SHOULD_FORGET) is True


def _told(row: Mapping[str, Any], columns: Columns) -> tuple[dict[str, Wire], frozenset[str]]:
    """The wire values of a row, and what was asked for and not told.

    :raises Bug: if a value is a list or an object, which no field that is asked for can be.
    """
    try:
        values = columns.values(row)
    except KeyError:
        pass
    else:
        if _COMPOUND.isdisjoint(map(type, values)):
            return dict(zip(columns.fields, values, strict=True)), columns.missing
    told = {name: row[name] for name in columns.fields if name in row}
    for name, value in told.items():
        if isinstance(value, dict | list):
            raise wrong_shape("query", f"{name} of {columns.object}/{row['Id']} is a {type(value).__name__}")
    return told, columns.missing | {name for name in columns.fields if name not in told}


def _reader(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) > 1:  # only then itemgetter answers a tuple
        return itemgetter(*names)
    return (lambda row: (row[names[0]],)) if names else lambda _: ()


def identify(row: Mapping[str, Any], object: str) -> tuple[RemoteRef, Instant]:
    """Ref and stamp of a row. :raises Bug: if either is not there."""
    try:
        return RemoteRef(object, as_told(row["Id"])), instant(row[STAMP])
    except (KeyError, TypeError, ValueError, OverflowError) as why:
        raise wrong_shape("query", f"a row of {object} without Id or {STAMP}") from why


def _refs(told: object, points: tuple[str, ...]) -> tuple[RemoteRef, ...]:
    if not isinstance(told, str) or not told:
        return ()
    name = object_of(told) or (points[0] if len(points) == 1 else "")
    return (RemoteRef(name, to18(told)),)
