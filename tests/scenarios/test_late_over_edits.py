"""A write that is carried out long after it was sent, over an edit that was seen meanwhile: a question holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.faults.arming import arm
from sandbox.hubspot.switches import HubSpotSwitches
from syncd.model.link import Topic
from syncd.model.values import Pair, Side
from tests.scenarios.lingering import LATE, meanwhile, patient, seeks_counterparts
from tests.scenarios.resyncs import carried_out, wanted
from tests.scenarios.steps import Steps, remapped


def test_a_change_that_comes_late_overwrites_nothing_unheard(steps: Steps) -> None:
    """What somebody wrote there meanwhile, and syncd saw, is a conflict with that value; one word brings it back."""
    contact, lead = steps.pair()
    patient(steps)
    steps.market(contact, city="ours")
    arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    steps.sell(lead, City="theirs")
    steps.cycle(after=30)
    assert steps.sold(lead, "City") == "theirs"
    steps.cycle(after=60)
    assert steps.sold(lead, "City") == "ours"
    conflict = steps.conflict()
    assert (conflict.topic, conflict.field) == (Topic.LOST, "city")
    assert (conflict.values.crm, conflict.values.marketing) == ("theirs", "ours")
    steps.quiet()
    steps.resolve("crm")
    steps.cycle()
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == ("theirs", "theirs")
    assert not steps.conflicts()


def test_a_change_that_comes_late_gives_no_other_meaning_unheard(steps: Steps) -> None:
    """A stage is told by two vendor fields: the late write brings one, and somebody had changed the other one."""
    contact, lead = steps.pair()
    patient(steps)
    steps.sell(lead, Status="Closed - Not Converted")
    arm(steps.both.hubspot, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    steps.market(contact, lifecyclestage="subscriber")
    steps.cycle(after=30)
    steps.cycle(after=60)
    assert steps.marketed(contact, "hs_lead_status") == "UNQUALIFIED"
    conflict = steps.conflict()
    assert (conflict.topic, conflict.field) == (Topic.LOST, "stage")
    assert conflict.values == Pair("subscriber", "disqualified")


def test_what_only_the_poll_has_met_is_not_overwritten_unheard(steps: Steps) -> None:
    """Somebody writes just after it was looked whether ours was carried out; the poll of that cycle shows it."""
    contact, lead = steps.pair()
    patient(steps)
    steps.market(contact, city="ours")
    arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    steps.cycle(after=30)

    meanwhile(steps.both.salesforce, lambda asked: "queryAll" in asked.path, lambda: steps.sell(lead, City="theirs"))
    steps.cycle(after=30)
    steps.cycle(after=60)
    assert steps.sold(lead, "City") == "ours"
    assert steps.conflict().values == Pair("ours", "theirs")
    steps.resolve("crm")
    steps.cycle()
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == ("theirs", "theirs")


def test_what_only_the_look_for_it_has_met_is_not_overwritten_unheard(steps: Steps) -> None:
    """Ours is carried out between the look that shows somebody's edit and the poll of the same cycle: no stream ever
    tells of that edit.
    """
    contact, lead = steps.pair()
    patient(steps)
    steps.market(contact, city="ours")
    arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    steps.sell(lead, City="theirs")

    def deed() -> None:
        steps.both.clock.advance(LATE)
        steps.both.salesforce.carry_out_late()

    meanwhile(steps.both.salesforce, lambda asked: "queryAll" in asked.path, deed)
    steps.cycle(after=10)
    steps.cycle(after=30)
    assert steps.sold(lead, "City") == "ours"
    conflict = steps.conflict()
    assert (conflict.topic, conflict.field) == (Topic.LOST, "city")
    assert conflict.values == Pair("ours", "theirs")
    steps.resolve("crm")
    steps.cycle()
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == ("theirs", "theirs")


@pytest.mark.parametrize("again", [False, True])
def test_what_was_met_before_it_came_is_still_known_once_it_has(steps: Steps, *, again: bool) -> None:
    """The late write is carried out between the look for it and the poll of one cycle: what that shows is ours. Also
    where somebody has edited another part of it since, so that nobody can say any more that it was carried out.
    """
    contact, lead = steps.pair()
    patient(steps)
    steps.market(contact, city="ours", zip="10115")
    arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    steps.sell(lead, City="theirs")
    steps.cycle(after=30)

    def deed() -> None:
        steps.both.clock.advance(LATE)
        steps.both.salesforce.carry_out_late()
        if again:
            steps.sell(lead, PostalCode="theirs")

    meanwhile(steps.both.salesforce, lambda asked: "queryAll" in asked.path, deed)
    steps.cycle(after=10)
    steps.cycle(after=600 if again else 30)
    assert steps.sold(lead, "City") == "ours"
    assert steps.conflict().values == Pair("ours", "theirs")
    steps.cycle(after=30)
    steps.quiet()


def test_what_was_met_is_told_with_the_meaning_that_it_had(tmp_path: Path) -> None:
    """A stage is told by two vendor fields, and somebody changed both: the poll that shows one of them as the late
    write left it does not make what stood beside it forgotten.
    """
    steps = Steps(remapped(tmp_path, lambda _schema: None, switches=HubSpotSwitches(index_lag=(0.0, 0.0))))
    contact, lead = steps.pair()
    patient(steps)
    steps.sell(lead, Status="Closed - Not Converted")
    arm(steps.both.hubspot, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    steps.market(contact, lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
    steps.cycle(after=30)

    def deed() -> None:
        steps.both.clock.advance(LATE)
        steps.both.hubspot.carry_out_late()

    meanwhile(steps.both.hubspot, lambda asked: "search" in asked.path, deed)
    steps.cycle(after=10)
    steps.cycle(after=30)
    assert steps.marketed(contact, "hs_lead_status") == "UNQUALIFIED"
    conflict = steps.conflict()
    assert (conflict.topic, conflict.field) == (Topic.LOST, "stage")
    assert conflict.values == Pair("sql", "disqualified")


def test_what_was_put_back_before_it_came_is_no_question(steps: Steps) -> None:
    """Sales edits a city while it is waited for ours, and takes it back: then ours overwrites nothing."""
    contact, lead = steps.pair()
    patient(steps)
    steps.market(contact, city="ours")
    arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    steps.sell(lead, City="theirs")
    steps.cycle(after=20)
    steps.sell(lead, City=None)
    steps.cycle(after=20)
    steps.cycle(after=60)
    assert steps.sold(lead, "City") == "ours"
    assert not steps.conflicts()
    steps.quiet()


def test_what_a_resync_passes_over_is_not_overwritten_unheard(steps: Steps) -> None:
    """Somebody writes just after it was looked whether ours was carried out, and a resync of others is told of it."""
    contact, lead = steps.pair()
    patient(steps)
    steps.market(contact, city="ours")
    arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    asked = wanted(steps, side=Side.CRM, kinds=["person"], where="city == 'nowhere'")

    meanwhile(steps.both.salesforce, lambda told: told.path.endswith("/query"), lambda: steps.sell(lead, City="theirs"))
    assert carried_out(steps, asked)
    steps.cycle(after=100)
    assert steps.sold(lead, "City") == "ours"
    assert steps.conflict().values == Pair("ours", "theirs")
    steps.resolve("crm")
    steps.cycle()
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == ("theirs", "theirs")


def test_what_a_look_for_counterparts_has_met_is_not_overwritten_unheard(steps: Steps) -> None:
    """Somebody writes after the poll; what shows it is the look for whoever has a newcomer's address."""
    contact, lead = steps.pair(firstname="Ann")
    patient(steps)
    steps.market(contact, firstname="ours")
    arm(steps.both.salesforce, "zombie-write", seconds=5 * LATE)
    for _ in range(3):
        steps.cycle(after=60)  # then no stream tells of either record any more
    steps.lead(Email="ann@example.com", LastName="Double")

    meanwhile(steps.both.salesforce, seeks_counterparts, lambda: steps.sell(lead, FirstName="theirs"))
    steps.cycle(after=30)
    assert steps.sold(lead, "FirstName") == "theirs", "nobody looked for the address"
    steps.cycle(after=5 * LATE)
    assert steps.sold(lead, "FirstName") == "ours"
    (lost,) = [each for each in steps.conflicts() if each.topic is Topic.LOST]
    assert lost.values == Pair("ours", "theirs")
