"""The few places where SQLite and PostgreSQL are asked differently: upserts and lists of values.

Everything else is plain SQLAlchemy Core. Statements are built once per table and dialect and kept, because building
one costs more than running it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final, TypeVar, cast

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Table,
    Text,
    any_,
    case,
    func,
    literal,
)
from sqlalchemy.dialects import sqlite
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
    if table.name == "dead_letter":
        # A wish to try again survives until it was tried: until the count of attempts has grown.
        retried = insert.excluded.attempts > table.c.attempts
        new["retry"] = case((retried, insert.excluded.retry), else_=table.c.retry)
    if not new:
        return insert.on_conflict_do_nothing(index_elements=sorted(keys))
    return insert.on_conflict_do_update(index_elements=sorted(keys), set_=new)


def upsert(tx: Connection, table: Table, *, keep: Sequence[str] = (), first: Sequence[str] = ()) -> Insert:
    """An insert that replaces the row of the same primary key.

    :param keep: columns that a replaced row keeps.
    :param first: columns that a replaced row keeps unless they are null.
    """
    return _upsert(tx.dialect.name, table, frozenset(keep), frozenset(first))


def insert_new(tx: Connection, table: Table) -> Insert:
    """An insert that leaves a row alone whose primary key is there already."""
    return _insert_new(tx.dialect.name, table)


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    insert = _insert(dialect, table)
    return insert.on_conflict_do_nothing()


@cache
def _compiled(dialect: Dialect, statement: ClauseElement, columns: tuple[str, ...]) -> tuple[str, Any]:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler)
    order = compiled.positiontup
    return str(compiled), itemgetter(*order) if order else None


def run_many(tx: Connection, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]) -> None:
    """Runs one statement for many rows on the driver itself, for the two transactions around every vendor write.

    Core's own way costs 4 us a row more. Every value must be one the driver takes as it is, and ``statement`` one that
    is made once and kept: it is compiled once.
    """
    text, order = _compiled(tx.dialect, statement, tuple(rows[0]))
    tx.exec_driver_sql(text, [order(row) for row in rows] if order else list(rows))


def rows_among(
    tx: Connection, text: str, connection: str, values: Sequence[str], *more: str
) -> Sequence[tuple[Any, ...]]:
    """Runs ``text`` + "is one of the values" on the driver's cursor; ``text`` is a constant of its caller's."""
    if tx.dialect.name == "postgresql":
        answer = tx.exec_driver_sql(text.replace("?", "%s") + " = ANY(%s)", (connection, *more, list(values)))
    else:
        answer = tx.exec_driver_sql(f"{text} IN ({','.join('?' * len(values))})", (connection, *more, *values))
    rows: Sequence[tuple[Any, ...]] = answer.cursor.fetchall()
    answer.close()
    return rows
