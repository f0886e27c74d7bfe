"""What setting an account up needs of the HubSpot stand-in: definitions by API, tokens with scopes, a bare account."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sandbox.control import Controls
from sandbox.hubspot.account import ALL_SCOPES, BARE_SCOPES
from sandbox.hubspot.kernel import ADMIN_TOKEN, DEFAULT_TOKEN, HubSpotKernel
from sandbox.kernel import HttpRequest
from tests.unit.sandbox.hubspot_account import HubSpotAccountUnderTest

KEY = {
    "name": "syncd_test_id", "label": "Test id", "type": "string", "fieldType": "text",
    "groupName": "contactinformation", "hasUniqueValue": True, "description": "Why",
}  # fmt: skip
INFO = "/oauth/v2/private-apps/get/access-token-info"
PLACES = ("/crm/v3/properties/contacts", "/crm/properties/2026-09/contacts")


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """A furnished account."""
    return HubSpotAccountUnderTest()


def bare() -> HubSpotAccountUnderTest:
    """The same with an account nobody has set up."""
    account = HubSpotAccountUnderTest()
    account.kernel = HubSpotKernel(clock=account.clock, seed=7, bare=True)
    return account


def answer(
    hub: HubSpotAccountUnderTest, method: str, target: str, body: Any = None, *, token: str = DEFAULT_TOKEN
) -> tuple[int, Any]:
    """Status and body of a call with this token."""
    response = hub.send(method, target, body, token=token)
    return response.status, orjson.loads(response.body) if response.body else None


@pytest.mark.fact("hubspot 2.7")
@pytest.mark.parametrize("place", PLACES)
def test_a_created_property_is_shown_as_it_was_answered(hub: HubSpotAccountUnderTest, place: str) -> None:
    """201 with the definition, which GET repeats and records take; the same name again is 409."""
    status, made = hub.call("POST", place, KEY)
    assert (status, made["hasUniqueValue"], made["groupName"]) == (201, True, "contactinformation")
    assert hub.ok("GET", f"{place}/syncd_test_id") == made
    person = hub.contact(email="a@b.example")
    hub.ok("PATCH", f"/crm/v3/objects/contacts/{person}", {"properties": {"syncd_test_id": "00Q1"}})
    assert hub.read(person, "syncd_test_id")["syncd_test_id"] == "00Q1"
    status, refused = hub.call("POST", place, KEY)
    assert (status, refused["category"]) == (409, "OBJECT_ALREADY_EXISTS")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Upper"},
        {"name": "1st"},
        {"name": "_first"},
        {"name": ""},
        {"name": "größe"},
        {"groupName": "nowhere"},
        {"type": "enumeration", "fieldType": "select", "hasUniqueValue": False},
        {"type": "number", "fieldType": "text"},
        {"label": None},
    ],
)
def test_a_bad_definition_is_refused(hub: HubSpotAccountUnderTest, change: dict[str, Any]) -> None:
    """Names, groups, options and types are checked; nothing is made."""
    status, refused = hub.call("POST", PLACES[0], KEY | change)
    assert (status, refused["category"]) == (400, "VALIDATION_ERROR")
    assert hub.call("GET", f"{PLACES[0]}/{KEY['name']}")[0] == 404


def test_an_enumeration_with_options_and_the_eleventh_unique_property(hub: HubSpotAccountUnderTest) -> None:
    """Options make an enumeration whole; ten unique properties are the limit of an object."""
    choice = {"type": "enumeration", "fieldType": "select", "hasUniqueValue": False}
    options = [{"label": word, "value": text, "hidden": False} for word, text in (("One", "1"), ("Two", "2"))]
    made = hub.ok("POST", PLACES[0], KEY | choice | {"options": options})
    assert [option["value"] for option in made["options"]] == ["1", "2"]
    statuses = [hub.call("POST", PLACES[0], KEY | {"name": f"key_{n}"})[0] for n in range(11)]
    assert statuses.count(201) == 10 - sum(d["hasUniqueValue"] for d in HubSpotAccountUnderTest().ok(
        "GET", PLACES[0])["results"])  # fmt: skip
    assert statuses[-1] == 400


@pytest.mark.parametrize("lacking", ["value", "label", "hidden"])
def test_an_option_is_whole(hub: HubSpotAccountUnderTest, lacking: str) -> None:
    """Value, label and whether it is hidden: without one of them neither create nor update take it, as contracted."""
    url, option = PLACES[0], {"label": "S", "value": "s", "hidden": False}
    new = KEY | {"type": "enumeration", "fieldType": "select", "hasUniqueValue": False, "options": [option]}
    hub.ok("POST", url, new)
    part: dict[str, Any] = {"options": [{key: value for key, value in option.items() if key != lacking}]}
    for refused in (
        hub.call("POST", url, new | {"name": "other"} | part),
        hub.call("PATCH", f"{url}/{KEY['name']}", part),
    ):
        assert (refused[0], refused[1]["category"]) == (400, "VALIDATION_ERROR")
        assert f"['{lacking}']" in refused[1]["message"]
    assert hub.ok("GET", f"{url}/{KEY['name']}")["options"][0]["value"] == "s"


@pytest.mark.parametrize(
    "change",
    [
        {"label": 7},
        {"displayOrder": "first"},
        {"hidden": "yes"},
        {"fieldType": "date"},
        {"type": "odd"},
        {"options": 7},
    ],
)
def test_an_update_of_another_type_is_refused(hub: HubSpotAccountUnderTest, change: dict[str, Any]) -> None:
    """What is no text, number or yes and no where one is needed changes nothing; a create is held to the same."""
    made = hub.ok("POST", PLACES[0], KEY)
    assert hub.call("PATCH", f"{PLACES[0]}/{KEY['name']}", change)[0] == 400
    assert hub.call("POST", PLACES[0], KEY | {"name": "other"} | change)[0] == 400
    assert hub.ok("GET", f"{PLACES[0]}/{KEY['name']}") == made


@pytest.mark.fact("hubspot 2.7")
def test_groups_are_made_once_and_then_taken(hub: HubSpotAccountUnderTest) -> None:
    """A new group is listed and takes properties; the same name again is 409."""
    group = {"name": "syncd", "label": "Syncd"}
    assert hub.call("POST", f"{PLACES[0]}/groups", group)[0] == 201
    assert "syncd" in [each["name"] for each in hub.ok("GET", f"{PLACES[0]}/groups")["results"]]
    assert hub.call("POST", f"{PLACES[0]}/groups", group)[0] == 409
    assert hub.call("POST", PLACES[0], KEY | {"groupName": "syncd"})[0] == 201


def test_token_info_answers_whatever_the_scopes_and_is_counted(hub: HubSpotAccountUnderTest) -> None:
    """The body names the token: no scope and no Authorization header are needed, yet it is a call like any other."""
    hub.kernel.issue_token("small", [])
    before = hub.kernel.meters.spent_today(at=hub.clock.now())
    raw = HttpRequest.from_target("POST", INFO, {}, orjson.dumps({"tokenKey": "small"}))
    response = hub.kernel.handle(raw)
    account = hub.kernel.account
    assert (response.status, orjson.loads(response.body)) == (
        200,
        {"userId": account.user_id, "hubId": account.portal_id, "appId": account.app_id, "scopes": []},
    )
    assert hub.kernel.meters.spent_today(at=hub.clock.now()) == before + 1
    assert "X-HubSpot-RateLimit-Remaining" in response.headers
    assert set(hub.ok("POST", INFO, {"tokenKey": DEFAULT_TOKEN})["scopes"]) == ALL_SCOPES


def test_token_info_of_an_unknown_token_and_with_the_switch_off(hub: HubSpotAccountUnderTest) -> None:
    """404 with a JSON error body both times."""
    status, refused = hub.call("POST", INFO, {"tokenKey": "never-issued"})
    assert (status, refused["status"]) == (404, "error")
    assert hub.call("POST", INFO, {})[0] == 400
    object.__setattr__(hub.kernel.switches, "token_info", False)
    assert hub.call("POST", INFO, {"tokenKey": DEFAULT_TOKEN})[0] == 404


@pytest.mark.parametrize(
    ("method", "target", "scope"),
    [
        ("GET", "/crm/v3/properties/contacts", "crm.schemas.contacts.read"),
        ("GET", "/crm/v3/properties/contacts/groups", "crm.schemas.contacts.read"),
        ("POST", "/crm/v3/properties/contacts", "crm.schemas.contacts.write"),
        ("POST", "/crm/properties/2026-03/companies", "crm.schemas.companies.write"),
        ("POST", "/crm/v3/properties/companies/groups", "crm.schemas.companies.write"),
        ("GET", "/crm/v3/objects/contacts", "crm.objects.contacts.read"),
        ("POST", "/crm/v3/objects/contacts/search", "crm.objects.contacts.read"),
        ("POST", "/crm/v3/objects/contacts/batch/read", "crm.objects.contacts.read"),
        ("POST", "/crm/v3/objects/companies/batch/create", "crm.objects.companies.write"),
        ("PATCH", "/crm/v3/objects/contacts/1", "crm.objects.contacts.write"),
        ("GET", "/crm/v4/objects/contacts/1/associations/companies", "crm.objects.contacts.read"),
        ("GET", "/crm/v3/owners", "crm.objects.owners.read"),
        ("POST", "/communication-preferences/v4/statuses/a@b.example", "communication_preferences.read_write"),
    ],
)
def test_every_endpoint_names_the_scope_it_misses(
    hub: HubSpotAccountUnderTest, method: str, target: str, scope: str
) -> None:
    """All scopes but one are not enough for that one; only it lets the call through."""
    hub.kernel.issue_token("nearly", [each for each in ALL_SCOPES if not scope.startswith(each.rsplit(".", 1)[0])])
    status, refused = answer(hub, method, target, {}, token="nearly")
    assert (status, refused["category"]) == (403, "MISSING_SCOPES")
    assert scope in refused["errors"][0]["context"]["requiredGranularScopes"]
    hub.kernel.issue_token("nearly", [scope])
    assert answer(hub, method, target, {}, token="nearly")[0] != 403


def test_a_token_is_issued_over_the_control_plane_with_scopes(hub: HubSpotAccountUnderTest) -> None:
    """With a list it has just these; without one the rights of the daemon's token, as a rotation gives."""
    controls = Controls(hub.kernel, set_latency=lambda _: None)
    for token, words in (("few", {"scopes": ["crm.objects.owners.read"]}), ("rotated", {})):
        body = orjson.dumps({"action": "issue_token", "token": token, **words})
        assert controls.answer(HttpRequest.from_target("POST", "/_sandbox/do", {}, body)).status == 200
    assert hub.kernel.tokens["few"] == {"crm.objects.owners.read"}
    assert hub.kernel.tokens["rotated"] == ALL_SCOPES
    with pytest.raises(ValueError, match="list"):
        hub.kernel.issue_token("wrong", "crm.objects.owners.read")


