"""Writing to HubSpot: every row gets its own true result, and nothing is sent twice that may have happened.

Length: tables of answers and what each row must become.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest
import requests
import responses
from requests import PreparedRequest
from responses.matchers import query_param_matcher

from connectors.hubspot.connector import HubSpotConnector
from syncd.model.errors import NeedsOperator
from syncd.model.remote import Departure, Gone, Moved, RemoteRecord, RemoteRef, Shape
from syncd.model.write import (
    Clash,
    CreateRecord,
    Deferred,
    Expect,
    Indeterminate,
    Refused,
    Stale,
    UpdateRecord,
    Write,
    WriteResult,
    Written,
)
from tests.fakes import FakeClock
from tests.hubspot_stub import BASE, OBJECTS, SHAPE, body_of, connect, row

NOW = 1_700_000_000_000
UPDATE, UPSERT, READ = f"{OBJECTS}/batch/update", f"{OBJECTS}/batch/upsert", f"{OBJECTS}/batch/read"
UNSUBSCRIBE = f"{BASE}/communication-preferences/2026-09/statuses/batch/unsubscribe-all"
SUBSCRIPTIONS = f"{BASE}/communication-preferences/2026-09/statuses/batch/write"
Reply = Callable[[dict[str, Any]], tuple[int, Mapping[str, Any]]]


@pytest.fixture
def connector(clock: FakeClock) -> HubSpotConnector:
    """A connector whose horizon is 60 s."""
    return connect(clock)


def send(
    connector: HubSpotConnector, clock: FakeClock, *rows: Write, shape: Shape = SHAPE, seconds: float = 300
) -> list[WriteResult]:
    """Writes rows with a deadline."""
    return list(connector.write(shape, rows, clock.now() + timedelta(seconds=seconds)))


def update(key: int, /, *extra: Expect | RemoteRef, **fields: Any) -> UpdateRecord:
    """An update of one contact, with what it expects and the company it refers to."""
    expect = next((part for part in extra if isinstance(part, Expect)), None)
    company = next((part for part in extra if isinstance(part, RemoteRef)), None)
    refs = {} if company is None else {"company": company}
    return UpdateRecord(f"t{key}", RemoteRef("contacts", str(key)), fields or {"firstname": "Ann"}, refs, expect)


def create(key: str, /, **fields: Any) -> CreateRecord:
    """A create keyed by a CRM id."""
    return CreateRecord(f"t{key}", "contacts", key, fields)


def on(url: str, reply: Reply) -> list[dict[str, Any]]:
    """Answers POSTs to a URL; the list fills with the bodies."""
    bodies: list[dict[str, Any]] = []

    def answer(request: PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        bodies.append(body_of(request))
        status, body = reply(bodies[-1])
        return status, {}, orjson.dumps(body)

    responses.add_callback(responses.POST, url, callback=answer)
    return bodies


def accept(body: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """Answers an update as HubSpot does: the written values only, in id order, whatever the order asked."""
    results = [{"id": i["id"], "properties": {**i["properties"], "lastmodifieddate": str(NOW)}} for i in body["inputs"]]
    return 200, {"status": "COMPLETE", "results": sorted(results, key=lambda result: str(result["id"]))}


def make(body: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """Answers an upsert: new records with ids of their own."""
    results = [
        {
            "id": f"9{i['id'][-2:]}",
            "properties": {**{k: v for k, v in i["properties"].items() if v}, "lastmodifieddate": str(NOW)},
            "new": True,
            "objectWriteTraceId": i["objectWriteTraceId"],
        }
        for i in reversed(body["inputs"])
    ]
    return 200, {"results": results}


@responses.activate
def test_a_thousand_rows_cost_ten_calls_in_order(connector: HubSpotConnector, clock: FakeClock) -> None:
    """1,000 updates are 10 calls; results have the order of the batch whatever the order of the answer."""
    on(UPDATE, accept)
    results = send(connector, clock, *(update(i) for i in range(1_000, 0, -1)))
    assert [result.ref.id for result in results if isinstance(result, Written)] == [str(i) for i in range(1_000, 0, -1)]
    assert len(responses.calls) == 10


@responses.activate
def test_creates_are_upserts_by_our_key(connector: HubSpotConnector, clock: FakeClock) -> None:
    """A create is an upsert on the unique key property with the intent as trace id: sent twice it is one record."""
    bodies = on(UPSERT, make)
    (result,) = send(connector, clock, create("00Q01", email="a@example.com", firstname=None))
    assert bodies[0]["inputs"] == [
        {
            "id": "00Q01",
            "idProperty": "syncd_crm_id",
            "properties": {"email": "a@example.com", "firstname": "", "syncd_crm_id": "00Q01"},
            "objectWriteTraceId": "t00Q01",
        }
    ]
    assert result == Written(
        RemoteRef("contacts", "901"),
        str(NOW),
        {"email": "a@example.com", "firstname": None, "syncd_crm_id": "00Q01"},
        created=True,
    )


@responses.activate
def test_values_are_text_and_clears_are_empty_text(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 1.12, 1.13: ``null`` does not clear, and a boolean must not become ``'True'``."""
    bodies = on(UPDATE, accept)
    (result,) = send(connector, clock, update(1, a=None, b=True, c=3, d=1.5))
    assert bodies[0]["inputs"][0]["properties"] == {"a": "", "b": "true", "c": "3", "d": "1.5"}
    assert isinstance(result, Written)
    assert result.confirmed == {"a": None, "b": "true", "c": "3", "d": "1.5"}


