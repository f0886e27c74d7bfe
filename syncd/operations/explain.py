"""Why a record, or one of its fields, is what it is: both values now, Base, history, the rule, and what comes next.

Reads both records from the vendors by id, never from memory, then lets the same code decide that ``sync`` uses, without
writing: what comes out is what the next cycle would do with this record, or why it does nothing. Stores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.core.normalize import Inexpressible, Invalid
from syncd.core.planner import Planner
from syncd.engine.prepare import decide
from syncd.engine.world import World
from syncd.model.beside import journey_of
from syncd.model.derived import FILES
from syncd.model.errors import BadUsage
from syncd.model.lifecycle import Journey
from syncd.model.link import QUARANTINED, Base, Conflict, DeadLetter, Intent, Link, LinkState, Parked, Topic
from syncd.model.mapping import FieldMapping
from syncd.model.plan import (
    Action,
    Adopt,
    Create,
    Decision,
    Detach,
    Forget,
    Hold,
    Nothing,
    Relink,
    Settle,
    Unlink,
    Update,
)
from syncd.model.remote import RemoteRecord, RemoteRef, wire_of
from syncd.model.routing import Routed
from syncd.model.values import MISSING, Canonical, Missing, Pair, Side, Wire
from syncd.operations.braking import parts
from syncd.operations.changes import Event, events_of
from syncd.operations.finding import Hit
from syncd.operations.handoffs import Handoffs, handoffs_of
from syncd.operations.looking import Looking


@dataclass(frozen=True, slots=True)
class Told:
    """One field on one side: the vendor's own values, and what they mean. ``trouble`` says why they mean nothing."""

    wires: Mapping[str, Wire]
    value: Canonical | Missing
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class FieldStory:
    """One shared field of one record. ``base`` is the agreed value, ``confirmed`` the wire values last confirmed,
    ``after`` what the next cycle writes to a record that is there, ``MISSING`` if nothing; ``journey`` what a person
    has been through, of a field that the lifecycle decides.
    """

    mapping: FieldMapping
    now: Pair[Told | None]
    base: Canonical | Missing
    confirmed: Pair[Mapping[str, Wire]]
    next: str
    after: Canonical | Missing = MISSING
    journey: Journey | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about one record. ``handoffs`` are not told where only one field is asked for;
    ``routed`` is who the next cycle gives the person to, if anybody.
    """

    kind: str
    link: Link | None
    refs: Pair[RemoteRef | None]
    departed: tuple[str, ...]
    fields: tuple[FieldStory, ...]
    events: tuple[Event, ...]
    next: tuple[str, ...]
    conflicts: Sequence[Conflict]
    parked: Sequence[Parked]
    dead: Sequence[DeadLetter]
    intents: Sequence[Intent]
    handoffs: Handoffs | None = None
    routed: Routed | None = None


def explain(world: World, hit: Hit, *, field: str | None = None) -> Explanation:
    """Explains one hit, all its fields or one; the world is ready (``make_ready``).

    :raises BadUsage: if the kind has no such field.
    """
    planner = world.planner(hit.kind)
    mappings = [mapping for mapping in planner.kind.fields if field is None or mapping.name == field]
    if not mappings:
        known = ", ".join(mapping.name for mapping in planner.kind.fields)
        raise BadUsage(f"the kind {hit.kind} has no field {field!r}; there are: {known}")
    looking = Looking(world, hit)
    looking.look()
    into = looking.into
    decisions = decide(world, planner, into)
    records = Pair(*(looking.record(side) for side in Side))
    found = world.store.by_link([hit.link.id]).get(hit.link.id) if hit.link else None
    waits = Waits(world, hit)
    story = _Story(planner, hit, records, found.base if found else None, decisions, waits)
    return Explanation(
        kind=hit.kind,
        link=hit.link,
        refs=hit.refs,
        departed=tuple(looking.departed()),
        fields=tuple(story.of(mapping) for mapping in mappings),
        events=tuple(events_of(world, planner, hit, mappings)),
        next=_next(hit, decisions, into.nothing),
        conflicts=waits.conflicts,
        parked=waits.parked,
        dead=waits.dead,
        intents=waits.intents,
        handoffs=handoffs_told(world, hit) if field is None else None,
        routed=next((decision.routed for decision in decisions if decision.routed is not None), None),
    )


def handoffs_told(world: World, hit: Hit) -> Handoffs | None:
    """What happened to a person between the teams; ``None`` where no ledger is kept of them."""
    agreed = next(kind.agreed for kind in world.connection.kinds if kind.kind == hit.kind)
    if world.booking is None or agreed is None or hit.link is None:
        return None
    return handoffs_of(world.store, world.booking.book, hit.link.id)


class Waits:
    """What the store holds open about one hit."""

    def __init__(self, world: World, hit: Hit) -> None:
        store = world.store
        link = hit.link.id if hit.link else None
        own = {(side, ref) for side in Side if (ref := hit.refs.of(side)) is not None}
        self.conflicts = [
            row
            for row in store.conflicts()
            if row.kind == hit.kind and (row.link == link if row.link else bool(own & set(row.refs)))
        ]
        self.parked = store.parked([link]) if link else []
        self.held = [
            part
            for part in parts(store, world.clock.now())
            if any(each.record == f"link:{link}" for each in part.lot.changes)
        ]
        self.dead = [
            row for row in store.dead_letters() if row.kind == hit.kind and (row.side.other, row.origin) in own
        ]
        self.intents = [
            row
            for row in store.open_intents()
            if row.kind == hit.kind and (row.link == link or (row.side.other, row.origin) in own)
        ]


class _Story:
    """Tells of the fields of one record."""

    def __init__(
        self,
        planner: Planner,
        hit: Hit,
        records: Pair[RemoteRecord | None],
        base: Base | None,
        decisions: Sequence[Decision],
        waits: Waits,
    ) -> None:
        self.planner = planner
        self.hit = hit
        self.records = records
        self.base = base
        self.decisions = decisions
        self.waits = waits

    def of(self, mapping: FieldMapping) -> FieldStory:
        """One field."""
        now: Pair[Told | None] = Pair(*(self._told(mapping, side) for side in Side))
        confirmed = Pair(*(self._confirmed(mapping, side) for side in Side))
        base: Canonical | Missing = MISSING if self.base is None else self.base.agreed.get(mapping.name, MISSING)
        after, journey = self._after(mapping.name), self._journey(mapping.name)
        return FieldStory(mapping, now, base, confirmed, self._next(mapping, now, base), after, journey)

    def _journey(self, name: str) -> Journey | None:
        if self.planner.field(name).derive is not None:  # what a Base keeps beside such a field is no journey
            return None
        kept = None if self.base is None else self.base.agreed.get(journey_of(name))
        return None if kept is None else Journey.read(kept)

    def _after(self, name: str) -> Canonical | Missing:
        updates = (each for decision in self.decisions for each in decision.actions if isinstance(each, Update))
        return next((change.after for each in updates for change in each.changes if change.field == name), MISSING)

    def _told(self, mapping: FieldMapping, side: Side) -> Told | None:
        record = self.records.of(side)
        if record is None:
            return None
        names = self.planner.slots(side, record.ref.object).get(mapping.name)
        if names is None:
            return Told({}, MISSING, f"{record.ref.object} has no such field")
        wires: dict[str, Wire] = {}
        held: Mapping[str, Wire] = self.base.confirmed.of(side) if self.base is not None else {}
        for name in names:
            wire = wire_of(record, name, held.get(name, MISSING))
            if wire is not MISSING:
                wires[name] = wire
        if len(wires) < len(names):
            hidden = ", ".join(name for name in names if name not in wires)
            return Told(wires, MISSING, f"{hidden} was not told: it does not exist or is hidden from syncd")
        value = self.planner.lens.read(side, record.ref.object, mapping.name, tuple(wires[name] for name in names))
        return Told(wires, MISSING, value.reason) if isinstance(value, Invalid) else Told(wires, value)

    def _confirmed(self, mapping: FieldMapping, side: Side) -> Mapping[str, Wire]:
        ref = self.hit.refs.of(side)
        if self.base is None or ref is None:
            return {}
        names = self.planner.slots(side, ref.object).get(mapping.name, ())
        known = self.base.confirmed.of(side)
        return {name: known[name] for name in names if name in known}

    def _next(self, mapping: FieldMapping, now: Pair[Told | None], base: Canonical | Missing) -> str:
        """What the next cycle does with the field, or why it does nothing."""
        for row in self.waits.conflicts:
            if row.field == mapping.name and row.asks and row.topic is not Topic.LOST:
                return f"held by conflict {row.id}: {row.reason}"
        for part in self.waits.held:
            if part.lot.key[3] == mapping.name:
                return f"held by the brake ({part.stands}): `syncd held show {part.digest}`"
        for decision in self.decisions:
            for action in decision.actions:
                words = _field_words(action, mapping.name)
                if words:
                    return words
        for parked in self.waits.parked:
            if parked.field == mapping.name:
                retried = "tried again when its value, the mapping or the vendor's schema changes"
                if parked.code == QUARANTINED:
                    retried = "left alone on both sides until a person says so, or both sides agree by themselves"
                return f"parked on the {parked.side} side: {parked.code} {parked.reason}; {parked.advice}; {retried}"
        return self._still(mapping, now, base)

    def _still(self, mapping: FieldMapping, now: Pair[Told | None], base: Canonical | Missing) -> str:
        """Why nothing happens with a field that no decision touches."""
        if mapping.derive is not None:
            return f"nothing: it stands as computed from {FILES[mapping.derive.sort]}"
        both = (now.marketing, now.crm)
        if self.hit.link is None or any(told is None for told in both):
            return "nothing: there is no record on the other side to compare with"
        told = Pair(*(each for each in both if each is not None))
        for side in Side:
            if told.of(side).trouble:
                return f"nothing: {side}: {told.of(side).trouble}"
        if told.marketing.value == told.crm.value:
            return "nothing: both sides agree"
        for side in Side:
            ref = self.hit.refs.of(side)
            value = told.other(side).value
            if ref is None or isinstance(value, Missing) or not mapping.direction.flows_to(side):
                continue
            form = self.planner.lens.write(side, ref.object, mapping.name, value)
            if isinstance(form, Inexpressible | Invalid):
                return f"nothing: the {side.other} value has no form on the {side} side: {form.reason}"
        if mapping.only_on_create:
            return "nothing: it is written only when a record is made"
        if base is MISSING:
            return "nothing: never agreed, and no rule writes it"
        return f"nothing: neither side changed since both were last in step ({mapping.direction})"


def _field_words(action: Action, name: str) -> str:
    """What one action does with one field; empty if nothing."""
    match action:
        case Create() | Update():
            for change in action.changes:
                if change.field == name:
                    cause = f", {change.cause} changed" if change.cause else ""
                    what = f"{_value(change.before)} -> {_value(change.after)}"
                    return f"written to {action.side}: {what} ({change.rule}{cause})"
            return ""
        case Settle(fields=fields) if name in fields:
            return "agreed as it stands: nothing is written"
        case Hold(conflict=conflict) if conflict.field == name:
            return f"held: {conflict.reason}"
        case _:
            return ""


def _value(value: Canonical) -> str:
    return "empty" if value is None else repr(value)


def _next(hit: Hit, decisions: Sequence[Decision], nothing: Mapping[str, int]) -> tuple[str, ...]:
    """What the next cycle does with the record as a whole."""
    lines = [words for decision in decisions for action in decision.actions if (words := _record_words(action))]
    lines += [f"nothing: {reason}" for reason in nothing]
    if hit.link is not None and hit.link.unlinked:
        lines.append("nothing: a person has unlinked the two; they stay apart until `syncd link relink` says otherwise")
    elif hit.link is not None and hit.link.state is LinkState.TOMBSTONE:
        lines.append(f"nothing: a tombstone, because its {hit.link.gone} record left; nothing is made anew or deleted")
    if hit.link is not None and hit.link.state is LinkState.FORGOTTEN:
        lines.append("nothing: the person was forgotten; nothing is read, written or made anew (`syncd privacy`)")
    return tuple(dict.fromkeys(lines)) or ("nothing: already in step",)


def _record_words(action: Action) -> str:
    match action:
        case Create():
            defaults = f", with defaults for {', '.join(action.defaulted)}" if action.defaulted else ""
            return f"create a {action.side} {action.object} for {action.origin}{defaults}"
        case Update(changes=()):
            return f"write the key field of {action.side} {action.ref}"
        case Update():
            return f"update {action.side} {action.ref}: {', '.join(change.field for change in action.changes)}"
        case Adopt():
            return f"link {action.refs.marketing} and {action.refs.crm} ({action.proof.words})"
        case Relink():
            return f"follow {action.side} {action.old} into {action.new} ({action.how})"
        case Detach():
            return f"keep a tombstone: {action.side} {action.ref} is {action.how}"
        case Unlink():
            return f"unlink {action.refs.marketing} and {action.refs.crm}, as a person said; they stay apart"
        case Forget():
            return f"forget the person, asked for by {action.asked or 'an operator'}; what remains is listed"
        case Hold():
            about = f"field {action.conflict.field}" if action.conflict.field else "which records belong together"
            return f"hold {about}: {action.conflict.reason}"
        case Nothing():
            return f"nothing: {action.reason}"
        case Settle():
            return ""
