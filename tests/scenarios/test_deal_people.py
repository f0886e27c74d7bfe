"""Whose deal it is: the company, the primary contact among several, and deals that a conversion makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.dealing import Deals, both_ways, dealing


@pytest.fixture
def deals(tmp_path: Path) -> Deals:
    """The example with deals switched on: sales makes them, marketing sees them."""
    return dealing(tmp_path)


@pytest.fixture
def mutual(tmp_path: Path) -> Deals:
    """Deals go both ways and are made on both sides."""
    return dealing(tmp_path, both_ways)


# -- company and primary contact ---------------------------------------------------------------------------------------
def test_a_new_deal_knows_its_company_and_its_contact(deals: Deals) -> None:
    """The Account becomes the deal's primary company, the primary role an association with the contact."""
    company, account = deals.firm()
    here, there = deals.buyer(account)
    deals.opportunity(AccountId=account, ContactId=there)
    deals.cycle()
    (deal,) = deals.deals()
    assert deals.of_deal(deal, "companies") == [company]
    assert deals.of_deal(deal, "contacts") == [here]
    deals.cycle()
    deals.quiet()


def test_a_new_opportunity_knows_its_account_and_its_contact(mutual: Deals) -> None:
    """The same the other way round: the contact gets the primary role."""
    company, account = mutual.firm()
    here, there = mutual.buyer(account)
    deal = mutual.deal()
    mutual.both.hubspot.relate("deals", deal, "companies", company)
    mutual.both.hubspot.relate("deals", deal, "contacts", here)
    mutual.cycle()
    (row,) = mutual.live("Opportunity")
    assert (row["AccountId"], row["ContactId"]) == (account, there)
    assert mutual.primary(str(row["Id"])) == [there]
    mutual.cycle()
    mutual.quiet()


@pytest.mark.parametrize("stamps", [False, True])
def test_another_primary_contact_joins_the_deal(deals: Deals, *, stamps: bool) -> None:
    """Sales names another one: he is associated, the first stays a contact of the deal, whatever stamps move."""
    deals.both.salesforce.org.switches.roles_stamp_opportunities = stamps
    _, account = deals.firm()
    ann, ann_there = deals.buyer(account)
    bob, bob_there = deals.buyer(account, "bob")
    opportunity = deals.opportunity(AccountId=account, ContactId=ann_there)
    deals.cycle()
    (deal,) = deals.deals()
    assert deals.of_deal(deal, "contacts") == [ann]
    deals.cycle()
    deals.role(opportunity, bob_there)
    deals.cycle()
    assert deals.of_deal(deal, "contacts") == [ann, bob]
    deals.quiet()
    assert deals.primary(opportunity) == [bob_there]


def test_marketing_gives_a_deal_another_contact(mutual: Deals) -> None:
    """One contact in place of the other: the new one gets the primary role, which is made, not edited."""
    _, account = mutual.firm()
    ann, ann_there = mutual.buyer(account)
    bob, bob_there = mutual.buyer(account, "bob")
    opportunity = mutual.opportunity(AccountId=account, ContactId=ann_there)
    mutual.cycle()
    (deal,) = mutual.deals()
    mutual.cycle()
    mutual.both.hubspot.relate("deals", deal, "contacts", bob)
    mutual.both.hubspot.part("deals", deal, "contacts", ann)
    mutual.cycle()
    assert mutual.primary(opportunity) == [bob_there]
    assert mutual.holds(opportunity, "ContactId") == bob_there
    mutual.quiet()
    mutual.both.hubspot.relate("deals", deal, "contacts", ann)
    mutual.both.hubspot.part("deals", deal, "contacts", bob)
    mutual.cycle()
    assert mutual.primary(opportunity) == [ann_there]
    assert len(mutual.live("OpportunityContactRole")) == 2, "the role she had is primary again, and no third one made"
    mutual.quiet()


def test_none_of_several_contacts_is_picked(mutual: Deals) -> None:
    """HubSpot ranks no contact of a deal: an Opportunity gets no primary one until sales names one, or one is left."""
    _, account = mutual.firm()
    ann, _ = mutual.buyer(account)
    bob, bob_there = mutual.buyer(account, "bob")
    mutual.cycle()
    deal = mutual.deal()
    mutual.both.hubspot.relate("deals", deal, "contacts", ann)
    mutual.both.hubspot.relate("deals", deal, "contacts", bob)
    mutual.cycle()
    (row,) = mutual.live("Opportunity")
    assert mutual.primary(str(row["Id"])) == []
    mutual.cycle()
    mutual.quiet()
    mutual.both.hubspot.part("deals", deal, "contacts", ann)
    mutual.cycle()
    assert mutual.primary(str(row["Id"])) == [bob_there]
    mutual.quiet()


