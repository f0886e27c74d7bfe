"""Who won, lost or reopened a deal: from the histories of both vendors into the ledger, asked only where it is news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.salesforce.connector import SalesforceConnector
from syncd.model.episode import Deal, DealState
from syncd.model.remote import FieldEvent, RemoteRef
from syncd.model.values import Instant
from tests.scenarios.dealing import Deals, both_ways, configured_deals
from tests.scenarios.test_deal_crashes import Killed, Reaper, until_quiet
from tests.scenarios.test_deal_stages import buyer, offer, told, world


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[Deals]:
    """The example with deals switched on, in step before anything happens."""
    yield from _opened(configured_deals(tmp_path, lambda _schema: None))


@pytest.fixture
def mutual(tmp_path: Path) -> Iterator[Deals]:
    """Deals go both ways."""
    yield from _opened(configured_deals(tmp_path, both_ways))


def _opened(config: Path) -> Iterator[Deals]:
    steps = world(config)
    steps.cycle()
    yield steps
    steps.both.store.close()


def questions(deals: Deals, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The Opportunities that Salesforce is asked the history of from now on, question by question."""
    asked: list[list[str]] = []
    history = SalesforceConnector.history

    def noted(
        connector: SalesforceConnector, refs: Sequence[RemoteRef], fields: Sequence[str], since: Instant
    ) -> Sequence[FieldEvent]:
        if refs[0].object == "Opportunity":
            asked.append([ref.id for ref in refs])
        return history(connector, refs, fields, since)

    monkeypatch.setattr(SalesforceConnector, "history", noted)
    return asked


def by(event: Deal) -> tuple[DealState, str, str, str]:
    """How a deal stands, and who made it so."""
    return event.state, event.by, event.team, event.side


def test_who_won_and_who_reopened(deals: Deals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by their own name, for the team of their role, in Salesforce, and when they did it, not when it was seen."""
    asked = questions(deals, monkeypatch)
    ada = deals.both.salesforce.add_user("ada@example.com", "Ada Moe", role="Account Executive")
    deals.both.clock.advance(600)
    _, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=900)
    assert asked == [], "a deal that is new was won by nobody"
    deals.both.salesforce.edit("Opportunity", made, {"StageName": "Closed Won"}, by=ada)
    won = deals.both.clock.now()
    deals.both.clock.advance(1800)
    deals.edit_opportunity(made, Description="signed")
    deals.cycle()
    assert asked == [[made]]
    deals.both.salesforce.edit("Opportunity", made, {"StageName": "Closed Lost"}, by=ada)
    deals.cycle()
    first, second, third = told(deals)
    assert by(first) == (DealState.OPEN, "", "", "")
    assert by(second) == (DealState.WON, "ada@example.com", "sales", "crm")
    assert abs(second.at - won) < timedelta(seconds=2)
    assert by(third) == (DealState.LOST, "ada@example.com", "sales", "crm")


def test_another_amount_was_won_by_nobody(deals: Deals, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is worth something else since, or is one stage further, is asked about no more."""
    asked = questions(deals, monkeypatch)
    ada = deals.both.salesforce.add_user("ada@example.com", "Ada Moe", role="Account Executive")
    deals.both.clock.advance(600)
    _, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=900)
    deals.both.salesforce.edit("Opportunity", made, {"StageName": "Negotiation/Review"}, by=ada)
    deals.cycle()
    deals.both.salesforce.edit("Opportunity", made, {"StageName": "Closed Won"}, by=ada)
    deals.cycle()
    deals.both.salesforce.edit("Opportunity", made, {"Amount": 800}, by=ada)
    deals.cycle()
    assert asked == [[made]]
    assert [by(each)[:2] for each in told(deals)] == [
        (DealState.OPEN, ""), (DealState.WON, "ada@example.com"), (DealState.WON, ""),
    ]  # fmt: skip


def test_marketing_closes_a_deal(mutual: Deals) -> None:
    """Where deals go both ways it is told of whoever did it in HubSpot."""
    kim = mutual.both.hubspot.add_owner("kim@example.com", "Kim", "Roe", teams=("Marketing",))
    user = mutual.both.hubspot.user_of(kim)
    mutual.both.clock.advance(600)
    _, person, account = buyer(mutual)
    offer(mutual, person, account, Amount=900)
    mutual.cycle()
    (deal,) = mutual.deals()
    mutual.both.hubspot.edit("deals", deal, {"dealstage": "closedwon"}, by=user)
    mutual.cycle()
    assert by(told(mutual)[-1]) == (DealState.WON, "kim@example.com", "marketing", "marketing")


def test_nobody_is_named_where_no_history_is_kept(deals: Deals) -> None:
    """An admin has switched the tracking of the stage off: it is won all the same, by nobody known."""
    deals.both.salesforce.org.schema.entities["Opportunity"].track(())
    _, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=900)
    deals.edit_opportunity(made, StageName="Closed Won")
    deals.cycle()
    assert by(told(deals)[-1]) == (DealState.WON, "", "", "")


def test_who_won_is_known_after_a_crash(deals: Deals) -> None:
    """The process dies once HubSpot has carried the win out: the next one finds it done, and knows who did it."""
    ada = deals.both.salesforce.add_user("ada@example.com", "Ada Moe", role="Account Executive")
    deals.both.clock.advance(600)
    _, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=900)
    deals.both.salesforce.edit("Opportunity", made, {"StageName": "Closed Won"}, by=ada)
    Reaper(deals.both).left = 1
    with pytest.raises(Killed):
        deals.cycle()
    assert [each.state for each in told(deals)] == [DealState.OPEN]
    until_quiet(deals.both)
    assert by(told(deals)[-1]) == (DealState.WON, "ada@example.com", "sales", "crm")
