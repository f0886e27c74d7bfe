"""One open database: transactions that read, transactions that write, and typed errors around both.

Every method of the store is one ``with database.reading(...)`` or ``with database.writing(...)``. On SQLite a writing
transaction takes the write lock at its start, so that it either has it or waits for it; a reading one never waits
(WAL). ``deed`` is the verb of an error's sentence. Connections come from ``lent``, which keeps SQLite's open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Executable, func, select

from syncd.model.errors import NeedsOperator
from syncd.observe.log import emit
from syncd.ports.system import Clock
from syncd.store.dialects import compiled, driver_of, run, run_on
from syncd.store.engine import BEGIN, BY_ITSELF, TO_WRITE, place
from syncd.store.faults import typed
from syncd.store.lent import lending

LOOKED_THROUGH: Final = 2_000_000_000
"""A store file of more bytes is not looked through when a daemon starts: that takes about 3 seconds a gigabyte."""
_ONE_AT_A_TIME: Final = 7_305_434_002
"""Key of the advisory lock; another one than that of the migrations."""
_ASK_AGAIN: Final = 0.2
"""Seconds between two questions for it."""


class Database:
    """An engine with its two kinds of transaction. ``where`` names it in error texts, without a password."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.where = place(engine.url)
        self._lending = lending(engine)

    @contextmanager
    def reading(self, deed: str) -> Iterator[Connection]:
        """A transaction that only reads; all its statements see the same state on SQLite.

        :raises RetryLater, NeedsOperator, Bug: as ``faults.typed`` says.
        """
        with typed(self.where, deed), self._lending.lent() as tx, tx.begin():
            yield tx

    @contextmanager
    def writing(self, deed: str) -> Iterator[Connection]:
        """A transaction that writes all or nothing; any exception takes everything back.

        :raises RetryLater, NeedsOperator, Bug: as ``faults.typed`` says.
        """
        with typed(self.where, deed), self._lending.lent() as tx:
            tx.info[BEGIN] = TO_WRITE
            with tx.begin():
                yield tx

    def once(self, deed: str, statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        """A transaction of one kept statement; its rows, as ``dialects.run`` gives them.

        On SQLite all of it is left to the driver, which takes 6 us where Core takes 90: a cycle asks for hundreds of
        single rows. The statement is its own transaction there.

        :raises RetryLater, NeedsOperator, Bug: as ``faults.typed`` says.
        """
        engine = self.engine
        if engine.dialect.name != "sqlite":
            with self.writing(deed) as tx:
                return run(tx, statement, values)
        kept = compiled(engine.dialect, statement, tuple(values))
        with typed(self.where, deed), self._lending.lent() as tx:
            connection = tx.connection
            connection.info[BEGIN] = BY_ITSELF
            engine.dialect.do_begin(connection)
            return run_on(driver_of(connection), kept, values)

    def neighbour(self, name: str) -> str:
        """The schema beside ours for tables of that name: ``syncd_NAME``, or ``OURS_NAME`` where we have a schema of
        our own; two stores in one database do not meet there either.
        """
        if self.engine.dialect.name == "sqlite":
            return "main"
        with self.reading("look where the tables are") as tx:
            ours = tx.execute(select(func.current_schema())).scalar()
        return f"syncd_{name}" if ours in {None, "public"} else f"{ours}_{name}"

    @contextmanager
    def one_at_a_time(self, deed: str, clock: Clock) -> Iterator[None]:
        """A block that no two processes are in at once, on PostgreSQL; a SQLite store has one daemon anyway.

        Waits by asking again: a statement that waits is a transaction, and whoever is inside may wait for all of those
        to end (as ``CREATE INDEX CONCURRENTLY`` does).
        """
        if self.engine.dialect.name == "sqlite":
            yield
            return
        apart = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with typed(self.where, deed), apart.connect() as held:
            while not held.execute(select(func.pg_try_advisory_lock(_ONE_AT_A_TIME))).scalar():
                clock.sleep(_ASK_AGAIN)
            try:
                yield
            finally:
                held.execute(select(func.pg_advisory_unlock(_ONE_AT_A_TIME)))

    def checkpoint(self) -> None:
        """Moves SQLite's write-ahead log into the file and empties it; nothing to do elsewhere.

        A reader at work keeps part of the log; its rest goes with the next checkpoint.
        """
        if self.engine.dialect.name == "sqlite":
            with typed(self.where, "empty the log"), self.engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def look_through(self, clock: Clock) -> None:
        """Has SQLite look through the whole file for damage, unless it is too large for that; elsewhere nothing.

        :raises NeedsOperator: if it is damaged, before anything is done with it.
        """
        file = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or not file or file == ":memory:":
            return
        size = Path(file).stat().st_size
        if size > LOOKED_THROUGH:
            emit("store.unchecked", bytes=size)
            return
        began = clock.monotonic()
        with self.reading("look for damage") as tx:
            found = tx.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise NeedsOperator(
                f"{self.where}: the store file is damaged ({str(found).splitlines()[0]}); stop whatever uses it, put "
                "the latest backup in its place and start again: syncd sees that it is older, compares and asks you"
            )
        emit("store.checked", bytes=size, ms=round((clock.monotonic() - began) * 1000))

    def close(self) -> None:
        """Closes all connections; an unfinished transaction is taken back by the database."""
        self._lending.close()
        self.engine.dispose()
