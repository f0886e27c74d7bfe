"""Since when a side was not read, or a write has no ending: what makes a daemon unready and ``status`` exit with 3
(reliability promise P15).
"""

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

STUCK: Final = 7200.0
"""Seconds after which a write without an ending is told: any horizon is over by then, and every cycle looks for it."""


def polled(store: Store) -> dict[Side, Instant | None]:
    """When each side was last read to its present edge; ``None`` if never."""
    remembered = {side: store.recall(POLLED.format(side=side)) for side in SIDES}
    return {side: None if found is None else found[1] for side, found in remembered.items()}


def promised(store: Store, poll: float) -> float:
    """Seconds between two polls as the last one promised: more than configured while calls are spared."""
    kept = (store.recall(POLLED.format(side=side)) for side in SIDES)
    return max(poll, *(float(found[0]) if found and found[0] else 0.0 for found in kept))


def stale(store: Store, name: str, *, poll: float, now: Instant) -> Iterator[str]:
    """A sentence for each side of a connection that was not polled for three intervals, as far as a clock that was set
    back can tell; and for the oldest write that has had no ending for two hours.
    """
    poll = promised(store, poll)
    for side, at in polled(store).items():
        yield from _verdict(name, side, at, poll=poll, now=now)
    since = store.open_since()
    if since is not None and (age := (now - since).total_seconds()) > STUCK:
        yield f"{name}: a write of {age:,.0f} s ago has no ending yet; see `intent.waiting` in the log"


def stalled(store: Store, *, poll: float, now: Instant) -> dict[Side, Instant]:
    """The sides that were read once and then not for three intervals, and when each was read last."""
    late = now - timedelta(seconds=STALE * promised(store, poll) + SLACK)
    return {side: at for side, at in polled(store).items() if at is not None and at < late}


def _verdict(name: str, side: Side, at: Instant | None, *, poll: float, now: Instant) -> Iterator[str]:
    if at is None:
        yield f"{name}: {side} was never polled; look at the last `turn.failed` or `first_link.preview` in the log"
        return
    age, late = (now - at).total_seconds(), STALE * poll + SLACK
    if age > late:
        yield f"{name}: {side} was last polled {age:,.0f} s ago, not every {poll:g} s; see `turn.failed` in the log"
    elif age < -late:  # by then nobody knows how long it was, until it is polled again
        yield f"{name}: {side} was last polled {-age:,.0f} s ahead of this clock, which was set back; see `turn.failed`"
