"""Activities and campaign members that were dealt with: one compact row each, without names or texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, func, or_, select

from syncd.model.appended import Appended, AppendedState
from syncd.model.values import Instant
from syncd.store.codec import from_ms, maybe_from_ms, ref_of, to_ms
from syncd.store.database import Database
from syncd.store.dialects import among, lots, run_many, upsert
from syncd.store.tables import appended as t

_DONE: Final = str(AppendedState.DONE)
_AGAIN: Final = (str(AppendedState.WAITING), str(AppendedState.REFUSED))


class AppendedRows:
    """``ports.appended.AppendedStore`` of one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def appended(self, kind: str, origins: Sequence[str]) -> Mapping[str, Appended]:
        """What is remembered of these, by origin."""
        found: dict[str, Appended] = {}
        with self._database.reading("read what was added") as tx:
            for lot in lots(tx, list(dict.fromkeys(origins))):
                rows = tx.execute(select(t).where(*self._of(kind), among(tx, t.c.origin, lot)))
                found.update((row.origin, _appended(row)) for row in rows)
        return found

    def appended_days(self, kind: str, people: Sequence[str]) -> Mapping[tuple[str, int], int]:
        """How many were added for each of these people, by person and day."""
        found: dict[tuple[str, int], int] = {}
        with self._database.reading("count what was added") as tx:
            for lot in lots(tx, list(dict.fromkeys(people))):
                counted = (
                    select(t.c.person, t.c.day, func.count())
                    .where(*self._of(kind), t.c.state == _DONE, among(tx, t.c.person, lot))
                    .group_by(t.c.person, t.c.day)
                )
                found.update(((person, day), number) for person, day, number in tx.execute(counted))
        return found

    def count_appended(self, kind: str, since: Instant) -> int:
        """How many were added since then."""
        with self._database.reading("count what was added") as tx:
            counted = select(func.count()).where(*self._of(kind), t.c.state == _DONE, t.c.at >= to_ms(since))
            return int(tx.execute(counted).scalar_one())

    def appended_due(self, kind: str, until: Instant, limit: int, *, begins: Sequence[str]) -> Sequence[Appended]:
        """Those that wait or were refused, and whose time has come, the earliest first."""
        meant = or_(*(t.c.origin.startswith(each, autoescape=True) for each in begins))
        with self._database.reading("read what waits for its time") as tx:
            waiting = (
                select(t)
                .where(*self._of(kind), t.c.due <= to_ms(until), t.c.state.in_(_AGAIN), meant)
                .order_by(t.c.due, t.c.origin)
                .limit(limit)
            )
            return [_appended(row) for row in tx.execute(waiting)]

    def forget_appended(self, kind: str, before_day: int) -> int:
        """Forgets those of earlier days than this; how many."""
        with self._database.writing("forget what was added long ago") as tx:
            return tx.execute(delete(t).where(*self._of(kind), t.c.day < before_day)).rowcount

    def _of(self, kind: str) -> tuple[Any, ...]:
        return t.c.connection == self._connection, t.c.kind == kind


def write_appended(tx: Connection, connection: str, rows: Sequence[Appended]) -> None:
    """Adds rows, or replaces what was remembered of the same origin."""
    if not rows:
        return
    run_many(
        tx,
        upsert(tx, t),
        [
            {
                "connection": connection,
                "kind": each.kind,
                "origin": each.origin,
                "person": each.person,
                "state": str(each.state),
                "day": each.day,
                "ref_object": each.ref.object if each.ref else None,
                "ref_id": each.ref.id if each.ref else None,
                "status": each.status,
                "due": None if each.due is None else to_ms(each.due),
                "at": to_ms(each.at),
            }
            for each in rows
        ],
    )


def _appended(row: Any) -> Appended:  # noqa: ANN401 - a result row
    return Appended(
        kind=row.kind,
        origin=row.origin,
        person=row.person,
        state=AppendedState(row.state),
        at=from_ms(row.at),
        day=row.day,
        ref=ref_of(row.ref_object, row.ref_id),
        status=row.status,
        due=maybe_from_ms(row.due),
    )
