"""Batches that succeed in part, or say less than they did: what a client must match by key, never by position."""

from __future__ import annotations

from dataclasses import replace

import orjson

from sandbox.faults.calls import hubspot_batch_write, salesforce_write
from sandbox.faults.entry import Entry, Site
from sandbox.faults.rows import Change, Row, with_rows
from sandbox.hubspot.errors import Refusal as HubSpotRefusal
from sandbox.kernel import Fault, HttpRequest, HttpResponse, NothingToHit
from sandbox.salesforce.errors import Refusal as SalesforceRefusal

_AUTOMATED = ("Lead", "Contact", "Account")


def _partial_hubspot(site: Site) -> Fault:
    """One input is taken out and told as an error beside the results of the others."""
    taken: list[Row] = []

    def prepare(request: HttpRequest) -> HttpRequest:
        body = orjson.loads(request.body)
        inputs = body.get("inputs") or []
        if len(inputs) < 2:
            raise NothingToHit("a batch of one is refused as a whole")
        taken[:] = [site.chance.choice(inputs)]
        rest = [entry for entry in inputs if entry is not taken[0]]
        return replace(request, body=orjson.dumps(body | {"inputs": rest}))

    def alter(_: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status >= 300:
            raise NothingToHit("the batch was refused as a whole")
        body = orjson.loads(response.body)
        error = HubSpotRefusal(500, "An internal error occurred for this input.", category="INTERNAL_ERROR")
        context = {"ids": [str(taken[0]["id"])]} if "id" in taken[0] else {}
        row = error.row(trace=taken[0].get("objectWriteTraceId"))
        row["context"] = {**row["context"], **context}
        body |= {"numErrors": body.get("numErrors", 0) + 1, "errors": [*body.get("errors", []), row]}
        return replace(response, status=207, body=orjson.dumps(body))

    return Fault(site.name, hubspot_batch_write, when="around", prepare=prepare, alter=alter)


def _partial_salesforce(site: Site) -> Fault:
    """One row of the call, by chance among the first few, fails in the vendor's automation."""
    org = site.salesforce.org

    def prepare(request: HttpRequest) -> HttpRequest:
        left = [site.chance.randrange(3)]

        def fail(_: object, __: object) -> Row:
            left[0] -= 1
            if left[0] == -1:
                raise SalesforceRefusal("UNKNOWN_EXCEPTION", "An unexpected error occurred in a flow of this org")
            return {}

        for name in _AUTOMATED:
            org.workflows[name] = [*org.workflows.get(name, ()), fail]
        return request

    def alter(_: HttpRequest, response: HttpResponse) -> HttpResponse:
        for name in _AUTOMATED:
            org.workflows[name] = org.workflows[name][:-1]
        if b"UNKNOWN_EXCEPTION" not in response.body:
            raise NothingToHit("the call wrote fewer rows than the one that was to fail")
        return response

    return Fault(site.name, salesforce_write, when="around", prepare=prepare, alter=alter)


def _reordered(site: Site) -> Change:
    return lambda rows: rows[::-1]


def _missing(site: Site) -> Change:
    return lambda rows: [row for row in rows if row is not rows[-1]] if len(rows) > 1 else rows


def _unsaid_salesforce(site: Site) -> Fault:
    """A collection's results are told by position: with the last one missing, nobody can say what became of its row."""

    def alter(_: HttpRequest, response: HttpResponse) -> HttpResponse:
        body = orjson.loads(response.body) if response.status < 300 and response.body.startswith(b"[") else None
        if not isinstance(body, list) or len(body) < 2 or not all("success" in result for result in body):
            raise NothingToHit("the answer is no list of several results")
        return replace(response, body=orjson.dumps(body[:-1]))

    return Fault(site.name, salesforce_write, when="around", alter=alter)


ENTRIES = (
    Entry(
        name="partial-batch", number="F11", hits="writes of several rows",
        what="One row of a batch fails within the vendor, the others are written.",
        answers={"hubspot": _partial_hubspot, "salesforce": _partial_salesforce},
    ),
    Entry(
        name="results-reordered", number="F11", hits="batches of writes",
        what="The results of a batch come in another order than its inputs.",
        answers=with_rows(hubspot_batch_write, None, _reordered),
    ),
    Entry(
        name="results-missing", number="F11", hits="batches of writes of several rows",
        what="All rows of a batch are written and one of them is left out of the results.",
        answers={**with_rows(hubspot_batch_write, None, _missing), "salesforce": _unsaid_salesforce},
    ),
)  # fmt: skip
