"""Single rows, collections and composite: what is saved, what is refused, and how it is said."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.org import DuplicateRule
from tests.unit.sandbox.salesforce_client import ROOT, Client

KEY = "Syncd_Marketing_Id__c"
LEAD = {"LastName": "Doe", "Company": "Acme"}


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def row(kind: str = "Lead", **fields: object) -> dict[str, object]:
    """One record of a collection."""
    return {"attributes": {"type": kind}, **fields}


@pytest.mark.fact("salesforce 3.6", "salesforce 5.1", "salesforce 5.19", "salesforce 6.11")
def test_create_read_update_delete(org: Client) -> None:
    """The life of one row, with its answers."""
    status, made = org.call("POST", "//sobjects/Lead/", {**LEAD, "FirstName": " Jo ", "Email": "Jo@X.example"})
    assert (status, made["success"], made["errors"], len(made["id"])) == (201, True, [], 18)
    path = f"/sobjects/Lead/{made['id']}"
    shown = org.call("GET", f"{path}?fields=Name,Email,Status,IsDeleted")[1]
    assert shown == {
        "attributes": {"type": "Lead", "url": ROOT + path}, "Name": "Jo Doe", "Email": "jo@x.example",
        "Status": "Open - Not Contacted", "IsDeleted": False,
    }  # fmt: skip
    org.clock.advance(1.9)
    assert org.call("PATCH", path, {"Rating": "Hot", "FirstName": None}) == (204, None)
    assert org.read(made["id"], "SystemModstamp") == "2026-01-05T12:00:01.000+0000"
    assert [org.read(made["id"], name) for name in ("Name", "Email")] == ["Doe", "jo@x.example"]
    assert org.call("DELETE", path) == (204, None)
    status, (gone,) = org.call("GET", path)
    assert (status, gone["errorCode"]) == (404, "ENTITY_IS_DELETED")
    assert [call.operation for call in org.kernel.calls] == ["create", "read", "update", "delete", "ENTITY_IS_DELETED"]


@pytest.mark.fact("salesforce 4.5", "salesforce 5.8", "salesforce 5.20", "salesforce 6.9")
@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"Company": None}, "REQUIRED_FIELD_MISSING", ["Company"]),
        ({"Email": "no"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ({"City": "x" * 41}, "STRING_TOO_LONG", ["City"]),
        ({"Product_Interests__c": "Support;Fish"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Product_Interests__c"]),
        ({"OwnerId": "00QAB000000000000"}, "MALFORMED_ID", ["OwnerId"]),
        ({"OwnerId": "001000000000001"}, "FIELD_INTEGRITY_EXCEPTION", ["OwnerId"]),
        ({"OwnerId": "005000000000001"}, "INVALID_CROSS_REFERENCE_KEY", ["OwnerId"]),
        ({"Name": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
        ({"NumberOfEmployees": 10**9}, "NUMBER_OUTSIDE_VALID_RANGE", ["NumberOfEmployees"]),
        ({"NumberOfEmployees": "many"}, "JSON_PARSER_ERROR", None),
        ({"Foo__c": 1}, "INVALID_FIELD", None),
    ],
)
def test_field_refusals(org: Client, fields: dict[str, object], code: str, named: list[str] | None) -> None:
    """Each wrong value is refused with the vendor's code and the field it is about, in a create and in a collection."""
    status, body = org.call("POST", "/sobjects/Lead", {**LEAD, **fields})
    assert (status, body[0]["errorCode"], body[0].get("fields")) == (400, code, named)
    status, body = org.call("POST", "/composite/sobjects", {"records": [row(**LEAD) | fields, row(**LEAD)]})
    if named is None:  # the whole request fails
        assert (status, body[0]["errorCode"]) == (400, code)
        assert org.kernel.org.schema.entities["Lead"].table.rows == {}
    else:
        assert (status, body[0]["success"], body[1]["success"]) == (200, False, True)
        assert body[0]["errors"][0]["statusCode"] == code


@pytest.mark.fact("salesforce 4.3")
def test_an_advisory_picklist_takes_any_text(org: Client) -> None:
    """Lead.Status is not restricted: any string is accepted."""
    assert org.read(org.lead(Status="Anything"), "Status") == "Anything"


