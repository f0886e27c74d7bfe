"""The stage of one linked person as the planner has it at hand: what ``core.staging`` judges, of Base and records.

Nothing is read from a vendor here. Whose history must be asked for is told by ``moved``: only sides that show another
stage than they last confirmed, so that a person whose stage stands as it was costs nothing. What a person has been
through is kept in the Base beside the agreed stage, under a name that no shared field has, and moves with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from syncd.core.dealing import called, still_called
from syncd.core.known import Moved, Person
from syncd.core.layout import EMPTY_BASE, Layouts
from syncd.core.lifecycle import Path, moved_by_hand
from syncd.core.merge import Agree, Seen, Verdict
from syncd.core.news import News
from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.core.sight import Sight
from syncd.core.staging import Moves, Sights, Staging
from syncd.model.beside import answered_of, called_of, journey_of, moved_of, news_of
from syncd.model.episode import Moved as Happened
from syncd.model.lifecycle import Agreed, HandoffRules, Journey
from syncd.model.link import Base, Link, Linked
from syncd.model.mapping import FieldMapping
from syncd.model.remote import RemoteRecord
from syncd.model.values import MISSING, SIDES, Canonical, Instant, Pair, Side, Told, Wire, stamp


class _Values(Mapping[str, Canonical]):
    """The shared fields of one person, each worked out when an entry criterion asks for it; most moves ask for none."""

    def __init__(self, names: frozenset[str], find: Callable[[str], Canonical]) -> None:
        self._names = names
        self._find = find

    def __getitem__(self, name: str) -> Canonical:
        if name not in self._names:
            raise KeyError(name)
        return self._find(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Stages:
    """The stages of one kind that has a lifecycle."""

    def __init__(self, lens: Lens, layouts: Layouts, sight: Sight, *, now: Instant, first: bool) -> None:
        """:param first: whether these accounts were never in step: then most people were there long before us."""
        assert lens.kind.agreed is not None, "only a kind with a lifecycle has stages"
        self._agreed: Agreed = lens.kind.agreed
        self._rules = self._agreed.lifecycle.handoff
        self.name = self._agreed.lifecycle.field
        self._lens = lens
        self._layouts = layouts
        self._sight = sight
        self._now = now
        self._first = first
        self._counts: frozenset[Told] = frozenset() if self._rules is None else _counting(self._rules)
        self._between = self._counts if self._rules is None else self._counts - _over(self._rules)
        self._facts = () if self._rules is None else tuple(dict.fromkeys(self._rules.facts.values()))
        self._names = frozenset(field.name for field in lens.kind.fields)
        self._made: Staging | None = None

    @property
    def _staging(self) -> Staging:
        """What judges; made when the first stage has changed."""
        if self._made is None:
            self._made = Staging(self._agreed)
        return self._made

    def moved(self, linked: Linked, seen: Pair[RemoteRecord | None]) -> Pair[Moved | None]:
        """The sides that show another stage than they last confirmed: what is to be asked of their history."""
        base = linked.base or EMPTY_BASE
        found: Pair[Moved | None] = Pair(None, None)
        for side in SIDES:
            record = self._sight.teller(side, self.name, base=base, record=seen.of(side))
            if record is None:
                continue
            name = record.ref.object
            if self._sight.of(side, self.name, object_name=name, base=base, record=record).changed:
                before = self._sight.before(side, self.name, object_name=name, base=base)
                found = found.replacing(side, Moved(record, self._layouts.slots(side, name)[self.name], before))
        return found

    def read(self, side: Side, object_name: str, wires: tuple[Wire, ...]) -> Canonical | Invalid:
        """The stage that these values of its vendor fields mean."""
        return self._lens.read(side, object_name, self.name, wires)

    def merge(
        self, mapping: FieldMapping, person: Person, *, sides: Pair[Seen], moves: Moves | None
    ) -> tuple[Verdict, Path]:
        """What the lifecycle says of a stage, and the way that led there."""
        agreed = self._agreed_on(person)
        own = [side for side in SIDES if sides.of(side).changed and self._by_itself(side, person)]
        for side in own:
            sides = sides.replacing(side, replace(sides.of(side), changed=False))
        for side in SIDES:  # a record without a place for the stage does not contradict the other one
            if sides.of(side).value is MISSING and not self._places(side, person):
                sides = sides.replacing(side, sides.other(side))
        call = still_called(person.base.agreed, self.name)
        if own and agreed is not MISSING and call is None and not any(side.changed for side in sides):
            return Agree(agreed), ()
        reason = self._staging.reason_field
        reasons: Pair[Told] = self._look(reason, person) if reason in self._names else Pair(MISSING, MISSING)
        sights = Sights(
            reasons=reasons,
            values=lambda: _Values(self._names, lambda name: self._value(name, person)),
            unsaid=lambda side, stage: self._unsaid(side, stage, person),
            journey=Journey.read(person.base.agreed.get(journey_of(self.name))),
        )
        arriving = agreed is MISSING and any(self.asks_after(side.value) for side in sides)
        return self._staging.merge(
            mapping, agreed=agreed, seen=sides, moves=moves, sights=sights, arriving=arriving, called=call
        )

    def asks_after(self, stage: Told) -> bool:
        """Whether the ledger asks how somebody new came into a stage: into any that is a part of the handoff, but where
        these accounts were never in step only into those between the teams. What was over by then is nobody's handoff.
        """
        return stage in (self._between if self._first else self._counts)

    def unready(self, values: Mapping[str, Canonical]) -> str:
        """Why nobody may be made in the stage that these shared values tell, for people; empty if they may.

        Whoever is made on a side enters their stage there, so its criteria are held against them as against a move.
        """
        stage = values.get(self.name)
        if stage is None:
            return ""
        return self._staging.unready(str(stage), _Values(self._names, values.get))

    def counts(self, stage: Told) -> bool:
        """Whether a stage is a part of the handoff, also one in which it is over."""
        return stage in self._counts

    def between(self, stage: Told) -> bool:
        """Whether whoever is in a stage is between the teams: handed over, and not done with."""
        return stage in self._between

    def beheld(self, link: Link, values: Pair[Mapping[str, Canonical]], moves: Moves) -> tuple[Happened, ...]:
        """How somebody came where they are whom others keep in step, by what each side shows and its history tells."""
        staging = self._staging
        reason = staging.reason_field
        shown = values.map(lambda each: each.get(self.name, MISSING))
        reasons = values.map(lambda each: MISSING if reason is None else each.get(reason, MISSING))
        return staging.beheld(shown, reasons=reasons, moves=moves, person=link.id, now=self._now)

    def beside(
        self, person: Person, path: Path, agreed: Mapping[str, Canonical], *, shown: bool, settled: bool
    ) -> dict[str, Canonical]:
        """What goes into the Base beside what both sides come to agree on: the journey and the news of a stage that is
        another one, the news of other facts, and that what deals called for is answered.

        :param shown: whether the CRM shows that stage already.
        :param settled: whether both sides are content with it as it stands.
        """
        told = self._stage_told(person, path, agreed, shown=shown)
        return told | self._facts_told(person.base, agreed, told) | self._answered(person.base, agreed, settled=settled)

    def arrival(self, link: Link, origin: Side, agreed: Mapping[str, Canonical], moves: Moves) -> dict[str, Canonical]:
        """``beside`` for somebody whose counterpart is made: how they came into the stage that their record shows."""
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        stage = agreed.get(self.name)
        path = () if stage is None else self._staging.way(origin, str(stage), moves.of(origin))
        # Whoever makes a record writes the facts with the stage: they are told with it.
        return self._stage_told(Person(link, EMPTY_BASE, nobody, {}), path, agreed, shown=origin is Side.CRM)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _stage_told(
        self, person: Person, path: Path, agreed: Mapping[str, Canonical], *, shown: bool
    ) -> dict[str, Canonical]:
        """The journey and the news of a stage that is another one."""
        told: dict[str, Canonical] = {}
        base = person.base
        if self.name not in agreed or not (path or agreed[self.name] != base.agreed.get(self.name, MISSING)):
            return told
        stage, before = agreed[self.name], base.agreed.get(self.name, MISSING)
        journey, moves = self._staging.journey(
            Journey.read(base.agreed.get(journey_of(self.name))),
            path,
            person=person.link.id,
            before=before,
            stage=stage,
            now=self._now,
        )
        told[journey_of(self.name)] = journey.text
        if self._rules is not None and moves:
            by_hand = None if before is MISSING else moved_by_hand(path)  # whoever is linked was moved by nobody yet
            _, _, kept = str(base.agreed.get(moved_of(self.name)) or "").partition(" ")
            told[moved_of(self.name)] = f"{stamp(moves[-1].at)} {kept if by_hand is None else stamp(by_hand)}"
        found = self._first and before is MISSING  # who was here before us: told of if they are between the teams
        if self._rules is not None and moves and not (found and not self.asks_after(stage)):
            told[news_of(self.name)] = News(moves, shown=shown).text
        return told

    def _answered(self, base: Base, agreed: Mapping[str, Canonical], *, settled: bool) -> dict[str, Canonical]:
        """That a move which deals called for is over: made on both sides, or another one was. The write of one side is
        no answer, as the other's may still be lacking.
        """
        call, kept = called(base.agreed, self.name), base.agreed.get(called_of(self.name))
        if call is None or self.name not in agreed or self.name not in base.agreed:
            return {}
        other = agreed[self.name] not in (base.agreed[self.name], call.stage)
        return {answered_of(self.name): kept} if settled or other else {}

    def _facts_told(
        self, base: Base, agreed: Mapping[str, Canonical], told: Mapping[str, Canonical]
    ) -> dict[str, Canonical]:
        """News of facts that are others now, of people who have a part in the handoff: also of those who come to have
        it just now, since a fact may reach the other side by another write than the stage.

        :param told: the stage's own news.
        """
        known = told.get(journey_of(self.name), base.agreed.get(journey_of(self.name)))
        if self._rules is None or known is None:
            return {}
        changed = [name for name in self._facts if name in agreed and agreed[name] != base.agreed.get(name, MISSING)]
        if not changed:
            return {}
        journey = Journey.read(known)
        if not any(each.stage in self._counts for each in journey.entered):
            return {}
        return {news_of(name): stamp(self._now) for name in changed}

    def _look(self, name: str, person: Person) -> Pair[Told]:
        def told(side: Side) -> Told:
            record = self._sight.teller(side, name, base=person.base, record=person.seen.of(side))
            object_name = record.ref.object if record else person.ref(side).object
            if name not in self._layouts.slots(side, object_name):
                return MISSING
            return self._sight.of(side, name, object_name=object_name, base=person.base, record=record).value

        return Pair(*(told(side) for side in SIDES))

    def _value(self, name: str, person: Person) -> Canonical:
        """One shared field as both sides are to have it: decided on now, else agreed, else as either side tells."""
        value = person.value(name)
        if value is MISSING:
            value = next((each for each in self._look(name, person) if each is not MISSING), MISSING)
        return None if value is MISSING else value

    def _places(self, side: Side, person: Person) -> tuple[str, ...]:
        """The vendor fields that hold the stage of this person on a side; none, as of a converted one, is none."""
        return self._layouts.slots(side, person.ref(side).object).get(self.name, ())

    def _agreed_on(self, person: Person) -> Told:
        """The stage that both sides agreed on, as it is called now. Where the definitions were changed since, what both
        confirmed may be another stage than it was then, and nobody has moved.
        """
        base, agreed = person.base, person.base.agreed.get(self.name, MISSING)
        if agreed is MISSING:
            return agreed
        meant = {
            self._sight.before(side, self.name, object_name=person.ref(side).object, base=base)
            for side in SIDES
            if self._places(side, person) and not self._is_formless(side, agreed, person)
        }
        return meant.pop() if len(meant) == 1 else agreed

    def _is_formless(self, side: Side, stage: Canonical, person: Person) -> bool:
        """Whether a side has no form for a stage, and so shows another one beside it."""
        return isinstance(self._lens.write(side, person.ref(side).object, self.name, stage), Inexpressible)

    def _unsaid(self, side: Side, stage: Canonical, person: Person) -> str:
        if not self._places(side, person):
            return f"{person.ref(side).object} has no place for it"
        wires = self._lens.write(side, person.ref(side).object, self.name, stage)
        return wires.reason if isinstance(wires, Inexpressible | Invalid) else ""

    def _by_itself(self, side: Side, person: Person) -> bool:
        """Whether a vendor gave a new record a stage by itself, since it has no form for the one that was agreed on."""
        base, fields = person.base, self._places(side, person)
        if not fields or self.name not in base.agreed or not base.confirmed.of(side).keys().isdisjoint(fields):
            return False
        return self._is_formless(side, base.agreed[self.name], person)


def _over(rules: HandoffRules) -> frozenset[Told]:
    """The stages in which a handoff is over."""
    return frozenset((*rules.won, *rules.rejected, *rules.lost, *rules.recycled))


def _counting(rules: HandoffRules) -> frozenset[Told]:
    """The stages that mean something for the handoff."""
    groups = (rules.qualified, rules.accepted, rules.offered, rules.won, rules.rejected, rules.lost, rules.recycled)
    return frozenset(stage for group in (*groups, rules.born) for stage in group)
