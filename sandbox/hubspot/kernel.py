"""The HubSpot stand-in: who may call, how often, which endpoint, and the headers every answer carries.

Order of judging, as at the vendor's edge: token, limits, path, scopes, then the endpoint. Everything follows from the
clock, the seed and the calls. Facts marked uncertain are positions of ``HubSpotSwitches``, figures are in
``HubSpotLimits``; people act through the methods of ``People``.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from sandbox.hubspot.account import ALL_SCOPES, BARE_SCOPES, LEAD_SCOPES, HubSpotAccount
from sandbox.hubspot.errors import Refusal, missing_scopes, no_such_path, uri_too_long
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.history import Source
from sandbox.hubspot.limits import HubSpotLimits, Meter, Meters
from sandbox.hubspot.native import NativeConnector
from sandbox.hubspot.outages import Outages
from sandbox.hubspot.people import People
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.routes import TOKEN_INFO, Route, Router
from sandbox.hubspot.stamps import http_date
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.tokens import Installations, Tokens
from sandbox.hubspot.webhooks import Webhooks, WebhookSetup
from sandbox.hubspot.webhooks_api import WebhookApi
from sandbox.kernel import Answered, Clock, HttpRequest, HttpResponse, Kernel

DEFAULT_TOKEN = "pat-na1-sandbox"
ADMIN_TOKEN = "pat-na1-sandbox-admin"


class HubSpotKernel(Tokens, People, NativeConnector, Outages, WebhookSetup, Kernel):
    """One HubSpot account with its API. Not safe for threads: the server gives it one request at a time.

    A ``bare`` account has no custom property, its ``token`` may only read people and companies, and ``ADMIN_TOKEN``
    (or ``admin_token``) may do everything. Other accounts have an admin's token only where one is given.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int,
        token: str = DEFAULT_TOKEN,
        scopes: frozenset[str] | None = None,
        admin_token: str | None = None,
        bare: bool = False,
        limits: HubSpotLimits | None = None,
        switches: HubSpotSwitches | None = None,
        account: HubSpotAccount | None = None,
    ) -> None:
        super().__init__(clock=clock, seed=seed)
        self.limits = limits or HubSpotLimits()
        self.switches = switches or HubSpotSwitches()
        self.account = account or HubSpotAccount()
        self.tokens = {token: scopes if scopes is not None else BARE_SCOPES if bare else ALL_SCOPES}
        if bare or admin_token is not None:
            self.tokens[admin_token or ADMIN_TOKEN] = ALL_SCOPES
        self.meters = Meters(self.limits, switches=self.switches, account=self.account)
        self.portal = Portal(clock=clock, chance=self.chance, limits=self.limits, switches=self.switches)
        self.installations = Installations(self.chance)
        self._locks = {}
        self._moving = 0
        self._router = Router(self.installations)
        self.webhooks = Webhooks(
            account=self.account, stores=self.portal.stores, now=self.portal.now, switches=self.switches, seed=seed
        )
        self._webhook_api = WebhookApi(self.webhooks)
        if bare:
            self.portal.strip()

    def answer(self, request: HttpRequest) -> Answered:
        """Answers one request as HubSpot would."""
        self.portal.catch_up()
        route = None
        if request.path != TOKEN_INFO or self.switches.token_info:
            route = self._router.find(request.method, request.path)
            route = route or self._webhook_api.find(request.method, request.path)
        meter: Meter = route.meter if route is not None else "ordinary"
        counted = oauth = False
        try:
            self._check_edge(request)
            scopes = frozenset[str]()
            if route is None or not route.open:
                scopes, oauth = self.authenticate(request.headers.get("authorization", ""), now=self.portal.now())
            if route is None or route.metered:
                self.meters.admit(meter, at=self.clock.now(), oauth=oauth)
                counted = True
            answered = self._run(request, route, scopes)
        except Refusal as refusal:
            answered = self._refuse(refusal, route, counted=counted or self.switches.refused_calls_count)
        headers = {"Date": http_date(self.clock.now())}
        if answered.response.body:
            headers["Content-Type"] = "application/json;charset=utf-8"
        if answered.response.status == 477:
            headers["Retry-After"] = str(self.left_of_move())
        if answered.response.status not in (401, 414, 477) and (route is None or route.metered):
            headers |= self.meters.headers(meter, oauth=oauth)
        answered.response = replace(answered.response, headers=headers)
        return answered

    def error_share(self) -> float:
        """Errors among the calls of the account's present day; the vendor wants at most 0.05 of an app."""
        today = self.account.local_day(self.clock.now())
        statuses = [call.status for call in self.calls if self.account.local_day(call.at) == today]
        return sum(status >= 400 for status in statuses) / len(statuses) if statuses else 0.0

    def _check_edge(self, request: HttpRequest) -> None:
        """What is refused before anybody asks who calls."""
        if len(request.path) + sum(len(name) + len(value) + 2 for name, value in request.query) > self.limits.uri:
            raise uri_too_long(self.limits.uri)
        self.check_moving()

    def _run(self, request: HttpRequest, route: Route | None, scopes: frozenset[str]) -> Answered:
        if route is None:
            raise no_such_path(request.method, request.path)
        if not self.account.sales_hub_professional:
            scopes -= LEAD_SCOPES
        if route.scopes and scopes.isdisjoint(route.scopes):
            raise missing_scopes(route.scopes)
        self.check_lock(route.object, route.operation)
        kind = self.switches.api_source_type
        exchange = Exchange(
            request=request,
            version=route.version,
            operation=route.operation,
            portal=self.portal,
            account=self.account,
            source=Source(kind, str(self.account.app_id)),
            tokens=self.tokens,
            meters=self.meters,
        )
        return route.run(exchange)

    def _refuse(self, refusal: Refusal, route: Route | None, *, counted: bool) -> Answered:
        body = orjson.dumps(refusal.body(correlation=self._correlation()))
        return Answered(
            response=HttpResponse(status=refusal.status, body=body),
            operation=route.operation if route is not None else "unknown",
            cost=1 if counted else 0,
        )

    def _correlation(self) -> str:
        digits = f"{self.chance.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
