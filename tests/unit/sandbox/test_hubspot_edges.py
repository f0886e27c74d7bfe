"""HubSpot stand-in: paths, tokens, scopes, limits, definitions, owners, associations, preferences."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sandbox.hubspot.account import ALL_SCOPES
from sandbox.hubspot.errors import Refusal
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.kernel import Fault
from tests.unit.sandbox.hubspot_account import CONTACTS, HubSpotAccountUnderTest

PREFERENCES = "/communication-preferences/v4/statuses"


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


PATHS = [
    ("GET", "/crm/v3/objects/contacts", 200),
    ("GET", "/crm/v3/objects/CONTACT", 200),
    ("GET", "/crm/v3/objects/0-1", 200),
    ("GET", "/crm/objects/2026-03/contacts", 200),
    ("GET", "/crm/objects/2026-09/companies", 200),
    ("GET", "/crm/v3/objects/leads", 200),
    ("GET", "/crm/v3/owners/", 200),
    ("GET", "/crm/v3/owners", 200),
    ("GET", "/crm/owners/2026-09", 200),
    ("GET", "/crm/v3/properties/contacts", 200),
    ("GET", "/crm/properties/2026-03/companies/name", 200),
    ("GET", "/account-info/v3/details", 200),
    ("GET", "/account-info/2026-03/details", 200),
    ("GET", f"{PREFERENCES}/a@x.com?channel=EMAIL", 200),
    ("GET", "/communication-preferences/2026-09/statuses/a@x.com?channel=EMAIL", 200),
    ("GET", "/crm/objects/2025-01/contacts", 404),
    ("GET", "/crm/v4/objects/contacts", 404),
    ("GET", "/crm/v2/objects/contacts", 404),
    ("GET", "/nothing", 404),
    ("PUT", "/crm/v3/objects/contacts", 404),
    ("GET", "/crm/v3/objects/unicorns", 400),
]


@pytest.mark.parametrize(("method", "path", "status"), PATHS)
def test_paths(hub: HubSpotAccountUnderTest, method: str, path: str, status: int) -> None:
    """Numbered and dated spellings are one place; every answer is JSON with the clock's date."""
    response = hub.send(method, path)
    assert response.status == status
    assert isinstance(orjson.loads(response.body), dict)
    assert response.headers["Date"] == "Wed, 25 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"properties": 1}', b'{"properties": {"city": {}}}', b"{}"])
def test_malformed_bodies(hub: HubSpotAccountUnderTest, body: bytes) -> None:
    """A body that is not what the endpoint needs is a 400, never a crash."""
    from sandbox.kernel import HttpRequest

    headers = {"authorization": "Bearer pat-na1-sandbox"}
    assert hub.kernel.handle(HttpRequest("POST", CONTACTS, headers=headers, body=body)).status == 400


@pytest.mark.fact("defaults 6.10")
def test_tokens(hub: HubSpotAccountUnderTest) -> None:
    """401 for unknown tokens without rate headers; while a key is rotated two are valid."""
    response = hub.send("GET", CONTACTS, token="old")
    assert (response.status, orjson.loads(response.body)["category"]) == (401, "INVALID_AUTHENTICATION")
    assert "X-HubSpot-RateLimit-Max" not in response.headers
    hub.kernel.tokens["new"] = ALL_SCOPES
    assert hub.send("GET", CONTACTS, token="new").status == hub.send("GET", CONTACTS).status == 200


