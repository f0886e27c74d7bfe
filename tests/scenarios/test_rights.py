"""Rights that come and go between two looks at a vendor's schema, which looks the same before and after."""

from __future__ import annotations

import pytest

from sandbox.hubspot.standard import INTERESTS
from tests.scenarios.steps import Steps, parked


@pytest.mark.parametrize("change", ["hide_field", "protect_field"])
def test_a_right_that_was_lost_and_given_back_between_two_looks_at_the_schema(steps: Steps, change: str) -> None:
    """The schema is read every ten minutes and looks the same before and after: the value is tried again all the same,
    once the schema was read anew, and not before.
    """
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.market(contact, jobtitle="Head", city="Bonn")
    getattr(steps.both.salesforce, change)("Lead", "Title")
    steps.cycle(after=60)
    assert parked(steps).field == "title"
    assert (steps.sold(lead, "Title"), steps.sold(lead, "City")) == ("Buyer", "Bonn")
    steps.both.salesforce.show_field("Lead", "Title")
    before = steps.written()
    steps.cycle(after=60)
    assert steps.written() == before
    steps.cycle(after=660)
    assert steps.sold(lead, "Title") == "Head"
    assert not steps.both.store.parked()
    steps.quiet()


def test_a_property_that_is_gone_for_a_while_in_hubspot(steps: Steps) -> None:
    """The other way round: a property is removed and made again between two looks; its value arrives afterwards."""
    contact, lead = steps.pair()
    steps.cycle()
    steps.sell(lead, Product_Interests__c="Analytics")
    steps.both.hubspot.remove_property("contacts", "product_interests")
    steps.cycle(after=60)
    assert parked(steps).field == "product_interests"
    options = [{"label": label, "value": value} for value, label in INTERESTS]
    made = {"name": "product_interests", "type": "enumeration", "fieldType": "checkbox", "options": options}
    steps.both.hubspot.add_property("contacts", made)
    steps.cycle(after=60)
    steps.cycle(after=660)
    assert steps.marketed(contact, "product_interests") == "crm"
    assert not steps.both.store.parked()
    steps.quiet()
