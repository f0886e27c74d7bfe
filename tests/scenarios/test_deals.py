"""Deals and Opportunities: made once, kept in step, told what they are worth, and gone without a trace of doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.model.link import LinkState, Topic
from syncd.model.values import Side
from tests.scenarios.dealing import DAY, MIDNIGHT, Deals, both_ways, currencies, dealing
from tests.scenarios.steps import Schema, parked


@pytest.fixture
def deals(tmp_path: Path) -> Deals:
    """The example with deals switched on: sales makes them, marketing sees them."""
    return dealing(tmp_path)


@pytest.fixture
def mutual(tmp_path: Path) -> Deals:
    """Deals go both ways and are made on both sides."""
    return dealing(tmp_path, both_ways)


# -- made --------------------------------------------------------------------------------------------------------------
def test_an_opportunity_becomes_a_deal_once(deals: Deals) -> None:
    """Name, stage with its pipeline, amount and day arrive; both keys name each other."""
    there = deals.opportunity(Amount=1200.5)
    deals.cycle()
    (here,) = deals.deals()
    shown = [deals.shows(here, name) for name in ("dealname", "pipeline", "dealstage", "amount", "closedate")]
    assert shown == ["Big one", "default", "qualifiedtobuy", "1200.5", MIDNIGHT]
    assert deals.shows(here, "syncd_crm_id") == there
    deals.cycle()
    assert deals.holds(there, "Syncd_Marketing_Id__c") == here
    deals.quiet()
    assert deals.deals() == [here]


def test_a_deal_becomes_an_opportunity_once(mutual: Deals) -> None:
    """What Salesforce requires is there: name, stage and close date."""
    here = mutual.deal(amount="900")
    mutual.cycle()
    (row,) = mutual.live("Opportunity")
    assert (row["Name"], row["StageName"], row["CloseDate"], row["Amount"]) == ("Big one", "Qualification", DAY, 900)
    assert row["Syncd_Marketing_Id__c"] == here
    mutual.cycle()
    assert mutual.shows(here, "syncd_crm_id") == row["Id"]
    mutual.quiet()


def test_a_deal_of_marketing_stays_there_by_default(deals: Deals) -> None:
    """No rule makes Opportunities: sales' forecast is not filled by somebody else."""
    deals.deal()
    assert not deals.counts()
    assert not deals.live("Opportunity")
    deals.quiet()


def test_a_deal_without_a_close_date_waits_for_it(mutual: Deals) -> None:
    """Salesforce makes no Opportunity without one, so the rule asks for it."""
    here = mutual.deal(closedate="")
    mutual.cycle()
    assert not mutual.live("Opportunity")
    mutual.edit_deal(here, closedate="2026-04-30T15:30:00Z")
    mutual.cycle()
    (row,) = mutual.live("Opportunity")
    assert row["CloseDate"] == "2026-04-30"
    mutual.quiet()
    assert mutual.shows(here, "closedate") == "2026-04-30T15:30:00.000Z", "the day is the same, so its hour stays"


# -- in step -----------------------------------------------------------------------------------------------------------
def test_stages_move_both_ways(mutual: Deals) -> None:
    """Sales moves on, marketing corrects, sales wins; what follows from a stage follows in Salesforce."""
    there = mutual.opportunity()
    mutual.cycle()
    (here,) = mutual.deals()
    mutual.edit_opportunity(there, StageName="Value Proposition")
    mutual.cycle()
    assert mutual.shows(here, "dealstage") == "presentationscheduled"
    mutual.edit_deal(here, dealstage="contractsent")
    mutual.cycle()
    assert mutual.holds(there, "StageName") == "Negotiation/Review"
    mutual.edit_opportunity(there, StageName="Closed Won")
    mutual.cycle()
    assert mutual.shows(here, "dealstage") == "closedwon"
    assert mutual.holds(there, "IsWon") is True
    mutual.quiet()


def test_an_edit_of_what_sales_owns_is_written_over(deals: Deals) -> None:
    """By default amounts and stages go one way."""
    there = deals.opportunity(Amount=1000)
    deals.cycle()
    (here,) = deals.deals()
    deals.edit_deal(here, amount="1", dealstage="closedwon")
    deals.cycle()
    assert (deals.shows(here, "amount"), deals.shows(here, "dealstage")) == ("1000", "qualifiedtobuy")
    assert deals.holds(there, "Amount") == 1000
    deals.quiet()


