"""A recorded creation held against a changed mapping: would the record have been made, as what, with which values?

The record tells what a new record was given, which is what the one it was made of said in every field that flows that
way. Fields that do not flow there, or of which that side has no form, were not recorded: a rule that asks for one of
them cannot be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.core.creation import CompiledRule, Made, choose_made
from syncd.core.expressions import Expression, compile_expression
from syncd.core.lifecycle import Course
from syncd.core.replay import NO_FIELD, UNMAPPED, Recorded, Replay, Replayed, Turn
from syncd.model.lifecycle import Entry
from syncd.model.link import FieldChange
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Pair, Side, Wire

DEFAULTED = "create default"
"""The rule of a value that the new record was given because the other had none."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A record that was made on ``side``, and what it was given; ``objects`` as in ``Recorded``."""

    side: Side
    objects: Pair[str]
    changes: tuple[FieldChange, ...]
    confirmed: Pair[Mapping[str, Wire]] = field(default_factory=lambda: Pair({}, {}))


@dataclass(frozen=True, slots=True)
class Remade:
    """What would have become of it, and of each value it was given."""

    whole: Replayed
    values: Mapping[str, Replayed]


class Creations:
    """The create rules of the changed mapping, asked about what was recorded."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._new = replay.new
        names = frozenset(each.name for each in self._new.kind.fields)
        self._rules = self._new.kind.create.map(lambda rules: tuple(CompiledRule.of(rule, names) for rule in rules))
        self._scopes = self._new.kind.scope.map(lambda text: compile_expression(text, names) if text else None)
        old, new = replay.old.kind, self._new.kind
        agreed = new.agreed
        self._course = None if agreed is None else Course(agreed.lifecycle, agreed.teams, fields=names)
        alike = (old.create, old.scope, old.fields) == (new.create, new.scope, new.fields)
        self._alike = alike and _entries(old) == _entries(new)

    def created(self, row: Creation) -> Remade:
        """What would have become of one creation."""
        if self._alike:
            return Remade(Replayed(Turn.SAME), {each.field: Replayed(Turn.SAME) for each in row.changes})
        values, untold = self._values(row)
        whole = self._made(row, values, untold)
        if whole.turn in (Turn.NOT_WRITTEN, Turn.UNTOLD, Turn.HELD):
            return Remade(whole, {each.field: whole for each in row.changes})
        return Remade(whole, {each.field: self._value(row, each, values, untold) for each in row.changes})

    def _made(self, row: Creation, values: Mapping[str, Canonical], untold: Mapping[str, str]) -> Replayed:
        side = row.side
        scope = self._scopes.of(side.other)
        rules = self._rules.of(side)
        if scope is not None:
            if lacking := _lacking([scope], untold):
                return Replayed(Turn.UNTOLD, lacking)
            if scope.holds(values) is not True:
                return Replayed(Turn.NOT_WRITTEN, "the record it was made of is out of scope")
        for rule in rules:
            asked = [each for each in (rule.when, *(when for _, when in rule.record_types)) if each is not None]
            if lacking := _lacking(asked, untold):
                return Replayed(Turn.UNTOLD, lacking)
            made = choose_made([rule], values)
            if isinstance(made, Made):
                if held := self._unready(values, untold):
                    return held
                was = row.objects.of(side)
                if made.object == was:
                    return Replayed(Turn.SAME)
                return Replayed(Turn.ANOTHER, f"a {made.object} would have been made, not a {was}", made.object)
        return Replayed(Turn.NOT_WRITTEN, "no create rule holds: the record would not have been made")

    def _unready(self, values: Mapping[str, Canonical], untold: Mapping[str, str]) -> Replayed | None:
        """Whether the entry criteria of its stage would have kept it from being made, as far as the record tells."""
        agreed, course = self._new.kind.agreed, self._course
        if agreed is None or course is None:
            return None
        name = agreed.lifecycle.field
        if name in untold:
            asks = any(stage.entry.filled or stage.entry.when for stage in agreed.lifecycle.stages)
            return Replayed(Turn.UNTOLD, f"entry criteria ask for {name}: {untold[name]}") if asks else None
        stage = values.get(name)
        if stage is None:
            return None
        known = {each.name: values.get(each.name) for each in self._new.kind.fields}
        for each in course.asked_for(str(stage)):
            if each in untold:
                return Replayed(Turn.UNTOLD, f"the entry criteria of {stage} ask for {each}: {untold[each]}")
        lacking = course.ready(str(stage), known)
        return Replayed(Turn.HELD, f"waits: {lacking}") if lacking else None

    def _value(
        self, row: Creation, change: FieldChange, values: Mapping[str, Canonical], untold: Mapping[str, str]
    ) -> Replayed:
        new = self._replay.values.counterpart(change.field)
        side = row.side
        if self._replay.values.in_use(change.field) is None:
            return Replayed(Turn.UNTOLD, NO_FIELD)
        if new is None or row.objects.of(side) not in new.slots.of(side):
            return Replayed(Turn.NOT_WRITTEN, UNMAPPED)
        if not new.direction.flows_to(side):
            return Replayed(Turn.NOT_WRITTEN, "it goes the other way only")
        if new.name in untold:
            return Replayed(Turn.UNTOLD, untold[new.name])
        value = values.get(new.name)
        sent = new.create_default.of(side) if value is None else value
        if sent is None:
            return Replayed(Turn.NOT_WRITTEN, "there is no value to give it")
        recorded = Recorded(change.field, side, row.objects, None, change.after, change.rule, change.cause)
        return self._replay.sent(recorded, new, sent)

    def _values(self, row: Creation) -> tuple[dict[str, Canonical], dict[str, str]]:
        """The shared values of the record it was made of, by the changed mapping; and why others were not recorded."""
        given = {each.field: None if each.rule == DEFAULTED else each.after for each in row.changes}
        values: dict[str, Canonical] = {}
        untold = {each.name: f"what {each.name} was then is not in the record" for each in self._new.kind.fields}
        for old in self._replay.old.kind.fields:
            new = self._replay.values.counterpart(old.name)
            if new is None or not (old.name in given or _was_empty(old, row)):
                continue
            source = row.side.other
            if any(row.objects.of(source) not in each.slots.of(source) for each in (old, new)):
                continue
            told = self._replay.values.carried(
                old,
                new,
                source,
                object_name=row.objects.of(source),
                value=given.get(old.name),
                confirmed=row.confirmed.of(source),
            )
            if isinstance(told, str):
                untold[new.name] = told
            elif len(told) > 1:
                untold[new.name] = "in which form it stood there was not recorded"
            elif told[0] is not MISSING:
                values[new.name] = told[0]
                untold.pop(new.name, None)
            else:
                untold[new.name] = "cannot be read any more"
        return values, untold


def _entries(kind: KindMapping) -> dict[str, Entry]:
    """What must be known of whom, by the stage they come into."""
    return {} if kind.agreed is None else {stage.key: stage.entry for stage in kind.agreed.lifecycle.stages}


def _was_empty(old: FieldMapping, row: Creation) -> bool:
    """Whether a field that a new record was not given must have been empty: it flows there, and any value has a form
    there.
    """
    expressed = all(each.writes.of(row.side) is not None for each in old.table)
    plain = old.type not in {FieldType.OWNER, FieldType.REFERENCE, FieldType.OPT_OUT}
    placed = all(row.objects.of(side) in old.slots.of(side) for side in SIDES)
    return plain and expressed and placed and old.direction.flows_to(row.side)


def _lacking(asked: Sequence[Expression], untold: Mapping[str, str]) -> str:
    """Why conditions cannot be told; empty if they can."""
    found = (name for each in asked for name in each.names if name in untold)
    return next((f"a rule asks for {name}: {untold[name]}" for name in found), "")
