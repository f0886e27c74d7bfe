"""What HubSpot's refusals mean: for a whole call (``judge``) and for one row (``read_fault``).

The body of an error is a wish list: every part of it is optional, detail may be only inside ``message`` as JSON text,
and a proxy may answer HTML (vendor's error page; recorded traffic). So everything is looked for and nothing assumed.
``Rejected`` keeps the vendor's words apart from its own text, since they may quote people's values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import orjson

from connectors.transport import Accept, Again, Answer, Raise, Unauthorized, Usage, Verdict, told_wait
from syncd.model.errors import Bug, NeedsOperator
from syncd.model.remote import RemoteRef
from syncd.model.write import Clash, Deferred, Refused
from syncd.ports.budget import DAY, Rate
from syncd.ports.system import Clock

DAILY_PAUSE: Final = timedelta(hours=1)
"""The day ends at midnight in the account's zone, which an answer does not tell; every hour is soon enough to look."""
LOCK_PAUSE: Final = timedelta(seconds=2)
MOVING_PAUSE: Final = timedelta(minutes=5)
_ASSOCIATIONS: Final = 150
"""Calls of associations in ten seconds, whatever an account has beyond the small plans (associations guide)."""
_DIGITS: Final = 10
"""A number in a header has fewer digits, or it is none that one can reckon with."""
SCHEMA_CODES: Final = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
"""Faults of the property, not of the value: every row that holds the property has them."""

_EXISTING = re.compile(r"Existing ID:\s*(\d+)|\b(\d+) already has that value")
_ADVICE: Final = {
    "PROPERTY_DOESNT_EXIST": "create the property in HubSpot or take it out of the mapping",
    "READ_ONLY_VALUE": "HubSpot computes this property; map it from HubSpot only",
    "INVALID_OPTION": "add the option to the HubSpot property or to the value table of the mapping",
    "INVALID_EMAIL": "correct the address on the other side",
    "INVALID_DATE": "give the field the type date or datetime in the mapping",
    "INVALID_INTEGER": "map a numeric field",
    "INVALID_LONG": "map a numeric field",
    "INVALID_STRING_LENGTH": "shorten the text; HubSpot takes 65,536 characters",
    "REQUIRED_PROPERTY_MISSING": "give the field a default in the mapping or relax the rule in HubSpot",
}


