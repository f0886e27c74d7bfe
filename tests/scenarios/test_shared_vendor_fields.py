"""Several shared fields that are read from one vendor field: each goes its own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncd.engine.cycle import sync
from syncd.model.errors import RetryLater
from tests.scenarios.steps import Fields, Steps


def test_two_fields_of_one_vendor_field_follow_it_each_by_itself(
    steps_with: Callable[[Callable[[Fields], None]], Steps],
) -> None:
    """Both sides change the title, which waits for a person; another field that is read from sales' title has gone on.
    When sales takes its own change back, the question is over and the other field goes back as well.
    """
    other = {"type": "string", "marketing": "fax", "crm": "Title", "direction": "to_marketing"}
    steps = steps_with(lambda fields: (fields["title"].update(policy="hold"), fields.update(title_told=other)))
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.market(contact, jobtitle="Head of Buying")
    steps.sell(lead, Title="Chief Buyer")
    steps.cycle()
    assert steps.conflict().field == "title"
    assert steps.marketed(contact, "fax") == "Chief Buyer"
    steps.sell(lead, Title="Buyer")
    steps.cycle()
    assert not steps.conflicts()
    assert (steps.marketed(contact, "fax"), steps.sold(lead, "Title")) == ("Buyer", "Head of Buying")
    steps.cycle()
    assert steps.marketed(contact, "fax") == "Head of Buying"
    steps.quiet()


class _Dies:
    """A store that is lost between the answer of a vendor and the settlement."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def settle(self, settlement: Any, *rest: Any, **more: Any) -> None:
        if settlement.endings:
            raise RetryLater("gone")
        self._store.settle(settlement, *rest, **more)


def _die(steps: Steps) -> None:
    """A cycle that ends between the answer of a vendor and the settlement."""
    world, whole = steps.both.world, steps.both.world.store
    world.store = _Dies(whole)  # type: ignore[assignment]
    steps.both.clock.advance(60)
    with pytest.raises(RetryLater):
        sync(world)
    world.store = whole


@pytest.mark.parametrize("dies", [False, True])
def test_what_we_write_is_news_for_others_that_read_it(
    steps_with: Callable[[Callable[[Fields], None]], Steps], dies: bool
) -> None:
    """The owner may be changed on both sides; two texts are read from sales' owner as well, as in the example."""
    steps = steps_with(lambda fields: fields["owner"].update(direction="both"))
    hubspot, salesforce = steps.both.hubspot, steps.both.salesforce
    ann, bob = (salesforce.add_user(f"{name}@example.com", f"{name} Seller") for name in ("Ann", "Bob"))
    _, bob_there = (hubspot.add_owner(f"{name}@example.com", name, "Seller") for name in ("Ann", "Bob"))
    contact, lead = steps.pair()
    steps.sell(lead, OwnerId=ann)
    steps.cycle()
    steps.cycle()
    assert steps.marketed(contact, "sales_owner_name") == "Ann Seller"
    steps.market(contact, hubspot_owner_id=bob_there)
    if dies:
        _die(steps)
    steps.cycle()
    steps.cycle()
    assert steps.sold(lead, "OwnerId") == bob
    assert steps.marketed(contact, "sales_owner_name") == "Bob Seller"
    steps.quiet()


@pytest.mark.parametrize("dies", [False, True])
def test_what_a_create_brings_is_news_for_others_that_read_it(
    steps_with: Callable[[Callable[[Fields], None]], Steps], *, dies: bool
) -> None:
    """A title is sent with the Lead that is made; another field of marketing's is read from it."""
    other = {"type": "string", "marketing": "fax", "crm": "Title", "direction": "to_marketing"}
    steps = steps_with(lambda fields: fields.update(title_told=other))
    steps.pair(email="first@example.com")
    contact = steps.contact(email="ann@example.com", company="Acme", jobtitle="Buyer")
    if dies:
        _die(steps)
    for _ in range(3):
        steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") is not None
    assert steps.marketed(contact, "fax") == "Buyer"
    steps.quiet()