@pytest.mark.fact("salesforce 5.18", "defaults 2.3", "salesforce 6.6", "salesforce 6.10")
def test_people_and_their_states(org: Client) -> None:
    """Inactive owners, queues, deleted, converted and locked rows."""
    gone = org.kernel.add_user("gone@x.example", "Gone User", active=False)
    lead = org.lead(OwnerId=org.kernel.add_queue("Inbound"))
    refused = {"OwnerId": gone}
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", refused)[1][0]["errorCode"] == "INACTIVE_OWNER_OR_USER"
    org.kernel.lock_rows([lead])
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", {})[1][0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", {})[0] == 204
    org.kernel.convert(lead, status="Closed - Converted")
    (refusal,) = org.call("PATCH", f"/sobjects/Lead/{lead}", {"Rating": "Hot"})[1]
    assert refusal == {
        "message": "cannot reference converted lead", "errorCode": "CANNOT_UPDATE_CONVERTED_LEAD", "fields": [],
    }  # fmt: skip


@pytest.mark.fact("salesforce 5.2", "salesforce 5.4", "salesforce 6.14")
def test_upsert(org: Client) -> None:
    """201 with created, then 200 without; the key stays out of the body; updateOnly; several rows are 300."""
    path = f"/sobjects/Lead/{KEY}/77"
    assert org.call("PATCH", f"{path}?updateOnly=true", LEAD)[0] == 404
    status, made = org.call("PATCH", path, LEAD)
    assert (status, made["created"], org.read(made["id"], KEY)) == (201, True, "77")
    assert org.call("PATCH", path, {"Rating": "Hot"}) == (200, {**made, "created": False})
    assert org.call("PATCH", path, {KEY: "77"})[1][0]["errorCode"] == "INVALID_FIELD"
    assert org.call("GET", path)[1]["Id"] == made["id"]
    assert org.call("PATCH", "/sobjects/Lead/City/77", LEAD)[0] == 404
    for _ in range(2):
        org.lead(Email="two@x.example")
    status, urls = org.call("PATCH", "/sobjects/Lead/Email/two@x.example", {"Rating": "Hot"})
    assert (status, len(urls), urls[0].startswith(f"{ROOT}/sobjects/Lead/00Q")) == (300, 2, True)


@pytest.mark.fact("salesforce 6.8")
def test_unique_values(org: Client) -> None:
    """A second row with a unique value is refused, and the message names the first; a deleted one is no obstacle."""
    first = org.lead(**{KEY: "A"})
    (refusal,) = org.call("POST", "/sobjects/Lead", {**LEAD, KEY: "a"})[1]
    assert (refusal["errorCode"], first in refusal["message"]) == ("DUPLICATE_VALUE", True)
    org.kernel.delete("Lead", first)
    assert org.call("POST", "/sobjects/Lead", {**LEAD, KEY: "a"})[0] == 201


@pytest.mark.fact("salesforce 6.7")
@pytest.mark.parametrize(("action", "status"), [("alert", 201), ("block", 400)])
def test_only_an_alert_is_overridden(org: Client, action: Any, status: int) -> None:
    """By header; a rule that blocks refuses in any case, and the refusal says which of the two it is."""
    org.kernel.org.duplicate_rules["Lead"] = [DuplicateRule("Same_Email", ("Email",), action=action)]
    org.lead(Email="a@x.example")
    fields = {**LEAD, "Email": "a@x.example"}
    (refusal,) = org.call("POST", "/sobjects/Lead", fields)[1]
    assert refusal["duplicateResut"]["allowSave"] is (action == "alert")
    assert org.call("POST", "/sobjects/Lead", fields, Sforce_Duplicate_Rule_Header="allowSave=true")[0] == status


@pytest.mark.fact("salesforce 6.15")
def test_conditional_update(org: Client) -> None:
    """If-Unmodified-Since: 412 after a change, 204 within the same second, 400 where malformed."""
    lead = org.lead()
    path, limit = f"/sobjects/Lead/{lead}", "Mon, 05 Jan 2026 12:00:00 GMT"
    assert org.call("PATCH", path, {"City": "a"}, If_Unmodified_Since=limit)[0] == 204
    org.clock.advance(1)
    org.kernel.edit("Lead", lead, {"City": "b"})
    assert org.call("PATCH", path, {"City": "c"}, If_Unmodified_Since=limit)[0] == 412
    assert org.call("PATCH", path, {"City": "c"}, If_Unmodified_Since="yesterday")[0] == 400
    assert org.read(lead, "City") == "b"


