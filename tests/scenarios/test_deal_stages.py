"""Deals drive the handoff: who buys becomes a customer, a loss takes them back, and the ledger hears of each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.salesforce.definitions import typed
from syncd.model.episode import Deal, DealState, State
from syncd.model.link import Topic
from syncd.model.values import Pair
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from syncd.operations.fitting import make, survey
from tests.scenarios.dealing import Deals, untouched
from tests.scenarios.derivings import SHOWN
from tests.scenarios.steps import Schema
from tests.worlds import open_both, with_deals


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[Deals]:
    """The example with deals switched on, in step before anything happens."""
    steps = world(with_deals(tmp_path))
    steps.cycle()
    yield steps
    steps.both.store.close()


def world(config: Path) -> Deals:
    """Two accounts of which HubSpot leaves people where they are, whatever becomes of their deals."""
    both = open_both(config=config, switches=HubSpotSwitches(deals_move_stages=False))
    both.salesforce.add_field("Opportunity", typed("string", "Loss_Reason__c", "Loss reason", custom=True))
    return Deals(both)


SQL = {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "IN_PROGRESS"}


def buyer(deals: Deals) -> tuple[str, str, str]:
    """Somebody whom sales works on; contact, Contact and Account."""
    _, account = deals.firm()
    contact, person = deals.buyer(account)
    deals.cycle()
    deals.market(contact, lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW")
    deals.cycle()
    deals.market(contact, **SQL)
    deals.cycle()
    return contact, person, account


def offer(deals: Deals, person: str, account: str, **fields: object) -> str:
    """An Opportunity whose primary contact somebody is, and a cycle later."""
    made = deals.opportunity(AccountId=account, **fields)
    deals.role(made, person)
    deals.cycle()
    return made


def stage(deals: Deals, contact: str) -> str | None:
    """Where HubSpot shows somebody."""
    return deals.marketed(contact, "lifecyclestage")


def told(deals: Deals) -> list[Deal]:
    """Every event of a deal that the ledger heard."""
    people = [link.id for link in deals.both.store.links("person")]
    known = (event for event in deals.both.store.ledger_of(people) if isinstance(event, Deal))
    return sorted(known, key=lambda event: event.at)


def states(deals: Deals) -> list[DealState]:
    """How each event says a deal stands."""
    return [each.state for each in told(deals)]


def test_made_won_and_taken_back(deals: Deals) -> None:
    """An Opportunity, a win, a win that was none: three events with the vendor's times, and three moves by nobody."""
    contact, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=1200.5)
    deals.cycle()
    assert stage(deals, contact) == "opportunity"
    deals.edit_opportunity(made, StageName="Closed Won")
    moment = deals.both.clock.now()
    deals.cycle()
    deals.cycle()
    assert stage(deals, contact) == "customer"
    assert list(deals.both.store.episode_columns(("state", "amount", "currency"))) == [(State.WON, 120050, "USD")]
    deals.quiet()
    first, second = told(deals)
    assert (first.state, second.state, second.amount) == (DealState.OPEN, DealState.WON, 120050)
    assert abs((second.at - moment).total_seconds()) < 1
    deals.edit_opportunity(made, StageName="Negotiation/Review")
    deals.cycle()
    deals.cycle()
    assert deals.conflict().topic is Topic.MOVE  # the example lets no customer go back
    assert states(deals) == [DealState.OPEN, DealState.WON, DealState.OPEN]
    assert stage(deals, contact) == "customer"
    deals.quiet()


def test_who_was_turned_down_and_buys_all_the_same(deals: Deals) -> None:
    """A customer's form leaves the lead status alone; UNQUALIFIED beside it means turned down, so it is emptied."""
    contact, person, account = buyer(deals)
    deals.market(contact, hs_lead_status="UNQUALIFIED")
    deals.cycle()
    offer(deals, person, account, StageName="Closed Won")
    deals.cycle()
    assert (stage(deals, contact), deals.marketed(contact, "hs_lead_status")) == ("customer", None)
    for _ in range(6):
        deals.quiet()
    assert not deals.conflicts()


def test_explain_tells_what_became_of_the_deals(deals: Deals) -> None:
    """The person's story has the deal and the win, with what it is worth."""
    contact, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=900)
    deals.edit_opportunity(made, StageName="Closed Won")
    deals.cycle()
    (hit,) = find_hits(deals.both.world, f"marketing:contacts/{contact}")
    story = explain(deals.both.world, hit).handoffs
    assert story is not None
    said = [each.what for each in story.happened if each.what.startswith("deal ")]
    assert said == ["deal open, 900.00 USD", "deal won, 900.00 USD"]