@responses.activate
def test_207_is_read_row_by_row(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 1.11: a 207 raises nothing; failures name the row by ``objectWriteTraceId``."""

    def reply(body: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        error = {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": 'Property values were not valid: [{"isValid":false,"error":"INVALID_OPTION","name":"stage"}]',
            "context": {"objectWriteTraceId": ["t2"]},
        }
        return 207, {**accept({"inputs": [body["inputs"][0], body["inputs"][2]]})[1], "numErrors": 1, "errors": [error]}

    on(UPDATE, reply)
    one, two, three = send(connector, clock, update(1), update(2, stage="x"), update(3))
    assert isinstance(one, Written)
    assert isinstance(three, Written)
    assert isinstance(two, Refused)
    assert (two.code, two.fields) == ("INVALID_OPTION", ("stage",))
    assert "option" in two.advice


@responses.activate
def test_skipped_rows_are_found(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 6: unknown ids of a batch update are skipped with a 200; each is asked for: gone, or merged."""
    on(UPDATE, lambda body: accept({"inputs": [i for i in body["inputs"] if i["id"] == "1"]}))
    gone = {**row(2, NOW), "archived": True, "archivedAt": "2024-01-01T00:00:00Z"}
    responses.post(f"{READ}?archived=true", json={"results": [gone]}, match_querystring=None)
    responses.post(READ, json={"results": [row(9, NOW, hs_merged_object_ids="3")]})
    responses.get(f"{OBJECTS}/4", status=404, json={"message": "resource not found"})
    responses.get(f"{OBJECTS}/5", status=404, json={"message": "resource not found"})
    survivor = {**row(8, NOW, hs_merged_object_ids="5"), "archived": True, "archivedAt": "2024-01-02T00:00:00Z"}
    responses.get(
        OBJECTS,
        json={"results": [gone, survivor]},
        match=[query_param_matcher({"archived": "true"}, strict_match=False)],
    )
    one, two, three, four, five = send(connector, clock, *(update(number) for number in range(1, 6)))
    assert isinstance(one, Written)
    assert isinstance(two, Stale)
    assert isinstance(two.current, Gone)
    assert two.current.how is Departure.ARCHIVED
    assert isinstance(three, Stale)
    assert isinstance(three.current, Moved)
    assert three.current.new.id == "9"
    assert four == Stale(Gone(RemoteRef("contacts", "4"), Departure.ERASED))
    assert isinstance(five, Stale)
    assert isinstance(five.current, Gone)
    assert five.current.how is Departure.ARCHIVED, "in the bin, as part of another one"


@responses.activate
@pytest.mark.parametrize("how", ["named by trace", "named by id", "not named", "whole", "whole and bare"])
def test_rows_that_are_not_found_are_followed(connector: HubSpotConnector, clock: FakeClock, how: str) -> None:
    """hubspot.md 7: a 404 wants a look for a deletion or a merge; old ids do not work in batches. None is refused."""
    fault = {"category": "OBJECT_NOT_FOUND", "message": "Object not found"}

    def reply(body: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        there = [i for i in body["inputs"] if i["id"] == "1"]
        lost = [i for i in body["inputs"] if i["id"] != "1"]
        if not lost:
            return accept(body)
        if how.startswith("whole"):
            return 404, {"message": "resource not found"} if how == "whole and bare" else fault
        if how == "not named":
            return 207, {**accept({"inputs": there})[1], "errors": [fault]}
        if how == "named by id":
            error = {**fault, "context": {"ids": [i["id"] for i in lost]}}
            return 207, {**accept({"inputs": there})[1], "errors": [error]}
        errors = [{**fault, "context": {"objectWriteTraceId": [i["objectWriteTraceId"]]}} for i in lost]
        return 207, {**accept({"inputs": there})[1], "errors": errors}

    on(UPDATE, reply)
    held = {"3": row(9, NOW, hs_merged_object_ids="3"), "4": row(4, NOW)}
    binned = {"2": {**row(2, NOW), "archived": True, "archivedAt": "2024-01-01T00:00:00Z"}}
    asked: list[str] = []

    def read(request: PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        rows = binned if "archived=true" in str(request.url) else held
        asked.append(str(request.url))
        found = [rows[i["id"]] for i in body_of(request)["inputs"] if i["id"] in rows]
        return 200, {}, orjson.dumps({"results": found})

    responses.add_callback(responses.POST, READ, callback=read)
    one, two, three, four = send(connector, clock, *(update(number) for number in range(1, 5)))
    assert isinstance(one, Written)
    assert isinstance(two, Stale)
    assert isinstance(two.current, Gone)
    assert isinstance(three, Stale)
    assert isinstance(three.current, Moved)
    assert three.current.new.id == "9"
    assert isinstance(four, Deferred), "it is there after all, so the next cycle looks again"
    if how.startswith("named"):
        assert len(asked) == 2, "all at once, and of the bin"


@responses.activate
def test_what_an_answer_passes_over_may_be_done(connector: HubSpotConnector, clock: FakeClock) -> None:
    """Neither a result nor an error: what stands there tells whether it was written."""
    on(UPDATE, lambda _: (200, {"status": "COMPLETE", "results": []}))
    held = {"1": "New", "2": "Old"}
    on(
        READ,
        lambda body: (
            200,
            {"results": [row(int(each["id"]), NOW, firstname=held[each["id"]]) for each in body["inputs"]]},
        ),
    )
    done, skipped = send(connector, clock, update(1, firstname="New"), update(2, firstname="New"))
    assert isinstance(done, Written)
    assert done.confirmed == {"firstname": "New"}
    assert isinstance(skipped, Deferred)
    assert skipped.code == "SKIPPED"


@responses.activate
def test_a_new_record_that_is_not_found_is_refused(connector: HubSpotConnector, clock: FakeClock) -> None:
    """There is no record of it that could have gone anywhere."""
    on(UPSERT, lambda _: (404, {"category": "OBJECT_NOT_FOUND", "message": "Object not found"}))
    (result,) = send(connector, clock, create("00Q01", email="a@example.com"))
    assert isinstance(result, Refused)


@responses.activate
def test_a_row_that_is_not_found_while_nothing_can_be_read(connector: HubSpotConnector, clock: FakeClock) -> None:
    """Whether it is gone or merged is then not known, and nothing was written: the next cycle looks again."""
    on(UPDATE, lambda _: (404, {"category": "OBJECT_NOT_FOUND", "message": "Object not found"}))
    responses.post(READ, status=503)
    (result,) = send(connector, clock, update(1))
    assert isinstance(result, Deferred)


@responses.activate
def test_a_bad_row_that_fails_its_batch_is_isolated(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 6: a bad row may fail the whole batch with a 400; the other 15 are written all the same."""

    def reply(body: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        if any(i["id"] == "11" for i in body["inputs"]):
            return 400, {"category": "VALIDATION_ERROR", "message": "Email address x is invalid"}
        return accept(body)

    bodies = on(UPDATE, reply)
    results = send(connector, clock, *(update(i) for i in range(1, 17)))
    assert [isinstance(result, Written) for result in results] == [i != 11 for i in range(1, 17)]
    assert isinstance(results[10], Refused)
    assert len(bodies) == 9


@responses.activate
def test_a_deleted_property_refuses_all_its_rows_at_once(connector: HubSpotConnector, clock: FakeClock) -> None:
    """A property that does not exist fails every row that holds it: one more call for the rest, not two hundred."""

    def reply(body: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        if any("shoe" in i["properties"] for i in body["inputs"]):
            problem = {"message": "no", "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["shoe"]}}
            return 400, {"message": "bad", "category": "VALIDATION_ERROR", "errors": [problem]}
        return accept(body)

    bodies = on(UPDATE, reply)
    results = send(connector, clock, *(update(i, **({"shoe": "9"} if i % 2 else {})) for i in range(1, 101)))
    assert sum(isinstance(result, Written) for result in results) == 50
    assert {result.fields for result in results if isinstance(result, Refused)} == {("shoe",)}
    assert len(bodies) == 2


@responses.activate
@pytest.mark.parametrize("status", [207, 409])
def test_a_conflict_names_the_candidate(connector: HubSpotConnector, clock: FakeClock, status: int) -> None:
    """hubspot.md 7: the id of the other record stands only in the text of the message."""
    error = {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 4711"}
    traced = {"results": [], "errors": [{**error, "context": {"objectWriteTraceId": ["t00Q01"]}}]}
    on(UPSERT, lambda _: (status, error if status == 409 else traced))
    (result,) = send(connector, clock, create("00Q01", email="a@example.com"))
    assert isinstance(result, Clash)
    assert result.candidates == (RemoteRef("contacts", "4711"),)


@responses.activate
@pytest.mark.parametrize("trouble", [requests.exceptions.ReadTimeout("x"), b"<html>busy</html>", b'{"results":[{"id"'])
def test_no_answer_means_nobody_knows(connector: HubSpotConnector, clock: FakeClock, trouble: Any) -> None:
    """A write without a readable answer is sent once, and its rows are open until the horizon has passed."""
    responses.post(UPDATE, body=trouble)
    (result,) = send(connector, clock, update(1))
    assert isinstance(result, Indeterminate)
    assert result.until == clock.now() + timedelta(seconds=60)
    assert len(responses.calls) == 1


@responses.activate
def test_an_answer_that_is_no_object_leaves_its_rows_in_doubt(connector: HubSpotConnector, clock: FakeClock) -> None:
    """HubSpot said that it did something: the hundred rows before are known, and these are not called undone."""
    answers = iter([True, False])
    on(UPDATE, lambda body: accept(body) if next(answers) else (200, []))  # type: ignore[return-value,arg-type]
    results = send(connector, clock, *(update(number) for number in range(1, 103)))
    assert [type(result) for result in results] == [Written] * 100 + [Indeterminate] * 2


@responses.activate
def test_a_lock_is_waited_for_and_then_deferred(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 3: 423 wants two seconds; it executed nothing, so the batch is repeated and then put off."""
    on(UPDATE, lambda _: (423, {"message": "locked"}))
    (result,) = send(connector, clock, update(1))
    assert isinstance(result, Deferred)
    assert len(responses.calls) == 5
    assert min(clock.slept) >= 2


@responses.activate
def test_a_connection_refused_defers(connector: HubSpotConnector, clock: FakeClock) -> None:
    """What never left the house is put off, not in doubt."""
    responses.post(UPDATE, body=requests.exceptions.ConnectTimeout("x"))
    (result,) = send(connector, clock, update(1))
    assert isinstance(result, Deferred)


@responses.activate
def test_expectations_are_read_again(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 6: there is no conditional write; rows are compared just before, ``null`` and ``""`` being one."""
    responses.post(READ, json={"results": [row(2, NOW, firstname="Eve"), row(1, NOW)]})
    bodies = on(UPDATE, accept)
    one, two = send(
        connector, clock, update(1, Expect("1", {"firstname": ""}), firstname="A"),
        update(2, Expect("1", {"firstname": "Ann"}), firstname="B"),
    )  # fmt: skip
    assert isinstance(one, Written)
    assert isinstance(two, Stale)
    assert isinstance(two.current, RemoteRecord)
    assert two.current.fields["firstname"] == "Eve"
    assert [i["id"] for body in bodies for i in body["inputs"]] == ["1"]


@responses.activate
def test_two_writes_of_one_record_go_in_two_batches(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 6: order inside a batch is not promised, so clear-then-set must be two calls, in order."""
    bodies = on(UPDATE, accept)
    clear = UpdateRecord("t1", RemoteRef("contacts", "1"), {"lifecyclestage": None})
    put = UpdateRecord("t2", RemoteRef("contacts", "1"), {"lifecyclestage": "lead"})
    assert all(isinstance(result, Written) for result in send(connector, clock, clear, put))
    assert [[i["properties"]["lifecyclestage"] for i in body["inputs"]] for body in bodies] == [[""], ["lead"]]


@responses.activate
def test_confirmed_is_what_the_vendor_holds(connector: HubSpotConnector, clock: FakeClock) -> None:
    """What HubSpot makes of a value, as its answer tells it, is what is confirmed."""
    held = {"id": "1", "properties": {"firstname": "Ann", "lastmodifieddate": str(NOW)}}
    on(UPDATE, lambda _: (200, {"results": [held]}))
    (result,) = send(connector, clock, update(1, firstname=" Ann "))
    assert isinstance(result, Written)
    assert result.confirmed == {"firstname": "Ann"}


@responses.activate
def test_a_stage_that_stays_is_refused(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 6: a stage that may not move back answers success with the old value, here also once it was cleared:
    that is nobody's edit, so it does not count as written.
    """
    held = {"id": "1", "properties": {"lifecyclestage": "customer", "lastmodifieddate": str(NOW)}}
    bodies = on(UPDATE, lambda _: (200, {"results": [held]}))
    (result,) = send(connector, clock, update(1, lifecyclestage="lead"))
    assert [i["properties"]["lifecyclestage"] for body in bodies for i in body["inputs"]] == ["lead", "", "lead"]
    assert isinstance(result, Refused)
    assert (result.code, result.fields) == ("STAGE_KEPT", ("lifecyclestage",))


@responses.activate
def test_a_stage_that_somebody_set_meanwhile_is_not_cleared(connector: HubSpotConnector, clock: FakeClock) -> None:
    """It stays as well, for it is later than ours; but it is not the one that the move was decided on."""
    shape = Shape("person", {"contacts": ("lifecyclestage",)}, key="syncd_crm_id")
    theirs = row(1, NOW + 5, lifecyclestage="customer")
    for held in (row(1, NOW, lifecyclestage="opportunity"), theirs):
        responses.post(READ, json={"results": [held]})
    bodies = on(UPDATE, lambda _: (200, {"results": [theirs]}))
    decided = Expect("1", {"lifecyclestage": "opportunity"})
    (result,) = send(connector, clock, update(1, decided, lifecyclestage="lead"), shape=shape)
    assert [i["properties"]["lifecyclestage"] for body in bodies for i in body["inputs"]] == ["lead"]
    assert isinstance(result, Stale)
    assert isinstance(result.current, RemoteRecord)
    assert result.current.fields["lifecyclestage"] == "customer"


@responses.activate
def test_what_the_answer_does_not_tell_is_read_back(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 5: answers hold a part of the record; a written property that is not among it is read."""
    on(UPDATE, lambda _: (200, {"results": [{"id": "1", "properties": {"lastmodifieddate": str(NOW)}}]}))
    responses.post(READ, json={"results": [row(1, NOW + 5, firstname="Ann")]})
    (result,) = send(connector, clock, update(1))
    assert isinstance(result, Written)
    assert (result.confirmed["firstname"], result.version) == ("Ann", str(NOW + 5))


@responses.activate
def test_opt_out_comes_before_the_contact(connector: HubSpotConnector, clock: FakeClock) -> None:
    """The address is unsubscribed first, so that a new contact is never reachable, not even for a moment."""
    on(UNSUBSCRIBE, lambda body: (200, {"results": [{"subscriberIdString": a} for a in body["inputs"]]}))
    on(UPSERT, make)
    (result,) = send(connector, clock, create("00Q01", email="A@example.com", **{"@unsubscribed": True}))
    assert [call.request.path_url.split("?")[0].rsplit("/", 1)[1] for call in responses.calls] == [
        "unsubscribe-all",
        "upsert",
    ]
    assert body_of(responses.calls[0].request) == {"inputs": ["a@example.com"]}
    assert isinstance(result, Written)
    assert result.confirmed["@unsubscribed"] == "true"
    assert "@unsubscribed" not in body_of(responses.calls[1].request)["inputs"][0]["properties"]


@responses.activate
def test_an_opt_out_that_failed_creates_nobody(connector: HubSpotConnector, clock: FakeClock) -> None:
    """Without the opt-out there is no create; the other row goes on."""
    bad = {"category": "VALIDATION_ERROR", "message": "no", "context": {"subscriberIdString": ["a@example.com"]}}
    on(UNSUBSCRIBE, lambda _: (207, {"results": [], "errors": [bad]}))
    bodies = on(UPSERT, make)
    one, two = send(
        connector, clock, create("00Q01", email="a@example.com", **{"@unsubscribed": "true"}),
        create("00Q02", email="b@example.com"),
    )  # fmt: skip
    assert isinstance(one, Refused)
    assert one.fields == ("@unsubscribed",)
    assert isinstance(two, Written)
    assert [i["id"] for body in bodies for i in body["inputs"]] == ["00Q02"]


def opting_out(*addresses: str, wish: str = "@unsubscribed") -> list[CreateRecord]:
    """A create each, with an opt-out."""
    return [create(f"00Q{n:02}", email=address, **{wish: "true"}) for n, address in enumerate(addresses, 1)]


@responses.activate
@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (207, {"errors": [{"category": "VALIDATION_ERROR", "message": "one address is not valid"}]}),
        (207, {"errors": [{"category": "X", "message": "bad: aa@example.com", "context": {"email": ["other@x.com"]}}]}),
        (207, {"numErrors": 1}),
        (207, {}),
        (200, {"status": "CANCELED"}),
    ],
)
def test_an_opt_out_that_no_answer_names_is_made_alone(
    connector: HubSpotConnector, clock: FakeClock, status: int, trouble: dict[str, Any]
) -> None:
    """hubspot.md 7: every field of an error is optional. Whoever is neither named as done nor by an error was perhaps
    not unsubscribed: it is done once more, alone, and only then is there a contact.
    """
    on(UNSUBSCRIBE, lambda _: (status, {"results": [{"subscriberIdString": "C@example.com"}], **trouble}))
    single = UNSUBSCRIBE.replace("batch/unsubscribe-all", "{}/unsubscribe-all")
    on(single.format("a%40example.com"), lambda _: (200, {"results": []}))
    on(single.format("aa%40example.com"), lambda _: (400, {"category": "VALIDATION_ERROR", "message": "no address"}))
    bodies = on(UPSERT, make)
    a, aa, c = send(connector, clock, *opting_out("a@example.com", "aa@example.com", "c@example.com"))
    assert isinstance(a, Written)
    assert isinstance(aa, Refused)
    assert aa.fields == ("@unsubscribed",)
    assert isinstance(c, Written)
    assert [i["id"] for body in bodies for i in body["inputs"]] == ["00Q01", "00Q03"]
    assert len(responses.calls) == 4, "the batch, two alone, and the creates"


@responses.activate
def test_an_opt_out_of_a_row_that_is_left_out_is_made_alone(connector: HubSpotConnector, clock: FakeClock) -> None:
    """An answer that tells rows tells of all that was done; of single subscriptions, too."""
    on(SUBSCRIPTIONS, lambda body: (200, {"results": body["inputs"][:1]}))
    alone = on(f"{SUBSCRIPTIONS.removesuffix('batch/write')}b%40example.com", lambda _: (200, {"status": "X"}))
    on(UPSERT, make)
    results = send(connector, clock, *opting_out("a@example.com", "b@example.com", wish="@subscription/7"))
    assert [type(result) for result in results] == [Written, Written]
    assert [body["subscriptionId"] for body in alone] == [7]


@responses.activate
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("wish", ["@unsubscribed", "@subscription/7"])
def test_an_opt_out_that_met_a_limit_is_made_later(
    connector: HubSpotConnector, clock: FakeClock, wish: str, named: bool
) -> None:
    """A limit or a lock says nothing of the address: nobody is refused, nobody is made, and no more calls are."""
    for url in (UNSUBSCRIBE, SUBSCRIPTIONS):
        context = {"context": {"subscriberIdString": ["a@example.com", "b@example.com"]}} if named else {}
        fault = {"category": "RATE_LIMITS", "message": "You have reached your limit.", **context}
        on(url, lambda _, fault=fault: (207, {"results": [], "errors": [fault]}))  # type: ignore[misc]
    results = send(connector, clock, *opting_out("a@example.com", "b@example.com", wish=wish))
    assert [type(result) for result in results] == [Deferred, Deferred]
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize(("category", "end"), [("VALIDATION_ERROR", Refused), ("LOCKED", Deferred)])
def test_the_single_form_may_fail_in_its_answer(
    connector: HubSpotConnector, clock: FakeClock, category: str, end: type[WriteResult]
) -> None:
    """Its answer has the form of a batch of one: a 207 raises nothing here either."""
    on(UNSUBSCRIBE, lambda _: (403, {"category": "MISSING_SCOPES", "message": "no"}))
    single = UNSUBSCRIBE.replace("batch/unsubscribe-all", "a%40example.com/unsubscribe-all")
    on(single, lambda _: (207, {"results": [], "errors": [{"category": category, "message": "no"}]}))
    (result,) = send(connector, clock, *opting_out("a@example.com"))
    assert isinstance(result, end)


@responses.activate
def test_an_account_without_the_batch_form_has_the_single_one(connector: HubSpotConnector, clock: FakeClock) -> None:
    """hubspot.md 6: there are two forms. A path that is not there says nothing of an address, so nobody is refused."""
    on(UNSUBSCRIBE, lambda _: (404, {"status": "error", "message": "resource not found"}))
    for name in ("a", "b"):
        single = UNSUBSCRIBE.replace("batch/unsubscribe-all", f"{name}%40example.com/unsubscribe-all")
        on(single, lambda _: (200, {"results": []}))
    on(UPSERT, make)
    results = send(connector, clock, *opting_out("a@example.com", "b@example.com"))
    assert [type(result) for result in results] == [Written, Written]
    assert len(responses.calls) == 4, "the batch once, two alone, and the creates"


@responses.activate
def test_single_subscriptions_go_in_one_batch(connector: HubSpotConnector, clock: FakeClock) -> None:
    """One row an address and subscription; the read-only properties are never written."""
    sent = on(SUBSCRIPTIONS, lambda _: (200, {"results": []}))
    on(UPSERT, make)
    one = create("00Q01", email="a@example.com", **{"@subscription/7": "true", "@subscription/8": "true"})
    results = send(connector, clock, one, create("00Q02", email="b@example.com", **{"@subscription/7": True}))
    status = {"statusState": "UNSUBSCRIBED", "channel": "EMAIL"}
    assert sent == [
        {
            "inputs": [
                {"subscriberIdString": "a@example.com", "subscriptionId": 7, **status},
                {"subscriberIdString": "a@example.com", "subscriptionId": 8, **status},
                {"subscriberIdString": "b@example.com", "subscriptionId": 7, **status},
            ]
        }
    ]
    assert all(isinstance(result, Written) for result in results)
    assert isinstance(results[0], Written)
    assert results[0].confirmed["@subscription/8"] == "true"


@responses.activate
def test_a_subscription_at_fault_costs_its_row_only(connector: HubSpotConnector, clock: FakeClock) -> None:
    """A refused batch is sent one by one; the row that HubSpot refuses names its field, the other is written."""
    on(SUBSCRIPTIONS, lambda _: (400, {"category": "VALIDATION_ERROR", "message": "no"}))
    single = SUBSCRIPTIONS.removesuffix("batch/write")
    on(f"{single}a%40example.com", lambda _: (400, {"category": "VALIDATION_ERROR", "message": "no such type"}))
    on(f"{single}b%40example.com", lambda _: (200, {"status": "UNSUBSCRIBED"}))
    on(UPSERT, make)
    one, two, three = send(
        connector, clock, create("00Q01", email="a@example.com", **{"@subscription/7": "true"}),
        create("00Q02", email="b@example.com", **{"@subscription/7": "true"}),
        create("00Q03", email="c@example.com", **{"@subscription/7": "false"}),
    )  # fmt: skip
    assert isinstance(one, Refused)
    assert one.fields == ("@subscription/7",)
    assert isinstance(two, Written)
    assert isinstance(three, Refused)
    assert three.code == "OPT_OUT_ONLY"


@responses.activate
def test_an_opt_out_of_a_known_contact(connector: HubSpotConnector, clock: FakeClock) -> None:
    """An update that only opts out needs the address, which is read by id; no property is written."""
    responses.post(READ, json={"results": [row(1, NOW)]})
    bodies = on(UNSUBSCRIBE, lambda _: (200, {"results": []}))
    (result,) = send(connector, clock, update(1, **{"@unsubscribed": "true"}))
    assert bodies == [{"inputs": ["p1@example.com"]}]
    assert isinstance(result, Written)
    assert result.confirmed["@unsubscribed"] == "true"


@responses.activate
@pytest.mark.parametrize("value", ["false", False, None])
def test_an_opt_in_is_refused(connector: HubSpotConnector, clock: FakeClock, value: Any) -> None:
    """Nothing ever takes an opt-out back, and says so without a call."""
    (result,) = send(connector, clock, update(1, **{"@unsubscribed": value}))
    assert isinstance(result, Refused)
    assert result.fields == ("@unsubscribed",)
    assert len(responses.calls) == 0


@responses.activate
def test_the_deadline(connector: HubSpotConnector, clock: FakeClock) -> None:
    """Rows that were not sent by the deadline are deferred; what was sent keeps its result."""

    def slow(body: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        clock.advance(100)
        return accept(body)

    on(UPDATE, slow)
    results = send(connector, clock, *(update(i) for i in range(1, 202)), seconds=150)
    assert [type(result) for result in results] == [Written] * 200 + [Deferred]


@responses.activate
def test_a_refusal_of_the_whole_account_raises_only_before_the_first_write(
    connector: HubSpotConnector, clock: FakeClock
) -> None:
    """A lost scope raises; once rows were written their results are kept and the rest is deferred with the reason."""
    replies = iter([True, False])
    on(UPDATE, lambda body: accept(body) if next(replies, False) else (403, {"category": "MISSING_SCOPES"}))
    results = send(connector, clock, *(update(i) for i in range(1, 151)))
    assert [type(result) for result in results] == [Written] * 100 + [Deferred] * 50
    with pytest.raises(NeedsOperator, match="403"):
        send(connector, clock, update(1))
