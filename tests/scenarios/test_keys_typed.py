"""A key that somebody has emptied, or typed over: a compare of everything writes it again, so that a lost store finds
both of a pair.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.faults.arming import arm
from syncd.engine.cycle import sync
from tests.scenarios.steps import HOUR, Steps

SIDES = ("crm", "marketing")
KEYS = {"crm": "Syncd_Marketing_Id__c", "marketing": "syncd_crm_id"}


def compared(steps: Steps) -> dict[str, int]:
    """What a compare of everything did."""
    steps.both.clock.advance(HOUR)
    return dict(sync(steps.both.world, full=True).run.counts)


def typed(steps: Steps, side: str, ids: tuple[str, str], key: str | None) -> Callable[[], object]:
    """Somebody sets the key of one of a pair. Returns what tells it."""
    contact, lead = ids
    if side == "crm":
        steps.sell(lead, Syncd_Marketing_Id__c=key)
        return lambda: steps.sold(lead, "Syncd_Marketing_Id__c")
    steps.market(contact, syncd_crm_id=key or "")
    return lambda: steps.marketed(contact, "syncd_crm_id")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("becomes", ["nothing", "one that was deleted"])
def test_a_key_that_names_nobody_is_written_again(steps: Steps, side: str, becomes: str) -> None:
    """Whether it was emptied, or names a record that is gone."""
    ids = contact, lead = steps.pair()
    other = steps.contact(email="lee@example.com", company="Acme", lifecyclestage="marketingqualifiedlead")
    steps.cycle()
    other_lead = steps.marketed(other, "syncd_crm_id")
    assert other_lead is not None
    key = None
    if becomes != "nothing":
        key = other if side == "crm" else other_lead
        steps.both.hubspot.archive("contacts", other)
        steps.both.salesforce.delete("Lead", other_lead)
        steps.cycle()
    told = typed(steps, side, ids, key)
    steps.cycle()
    assert compared(steps) == {f"keyed.{side}": 1}
    assert told() == (contact if side == "crm" else lead)
    assert not steps.conflicts()
    steps.quiet()


def test_a_key_that_names_somebody_linked_is_written_again(steps: Steps) -> None:
    """Somebody has copied the key of a colleague's Lead; both pairs stay what they are."""
    steps.pair()
    steps.contact(email="lee@example.com", company="Acme", lifecyclestage="marketingqualifiedlead")
    steps.cycle()
    before = {row["Id"]: row["Syncd_Marketing_Id__c"] for row in steps.live("Lead")}
    arm(steps.both.salesforce, "external-id-twice")
    steps.cycle()
    assert len({row["Syncd_Marketing_Id__c"] for row in steps.live("Lead")}) == 1
    assert compared(steps) == {"keyed.crm": 1}
    assert {row["Id"]: row["Syncd_Marketing_Id__c"] for row in steps.live("Lead")} == before
    assert not steps.conflicts()
    steps.quiet()


def test_a_key_that_names_a_stranger_stays_for_a_person(steps: Steps) -> None:
    """Who typed it may mean that stranger, whom nothing is made for."""
    contact, lead = steps.pair()
    stranger = steps.lead(Email="zoe@example.com")
    told = typed(steps, "marketing", (contact, lead), stranger)
    steps.cycle()
    compared(steps)
    assert told() == stranger


def test_a_key_that_an_answer_leaves_out_is_not_written_again(steps: Steps) -> None:
    """It stands there as it did."""
    steps.pair()
    arm(steps.both.hubspot, "field-missing", field="syncd_crm_id")
    arm(steps.both.salesforce, "field-missing", field="Syncd_Marketing_Id__c")
    steps.both.clock.advance(HOUR)
    assert not sync(steps.both.world, full=True).run.counts
