"""What is spared when the day's calls come near the floor that is kept for other programs (``core.reserve``).

Opt-outs and handoffs go on to the end, so whatever finds them is read in their lane, and so is what a person looks at.
The rest waits without being tried: resyncs and the sweep while bulk does; ordinary writes, signals and what is shown of
the ledger while ordinary work does, each with a wish to be looked at again. A daemon then polls more rarely. Nothing
fails of it: the vendor's count, heard with each poll, says when it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from syncd.engine.world import World
from syncd.model.values import SIDES, Instant, Lane, Side

RARELY: Final = 10
"""How many times the interval of polls is that between two of them."""
RAREST: Final = 300.0
"""Seconds between two of them at most: an opt-out waits for one, and a longer gap would be left to bulk."""

SPARED: Final = (
    "{side}: what is left of the day's calls is kept for other programs; what is not urgent waits, and goes by itself"
)


def waits(world: World, lane: Lane) -> dict[Side, Instant]:
    """The sides on which a lane waits, and until when at least."""
    found = {side: world.connectors.of(side).waits(lane) for side in SIDES}
    return {side: until for side, until in found.items() if until is not None}


def interval(world: World) -> float:
    """Seconds from one poll of a daemon to the next: more while ordinary work waits on a side."""
    return max(world.poll, min(RARELY * world.poll, RAREST)) if waits(world, Lane.ORDINARY) else world.poll


@contextmanager
def urgently(world: World) -> Iterator[None]:
    """Whatever is asked meanwhile is asked in the lane of handoffs. What reads everything does not belong in here."""
    before = world.connectors
    world.connectors = before.map(lambda connector: connector.for_lane(Lane.HANDOFF))
    try:
        yield
    finally:
        world.connectors = before
