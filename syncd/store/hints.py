"""Hints of one connection that wait: one row a record, few enough to be counted in every transaction that adds some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from syncd.model.hint import MOST, STALE, Hint, Noted, later
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import among, lots, run_many, upsert
from syncd.store.tables import hint as t

_WAITING: Final = (
    select(t.c.object, t.c.id, t.c.version, t.c.since, t.c.heard)
    .where(t.c.connection == bindparam("c"), t.c.object == bindparam("o"))
    .order_by(t.c.since, t.c.id)
    .limit(bindparam("n"))
)
"""Made once: each cycle asks once for each kind, and mostly in vain."""
_COUNT: Final = select(func.count()).select_from(t)


class Hints:
    """``ports.hints.HintStore`` of one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def note_hints(self, hints: Sequence[Hint], now: Instant) -> int:
        """Keeps hints; how many were dropped because too many wait."""
        if not hints:
            return 0
        with self._database.writing("keep hints") as tx:
            tx.execute(delete(t).where(t.c.connection == self._connection, t.c.since < to_ms(now - STALE)))
            known = self._known(tx, {each.ref.id for each in hints})
            merged: dict[RemoteRef, Hint] = {}
            for each in hints:
                before = merged.get(each.ref) or known.get(each.ref)
                merged[each.ref] = each if before is None else later(each, before)
            waiting = int(tx.execute(_COUNT.where(t.c.connection == self._connection)).scalar_one())
            fresh = [each for ref, each in merged.items() if ref not in known]
            dropped = fresh[max(0, MOST - waiting) :]
            for each in dropped:
                del merged[each.ref]
            if merged:
                run_many(tx, upsert(tx, t, keep=("since",)), [self._row(each, now) for each in merged.values()])
        return len(dropped)

    def hints(self, objects: Sequence[str], limit: int) -> Sequence[Noted]:
        """Those that wait, the longest waiting first."""
        rows = [
            row
            for name in objects
            for row in self._database.once("read hints", _WAITING, {"c": self._connection, "o": name, "n": limit})
        ]
        if len(objects) > 1:
            rows.sort(key=lambda row: (row.since, row.object, row.id))
        return [Noted(Hint(RemoteRef(row.object, row.id), row.version), from_ms(row.heard)) for row in rows[:limit]]

    def hints_waiting(self) -> tuple[int, Instant | None]:
        """How many wait, and since when the oldest does."""
        with self._database.reading("count hints") as tx:
            number, since = tx.execute(
                select(func.count(), func.min(t.c.since)).where(t.c.connection == self._connection)
            ).one()
        return int(number), None if since is None else from_ms(since)

    def _known(self, tx: Connection, ids: set[str]) -> dict[RemoteRef, Hint]:
        found: dict[RemoteRef, Hint] = {}
        for lot in lots(tx, sorted(ids)):
            asked = select(t.c.object, t.c.id, t.c.version)
            for name, id_, version in tx.execute(
                asked.where(t.c.connection == self._connection, among(tx, t.c.id, lot))
            ):
                ref = RemoteRef(name, id_)
                found[ref] = Hint(ref, version)
        return found

    def _row(self, each: Hint, now: Instant) -> dict[str, object]:
        at = to_ms(now)
        return {
            "connection": self._connection,
            "object": each.ref.object,
            "id": each.ref.id,
            "version": each.version,
            "since": at,
            "heard": at,
        }


_DEALT: Final = delete(t).where(
    t.c.connection == bindparam("of"),
    t.c.object == bindparam("name"),
    t.c.id == bindparam("which"),
    t.c.heard <= bindparam("until"),
)


def drop_hints(tx: Connection, connection: str, dealt: Sequence[Noted]) -> None:
    """Forgets hints that were dealt with, but for those that were heard again meanwhile."""
    rows = [
        {"of": connection, "name": each.hint.ref.object, "which": each.hint.ref.id, "until": to_ms(each.heard)}
        for each in dealt
    ]
    if rows:
        run_many(tx, _DEALT, rows)
