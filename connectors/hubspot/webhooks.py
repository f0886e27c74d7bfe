"""HubSpot's webhooks: whether a call is HubSpot's own, and which records it is about.

Facts are of the vendor's pages on webhooks and on validating requests: signature of version 3 is the base64 of
HMAC-SHA256(client secret, method + address + body + timestamp), the address with some escapes undone; a call older than
five minutes is refused. Versions 1 and 2 are not believed: they cover no time and may be replayed for ever.

Of an event its type, its ids, its portal and its instant are read and nothing else; above all no property's value.
``eventId`` is not unique and the order is no order, so neither is used.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

import orjson

from connectors.hubspot.wire import millis_of
from syncd.model.hint import Called, Doubt, Hint, Told
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant

SIGNATURE: Final = "x-hubspot-signature-v3"
TIMESTAMP: Final = "x-hubspot-request-timestamp"
OLDEST: Final = 300_000
"""Milliseconds that a call may be old, or ahead of our clock."""
AT_ONCE: Final = 100
"""Events of one call, at most."""
OBJECTS: Final[Mapping[str, str]] = {"contact": "contacts", "company": "companies", "deal": "deals"}
_UNDONE: Final = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""The escapes that are undone before signing: : / ? @ ! $ ' ( ) * , ;"""
_LONGEST_ID: Final = 1 << 63
_KNOWN_AS: Final = frozenset({"creation", "propertyChange"})
"""What happens to a record that stays where it is: it is seen in the record's own version."""
_LOOKED_AT: Final = frozenset({"deletion", "restore", "privacyDeletion", "associationChange", "merge"})


def early(called: Called, now: Instant) -> Doubt | None:
    """What can be doubted before the body is read."""
    stamp = called.headers.get(TIMESTAMP, "")
    if not called.headers.get(SIGNATURE) or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
        return Doubt.UNSIGNED
    age = millis_of(now) - int(stamp)
    if age > OLDEST:
        return Doubt.OLD
    return Doubt.AHEAD if age < -OLDEST else None


def doubt(called: Called, secret: str, now: Instant) -> Doubt | None:
    """Why a call is not believed; ``None`` if it is HubSpot's own."""
    if (before := early(called, now)) is not None:
        return before
    right = signature(called, secret)
    given = called.headers[SIGNATURE].encode("utf-8", "surrogateescape")
    return None if hmac.compare_digest(right, given) else Doubt.FORGED


def signature(called: Called, secret: str) -> bytes:
    """The signature of version 3."""
    return base64.b64encode(hmac.digest(secret.encode(), signed(called), "sha256"))


def signed(called: Called) -> bytes:
    """What the signature covers: not a header but the time."""
    address = _UNDONE.sub(lambda escape: unquote(escape[0]), called.url)
    return b"".join((called.method.encode(), address.encode(), called.body, called.headers[TIMESTAMP].encode()))


def read(body: bytes) -> Sequence[Told] | None:
    """The hints of a body; ``None`` if it is no list of at most 100 events. What is no event we know is passed over."""
    try:
        events = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(events, list) or len(events) > AT_ONCE or not all(isinstance(each, dict) for each in events):
        return None
    return [told for event in events for told in _told(event)]


def _told(event: Mapping[str, Any]) -> Iterator[Told]:
    account, at = event.get("portalId"), event.get("occurredAt")
    sort, _, happening = str(event.get("subscriptionType")).partition(".")
    name = OBJECTS.get(sort)
    if name is None or _number(account) is None or happening not in _KNOWN_AS | _LOOKED_AT:
        return
    version = str(at) if happening in _KNOWN_AS and _number(at) is not None else None
    for id_ in _ids(event, happening):
        if (number := _number(id_)) is not None:
            yield Told(str(account), Hint(RemoteRef(name, number), version))


def _ids(event: Mapping[str, Any], happening: str) -> Sequence[object]:
    """The records of its own object that an event is about."""
    if happening == "merge":
        merged = event.get("mergedObjectIds")
        return (event.get("primaryObjectId"), event.get("newObjectId"), *(merged if isinstance(merged, list) else ()))
    if happening == "associationChange":
        return (event.get("fromObjectId"),)
    return (event.get("objectId"),)


def _number(value: object) -> str | None:
    """An id as text; ``None`` for what is none."""
    number = isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LONGEST_ID
    return str(value) if number else None