@pytest.mark.fact("hubspot 7.3", "defaults 6.5")
def test_scopes() -> None:
    """403 names the scope that is missing; nothing was done."""
    hub = HubSpotAccountUnderTest()
    hub.kernel.tokens["reader"] = frozenset(("crm.objects.contacts.read",))
    assert hub.send("GET", CONTACTS, token="reader").status == 200
    response = hub.send("POST", CONTACTS, {"properties": {"city": "A"}}, token="reader")
    body = orjson.loads(response.body)
    assert (response.status, body["category"]) == (403, "MISSING_SCOPES")
    assert body["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]
    assert hub.kernel.export()["contacts"] == []


@pytest.mark.fact("hubspot 3.5", "hubspot 7.7")
def test_ten_second_window() -> None:
    """The window rolls: a call is free again ten seconds after it was made."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits(rolling=2))
    assert hub.send("GET", CONTACTS).headers["X-HubSpot-RateLimit-Remaining"] == "1"
    hub.clock.advance(6)
    assert hub.send("GET", CONTACTS).headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    status, body = hub.call("GET", CONTACTS)
    assert (status, body["policyName"], body["errorType"]) == (429, "TEN_SECONDLY_ROLLING", "RATE_LIMIT")
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    hub.clock.advance(4)
    assert [hub.send("GET", CONTACTS).status for _ in range(2)] == [200, 429]


@pytest.mark.fact("hubspot 3.2")
@pytest.mark.parametrize(("counts", "left"), [(False, 3), (True, 3)])
def test_daily_limit_ends_at_local_midnight(counts: bool, left: int) -> None:
    """Seven in the morning in the account's zone: the quota comes back after seventeen hours, not after twelve."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits(daily=3), refused_calls_count=counts)
    assert [hub.send("GET", CONTACTS).status for _ in range(4)] == [200] * left + [429]
    status, body = hub.call("GET", CONTACTS)
    assert (status, body["policyName"]) == (429, "DAILY")
    assert hub.kernel.calls[-1].cost == int(counts)
    hub.clock.advance(12 * 3600 + 1)
    assert hub.send("GET", CONTACTS).status == 429
    hub.clock.advance(5 * 3600)
    assert hub.send("GET", CONTACTS).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "2"


def test_faults_see_what_the_vendor_did(hub: HubSpotAccountUnderTest) -> None:
    """A ghost write is executed and logged as such."""
    hub.kernel.faults.arm(Fault("ghost", lambda request: request.method == "POST", when="after"))
    assert hub.call("POST", CONTACTS, {"properties": {"city": "A"}})[0] == 503
    assert len(hub.kernel.export()["contacts"]) == 1
    call = hub.kernel.calls[-1]
    assert (call.operation, call.status, call.fault, len(call.created)) == ("create", 201, "ghost", 1)


def test_account(hub: HubSpotAccountUnderTest) -> None:
    """Identity and zone; the offset is the one of today."""
    body = hub.ok("GET", "/account-info/v3/details")
    assert (body["portalId"], body["timeZone"], body["utcOffset"]) == (4_711_001, "America/New_York", "-05:00")
    assert body["utcOffsetMilliseconds"] == -18_000_000


def test_definitions(hub: HubSpotAccountUnderTest) -> None:
    """Writability is nested; e-mail is unique without saying so; ours says so; create, change, delete."""
    url = "/crm/v3/properties/contacts"
    held = {row["name"]: row for row in hub.ok("GET", url)["results"]}
    assert held["hs_email_optout"]["modificationMetadata"]["readOnlyValue"] is True
    assert (held["email"]["hasUniqueValue"], held["syncd_crm_id"]["hasUniqueValue"]) == (False, True)
    assert held["hubspot_owner_id"]["referencedObjectType"] == "OWNER"
    new = {"name": "size", "label": "Size", "type": "enumeration", "fieldType": "select",
           "groupName": "contactinformation", "options": [{"label": "S", "value": "s", "hidden": False}]}  # fmt: skip
    assert hub.call("POST", url, new)[0] == 201
    assert hub.call("POST", url, new)[1]["category"] == "OBJECT_ALREADY_EXISTS"
    assert hub.call("POST", url, new | {"name": "Bad Name"})[0] == 400
    assert hub.call("POST", url, new | {"name": "b", "fieldType": "date"})[0] == 400
    assert hub.call("POST", url, {"name": "c"})[0] == 400
    hub.ok("PATCH", f"{url}/size", {"options": [{"label": "M", "value": "m", "hidden": False}]})
    assert hub.call("POST", CONTACTS, {"properties": {"size": "s"}})[0] == 400
    assert hub.call("POST", CONTACTS, {"properties": {"size": "m"}})[0] == 201
    assert hub.call("DELETE", f"{url}/email")[0] == 400
    assert hub.call("DELETE", f"{url}/size")[0] == 204
    assert hub.call("GET", f"{url}/size")[0] == 404
    status, body = hub.call("POST", f"{url}/batch/read", {"inputs": [{"name": "email"}, {"name": "size"}]})
    assert (status, len(body["results"]), body["numErrors"]) == (207, 1, 1)


@pytest.mark.fact("hubspot 3.12")
def test_ten_unique_properties_at_most(hub: HubSpotAccountUnderTest) -> None:
    """The seed account has one; nine more fit."""
    for number in range(9):
        hub.kernel.add_property("contacts", {"name": f"key_{number}", "hasUniqueValue": True})
    with pytest.raises(Refusal, match="limit"):
        hub.kernel.add_property("contacts", {"name": "key_9", "hasUniqueValue": True})


def test_a_unique_property_added_later_is_found(hub: HubSpotAccountUnderTest) -> None:
    """Generic properties can be added for tests, unique ones with their look-up."""
    hub.kernel.add_property("contacts", {"name": "key", "hasUniqueValue": True})
    person = hub.contact(key="K1")
    assert hub.ok("GET", f"{CONTACTS}/K1?idProperty=key")["id"] == person
    assert hub.hits(("key", "EQ", "K1")) == [person]


@pytest.mark.fact("hubspot 2.8", "hubspot 6.16")
def test_owners(hub: HubSpotAccountUnderTest) -> None:
    """Active ones by default, pages, by e-mail, by user id; ``hubspot_owner_id`` takes the owner id only."""
    ids = [hub.kernel.add_owner(f"o{n}@x.com", "O", str(n)) for n in range(3)]
    gone = hub.kernel.add_owner("gone@x.com", "G", "G", archived=True)
    page = hub.ok("GET", "/crm/v3/owners/?limit=2")
    assert [row["id"] for row in page["results"]] == ids[:2]
    page = hub.ok("GET", f"/crm/v3/owners/?limit=2&after={page['paging']['next']['after']}")
    assert ([row["id"] for row in page["results"]], "paging" in page) == (ids[2:], False)
    assert [row["id"] for row in hub.ok("GET", "/crm/v3/owners?archived=true")["results"]] == [gone]
    assert [row["id"] for row in hub.ok("GET", "/crm/v3/owners?email=O1@x.com")["results"]] == [ids[1]]
    assert hub.call("GET", f"/crm/v3/owners/{gone}")[0] == 404
    user = hub.ok("GET", f"/crm/v3/owners/{ids[0]}")["userId"]
    assert hub.ok("GET", f"/crm/v3/owners/{user}?idProperty=userId")["id"] == ids[0]
    assert hub.call("POST", CONTACTS, {"properties": {"hubspot_owner_id": str(user)}})[0] == 400
    assert hub.call("POST", CONTACTS, {"properties": {"hubspot_owner_id": ids[0]}})[0] == 201


def types_of(hub: HubSpotAccountUnderTest, start: str, key: str, end: str) -> dict[str, list[int]]:
    """Associations of one record by batch read: other id -> type ids."""
    body = hub.ok("POST", f"/crm/v4/associations/{start}/{end}/batch/read", {"inputs": [{"id": key}]})
    rows = body["results"][0]["to"] if body["results"] else []
    assert all(isinstance(row["toObjectId"], int) for row in rows)
    return {str(row["toObjectId"]): [kind["typeId"] for kind in row["associationTypes"]] for row in rows}


def put(hub: HubSpotAccountUnderTest, person: str, firm: str, *types: int) -> tuple[int, Any]:
    """Posts types for one contact and company."""
    specs = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number} for number in types]
    row = {"from": {"id": person}, "to": {"id": firm}, "types": specs}
    return hub.call("POST", "/crm/associations/2026-03/contacts/companies/batch/create", {"inputs": [row]})


