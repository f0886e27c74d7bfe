"""Records leave or become others: deletes, restores, merges and conversions on each side. Nothing is ever recreated."""

from __future__ import annotations

from pathlib import Path

from sandbox.hubspot.switches import HubSpotSwitches
from syncd.model.link import LinkState, Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.resyncs import carried_out, wanted
from tests.scenarios.steps import Steps, remapped


def state_of(steps: Steps, contact: str) -> LinkState:
    """The state of the link that a contact has."""
    ref = RemoteRef("contacts", contact)
    return steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link.state


# -- deletes -----------------------------------------------------------------------------------------------------------
def test_a_lead_deleted_by_sales_is_not_made_again(steps: Steps) -> None:
    """The link becomes a tombstone; later edits of the contact make no new Lead and delete nothing."""
    contact, lead = steps.pair()
    steps.both.salesforce.delete("Lead", lead)
    assert not steps.counts()
    assert state_of(steps, contact) is LinkState.TOMBSTONE
    steps.market(contact, jobtitle="Head", hs_lead_status="IN_PROGRESS")
    assert not steps.counts()
    assert steps.live("Lead") == []
    assert steps.contacts() == [contact]
    steps.quiet()


def test_a_contact_archived_by_marketing_is_not_made_again(steps: Steps) -> None:
    """The other way round: the Lead stays, its edits recreate no contact."""
    contact, lead = steps.pair()
    steps.both.hubspot.archive("contacts", contact)
    assert not steps.counts()
    assert state_of(steps, contact) is LinkState.TOMBSTONE
    steps.sell(lead, Title="Head")
    assert not steps.counts()
    assert steps.contacts() == []
    assert [row["Id"] for row in steps.live("Lead")] == [lead]
    steps.quiet()


def test_a_lead_taken_out_of_the_bin_is_linked_again(steps: Steps) -> None:
    """Restored: the tombstone lives again, and what changed meanwhile on either side travels."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    steps.both.salesforce.undelete("Lead", lead)
    steps.cycle()
    assert state_of(steps, contact) is LinkState.LIVE
    assert steps.sold(lead, "Title") == "Head"
    steps.sell(lead, City="Bonn")
    steps.cycle()
    assert steps.marketed(contact, "city") == "Bonn"
    assert len(steps.live("Lead")) == 1
    steps.quiet()


def test_a_contact_taken_out_of_the_bin_is_linked_again(steps: Steps) -> None:
    """The other way round."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    steps.sell(lead, Title="Head")
    steps.cycle()
    steps.both.hubspot.restore("contacts", contact)
    steps.cycle()
    steps.cycle()
    assert state_of(steps, contact) is LinkState.LIVE
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert steps.contacts() == [contact]
    steps.quiet()


def test_a_new_contact_with_the_address_of_an_abandoned_lead_is_held(steps: Steps) -> None:
    """The contact left, its Lead lives on: a new contact with that address neither doubles nor takes the Lead."""
    contact, lead = steps.pair()
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    again = steps.contact(email="ann@example.com")
    assert steps.counts() == {"conflicts": 1}
    assert [row["Id"] for row in steps.live("Lead")] == [lead]
    assert steps.conflict().topic is Topic.MATCH
    steps.quiet()
    steps.resolve(f"link:marketing:contacts/{again}=crm:Lead/{lead}")
    steps.cycle()
    assert state_of(steps, again) is LinkState.LIVE
    assert steps.sold(lead, "Syncd_Marketing_Id__c") == again
    assert not steps.conflicts()
    steps.quiet()


def test_deleted_on_both_sides_is_over(steps: Steps) -> None:
    """Gone on both sides: a tombstone, no conflict, no write."""
    contact, lead = steps.pair()
    steps.both.salesforce.delete("Lead", lead)
    steps.both.hubspot.archive("contacts", contact)
    assert not steps.counts()
    assert state_of(steps, contact) is LinkState.TOMBSTONE
    steps.quiet()


def test_a_delete_closes_what_waited(steps: Steps) -> None:
    """A conflict of a record that left is no longer anybody's question."""
    contact, lead = steps.pair()
    steps.market(contact, email="ann@new.example")
    steps.sell(lead, Email="ann@sales.example")
    steps.cycle()
    assert steps.conflicts()
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    assert not steps.conflicts()
    steps.quiet()


