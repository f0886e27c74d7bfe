"""Questions to HubSpot: finding, keyed reads, departures, refs, schema, owners, history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import responses

from connectors.hubspot.connector import HubSpotConnector
from syncd.model.errors import BadUsage, Bug, NeedsOperator, RetryLater
from syncd.model.lifecycle import AuthorSort
from syncd.model.remote import Departure, MatchKey, RemoteRef, Shape, UserSort
from tests.fakes import FakeClock
from tests.hubspot_stub import BASE, OBJECTS, SHAPE, SearchStub, body_of, connect, row

READ = f"{OBJECTS}/batch/read"
EMAIL = MatchKey("email", {"contacts": ("email",)})
REFS = Shape("person", {"contacts": ("email",)}, key="syncd_crm_id", refs={"company": {"contacts": "companies"}})


@pytest.fixture
def connector(clock: FakeClock) -> HubSpotConnector:
    """A connector."""
    return connect(clock)


@responses.activate
def test_find_by_any_address(connector: HubSpotConnector) -> None:
    """hubspot.md 5: a secondary address resolves, but the input is not echoed; case differs; all are answered."""
    held = row(1, 5, email="ann@example.com", hs_additional_emails="ann.b@example.com;a@example.org")
    responses.post(READ, status=207, json={"results": [held], "errors": [{"category": "OBJECT_NOT_FOUND"}]})
    found = connector.find(SHAPE, EMAIL, ["Ann@Example.com", "ANN.B@example.com", "nobody@example.com"])
    assert {value: [record.ref.id for record in records] for value, records in found.items()} == {
        "Ann@Example.com": ["1"],
        "ANN.B@example.com": ["1"],
        "nobody@example.com": [],
    }
    sent = body_of(responses.calls[0].request)
    assert sent["idProperty"] == "email"
    assert "hs_additional_emails" in sent["properties"]
    assert "hs_additional_emails" not in found["Ann@Example.com"][0].fields


@responses.activate
def test_a_malformed_address_spoils_nothing(connector: HubSpotConnector) -> None:
    """One value that HubSpot does not parse is only unknown; the others are found all the same."""

    def reply(request: object) -> tuple[int, dict[str, str], str]:
        asked = [i["id"] for i in body_of(request)["inputs"]]  # type: ignore[arg-type]
        if "@@" in asked:
            return 400, {}, '{"category":"VALIDATION_ERROR","message":"bad id"}'
        return 200, {}, '{"results":[]}'

    responses.add_callback(responses.POST, READ, callback=reply)
    assert connector.find(SHAPE, EMAIL, ["a@example.com", "@@", "b@example.com"]) == {
        "a@example.com": [],
        "@@": [],
        "b@example.com": [],
    }


MALFORMED = {"status": "error", "category": "VALIDATION_ERROR", "message": "not valid", "context": {"ids": ["A@B"]}}


@responses.activate
def test_a_malformed_address_among_others_spoils_nothing(connector: HubSpotConnector) -> None:
    """F57: HubSpot may tell of the one in words beside the results of the others, which are found then."""

    def reply(request: object) -> tuple[int, dict[str, str], bytes]:
        asked = [i["id"] for i in body_of(request)["inputs"]]  # type: ignore[arg-type]
        body = {"results": [row(7, 5)], "errors": [{"category": "OBJECT_NOT_FOUND"}]}
        return 207, {}, orjson.dumps({**body, "errors": [MALFORMED, *body["errors"]]} if "a@b" in asked else body)

    responses.add_callback(responses.POST, READ, callback=reply)
    found = connector.find(SHAPE, EMAIL, ["a@b", "p7@example.com"])
    assert {value: [record.ref.id for record in records] for value, records in found.items()} == {
        "a@b": [],
        "p7@example.com": ["7"],
    }


@responses.activate
@pytest.mark.parametrize(
    "error",
    [
        {**MALFORMED, "context": {}},
        {**MALFORMED, "context": {"ids": ["c@d"]}},
        {**MALFORMED, "category": "RATE_LIMITS"},
        {**MALFORMED, "errors": [{"code": "PROPERTY_DOESNT_EXIST"}]},
    ],
)
def test_an_answer_that_lacks_something_else_is_not_used(connector: HubSpotConnector, error: object) -> None:
    """Nobody is taken for unknown, and made once more, because a part of an answer is missing."""
    responses.post(READ, status=207, json={"results": [row(7, 5)], "errors": [error, MALFORMED]})
    with pytest.raises(RetryLater, match="only a part"):
        connector.find(SHAPE, EMAIL, ["a@b", "p7@example.com"])


@responses.activate
def test_find_by_value_stays_within_the_body(connector: HubSpotConnector) -> None:
    """hubspot.md 4: IN lists are in lower case and short, since a body holds 3,000 characters (the stub asserts it)."""
    stub = SearchStub([row(i, 5, firstname=f"Name{i}-{'x' * 60}") for i in range(1, 100)], now=10)
    stub.install()
    wanted = [f"NAME{i}-{'X' * 60}" for i in range(1, 120)]
    found = connector.find(SHAPE, MatchKey("value", {"contacts": ("firstname",)}), wanted)
    assert [record.ref.id for value in wanted for record in found[value]] == [str(i) for i in range(1, 100)]
    assert len(stub.bodies) > 1


@responses.activate
def test_keyed_reads_come_from_the_store(connector: HubSpotConnector) -> None:
    """An unanswered create is looked for by its key in the store, never in the lagging index."""
    responses.post(READ, status=207, json={"results": [row(4, 5, syncd_crm_id="00Q1")], "errors": []})
    found = connector.keyed(SHAPE, "contacts", ["00Q1", "00Q2"])
    assert [record.ref.id for record in found["00Q1"]] == ["4"]
    assert found["00Q2"] == []
    assert body_of(responses.calls[0].request)["idProperty"] == "syncd_crm_id"


@responses.activate
def test_a_key_that_is_not_unique_needs_a_person(connector: HubSpotConnector) -> None:
    """Without the unique key property nothing can be proved; the error names it."""
    responses.post(READ, status=400, json={"message": "not unique", "category": "VALIDATION_ERROR"})
    with pytest.raises(NeedsOperator, match="syncd_crm_id"):
        connector.keyed(SHAPE, "contacts", ["1"])


@responses.activate
def test_departures_are_a_slow_sweep_that_begins_anew(connector: HubSpotConnector) -> None:
    """hubspot.md 5: no query tells what was deleted; one page of the recycle bin a time, wrapping at its end."""
    gone = {"id": "3", "archived": True, "archivedAt": "2024-01-01T00:00:00Z", "properties": {}}
    responses.get(OBJECTS, json={"results": [gone], "paging": {"next": {"after": "4"}}})
    responses.get(OBJECTS, json={"results": []})
    (first,) = connector.departures(SHAPE, None, pages=1)
    (second,) = connector.departures(SHAPE, first.cursor, pages=5)
    assert [(g.ref.id, g.how, g.at) for g in first.gone] == [
        ("3", Departure.ARCHIVED, datetime(2024, 1, 1, tzinfo=UTC))
    ]
    next(iter(connector.departures(SHAPE, second.cursor, pages=1)))
    urls = [str(call.request.url) for call in responses.calls]
    assert "archived=true" in urls[0]
    assert "after=4" in urls[1]
    assert "after" not in urls[2]


@responses.activate
def test_refs_have_the_primary_company_first(connector: HubSpotConnector) -> None:
    """hubspot.md 9: ``toObjectId`` is a number; type 1 marks the primary company; none may be listed as an error."""
    responses.get(OBJECTS, json={"results": [row(1, 5), row(2, 5)]})
    ends = [
        {"toObjectId": 7, "associationTypes": [{"typeId": 279}]},
        {"toObjectId": 8, "associationTypes": [{"typeId": 279}, {"typeId": 1, "label": "Primary"}]},
    ]
    body = {"results": [{"from": {"id": "1"}, "to": ends}], "errors": [{"context": {"fromObjectId": ["2"]}}]}
    responses.post(f"{BASE}/crm/associations/2026-09/contacts/companies/batch/read", status=207, json=body)
    (page,) = connector.scan(REFS)
    assert page.records[0].refs == {"company": (RemoteRef("companies", "8"), RemoteRef("companies", "7"))}
    assert page.records[1].refs == {"company": ()}


@responses.activate
def test_who_wants_one_page_reads_one(connector: HubSpotConnector) -> None:
    """Associations are cheaper to read for ten pages at once, but not for who takes one of them."""
    responses.get(OBJECTS, json={"results": [row(1, 5)], "paging": {"next": {"after": "2"}}})
    responses.get(OBJECTS, json={"results": [row(2, 5)]})
    responses.post(f"{BASE}/crm/associations/2026-09/contacts/companies/batch/read", json={"results": []})
    (page,) = connector.scan(REFS, pages=1)
    (call, _) = responses.calls
    assert ("after" in str(call.request.url), [record.ref.id for record in page.records]) == (False, ["1"])
    next(iter(connector.scan(REFS, page.cursor, pages=1)))
    assert "after=2" in str(responses.calls[2].request.url)


@responses.activate
def test_a_long_list_of_associations_is_read_to_its_end(connector: HubSpotConnector) -> None:
    """A record with more associations than one batch answer shows is followed by its own pages."""
    responses.get(OBJECTS, json={"results": [row(1, 5)]})
    first = {"from": {"id": "1"}, "to": [{"toObjectId": 7}], "paging": {"next": {"after": "7"}}}
    responses.post(f"{BASE}/crm/associations/2026-09/contacts/companies/batch/read", json={"results": [first]})
    more = f"{BASE}/crm/objects/2026-09/contacts/1/associations/companies"
    responses.get(more, json={"results": [{"toObjectId": 8}]})
    (page,) = connector.scan(REFS)
    assert [ref.id for ref in page.records[0].refs["company"]] == ["7", "8"]


DEFINITIONS: list[dict[str, Any]] = [
    {"name": "email", "type": "string", "fieldType": "text", "label": "Email", "hasUniqueValue": False},
    {"name": "firstname", "type": "string", "fieldType": "text", "modificationMetadata": {"readOnlyValue": False}},
    {"name": "score", "type": "number", "fieldType": "number", "calculated": True},
    {"name": "hs_email_optout", "type": "bool", "modificationMetadata": {"readOnlyValue": True}},
    {
        "name": "interests",
        "type": "enumeration",
        "fieldType": "checkbox",
        "options": [{"value": "a", "label": "A"}, {"value": "b", "label": "B", "hidden": True}],
    },
]


@responses.activate
def test_schema(connector: HubSpotConnector) -> None:
    """hubspot.md 6: writability is nested, e-mail is unique though it says not; the fingerprint is of the shape's."""
    url = f"{BASE}/crm/properties/2026-09/contacts"
    responses.get(url, json={"results": DEFINITIONS})
    responses.get(url, json={"results": [*DEFINITIONS, {"name": "other", "type": "string"}]})
    responses.get(url, json={"results": [{**DEFINITIONS[0], "type": "number"}, *DEFINITIONS[1:]]})
    first, more, changed = (connector.schema(SHAPE) for _ in range(3))
    fields = first.objects["contacts"]
    assert {name: field.writable for name, field in fields.items()} == {
        "email": True,
        "firstname": True,
        "score": False,
        "hs_email_optout": False,
        "interests": True,
        "@unsubscribed": True,
    }
    assert fields["email"].unique
    assert fields["interests"].type == "enumeration/checkbox"
    assert [option.active for option in fields["interests"].options] == [True, False]
    assert first.fingerprint == more.fingerprint != changed.fingerprint


