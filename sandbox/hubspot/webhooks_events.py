"""From changes of records to webhook events: one event per change and subscription that asks for it.

Keys follow the vendor's webhooks page. An association change is told of both sides, once per association type: a first
primary company makes two events a side, since the primary association brings the unlabelled one. A merge is one event;
the associations it unites are not told apart. A privacy deletion is also told as a deletion, in either order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sandbox.hubspot.history import Source
from sandbox.hubspot.links import PRIMARY
from sandbox.hubspot.standard import OBJECT_TYPES
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.webhooks_apps import App

Event = dict[str, Any]
_SINGULAR = {kind.name: kind.singular for kind in OBJECT_TYPES}


class Recorder:
    """The ``Watch`` of an account with webhooks; hands events to ``put``, as they happen. ``at`` is epoch milliseconds
    and becomes ``occurredAt``, by which a receiver may order.
    """

    def __init__(
        self,
        apps: Mapping[int, App],
        put: Callable[[int, Event], None],
        *,
        portal_id: int,
        switches: HubSpotSwitches,
        chance: random.Random,
    ) -> None:
        self._apps = apps
        self._put = put
        self._portal_id = portal_id
        self._switches = switches
        self._chance = chance
        self._last_id = chance.randrange(1_000_000, 4_000_000_000)

    def created(self, kind: str, number: int, values: Mapping[str, str], *, at: int, source: Source) -> None:
        """``creation``, and by switch the change of every property that it began with."""
        self._tell(kind, "creation", {"objectId": number, "changeFlag": "NEW"}, at=at, source=source)
        if self._switches.webhook_tells_first_values:
            self.changed(kind, number, values, at=at, source=source)

    def changed(self, kind: str, number: int, values: Mapping[str, str], *, at: int, source: Source) -> None:
        """``propertyChange`` of each property that is subscribed to."""
        for name, value in values.items():
            keys = {"objectId": number, "propertyName": name, "propertyValue": value}
            self._tell(kind, "propertyChange", keys, property=name, at=at, source=source)

    def archived(self, kind: str, number: int, *, at: int, source: Source) -> None:
        """``deletion``."""
        self._tell(kind, "deletion", {"objectId": number}, at=at, source=source)

    def restored(self, kind: str, number: int, *, at: int, source: Source) -> None:
        """``restore``."""
        self._tell(kind, "restore", {"objectId": number}, at=at, source=source)

    def erased(self, kind: str, number: int, *, at: int, source: Source) -> None:
        """``privacyDeletion`` and ``deletion``; which comes first is left to chance."""
        for happening in self._chance.sample(("privacyDeletion", "deletion"), 2):
            self._tell(kind, happening, {"objectId": number}, at=at, source=source)

    def merged(
        self, kind: str, *, primary: int, others: Sequence[int], new: int, moved: int, at: int, source: Source
    ) -> None:
        """``merge``."""
        keys = {
            "primaryObjectId": primary,
            "mergedObjectIds": list(others),
            "newObjectId": new,
            "numberOfPropertiesMoved": moved,
        }
        self._tell(kind, "merge", keys, at=at, source=source)

    def linked(
        self,
        pair: tuple[str, str],
        start: int,
        end: int,
        *,
        before: Collection[int],
        after: Collection[int],
        at: int,
        source: Source,
    ) -> None:
        """``associationChange`` of both sides for every type that came or went."""
        for number in sorted({*before} ^ {*after}):
            for (one, other), first, second in ((pair, start, end), ((pair[1], pair[0]), end, start)):
                keys = {
                    "associationType": f"{_singular(one)}_to_{_singular(other)}".upper(),
                    "fromObjectId": first,
                    "toObjectId": second,
                    "associationRemoved": number in before,
                    "isPrimaryAssociation": number == PRIMARY.get(pair),
                }
                self._tell(one, "associationChange", keys, at=at, source=source)

    def _tell(
        self,
        kind: str,
        happening: str,
        keys: Mapping[str, Any],
        *,
        at: int,
        source: Source,
        property: str | None = None,
    ) -> None:
        name = f"{_singular(kind)}.{happening}"
        for app in self._apps.values():
            settings = app.in_force(at, cached=self._switches.webhook_settings_cached)
            subscription = settings.wanted.get((name, property)) if settings is not None else None
            if subscription is None:
                continue
            event: Event = {
                "eventId": self._next_id(),
                "subscriptionId": subscription,
                "portalId": self._portal_id,
                "appId": app.id,
                "occurredAt": at,
                "subscriptionType": name,
                **keys,
                "changeSource": source.kind,
                "sourceId": source.id,
            }
            self._put(app.id, event)

    def _next_id(self) -> int:
        share = self._switches.webhook_repeated_ids
        if not share or self._chance.random() >= share:
            self._last_id += 1
        return self._last_id


def _singular(kind: str) -> str:
    return _SINGULAR.get(kind, kind)
