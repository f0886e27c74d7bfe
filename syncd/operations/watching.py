"""What the store knows of the sentinels, and giving them up. Reaches no vendor."""

from __future__ import annotations

from syncd.model.remote import RemoteRef
from syncd.model.sentinel import Planted
from syncd.model.values import SIDES, Instant, Side
from syncd.observe.log import emit
from syncd.ports.memory import NOT_ITSELF, PLANTED
from syncd.ports.store import Store


def remembered(store: Store) -> dict[Side, RemoteRef]:
    """The sentinels that the store remembers."""
    planted = {side: Planted.read(store.recall(PLANTED.format(side=side))) for side in SIDES}
    return {side: each.ref for side, each in planted.items() if each is not None}


def give_up(store: Store, now: Instant) -> dict[Side, RemoteRef]:
    """Forgets them: they are not read any more, and the sync still leaves them alone. Returns which they were."""
    left = remembered(store)
    for side, ref in left.items():
        store.remember(PLANTED.format(side=side), b"", now)
        store.remember(NOT_ITSELF.format(side=side), b"", now)
        emit("sentinel.removed", side=str(side), record=str(ref))
    return left


def strange(store: Store) -> dict[Side, str]:
    """The sides that were not themselves when they were last looked at, and why, in words."""
    noted = {side: store.recall(NOT_ITSELF.format(side=side)) for side in SIDES}
    return {side: each[0].decode() for side, each in noted.items() if each is not None and each[0]}
