"""The schema of a new store, migrated once in a process; every later store is a copy.

Most tests open a store of their own, and all of these begin with the same tables. A new SQLite store, in a file or in
memory, gets the pages of one that was migrated as always, before anybody reads of it. What is opened in another way,
and PostgreSQL, is migrated at the first empty database of a dialect, while its statements are kept; every later one
gets the same statements in the same transaction, without the migrations' own reckoning. A store of an older schema, or
a file that was there before, is migrated as always.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, inspect

from syncd.store import migrate
from syncd.store import open as opening
from syncd.store.engine import file_of, open_engine, read_url, sqlite_module

Statements = list[tuple[str, Any]]


@contextmanager
def played_back() -> Iterator[None]:
    """While this lasts, new stores are made so."""
    with _statements_kept():
        opening.open_engine = _Pattern().open_engine
        try:
            yield
        finally:
            opening.open_engine = open_engine


class _Pattern:
    """An empty store of this schema, whose pages every new one gets."""

    def __init__(self) -> None:
        self._one_by_one = threading.Lock()

    def open_engine(self, url: str) -> Engine:
        """What `open_engine` of the store makes of this url; what is new has its tables already."""
        read = read_url(url)
        file = file_of(read)
        with self._one_by_one:  # a file that another thread has just made is not new
            new = file is not None and not os.path.exists(file)  # noqa: PTH110 - no error where no file can be
            engine = open_engine(url)
            if file is not None and new:
                file.write_bytes(self._pages)
            elif file is None and read.drivername == "sqlite":
                connection = engine.raw_connection()
                self._store.backup(connection.driver_connection)
                connection.close()
        return engine

    @cached_property
    def _store(self) -> Any:
        """The driver's connection to the store itself, in memory."""
        self._engine = open_engine("sqlite://")  # which keeps it open
        migrate.ensure_schema(self._engine)
        connection = self._engine.raw_connection()
        try:
            return connection.driver_connection
        finally:
            connection.close()

    @cached_property
    def _pages(self) -> bytes:
        """The same as the content of a file."""
        with tempfile.TemporaryDirectory(prefix="syncd-pattern-") as folder:
            file = Path(folder) / "state.db"
            connection = sqlite_module().connect(str(file))
            self._store.backup(connection)
            connection.close()
            return file.read_bytes()


@contextmanager
def _statements_kept() -> Iterator[None]:
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