@dataclass(frozen=True, slots=True)
class HubSpotRates:
    """The limits of one account; calls are spaced so that no window of the vendor's can be overrun.

    Defaults: Professional tier, 190 calls in 10 s, given as 150 with a burst of 40; search 5 a second for all search
    endpoints together, spread over 1.1 s because arrivals jitter; associations have figures of their own (vendor's
    usage page, search page, associations guide). The day has what its answers tell, 625,000 until the first one, unless
    syncd is given a figure of its own (``fixed``): tiers and add-ons give from 250,000 to 3,000,000.
    """

    burst: Rate = field(default_factory=lambda: Rate("burst", 150, 10.0, 40))
    search: Rate = field(default_factory=lambda: Rate("search", 5, 1.1, 1))
    associations: Rate = field(default_factory=lambda: _in_ten_seconds("associations", _ASSOCIATIONS))
    daily: Rate = field(default_factory=lambda: _a_day(625_000))
    fixed: bool = False

    @classmethod
    def of(cls, *, per_10_seconds: int, search_per_second: int, daily_calls: int | None = None) -> HubSpotRates:
        """The limits of an account with other figures; a plan of few calls has few of associations, too.

        :param daily_calls: what syncd uses at most in a day; ``None``: what the account has.
        """
        rates = cls(
            burst=_in_ten_seconds("burst", per_10_seconds),
            search=Rate("search", search_per_second, 1.1, max(1, search_per_second // 5)),
            associations=_in_ten_seconds("associations", min(per_10_seconds, _ASSOCIATIONS)),
        )
        return rates if daily_calls is None else replace(rates, daily=_a_day(daily_calls), fixed=True)

    def learning(self, limit: int) -> HubSpotRates:
        """The same with the day's limit that the account told. One of no calls is none that can be kept to."""
        return self if self.fixed or limit in (0, self.daily.calls) else replace(self, daily=_a_day(limit))


def _in_ten_seconds(name: str, calls: int) -> Rate:
    """So many calls in any ten seconds, a fifth of which may come at once."""
    at_once = max(1, calls // 5)
    return Rate(name, max(1, calls - at_once), 10.0, at_once)


def _a_day(calls: int) -> Rate:
    return Rate("daily", calls, DAY, calls)


@dataclass(frozen=True, slots=True)
class Fault:
    """One refusal in HubSpot's words. ``fields`` are the properties it names, ``traces`` and ``ids`` the rows."""

    category: str
    code: str
    message: str
    fields: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    @property
    def passing(self) -> bool:
        """Whether it is a limit or a lock, which passes by itself and says nothing of the row."""
        return self.category in ("RATE_LIMITS", "RATE_LIMIT", "LOCKED")

    @property
    def nowhere(self) -> bool:
        """Whether HubSpot did not find the record: it may be gone, or be another one since it was merged."""
        return self.category == "OBJECT_NOT_FOUND"

    def result(self, kind: str, *, status: int = 400) -> Refused | Clash | Deferred:
        """What this fault makes of the row it belongs to."""
        if status in (423, 429) or self.passing:
            return Deferred(self.code, self.message, LOCK_PAUSE)
        existing = _EXISTING.search(self.message)
        if status == 409 or self.category == "CONFLICT" or existing:
            held = (RemoteRef(kind, existing[1] or existing[2]),) if existing else ()
            return Clash(self.code, self.message, held, self.fields)
        advice = _ADVICE.get(self.code, "see the reason; correct the value, the mapping or the HubSpot property")
        return Refused(self.code, self.message, advice, self.fields, unforeseen=self.code in SCHEMA_CODES)


class Rejected(Bug):
    """HubSpot refused the whole call with a 4xx. Callers look at ``fault``; uncaught, it is a call nobody foresaw."""

    def __init__(self, status: int, fault: Fault) -> None:
        named = f", properties {', '.join(fault.fields)}" if fault.fields else ""
        super().__init__(
            f"HubSpot answered {status} {fault.code}{named}; compare the mapping with the portal's properties, and"
            " report the call if both agree"
        )
        self.status = status
        self.fault = fault


def read_fault(body: Any) -> Fault:  # noqa: ANN401 - parsed JSON
    """Reads a whole error body, or one element of ``errors`` in a multi-status answer."""
    top = body if isinstance(body, dict) else {}
    nested = [entry for entry in _list(top.get("errors")) if isinstance(entry, dict)]
    contexts = [top.get("context"), *(entry.get("context") for entry in nested)]
    message = str(top.get("message") or "no message")
    told = _inside(message)
    fields = [
        *_named(contexts, "propertyName"),
        *(str(entry["name"]) for entry in told if entry.get("name")),
        *(str(entry["name"]) for entry in nested if entry.get("name") and "code" not in entry),
    ]
    codes = [
        *(entry.get("code") for entry in nested),
        top.get("code"),
        *(entry.get("error") for entry in told),
        top.get("category"),
        top.get("errorType"),
    ]
    return Fault(
        category=str(top.get("category") or top.get("errorType") or ""),
        code=next((str(code) for code in codes if code), "UNKNOWN"),
        message=message,
        fields=tuple(dict.fromkeys(fields)),
        traces=tuple(_named(contexts, "objectWriteTraceId")),
        ids=(*_named(contexts, "ids"), *_named(contexts, "id")),
    )


def judge(rates: HubSpotRates, clock: Clock, *, own: Rate | None = None) -> Callable[[Answer], Verdict]:
    """The judge of one account's answers.

    :param own: the limit of an API that has figures of its own: its 429 has the words of the account's limits and is
        none of them (associations guide).
    """

    def classify(answer: Answer) -> Verdict:
        status = answer.status
        if status < 300:
            return Accept()
        body = answer.detail()
        if status == 429:
            return _limited(body, rates, clock, own)
        if status == 423:
            return Again("HubSpot has locked the records for a moment (423)", after=LOCK_PAUSE, executed=False)
        if status == 477:
            return Again(
                "HubSpot is moving this account to another data centre (477)",
                after=told_wait(answer, clock.now()) or MOVING_PAUSE,
                executed=False,
            )
        if status >= 500 or status == 408:
            return Again(f"HubSpot answered {status}")
        if status == 401:  # whatever the body: a gateway may answer in HubSpot's place
            return Raise(
                Unauthorized(
                    "HubSpot refused the access token (401); create a new service key in Development > Keys,"
                    " and store it where the settings point to"
                )
            )
        if not isinstance(body, dict):
            return Again(f"something before HubSpot answered {status} without JSON")
        if status == 403:
            return Raise(NeedsOperator(_lacking(body)))
        return Raise(Rejected(status, read_fault(body)))

    return classify


def usage_of(answer: Answer) -> Usage | None:
    """The day's calls from the two daily headers, which search answers and OAuth apps lack (vendor's usage page)."""
    limit = answer.headers.get("X-HubSpot-RateLimit-Daily", "")
    left = answer.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
    if not all(text.isdecimal() and len(text) < _DIGITS for text in (limit, left)):
        return None
    return Usage(int(limit) - int(left), int(limit))


def _limited(body: Any, rates: HubSpotRates, clock: Clock, own: Rate | None) -> Again:  # noqa: ANN401 - parsed JSON
    """Which limit a 429 means. Search has another body than the rest, and neither documents a wait; one that is
    told all the same is kept by the transport.
    """
    top = body if isinstance(body, dict) else {}
    told = f"{top.get('policyName', '')} {top.get('message', '')}".upper()
    if "DAILY" in told:
        spent, pause = rates.daily, DAILY_PAUSE
    elif "SECONDLY LIMIT" in told and "TEN_SECONDLY" not in told:
        spent, pause = rates.search, timedelta(seconds=1)
    else:
        spent, pause = rates.burst, timedelta(seconds=10)
    spent = own or spent
    return Again(
        f"HubSpot's limit {spent.name} is used up (429)", spent=spent, until=clock.now() + pause, executed=False
    )


def _lacking(body: Mapping[str, Any]) -> str:
    scopes = _named([entry.get("context") for entry in _list(body.get("errors"))], "requiredGranularScopes")
    if scopes:
        return (
            f"HubSpot refused the call: the access token lacks a scope of {', '.join(scopes)} (403); add it to the"
            " service key or private app"
        )
    return (
        f"HubSpot refused the call (403 {read_fault(body).code}); give the service key or private app the scopes that"
        " `syncd doctor` names"
    )


def _inside(message: str) -> list[dict[str, Any]]:
    """The JSON list that some messages carry as text."""
    start, end = message.find("["), message.rfind("]")
    if start < 0 or end < start:
        return []
    try:
        told = orjson.loads(message[start : end + 1])
    except orjson.JSONDecodeError:
        return []
    return [entry for entry in _list(told) if isinstance(entry, dict)]


def _named(contexts: Iterable[Any], name: str) -> list[str]:
    found: list[str] = []
    for context in contexts:
        value = context.get(name) if isinstance(context, dict) else None
        found += [str(entry) for entry in _list(value)] if isinstance(value, list) else [str(value)] if value else []
    return found


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - parsed JSON
    return value if isinstance(value, list) else []
