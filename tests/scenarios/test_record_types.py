"""Record types and person accounts: what new records are given, what their picklists hold, and who is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.cycle import plan_only
from syncd.engine.plans import plan_digest
from syncd.model.errors import BadConfig
from syncd.model.plan import Create, Decision, Plan
from syncd.operations.forecast import forecast, forecast_document, written_samples
from syncd.operations.standing import standing, standing_document
from tests.scenarios.steps import Schema, Steps, remapped

RecordType = str | list[dict[str, str]]
Opened = Callable[[RecordType], Steps]


@pytest.fixture
def typed(tmp_path: Path) -> Opened:
    """Opens a world whose new Leads are given this record type."""

    def opened(record_type: RecordType) -> Steps:
        def change(schema: Schema) -> None:
            schema["create"]["crm"][0]["record_type"] = record_type

        return Steps(remapped(tmp_path, change))

    return opened


def calls(steps: Steps) -> Counter[str]:
    """Calls to Salesforce so far, by operation."""
    return Counter(call.operation for call in steps.both.salesforce.calls)


# -- on create ---------------------------------------------------------------------------------------------------------
def test_a_new_lead_is_given_the_record_type_and_keeps_what_people_make_of_it(typed: Opened) -> None:
    """The type is written once: after a person changes it, updates leave it alone."""
    steps = typed("Inbound")
    org = steps.both.salesforce
    inbound, partner = org.add_record_type("Lead", "Inbound"), org.add_record_type("Lead", "Partner", default=True)
    contact, lead = steps.pair()
    assert steps.sold(lead, "RecordTypeId") == inbound
    steps.sell(lead, RecordTypeId=partner)
    steps.market(contact, city="Bonn")
    steps.cycle()
    assert (steps.sold(lead, "City"), steps.sold(lead, "RecordTypeId")) == ("Bonn", partner)
    steps.quiet()


def test_the_first_rule_that_holds_chooses_the_type(typed: Opened) -> None:
    """Rules are CEL over the shared fields; the last one without a condition is for everybody else."""
    steps = typed([{"name": "Partner", "when": "country == 'DE'"}, {"name": "Inbound"}])
    org = steps.both.salesforce
    types = {name: org.add_record_type("Lead", name) for name in ("Partner", "Inbound")}
    for name, country in (("Ann", "Germany"), ("Bob", "France")):
        steps.contact(firstname=name, email=f"{name}@example.com", country=country)
    steps.cycle()
    given = {row["FirstName"]: row["RecordTypeId"] for row in steps.live("Lead")}
    assert given == {"Ann": types["Partner"], "Bob": types["Inbound"]}
    steps.quiet()


def test_a_plan_shows_the_type_and_its_digest_depends_on_it(typed: Opened) -> None:
    """Who approves a plan sees the type of each new record; another type is another plan."""
    steps = typed([{"name": "Partner", "when": "first_name == 'Ann'"}, {"name": "Inbound"}])
    for name in ("Partner", "Inbound"):
        steps.both.salesforce.add_record_type("Lead", name)
    steps.contact(email="ann@example.com", firstname="Ann")
    world = steps.both.world
    told = forecast(world, plan_only(world).plan)
    assert forecast_document(told)["samples"][0]["record_type"] == "Partner"
    assert written_samples(told.samples)[0][0].startswith("create crm Lead (Partner) for contacts/")
    other = [replace(told.plan.kinds[1], decisions=[_given(told.plan, "Inbound")])]
    assert plan_digest(other) != plan_digest(told.plan.kinds[1:])


def _given(plan: Plan, record_type: str) -> Decision:
    """The one decision of a plan, with another record type."""
    (decision,) = plan.decisions()
    (action,) = decision.actions
    assert isinstance(action, Create)
    return replace(decision, actions=(replace(action, record_type=record_type),))


def test_where_no_rule_holds_the_org_chooses(typed: Opened) -> None:
    """Without a rule that holds the Lead gets the default type of syncd's user."""
    steps = typed([{"name": "Partner", "when": "country == 'DE'"}])
    org = steps.both.salesforce
    org.add_record_type("Lead", "Partner")
    default = org.add_record_type("Lead", "Standard", default=True)
    _, lead = steps.pair(country="France")
    assert steps.sold(lead, "RecordTypeId") == default


