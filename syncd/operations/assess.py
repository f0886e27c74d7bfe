"""What is wrong today between two systems that syncd does not touch yet: counted from one reading of both.

For each kind: who is whom and by what, duplicates, who is on one side only; field by field whether the pairs agree, and
why not; values the other system would refuse; opt-outs that contradict each other. For people also owners, stages,
those who qualified and whom sales cannot see, what must be known of a stage, personas. Nothing is written anywhere.

Memory holds counts, and of each count so many records as people open; the records are in a scratch meanwhile.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from syncd.core.normalize import Inexpressible, Invalid
from syncd.core.rating import Profiles
from syncd.core.types import text_of
from syncd.model.lifecycle import NEW, Lifecycle
from syncd.model.mapping import Direction, FieldMapping
from syncd.model.remote import RemoteField, RemoteRecord, RemoteRef, UserSort
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Instant, Pair, Side, Told, Wire
from syncd.operations.assess_reading import Readable, reread
from syncd.ports.scratch import Scratch, Shared

LISTED: Final = 200
"""Records of one count that are kept to be opened."""
AGREE: Final = "agree"
BOTH_EMPTY: Final = "empty on both sides"
FORM: Final = "the same in another form"
DIFFERENT: Final = "different"
NOBODY: Final = "(none)"
QUEUE: Final = "a queue"
PERSON: Final = "person"


@dataclass(slots=True)
class Count:
    """How many, and the names of some of them."""

    number: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Counts one record."""
        self.number += 1
        if len(self.names) < LISTED:
            self.names.append(name)


Counts = dict[str, Count]


def _counts() -> Counts:
    return defaultdict(Count)


@dataclass(slots=True)
class KindFound:
    """One kind. ``steps`` are pairs by how they were found; ``doubles`` and ``ambiguous`` are by the same; ``fields``
    count the pairs by field and by whether, or why not, they agree; ``refused`` are by field and reason.
    """

    kind: str
    records: Pair[int] = Pair(0, 0)
    steps: dict[str, int] = field(default_factory=dict)
    pairs: int = 0
    alone: Pair[Count] = field(default_factory=lambda: Pair(Count(), Count()))
    doubles: dict[tuple[Side, str], Shared] = field(default_factory=dict)
    ambiguous: dict[str, Shared] = field(default_factory=dict)
    fields: dict[str, Counts] = field(default_factory=lambda: defaultdict(_counts))
    refused: dict[tuple[str, Side, str], Count] = field(default_factory=lambda: defaultdict(Count))
    opt_outs: dict[tuple[str, Side], Count] = field(default_factory=lambda: defaultdict(Count))
    absent: Mapping[str, str] = field(default_factory=dict)
    person_accounts: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Unseen:
    """Somebody who is qualified in marketing and whom sales cannot see. ``at`` is when they qualified, as the vendor's
    history tells; else when the record was last changed, which is no earlier (``surely`` is false).
    """

    ref: RemoteRef
    stage: str
    at: Instant
    surely: bool = False