def test_one_more_contact_of_a_deal_is_no_change_of_the_primary_one(mutual: Deals) -> None:
    """Who was agreed on stays it, whichever id is the lower one; a company that goes takes nothing away either."""
    _, account = mutual.firm()
    ann, _ = mutual.buyer(account)
    _, bob_there = mutual.buyer(account, "bob")
    opportunity = mutual.opportunity(AccountId=account, ContactId=bob_there)
    mutual.cycle()
    (deal,) = mutual.deals()
    mutual.cycle()
    mutual.both.hubspot.relate("deals", deal, "contacts", ann)
    assert not mutual.counts()
    assert mutual.primary(opportunity) == [bob_there]
    mutual.edit_opportunity(opportunity, AccountId=None)
    mutual.cycle()
    assert mutual.of_deal(deal, "companies")
    assert mutual.primary(opportunity) == [bob_there]


def test_a_person_who_is_a_lead_is_no_primary_contact_yet(mutual: Deals) -> None:
    """A role wants a Contact: the deal travels without it, nothing is refused, and it is given after the conversion."""
    contact, lead = mutual.pair()
    deal = mutual.deal()
    mutual.both.hubspot.relate("deals", deal, "contacts", contact)
    mutual.cycle()
    (row,) = mutual.live("Opportunity")
    assert row["ContactId"] is None
    assert not mutual.both.store.parked()
    mutual.cycle()
    mutual.quiet()
    person, _, _ = mutual.both.salesforce.convert(lead, status="Closed - Converted")
    mutual.cycle()
    mutual.edit_deal(deal, amount="10")
    mutual.cycle()
    assert mutual.primary(str(row["Id"])) == [person]
    mutual.quiet()


def test_a_role_that_is_refused_holds_the_contact_alone(mutual: Deals) -> None:
    """An admin's rule forbids it: the amount of the same write arrives, and the contact is listed."""
    _, account = mutual.firm()
    ann, ann_there = mutual.buyer(account)
    bob, _ = mutual.buyer(account, "bob")
    opportunity = mutual.opportunity(AccountId=account, ContactId=ann_there)
    mutual.cycle()
    (deal,) = mutual.deals()
    mutual.cycle()
    mutual.both.salesforce.org.validation_rules["OpportunityContactRole"] = [lambda _old, _row: "no more roles"]
    mutual.both.hubspot.relate("deals", deal, "contacts", bob)
    mutual.both.hubspot.part("deals", deal, "contacts", ann)
    mutual.edit_deal(deal, amount="10")
    mutual.cycle()
    mutual.cycle()
    assert mutual.holds(opportunity, "Amount") == 10
    (parked,) = mutual.both.store.parked()
    assert (parked.field, parked.code) == ("primary_contact", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    mutual.quiet()


# -- conversion --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("switched_on", ["deals", "mutual"])
def test_a_conversion_makes_one_deal_of_the_person_s_contact(request: pytest.FixtureRequest, switched_on: str) -> None:
    """Lead into Contact, Account and Opportunity: in the same cycle the deal is there, and it is this person's."""
    deals: Deals = request.getfixturevalue(switched_on)
    contact, lead = deals.pair()
    person, _, opportunity = deals.both.salesforce.convert(lead, status="Closed - Converted", opportunity="Acme - Big")
    assert opportunity is not None
    deals.cycle()
    (deal,) = deals.deals()
    assert deals.shows(deal, "dealname") == "Acme - Big"
    assert deals.of_deal(deal, "contacts") == [contact]
    assert deals.marketed(contact, "syncd_crm_id") == person
    deals.cycle()
    deals.quiet()
    assert deals.deals() == [deal]
    assert len(deals.live("Opportunity")) == 1


def test_a_conversion_beside_a_deal_of_marketing_is_a_question(mutual: Deals) -> None:
    """Both teams entered the same deal in one hour: a person says that they are one, and no third one is made."""
    contact, lead = mutual.pair()
    day = "2026-04-01"
    deal = mutual.deal(dealname="Acme - Big", closedate=f"{day}T00:00:00Z")
    mutual.both.hubspot.relate("deals", deal, "contacts", contact)
    _, _, opportunity = mutual.both.salesforce.convert(lead, status="Closed - Converted", opportunity="Acme - Big")
    mutual.edit_opportunity(str(opportunity), CloseDate=day)
    mutual.cycle()
    assert {ref.id for _, ref in mutual.conflict().refs} == {deal, opportunity}
    mutual.resolve(f"link:marketing:deals/{deal}=crm:Opportunity/{opportunity}")
    mutual.cycle()
    assert mutual.linked_to(deal) == opportunity
    assert (len(mutual.deals()), len(mutual.live("Opportunity"))) == (1, 1)
    mutual.cycle()
    mutual.quiet()
