"""Derived fields in a decision: what ``core.derived`` computes is written to each side that shows something else.

Goes in: a decision on one linked record whose other fields are decided, or one to make a counterpart. It promises to
compute from the values as they stand after this decision; that an edit of a derived field is no input and never a
conflict, but written over at once and told as such; that equal values are not written; and that a side which did not
tell the field is left alone.

Age alone is no reason to write: where points lose worth by the day, points and reasons are written anew when the grade
they come to is another, when something they follow from has changed, or the definitions have. Otherwise each full
compare would write to everybody. By which definitions a value was computed, to which grade, and until which day age
leaves that grade what it is, is kept in the Base beside it: a full compare finds who is rated by rules of yesterday,
and nobody is rated anew before their grade can be another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from enum import Enum, auto
from typing import Final

from syncd.core.dealing import deals_of
from syncd.core.derived import NOWHERE, Answer, Answers, Been, Computed, Deriver, Held, Stands
from syncd.core.derived_due import UNTIL, Due
from syncd.core.derived_look import Look, Looks, look_at
from syncd.core.draft import Draft, Writes
from syncd.core.holding import held_field
from syncd.core.known import Known, Person
from syncd.core.layout import Layouts, digest
from syncd.core.merge import Seen
from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.core.parking import Parking
from syncd.core.sight import Sight
from syncd.model.beside import DEALS, journey_of
from syncd.model.derived import DEALT, LEDGERED, RATED, Derivation, Derived, Handed, terms_of
from syncd.model.lifecycle import Journey
from syncd.model.link import Base, Conflict, FieldChange, Link, Topic
from syncd.model.mapping import FieldMapping
from syncd.model.plan import Create, Decision
from syncd.model.remote import RemoteRecord
from syncd.model.values import MISSING, SIDES, Canonical, Instant, Pair, Side, Told, Wire

RULE: Final = "derived: "
"""How the rule of every write begins that was computed; no rule holds the value, which an audit keeps sealed."""
OVER: Final = ", over an edit"
_UNTOLD: Final = "cannot be told"
_AGED: Final = frozenset({Derived.POINTS, Derived.GRADE_REASONS})
"""What changes by age alone without the grade being another."""
_TIMED: Final = LEDGERED | {Derived.STAGE_ENTERED, Derived.FIRST_ENTERED, Derived.STAGE_HISTORY}
"""What holds a time that may be that of the computing."""


class _Done(Enum):
    """What became of a value that a side does not show: written, left as the side has no form for it, or waiting."""

    WRITTEN = auto()
    NO_FORM = auto()
    WAITS = auto()


class Deriving:
    """The derived fields of one kind. ``names`` are all of them; ``resting`` those that are left as they stand, and
    ``only`` those that are looked at, all if it is empty. ``ledgered`` says that one shows what the ledger says.
    """

    def __init__(
        self,
        lens: Lens,
        layouts: Layouts,
        sight: Sight,
        parking: Parking,
        *,
        connection: str,
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
        self._connection = connection
        self._now = now
        fields: dict[str, tuple[FieldMapping, Derivation]] = {
            each.name: (each, each.derive) for each in lens.kind.fields if each.derive is not None
        }
        self.names = frozenset(fields)
        self._fields = {
            name: each for name, each in fields.items() if name not in resting and (not only or name in only)
        }
        self._deriver = Deriver(definitions, {name: wanted for name, (_, wanted) in self._fields.items()})
        self._terms_of = {name: terms_of(name) for name in self._fields}
        self._dealt = frozenset(name for name, (_, wanted) in self._fields.items() if wanted.sort in DEALT)
        asked = {name: wanted.sort for name, (_, wanted) in self._fields.items() if name not in self._dealt}
        aging = RATED if self._deriver.ages else frozenset()
        self._due = Due(
            {terms_of(name): self._deriver.terms_of(sort) for name, sort in asked.items()},
            graded=frozenset(terms_of(name) for name, sort in asked.items() if sort in aging),
            today=now.astimezone(UTC).date().isoformat(),
        )
        self.ledgered = self._deriver.ledgered
        self._stage = definitions.stage
        staged = () if self._stage is None else (self._stage, journey_of(self._stage))
        self._follows = self._deriver.reads.union(staged)

    def due(self, base: Base) -> bool:
        """Whether there may be something to do although nothing was told otherwise: age may have come to another
        grade, or a value was computed by other definitions or of other deals.
        """
        agreed = base.agreed
        if self._due.of(agreed):
            return True
        return any(agreed.get(self._terms_of[name]) != self._terms_dealt(agreed) for name in self._dealt)

    def fill(self, draft: Draft, link: Link, base: Base, seen: Pair[RemoteRecord | None], known: Known) -> None:
        """Adds to a draft, whose other fields are decided, what the derived ones come to."""
        person = Person(link, base, seen, draft.agreed)
        agreed, decided = base.agreed, draft.agreed
        moved = any(decided[name] != agreed.get(name, MISSING) for name in decided if name in self._follows)
        shown = self._shown(person)
        if not (
            moved
            or known.handed is not None
            or self.due(base)
            or any(conflict.field in self._fields for conflict in known.conflicts)
            or any(look.news or look.off(agreed.get(name, MISSING)) for name, looks in shown for _, look in looks)
        ):
            return
        answers = self._answers(person, known.handed)
        for name, looks in shown:
            self._field(draft, name, looks, answers, person, known, moved=moved)

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
        answers = self._deriver.of(values, self._now, unsettled=unsettled, been=self._been(decision.agreed.get))
        changes = [change for change in made.changes if change.field not in self._fields]
        writes = Writes(dict(made.fields), dict(made.refs), changes, lane=made.lane)
        agreed = dict(decision.agreed)
        for name, (mapping, wanted) in self._fields.items():
            answer = answers.of(name)
            if not isinstance(answer, Computed) or name not in told.keys() | slots.keys():
                continue
            if name in slots and answer.value is not None:
                wires = self._lens.write(side, made.object, name, answer.value)
                if isinstance(wires, Invalid):
                    continue
                if not isinstance(wires, Inexpressible):
                    self._put(writes, mapping, wires, FieldChange(name, None, answer.value, RULE + wanted.sort, None))
            noted = self._dated(name, self._terms(name, answers, agreed), answers)
            agreed |= {name: answer.value, self._terms_of[name]: noted}
        written = tuple(writes.changes)
        action = replace(made, fields=writes.fields, changes=written, lane=writes.lane, dated=writes.dated)
        actions = tuple(action if each is made else each for each in decision.actions)
        return replace(decision, actions=actions, agreed=agreed, lane=writes.lane)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _field(
        self,
        draft: Draft,
        name: str,
        looks: Looks,
        answers: Answers,
        person: Person,
        known: Known,
        *,
        moved: bool,
    ) -> None:
        """Writes one field to each side that shows another value; where none does, that is settled."""
        agreed, kept = person.base.agreed, self._terms_of[name]
        terms = self._terms(name, answers, person.base.agreed)
        last, before = agreed.get(name, MISSING), agreed.get(kept)
        as_before = isinstance(before, str) and before.partition(UNTIL)[0] == terms
        noted = self._dated(name, terms, answers)
        aged = self._deriver.ages and self._fields[name][1].sort in _AGED
        answer = None
        value: Canonical = None if last is MISSING else last
        if not (aged and as_before and not moved and value is not None):  # else only age has changed it
            answer = self._sayable(name, answers.of(name), looks, person)
        if isinstance(answer, Held):
            draft.hold(self._held(name, answer, looks, person), known.conflicts)
            return
        if known.conflicts:
            draft.closes.extend(conflict.id for conflict in known.conflicts if conflict.field == name)
        if isinstance(answer, Stands):  # what was computed last goes on to stand
            draft.reasons.append(f"{name}: {answer.reason}")
            if value is None:  # nor is what people wrote there taken away
                looks = tuple((side, look._replace(value=None, trouble=False)) for side, look in looks)
        elif answer is not None:
            value = answer.value
        written = waits = news = False
        for side, look in looks:
            news = news or look.news
            if look.off(value):
                done = self._write(draft, name, value, side, look, person, known)
                written, waits = written or done is _Done.WRITTEN, waits or done is _Done.WAITS
            elif look.value is MISSING:
                waits = True
        if written:
            draft.agreed[name] = value
            draft.agreed[kept] = noted
        elif not waits and (news or last != value or before != noted):
            draft.settle(name, value)
            draft.agreed[kept] = noted
            draft.frees.extend((row.side, name) for row in known.parked if row.field == name)

    def _sayable(self, name: str, answer: Answer, looks: Looks, person: Person) -> Answer:
        """An answer; held where it is an amount that a side has no form for, such as that of another currency."""
        if self._fields[name][1].sort is not Derived.WON_AMOUNT or not isinstance(answer, Computed):
            return answer
        for side, _ in looks:
            wires = self._lens.write(side, person.ref(side).object, name, answer.value)
            if isinstance(wires, Invalid | Inexpressible):
                return Held(f"{side}: {wires.reason}")
        return answer

    def _held(self, name: str, answer: Held, looks: Looks, person: Person) -> Conflict:
        """What people are shown of a field without a value."""
        now = {side: None if look.value is MISSING else look.value for side, look in looks}
        values = Pair(*(now.get(side) for side in SIDES))
        about, base = person.link, person.base
        return held_field(
            self._connection, about, base, name, topic=Topic.FIELD, reason=answer.reason, values=values, now=self._now
        )

    def _write(
        self, draft: Draft, name: str, value: Canonical, side: Side, look: Look, person: Person, known: Known
    ) -> _Done:
        """Puts the value into the write of one side."""
        mapping, wanted = self._fields[name]
        record = person.seen.of(side)
        wires = self._lens.write(side, person.ref(side).object, name, value)
        if isinstance(wires, Invalid | Inexpressible):
            draft.reasons.append(f"{name}: {side}: {wires.reason}")
            return _Done.NO_FORM
        rule = RULE + wanted.sort + (OVER if look.news and name in person.base.agreed else "")
        if known.parked and self._parking.holds_back(known.parked, side, name, wires, record, rule):
            draft.reasons.append("parked")
            return _Done.WAITS
        before = None if look.value is MISSING else look.value
        self._put(draft.sides.of(side), mapping, wires, FieldChange(name, before, value, rule, None))
        return _Done.WRITTEN

    def _put(self, writes: Writes, mapping: FieldMapping, wires: Mapping[str, Wire], change: FieldChange) -> None:
        """Into a write; a time that was not there before, and what ages, is another whenever it is computed."""
        writes.put(mapping, wires, change)
        sort = self._fields[mapping.name][1].sort
        if sort in _TIMED or (sort in _AGED and self._deriver.ages):
            writes.dated |= wires.keys()

    def _terms_dealt(self, agreed: Mapping[str, Canonical]) -> str:
        """By which definitions, and of which deals, a value is computed."""
        return f"{self._deriver.terms} {digest(agreed.get(DEALS))}"

    def _terms(self, name: str, answers: Answers, agreed: Mapping[str, Canonical]) -> str:
        """By which definitions a field is computed, and to which grade or of which deals."""
        sort = self._fields[name][1].sort
        if sort in DEALT:
            return self._terms_dealt(agreed)
        terms = self._deriver.terms_of(sort)
        return terms if sort in LEDGERED else f"{terms} {answers.grade or ''}".rstrip()

    def _dated(self, name: str, terms: str, answers: Answers) -> str:
        """The terms with the day until which age leaves the grade what it is, of fields that show something of it."""
        if not self._deriver.ages or self._fields[name][1].sort not in RATED:
            return terms
        return f"{terms}{UNTIL}{answers.until}"

    def _shown(self, person: Person) -> list[tuple[str, Looks]]:
        """Each derived field on the sides that map it; those that neither record can have are left out. Asked of every
        record that is looked at closely, so it reads no more than it must.
        """
        sides = []
        for side in SIDES:
            object_name = person.ref(side).object
            slots = self._layouts.slots(side, object_name)
            sides.append((side, object_name, slots, person.seen.of(side), person.base.confirmed.of(side)))
        found: list[tuple[str, Looks]] = []
        for name in self._fields:
            looks: list[tuple[Side, Look]] = []
            for side, object_name, slots, record, confirmed in sides:
                columns = slots.get(name)
                if columns is not None:
                    looks.append((side, look_at(self._lens, side, object_name, name, columns, record, confirmed)))
            if looks:
                found.append((name, tuple(looks)))
        return found

    def _answers(self, person: Person, handed: Handed | None) -> Answers:
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
            looks = [look for side in SIDES if (look := self._input(name, side, person)) is not None]
            known = [look.value for look in looks if look.value is not MISSING]
            if known and all(each == known[0] for each in known):
                values[name] = known[0]
            elif known:
                unsettled[name] = "differs between both sides and was never agreed"
            elif looks:
                unsettled[name] = _UNTOLD
        return self._deriver.of(values, self._now, unsettled=unsettled, been=self._been(person.value, handed))

    def _input(self, name: str, side: Side, person: Person) -> Seen | None:
        """A field that others follow from, on one side; ``None`` where its record cannot have it."""
        object_name = person.ref(side).object
        if name not in self._layouts.slots(side, object_name):
            return None
        return self._sight.of(side, name, object_name=object_name, base=person.base, record=person.seen.of(side))

    def _been(self, value: Callable[[str], Told | None], handed: Handed | None = None) -> Been:
        """What a person has been through, if a field shows it."""
        deals = None
        if self._deriver.dealt:
            held = value(DEALS)
            deals = deals_of("", {DEALS: held}) if isinstance(held, str) else None
        if self._stage is None or not self._deriver.staged:
            return NOWHERE if deals is None and handed is None else Been(deals=deals, handed=handed)
        stage, kept = value(self._stage), value(journey_of(self._stage))
        journey = Journey.read(kept) if isinstance(kept, str) else None
        return Been(None if stage is MISSING else stage, journey, deals, handed)
