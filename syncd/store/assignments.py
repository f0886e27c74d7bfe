"""Assignments: who routing gave whom, in the two transactions of the write that carries it out.

``begin`` writes one with its intent and takes the life of the person's earlier one, ``settle`` ends it with the intent.
Nothing about the person is in it but their link, which goes when they are forgotten; the turn stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, or_, select, update

from syncd.model.routing import DONE, NOT_TOUCHED, Assignment, How, Passed, Routed
from syncd.model.values import Instant
from syncd.store.codec import from_json, from_ms, to_json, to_ms
from syncd.store.database import Database
from syncd.store.dialects import among, lots, rows_among, run_many, upsert
from syncd.store.tables import assignment as t

_THERE: Final = "SELECT intent FROM assignment WHERE connection = ? AND intent"
_END: Final = (
    update(t)
    .where(t.c.connection == bindparam("c"), t.c.intent == bindparam("which"))
    .values(outcome=bindparam("how_"))
)


class Assignments:
    """The assignments of one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def turns(self) -> tuple[int, Mapping[tuple[str, str], int]]:
        """The number of the last assignment of all, and that of the last one that counts by pool and owner."""
        with self._database.reading("read whose turn it is") as tx:
            last = tx.execute(select(func.max(t.c.number)).where(t.c.connection == self._connection)).scalar_one()
            rows = tx.execute(
                select(t.c.pool, t.c.owner, func.max(t.c.number))
                .where(t.c.connection == self._connection, t.c.pool != "", t.c.outcome.in_(DONE))
                .group_by(t.c.pool, t.c.owner)
            ).fetchall()
        return last or 0, {(pool, owner): number for pool, owner, number in rows}

    def given_since(self, since: Instant) -> Sequence[tuple[str, Instant]]:
        """Owner and time of each assignment that counts."""
        wanted = select(t.c.owner, t.c.at).where(
            t.c.connection == self._connection,
            t.c.at >= to_ms(since),
            t.c.owner.is_not(None),
            t.c.outcome.in_(DONE),
        )
        with self._database.reading("read who was given somebody") as tx:
            return [(owner, from_ms(at)) for owner, at in tx.execute(wanted)]

    def live_assignments(self) -> Sequence[Assignment]:
        """Those that count, oldest first."""
        return self._read(t.c.live, t.c.outcome.in_(DONE), t.c.how != str(How.NOBODY), order=t.c.number)

    def undone_assignments(self) -> Mapping[str, str]:
        """The assignments of people who are still to be given to somebody, by link."""
        undone = or_(t.c.outcome.not_in(DONE), t.c.how == str(How.NOBODY))
        taken = t.c.rule.startswith(NOT_TOUCHED)
        wanted = select(t.c.link, t.c.intent).where(t.c.connection == self._connection, t.c.live, undone, ~taken)
        with self._database.reading("read who was not given to anybody") as tx:
            return {row.link: row.intent for row in tx.execute(wanted)}

    def late_assignments(self, since: Instant) -> Sequence[Assignment]:
        """Those by which somebody was taken from an owner who let the time pass and that count, oldest first."""
        taken = t.c.rule.startswith(NOT_TOUCHED)
        return self._read(t.c.at >= to_ms(since), taken, t.c.outcome.in_(DONE), order=t.c.number)

    def assignments_of(self, link: str) -> Sequence[Assignment]:
        """Every assignment of one person, newest first."""
        return self._read(t.c.link == link, order=t.c.number.desc())

    def _read(self, *which: Any, order: Any) -> list[Assignment]:  # noqa: ANN401 - column expressions
        wanted = select(t).where(t.c.connection == self._connection, *which).order_by(order, t.c.intent)
        with self._database.reading("read assignments") as tx:
            return [_assignment(row) for row in tx.execute(wanted)]


# -- writing, inside the transactions of a write -----------------------------------------------------------------------
def write_assignments(tx: Connection, connection: str, made: Sequence[Assignment]) -> None:
    """Stores them; the earlier ones of the same people live no more."""
    if not made:
        return
    for lot in lots(tx, sorted({each.link for each in made})):
        earlier = update(t).where(t.c.connection == connection, among(tx, t.c.link, lot), t.c.live)
        tx.execute(earlier.values(live=False))
    run_many(tx, upsert(tx, t), [_row(connection, each) for each in made])


def end_assignments(tx: Connection, connection: str, endings: Mapping[str, str], released: Collection[str]) -> None:
    """What became of the writes that carry them out; ``released`` are those of people who are open no more."""
    ended: list[str] = []
    for lot in lots(tx, list(endings)):
        ended.extend(intent for (intent,) in rows_among(tx, _THERE, connection, lot))
    if ended:
        run_many(tx, _END, [{"c": connection, "which": each, "how_": endings[each]} for each in ended])
    for lot in lots(tx, sorted(released)):
        tx.execute(update(t).where(t.c.connection == connection, among(tx, t.c.intent, lot)).values(live=False))


def forget_assignments(tx: Connection, connection: str, link: str) -> None:
    """Takes a forgotten person out of theirs."""
    tx.execute(update(t).where(t.c.connection == connection, t.c.link == link).values(link="", live=False))


def _row(connection: str, each: Assignment) -> dict[str, Any]:
    routed = each.routed
    return {
        "connection": connection,
        "intent": each.intent,
        "link": each.link,
        "number": routed.number,
        "at": to_ms(each.at),
        "how": str(routed.how),
        "owner": routed.owner,
        "rule": routed.rule,
        "pool": routed.pool,
        "passed": to_json([list(each) for each in routed.passed]),
        "outcome": each.outcome,
        "live": each.live,
    }


def _assignment(row: Any) -> Assignment:  # noqa: ANN401 - a result row
    passed = tuple(Passed(*each) for each in from_json(row.passed))
    return Assignment(
        intent=row.intent,
        link=row.link,
        routed=Routed(How(row.how), row.owner, row.rule, row.number, row.pool, passed),
        at=from_ms(row.at),
        outcome=row.outcome,
        live=row.live,
    )