@responses.activate
def test_owners_with_archived_ones(connector: HubSpotConnector) -> None:
    """hubspot.md 6: records go on being owned by archived owners, who are listed apart."""
    url = f"{BASE}/crm/owners/2026-09"
    one = {"id": "10", "email": "Ann@Example.com", "firstName": "Ann", "lastName": "B", "userId": 5, "archived": False}
    responses.get(url, json={"results": [one], "paging": {"next": {"after": "x"}}})
    responses.get(url, json={"results": [{"id": "11", "archived": False}]})
    responses.get(url, json={"results": [{"id": "12", "email": "c@example.com", "archived": True}]})
    users = connector.users()
    assert [(user.id, user.sort, user.name, user.email, user.active) for user in users] == [
        ("10", UserSort.USER, "Ann B", "ann@example.com", True),
        ("11", UserSort.USER, "11", None, True),
        ("12", UserSort.USER, "c@example.com", "c@example.com", False),
    ]


@responses.activate
def test_history(connector: HubSpotConnector) -> None:
    """hubspot.md 5: newest first in answers, oldest first here; HubSpot's own doing is ``system``; 50 a call."""
    entries = [
        {"value": "customer", "timestamp": "2024-03-01T00:00:00Z", "sourceType": "WORKFLOWS", "sourceId": "77"},
        {"value": "lead", "timestamp": "2024-02-01T00:00:00Z", "sourceType": "CRM_UI", "sourceId": "userId:5"},
        {"value": "", "timestamp": "2024-01-01T00:00:00Z", "sourceType": "IMPORT"},
    ]
    responses.post(READ, json={"results": [{"id": "1", "propertiesWithHistory": {"lifecyclestage": entries}}]})
    responses.post(READ, json={"results": []})
    refs = [RemoteRef("contacts", str(i)) for i in range(1, 61)]
    events = connector.history(refs, ["lifecyclestage"], datetime(2024, 2, 1, tzinfo=UTC))
    assert [(event.value, event.author) for event in events] == [("lead", "5"), ("customer", "system")]
    assert [len(body_of(call.request)["inputs"]) for call in responses.calls] == [50, 10]


