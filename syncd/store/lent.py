"""Connections to the database, lent to one transaction each.

SQLAlchemy's pool takes 12 us to give out a connection and take it back, most of it rolling back what was committed;
a transaction that reads one row by itself takes 5. So the connections of a SQLite store stay open between transactions
and are lent from a list. Whatever fails gives its connection up: closing it takes back what was not committed, and the
next one is a new one. PostgreSQL's stay in the pool, which looks whether the server is still there.

Promises that no two transactions have one connection at the same time.
"""

from __future__ import annotations

from collections import deque
from contextlib import AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import Final, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

TURN_SECONDS: Final = 30.0
"""How long a transaction waits for its turn on a store in memory, which has one connection."""


class Lending(Protocol):
    """Where a transaction has its connection from."""

    def lent(self) -> AbstractContextManager[Connection]:
        """A connection for one transaction, in no transaction yet."""

    def close(self) -> None:
        """Closes those that nobody has."""


class _FromPool:
    """Every transaction takes a connection from the engine's pool."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lent(self) -> AbstractContextManager[Connection]:
        """As ``Lending`` says."""
        return self._engine.connect()

    def close(self) -> None:
        """Nothing: the pool has them all."""


class _KeptOpen:
    """SQLite: the connection used last is the first that is lent again, since it has pages and statements at hand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[Connection] = deque()
        self._turn = None if engine.url.database not in {None, "", ":memory:"} else Lock()

    def lent(self) -> AbstractContextManager[Connection]:
        """As ``Lending`` says."""
        return _Lent(self)

    def take(self) -> Connection:
        """A connection that nobody has.

        :raises sqlalchemy.exc.TimeoutError: if a store in memory is not free within ``TURN_SECONDS``.
        """
        if self._turn is not None and not self._turn.acquire(timeout=TURN_SECONDS):
            raise PoolTimeout("the only connection of a store in memory is in use")
        try:
            return self._idle.pop()
        except IndexError:
            pass  # all are in use
        try:
            return self._engine.connect()
        except BaseException:
            self._over()
            raise

    def give(self, connection: Connection, *, whole: bool) -> None:
        """Takes a connection back; one that is not ``whole`` is given up."""
        try:
            if whole:
                self._idle.append(connection)
            else:
                connection.close()
        finally:
            self._over()

    def _over(self) -> None:
        if self._turn is not None:
            self._turn.release()

    def close(self) -> None:
        """As ``Lending`` says."""
        while self._idle:
            self._idle.pop().close()


class _Lent:
    """One connection for the length of a block."""

    __slots__ = ("_connection", "_kept")

    def __init__(self, kept: _KeptOpen) -> None:
        self._kept = kept

    def __enter__(self) -> Connection:
        self._connection = self._kept.take()
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._kept.give(self._connection, whole=kind is None)


_ONCE: Final = Lock()


def lending(engine: Engine) -> Lending:
    """The one list of an engine's connections, whoever asks for it; it ends with the engine."""
    with _ONCE:
        ours = vars(engine)
        if "lending" not in ours:
            ours["lending"] = _KeptOpen(engine) if engine.dialect.name == "sqlite" else _FromPool(engine)
        found: Lending = ours["lending"]
        return found
