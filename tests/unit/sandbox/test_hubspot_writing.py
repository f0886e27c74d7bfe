"""HubSpot stand-in: what writes take, alone and in batches, and what must be unique."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot.history import Source
from sandbox.kernel import HttpRequest
from tests.unit.sandbox.hubspot_account import COMPANIES, CONTACTS, HubSpotAccountUnderTest

KEY = "syncd_crm_id"


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


def batch(hub: HubSpotAccountUnderTest, operation: str, *inputs: dict[str, Any]) -> tuple[int, Any]:
    """Calls a batch endpoint of contacts."""
    return hub.call("POST", f"{CONTACTS}/batch/{operation}", {"inputs": list(inputs)})


@pytest.mark.fact("hubspot 6.1")
def test_the_body_of_a_write(hub: HubSpotAccountUnderTest) -> None:
    """Properties with associations; all values come back as text; ``""`` clears."""
    firm = hub.kernel.create("companies", {"name": "F"})
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    properties = {"city": "A", "numberofemployees": 17}
    person = hub.ok(
        "POST", CONTACTS, {"properties": properties, "associations": [{"to": {"id": firm}, "types": types}]}
    )
    url = f"{CONTACTS}/{person['id']}"
    assert hub.read(person["id"], "numberofemployees")["numberofemployees"] == "17"
    linked = hub.ok("GET", f"/crm/v4/objects/contacts/{person['id']}/associations/companies")["results"]
    assert [row["toObjectId"] for row in linked] == [int(firm)]
    hub.ok("PATCH", url, {"properties": {"city": ""}})
    assert hub.read(person["id"], "city")["city"] is None


@pytest.mark.parametrize(("meaning", "changes"), [("ignored", {}), ("clears", {"city": ""})])
def test_null_as_a_value(meaning: str, changes: dict[str, str]) -> None:
    """Not documented, and not in the client's contract: it does nothing or clears, by switch."""
    hub = HubSpotAccountUnderTest(null_property=meaning)
    store = hub.kernel.portal.store("contacts")
    record = hub.kernel.portal.record(store, hub.contact(city="A"))
    assert store.check({"city": None}, current=record, source=Source("API", "1")) == changes


@pytest.mark.fact("hubspot 6.3")
def test_a_batch_create_names_the_first_known_address_only(hub: HubSpotAccountUnderTest) -> None:
    """409 CONFLICT with the id of one contact, though two rows are at fault."""
    first, second = hub.contact(email="a@x.com"), hub.contact(email="b@x.com")
    status, body = batch(hub, "create", {"properties": {"email": "a@x.com"}}, {"properties": {"email": "b@x.com"}})
    assert (status, body["category"]) == (409, "CONFLICT")
    assert (first in body["message"], second in body["message"]) == (True, False)


@pytest.mark.fact("hubspot 6.6")
@pytest.mark.parametrize(("one_property", "status"), [(True, 400), (False, 200)])
def test_whether_an_upsert_takes_two_key_properties(one_property: bool, status: int) -> None:
    """A batch by e-mail and by our own key: refused whole, or each row by its own."""
    hub = HubSpotAccountUnderTest(upsert_one_id_property=one_property)
    known = hub.contact(email="a@x.com")
    rows = [
        {"idProperty": name, "id": key, "properties": {"city": "X"}} for name, key in (("email", "a@x.com"), (KEY, "1"))
    ]
    found, body = batch(hub, "upsert", *rows)
    assert found == status
    assert len(hub.kernel.export()["contacts"]) == (1 if one_property else 2)
    if not one_property:
        assert [(row["id"] == known, row["new"]) for row in body["results"]] == [(True, False), (False, True)]


@pytest.mark.fact("hubspot 6.6")
@pytest.mark.parametrize(("fails", "status"), [(True, 400), (False, 200)])
@pytest.mark.parametrize("operation", ["update", "upsert"])
def test_whether_one_record_may_come_twice_in_a_batch(operation: str, fails: bool, status: int) -> None:
    """Refused whole, or taken as one input in which the later value holds."""
    hub = HubSpotAccountUnderTest(batch_duplicates_fail=fails)
    person = hub.contact(syncd_crm_id="1", phone="0")
    row = {"idProperty": KEY, "id": "1"}
    changes = ({"city": "A", "phone": "1"}, {"city": "B"})
    found, body = batch(hub, operation, *({**row, "properties": properties} for properties in changes))
    assert found == status
    values = hub.read(person, "city", "phone")
    assert (values["city"], values["phone"]) == ((None, "0") if fails else ("B", "1"))
    if not fails:
        assert [result["id"] for result in body["results"]] == [person]


@pytest.mark.fact("hubspot 6.7")
def test_a_batch_keeps_no_order() -> None:
    """Results come in another order than the inputs; a stage that is cleared and set in one batch does not go back."""
    hub = HubSpotAccountUnderTest(batch_duplicates_fail=False)
    first, second = hub.contact(lifecyclestage="customer"), hub.contact(city="A")
    rows = [{"id": person, "properties": {"city": "B"}} for person in (second, first)]
    assert [row["id"] for row in batch(hub, "update", *rows)[1]["results"]] == [first, second]
    steps = [{"id": first, "properties": {"lifecyclestage": value}} for value in ("", "lead")]
    assert batch(hub, "update", *steps)[0] == 200
    assert hub.read(first, "lifecyclestage")["lifecyclestage"] == "customer"
    for step in steps:
        batch(hub, "update", step)
    assert hub.read(first, "lifecyclestage")["lifecyclestage"] == "lead"


