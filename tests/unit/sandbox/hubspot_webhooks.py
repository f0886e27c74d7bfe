"""A HubSpot stand-in with webhooks under test: what its app would receive, asked for instead of listened to."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.hubspot.webhooks import DEVELOPER_KEY
from sandbox.hubspot.webhooks_queue import Delivery
from tests.unit.sandbox.hubspot_account import HubSpotAccountUnderTest

TARGET = "https://syncd.example/hubspot"
PUBLIC = 770_001
#: The keys that every event has.
COMMON = {
    "eventId", "subscriptionId", "portalId", "appId", "occurredAt", "subscriptionType", "attemptNumber",
    "changeSource", "sourceId",
}  # fmt: skip


class WebhookAccount(HubSpotAccountUnderTest):
    """An account whose own private app is subscribed to ``events``: a type, or a type and a property after a blank."""

    def __init__(self, *events: str, settings_cached: float = 0.0, **switches: Any) -> None:
        super().__init__(webhook_settings_cached=settings_cached, **switches)
        self.kernel.add_app(target_url=TARGET)
        self.subscriptions = [self.subscribe(event) for event in events]

    def subscribe(self, event: str) -> str:
        """One more active subscription of the private app; returns its id."""
        name, _, property = event.partition(" ")
        made = self.kernel.add_webhook(name, property or None)
        self.kernel.activate_webhook(made)
        return made

    def now(self) -> int:
        """The clock in epoch milliseconds."""
        return self.kernel.portal.now()

    def due(self) -> list[Delivery]:
        """The requests to be sent now."""
        return self.kernel.webhooks.outbox.due(self.now())

    def answer(self, delivery: Delivery, status: int | None = 200) -> None:
        """Settles a request."""
        self.kernel.webhooks.outbox.answered(delivery, status, now=self.now())

    def told(self) -> list[dict[str, Any]]:
        """All events that are due, delivered."""
        found: list[dict[str, Any]] = []
        while deliveries := self.due():
            for delivery in deliveries:
                found += events_of(delivery)
                self.answer(delivery)
        return found

    def developer(self, method: str, path: str, body: Any = None, *, app: int = PUBLIC, **query: str) -> Any:
        """Status and answer of a call with the developer key and no token."""
        words = {"hapikey": DEVELOPER_KEY, **query}
        target = f"/webhooks/v3/{app}/{path}?" + "&".join(f"{name}={value}" for name, value in words.items())
        response = self.send(method, target, body, token="none")
        return response.status, orjson.loads(response.body) if response.body else None


def events_of(delivery: Delivery) -> list[dict[str, Any]]:
    """The events of one request."""
    parsed: list[dict[str, Any]] = orjson.loads(delivery.body)
    return parsed