@pytest.mark.fact("hubspot 2.9")
def test_primary_companies(hub: HubSpotAccountUnderTest) -> None:
    """A primary association brings the unlabelled one, mirrors, is exclusive, and shows in ``associatedcompanyid``."""
    person = hub.contact(lastname="L")
    first, second = (hub.kernel.create("companies", {"name": n}) for n in "AB")
    assert put(hub, person, first, 1)[0] == 201
    assert types_of(hub, "contacts", person, "companies") == {first: [1, 279]}
    assert types_of(hub, "companies", first, "contacts") == {person: [2, 280]}
    assert put(hub, person, second, 279)[0] == 201
    assert hub.read(person, "associatedcompanyid")["associatedcompanyid"] == first
    assert put(hub, person, second, 1)[0] == 201
    assert types_of(hub, "contacts", person, "companies") == {first: [279], second: [1, 279]}
    assert hub.read(person, "associatedcompanyid")["associatedcompanyid"] == second
    hub.kernel.archive("companies", second)
    assert types_of(hub, "contacts", person, "companies") == {first: [279]}
    assert hub.read(person, "associatedcompanyid")["associatedcompanyid"] is None
    hub.kernel.restore("companies", second)
    assert hub.read(person, "associatedcompanyid")["associatedcompanyid"] == second


