"""A contact that others were merged into has their addresses, too: HubSpot knows it by each, and so does syncd."""

from __future__ import annotations

import pytest

from syncd.model.link import Topic
from tests.scenarios.steps import Steps


def merged(steps: Steps) -> str:
    """A contact whose first address is ann@example.com, and which has ann.doe@example.com of another one."""
    first = steps.both.hubspot.create("contacts", {"email": "ann@example.com", "lastname": "Doe"})
    second = steps.both.hubspot.create("contacts", {"email": "ann.doe@example.com", "lastname": "Doe"})
    return str(steps.both.hubspot.merge("contacts", first, second))


def qualify(steps: Steps, contact: str) -> None:
    """Marketing makes an MQL of somebody, of whom a Lead is made if there is none."""
    steps.market(contact, lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW", company="Acme")


@pytest.mark.parametrize("known", [True, False], ids=["a Lead that was there", "a Lead of the same minute"])
def test_somebody_is_found_by_any_address(steps: Steps, *, known: bool) -> None:
    """The Lead has the second address: the two are one, no second Lead is made, and the addresses are a question."""
    contact = merged(steps)
    if known:
        steps.lead(Email="Ann.Doe@example.com")
    steps.cycle()
    if not known:
        steps.lead(Email="Ann.Doe@example.com")
    qualify(steps, contact)
    steps.cycle()
    (lead,) = steps.live("Lead")
    assert steps.marketed(contact, "syncd_crm_id") == lead["Id"]
    assert lead["Syncd_Marketing_Id__c"] == contact
    assert lead["Email"] == "ann.doe@example.com"
    (asked,) = steps.conflicts()
    assert (asked.topic, asked.field) == (Topic.FIELD, "email")


def test_whoever_is_linked_already_gets_no_second_lead(steps: Steps) -> None:
    """Sales enters the second address of somebody whose Lead has the first one: a question which of both it is."""
    contact = merged(steps)
    qualify(steps, contact)
    steps.cycle()
    steps.lead(Email="ann.doe@example.com")
    steps.cycle()
    assert len(steps.live("Lead")) == 2
    (asked,) = steps.conflicts()
    assert asked.topic is Topic.MATCH
    assert steps.contacts() == [contact]
