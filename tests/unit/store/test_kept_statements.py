"""Kept statements on the driver itself: what they store and return, and that their errors are ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import bindparam, delete, insert, literal, select, update

from syncd.model.errors import Bug, NeedsOperator, RetryLater
from syncd.store.database import Database
from syncd.store.dialects import compiled, only, run
from syncd.store.lent import lending
from syncd.store.open import open_database
from syncd.store.tables import memory

NAME = "ann@firm.com"
ROW = {"connection": "main", "name": NAME, "content": b"\x00\xff", "at": 7}
_INSERT = insert(memory)
_SELECT = select(memory.c.content, memory.c.at, literal(3).label("three")).where(memory.c.name == bindparam("n"))
_MORE = update(memory).where(memory.c.name == bindparam("n")).values(at=memory.c.at + 5).returning(memory.c.at)
_DELETE = delete(memory).where(memory.c.name == bindparam("n"))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A store in a file, which two connections can open."""
    return open_database(f"sqlite:///{tmp_path}/state.db")


def test_a_kept_statement_stores_and_returns(database: Database) -> None:
    """Rows have their columns' names, constants of a statement are bound, and what is returned was stored."""
    assert database.once("store", _INSERT, ROW) == []
    (row,) = database.once("read", _SELECT, {"n": NAME})
    assert (row.content, row.at, row.three) == (b"\x00\xff", 7, 3)
    assert only(database.once("add", _MORE, {"n": NAME})) == 12
    with database.reading("read") as tx:
        assert only(run(tx, _SELECT, {"n": NAME})) == b"\x00\xff"
        assert [each.at for each in run(tx, _SELECT, {"n": NAME})] == [12]
    database.once("delete", _DELETE, {"n": NAME})
    assert only(database.once("read", _SELECT, {"n": NAME})) is None


def test_what_one_store_compiled_is_compiled_for_another_one(database: Database, tmp_path: Path) -> None:
    """Both have the same library, and each stores and reads its own."""
    other = open_database(f"sqlite:///{tmp_path}/other.db")
    other.once("store", _INSERT, ROW)
    assert len(other.once("read", _SELECT, {"n": NAME})) == 1
    assert database.once("read", _SELECT, {"n": NAME}) == []
    kept = [compiled(each.engine.dialect, _SELECT, ("n",)) for each in (database, other)]
    assert kept[0] is kept[1]


def test_an_error_of_the_driver_is_ours_and_names_no_value(database: Database) -> None:
    """In a transaction of its own and within another one; both are taken back, and the connection works on."""
    database.once("store", _INSERT, ROW)
    with pytest.raises(Bug, match="cannot store twice: SQLite says CONSTRAINT") as alone:
        database.once("store twice", _INSERT, ROW)

    def both() -> None:
        with database.writing("store twice") as tx:
            run(tx, _MORE, {"n": NAME})
            run(tx, _INSERT, ROW)

    with pytest.raises(Bug, match="cannot store twice: SQLite says CONSTRAINT") as within:
        both()
    assert NAME not in str(alone.value) + str(within.value)
    assert [each.at for each in database.once("read", _SELECT, {"n": NAME})] == [7]


def test_a_kept_statement_that_writes_waits_for_the_lock(database: Database) -> None:
    """It takes the write lock at its start; who does not get it is told to come later, and nothing is stored."""
    other = Database(open_database(str(database.engine.url)).engine)
    with lending(other.engine).lent() as waiting, waiting.begin():
        assert waiting.connection.driver_connection is not None
        waiting.connection.driver_connection.execute("PRAGMA busy_timeout = 1")
    with database.writing("hold the lock") as tx:
        run(tx, _INSERT, ROW)
        with pytest.raises(RetryLater, match="locked"):
            other.once("store", _INSERT, ROW)
        assert other.once("read", _SELECT, {"n": NAME}) == []
    assert len(other.once("read", _SELECT, {"n": NAME})) == 1


def test_a_kept_statement_notices_a_replaced_file(database: Database, tmp_path: Path) -> None:
    """As every transaction does: a row must not vanish with a file that was moved away."""
    database.once("store", _INSERT, ROW)
    (tmp_path / "state.db").rename(tmp_path / "moved.db")
    with pytest.raises(NeedsOperator, match="moved, deleted or replaced"):
        database.once("delete", _DELETE, {"n": NAME})
