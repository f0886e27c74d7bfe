"""What a vendor will not take: one field costs that field, one record costs that record, and nobody is fought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connectors.salesforce.connector import SalesforceConnector
from sandbox.salesforce.definitions import picklist
from sandbox.salesforce.standard_people import INDUSTRIES
from syncd.operations.parking import try_again
from tests.scenarios.steps import Fields, Steps, parked

Row = Mapping[str, object]


def forbid_title(steps: Steps, *, named: bool) -> None:
    """A validation rule: no title may hold the word *King*; its message is shown at the field or at the page."""

    def rule(_before: Row | None, after: Row) -> str | tuple[str, str] | None:
        if "King" not in str(after.get("Title")):
            return None
        return ("No kings", "Title") if named else "No kings"

    for name in ("Lead", "Contact"):
        steps.both.salesforce.org.validation_rules.setdefault(name, []).append(rule)


# -- one bad field -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("named", [True, False])
def test_a_field_that_a_rule_refuses_is_parked_and_the_rest_is_delivered(steps: Steps, named: bool) -> None:
    """Whether the vendor names the field or not, only the title is left out; it is tried again once it changes."""
    contact, lead = steps.pair(jobtitle="Buyer")
    forbid_title(steps, named=named)
    steps.market(contact, jobtitle="King", firstname="Ann", city="Bonn", website="https://ann.example.com")
    steps.cycle()
    assert (steps.sold(lead, "FirstName"), steps.sold(lead, "City")) == ("Ann", "Bonn")
    assert steps.sold(lead, "Website") == "https://ann.example.com"
    assert steps.sold(lead, "Title") == "Buyer"
    assert (parked(steps).field, parked(steps).code) == ("title", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert "No kings" in parked(steps).reason
    steps.quiet()
    steps.market(contact, jobtitle="Queen")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Queen"
    assert not steps.both.store.parked()
    steps.quiet()


def test_what_is_sent_again_after_a_refusal_writes_over_nothing(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time has gone by since it was decided on: the record is read again first, whatever its fields ask for."""
    contact, lead = steps.pair(jobtitle="Buyer", lastname="Before")
    forbid_title(steps, named=True)
    steps.market(contact, jobtitle="King", lastname="Sent")
    true = SalesforceConnector.write
    sent: list[object] = []

    def with_an_edit(*positional: Any, **named: Any) -> Any:
        if len(sent) == 1:  # between the refused write and what is left of it
            steps.both.clock.advance(2.0)
            steps.sell(lead, LastName="Slipped in")
        sent.append(positional)
        return true(*positional, **named)

    monkeypatch.setattr(SalesforceConnector, "write", with_an_edit)
    assert steps.counts()["stale.crm"] == 1
    steps.cycle()
    assert (steps.marketed(contact, "lastname"), steps.sold(lead, "LastName")) == ("Slipped in", "Slipped in")
    assert parked(steps).field == "title"
    steps.quiet()


def test_a_parked_field_does_not_stop_other_fields(steps: Steps) -> None:
    """While one field is parked the others go on, in both directions, and the parked one is not sent along."""
    contact, lead = steps.pair(jobtitle="Buyer")
    forbid_title(steps, named=True)
    steps.market(contact, jobtitle="King")
    steps.cycle()
    steps.market(contact, city="Bonn")
    steps.sell(lead, FirstName="Ann")
    assert steps.counts() == {"updated.crm": 1, "updated.marketing": 1}
    assert steps.sold(lead, "City") == "Bonn"
    assert steps.marketed(contact, "firstname") == "Ann"
    assert parked(steps).field == "title"
    steps.quiet()


def test_a_parked_field_is_free_once_both_sides_agree(steps: Steps) -> None:
    """The value is taken back: nothing is left to write and nothing stays parked."""
    contact, lead = steps.pair(jobtitle="Buyer")
    forbid_title(steps, named=True)
    steps.market(contact, jobtitle="King")
    steps.cycle()
    steps.market(contact, jobtitle="Buyer")
    assert not steps.counts()
    assert not steps.both.store.parked()
    assert steps.sold(lead, "Title") == "Buyer"
    steps.quiet()