def test_one_lost_deal_of_two_takes_nobody_back(deals: Deals) -> None:
    """The better one decides; the reason of the last one lost ends the handoff."""
    contact, person, account = buyer(deals)
    one, two = (offer(deals, person, account, Name=name) for name in ("One", "Two"))
    deals.cycle()
    deals.edit_opportunity(one, StageName="Closed Lost", Loss_Reason__c="Price")
    deals.cycle()
    deals.cycle()
    assert stage(deals, contact) == "opportunity"
    deals.edit_opportunity(two, StageName="Closed Lost", Loss_Reason__c="Competitor")
    deals.cycle()
    deals.cycle()
    assert deals.marketed(contact, "hs_lead_status") == "UNQUALIFIED"
    assert list(deals.both.store.episode_columns(("state", "reason"))) == [(State.LOST, "competitor")]
    deals.edit_opportunity(two, StageName="Negotiation/Review")
    deals.cycle()
    deals.cycle()
    assert stage(deals, contact) == "opportunity", "reopened"
    deals.quiet()
    assert not deals.conflicts()


def test_whoever_was_moved_by_hand_stays_there(deals: Deals) -> None:
    """A deal that goes on being open calls for nothing, whatever else is edited of it."""
    contact, person, account = buyer(deals)
    made = offer(deals, person, account)
    deals.cycle()
    deals.market(contact, **SQL)
    deals.cycle()
    deals.edit_opportunity(made, Amount=5000, StageName="Negotiation/Review")
    deals.cycle()
    deals.cycle()
    assert stage(deals, contact) == "salesqualifiedlead"
    assert [each.amount for each in told(deals)] == [None, 500000]
    deals.quiet()


def test_somebody_moves_the_person_on_in_the_same_cycle(deals: Deals) -> None:
    """A win calls for a customer; marketing has made an evangelist of her since, and that is where she stays."""
    contact, person, account = buyer(deals)
    made = offer(deals, person, account)
    deals.cycle()
    deals.edit_opportunity(made, StageName="Closed Won")
    deals.cycle()
    deals.market(contact, lifecyclestage="customer", hs_lead_status="")
    deals.both.clock.advance(60)
    deals.market(contact, lifecyclestage="evangelist", hs_lead_status="")
    deals.cycle()
    deals.cycle()
    assert stage(deals, contact) == "evangelist"
    deals.quiet()
    assert not deals.conflicts()


def test_what_stood_before_calls_for_nothing(tmp_path: Path) -> None:
    """Deals of years past move nobody when deals are switched on."""
    steps = world(with_deals(tmp_path))
    _, account = steps.firm()
    contact, person = steps.buyer(account)
    steps.market(contact, **SQL)
    made = steps.opportunity(AccountId=account, StageName="Closed Won")
    steps.role(made, person)
    steps.cycle()
    steps.cycle()
    steps.cycle()
    assert stage(steps, contact) == "salesqualifiedlead"
    steps.quiet()
    steps.both.store.close()


def test_another_primary_contact(deals: Deals) -> None:
    """The deal is theirs from then on; whoever had it is moved by nobody."""
    contact, person, account = buyer(deals)
    other, second = deals.buyer(account, "bob")
    made = offer(deals, person, account)
    deals.cycle()
    deals.market(other, **SQL)
    deals.cycle()
    deals.role(made, second)
    deals.cycle()
    deals.cycle()
    assert (stage(deals, contact), stage(deals, other)) == ("opportunity", "opportunity")
    deals.edit_opportunity(made, StageName="Closed Won")
    deals.cycle()
    deals.cycle()
    assert (stage(deals, contact), stage(deals, other)) == ("opportunity", "customer")
    own = offer(deals, person, account, Name="Her own")
    deals.edit_opportunity(own, StageName="Closed Lost", Loss_Reason__c="Price")
    deals.cycle()
    deals.cycle()
    assert deals.marketed(contact, "hs_lead_status") == "UNQUALIFIED", "the one she had speaks for her no longer"
    deals.quiet()


# -- what marketing is told --------------------------------------------------------------------------------------------
WORTH: dict[str, Any] = {
    "won_amount": {"type": "money", "marketing": "syncd_won_amount", "derive": "won_amount", "currency": "USD"},
    "loss_reason": {"type": "text", "marketing": "syncd_loss_reason", "derive": "loss_reason"},
}


def worth(
    folder: Path,
    change: Callable[[Schema], None] = untouched,
    *,
    codes: tuple[str, ...] = (),
    fields: Mapping[str, Any] = WORTH,
) -> Deals:
    """A world in which what was won and why not stands on the person, with these currencies if any are named."""
    config = with_deals(folder)
    path = config / "schema" / "person.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema["fields"] |= fields
    path.write_text(yaml.safe_dump(schema, sort_keys=False), encoding="utf-8")
    path = config / "schema" / "deal.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(schema)
    path.write_text(yaml.safe_dump(schema, sort_keys=False), encoding="utf-8")
    steps = world(config)
    if codes:
        options = [{"value": code} for code in codes]
        currency = {"name": "deal_currency_code", "type": "enumeration", "fieldType": "select", "options": options}
        steps.both.hubspot.add_property("deals", currency)
        steps.both.salesforce.enable_currencies(codes)
    fittings = Pair(steps.both.world.connectors.marketing.fitting(), steps.both.world.connectors.crm.fitting())
    make(survey(steps.both.world.connection.kinds, fittings, user=None), fittings)
    return steps


