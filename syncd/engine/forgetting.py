"""Forgetting people: who is to be forgotten, what is written before it happens, what remains at the vendors.

A person is forgotten when HubSpot erased the contact, when the CRM says so of the person, or when an operator asks.
Every record that is still there is opted out first, before anything else of the cycle; only then the store forgets. An
opt-out that could not be sent yet leaves the person known and the wish open, one that was refused does not. So does any
other write of theirs whose ending is not known, of an activity as well: its row of the audit gets its ending first.
Nothing is deleted at a vendor: what remains is listed until a person deleted it there.

Of two records of which a person said that they are not one only the one that is named is forgotten: the link of the two
stays as what keeps them apart, without values, and the record that goes gets a link of its own beside it. Where that
was said and is not carried out yet, it comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.core.domains import match_keys
from syncd.core.normalize import Inexpressible, Invalid
from syncd.core.planner import EMPTY_BASE, Planner, digest
from syncd.engine.gathered import Gathered, link_id, look_again
from syncd.engine.unlinking import links_to_end
from syncd.engine.world import World
from syncd.model.link import Base, FieldChange, Forgotten, Link, Linked, LinkState, OptedOut, Proof, Remnant
from syncd.model.mapping import KindMapping
from syncd.model.plan import Action, Decision, Forget, Update
from syncd.model.remote import Gone, Moved, RemoteRecord, RemoteRef
from syncd.model.run import FORGET, Request
from syncd.model.values import SIDES, Canonical, FieldType, Lane, Pair, Side, Wire
from syncd.model.write import Deferred, Indeterminate, Refused, Stale, WriteResult
from syncd.observe.log import emit
from syncd.ports.store import Settlement

NOWHERE = RemoteRef("", "")
RULE = "privacy: forgotten people are opted out"
Seen = RemoteRecord | Gone | Moved


def identity_fields(kind: KindMapping) -> tuple[str, ...]:
    """The shared fields whose addresses a person is recognised by: those matched by e-mail, else ``email``."""
    matched = tuple(rule.field for rule in kind.match if rule.by == "email")
    return matched or tuple(each.name for each in kind.fields if each.name == each.type == FieldType.EMAIL)


def addresses(values: Iterable[Canonical]) -> tuple[str, ...]:
    """Addresses in the form they are compared in."""
    return match_keys("email", list(values), excluded=frozenset())


def wish(world: World, kind: str, refs: Iterable[tuple[Side, RemoteRef]], *, asked: Side | None, salt: str) -> Request:
    """The wish to forget the person with these records, for the next cycle; ``asked`` is where it comes from."""
    who = asked.value if asked else "operator"
    named = " ".join(f"{side}:{ref}" for side, ref in refs if ref.id)
    return Request(
        id=f"{FORGET}:{kind}:{salt}:{named}",
        connection=world.connection.name,
        wish=FORGET,
        argument=f"{kind} {who} {named}",
        who=world.who if asked is None else "engine",
        at=world.clock.now(),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One person to be forgotten, which vendor says so (``None``: an operator), and by which records. ``parted`` is the
    link of two who are not one that their record stands in.
    """

    link: Link
    base: Base | None
    asked: Side | None
    named: Pair[RemoteRef]
    parted: str | None = None


