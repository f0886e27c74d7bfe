"""What a person asks of a daemon's next cycle that a cycle otherwise has to be told at its start: that a first link is
written by its digest, and that a missing record is made anew.

Both are stored, so that whoever asks need not be the process that writes. The cycle is then told what ``syncd sync``
would be told: a first link that is another one by then is not written but shown anew, and the word for the earlier one
is over. What cannot be made any more is refused once, with a line in the log, and costs no cycle. Whoever asked, or
anybody else who may, sees what waits and takes it back; a turn that has begun with it is not stopped by that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from syncd.engine.cycle import Ended, sync
from syncd.engine.world import World
from syncd.model.errors import BadUsage, NothingLeft
from syncd.model.link import Link, LinkState
from syncd.model.remote import Moved, RemoteRecord
from syncd.model.run import LINK_FIRST, RECREATE, Lease, Request, RunState
from syncd.model.values import SIDES, Instant, Side
from syncd.observe.log import emit
from syncd.operations.first_link import unapproved
from syncd.operations.recreating import tombstones
from syncd.ports.store import Store

MADE: Final = (LINK_FIRST, RECREATE)
"""The wishes that a cycle is told at its start."""


# -- asking ------------------------------------------------------------------------------------------------------------
def ask_first_link(store: Store, digest: str, *, id: str, connection: str, who: str, now: Instant) -> Request:
    """Stores that the first link shown under a digest may be written; said twice it is one wish.

    :raises BadUsage: if none waits, or it is another one.
    """
    waits = unapproved(store)
    if waits is None:
        raise BadUsage("no first link waits for approval")
    if waits.digest != digest:
        raise BadUsage(f"what waits is another first link by now, {waits.digest}; look at it, then approve that one")
    return _asked(store, Request(id, connection, LINK_FIRST, digest, who, now))


def ask_recreate(world: World, record: str) -> Request:
    """Stores that the counterpart of a record is made anew; said twice it is one wish. The world is ready.

    :raises BadUsage: as ``tombstones``, or if the record that it is to be made from is gone, too.
    """
    (named,) = tombstones(world, [record])
    id, _, _ = named.partition(":")
    link = world.store.by_link([id])[id].link
    side = _left(link, named)
    ref = link.refs.of(side)
    shape = world.planner(link.kind).lens.shape(side)
    if not any(isinstance(each, RemoteRecord | Moved) for each in world.connectors.of(side).fetch(shape, [ref])):
        raise BadUsage(f"{side}:{ref} is gone as well; there is nothing to recreate its counterpart from")
    wish = Request(world.chance.identifier(), world.connection.name, RECREATE, named, world.who, world.clock.now())
    return _asked(world.store, wish)


def _asked(store: Store, wish: Request) -> Request:
    for waiting in wishes(store, wish.wish):
        if waiting.argument == wish.argument:
            return waiting
    store.approve(wish)
    return wish


def wishes(store: Store, *sorts: str) -> list[Request]:
    """Those of these sorts that wait, oldest first."""
    return [each for each in store.requests() if each.wish in sorts]


# -- looking, and taking back ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A wish that was taken back. ``at_work``: a turn is under way, which may have begun with it and make it still."""

    wish: Request
    at_work: bool

    def document(self) -> dict[str, Any]:
        """The same as plain values with stable keys."""
        return {**wish_document(self.wish), "at_work": self.at_work}


def waiting_wish(store: Store, prefix: str) -> Request:
    """The wish whose id begins so.

    :raises BadUsage: if there is none that waits, or several.
    """
    waiting = wishes(store, *MADE)
    hits = [each for each in waiting if each.id.startswith(prefix)]
    if len(hits) != 1:
        known = ", ".join(each.id for each in waiting) or "none"
        raise BadUsage(f"{'several wishes' if hits else 'no wish'} with the id {prefix!r} wait; there are: {known}")
    return hits[0]


def withdraw(store: Store, wish: Request, leases: Callable[[], Sequence[Lease]], now: Instant) -> Withdrawn:
    """Takes a wish back: no turn that begins from now on is told of it.

    :param leases: those that are held in this store; asked for afterwards, since a turn may begin meanwhile.
    :raises BadUsage: if it was carried out, or taken back, a moment ago.
    """
    if not store.cancel(wish.id, now):
        raise BadUsage(f"the wish {wish.id} waits no more: it was carried out or taken back a moment ago")
    return Withdrawn(wish, any(each.connection == wish.connection for each in leases()))


def wish_document(wish: Request) -> dict[str, Any]:
    """A wish that waits, as plain values: of a first link the digest, of a counterpart whose it is and, where both
    records are there, the side of the one that gets it.
    """
    link, _, side = wish.argument.partition(":")
    first = wish.wish == LINK_FIRST
    return {
        "id": wish.id,
        "wish": wish.wish,
        "who": wish.who,
        "at": wish.at,
        "digest": wish.argument if first else None,
        "link": None if first else link,
        "side": None if first else side or None,
    }


# -- carrying out ------------------------------------------------------------------------------------------------------
def cycle(world: World) -> Ended:
    """One of a daemon's cycles, told what people have asked of it; whoever asked first is whose run it is."""
    asked = wishes(world.store, *MADE)
    if not asked:
        return sync(world, wait=0.0, steady=True)
    mine = replace(world, who=asked[0].who)

    def still() -> tuple[str | None, Sequence[str]]:
        """Read under the lease: whoever takes one back before is heeded, whoever does later hears of a turn at work."""
        asked[:] = wishes(world.store, *MADE)
        digest = next((each.argument for each in reversed(asked) if each.wish == LINK_FIRST), None)
        return digest, [each.argument for each in asked if each.wish == RECREATE and not _made(world, each)]

    ended: Ended | None = None
    while ended is None:
        try:
            ended = sync(mine, wait=0.0, steady=True, asked=still)
        except NothingLeft as why:  # of one kind: the next try may find some of another
            emit("recreate.refused", records=len(why.named), reason=str(why))
            _over(world, [each for each in asked if each.wish == RECREATE and each.argument in why.named])
    _over(world, [each for each in asked if _is_over(world, each, ended)])
    return ended


def _is_over(world: World, wish: Request, ended: Ended) -> bool:
    """Whether a wish has had its cycle. What was left for the next run is asked of that one again."""
    if wish.wish == LINK_FIRST:
        if ended.needs_approval and ended.plan is not None:
            emit("first_link.another", approved=wish.argument, digest=ended.plan.digest)
        return True
    return _made(world, wish) or (not ended.needs_approval and ended.run.state is RunState.DONE)


def _made(world: World, wish: Request) -> bool:
    """Whether the record that is left of a tombstone has a counterpart again."""
    id, _, _ = wish.argument.partition(":")
    known = world.store.by_link([id]).get(id)
    if known is None:
        return True  # its tombstone was forgotten meanwhile, and with it what was to be made
    side = _left(known.link, wish.argument)
    ref = known.link.refs.of(side)
    found = world.store.linked(known.link.kind, side, [ref]).get(ref)
    return found is not None and found.link.state is LinkState.LIVE


def _left(link: Link, named: str) -> Side:
    """The side of the record that gets a counterpart: the one that did not leave, or that a person named."""
    side = named.partition(":")[2]
    if side:
        return Side(side)
    return next(each for each in SIDES if each is not link.gone)


def _over(world: World, done: Sequence[Request]) -> None:
    for each in done:
        world.store.cancel(each.id, world.clock.now())