def test_a_rule_without_an_answer_makes_nobody(typed: Opened) -> None:
    """A type is never corrected later, so a condition that stumbles over an empty field holds the record back."""
    steps = typed([{"name": "Partner", "when": "title.startsWith('Head')"}, {"name": "Inbound"}])
    for name in ("Partner", "Inbound"):
        steps.both.salesforce.add_record_type("Lead", name)
    contact = steps.contact(email="ann@example.com")
    steps.cycle()
    assert not steps.live("Lead")
    nothing = plan_only(steps.both.world, full=True).plan.kinds[1].nothing
    assert nothing == {"a record type rule cannot be decided": 1}
    steps.market(contact, jobtitle="Head of Sales")
    steps.cycle()
    assert len(steps.live("Lead")) == 1


@pytest.mark.parametrize(
    ("available", "what"),
    [(None, "Lead has no record type with the developer name 'Inbound'"), (False, "syncd's user may not give Lead")],
)
def test_a_type_that_cannot_be_given_is_told_before_any_write(typed: Opened, available: bool | None, what: str) -> None:
    """An unknown type and one that is not assigned to the user are flaws of the mapping, with their line."""
    steps = typed("Inbound")
    steps.both.salesforce.add_record_type("Lead", "Partner")
    if available is not None:
        steps.both.salesforce.add_record_type("Lead", "Inbound", available=available)
    steps.contact(email="ann@example.com")
    with pytest.raises(BadConfig) as found:
        steps.cycle()
    (flaw,) = found.value.flaws
    assert what in flaw.what
    assert "Partner" in flaw.advice
    assert flaw.file.endswith("schema/person.yaml")
    assert flaw.line > 1
    assert steps.written() == 0


# -- picklists ---------------------------------------------------------------------------------------------------------
def test_a_value_that_the_record_type_does_not_offer_is_held_and_the_lead_is_made(typed: Opened) -> None:
    """Only the industry waits; it is written once the type offers it."""
    steps = typed("Inbound")
    org = steps.both.salesforce
    inbound = org.add_record_type("Lead", "Inbound", picklists={"Industry": ["Technology"]})
    _, lead = steps.pair(industry="Banking", jobtitle="Buyer")
    assert (steps.sold(lead, "Title"), steps.sold(lead, "Industry")) == ("Buyer", None)
    (row,) = steps.both.store.parked()
    assert (row.field, row.code) == ("industry", "NOT_IN_RECORD_TYPE")
    assert "Inbound" in row.reason
    assert "Object Manager > Lead > Record Types > Inbound" in row.advice
    steps.quiet()
    org.offer_values("Lead", inbound, "Industry", ["Technology", "Banking"])
    steps.cycle()
    assert steps.sold(lead, "Industry") == "Banking"
    assert not steps.both.store.parked()
    steps.quiet()


