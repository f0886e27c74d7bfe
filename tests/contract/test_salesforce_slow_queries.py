"""Queries that take Salesforce too long (QUERY_TIMEOUT): less is asked for until it answers, and nothing is lost."""

from __future__ import annotations

from itertools import islice

import pytest

from connectors.salesforce.errors import SlowQuery
from syncd.model.remote import Cursor, Departure, Page
from tests.contract.test_connector_salesforce import PERSON, World, ids

HOUR = 3_600.0


@pytest.fixture
def world() -> World:
    """A new org."""
    return World()


def backlog(world: World, count: int = 120) -> tuple[Cursor, list[str]]:
    """A position, and Leads and Contacts that were made since, half a minute apart."""
    cursor = world.connector.start(PERSON)
    _, cursor = world.changes(cursor)
    made = []
    for number in range(count):
        world.clock.advance(30)
        made.append(world.lead(number) if number % 4 else world.org.insert("Contact", {"LastName": "K"}))
    world.clock.advance(30)
    world.connector.identity()
    return cursor, made


def rereads(pages: list[Page]) -> int:
    """Records that were read only to look again."""
    return sum(page.reread for page in pages)


def test_changes_come_in_stretches_of_time(world: World) -> None:
    """All of them, of every object, in few more calls than stretches; then a poll is one call as ever."""
    cursor, made = backlog(world)
    world.org.switches.slow_query_rows = 10
    mark = world.mark()
    pages, cursor = world.changes(cursor)
    assert set(ids(pages)) == set(made)
    assert len(ids(pages)) - rereads(pages) == len(made)
    assert len(world.operations(mark)) < 60
    for _ in range(3):
        world.clock.advance(60)
        mark = world.mark()
        pages, cursor = world.changes(cursor)
        assert len(ids(pages)) == rereads(pages)
        assert world.operations(mark) == ["composite"]


def test_the_second_look_comes_in_stretches_too(world: World) -> None:
    """What was read while all was well is looked at once more, and never again; the last one came twice anyway."""
    cursor = world.connector.start(PERSON)
    made = []
    for number in range(100):
        world.clock.advance(1)
        made.append(world.lead(number))
        if number % 10 == 9:
            pages, cursor = world.changes(cursor)
            assert rereads(pages) == 0
    world.org.switches.slow_query_rows = 10
    again = []
    for _ in range(4):
        world.clock.advance(300)
        pages, cursor = world.changes(cursor)
        again += ids([page for page in pages if page.reread])
    assert sorted(again) == sorted(made[:-1])


def test_what_was_read_before_an_interruption_stays_read(world: World) -> None:
    """From the cursor of any page the rest comes; of what was read before, only the end comes once more."""
    cursor, made = backlog(world)
    world.org.switches.slow_query_rows = 10
    whole = len(list(world.connector.changes(PERSON, cursor)))
    assert whole > 6
    for count in range(1, whole):
        some = list(islice(world.connector.changes(PERSON, cursor), count))
        rest, _ = world.changes(some[-1].cursor)
        assert set(ids([*some, *rest])) == set(made)
        assert len(ids(some)) + len(ids(rest)) - rereads([*some, *rest]) <= len(made) + 10


def test_a_late_commit_within_a_stretch_is_found(world: World) -> None:
    """A row that appears in a time that was read in stretches is found by the second look."""
    cursor, _ = backlog(world, 60)
    world.org.commit_later(100)
    late = world.lead(900)
    world.org.commit_later(0)
    world.org.switches.slow_query_rows = 10
    world.clock.advance(20)
    seen: set[str] = set()
    for _ in range(10):
        pages, cursor = world.changes(cursor)
        seen |= set(ids(pages))
        world.clock.advance(60)
    assert late in seen


def test_departures_and_wishes_come_beside_the_stretches(world: World) -> None:
    """What was deleted is in them, and a page never holds what an earlier cursor is behind."""
    cursor, made = backlog(world)
    gone = [id_ for id_ in made if id_.startswith("00Q")][::20]
    for id_ in gone:
        world.org.delete("Lead", id_)
        world.clock.advance(30)
    world.org.switches.slow_query_rows = 10
    pages, _ = world.changes(cursor)
    told = {each.ref.id for page in pages for each in page.gone if each.how is Departure.DELETED}
    assert told == set(gone)
    assert set(ids(pages)) == set(made) - set(gone)


def test_a_second_that_takes_too_long_is_told(world: World) -> None:
    """Nothing shorter can be asked for: the error says what helps, and once it does, nothing is missing."""
    cursor, made = backlog(world, 20)
    crowd = world.org.load("Lead", [{"LastName": "L", "Company": "C"} for _ in range(30)])
    world.org.touch("Lead", crowd)
    world.clock.advance(30)
    world.org.switches.slow_query_rows = 20
    with pytest.raises(SlowQuery, match=r"what changed in Lead within a second.*formula fields") as why:
        world.changes(cursor)
    assert not why.value.sent
    world.org.switches.slow_query_rows = 0
    assert set(ids(world.changes(cursor)[0])) == {*made, *crowd}


def test_no_second_needs_what_is_behind_it(world: World) -> None:
    """Where a stretch of one second is all that is answered, it is that second alone."""
    cursor = world.connector.start(PERSON)
    made = []
    for number in range(40):
        world.clock.advance(1)
        made += [world.lead(2 * number), world.lead(2 * number + 1)]
    world.clock.advance(200)
    world.connector.identity()
    world.org.switches.slow_query_rows = 2
    assert sorted(ids(world.changes(cursor)[0])) == sorted(made)


def test_a_scan_asks_for_smaller_pages(world: World) -> None:
    """Every record once, while the vendor answers a page that is worth a call."""
    made = world.org.load("Lead", [{"LastName": f"L{n}", "Company": "C"} for n in range(700)])
    world.org.switches.slow_query_rows = 300
    assert ids(list(world.connector.scan(PERSON))) == sorted(made)
    world.org.switches.slow_query_rows = 100
    with pytest.raises(SlowQuery, match="formula fields"):
        list(world.connector.scan(PERSON))
