"""Salesforce's log of deletions: what is read from where to where, and what it can tell no longer."""

from __future__ import annotations

import pytest

from sandbox.salesforce import single
from syncd.model.errors import UnusableCursor
from syncd.model.remote import Cursor
from tests.contract.test_connector_salesforce import PERSON, World

HOUR = 3_600.0
DAY = 24 * HOUR


@pytest.fixture
def world() -> World:
    """An org that is a month old."""
    world = World()
    world.clock.advance(30 * DAY)
    return world


def told(world: World, cursor: Cursor | None, pages: int = 2) -> tuple[list[str], Cursor]:
    """Ids of what left, and where the log is read from next."""
    read = list(world.connector.departures(PERSON, cursor, pages))
    return [gone.ref.id for page in read for gone in page.gone], read[-1].cursor


def objects(world: World, mark: int) -> list[str]:
    """Of which objects the log was read since the mark."""
    paths = [call.path for call in world.org.calls[mark:] if call.operation == "deleted"]
    return [path.partition("/sobjects/")[2].partition("/")[0] for path in paths]


def test_a_long_transaction_is_waited_for(world: World) -> None:
    """What it deletes is stamped with its beginning, and told once it is over: the log is read from there again."""
    lead = world.lead(1)
    _, cursor = told(world, None)
    world.clock.advance(HOUR)
    world.org.commit_later(HOUR)
    world.org.delete("Lead", lead)
    world.org.commit_later(0)
    world.clock.advance(HOUR / 2)
    gone, cursor = told(world, cursor)
    assert gone == []
    world.clock.advance(2 * HOUR)
    gone, cursor = told(world, cursor)
    assert gone == [lead]
    world.clock.advance(HOUR)
    assert told(world, cursor)[0] == []


@pytest.mark.parametrize("refuses", [True, False])
def test_what_the_log_lost_is_not_passed_over(world: World, refuses: bool) -> None:
    """Whether the vendor refuses the window or tells where its log begins: nothing is read as if that were all."""
    world.org.switches.purged_log_refuses = refuses
    _, cursor = told(world, None)
    world.clock.advance(DAY)
    world.org.purge_deletions()
    with pytest.raises(UnusableCursor, match="of Lead does not go back"):
        told(world, cursor)


def test_a_position_of_long_ago_is_not_cut_to_what_the_log_keeps(world: World) -> None:
    """After more than 15 days, without a call."""
    _, cursor = told(world, None)
    world.clock.advance(16 * DAY)
    mark = world.mark()
    with pytest.raises(UnusableCursor):
        told(world, cursor)
    assert objects(world, mark) == []


@pytest.mark.parametrize("refuses", [True, False])
def test_without_a_position_nothing_can_have_been_missed(world: World, refuses: bool) -> None:
    """An org that keeps a log for an hour only is read as far back as it goes, and from there on."""
    world.org.switches.purged_log_refuses = refuses
    kept, lost, late = world.lead(1), world.lead(2), world.lead(3)
    world.org.delete("Lead", lost)
    world.clock.advance(4 * HOUR)
    world.org.purge_deletions()
    world.clock.advance(HOUR)
    world.org.delete("Lead", kept)
    world.clock.advance(120)
    gone, cursor = told(world, None)
    assert gone == [kept]
    world.clock.advance(HOUR)
    world.org.delete("Lead", late)
    world.clock.advance(120)
    assert told(world, cursor)[0] == [late]


def test_every_object_has_its_turn(world: World) -> None:
    """Where somebody runs syncd once a day and a run reads one log, the one that waits longest is read."""
    cursor: Cursor | None = None
    for expected in (["Lead"], ["Contact"], ["Lead"], ["Contact"]):
        mark = world.mark()
        _, cursor = told(world, cursor, pages=1)
        assert objects(world, mark) == expected
        world.clock.advance(DAY)


def test_a_window_with_too_many_ids_is_made_smaller(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is read in parts; none of them is left out."""
    monkeypatch.setattr(single, "MAX_LISTED_IDS", 2)
    _, cursor = told(world, None)
    deleted = []
    for number in range(6):
        world.clock.advance(10 * 60)
        deleted.append(world.lead(number))
        world.org.delete("Lead", deleted[-1])
    world.clock.advance(HOUR)
    seen: set[str] = set()
    for _ in range(6):
        gone, cursor = told(world, cursor)
        seen |= set(gone)
        world.clock.advance(10 * 60)
    assert seen == set(deleted)
