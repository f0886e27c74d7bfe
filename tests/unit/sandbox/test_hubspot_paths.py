"""HubSpot stand-in: every path of the vendor that syncd may call, its parameters and the status of its success."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.hubspot_account import COMPANIES, CONTACTS, HubSpotAccountUnderTest

PROPERTIES = "/crm/v3/properties/contacts"


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


def ids(body: Any) -> list[str]:
    """Ids of the results of an answer."""
    return [row["id"] for row in body["results"]]


TYPES = [
    ("contacts", "0-1"), ("companies", "0-2"), ("deals", "0-3"), ("tickets", "0-5"), ("leads", "0-136"),
    ("tasks", "0-27"), ("notes", "0-46"),
]  # fmt: skip


@pytest.mark.fact("hubspot 2.1")
@pytest.mark.parametrize(("name", "number"), TYPES)
def test_an_object_is_searched_by_name_or_type_id(hub: HubSpotAccountUnderTest, name: str, number: str) -> None:
    """``POST .../search`` of either spelling finds the same records."""
    made = hub.kernel.create(name, {})
    for spelling in (name, number):
        status, body = hub.call("POST", f"/crm/v3/objects/{spelling}/search", {})
        assert (status, body["total"], ids(body)) == (200, 1, [made])


def test_a_custom_object_is_named_in_three_ways(hub: HubSpotAccountUnderTest) -> None:
    """By its own name, by its type id ``2-N`` and by the full name with the portal's id."""
    number = hub.kernel.add_object("machines", "machine")
    assert number.startswith("2-")
    made = hub.ok("POST", f"/crm/v3/objects/{number}", {"properties": {"name": "M1"}})["id"]
    for spelling in ("machines", f"p{hub.kernel.account.portal_id}_machines"):
        assert ids(hub.ok("GET", f"/crm/v3/objects/{spelling}")) == [made]


@pytest.mark.fact("hubspot 2.2")
def test_the_list_takes_every_parameter(hub: HubSpotAccountUnderTest) -> None:
    """limit, after, properties in both spellings, propertiesWithHistory, associations and archived."""
    firm = hub.kernel.create("companies", {"name": "F"})
    first, second, gone = (hub.contact(city=city, phone="1") for city in "ABC")
    hub.kernel.associate(contact_id=second, company_id=firm)
    hub.kernel.archive("contacts", gone)
    page = hub.ok("GET", f"{CONTACTS}?limit=1")
    assert (ids(page), page["paging"]["next"]["after"]) == ([first], second)
    query = f"after={second}&properties=city,phone&propertiesWithHistory=city&associations=companies"
    (row,) = hub.ok("GET", f"{CONTACTS}?{query}")["results"]
    assert (row["properties"]["city"], row["properties"]["phone"]) == ("B", "1")
    assert [entry["value"] for entry in row["propertiesWithHistory"]["city"]] == ["B"]
    assert {end["id"] for end in row["associations"]["companies"]["results"]} == {firm}
    (row,) = hub.ok("GET", f"{CONTACTS}?archived=true&properties=city&properties=phone")["results"]
    assert (row["id"], row["properties"]["city"], row["properties"]["phone"]) == (gone, "C", "1")


@pytest.mark.fact("hubspot 2.3")
def test_one_record_takes_every_parameter(hub: HubSpotAccountUnderTest) -> None:
    """The same as the list, and a unique property instead of the id."""
    firm = hub.kernel.create("companies", {"name": "F"})
    person = hub.contact(email="a@x.com", city="A")
    hub.kernel.associate(contact_id=person, company_id=firm)
    query = "idProperty=email&properties=city&propertiesWithHistory=city&associations=companies"
    row = hub.ok("GET", f"{CONTACTS}/a@x.com?{query}")
    assert (row["id"], row["properties"]["city"]) == (person, "A")
    assert [entry["value"] for entry in row["propertiesWithHistory"]["city"]] == ["A"]
    assert {end["id"] for end in row["associations"]["companies"]["results"]} == {firm}
    hub.kernel.archive("contacts", person)
    assert hub.call("GET", f"{CONTACTS}/{person}")[0] == 404
    assert hub.ok("GET", f"{CONTACTS}/{person}?archived=true")["archived"] is True