def test_a_value_that_is_too_long_is_parked(steps: Steps) -> None:
    """A title of 200 characters does not fit into 128: never cut, parked with the vendor's reason."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.market(contact, jobtitle="x" * 200, city="Bonn")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Buyer"
    assert steps.sold(lead, "City") == "Bonn"
    assert (parked(steps).field, parked(steps).code) == ("title", "STRING_TOO_LONG")
    assert steps.marketed(contact, "jobtitle") == "x" * 200
    steps.quiet()


def test_a_restricted_picklist_parks_what_it_does_not_list(steps: Steps) -> None:
    """An admin restricts the industry: an unlisted one is parked; once the value changes it arrives."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.both.salesforce.add_field("Lead", picklist("Industry", "Industry", INDUSTRIES, restricted=True))
    steps.market(contact, industry="BANKING_AND_MORE", jobtitle="Head")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Head"
    assert steps.sold(lead, "Industry") is None
    assert (parked(steps).field, parked(steps).code) == (
        "industry",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    )
    steps.quiet()
    steps.market(contact, industry="Banking")
    steps.cycle()
    assert steps.sold(lead, "Industry") == "Banking"
    assert not steps.both.store.parked()
    steps.quiet()


def test_a_parked_field_is_tried_again_when_the_schema_changes(steps: Steps) -> None:
    """The admin lists the value: the vendor's schema has changed, so the same value is tried again and arrives."""
    contact, lead = steps.pair()
    steps.both.salesforce.add_field("Lead", picklist("Industry", "Industry", INDUSTRIES, restricted=True))
    steps.market(contact, industry="Falconry")
    steps.cycle()
    assert parked(steps).field == "industry"
    values = (*INDUSTRIES, "Falconry")
    steps.both.salesforce.add_field("Lead", picklist("Industry", "Industry", values, restricted=True))
    steps.cycle()
    assert steps.sold(lead, "Industry") == "Falconry"
    assert not steps.both.store.parked()
    steps.quiet()


def test_hubspot_refuses_one_property_and_takes_the_rest(steps: Steps) -> None:
    """The other way round: an e-mail that HubSpot does not take is parked, the title arrives."""
    contact, lead = steps.pair(jobtitle="Buyer")
    taken = steps.contact(email="taken@example.com")
    steps.cycle()
    steps.sell(lead, Email="taken@example.com", Title="Head")
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert steps.marketed(contact, "email") == "ann@example.com"
    assert steps.marketed(taken, "email") == "taken@example.com"
    assert parked(steps).field == "email"
    steps.quiet()


# -- keys --------------------------------------------------------------------------------------------------------------
def keyless(steps: Steps, *, named: bool) -> tuple[str, str, str]:
    """A converted Lead keeps the key, as it cannot be edited, and whoever came of it is gone: a contact, that Lead, and
    the new one whom a person said to be the same. The vendor names the field, or some rule says no.
    """
    contact, converted = steps.pair(jobtitle="Buyer", firstname="Ann")
    person, _, _ = steps.both.salesforce.convert(converted, status="Closed - Converted")
    steps.cycle()
    steps.both.salesforce.delete("Contact", person)
    steps.cycle()
    lead = steps.lead(Email="ann@example.com", Title="Head")
    steps.cycle()
    if not named:
        refuse = lambda _, after: "No" if after["Id"] == lead and after.get("Syncd_Marketing_Id__c") else None  # noqa: E731
        steps.both.salesforce.org.validation_rules["Lead"] = [refuse]
    steps.resolve(f"link:marketing:contacts/{contact}=crm:Lead/{lead}")
    steps.cycle()
    return contact, converted, lead


