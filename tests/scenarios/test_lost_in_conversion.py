"""Leads whose custom fields no administrator mapped: what their conversion lost is written again, nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.salesforce.definitions import flag, text
from syncd.core.former import LOST
from syncd.model.beside import field_of_former
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.steps import Fields, Steps, remapped

CONVERTED = "Closed - Converted"
With = Callable[[Callable[[Fields], None]], Steps]


def everything_clears(fields: Fields) -> None:
    """The most dangerous rule there is: emptying travels both ways."""
    fields["product_interests"]["clear"] = "both"
    fields["territory"] = {
        "type": "string", "marketing": "territory", "crm": {"Lead": "Region__c", "Contact": "Territory__c"},
        "policy": "hold", "clear": "both",
    }  # fmt: skip
    fields["vip"] = {"type": "boolean", "marketing": "vip", "crm": "Vip__c", "policy": "crm", "clear": "both"}


@pytest.fixture
def sales(tmp_path: Path) -> Iterator[Steps]:
    """A world with three custom fields on Leads and Contacts, of which no conversion knows."""
    both = remapped(tmp_path, lambda schema: everything_clears(schema["fields"]))
    both.hubspot.add_property("contacts", {"name": "territory"})
    both.hubspot.add_property("contacts", {"name": "vip", "type": "bool", "fieldType": "booleancheckbox"})
    both.salesforce.add_field("Lead", text("Region__c", "Region", 80, custom=True))
    both.salesforce.add_field("Contact", text("Territory__c", "Territory", 80, custom=True))
    for name in ("Lead", "Contact"):
        both.salesforce.add_field(name, flag("Vip__c", "Vip", custom=True))
    yield Steps(both)
    both.store.close()


def known(steps: Steps) -> tuple[str, str]:
    """Somebody with a value in each of the three, on both sides."""
    return steps.pair(product_interests="crm;service", territory="South", vip="true")


def converted(steps: Steps, lead: str) -> str:
    """The Contact that comes of a Lead."""
    return steps.both.salesforce.convert(lead, status=CONVERTED)[0]


def standing(steps: Steps, contact: str, new: str) -> list[tuple[object, object]]:
    """The three fields on both sides."""
    pairs = [("product_interests", "Product_Interests__c"), ("territory", "Territory__c"), ("vip", "Vip__c")]
    return [(steps.marketed(contact, ours), steps.sold(new, theirs, object_name="Contact")) for ours, theirs in pairs]


WHOLE = [("crm;service", "Analytics;Support"), ("South", "South"), ("true", True)]


def test_what_is_lost_while_the_contact_is_in_the_bin_is_written_again(sales: Steps) -> None:
    """Marketing takes a contact out of the bin, and sales converts its Lead, between two cycles."""
    contact, lead = known(sales)
    sales.both.hubspot.archive("contacts", contact)
    sales.cycle()
    sales.both.hubspot.restore("contacts", contact)
    new = converted(sales, lead)
    sales.cycle()
    sales.cycle()
    assert standing(sales, contact, new) == WHOLE
    sales.quiet()


def test_what_no_conversion_carries_is_written_again_once(sales: Steps) -> None:
    """Whatever its type and though its field has another name: the blank is no edit, HubSpot keeps what it has, and
    the Contact gets it back in the write that gives it its key. The audit says why.
    """
    contact, lead = known(sales)
    new = converted(sales, lead)
    assert standing(sales, contact, new) == [("crm;service", None), ("South", None), ("true", False)]
    assert sales.counts() == {"updated.crm": 1, "updated.marketing": 1}
    assert standing(sales, contact, new) == WHOLE
    assert not sales.conflicts()
    ref = RemoteRef("contacts", contact)
    link = sales.both.store.linked("person", Side.MARKETING, [ref])[ref].link.id
    told = {change.field: change for row in sales.both.store.audit_of(link, 2) for change in row.changes}
    assert {told[name].rule for name in ("product_interests", "territory", "vip")} == {LOST}
    assert (told["territory"].before, told["territory"].after) == (None, "South")
    sales.quiet()


def test_afterwards_an_empty_field_is_an_edit_again(sales: Steps) -> None:
    """It is written again once: whoever empties it then has emptied it."""
    contact, lead = known(sales)
    new = converted(sales, lead)
    sales.cycle()
    sales.sell(new, object_name="Contact", Territory__c=None)
    sales.cycle()
    assert standing(sales, contact, new)[1] == (None, None)
    sales.quiet()


def test_what_the_conversion_carries_is_left_alone(sales: Steps) -> None:
    """A mapped field arrives by itself: nothing of it is written."""
    contact, lead = known(sales)
    for field in ("Product_Interests__c", "Vip__c"):
        sales.both.salesforce.map_conversion(field, "Contact", field)
    sales.both.salesforce.map_conversion("Region__c", "Contact", "Territory__c")
    new = converted(sales, lead)
    assert standing(sales, contact, new) == WHOLE
    assert sales.counts() == {"keyed.crm": 1, "updated.marketing": 1}
    sales.quiet()


def test_an_edit_in_hubspot_meanwhile_wins(sales: Steps) -> None:
    """What marketing says since both agreed is what the Contact gets, and emptied by marketing it stays empty."""
    contact, lead = known(sales)
    new = converted(sales, lead)
    sales.market(contact, territory="North", product_interests="")
    sales.cycle()
    assert standing(sales, contact, new) == [(None, None), ("North", "North"), ("true", True)]
    assert not sales.conflicts()
    sales.quiet()


def test_what_sales_gives_the_contact_meanwhile_wins(sales: Steps) -> None:
    """A Contact that is filled by somebody has lost nothing."""
    contact, lead = known(sales)
    new = converted(sales, lead)
    sales.sell(new, object_name="Contact", Territory__c="West")
    sales.cycle()
    assert standing(sales, contact, new) == [WHOLE[0], ("West", "West"), WHOLE[2]]
    sales.quiet()


def test_what_the_lead_told_last_is_what_was_lost(sales: Steps) -> None:
    """Sales edits and converts between two cycles: the edit arrives on both sides, and joins what marketing added."""
    contact, lead = known(sales)
    sales.sell(lead, Region__c="East", Product_Interests__c="Analytics;Support;Training")
    sales.market(contact, product_interests="crm;service;operations")
    new = converted(sales, lead)
    sales.cycle()
    ours, theirs = standing(sales, contact, new)[0]
    assert set(str(ours).split(";")) == {"crm", "service", "content", "operations"}
    assert set(str(theirs).split(";")) == {"Analytics", "Support", "Training", "Consulting"}
    assert standing(sales, contact, new)[1] == ("East", "East")
    sales.quiet()


@pytest.mark.parametrize(("resolution", "ends"), [("crm", "East"), ("marketing", "North")])
def test_a_clash_waits_for_a_person_and_loses_nothing(sales: Steps, resolution: str, ends: str) -> None:
    """Both edited, then the Lead was converted: held with both values, and the one that is chosen stands everywhere."""
    contact, lead = known(sales)
    sales.sell(lead, Region__c="East")
    sales.market(contact, territory="North")
    new = converted(sales, lead)
    sales.cycle()
    assert (sales.conflict().values.marketing, sales.conflict().values.crm) == ("North", "East")
    assert standing(sales, contact, new)[1] == ("North", None)
    sales.resolve(resolution)
    sales.cycle()
    assert standing(sales, contact, new)[1] == (ends, ends)
    sales.quiet()


def test_what_sales_gives_the_contact_while_a_clash_waits_counts(sales: Steps) -> None:
    """The Lead's last word is kept only as long as the Contact has none of its own."""
    contact, lead = known(sales)
    sales.sell(lead, Region__c="East")
    sales.market(contact, territory="North")
    new = converted(sales, lead)
    sales.cycle()
    sales.sell(new, object_name="Contact", Territory__c="West")
    sales.cycle()
    assert (sales.conflict().values.marketing, sales.conflict().values.crm) == ("North", "West")
    sales.resolve("crm")
    sales.cycle()
    assert standing(sales, contact, new)[1] == ("West", "West")
    sales.quiet()


