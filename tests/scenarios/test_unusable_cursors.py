"""A stored position that cannot be gone on from: the stream begins anew and everything is compared (F29)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from syncd.engine import resync
from syncd.engine.backlog import leave, look_for_departed
from syncd.engine.cycle import sync
from syncd.engine.reconcile import STREAM as SWEEP
from syncd.engine.reconcile import STRETCHES
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.errors import NeedsOperator
from syncd.model.link import LinkState
from syncd.model.remote import Cursor
from syncd.model.resync import STREAM, Resync
from syncd.model.run import StoredCursor
from syncd.model.values import SIDES, Pair, Side
from syncd.observe.log import listen, unlisten
from syncd.operations.resyncing import ask
from syncd.ports.store import Settlement
from tests.scenarios.resyncs import linked_people, unseen, wanted
from tests.scenarios.steps import Steps

FUTURE = 30 * 24 * 3_600


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The events of the test, in order."""
    events: list[str] = []

    def hear(event: str, _keys: Mapping[str, object]) -> None:
        events.append(event)

    listen(hear)
    yield events
    unlisten(hear)


@pytest.fixture
def pairs(steps: Steps) -> list[tuple[str, str]]:
    """Linked people in step: ids of contact and lead."""
    return linked_people(steps)


def unreadable(_cursor: str) -> str:
    """Half of what was written."""
    return '{"v":1,"ed'


def of_another_version(cursor: str) -> str:
    """Written by a syncd that is not this one."""
    return cursor.replace('"v":1', '"v":77')


def in_the_future(cursor: str) -> str:
    """A month ahead of the vendor."""

    def ahead(value: object) -> object:
        match value:
            case dict():
                return {name: ahead(each) for name, each in value.items()}
            case int() if value > 1_000_000_000_000:
                return value + FUTURE * 1000
            case str() if value[:2] == "20":
                return f"{int(value[:4]) + 1}{value[4:]}"
        return value

    return orjson.dumps(ahead(orjson.loads(cursor))).decode()


def spoil(steps: Steps, side: Side, stream: str, how: Callable[[str], str]) -> None:
    """Changes what is stored of a stream."""
    stored = steps.both.store.cursors()
    (row,) = [each for each in stored if (each.kind, each.side, each.stream) == ("person", side, stream)]
    spoilt = StoredCursor(row.kind, row.side, row.stream, Cursor(how(row.cursor)), row.moved_at)
    assert spoilt.cursor != row.cursor
    steps.both.store.settle(Settlement(cursors=[spoilt]), steps.both.clock.now())


def resynced(steps: Steps) -> None:
    """Carries out what was asked for."""
    for request in asked_for(steps.both.store):
        met = Met()
        while not carry_on(steps.both.world, request, met, leave_off=lambda: False):
            pass


@pytest.mark.fault("F29")
@pytest.mark.parametrize("how", [unreadable, of_another_version, in_the_future])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("steady", [True, False], ids=["daemon", "command"])
def test_changes_are_found_all_the_same(
    steps: Steps, pairs: list[tuple[str, str]], how: Callable[[str], str], side: Side, steady: bool, logged: list[str]
) -> None:
    """An edit that the stream would not show arrives in the same cycle or with the full compare; it is told."""
    (one_contact, one_lead), (other_contact, other_lead) = pairs[:2]
    steps.market(one_contact, jobtitle="Director")
    steps.sell(other_lead, City="Lyon")
    steps.both.clock.advance(300.0)
    spoil(steps, side, "changes", how)
    sync(steps.both.world, steady=steady)
    assert "cursor.unusable" in logged
    resynced(steps)
    assert steps.sold(one_lead, "Title") == "Director"
    assert steps.marketed(other_contact, "city") == "Lyon"
    logged.clear()
    steps.market(one_contact, jobtitle="Owner")
    steps.both.clock.advance(60.0)
    sync(steps.both.world, steady=steady)
    assert steps.sold(one_lead, "Title") == "Owner", "the stream goes on"
    assert "cursor.unusable" not in logged
    steps.quiet()


