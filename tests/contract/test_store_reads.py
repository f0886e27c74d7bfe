"""The chain over the entries of reading, on SQLite and on PostgreSQL: whole after all that syncd does, broken by all
else, and found so by whoever verifies the audit.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from syncd.model.audit import Verified
from syncd.model.operator import Deed, Sort
from syncd.store import SqlDoors, SqlStore
from syncd.store.database import Database
from tests.fakes import START

READ = Deed("r1", START, "ana", Sort.SESSION, "main", "people.read", "L1", status=200)
COMMAND = Deed("c1", START, "ana", Sort.SESSION, "main", "pause", "", "key", b"asked")


@pytest.fixture
def doors(store: SqlStore) -> SqlDoors:
    """The doors of the same database, through which three have read, and somebody paused."""
    doors = SqlDoors(Database(store.engine))
    doors.begin_deed(COMMAND)
    for number in range(3):
        doors.begin_deed(replace(READ, id=f"r{number}", at=START + timedelta(minutes=number), about=f"L{number}"))
    doors.end_deed(replace(COMMAND, status=200, answer="{}"))
    return doors


def spoil(store: SqlStore, *statements: str) -> Verified:
    """What is found once somebody has done this to the database."""
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    return store.verify_audit()


def test_entries_of_reading_verify(store: SqlStore, doors: SqlDoors) -> None:
    """Also one that was stored twice, and one from before the chain; a command is none."""
    doors.begin_deed(replace(READ, id="r2", about="another"))
    found = spoil(store, "UPDATE deed SET about = 'main' WHERE id = 'c1'")
    assert (found.flaws, found.reads) == ([], 3)
    old = "INSERT INTO deed VALUES ('o', 1, 'ana', 'session', 'main', 'people.read', 'L9', NULL, :b, 200, NULL)"
    with store.engine.begin() as connection:
        connection.execute(text(old), {"b": b""})
    assert store.verify_audit().flaws == []


@pytest.mark.parametrize(
    ("done", "told"),
    [
        ("UPDATE deed SET about = 'L7' WHERE id = 'r1'", "entry 2 of reading (2026-"),
        ("UPDATE deed SET who = 'bob' WHERE id = 'r2'", "entry 3 of reading"),
        ("UPDATE deed SET at = at + 1 WHERE id = 'r0'", "entry 1 of reading"),
        ("DELETE FROM deed WHERE id = 'r1'", "entry 2 of reading: removed"),
        ("DELETE FROM deed WHERE id IN ('r0', 'r1')", "entries 1 to 2 of reading: removed"),
        ("DELETE FROM deed WHERE id = 'r2'", "was cut behind entry 2 of 3"),
        ("DELETE FROM deed", "was cut behind entry 0 of 3"),
        ("DELETE FROM meta WHERE key = 'reads'", "where the entries of reading end was removed"),
        ("UPDATE deed SET asked = (SELECT d.asked FROM deed d WHERE d.id = 'r1') WHERE id = 'r0'", "of reading"),
    ],
)
def test_what_was_done_to_them_is_told(store: SqlStore, doors: SqlDoors, done: str, told: str) -> None:
    """Altered, removed, cut, moved: each is named, with what to do."""
    found = spoil(store, done)
    assert any(told in flaw for flaw in found.flaws), found.flaws
    assert all("ask who can write to the store" in flaw for flaw in found.flaws)


def test_what_is_old_is_forgotten_and_the_rest_goes_on_from_it(store: SqlStore, doors: SqlDoors) -> None:
    """By age alone; somebody who removes younger ones and moves the anchor is told of."""
    later = START + timedelta(days=400, minutes=1, seconds=30)
    doors.tidy(later)
    found = store.verify_audit()
    assert (found.flaws, found.reads, [each.id for each in doors.deeds(9)]) == ([], 1, ["r2"])
    doors.begin_deed(replace(READ, id="r9", at=later))
    doors.tidy(later)
    assert (store.verify_audit().flaws, store.verify_audit().reads) == ([], 2)
    doors.tidy(later + timedelta(days=401))
    assert (store.verify_audit().flaws, store.verify_audit().reads) == ([], 0)
    doors.begin_deed(replace(READ, id="s1", at=later))
    assert store.verify_audit().reads == 1
    with store.engine.begin() as connection:
        told = connection.execute(text("SELECT value FROM meta WHERE key = 'reads.pruned'")).scalar_one()
        number, hash, at, pruned = told.strip("[]").split(", ")
        moved = f"[{number}, {hash}, {pruned}, {pruned}]"
        connection.execute(text("UPDATE meta SET value = :v WHERE key = 'reads.pruned'"), {"v": moved})
    (flaw,) = store.verify_audit().flaws
    assert at != pruned
    assert "before they were 400 days old: not by syncd" in flaw


def test_two_who_read_at_once_do_not_fork_it(store: SqlStore, doors: SqlDoors) -> None:
    """Whoever comes second goes on from the first."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: doors.begin_deed(replace(READ, id=f"p{number}")), range(20)))
    found = store.verify_audit()
    assert (found.flaws, found.reads) == ([], 23)
