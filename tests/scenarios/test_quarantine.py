"""Somebody else's automation fights back: at most three flips in 24 hours, then the field waits, listed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.faults.arming import arm
from syncd.engine.cycle import plan_only, sync
from syncd.engine.flips import FLIPS
from syncd.model.link import QUARANTINED
from syncd.model.plan import Update
from syncd.operations import parking
from tests.scenarios.steps import HOUR, Fields, Steps, parked
from tests.worlds import open_world

CYCLES = 50
MINUTES = 20 * 60.0


def _one_way(fields: Fields) -> None:
    """The title belongs to marketing alone: whatever sales writes there is written over."""
    fields["title"].update(direction="to_crm")
    fields["title"].pop("policy", None)


def _updates(steps: Steps) -> int:
    """Writes of titles so far, as the audit has them."""
    (link,) = steps.both.store.links("person")
    rows = steps.both.store.audit_of(link.id, 1_000)
    return sum(1 for row in rows if row.action == "update" and any(each.field == "title" for each in row.changes))


def _release(steps: Steps) -> None:
    store, now = steps.both.store, steps.both.clock.now()
    parking.try_again(store, store.parked(), connection="main", who="tester", now=now)


@pytest.fixture
def one_way(steps_with: Callable[[Callable[[Fields], None]], Steps]) -> Steps:
    """A title that only flows to the CRM."""
    return steps_with(_one_way)


def test_a_workflow_that_reverts_ends_in_quarantine(one_way: Steps) -> None:
    """For fifty cycles it puts its own title back: three flips, then quiet; the rest of the record goes on."""
    steps = one_way
    contact, lead = steps.pair(jobtitle="Buyer")
    counts: dict[str, int] = {}
    for number in range(CYCLES):
        steps.sell(lead, Title="Reverted")
        if number == CYCLES // 2:
            steps.market(contact, city="Bonn")
        for name, times in steps.cycle(after=MINUTES).run.counts.items():
            counts[name] = counts.get(name, 0) + times
    assert counts == {"updated.crm": FLIPS + 1, "quarantined.crm": 1}
    assert _updates(steps) == FLIPS  # the value was first written by the create; the fourth update is of the city
    assert steps.sold(lead, "City") == "Bonn"
    row = parked(steps)
    assert (row.code, row.field, steps.sold(lead, "Title")) == (QUARANTINED, "title", "Reverted")
    steps.quiet()


def test_it_ends_by_a_persons_word(one_way: Steps) -> None:
    """No day that passes and no new value ends it; once the workflow is gone and a person says so, both sides agree."""
    steps = one_way
    contact, lead = steps.pair(jobtitle="Buyer")
    for _ in range(6):
        steps.sell(lead, Title="Reverted")
        steps.cycle(after=MINUTES)
    assert parked(steps).code == QUARANTINED
    steps.market(contact, jobtitle="Head")
    steps.cycle(after=48 * HOUR)
    steps.cycle()
    assert steps.sold(lead, "Title") == "Reverted"
    _release(steps)
    steps.cycle()
    assert steps.sold(lead, "Title") == steps.marketed(contact, "jobtitle") == "Head"
    assert not steps.both.store.parked()
    steps.quiet()


def test_released_too_early_it_is_three_flips_again(one_way: Steps) -> None:
    """The workflow is still there: what was written before is not counted, and the new fight ends as the first did."""
    steps = one_way
    _, lead = steps.pair(jobtitle="Buyer")
    for _ in range(6):
        steps.sell(lead, Title="Reverted")
        steps.cycle(after=MINUTES)
    before = _updates(steps)
    _release(steps)
    for _ in range(10):
        steps.cycle(after=MINUTES)
        steps.sell(lead, Title="Reverted")
    assert _updates(steps) - before == FLIPS + 1
    assert parked(steps).code == QUARANTINED
    steps.quiet()


def test_both_sides_agreeing_ends_it(one_way: Steps) -> None:
    """People set the same value on both sides: there is nothing left to fight about, and nothing is listed."""
    steps = one_way
    contact, lead = steps.pair(jobtitle="Buyer")
    for _ in range(6):
        steps.sell(lead, Title="Reverted")
        steps.cycle(after=MINUTES)
    steps.market(contact, jobtitle="Reverted")
    steps.cycle()
    assert not steps.both.store.parked()
    steps.quiet()


def test_two_workflows_that_fight_through_syncd(steps: Steps) -> None:
    """Each side's workflow insists on a value of its own: both sides' flips count together, and neither is written."""
    contact, lead = steps.pair(jobtitle="Buyer")
    for _ in range(10):
        steps.market(contact, jobtitle="Mine")
        steps.cycle(after=MINUTES)
        steps.sell(lead, Title="Ours")
        steps.cycle(after=MINUTES)
    (link,) = steps.both.store.links("person")
    given = [
        (row.side, each.after)
        for row in steps.both.store.audit_of(link.id, 1_000)
        for each in row.changes
        if each.field == "title"
    ]
    assert len(given) - len(set(given)) == FLIPS
    assert parked(steps).code == QUARANTINED
    assert not any(isinstance(action, Update) for action in plan_only(steps.both.world).plan.actions())


def test_another_process_remembers_the_flips(one_way: Steps) -> None:
    """Every cycle is a process of its own: the flips are in the audit and not in its memory."""
    steps = one_way
    both = steps.both
    _, lead = steps.pair(jobtitle="Buyer")
    for _ in range(8):
        steps.sell(lead, Title="Reverted")
        both.clock.advance(MINUTES)
        sync(open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings))
    assert _updates(steps) == FLIPS
    assert parked(steps).code == QUARANTINED


def test_a_value_that_comes_back_once_a_day_is_no_fight(one_way: Steps) -> None:
    """A person who puts a title back every ten hours is written over each time."""
    steps = one_way
    _, lead = steps.pair(jobtitle="Buyer")
    for _ in range(8):
        steps.sell(lead, Title="Reverted")
        assert steps.cycle(after=10 * HOUR).run.counts == {"updated.crm": 1}
    assert not steps.both.store.parked()


@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
def test_a_workflow_that_reverts_at_once(steps: Steps, vendor: str) -> None:
    """The fault ``value-reverted`` acts within the write itself: parked after the first try, and never sent again."""
    contact, lead = steps.pair(jobtitle="Buyer", city="Bonn")
    kernel = steps.both.hubspot if vendor == "hubspot" else steps.both.salesforce
    arm(kernel, "value-reverted", field="city" if vendor == "hubspot" else "City")
    if vendor == "hubspot":
        steps.sell(lead, City="Jena")
    else:
        steps.market(contact, city="Jena")
    for _ in range(CYCLES):
        steps.cycle(after=MINUTES)
    (link,) = steps.both.store.links("person")
    assert len(steps.both.store.audit_of(link.id, 100)) <= 1 + 2 * FLIPS
    assert parked(steps).field == "city"
    kernel.faults.clear()
    _release(steps)
    steps.cycle()
    assert steps.sold(lead, "City") == steps.marketed(contact, "city") == "Jena"
    steps.quiet()
