"""Merged on one side and then on the other: whoever was asked to do so is not asked any more, and one link is left.
Merged and deleted: nobody is forgotten by it.
"""

from __future__ import annotations

import pytest

from syncd.model.link import LinkState, Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.steps import Steps


@pytest.mark.parametrize("primary", ["older", "younger"])
def test_merged_by_marketing_too_nobody_is_asked_any_more(steps: Steps, primary: str) -> None:
    """The question of a Lead merge ends with the merge of the contacts, whichever of them leads; its one link stays."""
    older, lead = steps.pair()
    younger = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    loser = steps.marketed(younger, "syncd_crm_id")
    assert loser is not None
    steps.both.salesforce.merge("Lead", lead, [loser])
    steps.cycle()
    assert steps.conflict().topic is Topic.GONE
    two = (older, younger) if primary == "older" else (younger, older)
    merged = steps.both.hubspot.merge("contacts", *two)
    steps.cycle()
    assert not steps.conflicts()
    assert steps.marketed(merged, "syncd_crm_id") == lead
    assert steps.sold(lead, "Syncd_Marketing_Id__c") == merged
    steps.quiet()


def test_merged_by_sales_too_nobody_is_asked_any_more(steps: Steps) -> None:
    """The question of a contact merge ends with the merge of the Leads, also where the other Lead wins."""
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    other_lead = steps.marketed(second, "syncd_crm_id")
    assert other_lead is not None
    merged = steps.both.hubspot.merge("contacts", first, second)
    steps.cycle()
    assert steps.conflict().topic is Topic.GONE
    steps.both.salesforce.merge("Lead", other_lead, [lead])
    steps.cycle()
    steps.cycle()
    assert not steps.conflicts()
    assert steps.marketed(merged, "syncd_crm_id") == other_lead
    assert steps.sold(other_lead, "Syncd_Marketing_Id__c") == merged
    steps.quiet()


def test_merged_on_both_sides_between_two_cycles_is_no_question(steps: Steps) -> None:
    """Nobody is asked to merge what is one already."""
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    loser = steps.marketed(second, "syncd_crm_id")
    assert loser is not None
    steps.both.salesforce.merge("Lead", lead, [loser])
    merged = steps.both.hubspot.merge("contacts", first, second)
    steps.cycle()
    assert not steps.conflicts()
    assert steps.marketed(merged, "syncd_crm_id") == lead
    steps.quiet()


def test_a_merge_with_a_third_leaves_the_question_open_under_the_new_id(steps: Steps) -> None:
    """One of the two contacts is merged with a stranger: it is still two, one of them called otherwise, until they are
    merged as well.
    """
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    stranger = steps.contact(email="other@example.com", lifecyclestage="subscriber", hs_lead_status="")
    steps.cycle()
    loser = steps.marketed(second, "syncd_crm_id")
    assert loser is not None
    steps.both.salesforce.merge("Lead", lead, [loser])
    steps.cycle()
    renamed = steps.both.hubspot.merge("contacts", first, stranger)
    steps.cycle()
    assert {ref.id for _, ref in steps.conflict().refs} == {renamed, second}
    steps.both.hubspot.merge("contacts", renamed, second)
    steps.cycle()
    assert not steps.conflicts()
    steps.quiet()


def test_one_of_the_two_deleted_nobody_is_asked_any_more(steps: Steps) -> None:
    """Where one is left there is nothing to merge."""
    _, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    loser = steps.marketed(second, "syncd_crm_id")
    assert loser is not None
    steps.both.salesforce.merge("Lead", lead, [loser])
    steps.cycle()
    assert steps.conflict().topic is Topic.GONE
    steps.both.hubspot.archive("contacts", second)
    steps.cycle()
    assert not steps.conflicts()
    steps.quiet()


def test_who_was_merged_into_a_contact_that_was_deleted_is_not_forgotten(steps: Steps) -> None:
    """Both happen between two polls: the old id is found nowhere any more, as if it had been erased. It is in the bin
    within the other one, and if that comes back a person is asked.
    """
    contact, lead = steps.pair()
    survivor = steps.both.hubspot.merge("contacts", steps.contact(email="annie@example.com"), contact)
    steps.both.hubspot.archive("contacts", survivor)
    steps.sell(lead, Title="Head")
    steps.cycle()
    ref = RemoteRef("Lead", lead)
    assert steps.both.store.linked("person", Side.CRM, [ref])[ref].link.state is LinkState.TOMBSTONE
    assert steps.sold(lead, "HasOptedOutOfEmail") is False
    steps.both.hubspot.restore("contacts", survivor)
    steps.market(survivor, city="Bonn")
    steps.cycle()
    assert set(steps.conflict().refs) == {(Side.MARKETING, RemoteRef("contacts", survivor)), (Side.CRM, ref)}
    steps.quiet()


@pytest.mark.parametrize("how", ["erased", "deleted"])
def test_nothing_is_written_to_who_is_left_before_it_is_known_that_the_other_one_left(steps: Steps, how: str) -> None:
    """Sales merges a Lead into another one and marketing takes its contact away, between two cycles: the Lead that is
    left does not get the key of a contact that is nowhere.
    """
    contact, lead = steps.pair()
    other = steps.lead(Email="other@example.com", LastName="Other")
    steps.cycle()
    steps.both.salesforce.merge("Lead", other, [lead])
    if how == "erased":
        steps.both.hubspot.gdpr_delete("contacts", contact)
    else:
        steps.both.hubspot.archive("contacts", contact)
    written = steps.written()
    steps.cycle()
    assert steps.written() == written
    steps.cycle()
    assert steps.sold(other, "Syncd_Marketing_Id__c") is None
    assert steps.sold(other, "HasOptedOutOfEmail") is (how == "erased")
    (link,) = (each for each in steps.both.store.links("person") if each.refs.crm == RemoteRef("Lead", other))
    assert link.state is (LinkState.FORGOTTEN if how == "erased" else LinkState.TOMBSTONE)
    steps.quiet()
