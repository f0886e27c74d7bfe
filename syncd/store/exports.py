"""The store's tables as plain rows, page by page, for whoever takes what is known elsewhere.

Instants are ISO 8601 in UTC, bytes are hex, JSON stays text. What only this store understands (the sets that name a
base's columns, keys, hashes of addresses) is left out; sealed values are read by ``audit_since``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, Table, select, tuple_

from syncd.store.codec import from_ms
from syncd.store.database import Database
from syncd.store.tables import (
    appended,
    assignment,
    conflict,
    dead_letter,
    episode,
    episode_member,
    ledger_event,
    link,
    run,
)

_TABLES: Final[Mapping[str, Table]] = {
    "links": link,
    "ledger_events": ledger_event,
    "episodes": episode,
    "episode_members": episode_member,
    "assignments": assignment,
    "appended": appended,
    "runs": run,
    "conflicts": conflict,
    "dead_letters": dead_letter,
}
_LEFT_OUT: Final = frozenset({"connection", "agreed_set", "marketing_set", "crm_set", "base", "heat"})
_NUMBERS: Final = frozenset({"number", "amount"})
"""Columns of large numbers that are no instants."""
_PAGE: Final = 2_000


class Exports:
    """The tables of one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def exported(self, name: str) -> Iterator[Mapping[str, object]]:
        """The rows of one table, in the order of its key. Each page is a moment of its own."""
        table = _TABLES[name]
        shown = [column for column in table.columns if column.name not in _LEFT_OUT]
        instants = {column.name for column in shown if isinstance(column.type, BigInteger)} - _NUMBERS
        key = [column for column in table.primary_key if column.name != "connection"]
        statement = select(*shown).where(table.c.connection == self._connection).order_by(*key).limit(_PAGE)
        last: tuple[Any, ...] | None = None
        while True:
            after = statement if last is None else statement.where(tuple_(*key) > tuple_(*last))
            with self._database.reading("read a table") as tx:
                rows = tx.execute(after).mappings().fetchall()
            for row in rows:
                yield {str(column): _plain(value, instant=column in instants) for column, value in row.items()}
            if len(rows) < _PAGE:
                return
            last = tuple(rows[-1][column.name] for column in key)


def exported_names() -> tuple[str, ...]:
    """The tables that are exported."""
    return tuple(_TABLES)


def _plain(value: Any, *, instant: bool) -> object:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if instant and value is not None:
        return from_ms(value).isoformat()
    return value
