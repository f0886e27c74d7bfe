"""Apps and what they subscribe to: the rules, and what of them is in force.

Per app at most 1,000 subscriptions, one for each property; two properties cannot be subscribed to at all; new ones are
paused. HubSpot reads settings and subscriptions at most every five minutes, so changes take that long to show (vendor's
webhooks page); an app that has nothing to send has nothing read yet, and its first activation holds at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from sandbox.hubspot.errors import Refusal, invalid_request, not_found
from sandbox.hubspot.stamps import iso

AppKind = Literal["public", "private"]

OBJECTS = ("contact", "company", "deal", "ticket")
HAPPENINGS = (
    "creation", "deletion", "merge", "associationChange", "restore", "privacyDeletion", "propertyChange",
)  # fmt: skip
EVENT_TYPES = frozenset(f"{name}.{happening}" for name in OBJECTS for happening in HAPPENINGS)
#: Properties that nobody can subscribe to: they change with almost everything.
UNTOLD = frozenset({"hs_lastmodifieddate", "num_unique_conversion_events"})
MOST_SUBSCRIPTIONS = 1_000
#: Requests under way at once, unless an app asks for fewer.
MOST_REQUESTS = 10
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One type of event, of one property where the type is ``propertyChange``. Stamps are epoch milliseconds."""

    id: int
    event: str
    property: str | None
    active: bool
    created: int
    updated: int

    def wire(self) -> dict[str, Any]:
        """The subscription as the API answers it; its id is text there."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "eventType": self.event,
            "active": self.active,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
        }
        return body if self.property is None else {**body, "propertyName": self.property}


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What HubSpot last read of an app, at ``read`` (epoch milliseconds): where to send and which events are wanted."""

    read: int
    target: str
    reached_at: str | None
    requests: int
    wanted: Mapping[tuple[str, str | None], int]


@dataclass(slots=True, kw_only=True)
class App:
    """An app of the account. ``target`` is the address that HubSpot calls and signs; the stand-in calls it on loopback,
    at ``reached_at`` where the target itself is elsewhere (as if a proxy ended TLS). Private apps are managed by hand
    only, public ones with the developer key too.
    """

    id: int
    kind: AppKind
    secret: str
    target: str | None = None
    reached_at: str | None = None
    requests: int = MOST_REQUESTS
    created: int = 0
    updated: int = 0
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    _in_force: InForce | None = None

    def configure(self, *, target: str, requests: int, at: int) -> None:
        """New settings. Raises a 400 refusal for an address that HubSpot would not call."""
        if not _callable(target):
            raise invalid_request("targetUrl must be an https address (here also http on loopback)")
        if requests < 1:
            raise invalid_request("throttling.maxConcurrentRequests must be at least 1")
        self.created = at if self.target is None else self.created
        self.target, self.requests, self.updated = target, requests, at

    def clear(self) -> None:
        """Forgets the settings: there is nowhere to send to."""
        self.target = None

    def settings(self) -> dict[str, Any]:
        """The settings as the API answers them. Raises a 404 refusal where there are none."""
        if self.target is None:
            raise not_found(bare=False)
        return {
            "targetUrl": self.target,
            "throttling": {"maxConcurrentRequests": self.requests},
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
        }

    def check(self, event: object, property: object) -> None:
        """Raises a refusal if this app cannot have such a subscription: 400, or 409 where it has it already."""
        if not isinstance(event, str) or event not in EVENT_TYPES:
            raise invalid_request(f"eventType {event!r} is none of {', '.join(sorted(EVENT_TYPES))}")
        by_property = event.endswith(".propertyChange")
        if by_property != (isinstance(property, str) and property != ""):
            raise invalid_request("propertyName is required for propertyChange, and for nothing else")
        if property in UNTOLD:
            raise invalid_request(f"It is not possible to subscribe to the property {property}")
        if len(self.subscriptions) >= MOST_SUBSCRIPTIONS:
            raise invalid_request(f"An app can have at most {MOST_SUBSCRIPTIONS} subscriptions")
        if any((each.event, each.property) == (event, property) for each in self.subscriptions.values()):
            raise Refusal(409, f"There is a subscription to {event} {property or ''} already", category="CONFLICT")

    def subscription(self, number: int) -> Subscription:
        """One subscription. Raises a 404 refusal."""
        found = self.subscriptions.get(number)
        if found is None:
            raise not_found(bare=False)
        return found

    def in_force(self, at: int, *, cached: float) -> InForce | None:
        """What HubSpot goes by at ``at`` (epoch milliseconds), read anew after ``cached`` seconds; ``None`` without an
        address. It is kept only where an event is wanted.
        """
        held = self._in_force
        if held is None or at - held.read >= cached * 1_000:
            held = self._read(at)
            self._in_force = held if held is not None and held.wanted else None
        return held

    def _read(self, at: int) -> InForce | None:
        if self.target is None:
            return None
        wanted = {(each.event, each.property): each.id for each in self.subscriptions.values() if each.active}
        return InForce(read=at, target=self.target, reached_at=self.reached_at, requests=self.requests, wanted=wanted)


def _callable(address: str) -> bool:
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    printable = address.isascii() and address.isprintable() and " " not in address
    return named and printable and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