class Forgetting:
    """Decides on the people of one kind who are to be forgotten."""

    def __init__(self, world: World, planner: Planner, gathered: Gathered) -> None:
        self.world = world
        self.planner = planner
        self.gathered = gathered

    def decide(self) -> list[Decision]:
        """One decision a person; takes their records out of everything else that this cycle decides on."""
        cases = {case.link.id: case for case in (*self._told(), *self._wished())}
        flying = self._flying() if cases else frozenset()
        for each in sorted(id_ for id_, case in cases.items() if not flying.isdisjoint((id_, case.parted))):
            case = cases.pop(each)  # a write of it may still happen: the wish waits for its ending
            self._leave(case, case.link.refs)
        for each in sorted(links_to_end(self.gathered.carried) & cases.keys()):
            case = cases.pop(each)  # a person says that the two are not one: first they are parted
            self._leave(case, case.named)
        if not cases:
            return []
        seen = Pair(*(self._read(side, [case.link.refs.of(side) for case in cases.values()]) for side in SIDES))
        decisions = [self._decision(case, seen) for case in cases.values()]
        for case in cases.values():
            self.gathered.meetings.pop(case.link.id, None)
            for side in SIDES:
                ref = case.link.refs.of(side)
                self.gathered.strays.of(side).pop(ref, None)
                if (now := seen.of(side).get(ref)) is not None:  # what it was merged or converted into
                    self.gathered.strays.of(side).pop(now.ref, None)
        return [decision for decision in decisions if decision is not None]

    def _leave(self, case: _Case, refs: Pair[RemoteRef]) -> None:
        """Leaves it to the next cycle."""
        those = [(side, refs.of(side)) for side in SIDES]
        self.gathered.wishes.append(wish(self.world, case.link.kind, those, asked=case.asked, salt="in flight"))

    def _flying(self) -> frozenset[str]:
        """Links of which the ending of a write is not known, of whatever kind that is: activities are the person's."""
        return frozenset(self.gathered.flying).union(intent.link for intent in self.world.store.open_intents())

    # -- who ---------------------------------------------------------------------------------------------------------
    def _told(self) -> Iterable[_Case]:
        for (side, ref), found in self.gathered.erased.items():
            yield self._case(found, Pair(NOWHERE, NOWHERE).replacing(side, ref), side)

    def _wished(self) -> Iterable[_Case]:
        for request in self.gathered.carried:
            if request.wish != FORGET:
                continue
            _, who, *named = request.argument.split(" ")
            refs = Pair(NOWHERE, NOWHERE)
            for text in named:
                side, _, ref = text.partition(":")
                refs = refs.replacing(Side(side), RemoteRef(*ref.split("/", 1)))
            for found, those in self._meant(refs):
                if found is None or found.link.state is not LinkState.FORGOTTEN:
                    yield self._case(found, those, None if who == "operator" else Side(who))

    def _meant(self, refs: Pair[RemoteRef]) -> list[tuple[Linked | None, Pair[RemoteRef]]]:
        """Whom these records are, with what is known of them: one person, or each their own if they were parted."""
        known = {
            side: self.world.store.linked(self.planner.kind.kind, side, [ref]).get(ref)
            for side in SIDES
            if (ref := refs.of(side)).id
        }
        if any(found is not None and found.link.unlinked for found in known.values()):
            nowhere = Pair(NOWHERE, NOWHERE)
            return [(found, nowhere.replacing(side, refs.of(side))) for side, found in known.items()]
        return [(next((found for found in known.values() if found is not None), None), refs)]

    def _case(self, found: Linked | None, refs: Pair[RemoteRef], asked: Side | None) -> _Case:
        if found is not None and not found.link.unlinked:
            return _Case(found.link, found.base, asked, refs)
        side, kind = Side.MARKETING if refs.marketing.id else Side.CRM, self.planner.kind.kind
        own = link_id(self.world, kind, side, refs.of(side))
        # Not the id that this record asks for where a link has it that is still needed: of two who are not one, or one
        # that has gone on to other records.
        beside = digest(self.world.connection.name, kind, FORGET, side, refs.of(side))
        taken = found is not None or own in self.world.store.by_link([own])
        link = Link(beside if taken else own, kind, refs, Proof.MANUAL, self.world.clock.now())
        if found is None:
            return _Case(link, None, asked, refs)
        nothing: Pair[Mapping[str, Wire]] = Pair({}, {})
        theirs = found.base and Base({}, nothing.replacing(side, found.base.confirmed.of(side)))
        return _Case(link, theirs, asked, refs, parted=found.link.id)

    # -- what remains ------------------------------------------------------------------------------------------------
    def _read(self, side: Side, refs: Sequence[RemoteRef]) -> dict[RemoteRef, RemoteRecord]:
        """The records that are still there, by the ref they were asked for; survivors of merges in their place."""
        found: dict[RemoteRef, RemoteRecord] = {}
        asked = {ref: ref for ref in refs if ref.id}
        for _ in range(2):
            if not asked:
                break
            answers = self.world.connectors.of(side).fetch(self.planner.lens.shape(side), list(asked))
            following: dict[RemoteRef, RemoteRef] = {}
            for (now, first), answer in zip(asked.items(), answers, strict=True):
                if isinstance(answer, RemoteRecord):
                    found[first] = answer
                elif isinstance(answer, Moved) and answer.new != now:
                    following[answer.new] = first
            asked = following
        return found

    def _decision(self, case: _Case, seen: Pair[dict[RemoteRef, RemoteRecord]]) -> Decision | None:
        link = case.link
        records = Pair(*(seen.of(side).get(link.refs.of(side)) for side in SIDES))
        if not any(records) and not all(ref.id for ref in link.refs) and case.parted is None:
            return None  # it was never linked, and nothing is there
        if case.asked is Side.MARKETING and records.marketing is not None:
            # Told by its absence, maybe some cycles ago, and there after all: one odd answer does nothing irreversible.
            alone = not all(ref.id for ref in link.refs)  # then there is no such link yet
            what = f"{case.asked}:{link.refs.marketing}" if alone else f"link:{link.id}"
            self.gathered.wishes.append(look_again(self.world, link.kind, what))
            return None
        known = self._addresses(case, records)
        self.gathered.forgotten.update(known)
        there = [(side, record) for side in SIDES if (record := records.of(side))]
        updates = [update for side, record in there if (update := self._opt_out(case, side, record))]
        mapped = frozenset(side for side, record in there if self._fields(side, record))
        forget = Forget(
            asked=case.asked,
            addresses=known,
            remains=tuple((side, record.ref) for side, record in there),
            opted_out=mapped,
        )
        actions: tuple[Action, ...] = (*updates, forget)
        forgotten = replace(link, state=LinkState.FORGOTTEN, gone=None, keyed=Pair(marketing=False, crm=False))
        return Decision(link.kind, forgotten, case.base, records, actions, lane=Lane.OPT_OUT)

    def _addresses(self, case: _Case, records: Pair[RemoteRecord | None]) -> tuple[str, ...]:
        names = identity_fields(self.planner.kind)
        base = case.base or EMPTY_BASE
        told: list[Canonical] = [base.agreed.get(name) for name in names]
        for side in SIDES:
            record = records.of(side)
            if record is not None:
                values = self.planner.values(side, record)
                told += [values.get(name) for name in names]
            told += self._confirmed(side, case.link.refs.of(side).object, base, names)
        return addresses(told)

    def _confirmed(self, side: Side, object_name: str, base: Base, names: Sequence[str]) -> list[Canonical]:
        """What a side last confirmed of these fields: it may never have been agreed on."""
        found: list[Canonical] = []
        slots = self.planner.slots(side, object_name)
        for name in names:
            wires: tuple[Wire, ...] = tuple(base.confirmed.of(side).get(each) for each in slots.get(name, ()))
            value = self.planner.lens.read(side, object_name, name, wires) if wires else None
            if not isinstance(value, Invalid):
                found.append(value)
        return found

    # -- opt-outs ----------------------------------------------------------------------------------------------------
    def _fields(self, side: Side, record: RemoteRecord) -> list[str]:
        """The opt-out fields that syncd may write on this record."""
        slots = self.planner.slots(side, record.ref.object)
        return [
            each.name
            for each in self.planner.kind.fields
            if each.type is FieldType.OPT_OUT and each.direction.flows_to(side) and each.name in slots
        ]

    def _opt_out(self, case: _Case, side: Side, record: RemoteRecord) -> Update | None:
        """Opts a record out of everything it is not out of yet."""
        values = self.planner.values(side, record)
        fields: dict[str, Wire] = {}
        changes: list[FieldChange] = []
        for name in self._fields(side, record):
            wires = self.planner.lens.write(side, record.ref.object, name, True)
            if values.get(name) is True or isinstance(wires, Invalid | Inexpressible):
                continue
            fields.update(wires)
            changes.append(FieldChange(name, values.get(name), True, RULE, case.asked))
        if not changes:
            return None
        return Update(side, record.ref, fields, {}, tuple(changes), Lane.OPT_OUT)


