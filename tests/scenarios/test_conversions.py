"""Leads that become contacts: the link and what both sides say go along."""

from __future__ import annotations

import pytest

from sandbox.faults.arming import arm
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.lingering import LATE, patient
from tests.scenarios.steps import Steps


def test_a_conversion_moves_the_link_to_the_contact(steps: Steps) -> None:
    """The Lead becomes a Contact: the link follows, both keys are rewritten, and nothing is created twice."""
    contact, lead = steps.pair(firstname="Ann", city="Bonn", address="Weg 1", phone="+1 415-555-0132")
    steps.both.salesforce.convert(lead, status="Closed - Converted")[0]
    counts = steps.counts()
    assert "created.crm" not in counts
    assert "conflicts" not in counts
    (converted,) = steps.live("Contact")
    assert steps.marketed(contact, "syncd_crm_id") == converted["Id"]
    assert converted["Syncd_Marketing_Id__c"] == contact
    assert len(steps.live("Lead")) == 1, "the converted Lead, and no second one"
    steps.quiet()


def test_fields_under_other_names_do_not_look_changed_after_a_conversion(steps: Steps) -> None:
    """City is MailingCity on a Contact: the same value is no edit, and a later edit travels from there."""
    contact, lead = steps.pair(firstname="Ann", city="Bonn", address="Weg 1")
    before = _written_fields(steps, contact)
    new, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    assert not {"city", "street", "first_name"} & set(_written_fields(steps, contact)[len(before) :])
    assert steps.marketed(contact, "city") == "Bonn"
    steps.sell(new, object_name="Contact", MailingCity="Köln")
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert steps.marketed(contact, "city") == "Köln"
    assert steps.sold(new, "Title", object_name="Contact") == "Head"
    steps.quiet()


def test_a_conversion_and_an_edit_at_once_lose_nothing(steps: Steps) -> None:
    """Marketing edits while sales converts: the edit arrives on the Contact."""
    contact, lead = steps.pair(city="Bonn")
    steps.market(contact, city="Köln")
    new, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    steps.cycle()
    assert steps.sold(new, "MailingCity", object_name="Contact") == "Köln"
    assert not steps.conflicts()
    steps.quiet()


def test_an_unlinked_lead_that_is_converted_makes_nothing(steps: Steps) -> None:
    """A stray Lead becomes a stray Contact: nobody is created, nothing is linked."""
    steps.pair()
    stray = steps.lead(Email="zoe@example.com")
    steps.cycle()
    steps.both.salesforce.convert(stray, status="Closed - Converted")
    assert not steps.counts()
    assert len(steps.contacts()) == 1
    steps.quiet()


@pytest.mark.parametrize("noticed_before", [False, True])
def test_a_conversion_into_an_existing_contact_follows_it(steps: Steps, *, noticed_before: bool) -> None:
    """Sales converts into a Contact that nobody had linked: the link goes there, and the duplicate is no more."""
    contact, lead = steps.pair()
    account = steps.both.salesforce.insert("Account", {"Name": "Acme"})
    fields = {"LastName": "Doe", "Email": "ann@example.com", "AccountId": account}
    there = steps.both.salesforce.insert("Contact", fields)
    if noticed_before:
        steps.cycle()
        assert {ref.id for _, ref in steps.conflict().refs} == {contact, lead, there}
    steps.both.salesforce.convert(lead, status="Closed - Converted", account_id=account, contact_id=there)
    steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") == there
    assert steps.sold(there, "Syncd_Marketing_Id__c", object_name="Contact") == contact
    assert len(steps.live("Contact")) == 1
    assert not steps.conflicts()
    steps.quiet()


def test_nothing_is_written_over_a_write_that_is_waited_for(steps: Steps) -> None:
    """A contact's answer to its first write, its key among it, is lost, and the Lead is converted meanwhile. Whatever
    was written to the contact now, that write would come over it: its key names the Contact once it has.
    """
    patient(steps)
    contact = steps.contact(email="ann@example.com", lifecyclestage="marketingqualifiedlead", company="Acme")
    arm(steps.both.hubspot, "zombie-write", seconds=LATE)
    steps.cycle()
    (lead,) = steps.live("Lead")
    new, _, _ = steps.both.salesforce.convert(lead["Id"], status="Closed - Converted")
    steps.cycle(after=30)
    assert steps.marketed(contact, "syncd_crm_id") is None
    steps.cycle(after=90)
    steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") == new
    assert steps.sold(new, "Syncd_Marketing_Id__c", object_name="Contact") == contact
    steps.quiet()


def _written_fields(steps: Steps, contact: str) -> list[str]:
    """Every field that was written for a contact's link so far, oldest first."""
    ref = RemoteRef("contacts", contact)
    link = steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link.id
    return [change.field for row in reversed(steps.both.store.audit_of(link, 50)) for change in row.changes]