@pytest.mark.fact("hubspot 2.4")
def test_statuses_of_writing_one_record(hub: HubSpotAccountUnderTest) -> None:
    """201 for a create, 200 for an update by id or unique property, 204 without a body for an archive."""
    status, made = hub.call("POST", CONTACTS, {"properties": {"email": "a@x.com"}})
    assert status == 201
    for target in (made["id"], "a@x.com?idProperty=email"):
        assert hub.call("PATCH", f"{CONTACTS}/{target}", {"properties": {"city": "B"}})[0] == 200
    assert hub.call("DELETE", f"{CONTACTS}/{made['id']}") == (204, None)


@pytest.mark.fact("hubspot 2.5")
def test_statuses_of_batches(hub: HubSpotAccountUnderTest) -> None:
    """201 for creates, 200 for reads, updates and upserts, 204 for archives, 207 where rows differ."""

    def batch(operation: str, *inputs: dict[str, Any]) -> tuple[int, Any]:
        return hub.call("POST", f"{CONTACTS}/batch/{operation}", {"inputs": list(inputs)})

    status, made = batch("create", {"properties": {"city": "A"}})
    one = {"id": made["results"][0]["id"]}
    assert (status, made["status"]) == (201, "COMPLETE")
    assert batch("read", one)[0] == 200
    assert batch("read", one, {"id": "1"})[0] == 207
    assert batch("update", one | {"properties": {"city": "B"}})[0] == 200
    upsert = {"id": "k", "idProperty": "syncd_crm_id", "properties": {"city": "C"}}
    assert batch("upsert", upsert)[0] == 200
    assert batch("archive", one) == (204, None)


@pytest.mark.fact("hubspot 2.6", "defaults 3.5")
def test_merge_and_privacy_deletion(hub: HubSpotAccountUnderTest) -> None:
    """200 with the record that is left; 204, by id or by another unique property."""
    for kind in ("contacts", "companies", "deals", "tickets"):
        one, two = hub.kernel.create(kind, {}), hub.kernel.create(kind, {})
        body = {"primaryObjectId": one, "objectIdToMerge": two}
        status, left = hub.call("POST", f"/crm/v3/objects/{kind}/merge", body)
        assert (status, ids(hub.ok("GET", f"/crm/v3/objects/{kind}"))) == (200, [left["id"]])
    (left,) = ids(hub.ok("GET", CONTACTS))
    hub.contact(email="a@x.com")
    for body in ({"objectId": left}, {"objectId": "a@x.com", "idProperty": "email"}):
        assert hub.call("POST", f"{CONTACTS}/gdpr-delete", body) == (204, None)
    assert hub.kernel.export()["contacts"] == []


