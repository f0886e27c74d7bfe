"""The brake over what is only ever added: how many activities and campaign members are made before a person looks.

Counted are creations, per kind and side, over the trailing hour and day, with the write-ahead record of each, by the
limits for new records of people. What is more is not made: it is remembered as held, row by row, before its stream
moves on, and made once a person has approved it; what is rejected is never made. A kind that runs day in, day out may
go on five times as fast as it did in the week before.

A member whose status goes on, and a copy that is only tied to its person, make nothing new and are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from syncd.core.windows import Allowance, Bound
from syncd.engine.brake import known_of, linked_of, tell_held, tell_released, windows_of
from syncd.engine.held import make_marker, marker
from syncd.engine.world import World
from syncd.model.appended import ACTIVITY, Appended, AppendedState
from syncd.model.brake import Count, Expectation, HeldChange, Key, Lot, Measure
from syncd.model.held import read_lots, write_lots
from syncd.model.values import Instant, Side
from syncd.model.write import CreateRecord
from syncd.ports.memory import BRAKE_HELD

if TYPE_CHECKING:
    from syncd.engine.appending import Addition

PERSON = "person"
_CAUSES = {
    True: "an import, a script or a dialer that makes many activities, on the {side} side",
    False: "a list or a property that means more people than usual, on the {side} side",
}


class Bounding:
    """The brake of one run over the additions of one kind to one side. A ``quiet`` one holds nothing: its run only
    looks ahead, and nobody is told of what it would hold.
    """

    def __init__(self, world: World, kind: str, side: Side, *, quiet: bool = False) -> None:
        self._world = world
        self._quiet = quiet
        self._key: Key = (kind, Measure.CREATES, side, "", "")
        held = read_lots(world.store.recall(BRAKE_HELD))
        self._lot = held.get(self._key)
        self._known = known_of(world, held)
        self._marks = {} if self._lot is None else {each.record: each.mark for each in self._lot.changes}
        self._mark = marker(world.store) or make_marker(world.store, world.chance, world.clock.now())
        self._asked: Bound | None = None
        self._room = 0
        self._waves: dict[str, int] = {}
        self._charged: dict[str, Key] = {}
        self._over: set[str] = set()

    # -- what was held before ----------------------------------------------------------------------------------------
    def holds(self, row: Appended) -> bool:
        """Whether this is held, and nobody has approved it."""
        mark = self._marks.get(row.origin)
        return row.state is AppendedState.HELD and mark is not None and mark not in self._known.approved

    def released(self, at_most: int, meant: Callable[[str], bool]) -> list[Appended]:
        """What a person has approved and nobody has made yet: of the origins that are meant the first so many."""
        return self._rows(islice(filter(meant, self._said(self._known.approved)), at_most))

    def rejected(self) -> list[Appended]:
        """What a person has rejected: it is over from now on."""
        return self._rows(self._said(self._known.rejected))

    def over(self, origin: str) -> None:
        """This is held no more: it was made, refused by the vendor, or there is nobody for it any longer."""
        self._over.add(origin)

    def _said(self, marks: frozenset[str]) -> Iterable[str]:
        """The origins of what a person said something of, in the order in which they were held."""
        return (origin for origin, mark in self._marks.items() if mark in marks and origin not in self._over)

    def _rows(self, said: Iterable[str]) -> list[Appended]:
        origins = list(said)
        known = self._world.store.appended(self._key[0], origins) if origins else {}
        for origin in origins:
            if origin not in known or known[origin].state is not AppendedState.HELD:
                self._over.add(origin)  # made by a process that died before it could say so, or forgotten
        return [row for row in known.values() if row.state is AppendedState.HELD]

    # -- what comes now ----------------------------------------------------------------------------------------------
    def sift(self, additions: Sequence[Addition]) -> tuple[list[Addition], list[Addition]]:
        """What may be made, and what is held."""
        flowing: list[Addition] = []
        held: list[Addition] = []
        for each in additions:
            key = self._flows(each) if isinstance(each.write, CreateRecord) else self._key
            (flowing if key is not None else held).append(each)
            if key is not None and isinstance(each.write, CreateRecord):
                self._charged[each.write.intent] = key
        if held:
            self._remember(held)
        return flowing, held

    def charged(self, additions: Sequence[Addition]) -> list[Count]:
        """What these count for, as it is stored with their intents."""
        keys = (self._charged.get(each.write.intent) for each in additions)
        return list(Counter(key for key in keys if key is not None).items())

    def put_off(self, intents: Iterable[str], charged_at: Instant) -> None:
        """Takes off what was charged for writes that were surely not carried out: they are charged when they come
        again.
        """
        total = Counter(key for each in intents if (key := self._charged.pop(each, None)) is not None)
        if total:
            self._world.store.charge([(key, -records) for key, records in total.items()], charged_at)

    def _flows(self, addition: Addition) -> Key | None:
        """Under what a creation is counted; ``None`` if it is held."""
        mark = self._marks.get(addition.row.origin)
        kind, _, side, _, _ = self._key
        if mark is not None:
            return (kind, Measure.APPROVED, side, "", "") if mark in self._known.approved else None
        for each in self._known.expected:
            if each.covers(self._key) and self._left(each) > 0:
                self._waves[each.id] -= 1
                return each.key
        self._bound()
        self._room -= 1
        return self._key if self._room >= 0 else None

    def _left(self, wave: Expectation) -> int:
        """How many of an expected wave may still come: what this run lets through is counted here."""
        if wave.id not in self._waves:
            used = windows_of(self._world).used(wave.key, self._world.clock.now())
            self._waves[wave.id] = wave.records - used.hour - used.before
        return self._waves[wave.id]

    def _bound(self) -> Bound:
        if self._asked is None:
            world = self._world
            now, windows, linked = world.clock.now(), windows_of(world), linked_of(world, PERSON)
            limits = world.connection.brake
            allowance = Allowance(windows, limits=limits, linked=linked, now=now, listed=lambda _name: False)
            self._asked = allowance.bound(self._key)
            self._room = self._asked.room
        return self._asked

    def _remember(self, held: Sequence[Addition]) -> None:
        now, bound = self._world.clock.now(), self._bound()
        fresh = [each for each in held if each.row.origin not in self._marks]
        changes = [
            HeldChange(self._mark(*self._key, each.row.origin), each.row.origin, now, since=now) for each in fresh
        ]
        if not changes:
            return
        self._marks |= {each.record: each.mark for each in changes}
        kind, _, side, _, _ = self._key
        lot = self._lot or Lot(
            key=self._key,
            why=bound.why,
            limit=bound.limit,
            used=bound.used,
            linked=linked_of(self._world, PERSON),
            since=now,
            cause=_CAUSES[kind == ACTIVITY].format(side=Side(side).other),
            changes=(),
        )
        self._store(replace(lot, changes=(*lot.changes, *changes)))
        assert self._lot is not None, "it was stored just now"
        if not self._quiet:
            tell_held(self._lot, len(changes))

    # -- at the end --------------------------------------------------------------------------------------------------
    def ended(self) -> None:
        """Forgets what is held no more."""
        if self._quiet or self._lot is None or not self._over:
            return
        kept = tuple(each for each in self._lot.changes if each.record not in self._over)
        gone = len(self._lot.changes) - len(kept)
        if gone:
            self._store(replace(self._lot, changes=kept))
            tell_released(self._key, gone, len(kept))

    def _store(self, lot: Lot) -> None:
        everything = read_lots(self._world.store.recall(BRAKE_HELD)) | {self._key: lot}
        kept = [each for each in everything.values() if each.changes]
        self._world.store.remember(BRAKE_HELD, write_lots(kept), self._world.clock.now())
        self._lot = lot
