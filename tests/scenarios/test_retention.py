"""History is pruned in a daemon's idle time by the rule, never what waits; a rollback says what is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncd.engine.resync import Met
from syncd.engine.world import World, make_ready
from syncd.model.errors import BadUsage
from syncd.model.keeping import Keep
from syncd.model.run import Restored
from syncd.operations.rollback import Words, plan_rollback
from syncd.operations.worker import turn
from tests.scenarios.resyncs import linked_people
from tests.scenarios.steps import Steps

MONTH = timedelta(days=30)


def daemon_turn(world: World) -> None:
    """One turn of a daemon that is due again in half a minute."""
    now = world.clock.now()
    turn(world, began=now, due=now + timedelta(seconds=30), met=Met())


def edit(steps: Steps, contact: str, title: str) -> str:
    """One edit in HubSpot, carried over; the id of its run."""
    steps.market(contact, jobtitle=title)
    return steps.cycle().run.id


@pytest.fixture
def contact(steps: Steps) -> str:
    """A linked person whose history is kept for thirty days."""
    contact = linked_people(steps)[0][0]
    steps.both.world.keep = Keep(audit=MONTH, runs=MONTH)
    return contact


def test_a_turn_prunes_what_is_older_than_the_rule(steps: Steps, contact: str) -> None:
    """Audit and runs of the old edits go, the young one's stay, and the chain verifies before and after."""
    store, clock = steps.both.store, steps.both.clock
    old = edit(steps, contact, "Buyer")
    clock.advance(40 * 86_400.0)
    young = edit(steps, contact, "Boss")
    assert store.run(old) is not None
    daemon_turn(steps.both.world)
    assert store.run(old) is None
    assert store.run(young) is not None
    found = store.verify_audit()
    assert found
    assert found.pruned is not None
    assert found.rows == 1
    make_ready(steps.both.world)
    with pytest.raises(BadUsage, match="was pruned"):
        plan_rollback(steps.both.world, Words(since="41d"))
    assert plan_rollback(steps.both.world, Words(run=young)).plan is not None
    assert not steps.cycle().run.counts, "pruning is nothing that either side sees"


def test_nothing_is_pruned_without_a_rule_or_of_a_store_that_was_put_back(steps: Steps, contact: str) -> None:
    """For good means for good; and a restored store is evidence until somebody accepts it."""
    store, clock = steps.both.store, steps.both.clock
    edit(steps, contact, "Buyer")
    clock.advance(40 * 86_400.0)
    edit(steps, contact, "Boss")
    world = steps.both.world
    daemon_turn(replace_keep(world, Keep()))
    assert store.pruned() is None
    store.note_restored(Restored(clock.now(), "a test"))
    daemon_turn(replace_keep(world, Keep(MONTH, MONTH)))
    assert store.pruned() is None


def replace_keep(world: World, keep: Keep) -> World:
    """The same world with another rule."""
    world.keep = keep
    return world
