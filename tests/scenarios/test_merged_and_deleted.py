"""Two records of one person are tidied up: merged on one side, and one of the two deleted on the other. Whoever is left
of both sides is one pair, and where two are left a person is asked; nobody stands unlinked without a word.
"""

from __future__ import annotations

import pytest

from syncd.model.link import LinkState, Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.steps import Steps

WHEN = pytest.mark.parametrize("when", ["at once", "one after the other"])


def twins(steps: Steps) -> tuple[str, str, str, str]:
    """Two pairs of one person: contact and Lead of each."""
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    other = steps.marketed(second, "syncd_crm_id")
    assert other is not None
    return first, lead, second, other


def assert_one_pair(steps: Steps, contact: str, lead: str) -> None:
    """The two are linked, carry each other's key, hear of edits, and nothing is asked."""
    steps.cycle()
    steps.cycle()
    assert not steps.conflicts()
    ref = RemoteRef("contacts", contact)
    link = steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link
    assert (link.state, link.refs.crm) == (LinkState.LIVE, RemoteRef("Lead", lead))
    assert (steps.marketed(contact, "syncd_crm_id"), steps.sold(lead, "Syncd_Marketing_Id__c")) == (lead, contact)
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Head"
    steps.quiet()


@WHEN
@pytest.mark.parametrize("deleted", ["first", "second"])
def test_leads_are_merged_and_one_of_the_contacts_is_deleted(steps: Steps, deleted: str, when: str) -> None:
    """Whichever contact is deleted, the other one has the Lead that is left."""
    first, lead, second, loser = twins(steps)
    steps.both.salesforce.merge("Lead", lead, [loser])
    if when != "at once":
        steps.cycle()
        assert steps.conflict().topic is Topic.GONE
    steps.both.hubspot.archive("contacts", first if deleted == "first" else second)
    steps.cycle()
    assert_one_pair(steps, second if deleted == "first" else first, lead)


@WHEN
@pytest.mark.parametrize("deleted", ["first", "second"])
def test_contacts_are_merged_and_one_of_the_leads_is_deleted(steps: Steps, deleted: str, when: str) -> None:
    """The same with the sides exchanged."""
    first, lead, second, other = twins(steps)
    merged = steps.both.hubspot.merge("contacts", first, second)
    if when != "at once":
        steps.cycle()
        assert steps.conflict().topic is Topic.GONE
    steps.both.salesforce.delete("Lead", lead if deleted == "first" else other)
    steps.cycle()
    assert_one_pair(steps, merged, other if deleted == "first" else lead)


@WHEN
def test_of_three_two_are_left_and_a_person_is_asked_about_these(steps: Steps, when: str) -> None:
    """Three Leads are merged into one, and the contact of that one is deleted: one of the others has the Lead, and
    there is a question about the two contacts, which ends once they are merged.
    """
    first, lead, second, loser = twins(steps)
    third = steps.contact(email="lee@example.com", company="Acme")
    steps.cycle()
    loser_too = steps.marketed(third, "syncd_crm_id")
    assert loser_too is not None
    steps.both.salesforce.merge("Lead", lead, [loser, loser_too])
    if when != "at once":
        steps.cycle()
    steps.both.hubspot.archive("contacts", first)
    steps.cycle()
    steps.cycle()
    assert {ref.id for _, ref in steps.conflict().refs} == {second, third}
    merged = steps.both.hubspot.merge("contacts", second, third)
    steps.cycle()
    assert_one_pair(steps, merged, lead)


def test_of_three_one_is_merged_later_and_the_question_is_asked_anew(steps: Steps) -> None:
    """The second Lead was merged before; the third is, as the first contact is deleted."""
    first, lead, second, loser = twins(steps)
    third = steps.contact(email="lee@example.com", company="Acme")
    steps.cycle()
    loser_too = steps.marketed(third, "syncd_crm_id")
    assert loser_too is not None
    steps.both.salesforce.merge("Lead", lead, [loser])
    steps.cycle()
    steps.both.salesforce.merge("Lead", lead, [loser_too])
    steps.both.hubspot.archive("contacts", first)
    steps.cycle()
    steps.cycle()
    assert {ref.id for _, ref in steps.conflict().refs} == {second, third}


@WHEN
def test_a_contact_whose_lead_was_merged_away_comes_out_of_the_bin(steps: Steps, when: str) -> None:
    """Until then there is one pair; from then on two contacts of one Lead, and a person is asked."""
    first, lead, second, loser = twins(steps)
    steps.both.salesforce.merge("Lead", lead, [loser])
    if when != "at once":
        steps.cycle()
    steps.both.hubspot.archive("contacts", second)
    steps.cycle()
    assert not steps.conflicts()
    steps.both.hubspot.restore("contacts", second)
    steps.cycle()
    steps.cycle()
    assert steps.conflict().topic is Topic.GONE
    assert {ref.id for _, ref in steps.conflict().refs} == {first, second}
    steps.quiet()


@WHEN
def test_both_contacts_deleted_the_one_that_comes_back_has_the_lead(steps: Steps, when: str) -> None:
    """Nobody is left to merge anything with."""
    first, lead, second, loser = twins(steps)
    steps.both.salesforce.merge("Lead", lead, [loser])
    if when != "at once":
        steps.cycle()
    steps.both.hubspot.archive("contacts", second)
    steps.both.hubspot.archive("contacts", first)
    steps.cycle()
    assert not steps.conflicts()
    steps.both.hubspot.restore("contacts", second)
    steps.cycle()
    assert_one_pair(steps, second, lead)


@WHEN
def test_whoever_is_left_is_not_taken_from_somebody_else(steps: Steps, when: str) -> None:
    """Two contacts are merged, so that a Lead is left. A third one's Lead is merged into that, and the other Lead is
    deleted: the one that is left is the third contact's, and the merged contact has none.
    """
    first, lead, second, left = twins(steps)
    third = steps.contact(email="lee@example.com", company="Acme")
    steps.cycle()
    loser = steps.marketed(third, "syncd_crm_id")
    assert loser is not None
    merged = steps.both.hubspot.merge("contacts", first, second)
    steps.cycle()
    asked = steps.conflict()
    assert {ref.id for _, ref in asked.refs} == {lead, left}
    steps.both.salesforce.merge("Lead", left, [loser])
    if when != "at once":
        steps.cycle()
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    assert_one_pair(steps, third, left)
    ref = RemoteRef("contacts", merged)
    link = steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link
    assert (link.state, link.gone) == (LinkState.TOMBSTONE, Side.CRM)