def test_two_stages_of_sales_that_are_one_of_marketing_do_not_fall_together(mutual: Deals) -> None:
    """Needs Analysis reads as qualified: nothing is written back to the Opportunity."""
    there = mutual.opportunity(StageName="Needs Analysis")
    mutual.cycle()
    mutual.cycle()
    assert mutual.holds(there, "StageName") == "Needs Analysis"
    mutual.quiet()


def test_an_unknown_stage_is_held_and_the_rest_flows(deals: Deals) -> None:
    """A stage of another sales process waits for the table; the amount does not."""
    there = deals.opportunity()
    deals.cycle()
    (here,) = deals.deals()
    deals.edit_opportunity(there, StageName="Renewal Signed", Amount=700)
    deals.cycle()
    assert deals.shows(here, "amount") == "700"
    assert deals.shows(here, "dealstage") == "qualifiedtobuy"
    assert deals.conflict().field == "stage"
    deals.quiet()


def test_the_reason_of_a_loss_reaches_marketing(tmp_path: Path) -> None:
    """A field that an org has made for it is carried to HubSpot's own; without it the rest of the kind works."""
    from sandbox.salesforce.definitions import long_text

    deals = dealing(tmp_path)
    deals.both.salesforce.add_field("Opportunity", long_text("Loss_Reason__c", "Loss Reason", custom=True))
    there = deals.opportunity()
    deals.cycle()
    (here,) = deals.deals()
    deals.edit_opportunity(there, StageName="Closed Lost", Loss_Reason__c="no budget")
    deals.cycle()
    assert deals.shows(here, "closed_lost_reason") == "no budget"
    assert deals.shows(here, "dealstage") == "closedlost"
    deals.quiet()


# -- money -------------------------------------------------------------------------------------------------------------
def several(tmp_path: Path, *, marketing: tuple[str, ...], crm: tuple[str, ...]) -> Deals:
    """Both sides have several currencies, the account and the org those named."""
    deals = dealing(tmp_path, currencies)
    options = [{"value": code} for code in marketing]
    deals.both.hubspot.add_property(
        "deals", {"name": "deal_currency_code", "type": "enumeration", "fieldType": "select", "options": options}
    )
    deals.both.salesforce.enable_currencies(crm)
    return deals


def test_an_amount_travels_with_its_currency(tmp_path: Path) -> None:
    """Euros stay euros both ways, and changing the currency alone is a change of the amount."""
    deals = several(tmp_path, marketing=("USD", "EUR"), crm=("USD", "EUR"))
    there = deals.opportunity(Amount=100, CurrencyIsoCode="EUR")
    deals.cycle()
    (here,) = deals.deals()
    assert (deals.shows(here, "amount"), deals.shows(here, "deal_currency_code")) == ("100", "EUR")
    deals.edit_deal(here, deal_currency_code="USD")
    deals.cycle()
    assert (deals.holds(there, "Amount"), deals.holds(there, "CurrencyIsoCode")) == (100, "USD")
    deals.quiet()


@pytest.mark.parametrize("first", Side)
def test_a_currency_that_the_other_side_lacks_holds_the_amount_alone(tmp_path: Path, first: Side) -> None:
    """Francs are active on one side only: the amount is listed, neither number nor currency is written, the rest is."""
    codes = ("USD", "CHF")
    deals = several(
        tmp_path,
        marketing=codes if first is Side.MARKETING else codes[:1],
        crm=codes if first is Side.CRM else codes[:1],
    )
    if first is Side.CRM:
        there = deals.opportunity(Amount=100, CurrencyIsoCode="CHF")
    else:
        here = deals.deal(amount="100", deal_currency_code="CHF")
    deals.cycle()
    deals.cycle()
    if first is Side.CRM:
        (here,) = deals.deals()
        assert deals.shows(here, "amount") is None
        deals.edit_opportunity(there, StageName="Closed Won")
    else:
        ((there, amount),) = [(str(row["Id"]), row["Amount"]) for row in deals.live("Opportunity")]
        assert amount is None
        deals.edit_deal(here, dealstage="closedwon")
    row = parked(deals)
    assert (row.side, row.field) == (first.other, "amount")
    deals.cycle()
    assert (deals.shows(here, "dealstage"), deals.holds(there, "StageName")) == ("closedwon", "Closed Won")
    deals.quiet()


