"""From outcomes to knowledge: how a Base moves, and what waits afterwards. Builds Settlements; the store writes them.

Base moves only by what a vendor *confirmed*. A field that was held, refused or parked stays where it was on both sides,
so that the change is still a change when it is looked at again. Where a vendor stored something else than it was sent:
kept its old value, the field is parked; made another value of it, that value counts as an edit of that side if it may
flow back, and is parked otherwise. syncd never fights a vendor.

Length: how a Base moves by what was done of a decision is one thing to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from syncd.core.normalize import Invalid
from syncd.core.planner import EMPTY_BASE, Planner
from syncd.engine.booking import without_news
from syncd.engine.gathered import look_again
from syncd.engine.refusals import heat_of
from syncd.engine.world import World
from syncd.model.beside import beside, former_of
from syncd.model.link import VERSION, Base, Link, Linked, LinkState, Parked
from syncd.model.plan import Adopt, Create, Decision, Detach, Hold, Relink, Settle, Unlink, Update
from syncd.model.remote import REF, RemoteRecord, wire_of
from syncd.model.routing import BECAUSE
from syncd.model.values import MISSING, SIDES, Pair, Side, Wire
from syncd.model.write import Write, Written
from syncd.observe.log import emit
from syncd.ports.store import Settlement


@dataclass(slots=True)
class Ledger:
    """The state of every link that this cycle touches, as it stands after what was settled so far.

    ``halves`` are what one side confirmed of fields that the other side is still to be written with, by link and side.
    """

    world: World
    planner: Planner
    now: dict[str, Linked] = field(default_factory=dict)
    halves: dict[tuple[str, Side], dict[str, dict[str, Wire]]] = field(default_factory=dict)

    def of(self, decision: Decision) -> Linked:
        """A link and its Base as they stand now."""
        return self.now.get(decision.link.id) or Linked(decision.link, decision.base)

    def put(self, settlement: Settlement, linked: Linked, *, link_changed: bool) -> None:
        """Notes a new state, and what the store must write of it."""
        told = None if linked.base is None else without_news(linked.base)
        self.now[linked.link.id] = replace(linked, base=told)
        if link_changed:
            settlement.links.append(linked.link)
            for side in SIDES:
                ref = linked.link.refs.of(side)
                self.world.context.links.of(side)[str(ref)] = linked.link.id
                self.world.context.refs.of(side)[linked.link.id] = str(ref)
        if linked.base is not None:
            settlement.bases.append((linked.link.id, linked.base))


def settle_unwritten(ledger: Ledger, decision: Decision, settlement: Settlement) -> None:
    """All of a decision that needs no vendor: links made, moved or ended, fields that agree, conflicts."""
    settlement.unconflict.extend(decision.closes)
    settlement.unpark.extend((decision.link.id, side, name) for side, name in decision.frees)
    fields: tuple[str, ...] = ()
    link_changed = False
    for action in decision.actions:
        match action:
            case Adopt() | Relink() | Detach() | Unlink():
                link_changed = True
                _tell(decision, action)
            case Settle():
                fields = action.fields
            case Hold():
                settlement.conflicts.append(action.conflict)
            case _:
                pass
    writes = any(isinstance(action, Create | Update) for action in decision.actions)
    if writes and not link_changed:
        fields = ()  # they are settled with what is written
    before = decision.base or EMPTY_BASE
    base = before if writes else _without_untold(ledger, decision, _as_new_as_seen(decision, before), settlement)
    if base is before and not (link_changed or fields or decision.overruled):
        return
    base = _with_overruled(ledger.planner, decision, moved_base(ledger.planner, decision, base, fields))
    ledger.put(settlement, Linked(decision.link, base), link_changed=link_changed)


def settle_agreed(ledger: Ledger, decision: Decision, settlement: Settlement) -> None:
    """What both sides say already, of a decision whose write came to nothing, in part or maybe: it is agreed anyway."""
    now, agreed = ledger.of(decision), tuple(each for each in decision.actions if isinstance(each, Settle))
    if agreed:
        left = replace(decision, link=now.link, base=now.base, actions=agreed, closes=(), frees=(), overruled={})
        settle_unwritten(ledger, left, settlement)


def _tell(decision: Decision, action: Adopt | Relink | Detach | Unlink) -> None:
    """A log line for a record that left or moved, or a link that a person has ended."""
    kind, link = decision.kind, decision.link.id
    if isinstance(action, Detach):
        emit("record.gone", kind=kind, side=str(action.side), record=str(action.ref), how=str(action.how), link=link)
    elif isinstance(action, Relink):
        old, new = str(action.old), str(action.new)
        emit("record.moved", kind=kind, side=str(action.side), old=old, new=new, how=str(action.how), link=link)
    elif isinstance(action, Unlink):
        emit("link.unlinked", kind=kind, link=link, who=action.who)


def moved_base(planner: Planner, decision: Decision, base: Base, fields: Iterable[str]) -> Base:
    """The Base with these fields of a decision agreed, each side confirmed as it was read."""
    names = list(fields)
    if not names:
        return base
    moving = [each for name in names for each in (name, *beside(name)) if each in decision.agreed]
    settled = {former_of(name) for name in names}
    agreed = {name: value for name, value in base.agreed.items() if name not in settled}
    agreed |= {name: decision.agreed[name] for name in moving}
    confirmed = base.confirmed
    for side in SIDES:
        record = decision.seen.of(side)
        if record is not None:
            was = confirmed.of(side)
            newest = max(str(was.get(VERSION) or ""), record.version)
            now = {**was, **_told(planner, side, record, names, was), VERSION: newest}
            for shared in news_of_others(planner, decision.link, side, names, was=was, now=now):
                del now[shared]
            confirmed = confirmed.replacing(side, now)
    return Base(agreed, confirmed)


def _as_new_as_seen(decision: Decision, base: Base) -> Base:
    """The Base of a link that knows of the newest state that was seen of its records, though nothing is agreed on. What
    is held must not be judged by an older one, as a search index may show: the edit would be unheard of, and lost.
    """
    for side in SIDES if decision.base is not None else ():
        record, was = decision.seen.of(side), base.confirmed.of(side)
        if record is not None and record.version > str(was.get(VERSION) or ""):
            base = Base(base.agreed, base.confirmed.replacing(side, {**was, VERSION: record.version}))
    return base


def _without_untold(ledger: Ledger, decision: Decision, base: Base, settlement: Settlement) -> Base:
    """The Base that does not claim to know what a record, as it was seen now, did not tell: it may hold an edit, and is
    not told of again. Until both sides have told it nothing is decided on that field, and neither is presumed to stand
    as it was confirmed. It is asked for once more at once, and then whenever one of the two is looked at.
    """
    planner, link = ledger.planner, decision.link
    untold: set[str] = set()
    for side in SIDES:
        record = decision.seen.of(side)
        if record is not None and record.missing:
            readers = planner.layout(link.refs).readers.of(side)
            untold.update(name for column in record.missing for name in readers.get(column, ()))
    untold = {name for name in untold if not planner.looking.rests(name)}
    known = base.confirmed
    for side in SIDES if untold else ():
        gone = _of(planner, side, link, untold)
        known = known.replacing(side, {name: wire for name, wire in known.of(side).items() if name not in gone})
    if sum(map(len, known)) == sum(map(len, base.confirmed)):
        return base
    told_anew = look_again(ledger.world, decision.kind, f"link:{link.id}", salt=f":{','.join(sorted(untold))}")
    settlement.wishes.append(told_anew)
    return Base(base.agreed, known)


def _with_overruled(planner: Planner, decision: Decision, base: Base) -> Base:
    """The Base in which a value that gives way to a newer one stands for the agreed one: only the newer one has changed
    since. Whatever becomes of its write (held, refused, cut off), it is still the one to be taken; by the times it may
    not be, as what we write of the records ourselves is newer than either.
    """
    for name, (side, value) in decision.overruled.items():
        moved = moved_base(planner, replace(decision, agreed={name: value}), base, (name,))
        newer = _of(planner, side.other, decision.link, (name,))
        known = {each: wire for each, wire in moved.confirmed.of(side.other).items() if each not in newer}
        base = Base(moved.agreed, moved.confirmed.replacing(side.other, known))
    return base


def news_of_others(
    planner: Planner,
    link: Link,
    side: Side,
    names: Iterable[str],
    *,
    was: Mapping[str, Wire],
    now: Mapping[str, Wire],
) -> set[str]:
    """Vendor fields that have changed, or were never seen, as those of a Contact that a Lead has become, and that a
    field is read from, too, which is not agreed yet: it is still to be written, held, or at rest. Taken for known,
    nobody would see any more that they have changed; as they were before, nobody would see that they change back. So
    nothing is known of them, and each field tells a change by what was agreed on.
    """
    readers, known = planner.layout(link.refs).readers.of(side), frozenset(names)
    changed = (name for name, wire in now.items() if name in readers and wire != was.get(name, MISSING))
    return {name for name in changed if not readers[name] <= known}


def settle_written(
    ledger: Ledger, decision: Decision, action: Create | Update, write: Write, result: Written
) -> tuple[Settlement, list[Parked]]:
    """One write that a vendor did: the link stands, the Base moves by what was confirmed.

    A reference whose record is not there yet was not sent; that field stays unsettled. So does one that the other side
    is to be written with as well, until it was: a process that dies in between finds a change that has not arrived.
    """
    mark = ledger.planner.kind.origin.of(action.side)
    given = routed_fields(ledger.planner, action)
    sent = {name: wire for name, wire in write.fields.items() if name != mark and name not in given}
    settlement = Settlement()
    planner, side = ledger.planner, action.side
    before = ledger.of(decision)
    link, link_changed = _keyed(before.link, action, result)
    base = before.base or EMPTY_BASE
    settled = next((each.fields for each in decision.actions if isinstance(each, Settle)), ())
    if isinstance(action, Create):
        sent_at_last = {change.field for change in action.changes}
        planned = decision.write_to(side)
        left_out = {change.field for change in planned.changes} - sent_at_last if planned else set()
        left_out.update(*map(beside, list(left_out)))
        names = [name for name in decision.agreed if name not in left_out]
    else:
        names = [*settled, *(change.field for change in action.changes if not change.rule.startswith(BECAUSE))]
    base = moved_base(planner, decision, base, names)
    stored, parked, unsettled = _confirm(ledger, decision, action, sent, result)
    if isinstance(action, Create):
        stored = {**{name: wire for name, wire in result.confirmed.items() if name in sent}, **stored}
    stored.update((REF + name, str(ref)) for name, ref in write.refs.items())
    unsettled.update(action.refs.keys() - write.refs.keys())
    written = {change.field for change in action.changes} - unsettled
    waiting = half_done(ledger, decision, action) - unsettled
    if waiting:
        slots = planner.slots(side, result.ref.object)
        half = {each: {name: stored[name] for name in slots[each] if name in stored} for each in waiting}
        stored = {name: wire for name, wire in stored.items() if not any(name in each for each in half.values())}
        ledger.halves.setdefault((link.id, side), {}).update(half)
        unsettled |= waiting
    agreed = base.agreed
    confirmed = base.confirmed
    if unsettled:
        old = before.base or EMPTY_BASE
        unsettled.update(*map(beside, list(unsettled)))
        agreed = {name: value for name, value in agreed.items() if name not in unsettled or name in old.agreed}
        agreed |= {name: old.agreed[name] for name in unsettled if name in old.agreed}
        for each in SIDES:
            kept, was = dict(confirmed.of(each)), old.confirmed.of(each)
            shared = _of(planner, each, link, set(names) - unsettled)
            for vendor_field in _of(planner, each, link, unsettled):
                if vendor_field in was and (vendor_field not in shared or kept.get(vendor_field) == was[vendor_field]):
                    kept[vendor_field] = was[vendor_field]
                else:
                    kept.pop(vendor_field, None)
            confirmed = confirmed.replacing(each, kept)
    half_before = ledger.halves.get((link.id, side.other), {})
    for name in half_before.keys() & (written - unsettled):
        confirmed = confirmed.replacing(side.other, {**confirmed.of(side.other), **half_before.pop(name)})
    if result.version and not waiting:  # else what was written there would be taken for known
        stored[VERSION] = result.version
    was, now = confirmed.of(side), {**confirmed.of(side), **stored}
    unknown = given | news_of_others(planner, link, side, written, was=was, now=now)
    confirmed = confirmed.replacing(side, {name: wire for name, wire in now.items() if name not in unknown})
    settlement.parked.extend(parked)
    settlement.unpark.extend((link.id, side, change.field) for change in action.changes if change.field in written)
    if isinstance(action, Update) and action.key is not None:
        settlement.unpark.append((link.id, side, planner.kind.key.of(side)))
    moved = _without_untold(ledger, decision, Base(agreed, confirmed), settlement)
    ledger.put(settlement, Linked(link, moved), link_changed=link_changed)
    return settlement, parked


def half_done(ledger: Ledger, decision: Decision, action: Create | Update) -> set[str]:
    """Fields of a write that the other side is to be written with as well and was not yet. What is computed is not
    among them: nobody's edit could get lost with it.
    """
    other = decision.write_to(action.side.other)
    if not isinstance(action, Update) or other is None:
        return set()
    done = ledger.halves.get((decision.link.id, action.side.other), {}).keys()
    both = {change.field for change in action.changes} & {change.field for change in other.changes}
    return {name for name in both - done if ledger.planner.field(name).derive is None}


def _of(planner: Planner, side: Side, link: Link, names: Iterable[str]) -> set[str]:
    """The vendor fields of these shared fields on the record of one side."""
    slots = planner.slots(side, link.refs.of(side).object)
    return {vendor_field for name in names for vendor_field in slots.get(name, ())}


def routed_fields(planner: Planner, action: Create | Update) -> frozenset[str]:
    """The vendor fields of an owner that routing gave. Nobody agreed on it: what stands there is the CRM's own edit,
    which flows on to the other side like any other. Who was there before is there no more, so nothing is known of it.
    """
    object_name = action.object if isinstance(action, Create) else action.ref.object
    slots = planner.slots(action.side, object_name)
    given = (change.field for change in action.changes if change.rule.startswith(BECAUSE))
    return frozenset(name for each in given for name in slots.get(each, ()))


def _keyed(link: Link, action: Create | Update, result: Written) -> tuple[Link, bool]:
    """The link with what this write proved: its ref, and whose key field now holds what."""
    if isinstance(action, Create):
        refs = link.refs.replacing(action.side, result.ref)
        keyed = Pair(marketing=False, crm=False).replacing(action.side, value=True)
        return replace(link, refs=refs, keyed=keyed, state=LinkState.LIVE), True
    if action.key is not None and not link.keyed.of(action.side):
        return replace(link, keyed=link.keyed.replacing(action.side, value=True)), True
    return link, False


def _confirm(
    ledger: Ledger, decision: Decision, action: Create | Update, sent: Mapping[str, Wire], result: Written
) -> tuple[dict[str, Wire], list[Parked], set[str]]:
    """What the written side is now known to hold; fields it would not take; fields that stay unsettled."""
    planner, side = ledger.planner, action.side
    stored: dict[str, Wire] = {}
    parked: list[Parked] = []
    unsettled: set[str] = set()
    slots = planner.slots(side, result.ref.object)
    for change in action.changes:
        names = slots.get(change.field, ())
        told = {name: result.confirmed.get(name, sent.get(name)) for name in names if name in sent}
        if all(told[name] == sent[name] for name in told):
            stored.update(told)
            continue
        mapping = planner.field(change.field)
        wires = tuple(told.get(name, _before(decision, side, name)) for name in names)
        value = planner.lens.read(side, result.ref.object, change.field, wires)
        if not isinstance(value, Invalid) and value == change.after:
            stored.update(told)
            continue
        kept = isinstance(action, Update) and all(told[name] == _before(decision, side, name) for name in told)
        if not kept and mapping.direction.flows_to(side.other) and mapping.derive is None:
            stored.update({name: sent[name] for name in told})  # what stands there now will show as that side's edit
            continue
        unsettled.add(change.field)
        if not kept:
            stored.update(told)
            unsettled.discard(change.field)
        written = {name: sent[name] for name in told}
        parked.append(
            Parked(
                link=decision.link.id,
                kind=decision.kind,
                side=side,
                ref=result.ref,
                field=change.field,
                fingerprint=planner.parking.fingerprint(side, written),
                code="KEPT" if kept else "REWRITTEN",
                reason="the vendor accepted the write and kept its own value"
                if kept
                else "the vendor's automation stored another value",
                advice="look for a workflow, flow or rule on that field; syncd does not fight it",
                since=ledger.world.clock.now(),
                heat=heat_of(ledger.world, decision),
            )
        )
    return stored, parked, unsettled


def _before(decision: Decision, side: Side, name: str) -> Wire:
    record = decision.seen.of(side)
    if record is not None:
        return record.fields.get(name)
    return (decision.base or EMPTY_BASE).confirmed.of(side).get(name)


def _told(
    planner: Planner, side: Side, record: RemoteRecord, names: Iterable[str], confirmed: Mapping[str, Wire]
) -> dict[str, Wire]:
    """Wire values of these shared fields as one record told them."""
    slots = planner.slots(side, record.ref.object)
    told: dict[str, Wire] = {}
    for name in names:
        for vendor_field in slots.get(name, ()):
            wire = wire_of(record, vendor_field, confirmed.get(vendor_field, MISSING))
            if wire is not MISSING:
                told[vendor_field] = wire
    return told
