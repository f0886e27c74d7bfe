"""Refusals that pass by themselves: limits, locks, maintenance of the vendor's own, sessions that end.

Bodies are in the vendors' words, as the stand-ins say them where a limit is really reached; where they never are, from
the vendors' error pages. Every answer carries a Date, as all of them do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from itertools import cycle
from typing import Any

import orjson

from sandbox.faults.calls import (
    Matches,
    every_call,
    hubspot_ordinary,
    hubspot_search,
    hubspot_write,
    salesforce_read,
    salesforce_write,
)
from sandbox.faults.entry import Entry, Site
from sandbox.hubspot.stamps import http_date
from sandbox.kernel import Fault, HttpRequest, HttpResponse, NothingToHit

_PAGE = b"<html><head><title>Error</title></head><body><h1>The origin did not answer</h1></body></html>"
_WRITTEN_IDS = re.compile(rb'(?:"[Ii]d"\s*:\s*"|/sobjects/\w+/)(\w{18})(?=["/?])')


def _answer(site: Site, status: int, body: object, headers: Mapping[str, str]) -> HttpResponse:
    whole = {"Date": http_date(site.kernel.clock.now())} | dict(headers)
    if isinstance(body, bytes):
        return HttpResponse(status, body, whole | {"Content-Type": "text/html"})
    return HttpResponse(status, orjson.dumps(body), whole | {"Content-Type": "application/json"})


def _hubspot(
    matches: Matches, status: int, message: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Callable[[Site], Fault]:
    """HubSpot's error body instead of carrying out."""

    def make(site: Site) -> Fault:
        body = {"status": "error", "message": message, "correlationId": f"fault-{status}", **more}
        return Fault(site.name, matches, answer=lambda _: _answer(site, status, body, headers or {}))

    return make


def _salesforce(matches: Matches, status: int, code: str, message: str) -> Callable[[Site], Fault]:
    """Salesforce's error body instead of carrying out."""

    def make(site: Site) -> Fault:
        body = [{"message": message, "errorCode": code}]

        def answer(_: HttpRequest) -> HttpResponse:
            limits, now = site.salesforce.limits, site.kernel.clock.now()
            used = limits.maximum if "TotalRequests" in message else limits.used(now)
            return _answer(site, status, body, {"Sforce-Limit-Info": f"api-usage={used}/{limits.maximum}"})

        return Fault(site.name, matches, answer=answer)

    return make


def _limit(name: str, policy: str) -> dict[str, Any]:
    return {"message": f"You have reached your {name} limit.", "errorType": "RATE_LIMIT", "policyName": policy,
            "groupName": "publicapi:api-calls"}  # fmt: skip


def _odd_waits(site: Site) -> Fault:
    """429 after 429, each with another form of ``Retry-After``."""
    soon = "DATE"
    forms: Iterable[str | None] = cycle(("2", "2000", soon, None, "-5", "1000000000"))
    turns = iter(forms)

    def answer(_: HttpRequest) -> HttpResponse:
        form = next(turns)
        if form == soon:
            form = http_date(site.kernel.clock.now() + timedelta(seconds=2))
        body = {"status": "error", "message": "Too many requests, come again later."}
        return _answer(site, 429, body, {"Retry-After": form} if form is not None else {})

    return Fault(site.name, every_call, answer=answer)


def _gateway(site: Site) -> Fault:
    turns = iter(cycle((502, 503, 504, 523, 524)))
    return Fault(site.name, every_call, answer=lambda _: _answer(site, next(turns), _PAGE, {}))


def _lock_a_row(site: Site) -> Fault:
    """One row that the call is about to write is locked by somebody else's transaction, for this one time."""

    def prepare(request: HttpRequest) -> HttpRequest:
        org = site.salesforce.org
        ids = dict.fromkeys(text.decode() for text in _WRITTEN_IDS.findall(request.path.encode() + b"?" + request.body))
        known = [record_id for record_id in ids if org.row(record_id) is not None]
        if not known:
            raise NothingToHit("the call names no row that exists: a create cannot meet a lock")
        site.salesforce.lock_rows([site.pick(known, "rows")])
        return request

    return Fault(site.name, salesforce_write, when="around", prepare=prepare)


