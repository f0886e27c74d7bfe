"""Lets fields at rest go on: they are what their vendors have now, and all records are compared by them once more.

Both sides' definitions are read anew before, since what is remembered may be ten minutes old and either may have
changed; if a vendor cannot be reached, nothing is accepted. A cycle reads only what changes, so what came to differ
during the rest is left to a resync of these fields. That is stored before the rest ends: whatever dies in between, what
differs is not forgotten.

Promises: accepting twice makes one resync. Refuses: a field that does not fit what its vendor has now; it rests on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from syncd.engine.world import World, learn_schema, make_ready
from syncd.model.drift import Resting
from syncd.model.errors import RetryLater
from syncd.model.mapping import KindMapping
from syncd.model.resync import Resync
from syncd.model.run import Request
from syncd.operations.drift import let_go_on, resting
from syncd.operations.resyncing import Words, ask, cancel_resync, never_linked, understood


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of the fields that were named.

    ``resyncs`` compare the records that are there by them, one a kind; none of a kind whose first link, which compares
    everything, is still to come. ``unfit`` rest on; what is nowhere in here rested no longer.
    """

    ended: Sequence[Resting]
    resyncs: Sequence[Request]
    unfit: Sequence[Resting]


def accept(world: World, names: Collection[tuple[str, str]]) -> Accepted:
    """Ends the rest of these fields (kind and field).

    :raises RetryLater: if a vendor cannot be reached; nothing is accepted then.
    """
    kinds = [kind for kind in world.connection.kinds if any(kind.kind == each for each, _ in names)]
    _look_anew(world, kinds)
    fit = {(kind.kind, field.name) for kind in kinds for field in world.terms[kind.kind].kind.fields}
    rests = [each for each in resting(world.store) if (each.kind, each.field) in names]
    over = {(each.kind, each.field) for each in rests} & fit
    wanted = list(_to_compare(world, kinds, over))
    for each in wanted:
        ask(world, each)
    ended = let_go_on(world.store, over, world.clock.now())
    for kind in kinds:
        learn_schema(world, kind)  # takes the definitions as they were read just now
    unfit = [each for each in rests if (each.kind, each.field) not in fit]
    return Accepted(ended, [_from_the_start(world, each) for each in wanted], unfit)


def _look_anew(world: World, kinds: Sequence[KindMapping]) -> None:
    try:
        make_ready(world)
        for kind in kinds:
            learn_schema(world, kind, at_least=timedelta(0))
    except RetryLater as why:
        raise RetryLater(
            f"nothing was accepted, since what the vendors have now could not be read: {why}",
            after=why.after,
            sent=why.sent,
        ) from why


def _to_compare(world: World, kinds: Sequence[KindMapping], over: Collection[tuple[str, str]]) -> Iterator[Resync]:
    """What ``syncd resync --all --kind KIND --fields FIELD`` asks for, by kind."""
    for kind in kinds:
        fields = [field.name for field in kind.fields if (kind.kind, field.name) in over]
        if fields and not never_linked(world.store, [kind.kind]):
            yield understood(world, Words(kinds=[kind.kind], fields=fields, everything=True))


def _from_the_start(world: World, wanted: Resync) -> Request:
    """The resync as it waits. One that has begun may have passed records by while the field rested: it begins anew."""
    request = ask(world, wanted)
    if world.store.run(request.id) is None:
        return request
    cancel_resync(world.store, request, world.clock.now())
    return ask(world, wanted)