@pytest.mark.fact("hubspot 2.7")
def test_properties_one_by_one_in_batches_and_in_groups(hub: HubSpotAccountUnderTest) -> None:
    """List and create, read, change and delete; batches of names; groups."""
    new = {"name": "one", "label": "One", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    assert hub.call("POST", PROPERTIES, new)[0] == 201
    assert "one" in [row["name"] for row in hub.ok("GET", PROPERTIES)["results"]]
    assert hub.call("PATCH", f"{PROPERTIES}/one", {"label": "Uno"})[0] == 200
    assert hub.ok("GET", f"{PROPERTIES}/one")["label"] == "Uno"
    assert hub.call("POST", f"{PROPERTIES}/batch/create", {"inputs": [new | {"name": "two"}]})[0] == 201
    names = {"inputs": [{"name": "one"}, {"name": "two"}]}
    assert [row["name"] for row in hub.ok("POST", f"{PROPERTIES}/batch/read", names)["results"]] == ["one", "two"]
    assert hub.call("DELETE", f"{PROPERTIES}/one") == (204, None)
    assert hub.call("GET", f"{PROPERTIES}/one")[0] == 404
    assert hub.call("POST", f"{PROPERTIES}/batch/archive", names) == (204, None)
    assert hub.call("GET", f"{PROPERTIES}/two")[0] == 404
    assert hub.call("POST", f"{PROPERTIES}/groups", {"name": "ours", "label": "Ours"})[0] == 201
    assert "ours" in [row["name"] for row in hub.ok("GET", f"{PROPERTIES}/groups")["results"]]


@pytest.mark.fact("hubspot 2.9")
def test_associations_one_by_one_and_in_batches(hub: HubSpotAccountUnderTest) -> None:
    """The unlabelled one, one with types, the list, and the end of them; then the same in batches."""
    person, firm = hub.contact(lastname="L"), hub.kernel.create("companies", {"name": "F"})
    one = f"/crm/v4/objects/contacts/{person}/associations"
    primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    ends = {"from": {"id": person}, "to": {"id": firm}}

    def associated() -> list[int]:
        return [row["toObjectId"] for row in hub.ok("GET", f"{one}/companies")["results"]]

    def batch(path: str, entry: dict[str, Any]) -> int:
        return hub.call("POST", f"/crm/v4/associations/contacts/companies/batch/{path}", {"inputs": [entry]})[0]

    assert hub.call("PUT", f"{one}/default/companies/{firm}")[0] == 200
    assert associated() == [int(firm)]
    assert hub.call("DELETE", f"{one}/companies/{firm}")[0] == 204
    assert hub.call("PUT", f"{one}/companies/{firm}", primary)[0] == 201
    assert batch("read", {"id": person}) == 200
    assert batch("archive", ends | {"to": [{"id": firm}]}) == 204
    assert associated() == []
    assert batch("associate/default", ends) == 200
    assert batch("create", ends | {"types": primary}) == 201
    assert associated() == [int(firm)]


@pytest.mark.fact("hubspot 2.9")
def test_labels_are_listed_and_taken_away_one_by_one(hub: HubSpotAccountUnderTest) -> None:
    """Without its label a pair stays associated; without the unlabelled type it is not."""
    person, firm = hub.contact(lastname="L"), hub.kernel.create("companies", {"name": "F"})
    hub.kernel.associate(contact_id=person, company_id=firm, primary=True)
    base = "/crm/v4/associations/contacts/companies"
    assert [(row["typeId"], row["label"]) for row in hub.ok("GET", f"{base}/labels")["results"]] == [
        (279, None), (1, "Primary"),
    ]  # fmt: skip

    def take_away(number: int) -> int:
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}]
        entry = {"from": {"id": person}, "to": {"id": firm}, "types": types}
        return hub.call("POST", f"{base}/batch/labels/archive", {"inputs": [entry]})[0]

    def types() -> list[list[int]]:
        rows = hub.ok("GET", f"/crm/v4/objects/contacts/{person}/associations/companies")["results"]
        return [[kind["typeId"] for kind in row["associationTypes"]] for row in rows]

    assert types() == [[1, 279]]
    assert (take_away(1), types()) == (204, [[279]])
    assert hub.read(person, "associatedcompanyid")["associatedcompanyid"] is None
    assert (take_away(279), types()) == (204, [])
    assert take_away(280) == 400


@pytest.mark.fact("hubspot 2.10")
def test_schemas_under_both_paths(hub: HubSpotAccountUnderTest) -> None:
    """One object by name or type id; the list holds what the account made itself."""
    for base in ("/crm-object-schemas/v3/schemas", "/crm/v3/schemas"):
        assert hub.ok("GET", f"{base}/contacts") == hub.ok("GET", f"{base}/0-1")
        assert hub.ok("GET", base) == {"results": []}
    number = hub.kernel.add_object("machines", "machine")
    (schema,) = hub.ok("GET", "/crm-object-schemas/v3/schemas")["results"]
    assert (schema["objectTypeId"], schema["name"], schema["metaType"]) == (number, "machines", "PORTAL_SPECIFIC")