@pytest.mark.fault("F29")
@pytest.mark.parametrize("how", [unreadable, in_the_future])
def test_what_left_is_found_all_the_same(steps: Steps, pairs: list[tuple[str, str]], how: Callable[[str], str]) -> None:
    """The log of deletions is read again from as far back as it goes."""
    _, lead = pairs[0]
    steps.both.clock.advance(3_700.0)
    steps.both.salesforce.delete("Lead", lead)
    spoil(steps, Side.CRM, "departures", how)
    steps.both.clock.advance(3_700.0)
    before = len(steps.both.salesforce.calls)
    sync(steps.both.world)
    assert any("/Lead/deleted" in call.path for call in steps.both.salesforce.calls[before:])
    assert not [
        link for link in steps.both.store.links("person") if link.refs.crm.id == lead and link.state is LinkState.LIVE
    ]


@pytest.mark.fault("F29")
@pytest.mark.parametrize("steady", [True, False], ids=["daemon", "command"])
def test_what_left_without_a_trace_is_found_all_the_same(
    steps: Steps, pairs: list[tuple[str, str]], steady: bool, logged: list[str]
) -> None:
    """Out of the recycle bin, and out of the log before it was read: everything is compared, and the stream goes on."""
    _, lead = pairs[0]
    steps.both.salesforce.delete("Lead", lead)
    steps.both.salesforce.erase("Lead", lead)
    steps.both.clock.advance(4 * 3_600.0)
    steps.both.salesforce.purge_deletions()
    sync(steps.both.world, steady=steady)
    assert "cursor.unusable" in logged
    resynced(steps)
    assert not [
        link for link in steps.both.store.links("person") if link.refs.crm.id == lead and link.state is LinkState.LIVE
    ]
    logged.clear()
    for _ in range(3):
        steps.both.clock.advance(3_600.0)
        sync(steps.both.world, steady=steady)
    assert "cursor.unusable" not in logged


@pytest.mark.fault("F29")
def test_a_gap_in_the_log_of_deletions_keeps_no_edit_waiting(
    steps: Steps, pairs: list[tuple[str, str]], logged: list[str]
) -> None:
    """An opt-out of the same interval is carried by that very cycle of a daemon; however often the log is emptied, one
    compare waits.
    """
    contact, lead = pairs[0]
    for gap in range(3):
        for _ in range(13):
            steps.both.clock.advance(300.0)
            sync(steps.both.world, steady=True)
        steps.both.salesforce.org.deletions_known_since = steps.both.clock.now()
        if not gap:
            steps.sell(lead, HasOptedOutOfEmail=True)
        for _ in range(13):
            steps.both.clock.advance(300.0)
            sync(steps.both.world, steady=True)
            assert steps.marketed(contact, "hs_email_optout") == "true"
    assert logged.count("cursor.unusable") >= 1
    assert sum(request.id.startswith("departed-person-") for request in asked_for(steps.both.store)) == 1


