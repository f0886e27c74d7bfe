"""One plan of a changed world: whatever was met is decided on once, and in whichever order it was met, alike."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from syncd.engine.gather import Gather
from syncd.engine.gathered import Gathered
from syncd.engine.plans import kind_plan, plan_digest
from syncd.engine.prepare import decide
from syncd.model.plan import Adopt, Decision, Hold
from syncd.model.remote import RemoteRef
from syncd.model.values import SIDES, Pair, Side
from tests.simulation.small_world import SmallWorld


def changed(seed: int) -> SmallWorld:
    """A world that was changed on both sides and not looked at since."""
    small = SmallWorld(seed)
    for side in SIDES:
        small.perturb(side)
    return small


def decided(small: SmallWorld, kind: str, order: random.Random | None) -> tuple[Gathered, list[Decision]]:
    """All decisions on one kind, and what they were made of; met in another order if one is given."""
    gathered = Gather(small.world, kind, full=order is None or order.random() < 0.5).read()
    if order is not None:
        gathered = shuffled(gathered, order)
    inputs = replace(
        gathered, meetings=dict(gathered.meetings), strays=gathered.strays.map(dict), gone=list(gathered.gone)
    )
    return inputs, decide(small.world, small.world.planner(kind), gathered)


def shuffled(gathered: Gathered, order: random.Random) -> Gathered:
    """The same, met in another order."""
    meetings = list(gathered.meetings.items())
    strays = Pair(*(list(gathered.strays.of(side).items()) for side in SIDES))
    for rows in (meetings, *strays, gathered.gone, gathered.moved, gathered.back):
        order.shuffle(rows)
    return replace(gathered, meetings=dict(meetings), strays=strays.map(dict))


@pytest.mark.parametrize("kind", ["company", "person"])
def test_the_order_of_what_is_met_changes_nothing(kind: str) -> None:
    """Shuffled input, or a delta instead of a full compare: the same plan, the same digest."""
    for seed in range(60):
        digests = set()
        for number in range(4):
            small = changed(seed)
            gathered, decisions = decided(small, kind, random.Random(number) if number else None)
            digests.add(plan_digest([kind_plan(kind, decisions, gathered)]))
        assert len(digests) == 1, f"seed {seed}"


@pytest.mark.parametrize("kind", ["company", "person"])
def test_every_input_is_in_exactly_one_decision(kind: str) -> None:
    """Each linked record that was met is decided on once; each stray is in one decision, or in one question."""
    for seed in range(200):
        gathered, decisions = decided(changed(seed), kind, None)
        links = Counter(each.link.id for each in decisions if each.link.refs.marketing.id and each.link.refs.crm.id)
        departed = {found.link.id for found, _, _ in (*gathered.gone, *gathered.moved)}
        for link in gathered.meetings.keys() | departed:
            assert links[link] == 1, f"seed {seed}: {link} is decided on {links[link]} times"
        placed: Counter[tuple[Side, RemoteRef]] = Counter()
        for decision in decisions:
            placed.update(records_of(decision))
        arrived = {
            (side, move.new) for _, side, move in gathered.moved
        }  # linked by their move, if a question shows them
        for side in SIDES:
            for ref in gathered.strays.of(side).keys() - {ref for each, ref in arrived if each is side}:
                assert placed[side, ref] == 1, f"seed {seed}: {side}:{ref} is in {placed[side, ref]} decisions"


def records_of(decision: Decision) -> set[tuple[Side, RemoteRef]]:
    """The records that a decision is about: those it saw, those it links, those it asks about."""
    about = {(side, record.ref) for side in SIDES if (record := decision.seen.of(side)) is not None}
    for action in decision.actions:
        if isinstance(action, Adopt):
            about.update((side, action.refs.of(side)) for side in SIDES)
        elif isinstance(action, Hold) and action.conflict.link is None:
            about.update(action.conflict.refs)
    return about