def test_a_bare_account_has_nothing_of_ours() -> None:
    """No custom property anywhere, a daemon that may only read, and an admin who makes what is missing."""
    hub = bare()
    assert hub.kernel.tokens == {DEFAULT_TOKEN: BARE_SCOPES, ADMIN_TOKEN: ALL_SCOPES}
    for kind in ("contacts", "companies", "deals"):
        listed = answer(hub, "GET", f"/crm/v3/properties/{kind}", token=ADMIN_TOKEN)[1]["results"]
        assert listed
        assert [each["name"] for each in listed if not each.get("hubspotDefined")] == []
    key = KEY | {"name": "syncd_crm_id"}
    assert answer(hub, "POST", PLACES[0], key)[0] == 403
    assert answer(hub, "POST", PLACES[0], key, token=ADMIN_TOKEN)[0] == 201
    assert answer(hub, "POST", INFO, {"tokenKey": DEFAULT_TOKEN})[1]["scopes"] == sorted(BARE_SCOPES)


def test_an_import_into_a_bare_account_leaves_our_columns_out() -> None:
    """The population can be loaded before anything is set up."""
    hub = bare()
    hub.kernel.load("contacts", [{"email": "a@b.example", "product_interests": "crm"}])
    assert "product_interests" not in hub.kernel.export()["contacts"][0]["properties"]
