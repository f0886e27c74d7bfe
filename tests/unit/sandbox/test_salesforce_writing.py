"""Writes whose rules are easily missed: keys, upserts, runs, address lists and repeated creates."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.kernel import ConnectionDropped, Fault
from sandbox.salesforce.definitions import KEY_FIELD, text
from tests.unit.sandbox.salesforce_bare import described
from tests.unit.sandbox.salesforce_client import ROOT, Client

LEAD = {"LastName": "Doe", "Company": "Acme"}


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def row(kind: str = "Lead", **fields: object) -> dict[str, object]:
    """One record of a collection."""
    return {"attributes": {"type": kind}, **fields}


@pytest.mark.fact("salesforce 5.2")
@pytest.mark.parametrize(("version", "status"), [("45.0", 204), ("60.0", 200)])
def test_an_upsert_that_updates_was_once_silent(org: Client, version: str, status: int) -> None:
    """204 without a body in old versions, 200 with ``created`` false today."""
    org.lead(**{KEY_FIELD: "7"})
    path = f"/services/data/v{version}/sobjects/Lead/{KEY_FIELD}/7"
    answered, body = org.call("PATCH", path, {"City": "Bonn"})
    assert (answered, body and body["created"]) == (status, None if status == 204 else False)


@pytest.mark.fact("salesforce 5.3")
def test_an_upsert_by_a_shared_key_needs_view_all_data(org: Client) -> None:
    """A unique key does not."""
    org.kernel.add_field("Lead", text("Shared__c", "Shared", 40, custom=True, external_id=True, id_lookup=True))
    org.kernel.switches.enforces_rights = True
    shared, unique = "/sobjects/Lead/Shared__c/1", f"/sobjects/Lead/{KEY_FIELD}/1"
    assert org.call("PATCH", shared, LEAD)[0] == 201
    for permission in ("ModifyAllData", "ViewAllData"):
        org.kernel.take_user_permission(permission)
    status, (refusal,) = org.call("PATCH", shared, LEAD)
    assert (status, refusal["errorCode"]) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    records = {"records": [row(**LEAD, Shared__c="1")]}
    assert org.call("PATCH", "/composite/sobjects/Lead/Shared__c", records)[0] == 403
    assert org.call("PATCH", unique, LEAD)[0] == 201


@pytest.mark.fact("salesforce 5.4")
@pytest.mark.parametrize("refused", [True, False])
def test_the_key_of_the_path_in_the_body(org: Client, refused: bool) -> None:
    """Refused, or, by the switch, taken."""
    org.kernel.switches.refuses_key_in_upsert_body = refused
    status, answer = org.call("PATCH", f"/sobjects/Lead/{KEY_FIELD}/7", {**LEAD, KEY_FIELD: "7"})
    if refused:
        assert (status, answer[0]["errorCode"]) == (400, "INVALID_FIELD")
    else:
        assert (status, org.read(answer["id"], KEY_FIELD)) == (201, "7")


@pytest.mark.fact("salesforce 5.5")
def test_a_collection_is_one_call_of_200_rows(org: Client) -> None:
    """In the order of the request; by default a failed row does not stop the others."""
    rows = [row(LastName=f"L{number}", Company="C" if number != 7 else None) for number in range(200)]
    status, answers = org.call("POST", "/composite/sobjects", {"records": rows})
    assert (status, [place for place, each in enumerate(answers) if not each["success"]]) == (200, [7])
    assert all(org.read(each["id"], "LastName") == f"L{place}" for place, each in enumerate(answers) if each["success"])
    assert org.kernel.limits.used(org.clock.now()) == 1


@pytest.mark.fact("salesforce 5.6")
@pytest.mark.parametrize(("runs", "status"), [(10, 200), (11, 400)])
def test_runs_of_equal_type(org: Client, runs: int, status: int) -> None:
    """Ten at most, whatever the number of rows."""
    kinds = [row(**LEAD), row("Account", Name="A")]
    records = [kinds[number % 2] for number in range(runs)]
    assert org.call("POST", "/composite/sobjects", {"records": records})[0] == status


@pytest.mark.fact("salesforce 5.7")
def test_a_record_names_its_type_and_its_id(org: Client) -> None:
    """Without a type the request fails, without an id the row."""
    lead = org.lead()
    assert org.call("PATCH", "/composite/sobjects", {"records": [{"id": lead, "City": "x"}]})[0] == 400
    answers = org.call("PATCH", "/composite/sobjects", {"records": [row(City="x"), row(id=lead, City="x")]})[1]
    assert [each["success"] for each in answers] == [False, True]
    assert answers[0]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


@pytest.mark.fact("salesforce 5.10")
@pytest.mark.parametrize(("which", "expected"), [("all", [False, False, True]), ("later", [True, False, True])])
@pytest.mark.parametrize("upsert", [False, True])
def test_a_key_twice_in_a_list(org: Client, which: Any, expected: list[bool], upsert: bool) -> None:
    """All of its rows fail, or, by the switch, all but the first."""
    org.kernel.switches.duplicates_in_list = which
    one, two = org.lead(**{KEY_FIELD: "1"}), org.lead(**{KEY_FIELD: "2"})
    if upsert:
        path, keys = f"/composite/sobjects/Lead/{KEY_FIELD}", [{KEY_FIELD: each} for each in ("1", "1", "2")]
    else:
        path, keys = "/composite/sobjects", [{"id": each} for each in (one, one, two)]
    answers = org.call("PATCH", path, {"records": [row(**key, City="x") for key in keys]})[1]
    assert [each["success"] for each in answers] == expected


@pytest.mark.fact("salesforce 5.11")
def test_a_composite_writes_a_thousand_rows_in_one_call(org: Client) -> None:
    """Five collections of 200."""
    rows = [row(LastName=f"L{number}", Company="C") for number in range(200)]
    steps = [
        {"referenceId": f"c{number}", "method": "POST", "url": f"{ROOT}/composite/sobjects", "body": {"records": rows}}
        for number in range(5)
    ]
    status, _ = org.call("POST", "/composite", {"compositeRequest": steps})
    assert (status, len(org.kernel.calls[-1].created), org.kernel.calls[-1].cost) == (200, 1000, 1)
    assert org.kernel.limits.used(org.clock.now()) == 1


@pytest.mark.fact("salesforce 5.14", "defaults 4.1")
@pytest.mark.parametrize("name", ["Lead", "Account"])
def test_assignment_rules_run_unless_told_not_to(org: Client, name: str) -> None:
    """On a create and on an update, by header of the call; the default is that they run."""
    robin = org.kernel.add_user("robin@x.example", "Robin")
    org.kernel.org.assignment_rules[name] = lambda _: robin
    fields = LEAD if name == "Lead" else {"Name": "A"}
    quiet = org.call("POST", f"/sobjects/{name}", fields, Sforce_Auto_Assign="FALSE")[1]["id"]
    loud = org.call("POST", f"/sobjects/{name}", fields)[1]["id"]
    assert (org.read(quiet, "OwnerId", name) == robin, org.read(loud, "OwnerId", name)) == (False, robin)
    org.call("PATCH", f"/sobjects/{name}/{quiet}", {"Phone": "1"})
    assert org.read(quiet, "OwnerId", name) == robin


@pytest.mark.fact("salesforce 5.17", "defaults 5.6", "defaults 5.7")
def test_address_lists(org: Client) -> None:
    """Codes and texts go together; what is in no list is refused, and few countries have states."""
    lead = org.lead(Country="Utopia")
    assert "CountryCode" not in described(org, "Lead")
    org.kernel.enable_address_lists()
    assert {"CountryCode", "StateCode"} <= described(org, "Lead").keys()
    assert {"MailingStateCode", "OtherCountryCode"} <= described(org, "Contact").keys()
    path = f"/sobjects/Lead/{lead}"
    assert org.call("PATCH", path, {"Title": "x"})[0] == 204
    assert org.read(lead, "Country") == "Utopia"
    for fields in ({"Country": "Nowhere"}, {"Country": "Germany", "State": "Bavaria"}, {"State": "Texas"},
                   {"Country": "United States", "State": "Bavaria"}):  # fmt: skip
        status, (refusal,) = org.call("PATCH", path, fields)
        assert (status, refusal["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION"), fields
    assert org.call("PATCH", path, {"Country": "united states", "State": "texas"})[0] == 204
    assert [org.read(lead, name) for name in ("Country", "CountryCode", "State", "StateCode")] == [
        "United States", "US", "Texas", "TX"]  # fmt: skip
    assert org.call("PATCH", path, {"CountryCode": "DE"})[0] == 400
    assert org.call("PATCH", path, {"CountryCode": "DE", "State": None})[0] == 204
    assert [org.read(lead, name) for name in ("Country", "State", "StateCode")] == ["Germany", None, None]
    assert org.call("PATCH", path, {"Country": None})[0] == 204
    assert org.read(lead, "CountryCode") is None


@pytest.mark.fact("salesforce 5.21")
def test_a_create_without_an_answer_may_have_happened(org: Client) -> None:
    """Repeated it makes a second row; repeated as an upsert by key it does not."""
    for target, method, rows in (("/sobjects/Lead", "POST", 2), (f"/sobjects/Lead/{KEY_FIELD}/7", "PATCH", 3)):
        org.kernel.faults.arm(Fault("cut", lambda request: request.method != "GET", when="drop"))
        with pytest.raises(ConnectionDropped):
            org.call(method, target, LEAD)
        assert org.call(method, target, LEAD)[0] in (200, 201)
        assert org.query("SELECT COUNT() FROM Lead")["totalSize"] == rows


@pytest.mark.fact("salesforce 6.15")
@pytest.mark.parametrize("required", [False, True])
def test_a_missing_condition(org: Client, required: bool) -> None:
    """428 where the vendor wants one, else it is not missed."""
    org.kernel.switches.requires_conditions = required
    path = f"/sobjects/Lead/{org.lead()}"
    status, answer = org.call("PATCH", path, {"City": "a"})
    assert (status, answer and answer[0]["errorCode"]) == ((428, "PRECONDITION_REQUIRED") if required else (204, None))
    assert org.call("PATCH", path, {"City": "a"}, If_Unmodified_Since="Mon, 05 Jan 2026 12:00:00 GMT")[0] == 204


@pytest.mark.fact("defaults 3.3")
@pytest.mark.parametrize("name", ["Lead", "Contact"])
def test_an_opt_out_is_a_field_like_any_other(org: Client, name: str) -> None:
    """False unless set, on both objects of a person, and written back and forth."""
    person = org.kernel.insert(name, LEAD if name == "Lead" else {"LastName": "Doe"})
    path = f"/sobjects/{name}/{person}"
    assert org.call("GET", path)[1]["HasOptedOutOfEmail"] is False
    for value in (True, False):
        assert org.call("PATCH", path, {"HasOptedOutOfEmail": value})[0] == 204
        assert org.call("GET", path)[1]["HasOptedOutOfEmail"] is value
