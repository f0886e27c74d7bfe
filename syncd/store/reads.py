"""Entries of reading as a chain: one that was altered, left out or slipped in between leaves a trace.

Such an entry is a deed that is whole when it is stored. Where a command keeps what was asked for, it keeps its place:
its number, and SHA-256 over the hash before, the number and all else that is stored of it. The last place stands in
``meta`` under a row that is locked until the commit, so that two workers do not fork the chain, and so that a cut end
is noticed. Entries are kept for a time: the last that was forgotten is the anchor, from which what stays goes on.

Who can write to the database can also make a whole new chain. The log has every entry, too (``console.read``): keep it
where they cannot write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, RowMapping, func, insert, select

from syncd.model.audit import Verified
from syncd.model.values import Instant
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import insert_new, upsert
from syncd.store.tables import deed, meta

KEPT: Final = timedelta(days=400)
_LAST: Final = "reads"
_ANCHOR: Final = "reads.pruned"
_NUMBER: Final = 8
_PLACE: Final = _NUMBER + hashlib.sha256().digest_size
"""Bytes of a place; what a command was asked is shorter, and entries from before the chain have none."""
_PAGE: Final = 1_000
TOLD: Final = ("id", "at", "who", "way", "connection", "what", "about", "status")
"""Columns that an entry says something in."""
_RESTORE: Final = "compare with a backup and with `console.read` of the log, and ask who can write to the store"
_CHAINED: Final = func.length(deed.c.asked) == _PLACE


Entry = Mapping[str, Any] | RowMapping


class _Place(NamedTuple):
    number: int
    hash: bytes

    def written(self) -> bytes:
        """As a deed keeps it: in the order of numbers, so that the database sorts by it."""
        return self.number.to_bytes(_NUMBER) + self.hash


_BEGIN: Final = _Place(0, hashlib.sha256(b"syncd entries of reading").digest())


def add_reading(tx: Connection, row: Mapping[str, Any]) -> None:
    """Stores an entry of reading at the end of the chain; the same id twice is one entry."""
    tx.execute(insert_new(tx, meta), [{"key": _LAST, "value": json.dumps([0, _BEGIN.hash.hex()])}])
    locked = tx.execute(select(meta.c.value).where(meta.c.key == _LAST).with_for_update()).scalar_one()
    number, before = json.loads(locked)
    place = _Place(number + 1, _hash(bytes.fromhex(before), number + 1, row))
    if tx.execute(select(deed.c.id).where(deed.c.id == row["id"])).scalar() is None:
        tx.execute(insert(deed), [{**row, "asked": place.written()}])
        tx.execute(upsert(tx, meta), [{"key": _LAST, "value": json.dumps([place.number, place.hash.hex()])}])


def forget_readings(tx: Connection, now: Instant) -> None:
    """Moves the anchor to the last entry that is old enough to be forgotten; the caller deletes by age."""
    old = select(deed.c.asked, deed.c.at).where(deed.c.at < to_ms(now - KEPT), _CHAINED)
    last = tx.execute(old.order_by(deed.c.asked.desc()).limit(1)).one_or_none()
    if last is not None:
        place = _read(last.asked)
        told = json.dumps([place.number, place.hash.hex(), last.at, to_ms(now)])
        tx.execute(upsert(tx, meta), [{"key": _ANCHOR, "value": told}])


class Readings(NamedTuple):
    """The entries of reading as they stood when a walk over them began: where they end, and from where they go on."""

    last: str | None
    anchor: str | None


def readings(database: Database, tally: Verified) -> Readings:
    """How they stand now; that there are some and nothing says where they end is a flaw."""
    with database.reading("read the end of the entries of reading") as tx:
        told = dict(tx.execute(select(meta.c.key, meta.c.value).where(meta.c.key.in_((_LAST, _ANCHOR)))).all())
        there = tx.execute(select(deed.c.id).where(_CHAINED).limit(1)).scalar()
    if _LAST not in told and there is not None:
        tally.flaw(f"where the entries of reading end was removed from the store; {_RESTORE}")
    return Readings(told.get(_LAST), told.get(_ANCHOR))


def place_of(row: Entry) -> dict[str, object]:
    """Number and hash of an entry, as it is told elsewhere."""
    place = _read(row["asked"])
    return {"number": place.number, "hash": place.hash.hex()}


def carried_place(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry that was told elsewhere, as the store has it."""
    return {**told, "asked": _Place(told["number"], bytes.fromhex(told["hash"])).written()}