def test_updates_go_by_the_type_that_the_record_has(steps: Steps) -> None:
    """One value for three Leads: held where the type does not offer it, written to the other and to the master type."""
    org = steps.both.salesforce
    narrow = org.add_record_type("Lead", "Narrow", picklists={"Industry": ["Technology"]})
    wide = org.add_record_type("Lead", "Wide")
    people = {name: steps.contact(firstname=name, email=f"{name}@example.com") for name in ("narrow", "wide", "none")}
    steps.cycle()
    leads = {str(row["FirstName"]): str(row["Id"]) for row in steps.live("Lead")}
    steps.sell(leads["narrow"], RecordTypeId=narrow)
    steps.sell(leads["wide"], RecordTypeId=wide)
    steps.cycle()
    for contact in people.values():
        steps.market(contact, industry="Banking")
    before = calls(steps)
    steps.cycle()
    assert {name: steps.sold(lead, "Industry") for name, lead in leads.items()} == {
        "narrow": None,
        "wide": "Banking",
        "none": "Banking",
    }
    (row,) = steps.both.store.parked()
    assert (row.ref.id, row.field) == (leads["narrow"], "industry")
    assert (calls(steps) - before)["collections.read"] == 2, "the types of all three, and what was written"
    steps.quiet()
    steps.sell(leads["narrow"], RecordTypeId=wide)
    steps.cycle()
    assert steps.sold(leads["narrow"], "Industry") == "Banking"
    assert not steps.both.store.parked()
    steps.quiet()


def test_accounts_are_checked_in_the_cycle_that_reads_the_schemas(steps: Steps) -> None:
    """What one kind's objects offer is still known after the schema of the next kind was read."""
    org = steps.both.salesforce
    narrow = org.add_record_type("Account", "Narrow", picklists={"Industry": ["Technology"]})
    org.add_record_type("Lead", "Inbound", picklists={"Industry": ["Technology"]})
    account = org.insert("Account", {"Name": "Acme", "Website": "acme.com", "RecordTypeId": narrow})
    company = steps.both.hubspot.create("companies", {"name": "Acme", "domain": "acme.com"})
    steps.cycle()
    steps.market(company, object_name="companies", industry="BANKING", city="Bonn")
    steps.cycle(after=3600)
    assert steps.sold(account, "Industry", object_name="Account") is None
    assert steps.sold(account, "BillingCity", object_name="Account") == "Bonn"
    assert [(row.field, row.code) for row in steps.both.store.parked()] == [("industry", "NOT_IN_RECORD_TYPE")]
    steps.quiet()


def test_each_value_of_a_set_counts(typed: Opened) -> None:
    """A multipicklist is held whole if the type does not offer one of its values."""
    steps = typed("Inbound")
    offered = {"Product_Interests__c": ["Analytics", "Support"]}
    steps.both.salesforce.add_record_type("Lead", "Inbound", picklists=offered)
    for value, name in (("crm;service", "Ann"), ("crm;content", "Bob")):
        steps.contact(firstname=name, email=f"{name}@example.com", product_interests=value)
    steps.cycle()
    held = {row["FirstName"]: row["Product_Interests__c"] for row in steps.live("Lead")}
    assert held == {"Ann": "Analytics;Support", "Bob": None}
    assert [row.code for row in steps.both.store.parked()] == ["NOT_IN_RECORD_TYPE"]


def test_a_value_that_the_org_does_not_list_at_all_is_left_to_the_vendor(typed: Opened) -> None:
    """An unrestricted picklist takes any text, with record types and without."""
    steps = typed("Inbound")
    steps.both.salesforce.add_record_type("Lead", "Inbound", picklists={"Industry": ["Technology"]})
    _, lead = steps.pair(industry="Beekeeping")
    assert steps.sold(lead, "Industry") == "Beekeeping"
    assert not steps.both.store.parked()