@pytest.mark.parametrize(("first_is_primary", "types"), [(True, [1, 279]), (False, [279])])
def test_default_associations(first_is_primary: bool, types: list[int]) -> None:
    """The unlabelled association; the first company becomes primary by switch; removing and unknown ids."""
    hub = HubSpotAccountUnderTest(first_company_is_primary=first_is_primary)
    person, firm = hub.contact(lastname="L"), hub.kernel.create("companies", {"name": "F"})
    url = "/crm/v4/associations/contacts/companies/batch"
    row: dict[str, Any] = {"from": {"id": person}, "to": {"id": firm}}
    assert hub.call("POST", f"{url}/associate/default", {"inputs": [row]})[0] == 200
    assert types_of(hub, "contacts", person, "companies") == {firm: types}
    status, body = hub.call("POST", f"{url}/associate/default", {"inputs": [row, row | {"to": {"id": "5"}}]})
    assert (status, body["errors"][0]["context"]["toObjectId"]) == (207, ["5"])
    assert hub.call("POST", f"{url}/archive", {"inputs": [row | {"to": [{"id": firm}]}]})[0] == 204
    status, body = hub.call("POST", f"{url}/read", {"inputs": [{"id": person}]})
    assert (status, body["errors"][0]["subCategory"]) == (207, "crm.associations.NO_ASSOCIATIONS_FOUND")
    hub.ok("PUT", f"/crm/v4/objects/contacts/{person}/associations/default/companies/{firm}")
    assert types_of(hub, "contacts", person, "companies") == {firm: types}
    assert hub.call("DELETE", f"/crm/v4/objects/contacts/{person}/associations/companies/{firm}")[0] == 204
    assert put(hub, person, firm, 280)[0] == 207


