"""Both sides change one field: each policy, clears, values that mean the same, fields that vanish."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncd.model.link import Topic
from tests.scenarios.steps import Fields, Steps


# -- policies ----------------------------------------------------------------------------------------------------------
def test_policy_crm_takes_what_sales_wrote(steps: Steps) -> None:
    """Both change the title, whose policy is crm: sales wins, whoever was later."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.sell(lead, Title="Head of Buying")
    steps.both.clock.advance(60)
    steps.market(contact, jobtitle="Purchaser")
    assert steps.counts() == {"updated.marketing": 1}
    assert steps.marketed(contact, "jobtitle") == steps.sold(lead, "Title") == "Head of Buying"
    steps.quiet()


def test_policy_marketing_takes_what_marketing_wrote(steps: Steps) -> None:
    """Both change the website, whose policy is marketing."""
    contact, lead = steps.pair(website="https://old.example.com")
    steps.market(contact, website="https://marketing.example.com")
    steps.both.clock.advance(60)
    steps.sell(lead, Website="https://sales.example.com")
    assert steps.counts() == {"updated.crm": 1}
    assert steps.sold(lead, "Website") == "https://marketing.example.com"
    assert steps.marketed(contact, "website") == "https://marketing.example.com"
    steps.quiet()


@pytest.mark.parametrize("first", ["marketing", "crm"])
def test_policy_newest_asks_the_history_of_the_field(steps: Steps, first: str) -> None:
    """The later change of that field wins, even where the other record was touched later for another reason."""
    contact, lead = steps.pair(firstname="Ann")
    if first == "marketing":
        steps.market(contact, firstname="Anna")
        steps.both.clock.advance(120)
        steps.sell(lead, FirstName="Annie")
        steps.both.clock.advance(120)
        steps.market(contact, fax="1")  # a later touch of the record that lost
    else:
        steps.sell(lead, FirstName="Annie")
        steps.both.clock.advance(120)
        steps.market(contact, firstname="Anna")
        steps.both.clock.advance(120)
        steps.sell(lead, Rating="Hot")
    steps.cycle()
    expected = "Annie" if first == "marketing" else "Anna"
    assert steps.sold(lead, "FirstName") == steps.marketed(contact, "firstname") == expected
    steps.quiet()


def test_policy_newest_decides_a_tie_by_its_rule(steps: Steps) -> None:
    """Both changes in one second, which is all Salesforce can tell: the tie rule of the field (crm) decides."""
    contact, lead = steps.pair(firstname="Ann")
    steps.sell(lead, FirstName="Annie")
    steps.both.clock.advance(0.4)
    steps.market(contact, firstname="Anna")
    steps.cycle()
    assert steps.sold(lead, "FirstName") == steps.marketed(contact, "firstname") == "Annie"
    steps.quiet()


def test_policy_union_keeps_what_either_side_added(steps: Steps) -> None:
    """Both add an interest: both sides end with all of them, in one write each."""
    contact, lead = steps.pair(product_interests="crm")
    assert steps.sold(lead, "Product_Interests__c") == "Analytics"
    steps.market(contact, product_interests="crm;service")
    steps.sell(lead, Product_Interests__c="Analytics;Training")
    assert steps.counts() == {"updated.marketing": 1, "updated.crm": 1}
    assert set(str(steps.marketed(contact, "product_interests")).split(";")) == {"crm", "service", "content"}
    assert set(str(steps.sold(lead, "Product_Interests__c")).split(";")) == {"Analytics", "Support", "Training"}
    steps.quiet()


@pytest.mark.parametrize(("choice", "expected"), [("marketing", "ann@new.example"), ("crm", "ann@sales.example")])
def test_policy_hold_waits_for_a_person(steps: Steps, choice: str, expected: str) -> None:
    """Both change the e-mail: nothing is written, both values are shown, and the next cycle does what was chosen."""
    contact, lead = steps.pair()
    steps.market(contact, email="ann@new.example")
    steps.sell(lead, Email="ann@sales.example")
    assert steps.counts() == {"conflicts": 1}
    held = steps.conflict()
    assert (held.topic, held.field, held.base) == (Topic.FIELD, "email", "ann@example.com")
    assert (held.values.marketing, held.values.crm) == ("ann@new.example", "ann@sales.example")
    steps.quiet()
    steps.resolve(choice)
    steps.cycle()
    assert steps.marketed(contact, "email") == steps.sold(lead, "Email") == expected
    assert not steps.conflicts()
    steps.quiet()


def test_a_conflict_that_people_settle_themselves_is_closed(steps: Steps) -> None:
    """Both sides come to the same value by hand: the conflict is no longer true and goes away without a write."""
    contact, lead = steps.pair()
    steps.market(contact, email="ann@new.example")
    steps.sell(lead, Email="ann@sales.example")
    steps.cycle()
    steps.sell(lead, Email="Ann@New.example")
    assert not steps.counts()
    assert not steps.conflicts()
    steps.quiet()


