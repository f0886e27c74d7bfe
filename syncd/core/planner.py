"""From records to decisions: what is to happen with one linked record, one match, one record that stands alone.

Goes in: a Link, its Base, what was read, and what people chose. Comes out: one Decision with at most one write per
side. It promises to read nothing, to send only fields that differ, never to write a field against its direction, and
never to make a record that a tombstone, a scope or a missing rule forbids. A side that was not read in this cycle
stands as it last confirmed: gather guarantees that its stream was read to the end.

Length: what becomes of a field, from what both sides show to what is written, is one thing to read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncd.core.addresses import Addresses
from syncd.core.creation import Made, plan_create, shared_values
from syncd.core.deriving import Deriving
from syncd.core.doubt import in_doubt, merge_in_doubt
from syncd.core.draft import Draft, guarded
from syncd.core.former import LOST, again
from syncd.core.holding import held_field
from syncd.core.known import NOTHING_KNOWN, Known, Person, Times
from syncd.core.layout import EMPTY_BASE, LANES, Layout, Layouts, digest, restored
from syncd.core.lifecycle import Path
from syncd.core.looking import Looking
from syncd.core.lost import apart, asked_anew, asked_back, chosen_of, over
from syncd.core.merge import Agree, Clashing, Keep, NeedsMoves, NeedsTimes, Seen, Take, Unite, Verdict, choose, merge
from syncd.core.normalize import Inexpressible, Invalid
from syncd.core.parking import Parking
from syncd.core.sight import Sight
from syncd.core.stages import Stages
from syncd.core.staging import Moves
from syncd.core.undoing import TakingBack, undone, waits
from syncd.model.beside import called_of
from syncd.model.drift import NOTHING_RESTS, AtRest
from syncd.model.link import Base, Conflict, FieldChange, Link, Linked, LinkState, Topic
from syncd.model.mapping import Direction, FieldMapping
from syncd.model.plan import Action, Decision, Nothing
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Instant, Pair, Side, Told, Wire

__all__ = ["EMPTY_BASE", "LANES", "NOTHING_KNOWN", "Known", "Layout", "Planner", "Times", "digest", "restored"]


class Planner:
    """Decides for one kind of one connection.

    ``now`` is the moment that new conflicts are dated with. ``only`` are the fields of linked records that are looked
    at, all if it is empty; what differs elsewhere stays a difference. Nobody looks at those that are ``resting``, and a
    new record is made without them, unless they rest for the native connector. ``doubtful`` says that the Bases are of
    a restored store and older than the truth: they tell no change, and what a person chose by them is no choice now.
    ``first``: never in step so far.
    """

    def __init__(
        self,
        layouts: Layouts,
        *,
        connection: str,
        parking: Parking,
        now: Instant,
        only: frozenset[str] = frozenset(),
        resting: AtRest = NOTHING_RESTS,
        doubtful: bool = False,
        first: bool = False,
    ) -> None:
        self.lens = lens = layouts.lens
        self._doubtful = doubtful
        self.kind = lens.kind
        self._connection = connection
        self.parking = parking
        self._now = now
        self._fields = {field.name: field for field in self.kind.fields}
        self._layouts, self.sight = layouts, Sight(lens, layouts)
        self.stages: Stages | None = None
        if self.kind.agreed is not None:
            self.stages = Stages(lens, self._layouts, self.sight, now=now, first=first)
        self._derived: Deriving | None = None
        if self.kind.definitions is not None:
            parts = lens, self._layouts, self.sight, self.parking
            self._derived = Deriving(*parts, connection=connection, now=now, only=only, resting=resting.names)
        computed = frozenset[str]() if self._derived is None else self._derived.names  # no merge looks at them
        staged = None if self.stages is None else self.stages.name
        self._called = called_of(staged or "")
        self._left_out = (resting.names - resting.native) | computed
        unseen = resting.names | computed
        # An opt-out may wait for the address, and entry criteria are held against what all others come to.
        last = [*(field.name for field in self.kind.fields if field.type is FieldType.OPT_OUT), staged or ""]
        self.looking = Looking(self._layouts, self.sight, only=only, resting=unseen, last=last)
        self._addresses = Addresses(lens, self.looking)

    # -- linked records ------------------------------------------------------------------------------------------
    def unchanged(self, linked: Linked, seen: Pair[RemoteRecord | None]) -> bool:
        """The quick answer for the many: everything these records of the link tell is what was last confirmed.

        ``False`` only means that a closer look is needed.
        """
        base = linked.base
        link = linked.link
        if base is None or link.state is not LinkState.LIVE or not (link.keyed.marketing and link.keyed.crm):
            return False
        if self._called in base.columns.agreed:
            return False
        layout = self.layout(link.refs)
        if not layout.known_by(base.columns) or (self._derived is not None and self._derived.due(base)):
            return False
        if seen.marketing and seen.crm and base.retold(seen.marketing, seen.crm):
            return True
        return all(layout.tells(side, seen.of(side), base.confirmed.of(side)) for side in SIDES)

    def layout(self, refs: Pair[RemoteRef]) -> Layout:
        """The fields that both of these objects have."""
        return self._layouts.of(refs)

    def linked(
        self,
        linked: Linked,
        seen: Pair[RemoteRecord | None],
        known: Known = NOTHING_KNOWN,
        before: Sequence[Action] = (),
    ) -> Decision | tuple[str, ...]:
        """What is to happen with one linked record; or the fields of which more must be asked first: the times that
        ``newest`` goes by, the moves that ``lifecycle`` judges.
        """
        link = linked.link
        base = linked.base or EMPTY_BASE
        if link.state is not LinkState.LIVE:
            return Decision(self.kind.kind, link, linked.base, seen, (Nothing(str(link.state)),))
        draft = Draft()
        for name in self.looking.touched(base, link, seen, known):
            self._field(draft, self._fields[name], link, base, seen, known)
        if draft.untimed:
            return tuple(draft.untimed)
        self._addresses.carry(draft, link, base, seen)
        if self.stages is not None and draft.agreed:
            person = Person(link, base, seen, draft.agreed)
            settled = self.stages.name in draft.settled
            draft.agreed |= self.stages.beside(person, draft.path, draft.agreed, shown=draft.shown, settled=settled)
        if self._derived is not None and not self._doubtful:
            self._derived.fill(draft, link, base, seen, known)
        keyless = self.parking.keyless(draft, link, known.parked) if known.parked else ()
        return draft.decision(self.kind, link, linked.base, seen, before, keyless)

    def _field(
        self,
        draft: Draft,
        mapping: FieldMapping,
        link: Link,
        base: Base,
        seen: Pair[RemoteRecord | None],
        known: Known,
    ) -> None:
        name = mapping.name
        agreed: Told = base.agreed.get(name, MISSING)
        sides = self._addresses.sides(mapping, link, base, seen)
        open_conflicts, lost = apart(known.conflicts, name)
        chosen = chosen_of(open_conflicts, sides)
        verdict: Verdict
        path: Path = ()
        draft.closes.extend(over(lost, sides))
        draft.holds.extend(asked_anew(lost, sides))
        wanted = asked_back(mapping, lost, sides)
        if not chosen and not self._doubtful and waits(open_conflicts, sides):
            draft.reasons.append("taken back, and waits for a person")
            return
        alone = self.looking.alone(name, link, base, seen)  # then there is nobody to be at odds with
        second = known.opted.get(name)
        if alone is None and (self._doubtful or (not chosen and in_doubt(open_conflicts))):
            verdict = merge_in_doubt(mapping, seen=sides, second=second)
        elif wanted is not None:
            verdict = wanted
        elif chosen in ("crm", "marketing"):
            verdict = choose(mapping, side=Side(chosen), seen=sides, undone=undone(open_conflicts))
        elif self.stages is not None and name == self.stages.name:
            person = Person(link, base, seen, draft.agreed)
            verdict, path = self.stages.merge(mapping, person, sides=sides, moves=known.moves)
        else:
            times, timed_by = known.timed(name)
            verdict = merge(
                mapping, agreed=agreed, seen=sides, times=times, timed_by=timed_by, alone=alone, second=second
            )
        if isinstance(verdict, NeedsTimes | NeedsMoves):
            draft.untimed.append(name)
            return
        if isinstance(verdict, Clashing):
            draft.hold(self._conflict(link, base, verdict, name, sides, seen), known.conflicts)
            return
        decided = self._carry_out(draft, verdict, mapping, link, base, sides, seen, known)
        untold = isinstance(verdict, Keep) and MISSING in (sides.marketing.value, sides.crm.value)
        if decided and not untold:  # what nobody can see now may still be true
            draft.close(name, [conflict.id for conflict in open_conflicts])
        if self.stages is not None and name == self.stages.name:
            draft.path, draft.shown = path, sides.crm.value == draft.agreed.get(name, MISSING)

    def _carry_out(
        self,
        draft: Draft,
        verdict: Agree | Keep | Take | Unite,
        mapping: FieldMapping,
        link: Link,
        base: Base,
        sides: Pair[Seen],
        seen: Pair[RemoteRecord | None],
        known: Known,
    ) -> bool:
        """Turns one verdict into what the decision does with the field; whether it is decided now, and not held."""
        name = mapping.name
        bare = self.looking.bare(name, base, seen)  # the side whose record lost its value
        verdict = again(mapping, verdict, agreed=base.agreed.get(name, MISSING), bare=bare)
        parked = [(row.side, name) for row in known.parked if row.field == name]
        if isinstance(verdict, Keep):
            self._keep(draft, verdict, mapping, base, sides, seen, parked)
            return True
        if isinstance(verdict, Agree):
            draft.settle(name, verdict.value)
            draft.frees.extend(parked)
            return True
        origin = verdict.side if isinstance(verdict, Take) else None
        if verdict.value is None and mapping.type is FieldType.REFERENCE:
            draft.reasons.append("a reference is never emptied")
            draft.settle(name, None)
            return True
        person = Person(link, base, seen, draft.agreed)
        told = self._told(verdict, mapping, person, sides, bare)
        if isinstance(told, Clashing):
            draft.hold(self._conflict(link, base, told, name, sides, seen), known.conflicts)
            return False
        if parked and isinstance(verdict, Unite) and self.parking.holds_one(known.parked, mapping, told, seen, verdict):
            draft.reasons.append("parked")  # written on one side alone it would look agreed, and the other never get it
            return True
        written = False
        for side, wires in told.items():
            if isinstance(wires, Inexpressible):
                draft.reasons.append(wires.reason)
                continue
            record, shown = seen.of(side), sides.of(side).value
            sent = {each.field: each.after for each in draft.sides.of(side).changes} if parked else {}
            addressed = bool(parked) and self.looking.addressed(self.kind.match, side, person, sent)
            rule = LOST if side is bare and side is origin else verdict.rule
            if self.parking.holds_back(known.parked, side, name, wires, record, rule, addressed=addressed):
                draft.leave(mapping, side, shown, rule)
                continue
            unread = shown is MISSING and side is not bare
            before = None if side is bare or shown is MISSING else shown
            change = FieldChange(name, before, verdict.value, rule, None if side is origin else origin, unread)
            writes = draft.sides.of(side)
            writes.put(mapping, wires, change)
            writes.expect |= guarded(mapping, wires, base.confirmed.of(side), record)
            written = True
        if written:
            draft.agreed[name] = verdict.value
        elif any(isinstance(wires, Inexpressible) for wires in told.values()):
            draft.settle(name, verdict.value)
        return True

    def _told(
        self,
        verdict: Take | Unite,
        mapping: FieldMapping,
        person: Person,
        sides: Pair[Seen],
        bare: Side | None,
    ) -> Mapping[Side, Mapping[str, Wire] | Inexpressible] | Clashing:
        """What each side that differs is to be written with. If one of them cannot say the value it is a clash, and
        neither is written: they would differ by our own doing.
        """
        name, origin = mapping.name, verdict.side if isinstance(verdict, Take) else None
        told: dict[Side, Mapping[str, Wire] | Inexpressible] = {}
        unfit: list[str] = []
        for side in SIDES:
            lacks = side is bare and mapping.direction.flows_to(side)
            if not lacks and (side is origin or sides.of(side).value == verdict.value):
                continue
            if name not in self.slots(side, person.ref(side).object):
                told[side] = Inexpressible(f"{person.ref(side).object} has no place for it")
                continue
            wires = self.sight.written(side, mapping, verdict.value, person)
            if isinstance(wires, Invalid):
                unfit.append(f"{side}: {wires.reason}")
            else:
                told[side] = wires
        return Clashing(Topic.FIELD, "; ".join(unfit)) if unfit else told

    def _keep(
        self,
        draft: Draft,
        verdict: Keep,
        mapping: FieldMapping,
        base: Base,
        sides: Pair[Seen],
        seen: Pair[RemoteRecord | None],
        parked: Sequence[tuple[Side, str]],
    ) -> None:
        """A field that is kept on purpose is remembered as it stands, so that it is not looked at again and again; so
        is the same value in other words (another case, a first sight).
        """
        name = mapping.name
        if not verdict.reason:
            if name in base.agreed and all(side.value == base.agreed[name] for side in sides):
                draft.settle(name, base.agreed[name])
                draft.frees.extend(parked)
            return
        draft.reasons.append(verdict.reason)
        if any(sides.of(side).trouble or sides.of(side).value is MISSING for side in SIDES):
            return
        if not any(side.changed for side in sides) if mapping.name in base.agreed else not all(seen):
            return
        owner = Side.CRM if mapping.direction is Direction.TO_MARKETING else Side.MARKETING
        value = sides.of(owner).value
        if value is not MISSING:
            draft.settle(mapping.name, value)

    def _conflict(
        self,
        link: Link,
        base: Base,
        verdict: Clashing,
        name: str,
        sides: Pair[Seen],
        seen: Pair[RemoteRecord | None],
    ) -> Conflict:
        values = Pair(*(self.sight.words(side, name, seen=sides.of(side), record=seen.of(side)) for side in SIDES))
        topic, reason = verdict.topic, verdict.reason
        return held_field(self._connection, link, base, name, topic=topic, reason=reason, values=values, now=self._now)

    def taking_back(self) -> TakingBack:
        """What decides on values that a person wants taken back."""
        parts = self.lens, self._layouts, self.sight, self.looking, self.parking, self._addresses
        return TakingBack(*parts, connection=self._connection, now=self._now)

    @property
    def ledgered(self) -> bool:
        """Whether a derived field shows what the handoff ledger says."""
        return self._derived is not None and self._derived.ledgered

    def field(self, name: str) -> FieldMapping:
        """The mapping of one shared field."""
        return self._fields[name]

    def slots(self, side: Side, object_name: str) -> Mapping[str, tuple[str, ...]]:
        """The vendor fields of every shared field that one vendor object has."""
        return self._layouts.slots(side, object_name)

    # -- records without a counterpart ---------------------------------------------------------------------------
    def create(
        self, link: Link, origin: Side, record: RemoteRecord, made: Made, values: Mapping[str, Canonical]
    ) -> Decision:
        """The counterpart of a record that stands alone; of ``values``, its shared ones, less what a vendor changed."""
        carried = {name: value for name, value in values.items() if name not in self._left_out}
        decision = plan_create(self.lens, self._layouts, link, origin=origin, record=record, made=made, values=carried)
        return self.arrived(decision, origin, record, Pair((), ()))

    def arrived(self, decision: Decision, origin: Side, record: RemoteRecord, moves: Moves) -> Decision:
        """A create with the way on which the person came where ``record`` shows them, as far as its vendor tells."""
        if self.stages is not None:
            told = self.stages.arrival(decision.link, origin, decision.agreed, moves)
            decision = replace(decision, agreed={**decision.agreed, **told})
        if self._derived is None:
            return decision
        return self._derived.create(decision, self.values(origin, record), origin=origin, record=record)

    def values(self, side: Side, record: RemoteRecord) -> dict[str, Canonical]:
        """The shared values of one record, as far as they can be read."""
        return shared_values(self.lens, side, record)
