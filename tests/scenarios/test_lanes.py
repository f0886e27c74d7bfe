"""What waits to be carried out by itself, lane by lane: wishes, resyncs, and the writes of a run that is under way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from syncd.engine.cycle import sync
from syncd.engine.forgetting import wish
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Lane, Side
from syncd.operations.lanes import LaneWaits, lanes
from syncd.operations.linking import unlink
from syncd.operations.resyncing import ask
from syncd.ports.memory import PENDING
from tests.scenarios.resyncs import PEOPLE, linked_people, wanted
from tests.scenarios.steps import Steps
from tests.worlds import Both


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


class Watched:
    """Wraps a connector so that somebody looks at the store just before each of its writes."""

    def __init__(self, inner: object, look: Callable[[], None]) -> None:
        self._inner = inner
        self._look = look

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        if name == "for_lane":
            return lambda lane: Watched(found(lane), self._look)
        if name != "write":
            return found

        def write(*args: object, **words: object) -> object:
            self._look()
            return found(*args, **words)

        return write


def test_a_long_run_says_what_it_has_still_to_send(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen while it is at it: less with each lot, since the run began; and nothing of it once it is over."""
    monkeypatch.setattr("syncd.engine.pending.MANY", 10)
    monkeypatch.setattr("syncd.engine.pending.EVERY", 0.0)
    both = steps.both
    people = linked_people(steps)
    for contact, lead in people:
        steps.market(contact, jobtitle="Head")
        steps.sell(lead, City="Bonn")
    seen: list[tuple[int, Instant | None]] = []
    words: list[bytes] = []

    def look() -> None:
        kept = both.store.recall(PENDING)
        words.append(kept[0] if kept else b"")
        found = waiting(both)[Lane.ORDINARY]
        seen.append((found.waiting - len(both.store.open_intents()), found.since))

    both.world.connectors = both.world.connectors.map(
        lambda connector: Watched(connector, look)  # type: ignore[return-value]
    )
    both.clock.advance(3_600)
    began = both.clock.now()
    sync(both.world)
    assert seen[:2] == [(2 * PEOPLE, began), (PEOPLE, began)], "both sides, then the one that is left"
    assert numbers(both) == {}
    both.store.remember(PENDING, words[0], both.clock.now())
    assert numbers(both) == {}, "what a run said that died holds no longer than the run"
