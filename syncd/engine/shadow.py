"""The ledger kept by looking: what others move and deliver while syncd writes to nobody (shadow mode).

Nothing is linked and no Base moves in shadow mode, so the ledger itself is the memory. Whoever stands elsewhere than it
says, and was changed since the last look, is asked after: both sides' histories are read, a copy of a move is told from
the move, and what the ledger does not know yet is booked in our own store, lot by lot. A look is noted when it is over:
one that dies is repeated, and what was booked by then is known and counts once.

People are known by the id that their link gets once there is one. A person whom marketing has qualified and whom the
CRM lacks is handed over and not delivered. Whoever was done with before the first look is nobody's handoff.

The first live cycles look as well, before they write, until one is through: what happened between the last look and the
first link is neither lost nor told twice. Nobody is alarmed by what is late in shadow: it is reported. Nor is anybody
handed on, and no record shows what the ledger says, until shadow mode is left: then all of whom it heard do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Final

from syncd.core.planner import Planner
from syncd.core.stages import Stages
from syncd.engine.booking import Booking, book_in
from syncd.engine.gathered import Gathered
from syncd.engine.moves import moves_of
from syncd.engine.prepare import Prepared
from syncd.engine.shadowed import Shadowed, note_people, note_shadowed, people_seen, shadowed
from syncd.engine.world import World
from syncd.model.episode import Delivered, Event, Moved
from syncd.model.lifecycle import Move
from syncd.model.link import Link, Linked
from syncd.model.mapping import Direction
from syncd.model.plan import Adopt, Create, KindPlan, Relink
from syncd.model.remote import RemoteRecord
from syncd.model.values import MISSING, SIDES, Canonical, Instant, Pair, Side, Told
from syncd.ports.memory import LATE
from syncd.ports.store import Settlement

LOT: Final = 500
OVERLAP: Final = timedelta(hours=1)
"""How far before the last look a change counts as later: vendors' clocks are not ours, and their indexes are late."""


def look(world: World, prepared: Prepared) -> int:
    """Books what others did since the last look. Returns how many events the ledger did not know; 0 without one."""
    kind = next((kind.kind for kind in world.connection.kinds if kind.agreed is not None), None)
    if world.booking is None or kind is None:
        return 0
    now = world.clock.now()
    times = list(shadowed(world.store))
    if not times or times[-1].ended is not None:
        times.append(Shadowed(now))
        note_shadowed(world.store, times, now)
    looking = _Looking(world, world.booking, world.planner(kind), times[-1])
    told = sum(
        looking.at(*found)
        for found in zip(prepared.plan.kinds, prepared.gathered, strict=True)
        if found[0].kind == kind
    )
    note_people(world.store, looking.people, now)
    note_shadowed(world.store, [*times[:-1], replace(times[-1], looked=now)], now)
    world.store.remember(LATE, b"", now)  # what became late meanwhile alarms nobody later either
    return told


def catch_up(world: World, prepared: Prepared) -> None:
    """The last look, by a cycle that is about to write; nothing where shadow mode is over or never was."""
    if world.booking is not None and (times := shadowed(world.store)) and times[-1].ended is None:
        look(world, prepared)


def leave(world: World) -> None:
    """From here on the ledger hears of what is written, and records show what it heard by looking."""
    if world.booking is not None and (times := shadowed(world.store)) and times[-1].ended is None:
        now = world.clock.now()
        settlement = Settlement()
        world.booking.show_people(people_seen(world.store), settlement, world.connection.name, now)
        world.settle(settlement)  # before it is noted, so that a process that dies in between wishes it again
        note_shadowed(world.store, [*times[:-1], replace(times[-1], ended=now)], now)


