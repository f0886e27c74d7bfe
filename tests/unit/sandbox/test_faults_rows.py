"""Rows and results that are missing, late, doubled or in another order, and pages that never end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from sandbox.faults import batches, rows
from sandbox.hubspot.stamps import iso, millis
from sandbox.kernel import HttpRequest
from tests.unit.sandbox.fault_stands import CONTACTS, PEOPLE, ROOT, Force, Hub, Proofs, Stand, faults_of, prove

INVISIBLE = {"share": 0.5}


def once(name: str, check: Callable[[Stand, list[str]], bool], **words: Any) -> Callable[[Stand], None]:
    """Proves what one read shows, and that the next one is honest again."""

    def proof(at: Stand) -> None:
        honest = at.seen()
        assert sorted(honest) == sorted(at.ids)
        at.arm(name, **words)
        assert check(at, at.seen())
        assert at.last.fault == name
        assert at.seen() == honest

    return proof


def fieldless(at: Stand) -> None:
    """The same field is absent, not null, from every row of a read."""
    name = {"hubspot": "city", "salesforce": "City"}[at.vendor]
    at.arm("field-missing", field=name)
    held = [row.get("properties", row) for row in at.rows()]
    assert [name in row for row in held] == [False] * PEOPLE
    assert all(row.get("properties", row)[name] == "Graz" for row in at.rows())


def fieldless_by_id(at: Force) -> None:
    """So it is in a read of rows by id, each in its place."""
    fieldless(at)
    asked = {"ids": at.ids, "fields": ["Id", "City"]}
    at.arm("field-missing", field="City")
    _, body = at.call("POST", f"{ROOT}/composite/sobjects/Lead", asked)
    assert [row["Id"] for row in body] == list(at.ids)
    assert not any("City" in row for row in body)
    _, body = at.call("POST", f"{ROOT}/composite/sobjects/Lead", asked)
    assert all(row["City"] == "Graz" for row in body)


def invisible(at: Stand) -> None:
    """The same half is out of sight in every read, whatever the seed, while the fault is armed."""
    at.arm("rows-invisible", times=2, **INVISIBLE)
    first, second = at.seen(), at.seen()
    assert first == second
    assert 0 < len(first) < PEOPLE
    assert len(at.seen()) == PEOPLE


def invisible_by_id(at: Force) -> None:
    """Salesforce answers null for a row by id that a session may not see."""
    invisible(at)
    at.arm("rows-invisible", **INVISIBLE)
    _, body = at.call("POST", f"{ROOT}/composite/sobjects/Lead", {"ids": at.ids, "fields": ["Id"]})
    assert len(body) == PEOPLE
    assert 0 < sum(row is None for row in body) < PEOPLE


def lagging(at: Hub) -> None:
    """Only what was changed within the last seconds can be missing; what is older is always there."""
    at.arm("search-lag", seconds=10, probability=1)
    assert len(at.seen()) == PEOPLE
    assert at.fired("search-lag") == 0
    for number in range(4):
        at.call(*at.write(number))
    seen = [set(at.seen()) for _ in range(8)]
    assert all(set(at.ids[4:]) <= each for each in seen)
    assert at.fired("search-lag") > 0
    assert len({frozenset(each) for each in seen}) > 1, "not the same ones every time"
    at.clock.advance(11)
    assert len(at.seen()) == PEOPLE


def beyond(at: Hub) -> None:
    """A record changed after the bound is shown; a search without a bound waits for one that has it."""
    bound = iso(millis(at.kernel.clock.now()))
    at.clock.advance(60)
    at.call(*at.write())
    asked = {"propertyName": "lastmodifieddate", "operator": "LT", "value": bound}
    at.arm("search-newer")
    assert len(at.seen()) == PEOPLE
    assert at.fired("search-newer") == 0
    _, spoilt = at.search(asked)
    _, honest = at.search(asked)
    assert {row["id"] for row in spoilt["results"]} - {row["id"] for row in honest["results"]} == {at.ids[0]}


def drift_hubspot(at: Hub) -> None:
    """The first page passes; before the second one somebody's record moves to the end of a list sorted by stamp."""
    sort = {"sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}], "limit": 4}
    at.arm("page-drift")
    _, first = at.search(**sort)
    before = dict(at.kernel.portal.stores["contacts"].index.stamps)
    assert at.fired("page-drift") == 0
    at.search(**sort, after=first["paging"]["next"]["after"])
    after = at.kernel.portal.stores["contacts"].index.stamps
    assert len([number for number in before if after[number] != before[number]]) == at.fired("page-drift") == 1


def drift_salesforce(at: Force) -> None:
    """Before the second page of a query one Lead gets a new stamp."""
    more = [{"LastName": f"M{n}", "Company": "M"} for n in range(400)]
    at.ids += at.kernel.load("Lead", more)
    at.clock.advance(60)
    at.arm("page-drift")
    following = two_pages(at)["nextRecordsUrl"]
    stamps = {row_id: at.value(row_id, "SystemModstamp") for row_id in at.ids}
    assert at.call("GET", following)[0] == 200
    assert sum(at.value(row_id, "SystemModstamp") != stamps[row_id] for row_id in at.ids) == 1


def two_pages(at: Force) -> Any:
    """The first page of a query that has more than one."""
    headers = {"Authorization": f"Bearer {at.token}", "Sforce-Query-Options": "batchSize=200"}
    target = f"{ROOT}/query?q=SELECT+Id+FROM+Lead"
    return orjson.loads(at.kernel.handle(HttpRequest.from_target("GET", target, headers, b"")).body)


def locator(at: Force) -> None:
    """The first page of a query is honest; its next one is no longer known."""
    at.kernel.load("Lead", [{"LastName": f"M{n}", "Company": "M"} for n in range(400)])
    at.arm("cursor-expired")
    first = two_pages(at)
    status, body = at.call("GET", first["nextRecordsUrl"])
    assert (status, body[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def endless_hubspot(at: Hub) -> None:
    """Every page of a list names itself."""
    at.arm("endless-paging", times=2)
    _, first = at.call("GET", f"{CONTACTS}?limit=4")
    after = first["paging"]["next"]["after"]
    assert at.call("GET", f"{CONTACTS}?limit=4&after={after}")[1]["paging"]["next"]["after"] == after


def endless_salesforce(at: Force) -> None:
    """A query that was complete says it is not, and names a page."""
    at.arm("endless-paging")
    _, body = at.read()
    assert (body["done"], body["nextRecordsUrl"].startswith(f"{ROOT}/query/")) == (False, True)


def partial_hubspot(at: Hub) -> None:
    """207: one input is an error that names it, the others are written; a batch of one is not hit."""
    at.arm("partial-batch")
    assert at.call(*at.batch(7))[0] == 200
    status, body = at.call(*at.batch(0, 1, 2))
    (error,) = body["errors"]
    (lost,) = error["context"]["objectWriteTraceId"]
    number = int(lost.removeprefix("t"))
    assert (status, body["numErrors"], len(body["results"])) == (207, 1, 2)
    assert error["context"]["ids"] == [at.ids[number]]
    assert {n: at.title(n) for n in range(3)} == {n: "Boss" if n == number else "Written" for n in range(3)}


def partial_salesforce(at: Force) -> None:
    """Results keep their places: one of three says why it failed, the others are written."""
    at.arm("partial-batch", probability=1, times=1)
    _, results = at.call(*at.batch(0, 1, 2))
    codes = [[error["statusCode"] for error in result["errors"]] for result in results]
    number = codes.index(["UNKNOWN_EXCEPTION"])
    assert [result["success"] for result in results] == [place != number for place in range(3)]
    assert [at.title(place) for place in range(3)] == ["Boss" if place == number else "Written" for place in range(3)]
    assert all(result["success"] for result in at.call(*at.batch(0, 1, 2))[1])
    assert not any(at.kernel.org.workflows.values())


def reordered(at: Hub) -> None:
    """All results are there, the last first."""
    at.arm("results-reordered")
    _, body = at.call(*at.batch(0, 1, 2))
    assert [row["id"] for row in body["results"]] == at.ids[2::-1]


def unsaid(at: Hub | Force) -> None:
    """Three are written, two are told; a write of one row is not hit."""
    at.arm("results-missing")
    assert at.call(*at.batch(7))[0] == 200
    _, body = at.call(*at.batch(0, 1, 2))
    assert len(body["results"] if isinstance(body, dict) else body) == 2
    assert [at.title(n) for n in range(3)] == ["Written"] * 3


def nothing(_: Stand, seen: list[str]) -> bool:
    """No rows."""
    return seen == []


def third(_: Stand, seen: list[str]) -> bool:
    """Three of eight."""
    return len(seen) == 3


def doubled(at: Stand, seen: list[str]) -> bool:
    """Everybody, and one of them once more."""
    return len(seen) == PEOPLE + 1 and set(seen) == set(at.ids)


BOTH: dict[str, Callable[[Any], None]] = {
    "row-twice": once("row-twice", doubled),
    "empty-side": once("empty-side", nothing),
    "thinned-side": once("thinned-side", third),
}
PROOFS: Proofs = {
    ("field-missing", "hubspot"): fieldless,
    ("field-missing", "salesforce"): fieldless_by_id,
    ("rows-invisible", "hubspot"): invisible,
    ("rows-invisible", "salesforce"): invisible_by_id,
    ("search-lag", "hubspot"): lagging,
    ("search-newer", "hubspot"): beyond,
    ("page-drift", "hubspot"): drift_hubspot,
    ("page-drift", "salesforce"): drift_salesforce,
    ("cursor-expired", "salesforce"): locator,
    ("endless-paging", "hubspot"): endless_hubspot,
    ("endless-paging", "salesforce"): endless_salesforce,
    ("partial-batch", "hubspot"): partial_hubspot,
    ("partial-batch", "salesforce"): partial_salesforce,
    ("results-reordered", "hubspot"): reordered,
    ("results-missing", "hubspot"): unsaid,
    ("results-missing", "salesforce"): unsaid,
    **{(name, vendor): proof for name, proof in BOTH.items() for vendor in ("hubspot", "salesforce")},
}


@pytest.mark.parametrize(("name", "vendor"), faults_of((*rows.ENTRIES, *batches.ENTRIES)))
def test_what_a_caller_sees(name: str, vendor: str) -> None:
    """What is in the rows of every such answer, and what is not."""
    prove(PROOFS, name, vendor)


def test_an_empty_side_says_that_nothing_follows() -> None:
    """Total, paging and `done` agree with the rows that are left."""
    hub, force = Hub(), Force()
    for at in (hub, force):
        at.arm("empty-side")
    _, page = hub.search(limit=4)
    assert (page["total"], page["results"], "paging" in page) == (0, [], False)
    _, answer = force.read()
    assert (answer["totalSize"], answer["records"], answer["done"]) == (0, [], True)


def test_rows_inside_of_a_composite_are_hit() -> None:
    """A query that travels in a Composite is thinned like any other."""
    force = Force()
    force.arm("empty-side")
    entry = {"method": "GET", "url": f"{ROOT}/query?q=SELECT+Id+FROM+Lead", "referenceId": "a"}
    _, body = force.call("POST", f"{ROOT}/composite", {"compositeRequest": [entry]})
    assert body["compositeResponse"][0]["body"]["records"] == []
