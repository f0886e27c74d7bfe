"""The Salesforce stand-in as a kernel: finds the resource of a request, checks session and limits, answers.

Every answer carries Date and, where a session was used, Sforce-Limit-Info; every call but the token and the version
list counts toward the daily total, a Composite as one. Paths may have trailing and doubled slashes. What humans do in
the org is inherited from ``People``; what Bulk jobs do on their own happens before the next answer and is logged as
lines of the method ``JOB``.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import orjson

from sandbox.kernel import Answered, Clock, HttpRequest, HttpResponse, Kernel
from sandbox.salesforce import collection, single
from sandbox.salesforce.bulk import Bulk
from sandbox.salesforce.composite import batch, composite
from sandbox.salesforce.describe import describe_object, global_entry
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal, not_found, plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.graph import graph
from sandbox.salesforce.limits import CUT_SECONDS, EDITIONS, MAX_URI, OLDEST_VERSION, DailyCalls, LongCalls
from sandbox.salesforce.oauth import ADMIN_APP, ConnectedApp, Sessions
from sandbox.salesforce.org import Org
from sandbox.salesforce.outages import outage
from sandbox.salesforce.people import People, furnish
from sandbox.salesforce.queries import Queries
from sandbox.salesforce.record_types import picklist_values
from sandbox.salesforce.rights import refuse_without_api, seen_by
from sandbox.salesforce.soap import SoapLogin, is_soap, soap_login
from sandbox.salesforce.switches import SalesforceSwitches
from sandbox.salesforce.tooling import Tooling
from sandbox.salesforce.wire_time import http_date, parse_http_date

NEWEST_VERSION = 68
RESOURCES = ("composite", "jobs", "limits", "query", "queryAll", "sobjects", "tooling", "ui-api")
_WITHOUT_LIMITS = ("token", "versions", "soap.login", "outage")
_SEASONS = ("Winter", "Spring", "Summer")


class SalesforceKernel(People, Kernel):
    """One org. ``org`` holds its state and rules; ``switches`` and ``limits`` may be changed while it runs.

    A ``bare`` org has no custom field, enforces rights, and its integration user may do nothing but call the API; the
    admin's app (``ADMIN_APP``) runs as an administrator.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int,
        instance_url: str = "http://127.0.0.1:8080",
        daily_calls: int = 15_000,
        app: ConnectedApp | None = None,
        admin_app: ConnectedApp | None = None,
        switches: SalesforceSwitches | None = None,
        bare: bool = False,
    ) -> None:
        super().__init__(clock=clock, seed=seed)
        self.switches = switches or SalesforceSwitches()
        self.switches.enforces_rights |= bare
        self.limits = DailyCalls(daily_calls)
        self.long_calls = LongCalls(EDITIONS["Developer"][2])
        self.soap = SoapLogin()
        self._outages: list[int] = []
        self.org = Org(
            clock=clock, switches=self.switches, chance=self.chance, limits=self.limits, instance_url=instance_url
        )
        furnish(self.org, bare=bare)
        self.sessions = Sessions(self.org, app or ConnectedApp(), admin_app or ADMIN_APP)
        self._queries = Queries(self.org)
        self._tooling = Tooling(self.org)
        self.bulk = Bulk(self.org, lambda: self.calls)

    def expire_sessions(self) -> None:
        """Ends every session: the next call answers 401 INVALID_SESSION_ID."""
        self.sessions.expire()

    def break_down(self, status: int, *, times: int = 1) -> None:
        """The vendor is in trouble: the next calls are answered with this status (420, 500, 502, 503)."""
        outage(status)
        self._outages += [status] * times

    def login(self, user_id: str | None = None) -> str:
        """A session of a user, else of the integration user, without asking the token endpoint."""
        return self.sessions.issue(user_id or self.org.integration_user)

    def answer(self, request: HttpRequest) -> Answered:
        """The vendor's behaviour."""
        now = self.clock.now()
        self.org.settle()
        mark = self.org.store.mark()
        try:
            reply = self._route(request)
        except Refusal as refusal:
            self.org.store.rollback(mark)
            reply = Reply(refusal.status, refusal.body(), refusal.code, cost=0 if refusal.status == 401 else 1)
        self.org.store.commit()
        if not self._counts(request):
            reply.cost = 0
        if reply.cost and not self._refused_by_limit(reply):
            self.limits.spend(reply.cost, now=now)
            if self.limits.app is not None:
                self.limits.app[1].spend(reply.cost, now=now)
        # What is refused before it begins takes no time and is no call under way.
        seconds = 0.0 if self._refused_by_limit(reply) else self.switches.call_seconds
        self.long_calls.begin(seconds, now=now)
        headers = {"Date": http_date(now), **reply.headers}
        if reply.operation not in _WITHOUT_LIMITS:
            headers["Sforce-Limit-Info"] = self.limits.header(now)
        body = b""
        if reply.payload is not None:
            headers.setdefault("Content-Type", "application/json;charset=UTF-8")
            body = reply.payload if isinstance(reply.payload, bytes) else orjson.dumps(reply.payload)
        return Answered(
            response=HttpResponse(status=reply.status, body=body, headers=headers, delay=min(seconds, CUT_SECONDS)),
            operation=reply.operation,
            records=reply.records,
            cost=reply.cost,
            created=reply.created,
            written=reply.written,
        )

    def _counts(self, request: HttpRequest) -> bool:
        """Whether a call of this kind counts toward the daily total."""
        return self.switches.bulk_calls_count or [part for part in request.path.split("/") if part][3:4] != ["jobs"]

    @staticmethod
    def _refused_by_limit(reply: Reply) -> bool:
        return reply.operation == "REQUEST_LIMIT_EXCEEDED"

    def _route(self, request: HttpRequest) -> Reply:
        segments = tuple(part for part in request.path.split("/") if part)
        if self._outages:
            return outage(self._outages.pop(0))
        if is_soap(segments):
            return soap_login(self.org, self.soap, self.sessions, request)
        if segments == ("services", "oauth2", "token"):
            return self.sessions.answer(request)
        if segments == ("services", "data"):
            return Reply(200, versions(), "versions", cost=0)
        if segments[:2] == ("services", "oauth2") and segments[2:] == ("userinfo",):
            return self.sessions.userinfo(request)
        if segments[:2] != ("services", "data"):
            raise not_found()
        _refuse_length(request)
        user_id = self.sessions.user_of(request.headers)
        if self._counts(request) and self.limits.exhausted(self.clock.now()):
            raise plain("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        if self.long_calls.exhausted(self.clock.now()):
            message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
            raise plain("REQUEST_LIMIT_EXCEEDED", message, status=403)
        if self.switches.enforces_rights:
            refuse_without_api(self.org, user_id)
        version = segments[2].removeprefix("v")
        call = ApiCall(
            request.method, segments[3:], request.query, request.headers, request.body, version, user_id
        )  # fmt: skip
        reply = self._dispatch(call)
        if self.switches.call_seconds > CUT_SECONDS:
            raise plain("REQUEST_RUNNING_TOO_LONG", "Your request was running for too long, and has been stopped.")
        return reply

    def _dispatch(self, call: ApiCall) -> Reply:
        """One call, from outside or from inside a Composite."""
        if not _known_version(call.version):
            raise not_found()
        org = seen_by(self.org, call.user_id) if self.switches.enforces_rights else self.org
        rest = call.segments[1:]
        match call.segments[:1]:
            case ("sobjects",):
                return self._sobjects(org, call, rest)
            case ("composite",):
                return self._composite(org, call, rest)
            case ("jobs",) if not call.nested:
                return self.bulk.answer(org, call, rest)
            case ("tooling",) if not call.nested:
                return self._tooling.answer(call, rest, queries=self._queries)
        return self._plain(org, call)

    def _plain(self, org: Org, call: ApiCall) -> Reply:
        """Queries, limits and what else has no resources of its own below it."""
        match call.method, call.segments:
            case "GET", ():
                return Reply(200, {name: f"{call.root}/{name}" for name in RESOURCES}, "resources")
            case "GET", ("query",):
                return self._queries.query(org, call, with_deleted=False)
            case "GET", ("queryAll",):
                return self._queries.query(org, call, with_deleted=True)
            case "GET", ("query" | "queryAll", locator):
                return self._queries.more(call, locator)
            case "GET", ("limits",):
                return Reply(200, self._limits(), "limits")
            case "GET", ("limits", "recordCount"):
                return _record_count(org, call)
            case "GET", ("ui-api", "object-info", name, "picklist-values", record_type) if self.switches.offers_ui_api:
                payload = picklist_values(_entity_or_404(org, name), record_type, root=call.root)
                return Reply(200, payload, "picklists")
        raise not_found()

    def _sobjects(self, org: Org, call: ApiCall, rest: tuple[str, ...]) -> Reply:
        if not rest:
            entities = org.schema.visible()
            changed = max(entity.changed for entity in entities)
            payload: dict[str, object] = {"encoding": "UTF-8", "maxBatchSize": 200}
            payload["sobjects"] = [global_entry(entity, root=call.root) for entity in entities]
            return self._described(call, payload, "describe.global", http_date(changed))
        entity = _entity_or_404(org, rest[0])
        match call.method, rest[1:]:
            case "GET", ():
                body = {"objectDescribe": global_entry(entity, root=call.root), "recentItems": []}
                return Reply(200, body, "describe.basic")
            case "POST", ():
                return single.create_row(org, call, entity)
            case "GET", ("describe",):
                payload = describe_object(entity, root=call.root, instance_url=org.instance_url)
                return self._described(call, payload, "describe", http_date(entity.changed))
            case "GET", ("updated",):
                return single.updated(org, call, entity)
            case "GET", ("deleted",):
                return single.deleted(org, call, entity)
            case _, (record_id,):
                return single.row_by_id(org, call, entity, record_id)
            case _, (field, *parts) if parts:
                return single.row_by_key(org, call, entity, field, "/".join(parts))
        raise single.method_not_allowed(call.method)

    def _composite(self, org: Org, call: ApiCall, rest: tuple[str, ...]) -> Reply:
        match call.method, rest:
            case "POST", () if not call.nested:
                return composite(org, call, self._dispatch)
            case "POST", ("graph",) if not call.nested:
                return graph(org, call, self._dispatch)
            case "POST", ("batch",) if not call.nested:
                return batch(org, call, self._dispatch)
            case "POST", ("sobjects",):
                return collection.create_rows(org, call)
            case "PATCH", ("sobjects",):
                return collection.update_rows(org, call)
            case "DELETE", ("sobjects",):
                return collection.delete_rows(org, call)
            case "GET" | "POST", ("sobjects", name):
                return collection.read_rows(call, _entity_or_404(org, name))
            case "PATCH", ("sobjects", name, field):
                return collection.upsert_rows(org, call, _entity_or_404(org, name), field)
        raise not_found()

    def _described(self, call: ApiCall, payload: object, operation: str, changed: str) -> Reply:
        since = parse_http_date(call.headers.get("if-modified-since", ""))
        last = parse_http_date(changed)
        body = orjson.dumps(payload)
        headers = {"Last-Modified": changed, "ETag": f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'}
        if since is not None and last is not None and last <= since:
            return Reply(304, None, operation, headers)
        return Reply(200, body, operation, headers)

    def _limits(self) -> dict[str, dict[str, int]]:
        remaining = self.limits.maximum - self.limits.used(self.clock.now()) - 1
        return {
            "DailyApiRequests": {"Max": self.limits.maximum, "Remaining": max(0, remaining)},
            **self.bulk.remaining(),
        }


def _refuse_length(request: HttpRequest) -> None:
    """414 for a long address, 431 for a long address and headers together (error code page of the REST guide)."""
    length = len(request.path) + len(urlencode(request.query))
    if length > MAX_URI:
        raise plain("URI_TOO_LONG", f"the request URI is longer than {MAX_URI} bytes", status=414)
    if length + sum(len(name) + len(value) for name, value in request.headers.items()) > MAX_URI:
        message = f"the request URI and headers are longer than {MAX_URI} bytes"
        raise plain("REQUEST_HEADER_FIELDS_TOO_LARGE", message, status=431)


def _entity_or_404(org: Org, name: str) -> Entity:
    return org.schema.require(name, lambda _: not_found())


def _record_count(org: Org, call: ApiCall) -> Reply:
    asked = (call.first("sObjects") or "").split(",")
    found = [entity for name in asked if (entity := org.schema.find(name))]
    counts = [
        {"count": sum(not row.get("IsDeleted") for row in entity.table.rows.values()), "name": entity.name}
        for entity in found
    ]
    return Reply(200, {"sObjects": [count for count in counts if count["count"]]}, "count")


def versions() -> list[dict[str, str]]:
    """The list of ``/services/data``: three versions a year since Winter '18 was 41."""
    listed = []
    for version in range(OLDEST_VERSION, NEWEST_VERSION + 1):
        year, season = divmod(version - OLDEST_VERSION, len(_SEASONS))
        label = f"{_SEASONS[season]} '{18 + year}"
        listed.append({"label": label, "url": f"/services/data/v{version}.0", "version": f"{version}.0"})
    return listed


def _known_version(text: str) -> bool:
    number, _, fraction = text.partition(".")
    return number.isdigit() and OLDEST_VERSION <= int(number) <= NEWEST_VERSION and fraction == "0"
