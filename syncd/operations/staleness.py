"""Since when a side was not read: what makes a daemon unready and ``status`` exit with 3 (reliability promise P15)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from syncd.model.values import SIDES, Instant, Side
from syncd.ports.memory import POLLED
from syncd.ports.store import Store

STALE: Final = 3
"""Intervals without a poll after which a side is stale (reliability promise P15)."""
SLACK: Final = 5.0
"""Seconds that a poll may take longer before it counts: a short interval must not cry wolf."""


def polled(store: Store) -> dict[Side, Instant | None]:
    """When each side was last read to its present edge; ``None`` if never."""
    remembered = {side: store.recall(POLLED.format(side=side)) for side in SIDES}
    return {side: None if found is None else found[1] for side, found in remembered.items()}


def promised(store: Store, poll: float) -> float:
    """Seconds between two polls as the last one promised: more than configured while calls are spared."""
    kept = (store.recall(POLLED.format(side=side)) for side in SIDES)
    return max(poll, *(float(found[0]) if found and found[0] else 0.0 for found in kept))


def stale(store: Store, name: str, *, poll: float, now: Instant) -> Iterator[str]:
    """A sentence for each side of a connection that was not polled for three intervals."""
    poll = promised(store, poll)
    for side, at in polled(store).items():
        yield from _verdict(name, side, at, poll=poll, now=now)


def stalled(store: Store, *, poll: float, now: Instant) -> dict[Side, Instant]:
    """The sides that were read once and then not for three intervals, and when each was read last."""
    late = now - timedelta(seconds=STALE * promised(store, poll) + SLACK)
    return {side: at for side, at in polled(store).items() if at is not None and at < late}


def _verdict(name: str, side: Side, at: Instant | None, *, poll: float, now: Instant) -> Iterator[str]:
    if at is None:
        yield f"{name}: {side} was never polled; look at the last `turn.failed` or `first_link.preview` in the log"
    elif (age := (now - at).total_seconds()) > STALE * poll + SLACK:
        yield f"{name}: {side} was last polled {age:,.0f} s ago, not every {poll:g} s; see `turn.failed` in the log"
