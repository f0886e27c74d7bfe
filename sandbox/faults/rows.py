"""Answers whose rows are not what they should be: missing, late, twice, in another order, or none at all.

The vendor answers as always, and then rows are taken out of its answer or put into it. Promises that totals follow the
rows, so that an answer is as consistent as a vendor's own; an answer in which nothing can be changed passes unhurt, and
the fault waits for the next.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson

from sandbox.faults.calls import (
    Matches,
    hubspot_later_page,
    hubspot_listing,
    hubspot_rows,
    hubspot_search,
    salesforce_later_page,
    salesforce_listing,
    salesforce_rows,
)
from sandbox.faults.entry import Entry, Site, Vendor
from sandbox.hubspot.history import Source
from sandbox.hubspot.stamps import iso, millis
from sandbox.kernel import Fault, HttpRequest, HttpResponse, NothingToHit

Row = dict[str, Any]
Change = Callable[[list[Row]], list[Row]]
"""Takes the rows of an answer and gives back what is left of them; the same rows mean that there is nothing to do."""
HUBSPOT_FIELDS = ("jobtitle", "city", "phone", "website", "company")
SALESFORCE_FIELDS = ("Title", "City", "Phone", "Website", "Company")
_UPPER = {"LT", "LTE"}


def changed(response: HttpResponse, change: Change, *, last: bool = False) -> HttpResponse:
    """The answer with other rows. ``last``: it also says that no page follows."""
    if response.status >= 300 or not response.body.startswith((b"{", b"[")):
        raise NothingToHit("the answer holds no rows")
    body = orjson.loads(response.body)
    hit = [_change_one(part, change, last=last) for part in _parts(body)]
    if not any(hit):
        raise NothingToHit("the answer holds no row that this could happen to")
    return replace(response, body=orjson.dumps(body))


def _parts(body: Any) -> list[Any]:
    """The answer itself, or those inside of a Composite."""
    if isinstance(body, dict) and isinstance(body.get("compositeResponse"), list):
        return [each.get("body") for each in body["compositeResponse"]]
    return [body]


def _change_one(part: Any, change: Change, *, last: bool) -> bool:
    if isinstance(part, list) and any(isinstance(row, dict) and "attributes" in row for row in part):
        there = [row for row in part if row is not None]
        left, all_of_them = change(there), list(part)
        if len(left) == len(there):
            told = iter(left)
            part[:] = [row if row is None else next(told) for row in part]
        else:  # by id: what is not there is null
            kept = {id(row) for row in left}
            part[:] = [row if row is None or id(row) in kept else None for row in part]
        return part != all_of_them
    name = next((key for key in ("results", "records") if isinstance(part, dict) and key in part), None)
    if name is None or not isinstance(part[name], list):
        return False
    before = orjson.dumps(part[name])
    length = len(part[name])
    part[name] = change(part[name])
    changed = orjson.dumps(part[name]) != before
    if changed and last:
        part.pop("paging", None)
        part.pop("nextRecordsUrl", None)
    for total in ("total", "totalSize"):
        if total in part and changed:
            part[total] = len(part[name]) if last else max(0, part[total] + len(part[name]) - length)
    if changed and last and "done" in part:
        part["done"] = True
    return changed


def with_rows(
    hubspot: Matches | None, salesforce: Matches | None, change: Callable[[Site], Change], *, last: bool = False
) -> dict[Vendor, Callable[[Site], Fault]]:
    """Answers whose rows are changed, of the vendors whose matching calls are given; ``last``: no page follows."""

    def of(matches: Matches) -> Callable[[Site], Fault]:
        def make(site: Site) -> Fault:
            made = change(site)
            return Fault(
                site.name, matches, when="around", alter=lambda _, response: changed(response, made, last=last)
            )

        return make

    found: dict[Vendor, Callable[[Site], Fault]] = {}
    if hubspot is not None:
        found["hubspot"] = of(hubspot)
    if salesforce is not None:
        found["salesforce"] = of(salesforce)
    return found


def _identity(row: Row) -> str:
    return str(row.get("id") or row.get("Id"))


def _stamp(row: Row) -> str:
    return str(row.get("updatedAt") or row.get("SystemModstamp") or "")


def _invisible(site: Site) -> Change:
    salt, share = site.chance.random(), float(site.options["share"])
    return lambda rows: [row for row in rows if random.Random(f"{salt}:{_identity(row)}").random() >= share]


def _lagging(site: Site) -> Change:
    def change(rows: list[Row]) -> list[Row]:
        since = iso(millis(site.kernel.clock.now() - timedelta(seconds=site.seconds)))
        return [row for row in rows if _stamp(row) < since or site.chance.random() < 0.5]

    return change


def _twice(site: Site) -> Change:
    return lambda rows: [*rows, site.chance.choice(rows)] if rows else rows


def _fieldless(matches: Matches, candidates: Sequence[str]) -> Callable[[Site], Fault]:
    def make(site: Site) -> Fault:
        name = site.field(candidates)

        def change(rows: list[Row]) -> list[Row]:
            return [
                {**row, "properties": _without(row["properties"], name)} if "properties" in row else _without(row, name)
                for row in rows
            ]

        def alter(_: HttpRequest, response: HttpResponse) -> HttpResponse:
            return changed(response, change)

        return Fault(site.name, matches, when="around", alter=alter)

    return make


def _without(row: Row, name: str) -> Row:
    return {key: value for key, value in row.items() if key != name}


def _beyond_bound(site: Site) -> Fault:
    """The upper bound of a search is not heeded."""

    def prepare(request: HttpRequest) -> HttpRequest:
        body = orjson.loads(request.body)
        bounded = False
        for group in body.get("filterGroups") or []:
            kept = [each for each in group["filters"] if each.get("operator") not in _UPPER]
            bounded = bounded or len(kept) < len(group["filters"])
            for each in kept:
                if each.get("operator") == "BETWEEN":
                    each |= {"operator": "GTE", "highValue": None}
                    bounded = True
            group["filters"] = kept
        if not bounded:
            raise NothingToHit("the search names no upper bound")
        return replace(request, body=orjson.dumps(body))

    return Fault(site.name, hubspot_search, when="around", prepare=prepare)


def _drift_hubspot(site: Site) -> Fault:
    def prepare(request: HttpRequest) -> HttpRequest:
        record = site.pick(site.records(None), "contacts")
        store = site.store()
        site.hubspot.portal.touch(store.kind.name, record.id, source=Source("CRM_UI", "userId:2"))
        store.index.show(record.id, record.values, stamp=record.updated)  # at once: the drift is what is wanted here
        return request

    return Fault(site.name, hubspot_later_page, when="around", prepare=prepare)


def _drift_salesforce(site: Site) -> Fault:
    def prepare(request: HttpRequest) -> HttpRequest:
        site.salesforce.touch("Lead", [str(site.pick(site.rows(None), "Leads")["Id"])])
        return request

    return Fault(site.name, salesforce_later_page, when="around", prepare=prepare)


def _endless(site: Site) -> Fault:
    """Every page names the first one as the next."""

    def alter(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        body = orjson.loads(response.body) if response.status < 300 else {}
        if isinstance(body, dict) and body.get("results"):
            body["paging"] = {"next": {"after": str(request.first("after") or "1")}}
        elif isinstance(body, dict) and body.get("records"):
            again = request.path if "/query/" in request.path else f"{request.path.rstrip('/')}/01gFAULT-2000"
            body |= {"done": False, "nextRecordsUrl": again}
        else:
            raise NothingToHit("the answer is no page")
        return replace(response, body=orjson.dumps(body))

    return Fault(
        site.name, lambda request: hubspot_listing(request) or "/query" in request.path, when="around", alter=alter
    )


def _locator_gone(site: Site) -> Fault:
    body = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]
    answer = HttpResponse(400, orjson.dumps(body), {"Content-Type": "application/json"})
    return Fault(site.name, salesforce_later_page, answer=answer)


def _nothing(site: Site) -> Change:
    return lambda _: []


def _third(site: Site) -> Change:
    return lambda rows: rows[: (len(rows) + 2) // 3]


ENTRIES = (
    Entry(
        name="field-missing", number="F20", hits="reads of records", takes={"field": None},
        what="Reads leave a field out without a word, as after a change of its permissions.",
        answers={
            "hubspot": _fieldless(hubspot_rows, HUBSPOT_FIELDS),
            "salesforce": _fieldless(salesforce_rows, SALESFORCE_FIELDS),
        },
    ),
    Entry(
        name="rows-invisible", number="F21", hits="lists, searches and queries; in Salesforce also rows by id",
        what="Part of the records, always the same ones, is out of sight, as after a change of a sharing rule.",
        takes={"share": 0.33}, answers=with_rows(hubspot_listing, salesforce_rows, _invisible),
    ),
    Entry(
        name="search-lag", number="F22", hits="searches that find records of the last seconds", takes={"seconds": 3.0},
        what="A search does not show some of the latest changes yet, though the next one may.",
        answers=with_rows(hubspot_search, None, _lagging),
    ),
    Entry(
        name="search-newer", number="F23", hits="searches with an upper bound",
        what="A search answers records newer than the upper bound it was given.",
        answers={"hubspot": _beyond_bound},
    ),
    Entry(
        name="page-drift", number="F25", hits="later pages of a list, a search or a query",
        what="Somebody edits a record between two pages, so that the pages shift.",
        answers={"hubspot": _drift_hubspot, "salesforce": _drift_salesforce},
    ),
    Entry(
        name="row-twice", number="F25", hits="lists, searches and queries",
        what="A record stands twice in what is read.",
        answers=with_rows(hubspot_listing, salesforce_listing, _twice),
    ),
    Entry(
        name="cursor-expired", number="F30", hits="later pages of a query",
        what="Salesforce no longer knows the address of the next page.",
        answers={"salesforce": _locator_gone},
    ),
    Entry(
        name="endless-paging", number="F30", hits="lists, searches and queries",
        what="Every page names itself as the next one.",
        answers={"hubspot": _endless, "salesforce": _endless},
    ),
    Entry(
        name="empty-side", number="F34", hits="lists, searches and queries",
        what="The side answers that it holds nothing at all, with status 200.",
        answers=with_rows(hubspot_listing, salesforce_listing, _nothing, last=True),
    ),
    Entry(
        name="thinned-side", number="F34", hits="lists, searches and queries",
        what="The side answers a third of what it holds and says that this is all.",
        answers=with_rows(hubspot_listing, salesforce_listing, _third, last=True),
    ),
)  # fmt: skip