@pytest.mark.fact("defaults 4.5")
def test_a_collection_knows_no_conditions(org: Client) -> None:
    """The same header that stops the write of a single row stops none of many, neither as a header nor in a row."""
    lead, limit = org.lead(), "Mon, 05 Jan 2026 12:00:00 GMT"
    org.clock.advance(1)
    org.kernel.edit("Lead", lead, {"City": "b"})
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", {"City": "c"}, If_Unmodified_Since=limit)[0] == 412
    written = {"records": [row(id=lead, City="c")]}
    assert org.call("PATCH", "/composite/sobjects", written, If_Unmodified_Since=limit)[1][0]["success"] is True
    assert org.read(lead, "City") == "c"


@pytest.mark.fact("salesforce 5.5", "salesforce 5.6", "salesforce 5.9", "salesforce 5.10", "salesforce 6.11")
def test_collections(org: Client) -> None:
    """Order, row errors, allOrNone, repeated ids, unknown and deleted ids, and sizes."""
    one, two, gone = org.lead(), org.lead(), org.lead()
    org.kernel.delete("Lead", gone)
    ids = (one, gone, "00Q000000000001", two, two)
    records = [row(id=each, City="a") for each in ids]
    status, body = org.call("PATCH", "/composite/sobjects", {"allOrNone": False, "records": records})
    codes = [None if each["success"] else each["errors"][0]["statusCode"] for each in body]
    expected = [None, "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "DUPLICATE_VALUE", "DUPLICATE_VALUE"]
    assert (status, codes) == (200, expected)
    assert org.kernel.calls[-1].written == (one,)
    _, body = org.call(
        "PATCH", "/composite/sobjects", {"allOrNone": True, "records": [row(id=two, City="z"), records[1]]}
    )
    codes = [each["errors"][0]["statusCode"] for each in body]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "ENTITY_IS_DELETED"]
    assert org.read(two, "City") is None
    assert org.call("POST", "/composite/sobjects", {"records": [row(**LEAD)] * 201})[0] == 400
    mixed = [row(**LEAD), row("Account", Name="A")] * 6
    assert org.call("POST", "/composite/sobjects", {"records": mixed})[0] == 400
    _, body = org.call("DELETE", f"/composite/sobjects?ids={one},{gone}")
    assert [each["success"] for each in body] == [True, False]


@pytest.mark.fact("salesforce 3.16", "salesforce 5.5")
def test_collection_upsert_and_read(org: Client) -> None:
    """Created flags in order, repeated keys fail, unknown ids read as null."""
    first = org.lead(**{KEY: "1"})
    records = [row(**LEAD, **{KEY: key}) for key in ("1", "2", "3", "3")]
    _, body = org.call("PATCH", f"/composite/sobjects/Lead/{KEY}", {"records": records})
    assert [(each["success"], each["created"]) for each in body] == [
        (True, False), (True, True), (False, False), (False, False)]  # fmt: skip
    asked = {"ids": [body[1]["id"], "00Q000000000001", first[:15]], "fields": ["Id", KEY]}
    _, rows = org.call("POST", "/composite/sobjects/Lead", asked)
    assert [each and each[KEY] for each in rows] == ["2", None, "1"]
    assert org.call("POST", "/composite/sobjects/Lead", {"ids": [], "fields": ["Nope"]})[0] == 400


