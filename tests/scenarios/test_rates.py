"""Deals in several currencies: told in one by declared rates, from both systems to the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.scenarios.dealing import Deals
from tests.scenarios.test_deal_stages import buyer, in_currencies, offer, stage, world
from tests.worlds import with_deals

CODES = ("USD", "EUR", "GBP")


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[Deals]:
    """A world in which amounts bear their currency, and reports tell euros; a pound has no rate."""
    config = with_deals(tmp_path)
    deal = yaml.safe_load((config / "schema" / "deal.yaml").read_text(encoding="utf-8"))
    in_currencies(deal)
    (config / "schema" / "deal.yaml").write_text(yaml.safe_dump(deal, sort_keys=False), encoding="utf-8")
    lifecycle = yaml.safe_load((config / "lifecycle.yaml").read_text(encoding="utf-8"))
    lifecycle["handoff"] |= {"currency": "EUR", "rates": {"USD": 0.9}}
    (config / "lifecycle.yaml").write_text(yaml.safe_dump(lifecycle, sort_keys=False), encoding="utf-8")
    steps = world(config)
    options = [{"value": code} for code in CODES]
    currency = {"name": "deal_currency_code", "type": "enumeration", "fieldType": "select", "options": options}
    steps.both.hubspot.add_property("deals", currency)
    steps.both.salesforce.enable_currencies(CODES)
    steps.cycle()
    yield steps
    steps.both.store.close()


def kept(deals: Deals) -> list[tuple[object, ...]]:
    """Amount, currency and oddities of each handoff."""
    rows = deals.both.store.episode_columns(("amount", "currency", "oddities"))
    return [(amount, currency, set(odd.split()) & {"no_rate", "two_currencies"}) for amount, currency, odd in rows]


def test_two_currencies_are_one_sum(deals: Deals) -> None:
    """100 dollars and 50 euros are 140 euros, and nothing is odd; the systems keep what they say."""
    contact, person, account = buyer(deals)
    offer(deals, person, account, Name="One", Amount=100, CurrencyIsoCode="USD", StageName="Closed Won")
    offer(deals, person, account, Name="Two", Amount=50, CurrencyIsoCode="EUR", StageName="Closed Won")
    deals.cycle()
    assert stage(deals, contact) == "customer"
    assert kept(deals) == [(14_000, "EUR", set())]
    assert {deals.shows(each, "deal_currency_code") for each in deals.deals()} == {"USD", "EUR"}
    deals.quiet()


def test_what_has_no_rate_is_left_out_and_listed(deals: Deals) -> None:
    """The pound's amount alone: the person is moved, the deal is carried, and the euros count."""
    contact, person, account = buyer(deals)
    offer(deals, person, account, Name="One", Amount=100, CurrencyIsoCode="GBP", StageName="Closed Won")
    deals.cycle()
    assert stage(deals, contact) == "customer"
    assert kept(deals) == [(None, None, {"no_rate"})]
    offer(deals, person, account, Name="Two", Amount=50, CurrencyIsoCode="EUR", StageName="Closed Won")
    assert kept(deals) == [(5_000, "EUR", {"no_rate"})]
    assert len(deals.deals()) == 2
    deals.cycle()
    deals.quiet()
    assert not deals.conflicts()
