"""The few places where SQLite and PostgreSQL are asked differently: upserts and lists of values.

Everything else is plain SQLAlchemy Core. Statements are built once per table and dialect and kept, because building
one costs more than running it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, Final, TypeVar, cast

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Executable,
    Insert,
    Table,
    Text,
    any_,
    case,
    func,
    literal,
    null,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")

_LOT: Final = {"sqlite": 500, "postgresql": 5_000}
"""How many values one list holds: SQLite binds each of them, PostgreSQL takes one array."""


def lots(tx: Connection, values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in lists that one statement can carry."""
    size = _LOT[tx.dialect.name]
    for start in range(0, len(values), size):
        yield values[start : start + size]


def among(tx: Connection, column: ColumnElement[Any], values: Sequence[str]) -> ColumnElement[bool]:
    """``column`` is one of the values: an array on PostgreSQL (one plan for every length), ``IN`` on SQLite."""
    if tx.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(Text)))
    return column.in_(values)


def _insert(dialect: str, table: Table) -> sqlite.Insert:
    """An insert with a conflict clause; PostgreSQL's has the same methods."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 0.1 s of drivers that SQLite does not need

        return cast("sqlite.Insert", postgresql.insert(table))
    return sqlite.insert(table)


@cache
def _upsert(dialect: str, table: Table, keep: frozenset[str], first: frozenset[str]) -> Insert:
    insert = _insert(dialect, table)
    keys = {column.name for column in table.primary_key}
    given = [c for c in table.columns if c.name not in keys and c.name not in keep]
    new: dict[str, Any] = {
        c.name: func.coalesce(c, insert.excluded[c.name]) if c.name in first else insert.excluded[c.name] for c in given
    }
    if table.name in ("dead_letter", "parked"):
        # The same refused again: the first time stays, and this is the last one.
        new["last"] = func.coalesce(insert.excluded.last, insert.excluded.since)
    if table.name == "dead_letter":
        # A wish to try again survives until it was tried: until the count of attempts has grown.
        retried = insert.excluded.attempts > table.c.attempts
        new["retry"] = case((retried, insert.excluded.retry), else_=table.c.retry)
    if table.name == "conflict":
        # A choice was made between the values that were held then; where others are held, it is asked for anew.
        others = (table.c.topic == "field") & (insert.excluded.held != table.c.held)
        new["resolution"] = case((others, null()), else_=new["resolution"])
    if not new:
        return insert.on_conflict_do_nothing(index_elements=sorted(keys))
    return insert.on_conflict_do_update(index_elements=sorted(keys), set_=new)


def upsert(tx: Connection | Engine, table: Table, *, keep: Sequence[str] = (), first: Sequence[str] = ()) -> Insert:
    """An insert that replaces the row of the same primary key.

    :param keep: columns that a replaced row keeps.
    :param first: columns that a replaced row keeps unless they are null.
    """
    return _upsert(tx.dialect.name, table, frozenset(keep), frozenset(first))


def insert_new(tx: Connection | Engine, table: Table) -> Insert:
    """An insert that leaves a row alone whose primary key is there already."""
    return _insert_new(tx.dialect.name, table)


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    insert = _insert(dialect, table)
    return insert.on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class Compiled:
    """A kept statement as the driver takes it. ``row`` makes a row with the columns' names of what the driver returns;
    ``None`` where nothing is returned.
    """

    text: str
    row: type[Any] | None
    _constants: Mapping[str, Any]
    _in_order: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None

    def bound(self, values: Mapping[str, Any]) -> tuple[Any, ...] | Mapping[str, Any]:
        """The values as the driver takes them, with the constants that stand in the statement."""
        given = {**self._constants, **values} if self._constants else values
        return given if self._in_order is None else self._in_order(given)


_COMPILED: Final[dict[tuple[Dialect | str, ClauseElement | Executable, tuple[str, ...]], Compiled]] = {}


def compiled(dialect: Dialect, statement: ClauseElement | Executable, names: tuple[str, ...]) -> Compiled:
    """A statement that is made once and kept; ``names`` are those of its values. All SQLite stores of a process have
    one and the same library, so that what is compiled for one of them is for the others, too.
    """
    key = dialect.name if dialect.name == "sqlite" else dialect, statement, names
    found = _COMPILED.get(key)
    if found is None:
        found = _COMPILED[key] = _compiled(dialect, statement, names)
    return found


def _compiled(dialect: Dialect, statement: ClauseElement | Executable, names: tuple[str, ...]) -> Compiled:
    assert isinstance(statement, ClauseElement)
    made = statement.compile(dialect=dialect, column_keys=list(names))
    assert isinstance(made, SQLCompiler)
    columns = [column.keyname for column in made._result_columns]  # noqa: SLF001 - SQLAlchemy tells them nowhere else
    constants = {name: value for name, value in made.params.items() if name not in names}
    row = namedtuple("Row", columns, rename=True) if columns else None  # noqa: PYI024 - columns of any statement
    return Compiled(str(made), row, constants, _ordering(made.positiontup))


def _ordering(names: Sequence[str] | None) -> Callable[[Mapping[str, Any]], tuple[Any, ...]] | None:
    """What takes the values of these names; ``None`` for a driver that takes them by name."""
    if not names:
        return None
    return itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],)


def run_many(tx: Connection, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]) -> None:
    """Runs one statement for many rows on the driver itself, for the two transactions around every vendor write.

    Core's own way costs 4 us a row more. Every value must be one the driver takes as it is, and ``statement`` one that
    is made once and kept: it is compiled once.
    """
    kept = compiled(tx.dialect, statement, tuple(rows[0]))
    bound: list[Any] = [kept.bound(row) for row in rows]
    if tx.dialect.name == "sqlite":
        driver_of(tx.connection).executemany(kept.text, bound)
    else:
        tx.exec_driver_sql(kept.text, bound)


def run(tx: Connection, statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
    """Runs a kept statement once inside a transaction; its rows, with their columns' names.

    On SQLite that is the driver's own cursor: Core costs 30 us for a statement that takes SQLite 3. Values go in and
    come out as the driver has them: a boolean is 0 or 1.
    """
    if tx.dialect.name != "sqlite":
        answer = tx.execute(statement, values)
        return answer.fetchall() if answer.returns_rows else ()
    return run_on(driver_of(tx.connection), compiled(tx.dialect, statement, tuple(values)), values)


def driver_of(connection: PoolProxiedConnection) -> Any:  # noqa: ANN401 - the driver's own
    """The driver's connection behind one of the pool."""
    return connection.driver_connection


