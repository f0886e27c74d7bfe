"""From the world to a Plan: gather, pair, merge, order, price. Stores nothing and writes to nobody.

``syncd plan`` prints what this returns; ``syncd sync`` carries it out. The digest covers what would be done, not when
it was found, so that planning twice gives the same digest and an approval is bound to exactly what was shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from syncd.core.planner import Known, Planner, Times, restored
from syncd.engine.closers import with_closers
from syncd.engine.converted import kept_of
from syncd.engine.forgetting import Forgetting
from syncd.engine.gather import Gather
from syncd.engine.gathered import Gathered, Meeting, look_again
from syncd.engine.merged import merged_there_too, there_again, two_left
from syncd.engine.moves import moves_of, with_arrivals
from syncd.engine.pairing import Pairing
from syncd.engine.plans import kind_plan, plan_digest
from syncd.engine.price import price
from syncd.engine.references import learn_references
from syncd.engine.routing import routed
from syncd.engine.second import edited_addresses, hear_what_is_left, read_again, restored_addresses, seek_second
from syncd.engine.tombstones import follow_what_is_left
from syncd.engine.unlinking import Unlinking
from syncd.engine.world import World
from syncd.model.derived import Handed
from syncd.model.errors import UnusableCursor
from syncd.model.link import Link, Linked, LinkState
from syncd.model.plan import (
    Action,
    Create,
    Decision,
    Detach,
    KindPlan,
    Plan,
    Relink,
)
from syncd.model.remote import FieldEvent, Moved, RemoteRecord, RemoteRef, Succession
from syncd.model.values import SIDES, Instant, Pair, Side
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
        self.untimed: list[tuple[Linked, Pair[RemoteRecord | None], Known, tuple[Action, ...], tuple[str, ...]]] = []
        self.decisions: list[Decision] = []
        self.arrived: dict[tuple[Side, RemoteRef], Link] = {}
        self.left: list[RemoteRef] = []
        """Records of the CRM whose contact leaves in this cycle."""

    def decide(self) -> list[Decision]:
        """Departures first, since they change which links stand; then matches, then what is linked."""
        seek_second(self.world, self.planner, self.gathered, restored_addresses)
        self.decisions.extend(Forgetting(self.world, self.planner, self.gathered).decide())
        self.decisions.extend(Unlinking(self.world, self.planner, self.gathered).decide())
        self._departures()
        paired = Pairing(self.world, self.planner, self.gathered, arrived=self.arrived).pair()
        for decision in paired.decisions:
            self._expect_link(decision)
        self.decisions.extend(with_arrivals(self.world, self.planner, paired.decisions))
        fresh = {link.id: records for link, records, _ in paired.adopts}
        hear_what_is_left(self.world, self.planner, self.gathered, fresh, self.arrived, self.left)
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
        self._with_times()
        read_again(self.world, self.gathered, self.decisions)
        return self.decisions

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
            self.untimed.append((linked, seen, known, before, decided))

    # -- histories -------------------------------------------------------------------------------------------
    def _with_times(self) -> None:
        """Asks for the history of what ``newest`` and ``lifecycle`` must judge, and decides again with it."""
        if not self.untimed:
            return
        since = self.world.clock.now() - timedelta(days=3650)
        events = Pair(*(self._history(side, since) for side in SIDES))
        staged = [(linked, seen) for linked, seen, _, _, names in self.untimed if any(map(self._staged, names))]
        moves = moves_of(self.world, self.planner, staged) if staged else {}
        for linked, seen, known, before, names in self.untimed:
            times = {name: self._times(linked, seen, name, events) for name in names if not self._staged(name)}
            more = replace(known, times=times, moves=moves.get(linked.link.id))
            decided = self.planner.linked(linked, seen, more, before)
            assert isinstance(decided, Decision), "with all times and moves known there is nothing left to ask"
            self.decisions.append(decided)

    def _history(self, side: Side, since: Instant) -> dict[tuple[RemoteRef, str], Instant]:
        connector = self.world.connectors.of(side)
        refs: dict[RemoteRef, None] = {}
        fields: dict[str, None] = {}
        for linked, seen, _, _, names in self.untimed:
            timed = [name for name in names if not self._staged(name)]
            ref = _ref(linked, seen, side)
            refs.update(dict.fromkeys([ref] if timed else ()))
            for name in timed:
                fields.update(dict.fromkeys(self.planner.slots(side, ref.object).get(name, ())))
        if not connector.capabilities.history or not fields:
            return {}
        latest: dict[tuple[RemoteRef, str], Instant] = {}
        found: Sequence[FieldEvent] = connector.history(list(refs), list(fields), since)
        for event in found:
            key = (event.ref, event.field)
            latest[key] = max(latest.get(key, event.at), event.at)
        return latest

    def _staged(self, name: str) -> bool:
        return self.planner.stages is not None and name == self.planner.stages.name

    def _times(
        self,
        linked: Linked,
        seen: Pair[RemoteRecord | None],
        name: str,
        events: Pair[dict[tuple[RemoteRef, str], Instant]],
    ) -> Times:
        """The later of a field's changes per side, cut to the coarser side's resolution so that ties are seen."""
        coarsest = max(connector.capabilities.resolution for connector in self.world.connectors)
        found: dict[Side, Instant] = {}
        by_history = True
        for side in SIDES:
            ref = _ref(linked, seen, side)
            record = seen.of(side)
            known = [
                events.of(side)[ref, field]
                for field in self.planner.slots(side, ref.object).get(name, ())
                if (ref, field) in events.of(side)
            ]
            by_history = by_history and bool(known)
            at = max(known) if known else record.stamp if record else linked.link.since
            found[side] = _cut(at, coarsest)
        return Times(Pair(found[Side.MARKETING], found[Side.CRM]), "history" if by_history else "record stamp")

    # -- departures ------------------------------------------------------------------------------------------
    def _departures(self) -> None:
        """Deletions become tombstones; merges and conversions move the link; what came back is taken up again."""
        done = {decision.link.id for decision in self.decisions}
        moves: dict[str, dict[Side, Moved]] = {}
        moved = [row for row in self.gathered.moved if row[2].new != row[2].old]
        for found, side, move in moved:
            moves.setdefault(found.link.id, {}).setdefault(side, move)
        for found, _, _ in sorted(moved, key=self._who_stays):
            if found.link.id not in done:
                done.add(found.link.id)
                self._move(found, moves[found.link.id])
        for found, side, departed in self.gathered.gone:
            if found.link.id in done:
                continue
            done.add(found.link.id)
            self.gathered.meetings.pop(found.link.id, None)
            self._detach(found, side, Detach(side, departed.ref, departed.how), ())
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        for found, side, record in self.gathered.back:
            if found.link.id in done or (side, record.ref) in self.arrived:  # out of the bin, and merged into since
                continue
            done.add(found.link.id)
            mate = found.link.refs.of(side.other)
            now = self._holder(found.link.kind, side.other, mate)
            if now is not None and now.id != found.link.id:  # another's record was merged into it meanwhile
                more = two_left(self.world, self.gathered, found.link, side.other, now)
                self._detach(found, side.other, Detach(side.other, mate, Succession.MERGED), more)
                continue
            link, relink = restored(found.link, side, record.ref)
            self._register(link)
            both = self._both(link, nobody.replacing(side, record))
            self._decide_moved(Linked(link, found.base), both, Known(), (relink,))
            self.decisions.extend(there_again(self.gathered, link, found.base))
        for side, ref, link in follow_what_is_left(self.gathered, self._holder, but=done):
            self.arrived[side, ref] = link
        self.decisions.extend(merged_there_too(self.world, self.gathered, but=done))

    def _who_stays(self, row: tuple[Linked, Side, Moved]) -> tuple[bool, Instant, str]:
        """Of several links that move to one record the first stays: the one that the record's own key names, as the
        values of a merge's primary win, else the oldest.
        """
        found, side, move = row
        record = self.gathered.strays.of(side).get(move.new)
        named = record.fields.get(self.planner.lens.shape(side).key) if record is not None else None
        return named != found.link.refs.of(side.other).id, found.link.since, found.link.id

    def _move(self, found: Linked, moves: Mapping[Side, Moved]) -> None:
        """Follows what became of one record of a link, or of both."""
        link, moved = found.link, found.link
        self.gathered.meetings.pop(link.id, None)
        for side, move in moves.items():
            survivor = self._holder(link.kind, side, move.new)
            if survivor is not None and survivor.id != link.id:
                more = two_left(self.world, self.gathered, link, side, survivor)
                self._detach(found, side, Detach(side, move.old, move.how), more)
                return
            moved = replace(moved, refs=moved.refs.replacing(side, move.new), keyed=Pair(marketing=False, crm=False))
        self._register(moved)
        at_hand: Pair[RemoteRecord | None] = Pair(None, None)
        for side, move in moves.items():
            self.arrived[side, move.new] = moved
            at_hand = at_hand.replacing(side, self.gathered.strays.of(side).pop(move.new, None))
        both, base = self._both(moved, at_hand), found.base
        for side, move in moves.items():
            base = kept_of(self.world, self.planner, Linked(link, base), side, move, both.of(side))
        waiting = self.gathered.conflicts.get(link.id, ())  # what a person was asked is decided by no move
        relinks = (Relink(side, move.old, move.new, move.how) for side, move in moves.items())
        self._decide_moved(Linked(moved, base), both, Known(conflicts=waiting), tuple(relinks))

    def _decide_moved(
        self, linked: Linked, both: Pair[RemoteRecord | None], known: Known, before: tuple[Action, ...]
    ) -> None:
        """What is to happen with a link that was moved; of whose two records one is elsewhere, or nowhere, only that:
        nothing is written to whoever is left until it is known what became of the other one.
        """
        if all(both):
            self._decide(linked, both, known, before)
            return
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        self.gathered.wishes.append(look_again(self.world, linked.link.kind, f"link:{linked.link.id}"))
        self.decisions.append(Decision(linked.link.kind, linked.link, linked.base, nobody, before))

    def _holder(self, kind: str, side: Side, ref: RemoteRef) -> Link | None:
        """The live link that has a record. One that moved there earlier in this cycle is not in the store yet."""
        if (side, ref) in self.arrived:
            return self.arrived[side, ref]
        stored = self.world.store.linked(kind, side, [ref]).get(ref)
        return stored.link if stored is not None and stored.link.state is LinkState.LIVE else None

    def _detach(self, found: Linked, side: Side, detach: Detach, more: tuple[Action, ...]) -> None:
        tombstone = replace(found.link, state=LinkState.TOMBSTONE, gone=side)
        if side is Side.MARKETING:
            self.left.append(found.link.refs.crm)
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        closes = tuple(conflict.id for conflict in self.gathered.conflicts.get(found.link.id, ()))
        frees = tuple((row.side, row.field) for row in self.gathered.parked.get(found.link.id, ()))
        self.decisions.append(
            Decision(found.link.kind, tombstone, found.base, nobody, (detach, *more), closes=closes, frees=frees)
        )

    def _both(self, link: Link, at_hand: Pair[RemoteRecord | None]) -> Pair[RemoteRecord | None]:
        """Both records of a link that was moved, read by id where they are not at hand; none for one that left, too."""
        for each in SIDES:
            if at_hand.of(each) is None:
                shape = self.planner.lens.shape(each)
                for answer in self.world.connectors.of(each).fetch(shape, [link.refs.of(each)]):
                    if isinstance(answer, RemoteRecord):
                        learn_references(self.world, self.planner, each, [answer])
                        at_hand = at_hand.replacing(each, answer)
        return at_hand


def _ref(linked: Linked, seen: Pair[RemoteRecord | None], side: Side) -> RemoteRef:
    record = seen.of(side)
    return record.ref if record else linked.link.refs.of(side)


def _cut(moment: Instant, resolution: timedelta) -> Instant:
    if resolution < timedelta(seconds=1):
        return moment
    return moment.replace(microsecond=0)
