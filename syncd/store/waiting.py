"""What waits: conflicts and dead letters for a person, parked fields for a change, requests for the next cycle.

The same trouble seen again is the same row: it keeps the time it was first seen, a conflict keeps what a person chose,
a dead letter keeps the wish to try again until it was tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, and_, bindparam, delete, select, update

from syncd.model.errors import Bug
from syncd.model.heat import heat_at
from syncd.model.link import ABOUT_A_FIELD, Conflict, DeadLetter, Parked, Topic
from syncd.model.remote import RemoteRef
from syncd.model.resync import STREAM
from syncd.model.run import Request
from syncd.model.values import Instant, Pair, Side
from syncd.ports.store import Settlement
from syncd.store.codec import canonical, from_json, from_ms, maybe_from_ms, plain, to_json, to_ms
from syncd.store.conditions import blank_over
from syncd.store.database import Database
from syncd.store.dialects import among, insert_new, lots, run_among, run_many, upsert
from syncd.store.tables import conflict, cursor, dead_letter, link, parked, request


class Waiting:
    """What waits in one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def conflicts(self, ids: Sequence[str] | None = None) -> Sequence[Conflict]:
        """Open conflicts, oldest first; all of them, or those with these ids."""
        rows = self._select("read conflicts", _everything(conflict), conflict.c.id, ids)
        return [_conflict(row) for row in sorted(rows, key=lambda row: (row.since, row.id))]

    def conflicts_of(self, links: Sequence[str]) -> Mapping[str, Sequence[Conflict]]:
        """Open field conflicts (clears and moves too) by link id; links without any are not in the answer."""
        found: dict[str, list[Conflict]] = defaultdict(list)
        for row in self._select("read conflicts", _everything(conflict), conflict.c.link, links):
            if row.topic in ABOUT_A_FIELD:
                found[row.link].append(_conflict(row))
        return dict(found)

    def resolve_conflict(self, id: str, resolution: str) -> bool:
        """Stores a person's choice for the next cycle; ``False`` if there is no such conflict."""
        with self._database.writing("resolve a conflict") as tx:
            done = tx.execute(
                update(conflict)
                .where(conflict.c.connection == self._connection, conflict.c.id == id)
                .values(resolution=resolution)
            )
        return done.rowcount > 0

    def parked(self, links: Sequence[str] | None = None) -> Sequence[Parked]:
        """Parked fields, oldest first; all, or those of these links."""
        rows = self._select("read parked fields", PARKED, parked.c.link, links)
        return [parked_of(row) for row in sorted(rows, key=lambda row: (row.since, row.link, row.side, row.field))]

    def dead_letters(self) -> Sequence[DeadLetter]:
        """Records that cannot be written, oldest first."""
        rows = self._select("read dead letters", _everything(dead_letter), dead_letter.c.id, None)
        return [letter_of(row) for row in sorted(rows, key=lambda row: (row.since, row.id))]

    def mark_dead_letter(self, id: str, retry: bool) -> bool:  # noqa: FBT001 - the two endings of one row
        """Asks for another try (``True``) or drops the row (``False``); the answer says whether it was there."""
        this = (dead_letter.c.connection == self._connection, dead_letter.c.id == id)
        with self._database.writing("mark a dead letter") as tx:
            statement = (
                update(dead_letter).where(*this).values(retry=True) if retry else delete(dead_letter).where(*this)
            )
            done = tx.execute(statement)
        return done.rowcount > 0

    def approve(self, request: Request) -> None:
        """Stores an operator's wish; the same id twice is one wish."""
        if request.connection != self._connection:
            raise Bug(f"a request for connection {request.connection} was given to the store of {self._connection}")
        with self._database.writing("store a request") as tx:
            tx.execute(insert_new(tx, _REQUEST), [_request_row(request)])

    def cancel(self, id: str, now: Instant) -> bool:
        """Takes a wish back; ``False`` if it is carried out or there is none of that id."""
        with self._database.writing("cancel a request") as tx:
            open_ones = (request.c.connection == self._connection, request.c.id == id, request.c.done_at.is_(None))
            done = tx.execute(update(request).where(*open_ones).values(done_at=to_ms(now)))
            blank_over(tx, self._connection, [id])
            tx.execute(
                delete(cursor).where(cursor.c.connection == self._connection, cursor.c.stream == STREAM.format(id=id))
            )
            return done.rowcount > 0

    def requests(self) -> Sequence[Request]:
        """Wishes not carried out yet, oldest first."""
        rows = self._database.once("read requests", _REQUESTS, {"c": self._connection})
        return [
            Request(
                id=row.id,
                connection=row.connection,
                wish=row.wish,
                argument=row.argument,
                who=row.who,
                at=from_ms(row.at),
                done_at=maybe_from_ms(row.done_at),
            )
            for row in rows
        ]

    def _select(self, deed: str, rows: Select[Any], column: Any, values: Sequence[str] | None) -> list[Any]:  # noqa: ANN401
        """Such rows of this connection, all of them or those where the column is one of the values."""
        ours = {"c": self._connection}
        if values is None:
            return list(self._database.once(deed, rows, ours))
        with self._database.reading(deed) as tx:
            found: list[Any] = []
            for lot in lots(tx, list(dict.fromkeys(values))):
                found.extend(tx.execute(rows.where(among(tx, column, lot)), ours))
            return found


