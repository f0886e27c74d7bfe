"""The schema of a new store, migrated once in a process and played back from then on.

Most tests open a store of their own, and all of these begin with the same tables. The first empty database of a dialect
is migrated as always while its statements are kept; every later one gets the same statements in the same transaction,
without the migrations' own reckoning. A store of an older schema is migrated as always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, inspect

from syncd.store import migrate

Statements = list[tuple[str, Any]]


@contextmanager
def played_back() -> Iterator[None]:
    """While this lasts, new stores are made so."""
    upgrade: Callable[[Connection], None] = migrate._upgrade
    kept: dict[str, Statements] = {}

    def quick(tx: Connection) -> None:
        if inspect(tx).get_table_names():
            upgrade(tx)
        elif tx.dialect.name in kept:
            for statement, values in kept[tx.dialect.name]:
                tx.exec_driver_sql(statement, values)
        else:
            kept[tx.dialect.name] = _heard(tx, lambda: upgrade(tx))

    migrate._upgrade = quick
    try:
        yield
    finally:
        migrate._upgrade = upgrade


def _heard(tx: Connection, act: Callable[[], None]) -> Statements:
    """What changes the database meanwhile, in order."""
    statements: Statements = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            statements.append((statement, values))

    event.listen(tx, "before_cursor_execute", hear)
    try:
        act()
    finally:
        event.remove(tx, "before_cursor_execute", hear)
    return statements