# -- merges ------------------------------------------------------------------------------------------------------------
def test_a_lead_merge_with_an_unlinked_loser_changes_no_link(steps: Steps) -> None:
    """Sales merges a stray Lead into a linked one: the link stays, what the merge changed travels."""
    contact, lead = steps.pair()
    stray = steps.lead(Email="a.lee@example.com", Title="Head")
    steps.cycle()
    steps.both.salesforce.merge("Lead", lead, [stray], fields={"Title": "Head"})
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert steps.marketed(contact, "syncd_crm_id") == lead
    assert state_of(steps, contact) is LinkState.LIVE
    steps.quiet()


def test_a_lead_merge_with_an_unlinked_winner_moves_the_link(steps: Steps) -> None:
    """Sales merges the linked Lead into another one: the link follows to the winner, and both keys are rewritten."""
    contact, lead = steps.pair()
    winner = steps.lead(Email="a.lee@example.com", Title="Head")
    steps.cycle()
    steps.both.salesforce.merge("Lead", winner, [lead])
    steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") == winner
    assert steps.sold(winner, "Syncd_Marketing_Id__c") == contact
    assert len(steps.live("Lead")) == 1
    steps.market(contact, city="Bonn")
    steps.cycle()
    assert steps.sold(winner, "City") == "Bonn"


def test_a_lead_merge_with_a_linked_loser_asks_about_the_two_contacts(steps: Steps) -> None:
    """Both merged Leads had a contact: one link ends, and a person is told that marketing still has two."""
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    loser = steps.marketed(second, "syncd_crm_id")
    assert loser is not None
    steps.both.salesforce.merge("Lead", lead, [loser])
    assert steps.counts() == {"conflicts": 1}
    assert steps.conflict().topic is Topic.GONE
    assert {ref.id for _, ref in steps.conflict().refs} == {first, second}
    assert state_of(steps, first) is LinkState.LIVE
    assert state_of(steps, second) is LinkState.TOMBSTONE
    steps.market(second, jobtitle="Head")
    steps.cycle()
    assert len(steps.live("Lead")) == 1
    steps.quiet()


def test_a_merge_that_is_undone_is_asked_about_no_more(steps: Steps) -> None:
    """The merged Lead is out of the bin again: there are two on each side, as there were before."""
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    loser = str(steps.marketed(second, "syncd_crm_id"))
    steps.both.salesforce.merge("Lead", lead, [loser])
    steps.cycle()
    assert steps.conflict().topic is Topic.GONE
    steps.both.salesforce.undelete("Lead", loser)
    steps.cycle()
    steps.cycle()
    assert (state_of(steps, first), state_of(steps, second)) == (LinkState.LIVE, LinkState.LIVE)
    assert not steps.conflicts()
    steps.quiet()


def test_a_contact_merge_with_an_unlinked_loser_moves_the_link(steps: Steps) -> None:
    """HubSpot gives the merged contact a new id: the link follows, the Lead learns it, nothing is made."""
    contact, lead = steps.pair()
    stray = steps.contact(email="a.lee@example.com", lifecyclestage="subscriber", hs_lead_status="")
    steps.cycle()
    merged = steps.both.hubspot.merge("contacts", contact, stray)
    steps.cycle()
    assert steps.sold(lead, "Syncd_Marketing_Id__c") == merged
    assert state_of(steps, merged) is LinkState.LIVE
    assert len(steps.live("Lead")) == 1
    steps.sell(lead, Title="Head")
    steps.cycle()
    assert steps.marketed(merged, "jobtitle") == "Head"
    steps.quiet()


def test_the_primary_of_a_contact_merge_keeps_its_lead(steps: Steps) -> None:
    """Also where its link is the younger one: the merged contact's values are not written to the loser's Lead."""
    older, lead_of_older = steps.pair(firstname="Older")
    younger, lead_of_younger = steps.pair(email="younger@example.com", firstname="Younger", company="Other")
    merged = steps.both.hubspot.merge("contacts", younger, older)
    steps.cycle()
    steps.cycle()
    assert steps.marketed(merged, "syncd_crm_id") == lead_of_younger
    assert (steps.sold(lead_of_younger, "FirstName"), steps.sold(lead_of_older, "FirstName")) == ("Younger", "Older")
    assert steps.conflict().refs[0][1].id == lead_of_younger
    steps.quiet()


def test_a_contact_merge_with_a_linked_loser_asks_about_the_two_leads(steps: Steps) -> None:
    """Both merged contacts had a Lead: one link goes on under the new id, a person is told that sales still has two."""
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    other_lead = steps.marketed(second, "syncd_crm_id")
    merged = steps.both.hubspot.merge("contacts", first, second)
    steps.cycle()
    assert steps.conflict().topic is Topic.GONE
    assert {ref.id for _, ref in steps.conflict().refs} == {lead, other_lead}
    assert state_of(steps, merged) is LinkState.LIVE
    assert len(steps.live("Lead")) == 2
    steps.quiet()