def run_on(driver: Any, kept: Compiled, values: Mapping[str, Any]) -> Sequence[Any]:  # noqa: ANN401 - the driver's own
    """The same on a connection of SQLite's driver."""
    cursor = driver.execute(kept.text, kept.bound(values))
    return [] if kept.row is None else list(map(kept.row._make, cursor.fetchall()))


def run_among(tx: Connection, text: str, connection: str, values: Sequence[str]) -> None:
    """Runs a ``text`` that changes rows + "is one of the values", in lots; ``text`` is a constant of its caller's."""
    for lot in lots(tx, values):
        if tx.dialect.name == "sqlite":
            driver_of(tx.connection).execute(f"{text} IN ({','.join('?' * len(lot))})", (connection, *lot))
        else:
            tx.exec_driver_sql(text.replace("?", "%s") + " = ANY(%s)", (connection, list(lot)))


def only(rows: Sequence[Any]) -> Any:  # noqa: ANN401 - a column's value
    """The only value of the only row; ``None`` where there is no row."""
    return rows[0][0] if rows else None


def rows_among(
    tx: Connection, text: str, connection: str, values: Sequence[str], *more: str
) -> Sequence[tuple[Any, ...]]:
    """Runs ``text`` + "is one of the values" on the driver's cursor; ``text`` is a constant of its caller's."""
    if tx.dialect.name == "sqlite":
        listed = f"{text} IN ({','.join('?' * len(values))})"
        found: Sequence[tuple[Any, ...]] = (
            driver_of(tx.connection).execute(listed, (connection, *more, *values)).fetchall()
        )
        return found
    answer = tx.exec_driver_sql(text.replace("?", "%s") + " = ANY(%s)", (connection, *more, list(values)))
    rows: Sequence[tuple[Any, ...]] = answer.cursor.fetchall()
    answer.close()
    return rows