@dataclass(slots=True)
class PeopleFound:
    """What only people have. ``stages`` count pairs by both stages where they differ; ``undeclared`` those of them
    between which no way is declared, either way. ``lacking`` is by stage and shared field, ``staged`` people by stage.
    """

    stages: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    undeclared: set[tuple[str, str]] = field(default_factory=set)
    staged: Counter[str] = field(default_factory=Counter)
    lacking: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    owners: dict[tuple[Side, str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    unowned: Counts = field(default_factory=_counts)
    unseen: list[Unseen] = field(default_factory=list)
    personas: Counts = field(default_factory=_counts)
    doubtful: Count = field(default_factory=Count)
    people: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What both teams agreed on, where they did."""

    lifecycle: Lifecycle | None
    profiles: Profiles | None

    @property
    def qualified(self) -> frozenset[str]:
        """Stages that ask sales to act."""
        rules = None if self.lifecycle is None else self.lifecycle.handoff
        return frozenset(() if rules is None else rules.qualified)


class Assessing:
    """One kind being counted."""

    def __init__(self, known: Readable, scratch: Scratch, terms: Terms, now: Instant) -> None:
        self._known, self._scratch, self._terms, self._now = known, scratch, terms, now
        self._lens, self._kind = known.lens, known.kind
        self.found = KindFound(self._kind.kind, absent=known.absent, person_accounts=known.schemas.crm.person_accounts)
        self.people = PeopleFound()
        lifecycle = terms.lifecycle if terms.lifecycle is not None and terms.lifecycle.kind == self._kind.kind else None
        self._lifecycle = lifecycle
        self._ways = set() if lifecycle is None else {(edge.start, edge.end) for edge in lifecycle.transitions}
        self._filled = {} if lifecycle is None else {stage.key: stage.entry.filled for stage in lifecycle.stages}
        self._owner_states = Pair(*(self._states_of(side) for side in SIDES))

    def count(self, made: Mapping[int, int]) -> None:
        """Counts what the scratch holds. :param made: pairs by step."""
        found = self.found
        found.records = Pair(*(self._scratch.count(side) for side in SIDES))
        for step, name in self._known.steps:
            found.steps[name] = made[step]
            found.ambiguous[name] = self._scratch.ambiguous(step, LISTED)
            for side in SIDES:
                found.doubles[side, name] = self._scratch.doubles(side, step, LISTED)
        for _, one, marketing, other, crm in self._scratch.pairs():
            found.pairs += 1
            self._pair(f"marketing:{one} crm:{other}", Pair(reread(marketing), reread(crm)))
        for side in SIDES:
            for name, content in self._scratch.alone(side):
                found.alone.of(side).add(f"{side}:{name}")
                self._single(side, f"{side}:{name}", reread(content))

    # -- pairs -------------------------------------------------------------------------------------------------------
    def _pair(self, name: str, records: Pair[RemoteRecord]) -> None:
        values: dict[str, Canonical] = {}
        for mapping in self._kind.fields:
            if any(records.of(side).ref.object not in mapping.slots.of(side) for side in SIDES):
                for side in SIDES:
                    self._note(values, mapping, self._read(mapping, side, records.of(side)))
                continue
            told = Pair(*(self._read(mapping, side, records.of(side)) for side in SIDES))
            if told.marketing is MISSING or told.crm is MISSING:
                continue
            self.found.fields[mapping.name][_agreement(told)].add(name)
            self._opt_out(mapping, told, name)
            self._refusals(mapping, told, records, name)
            self._stages(mapping, told, name)
            owner = Side.CRM if mapping.direction is Direction.TO_MARKETING else Side.MARKETING
            for side in (owner, owner.other):
                self._note(values, mapping, told.of(side))
        if self._kind.kind == PERSON:
            for side in SIDES:
                self._owner(side, records.of(side), f"{side}:{records.of(side).ref}")
            self._person(name, values)
            self._unowned(records.crm, values, name)

    def _note(self, values: dict[str, Canonical], mapping: FieldMapping, told: Told | Invalid) -> None:
        """A value counts for its person from whichever side tells it first."""
        if told is not MISSING and not isinstance(told, Invalid) and values.get(mapping.name) is None:
            values[mapping.name] = told

    def _read(self, mapping: FieldMapping, side: Side, record: RemoteRecord) -> Told | Invalid:
        names = mapping.slots.of(side).get(record.ref.object)
        if names is None or any(name not in record.fields for name in names):
            return MISSING
        wires = tuple(record.fields[name] for name in names)
        return self._lens.read(side, record.ref.object, mapping.name, wires)

    def _opt_out(self, mapping: FieldMapping, told: Pair[Told | Invalid], name: str) -> None:
        if mapping.type is FieldType.OPT_OUT and (told.marketing is True) is not (told.crm is True):
            self.found.opt_outs[mapping.name, Side.MARKETING if told.marketing is True else Side.CRM].add(name)

    def _refusals(
        self, mapping: FieldMapping, told: Pair[Told | Invalid], records: Pair[RemoteRecord], name: str
    ) -> None:
        """Values that cannot be read, and those that the other side would not take."""
        for side in SIDES:
            value = told.of(side)
            if isinstance(value, Invalid):
                self.found.refused[mapping.name, side, f"cannot be read: {value.reason}"].add(name)
                continue
            other = side.other
            if value is None or value is MISSING or value == told.of(other) or not mapping.direction.flows_to(other):
                continue
            object_name = records.of(other).ref.object
            wires = self._lens.write(other, object_name, mapping.name, value)
            if isinstance(wires, Inexpressible):
                continue
            if isinstance(wires, Invalid):
                self.found.refused[mapping.name, other, wires.reason].add(name)
                continue
            fields = self._known.schemas.of(other).objects.get(object_name, {})
            reasons = (unfit(fields[each], wire) for each, wire in wires.items() if each in fields)
            for reason in filter(None, reasons):
                self.found.refused[mapping.name, other, reason].add(name)

    # -- people ------------------------------------------------------------------------------------------------------
    def _stages(self, mapping: FieldMapping, told: Pair[Told | Invalid], name: str) -> None:
        if self._lifecycle is None or mapping.name != self._lifecycle.field:
            return
        if any(isinstance(value, Invalid) for value in told) or told.marketing == told.crm:
            return
        pair = (str(told.marketing or NEW), str(told.crm or NEW))
        self.people.stages[pair].add(name)
        if pair not in self._ways and pair[::-1] not in self._ways:
            self.people.undeclared.add(pair)

    def _single(self, side: Side, name: str, record: RemoteRecord) -> None:
        if self._kind.kind != PERSON:
            return
        values: dict[str, Canonical] = {}
        for mapping in self._kind.fields:
            self._note(values, mapping, self._read(mapping, side, record))
        self._owner(side, record, name)
        self._person(name, values)
        stage = self._stage(values)
        if side is Side.MARKETING and stage in self._terms.qualified:
            self.people.unseen.append(Unseen(record.ref, str(stage), record.stamp))

    def _person(self, name: str, values: Mapping[str, Canonical]) -> None:
        self.people.people += 1
        stage = self._stage(values)
        if stage is not None:
            self.people.staged[stage] += 1
            for needed in self._filled.get(stage, ()):
                if values.get(needed) is None and any(each.name == needed for each in self._kind.fields):
                    self.people.lacking[stage, needed].add(name)
        profiles = self._terms.profiles
        if profiles is not None and profiles.personas:
            answer = profiles.of(values, self._now).persona
            assert answer is not None
            if answer.key is None and answer.doubt:
                self.people.doubtful.add(name)
            else:
                self.people.personas[answer.key or NOBODY].add(name)

    def _stage(self, values: Mapping[str, Canonical]) -> str | None:
        stage = None if self._lifecycle is None else values.get(self._lifecycle.field)
        return None if stage is None else str(stage)

    # -- owners ------------------------------------------------------------------------------------------------------
    def _owner_fields(self, side: Side, record: RemoteRecord) -> Iterator[str]:
        for mapping in self._kind.fields:
            if mapping.type is FieldType.OWNER:
                yield from mapping.slots.of(side).get(record.ref.object, ())

    def _owner(self, side: Side, record: RemoteRecord, name: str) -> None:
        for vendor in self._owner_fields(side, record):
            owner = text_of(record.fields.get(vendor))
            if owner:
                who, state = self._owner_states.of(side).get(owner, (owner, "is not to be seen with these credentials"))
                if state:
                    self.people.owners[side, who, state].add(name)

    def _unowned(self, record: RemoteRecord, values: Mapping[str, Canonical], name: str) -> None:
        """Qualified people whom nobody of sales has: no owner, or a queue. Of several fields one name is enough."""
        if self._stage(values) not in self._terms.qualified:
            return
        owners = [text_of(record.fields.get(vendor)) for vendor in self._owner_fields(Side.CRM, record)]
        queued = [self._owner_states.crm.get(owner, ("", ""))[1] == QUEUE for owner in owners if owner]
        if owners and all(queued):
            self.people.unowned[QUEUE if queued else NOBODY].add(name)

    def _states_of(self, side: Side) -> dict[str, tuple[str, str]]:
        """By id: what an owner is called, and what is wrong with them; empty for nothing."""
        others = {user.email for user in self._known.users.of(side.other) if user.active and user.email}
        states: dict[str, tuple[str, str]] = {}
        for user in self._known.users.of(side):
            named = user.email or user.name or user.id
            if user.sort is UserSort.QUEUE:
                state = QUEUE
            elif not user.active:
                state = "inactive"
            else:
                state = "" if user.email in others else "has no active user of this address on the other side"
            states[user.id] = (named, state)
        return states


def _agreement(told: Pair[Told | Invalid]) -> str:
    """Whether both sides of a pair mean the same in one field, and if not, how they differ."""
    marketing, crm = told
    if isinstance(marketing, Invalid) or isinstance(crm, Invalid):
        which = Side.MARKETING if isinstance(marketing, Invalid) else Side.CRM
        return f"cannot be read in {which}"
    if marketing == crm:
        return BOTH_EMPTY if marketing is None else AGREE
    if marketing is None:
        return "empty in marketing"
    if crm is None:
        return "empty in crm"
    return FORM if _folded(marketing) == _folded(crm) else DIFFERENT


def _folded(value: Told | Invalid) -> str:
    return " ".join(str(value).casefold().split())


def unfit(definition: RemoteField, wire: Wire) -> str:
    """Why a vendor would refuse this value of one of its fields; empty if nothing speaks against it. Whether these
    credentials may write is not asked: they are not to.
    """
    if wire is None or wire == "":
        return ""
    text = text_of(wire) or ""
    if definition.length and len(text) > definition.length:
        return f"is longer than {definition.length} characters"
    if definition.restricted and definition.options:
        known = {option.value for option in definition.options if option.active}
        if not set(text.split(";")) <= known and text not in known:
            return "is no value of the list there"
    return ""
