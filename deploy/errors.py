"""The page of the vendors' errors: answers as they come, put before the code that judges them, and what it says.

Nothing of the right-hand columns is written here: they are what the connectors' judges say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from requests.structures import CaseInsensitiveDict

from connectors.hubspot.errors import HubSpotRates, Rejected, judge, read_fault
from connectors.salesforce.errors import CallRefused, classifier, classify_login, complaints
from connectors.salesforce.outcome import Trouble, read_trouble
from connectors.transport import Again, Answer, Raise, Unauthorized, Verdict
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.write import Clash, Deferred, Refused
from syncd.ports.budget import Rate

HTML: Final = "<html>"
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
DAY: Final = Rate("salesforce.daily", 100_000, 86_400.0, 100_000)
HUBSPOT_CALLS: Final[Sequence[tuple[int, Any]]] = (
    (400, {"category": "VALIDATION_ERROR", "message": "Property values were not valid"}),
    (401, {"category": "INVALID_AUTHENTICATION", "message": "the token is not valid"}),
    (401, {"category": "EXPIRED_AUTHENTICATION", "message": "the token is too old"}),
    (403, {"category": "MISSING_SCOPES", "errors": [{"context": {"requiredGranularScopes": ["crm.objects.X.read"]}}]}),
    (403, {"category": "FORBIDDEN", "message": "not for this app"}),
    (404, {"category": "OBJECT_NOT_FOUND", "message": "resource not found"}),
    (408, HTML),
    (409, {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 12345"}),
    (414, {"category": "VALIDATION_ERROR", "message": "URI too long"}),
    (423, {"category": "LOCKED", "message": "locked"}),
    (429, {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}),
    (429, {"policyName": "DAILY", "errorType": "RATE_LIMIT"}),
    (429, {"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}),
    (477, {"message": "migration"}),
    (500, HTML),
    (502, HTML),
    (503, HTML),
    (504, HTML),
    (521, HTML),
    (523, HTML),
    (524, HTML),
    (400, HTML),
)
HUBSPOT_ROWS: Final = (
    "PROPERTY_DOESNT_EXIST",
    "READ_ONLY_VALUE",
    "INVALID_OPTION",
    "INVALID_EMAIL",
    "INVALID_DATE",
    "INVALID_INTEGER",
    "INVALID_LONG",
    "INVALID_STRING_LENGTH",
    "REQUIRED_PROPERTY_MISSING",
    "OBJECT_NOT_FOUND",
    "CONFLICT",
    "LOCKED",
    "RATE_LIMITS",
    "anything else",
)
SALESFORCE_CALLS: Final[Sequence[tuple[int, str, str]]] = (
    (300, "", "several records hold this external id"),
    (400, "MALFORMED_QUERY", "unexpected token"),
    (400, "INVALID_FIELD", "No such column 'X'"),
    (400, "INVALID_TYPE", "no such object"),
    (400, "INVALID_QUERY_LOCATOR", "the cursor is gone"),
    (400, "QUERY_TIMEOUT", "too long"),
    (400, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "read-only"),
    (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."),
    (403, "API_DISABLED_FOR_ORG", "no API"),
    (403, "API_CURRENTLY_DISABLED", "no API"),
    (403, "FUNCTIONALITY_NOT_ENABLED", "off"),
    (403, "INSUFFICIENT_ACCESS", "no"),
    (403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"),
    (404, "NOT_FOUND", "The requested resource does not exist"),
    (408, "", ""),
    (412, "PRECONDITION_FAILED", "changed since"),
    (412, "", ""),
    (414, "URI_TOO_LONG", "too long"),
    (420, "", ""),
    (428, "PRECONDITION_REQUIRED", "conditional"),
    (431, "HEADERS_TOO_LARGE", "too long"),
    (500, "UNKNOWN_EXCEPTION", "something broke"),
    (502, "", ""),
    (503, "SERVER_UNAVAILABLE", "busy"),
    (503, "UNABLE_TO_LOCK_ROW", "locked"),
)
SALESFORCE_ROWS: Final = (
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "DUPLICATES_DETECTED",
    "DUPLICATE_EXTERNAL_ID",
    "DUPLICATE_VALUE",
    "ENTITY_IS_DELETED",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "FIELD_INTEGRITY_EXCEPTION",
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INVALID_CROSS_REFERENCE_KEY",
    "INVALID_EMAIL_ADDRESS",
    "INVALID_FIELD",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "INVALID_ID_FIELD",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "MALFORMED_ID",
    "NOT_FOUND",
    "PROCESSING_HALTED",
    "REQUEST_LIMIT_EXCEEDED",
    "REQUIRED_FIELD_MISSING",
    "SERVER_UNAVAILABLE",
    "STRING_TOO_LONG",
    "UNABLE_TO_LOCK_ROW",
    "UNKNOWN_EXCEPTION",
    "anything else",
)
SALESFORCE_LOGINS: Final = (
    (400, "invalid_client_id", "client identifier invalid"),
    (400, "invalid_client", "invalid client credentials"),
    (400, "invalid_grant", "no client credentials user enabled"),
    (400, "invalid_grant", "user hasn't approved this consumer"),
    (400, "invalid_grant", "ip restricted"),
    (400, "invalid_grant", "inactive user"),
    (400, "invalid_grant", "audience is invalid"),
    (400, "invalid_grant", "invalid assertion"),
    (400, "invalid_grant", ""),
    (400, "invalid_app_access", "user is not admin approved"),
    (400, "unsupported_grant_type", "grant type not supported"),
    (400, "unauthorized_client", ""),
    (400, "inactive_org", ""),
    (503, "", ""),
)


@dataclass(frozen=True, slots=True)
class StillClock:
    """A clock for judges: the pauses they name are counted from here."""

    def now(self) -> datetime:
        """Always the same instant."""
        return NOW

    def monotonic(self) -> float:
        """Always the same."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Nobody waits here."""

    def stopping(self) -> bool:
        """Nobody stops here."""
        return False


