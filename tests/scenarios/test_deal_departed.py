"""Deals of people whose record has left, and of those who are another record's now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.episode import DealState, State
from syncd.model.link import LinkState
from tests.scenarios.dealing import Deals
from tests.scenarios.steps import HOUR
from tests.scenarios.test_deal_stages import buyer, offer, stage, states, world
from tests.worlds import with_deals


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[Deals]:
    """The example with deals switched on, in step before anything happens."""
    steps = world(with_deals(tmp_path))
    steps.cycle()
    yield steps
    steps.both.store.close()


def test_what_was_won_while_their_contact_was_deleted_counts_and_moves_them_once_it_is_back(deals: Deals) -> None:
    """Deleted by mistake at nine, won at ten, restored at eleven: a customer, and a handoff that is won."""
    contact, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=10)
    deals.cycle()
    deals.both.hubspot.archive("contacts", contact)
    deals.cycle()
    (link,) = deals.both.store.links("person")
    assert link.state is LinkState.TOMBSTONE
    deals.edit_opportunity(made, StageName="Closed Won")
    deals.cycle()
    deals.cycle()
    assert states(deals) == [DealState.OPEN, DealState.WON]
    deals.both.hubspot.restore("contacts", contact)
    deals.cycle()
    deals.cycle()
    assert stage(deals, contact) == "customer"
    assert list(deals.both.store.episode_columns(("state", "amount"))) == [(State.WON, 1000)]
    assert states(deals) == [DealState.OPEN, DealState.WON]
    deals.both.clock.advance(HOUR)
    deals.quiet()


def columns(deals: Deals) -> list[tuple[object, ...]]:
    """How each handoff stands and what it is worth, by state."""
    return sorted(deals.both.store.episode_columns(("state", "amount")), key=repr)


def members(deals: Deals) -> list[object]:
    """How it goes with each person alone."""
    return sorted((state for (state,) in deals.both.store.member_columns(("state",))), key=str)


def test_an_opportunity_that_was_deleted_is_in_nobodys_pipeline(deals: Deals) -> None:
    """Until it is restored: then it is theirs again, and told once."""
    _, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=10)
    deals.cycle()
    assert columns(deals) == [(State.OFFERED, 1000)]
    deals.both.salesforce.delete("Opportunity", made)
    deals.cycle()
    deals.cycle()
    assert columns(deals) == [(State.ACCEPTED, None)]
    assert states(deals) == [DealState.OPEN, DealState.GONE]
    deals.both.salesforce.undelete("Opportunity", made)
    deals.cycle()
    deals.cycle()
    assert columns(deals) == [(State.OFFERED, 1000)]
    assert states(deals) == [DealState.OPEN, DealState.GONE, DealState.OPEN]
    deals.quiet()


def test_what_was_given_to_another_contact_and_lost_is_theirs_alone(deals: Deals) -> None:
    """Whoever had it is with sales as before, without a deal."""
    contact, person, account = buyer(deals)
    _, second = deals.buyer(account, "bob")
    made = offer(deals, person, account, Amount=10)
    deals.cycle()
    deals.role(made, second)
    deals.cycle()
    deals.cycle()
    assert members(deals) == [State.ACCEPTED, State.OFFERED]
    deals.edit_opportunity(made, StageName="Closed Lost", Loss_Reason__c="Price")
    deals.cycle()
    deals.cycle()
    assert members(deals) == [State.ACCEPTED, State.LOST]
    assert stage(deals, contact) == "opportunity", "that alone moves nobody"


@pytest.mark.parametrize("deleted", [False, True])
def test_a_won_deal_that_is_given_to_another_contact_is_won_once(deals: Deals, *, deleted: bool) -> None:
    """With its amount where it is now, also if the record of whoever had it has left; they keep having been won."""
    contact, person, account = buyer(deals)
    _, elsewhere = deals.firm("Other")
    _, second = deals.buyer(elsewhere, "bob")
    made = offer(deals, person, account, Amount=10)
    deals.cycle()
    deals.edit_opportunity(made, StageName="Closed Won")
    deals.cycle()
    deals.cycle()
    assert columns(deals) == [(State.WON, 1000)]
    if deleted:
        deals.both.hubspot.archive("contacts", contact)
        deals.cycle()
    deals.role(made, second)
    deals.cycle()
    deals.cycle()
    assert columns(deals) == [(State.WON, 1000), (State.WON, None)]
    assert sorted(states(deals)) == ["gone", "open", "won", "won"]


def test_what_stood_before_deals_were_looked_at_is_told_by_nobody(tmp_path: Path) -> None:
    """Neither is that it is another contact's now: the ledger never heard of it."""
    deals = world(with_deals(tmp_path))
    _, account = deals.firm()
    _, person = deals.buyer(account)
    _, second = deals.buyer(account, "bob")
    made = deals.opportunity(AccountId=account, ContactId=person)
    deals.cycle()
    deals.cycle()
    deals.role(made, second)
    deals.cycle()
    assert DealState.GONE not in states(deals)
    deals.both.store.close()
