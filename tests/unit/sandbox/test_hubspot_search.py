"""HubSpot stand-in: search, its operators, limits, orders and lag."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sandbox.hubspot.limits import HubSpotLimits
from tests.unit.sandbox.hubspot_account import CONTACTS, HubSpotAccountUnderTest

ROWS = [
    {"lastname": "Alpha", "city": "Köln", "numberofemployees": "9", "hs_lead_status": "NEW", "email": "a@x.com"},
    {"lastname": "beta", "city": "Berlin", "numberofemployees": "10", "product_interests": "crm;service"},
    {"lastname": "Gamma Ray", "closedate": "2020-02-29T00:00:00Z", "email": "g@x.com"},
]


@pytest.fixture(scope="module")
def three() -> tuple[HubSpotAccountUnderTest, list[str]]:
    """An account with three contacts and their ids; the tests that share it only read."""
    hub = HubSpotAccountUnderTest()
    return hub, hub.kernel.load("contacts", ROWS)


# filters of one group, and which of the three they find
FOUND = [
    ([("lastname", "EQ", "ALPHA")], {0}),
    ([("lastname", "NEQ", "alpha")], {1, 2}),
    ([("city", "NEQ", "berlin")], {0}),
    ([("lastname", "IN", ["beta", "alpha"])], {0, 1}),
    ([("lastname", "IN", ["Alpha"])], set()),
    ([("lastname", "NOT_IN", ["alpha"])], {1, 2}),
    ([("hs_lead_status", "EQ", "NEW")], {0}),
    ([("hs_lead_status", "EQ", "new")], set()),
    ([("hs_lead_status", "IN", ["NEW", "OPEN"])], {0}),
    ([("product_interests", "IN", ["service"])], {1}),
    ([("numberofemployees", "GT", "9")], {1}),
    ([("numberofemployees", "LTE", "10")], {0, 1}),
    ([("numberofemployees", "BETWEEN", ("9", "9.5"))], {0}),
    ([("numberofemployees", "BETWEEN", ("9", "10"))], {0, 1}),
    ([("closedate", "GTE", "1582934400000")], {2}),
    ([("closedate", "LT", "2020-02-29T00:00:00Z")], set()),
    ([("email", "HAS_PROPERTY", None)], {0, 2}),
    ([("email", "NOT_HAS_PROPERTY", None)], {1}),
    ([("email", "EQ", "A@X.com")], {0}),
    ([("email", "IN", ["a@x.com", "g@x.com"])], {0, 2}),
    ([("lastname", "CONTAINS_TOKEN", "ray")], {2}),
    ([("lastname", "CONTAINS_TOKEN", "ga*")], {2}),
    ([("lastname", "NOT_CONTAINS_TOKEN", "ray")], {0, 1}),
    ([("lastname", "EQ", "alpha"), ("city", "EQ", "köln")], {0}),
    ([("lastname", "EQ", "alpha"), ("city", "EQ", "berlin")], set()),
]


@pytest.mark.fact("hubspot 4.5", "hubspot 4.6")
@pytest.mark.parametrize(("filters", "expected"), FOUND)
def test_operators(
    three: tuple[HubSpotAccountUnderTest, list[str]], filters: list[tuple[str, str, Any]], expected: set[int]
) -> None:
    """Case rules: text without case, enumerations with it, IN on text only in lower case."""
    hub, ids = three
    assert hub.hits(*filters) == [ids[n] for n in sorted(expected)]


@pytest.mark.fact("hubspot 2.1")
def test_groups_are_alternatives(three: tuple[HubSpotAccountUnderTest, list[str]]) -> None:
    """OR of groups, AND of filters, each hit once; free text looks into the searchable properties."""
    hub, ids = three
    groups = [{"filters": [{"propertyName": "lastname", "operator": "EQ", "value": v}]} for v in ("alpha", "beta")]
    body = hub.ok("POST", f"{CONTACTS}/search", {"filterGroups": [*groups, groups[0]]})
    assert ([row["id"] for row in body["results"]], body["total"]) == (ids[:2], 2)
    assert hub.hits(query="gamma") == [ids[2]]


SORTS = [
    (None, [0, 1, 2]),
    ([{"propertyName": "lastname", "direction": "DESCENDING"}], [2, 1, 0]),
    ([{"propertyName": "numberofemployees", "direction": "ASCENDING"}], [0, 1, 2]),
    ([{"propertyName": "hs_object_id", "direction": "DESCENDING"}], [2, 1, 0]),
    ([{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}], [2, 1, 0]),
    (["-createdate"], [2, 1, 0]),
]


@pytest.mark.fact("hubspot 4.4")
@pytest.mark.parametrize(("sorts", "expected"), SORTS)
def test_orders(three: tuple[HubSpotAccountUnderTest, list[str]], sorts: Any, expected: list[int]) -> None:
    """Oldest first by default; numbers sort as numbers."""
    hub, ids = three
    assert hub.hits(**({"sorts": sorts} if sorts else {})) == [ids[n] for n in expected]


def filters(*counts: int) -> list[dict[str, Any]]:
    """Groups with so many filters each."""
    one = {"propertyName": "city", "operator": "EQ", "value": "x"}
    return [{"filters": [one] * count} for count in counts]


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("six groups", {"filterGroups": filters(1, 1, 1, 1, 1, 1)}),
    ("seven filters", {"filterGroups": filters(7)}),
    ("nineteen filters", {"filterGroups": filters(6, 6, 6, 1)}),
    ("two sorts", {"sorts": ["city", "email"]}),
    ("a long page", {"limit": 201}),
    ("past the cap", {"after": "9900", "limit": 101}),
    ("a long body", {"query": "x" * 2_989}),
    ("an unknown property", {"filterGroups": [{"filters": [{"propertyName": "zzz", "operator": "EQ", "value": "1"}]}]}),
    ("an unknown operator", {"filterGroups": [{"filters": [
        {"propertyName": "city", "operator": "LIKE", "value": "1"}]}]}),
    ("no value", {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ"}]}]}),
    ("a word as instant", {"filterGroups": [{"filters": [
        {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "yesterday"}]}]}),
    ("filters that are a number", {"filterGroups": [{"filters": 7}]}),
    ("an operator that is a list", {"filterGroups": [{"filters": [{"propertyName": "city", "operator": ["EQ"]}]}]}),
]  # fmt: skip


@pytest.mark.fact("hubspot 4.2", "hubspot 4.3", "hubspot 4.4", "hubspot 7.1")
@pytest.mark.parametrize(("why", "body"), REFUSED)
def test_limits(three: tuple[HubSpotAccountUnderTest, list[str]], why: str, body: dict[str, Any]) -> None:
    """Every documented limit is a 400 VALIDATION_ERROR."""
    status, answer = three[0].call("POST", f"{CONTACTS}/search", body)
    assert (status, answer["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.fact("hubspot 4.2", "hubspot 4.3")
def test_eighteen_filters_and_the_last_page_are_taken(three: tuple[HubSpotAccountUnderTest, list[str]]) -> None:
    """The limits themselves are allowed, of groups and of the body too."""
    hub, _ = three
    for counts in ((6, 6, 6), (6, 3, 3, 3, 3)):
        assert hub.call("POST", f"{CONTACTS}/search", {"filterGroups": filters(*counts)})[0] == 200
    longest = {"query": "x" * 2_988}
    assert len(orjson.dumps(longest)) == 3_000
    assert hub.call("POST", f"{CONTACTS}/search", longest)[0] == 200
    assert hub.call("POST", f"{CONTACTS}/search", {"after": "9800", "limit": 200})[0] == 200


@pytest.mark.fact("hubspot 4.2", "hubspot 4.5")
def test_paging_a_change_query() -> None:
    """Offsets as text, no end sign but a missing ``paging.next``; ties of one instant come in id order."""
    hub = HubSpotAccountUnderTest()
    ids = hub.kernel.load("contacts", [{"lastmodifieddate": "1700000000000"}] * 5)
    body: dict[str, Any] = {"sorts": ["lastmodifieddate"], "limit": 2}
    seen: list[str] = []
    after: str | None = "0"
    while after is not None:
        status, page = hub.search(("lastmodifieddate", "GTE", "1700000000000"), **body, after=after)
        assert (status, page["total"]) == (200, 5)
        seen += [row["id"] for row in page["results"]]
        after = page.get("paging", {}).get("next", {}).get("after")
        assert after is None or isinstance(after, str)
    assert seen == ids
    assert hub.hits(("lastmodifieddate", "GT", "1700000000000")) == []
    tie = [("lastmodifieddate", "EQ", "1700000000000"), ("hs_object_id", "GT", ids[2])]
    assert hub.hits(*tie, sorts=["hs_object_id"]) == ids[3:]


@pytest.mark.parametrize(("latest", "shown"), [(False, ["X", "Y"]), (True, ["new", "Y"])])
def test_what_is_shown_of_a_record_that_changed_since(latest: bool, shown: list[str]) -> None:
    """The place in the order is the index's, by switch the values are the record's."""
    hub = HubSpotAccountUnderTest(lag=(3.0, 3.0), search_shows_latest=latest)
    one = hub.contact(city="X")
    hub.clock.advance(1)
    hub.contact(city="Y")
    hub.clock.advance(5)
    hub.kernel.edit("contacts", one, {"city": "new"})
    body = hub.search(sorts=["lastmodifieddate"], properties=["city"])[1]
    assert [row["properties"]["city"] for row in body["results"]] == shown
    hub.clock.advance(5)
    body = hub.search(sorts=["lastmodifieddate"], properties=["city"])[1]
    assert [row["properties"]["city"] for row in body["results"]] == ["Y", "new"]


@pytest.mark.fact("hubspot 4.8")
def test_the_index_lags_behind_the_store() -> None:
    """For a while search shows the old values; then the new ones, and the old stamp is gone from change queries."""
    hub = HubSpotAccountUnderTest(lag=(2.0, 2.0))
    (person,) = hub.kernel.load("contacts", [{"city": "A"}])
    old = hub.stamp(person)
    hub.kernel.edit("contacts", person, {"city": "B"})
    assert hub.read(person, "city")["city"] == "B"
    assert (hub.hits(("city", "EQ", "A")), hub.hits(("city", "EQ", "B"))) == ([person], [])
    assert hub.search(("city", "EQ", "A"))[1]["results"][0]["updatedAt"] == old
    hub.clock.advance(2)
    assert (hub.hits(("city", "EQ", "A")), hub.hits(("city", "EQ", "B"))) == ([], [person])
    assert hub.hits(("lastmodifieddate", "GT", old)) == [person]


@pytest.mark.fact("hubspot 4.9", "hubspot 4.10")
def test_archived_records_are_counted_until_the_index_knows() -> None:
    """``total`` 1 with empty results in the lag, as recorded; restored records come back, late news are dropped."""
    hub = HubSpotAccountUnderTest(lag=(2.0, 2.0))
    (person,) = hub.kernel.load("contacts", [{"city": "A"}])
    hub.kernel.archive("contacts", person)
    assert hub.search(("city", "EQ", "A"))[1] == {"total": 1, "results": []}
    hub.clock.advance(1)
    hub.kernel.restore("contacts", person)
    hub.clock.advance(1.5)
    assert hub.search(("city", "EQ", "A"))[1]["total"] == 0
    hub.clock.advance(1)
    assert hub.hits(("city", "EQ", "A")) == [person]


def test_an_older_write_never_overtakes_a_newer_one() -> None:
    """Lags are drawn per write; whatever their order, search ends with the last value."""
    hub = HubSpotAccountUnderTest(lag=(0.0, 3.0))
    person = hub.contact(city="0")
    for number in range(1, 30):
        hub.kernel.edit("contacts", person, {"city": str(number)})
    shown = []
    for _ in range(40):
        hub.clock.advance(0.1)
        shown += [int(row["properties"]["city"]) for row in hub.search(properties=["city"])[1]["results"]]
    assert shown == sorted(shown)
    assert shown[-1] == 29


@pytest.mark.fact("hubspot 4.14")
def test_associated_records_can_be_searched() -> None:
    """``associations.company`` is a pseudo property, and repeated queries see new associations, before the stamps."""
    hub = HubSpotAccountUnderTest(lag=(2.0, 2.0))
    (person,), firm = hub.kernel.load("contacts", [{"lastname": "L"}]), hub.kernel.create("companies", {"name": "F"})
    assert hub.hits(("associations.company", "EQ", firm)) == []
    hub.kernel.associate(contact_id=person, company_id=firm)
    assert hub.hits(("associations.company", "EQ", firm)) == [person]


@pytest.mark.fact("hubspot 3.3", "hubspot 3.6", "hubspot 7.7")
def test_search_shares_one_second_between_all_objects() -> None:
    """Five a second for all objects together, a body of its own, no rate headers, none of the ten-second budget."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits())
    for kind in ("contacts", "companies", "contacts", "deals", "contacts"):
        assert hub.search(kind=kind)[0] == 200
    response = hub.send("POST", f"{CONTACTS}/search", {})
    status, body = hub.search()
    assert status == 429
    assert (set(body), body["category"]) == ({"status", "message", "correlationId", "category"}, "RATE_LIMITS")
    assert body["message"] == "You have reached your secondly limit."
    assert not [name for name in response.headers if "ratelimit" in name.lower() or name == "Retry-After"]
    assert hub.send("GET", CONTACTS).headers["X-HubSpot-RateLimit-Remaining"] == "189"
    hub.clock.advance(1)
    assert hub.search()[0] == 200