def test_the_same_change_on_both_sides_writes_nothing(steps: Steps) -> None:
    """Changed alike: agreed, without a write."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.market(contact, jobtitle="Head")
    steps.sell(lead, Title="Head")
    assert not steps.counts()
    steps.quiet()


def test_a_change_of_each_side_in_different_fields_travels_both_ways(steps: Steps) -> None:
    """Two fields of one record, one changed on each side: one write each way in one cycle."""
    contact, lead = steps.pair(jobtitle="Buyer", city="Bonn")
    steps.market(contact, jobtitle="Head")
    steps.sell(lead, City="Köln")
    assert steps.counts() == {"updated.marketing": 1, "updated.crm": 1}
    assert steps.sold(lead, "Title") == "Head"
    assert steps.marketed(contact, "city") == "Köln"
    steps.quiet()


# -- clears ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", ["marketing", "crm"])
def test_a_clear_is_held_by_default(steps: Steps, side: str) -> None:
    """An emptied value stays on the other side and waits; a person who takes the empty side clears it there too."""
    contact, lead = steps.pair(jobtitle="Buyer")
    if side == "marketing":
        steps.market(contact, jobtitle="")
    else:
        steps.sell(lead, Title=None)
    assert steps.counts() == {"conflicts": 1}
    assert steps.conflict().topic is Topic.CLEAR
    steps.quiet()
    steps.resolve(side)
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") is None
    assert steps.sold(lead, "Title") is None
    steps.quiet()


def test_a_held_clear_can_be_undone_from_the_other_side(steps: Steps) -> None:
    """The side that still has the value is chosen: it is written back."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.sell(lead, Title=None)
    steps.cycle()
    steps.resolve("marketing")
    steps.cycle()
    assert steps.sold(lead, "Title") == steps.marketed(contact, "jobtitle") == "Buyer"
    steps.quiet()


def test_a_held_clear_that_is_filled_again_closes(steps: Steps) -> None:
    """The emptied side gets a new value: no longer a clear, and the new value travels."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.sell(lead, Title=None)
    steps.cycle()
    steps.sell(lead, Title="Head")
    assert steps.counts() == {"updated.marketing": 1}
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert not steps.conflicts()
    steps.quiet()


@pytest.mark.parametrize(
    ("clear", "side", "travels"),
    [
        ("both", "marketing", True),
        ("both", "crm", True),
        ("to_crm", "marketing", True),
        ("to_crm", "crm", False),
        ("to_marketing", "crm", True),
        ("to_marketing", "marketing", False),
    ],
)
def test_a_clear_travels_where_the_field_says_so(
    steps_with: Callable[[Callable[[Fields], None]], Steps], clear: str, side: str, travels: bool
) -> None:
    """``clear`` opens a way for emptied values, and only that way."""
    steps = steps_with(lambda fields: fields["title"].update(clear=clear))
    contact, lead = steps.pair(jobtitle="Buyer")
    if side == "marketing":
        steps.market(contact, jobtitle="")
    else:
        steps.sell(lead, Title=None)
    steps.cycle()
    other = steps.sold(lead, "Title") if side == "marketing" else steps.marketed(contact, "jobtitle")
    assert (other is None) is travels
    assert bool(steps.conflicts()) is not travels
    steps.quiet()


# -- values that mean the same -----------------------------------------------------------------------------------------
def test_an_address_that_differs_in_case_only_writes_nothing(steps: Steps) -> None:
    """E-mail addresses are one value in any case."""
    contact, lead = steps.pair(email="ann.lee@example.com")
    steps.both.salesforce.org.switches.lowercases_email = False
    steps.sell(lead, Email="Ann.Lee@Example.COM")
    assert not steps.counts()
    steps.quiet()
    assert steps.marketed(contact, "email") == "ann.lee@example.com"
    assert steps.sold(lead, "Email") == "Ann.Lee@Example.COM"


def test_a_phone_in_another_notation_writes_nothing(steps: Steps) -> None:
    """A number is one value in any notation."""
    _, lead = steps.pair(phone="+1 415-555-0132")
    steps.sell(lead, Phone="(415) 555 0132")
    assert not steps.counts()
    steps.quiet()


def test_a_picklist_value_nobody_knows_is_held_alone(steps: Steps) -> None:
    """The status gets a value that the table does not know: held and shown, while the title travels."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.sell(lead, Status="Nurturing", Title="Head")
    assert steps.counts() == {"conflicts": 1, "updated.marketing": 1}
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert steps.marketed(contact, "lifecyclestage") == "marketingqualifiedlead"
    held = steps.conflict()
    assert held.field == "stage"
    assert held.values.crm == "Nurturing"
    steps.quiet()
    steps.sell(lead, Status="Working - Contacted")
    steps.cycle()
    assert steps.marketed(contact, "lifecyclestage") == "salesqualifiedlead"
    assert not steps.conflicts()
    steps.quiet()


def test_choosing_a_value_that_cannot_be_read_stays_held(steps: Steps) -> None:
    """A person takes the side whose value nobody can read: nothing is written, and the conflict does not get lost."""
    contact, lead = steps.pair()
    steps.sell(lead, Status="Nurturing")
    steps.cycle()
    steps.resolve("crm")
    steps.cycle()
    assert "Nurturing" in str(steps.conflict().values.crm)
    assert steps.marketed(contact, "lifecyclestage") == "marketingqualifiedlead"
    steps.resolve("marketing")
    steps.cycle()
    assert steps.sold(lead, "Status") == "Open - Not Contacted"
    assert not steps.conflicts()
    steps.quiet()


# -- fields that vanish ------------------------------------------------------------------------------------------------
def test_a_hidden_field_is_never_a_clear(steps: Steps) -> None:
    """Field-level security hides an optional field: nothing is cleared; when it is back, what changed travels."""
    contact, lead = steps.pair(product_interests="crm", jobtitle="Buyer")
    steps.both.salesforce.hide_field("Lead", "Product_Interests__c")
    steps.sell(lead, Title="Head")
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert steps.marketed(contact, "product_interests") == "crm"
    steps.quiet()
    steps.both.salesforce.show_field("Lead", "Product_Interests__c")
    steps.sell(lead, Product_Interests__c="Analytics;Training")
    steps.cycle()
    steps.cycle()
    assert set(str(steps.marketed(contact, "product_interests")).split(";")) == {"crm", "content"}
    steps.quiet()