_REQUEST = request
"""The table, where a parameter has its name."""
_REQUESTS: Final = (
    select(request)
    .where(request.c.connection == bindparam("c"), request.c.done_at.is_(None))
    .order_by(request.c.at, request.c.id)
)
_BORN: Final = and_(link.c.connection == parked.c.connection, link.c.id == parked.c.link)
PARKED: Final = (
    select(parked, link.c.marketing_object, link.c.marketing_id, link.c.crm_object, link.c.crm_id)
    .select_from(parked.outerjoin(link, _BORN))
    .where(parked.c.connection == bindparam("c"))
)

_CLOSE: Final = (
    update(request)
    .where(request.c.connection == bindparam("c"), request.c.id == bindparam("which"), request.c.done_at.is_(None))
    .values(done_at=bindparam("now"))
)
_UNPARK: Final = delete(parked).where(
    parked.c.connection == bindparam("c"),
    parked.c.link == bindparam("which"),
    parked.c.side == bindparam("where"),
    parked.c.field == bindparam("what"),
)


@cache
def _everything(table: Table) -> Select[Any]:
    """All rows of the connection ``c``; made once, since a cycle asks for several tables."""
    return select(table).where(table.c.connection == bindparam("c"))


def _conflict(row: Any) -> Conflict:  # noqa: ANN401 - a result row
    marketing, crm, base = map(canonical, from_json(row.held))
    return Conflict(
        id=row.id,
        kind=row.kind,
        topic=Topic(row.topic),
        link=row.link,
        refs=tuple((Side(side), RemoteRef(sort, ref)) for side, sort, ref in from_json(row.refs)),
        field=row.field,
        values=Pair(marketing, crm),
        base=base,
        reason=row.reason,
        since=from_ms(row.since),
        resolution=row.resolution,
    )


def parked_of(row: Any) -> Parked:  # noqa: ANN401 - a result row
    """A parked field. One that was refused while its record was created is stored under the record that asked for it:
    it is the new record's own from when on the link is there, and until then that of the one that asks.
    """
    side, ref = Side(row.side), RemoteRef(row.object, row.ref_id)
    refs = Pair(RemoteRef(row.marketing_object, row.marketing_id), RemoteRef(row.crm_object, row.crm_id))
    return Parked(
        link=row.link,
        kind=row.kind,
        side=side,
        ref=refs.of(side) if ref == refs.of(side.other) else ref,
        field=row.field,
        fingerprint=row.fingerprint,
        code=row.code,
        reason=row.reason,
        advice=row.advice,
        since=from_ms(row.since),
        asks=row.marketing_id is None,
        last=_last(row),
        heat=heat_at(row.heat, row.grade),
    )


def letter_of(row: Any) -> DeadLetter:  # noqa: ANN401 - a row of SQLAlchemy
    """A dead letter as it is stored."""
    return DeadLetter(
        id=row.id,
        kind=row.kind,
        side=Side(row.side),
        origin=RemoteRef(row.object, row.origin_id),
        fingerprint=row.fingerprint,
        code=row.code,
        reason=row.reason,
        advice=row.advice,
        since=from_ms(row.since),
        attempts=row.attempts,
        retry=bool(row.retry),
        last=_last(row),
        heat=heat_at(row.heat, row.grade),
    )


def _last(row: Any) -> Instant | None:  # noqa: ANN401 - a row of SQLAlchemy
    """When it was refused last; none where that was the first time."""
    return None if row.last in (None, row.since) else from_ms(row.last)