@pytest.mark.fact("hubspot 2.11")
@pytest.mark.parametrize(
    ("kind", "key", "first", "closed"),
    [("deals", "default", "appointmentscheduled", ["closedwon", "closedlost"]), ("tickets", "0", "1", ["4"])],
)
@pytest.mark.parametrize("base", ["/crm/v3/pipelines", "/crm/pipelines/2026-03"])
def test_pipelines_of_deals_and_tickets(
    hub: HubSpotAccountUnderTest, base: str, kind: str, key: str, first: str, closed: list[str]
) -> None:
    """All with their stages, one of them, its stages, one stage; its stages are what records may hold."""
    (pipeline,) = hub.ok("GET", f"{base}/{kind}")["results"]
    assert hub.ok("GET", f"{base}/{kind}/{key}") == pipeline
    stages = hub.ok("GET", f"{base}/{kind}/{key}/stages")["results"]
    assert stages == pipeline["stages"]
    assert [stage["displayOrder"] for stage in stages] == list(range(len(stages)))
    assert [stage["id"] for stage in stages if stage["metadata"]["isClosed"] == "true"] == closed
    assert hub.ok("GET", f"{base}/{kind}/{key}/stages/{first}") == stages[0]
    name = "dealstage" if kind == "deals" else "hs_pipeline_stage"
    options = hub.ok("GET", f"/crm/v3/properties/{kind}/{name}")["options"]
    assert [option["value"] for option in options] == [stage["id"] for stage in stages]
    assert hub.call("GET", f"{base}/{kind}/other")[0] == 404
    assert hub.call("GET", f"{base}/{kind}/{key}/stages/other")[0] == 404
    assert hub.call("GET", f"{base}/contacts")[0] == 400


@pytest.mark.fact("hubspot 2.14")
def test_the_account_tells_who_it_is_and_what_was_called(hub: HubSpotAccountUnderTest) -> None:
    """Details, and today's calls of private apps with the day's limit and its end at midnight there."""
    assert hub.ok("GET", "/account-info/v3/details")["portalId"] == hub.kernel.account.portal_id
    for _ in range(3):
        hub.ok("GET", COMPANIES)
    (usage,) = hub.ok("GET", "/account-info/v3/api-usage/daily/private-apps")["results"]
    assert (usage["name"], usage["fetchStatus"]) == ("private-apps-api-calls-daily", "SUCCESS")
    assert (usage["usageLimit"], usage["currentUsage"]) == (625_000, 5)
    assert usage["resetsAt"] == "2026-11-26T05:00:00.000Z"
    hub.clock.advance(18 * 3_600)
    (usage,) = hub.ok("GET", "/account-info/2026-03/api-usage/daily/private-apps")["results"]
    assert usage["currentUsage"] == 1


@pytest.mark.fact("defaults 6.8")
@pytest.mark.parametrize(
    ("numbered", "dated"),
    [
        ("/crm/v3/objects/contacts", "/crm/objects/2026-09/contacts"),
        ("/crm/v3/properties/contacts", "/crm/properties/2026-03/contacts"),
        ("/crm/v3/owners", "/crm/owners/2026-09"),
        ("/crm/v4/associations/contacts/companies/labels", "/crm/associations/2026-09/contacts/companies/labels"),
        ("/account-info/v3/details", "/account-info/2026-03/details"),
    ],
)
def test_numbers_and_dates_name_the_same(hub: HubSpotAccountUnderTest, numbered: str, dated: str) -> None:
    """Both spellings of a path are answered, and alike."""
    hub.contact(email="a@x.com")
    hub.kernel.add_owner("o@x.com", "O", "P")
    assert hub.ok("GET", numbered) == hub.ok("GET", dated)
