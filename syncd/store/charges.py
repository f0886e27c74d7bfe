"""What each lot of writes changed, as the mass-change brake counts it: one row a lot, written with its intents.

A row is never changed; the newest are read by their running number, so that a process that knows the rest reads only
what another worker has charged meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from syncd.model.brake import Count
from syncd.model.values import Instant
from syncd.store.codec import from_json, from_ms, to_json, to_ms
from syncd.store.database import Database
from syncd.store.dialects import run
from syncd.store.tables import charge

_BEHIND: Final = (
    select(charge.c.seq, charge.c.at, charge.c.counts)
    .where(charge.c.connection == bindparam("c"), charge.c.seq > bindparam("after"))
    .order_by(charge.c.seq)
)
_FORGET: Final = delete(charge).where(charge.c.connection == bindparam("c"), charge.c.at < bindparam("until"))
_CHARGE: Final = insert(charge)


class Charges:
    """What was charged in one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def charge(self, counts: Sequence[Count], now: Instant) -> None:
        """Counts what is no vendor write, links that end; and takes off (below zero) what was counted and not done."""
        with self._database.writing("charge the brake") as tx:
            write_charges(tx, self._connection, counts, now)

    def charges(self, after: int) -> Sequence[tuple[int, Instant, Sequence[Count]]]:
        """What was counted behind a number, each lot with its own number and time, in order."""
        rows = self._database.once("read what was charged", _BEHIND, {"c": self._connection, "after": after})
        return [(seq, from_ms(at), list(map(_count, from_json(counts)))) for seq, at, counts in rows]

    def forget_charges(self, before: Instant) -> None:
        """Forgets what was counted before an instant."""
        self._database.once("forget old charges", _FORGET, {"c": self._connection, "until": to_ms(before)})


def _count(row: list[Any]) -> Count:
    """One count as it was; there may be a hundred thousand."""
    records: int = row.pop()
    return (*row,), records


def write_charges(tx: Connection, connection: str, counts: Sequence[Count], now: Instant) -> None:
    """One row for a lot, inside the transaction that its intents are stored in."""
    if counts:
        told = to_json([(*key, records) for key, records in counts])
        run(tx, _CHARGE, {"connection": connection, "at": to_ms(now), "counts": told})
