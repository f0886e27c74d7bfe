"""Companies and identity: matched by domain, followed by people, and duplicates that only a person may tell apart."""

from __future__ import annotations

import pytest

from syncd.engine.cycle import sync
from syncd.model.link import LinkState, Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.steps import Steps
from tests.scenarios.test_deal_crashes import restarted


def company(steps: Steps, **properties: str) -> str:
    """A company made by a marketing person."""
    return steps.both.hubspot.create("companies", {"name": "Acme", **properties})


def account(steps: Steps, **fields: object) -> str:
    """An Account made by a sales person."""
    return steps.both.salesforce.insert("Account", {"Name": "Acme", **fields})


def linked_to(steps: Steps, contact: str) -> RemoteRef | None:
    """The CRM record that a contact is linked to."""
    ref = RemoteRef("contacts", contact)
    found = steps.both.store.linked("person", Side.MARKETING, [ref]).get(ref)
    return found.link.refs.crm if found is not None and found.link.state is LinkState.LIVE else None


# -- companies ---------------------------------------------------------------------------------------------------------
def test_a_company_is_matched_by_its_domain(steps: Steps) -> None:
    """A domain here and a website there are one company; names may differ, and the CRM's name wins."""
    here = company(steps, name="Acme GmbH", domain="acme-works.com")
    there = account(steps, Name="Acme", Website="https://www.acme-works.com/about")
    steps.cycle()
    assert steps.marketed(here, "syncd_crm_id", object_name="companies") == there
    assert steps.sold(there, "Syncd_Marketing_Id__c", object_name="Account") == here
    assert steps.marketed(here, "name", object_name="companies") == "Acme"
    steps.sell(there, object_name="Account", BillingCity="Bonn")
    steps.cycle()
    assert steps.marketed(here, "city", object_name="companies") == "Bonn"
    steps.quiet()


@pytest.mark.parametrize("here", ["X-works.com", "www.X-works.com", "WWW.X-Works.com"])
@pytest.mark.parametrize("there", ["X-works.com", "www.X-works.com", "https://WWW.X-Works.com/about?x=1"])
def test_a_domain_is_found_in_any_spelling(steps: Steps, here: str, there: str) -> None:
    """Known for long on one side, entered on the other: each finds the other, whichever was first."""
    for first in Side:
        domain, website = (text.replace("X", first.value) for text in (here, there))
        if first is Side.MARKETING:
            made = company(steps, domain=domain)
            steps.cycle()
            found = account(steps, Website=website)
        else:
            found = account(steps, Website=website)
            steps.cycle()
            made = company(steps, domain=domain)
        steps.cycle()
        assert steps.marketed(made, "syncd_crm_id", object_name="companies") == found
    steps.quiet()


def test_a_company_alone_is_not_created(steps: Steps) -> None:
    """By default no company is made on either side; names alone prove nothing."""
    company(steps, name="Acme", domain="acme-works.com")
    account(steps, Name="Acme")
    assert not steps.counts()
    assert len(steps.live("Account")) == 1
    assert len(steps.both.hubspot.export()["companies"]) == 1
    steps.quiet()


def test_freemail_domains_prove_nothing(steps: Steps) -> None:
    """Two companies with a freemail domain are not one."""
    here = company(steps, domain="gmail.com")
    account(steps, Website="https://gmail.com")
    steps.cycle()
    assert steps.marketed(here, "syncd_crm_id", object_name="companies") is None
    assert not steps.conflicts()
    steps.quiet()


def test_two_accounts_of_one_domain_are_held(steps: Steps) -> None:
    """More than one hit is never guessed; a person names the pair, and the third one is shown as a duplicate."""
    here = company(steps, domain="acme-works.com")
    first = account(steps, Name="Acme", Website="acme-works.com")
    second = account(steps, Name="Acme West", Website="https://acme-works.com")
    assert steps.counts() == {"conflicts": 1}
    held = steps.conflict()
    assert held.topic is Topic.MATCH
    assert {ref.id for _, ref in held.refs} == {here, first, second}
    steps.quiet()
    steps.resolve(f"link:marketing:companies/{here}=crm:Account/{second}")
    steps.cycle()
    assert steps.marketed(here, "syncd_crm_id", object_name="companies") == second
    assert steps.sold(first, "Syncd_Marketing_Id__c", object_name="Account") is None
    assert "linked already" in steps.conflict().reason
    steps.quiet()