# -- one look ----------------------------------------------------------------------------------------------------------
_Known = Sequence[Event]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One person as both sides show them."""

    link: Link
    records: Pair[RemoteRecord | None]
    values: Pair[Mapping[str, Canonical]]
    known: _Known

    @property
    def moves(self) -> list[Moved]:
        """The moves that the ledger has, oldest first."""
        return sorted((each for each in self.known if isinstance(each, Moved)), key=lambda each: each.at)

    @property
    def changed(self) -> Instant:
        """When either record was changed last, as its vendor tells."""
        return max(record.stamp for record in self.records if record is not None)


class _Looking:
    """One look at everybody who was read."""

    def __init__(self, world: World, booking: Booking, planner: Planner, time: Shadowed) -> None:
        assert planner.stages is not None, "only a kind with a lifecycle is looked at"
        self.world = world
        self.booking = booking
        self.planner = planner
        self.stages: Stages = planner.stages
        self.time = time
        self.now = world.clock.now()
        self.people: dict[str, Pair[str | None]] = {}
        self.qualified = frozenset(booking.book.rules.qualified)

    def at(self, plan: KindPlan, gathered: Gathered) -> int:
        """Looks lot by lot; how many events were new."""
        people = _people(plan, gathered)
        told = 0
        while lot := list(islice(people, LOT)):
            self.world.keep_lease()
            told += self._lot(self._whole(lot))
        return told

    def _lot(self, lot: Sequence[tuple[Link, Pair[RemoteRecord | None]]]) -> int:
        known: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.world.store.ledger_of([link.id for link, _ in lot]):
            known[event.person].append(event)
        seen = [_Seen(link, records, self._values(records), known[link.id]) for link, records in lot]
        asked = [each for each in seen if self._asks_after(each)]
        met = [(Linked(each.link, None), each.records) for each in asked]
        moves = moves_of(self.world, self.planner, met) if met else {}
        events: list[Event] = []
        for each in asked:
            events += self._moved(each, moves[each.link.id])
        for each in seen:
            if each.known and each.link.id not in moves:
                events += self.booking.seen(each.link.id, (), values=self._both(each), delivered=None, now=self.now)
        settlement = Settlement()
        book_in(settlement, events, store=self.world.store, book=self.booking.book, seen_by=self.now)
        heard_of = {event.person for event in events}
        self.people |= {each.link.id: each.records.map(_named) for each in seen if each.link.id in heard_of}
        news = set(settlement.events) - {event for each in known.values() for event in each}
        if news:
            self.world.settle(settlement)
        return len(news)

    def _asks_after(self, seen: _Seen) -> bool:
        """Whether a person stands elsewhere than the ledger says."""
        shown = [stage for each in seen.values if (stage := each.get(self.stages.name)) is not None]
        looked, moves = self.time.looked, seen.moves
        if not moves and (looked is None or any(map(self.stages.between, shown))):
            return any(map(self.stages.between, shown))
        fresh = looked is None or seen.changed >= looked - OVERLAP
        if not moves:
            return fresh and any(map(self.stages.counts, shown))
        if seen.records.crm is not None and self._undelivered(seen, moves):
            return fresh
        return fresh and any(stage != moves[-1].stage for stage in shown)

    def _undelivered(self, seen: _Seen, moves: Sequence[Moved]) -> bool:
        cycles = {move.cycle for move in moves if move.stage in self.qualified}
        return not cycles.issubset({each.cycle for each in seen.known if isinstance(each, Delivered)})

    def _moved(self, seen: _Seen, told: Pair[tuple[Move, ...]]) -> Sequence[Event]:
        """What is to be told of somebody who was asked after."""
        moves = self.stages.beheld(seen.link, seen.values, told)
        over = not moves or not self.stages.between(moves[-1].stage)
        if over and not seen.moves and (not moves or moves[-1].at < self.time.begun):
            return ()  # done with before the first look
        delivered = self._delivered(seen, moves, told.crm)
        return self.booking.seen(seen.link.id, moves, values=self._both(seen), delivered=delivered, now=self.now)

    def _delivered(self, seen: _Seen, moves: Sequence[Moved], told: Sequence[Move]) -> Instant | None:
        """Since when sales could see whom marketing qualified: as the CRM's history tells, else since it was noticed;
        from the beginning, if it was there at the first look.
        """
        entered = [number for number, move in enumerate(moves) if move.stage in self.qualified]
        if not entered or seen.records.crm is None:
            return None
        since = moves[entered[-1]].at
        stages = {move.stage for move in moves[entered[-1] :]}
        dated = [move.at for move in told if move.at is not None and move.at >= since and move.stage in stages]
        if dated:
            return min(dated)
        placed = self.stages.name in self.planner.slots(Side.CRM, seen.records.crm.ref.object)
        if placed and seen.values.crm.get(self.stages.name) not in stages:
            return None
        return self.now if seen.moves else since

    # -- records -----------------------------------------------------------------------------------------------------
    def _whole(
        self, lot: Sequence[tuple[Link, Pair[RemoteRecord | None]]]
    ) -> list[tuple[Link, Pair[RemoteRecord | None]]]:
        """With the records of linked people that only the other side told about."""
        people = dict(enumerate(lot))
        for side in SIDES:
            unread = {
                link.refs.of(side): number
                for number, (link, records) in people.items()
                if records.of(side) is None and link.refs.of(side).id
            }
            shape = self.planner.lens.shape(side)
            for answer in self.world.seen(side).fetch(shape, list(unread)) if unread else ():
                if isinstance(answer, RemoteRecord) and answer.ref in unread:
                    link, records = people[unread[answer.ref]]
                    people[unread[answer.ref]] = link, records.replacing(side, answer)
        return [found for found in people.values() if any(record is not None for record in found[1])]

    def _values(self, records: Pair[RemoteRecord | None]) -> Pair[Mapping[str, Canonical]]:
        values: Pair[Mapping[str, Canonical]] = Pair({}, {})
        for side in SIDES:
            record = records.of(side)
            if record is not None:
                values = values.replacing(side, self.planner.values(side, record))
        return values

    def _both(self, seen: _Seen) -> Mapping[str, Canonical]:
        """The shared values of a person: of the side a field belongs to, else of whichever has one."""
        both: dict[str, Canonical] = {}
        for mapping in self.planner.kind.fields:
            owner = Side.CRM if mapping.direction is Direction.TO_MARKETING else Side.MARKETING
            told: list[Told] = [seen.values.of(side).get(mapping.name, MISSING) for side in (owner, owner.other)]
            both[mapping.name] = next((each for each in told if each is not MISSING and each is not None), None)
        return both


def _named(record: RemoteRecord | None) -> str | None:
    return None if record is None else str(record.ref)


def _people(plan: KindPlan, gathered: Gathered) -> Iterator[tuple[Link, Pair[RemoteRecord | None]]]:
    """Everybody who is linked, would be, or would be made in the CRM. Whom only sales knows waits for their pair: then
    they are known by another id, and their history is read whole.
    """
    for decision in plan.decisions:
        for action in decision.actions:
            if isinstance(action, Adopt | Relink) or (isinstance(action, Create) and action.side is Side.CRM):
                yield decision.link, decision.seen
                break
    for meeting in gathered.meetings.values():
        yield meeting.linked.link, meeting.seen