def test_what_search_goes_on_showing_of_merged_contacts_is_nobody(tmp_path: Path) -> None:
    """The index keeps both contacts as they were: neither lives again, nor takes the link of what they became."""
    steps = Steps(remapped(tmp_path, lambda _: None, switches=HubSpotSwitches(merged_losers_in_search=True)))
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    merged = steps.both.hubspot.merge("contacts", first, second)
    steps.cycle()
    new, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    assert carried_out(steps, wanted(steps, since="30d"))
    assert (state_of(steps, merged), state_of(steps, second)) == (LinkState.LIVE, LinkState.TOMBSTONE)
    assert steps.sold(new, "Syncd_Marketing_Id__c", object_name="Contact") == merged
    assert steps.marketed(merged, "syncd_crm_id") == new
    assert len(steps.live("Lead")) == 2, "the converted Lead, and the second contact's"
    assert [conflict.topic for conflict in steps.conflicts()] == [Topic.GONE]
    steps.quiet()


def test_a_merged_lead_out_of_the_bin_does_not_take_the_link_that_moved_on(tmp_path: Path) -> None:
    """A contact was made for the loser and is the winner's now: taken out of the bin, the loser gets its own."""
    steps = Steps(remapped(tmp_path, lambda schema: schema["create"].update(marketing=[{"object": "contacts"}])))
    loser = steps.lead(Email="ann@example.com")
    steps.cycle()
    (contact,) = steps.contacts()
    winner = steps.lead(Email="a.lee@example.com")
    steps.both.salesforce.merge("Lead", winner, [loser])
    steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") == winner
    steps.both.salesforce.undelete("Lead", loser)
    steps.sell(loser, Email="zoe@example.com", Syncd_Marketing_Id__c=None)
    steps.cycle()
    assert sorted(str(steps.marketed(each, "syncd_crm_id")) for each in steps.contacts()) == sorted([winner, loser])
    for each in steps.contacts():
        assert state_of(steps, each) is LinkState.LIVE
    steps.quiet()


def test_a_lead_out_of_the_bin_that_another_is_merged_into_is_claimed_once(steps: Steps) -> None:
    """Both happened before anybody looked: the link that moved there stays; what the first keeps is parked."""
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    other = str(steps.marketed(second, "syncd_crm_id"))
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    steps.both.salesforce.undelete("Lead", lead)
    steps.both.salesforce.merge("Lead", lead, [other])
    steps.cycle()
    assert (state_of(steps, first), state_of(steps, second)) == (LinkState.TOMBSTONE, LinkState.LIVE)
    assert steps.sold(lead, "Syncd_Marketing_Id__c") == second
    assert {row.field for row in steps.both.store.parked()} == {"syncd_crm_id", "email"}, "the first contact has both"
    steps.quiet()


def test_a_contact_out_of_the_bin_whose_lead_has_another_by_now_is_asked_about(steps: Steps) -> None:
    """While the contact was away another one's Lead was merged into its Lead: a person is told of the two contacts."""
    first, lead = steps.pair()
    second = steps.contact(email="a.lee@example.com", company="Acme")
    steps.cycle()
    loser = str(steps.marketed(second, "syncd_crm_id"))
    steps.both.hubspot.archive("contacts", first)
    steps.cycle()
    steps.both.salesforce.merge("Lead", lead, [loser])
    steps.both.hubspot.restore("contacts", first)  # before its key is the other's: HubSpot holds each value once
    steps.cycle()
    assert steps.conflict().topic is Topic.GONE
    assert {ref.id for _, ref in steps.conflict().refs} == {first, second}
    assert (state_of(steps, first), state_of(steps, second)) == (LinkState.TOMBSTONE, LinkState.LIVE)
    steps.market(first, jobtitle="Head")
    steps.cycle()
    assert steps.sold(lead, "Title") is None
    steps.quiet()


def test_a_contact_out_of_the_bin_is_linked_to_what_its_lead_became(steps: Steps) -> None:
    """While the contact was away its Lead was converted, which nobody followed: soon the link is the CRM Contact's."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    converted = str(steps.both.salesforce.convert(lead, status="Closed - Converted")[0])
    steps.sell(converted, object_name="Contact", Title="Head")
    steps.cycle()
    steps.both.hubspot.restore("contacts", contact)
    steps.cycle()
    steps.cycle()
    assert state_of(steps, contact) is LinkState.LIVE
    assert steps.marketed(contact, "syncd_crm_id") == converted
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert steps.sold(converted, "Syncd_Marketing_Id__c", object_name="Contact") == contact
    steps.quiet()
