"""From the world to a Plan: gather, pair, merge, order, price. Stores nothing and writes to nobody.

``syncd plan`` prints what this returns; ``syncd sync`` carries it out. The digest covers what would be done, not when
it was found, so that planning twice gives the same digest and an approval is bound to exactly what was shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from syncd.core.planner import Known, Planner
from syncd.engine.closers import with_closers
from syncd.engine.forgetting import Forgetting
from syncd.engine.gather import Gather
from syncd.engine.gathered import Gathered, Meeting
from syncd.engine.leaving import Leaving
from syncd.engine.moves import with_arrivals
from syncd.engine.pairing import Pairing
from syncd.engine.plans import kind_plan, plan_digest
from syncd.engine.price import price
from syncd.engine.routing import routed
from syncd.engine.second import edited_addresses, hear_what_is_left, read_again, restored_addresses, seek_second
from syncd.engine.timing import Untimed, with_times
from syncd.engine.unlinking import Unlinking
from syncd.engine.world import World
from syncd.model.derived import Handed
from syncd.model.errors import UnusableCursor
from syncd.model.link import Link, Linked
from syncd.model.plan import (
    Action,
    Create,
    Decision,
    KindPlan,
    Plan,
)
from syncd.model.remote import RemoteRecord
from syncd.model.values import SIDES, Pair
from syncd.observe.log import emit


@dataclass(slots=True)
class Prepared:
    """A plan, and what must be remembered when it has been carried out."""

    plan: Plan
    gathered: list[Gathered]


def prepare(world: World, *, full: bool = False, recreate: Sequence[str] = (), steady: bool = False) -> Prepared:
    """Reads, decides and orders everything for one cycle of all kinds; ``recreate`` are ids of tombstones (of an
    unlinked pair with ``:`` and the side whose record is meant), ``steady`` says that other cycles follow soon.
    """
    kinds: list[KindPlan] = []
    everything: list[Gathered] = []
    first = False
    for kind in world.connection.kinds:
        gather = Gather(world, kind.kind, full=full, recreate=recreate, steady=steady)
        try:
            gathered = gather.read()
        except UnusableCursor as why:
            emit("cursor.unusable", kind=kind.kind, stream="changes", reason=str(why))
            gather = Gather(world, kind.kind, full=full, recreate=recreate, steady=steady, anew=True)
            gathered = gather.read()
        first = first or gather.first
        decisions = decide(world, gather.planner, gathered)
        kinds.append(kind_plan(kind.kind, decisions, gathered))
        everything.append(gathered)
    plan = Plan(
        connection=world.connection.name,
        kinds=tuple(kinds),
        first_link=first,
        digest=plan_digest(kinds),
        cost=price(world, kinds, first_link=first),
    )
    return Prepared(plan, everything)


def decide(world: World, planner: Planner, gathered: Gathered) -> list[Decision]:
    """The decisions on what was gathered of one kind; reads counterparts and histories, writes nothing."""
    decided = with_closers(world, planner, _Deciding(world, planner, gathered).decide())
    return routed(world, planner, gathered, decided)


class _Deciding:
    """Turns what was gathered of one kind into decisions."""

    def __init__(self, world: World, planner: Planner, gathered: Gathered) -> None:
        self.world = world
        self.planner = planner
        self.gathered = gathered
        self.untimed: list[Untimed] = []
        self.decisions: list[Decision] = []

    def decide(self) -> list[Decision]:
        """Departures first, since they change which links stand; then matches, then what is linked."""
        seek_second(self.world, self.planner, self.gathered, restored_addresses)
        self.decisions.extend(Forgetting(self.world, self.planner, self.gathered).decide())
        self.decisions.extend(Unlinking(self.world, self.planner, self.gathered).decide())
        leaving = self._leaving()
        leaving.decide()
        paired = Pairing(self.world, self.planner, self.gathered, arrived=leaving.arrived).pair()
        for decision in paired.decisions:
            self._expect_link(decision)
        self.decisions.extend(with_arrivals(self.world, self.planner, paired.decisions))
        fresh = {link.id: records for link, records, _ in paired.adopts}
        hear_what_is_left(self.world, self.planner, self.gathered, fresh, leaving.arrived, leaving.left)
        for link, records, adopt in paired.adopts:
            self._register(link)
            seen: Pair[RemoteRecord | None] = Pair(records.marketing, records.crm)
            opted = self.gathered.opted.get(link.id, {})
            known = Known(conflicts=self.gathered.conflicts.get(link.id, ()), opted=opted)
            self._decide(Linked(link, None), seen, known, (adopt,))
        seek_second(self.world, self.planner, self.gathered, edited_addresses)
        handed = self._handed()
        for meeting in self.gathered.meetings.values():
            self._meeting(meeting, handed.get(meeting.linked.link.id))
        self.decisions.extend(with_times(self.world, self.planner, self.untimed))
        read_again(self.world, self.gathered, self.decisions)
        return self.decisions

    def _leaving(self) -> Leaving:
        world, planner, gathered = self.world, self.planner, self.gathered
        decide, register = self._decide, self._register
        return Leaving(world, planner, gathered, decisions=self.decisions, decide=decide, register=register)

    def _register(self, link: Link) -> None:
        """Makes a link that is about to be known readable for references of later kinds."""
        for side in SIDES:
            ref = link.refs.of(side)
            if ref.id:
                self.world.context.links.of(side)[str(ref)] = link.id
                self.world.context.refs.of(side)[link.id] = str(ref)

    def _expect_link(self, decision: Decision) -> None:
        if any(isinstance(action, Create) for action in decision.actions):
            self._register(decision.link)

    def _handed(self) -> Mapping[str, Handed]:
        """What the handoff ledger says of whom is looked at, where a field shows it."""
        if not self.planner.ledgered or self.world.booking is None:
            return {}
        return self.world.booking.handed(list(self.gathered.meetings), self.world.store)

    def _meeting(self, meeting: Meeting, handed: Handed | None) -> None:
        link = meeting.linked.link
        if link.id in self.gathered.flying:
            self.gathered.nothing["write in flight"] += 1
            return
        waiting, parked = self.gathered.conflicts.get(link.id, ()), self.gathered.parked.get(link.id, ())
        known = Known(conflicts=waiting, parked=parked, handed=handed)
        if opted := self.gathered.opted.get(link.id):
            known = replace(known, opted=opted)
        self._decide(meeting.linked, meeting.seen, known, ())

    def _decide(
        self, linked: Linked, seen: Pair[RemoteRecord | None], known: Known, before: tuple[Action, ...]
    ) -> None:
        decided = self.planner.linked(linked, seen, known, before)
        if isinstance(decided, Decision):
            self.decisions.append(decided)
        else:
            self.untimed.append(Untimed(linked, seen, known, before, decided))
