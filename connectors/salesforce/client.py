"""Calls of one org: url and headers from simple-salesforce, everything else ours.

simple-salesforce is built with session id and instance url of our own login ("direct"), so that its re-login, which
drops the headers of a call and can recurse without end, is never used. Its other traps met here: https is hard-coded
(an adapter sends such URLs to the loopback origin), no timeouts (our session's adapter has them), ``X-PrettyPrint``
(removed), brackets of IPv6 hosts and port 443 are lost (rebuilt), a usage that goes stale (read from every answer).
Promises ``Sforce-Auto-Assign: FALSE`` on every call but one that is sent ``BY_RULES``, the same headers after a
re-login, and exactly one re-login a call: a session that is refused twice needs a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import BaseAdapter
from simple_salesforce.api import Salesforce

from connectors.salesforce.errors import classifier, classify_login
from connectors.salesforce.token import OWN_HOSTS, Login, Secret, Token, TokenSource
from connectors.transport import Answer, Resend, Transport, Unauthorized, Usage, check_base_url, open_session
from syncd.model.errors import NeedsOperator
from syncd.model.values import Instant, Lane, Side
from syncd.ports.budget import DAY, Budget, Rate
from syncd.ports.system import Chance, Clock

JSON: Final = "application/json"
CSV: Final = "text/csv"
BY_RULES: Final = MappingProxyType({"Sforce-Auto-Assign": "TRUE"})
"""For creates whose owner the org's assignment rules are to choose ("Assignment Rule Header")."""
_USAGE: Final = re.compile(r"(?<![\w-])api-usage=(\d{1,9})/(\d{1,9})\b")
_VERSION: Final = re.compile(r"\d{2,3}\.0")


@dataclass(frozen=True, slots=True)
class SalesforceAccount:
    """How to reach one org. Secrets are callables: they are asked for at every login, so a rotated one is taken up.

    ``login_url`` is the My Domain (``https://acme.my.salesforce.com``); ``flow`` is ``client_credentials`` (needs
    ``client_secret``) or ``jwt_bearer`` (needs ``private_key`` in PEM form and ``username``; ``audience`` is the login
    host where it differs from ``login_url``). ``overlap`` is how many seconds a transaction may take from its stamps to
    its commit; ``daily_calls`` is the org's allocation of API calls for 24 hours; ``allow_duplicates`` overrides
    duplicate rules of the kind *alert*; ``individuals`` asks for ``Individual.ShouldForget`` of Leads and Contacts;
    ``ca_file`` names certificate authorities that are trusted beside the public ones.
    """

    login_url: str
    client_id: Secret
    client_secret: Secret | None = None
    private_key: Secret | None = None
    username: str | None = None
    flow: str = "client_credentials"
    audience: str | None = None
    api_version: str = "64.0"
    overlap: float = 120.0
    daily_calls: int = 100_000
    allow_duplicates: bool = False
    individuals: bool = False
    pool: int = 4
    ca_file: str | None = None