def test_a_person_gets_the_account_of_his_company_once_he_is_a_contact(steps: Steps) -> None:
    """A Lead has no Account; converted into the wrong one, the CRM wins and marketing learns the company from it."""
    here = company(steps, domain="acme-works.com")
    there = account(steps, Name="Acme", Website="acme-works.com")
    contact, lead = steps.pair()
    assert steps.sold(lead, "Company") == "Acme"
    converted, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted", account_id=there)
    steps.cycle()
    steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") == converted
    row = next(row for row in steps.both.hubspot.export()["contacts"] if row["id"] == contact)
    assert [each["id"] for each in row["associations"]["companies"]] == [here]
    steps.quiet()


def test_a_contact_of_a_linked_company_reaches_its_account(steps: Steps) -> None:
    """Marketing moves a person to another company: AccountId of the Contact follows."""
    company(steps, name="Acme", domain="acme-works.com")
    second = company(steps, name="Beta", domain="beta-works.com")
    one = account(steps, Name="Acme", Website="acme-works.com")
    two = account(steps, Name="Beta", Website="beta-works.com")
    contact, lead = steps.pair()
    converted, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted", account_id=one)
    steps.cycle()
    steps.cycle()
    for row in steps.both.hubspot.export()["contacts"]:
        for each in row["associations"].get("companies", []):
            steps.both.hubspot.disassociate(contact_id=contact, company_id=each["id"])
    steps.both.hubspot.associate(contact_id=contact, company_id=second, primary=True)
    steps.cycle()
    assert steps.sold(converted, "AccountId", object_name="Contact") == two
    steps.quiet()


def test_whoever_was_moved_and_merged_gets_the_account_in_the_same_cycle(steps: Steps) -> None:
    """In a process that has just started: the link moves to what the contact was merged into, whose company is another
    one by now; which link the Account of before has is learned with the Contact.
    """
    first = company(steps, name="Acme", domain="acme-works.com")
    second = company(steps, name="Beta", domain="beta-works.com")
    one = account(steps, Name="Acme", Website="acme-works.com")
    two = account(steps, Name="Beta", Website="beta-works.com")
    contact, lead = steps.pair()
    converted, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted", account_id=one)
    steps.cycle()
    steps.cycle()
    other = steps.contact(email="ann.doe@example.com", lifecyclestage="lead")
    steps.cycle()
    steps.both.hubspot.disassociate(contact_id=contact, company_id=first)
    steps.both.hubspot.associate(contact_id=contact, company_id=second, primary=True)
    steps.both.hubspot.merge("contacts", contact, other)
    restarted(steps.both)
    steps.cycle()
    assert steps.sold(converted, "AccountId", object_name="Contact") == two
    steps.quiet()


def test_a_company_that_came_back_is_known_to_its_people_at_once(steps: Steps) -> None:
    """Out of the bin, and a person moved there meanwhile: one cycle carries both."""
    before = company(steps, name="Beta", domain="beta-works.com")
    here = company(steps, domain="acme-works.com")
    first = account(steps, Name="Beta", Website="beta-works.com")
    there = account(steps, Website="acme-works.com")
    contact, lead = steps.pair()
    mate, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted", account_id=first)
    steps.cycle()
    steps.cycle()
    steps.both.salesforce.delete("Account", there)
    steps.both.clock.advance(3_700.0)
    steps.cycle()
    steps.both.salesforce.undelete("Account", there)
    steps.both.hubspot.disassociate(contact_id=contact, company_id=before)
    steps.both.hubspot.associate(contact_id=contact, company_id=here, primary=True)
    steps.both.clock.advance(60.0)
    restarted(steps.both)  # a process that has been there all the time may know the company from before
    sync(steps.both.world, full=True)
    assert steps.sold(mate, "AccountId", object_name="Contact") == there
    steps.quiet()


def test_a_converted_lead_of_an_unknown_company_keeps_its_account(steps: Steps) -> None:
    """The Account that a conversion makes has no counterpart: the reference is left alone and nothing is lost."""
    contact, lead = steps.pair()
    converted, made, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    assert steps.sold(converted, "AccountId", object_name="Contact") == made
    assert not steps.conflicts()
    steps.quiet()
    assert linked_to(steps, contact) == RemoteRef("Contact", converted)


# -- duplicates --------------------------------------------------------------------------------------------------------
def test_a_shared_address_is_held_until_a_person_links(steps: Steps) -> None:
    """Two Leads with one address: no link, no third Lead; the pair that was chosen is linked and no other."""
    contact = steps.contact(email="team@example.com", jobtitle="Head")
    one = steps.lead(Email="team@example.com")
    two = steps.lead(Email="Team@Example.com")
    assert steps.counts() == {"conflicts": 1}
    assert {ref.id for _, ref in steps.conflict().refs} == {contact, one, two}
    assert len(steps.live("Lead")) == 2
    steps.quiet()
    steps.resolve(f"link:marketing:contacts/{contact}=crm:Lead/{two}")
    steps.cycle()
    assert linked_to(steps, contact) == RemoteRef("Lead", two)
    assert steps.sold(two, "Title") == "Head"
    assert steps.sold(one, "Title") is None
    assert {ref.id for _, ref in steps.conflict().refs} == {contact, one, two}, "the other Lead is still a duplicate"
    steps.quiet()
    steps.resolve("apart")
    steps.cycle()
    assert linked_to(steps, contact) == RemoteRef("Lead", two)
    assert len(steps.live("Lead")) == 2
    steps.quiet()


