"""One HTTP call to a vendor: charged, sent, judged, repeated only where that is safe.

What both connectors share below their vendors' words. ``Transport.call`` charges the shared budget before *every*
attempt, sends through a session of our own (pool, timeouts, no hidden retries, no redirects, capped answers), lets the
vendor's ``classify`` judge the answer and writes one ``api.call`` log line per attempt; waits, repeats and the end of
a call that failed have lines of their own.

Promises: a read is repeated on connection faults, 5xx and limits; a write is repeated only if the vendor surely did
not execute it. Everything else becomes ``RetryLater`` whose ``sent`` says whether a write may have happened. HTML where
JSON belongs, truncated and oversized bodies are failures of the call, never a crash, and an answer that drips is given
up at the call's deadline (``patience``). Waits use the injected clock and chance, and are as long as the vendor tells.
Refuses plain http beyond loopback, and never follows a redirect: a bearer token goes to one host only. A certificate
that is not trusted stops the side until a person has looked; nothing was sent then.

Length: session, verdicts and the call are one promise and are read together.
"""

from __future__ import annotations

import errno
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, StrEnum
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode, urlsplit

import orjson
import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from connectors.addresses import LOOPBACK, check_host, guard, hear_out
from connectors.certificates import failed_handshake, refused_certificate, trusting
from connectors.patience import Patience, heard_within
from syncd.model.errors import Bug, NeedsOperator, RetryLater, SyncdError
from syncd.model.values import Instant, Lane, Side
from syncd.observe.log import Plain, emit
from syncd.ports.budget import Budget, Rate, WaitUntil
from syncd.ports.system import Chance, Clock

CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 60.0
LONGEST_WAIT: Final = 60.0
"""Seconds a call waits for the budget or for the vendor; a longer wait belongs to the caller."""
LEAST_LEFT: Final = 5.0
"""Seconds that a repeated call must have yet to be sent: a write given up at once would be in doubt for nothing."""
LONGEST_TOLD: Final = timedelta(days=1)
"""What is taken of a wait that a vendor tells; the longest that one documents (HubSpot, 477)."""
LONGEST_HELD: Final = timedelta(hours=1)
"""What is taken of it for all other calls of the same limit: one of them may look every hour whether it is true."""
MAX_BODY: Final = 64 * 1024 * 1024
NEARLY_SPENT: Final = 0.9
"""Part of the day's calls from which on a person is told."""
_CHUNK: Final = 1 << 16
_SECONDS: Final = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)
"""Seconds that one can reckon with; more digits than that are no wait."""
_ESCAPED: Final = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""An escaped backslash, a whole pair of surrogates, or (the group) half of a pair."""
_QUOTED: Final = r"%(?!2[DE]|3\d|[46][1-9A-F]|[57][\dA]|5F|7E)[0-9A-F]{2}"
"""A quoted character that has to be: the unreserved ones of RFC 3986 are unquoted before they are sent."""
_AS_SENT: Final = re.compile(
    rf"/(?!\.)(?:[\w\-.~!$&'()*+,:;=@]++|/(?!\.)|{_QUOTED})*(?:\?(?:[\w\-.~!$&'()*+,/:;=?@]++|{_QUOTED})+)?", re.ASCII
)
"""What follows the host in an address where nothing is to be done to it: all is quoted that has to be, no folder
begins with a dot, and a question asks for something. Groups are not possessive: Python before 3.11.5 matches those
wrongly (python/cpython#106052).
"""


class _Unread(Enum):
    TOKEN = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answered. Header names are case-insensitive; ``body`` is the decoded content."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    parsed: Any = field(default=_Unread.TOKEN, repr=False, compare=False)

    def json(self) -> Any:  # noqa: ANN401 - JSON is any shape until its reader has looked
        """The body as JSON. :raises RetryLater: if it is not JSON; the request was executed as far as one knows."""
        if self.parsed is not _Unread.TOKEN:
            return self.parsed
        try:
            return read_json(self.body)
        except orjson.JSONDecodeError as why:
            raise RetryLater(f"answer {self.status} is no JSON: {_glimpse(self)}; it is asked again later") from why

    def detail(self) -> Any:  # noqa: ANN401 - the same
        """The body as JSON, or ``None`` where it is none: an error page of a CDN is HTML."""
        if self.parsed is not _Unread.TOKEN:
            return self.parsed
        try:
            return read_json(self.body)
        except orjson.JSONDecodeError:
            return None


class Unauthorized(NeedsOperator):
    """The vendor refused the credential. A connector may renew it and call once more before a person is needed."""


@dataclass(frozen=True, slots=True)
class Accept:
    """The answer is what was asked for."""


@dataclass(frozen=True, slots=True)
class Again:
    """Not now. ``after`` is the least wait, unless the answer tells of a longer one by itself (``Retry-After``);
    ``spent`` names the limit that is used up, until ``until``.

    ``executed`` is False only where the vendor surely did nothing (a limit, a lock): then a write may be repeated too.
    """

    reason: str
    after: timedelta | None = None
    spent: Rate | None = None
    until: Instant | None = None
    executed: bool = True


@dataclass(frozen=True, slots=True)
class Raise:
    """Calling again would not help. The text of the error need not say which call it was: it is put before it."""

    error: SyncdError


Verdict: TypeAlias = Accept | Again | Raise


class Resend(StrEnum):
    """Whether a request may reach the vendor twice."""

    SAFE = "safe"
    """A read, or a write that is the same when done twice."""
    NEVER = "never"
    """A write: repeated only if the vendor surely did not execute it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The vendor's count of the day's calls; ``None`` where the answer did not say."""

    used: int | None
    limit: int | None


def check_base_url(url: str, *, what: str, own: Sequence[str] = ()) -> str:
    """The URL without a trailing slash, if it may be called at all.

    :param what: the setting it comes from, for the error text.
    :param own: hosts of the vendor, as ``check_host`` takes them; none are whatever the caller checks by itself.
    :raises NeedsOperator: unless it is https to one of them, or plain http to 127.0.0.1 or [::1].
    """
    parts = urlsplit(url)
    try:
        loopback = parts.hostname in LOOPBACK
        _ = parts.port
    except ValueError as why:
        raise NeedsOperator(f"{what} is no URL ({why}); write it like https://host[:port]") from why
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise NeedsOperator(f"{what} must be a plain URL like https://host[:port], without user, query or fragment")
    if parts.scheme == "https" or (parts.scheme == "http" and loopback):
        if own:
            check_host(parts.hostname, own, what=what)
        return url.rstrip("/")
    raise NeedsOperator(
        f"{what} uses {parts.scheme or 'no scheme'} for {parts.hostname}, which would show the credential to the"
        " network; use https (plain http is for 127.0.0.1 and [::1] only)"
    )


def open_session(*, pool: int, base_url: str, ca_file: str | None = None) -> requests.Session:
    """A session with ``pool`` kept connections, default timeouts, no hidden retries, no cookies and no ``.netrc``.

    Proxy and CA settings of the environment are used, except for loopback.

    :param ca_file: certificate authorities in PEM form that are trusted beside the public ones.
    :raises NeedsOperator: if that file cannot be used.
    """
    session = requests.Session()
    session.trust_env = urlsplit(base_url).hostname not in LOOPBACK
    session.auth = _keep_headers  # else requests would replace our bearer header by an entry of ~/.netrc
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(pool, trusting(ca_file) if ca_file is not None else None)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Adapter(HTTPAdapter):
    """Gives every request a timeout, switches urllib3's own retries off, and keeps plain http on loopback."""

    def __init__(self, pool: int, trust: ssl.SSLContext | None) -> None:
        self._trust = {} if trust is None else {"ssl_context": trust}
        # urllib3 retries silently by default, also on 413/429/503 with Retry-After; our counters must see every call.
        quiet = Retry(total=0, redirect=0, respect_retry_after_header=False, raise_on_status=False)
        super().__init__(pool_connections=4, pool_maxsize=pool, max_retries=quiet)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the signature of requests, passed on
        """Direct connections lead to no machine of the network here; those to a proxy are the environment's choice."""
        super().init_poolmanager(*args, **kwargs)
        guard(self.poolmanager)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the same
        """The connections that a request may take; to a proxy, too, they wait for no answer without end."""
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        if isinstance(pool, urllib3.HTTPConnectionPool):
            hear_out(pool)
        return pool

    def build_connection_pool_key_attributes(
        self,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401 - requests gives its names to type checkers only
        """What a pool of connections is made with, to the host itself or through a proxy."""
        host, more = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {**more, **self._trust}

    def send(  # the signature of requests, passed on
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise requests.exceptions.InvalidURL(f"plain http to {parts.hostname} is refused")
        timeout = kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_TIMEOUT, READ_TIMEOUT)
        with heard_within(timeout.left) if isinstance(timeout, Patience) else nullcontext():
            return super().send(request, *args, **kwargs)


class CallFailed(RetryLater):
    """One attempt failed. ``repeatable`` says whether the next one may follow at once (after ``wait`` seconds),
    ``status`` is that of its answer, 0 where none came.
    """

    def __init__(
        self, what: str, *, sent: bool, repeatable: bool, after: timedelta | None = None, status: int = 0
    ) -> None:
        super().__init__(what, after=after, sent=sent)
        self.repeatable = repeatable
        self.status = status


def read_json(body: bytes) -> Any:  # noqa: ANN401 - JSON is any shape until its reader has looked
    """A body as JSON. Half of a surrogate pair, which is left where a vendor cuts a text inside an emoji, is no text
    to orjson and would spoil the whole page: it is read as U+0000, which no text may hold either, so that its field
    alone is refused and listed, instead of being changed behind everybody's back.

    :raises orjson.JSONDecodeError: if it is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        whole = _ESCAPED.sub(lambda found: b"\\u0000" if found[1] else found[0], body)
        if whole == body:
            raise
        return orjson.loads(whole)


@dataclass(slots=True)
class _Call:
    """One call on its way through its attempts. ``status`` is that of the last answer, 0 where none came."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str] | None
    params: Mapping[str, str] | None
    body: bytes | None
    rates: tuple[Rate, ...]
    lane: Lane
    resend: Resend
    started: float
    plain: bool = False
    attempt: int = 0
    status: int = 0

    def fail(self, why: str, *, sent: bool, executed: bool, after: timedelta | None = None) -> CallFailed:
        """An attempt's failure in words, with what may be done next."""
        may_repeat = self.resend is Resend.SAFE or not executed
        return CallFailed(
            f"{self.operation}: {why}",
            sent=sent and executed,
            repeatable=may_repeat,
            after=after,
            status=self.status,
        )


class Transport:
    """Calls of one account of one vendor.

    ``calls`` counts attempts that were sent; ``usage`` is the vendor's count of the day as last heard.
    """

    def __init__(  # noqa: PLR0913 - the outer world, piece by piece
        self,
        *,
        side: Side,
        session: requests.Session,
        clock: Clock,
        chance: Chance,
        budget: Budget,
        classify: Callable[[Answer], Verdict],
        usage: Callable[[Answer], Usage | None] | None = None,
        attempts: int = 5,
        total_deadline: float = 120.0,
    ) -> None:
        """Takes the vendor's judge and, where the vendor counts for us, the reader of its quota headers.

        :param attempts: sends of one call at most. :param total_deadline: seconds from first send to the last byte.
        """
        self.side = side
        self._session = session
        self._hosts: dict[str, Mapping[str, Any]] = {}
        self._prepared_hosts: dict[str, str] = {}
        self._clock = clock
        self._chance = chance
        self._budget = budget
        self._classify = classify
        self._read_usage = usage
        self._attempts = attempts
        self._deadline = total_deadline
        self.calls = 0
        self.usage = Usage(None, None)
        self._warned = False
        # One for all calls, which it is handed as the argument of each: its own state is kept per thread.
        self._retrying = tenacity.Retrying(
            sleep=clock.sleep,
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, CallFailed) and error.repeatable),
            wait=self._wait,
            stop=self._is_over,
            before_sleep=self._tell_retry,
            reraise=True,
        )

    def call(  # noqa: PLR0913 - a request has this many parts
        self,
        *,
        operation: str,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        rate: Rate | Sequence[Rate],
        lane: Lane,
        resend: Resend,
        plain: bool = False,
    ) -> Answer:
        """The vendor's accepted answer, whose body is JSON; only a 204 has none.

        :param plain: the body is something else, which the caller looks into.
        :raises RetryLater: it did not work for now; ``sent`` is False if the vendor surely executed nothing.
        :raises NeedsOperator: a person must act first (``Unauthorized``: the credential was refused).
        :raises Bug: the vendor calls our request wrong.
        """
        rates = (rate,) if isinstance(rate, Rate) else tuple(rate)
        call = _Call(operation, method, url, headers, params, body, rates, lane, resend, self._clock.monotonic(), plain)
        try:
            answer: Answer = self._retrying(self._attempt, call)
        except SyncdError as error:
            self._tell("api.refused", call, attempts=call.attempt, error=type(error).__name__, reason=str(error))
            raise
        return answer

    def waits(self, lane: Lane) -> Instant | None:
        """Until when calls of a lane have to wait, since what is left of the day is kept for others."""
        return self._budget.waits(lane)

    def close(self) -> None:
        """Gives back the connections."""
        self._session.close()

    def _attempt(self, call: _Call) -> Answer:
        self._charge(call)
        if call.attempt and self._left(call) < LEAST_LEFT:
            raise RetryLater(f"{call.operation}: its time was over before the limits let it go again", sent=False)
        call.attempt += 1
        call.status = size = 0
        began = self._clock.monotonic()
        try:
            answer = self._send(call)
            call.status, size = answer.status, len(answer.body)
            self._hear_usage(answer)
        finally:
            left = None if self.usage.limit is None or self.usage.used is None else self.usage.limit - self.usage.used
            self._tell(
                "api.call",
                call,
                ms=round((self._clock.monotonic() - began) * 1000),
                bytes=size,
                attempt=call.attempt,
                quota_left=left,
            )
        return self._judge(call, answer)

    def _tell(self, event: str, call: _Call, **keys: Plain) -> None:
        """One log line about a call."""
        emit(event, side=self.side.value, operation=call.operation, method=call.method, status=call.status, **keys)

    def _tell_retry(self, state: tenacity.RetryCallState) -> None:
        call: _Call = state.args[0]
        error = state.outcome.exception() if state.outcome else None
        self._tell("api.retry", call, attempt=call.attempt, after=round(state.upcoming_sleep, 1), reason=str(error))

    def _charge(self, call: _Call) -> None:
        """Waits for every limit of the call, up to ``LONGEST_WAIT`` seconds in all."""
        began = self._clock.monotonic()
        for rate in call.rates:
            while isinstance(grant := self._budget.acquire(rate, call.lane), WaitUntil):
                wait = max(0.0, (grant.at - self._clock.now()).total_seconds())
                if self._clock.monotonic() - began + wait > LONGEST_WAIT:
                    raise RetryLater(
                        f"{call.operation}: {_held_up(rate, call.lane, grant)} for another {wait:,.0f} s; the work goes"
                        " on then",
                        after=timedelta(seconds=wait),
                        sent=False,
                    )
                emit(
                    "api.waited", side=self.side.value, operation=call.operation, rate=rate.name, waited=round(wait, 1)
                )
                self._clock.sleep(wait)

    def _prepared(self, call: _Call) -> requests.PreparedRequest:
        """The request with the session's own headers. ``Session.request`` merges and asks much more, each time anew,
        that says nothing here: parameters, hooks and credentials of the session, and ``.netrc``.
        """
        prepared = requests.PreparedRequest()
        prepared.prepare_method(call.method)
        query = f"{'&' if '?' in call.url else '?'}{urlencode(call.params)}" if call.params else ""
        self._address(prepared, call.url + query)
        prepared.prepare_headers({**self._session.headers, **(call.headers or {})})  # of one name the last counts
        prepared.prepare_cookies(self._session.cookies)  # there are none, but a redirect is looked at with them
        prepared.prepare_body(call.body, None)
        return prepared

    def _address(self, prepared: requests.PreparedRequest, url: str) -> None:
        """Where it goes. Hosts are looked at by requests once, and what follows them only where it is not as it is to
        be sent: that would take longer than all else of the request.
        """
        end = url.find("/", len("https://"))
        host, rest = url[:end], url[end:]
        if end > 0 and host in self._prepared_hosts and _AS_SENT.fullmatch(rest):
            prepared.url = self._prepared_hosts[host] + rest
            return
        prepared.prepare_url(url, "")
        if end > 0 and prepared.url is not None:
            self._prepared_hosts[host] = prepared.url[: prepared.url.find("/", len("https://"))]

    def _settings(self, url: str) -> Mapping[str, Any]:
        """Proxy and certificates for a host, as the environment says: asked once, since it stays as it is."""
        host = url[: url.find("/", len("https://"))]
        if host not in self._hosts:
            self._hosts[host] = self._session.merge_environment_settings(url, {}, True, None, None)
        return self._hosts[host]

    def _send(self, call: _Call) -> Answer:
        self.calls += 1
        try:
            prepared = self._prepared(call)
            settings = self._settings(prepared.url or "")
            patience = Patience(CONNECT_TIMEOUT, READ_TIMEOUT, lambda: self._left(call))
            with self._session.send(prepared, allow_redirects=False, timeout=patience, **settings) as response:
                body = bytearray()
                for chunk in response.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > MAX_BODY:
                        reason = f"the answer is larger than {MAX_BODY} bytes"
                        self._tell("api.wrong_shape", call, reason=reason)
                        raise call.fail(
                            f"{reason} and is not read; look for a proxy or a faulty page between here and"
                            f" {urlsplit(call.url).netloc}",
                            sent=True,
                            executed=True,
                        )
                return Answer(response.status_code, response.headers, bytes(body))
        except requests.exceptions.RequestException as why:
            if isinstance(why, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
                raise NeedsOperator(f"{call.operation}: {why}; correct the base URL in the settings") from why
            untrusted, host = refused_certificate(why), urlsplit(call.url).netloc
            if untrusted is not None:
                raise NeedsOperator(
                    f"{call.operation}: nothing was sent, because the certificate that {host} shows {untrusted}"
                ) from why
            handshake = failed_handshake(why)
            if handshake is not None:
                reason = (
                    f"the TLS handshake with {host} failed ({handshake}); it is tried again, and if it stays so, look"
                    " for a proxy on the way"
                )
                raise call.fail(reason, sent=False, executed=False) from why
            if surely_not_sent(why):
                reason = f"{host} could not be reached ({why_not_reached(why)})"
                raise call.fail(reason, sent=False, executed=False) from why
            reason = f"the connection broke before the answer was complete ({type(why).__name__})"
            raise call.fail(reason, sent=True, executed=True) from why

    def _hear_usage(self, answer: Answer) -> None:
        usage = self._read_usage(answer) if self._read_usage else None
        if usage is None:
            return
        self.usage = usage
        self._budget.report(used=usage.used, limit=usage.limit)
        if usage.used is None or not usage.limit:
            return
        share = usage.used / usage.limit
        if share >= NEARLY_SPENT and not self._warned:
            emit("quota.low", side=self.side.value, used=usage.used, limit=usage.limit, share=round(share, 3))
        self._warned = share >= NEARLY_SPENT

    def _judge(self, call: _Call, answer: Answer) -> Answer:
        if 300 <= answer.status < 400 and answer.status != 304:
            to = urlsplit(answer.headers.get("Location", "")).netloc or "nowhere"
            raise NeedsOperator(
                f"{call.operation}: {urlsplit(call.url).netloc} redirects to {to}; redirects are not followed with a"
                " credential: set the base URL to the right host"
            )
        verdict = self._classify(answer)
        if isinstance(verdict, Raise):
            verdict.error.args = (f"{call.operation}: {verdict.error}",)
            raise verdict.error
        if isinstance(verdict, Again):
            now = self._clock.now()
            until = None if verdict.until is None else verdict.until - now
            waits = [wait for wait in (verdict.after, until, told_wait(answer, now)) if wait is not None]
            after = max(waits, default=None)
            if verdict.spent is not None and until is not None:
                self._budget.penalize(verdict.spent, now + max(until, min(max(waits), LONGEST_HELD)))
            reason = f"{verdict.reason}; the work goes on later, and if it stays so, look at the vendor's status page"
            raise call.fail(reason, sent=True, executed=verdict.executed, after=after)
        if answer.status == 204 or call.plain:
            return answer
        try:
            parsed = read_json(answer.body)
        except orjson.JSONDecodeError as why:
            self._tell("api.wrong_shape", call, reason=f"no JSON: {_glimpse(answer)}")
            what = (
                f"answer {answer.status} is no JSON: {_glimpse(answer)}; it is asked again next time, and if it "
                "stays so, look at the vendor's status page and at a proxy or login page between here and there"
            )
            raise call.fail(what, sent=True, executed=True) from why
        return Answer(answer.status, answer.headers, answer.body, parsed)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """The vendor's wait if it named one, else doubling from half a second; both with jitter upwards."""
        error = state.outcome.exception() if state.outcome else None
        after = error.after if isinstance(error, RetryLater) else None
        least = after.total_seconds() if after else min(30.0, 0.5 * 2.0 ** (state.attempt_number - 1))
        return least + self._chance.uniform(0.0, min(5.0, least / 2))

    def _is_over(self, state: tenacity.RetryCallState) -> bool:
        call: _Call = state.args[0]
        return (
            state.attempt_number >= self._attempts
            or state.upcoming_sleep > LONGEST_WAIT
            or state.upcoming_sleep + LEAST_LEFT > self._left(call)
        )

    def _left(self, call: _Call) -> float:
        """Seconds that a call may take yet."""
        return self._deadline - (self._clock.monotonic() - call.started)


def told_wait(answer: Answer, now: Instant) -> timedelta | None:
    """How long the vendor wants to be left alone (``Retry-After``, in seconds or as a date by its own clock), a day at
    most; ``None`` where it does not tell, or nothing that can be read.

    :param now: our time, for a date in an answer that does not tell the vendor's.
    """
    told = answer.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(told):
        return timedelta(seconds=min(float(told), LONGEST_TOLD.total_seconds()))
    until = _read_date(told)
    if until is None:
        return None
    wait = until - (_read_date(answer.headers.get("Date", "")) or now)
    return min(wait, LONGEST_TOLD) if wait > timedelta(0) else None


def _read_date(text: str) -> Instant | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def surely_not_sent(error: BaseException) -> bool:
    """Whether a fault of requests arose before the first byte of the request was sent: no name, no connection, no TLS.

    Errors of certificates and handshakes are told apart before (``certificates``). A connection that breaks later, even
    one that was kept alive and closed by the vendor, may have carried the request.
    """
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    if isinstance(error, requests.exceptions.ConnectionError):
        inner = error.args[0] if error.args else None
        reason = inner.reason if isinstance(inner, urllib3.exceptions.MaxRetryError) else inner
        return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
    return False


def why_not_reached(error: requests.exceptions.RequestException) -> str:
    """What the system said when a connection was to be opened, with what helps where this machine is the trouble; else
    the error's name.
    """
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, urllib3.exceptions.MaxRetryError) else inner
    cause = reason.__cause__ if isinstance(reason, BaseException) else None
    if not isinstance(cause, OSError) or cause.strerror is None:
        return type(error).__name__
    if cause.errno in {errno.EMFILE, errno.ENFILE}:
        return (
            f"{cause.strerror} on this machine: raise the limit of open files, LimitNOFILE in the unit of the service"
        )
    return cause.strerror


def wrong_shape(operation: str, what: str) -> Bug:
    """The error for JSON of a shape nobody foresaw: nothing is assumed of it. ``what`` names the record, field or part
    of the answer, never a value; it is logged too.
    """
    emit("api.wrong_shape", operation=operation, reason=what)
    return Bug(
        f"{operation}: the answer has an unforeseen shape ({what}); nothing of it was used and it is asked again next"
        " time. If it stays so, look for a proxy on the way to the vendor, or report it with the vendor's API version"
    )


def _glimpse(answer: Answer) -> str:
    """What an unreadable body is, without quoting it: it may hold people's values."""
    kind = answer.headers.get("Content-Type", "no content type")
    start = "HTML" if answer.body.lstrip()[:1] == b"<" else "text"
    return f"{start}, {len(answer.body)} bytes, {kind}"


def _held_up(rate: Rate, lane: Lane, why: WaitUntil) -> str:
    """What a call waits for that cannot wait so long."""
    if why.kept:
        return f"what is left of {rate.name} is kept for other programs, and the lane {lane} waits"
    return f"the limit {rate.name} ({rate.told}) is used up"