def test_what_was_won_and_why_not_arrives_in_marketing(tmp_path: Path) -> None:
    """The sum of two wins; a win that is none goes again; the reason of a loss, as long as it decides."""
    steps = worth(tmp_path)
    steps.cycle()
    contact, person, account = buyer(steps)
    one, two = (offer(steps, person, account, Name=name, Amount=100.5) for name in ("One", "Two"))
    steps.edit_opportunity(one, StageName="Closed Won")
    steps.edit_opportunity(two, StageName="Closed Won")
    steps.cycle()
    steps.cycle()
    assert steps.marketed(contact, "syncd_won_amount") == "201"
    steps.edit_opportunity(one, StageName="Closed Lost", Loss_Reason__c="Price")
    steps.cycle()
    steps.cycle()
    assert (steps.marketed(contact, "syncd_won_amount"), steps.marketed(contact, "syncd_loss_reason") or None) == (
        "100.5",
        None,
    )
    steps.edit_opportunity(two, StageName="Closed Lost", Loss_Reason__c="Competitor")
    steps.cycle()
    steps.cycle()
    assert not steps.marketed(contact, "syncd_won_amount")
    assert steps.marketed(contact, "syncd_loss_reason") == "Competitor"
    steps.quiet()
    steps.both.store.close()


def test_deals_and_ledger_stand_on_one_record(tmp_path: Path) -> None:
    """A win is worth something and ends what sales has in hand; neither takes away what the other shows."""
    hands = SHOWN["in_sales_hands"]
    steps = worth(tmp_path, fields={**WORTH, "in_sales_hands": hands})
    steps.cycle()
    contact, person, account = buyer(steps)
    made = offer(steps, person, account, Amount=100.5)
    steps.cycle()
    assert steps.marketed(contact, "syncd_in_sales_hands") == "true"
    steps.edit_opportunity(made, StageName="Closed Won")
    steps.cycle()
    steps.cycle()
    assert stage(steps, contact) == "customer"
    assert steps.marketed(contact, "syncd_won_amount") == "100.5"
    assert steps.marketed(contact, "syncd_in_sales_hands") == "false"
    steps.quiet()
    steps.edit_opportunity(made, Amount=90)
    steps.cycle()
    steps.cycle()
    assert steps.marketed(contact, "syncd_won_amount") == "90"
    assert steps.marketed(contact, "syncd_in_sales_hands") == "false"
    assert not steps.conflicts()
    steps.quiet()
    steps.both.store.close()


def in_currencies(schema: Schema) -> None:
    """Each amount has its currency beside it, on both sides."""
    amount = schema["fields"]["amount"]
    del amount["currency"]
    amount |= {"marketing": ["amount", "deal_currency_code"], "crm": ["Amount", "CurrencyIsoCode"]}


def test_wins_in_two_currencies_are_no_sum(tmp_path: Path) -> None:
    """What stands there is left, and listed, and the person is moved all the same; it mends itself."""
    steps = worth(tmp_path, in_currencies, codes=("USD", "EUR"))
    steps.cycle()
    contact, person, account = buyer(steps)
    one = offer(steps, person, account, Name="One", Amount=100, CurrencyIsoCode="USD", StageName="Closed Won")
    two = offer(steps, person, account, Name="Two", Amount=50, CurrencyIsoCode="EUR", StageName="Closed Won")
    steps.cycle()
    assert stage(steps, contact) == "customer"
    assert steps.marketed(contact, "syncd_won_amount") == "100"
    held = steps.conflict()
    assert (held.field, held.reason) == (
        "won_amount",
        "their won deals are in several currencies, which are not added up",
    )
    steps.quiet()
    steps.edit_opportunity(two, CurrencyIsoCode="USD")
    steps.cycle()
    steps.cycle()
    assert steps.marketed(contact, "syncd_won_amount") == "150"
    assert not steps.conflicts()
    steps.edit_opportunity(one, CurrencyIsoCode="EUR")
    steps.edit_opportunity(two, CurrencyIsoCode="EUR")
    steps.cycle()
    steps.cycle()
    assert "is in another currency than the field holds" in steps.conflict().reason
    assert steps.marketed(contact, "syncd_won_amount") == "150"
    steps.both.store.close()
