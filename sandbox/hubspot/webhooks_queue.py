"""What is to be delivered, when and how often: a pure queue that is told the time and never sends anything itself.

``due(now)`` yields the requests to be sent now, ``answered`` settles each of them. A request carries at most 100 events
of one app; at most ten are under way at once, fewer if the app asks for that; an answer is expected within five
seconds; whatever else comes is tried again, ten times within 24 hours (vendor's webhooks page). Times are epoch
milliseconds. Switches lose events, send batches twice and shuffle; each draws from the queue's own seeded chance.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from sandbox.hubspot import webhooks_signing
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.webhooks_apps import MOST_REQUESTS, App, InForce
from sandbox.hubspot.webhooks_events import Event

MOST_EVENTS = 100
#: Milliseconds that a receiver has to answer.
PATIENCE = 5_000
#: Seconds before each further attempt, of which there are ten; with the largest delay added they end within 24 hours.
WAITS = (60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 32_400)
#: Each wait is longer by up to this share, so that failed requests do not come back all at once.
SPREAD = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One POST request. ``url`` is the address that HubSpot calls and has signed; it is reached on loopback, at the
    host and port of ``reached_at`` where that is given. ``attempt`` counts from 0.
    """

    number: int
    app_id: int
    attempt: int
    url: str
    reached_at: str | None
    headers: Mapping[str, str]
    body: bytes
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Batch:
    app_id: int
    events: tuple[Event, ...]
    attempt: int
    due: int


class Outbox:
    """Events on their way to the apps. ``tally`` counts them: ``lost`` (by switch), ``delivered``, ``failed`` (an
    attempt), ``given_up`` and ``dropped`` (the app has no address any more).
    """

    def __init__(self, apps: Mapping[int, App], *, switches: HubSpotSwitches, chance: random.Random) -> None:
        self._apps = apps
        self._switches = switches
        self._chance = chance
        self._fresh: dict[int, list[Event]] = {}
        self._batches: list[_Batch] = []
        self._under_way: dict[int, _Batch] = {}
        self._number = 0
        self.tally: Counter[str] = Counter()
        #: Called when there may be something to send: whoever sends need not ask again and again.
        self.wakers: list[Callable[[], None]] = []

    @property
    def waiting(self) -> bool:
        """Whether anything is still to be sent, now or later; requests under way do not count."""
        return bool(self._batches) or any(self._fresh.values())

    def put(self, app_id: int, event: Event) -> None:
        """Takes an event, in the order of happening."""
        share = self._switches.webhook_losses
        if share and self._chance.random() < share:
            self.tally["lost"] += 1
            return
        self._fresh.setdefault(app_id, []).append(event)
        self._wake()

    def due(self, now: int) -> list[Delivery]:
        """The requests to send at ``now``; they are under way until they are ``answered``."""
        found = list(self._due(now))
        if self._switches.webhook_shuffled:
            self._chance.shuffle(found)
        return found

    def answered(self, delivery: Delivery, status: int | None, *, now: int) -> None:
        """Settles a request: its status at ``now``, or ``None`` if there was no connection or no answer.

        Raises ``ValueError`` for a request that is not under way.
        """
        batch = self._under_way.pop(delivery.number, None)
        if batch is None:
            raise ValueError(f"delivery {delivery.number} is not under way: it was answered, or is of another queue")
        count = len(batch.events)
        if status is not None and status < 400 and now - delivery.sent <= PATIENCE:
            self.tally["delivered"] += count
        elif batch.attempt >= len(WAITS):
            self.tally["given_up"] += count
        else:
            self.tally["failed"] += count
            wait = round(WAITS[batch.attempt] * 1_000 * (1 + SPREAD * self._chance.random()))
            self._enqueue(batch, attempt=batch.attempt + 1, due=now + wait)
        self._wake()

    def _due(self, now: int) -> Iterator[Delivery]:
        for batch in sorted((each for each in self._batches if each.due <= now), key=lambda each: each.due):
            settings = self._settings(batch.app_id, now)
            if settings is None:
                self._batches.remove(batch)
                self.tally["dropped"] += len(batch.events)
            elif self._room(batch.app_id, settings):
                self._batches.remove(batch)
                yield self._send(batch, settings, now)
        for app_id, events in self._fresh.items():
            settings = self._settings(app_id, now)
            if settings is None:
                self.tally["dropped"] += len(events)
                events.clear()
                continue
            if self._switches.webhook_shuffled:
                self._chance.shuffle(events)
            while events and self._room(app_id, settings):
                batch = _Batch(app_id=app_id, events=tuple(events[:MOST_EVENTS]), attempt=0, due=now)
                del events[:MOST_EVENTS]
                share = self._switches.webhook_repeats
                if share and self._chance.random() < share:
                    self._enqueue(batch, attempt=0, due=now)
                yield self._send(batch, settings, now)

    def _settings(self, app_id: int, now: int) -> InForce | None:
        return self._apps[app_id].in_force(now, cached=self._switches.webhook_settings_cached)

    def _room(self, app_id: int, settings: InForce) -> bool:
        own = sum(batch.app_id == app_id for batch in self._under_way.values())
        return len(self._under_way) < MOST_REQUESTS and own < settings.requests

    def _enqueue(self, batch: _Batch, *, attempt: int, due: int) -> None:
        self._batches.append(_Batch(app_id=batch.app_id, events=batch.events, attempt=attempt, due=due))

    def _send(self, batch: _Batch, settings: InForce, now: int) -> Delivery:
        self._number += 1
        self._under_way[self._number] = batch
        body = orjson.dumps([{**event, "attemptNumber": batch.attempt} for event in batch.events])
        secret = self._apps[batch.app_id].secret
        signed = webhooks_signing.headers(secret, method="POST", url=settings.target, body=body, at=now)
        return Delivery(
            number=self._number,
            app_id=batch.app_id,
            attempt=batch.attempt,
            url=settings.target,
            reached_at=settings.reached_at,
            headers={"Content-Type": "application/json", **signed},
            body=body,
            sent=now,
        )

    def _wake(self) -> None:
        for wake in self.wakers:
            wake()