@pytest.mark.parametrize("named", [True, False])
def test_a_key_that_another_record_keeps_costs_the_key_only(steps: Steps, named: bool) -> None:
    """The link stands without it: told once, while all fields travel; written once the other record is no more."""
    contact, converted, lead = keyless(steps, named=named)
    assert (parked(steps).field, parked(steps).ref.id) == ("Syncd_Marketing_Id__c", lead)
    assert (parked(steps).code == "DUPLICATE_VALUE", converted in parked(steps).reason) == (named, named)
    assert not steps.both.store.dead_letters()
    steps.market(contact, city="Bonn", jobtitle="Chief")
    assert steps.counts() == {"updated.crm": 1}
    steps.sell(lead, Website="https://ann.example.com")
    assert steps.counts() == {"updated.marketing": 1}
    assert [steps.sold(lead, name) for name in ("FirstName", "City", "Title")] == ["Ann", "Bonn", "Chief"]
    assert steps.sold(lead, "Syncd_Marketing_Id__c") is None
    steps.quiet()
    steps.both.salesforce.org.validation_rules.clear()
    steps.both.salesforce.erase("Lead", converted)
    try_again(steps.both.store, [parked(steps)], connection="main", who="ann", now=steps.both.clock.now())
    assert steps.counts() == {"keyed.crm": 1}
    assert steps.sold(lead, "Syncd_Marketing_Id__c") == contact
    assert not steps.both.store.parked()
    steps.quiet()


def test_a_key_that_one_record_was_refused_is_written_to_the_one_it_becomes(steps: Steps) -> None:
    """The Lead without a key is converted: a Contact has room for it, and nothing stays parked."""
    contact, _, lead = keyless(steps, named=True)
    person, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    assert steps.sold(person, "Syncd_Marketing_Id__c", object_name="Contact") == contact
    assert steps.marketed(contact, "syncd_crm_id") == person
    assert not steps.both.store.parked()
    steps.quiet()


# -- creates -----------------------------------------------------------------------------------------------------------
def test_what_a_workflow_makes_of_a_two_way_field_flows_back(steps: Steps) -> None:
    """Salesforce writes titles in capitals: that counts as an edit of sales, and both sides agree on it."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.both.salesforce.org.workflows["Lead"] = [lambda _before, after: {"Title": str(after["Title"]).upper()}]
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    steps.cycle()
    assert steps.sold(lead, "Title") == "HEAD"
    assert steps.marketed(contact, "jobtitle") == "HEAD"
    assert not steps.both.store.parked()
    steps.quiet()


def test_a_workflow_that_keeps_its_own_value_is_not_fought(steps: Steps) -> None:
    """Salesforce puts the old title back at once: parked, told, and not written again and again."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.both.salesforce.org.workflows["Lead"] = [lambda _before, _after: {"Title": "Buyer"}]
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert (parked(steps).field, parked(steps).code) == ("title", "KEPT")
    assert steps.sold(lead, "Title") == "Buyer"
    assert steps.marketed(contact, "jobtitle") == "Head"
    steps.quiet()
    steps.market(contact, city="Bonn")
    steps.cycle()
    assert steps.sold(lead, "City") == "Bonn"
    steps.quiet()


def test_a_workflow_on_a_one_way_field_is_parked(steps_with: Callable[[Callable[[Fields], None]], Steps]) -> None:
    """A field that only flows to sales is rewritten there: the row is parked, nothing flows back, nothing is fought."""
    steps = steps_with(lambda fields: fields["title"].update(direction="to_crm"))
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.both.salesforce.org.workflows["Lead"] = [lambda _before, after: {"Title": str(after["Title"]).upper()}]
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert (parked(steps).field, parked(steps).code) == ("title", "REWRITTEN")
    assert steps.sold(lead, "Title") == "HEAD"
    assert steps.marketed(contact, "jobtitle") == "Head"
    steps.quiet()
    steps.both.salesforce.org.workflows.clear()
    steps.market(contact, jobtitle="Chief")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Chief"
    assert not steps.both.store.parked()
    steps.quiet()


def test_a_create_leaves_out_the_field_that_is_refused(steps: Steps) -> None:
    """A new Lead with a forbidden title is made without it; the contact keeps its title and nothing looks cleared."""
    forbid_title(steps, named=True)
    contact, lead = steps.pair(jobtitle="King", firstname="Ann")
    assert steps.sold(lead, "FirstName") == "Ann"
    assert steps.sold(lead, "Title") is None
    assert steps.marketed(contact, "jobtitle") == "King"
    assert (parked(steps).field, parked(steps).record) == ("title", f"crm:Lead/{lead}")
    assert not steps.conflicts()
    steps.quiet()
    steps.market(contact, jobtitle="Queen")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Queen"
    assert not steps.both.store.parked()
    steps.quiet()
