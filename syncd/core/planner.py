"""From records to decisions: what is to happen with one linked record, one match, one record that stands alone.

Goes in: a Link, its Base, what was read, and what people chose. Comes out: one Decision with at most one write per
side. It promises to read nothing, to send only fields that differ, never to write a field against its direction, and
never to make a record that a tombstone, a scope or a missing rule forbids. A side that was not read in this cycle
stands as it last confirmed: gather guarantees that its stream was read to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter

from syncd.core.merge import Agree, Clashing, Keep, NeedsTimes, Seen, Take, Unite, Verdict, merge
from syncd.core.normalize import Inexpressible, Invalid, Lens, Unlinked
from syncd.model.link import Base, Conflict, FieldChange, Link, Linked, LinkState, Parked, Topic
from syncd.model.mapping import Confirm, Direction, FieldMapping
from syncd.model.plan import Action, Create, Decision, Hold, Nothing, Relink, Settle, Update
from syncd.model.remote import RemoteRecord, RemoteRef, Succession
from syncd.model.values import MISSING, Canonical, FieldType, Instant, Lane, Missing, Pair, Side, Told, Wire

LANES = list(Lane)
EMPTY_BASE = Base(agreed={}, confirmed=Pair({}, {}))


@dataclass(frozen=True, slots=True)
class Times:
    """When one field of one link was changed on each side, and where that is from."""

    at: Pair[Instant]
    by: str


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known of one link besides its Base: what waits, what a person chose, when fields changed."""

    conflicts: Sequence[Conflict] = ()
    parked: Sequence[Parked] = ()
    times: Mapping[str, Times] = field(default_factory=dict)


NOTHING_KNOWN = Known()


@dataclass(slots=True)
class _Side:
    """What one decision collects for one side."""

    fields: dict[str, Wire] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    changes: list[FieldChange] = field(default_factory=list)
    expect: dict[str, Wire] = field(default_factory=dict)
    lane: Lane = Lane.BULK


