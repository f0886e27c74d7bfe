"""The HubSpot stand-in: who may call, how often, which endpoint, and the headers every answer carries.

Order of judging, as at the vendor's edge: token, limits, path, scopes, then the endpoint. Everything follows from the
clock, the seed and the calls. Facts marked uncertain are positions of ``HubSpotSwitches``, figures are in
``HubSpotLimits``; people act through the methods of ``People``.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from sandbox.hubspot.account import ALL_SCOPES, BARE_SCOPES, HubSpotAccount
from sandbox.hubspot.errors import Refusal, bad_token, missing_scopes, no_such_path
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.history import Source
from sandbox.hubspot.limits import HubSpotLimits, Meter, Meters
from sandbox.hubspot.people import People
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.routes import TOKEN_INFO, Route, Router
from sandbox.hubspot.stamps import http_date
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.tokens import Tokens
from sandbox.kernel import Answered, Clock, HttpRequest, HttpResponse, Kernel

DEFAULT_TOKEN = "pat-na1-sandbox"
ADMIN_TOKEN = "pat-na1-sandbox-admin"


class HubSpotKernel(Tokens, People, Kernel):
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
        self._router = Router()
        if bare:
            self.portal.strip()

    def answer(self, request: HttpRequest) -> Answered:
        """Answers one request as HubSpot would."""
        self.portal.catch_up()
        route = None
        if request.path != TOKEN_INFO or self.switches.token_info:
            route = self._router.find(request.method, request.path)
        meter: Meter = route.meter if route is not None else "ordinary"
        counted = False
        try:
            scopes = frozenset[str]() if route is not None and route.open else self._authenticate(request)
            self.meters.admit(meter, at=self.clock.now())
            counted = True
            answered = self._run(request, route, scopes)
        except Refusal as refusal:
            answered = self._refuse(refusal, route, counted=counted or self.switches.refused_calls_count)
        headers = {"Date": http_date(self.clock.now())}
        if answered.response.body:
            headers["Content-Type"] = "application/json;charset=utf-8"
        if answered.response.status != 401:
            headers |= self.meters.headers(meter)
        answered.response = replace(answered.response, headers=headers)
        return answered

    def _authenticate(self, request: HttpRequest) -> frozenset[str]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            raise bad_token()
        return self.tokens[token]

    def _run(self, request: HttpRequest, route: Route | None, scopes: frozenset[str]) -> Answered:
        if route is None:
            raise no_such_path(request.method, request.path)
        if route.scopes and scopes.isdisjoint(route.scopes):
            raise missing_scopes(route.scopes)
        kind = self.switches.api_source_type
        exchange = Exchange(
            request=request,
            version=route.version,
            operation=route.operation,
            portal=self.portal,
            account=self.account,
            source=Source(kind, str(self.account.app_id)),
            tokens=self.tokens,
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