def test_a_field_that_somebody_emptied_after_the_conversion_stays_empty(sales: Steps) -> None:
    """The history of the Contact tells it, where the org keeps one: then it is a clear like any other."""
    contact, lead = known(sales)
    sales.both.salesforce.map_conversion("Region__c", "Contact", "Territory__c")
    sales.both.salesforce.track_fields("Contact", ["Territory__c"])
    new = converted(sales, lead)
    sales.both.clock.advance(5)
    sales.sell(new, object_name="Contact", Territory__c=None)
    sales.cycle()
    assert standing(sales, contact, new) == [WHOLE[0], (None, None), WHOLE[2]]
    sales.quiet()


def test_where_no_history_tells_who_emptied_it_the_value_comes_back(sales: Steps) -> None:
    """Rather once too often than lost: whoever wants it empty empties it once more."""
    contact, lead = known(sales)
    sales.both.salesforce.map_conversion("Region__c", "Contact", "Territory__c")
    new = converted(sales, lead)
    sales.both.clock.advance(5)
    sales.sell(new, object_name="Contact", Territory__c=None)
    sales.cycle()
    assert standing(sales, contact, new) == WHOLE
    sales.sell(new, object_name="Contact", Territory__c=None)
    sales.cycle()
    assert standing(sales, contact, new)[1] == (None, None)
    sales.quiet()


