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
