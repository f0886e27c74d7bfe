"""Endpoints of webhook settings and subscriptions: ``/webhooks/v3/{appId}/...``, for public apps only.

The developer key in the query (``hapikey``) is needed, and an access token is of no use (vendor's webhooks page; paths
and shapes as the client package calls them). Ids of subscriptions are text in answers and numbers in a batch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.hubspot.errors import Refusal, invalid_request
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.portal import by_number
from sandbox.hubspot.routes import Route
from sandbox.hubspot.webhooks import Webhooks
from sandbox.hubspot.webhooks_apps import App
from sandbox.kernel import Answered

_PATH = re.compile(r"/webhooks/v3/(\d{1,18})/(settings|subscriptions)(?:/(.+))?")
#: Types that the client package knows of contacts only: others have them in the settings page, not here.
CONTACTS_ONLY = ".privacyDeletion"
_Act = Callable[[Exchange, App], Answered]


class WebhookApi:
    """Finds and runs the endpoints."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def find(self, method: str, path: str) -> Route | None:
        """The route of a request, or ``None`` if there is none."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        app, area, rest = match.groups()
        act: _Act
        match (method, area, *(rest or "").split("/")):
            case ("GET", "settings", ""):
                name, act = "webhooks.settings.read", self._reads_settings
            case ("PUT", "settings", ""):
                name, act = "webhooks.settings.update", self._puts_settings
            case ("DELETE", "settings", ""):
                name, act = "webhooks.settings.archive", self._clears_settings
            case ("GET", "subscriptions", ""):
                name, act = "webhooks.list", self._lists
            case ("POST", "subscriptions", ""):
                name, act = "webhooks.create", self._creates
            case ("POST", "subscriptions", "batch", "update"):
                name, act = "webhooks.batch.update", self._batch_updates
            case ("GET", "subscriptions", key) if key.isdigit():
                name, act = "webhooks.read", partial(self._reads, number=int(key))
            case ("PATCH", "subscriptions", key) if key.isdigit():
                name, act = "webhooks.update", partial(self._updates, number=int(key))
            case ("DELETE", "subscriptions", key) if key.isdigit():
                name, act = "webhooks.archive", partial(self._archives, number=int(key))
            case _:
                return None
        return Route(name, partial(self._run, number=int(app), act=act), open=True)

    def _run(self, exchange: Exchange, number: int, act: _Act) -> Answered:
        if exchange.request.first("hapikey") != self._webhooks.developer_key:
            raise Refusal(401, "The hapikey of the developer account is needed", category="INVALID_AUTHENTICATION")
        app = self._webhooks.app(number)
        if app.kind != "public":
            raise Refusal(403, "Webhooks of a private app are managed in its settings page only", category="FORBIDDEN")
        return act(exchange, app)

    def _reads_settings(self, exchange: Exchange, app: App) -> Answered:
        return exchange.answer(200, app.settings())

    def _puts_settings(self, exchange: Exchange, app: App) -> Answered:
        body = exchange.body()
        throttling = body.get("throttling")
        requests = throttling.get("maxConcurrentRequests") if isinstance(throttling, dict) else None
        target = body.get("targetUrl")
        if not isinstance(target, str) or not isinstance(requests, int) or isinstance(requests, bool):
            raise invalid_request("targetUrl and throttling.maxConcurrentRequests, a number, are required")
        app.configure(target=target, requests=requests, at=self._webhooks.now())
        return exchange.answer(200, app.settings())

    def _clears_settings(self, exchange: Exchange, app: App) -> Answered:
        app.clear()
        return exchange.answer(204)

    def _lists(self, exchange: Exchange, app: App) -> Answered:
        return exchange.answer(200, {"results": [each.wire() for each in app.subscriptions.values()]})

    def _creates(self, exchange: Exchange, app: App) -> Answered:
        body = exchange.body()
        active = _flag(body.get("active", False))
        event = body.get("eventType")
        if isinstance(event, str) and event.endswith(CONTACTS_ONLY) and not event.startswith("contact."):
            raise invalid_request(f"eventType {event!r} cannot be subscribed to over the API")
        made = self._webhooks.subscribe(app, event, body.get("propertyName"))
        self._webhooks.activate(made, active=active)
        return exchange.answer(201, made.wire())

    def _reads(self, exchange: Exchange, app: App, number: int) -> Answered:
        return exchange.answer(200, app.subscription(number).wire())

    def _updates(self, exchange: Exchange, app: App, number: int) -> Answered:
        subscription = app.subscription(number)
        self._webhooks.activate(subscription, active=_flag(exchange.body().get("active", subscription.active)))
        return exchange.answer(200, subscription.wire())

    def _archives(self, exchange: Exchange, app: App, number: int) -> Answered:
        del app.subscriptions[app.subscription(number).id]
        return exchange.answer(204)

    def _batch_updates(self, exchange: Exchange, app: App) -> Answered:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for entry in exchange.inputs(limit=exchange.portal.limits.batch):
            number, active = by_number(entry.get("id"), what="inputs[].id"), _flag(entry.get("active"))
            try:
                subscription = app.subscription(number)
            except Refusal as refusal:
                errors.append(refusal.row(trace=None) | {"context": {"id": [str(number)]}})
                continue
            self._webhooks.activate(subscription, active=active)
            results.append(subscription.wire())
        return exchange.batch(200, results, errors=errors)


def _flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise invalid_request(f"active must be true or false, not {raw!r}")
    return raw