@pytest.mark.fact("hubspot 6.21", "defaults 3.4")
def test_preferences_belong_to_the_address(hub: HubSpotAccountUnderTest) -> None:
    """They may exist before the contact and outlive it; the contact shows them, moves, and cannot write them."""
    assert hub.ok("POST", f"{PREFERENCES}/A@x.com/unsubscribe-all?channel=EMAIL")["results"] == []
    person = hub.contact(email="a@x.com")
    assert hub.read(person, "hs_email_optout")["hs_email_optout"] == "true"
    statuses = hub.ok("GET", f"{PREFERENCES}/a@x.com?channel=EMAIL")["results"]
    assert {row["status"] for row in statuses} == {"UNSUBSCRIBED"}
    before = hub.stamp(person)
    hub.kernel.resubscribe("a@x.com")
    assert hub.read(person, "hs_email_optout")["hs_email_optout"] == "false"
    assert hub.stamp(person) > before
    hub.kernel.unsubscribe("a@x.com")
    hub.kernel.edit("contacts", person, {"email": "b@x.com"})
    assert hub.read(person, "hs_email_optout")["hs_email_optout"] is None
    hub.kernel.edit("contacts", person, {"email": "a@x.com"})
    hub.kernel.gdpr_delete("contacts", person)
    again = hub.contact(email="a@x.com")
    assert hub.read(again, "hs_email_optout")["hs_email_optout"] == "true"


@pytest.mark.fact("defaults 3.2")
def test_preferences_in_batches(hub: HubSpotAccountUnderTest) -> None:
    """Plain addresses in, one row each out; a channel is needed; one subscription type can be set alone."""
    body = {"inputs": ["a@x.com", "b@x.com"]}
    status, answer = hub.call("POST", f"{PREFERENCES}/batch/unsubscribe-all?channel=EMAIL", body)
    assert (status, [row["subscriberIdString"] for row in answer["results"]]) == (200, body["inputs"])
    read = hub.ok("POST", f"{PREFERENCES}/batch/read?channel=EMAIL", {"inputs": ["a@x.com", "c@x.com"]})["results"]
    assert [{s["status"] for s in row["statuses"]} for row in read] == [{"UNSUBSCRIBED"}, {"NOT_SPECIFIED"}]
    wide = hub.ok("POST", f"{PREFERENCES}/batch/unsubscribe-all/read?channel=EMAIL", {"inputs": ["a@x.com", "c@x.com"]})
    assert [len(row["wideStatuses"]) for row in wide["results"]] == [1, 0]
    assert hub.call("POST", f"{PREFERENCES}/batch/read", body)[0] == 400
    one = {"channel": "EMAIL", "subscriptionId": 10_001, "statusState": "UNSUBSCRIBED"}
    person = hub.contact(email="d@x.com")
    assert hub.ok("POST", f"{PREFERENCES}/d@x.com", one)["status"] == "UNSUBSCRIBED"
    shown = hub.read(person, "hs_email_optout", "hs_email_optout_10001")
    assert (shown["hs_email_optout"], shown["hs_email_optout_10001"]) == (None, "true")


@pytest.mark.fact("hubspot 6.22", "defaults 1.1")
@pytest.mark.parametrize("billable", [False, True])
def test_marketing_status_of_new_contacts(billable: bool) -> None:
    """What this app makes is billable by the account's setting; what people make is not; nobody can write it."""
    hub = HubSpotAccountUnderTest(app_contacts_are_marketing=billable)
    made = hub.ok("POST", CONTACTS, {"properties": {"lastname": "L"}})["id"]
    shown = [hub.read(i, "hs_marketable_status")["hs_marketable_status"] for i in (made, hub.contact(lastname="M"))]
    assert shown == [str(billable).lower(), "false"]
    status, body = hub.call("PATCH", f"{CONTACTS}/{made}", {"properties": {"hs_marketable_status": "true"}})
    assert (status, body["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")


def test_every_kernel_is_its_own_account(hub: HubSpotAccountUnderTest) -> None:
    """Two kernels share nothing, definitions neither."""
    hub.kernel.add_property("contacts", {"name": "extra"})
    other = HubSpotKernel(clock=hub.clock, seed=7)
    with pytest.raises(Refusal, match="extra"):
        other.create("contacts", {"extra": "x"})
