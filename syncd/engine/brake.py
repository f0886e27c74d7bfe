"""The brake at work: asks the guard about every share of decisions, remembers what it holds, and lets go what may go.

What is held stands in the store under one name, before anything else of its share is written, and is taken out only
once it was written or is no difference any more: wherever a process dies, a held change is either remembered or comes
again. A held record is read on both sides whenever it shows up, since its Base has not moved. Nobody reads held records
just to hold them again: they are read when a person approved them, and those of stages when the window has room.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Final

from syncd.core.guard import Guard, Known
from syncd.core.planner import Planner
from syncd.core.windows import Windows
from syncd.engine.gathered import Gathered, HeldRecords
from syncd.engine.held import likely_cause, make_marker, marker, marker_of, over_by_rejection
from syncd.engine.world import World
from syncd.model.appended import APPENDED_KINDS, declared
from syncd.model.brake import DAY, WEEK, Count, HeldChange, Key, Lot, Mark, Measure, Word
from syncd.model.held import expectations, read_answers, read_lots, write_lots
from syncd.model.link import LinkState
from syncd.model.plan import Decision, Detach, KindPlan, Plan, Unlink
from syncd.model.values import SIDES, Instant, Side
from syncd.observe.log import emit
from syncd.ports.memory import BRAKE_ANSWERS, BRAKE_HELD

COUNTED: Final = timedelta(minutes=1)
"""How long the number of linked records is good for."""
DUE_AT_ONCE: Final = 5_000
"""Held records of a kind that are read anew in one cycle."""


def held_of(world: World, planner: Planner) -> HeldRecords:
    """What a cycle must know of held records of one kind before it reads."""
    found = HeldRecords()
    everything = read_lots(world.store.recall(BRAKE_HELD))
    mine = [lot for lot in everything.values() if lot.key[0] == planner.kind.kind]
    if not mine:
        return found
    known = known_of(world, everything)
    guard = _guard(world, planner, known)
    barred = _barred(mine, known, guard)
    for lot in mine:
        found.links.update(each.record.removeprefix("link:") for each in lot.changes if each.record[:5] == "link:")
        waits_there = barred.get((Side(lot.key[2]).other, lot.key[3]), set())
        able = [each for each in lot.changes if each.record not in waits_there]
        due = [each for each in able if each.mark in known.approved]
        if lot.waits and (room := guard.bound(lot.key).room) > 0:
            hottest = sorted(able, key=lambda each: (each.rank, -each.at.timestamp()))
            due += islice((each for each in hottest if each.mark not in known.rejected), room)
        for each in due[: max(0, DUE_AT_ONCE - len(found.due))]:
            found.is_due(each.record)
        found.due.update(over_by_rejection(world.store, lot, known.rejected))
    return found


def _barred(lots: Iterable[Lot], known: Known, guard: Guard) -> Mapping[tuple[Side, str], set[str]]:
    """By side and field the records that may not be written with it yet, so that their other side waits as well: a
    field goes on both sides or on none.
    """
    barred: dict[tuple[Side, str], set[str]] = defaultdict(set)
    for lot in lots:
        in_line = lot.waits and guard.bound(lot.key).room > 0
        barred[Side(lot.key[2]), lot.key[3]].update(
            each.record
            for each in lot.changes
            if lot.key[3] and each.mark not in known.approved and not (in_line and each.mark not in known.rejected)
        )
    return barred


class Brake:
    """The brake over one share: a kind's plan, and whatever follows from its writes.

    :param free: whether a person approved the whole plan, as at the first link.
    """

    def __init__(self, world: World, planner: Planner, *, free: bool = False) -> None:
        self.world = world
        self.planner = planner
        self.kind = planner.kind.kind
        self._before = read_lots(world.store.recall(BRAKE_HELD))
        self._known = known_of(world, self._before)
        self._free = free
        self._asked: Guard | None = None
        self._over: set[str] = set()
        self._open: set[str] = set()
        self._charged: dict[tuple[str, Side], Sequence[Key]] = {}

    @property
    def guard(self) -> Guard:
        """Made when it is first needed: an idle cycle asks for no windows."""
        if self._asked is None:
            self._asked = _guard(self.world, self.planner, self._known, free=self._free)
        return self._asked

    def sift(self, plan: KindPlan) -> KindPlan:
        """The plan less what is held, which is remembered before anything of it is written."""
        if not plan.decisions:
            return plan
        if self._before:
            self._over.update(record for decision in plan.decisions for record in _no_more(decision))
        sifted = replace(plan, decisions=self.guard.sift(plan.decisions))
        self._remember(self._with_stops())
        return sifted

    def again(self, decision: Decision) -> Decision:
        """The same for one decision that follows from a write; what it holds is remembered at the end."""
        return self.guard.sift([decision])[0]

    def charged(self, writes: Iterable[tuple[str, Side]]) -> list[Count]:
        """What these writes (link and side) count for, as it is stored with their intents."""
        self._charged = {write: self.guard.flowing.get(write, ()) for write in writes}
        return self.guard.charged(self._charged)

    def put_off(self, writes: Iterable[tuple[str, Side, Collection[str]]], charged_at: Instant) -> None:
        """Takes off what was just charged for writes (link, side and the shared fields that wait, none for all of it)
        that were surely not carried out, which are charged when they come again: one that is put off for hours would
        fill the windows of everybody else.
        """
        total = Counter(
            key
            for link, side, waiting in writes
            for key in self._charged.pop((link, side), ())
            if not waiting or key[3] in waiting
        )
        if total:
            self.world.store.charge([(key, -records) for key, records in total.items()], charged_at)

    def charge_ended(self, decisions: Iterable[Decision]) -> None:
        """Counts links that end, which is no write to a vendor, before they do."""
        ended = [
            (decision.link.id, action.side)
            for decision in decisions
            for action in decision.actions
            if isinstance(action, Detach)
        ]
        if ended and (counts := self.charged(ended)):
            self.world.store.charge(counts, self.world.clock.now())

    def leaves_open(self, record: str) -> None:
        """A write of this record has no good end yet: what was held of it, and approved, is not carried out."""
        self._open.add(record)

    def ended(self, gathered: Gathered) -> int:
        """All of the share is written: forgets what was held of the records that were looked at, and is no more.

        :returns: how many changes this share held that were not held before.
        """
        if self._asked is None and not self._before:
            return 0
        stopped = {stop.change.mark for stop in self.guard.stops}
        stay = stopped | self.guard.stayed
        looked_at = (_looked_at(gathered) - self._open) | self._over
        left: dict[Key, Lot] = {}
        for key, lot in self._with_stops().items():
            kept = lot.changes
            if self._unmapped(key):
                continue
            if key[0] == self.kind and not self._blind(key[3]):
                kept = tuple(each for each in kept if each.mark in stay or each.record not in looked_at)
            if kept:
                left[key] = replace(lot, changes=kept)
        self._tell_released(left)
        self._remember(left)
        return len(stopped - self._known.held.keys())

    def _unmapped(self, key: Key) -> bool:
        """Whether a kind or a field was taken out of the configuration since."""
        connection = self.world.connection
        if key[0] in APPENDED_KINDS:
            return key[0] not in declared(connection.signals)
        if key[0] not in {kind.kind for kind in connection.kinds}:
            return True
        fields = {each.name for kind in self.world.connection.kinds if kind.kind == key[0] for each in kind.fields}
        return key[3] != "" and key[3] not in fields

    def _blind(self, name: str) -> bool:
        """Whether this share did not look at a field: a resync of other fields, or a field that rests."""
        only, resting = self.world.only, self.world.terms[self.kind].resting
        return name != "" and (name in resting or bool(only and name not in only))

    # -- what is held ------------------------------------------------------------------------------------------------
    def _with_stops(self) -> dict[Key, Lot]:
        """What was held before and what this share holds; one change stands in one lot."""
        stops = self.guard.stops
        if not stops:
            return self._before
        moved = {stop.change.mark for stop in stops}
        since = {each.mark: each.since for lot in self._before.values() for each in lot.changes}
        by_key: dict[Key, dict[str, HeldChange]] = defaultdict(dict)
        for key, lot in self._before.items():
            by_key[key] = {each.mark: each for each in lot.changes if each.mark not in moved}
        for stop in stops:
            mark = stop.change.mark
            by_key[stop.key][mark] = replace(stop.change, since=since.get(mark, self.guard.now))
        return {key: self._lot(key, tuple(changes.values())) for key, changes in by_key.items() if changes}

    def _lot(self, key: Key, changes: tuple[HeldChange, ...]) -> Lot:
        before = self._before.get(key)
        if before is not None:
            return replace(before, changes=changes)
        bound = self.guard.bound(key)
        terms = self.world.terms[self.kind]
        return Lot(
            key=key,
            why=bound.why,
            limit=bound.limit,
            used=bound.used,
            linked=self.guard.linked,
            since=self.guard.now,
            cause=likely_cause(key, changes, resting=terms.resting - terms.native),
            changes=changes,
        )

    def _remember(self, now_held: Mapping[Key, Lot]) -> None:
        """Stores what is held, if that differs, and tells of every lot that grew."""
        before = {key: {each.mark for each in lot.changes} for key, lot in self._before.items()}
        after = {key: {each.mark for each in lot.changes} for key, lot in now_held.items()}
        if before == after:
            return
        self.world.store.remember(BRAKE_HELD, write_lots(now_held.values()), self.world.clock.now())
        for key, marks in after.items():
            if fresh := len(marks - before.get(key, set())):
                tell_held(now_held[key], fresh)
        self._before = dict(now_held)

    def _tell_released(self, left: Mapping[Key, Lot]) -> None:
        gone_on = self.guard.released - self.guard.stayed
        released = Counter(self._known.held[mark] for mark in gone_on if mark in self._known.held)
        for key, number in released.items():
            tell_released(key, number, len(left[key].changes) if key in left else 0)


def would_hold(world: World, plan: Plan) -> Counter[Key]:
    """How many changes of a plan would be held, by what holds them. Stores nothing."""
    found: Counter[Key] = Counter()
    if plan.first_link:
        return found
    known = known_of(world, read_lots(world.store.recall(BRAKE_HELD)))
    for kind in plan.kinds:
        if kind.decisions:
            mark = marker(world.store) or marker_of(b"nothing was ever counted")
            guard = _guard(world, world.planner(kind.kind), known, mark=mark)
            guard.sift(kind.decisions)
            found.update(stop.key for stop in guard.stops)
    return found


def tell_held(lot: Lot, fresh: int) -> None:
    """Says that a lot has grown."""
    kind, measure, side, name, _ = lot.key
    emit(
        "brake.held",
        kind=kind,
        measure=measure,
        side=side,
        field=name,
        records=fresh,
        held=len(lot.changes),
        limit=lot.limit,
        used=lot.used,
        rule=str(lot.why),
        digest=lot.digest,
    )


def tell_released(key: Key, records: int, held: int) -> None:
    """Says that so many changes of a lot are held no more, and how many still are."""
    kind, measure, side, name, _ = key
    emit("brake.released", kind=kind, measure=measure, side=side, field=name, records=records, held=held)


def _no_more(decision: Decision) -> Iterator[str]:
    """Records of which nothing is left to hold: a person is forgotten or unlinked, or has both records, so that none of
    them is to be made.
    """
    link = decision.link
    if decision.forgets or any(isinstance(action, Unlink) for action in decision.actions):
        yield f"link:{link.id}"
    if decision.forgets or (link.state is LinkState.LIVE and all(ref.id for ref in link.refs)):
        yield from (f"{side}:{link.refs.of(side)}" for side in SIDES)


def _looked_at(gathered: Gathered) -> set[str]:
    """The records that a share has decided on; one with a write in flight was not."""
    looked_at = {f"link:{link}" for link in gathered.meetings}
    looked_at.update(f"link:{found.link.id}" for found, _, _ in (*gathered.gone, *gathered.back))
    looked_at.update(f"link:{found.link.id}" for found, _, _ in gathered.moved)
    for side in SIDES:
        looked_at.update(f"{side}:{ref}" for ref in gathered.strays.of(side))
    looked_at.update(f"{side}:{ref}" for side, ref in gathered.departed)
    looked_at.update(gathered.held.due)
    return looked_at - {f"link:{link}" for link in gathered.flying}


def known_of(world: World, held: Mapping[Key, Lot]) -> Known:
    """What is known beside the windows: what is held, what people said of it, and what they expect."""
    now = world.clock.now()
    marks = {each.mark: key for key, lot in held.items() for each in lot.changes}
    changes = {each.mark: each for lot in held.values() for each in lot.changes}
    said = read_answers(world.store.recall(BRAKE_ANSWERS)) if marks else []
    given = [answer for answer in said if answer.holds_at(now)]
    meant = ((each, mark) for each in given if each.word is Word.APPROVED for mark in each.marks & changes.keys())
    approved = frozenset(mark for each, mark in meant if each.means(changes[mark]))
    rejected = frozenset(mark for each in given if each.word is Word.REJECTED for mark in each.marks)
    return Known(marks, approved, rejected - approved, tuple(expectations(world.store.requests(), now)))


def _guard(world: World, planner: Planner, known: Known, *, free: bool = False, mark: Mark | None = None) -> Guard:
    """The guard as of now, with what was charged by whomever meanwhile."""
    windows = windows_of(world)
    return Guard(
        planner,
        windows,
        limits=world.connection.brake,
        linked=linked_of(world, planner.kind.kind),
        known=known,
        now=world.clock.now(),
        mark=mark or marker(world.store) or make_marker(world.store, world.chance, world.clock.now()),
        free=free,
    )


def windows_of(world: World) -> Windows:
    """What was charged lately, by whomever."""
    now, windows = world.clock.now(), world.windows
    for seq, at, counts in world.store.charges(windows.seq):
        windows.add(at, counts if now - at < DAY else [each for each in counts if each[0][1] != Measure.SAME_VALUE])
        windows.seq = seq
    if windows.prune(now):
        world.store.forget_charges(now - WEEK)
    return windows


def linked_of(world: World, kind: str) -> int:
    """How many records of a kind are linked, as of a minute ago at most."""
    now, counted = world.clock.now(), world.windows.linked.get(kind)
    if counted is None or not timedelta(0) <= now - counted[1] < COUNTED:
        counted = world.windows.linked[kind] = world.store.count_links(kind), now
    return counted[0]