def _expire_sessions(site: Site) -> Fault:
    def prepare(request: HttpRequest) -> HttpRequest:
        site.salesforce.expire_sessions()
        return request

    return Fault(site.name, every_call, when="around", prepare=prepare)


ENTRIES = (
    Entry(
        name="hubspot-rolling-limit", number="F01", hits="every call but searches",
        what="HubSpot says that the app has made too many calls in ten seconds.",
        answers={"hubspot": _hubspot(hubspot_ordinary, 429, **_limit("ten_secondly_rolling", "TEN_SECONDLY_ROLLING"))},
    ),
    Entry(
        name="hubspot-daily-limit", number="F02", hits="every call but searches",
        what="HubSpot says that the account's calls of the day are used up.",
        answers={"hubspot": _hubspot(hubspot_ordinary, 429, **_limit("daily", "DAILY"))},
    ),
    Entry(
        name="hubspot-search-limit", number="F03", hits="searches",
        what="HubSpot says that the account has searched too often within a second, without any header about limits.",
        answers={
            "hubspot": _hubspot(hubspot_search, 429, "You have reached your secondly limit.", category="RATE_LIMITS")
        },
    ),
    Entry(
        name="odd-retry-after", number="F04", hits="every call",
        what="Something before the vendor says 429 and names the wait in seconds, in milliseconds, as a date, not at "
        "all, below zero or as thirty years, in turn.",
        answers={"hubspot": _odd_waits, "salesforce": _odd_waits},
    ),
    Entry(
        name="salesforce-daily-limit", number="F05", hits="every call",
        what="Salesforce says that the org's calls of the last 24 hours are used up.",
        answers={
            "salesforce": _salesforce(every_call, 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        },
    ),
    Entry(
        name="salesforce-concurrent-limit", number="F05", hits="every call",
        what="Salesforce says that too many long calls are under way at once.",
        answers={
            "salesforce": _salesforce(every_call, 403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.")
        },
    ),
    Entry(
        name="hubspot-locked", number="F06", hits="writes",
        what="HubSpot has locked what is to be written for a moment.",
        answers={"hubspot": _hubspot(hubspot_write, 423, "The resource is locked", category="LOCKED")},
    ),
    Entry(
        name="hubspot-migration", number="F06", hits="every call",
        what="HubSpot is moving the account to another data centre and names a wait of two seconds.",
        answers={"hubspot": _hubspot(every_call, 477, "Migration in progress", headers={"Retry-After": "2"})},
    ),
    Entry(
        name="hubspot-gateway-error", number="F06", hits="every call",
        what="The edge before HubSpot answers a page of its own with 502, 503, 504, 523 or 524, in turn.",
        answers={"hubspot": _gateway},
    ),
    Entry(
        name="salesforce-unavailable", number="F07", hits="every call",
        what="Salesforce is too busy to answer.",
        answers={
            "salesforce": _salesforce(every_call, 503, "SERVER_UNAVAILABLE", "The server is too busy, try again later")
        },
    ),
    Entry(
        name="salesforce-unknown-exception", number="F07", hits="reads",
        what="Salesforce fails within and gives a number for its support.",
        answers={
            "salesforce": _salesforce(salesforce_read, 500, "UNKNOWN_EXCEPTION", "An unexpected error occurred: 7-(7)")
        },
    ),
    Entry(
        name="row-lock", number="F07", hits="writes of rows that exist",
        what="Somebody else's transaction holds one of the rows for the length of this call, the others are written.",
        answers={"salesforce": _lock_a_row},
    ),
    Entry(
        name="session-expiry", number="F18", hits="every call",
        what="The session or the token ends just before this call, in the middle of whatever is under way.",
        answers={
            "hubspot": _hubspot(every_call, 401, "The access token expired.", category="EXPIRED_AUTHENTICATION"),
            "salesforce": _expire_sessions,
        },
    ),
)  # fmt: skip
