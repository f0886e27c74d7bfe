"""What waits to be carried out by itself, lane by lane: wishes, resyncs, and the writes of a run that is under way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.forgetting import wish
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Lane, Side
from syncd.operations.lanes import LaneWaits, lanes
from syncd.operations.linking import unlink
from syncd.operations.resyncing import ask
from tests.scenarios.resyncs import PEOPLE, linked_people, wanted
from tests.scenarios.steps import Steps
from tests.scenarios.test_crashes import Killed, fresh
from tests.worlds import Both, open_both


def waiting(both: Both) -> dict[Lane, LaneWaits]:
    """By lane, as it is known now."""
    return lanes(both.store, {"person": both.store.count_links("person"), "company": 0}, said={}, retrying=0)


def numbers(both: Both) -> dict[str, int]:
    """How many, of the lanes in which anything waits."""
    return {lane.value: each.waiting for lane, each in waiting(both).items() if each.waiting}


def test_in_step_nothing_waits(steps: Steps) -> None:
    """Every lane is told, and none has anything."""
    linked_people(steps)
    assert list(waiting(steps.both)) == list(Lane)
    assert numbers(steps.both) == {}


def test_wishes_wait_in_their_lanes_since_they_were_said(steps: Steps) -> None:
    """To forget goes before everything, a resync behind it; the oldest of a lane says since when."""
    people = linked_people(steps)
    world, began = steps.both.world, steps.both.clock.now()
    ask(world, wanted(steps, everything=True))
    steps.both.clock.advance(60)
    refs = [(Side.MARKETING, RemoteRef("contacts", people[0][0]))]
    steps.both.store.approve(wish(world, "person", refs, asked=None, salt="x"))
    for contact, _ in people[1:3]:
        ref = RemoteRef("contacts", contact)
        link = steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link
        unlink(steps.both.store, link.id, connection="main", who="ann", now=steps.both.clock.now())
        steps.both.clock.advance(60)
    found = waiting(steps.both)
    since: list[Instant] = [began, began + timedelta(seconds=60), began + timedelta(seconds=60)]
    assert numbers(steps.both) == {"opt_out": 1, "ordinary": 2, "bulk": 2 * PEOPLE}, "both sides are compared"
    assert [found[each].since for each in (Lane.BULK, Lane.OPT_OUT, Lane.ORDINARY)] == since
    sync(world)
    assert numbers(steps.both) == {"ordinary": 2, "bulk": 2 * (PEOPLE - 3)}, "the emptied keys are looked at once more"
    sync(world)
    assert numbers(steps.both) == {"bulk": 2 * (PEOPLE - 3)}


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    """Stand-ins over a store in a file, so that somebody else can look while a run is under way."""
    opened = open_both(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.store.close()


def test_a_long_run_says_what_it_has_still_to_send(both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages before titles: seen while it stands still between two lots, and nothing once it is through."""
    monkeypatch.setattr("syncd.engine.pending.MANY", 10)
    monkeypatch.setattr("syncd.engine.pending.EVERY", 0.0)
    steps = Steps(both)
    people = linked_people(steps)
    for number, (contact, _) in enumerate(people):
        steps.market(contact, jobtitle="Head")
        if number < 3:
            steps.market(contact, hs_lead_status="IN_PROGRESS")
    for lead in (lead for _, lead in people):
        steps.sell(lead, City="Bonn")
    fresh(both, tmp_path, [5])  # dies once the first lot is settled
    both.clock.advance(3_600)
    began = both.clock.now()
    with pytest.raises(Killed):
        sync(both.world)
    left = numbers(both)
    assert sum(left.values()) >= PEOPLE
    assert waiting(both)[Lane.ORDINARY].since == began
    fresh(both, tmp_path, [10**9])
    both.clock.advance(200)
    sync(both.world)
    both.clock.advance(200)
    sync(both.world)
    assert numbers(both) == {}
