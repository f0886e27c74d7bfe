"""Limits, locks and sessions that end: each refusal as a caller sees it, with nothing carried out, and the next call
as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.faults import refusals
from tests.unit.sandbox.fault_stands import CONTACTS, ROOT, TOKEN, Force, Hub, Proofs, Stand, faults_of, prove

Words = dict[str, Any]


def refused(name: str, status: int, part: dict[str, str], *, reading: bool = False) -> Callable[[Stand], None]:
    """Proves that the next call is refused with this status and these words, and that the one after is carried out."""

    def proof(at: Stand) -> None:
        at.arm(name)
        before = at.title()
        ask = at.read if reading else lambda: at.call(*at.write())
        told_status, body = ask()
        told = body[0] if isinstance(body, list) else body
        assert (told_status, {key: told[key] for key in part}) == (status, part)
        assert (at.title(), at.last.fault, at.last.written) == (before, name, ())
        assert ask()[0] < 300
        assert at.last.fault is None
        assert at.fired(name) == 1

    return proof


def test_hubspot_searches_pass_other_limits() -> None:
    """The ten-second limit does not count searches, and the limit of searches nothing else."""
    hub = Hub()
    hub.arm("hubspot-rolling-limit")
    hub.arm("hubspot-search-limit")
    assert hub.call("GET", CONTACTS)[1]["policyName"] == "TEN_SECONDLY_ROLLING"
    assert hub.call("GET", CONTACTS)[0] == 200
    answer = hub.raw("POST", f"{CONTACTS}/search", {})
    assert answer.status == 429
    assert not [name for name in answer.headers if "limit" in name.lower()]


def odd_waits(at: Stand) -> None:
    """Six forms of the header in turn, the sixth of which is thirty years."""
    at.arm("odd-retry-after", times=6)
    answers = [at.raw(*at.write()) for _ in range(6)]
    assert {answer.status for answer in answers} == {429}
    waits = [answer.headers.get("Retry-After") for answer in answers]
    assert (waits[0], waits[1], *waits[3:]) == ("2", "2000", None, "-5", "1000000000")
    assert str(waits[2]).endswith("GMT")
    assert at.title() == "Boss"


def gateway(at: Hub) -> None:
    """Five statuses in turn, each with a page for people."""
    at.arm("hubspot-gateway-error", times=5)
    answers = [at.raw(*at.write()) for _ in range(5)]
    assert [answer.status for answer in answers] == [502, 503, 504, 523, 524]
    assert all(answer.body.startswith(b"<html>") for answer in answers)
    assert at.title() == "Boss"


def row_lock(at: Force) -> None:
    """One of three rows is refused by itself, the other two are written; a create passes it by."""
    at.arm("row-lock")
    at.call("POST", f"{ROOT}/sobjects/Lead", {"LastName": "New", "Company": "New"})
    assert at.last.fault is None
    _, results = at.call(*at.batch(0, 1, 2))
    codes = [error["statusCode"] for result in results for error in result["errors"]]
    assert codes == ["UNABLE_TO_LOCK_ROW"]
    assert sorted(at.title(n) or "" for n in range(3)) == ["Boss", "Written", "Written"]
    _, again = at.call(*at.batch(0, 1, 2))
    assert all(result["success"] for result in again)


def session_ends(at: Force) -> None:
    """401 in the vendor's words until somebody logs in again; asking for a token is not hit."""
    at.arm("session-expiry")
    status, body = at.read()
    assert (status, body[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    assert at.read()[0] == 401
    at.login()
    assert at.read()[0] == 200


def day_is_over(at: Force) -> None:
    """The refusal comes with the vendor's own count of the day, which is full."""
    refused("salesforce-daily-limit", 403, {"errorCode": "REQUEST_LIMIT_EXCEEDED"})(at)
    at.arm("salesforce-daily-limit")
    assert at.raw(*at.write()).headers["Sforce-Limit-Info"] == "api-usage=15000/15000"


PROOFS: Proofs = {
    ("hubspot-rolling-limit", "hubspot"): refused(
        "hubspot-rolling-limit", 429, {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}
    ),
    ("hubspot-daily-limit", "hubspot"): refused("hubspot-daily-limit", 429, {"policyName": "DAILY"}),
    ("hubspot-search-limit", "hubspot"): refused(
        "hubspot-search-limit", 429, {"message": "You have reached your secondly limit."}, reading=True
    ),
    ("odd-retry-after", "hubspot"): odd_waits,
    ("odd-retry-after", "salesforce"): odd_waits,
    ("salesforce-daily-limit", "salesforce"): day_is_over,
    ("salesforce-concurrent-limit", "salesforce"): refused(
        "salesforce-concurrent-limit", 403, {"message": "ConcurrentRequests Limit exceeded."}
    ),
    ("hubspot-locked", "hubspot"): refused("hubspot-locked", 423, {"category": "LOCKED"}),
    ("hubspot-migration", "hubspot"): refused("hubspot-migration", 477, {"message": "Migration in progress"}),
    ("hubspot-gateway-error", "hubspot"): gateway,
    ("salesforce-unavailable", "salesforce"): refused(
        "salesforce-unavailable", 503, {"errorCode": "SERVER_UNAVAILABLE"}
    ),
    ("salesforce-unknown-exception", "salesforce"): refused(
        "salesforce-unknown-exception", 500, {"errorCode": "UNKNOWN_EXCEPTION"}, reading=True
    ),
    ("row-lock", "salesforce"): row_lock,
    ("session-expiry", "hubspot"): refused("session-expiry", 401, {"category": "EXPIRED_AUTHENTICATION"}),
    ("session-expiry", "salesforce"): session_ends,
}


@pytest.mark.parametrize(("name", "vendor"), faults_of(refusals.ENTRIES))
def test_what_a_caller_sees(name: str, vendor: str) -> None:
    """Status, words and effect of every refusal."""
    prove(PROOFS, name, vendor)


def test_a_token_is_never_hit() -> None:
    """Faults of every call leave the login alone: a caller who cannot log in again would never get well."""
    force = Force()
    force.arm("salesforce-unavailable", probability=1)
    assert force.read()[0] == 503
    assert force.call("POST", TOKEN)[0] == 400
    assert force.last.fault is None