class SalesforceClient:
    """One org, shared by the connectors of all lanes."""

    def __init__(
        self,
        account: SalesforceAccount,
        *,
        side: Side,
        clock: Clock,
        chance: Chance,
        budget: Budget,
        session: requests.Session | None = None,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        """:param session: for tests; by default our own. :param lock: makes re-logins single-flight among threads.

        :raises NeedsOperator: ``login_url`` or ``api_version`` cannot be used.
        """
        login_url = check_base_url(account.login_url, what="login_url", own=OWN_HOSTS)
        if not _VERSION.fullmatch(account.api_version):
            raise NeedsOperator(f"api_version {account.api_version!r} is no version of the API; write it like '64.0'")
        self.account = replace(account, login_url=login_url)
        self._clock = clock
        self._session = session or open_session(pool=account.pool, base_url=login_url, ca_file=account.ca_file)
        self.rate = Rate("salesforce.daily", account.daily_calls, DAY, account.daily_calls)
        shared: dict[str, Any] = {
            "side": side,
            "session": self._session,
            "clock": clock,
            "chance": chance,
            "budget": budget,
        }
        self._transport = Transport(classify=classifier(self.rate, clock.now), usage=read_usage, **shared)
        self._login_transport = Transport(classify=classify_login, **shared)
        login = Login(
            login_url=login_url,
            client_id=account.client_id,
            client_secret=account.client_secret,
            private_key=account.private_key,
            username=account.username,
            flow=account.flow,
            audience=account.audience,
        )
        self._tokens = TokenSource(
            login, transport=self._login_transport, clock=clock, rate=self.rate, lock=lock or nullcontext()
        )
        self._org: tuple[Token, Salesforce] | None = None
        self._skew: timedelta | None = None
        self.base_path = f"/services/data/v{account.api_version}/"

    @property
    def calls(self) -> int:
        """Calls sent so far, logins and repetitions included."""
        return self._transport.calls + self._login_transport.calls

    @property
    def usage(self) -> Usage:
        """The org's count of the day, as last heard."""
        return self._transport.usage

    def waits(self, lane: Lane) -> Instant | None:
        """Until when calls of a lane have to wait for the org's calls of the day."""
        return self._transport.waits(lane)

    @property
    def write_headers(self) -> Mapping[str, str]:
        """Headers that say how to write; they go with every call and, in a Composite, with every subrequest.

        Assignment rules run on created *and updated* Leads, Accounts and Cases unless told not to ("Assignment Rule
        Header"); ``allowSave`` is false unless the account says otherwise ("Duplicate Rule Header").
        """
        headers = {"Sforce-Auto-Assign": "FALSE"}
        if self.account.allow_duplicates:
            headers["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
        return headers

    def user(self, lane: Lane) -> str | None:
        """The id of the user that the session acts as, as the login told it."""
        return self._tokens.current(lane).user

    def vendor_now(self, answer: Answer | None = None) -> Instant:
        """The vendor's time: of this answer (whole seconds, from its Date header), or estimated from the last one."""
        told = answer.headers.get("Date") if answer is not None else None
        try:
            heard = parsedate_to_datetime(told) if told else None
        except ValueError:
            heard = None
        return heard if heard is not None and heard.tzinfo is not None else self.told_now() or self._clock.now()

    def told_now(self) -> Instant | None:
        """The vendor's time, estimated from the last answer; ``None`` before the first one that told it."""
        return None if self._skew is None else self._clock.now() + self._skew

    def get(self, operation: str, path: str, *, lane: Lane) -> Answer:
        """A read of a resource below the version (``query?q=...``) or of a ``nextRecordsUrl``."""
        return self._call(operation, "GET", path, None, lane, Resend.SAFE)

    def send(
        self,
        operation: str,
        method: str,
        path: str,
        body: object,
        *,
        lane: Lane,
        resend: Resend,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """A request with a JSON body. Reads that need one (ids by the thousand) are ``Resend.SAFE``."""
        return self._call(operation, method, path, orjson.dumps(body), lane, resend, more=more)

    def change(self, operation: str, path: str, body: object, *, since: Instant, lane: Lane) -> Answer:
        """Changes one row unless it was changed after that time, in whole seconds ("Conditional Requests").

        :raises CallRefused: with status 412 if it was.
        """
        whole = since if not since.microsecond else since.replace(microsecond=0) + timedelta(seconds=1)
        unless = {"If-Unmodified-Since": format_datetime(whole.astimezone(UTC), usegmt=True)}
        return self._call(operation, "PATCH", path, orjson.dumps(body), lane, Resend.NEVER, more=unless)

    def table(self, operation: str, path: str, rows: bytes | None, *, lane: Lane) -> Answer:
        """A table of Bulk 2.0 as CSV: one that is told, or one that is put there, which a job takes once."""
        if rows is None:
            return self._call(operation, "GET", path, None, lane, Resend.SAFE, content=CSV)
        return self._call(operation, "PUT", path, rows, lane, Resend.NEVER, content=CSV)

    def close(self) -> None:
        """Gives back the connections."""
        self._session.close()

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        body: bytes | None,
        lane: Lane,
        resend: Resend,
        *,
        content: str = JSON,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        token = self._tokens.current(lane)
        for attempt in (1, 2):
            org = self._library(token)
            try:
                answer = self._transport.call(
                    operation=operation,
                    method=method,
                    url=org.base_url + path.removeprefix(self.base_path),
                    headers=self._headers(org, content) | dict(more),
                    body=body,
                    rate=self.rate,
                    lane=lane,
                    resend=resend,
                    plain=content != JSON,
                )
                self._hear_time(answer)
                return answer
            except Unauthorized as why:
                if attempt == 2:
                    raise NeedsOperator(
                        f"{operation}: Salesforce refuses a session it has just given ({why}); in Setup > External"
                        " Client App Manager > your app > Settings allow the scope 'Manage user data via APIs (api)',"
                        " and see that the user has 'API Enabled' and that no IP range shuts it out"
                    ) from why
                token = self._tokens.renewed(token, lane)
        raise AssertionError("both attempts return or raise")

    def _headers(self, org: Salesforce, content: str) -> dict[str, str]:
        headers = {name: value for name, value in org.headers.items() if name != "X-PrettyPrint"}
        return headers | {"Accept": content, "Content-Type": content} | dict(self.write_headers)

    def _library(self, token: Token) -> Salesforce:
        """simple-salesforce for this token; a new instance url after a re-login is followed."""
        if self._org is None or self._org[0] is not token:
            org = Salesforce(
                session_id=token.access_token,
                instance_url=token.instance_url,
                version=self.account.api_version,
                session=self._session,
            )
            parts = urlsplit(token.instance_url)
            org.sf_instance = parts.netloc
            org.base_url = f"https://{parts.netloc}{self.base_path}"
            if parts.scheme == "http":
                self._session.mount(f"https://{parts.netloc}/", PlainLoopback(self._session, token.instance_url))
            self._org = (token, org)
        return self._org[1]

    def _hear_time(self, answer: Answer) -> None:
        if "Date" in answer.headers:
            self._skew = self.vendor_now(answer) - self._clock.now()


class PlainLoopback(BaseAdapter):
    """Sends ``https://`` URLs of one loopback host to its plain http origin, through whatever adapter serves that.

    simple-salesforce knows https only; ``token`` lets plain http through on loopback alone.
    """

    def __init__(self, session: requests.Session, origin: str) -> None:
        super().__init__()
        self._session = session
        self._origin = origin

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as the base
        """Sends the request to the origin instead."""
        parts = urlsplit(request.url or "")
        request.url = f"{self._origin}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return self._session.get_adapter(request.url).send(request, *args, **kwargs)

    def close(self) -> None:
        """Nothing to close: the adapter behind belongs to the session."""


def read_usage(answer: Answer) -> Usage | None:
    """``Sforce-Limit-Info: api-usage=18/5000`` of any answer, errors too ("API Request Limits")."""
    found = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
    return Usage(int(found[1]), int(found[2])) if found else None
