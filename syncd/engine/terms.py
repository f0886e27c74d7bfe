"""Open handoffs follow the terms that are declared; those that ended keep theirs.

``follow`` is called at the beginning of every cycle and costs one look at what is remembered, as long as the terms are
those of the cycle before. When they are others it counts every open handoff anew, has the records show it, and tells
the log of whoever is late by the new terms already. So it does, and tells nobody, when syncd itself judges otherwise
than the version before. A process that dies meanwhile begins again: the terms are noted last.
"""

from __future__ import annotations

from syncd.core.terms import JUDGED, terms_id, text_of
from syncd.engine.booking import LOT
from syncd.engine.lateness import EPOCH, Late, late, note_late, tell
from syncd.engine.world import World
from syncd.model.values import Instant
from syncd.observe.log import emit
from syncd.ports.memory import LATE, TERMS, TERMS_NOW
from syncd.ports.store import Settlement, Store


def follow(world: World) -> None:
    """Counts open handoffs anew if the terms are other ones than they were counted by."""
    if world.booking is None:
        return
    store, now = world.store, world.clock.now()
    text = text_of(world.booking.handoff)
    name = terms_id(text)
    noted = store.recall(TERMS_NOW)
    before, _, judged = ("" if noted is None else noted[0].decode()).partition(" ")
    if (before, judged) == (name, JUDGED):
        return
    if store.recall(TERMS.format(terms=name)) is None:
        store.remember(TERMS.format(terms=name), text.encode(), now)
    looked = store.recall(LATE)
    known = _late(store, looked[1]) if looked else {}
    people = store.open_people()
    for start in range(0, len(people), LOT):
        settlement = Settlement()
        lot = people[start : start + LOT]
        world.booking.recount(settlement, lot, store)
        if world.connection.mode != "shadow":
            world.booking.show_people(lot, settlement, world.connection.name, now)
        world.settle(settlement)
    if before not in {"", name}:
        emit("handoff.terms_changed", people=len(people))
        if looked is not None and world.connection.mode != "shadow":
            tell([each for key, each in _late(store, looked[1]).items() if key not in known])
    note_late(store)
    store.remember(TERMS_NOW, f"{name} {JUDGED}".encode(), now)


def _late(store: Store, until: Instant) -> dict[tuple[str, str, bool], Late]:
    """Whoever is warned of or late at an instant, since whenever: each clock of each person once."""
    return {(each.person, each.clock, each.breached): each for each in late(store, since=EPOCH, now=until)}