@pytest.mark.fact("salesforce 5.11")
def test_composite(org: Client) -> None:
    """One call for all; references; sub-headers; rollback; at most 25 and five collections."""

    def sub(name: str, method: str, path: str, body: object = None, **more: object) -> dict[str, object]:
        return {"referenceId": name, "method": method, "url": ROOT + path, "body": body, **more}

    steps = [sub("acc", "POST", "/sobjects/Account", {"Name": "Acme"}),
             sub("con", "POST", "/sobjects/Contact", {"LastName": "X", "AccountId": "@{acc.id}"}),
             sub("get", "GET", "/sobjects/Contact/@{con.id}?fields=AccountId")]  # fmt: skip
    _, body = org.call("POST", "/composite", {"allOrNone": True, "compositeRequest": steps})
    answers = {each["referenceId"]: each for each in body["compositeResponse"]}
    assert answers["get"]["body"]["AccountId"] == answers["acc"]["body"]["id"]
    assert (org.kernel.calls[-1].cost, len(org.kernel.calls[-1].created)) == (1, 2)
    assert org.kernel.limits.used(org.clock.now()) == 1
    bad = [steps[0], sub("no", "POST", "/sobjects/Contact", {})]
    _, body = org.call("POST", "/composite", {"allOrNone": True, "compositeRequest": bad})
    codes = [each["body"][0]["errorCode"] for each in body["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 1
    heavy = [sub(f"q{number}", "GET", "/query?q=SELECT Id FROM Lead") for number in range(6)]
    assert org.call("POST", "/composite", {"compositeRequest": heavy})[0] == 400
    assert org.call("POST", "/composite", {"compositeRequest": heavy[:5]})[0] == 200
    saves = [sub(f"s{number}", "POST", "/composite/sobjects", {"records": []}) for number in range(3)]
    assert org.call("POST", "/composite", {"compositeRequest": heavy[:3] + saves})[0] == 400
    light = [sub(f"l{number}", "GET", "/limits") for number in range(26)]
    assert org.call("POST", "/composite", {"compositeRequest": light})[0] == 400
    assert org.call("POST", "/composite", {"compositeRequest": light[:25]})[0] == 200


@pytest.mark.fact("salesforce 5.14", "defaults 4.1", "defaults 4.2")
def test_assignment_rule(org: Client) -> None:
    """An active rule moves the owner on create and on update, unless told not to, inside Composite too."""
    robin = org.kernel.add_user("robin@x.example", "Robin")
    org.kernel.org.assignment_rules["Lead"] = lambda _: robin
    lead = org.lead()
    owner = org.read(lead, "OwnerId")
    update = {"records": [row(id=lead, City="a")]}
    org.call("PATCH", "/composite/sobjects", update, Sforce_Auto_Assign="FALSE")
    inner = {"referenceId": "a", "method": "PATCH", "url": f"{ROOT}/composite/sobjects", "body": update}
    org.call("POST", "/composite", {"compositeRequest": [inner]}, Sforce_Auto_Assign="FALSE")
    quiet = inner | {"httpHeaders": {"Sforce-Auto-Assign": "FALSE"}}
    org.call("POST", "/composite", {"compositeRequest": [quiet]})
    assert org.read(lead, "OwnerId") == owner
    org.call("POST", "/composite", {"compositeRequest": [inner]})
    assert org.read(lead, "OwnerId") == robin


@pytest.mark.fact("salesforce 5.12")
def test_batch_counts_each_subrequest(org: Client) -> None:
    """Composite Batch: every subrequest is a call of its own, and one that fails does not stop the others."""
    parts = [{"method": "GET", "url": "v60.0/limits"}, {"method": "GET", "url": "v60.0/sobjects/Foo"}]
    _, body = org.call("POST", "/composite/batch", {"batchRequests": parts})
    assert (body["hasErrors"], [each["statusCode"] for each in body["results"]]) == (True, [200, 404])
    assert org.kernel.limits.used(org.clock.now()) == 2


@pytest.mark.fact("salesforce 5.10")
def test_switches_turn_uncertain_facts(org: Client) -> None:
    """An unknown field may fail its row alone, the first of two equal ids may be saved, multipicklists be ordered."""
    org.kernel.switches.unknown_field_fails_request = False
    org.kernel.switches.duplicates_in_list = "later"
    org.kernel.switches.orders_multipicklist = True
    lead = org.lead(Product_Interests__c="Training;Support")
    assert org.read(lead, "Product_Interests__c") == "Support;Training"
    records = [row(id=lead, Foo=1), row(id=lead, City="b"), row(id=org.lead(), City="c")]
    _, body = org.call("PATCH", "/composite/sobjects", {"records": records})
    assert [each["success"] for each in body] == [False, False, True]
    assert [each["errors"][0]["statusCode"] for each in body[:2]] == ["INVALID_FIELD", "DUPLICATE_VALUE"]


def test_a_parent_can_be_named_by_its_key(org: Client) -> None:
    """A lookup may be written as the parent's external id."""
    account = org.kernel.insert("Account", {"Name": "A", KEY: "acc"})
    fields = {"LastName": "X", "Account": {KEY: "acc"}}
    made = org.call("POST", "/sobjects/Contact", fields)[1]["id"]
    assert org.read(made, "AccountId", "Contact") == account
    fields = {"LastName": "X", "Account": {KEY: "no"}}
    assert org.call("POST", "/sobjects/Contact", fields)[1][0]["errorCode"] == "INVALID_FIELD"
