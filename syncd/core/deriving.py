"""Derived fields in a decision: what ``core.derived`` computes is written to each side that shows something else.

Goes in: a decision on one linked record whose other fields are decided, or one to make a counterpart. It promises to
compute from the values as they stand after this decision; that an edit of a derived field is no input and never a
conflict, but written over at once and told as such; that equal values are not written; and that a side which did not
tell the field is left alone.

Age alone is no reason to write: where points lose worth by the day, points and reasons are written anew when the grade
they come to is another, when something they follow from has changed, or the definitions have. Otherwise each full
compare would write to everybody. By which definitions a value was computed, and to which grade, is kept in the Base
beside it, so that a full compare finds who is rated by rules of yesterday.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from syncd.core.derived import NOWHERE, Answer, Answers, Been, Deriver, Stands
from syncd.core.draft import Draft, Writes
from syncd.core.known import Known
from syncd.core.layout import Layouts
from syncd.core.merge import Seen
from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.core.parking import Parking
from syncd.core.sight import Sight
from syncd.model.derived import Derivation, Derived, terms_of
from syncd.model.lifecycle import Journey, journey_of
from syncd.model.link import Base, FieldChange, Link
from syncd.model.mapping import FieldMapping
from syncd.model.plan import Create, Decision
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import MISSING, SIDES, Canonical, Instant, Pair, Side, Told

RULE: Final = "derived: "
"""How the rule of every write begins that was computed; no rule holds the value, which an audit keeps sealed."""
OVER: Final = ", over an edit"
_UNTOLD: Final = "cannot be told"
_AGED: Final = frozenset({Derived.POINTS, Derived.GRADE_REASONS})
"""What changes by age alone without the grade being another."""


@dataclass(frozen=True, slots=True)
class _Person:
    """One linked record with what is decided on it so far."""

    link: Link
    base: Base
    seen: Pair[RemoteRecord | None]
    decided: Mapping[str, Canonical]

    def ref(self, side: Side) -> RemoteRef:
        record = self.seen.of(side)
        return record.ref if record else self.link.refs.of(side)

    def value(self, name: str) -> Told:
        """As it is to be, else as it was last agreed on."""
        found: Told = self.decided.get(name, MISSING)
        return self.base.agreed.get(name, MISSING) if found is MISSING else found


class _Done(Enum):
    """What became of a derived field on one side: nothing to do, written, or left for later (untold, parked)."""

    EQUAL = auto()
    WRITTEN = auto()
    WAITS = auto()


@dataclass(frozen=True, slots=True)
class _Shown:
    """One derived field now: ``None`` for a side that does not map it. ``news`` says that a record tells something else
    of it than was confirmed, if only in form.
    """

    sides: Pair[Seen | None]
    news: bool

    def off(self, last: Told) -> bool:
        """Whether a side shows something else than was computed last."""
        return any(
            side is not None and (side.trouble is not None or side.value not in (MISSING, last)) for side in self.sides
        )


class Deriving:
    """The derived fields of one kind. ``names`` are all of them; ``resting`` those that are left as they stand, and
    ``only`` those that are looked at, all if it is empty.
    """

    def __init__(
        self,
        lens: Lens,
        layouts: Layouts,
        sight: Sight,
        parking: Parking,
        *,
        now: Instant,
        only: frozenset[str],
        resting: frozenset[str],
    ) -> None:
        definitions = lens.kind.definitions
        assert definitions is not None, "only a kind with derived fields has definitions"
        self._lens = lens
        self._layouts = layouts
        self._sight = sight
        self._parking = parking
        self._now = now
        fields: dict[str, tuple[FieldMapping, Derivation]] = {
            each.name: (each, each.derive) for each in lens.kind.fields if each.derive is not None
        }
        self.names = frozenset(fields)
        self._fields = {
            name: each for name, each in fields.items() if name not in resting and (not only or name in only)
        }
        self._deriver = Deriver(definitions, {name: wanted for name, (_, wanted) in self._fields.items()})
        self._stage = definitions.stage
        staged = () if self._stage is None else (self._stage, journey_of(self._stage))
        self._follows = self._deriver.reads.union(staged)

    def due(self, base: Base) -> bool:
        """Whether there may be something to do although nothing was told otherwise: the grade ages, or a value was
        computed by other definitions.
        """
        if self._deriver.ages:
            return True
        agreed, terms = base.agreed, self._deriver.terms
        return any(not str(agreed.get(terms_of(name), "")).startswith(terms) for name in self._fields)

    def fill(self, draft: Draft, link: Link, base: Base, seen: Pair[RemoteRecord | None], known: Known) -> None:
        """Adds to a draft, whose other fields are decided, what the derived ones come to."""
        person = _Person(link, base, seen, draft.agreed)
        shown = {name: found for name in self._fields if (found := self._shown(name, person)) is not None}
        followed = self._follows & draft.agreed.keys()
        moved = any(draft.agreed[name] != base.agreed.get(name, MISSING) for name in followed)
        stale = any(each.news or each.off(base.agreed.get(name, MISSING)) for name, each in shown.items())
        if not (shown and (moved or stale or self.due(base))):
            return
        answers = self._answers(person)
        for name, each in shown.items():
            self._field(draft, name, each, answers, person, known, moved=moved)

    def create(
        self, decision: Decision, values: Mapping[str, Canonical], *, origin: Side, record: RemoteRecord
    ) -> Decision:
        """A decision to make a counterpart, with the derived values in it. Its origin gets them once it is made.

        :param values: the shared values of ``record``, as far as they can be read.
        """
        side = origin.other
        made = decision.write_to(side)
        if not isinstance(made, Create):
            return decision
        told, slots = self._layouts.slots(origin, record.ref.object), self._layouts.slots(side, made.object)
        unsettled = {name: _UNTOLD for name in self._deriver.reads & told.keys() if name not in values}
        answers = self._deriver.of(values, self._now, unsettled=unsettled, been=self._been(decision.agreed))
        writes = Writes(dict(made.fields), dict(made.refs), list(made.changes), lane=made.lane)
        agreed = dict(decision.agreed)
        for name, (mapping, wanted) in self._fields.items():
            answer = answers.fields[name]
            if isinstance(answer, Stands) or name not in told.keys() | slots.keys():
                continue
            if name in slots and answer.value is not None:
                wires = self._lens.write(side, made.object, name, answer.value)
                if isinstance(wires, Invalid):
                    continue
                if not isinstance(wires, Inexpressible):
                    writes.put(mapping, wires, FieldChange(name, None, answer.value, RULE + wanted.sort, None))
            agreed |= {name: answer.value, terms_of(name): self._terms(answers)}
        action = replace(made, fields=writes.fields, changes=tuple(writes.changes), lane=writes.lane)
        actions = tuple(action if each is made else each for each in decision.actions)
        return replace(decision, actions=actions, agreed=agreed, lane=writes.lane)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _field(
        self,
        draft: Draft,
        name: str,
        shown: _Shown,
        answers: Answers,
        person: _Person,
        known: Known,
        *,
        moved: bool,
    ) -> None:
        """Writes one field to each side that shows another value; where none does, that is settled."""
        draft.closes.extend(conflict.id for conflict in known.conflicts if conflict.field == name)
        answer, terms, agreed = answers.fields[name], self._terms(answers), person.base.agreed
        last, as_before = agreed.get(name, MISSING), agreed.get(terms_of(name)) == terms
        if isinstance(answer, Stands):
            draft.reasons.append(f"{name}: {answer.reason}")
        value = self._due(name, answer, last, as_before=as_before and not moved)
        if isinstance(answer, Stands) and value is None:  # what people wrote there is not taken away either
            done = {_Done.EQUAL}
        else:
            done = {self._write(draft, name, value, side, shown, person, known) for side in SIDES}
        if _Done.WRITTEN in done:
            draft.agreed |= {name: value, terms_of(name): terms}
        elif _Done.WAITS not in done and (last != value or not as_before or shown.news):
            draft.settle(name, value)
            draft.agreed[terms_of(name)] = terms
            draft.frees.extend((row.side, name) for row in known.parked if row.field == name)

    def _due(self, name: str, answer: Answer, last: Told, *, as_before: bool) -> Canonical:
        """The value that is to stand: the computed one, or the last one where nothing certain can be said or where age
        alone has changed it; ``as_before`` says that nothing else has, and that the grade is the same.
        """
        before = None if last is MISSING else last
        if isinstance(answer, Stands):
            return before
        aged = self._deriver.ages and self._fields[name][1].sort in _AGED
        return before if aged and as_before and before is not None else answer.value

    def _write(
        self, draft: Draft, name: str, value: Canonical, side: Side, shown: _Shown, person: _Person, known: Known
    ) -> _Done:
        """Puts the value into the write of one side, if it shows another one and can be given this one."""
        now = shown.sides.of(side)
        if now is None or now.value == value:
            return _Done.EQUAL
        if now.value is MISSING and now.trouble is None:
            return _Done.WAITS
        mapping, wanted = self._fields[name]
        wires = self._lens.write(side, person.ref(side).object, name, value)
        if isinstance(wires, Invalid | Inexpressible):
            draft.reasons.append(f"{name}: {side}: {wires.reason}")
            return _Done.EQUAL
        edited = now.changed and name in person.base.agreed
        rule = RULE + wanted.sort + (OVER if edited else "")
        if self._parking.holds_back(known.parked, side, name, wires, person.seen.of(side), rule):
            draft.reasons.append("parked")
            return _Done.WAITS
        before = None if now.value is MISSING else now.value
        draft.sides.of(side).put(mapping, wires, FieldChange(name, before, value, rule, None))
        return _Done.WRITTEN

    def _terms(self, answers: Answers) -> str:
        return f"{self._deriver.terms} {answers.grade or ''}".rstrip()

    def _shown(self, name: str, person: _Person) -> _Shown | None:
        """One field on both sides; ``None`` if neither record can have it."""
        sides: Pair[Seen | None] = Pair(None, None)
        news = False
        for side in SIDES:
            look, record = self._look(name, side, person), person.seen.of(side)
            if look is None:
                continue
            sides = sides.replacing(side, look)
            if record is not None and look.value is not MISSING:
                columns = self._layouts.slots(side, record.ref.object)[name]
                confirmed = person.base.confirmed.of(side)
                news = news or any(record.fields[each] != confirmed.get(each, MISSING) for each in columns)
        return None if sides == Pair(None, None) else _Shown(sides, news)

    def _answers(self, person: _Person) -> Answers:
        """What the fields come to, from the values as they stand after this decision: decided on now, else agreed on,
        else told by one side, or by both alike. A field that no record of this link can have is empty.
        """
        values: dict[str, Canonical] = {}
        unsettled: dict[str, str] = {}
        for name in self._deriver.reads:
            value = person.value(name)
            if value is not MISSING:
                values[name] = value
                continue
            looks = [look for side in SIDES if (look := self._look(name, side, person)) is not None]
            known = [look.value for look in looks if look.value is not MISSING]
            if known and all(each == known[0] for each in known):
                values[name] = known[0]
            elif known:
                unsettled[name] = "differs between both sides and was never agreed"
            elif looks:
                unsettled[name] = _UNTOLD
        been = self._been({**person.base.agreed, **person.decided} if self._stage is not None else {})
        return self._deriver.of(values, self._now, unsettled=unsettled, been=been)

    def _look(self, name: str, side: Side, person: _Person) -> Seen | None:
        object_name = person.ref(side).object
        if name not in self._layouts.slots(side, object_name):
            return None
        return self._sight.of(side, name, object_name=object_name, base=person.base, record=person.seen.of(side))

    def _been(self, agreed: Mapping[str, Canonical]) -> Been:
        if self._stage is None:
            return NOWHERE
        kept = agreed.get(journey_of(self._stage))
        return Been(agreed.get(self._stage), None if kept is None else Journey.read(kept))