def test_no_history_is_asked_of_a_contact_that_nobody_touched(sales: Steps) -> None:
    """It stands as the conversion left it: nobody can have emptied anything."""
    _, lead = known(sales)
    converted(sales, lead)
    before = len(sales.both.salesforce.calls)
    sales.cycle()
    asked = [call.path for call in list(sales.both.salesforce.calls)[before:]]
    assert not [path for path in asked if "ContactHistory" in path]


@pytest.mark.parametrize("told_before", [True, False])
def test_a_field_is_not_written_against_its_direction(steps_with: With, *, told_before: bool) -> None:
    """What sales alone may say is not written there by syncd: HubSpot is told the Lead's last word and keeps it, the
    Contact stays as the conversion left it, nothing is kept for later, and the next word of sales counts.
    """

    def to_marketing(fields: Fields) -> None:
        fields["product_interests"] |= {"direction": "to_marketing", "clear": "to_marketing"}
        del fields["product_interests"]["policy"]

    steps = steps_with(to_marketing)
    contact, lead = steps.pair()
    steps.sell(lead, Product_Interests__c="Analytics")
    if told_before:
        steps.cycle()
    new = converted(steps, lead)
    steps.cycle()
    assert steps.marketed(contact, "product_interests") == "crm"
    (link,) = steps.both.store.links("person")
    base = steps.both.store.by_link([link.id])[link.id].base
    assert base is not None
    assert not [name for name in base.agreed if field_of_former(name)]
    assert steps.sold(new, "Product_Interests__c", object_name="Contact") is None
    steps.quiet()
    steps.sell(new, object_name="Contact", Product_Interests__c="Support")
    steps.cycle()
    assert steps.marketed(contact, "product_interests") == "service"
    steps.quiet()


def test_an_opt_out_that_the_conversion_lost_is_set_again(steps_with: With) -> None:
    """A box that is not ticked on the new Contact is no renewed consent."""

    def newsletter(fields: Fields) -> None:
        fields["newsletter"] = {"type": "opt_out", "marketing": "@subscription/10001", "crm": "No_News__c"}

    steps = steps_with(newsletter)
    for name in ("Lead", "Contact"):
        steps.both.salesforce.add_field(name, flag("No_News__c", "No News", custom=True))
    _, lead = steps.pair()
    steps.sell(lead, No_News__c=True)
    steps.cycle()
    new = converted(steps, lead)
    steps.cycle()
    assert steps.sold(new, "No_News__c", object_name="Contact") is True
    assert not steps.conflicts()
    steps.quiet()


def test_a_stage_with_a_field_of_its_own_on_contacts(steps_with: With) -> None:
    """The Contact's stage is empty, and the Lead's last one is what counts: HubSpot hears of it, the Contact
    is not given a stage that only a conversion sets, and what sales says there next is heard in one cycle.
    """

    def two_fields(fields: Fields) -> None:
        fields["stage"]["crm"] = {"Lead": "Status", "Contact": "Stage__c"}

    steps = steps_with(two_fields)
    steps.both.salesforce.add_field("Contact", text("Stage__c", "Stage", 80, custom=True))
    contact, lead = steps.pair()
    steps.sell(lead, Status="Working - Contacted")
    steps.cycle()
    new = converted(steps, lead)
    steps.cycle()
    assert steps.marketed(contact, "lifecyclestage") == "opportunity"
    assert steps.sold(new, "Stage__c", object_name="Contact") is None
    steps.quiet()
    steps.sell(new, object_name="Contact", Stage__c="Closed - Won")
    assert steps.counts() == {"updated.marketing": 1}
    assert steps.marketed(contact, "lifecyclestage") == "customer"
    steps.quiet()
