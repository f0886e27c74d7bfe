"""What is special about saving a HubSpot account: what follows from its records and is made anew after loading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.freezing import Frame, Freezer, Thawer
from sandbox.hubspot.account import HubSpotAccount
from sandbox.hubspot.index import SearchIndex
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.records import RecordStore
from sandbox.hubspot.standard import OBJECT_TYPES
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.tables import ObjectType
from sandbox.hubspot.webhooks import Webhooks
from sandbox.hubspot.webhooks_queue import Outbox

_STANDARD = frozenset(kind.name for kind in OBJECT_TYPES)


def frame(kernel: HubSpotKernel) -> Frame:
    """What a picture of the kernel leaves out: its wiring, and the orders and rules that follow from the records."""
    return Frame(
        outside={"clock": kernel.clock},
        left_out={
            HubSpotKernel: ("clock", "faults", "_router", "_webhook_api"),
            RecordStore: ("kind", "rules", "live", "gone", "watch"),
            SearchIndex: ("by_stamp", "by_id", "_terms"),
            Webhooks: ("_stores",),
            Outbox: ("wakers",),
        },
        filled=(HubSpotLimits, HubSpotSwitches, HubSpotAccount),
    )


def beside(kernel: HubSpotKernel) -> dict[str, Any]:
    """What must be known before the picture is read: the custom objects, and whose records webhooks watch."""
    stores = kernel.portal.stores
    own = [store.kind for name, store in stores.items() if name not in _STANDARD]
    return {
        "objects": [Freezer(Frame()).freeze(kind) for kind in own],
        "watched": [name for name, store in stores.items() if store.watch is not None],
    }


def prepare(kernel: HubSpotKernel, beside: Mapping[str, Any]) -> None:
    """Gives the fresh account its custom objects; other spellings of their names come with the picture."""
    for told in beside["objects"]:
        kind = Thawer(Frame()).thaw(told)
        if not isinstance(kind, ObjectType):
            raise TypeError("a custom object must be an ObjectType")
        kernel.portal.add_object(kind, spellings=())


def finish(kernel: HubSpotKernel, beside: Mapping[str, Any], thawer: Thawer) -> None:
    """Makes anew what follows from the records, and lets webhooks watch again."""
    for store in kernel.portal.stores.values():
        store.rules = {}
        for definition in store.definitions.values():
            store.define(definition)
        store.live = sorted(number for number, record in store.records.items() if record.archived is None)
        store.gone = sorted(number for number, record in store.records.items() if record.archived is not None)
        store.index.arrange(store.unique)
    kernel.webhooks.watch(beside["watched"])


def left_behind(kernel: HubSpotKernel) -> list[str]:
    """Nothing of an account is code."""
    return []