def errors_reference() -> str:
    """The whole page."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield "# What syncd makes of the vendors' errors"
    yield ""
    yield "Every answer ends in one of these:"
    yield ""
    yield "| outcome | meaning |"
    yield "|---|---|"
    yield "| retry later | nothing was done; the same is asked again after a while, by itself |"
    yield "| retry later, or unknown | a read is asked again; a write may have been done, and only reading settles it |"
    yield "| refused | not written until something changes: the field is parked or the record is a dead letter |"
    yield "| clash | the vendor holds a record that says it is the same: linked if that is proven, else a question |"
    yield "| followed | the record was deleted, merged or converted: its link follows it |"
    yield "| needs the operator | nothing is sent to this side until a person has acted |"
    yield "| a bug, or a mapping that does not fit | nothing is sent again; the run ends and says which call it was |"
    yield ""
    yield "What was sent and got no answer at all is unknown as well; what was not sent in time is sent next time."
    yield ""
    yield "## HubSpot, whole calls"
    yield ""
    yield from _table(_hubspot_calls())
    yield "## HubSpot, one record of a batch"
    yield ""
    yield from _table(_hubspot_rows())
    yield "## Salesforce, whole calls"
    yield ""
    yield from _table(_salesforce_calls())
    yield "## Salesforce, one record of a batch or job"
    yield ""
    yield from _table(_salesforce_rows())
    yield "## Salesforce, logging in"
    yield ""
    yield from _table(_salesforce_logins())


def _table(rows: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    yield "| answer | outcome | in words |"
    yield "|---|---|---|"
    for answer, outcome, words in rows:
        yield f"| {answer} | {outcome} | {words.replace('|', '/')} |"
    yield ""


def _hubspot_calls() -> Iterator[tuple[str, str, str]]:
    rates = HubSpotRates()
    classify = judge(rates, StillClock())
    apart = judge(rates, StillClock(), own=rates.associations)
    for status, body in HUBSPOT_CALLS:
        name = "HTML" if body == HTML else body.get("policyName") or body.get("category") or ""
        yield f"{status} {name}".strip(), *_of_call(classify(_answer(status, body)))
        if status == 429 and "policyName" in body:
            yield f"{status} {name} of associations", *_of_call(apart(_answer(status, body)))


def _hubspot_rows() -> Iterator[tuple[str, str, str]]:
    for code in HUBSPOT_ROWS:
        category = code if code in ("OBJECT_NOT_FOUND", "CONFLICT", "LOCKED", "RATE_LIMITS") else "VALIDATION_ERROR"
        fault = read_fault({"category": category, "message": "", "errors": [{"code": code}]})
        if fault.nowhere:
            yield code, "followed", "it is read where the record went: the bin, a merge's winner; a new one is refused"
            continue
        yield code, *_of_row(fault.result("contacts"))


def _salesforce_calls() -> Iterator[tuple[str, str, str]]:
    classify = classifier(DAY, lambda: NOW)
    for status, code, message in SALESFORCE_CALLS:
        body = [{"errorCode": code, "message": message}] if code else HTML if status > 300 else [message]
        what = f"{status} {code}" if code else f"{status} HTML" if body == HTML else f"{status} with a list of records"
        told = " (concurrent)" if message.startswith("Concurrent") else ""
        yield what + told, *_of_call(classify(_answer(status, body)))


def _salesforce_rows() -> Iterator[tuple[str, str, str]]:
    for code in SALESFORCE_ROWS:
        (complaint,) = complaints([{"statusCode": code, "message": "", "fields": []}])
        yield code, *_of_row(read_trouble(complaint, "Lead"))


def _salesforce_logins() -> Iterator[tuple[str, str, str]]:
    for status, error, description in SALESFORCE_LOGINS:
        body = {"error": error, "error_description": description} if error else HTML
        what = f"{error}: {description}" if description else error or f"{status} HTML"
        yield what, *_of_call(classify_login(_answer(status, body)))


def _answer(status: int, body: Any) -> Answer:  # noqa: ANN401 - any JSON, or a page
    text = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return Answer(status, CaseInsensitiveDict(), text)


def _of_call(verdict: Verdict) -> tuple[str, str]:
    if isinstance(verdict, Again):
        pause = verdict.after or (verdict.until - NOW if verdict.until else None)
        outcome = "retry later, or unknown" if verdict.executed else "retry later"
        return outcome + _after(pause), verdict.reason
    assert isinstance(verdict, Raise)
    error = verdict.error
    if isinstance(error, Unauthorized):
        return "a new login, else needs the operator", str(error)
    if isinstance(error, NeedsOperator):
        return "needs the operator", str(error)
    if isinstance(error, RetryLater):
        return "retry later" + _after(error.after), str(error)
    assert isinstance(error, CallRefused | Rejected)
    return "of a write: as its records below; else a bug, or a mapping that does not fit", str(error)


def _of_row(result: Refused | Clash | Deferred | Trouble) -> tuple[str, str]:
    match result:
        case Refused():
            again = "; tried again once the schema was read anew" if result.unforeseen else ""
            return f"refused{again}", result.advice
        case Clash():
            return "clash", "the records that the answer names are looked at"
        case Deferred():
            return "retry later" + _after(result.after), "by itself"
        case Trouble.LOCKED:
            return (
                "retry later",
                "three times in the same run, alone and a little later each time; then in the next run",
            )
        case Trouble.LEFT:
            return "followed", "it is read where the record went: the bin, a merge's winner, a Contact"
    raise AssertionError(result)


def _after(pause: timedelta | None) -> str:
    if not pause:
        return ""
    seconds = pause.total_seconds()
    return f" (after {seconds:g} s)" if seconds < 120 else f" (after {seconds / 60:g} min)"
