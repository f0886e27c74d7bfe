"""A record is back, or lost to another link, and what is left of its link becomes another one in the same interval: it
is known to whatever is decided beside it, and nobody is made twice.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.model.link import LinkState
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.steps import Schema, Steps, remapped


@pytest.fixture
def both_ways(tmp_path: Path) -> Steps:
    """A world in which a contact is made for whoever sales has alone."""

    def change(schema: Schema) -> None:
        schema["create"]["marketing"] = [{"object": "contacts"}]

    return Steps(remapped(tmp_path, change))


def leads(steps: Steps) -> list[object]:
    """Ids of the Leads that are there."""
    return [row["Id"] for row in steps.live("Lead")]


def crm_of(steps: Steps, contact: str) -> RemoteRef:
    """The record that a contact is linked to, and lives with."""
    ref = RemoteRef("contacts", contact)
    link = steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link
    assert link.state is LinkState.LIVE
    return link.refs.crm


def test_who_has_the_address_of_a_lead_that_is_back_gets_no_other(steps: Steps) -> None:
    """Both records were deleted. Sales takes the Lead out of the bin, and marketing makes the contact anew, between two
    cycles: no second Lead is made.
    """
    contact, lead = steps.pair()
    steps.both.salesforce.delete("Lead", lead)
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    steps.both.salesforce.undelete("Lead", lead)
    again = steps.contact(email="ann@example.com", company="Acme")
    steps.cycle()
    steps.cycle()
    assert leads(steps) == [lead]
    assert set(steps.conflict().refs) == {
        (Side.MARKETING, RemoteRef("contacts", again)),
        (Side.CRM, RemoteRef("Lead", lead)),
    }
    steps.quiet()


def test_a_lead_that_is_back_is_linked_to_what_its_contact_has_just_become(steps: Steps) -> None:
    """Sales takes the Lead out of the bin, and marketing merges its contact with another, between two cycles."""
    contact, lead = steps.pair()
    other = steps.contact(email="ann.doe@example.com", lifecyclestage="subscriber", hs_lead_status="")
    steps.cycle()
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    steps.both.salesforce.undelete("Lead", lead)
    merged = steps.both.hubspot.merge("contacts", contact, other)
    steps.cycle()
    assert crm_of(steps, merged) == RemoteRef("Lead", lead)
    steps.cycle()
    assert (leads(steps), steps.conflicts()) == ([lead], [])
    steps.quiet()


@pytest.mark.parametrize("email", ["ann@example.com", ""])
def test_a_contact_that_is_back_is_linked_to_what_its_lead_was_just_converted_into(
    both_ways: Steps, email: str
) -> None:
    """With an address by which it would be found, and without."""
    steps = both_ways
    contact, lead = steps.pair(email=email)
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    steps.both.hubspot.restore("contacts", contact)
    made, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    assert crm_of(steps, contact) == RemoteRef("Contact", made)
    steps.cycle()
    assert (steps.contacts(), steps.conflicts()) == ([contact], [])
    steps.quiet()


def test_what_is_left_of_a_link_that_ends_at_a_merge_is_nobody_s_where_it_was_just_converted(both_ways: Steps) -> None:
    """Two contacts are merged, and the Lead of the one that leaves the link is converted: the Contact gets no contact
    of its own, and a person is asked about the two that sales has.
    """
    steps = both_ways
    first, lead = steps.pair(email="")
    second = steps.contact(company="Acme")
    steps.cycle()
    loser = steps.marketed(second, "syncd_crm_id")
    assert loser is not None
    made, _, _ = steps.both.salesforce.convert(loser, status="Closed - Converted")
    merged = steps.both.hubspot.merge("contacts", first, second)
    steps.cycle()
    steps.cycle()
    assert steps.contacts() == [merged]
    assert {ref.id for _, ref in steps.conflict().refs} == {lead, made}
    steps.quiet()
