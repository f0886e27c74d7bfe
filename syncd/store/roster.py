"""Who works and what is due, across all connections of one store.

A turn is a row with a number. Ending it is one statement that asks for the number, so that a turn ends once; hastening
only ever moves a time forward. A dead worker's row is claimed in the same way, by the beat that was seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import case, delete, select, update

from syncd.model.run import Lease, Pause, Turn, Worker
from syncd.model.values import Instant
from syncd.store.codec import from_json, from_ms, to_json, to_ms
from syncd.store.database import Database
from syncd.store.dialects import insert_new
from syncd.store.tables import lease, rate
from syncd.store.tables import turn as t
from syncd.store.tables import worker as w

_HASTENED = 0
"""The time of a turn that somebody wants now, whatever its worker plans."""


class SqlRoster:
    """``ports.roster.Roster`` on the tables ``turn`` and ``worker``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def turns(self, connections: Collection[str], now: Instant) -> Mapping[str, Turn]:
        """The next turn of each connection; one that was never polled is due at once."""
        found = self._turns(connections)
        missing = [name for name in connections if name not in found]
        if missing:
            fresh = [{"connection": name, "number": 1, "due": to_ms(now), "paused": None} for name in missing]
            with self._database.writing("begin to take turns") as tx:
                tx.execute(insert_new(tx, t), fresh)
            found = self._turns(connections)
        return found

    def _turns(self, connections: Collection[str]) -> dict[str, Turn]:
        with self._database.reading("read whose turn it is") as tx:
            rows = tx.execute(select(t)).fetchall()
        return {
            row.connection: Turn(row.connection, row.number, from_ms(row.due), _pause(row.paused))
            for row in rows
            if row.connection in connections
        }

    def end_turn(self, turn: Turn, due: Instant) -> bool:
        """Moves on to the next number; a turn hastened since it began is due at once."""
        with self._database.writing("end a turn") as tx:
            done = tx.execute(
                update(t)
                .where(t.c.connection == turn.connection, t.c.number == turn.number)
                .values(number=t.c.number + 1, due=case((t.c.due == _HASTENED, 1), else_=to_ms(due)))
            )
        return done.rowcount > 0

    def hasten(self, connection: str, now: Instant) -> None:
        """The next turn is due now."""
        self.turns([connection], now)
        with self._database.writing("hasten a turn") as tx:
            tx.execute(update(t).where(t.c.connection == connection).values(due=_HASTENED))

    def pause(self, connection: str, pause: Pause | None, now: Instant) -> bool:
        """Pauses or takes up again; then no vendor's word to wait holds any longer, unless it only stood still for a
        new start.
        """
        self.turns([connection], now)
        told = None if pause is None else to_json([pause.who, to_ms(pause.at), pause.reason])
        other = t.c.paused.is_(None) if pause else t.c.paused.is_not(None)
        with self._database.writing("pause or resume") as tx:
            before = _pause(tx.execute(select(t.c.paused).where(t.c.connection == connection)).scalar())
            done = tx.execute(update(t).where(t.c.connection == connection, other).values(paused=told))
            if pause is None and not (before is not None and before.drained):
                tx.execute(update(rate).where(rate.c.connection == connection).values(blocked_until=0))
        return done.rowcount > 0

    def beat(self, worker: Worker) -> bool:
        """Writes a sign of life."""
        row = {"id": worker.id, "began": to_ms(worker.began), "beat": to_ms(worker.beat), "version": worker.version}
        with self._database.writing("give a sign of life") as tx:
            known = tx.execute(update(w).where(w.c.id == worker.id).values(beat=row["beat"])).rowcount > 0
            if not known:
                tx.execute(insert_new(tx, w), [row])
        return known

    def workers(self) -> Sequence[Worker]:
        """All workers, the longest at work first."""
        with self._database.reading("read who is at work") as tx:
            rows = tx.execute(select(w).order_by(w.c.began, w.c.id)).fetchall()
        return [Worker(row.id, from_ms(row.began), from_ms(row.beat), row.version) for row in rows]

    def leases(self, now: Instant) -> Sequence[Lease]:
        """The leases that are held, of all connections."""
        held = select(lease).where(lease.c.holder != "", lease.c.until > to_ms(now)).order_by(lease.c.connection)
        with self._database.reading("read who writes") as tx:
            rows = tx.execute(held).fetchall()
        return [Lease(row.connection, row.holder, row.epoch, from_ms(row.until)) for row in rows]

    def take_over(self, dead: Worker, now: Instant) -> bool:
        """Claims what a dead worker left."""
        seen = to_ms(dead.beat)
        claim = update(w).where(w.c.id == dead.id, w.c.beat == seen).values(beat=max(to_ms(now), seen + 1))
        with self._database.writing("take over from a dead worker") as tx:
            done = tx.execute(claim)
        return done.rowcount > 0

    def dismiss(self, worker: str) -> None:
        """Takes a worker off the roster; its leases go in the same transaction."""
        with self._database.writing("dismiss a worker") as tx:
            tx.execute(update(lease).where(lease.c.holder == worker).values(holder="", until=0))
            tx.execute(delete(w).where(w.c.id == worker))


def _pause(told: str | None) -> Pause | None:
    if told is None:
        return None
    who, at, reason = from_json(told)
    return Pause(who, from_ms(at), reason)
