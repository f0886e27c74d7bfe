"""What waits to be told to people, and who tells it: rows beside the vendors' answers, under names of their own.

A row belongs to whoever put it, so no two processes write one at once, and no message is lost to a late writer. They
hold ids, counts and our own words, never a record's values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, or_, select, update

from syncd.model.values import Instant
from syncd.ports.outbox import Row
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import among, insert_new, lots, upsert
from syncd.store.tables import memory

TOO_LONG: Final = timedelta(hours=1)
"""A right is taken for a minute or two; one that lasts longer was taken by a clock that was wrong."""


class Outboxes:
    """``ports.outbox.Outbox`` of one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def rows(self, beginning: str, limit: int) -> Sequence[Row]:
        """Rows whose names begin so, in the order of their names."""
        # No range of names: PostgreSQL may compare texts by a language's rules, in which signs count for nothing.
        begins = func.substr(memory.c.name, 1, len(beginning)) == beginning
        found = (
            select(memory.c.name, memory.c.content, memory.c.at)
            .where(memory.c.connection == self._connection, begins)
            .order_by(memory.c.name)
            .limit(limit)
        )
        with self._database.reading("read what is to be told") as tx:
            rows = tx.execute(found).fetchall()
        return [Row(name, bytes(content), from_ms(at)) for name, content, at in rows]

    def exchange(self, gone: Sequence[str], put: Mapping[str, bytes], now: Instant) -> None:
        """Takes some rows and puts others, in one transaction."""
        with self._database.writing("keep what is to be told") as tx:
            for lot in lots(tx, gone):
                tx.execute(delete(memory).where(memory.c.connection == self._connection, among(tx, memory.c.name, lot)))
            if put:
                at = to_ms(now)
                rows = [
                    {"connection": self._connection, "name": name, "content": content, "at": at}
                    for name, content in put.items()
                ]
                tx.execute(upsert(tx, memory), rows)

    def seize(self, name: str, holder: str, now: Instant, until: Instant) -> bool:
        """Takes a right that one process has at a time, or keeps it."""
        mine, ms = holder.encode(), to_ms(now)
        row = {"connection": self._connection, "name": name, "content": mine, "at": ms}
        with self._database.writing("take the right to tell") as tx:
            tx.execute(insert_new(tx, memory), [row])
            taken = tx.execute(
                update(memory)
                .where(
                    memory.c.connection == self._connection,
                    memory.c.name == name,
                    or_(memory.c.content == mine, memory.c.at <= ms, memory.c.at > to_ms(now + TOO_LONG)),
                )
                .values(content=mine, at=to_ms(until))
            )
            return taken.rowcount == 1
