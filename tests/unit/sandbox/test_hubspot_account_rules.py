"""HubSpot stand-in: what the account does and forbids by itself: stages, statuses, merging, leads, owners, opt-outs."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sandbox.hubspot.account import HubSpotAccount
from sandbox.hubspot.errors import Refusal
from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from tests.unit.sandbox.hubspot_account import COMPANIES, CONTACTS, HubSpotAccountUnderTest

LEADS = "/crm/v3/objects/leads"
DEALS = "/crm/v3/objects/deals"
STATUSES = "/communication-preferences/v4/statuses"
CONSENTS = "/communication-preferences/v3"


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


def options(hub: HubSpotAccountUnderTest, name: str) -> list[str]:
    """Values of an enumeration of contacts, in their order."""
    rows = hub.ok("GET", f"/crm/v3/properties/contacts/{name}")["options"]
    return [row["value"] for row in sorted(rows, key=lambda row: row["displayOrder"])]


def link(kind: str, number: str, type_id: int) -> dict[str, Any]:
    """One entry of ``associations`` in a create body."""
    return {"to": {"id": number}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]}


STAGES = [
    "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist",
    "other",
]  # fmt: skip


@pytest.mark.fact("hubspot 6.13")
def test_stages_and_their_order(hub: HubSpotAccountUnderTest) -> None:
    """Eight to begin with; an own one has a number for an id and stands where the admin put it."""
    assert options(hub, "lifecyclestage") == STAGES
    own = hub.kernel.add_stage("Trial", after="lead")
    assert own.isdigit()
    assert options(hub, "lifecyclestage") == [*STAGES[:2], own, *STAGES[2:]]
    person = hub.contact(lifecyclestage="marketingqualifiedlead")
    url = f"{CONTACTS}/{person}"
    answer = hub.ok("PATCH", url, {"properties": {"lifecyclestage": own}})
    assert answer["properties"]["lifecyclestage"] == "marketingqualifiedlead"
    person = hub.contact(lifecyclestage="lead")
    answer = hub.ok("PATCH", f"{CONTACTS}/{person}", {"properties": {"lifecyclestage": own}})
    assert answer["properties"]["lifecyclestage"] == own


@pytest.mark.fact("hubspot 6.13", "defaults 4.3")
@pytest.mark.parametrize(("moves", "stages"), [(True, ["opportunity", "customer"]), (False, ["lead", "lead"])])
def test_a_deal_moves_the_stage_of_its_people(moves: bool, stages: list[str]) -> None:
    """Made: opportunity; won: customer, of contacts and companies, never backward, as the account is set."""
    hub = HubSpotAccountUnderTest(deals_move_stages=moves)
    person, fan = hub.contact(lifecyclestage="lead"), hub.contact(lifecyclestage="evangelist")
    firm = hub.kernel.create("companies", {"lifecyclestage": "lead"})
    associations = [link("contacts", person, 3), link("contacts", fan, 3), link("companies", firm, 341)]
    properties = {"dealname": "D", "dealstage": "qualifiedtobuy"}
    deal = hub.ok("POST", DEALS, {"properties": properties, "associations": associations})["id"]
    for stage, expected in zip(("contractsent", "closedwon"), stages, strict=True):
        hub.ok("PATCH", f"{DEALS}/{deal}", {"properties": {"dealstage": stage}})
        assert hub.read(person, "lifecyclestage")["lifecyclestage"] == expected
        assert hub.read(firm, "lifecyclestage", kind="companies")["lifecyclestage"] == expected
    assert hub.read(fan, "lifecyclestage")["lifecyclestage"] == "evangelist"


@pytest.mark.fact("defaults 4.4")
def test_history_tells_a_move_of_the_account_itself(hub: HubSpotAccountUnderTest) -> None:
    """What a deal does to a stage is neither a person's doing nor an app's."""
    person = hub.contact(lifecyclestage="lead")
    body = {"properties": {"dealname": "D"}, "associations": [link("contacts", person, 3)]}
    hub.ok("POST", DEALS, body)
    told = hub.ok("GET", f"{CONTACTS}/{person}?propertiesWithHistory=lifecyclestage")["propertiesWithHistory"]
    assert [(each["value"], each["sourceType"]) for each in told["lifecyclestage"]] == [
        ("opportunity", "AUTOMATION_PLATFORM"),
        ("lead", "CRM_UI"),
    ]


@pytest.mark.fact("defaults 5.2")
def test_a_company_is_made_of_a_new_address() -> None:
    """After a while, for a domain of its own that no company has, once; not for freemail, and not unless it is set."""
    hub = HubSpotAccountUnderTest(automatic_companies=60.0)
    people = [hub.contact(email=address) for address in ("a@acme.example", "b@acme.example", "c@gmail.com")]
    assert hub.ok("GET", COMPANIES)["results"] == []
    hub.clock.advance(61)
    (made,) = hub.ok("GET", f"{COMPANIES}?properties=domain")["results"]
    assert made["properties"]["domain"] == "acme.example"
    target = "/crm/v4/objects/contacts/{}/associations/companies"
    found = [[row["toObjectId"] for row in hub.ok("GET", target.format(each))["results"]] for each in people]
    assert found == [[int(made["id"])], [int(made["id"])], []]
    off = HubSpotAccountUnderTest()
    off.contact(email="a@acme.example")
    off.clock.advance(61)
    assert off.ok("GET", COMPANIES)["results"] == []


@pytest.mark.fact("hubspot 6.14")
def test_lead_statuses_can_be_edited(hub: HubSpotAccountUnderTest) -> None:
    """Eight to begin with, and whatever the account makes of them."""
    assert options(hub, "hs_lead_status") == [
        "NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING",
    ]  # fmt: skip
    change = {"options": [{"label": "Cold", "value": "COLD", "hidden": False}]}
    hub.ok("PATCH", "/crm/v3/properties/contacts/hs_lead_status", change)
    assert hub.call("POST", CONTACTS, {"properties": {"hs_lead_status": "COLD"}})[0] == 201
    assert hub.call("POST", CONTACTS, {"properties": {"hs_lead_status": "NEW"}})[0] == 400


@pytest.mark.fact("hubspot 6.18", "hubspot 3.11")
def test_a_merge_is_final_and_has_a_limit() -> None:
    """No path takes it back, what was merged cannot be restored, and one identity too many is 414."""
    assert HubSpotLimits().merges == 250
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits(merges=4))
    one, two, three, four = (hub.contact(city=str(n)) for n in range(4))
    new = hub.kernel.merge("contacts", hub.kernel.merge("contacts", one, two), three)
    assert hub.call("POST", f"{CONTACTS}/unmerge", {"objectId": new})[0] == 404
    with pytest.raises(Refusal):
        hub.kernel.restore("contacts", one)
    body = {"primaryObjectId": new, "objectIdToMerge": four}
    assert hub.call("POST", f"{CONTACTS}/merge", body)[0] == 414
    assert hub.ok("GET", f"{CONTACTS}/{four}")["id"] == four


@pytest.mark.fact("hubspot 6.19")
def test_a_lead_needs_a_name_and_a_contact(hub: HubSpotAccountUnderTest) -> None:
    """400 without either, alone and in batches; it goes with the last contact it is taken from."""
    one, two = hub.contact(lastname="L"), hub.contact(lastname="M")
    whole = {"properties": {"hs_lead_name": "N"}, "associations": [link("contacts", n, 578) for n in (one, two)]}
    for lacking in ({**whole, "properties": {}}, {**whole, "associations": []}):
        assert hub.call("POST", LEADS, lacking)[0] == 400
        assert hub.call("POST", f"{LEADS}/batch/create", {"inputs": [lacking]})[0] == 400
    lead = hub.ok("POST", LEADS, whole)["id"]
    assert hub.call("DELETE", f"/crm/v4/objects/leads/{lead}/associations/contacts/{one}")[0] == 204
    assert hub.call("GET", f"{LEADS}/{lead}")[0] == 200
    assert hub.call("DELETE", f"/crm/v4/objects/contacts/{two}/associations/leads/{lead}")[0] == 204
    assert hub.call("GET", f"{LEADS}/{lead}")[0] == 404
    assert hub.ok("GET", f"{LEADS}/{lead}?archived=true")["archived"] is True


@pytest.mark.fact("hubspot 6.19")
def test_leads_need_sales_hub_professional(hub: HubSpotAccountUnderTest) -> None:
    """Another account cannot grant their scopes, whatever its token has."""
    account = HubSpotAccount(sales_hub_professional=False)
    hub.kernel = HubSpotKernel(clock=hub.clock, seed=7, account=account)
    response = hub.send("GET", LEADS, token=DEFAULT_TOKEN)
    body = orjson.loads(response.body)
    assert (response.status, body["category"]) == (403, "MISSING_SCOPES")
    assert body["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.leads.read"]
    assert hub.call("GET", CONTACTS)[0] == 200


@pytest.mark.fact("hubspot 6.20", "defaults 2.1", "defaults 2.2")
def test_owners_are_read_only(hub: HubSpotAccountUnderTest) -> None:
    """They are the users of the account: no call makes, changes or removes one."""
    owner = hub.kernel.add_owner("o@x.com", "O", "P")
    one = {"email": "new@x.com", "firstName": "N"}
    calls = [("POST", ""), ("PATCH", f"/{owner}"), ("PUT", f"/{owner}"), ("DELETE", f"/{owner}"), ("POST", "/batch")]
    for method, tail in calls:
        assert hub.call(method, f"/crm/v3/owners{tail}", one)[0] == 404, (method, tail)
    assert [row["email"] for row in hub.ok("GET", "/crm/v3/owners")["results"]] == ["o@x.com"]


@pytest.mark.fact("hubspot 6.16")
def test_archived_owners_are_listed_apart(hub: HubSpotAccountUnderTest) -> None:
    """Only ``archived=true`` shows them; they go on owning what they own."""
    owner, gone = (hub.kernel.add_owner(f"{n}@x.com", "O", n, archived=n == "b") for n in "ab")
    assert [row["id"] for row in hub.ok("GET", "/crm/v3/owners")["results"]] == [owner]
    assert hub.call("GET", f"/crm/v3/owners/{gone}")[0] == 404
    shown = hub.ok("GET", f"/crm/v3/owners/{gone}?archived=true")
    assert (shown["archived"], "userId" in shown) == (True, False)
    person = hub.contact(hubspot_owner_id=gone)
    assert hub.read(person, "hubspot_owner_id")["hubspot_owner_id"] == gone


@pytest.mark.fact("hubspot 6.21", "defaults 3.1", "defaults 3.2")
def test_an_opt_out_is_written_by_preferences_only(hub: HubSpotAccountUnderTest) -> None:
    """The properties are read-only; version 4 takes the address back, version 3 does not; both need a scope."""
    person = hub.contact(email="a@x.com")
    for name in ("hs_email_optout", "hs_email_optout_10001"):
        status, body = hub.call("PATCH", f"{CONTACTS}/{person}", {"properties": {name: "true"}})
        assert (status, body["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")
    old = {"emailAddress": "a@x.com", "subscriptionId": "10001"}
    assert hub.ok("POST", f"{CONSENTS}/subscribe", old)["status"] == "SUBSCRIBED"
    assert hub.ok("POST", f"{CONSENTS}/unsubscribe", old)["status"] == "NOT_SUBSCRIBED"
    assert hub.read(person, "hs_email_optout_10001")["hs_email_optout_10001"] == "true"
    assert hub.call("POST", f"{CONSENTS}/subscribe", old)[0] == 400
    told = hub.ok("GET", f"{CONSENTS}/status/email/a@x.com")["subscriptionStatuses"]
    assert [row["status"] for row in told] == ["NOT_SUBSCRIBED", "NOT_SPECIFIED"]
    new = {"channel": "EMAIL", "subscriptionId": 10_001, "statusState": "SUBSCRIBED"}
    assert hub.call("POST", f"{STATUSES}/a@x.com", new)[0] == 200
    assert hub.read(person, "hs_email_optout_10001")["hs_email_optout_10001"] == "false"
    hub.kernel.issue_token("blind", ["crm.objects.contacts.write"])
    for target in (f"{STATUSES}/a@x.com/unsubscribe-all?channel=EMAIL", f"{CONSENTS}/unsubscribe"):
        response = hub.send("POST", target, old, token="blind")
        scopes = orjson.loads(response.body)["errors"][0]["context"]["requiredGranularScopes"]
        assert (response.status, scopes[0]) == (403, "communication_preferences.read_write")


@pytest.mark.fact("hubspot 6.23", "defaults 5.1")
def test_the_native_connector_leaves_its_ids(hub: HubSpotAccountUnderTest) -> None:
    """Its properties come with it, nobody else writes them, and they stay with their values when it is gone."""
    person, firm = hub.contact(lastname="L"), hub.kernel.create("companies", {"name": "F"})
    assert "salesforceleadid" not in hub.read(person, "salesforceleadid")
    with pytest.raises(Refusal):
        hub.kernel.link_natively("contacts", person, {"salesforceleadid": "00Q1"})
    hub.kernel.install_native_connector()
    hub.kernel.link_natively("contacts", person, {"salesforceleadid": "00Q1", "salesforcecontactid": "0031"})
    hub.kernel.link_natively("companies", firm, {"salesforceaccountid": "0011"})
    assert hub.call("PATCH", f"{CONTACTS}/{person}", {"properties": {"salesforceleadid": ""}})[0] == 400
    hub.kernel.remove_native_connector()
    held = hub.read(person, "salesforceleadid", "salesforcecontactid")
    assert (held["salesforceleadid"], held["salesforcecontactid"]) == ("00Q1", "0031")
    assert hub.read(firm, "salesforceaccountid", kind="companies")["salesforceaccountid"] == "0011"
    with pytest.raises(Refusal):
        hub.kernel.link_natively("contacts", person, {"salesforceleadid": "00Q2"})
