"""Connections lent to transactions: kept open, never shared, given up when something fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection

from syncd.model.errors import Bug, RetryLater
from syncd.store import lent
from syncd.store.database import Database
from syncd.store.lent import lending
from syncd.store.open import open_database


@pytest.fixture(params=["file", "memory"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """One store in a file, one in memory."""
    opened = open_database(f"sqlite:///{tmp_path}/state.db" if request.param == "file" else "sqlite://")
    yield opened
    opened.close()


def driver(connection: Connection) -> object:
    """What is behind it."""
    return connection.connection.driver_connection


def half_done(database: Database) -> None:
    """A transaction that fails after its first row."""
    with database.writing("write") as tx:
        tx.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('half', 'done')")
        tx.exec_driver_sql("INSERT INTO nowhere VALUES (1)")


def test_one_after_the_other_has_the_same_connection(database: Database) -> None:
    """Whoever asks for it, and for whatever."""
    with database.reading("look") as tx:
        first = driver(tx)
    with Database(database.engine).writing("write") as tx:
        assert driver(tx) is first


def test_at_the_same_time_each_has_its_own(tmp_path: Path) -> None:
    """And the one used last is the next that is lent."""
    database = open_database(f"sqlite:///{tmp_path}/state.db")
    with database.reading("look") as one, database.reading("look again") as other:
        seen = driver(other), driver(one)
        assert seen[0] is not seen[1]
    with database.reading("look") as tx:
        assert driver(tx) is seen[1]
    database.close()


def test_in_memory_the_second_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the connection afterwards; who waits for too long is told to come later."""
    database = open_database("sqlite://")
    begun, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def first() -> None:
        with database.writing("hold it"):
            begun.set()
            go_on.wait(10)
            order.append("first")

    holding = threading.Thread(target=first)
    holding.start()
    assert begun.wait(10)
    monkeypatch.setattr(lent, "TURN_SECONDS", 0.01)
    with pytest.raises(RetryLater, match="all connections to the store are in use"), database.reading("look"):
        pass
    monkeypatch.setattr(lent, "TURN_SECONDS", 30.0)
    go_on.set()
    with database.reading("look"):
        order.append("second")
    holding.join(10)
    assert order == ["first", "second"]
    database.close()


def test_what_fails_gives_its_connection_up(tmp_path: Path) -> None:
    """It is closed, with whatever it had not committed; in memory too the next transaction goes on."""
    for url in (f"sqlite:///{tmp_path}/state.db", "sqlite://"):
        database = open_database(url)
        count = "SELECT count(*) FROM meta"
        with database.reading("count") as tx:
            before = tx.exec_driver_sql(count).scalar()
        with pytest.raises(Bug, match="cannot write"):
            half_done(database)
        with database.writing("count") as tx:
            assert tx.exec_driver_sql(count).scalar() == before
        database.close()


def test_what_failed_is_lent_to_nobody_as_it_is(tmp_path: Path) -> None:
    """A transaction that nobody has ended by then is taken back before the connection serves anybody else."""
    database = open_database(f"sqlite:///{tmp_path}/state.db")
    with suppress(ZeroDivisionError), lending(database.engine).lent() as connection:
        connection.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('half', 'done')")
        raise ZeroDivisionError
    with database.reading("count") as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM meta WHERE key = 'half'").scalar() == 0
    database.close()


def test_closed_it_keeps_no_file_open(tmp_path: Path) -> None:
    """SQLite takes its log away with the last connection."""
    database = open_database(f"sqlite:///{tmp_path}/state.db")
    with database.reading("look"), lending(database.engine).lent():
        pass
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]
