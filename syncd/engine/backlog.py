"""After a long gap: what was changed in it is left to a resync, so that what is fresh does not wait behind it.

Both are read by state and not by event, so it does not matter which comes first. The resync begins at the old cursor
and not at a time, since our clock is not the vendor's; it ends where what is fresh begins, by the vendor's clock: what
was touched since, by us too, is in the stream.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from syncd.engine.gathered import ENGINE
from syncd.engine.world import World
from syncd.model.resync import RESYNC, Resync
from syncd.model.run import Request, StoredCursor
from syncd.observe.log import emit

GAP: Final = timedelta(minutes=10)
"""A longer one between two polls of a daemon is caught up with in shares, behind what is fresh."""
SURELY: Final = timedelta(seconds=30)
"""More than the vendor's Date header is cut, and than passes until the new position is taken."""
PATIENCE: Final = timedelta(hours=2)
"""How long the sweep and second looks wait for a backlog, at most: one that is stuck must not put them off for good."""


def is_long(world: World, last: StoredCursor) -> bool:
    """Whether so much may have been changed since a stream was last read that it is better left to a resync."""
    return world.clock.now() - last.moved_at > GAP


def leave(world: World, last: StoredCursor) -> Request:
    """The wish that what follows a position is caught up with, up to now. Asked before the new position is taken."""
    told = world.connectors.of(last.side).check().clock
    emit("backlog.left", kind=last.kind, side=str(last.side), since=last.moved_at.isoformat())
    return Request(
        id=f"backlog-{last.kind}-{last.side}-{last.moved_at:%Y%m%dT%H%M%S}",
        connection=world.connection.name,
        wish=RESYNC,
        argument=Resync(
            kinds=(last.kind,), sides=(last.side,), begin=last.cursor, until=told and told + SURELY
        ).written(),
        who=ENGINE,
        at=world.clock.now(),
    )


def catching_up(world: World) -> bool:
    """Whether a backlog waits to be carried out, since not all too long."""
    young = world.clock.now() - PATIENCE
    ours = (request for request in world.store.requests() if request.wish == RESYNC and request.who == ENGINE)
    return any(request.at > young for request in ours)