# -- writing, inside the transaction of a settlement -----------------------------------------------------------------
def write_waiting(tx: Connection, connection: str, settlement: Settlement) -> None:
    """Removes what is no longer true, then stores what is: the same id in both is a row that stays, with its age."""
    kept = {each.id for each in settlement.conflicts}
    settled = [each for each in settlement.unconflict if each not in kept]
    run_among(tx, "DELETE FROM conflict WHERE connection = ? AND id", connection, settled)
    alive = {each.id for each in settlement.dead}
    revived = [each for each in settlement.revive if each not in alive]
    run_among(tx, "DELETE FROM dead_letter WHERE connection = ? AND id", connection, revived)
    still = {(each.link, each.side, each.field) for each in settlement.parked}
    gone = [key for key in settlement.unpark if key not in still]
    if gone:
        keys = [{"c": connection, "which": link, "where": str(side), "what": field} for link, side, field in gone]
        run_many(tx, _UNPARK, keys)
    if settlement.conflicts:
        rows = [_conflict_row(connection, each) for each in settlement.conflicts]
        run_many(tx, upsert(tx, conflict, keep=("since",), first=("resolution",)), rows)
    if settlement.parked:
        rows = [_parked_row(connection, each) for each in settlement.parked]
        run_many(tx, upsert(tx, parked, keep=("since",)), rows)
    if settlement.dead:
        rows = [_dead_row(connection, each) for each in settlement.dead]
        run_many(tx, upsert(tx, dead_letter, keep=("since",)), rows)


def _request_row(wish: Request) -> dict[str, Any]:
    return {
        "connection": wish.connection,
        "id": wish.id,
        "wish": wish.wish,
        "argument": plain(wish.argument),
        "who": wish.who,
        "at": to_ms(wish.at),
        "done_at": None if wish.done_at is None else to_ms(wish.done_at),
    }


def open_requests(tx: Connection, wishes: Sequence[Request]) -> None:
    """Stores the engine's own wishes; one that was carried out before is open again."""
    if wishes:
        rows = {wish.id: _request_row(wish) for wish in wishes}
        run_many(tx, upsert(tx, _REQUEST), list(rows.values()))


def close_requests(tx: Connection, connection: str, ids: Sequence[str], now: Instant) -> None:
    """Marks wishes as carried out; the first time stays."""
    if ids:
        run_many(tx, _CLOSE, [{"c": connection, "which": each, "now": to_ms(now)} for each in ids])
        streams = [STREAM.format(id=each) for each in ids]
        run_among(tx, "DELETE FROM cursor WHERE connection = ? AND stream", connection, streams)
        blank_over(tx, connection, ids)


def _conflict_row(connection: str, each: Conflict) -> dict[str, Any]:
    return {
        "connection": connection,
        "id": each.id,
        "kind": each.kind,
        "topic": str(each.topic),
        "link": each.link,
        "refs": to_json([(side, ref.object, ref.id) for side, ref in each.refs]),
        "field": each.field,
        "held": to_json((each.values.marketing, each.values.crm, each.base)),
        "reason": plain(each.reason),
        "since": to_ms(each.since),
        "resolution": each.resolution,
    }


def _parked_row(connection: str, each: Parked) -> dict[str, Any]:
    return {
        "connection": connection,
        "link": each.link,
        "side": str(each.side),
        "field": each.field,
        "kind": each.kind,
        "object": each.ref.object,
        "ref_id": each.ref.id,
        "fingerprint": each.fingerprint,
        "code": plain(each.code),
        "reason": plain(each.reason),
        "advice": plain(each.advice),
        "since": to_ms(each.since),
        "last": None if each.last is None else to_ms(each.last),
        "grade": each.heat.grade,
        "heat": each.heat.rank,
    }


def _dead_row(connection: str, each: DeadLetter) -> dict[str, Any]:
    return {
        "connection": connection,
        "id": each.id,
        "kind": each.kind,
        "side": str(each.side),
        "object": each.origin.object,
        "origin_id": each.origin.id,
        "fingerprint": each.fingerprint,
        "code": plain(each.code),
        "reason": plain(each.reason),
        "advice": plain(each.advice),
        "since": to_ms(each.since),
        "attempts": each.attempts,
        "retry": each.retry,
        "last": None if each.last is None else to_ms(each.last),
        "grade": each.heat.grade,
        "heat": each.heat.rank,
    }