def test_a_compare_that_has_begun_does_not_stand_for_a_later_gap(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have passed whoever left since; one that has not begun stands for both."""
    assert pairs
    monkeypatch.setattr(resync, "LOT", 2)
    world = steps.both.world
    (first,) = look_for_departed(world, "person")
    world.store.approve(first)
    assert not look_for_departed(world, "person")
    assert not carry_on(world, first, Met(), leave_off=lambda: True)
    steps.both.clock.advance(60.0)
    (second,) = look_for_departed(world, "person")
    assert second.id != first.id


@pytest.mark.fault("F29")
def test_gaps_of_the_edits_in_quick_succession_are_compared_once(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One compare that has not begun stands for them all, the log of deletions among them; the edits of each arrive."""
    monkeypatch.setattr(resync, "LOT", 2)
    world, titles = steps.both.world, ["Director", "Head", "Owner"]
    for (contact, _), title in zip(pairs, titles, strict=False):
        steps.market(contact, jobtitle=title)
        steps.both.clock.advance(300.0)
        spoil(steps, Side.CRM, "changes", unreadable)
        sync(world, steady=True)
    (whole,) = asked_for(world.store)
    assert not look_for_departed(world, "person")
    assert not carry_on(world, whole, Met(), leave_off=lambda: True)
    steps.both.clock.advance(300.0)
    spoil(steps, Side.CRM, "changes", unreadable)
    sync(world, steady=True)
    assert len(asked_for(world.store)) == 2, "the one that has begun may have passed what this gap has"
    resynced(steps)
    assert [steps.sold(lead, "Title") for _, lead in pairs][: len(titles)] == titles
    steps.quiet()


@pytest.mark.fault("F29")
def test_a_resync_that_forgot_where_it_was_begins_again(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Its own note that cannot be read, and a position of the vendor in it that cannot."""
    contact, lead = pairs[0]
    request = ask(steps.both.world, wanted(steps, everything=True))
    steps.market(contact, jobtitle="Director")
    for after in ("[0", '[0, "{}", 3]'):
        note = StoredCursor("person", Side.MARKETING, STREAM.format(id=request.id), Cursor(after), request.at)
        steps.both.store.settle(Settlement(cursors=[note]), steps.both.clock.now())
        carry_on(steps.both.world, request, Met(), leave_off=lambda: True)
    resynced(steps)
    assert steps.sold(lead, "Title") == "Director"


@pytest.mark.fault("F29")
def test_a_gap_whose_beginning_is_lost_becomes_a_full_compare(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """A backlog is read from a stored position; without it everything is compared, once."""
    contact, lead = pairs[0]
    steps.market(contact, jobtitle="Director")
    steps.both.clock.advance(300.0)
    world = steps.both.world
    lasts = [each for each in world.store.cursors() if (each.kind, each.stream) == ("person", "changes")]
    lost = [StoredCursor(each.kind, each.side, each.stream, Cursor("{"), each.moved_at) for each in lasts]
    planner = world.planner("person")
    wish, _ = leave(world, "person", lost, Pair(*(planner.lens.shape(side) for side in SIDES)))
    world.store.approve(wish)
    assert not carry_on(world, wish, Met(), leave_off=lambda: False)
    (whole,) = asked_for(world.store)
    assert Resync.read(whole.argument) == Resync(kinds=("person",))
    resynced(steps)
    assert steps.sold(lead, "Title") == "Director"


@pytest.mark.fault("F29")
@pytest.mark.parametrize("note", ["[0,", "null", '[0, "{}", {}]', "[1, null, []]"])
def test_a_sweep_that_forgot_where_it_was_begins_again(
    steps: Steps, pairs: list[tuple[str, str]], note: str, logged: list[str]
) -> None:
    """What no stream shows is found all the same."""
    steps.both.clock.advance(30.0)
    sync(steps.both.world, steady=True)
    (row,) = [each for each in steps.both.store.cursors() if each.stream == SWEEP]
    lost = StoredCursor(row.kind, row.side, row.stream, Cursor(note), row.moved_at)
    steps.both.store.settle(Settlement(cursors=[lost]), steps.both.clock.now())
    unseen(steps, pairs[0][0], "Director")
    for _ in range(len(STRETCHES) * len(steps.both.world.connection.kinds)):
        steps.both.clock.advance(30.0)
        sync(steps.both.world, steady=True)
    assert "cursor.unusable" in logged
    assert steps.sold(pairs[0][1], "Title") == "Director"


@pytest.mark.fault("F29")
def test_a_resync_from_a_time_that_is_still_to_come_ends_with_a_sentence(
    steps: Steps, pairs: list[tuple[str, str]]
) -> None:
    """As where the clock of this machine is hours ahead of the vendors': it is over, and not tried for ever."""
    world, later = steps.both.world, steps.both.clock.now() + timedelta(hours=3)
    request = ask(world, replace(wanted(steps, since="1h"), since=later))
    with pytest.raises(NeedsOperator, match="see that the clock of this machine is right"):
        carry_on(world, request, Met(), leave_off=lambda: False)
    assert asked_for(world.store) == []
    steps.market(pairs[0][0], jobtitle="Director")
    steps.cycle()
    assert steps.sold(pairs[0][1], "Title") == "Director"
