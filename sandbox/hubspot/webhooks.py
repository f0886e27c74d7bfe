"""Webhooks of one account: its apps, the watch on its records, and the outbox; and what is set up by hand.

Subscriptions of private apps are made in the app's settings page alone, here by the methods of ``WebhookSetup``; public
apps have an API beside it (``webhooks_api``), which needs the developer key. Service keys have no webhooks at all
(vendor's page on them). What is delivered counts against no limit, and it is no complete log: nothing is kept for later
while a subscription is paused.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.hubspot.account import HubSpotAccount
from sandbox.hubspot.errors import invalid_request, not_found
from sandbox.hubspot.records import RecordStore
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.webhooks_apps import LOOPBACK, MOST_REQUESTS, App, Subscription
from sandbox.hubspot.webhooks_events import Recorder
from sandbox.hubspot.webhooks_queue import Outbox

DEVELOPER_KEY = "sandbox-developer-key"


class Webhooks:
    """All that one account has of webhooks. ``now`` tells epoch milliseconds."""

    def __init__(
        self,
        *,
        account: HubSpotAccount,
        stores: Mapping[str, RecordStore],
        now: Callable[[], int],
        switches: HubSpotSwitches,
        seed: int,
    ) -> None:
        self.account = account
        self.now = now
        self.developer_key = DEVELOPER_KEY
        self.apps: dict[int, App] = {}
        # Chance of its own: the rest of a run with a seed is the same with webhooks and without.
        chance = random.Random(f"webhooks {seed}")
        self.outbox = Outbox(self.apps, switches=switches, chance=chance)
        self._stores = stores
        self._recorder = Recorder(
            self.apps, self.outbox.put, portal_id=account.portal_id, switches=switches, chance=chance
        )
        self._last_subscription = chance.randrange(10_000, 90_000)

    def app(self, number: int) -> App:
        """One app. Raises a 404 refusal."""
        if number not in self.apps:
            raise not_found(bare=False)
        return self.apps[number]

    def subscribe(self, app: App, event: object, property: object = None) -> Subscription:
        """A new subscription, paused. Raises 400 and 409 refusals. From the first on the records are watched."""
        app.check(event, property)
        self._last_subscription += 1
        made = Subscription(
            id=self._last_subscription,
            event=str(event),
            property=property if isinstance(property, str) else None,
            active=False,
            created=self.now(),
            updated=self.now(),
        )
        app.subscriptions[made.id] = made
        self.watch(self._stores)
        return made

    def watch(self, kinds: Iterable[str]) -> None:
        """Lets the records of these objects tell what happens to them."""
        for kind in kinds:
            self._stores[kind].watch = self._recorder

    def activate(self, subscription: Subscription, *, active: bool) -> None:
        """Activates or pauses a subscription."""
        subscription.active = active
        subscription.updated = self.now()


class WebhookSetup:
    """The admin's methods of the kernel that concern webhooks. ``app`` is the account's own app if not given."""

    webhooks: Webhooks

    def add_app(
        self,
        *,
        target_url: str,
        app: int | None = None,
        kind: str = "private",
        client_secret: str | None = None,
        requests: int = MOST_REQUESTS,
        reached_at: str | None = None,
    ) -> int:
        """Gives the account an app with webhooks, or an app other settings; returns its id.

        ``kind`` is ``private`` or ``public``; without a secret it has that of the account's own app. ``reached_at`` is
        the address on loopback, ``http://127.0.0.1:PORT``, at which a ``target_url`` that lies elsewhere is reached.
        Raises ``ValueError`` for another kind or address, and the 400 refusal of the settings.
        """
        if kind not in ("private", "public"):
            raise ValueError(f"an app is private or public, not {kind!r}: nothing else (a service key) has webhooks")
        if reached_at is not None:
            parts = urlsplit(reached_at)
            if parts.scheme != "http" or parts.hostname not in LOOPBACK or not parts.port:
                raise ValueError(f"reached_at must be on loopback, such as http://127.0.0.1:8081, not {reached_at!r}")
        number = self.webhooks.account.app_id if app is None else app
        secret = self.webhooks.account.client_secret if client_secret is None else client_secret
        made = self.webhooks.apps.get(number) or App(id=number, kind="private", secret=secret)
        made.configure(target=target_url, requests=requests, at=self.webhooks.now())
        made.kind = "public" if kind == "public" else "private"
        made.secret, made.reached_at = secret, reached_at
        self.webhooks.apps[number] = made
        return number

    def add_webhook(self, event: str, property: str | None = None, *, app: int | None = None) -> str:
        """A new subscription, paused as every new one; returns its id. Raises 400, 404 and 409 refusals."""
        return str(self.webhooks.subscribe(self._app(app), event, property).id)

    def activate_webhook(self, id: str, *, app: int | None = None) -> None:
        """Lets a subscription deliver. Raises a 404 refusal."""
        self.webhooks.activate(self._subscription(id, app), active=True)

    def pause_webhook(self, id: str, *, app: int | None = None) -> None:
        """Stops a subscription from delivering; what happens meanwhile is never told. Raises a 404 refusal."""
        self.webhooks.activate(self._subscription(id, app), active=False)

    def remove_webhook(self, id: str, *, app: int | None = None) -> None:
        """Removes a subscription. Raises a 404 refusal."""
        del self._app(app).subscriptions[self._subscription(id, app).id]

    def webhook_tally(self) -> dict[str, Any]:
        """How many events were delivered, failed, given up, dropped and lost so far."""
        return dict(self.webhooks.outbox.tally)

    def _app(self, app: int | None) -> App:
        return self.webhooks.app(self.webhooks.account.app_id if app is None else app)

    def _subscription(self, id: str, app: int | None) -> Subscription:
        if not (id.isascii() and id.isdigit()):
            raise invalid_request(f"A subscription has a number, not {id!r}")
        return self._app(app).subscription(int(id))
