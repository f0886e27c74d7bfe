"""The chain over what operators did and whom they read, on SQLite and on PostgreSQL: whole after all that syncd does,
broken by all else, and found so by whoever verifies the audit.
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
from syncd.store.codec import to_ms
from syncd.store.database import Database
from tests.fakes import START

READ = Deed("r1", START, "ana", Sort.SESSION, "main", "people.read", "L1", status=200)
COMMAND = Deed("c1", START, "ana", Sort.SESSION, "main", "pause", "", "key", b"asked")


@pytest.fixture
def doors(store: SqlStore) -> SqlDoors:
    """The doors of the same database, through which three have read while somebody paused."""
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


def test_deeds_verify(store: SqlStore, doors: SqlDoors) -> None:
    """Also one that was stored twice, one from before the chain, and a command under way; each is listed once."""
    doors.begin_deed(replace(READ, id="r2", about="another"))
    doors.end_deed(replace(COMMAND, status=503, about="what ended stays as it is"))
    doors.begin_deed(replace(COMMAND, id="c2", key=None))
    found = store.verify_audit()
    assert (found.flaws, found.reads, found.commands) == ([], 3, 1)
    assert sorted((each.id, each.status) for each in doors.deeds(9) if each.id[0] == "c") == [("c1", 200), ("c2", None)]
    old = "INSERT INTO deed VALUES ('o', 1, 'ana', 'session', 'main', 'people.read', 'L9', NULL, :b, 200, NULL)"
    with store.engine.begin() as connection:
        connection.execute(text(old), {"b": b""})
    assert store.verify_audit().flaws == []


def test_what_was_asked_for_is_kept_as_long_as_its_key(store: SqlStore, doors: SqlDoors) -> None:
    """The second call gets the first answer; a day later no digest of what was typed is left, and it verifies still."""
    again = doors.begin_deed(replace(COMMAND, id="c9"))
    assert again is not None
    assert (again.id, again.asked, again.status, again.answer) == ("c1", b"asked", 200, "{}")
    doors.begin_deed(replace(COMMAND, id="c3", key="other"))
    older = "INSERT INTO deed VALUES ('o', :at, 'ana', 'session', 'main', 'pause', '', NULL, :asked, 200, NULL)"
    with store.engine.begin() as connection:  # as versions before the chain left it
        connection.execute(text(older), {"at": to_ms(START - timedelta(days=1)), "asked": b"asked"})
    doors.tidy(START + timedelta(days=2))
    with store.engine.begin() as connection:
        kept = [bytes(asked) for (asked,) in connection.execute(text("SELECT asked FROM deed"))]
    assert not any(b"asked" in each for each in kept)
    assert (store.verify_audit().flaws, store.verify_audit().commands) == ([], 1)


def test_a_command_whose_beginning_is_not_there_is_stored_whole(store: SqlStore, doors: SqlDoors) -> None:
    """As where it put another store in the place of the one in which it began."""
    doors.end_deed(replace(COMMAND, id="c7", key=None, what="store.restore", status=0))
    assert (store.verify_audit().flaws, store.verify_audit().commands) == ([], 2)
    assert ("store.restore", 0) in [(each.what, each.status) for each in doors.deeds(9)]


SLIPPED = "INSERT INTO deed SELECT 'x', at + 1, who, way, connection, what, about, NULL, asked, status, '' FROM deed"


@pytest.mark.parametrize(
    ("done", "told"),
    [
        ("UPDATE deed SET about = 'L7' WHERE id = 'r1'", "deed 2 (2026-"),
        ("UPDATE deed SET at = at + 1 WHERE id = 'r0'", "deed 1 ("),
        ("UPDATE deed SET who = 'bob' WHERE id = 'c1'", "UTC, bob, pause): it was altered or slipped in"),
        ("UPDATE deed SET status = 404 WHERE id = 'c1'", "deed 4 ("),
        ("UPDATE deed SET asked = substr(asked, 1, 40) WHERE id = 'c1'", "deed 4 ("),
        ("UPDATE deed SET asked = substr(asked, 1, 5) WHERE id = 'c1'", "was cut behind deed 3 of 4"),
        ("DELETE FROM deed WHERE id = 'c1'", "was cut behind deed 3 of 4"),
        ("DELETE FROM deed WHERE id = 'r1'", "deed 2: removed"),
        ("DELETE FROM deed WHERE id IN ('r0', 'r1')", "deeds 1 to 2: removed"),
        ("DELETE FROM deed", "was cut behind deed 0 of 4"),
        ("DELETE FROM meta WHERE key = 'reads'", "where the deeds end was removed"),
        ("UPDATE deed SET asked = (SELECT d.asked FROM deed d WHERE d.id = 'r1') WHERE id = 'r0'", "deed 2 ("),
        (f"{SLIPPED} WHERE id = 'c1'", "UTC, ana, pause): it stands in the place of another"),
        (f"{SLIPPED.replace('asked,', 'substr(asked, 1, 5),')} WHERE id = 'c1'", "a deed without a place (2026-"),
    ],
)
def test_what_was_done_to_them_is_told(store: SqlStore, doors: SqlDoors, done: str, told: str) -> None:
    """Altered, removed, cut, moved, slipped in: each is named, with what to do."""
    found = spoil(store, done)
    assert any(told in flaw for flaw in found.flaws), found.flaws
    assert all("ask who can write to the store" in flaw for flaw in found.flaws)


def test_a_command_that_lasted_goes_with_what_stands_before_it(store: SqlStore, doors: SqlDoors) -> None:
    """It began before looks that have an earlier place: it stays as long as the last of them, and the rest verifies."""
    doors.begin_deed(replace(READ, id="r9", at=START + timedelta(minutes=9)))
    for age, left in (
        (timedelta(seconds=30), (3, 1)),
        (timedelta(seconds=30), (3, 1)),
        (timedelta(minutes=5), (1, 0)),
        (timedelta(days=1), (0, 0)),
    ):
        doors.tidy(START + timedelta(days=400) + age)
        found = store.verify_audit()
        assert (found.flaws, (found.reads, found.commands)) == ([], left)
    assert doors.deeds(9) == []


def test_what_is_old_is_forgotten_and_the_rest_goes_on_from_it(store: SqlStore, doors: SqlDoors) -> None:
    """By age alone; somebody who removes younger ones and moves the anchor is told of."""
    later = START + timedelta(days=400, minutes=1, seconds=30)
    doors.tidy(later)
    found = store.verify_audit()
    assert (found.flaws, found.reads, [each.id for each in doors.deeds(9)]) == ([], 1, ["r2", "c1"])
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