def stored_readings(database: Database, stand: Readings) -> Iterator[Entry]:
    """The entries up to the last one, in short transactions."""
    if stand.last is not None:
        yield from _rows(database, _begin_of(stand.anchor), json.loads(stand.last)[0])


def walk_readings(stand: Readings, rows: Iterable[Entry], tally: Verified) -> None:
    """Walks the entries; notes every flaw."""
    if stand.last is None:
        return
    number, found = json.loads(stand.last)
    last, before = _Place(number, bytes.fromhex(found)), _anchor(stand.anchor, tally)
    for row in rows:
        place = _read(row["asked"])
        if place.number != before.number + 1:
            one = place.number == before.number + 2
            gap = f"entry {before.number + 1}" if one else f"entries {before.number + 1} to {place.number - 1}"
            tally.flaw(f"{gap} of reading: removed; {_RESTORE}")
        elif _hash(before.hash, place.number, row) != place.hash:
            tally.flaw(
                f"entry {place.number} of reading ({from_ms(row['at']):%Y-%m-%d %H:%M:%S} UTC, {row['who']}): it was "
                f"altered or slipped in; {_RESTORE}"
            )
        before = place
        tally.reads += 1
    if before != last:
        tally.flaw(f"the end of the entries of reading was cut behind entry {before.number} of {number}; {_RESTORE}")


def _anchor(told: str | None, tally: Verified) -> _Place:
    """From where what stays goes on; what was forgotten must have been old enough."""
    if told is None:
        return _BEGIN
    number, _, at, pruned = json.loads(told)
    if pruned - at < KEPT / timedelta(milliseconds=1):
        tally.flaw(
            f"entries of reading up to {number} ({from_ms(at):%Y-%m-%d}) were removed on {from_ms(pruned):%Y-%m-%d}, "
            f"before they were {KEPT.days} days old: not by syncd; {_RESTORE}"
        )
    return _begin_of(told)


def _begin_of(told: str | None) -> _Place:
    if told is None:
        return _BEGIN
    number, found, _, _ = json.loads(told)
    return _Place(number, bytes.fromhex(found))


def _rows(database: Database, after: _Place, last: int) -> Iterator[RowMapping]:
    """The entries behind a place, in the order of their numbers."""
    at = after.number.to_bytes(_NUMBER) + b"\xff" * (_PLACE - _NUMBER)
    end = (last + 1).to_bytes(_NUMBER)
    columns = (deed.c.asked, *(deed.c[name] for name in TOLD))
    while True:
        with database.reading("read entries of reading") as tx:
            page = select(*columns).where(_CHAINED, deed.c.asked > at, deed.c.asked < end)
            rows = tx.execute(page.order_by(deed.c.asked).limit(_PAGE)).mappings().fetchall()
        yield from rows
        if len(rows) < _PAGE:
            return
        at = bytes(rows[-1]["asked"])


def _read(asked: Any) -> _Place:  # noqa: ANN401 - bytes, or what a driver has in their place
    stored = bytes(asked)
    return _Place(int.from_bytes(stored[:_NUMBER]), stored[_NUMBER:])


def _hash(before: bytes, number: int, row: Entry) -> bytes:
    total = hashlib.sha256(before)
    total.update(orjson.dumps([number, *(row[name] for name in TOLD)]))
    return total.digest()
