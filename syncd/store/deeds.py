"""What operators did and whom they read, as a chain: what was altered, left out or slipped in leaves a trace.

A look at personal data is whole when it is stored and gets its place then; a command gets it when it ended, so that the
place covers how. A place is a number and SHA-256 over the hash before, the number and all that is told of the deed. It
stands where a command keeps a hash of what was asked for, which goes behind it for as long as the caller's key is good:
a digest of an address can be tried out, so it is no part of the chain. The last place stands in ``meta`` under a row
that is locked until the commit, so that two workers do not fork the chain, and so that a cut end is noticed. Deeds are
kept for a time: the last that was forgotten is the anchor, from which what stays goes on.

Who can write to the database can also make a whole new chain. The log has every deed, too (``console.read``,
``console.command``, ``shell.command``): keep it where they cannot write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    Connection,
    LargeBinary,
    RowMapping,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from syncd.model.audit import Verified
from syncd.model.values import Instant
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import insert_new, upsert
from syncd.store.tables import deed, meta

KEPT: Final = timedelta(days=400)
_LAST: Final = "reads"  # its name from when it held nothing but looks; stores have it
_ANCHOR: Final = "reads.pruned"
_NUMBER: Final = 8
_PLACE: Final = _NUMBER + hashlib.sha256().digest_size
"""Bytes of a place; what a command was asked is shorter, and looks from before the chain have none."""
_COMMAND: Final = b"\x01"
"""Stands behind the place of a command, and before what was asked for."""
_PAGE: Final = 1_000
TOLD: Final = ("id", "at", "who", "way", "connection", "what", "about", "status")
"""Columns that a deed says something in."""
_ASK: Final = (
    "compare with a backup and with `console.read`, `console.command` and `shell.command` of the log, and ask who can "
    "write to the store"
)
_CHAINED: Final = func.length(deed.c.asked) >= _PLACE
_COMMANDED: Final = func.length(deed.c.asked) > _PLACE


Entry = Mapping[str, Any] | RowMapping


class _Place(NamedTuple):
    number: int
    hash: bytes

    def written(self) -> bytes:
        """As a deed keeps it: in the order of numbers, so that the database sorts by it."""
        return self.number.to_bytes(_NUMBER) + self.hash


_BEGIN: Final = _Place(0, hashlib.sha256(b"syncd entries of reading").digest())


# -- adding ------------------------------------------------------------------------------------------------------------
def add_reading(tx: Connection, row: Mapping[str, Any]) -> None:
    """Stores a look at the end of the chain; the same id twice is one."""
    before = _locked(tx)
    if tx.execute(select(deed.c.id).where(deed.c.id == row["id"])).scalar() is None:
        place = _next(before, row, command=False)
        tx.execute(insert(deed), [{**row, "asked": place.written()}])
        _end_at(tx, place)


def add_command(tx: Connection, row: Mapping[str, Any]) -> None:
    """Stores how a command ended, at the end of the chain; what ended stays as it is. One whose beginning is not there,
    since the store was put back meanwhile, is stored whole.
    """
    before = _locked(tx)
    begun = tx.execute(select(deed.c.asked).where(deed.c.id == row["id"])).scalar()
    if begun is not None and len(begun) >= _PLACE:
        return
    place = _next(before, row, command=True)
    whole = {**row, "asked": place.written() + _COMMAND + (row["asked"] if row["key"] is not None else b"")}
    statement = insert(deed) if begun is None else update(deed).where(deed.c.id == row["id"])
    tx.execute(statement.values(**whole))
    _end_at(tx, place)


def asked_of(stored: bytes) -> bytes:
    """What a command keeps of what was asked for."""
    return stored if len(stored) < _PLACE else stored[_PLACE + len(_COMMAND) :]


def _locked(tx: Connection) -> _Place:
    """The last place; whoever else adds a deed waits for the commit."""
    tx.execute(insert_new(tx, meta), [{"key": _LAST, "value": json.dumps([0, _BEGIN.hash.hex()])}])
    locked = tx.execute(select(meta.c.value).where(meta.c.key == _LAST).with_for_update()).scalar_one()
    number, found = json.loads(locked)
    return _Place(number, bytes.fromhex(found))


def _next(before: _Place, row: Entry, *, command: bool) -> _Place:
    return _Place(before.number + 1, _hash(before.hash, before.number + 1, row, command=command))


def _end_at(tx: Connection, place: _Place) -> None:
    tx.execute(upsert(tx, meta), [{"key": _LAST, "value": json.dumps([place.number, place.hash.hex()])}])


# -- forgetting --------------------------------------------------------------------------------------------------------
def forget_asked(tx: Connection, before: Instant) -> None:
    """Keys, answers and what was asked for go once a call is not repeated any more; places stay."""
    left = case((_CHAINED, func.substr(deed.c.asked, 1, _PLACE + len(_COMMAND))), else_=literal(b"", LargeBinary))
    kept = or_(deed.c.key.is_not(None), and_(~_CHAINED, func.length(deed.c.asked) > 0))
    old = update(deed).where(deed.c.at < to_ms(before), kept)
    tx.execute(old.values(key=None, answer=None, asked=left))


def forget_deeds(tx: Connection, now: Instant) -> None:
    """Deletes what is old, from the beginning of the chain on: never a deed behind one that stays, since a command that
    lasted stands behind looks that are younger than it.
    """
    old = to_ms(now - KEPT)
    told = tx.execute(select(meta.c.value).where(meta.c.key == _ANCHOR)).scalar()
    begin = (_begin_of(told).number + 1).to_bytes(_NUMBER)
    within = (_CHAINED, deed.c.asked >= begin)
    young = select(deed.c.asked).where(*within, deed.c.at >= old).order_by(deed.c.asked).limit(1)
    stays = tx.execute(young).scalar()
    goes = select(deed.c.asked, deed.c.at).where(*within, *(() if stays is None else (deed.c.asked < stays,)))
    last = tx.execute(goes.order_by(deed.c.asked.desc()).limit(1)).one_or_none()
    if last is not None:
        place = _read(last.asked)
        told = json.dumps([place.number, place.hash.hex(), last.at, to_ms(now)])
        tx.execute(upsert(tx, meta), [{"key": _ANCHOR, "value": told}])
        begin = (place.number + 1).to_bytes(_NUMBER)
    tx.execute(delete(deed).where(deed.c.at < old, or_(~_CHAINED, deed.c.asked < begin)))


# -- walking -----------------------------------------------------------------------------------------------------------
class Stand(NamedTuple):
    """The chain of deeds as it stood when a walk over it began: where it ends, and from where it goes on."""

    last: str | None
    anchor: str | None


def stand_of(database: Database, tally: Verified) -> Stand:
    """How it stands now. That there are some and nothing says where they end is a flaw; so is a deed that ended and has
    no place, though commands had one before it.
    """
    first = select(func.min(deed.c.at)).where(_COMMANDED).scalar_subquery()
    loose = select(deed.c.at, deed.c.who, deed.c.what).where(~_CHAINED, deed.c.status.is_not(None), deed.c.at > first)
    with database.reading("read the end of the deeds") as tx:
        told = dict(tx.execute(select(meta.c.key, meta.c.value).where(meta.c.key.in_((_LAST, _ANCHOR)))).all())
        there = tx.execute(select(deed.c.id).where(_CHAINED).limit(1)).scalar()
        slipped = tx.execute(loose.order_by(deed.c.at, deed.c.id).limit(_PAGE)).mappings().fetchall()
    if _LAST not in told and there is not None:
        tally.flaw(f"where the deeds end was removed from the store; {_ASK}")
    for row in slipped:
        tally.flaw(
            f"a deed without a place ({_named(row)}): it was slipped in, or an older syncd works on this store; {_ASK}"
        )
    return Stand(told.get(_LAST), told.get(_ANCHOR))


def carried(row: Entry) -> dict[str, object]:
    """A deed as it is told elsewhere, with its number and hash."""
    place = _read(row["asked"])
    told = {name: row[name] for name in TOLD}
    return {"number": place.number, "hash": place.hash.hex(), "command": _is_command(row), **told}


def brought(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """A deed that was told elsewhere, as the store has it."""
    place = _Place(told["number"], bytes.fromhex(told["hash"])).written()
    return {**told, "asked": place + (_COMMAND if told["command"] else b"")}


def stored_deeds(database: Database, stand: Stand) -> Iterator[Entry]:
    """The deeds up to the last one, in short transactions."""
    if stand.last is not None:
        yield from _rows(database, _begin_of(stand.anchor), json.loads(stand.last)[0])


def walk_deeds(stand: Stand, rows: Iterable[Entry], tally: Verified) -> None:
    """Walks the deeds; notes every flaw."""
    if stand.last is None:
        return
    number, found = json.loads(stand.last)
    last, before = _Place(number, bytes.fromhex(found)), _anchor(stand.anchor, tally)
    for row in rows:
        place, command = _read(row["asked"]), _is_command(row)
        if place.number <= before.number:
            tally.flaw(f"deed {place.number} ({_named(row)}): it stands in the place of another: slipped in; {_ASK}")
            continue
        if place.number != before.number + 1:
            one = place.number == before.number + 2
            gap = f"deed {before.number + 1}" if one else f"deeds {before.number + 1} to {place.number - 1}"
            tally.flaw(f"{gap}: removed; {_ASK}")
        elif _hash(before.hash, place.number, row, command=command) != place.hash:
            tally.flaw(f"deed {place.number} ({_named(row)}): it was altered or slipped in; {_ASK}")
        before = place
        tally.commands += command
        tally.reads += not command
    if before != last:
        tally.flaw(f"the end of the deeds was cut behind deed {before.number} of {number}; {_ASK}")


def _named(row: Entry) -> str:
    return f"{from_ms(row['at']):%Y-%m-%d %H:%M:%S} UTC, {row['who']}, {row['what']}"


def _anchor(told: str | None, tally: Verified) -> _Place:
    """From where what stays goes on; what was forgotten must have been old enough."""
    if told is None:
        return _BEGIN
    number, _, at, pruned = json.loads(told)
    if pruned - at < KEPT / timedelta(milliseconds=1):
        tally.flaw(
            f"deeds up to {number} ({from_ms(at):%Y-%m-%d}) were removed on {from_ms(pruned):%Y-%m-%d}, "
            f"before they were {KEPT.days} days old: not by syncd; {_ASK}"
        )
    return _begin_of(told)


def _begin_of(told: str | None) -> _Place:
    if told is None:
        return _BEGIN
    number, found, _, _ = json.loads(told)
    return _Place(number, bytes.fromhex(found))


def _rows(database: Database, after: _Place, last: int) -> Iterator[RowMapping]:
    """The deeds behind a place, in the order of their numbers."""
    at, id = (after.number + 1).to_bytes(_NUMBER), ""
    end = (last + 1).to_bytes(_NUMBER)
    columns = (deed.c.asked, *(deed.c[name] for name in TOLD))
    while True:
        with database.reading("read deeds") as tx:
            behind = tuple_(deed.c.asked, deed.c.id) > tuple_(literal(at, LargeBinary), literal(id))
            page = select(*columns).where(_CHAINED, behind, deed.c.asked < end).order_by(deed.c.asked, deed.c.id)
            rows = tx.execute(page.limit(_PAGE)).mappings().fetchall()
        yield from rows
        if len(rows) < _PAGE:
            return
        at, id = bytes(rows[-1]["asked"]), rows[-1]["id"]


def _read(asked: Any) -> _Place:  # noqa: ANN401 - bytes, or what a driver has in their place
    stored = bytes(asked)
    return _Place(int.from_bytes(stored[:_NUMBER]), stored[_NUMBER:_PLACE])


def _is_command(row: Entry) -> bool:
    return len(row["asked"]) > _PLACE


def _hash(before: bytes, number: int, row: Entry, *, command: bool) -> bytes:
    """Of a look as it always was; of a command with a word more, so that neither passes for the other."""
    total = hashlib.sha256(before)
    total.update(orjson.dumps([number, *(row[name] for name in TOLD), *(["command"] if command else [])]))
    return total.digest()
