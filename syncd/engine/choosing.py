"""Chooses one of several records of a side that match one record of the other, by the rules of ``several``.

Each rule narrows the records down; one that leaves none is passed over, and what is still several at the end is asked
of a person. When a record was made is read only for records that are ambiguous, and only if a rule wants to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from syncd.core.expressions import Unclear, compile_expression
from syncd.core.match import Ambiguous, Candidate
from syncd.core.planner import Planner
from syncd.engine.world import World
from syncd.model.mapping import Choice, Rule
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import SIDES, FieldType, Instant, Side, instant


class Choosing:
    """The choice for one kind, with what it needs to know of the ambiguous records."""

    def __init__(self, world: World, planner: Planner, ambiguous: Iterable[Ambiguous]) -> None:
        self._world = world
        self._planner = planner
        self._names = frozenset(mapping.name for mapping in planner.kind.fields)
        self._owners = [mapping.name for mapping in planner.kind.fields if mapping.type is FieldType.OWNER]
        self._made: dict[tuple[Side, RemoteRef], Instant] = {}
        members = [member for group in ambiguous for member in group.members]
        for side in SIDES:
            if any(choice.rule is Rule.OLDEST for choice in planner.kind.several.of(side)):
                self._learn_age(side, [member.record.ref for member in members if member.side is side])

    def choose(self, side: Side, several: Sequence[Candidate]) -> Candidate | None:
        """One of them, or ``None`` if the rules of this side do not lead to one."""
        left = list(several)
        for choice in self._planner.kind.several.of(side):
            left = self._narrowed(choice, side, left) or left
            if len(left) == 1:
                return left[0]
        return None

    def _narrowed(self, choice: Choice, side: Side, several: list[Candidate]) -> list[Candidate]:
        if choice.rule is Rule.OLDEST:
            ages = {member.who: age for member in several if (age := self._made.get(member.who)) is not None}
            if len(ages) < len(several):
                return []
            return [member for member in several if ages[member.who] == min(ages.values())]
        if choice.rule is Rule.OWNED:
            active = self._world.context.users.of(side).ids
            return [member for member in several if any(str(owner) in active for owner in self._owned_by(member))]
        if choice.rule is Rule.OBJECT:
            return [member for member in several if member.record.ref.object == choice.object]
        expression = compile_expression(choice.when, self._names)
        told = [(member, expression.holds(self._planner.values(side, member.record))) for member in several]
        return [member for member, holds in told if not isinstance(holds, Unclear) and holds]

    def _owned_by(self, member: Candidate) -> Iterable[object]:
        """The active user who owns a record; a queue is nobody in particular."""
        values = self._planner.values(member.side, member.record)
        return [owner for name in self._owners if (owner := values.get(name)) and not str(owner).startswith("queue:")]

    def _learn_age(self, side: Side, refs: Sequence[RemoteRef]) -> None:
        connector = self._world.connectors.of(side)
        name = connector.capabilities.created
        if not refs or not name:
            return
        shape = self._planner.lens.shape(side)
        bare = replace(shape, objects=dict.fromkeys(shape.objects, (name,)), refs={})
        for answer in connector.fetch(bare, list(dict.fromkeys(refs))):
            if isinstance(answer, RemoteRecord) and isinstance(told := answer.fields.get(name), str):
                self._made[side, answer.ref] = instant(told)