@pytest.mark.parametrize("how", ["deleted", "edited", "merged"])
def test_a_duplicate_that_people_clear_up_is_no_longer_a_question(steps: Steps, how: str) -> None:
    """Sales deletes, corrects or merges the second Lead: the question closes, and the rest is linked by itself."""
    contact = steps.contact(email="team@example.com", jobtitle="Head")
    one = steps.lead(Email="team@example.com")
    two = steps.lead(Email="team@example.com")
    steps.cycle()
    assert steps.conflicts()
    if how == "deleted":
        steps.both.salesforce.delete("Lead", two)
    elif how == "edited":
        steps.sell(two, Email="zoe@example.com")
    else:
        steps.both.salesforce.merge("Lead", one, [two])
    steps.cycle()
    assert linked_to(steps, contact) == RemoteRef("Lead", one)
    assert not steps.conflicts()
    steps.quiet()


def test_a_second_lead_of_a_linked_person_is_held(steps: Steps) -> None:
    """Sales enters a person again: the duplicate is shown, the link stays with the first, nothing is created."""
    contact, lead = steps.pair()
    again = steps.lead(Email="ann@example.com")
    assert steps.counts() == {"conflicts": 1}
    assert {ref.id for _, ref in steps.conflict().refs} == {contact, lead, again}
    assert linked_to(steps, contact) == RemoteRef("Lead", lead)
    steps.quiet()
    steps.resolve("apart")
    steps.cycle()
    assert steps.sold(again, "Syncd_Marketing_Id__c") is None
    assert len(steps.contacts()) == 1
    steps.quiet()


def test_apart_makes_a_counterpart_of_its_own(steps: Steps) -> None:
    """Two people behind one address: said to be apart, the contact gets its own Lead, once."""
    contact = steps.contact(email="team@example.com")
    one = steps.lead(Email="team@example.com")
    two = steps.lead(Email="team@example.com")
    steps.cycle()
    steps.resolve("apart")
    steps.cycle()
    made = linked_to(steps, contact)
    assert made is not None
    assert made.id not in (one, two)
    assert len(steps.live("Lead")) == 3
    steps.quiet()
    steps.sell(one, Title="Head")
    steps.cycle()
    assert len(steps.live("Lead")) == 3
    steps.quiet()


def test_twins_on_one_side_are_linked_to_nobody(steps: Steps) -> None:
    """Two companies with one domain are only shown once an Account of that domain comes up: then a person must say."""
    first = company(steps, domain="acme-works.com")
    second = company(steps, name="Acme West", domain="acme-works.com")
    assert not steps.counts()
    there = account(steps, Website="acme-works.com")
    assert steps.counts() == {"conflicts": 1}
    assert {ref.id for _, ref in steps.conflict().refs} == {first, second, there}
    steps.quiet()


def test_the_key_field_proves_more_than_an_address(steps: Steps) -> None:
    """A Lead that carries our key is the counterpart, though another one has the address."""
    contact = steps.contact(email="ann@example.com")
    other = steps.lead(Email="ann@example.com")
    keyed = steps.lead(Email="ann@work.example", Syncd_Marketing_Id__c=contact)
    steps.cycle()
    assert linked_to(steps, contact) == RemoteRef("Lead", keyed)
    assert steps.sold(other, "Syncd_Marketing_Id__c") is None
    by_topic = {conflict.topic: conflict for conflict in steps.conflicts()}
    assert by_topic[Topic.FIELD].field == "email", "the addresses differ at the first link and the policy is hold"
    assert {ref.id for _, ref in by_topic[Topic.MATCH].refs} == {contact, other}


def test_the_native_connector_s_id_is_followed(steps: Steps) -> None:
    """A company moves over from the vendor's own connector: its id property links without any address."""
    steps.both.hubspot.add_property("contacts", {"name": "salesforceleadid"})
    lead = steps.lead(LastName="Doe")
    contact = steps.contact(email="ann@example.com", salesforceleadid=lead)
    steps.cycle()
    assert linked_to(steps, contact) == RemoteRef("Lead", lead)
    assert steps.sold(lead, "Email") == "ann@example.com"
    steps.quiet()