@responses.activate
def test_history_tells_people_from_automation(connector: HubSpotConnector) -> None:
    """The id of a user means a person in the interface and in an import, and not in an app or a workflow."""
    sources = {"CRM_UI": 1, "IMPORT": 1, "CONTACTS": 1, "API": 1, "INTEGRATION": 1, "WORKFLOWS": 1, "DEALS": None}
    entries = [
        {"value": source, "timestamp": "2024-03-01T00:00:00Z", "sourceType": source, "updatedByUserId": user}
        for source, user in sources.items()
    ]
    responses.post(READ, json={"results": [{"id": "1", "propertiesWithHistory": {"lifecyclestage": entries}}]})
    events = connector.history([RemoteRef("contacts", "1")], ["lifecyclestage"], datetime(2024, 2, 1, tzinfo=UTC))
    people = [event.value for event in events if event.sort is AuthorSort.USER]
    assert people == ["CRM_UI", "IMPORT", "CONTACTS"]


def test_a_shape_of_two_objects_is_refused(connector: HubSpotConnector) -> None:
    """A kind is one object in HubSpot; anything else is a mistake of the mapping."""
    with pytest.raises(BadUsage, match="exactly one"):
        connector.schema(Shape("x", {"contacts": (), "leads": ()}, key="k"))


@responses.activate
@pytest.mark.parametrize(
    ("told", "gone"),
    [
        ({"archived": True}, True),
        ({"archivedAt": "2026-03-02T08:00:00Z"}, True),
        ({"archived": None, "archivedAt": "2026-03-02T08:00:00Z"}, True),
        ({"archived": False, "archivedAt": "2026-03-02T08:00:00Z"}, False),
        ({}, False),
    ],
)
def test_a_row_of_the_bin_says_that_it_is_archived(
    connector: HubSpotConnector, told: dict[str, object], gone: bool
) -> None:
    """Or when it was: whether it is may be left out. A row that says neither is no departure."""
    bare = {name: value for name, value in row(5, 5).items() if name != "archived"}
    responses.get(OBJECTS, json={"results": [{**bare, **told}]})
    if gone:
        (page,) = connector.departures(SHAPE, None, 1)
        assert [each.ref.id for each in page.gone] == ["5"]
    else:
        with pytest.raises(Bug, match="is not archived"):
            list(connector.departures(SHAPE, None, 1))
