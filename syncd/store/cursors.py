"""Positions in the vendors' streams, and what was last heard of their schemas and users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select

from syncd.model.remote import Cursor
from syncd.model.run import StoredCursor
from syncd.model.values import Instant, Side
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import run_many, upsert
from syncd.store.tables import cursor, memory

_RECALL: Final = select(memory.c.content, memory.c.at).where(
    memory.c.connection == bindparam("c"), memory.c.name == bindparam("n")
)
"""Made once: a cycle recalls some twenty things."""
_CURSORS: Final = (
    select(cursor.c.kind, cursor.c.side, cursor.c.stream, cursor.c.cursor, cursor.c.moved_at)
    .where(cursor.c.connection == bindparam("c"))
    .order_by(cursor.c.kind, cursor.c.side, cursor.c.stream)
)


class Cursors:
    """Cursors and remembered answers of one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def cursors(self) -> Sequence[StoredCursor]:
        """All cursors of the connection."""
        rows = self._database.once("read cursors", _CURSORS, {"c": self._connection})
        return [StoredCursor(kind, Side(side), stream, Cursor(at), from_ms(ms)) for kind, side, stream, at, ms in rows]

    def recall(self, name: str) -> tuple[bytes, Instant] | None:
        """What was remembered under this name, and when."""
        rows = self._database.once("recall a vendor's answer", _RECALL, {"c": self._connection, "n": name})
        return (bytes(rows[0].content), from_ms(rows[0].at)) if rows else None

    def remember(self, name: str, content: bytes, now: Instant) -> None:
        """Remembers bytes under a name, replacing what was there."""
        row = {"connection": self._connection, "name": name, "content": content, "at": to_ms(now)}
        self._database.once("remember a vendor's answer", upsert(self._database.engine, memory), row)


def write_cursors(tx: Connection, connection: str, cursors: Sequence[StoredCursor]) -> None:
    """Moves cursors, as the last deed of a settlement."""
    if cursors:
        rows = [
            {
                "connection": connection,
                "kind": each.kind,
                "side": str(each.side),
                "stream": each.stream,
                "cursor": each.cursor,
                "moved_at": to_ms(each.moved_at),
            }
            for each in cursors
        ]
        run_many(tx, upsert(tx, cursor), rows)
