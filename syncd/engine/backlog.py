"""After a long gap: what was changed in it is left to a resync, so that what is fresh does not wait behind it.

Both are read by state and not by event, so it does not matter which comes first. The resync begins at the old cursors
and not at a time, since our clock is not the vendors'; it ends where what is fresh begins, by each vendor's clock: what
was touched since, by us too, is in the stream. Marketing goes first: HubSpot shows what we write there 200 records a
search and five searches a second, so that what the CRM's share writes must not be read as a backlog once more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Final

from syncd.engine.wishing import ENGINE
from syncd.engine.world import World
from syncd.model.remote import Cursor, Shape
from syncd.model.resync import RESYNC, STREAM, Gap, Resync
from syncd.model.run import Request, StoredCursor
from syncd.model.values import SIDES, Pair, Side
from syncd.observe.log import emit

GAP: Final = timedelta(minutes=10)
"""A longer one between two polls of a daemon is caught up with in shares, behind what is fresh. Where polls are further
apart than that, none of them is late that comes before the next one would."""
LATE: Final = 2
"""How many times the interval of polls a gap is long, at least."""
CUT: Final = timedelta(seconds=2)
"""More than a vendor's Date header is cut by."""
DEPARTED: Final = f"{ENGINE}, for what has left"
"""Who asks for a compare for which the stream of edits has no gap."""
PATIENCE: Final = timedelta(hours=2)
"""How long the sweep and second looks wait for a backlog, at most: one that is stuck must not put them off for good."""


def is_long(world: World, last: StoredCursor) -> bool:
    """Whether so much may have been changed since a stream was last read that it is better left to a resync."""
    return world.clock.now() - last.moved_at > max(GAP, LATE * timedelta(seconds=world.poll))


def leave(
    world: World, kind: str, lasts: Sequence[StoredCursor], shapes: Pair[Shape]
) -> tuple[Request, dict[Side, Cursor]]:
    """The wish that what follows these positions of a kind is caught up with, and the positions of what is fresh."""
    gaps: dict[Side, Gap] = {}
    fresh: dict[Side, Cursor] = {}
    for last in sorted(lasts, key=lambda each: SIDES.index(each.side)):
        connector = world.connectors.of(last.side)
        fresh[last.side] = connector.start(shapes.of(last.side))
        told = connector.check().clock  # only now: what lies between it and the position is read twice and not never
        gaps[last.side] = Gap(last.cursor, told and told + CUT)
        emit("backlog.left", kind=kind, side=str(last.side), since=last.moved_at.isoformat())
    wish = Request(
        id=f"backlog-{kind}-{min(last.moved_at for last in lasts):%Y%m%dT%H%M%S}",
        connection=world.connection.name,
        wish=RESYNC,
        argument=Resync(kinds=(kind,), sides=tuple(gaps), gaps=gaps).written(),
        who=ENGINE,
        at=world.clock.now(),
    )
    return wish, fresh


def begin_anew(world: World, kind: str) -> list[Request]:
    """The wish that a kind is compared whole, since nobody knows what was missed in its streams; none where one stands
    for it.
    """
    return [] if _stands(world, kind, {ENGINE}) else [_whole(world, kind, "anew", who=ENGINE)]


def look_for_departed(world: World, kind: str) -> list[Request]:
    """The wish that a kind is compared whole, since some may have left unheard of; none where one stands for it. All
    edits are known meanwhile, so nothing waits for it.
    """
    return [] if _stands(world, kind, {ENGINE, DEPARTED}) else [_whole(world, kind, "departed", who=DEPARTED)]


def _stands(world: World, kind: str, who: Collection[str]) -> bool:
    """Whether a compare of the whole kind waits that has not begun: what was missed until it does, it finds. One that
    has begun may have passed that.
    """
    begun = {row.stream for row in world.store.cursors()}
    waiting = [each for each in world.store.requests() if each.wish == RESYNC and each.who in who]
    unbegun = (Resync.read(each.argument) for each in waiting if STREAM.format(id=each.id) not in begun)
    return any(wanted.whole and kind in wanted.kinds for wanted in unbegun)


def _whole(world: World, kind: str, word: str, *, who: str) -> Request:
    now = world.clock.now()
    return Request(
        id=f"{word}-{kind}-{now:%Y%m%dT%H%M%S}",
        connection=world.connection.name,
        wish=RESYNC,
        argument=Resync(kinds=(kind,)).written(),
        who=who,
        at=now,
    )


def stuck(world: World) -> bool:
    """Whether a backlog has waited for so long that nothing else waits for it any more."""
    return next(_waiting(world), None) is not None and not catching_up(world)


def catching_up(world: World) -> bool:
    """Whether a backlog waits to be carried out, since not all too long."""
    young = world.clock.now() - PATIENCE
    return any(request.at > young for request in _waiting(world))


def untold(world: World, kind: str) -> frozenset[Side]:
    """The sides of a kind on which edits of a gap are still to be read: until then its stream does not tell what stands
    there.
    """
    waiting = (Resync.read(request.argument) for request in _waiting(world))
    return frozenset(side for wanted in waiting if kind in wanted.kinds for side in (wanted.gaps or SIDES))


def _waiting(world: World) -> Iterator[Request]:
    return (request for request in world.store.requests() if request.wish == RESYNC and request.who == ENGINE)