def test_an_org_with_one_currency_holds_an_amount_in_another(tmp_path: Path) -> None:
    """HubSpot has several, Salesforce dollars alone: euros are not written as dollars, the stage goes on."""

    def one_sided(schema: Schema) -> None:
        currencies(schema)
        schema["fields"]["amount"] |= {"crm": "Amount", "currency": "USD"}

    deals = dealing(tmp_path, one_sided)
    codes = {"name": "deal_currency_code", "type": "enumeration", "fieldType": "select"}
    deals.both.hubspot.add_property("deals", {**codes, "options": [{"value": code} for code in ("USD", "EUR")]})
    there = deals.opportunity(Amount=100)
    deals.cycle()
    (here,) = deals.deals()
    assert (deals.shows(here, "amount"), deals.shows(here, "deal_currency_code")) == ("100", "USD")
    deals.edit_deal(here, amount="300", deal_currency_code="EUR", dealstage="closedwon")
    deals.cycle()
    assert (deals.holds(there, "Amount"), deals.holds(there, "StageName")) == (100, "Closed Won")
    assert deals.conflict().field == "amount"
    deals.quiet()


# -- one or two --------------------------------------------------------------------------------------------------------
def test_deals_that_are_alike_are_a_question_and_no_second_one_is_made(mutual: Deals) -> None:
    """Both sides entered it: name, amount and day agree, which is a suggestion; a person says they are one."""
    here = mutual.deal(amount="500")
    there = mutual.opportunity(Amount=500)
    assert mutual.counts() == {"conflicts": 1}
    assert mutual.conflict().topic is Topic.MATCH
    assert (len(mutual.deals()), len(mutual.live("Opportunity"))) == (1, 1)
    mutual.quiet()
    mutual.resolve(f"link:marketing:deals/{here}=crm:Opportunity/{there}")
    mutual.cycle()
    assert mutual.linked_to(here) == there
    mutual.cycle()
    mutual.quiet()


def test_deals_that_only_share_their_name_are_two(mutual: Deals) -> None:
    """Names repeat: another amount is another deal."""
    mutual.deal(amount="500")
    mutual.opportunity(Amount=700)
    mutual.cycle()
    mutual.cycle()
    assert (len(mutual.deals()), len(mutual.live("Opportunity"))) == (2, 2)
    assert not mutual.conflicts()
    mutual.quiet()


def test_two_deals_merged_in_hubspot_are_one_link(mutual: Deals) -> None:
    """The survivor has a new id; its Opportunity follows, and the other one is left for a person."""
    first, second = mutual.opportunity(), mutual.opportunity(Name="Other")
    mutual.cycle()
    ids = {str(mutual.shows(each, "syncd_crm_id")): each for each in mutual.deals()}
    survivor = mutual.both.hubspot.merge("deals", ids[first], ids[second])
    mutual.cycle()
    mutual.cycle()
    assert mutual.deals() == [survivor]
    assert mutual.linked_to(survivor) in {first, second}
    assert mutual.conflict().topic is Topic.GONE
    mutual.quiet()


# -- gone --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", Side)
def test_a_deleted_deal_is_a_tombstone(mutual: Deals, side: Side) -> None:
    """Nothing is deleted on the other side, and an edit there makes nothing anew."""
    there = mutual.opportunity()
    mutual.cycle()
    mutual.cycle()
    (here,) = mutual.deals()
    if side is Side.CRM:
        mutual.both.salesforce.delete("Opportunity", there)
    else:
        mutual.both.hubspot.archive("deals", here)
    mutual.cycle()
    (link,) = mutual.both.store.links("deal")
    assert link.state is LinkState.TOMBSTONE
    if side is Side.CRM:
        mutual.edit_deal(here, amount="1")
    else:
        mutual.edit_opportunity(there, Amount=1)
    mutual.cycle()
    assert len(mutual.deals()) + len(mutual.live("Opportunity")) == 1
    mutual.quiet()
