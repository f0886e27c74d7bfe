"""One recorded value held against a changed mapping: would it have been written, and what else would have been?

The record tells of a write what stood there, what was put there, by which rule and from which side; not what the other
side had confirmed before, nor the times that ``newest`` went by. So every state of affairs is tried in which the
mapping in use writes just that, by just that rule. If all of them come to the same with the changed mapping, that is
the answer; if not, or if there is none, it cannot be told, and why. Nothing is guessed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from syncd.core.lost import BACK, by_person, restored_by
from syncd.core.merge import Agree, Clashing, Keep, Seen, Take, Unite, Verdict, choose, merge
from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.core.replay_values import Carrying
from syncd.model.link import Topic
from syncd.model.mapping import Direction, FieldMapping, Policy
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Instant, Pair, Side, Told, Wire, instant

UNREADABLE: Final = "cannot be read"
OLDER: Final = "the configuration in use would not do it: the record is older than that"
NO_FIELD: Final = "the configuration in use has no such field: the record is older than that"
UNMAPPED: Final = "it is not mapped any more"
AMBIGUOUS: Final = "which side had changed it, in which form or when, was not recorded"
NO_SIDE: Final = "the record does not say from which side the value came"
TAKEN_BACK: Final = "a person had it taken back, whatever the mapping says"
_EARLY: Final = instant("2000-01-01T00:00:00Z")
_LATE: Final = instant("2000-01-02T00:00:00Z")
_TIMES: Final[tuple[tuple[Pair[Instant] | None, str], ...]] = (
    (None, ""),
    *(
        (times, by)
        for times in (Pair(_EARLY, _LATE), Pair(_LATE, _EARLY), Pair(_EARLY, _EARLY))
        for by in ("history", "record stamp")
    ),
)
_AGREED: Final[tuple[Told, ...]] = ("what both sides agreed on", MISSING, True, False)
"""Any agreed value stands for all: only whether there is one matters, and of an opt-out which it is."""


class Turn(StrEnum):
    """What a recorded value would have come to."""

    SAME = "same"
    ANOTHER = "another value"
    OTHER_SIDE = "other side"
    NOT_WRITTEN = "not written"
    HELD = "held"
    DECIDED = "decided"
    """Of a value that was held: it would have been written, or would have needed no writing."""
    UNTOLD = "cannot be told"


@dataclass(frozen=True, slots=True)
class Replayed:
    """The answer, why, and the value that would have been written where it is another one."""

    turn: Turn
    why: str = ""
    value: Told = MISSING


@dataclass(frozen=True, slots=True)
class Recorded:
    """One value as the record has it. ``cause`` is the side it came from; ``objects`` are the vendor objects of the two
    records, ``confirmed`` what each side last confirmed, by vendor field.
    """

    field: str
    side: Side
    objects: Pair[str]
    before: Canonical
    after: Canonical
    rule: str
    cause: Side | None
    confirmed: Pair[Mapping[str, Wire]] = dataclasses.field(default_factory=lambda: Pair({}, {}))


@dataclass(frozen=True, slots=True)
class Clashed:
    """A clash of one field that waits for a person: what both sides hold, and what it is about."""

    field: str
    topic: Topic
    objects: Pair[str]
    values: Pair[Canonical]
    confirmed: Pair[Mapping[str, Wire]] = dataclasses.field(default_factory=lambda: Pair({}, {}))


@dataclass(frozen=True, slots=True)
class _State:
    """One state of affairs in which a field may have been when it was decided on."""

    agreed: Told
    seen: Pair[Seen]
    times: Pair[Instant] | None
    by: str

    def merged(self, mapping: FieldMapping) -> Verdict:
        return merge(mapping, agreed=self.agreed, seen=self.seen, times=self.times, timed_by=self.by)

    def with_values(self, values: Pair[Told]) -> _State:
        """The same changes on both sides, of other values."""
        seen = Pair(*(_seen(values.of(side), changed=self.seen.of(side).changed) for side in SIDES))
        return _State(self.agreed, seen, self.times, self.by)


class Replay:
    """Two mappings of one kind: the one in use, and the changed one."""

    def __init__(self, old: Lens, new: Lens) -> None:
        self.old, self.new = old, new
        self.values = Carrying(old, new)

    def written(self, row: Recorded) -> Replayed:
        """What would have become of a value that was written on a record that was there."""
        mappings = self._mappings(row.field, row.objects)
        if isinstance(mappings, Replayed):
            return mappings
        old, new = mappings
        if old == new:
            return Replayed(Turn.SAME)
        if restored_by(row.rule):
            if new.direction is Direction.BOTH:
                return self.sent(row, new, row.after)
            return Replayed(Turn.NOT_WRITTEN, "it goes one way only, so nobody can have it back")
        if row.rule.startswith(BACK):
            return Replayed(Turn.UNTOLD, TAKEN_BACK)
        if row.cause is None and old.policy is not Policy.UNION:
            return Replayed(Turn.UNTOLD, NO_SIDE)
        others = [row.after] if row.cause is not None else _unions(row.before, row.after)
        return self._unanimous(row, new, self._verdicts(row, old, new, others))

    def held(self, row: Clashed) -> Replayed:
        """What would have become of a clash that waits for a person."""
        mappings = self._mappings(row.field, row.objects)
        if isinstance(mappings, Replayed):
            return Replayed(Turn.DECIDED, mappings.why) if mappings.turn is Turn.NOT_WRITTEN else mappings
        old, new = mappings
        if old == new:
            return Replayed(Turn.SAME)
        carried = Pair(*(self._held(old, new, side, row) for side in SIDES))
        if isinstance(carried.marketing, str) or isinstance(carried.crm, str):
            return Replayed(Turn.UNTOLD, next(each for each in carried if isinstance(each, str)))
        values = Pair(*(self._as_read(old, side, row.objects.of(side), row.values.of(side)) for side in SIDES))
        found: dict[tuple[Turn, Told], Replayed] = {}
        for state in _states(values, old, new):
            was = state.merged(old)
            if not isinstance(was, Clashing) or was.topic is not row.topic:
                continue
            for now in product(carried.marketing, carried.crm):
                answer = _settled(state.with_values(Pair(*now)).merged(new))
                found.setdefault((answer.turn, answer.value), answer)
        return _only(found)

    def sent(self, row: Recorded, new: FieldMapping, value: Canonical) -> Replayed:
        """A value that would be sent to the same side, beside what was sent."""
        object_name = row.objects.of(row.side)
        told = self.new.write(row.side, object_name, new.name, value)
        if isinstance(told, Inexpressible):
            return Replayed(Turn.NOT_WRITTEN, told.reason)
        if isinstance(told, Invalid):
            return Replayed(Turn.HELD, told.reason)
        was = self.old.write(row.side, object_name, row.field, row.after)
        if told == was:
            return Replayed(Turn.SAME)
        return Replayed(Turn.ANOTHER, f"in another form: {_words(told)}" if value == row.after else "", value)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _mappings(self, name: str, objects: Pair[str]) -> tuple[FieldMapping, FieldMapping] | Replayed:
        old = self.values.in_use(name)
        if old is None or any(objects.of(side) not in old.slots.of(side) for side in SIDES):
            return Replayed(Turn.UNTOLD, NO_FIELD)
        new = self.values.counterpart(name)
        if new is None:
            return Replayed(Turn.NOT_WRITTEN, UNMAPPED)
        for side in SIDES:
            if objects.of(side) not in new.slots.of(side):
                return Replayed(Turn.NOT_WRITTEN, f"it is not mapped to {objects.of(side)} any more")
        return old, new

    def _carried(
        self,
        old: FieldMapping,
        new: FieldMapping,
        side: Side,
        objects: Pair[str],
        values: Pair[Canonical],
        confirmed: Pair[Mapping[str, Wire]],
    ) -> list[Told] | str:
        return self.values.carried(
            old, new, side, object_name=objects.of(side), value=values.of(side), confirmed=confirmed.of(side)
        )

    def _held(self, old: FieldMapping, new: FieldMapping, side: Side, row: Clashed) -> list[Told] | str:
        """What one side of a clash holds by the changed mapping; the list shows what cannot be read as it stands."""
        object_name, value = row.objects.of(side), row.values.of(side)
        if isinstance(value, str) and self.values.unreadable(old, side, object_name, value):
            moved = old.slots.of(side)[object_name] != new.slots.of(side)[object_name]
            return "it stands in another vendor field" if moved else self.values.words(new, side, object_name, value)
        return self._carried(old, new, side, row.objects, row.values, row.confirmed)

    def _as_read(self, old: FieldMapping, side: Side, object_name: str, value: Canonical) -> Told:
        return MISSING if self.values.unreadable(old, side, object_name, value) else value

    def _verdicts(
        self, row: Recorded, old: FieldMapping, new: FieldMapping, others: Iterable[Canonical]
    ) -> Iterator[Verdict | str]:
        """What the changed mapping says in each state of affairs in which the mapping in use wrote just this; or why a
        value was not recorded.

        :param others: what the side that was not written may have held.
        """
        for other in others:
            values: Pair[Canonical] = Pair(other, other).replacing(row.side, row.before)
            carried = Pair(*(self._carried(old, new, side, row.objects, values, row.confirmed) for side in SIDES))
            if isinstance(carried.marketing, str) or isinstance(carried.crm, str):
                yield next(each for each in carried if isinstance(each, str))
                continue
            told: Pair[Told] = Pair(values.marketing, values.crm)
            for state in _states(told, old, new):
                if not _writes(_judged(old, state, row), row, state.seen):
                    continue
                for now in product(carried.marketing, carried.crm):
                    yield _judged(new, state.with_values(Pair(*now)), row)

    def _unanimous(self, row: Recorded, new: FieldMapping, verdicts: Iterable[Verdict | str]) -> Replayed:
        """What all of these verdicts come to, if they come to one thing."""
        found: dict[tuple[Turn, Told], Replayed] = {}
        for verdict in verdicts:
            if isinstance(verdict, str):
                return Replayed(Turn.UNTOLD, verdict)
            answer = self._answer(row, new, verdict)
            found.setdefault((answer.turn, answer.value), answer)
        return _only(found)

    def _answer(self, row: Recorded, new: FieldMapping, verdict: Verdict) -> Replayed:
        match verdict:
            case Clashing(_, reason):
                return Replayed(Turn.HELD, reason)
            case Take(side, value, _) if side is row.side:
                return Replayed(Turn.OTHER_SIDE, f"{side.other} would have been written", value)
            case Take(_, value, _) | Unite(value, _):
                return self.sent(row, new, value)
            case _:
                return Replayed(Turn.NOT_WRITTEN, _unwritten(verdict))


def _states(values: Pair[Told], old: FieldMapping, new: FieldMapping) -> Iterator[_State]:
    """Every state of affairs with these values: whether both ever agreed, who has changed it, and when, as far as
    either mapping asks for that.
    """
    agrees = _AGREED if FieldType.OPT_OUT in (old.type, new.type) else _AGREED[:2]
    times_by = _TIMES if Policy.NEWEST in (old.policy, new.policy) else _TIMES[:1]
    for agreed, marketing, crm in product(agrees, (True, False), (True, False)):
        seen = Pair(_seen(values.marketing, changed=marketing), _seen(values.crm, changed=crm))
        for times, by in times_by:
            yield _State(agreed, seen, times, by)


def _seen(value: Told, *, changed: bool) -> Seen:
    return Seen(value, changed, UNREADABLE if value is MISSING else None)


def _judged(mapping: FieldMapping, state: _State, row: Recorded) -> Verdict:
    return choose(mapping, side=row.side.other, seen=state.seen) if by_person(row.rule) else state.merged(mapping)


def _writes(verdict: Verdict, row: Recorded, seen: Pair[Seen]) -> bool:
    """Whether a verdict is the write of the record, rule and all."""
    if isinstance(verdict, Take):
        return (verdict.side.other, verdict.value, verdict.rule) == (row.side, row.after, row.rule)
    if isinstance(verdict, Unite):
        return (verdict.value, verdict.rule) == (row.after, row.rule) and seen.of(row.side).value != row.after
    return False


def _unions(before: Canonical, after: Canonical) -> list[Canonical]:
    """What the other side may have added to a union at most, and at least."""
    mine = frozenset(before) if isinstance(before, tuple) else frozenset[str]()
    whole = after if isinstance(after, tuple) else ()
    return list(dict.fromkeys((whole, tuple(each for each in whole if each not in mine))))


def _only(found: Mapping[tuple[Turn, Told], Replayed]) -> Replayed:
    """The one answer, if there is one."""
    if len(found) == 1:
        return next(iter(found.values()))
    return Replayed(Turn.UNTOLD, AMBIGUOUS if found else OLDER)


def _settled(verdict: Verdict) -> Replayed:
    """What a verdict means for something that was held."""
    match verdict:
        case Clashing(_, reason):
            return Replayed(Turn.SAME, reason)
        case Take(side, value, rule):
            return Replayed(Turn.DECIDED, f"{side.other} would have been written: {rule}", value)
        case Unite(value, rule):
            return Replayed(Turn.DECIDED, rule, value)
        case _:
            return Replayed(Turn.DECIDED, _unwritten(verdict))


def _unwritten(verdict: Verdict) -> str:
    match verdict:
        case Agree():
            return "both sides mean the same"
        case Keep(reason) if reason:
            return reason
        case _:
            return "neither side has changed it"


def _words(told: Mapping[str, Wire]) -> str:
    return ", ".join(f"{name} = {'(empty)' if wire in (None, '') else wire}" for name, wire in told.items())