@dataclass(slots=True)
class _Draft:
    sides: Pair[_Side] = field(default_factory=lambda: Pair(_Side(), _Side()))
    agreed: dict[str, Canonical] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    holds: list[Conflict] = field(default_factory=list)
    closes: list[str] = field(default_factory=list)
    frees: list[tuple[Side, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    untimed: list[str] = field(default_factory=list)


def digest(*parts: object) -> str:
    """A short stable name for what the parts say: 24 hex digits."""
    return blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields that one pair of vendor objects shares: their vendor fields per side, and a quick way to read them.

    ``names`` are those that a Base must have agreed on; a field that is only written on create is not among them.
    """

    names: frozenset[str]
    slots: Mapping[str, Pair[tuple[str, ...]]]
    plain: Pair[Callable[[Mapping[str, Wire]], object]]
    references: Pair[tuple[str, ...]]


def _layout(lens: Lens, objects: Pair[str]) -> Layout:
    sides = Pair(
        *({slot.field.name: slot for slot in lens.slots(side, objects.of(side))} for side in Side)
    )
    shared = [name for name in sides.marketing if name in sides.crm and not sides.crm[name].field.only_on_create]
    slots = {name: sides.map(lambda found, name=name: found[name].vendor_fields) for name in shared}  # type: ignore[misc]

    def reader(side: Side) -> Callable[[Mapping[str, Wire]], object]:
        names = [field for name in shared for field in slots[name].of(side) if not field.startswith("ref:")]
        return itemgetter(*names) if names else _nothing_to_read

    def references(side: Side) -> tuple[str, ...]:
        return tuple(field for name in shared for field in slots[name].of(side) if field.startswith("ref:"))

    return Layout(
        names=frozenset(shared),
        slots=slots,
        plain=Pair(reader(Side.MARKETING), reader(Side.CRM)),
        references=Pair(references(Side.MARKETING), references(Side.CRM)),
    )


def _nothing_to_read(_: Mapping[str, Wire]) -> object:
    return None


class Planner:
    """Decides for one kind of one connection. ``schemas`` are the vendors' schema fingerprints, ``now`` the moment that
    new conflicts are dated with."""

    def __init__(self, lens: Lens, *, connection: str, schemas: Pair[str], now: Instant) -> None:
        self.lens = lens
        self.kind = lens.kind
        self._connection = connection
        self._schemas = schemas
        self._now = now
        self._fields = {field.name: field for field in self.kind.fields}
        self._layouts: dict[tuple[str, str], Layout] = {}
        self._by_object: dict[tuple[Side, str], dict[str, tuple[str, ...]]] = {}

    def terms_digest(self, side: Side) -> str:
        """Changes with the mapping and with that vendor's schema of its fields."""
        return digest(self.kind.hash, self._schemas.of(side))

    def park_fingerprint(self, side: Side, wires: Mapping[str, Wire]) -> str:
        """Changes when a refused write deserves another try: another value, another mapping, another vendor schema."""
        return f"{self.terms_digest(side)}-{digest(sorted(wires.items()))}"

    # -- linked records ------------------------------------------------------------------------------------------
    def unchanged(self, linked: Linked, side: Side, record: RemoteRecord) -> bool:
        """The quick answer for the many: everything this side told is what it last confirmed.

        ``False`` only means that a closer look is needed.
        """
        base = linked.base
        link = linked.link
        if base is None or link.state is LinkState.TOMBSTONE or not (link.keyed.marketing and link.keyed.crm):
            return False
        layout = self.layout(link.refs.replacing(side, record.ref))
        if not layout.names <= base.agreed.keys():
            return False
        confirmed = base.confirmed.of(side)
        plain = layout.plain.of(side)
        try:
            if plain(record.fields) != plain(confirmed):
                return False
            return all(confirmed[name] == _wire(record, name) for name in layout.references.of(side))
        except KeyError:
            return False

    def layout(self, refs: Pair[RemoteRef]) -> Layout:
        """The fields that both of these objects have."""
        objects = Pair(refs.marketing.object, refs.crm.object)
        found = self._layouts.get((objects.marketing, objects.crm))
        if found is None:
            found = self._layouts[objects.marketing, objects.crm] = _layout(self.lens, objects)
        return found

    def linked(
        self,
        linked: Linked,
        seen: Pair[RemoteRecord | None],
        known: Known = NOTHING_KNOWN,
        before: Sequence[Action] = (),
    ) -> Decision | tuple[str, ...]:
        """What is to happen with one linked record; or the fields whose times ``newest`` needs to know first."""
        link = linked.link
        base = linked.base or EMPTY_BASE
        if link.state is LinkState.TOMBSTONE:
            return self._nothing(link, linked.base, seen, "tombstone")
        draft = _Draft()
        for name in self._touched(base, link, seen, known):
            self._field(draft, self._fields[name], link, base, seen, known)
        if draft.untimed:
            return tuple(draft.untimed)
        return self._decision(draft, link, linked.base, seen, before)

    def _touched(self, base: Base, link: Link, seen: Pair[RemoteRecord | None], known: Known) -> list[str]:
        """Fields that may have something to do: told differently, never agreed, waiting, or chosen by a person."""
        layout = self._layout_of(link, seen)
        names = {name: None for name in layout.names if name not in base.agreed}
        for side in Side:
            record = seen.of(side)
            if record is None:
                continue
            confirmed = base.confirmed.of(side)
            for name, slots in layout.slots.items():
                for vendor_field in slots.of(side):
                    wire = _wire(record, vendor_field)
                    if wire is not MISSING and (vendor_field not in confirmed or confirmed[vendor_field] != wire):
                        names[name] = None
        names.update((str(conflict.field), None) for conflict in known.conflicts if conflict.field in layout.slots)
        names.update((parked.field, None) for parked in known.parked if parked.field in layout.slots)
        return [name for name in layout.slots if name in names]

    def _layout_of(self, link: Link, seen: Pair[RemoteRecord | None]) -> Layout:
        refs = link.refs
        for side in Side:
            record = seen.of(side)
            if record is not None:
                refs = refs.replacing(side, record.ref)
        return self.layout(refs)

    def _field(
        self,
        draft: _Draft,
        mapping: FieldMapping,
        link: Link,
        base: Base,
        seen: Pair[RemoteRecord | None],
        known: Known,
    ) -> None:
        name = mapping.name
        agreed: Told = base.agreed.get(name, MISSING)
        sides = Pair(
            self._seen(Side.MARKETING, mapping, link, base, seen), self._seen(Side.CRM, mapping, link, base, seen)
        )
        open_conflicts = [conflict for conflict in known.conflicts if conflict.field == name]
        chosen = next((conflict.resolution for conflict in open_conflicts if conflict.resolution), None)
        verdict: Verdict
        if chosen in ("crm", "marketing"):
            verdict = self._chosen(Side(chosen), sides, mapping)
        else:
            times = known.times.get(name)
            verdict = merge(
                mapping, agreed=agreed, seen=sides, times=times.at if times else None, timed_by=times.by if times else ""
            )
        if isinstance(verdict, NeedsTimes):
            draft.untimed.append(name)
            return
        if isinstance(verdict, Clashing):
            draft.holds.append(self._conflict(link, base, verdict, name, sides, seen))
            return
        draft.closes.extend(conflict.id for conflict in open_conflicts)
        self._carry_out(draft, verdict, mapping, link, base, sides, seen, known)

    def _chosen(self, side: Side, sides: Pair[Seen], mapping: FieldMapping) -> Verdict:
        value = sides.of(side).value
        if value is MISSING:
            return Keep("the chosen side does not tell this field")
        if mapping.type is FieldType.OPT_OUT and value is not True:
            return Clashing(Topic.FIELD, "an opt-out is never cleared by syncd: record the renewed consent by hand")
        if sides.other(side).value == value:
            return Agree(value)
        return Take(side, value, "chosen by a person")

    def _carry_out(
        self,
        draft: _Draft,
        verdict: Agree | Keep | Take | Unite,
        mapping: FieldMapping,
        link: Link,
        base: Base,
        sides: Pair[Seen],
        seen: Pair[RemoteRecord | None],
        known: Known,
    ) -> None:
        """Turns one verdict into what the decision does with the field."""
        name = mapping.name
        if isinstance(verdict, Keep):
            if verdict.reason:
                draft.reasons.append(verdict.reason)
                self._settle_kept(draft, mapping, base, sides, seen)
            return
        if isinstance(verdict, Agree):
            draft.agreed[name] = verdict.value
            draft.settled.append(name)
            draft.frees.extend((row.side, name) for row in known.parked if row.field == name)
            return
        origin = verdict.side if isinstance(verdict, Take) else None
        if verdict.value is None and mapping.type is FieldType.REFERENCE:
            draft.reasons.append("a reference is never emptied")
            draft.settled.append(name)
            draft.agreed[name] = None
            return
        written = False
        for side in Side:
            if side is origin or sides.of(side).value == verdict.value:
                continue
            record = seen.of(side)
            ref = record.ref if record else link.refs.of(side)
            wires = self.lens.write(side, ref.object, name, verdict.value)
            if isinstance(wires, Inexpressible):
                draft.reasons.append(wires.reason)
                draft.agreed[name] = verdict.value
                draft.settled.append(name)
                continue
            if isinstance(wires, Invalid):
                held = Clashing(Topic.FIELD, f"{side}: {wires.reason}")
                draft.holds.append(self._conflict(link, base, held, name, sides, seen))
                continue
            fingerprint = self.park_fingerprint(side, wires)
            if any(row.side is side and row.field == name and row.fingerprint == fingerprint for row in known.parked):
                draft.reasons.append("parked")
                continue
            self._add(draft.sides.of(side), mapping, side, wires, base, record, verdict.rule, origin, verdict.value, sides)
            written = True
        if written:
            draft.agreed[name] = verdict.value

    def _settle_kept(
        self, draft: _Draft, mapping: FieldMapping, base: Base, sides: Pair[Seen], seen: Pair[RemoteRecord | None]
    ) -> None:
        """A field that is kept on purpose is remembered as it stands, so that it is not looked at again and again."""
        if any(sides.of(side).trouble or sides.of(side).value is MISSING for side in Side):
            return
        if mapping.name in base.agreed and not any(side.changed for side in sides):
            return
        if mapping.name not in base.agreed and (seen.marketing is None or seen.crm is None):
            return
        owner = Side.CRM if mapping.direction is Direction.TO_MARKETING else Side.MARKETING
        value = sides.of(owner).value
        if value is not MISSING:
            draft.agreed[mapping.name] = value
            draft.settled.append(mapping.name)

    def _add(
        self,
        side_draft: _Side,
        mapping: FieldMapping,
        side: Side,
        wires: Mapping[str, Wire],
        base: Base,
        record: RemoteRecord | None,
        rule: str,
        cause: Side | None,
        value: Canonical,
        sides: Pair[Seen],
    ) -> None:
        for vendor_field, wire in wires.items():
            if vendor_field.startswith("ref:"):
                side_draft.refs[vendor_field[4:]] = str(value)
            else:
                side_draft.fields[vendor_field] = wire
        before = sides.of(side).value
        side_draft.changes.append(FieldChange(mapping.name, None if before is MISSING else before, value, rule, cause))
        side_draft.lane = min(side_draft.lane, mapping.lane, key=LANES.index)
        if mapping.confirm is not Confirm.NONE:
            confirmed = base.confirmed.of(side)
            for vendor_field in wires:
                told = _wire(record, vendor_field) if record else confirmed.get(vendor_field, MISSING)
                if told is not MISSING and not vendor_field.startswith("ref:"):
                    side_draft.expect[vendor_field] = told

    def _seen(
        self, side: Side, mapping: FieldMapping, link: Link, base: Base, seen: Pair[RemoteRecord | None]
    ) -> Seen:
        """One field on one side: as it was read now, or as it was last confirmed where nothing was read."""
        record = seen.of(side)
        ref_object = record.ref.object if record else link.refs.of(side).object
        names = self.slots(side, ref_object).get(mapping.name, ())
        confirmed = base.confirmed.of(side)
        was = tuple(confirmed.get(name, MISSING) for name in names)
        if record is None:
            return Seen(self._value(side, ref_object, mapping.name, was), changed=False)
        now = tuple(_wire(record, name) for name in names)
        if any(wire is MISSING for wire in now):
            return Seen(MISSING, changed=False)
        read = self.lens.read(side, ref_object, mapping.name, now)  # type: ignore[arg-type]  # MISSING is excluded above
        if isinstance(read, Unlinked):
            return Seen(MISSING, changed=False)
        if now == was:
            value = MISSING if isinstance(read, Invalid) else read
            return Seen(value, changed=False, trouble=read.reason if isinstance(read, Invalid) else None)
        if isinstance(read, Invalid):
            return Seen(MISSING, changed=True, trouble=read.reason)
        told_before = self._value(side, ref_object, mapping.name, was)
        if told_before is MISSING:
            told_before = base.agreed.get(mapping.name, MISSING)
        return Seen(read, changed=told_before is MISSING or told_before != read)

    def _value(self, side: Side, ref_object: str, name: str, wires: tuple[Wire | Missing, ...]) -> Told:
        if any(wire is MISSING for wire in wires):
            return MISSING
        read = self.lens.read(side, ref_object, name, wires)  # type: ignore[arg-type]  # MISSING is excluded above
        return MISSING if isinstance(read, Invalid) else read

    def _conflict(
        self,
        link: Link,
        base: Base,
        verdict: Clashing,
        name: str,
        sides: Pair[Seen],
        seen: Pair[RemoteRecord | None],
    ) -> Conflict:
        values = Pair(self._shown(Side.MARKETING, name, sides, seen), self._shown(Side.CRM, name, sides, seen))
        return Conflict(
            id=digest(self._connection, self.kind.kind, verdict.topic, link.id, name),
            kind=self.kind.kind,
            topic=verdict.topic,
            link=link.id,
            refs=tuple((side, link.refs.of(side)) for side in Side),
            field=name,
            values=values,
            base=base.agreed.get(name),
            reason=verdict.reason,
            since=self._now,
        )

    def _shown(self, side: Side, name: str, sides: Pair[Seen], seen: Pair[RemoteRecord | None]) -> Canonical:
        """A value for a person to judge: canonical where it can be read, else the vendor's own words."""
        value = sides.of(side).value
        record = seen.of(side)
        if value is not MISSING or record is None:
            return None if value is MISSING else value
        names = self.slots(side, record.ref.object).get(name, ())
        return " | ".join(str(record.fields.get(vendor, "")) for vendor in names) or None

    def _decision(
        self,
        draft: _Draft,
        link: Link,
        base: Base | None,
        seen: Pair[RemoteRecord | None],
        before: Sequence[Action],
    ) -> Decision:
        actions: list[Action] = list(before)
        lane = Lane.BULK
        for side in Side:
            collected = draft.sides.of(side)
            key = None if link.keyed.of(side) else link.refs.other(side).id
            if not (collected.changes or key):
                continue
            if not collected.changes:
                collected.lane = Lane.ORDINARY
            lane = min(lane, collected.lane, key=LANES.index)
            record = seen.of(side)
            actions.append(
                Update(
                    side=side,
                    ref=record.ref if record else link.refs.of(side),
                    fields=collected.fields if key is None else {**collected.fields, self.kind.key.of(side): key},
                    refs=collected.refs,
                    changes=tuple(collected.changes),
                    lane=collected.lane,
                    expect=collected.expect or None,
                    key=key,
                )
            )
        if draft.settled:
            actions.append(Settle(tuple(draft.settled)))
        actions.extend(Hold(conflict) for conflict in draft.holds)
        if not actions:
            actions.append(Nothing(draft.reasons[0] if draft.reasons else "already in step"))
        return Decision(
            kind=self.kind.kind,
            link=link,
            base=base,
            seen=seen,
            actions=tuple(actions),
            agreed=draft.agreed,
            closes=tuple(draft.closes),
            frees=tuple(draft.frees),
            lane=lane,
        )

    def field(self, name: str) -> FieldMapping:
        """The mapping of one shared field."""
        return self._fields[name]

    def slots(self, side: Side, object_name: str) -> Mapping[str, tuple[str, ...]]:
        """The vendor fields of every shared field that one vendor object has."""
        found = self._by_object.get((side, object_name))
        if found is None:
            slots = self.lens.slots(side, object_name)
            found = self._by_object[side, object_name] = {slot.field.name: slot.vendor_fields for slot in slots}
        return found

    def _nothing(
        self, link: Link, base: Base | None, seen: Pair[RemoteRecord | None], reason: str
    ) -> Decision:
        return Decision(self.kind.kind, link, base, seen, (Nothing(reason),))

    # -- records without a counterpart ----------------------------------------------------------------------------
    def create(
        self, link: Link, origin: Side, record: RemoteRecord, object_name: str, values: Mapping[str, Canonical]
    ) -> Decision:
        """The counterpart of a record that stands alone, with create-only defaults for what it lacks.

        ``values`` are the shared values of the record. Fields it does not have are left to the vendor's own defaults.
        """
        side = origin.other
        collected = _Side()
        agreed: dict[str, Canonical] = {}
        defaulted: list[str] = []
        for mapping in self.kind.fields:
            value = values.get(mapping.name, MISSING)
            if value is MISSING or mapping.name not in self.slots(side, object_name):
                continue
            agreed[mapping.name] = value
            if not mapping.direction.flows_to(side):
                continue
            sent: Canonical = value
            rule, cause = "create", origin if value is not None else None
            default = mapping.create_default.of(side)
            if value is None and default is not None:
                sent, rule = default, "create default"
                defaulted.append(mapping.name)
            if sent is None:
                continue
            wires = self.lens.write(side, object_name, mapping.name, sent)
            if isinstance(wires, Invalid | Inexpressible):
                if isinstance(wires, Invalid):
                    del agreed[mapping.name]
                continue
            for vendor_field, wire in wires.items():
                if vendor_field.startswith("ref:"):
                    collected.refs[vendor_field[4:]] = str(sent)
                else:
                    collected.fields[vendor_field] = wire
            collected.changes.append(FieldChange(mapping.name, None, sent, rule, cause))
            collected.lane = min(collected.lane, mapping.lane, key=LANES.index)
        action = Create(
            side=side,
            object=object_name,
            origin=record.ref,
            fields=collected.fields,
            refs=collected.refs,
            changes=tuple(collected.changes),
            lane=collected.lane,
            defaulted=tuple(defaulted),
        )
        seen: Pair[RemoteRecord | None] = Pair(None, None)
        return Decision(
            kind=self.kind.kind,
            link=link,
            base=None,
            seen=seen.replacing(origin, record),
            actions=(action,),
            agreed=agreed,
            lane=collected.lane,
        )

    def values(self, side: Side, record: RemoteRecord) -> dict[str, Canonical]:
        """The shared values of one record, as far as they can be read."""
        shared: dict[str, Canonical] = {}
        for slot in self.lens.slots(side, record.ref.object):
            wires = tuple(_wire(record, name) for name in slot.vendor_fields)
            value = self._value(side, record.ref.object, slot.field.name, wires)
            if value is not MISSING:
                shared[slot.field.name] = value
        return shared


def restored(link: Link, side: Side, ref: RemoteRef) -> tuple[Link, Relink]:
    """A tombstone whose record came back is a live link again."""
    refs = link.refs.replacing(side, ref)
    revived = Link(link.id, link.kind, refs, link.proof, link.since, LinkState.LIVE, link.keyed.replacing(side, value=False))
    return revived, Relink(side, link.refs.of(side), ref, Succession.RESTORED)


def _wire(record: RemoteRecord, name: str) -> Wire | Missing:
    """The wire value of a vendor field, or of a reference as ``object/id``; ``MISSING`` if it was not told."""
    if name.startswith("ref:"):
        refs = record.refs.get(name[4:])
        if refs is None:
            return MISSING
        return str(refs[0]) if refs else None
    return record.fields.get(name, MISSING)


