"""Values of people that one side cannot take: the one field is held and listed, the rest of the person flows.

A value that a restricted picklist does not list and one that a table does not know are in ``test_refusals`` and
``test_policies``, reasons that a list does not know in ``test_unknown_reasons``, a currency that one side has no rate
for in ``test_deals``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncd.engine.cycle import sync
from tests.scenarios.steps import HOUR, Fields, Steps

With = Callable[[Callable[[Fields], None]], Steps]


@pytest.fixture
def steps(steps_with: With) -> Steps:
    """A world in which either side may give people to somebody."""

    def both_ways(fields: Fields) -> None:
        fields["owner"] |= {"direction": "both", "policy": "crm"}

    return steps_with(both_ways)


def test_an_owner_who_has_left_is_held_and_the_rest_flows(steps: Steps) -> None:
    """Marketing gives somebody to an owner whose Salesforce user is not active any more: nobody is given the Lead, it
    is listed, title and town travel; and it mends itself once that user is back.
    """
    ada = steps.both.hubspot.add_owner("ada@sales.example", "Ada", "Byron")
    user = steps.both.salesforce.add_user("ada@sales.example", "Ada Byron")
    contact, lead = steps.pair()
    before = steps.sold(lead, "OwnerId")
    steps.both.salesforce.deactivate_user(user)
    steps.market(contact, hubspot_owner_id=ada, jobtitle="Head", city="Bonn")
    steps.cycle()
    assert (steps.sold(lead, "Title"), steps.sold(lead, "City")) == ("Head", "Bonn")
    assert steps.sold(lead, "OwnerId") == before
    held = steps.conflict()
    assert (held.field, held.values.marketing) == ("owner", "user:ada@sales.example")
    assert held.reason.startswith("crm: the owner has left")
    steps.quiet()
    steps.both.salesforce.edit("User", user, {"IsActive": True})
    steps.both.clock.advance(HOUR)
    sync(steps.both.world, full=True)
    assert steps.sold(lead, "OwnerId") == user
    assert not steps.conflicts()
    steps.cycle()
    assert steps.marketed(contact, "sales_owner_name") == "Ada Byron"
    steps.quiet()


def test_somebody_new_of_an_owner_who_has_left_is_made_all_the_same(steps: Steps) -> None:
    """The Lead is made without that owner, and the owner is nobody's loss of a field."""
    ada = steps.both.hubspot.add_owner("ada@sales.example", "Ada", "Byron")
    steps.both.salesforce.deactivate_user(steps.both.salesforce.add_user("ada@sales.example", "Ada Byron"))
    contact, lead = steps.pair(hubspot_owner_id=ada, jobtitle="Head")
    assert steps.sold(lead, "Title") == "Head"
    assert steps.marketed(contact, "syncd_crm_id") == lead
    assert not steps.both.store.dead_letters()
