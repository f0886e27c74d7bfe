"""Calls of one HubSpot account: settings, paths, token, and the request builder of the vendor's library.

The library's generated modules open a pool per access, retry behind our back and cost 61 times the CPU; its request
builder has none of that. So the builder makes URL, authorization and body, and our own session sends them. The builder
is not documented as public: the version is pinned below 13 and a test holds its contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests
from hubspot.utils.requests.http_request_builder import Request

from connectors.hubspot.errors import Fault, HubSpotRates, Rejected, judge, read_fault, usage_of
from connectors.hubspot.paths import NUMBERED, VERSIONS, Paths
from connectors.hubspot.wire import id_of, millis_of
from connectors.transport import Answer, CallFailed, Resend, Transport, Unauthorized, Usage, check_base_url, wrong_shape
from syncd.model.errors import NeedsOperator, RetryLater, WrongAccount
from syncd.model.values import Instant, Lane, Side
from syncd.ports.budget import Budget, Rate
from syncd.ports.system import Abreast, Chance, Clock, one_by_one

USER_AGENT: Final = "syncd"
_NOT_THERE: Final = 404


@dataclass(frozen=True, slots=True)
class HubSpotAccount:
    """How to reach one portal.

    ``access_token`` returns the bearer token of a service key or private app; it is asked again once after a 401, so
    that a rotated token needs no restart. ``overlap`` is in seconds of vendor time: how long a change may stay hidden
    from search before the one second look. The vendor gives no bound; 0 to 3 s were recorded.
    """

    access_token: Callable[[], str]
    base_url: str = "https://api.hubapi.com"
    api_version: str = "2026-09"
    overlap: float = 30.0
    rates: HubSpotRates = field(default_factory=HubSpotRates)


OWN_HOSTS: Final = ("api.hubapi.com",)


class HubSpotClient:
    """Sends one call. Associations go through a transport of their own: their quota headers count another day, and
    their limits are none of the account's, so that one which is used up holds up nothing else (associations guide).
    """

    def __init__(
        self,
        account: HubSpotAccount,
        *,
        side: Side,
        session: requests.Session,
        clock: Clock,
        chance: Chance,
        budget: Budget,
        abreast: Abreast = one_by_one,
    ) -> None:
        self.abreast = abreast
        self._base_url = check_base_url(account.base_url, what="the HubSpot base_url", own=OWN_HOSTS)
        self.paths = Paths(account.api_version)
        self.rates = account.rates
        self._read_token = account.access_token
        self._token: str | None = None
        self._vetted: str | None = None
        self._portal: str | None = None
        self._main = Transport(
            side=side,
            session=session,
            clock=clock,
            chance=chance,
            budget=budget,
            classify=judge(account.rates, clock),
            usage=self._heard,
        )
        self._apart = Transport(
            side=side,
            session=session,
            clock=clock,
            chance=chance,
            budget=budget,
            classify=judge(account.rates, clock, own=account.rates.associations),
        )

    @property
    def calls(self) -> int:
        """Requests sent by this object, repeats included."""
        return self._main.calls + self._apart.calls

    @property
    def used(self) -> int | None:
        """The vendor's count of today's calls as last heard."""
        return self._main.usage.used

    @property
    def limit(self) -> int | None:
        """The day's limit as last heard."""
        return self._main.usage.limit

    def waits(self, lane: Lane) -> Instant | None:
        """Until when calls of a lane have to wait for the account's calls of the day."""
        return self._main.waits(lane)

    def _heard(self, answer: Answer) -> Usage | None:
        """The day's calls, as an answer tells them; and their limit, which depends on what the account has bought."""
        usage = usage_of(answer)
        if usage is not None and usage.limit is not None:
            self.rates = self.rates.learning(usage.limit)
        return usage

    def get(
        self, operation: str, path: str, *, lane: Lane, query: Mapping[str, str | Sequence[str]] | None = None
    ) -> Answer:
        """A read by GET. Lists in ``query`` are sent repeated, as the vendor's library does."""
        rates = (self.rates.burst, self.rates.daily)
        return self._send(operation, "GET", path, lane=lane, query=query, rates=rates, resend=Resend.SAFE)

    def ask(
        self,
        operation: str,
        path: str,
        body: bytes | Mapping[str, Any],
        *,
        lane: Lane,
        query: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Answer:
        """A read by POST, or a write that is the same when done twice."""
        rates = (self.rates.burst, self.rates.daily)
        return self._send(operation, "POST", path, lane=lane, query=query, body=body, rates=rates, resend=Resend.SAFE)

    def search(self, operation: str, path: str, body: bytes, *, lane: Lane) -> Answer:
        """A search: exempt from the ten-second window, five a second for the whole account."""
        rates = (self.rates.search, self.rates.daily)
        return self._send(operation, "POST", path, lane=lane, body=body, rates=rates, resend=Resend.SAFE)

    def associate(self, operation: str, path: str, body: Mapping[str, Any] | None, *, lane: Lane) -> Answer:
        """A call of the Associations API; reading and setting the same association twice are both harmless."""
        method = "GET" if body is None else "POST"
        rates = (self.rates.associations, self.rates.daily)
        return self._send(operation, method, path, lane=lane, body=body, rates=rates, resend=Resend.SAFE, apart=True)

    def write(self, operation: str, path: str, body: Mapping[str, Any], *, lane: Lane) -> Answer:
        """A write that must not happen twice."""
        rates = (self.rates.burst, self.rates.daily)
        return self._send(operation, "POST", path, lane=lane, body=body, rates=rates, resend=Resend.NEVER)

    def details(self, *, lane: Lane) -> Answer:
        """What the vendor tells of the account; of whichever this client first heard, it stays with that.

        :raises WrongAccount: if a token that was read anew leads to another portal.
        :raises NeedsOperator: if there is no such path, from the first call on: then there are none of this version.
        """
        sent = self._token = self._token or self._read_token()
        try:
            answer = self.get("account", self.paths.account(), lane=lane)
        except (Rejected, CallFailed) as why:  # by what a page in JSON says, or one that says nothing
            if why.status != _NOT_THERE or self._portal is not None:
                raise
            raise NeedsOperator(self._unknown_version()) from why
        portal = id_of(object_of(answer, "account"), "account", "portalId")
        if self._portal is not None and portal != self._portal:
            self._token = None  # the right one may be back by the next call
            raise WrongAccount(
                f"the HubSpot token that was read anew leads to portal {portal}, and the one before to {self._portal}; "
                "nothing was sent with it: put back a token of the right portal"
            )
        self._portal = portal
        if self._token == sent:  # else it was read anew meanwhile, and which of both was answered is not known
            self._vetted = sent
        return answer

    def _unknown_version(self) -> str:
        known = [version for version in VERSIONS if version != self.paths.version]
        return (
            f"account: {urlsplit(self._base_url).netloc} answers 404 to {self.paths.account()}, so it knows"
            f" no version {self.paths.version}; set connections.NAME.marketing.api_version to {' or '.join(known)}"
            f" ({NUMBERED} for what knows the numbered paths alone), and look at connections.NAME.marketing.base_url"
        )

    def describe_token(self, *, lane: Lane) -> Answer:
        """What the vendor tells of the token itself: ``{userId, hubId, appId, scopes}`` (guide to private apps)."""
        token = self._token = self._token or self._read_token()
        return self.ask("token", self.paths.token(), {"tokenKey": token}, lane=lane)

    def close(self) -> None:
        """Gives back the connections."""
        self._main.close()

    def _send(  # noqa: PLR0913 - one way in for all of the above
        self,
        operation: str,
        method: str,
        path: str,
        *,
        lane: Lane,
        rates: tuple[Rate, ...],
        resend: Resend,
        query: Mapping[str, str | Sequence[str]] | None = None,
        body: bytes | Mapping[str, Any] | None = None,
        apart: bool = False,
    ) -> Answer:
        options: dict[str, Any] = {"method": method, "path": path}
        if query:
            options["qs"] = dict(query)
        if body is not None:
            options["body"] = body if isinstance(body, bytes) else orjson.dumps(body)
        transport = self._apart if apart else self._main

        def attempt(token: str) -> Answer:
            config = {"base_url": self._base_url, "access_token": token, "user_agent": USER_AGENT}
            built = Request(config, options)
            return transport.call(
                operation=operation,
                method=built.get_method(),
                url=built.get_url(),
                headers=built.headers,
                body=built.body,
                rate=rates,
                lane=lane,
                resend=resend,
            )

        if self._token is None:
            self._token = self._read_token()
        try:
            return attempt(self._vetted_token(self._token, operation, lane))
        except Unauthorized:
            self._token = self._read_token()  # it may have been rotated; a second refusal is final
            return attempt(self._vetted_token(self._token, operation, lane))

    def _vetted_token(self, token: str, operation: str, lane: Lane) -> str:
        """The token, once it is known to lead to the same portal as the one before it.

        :raises RetryLater: if that cannot be known for now; nothing of the call itself was sent.
        """
        if self._portal is not None and token != self._vetted and operation != "account":
            try:
                self.details(lane=lane)
            except RetryLater as why:
                raise RetryLater(str(why), after=why.after, sent=False) from why
        return token


def object_of(answer: Answer, operation: str) -> dict[str, Any]:
    """The answer as a JSON object. :raises Bug: if it is another shape."""
    body = answer.json()
    if not isinstance(body, dict):
        raise wrong_shape(operation, f"{type(body).__name__} instead of an object")
    return body


class Partial(RetryLater):
    """A part of an answer is missing; ``faults`` are what HubSpot says of that."""

    def __init__(self, what: str, faults: Sequence[Fault]) -> None:
        super().__init__(what)
        self.faults = faults


def results_of(answer: Answer, operation: str) -> tuple[list[dict[str, Any]], str | None]:
    """``results`` and the ``after`` of the next page, whose absence is the only sign of the end."""
    body = object_of(answer, operation)
    results = body.get("results")
    if not isinstance(results, list) or not all(isinstance(row, dict) for row in results):
        raise wrong_shape(operation, "results is no list of objects")
    errors = [error if isinstance(error, dict) else {"category": "?"} for error in body.get("errors") or ()]
    gaps = [error for error in errors if error.get("category") and error["category"] != "OBJECT_NOT_FOUND"]
    if gaps:  # what a batch read does not find is told so; everything else is a gap
        lacking = sorted({str(error["category"]) for error in gaps})
        raise Partial(
            f"{operation}: HubSpot answered only a part ({', '.join(lacking)[:100]}); nothing of it was used,"
            " and it is asked again",
            [read_fault(error) for error in gaps],
        )
    return results, _after(body.get("paging"), operation)


def rows_of(answer: Answer, operation: str) -> list[dict[str, Any]]:
    """``results`` of an endpoint that has no pages. :raises Bug: if the answer names a next one: rows are missing."""
    results, after = results_of(answer, operation)
    if after is not None:
        raise wrong_shape(operation, "a next page where there are no pages")
    return results


def _after(paging: object, operation: str) -> str | None:
    """Where the next page begins. Only what says nothing of a next page is the end: what cannot be read is not."""
    if paging is None:
        return None
    if not isinstance(paging, dict):
        raise wrong_shape(operation, "paging is no object")
    following = paging.get("next")
    if following is None:
        return None
    after = following.get("after") if isinstance(following, dict) else None
    if not isinstance(after, str | int) or after == "":
        raise wrong_shape(operation, "paging.next without a readable after")
    return str(after)


def vendor_now(answer: Answer) -> int | None:
    """The vendor's clock in epoch milliseconds from the ``Date`` header, whole seconds; ``None`` without one."""
    try:
        return millis_of(parsedate_to_datetime(answer.headers.get("Date", "")))  # a time without a zone is a TypeError
    except (TypeError, ValueError):
        return None
