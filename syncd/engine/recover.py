"""Settles the writes of an earlier run whose ending nobody knows, by reading and never by sending again.

A create is looked for by its key: the other side's record id in the unique key field. Found, the link is made and Base
holds what was sent, so that whatever a person edited since shows as an edit. Not found, it may still be carried out
until the side's horizon has passed; only then is it given up and planned anew. An update is done if every value that
was sent stands there now. Until its ending is known a record takes part in nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

from syncd.core.former import with_former
from syncd.core.planner import EMPTY_BASE, digest
from syncd.engine.gather import look_again
from syncd.engine.lost import note_met, overwritten_late
from syncd.engine.settle import news_of_others
from syncd.engine.signals import recover_signals
from syncd.engine.world import World
from syncd.model.appended import APPENDED_KINDS
from syncd.model.link import Base, Intent, IntentKind, Link, Linked, LinkState, Proof
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Instant, Pair, Side, Wire
from syncd.observe.log import emit
from syncd.ports.store import Settlement

PATIENCE = 30.0


def recover(world: World) -> int:
    """Settles open intents; waits for a horizon that ends soon. Returns how many are still open afterwards."""
    left = _pass(world)
    wait = max((_horizon_end(world, intent) for intent in left), default=None)
    if wait is not None:
        seconds = (wait - world.clock.now()).total_seconds()
        if seconds <= PATIENCE:
            world.clock.sleep(max(0.0, seconds) + 0.05)
            left = _pass(world)
    for intent in left:
        until = _horizon_end(world, intent).isoformat()
        emit("intent.waiting", kind=intent.kind, side=str(intent.side), intent=intent.id, until=until)
    return len(left)


def _horizon_end(world: World, intent: Intent) -> Instant:
    return intent.sent_at + timedelta(seconds=world.connection.horizon.of(intent.side))


def _pass(world: World) -> list[Intent]:
    """One look at every open intent; returns those that may still be carried out."""
    left: list[Intent] = []
    groups: dict[tuple[str, Side, IntentKind, str], list[Intent]] = defaultdict(list)
    for intent in world.store.open_intents():
        groups[intent.kind, intent.side, intent.action, intent.object].append(intent)
    for side in SIDES:
        if any(side is each for _, each, _, _ in groups):
            world.connectors.of(side).quieten()
    for (kind, side, action, object_name), intents in groups.items():
        if kind in APPENDED_KINDS:
            left.extend(recover_signals(world, intents))
            continue
        if kind not in world.terms:
            left.extend(intents)
            continue
        look = _creates if action is IntentKind.CREATE else _updates
        left.extend(look(world, side, object_name, intents))
    return left


def _creates(world: World, side: Side, object_name: str, intents: Sequence[Intent]) -> list[Intent]:
    shape = world.terms[intents[0].kind].lens.shape(side)
    keyed = world.connectors.of(side).keyed(shape, object_name, [intent.origin.id for intent in intents])
    taken = _taken(world, side, intents, keyed)
    left: list[Intent] = []
    settlement = Settlement()
    for intent in intents:
        records = [each for each in keyed.get(intent.origin.id, ()) if each.ref not in taken]
        if len(records) == 1 and intent.origin in taken:
            _end(world, intent, settlement, "done, for another's counterpart", f"{side}:{records[0].ref}")
        elif len(records) == 1:
            _found(world, intent, records[0], settlement)
        elif world.clock.now() >= _horizon_end(world, intent):
            _lost(world, intent, settlement, f"{side.other}:{intent.origin}")
        else:
            left.append(intent)
    _store(world, settlement)
    return left


def _taken(
    world: World, side: Side, intents: Sequence[Intent], keyed: Mapping[str, Sequence[RemoteRecord]]
) -> frozenset[RemoteRef]:
    """What has a link already: a record is not linked before its create is settled, so it is another one's. Its key
    came to name the origin when a record was merged into that one, and their link went along.
    """
    kind = intents[0].kind
    made = [record.ref for records in keyed.values() for record in records]
    return frozenset(
        world.store.link_ids(kind, side, made).keys()
        | world.store.link_ids(kind, side.other, [intent.origin for intent in intents]).keys()
    )


def _found(world: World, intent: Intent, record: RemoteRecord, settlement: Settlement) -> None:
    """The create happened: what was sent is what that side confirmed, so later edits of people show as edits."""
    nowhere = RemoteRef("", "")
    refs = Pair(nowhere, nowhere).replacing(intent.side, record.ref).replacing(intent.side.other, intent.origin)
    keyed = Pair(marketing=False, crm=False).replacing(intent.side, value=True)
    link = Link(intent.link, intent.kind, refs, Proof.CREATED, world.clock.now(), LinkState.LIVE, keyed)
    nothing: Pair[Mapping[str, Wire]] = Pair({}, {})
    settlement.links.append(link)
    confirmed = nothing.replacing(intent.side, _stands(world, intent, link, {}))
    settlement.bases.append((link.id, Base(_carried(world, intent), confirmed)))
    settlement.revive.append(digest("dead", intent.link, intent.side))
    _end(world, intent, settlement, "done", f"link:{intent.link}")


def _updates(world: World, side: Side, object_name: str, intents: Sequence[Intent]) -> list[Intent]:
    shape = world.terms[intents[0].kind].lens.shape(side)
    refs = [intent.ref or RemoteRef(object_name, "") for intent in intents]
    answers = world.connectors.of(side).fetch(shape, refs)
    linked = world.store.by_link([intent.link for intent in intents])
    left: list[Intent] = []
    settlement = Settlement()
    for intent, answer in zip(intents, answers, strict=True):
        done = isinstance(answer, RemoteRecord) and all(
            answer.fields.get(name, MISSING) == wire for name, wire in intent.fields.items()
        )
        known = linked.get(intent.link)
        if done and isinstance(answer, RemoteRecord):
            settlement.conflicts.extend(overwritten_late(world, intent, answer, known))
            _done(world, intent, known, settlement)
            _end(world, intent, settlement, "done", f"link:{intent.link}")
        elif not isinstance(answer, RemoteRecord) or world.clock.now() >= _horizon_end(world, intent):
            if isinstance(answer, RemoteRecord) and known is not None:
                settlement.conflicts.extend(overwritten_late(world, intent, answer, known))
                _keep_emptied(world, intent, answer, known, settlement)
            _lost(world, intent, settlement, f"link:{intent.link}")
        else:
            note_met(world, intent, answer, known)
            left.append(intent)
    _store(world, settlement)
    return left


def _done(world: World, intent: Intent, linked: Linked | None, settlement: Settlement) -> None:
    """The update happened. What its values were taken from is not known any more: the other side may have been edited
    since, back to what was confirmed before above all, so what it confirmed of these fields is forgotten and read anew.
    """
    if linked is None:
        return
    base, other = linked.base or EMPTY_BASE, intent.side.other
    agreed = _carried(world, intent)
    taken = {
        name
        for slot in world.terms[intent.kind].lens.slots(other, linked.link.refs.of(other).object)
        if slot.field.name in agreed
        for name in slot.vendor_fields
    }
    left = {name: wire for name, wire in base.confirmed.of(other).items() if name not in taken}
    stands = _stands(world, intent, linked.link, base.confirmed.of(intent.side))
    confirmed = base.confirmed.replacing(intent.side, stands)
    settlement.bases.append((intent.link, Base({**base.agreed, **agreed}, confirmed.replacing(other, left))))


def _stands(world: World, intent: Intent, link: Link, was: Mapping[str, Wire]) -> Mapping[str, Wire]:
    """What the written side has confirmed by now: what it had, and what was sent, but for what is news to a field that
    was not written with it.
    """
    lens, now = world.terms[intent.kind].lens, {**was, **intent.fields}
    sent = [
        slot.field.name
        for slot in lens.slots(intent.side, intent.object)
        if slot.field.name in intent.agreed
        and all(name in intent.fields for name in slot.vendor_fields)
        and lens.read(
            intent.side, intent.object, slot.field.name, tuple(intent.fields[name] for name in slot.vendor_fields)
        )
        == intent.agreed[slot.field.name]
    ]
    for shared in news_of_others(world.planner(intent.kind), link, intent.side, sent, was=was, now=now):
        del now[shared]
    return now


def _keep_emptied(world: World, intent: Intent, answer: RemoteRecord, known: Linked, settlement: Settlement) -> None:
    """A write that empties a field before it sets it, and broke off in between: what the field held until then stands
    for that side (``core.former``), or an empty stage would count as somebody's edit.
    """
    midway = world.connectors.of(intent.side).capabilities.emptied_midway
    emptied = {
        name for name, wire in intent.fields.items() if name in midway and wire and not answer.fields.get(name, wire)
    }
    slots = world.planner(intent.kind).slots(intent.side, intent.object)
    lost = {name: fields for name, fields in slots.items() if emptied.intersection(fields)}
    if lost:
        base = known.base or EMPTY_BASE
        last = RemoteRecord(answer.ref, "", answer.stamp, base.confirmed.of(intent.side))
        settlement.bases.append((intent.link, with_former(base, intent.side, last, lost, lost=lost)))


def _carried(world: World, intent: Intent) -> dict[str, Canonical]:
    """What a write that is there has surely carried over: everything but references. Both vendors are given those with
    a call of their own, after the record, and whether that one was still made is told by the next look at both sides.
    """
    later = {field.name for field in world.terms[intent.kind].kind.fields if field.type is FieldType.REFERENCE}
    return {name: value for name, value in intent.agreed.items() if name not in later}


def _lost(world: World, intent: Intent, settlement: Settlement, what: str) -> None:
    _end(world, intent, settlement, "not done", what)


def _end(world: World, intent: Intent, settlement: Settlement, outcome: str, what: str) -> None:
    emit("intent.recovered", kind=intent.kind, side=str(intent.side), intent=intent.id, outcome=outcome)
    settlement.endings[intent.id] = f"recovered: {outcome}"
    settlement.wishes.append(look_again(world, intent.kind, what))


def _store(world: World, settlement: Settlement) -> None:
    if settlement:
        world.settle(settlement)