def test_without_the_ui_api_the_vendor_judges(typed: Opened) -> None:
    """Nothing is held that cannot be known; a restricted picklist is still parked with the vendor's reason."""
    steps = typed("Inbound")
    org = steps.both.salesforce
    org.switches.offers_ui_api = False
    narrow = {"Industry": ["Technology"], "Product_Interests__c": ["Support"]}
    org.add_record_type("Lead", "Inbound", picklists=narrow)
    _, lead = steps.pair(industry="Banking", product_interests="crm")
    assert (steps.sold(lead, "Industry"), steps.sold(lead, "Product_Interests__c")) == ("Banking", None)
    (row,) = steps.both.store.parked()
    assert (row.field, row.code) == ("product_interests", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    assert calls(steps)["picklists"] == 0


def test_values_are_asked_only_where_there_are_types_and_seldom(steps: Steps) -> None:
    """One call a type with each reading of the schema, none within ten minutes, none for objects without types."""
    steps.pair()
    assert calls(steps)["picklists"] == 0
    for name in ("Inbound", "Partner"):
        steps.both.salesforce.add_record_type("Lead", name)
    told = []
    for seconds in (3600, 60, 660):
        steps.cycle(after=seconds)
        told.append(calls(steps)["picklists"])
    assert told == [2, 2, 4]


def test_a_type_that_goes_away_is_a_dead_letter_with_advice(typed: Opened) -> None:
    """Within the ten minutes of a remembered schema the vendor refuses the type by itself; nothing else is written."""
    steps = typed("Inbound")
    org = steps.both.salesforce
    inbound = org.add_record_type("Lead", "Inbound")
    steps.pair()
    org.retire_record_type("Lead", inbound)
    steps.contact(email="bob@example.com")
    steps.cycle(after=60)
    (letter,) = steps.both.store.dead_letters()
    assert letter.code == "INVALID_CROSS_REFERENCE_KEY"
    assert "assign it to the profile" in letter.advice


# -- person accounts ---------------------------------------------------------------------------------------------------
def test_person_accounts_are_counted_and_never_read_or_written(steps: Steps) -> None:
    """Neither the account nor its contact is linked, whoever shares its address; plan and status tell how many."""
    org = steps.both.salesforce
    org.enable_person_accounts()
    account, person = org.person_account("Doe", Email="ann@example.com")
    before = {row["Id"]: row["SystemModstamp"] for name in ("Account", "Contact") for row in steps.live(name)}
    contact = steps.contact(email="ann@example.com", lifecyclestage="subscriber")
    other, lead = steps.pair(email="bob@example.com")
    steps.market(contact, city="Bonn")
    steps.both.salesforce.edit("Contact", person, {"Title": "Buyer"})
    steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") is None
    assert steps.marketed(contact, "jobtitle") is None
    assert steps.marketed(other, "syncd_crm_id") == lead
    assert steps.sold(account, "SystemModstamp", object_name="Account") == before[account]
    assert steps.sold(person, "Syncd_Marketing_Id__c", object_name="Contact") is None
    assert steps.sold(person, "MailingCity", object_name="Contact") is None
    world, store = steps.both.world, steps.both.store
    kinds = forecast_document(forecast(world, plan_only(world).plan))["kinds"]
    assert {name: kind["person_accounts"] for name, kind in kinds.items()} == {
        "company": {"Account": 1},
        "person": {"Contact": 1},
    }
    stands = standing(store, connection="main", kinds=["company", "person"], now=steps.both.clock.now())
    assert standing_document(stands, {})["person_accounts"] == {"company": {"Account": 1}, "person": {"Contact": 1}}
    steps.quiet()


def test_nobody_is_made_whom_a_person_account_stands_for(steps: Steps) -> None:
    """A qualified contact with that address would be the same person twice; the plan says why no Lead is made."""
    org = steps.both.salesforce
    org.enable_person_accounts()
    org.person_account("Doe", Email="Ann@example.com")
    steps.contact(email="ann@example.com")
    steps.contact(email="bob@example.com")
    steps.cycle()
    assert [row["Email"] for row in steps.live("Lead")] == ["bob@example.com"]
    assert not steps.conflicts()
    person = plan_only(steps.both.world, full=True).plan.kinds[1]
    assert person.nothing["a person account stands for it"] == 1
    steps.quiet()


def test_an_org_without_person_accounts_is_not_asked_for_them(steps: Steps) -> None:
    """No call and no figure where the field does not exist."""
    steps.pair()
    world = steps.both.world
    kinds = forecast_document(forecast(world, plan_only(world).plan))["kinds"]
    assert all(kind["person_accounts"] == {} for kind in kinds.values())
