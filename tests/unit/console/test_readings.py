"""Reading personal data leaves an entry: who, when, whom by id; once in ten minutes; and it never has to wait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from syncd.console.readings import MOST, Readings
from syncd.model.errors import NeedsOperator
from syncd.model.link import Base
from syncd.model.operator import Deed, Role
from syncd.model.values import Pair
from syncd.observe.log import listen, unlisten
from syncd.ports.store import Settlement
from syncd.store import SqlDoors
from syncd.store.engine import sqlite_module
from tests.fakes import START
from tests.unit.console.test_api import C, conflict, link
from tests.visits import House, house


@pytest.fixture
def console(tmp_path: Path) -> Iterator[House]:
    """With two people and a conflict about one of them."""
    with house(tmp_path) as made:
        values = {"email": "ada@example.com", "first_name": "Ada", "last_name": "King"}
        other = {"email": "adam@example.com", "first_name": "Adam", "last_name": "Smith"}
        settlement = Settlement(
            links=[link("ada"), link("bob")],
            bases=[("ada", Base(values, Pair({}, {}))), ("bob", Base(other, Pair({}, {})))],
            conflicts=[conflict("c1")],
        )
        made.store.settle(settlement, START)
        yield made


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, object]]]]:
    """What the log is told of readings."""
    told: list[tuple[str, dict[str, object]]] = []

    def hear(event: str, keys: Mapping[str, object]) -> None:
        if event in ("console.read", "reading.unnoted"):
            told.append((event, dict(keys)))

    listen(hear)
    yield told
    unlisten(hear)


def entries(console: House, number: int) -> list[Deed]:
    """So many entries, the oldest first; they are stored a moment after the answer."""
    until = time.monotonic() + 10
    while len(found := console.desk.entrance.doors.deeds(99)) < number and time.monotonic() < until:
        time.sleep(0.01)
    return sorted(found, key=lambda deed: (deed.at, deed.what))


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/people/ada", "people.read"),
        ("/people?q=ada@example.com", "people.found"),
        ("/conflicts", "conflicts.read"),
        (f"{C}/records/ada", "people.read"),
        (f"{C}/records?q=king", "people.found"),
        (f"{C}/conflicts", "conflicts.read"),
        (f"{C}/conflicts/c1", "conflicts.read"),
    ],
)
def test_a_look_says_who_when_and_whom(console: House, path: str, what: str) -> None:
    """By id: neither an address nor a name is in the entry."""
    caller = console.program(Role.VIEWER) if path.startswith(C) else console.as_role(Role.VIEWER)
    assert caller.get(path).status == 200
    (found,) = entries(console, 1)
    assert (found.who, found.at, found.what, found.about) == ("viewer1", console.clock.now(), what, "ada")
    assert (found.connection, found.status) == ("main", 200)


def test_a_page_that_is_fetched_again_and_again_is_one_entry(console: House) -> None:
    """Of each session, for ten minutes; what was not there, or was not shown, is none."""
    browser, other = console.as_role(Role.VIEWER), console.as_role(Role.OPERATOR)
    for _ in range(20):
        browser.get("/people/ada")
    other.get("/people/ada")
    assert other.get("/people/nobody").status == 404
    assert console.caller().get("/people/ada").status == 303
    assert [each.who for each in entries(console, 2)] == ["viewer1", "operator1"]
    console.clock.advance(600)
    browser.get("/people/ada")
    assert [each.who for each in entries(console, 3)].count("viewer1") == 2


def test_a_search_notes_whom_it_shows_for_the_first_time(console: House) -> None:
    """While somebody types, one more entry only where somebody more is shown; what was typed is not in it."""
    browser = console.as_role(Role.VIEWER)
    for text in ("adam", "ada", "ad", "ada@example.com"):
        browser.get(f"/people?q={text}")
    assert sorted(each.about for each in entries(console, 2)) == ["ada", "bob"]


def test_a_busy_store_keeps_nobody_from_reading(console: House) -> None:
    """Another process holds the store's lock: the page is there at once, the entry as soon as the lock is gone."""
    browser = console.as_role(Role.VIEWER)
    browser.get("/issues")
    with closing(sqlite_module().connect(console.database.engine.url.database, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert browser.get("/people/ada").status == 200
        assert time.monotonic() - began < 3
        assert console.desk.entrance.doors.deeds(9) == []
        busy.execute("ROLLBACK")
    (found,) = entries(console, 1)
    assert found.about == "ada"


def test_an_entry_that_cannot_be_stored_is_told_and_tried_again(
    console: House, monkeypatch: pytest.MonkeyPatch, heard: list[tuple[str, dict[str, object]]]
) -> None:
    """The disk is full: the page is shown, the log says who read whom, and the next look is noted."""
    browser = console.as_role(Role.VIEWER)

    def full(*_: object) -> None:
        raise NeedsOperator("no room")

    with monkeypatch.context() as patch:
        patch.setattr(SqlDoors, "begin_deed", full)
        assert browser.get("/people/ada").status == 200
        until = time.monotonic() + 10
        while len(heard) < 2 and time.monotonic() < until:
            time.sleep(0.01)
    (read, keys), (unnoted, _) = heard
    assert (read, unnoted) == ("console.read", "reading.unnoted")
    assert (keys["who"], keys["about"]) == ("viewer1", "ada")
    browser.get("/people/ada")
    assert [each.about for each in entries(console, 1)] == ["ada"]


def test_what_is_remembered_of_looks_is_bounded() -> None:
    """A program that reads everybody is noted for each, and the memory stays small."""
    readings = Readings()
    for number in range(3 * MOST):
        assert readings.news([("token", "main", "people.read", str(number))], START)
    assert len(readings._noted) <= MOST + 1