@pytest.mark.fact("hubspot 5.8")
def test_an_update_answers_less_than_a_create(hub: HubSpotAccountUnderTest) -> None:
    """What was written and a few derived values; a create adds what HubSpot filled in."""
    _, made = batch(hub, "create", {"properties": {"email": "a@x.com", "city": "A"}})
    (created,) = made["results"]
    assert {"email", "city", "hs_email_domain", "hs_is_contact", "hs_pipeline"} <= created["properties"].keys()
    _, changed = batch(hub, "update", {"id": created["id"], "properties": {"city": "B"}})
    assert changed["results"][0]["properties"].keys() == {"city", "lastmodifieddate"}


@pytest.mark.fact("hubspot 6.8")
def test_the_address_is_unique_without_saying_so(hub: HubSpotAccountUnderTest) -> None:
    """Its definition denies it, yet it names a record and clashes."""
    assert hub.ok("GET", "/crm/v3/properties/contacts/email")["hasUniqueValue"] is False
    person = hub.contact(email="a@x.com")
    assert hub.ok("GET", f"{CONTACTS}/a@x.com?idProperty=email")["id"] == person
    assert hub.call("POST", CONTACTS, {"properties": {"email": "a@x.com"}})[0] == 409


@pytest.mark.fact("hubspot 6.9")
@pytest.mark.parametrize(("conflicts", "status"), [(True, 409), (False, 201)])
def test_whether_a_secondary_address_is_taken(conflicts: bool, status: int) -> None:
    """The addresses of a merged contact are listed in a hidden read-only property; a new contact with one: a switch."""
    hub = HubSpotAccountUnderTest(secondary_email_conflicts=conflicts)
    people = [hub.contact(email=f"{n}@x.com") for n in "abc"]
    new = hub.kernel.merge("contacts", hub.kernel.merge("contacts", *people[:2]), people[2])
    assert hub.read(new, "hs_additional_emails")["hs_additional_emails"] == "b@x.com;c@x.com"
    definition = hub.ok("GET", "/crm/v3/properties/contacts/hs_additional_emails")
    assert (definition["hidden"], definition["modificationMetadata"]["readOnlyValue"]) == (True, True)
    assert hub.call("POST", CONTACTS, {"properties": {"email": "b@x.com"}})[0] == status
    assert hub.call("POST", CONTACTS, {"properties": {"email": "a@x.com"}})[0] == 409


@pytest.mark.fact("hubspot 6.10")
@pytest.mark.parametrize(("lowered", "stored"), [(True, "ann@x.com"), (False, "Ann@X.com")])
def test_whether_addresses_are_stored_in_lower_case(lowered: bool, stored: str) -> None:
    """By switch; they are compared without case all the same."""
    hub = HubSpotAccountUnderTest(lowercase_email=lowered)
    person = hub.contact(email="Ann@X.com")
    assert hub.read(person, "email")["email"] == stored
    assert hub.call("POST", CONTACTS, {"properties": {"email": "ANN@x.com"}})[0] == 409


@pytest.mark.fact("hubspot 6.10")
@pytest.mark.parametrize(("unique", "status"), [(False, 201), (True, 400)])
def test_whether_two_companies_may_have_one_domain(unique: bool, status: int) -> None:
    """By switch; a company may keep its own either way."""
    hub = HubSpotAccountUnderTest(unique_company_domain=unique)
    firm = hub.kernel.create("companies", {"domain": "acme.example"})
    found, body = hub.call("POST", COMPANIES, {"properties": {"domain": "Acme.example"}})
    assert found == status
    if unique:
        assert body["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"
    assert hub.call("PATCH", f"{COMPANIES}/{firm}", {"properties": {"domain": "acme.example"}})[0] == 200


@pytest.mark.fact("hubspot 6.11")
def test_no_write_is_conditional(hub: HubSpotAccountUnderTest) -> None:
    """Answers carry no entity tag, and a precondition that does not hold changes nothing: the last writer wins."""
    person = hub.contact(city="A")
    response = hub.send("GET", f"{CONTACTS}/{person}")
    assert not {"etag", "last-modified"} & {name.lower() for name in response.headers}
    headers = {
        "Authorization": "Bearer pat-na1-sandbox",
        "If-Match": '"never"',
        "If-Unmodified-Since": "Mon, 01 Jan 2024 00:00:00 GMT",
    }
    request = HttpRequest.from_target("PATCH", f"{CONTACTS}/{person}", headers, b'{"properties": {"city": "B"}}')
    assert hub.kernel.handle(request).status == 200
    assert hub.read(person, "city")["city"] == "B"


@pytest.mark.fact("hubspot 6.17")
def test_which_objects_get_a_new_id_when_merged(hub: HubSpotAccountUnderTest) -> None:
    """Contacts and companies; the primary of deals and tickets keeps its own, and the other's id leads to it."""
    for kind, anew in (("contacts", True), ("companies", True), ("deals", False), ("tickets", False)):
        one, two = hub.kernel.create(kind, {}), hub.kernel.create(kind, {})
        new = hub.kernel.merge(kind, one, two)
        assert (new not in (one, two), new == one) == (anew, not anew), kind
        for old in (one, two):
            assert hub.ok("GET", f"/crm/v3/objects/{kind}/{old}")["id"] == new
        merged = hub.read(new, "hs_merged_object_ids", kind=kind)["hs_merged_object_ids"]
        assert merged == (f"{one};{two}" if anew else two)
        assert hub.hits(kind=kind) == [new]
