"""HubSpot stand-in: batches, all or nothing or row by row."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.hubspot_account import CONTACTS, HubSpotAccountUnderTest

KEY = "syncd_crm_id"


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


def batch(hub: HubSpotAccountUnderTest, operation: str, inputs: list[Any], **more: Any) -> tuple[int, Any]:
    """Calls a batch endpoint of contacts."""
    query = "?archived=true" if more.pop("archived", False) else ""
    return hub.call("POST", f"{CONTACTS}/batch/{operation}{query}", {"inputs": inputs, **more})


def test_read_names_the_missing_in_a_207(hub: HubSpotAccountUnderTest) -> None:
    """Unknown ids, archived ones among them; found rows come in id order, each once."""
    one, two, gone = (hub.contact(email=f"{n}@x.com") for n in "abc")
    hub.kernel.archive("contacts", gone)
    status, body = batch(hub, "read", [{"id": i} for i in (two, "5", one, one, gone)], properties=["email"])
    assert (status, body["numErrors"]) == (207, 1)
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"] == {"ids": ["5", gone]}
    assert [row["id"] for row in body["results"]] == [one, two]
    status, body = batch(hub, "read", [{"id": gone}], properties=["email"], archived=True)
    assert (status, body["results"][0]["archived"]) == (200, True)


def test_read_by_address_and_by_key(hub: HubSpotAccountUnderTest) -> None:
    """A secondary address finds its contact; a unique property works; another one is refused."""
    one, two = hub.contact(email="a@x.com", syncd_crm_id="00Q1"), hub.contact(email="b@x.com")
    new = hub.kernel.merge("contacts", one, two)
    for name, key in (("email", "B@x.com"), (KEY, "00Q1"), (None, two)):
        status, body = batch(hub, "read", [{"id": key}], properties=[], idProperty=name)
        assert (status, [row["id"] for row in body["results"]]) == (200, [new]), name
    assert batch(hub, "read", [{"id": "x"}], properties=[], idProperty="city")[0] == 400


@pytest.mark.fact("hubspot 3.12")
def test_sizes(hub: HubSpotAccountUnderTest) -> None:
    """100 inputs, 50 with history; none is refused too."""
    rows = [{"id": str(n)} for n in range(101)]
    assert batch(hub, "read", rows)[0] == 400
    assert batch(hub, "read", rows[:100])[0] == 207
    assert batch(hub, "read", rows[:51], propertiesWithHistory=["email"])[0] == 400
    assert batch(hub, "create", [])[0] == 400


GOOD, BAD = {"properties": {"email": "new@x.com"}}, {"properties": {"email": "taken@x.com"}}


@pytest.mark.fact("hubspot 6.2")
@pytest.mark.parametrize(
    ("traces", "status", "made"),
    [((None, None), 409, 0), (("t1", None), 409, 0), (("t1", "t1"), 409, 0), (("t1", "t2"), 207, 1)],
)
def test_create_fails_whole_without_trace_ids(
    hub: HubSpotAccountUnderTest, traces: tuple[str | None, str | None], status: int, made: int
) -> None:
    """Only if every input has a trace id of its own does a bad row stand alone, and the error names it."""
    held = hub.contact(email="taken@x.com")
    rows = [
        row | ({"objectWriteTraceId": trace} if trace else {}) for row, trace in zip((GOOD, BAD), traces, strict=True)
    ]
    found, body = batch(hub, "create", rows)
    assert (found, len(hub.kernel.export()["contacts"])) == (status, 1 + made)
    if status == 207:
        assert body["results"][0]["objectWriteTraceId"] == "t1"
        assert body["errors"][0]["context"]["objectWriteTraceId"] == ["t2"]
        assert body["errors"][0]["category"] == "CONFLICT"
    else:
        assert body["message"].endswith(f"Existing ID: {held}")


def test_one_batch_cannot_use_a_unique_value_twice(hub: HubSpotAccountUnderTest) -> None:
    """The same new address in two rows fails the batch; nothing is made."""
    assert batch(hub, "create", [GOOD, GOOD])[0] == 400
    assert hub.kernel.export()["contacts"] == []


@pytest.mark.fact("hubspot 6.4", "hubspot 6.17")
def test_update_skips_the_unknown_without_a_word(hub: HubSpotAccountUnderTest) -> None:
    """Unknown, archived and merged-away ids are missing from the results of a 200."""
    one, two, three, four = (hub.contact(email=f"{n}@x.com") for n in "abcd")
    hub.kernel.archive("contacts", two)
    new = hub.kernel.merge("contacts", three, four)
    rows = [{"id": i, "properties": {"city": "X"}} for i in (one, two, three, new, "7")]
    status, body = batch(hub, "update", rows)
    assert (status, "errors" in body, [row["id"] for row in body["results"]]) == (200, False, [one, new])


def test_update_names_the_unknown_by_switch() -> None:
    """With a trace id a row; without them the others are written and nothing is said, as ever."""
    hub = HubSpotAccountUnderTest(batch_update_names_missing=True)
    one, two = (hub.contact(email=f"{n}@x.com") for n in "ab")
    hub.kernel.archive("contacts", two)
    rows = [{"id": i, "properties": {"city": "X"}} for i in (one, two)]
    assert batch(hub, "update", rows)[0] == 200
    status, body = batch(hub, "update", [row | {"objectWriteTraceId": f"t{row['id']}"} for row in rows])
    assert (status, [row["id"] for row in body["results"]]) == (207, [one])
    (error,) = body["errors"]
    assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"objectWriteTraceId": [f"t{two}"]})


@pytest.mark.fact("hubspot 6.4")
def test_update_by_other_properties(hub: HubSpotAccountUnderTest) -> None:
    """A unique property works, e-mail does not; one bad value writes nothing; a repeated id fails the batch."""
    one, two = hub.contact(email="a@x.com", syncd_crm_id="1"), hub.contact(city="Z")
    row: dict[str, Any] = {"id": "1", "idProperty": KEY, "properties": {"city": "X"}}
    assert batch(hub, "update", [row])[1]["results"][0]["id"] == one
    status, body = batch(hub, "update", [{"id": "a@x.com", "idProperty": "email", "properties": {}}])
    assert (status, "non-unique 0-1 property" in body["message"]) == (400, True)
    bad = [{"id": one, "properties": {"city": "Y"}}, {"id": two, "properties": {"hs_lead_status": "?"}}]
    assert batch(hub, "update", bad)[0] == 400
    assert hub.read(one, "city")["city"] == "X"
    assert batch(hub, "update", [row, row])[0] == 400


@pytest.mark.fact("hubspot 6.5")
def test_upsert_by_key(hub: HubSpotAccountUnderTest) -> None:
    """New and known rows are told apart; a refused row stands alone and carries its trace id."""
    known = hub.contact(email="a@x.com", syncd_crm_id="1")
    rows = [
        {"idProperty": KEY, "id": key, "objectWriteTraceId": f"t{key}", "properties": properties}
        for key, properties in (("1", {"city": "X"}), ("2", {"email": "b@x.com"}), ("3", {"email": "a@x.com"}))
    ]
    status, body = batch(hub, "upsert", rows)
    assert status == 207
    assert [(row["new"], row["objectWriteTraceId"]) for row in body["results"]] == [(False, "t1"), (True, "t2")]
    assert body["results"][0]["id"] == known
    assert body["errors"][0]["context"]["objectWriteTraceId"] == ["t3"]
    made = hub.read(body["results"][1]["id"], KEY, "email")
    assert (made[KEY], made["email"]) == ("2", "b@x.com")
    assert hub.kernel.calls[-2].created == (body["results"][1]["id"],)


@pytest.mark.parametrize(("name", "key"), [(KEY, "1"), ("email", "a@x.com")])
@pytest.mark.fact("hubspot 6.5")
def test_upsert_answers_the_key_of_what_it_updates(hub: HubSpotAccountUnderTest, name: str, key: str) -> None:
    """The answer is told apart by the property that found the record, which was part of the request."""
    known = hub.contact(email="a@x.com", syncd_crm_id="1")
    row = {"idProperty": name, "id": key, "properties": {"city": "X"}}
    result = batch(hub, "upsert", [row])[1]["results"][0]
    assert (result["id"], result["new"]) == (known, False)
    assert (result["properties"][name], result["properties"]["city"]) == (key, "X")


UPSERTS = [
    ("one id twice", [(KEY, "1"), (KEY, "1")]),
    ("two properties", [(KEY, "1"), ("email", "a@x.com")]),
    ("not unique", [("city", "A")]),
    ("no property", [("", "1")]),
]


@pytest.mark.parametrize(("why", "keys"), UPSERTS)
def test_upserts_that_fail_whole(hub: HubSpotAccountUnderTest, why: str, keys: list[tuple[str, str]]) -> None:
    """Repeated ids, mixed or unusable properties: 400 and nothing is written."""
    rows = [{"idProperty": name, "id": key, "properties": {"city": "X"}} for name, key in keys]
    assert batch(hub, "upsert", rows)[0] == 400
    assert hub.kernel.export()["contacts"] == []


@pytest.mark.fact("hubspot 6.5")
def test_upsert_by_address_is_all_or_nothing(hub: HubSpotAccountUnderTest) -> None:
    """Partial upserts are not supported by e-mail: trace ids do not split such a batch."""
    rows = [
        {"idProperty": "email", "id": f"{n}@x.com", "objectWriteTraceId": n, "properties": {"hs_lead_status": status}}
        for n, status in (("a", "NEW"), ("b", "?"))
    ]
    assert batch(hub, "upsert", rows)[0] == 400
    status, body = batch(hub, "upsert", rows[:1])
    assert (status, body["results"][0]["new"]) == (200, True)
    assert batch(hub, "upsert", rows[:1])[1]["results"][0]["new"] is False


def test_archive_skips_the_unknown(hub: HubSpotAccountUnderTest) -> None:
    """204 without a body."""
    one = hub.contact(lastname="L")
    assert batch(hub, "archive", [{"id": one}, {"id": "9"}]) == (204, None)
    assert hub.kernel.export()["contacts"][0]["archived"] is True
    assert hub.kernel.calls[-1].records == 1


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("read", {"inputs": [{"id": "1"}], "idProperty": ["email"]}),
        ("update", {"inputs": [{"id": "1", "idProperty": {"name": "email"}, "properties": {}}]}),
        ("update", {"inputs": [{"id": "1", "idProperty": ["email"], "properties": {}}]}),
        *[
            ("create", {"inputs": [{"properties": {"email": "a@x.com"}, "associations": links}]})
            for links in (7, ["x"], [{"to": 7}], [{"to": {"id": "1"}, "types": 7}], [{"types": ["x"]}])
        ],
    ],
)
def test_a_body_of_other_types_is_refused(hub: HubSpotAccountUnderTest, verb: str, body: dict[str, Any]) -> None:
    """400, whatever stands where a text, a list or an object is meant; nothing is made."""
    status, told = hub.call("POST", f"{CONTACTS}/batch/{verb}", body)
    assert (status, told["category"]) == (400, "VALIDATION_ERROR")
    assert hub.kernel.export()["contacts"] == []