# -- carrying out ----------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class OptOuts:
    """How the opt-outs of people to be forgotten ended: link ids whose ending is open, and what was refused."""

    open: set[str] = field(default_factory=set)
    refused: set[tuple[str, Side]] = field(default_factory=set)

    def ended(self, link: str, side: Side, intent: str, result: WriteResult) -> Settlement:
        """Notes the ending of one opt-out; nothing of the record is remembered beside it."""
        match result:
            case Deferred() | Stale():
                self.open.add(link)
                return Settlement(endings={intent: "deferred"})
            case Indeterminate():
                self.open.add(link)
                return Settlement()
            case Refused():
                self.refused.add((link, side))
                return Settlement(endings={intent: f"refused {result.code}"})
            case _:
                return Settlement(endings={intent: "done"})


def forget(world: World, decisions: Sequence[Decision], ends: OptOuts, *, run: str) -> tuple[int, int]:
    """Forgets the people whose opt-outs are done; returns how many, and how many wait for theirs."""
    settlement = Settlement()
    waiting = 0
    for decision in decisions:
        action = next((each for each in decision.actions if isinstance(each, Forget)), None)
        if action is None:
            continue
        link = decision.link
        if link.id in ends.open:
            refs = [(side, link.refs.of(side)) for side in SIDES]
            settlement.wishes.append(wish(world, link.kind, refs, asked=action.asked, salt=run))
            waiting += 1
            continue
        for side in SIDES:  # only now: until then the link is found by the records that the store has of it
            record = decision.seen.of(side)  # what one was merged or converted into
            holder = {} if record is None else world.store.link_ids(link.kind, side, [record.ref])
            if record is not None and holder.get(record.ref, link.id) == link.id:  # else it is somebody's who stays
                link = replace(link, refs=link.refs.replacing(side, record.ref))
        remnants = tuple(_remnant(world, link, action, side, ref, ends) for side, ref in action.remains)
        settlement.links.append(link)
        settlement.forgotten.append(Forgotten(link, action.addresses, remnants))
        asked = str(action.asked or "operator")
        emit("person.forgotten", kind=link.kind, link=link.id, asked=asked, records=len(remnants))
    if settlement:
        world.settle(settlement)
    return len(settlement.forgotten), waiting


def _remnant(world: World, link: Link, action: Forget, side: Side, ref: RemoteRef, ends: OptOuts) -> Remnant:
    refused = (link.id, side) in ends.refused
    out = OptedOut.REFUSED if refused else OptedOut.YES if side in action.opted_out else OptedOut.UNMAPPED
    return Remnant(link.kind, side, ref, out, world.clock.now())
