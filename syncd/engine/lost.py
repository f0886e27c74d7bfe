"""Finds the edits that a write of ours has overwritten, in the vendor's own history.

No vendor can be told "only if nobody changed it" for many records at once, so between the last look and the write an
edit can slip in. Fields with ``confirm: readback`` or ``precondition`` are therefore looked up in the history after
they were written. What stands there between the value we had read and the value we wrote is somebody's edit that nobody
has seen: it becomes a conflict that holds it, and one command brings it back.

The order of the history decides and no clock: the value that was read last is looked for in it, and our own. Where
the history tells too little (a field that is not tracked, a value that the history words differently), nothing is
claimed. The history is asked once a lot, and only for what was guarded.

A write that was not answered may be carried out minutes later, over an edit that was seen meanwhile. What is seen while
it is waited for is noted (``note_met``) until the ending is stored; if it does come, that edit becomes such a conflict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import orjson

from syncd.core.normalize import Invalid
from syncd.core.planner import EMPTY_BASE, Planner, digest
from syncd.engine.world import World
from syncd.model.errors import Bug, NeedsOperator, RetryLater
from syncd.model.lifecycle import AuthorSort
from syncd.model.link import Conflict, FieldChange, Intent, Linked, Topic
from syncd.model.mapping import Direction
from syncd.model.plan import Decision, Update
from syncd.model.remote import FieldEvent, RemoteRecord, RemoteRef
from syncd.model.values import Canonical, FieldType, Instant, Pair, Side, Wire
from syncd.model.write import Written
from syncd.observe.log import emit
from syncd.ports.memory import MET

BACK: Final = timedelta(minutes=10)
"""How far before a send the history is read: more than a lot takes and clocks differ."""
UNJUDGED: Final = frozenset({FieldType.OPT_OUT, FieldType.REFERENCE})
"""An opt-out is monotone, and references have no history that both vendors tell."""
Sent = tuple[Decision, Update, Written]
Histories = Mapping[tuple[RemoteRef, str], Sequence[FieldEvent]]


def overwritten(world: World, planner: Planner, side: Side, sent: Sequence[Sent], *, at: Instant) -> list[Conflict]:
    """What the guarded updates of one lot have overwritten; ``at`` is when the lot was sent."""
    guarded = [
        (decision, action, result, change)
        for decision, action, result in sent
        for change in action.changes
        if action.expect and _judged(planner, side, action, change)
    ]
    connector = world.connectors.of(side)
    if not guarded or not connector.capabilities.history:
        return []
    refs = list(dict.fromkeys(action.ref for _, action, _, _ in guarded))
    names = {name for _, action, _, change in guarded for name in _slot(planner, side, action, change)}
    histories: dict[tuple[RemoteRef, str], list[FieldEvent]] = defaultdict(list)
    try:
        for event in connector.history(refs, sorted(names), at - BACK):
            histories[event.ref, event.field].append(event)
    except (RetryLater, NeedsOperator, Bug) as why:  # what was written is written; the next call tells what is wrong
        emit("history.unread", kind=planner.kind.kind, side=str(side), records=len(refs), error=type(why).__name__)
        return []
    found = (_lost(world, planner, side, *each, histories) for each in guarded)
    return [conflict for conflict in found if conflict is not None]


def _slot(planner: Planner, side: Side, action: Update, change: FieldChange) -> tuple[str, ...]:
    return planner.slots(side, action.ref.object).get(change.field, ())


def _judged(planner: Planner, side: Side, action: Update, change: FieldChange) -> bool:
    """Whether an edit of that field counts: guarded, and one that would have travelled."""
    mapping = planner.field(change.field)
    if mapping.type in UNJUDGED or mapping.direction is not Direction.BOTH or action.expect is None:
        return False
    return any(name in action.expect for name in _slot(planner, side, action, change))


def _lost(
    world: World,
    planner: Planner,
    side: Side,
    decision: Decision,
    action: Update,
    result: Written,
    change: FieldChange,
    histories: Histories,
) -> Conflict | None:
    assert action.expect is not None
    names = _slot(planner, side, action, change)
    wires: list[Wire] = []
    last: FieldEvent | None = None
    for name in names:
        expected = action.expect.get(name)
        ours = [wire for held in (action.fields, result.confirmed) if (wire := held.get(name, expected)) != expected]
        between = _between(histories.get((action.ref, name), ()), expected, ours)
        wires.append(between[-1].value if between else expected)
        if between and (last is None or between[-1].at >= last.at):
            last = between[-1]
    if last is None:
        return None
    read = planner.lens.read(side, action.ref.object, change.field, tuple(wires))
    value: Canonical = _words(wires) if isinstance(read, Invalid) else read
    if value in (change.before, change.after):
        return None
    when = last.at.isoformat()
    return Conflict(
        id=digest(world.connection.name, decision.kind, Topic.LOST, decision.link.id, change.field, when),
        kind=decision.kind,
        topic=Topic.LOST,
        link=decision.link.id,
        refs=((side, action.ref),),
        field=change.field,
        values=Pair(change.after, change.after).replacing(side, value),
        base=change.before,
        reason=f"overwritten: {last.author} wrote it on the {side} side at {when}, between syncd's last look at the "
        f"record and its write ({change.rule})",
        since=world.clock.now(),
    )


def _between(events: Sequence[FieldEvent], expected: Wire, ours: Sequence[Wire]) -> list[FieldEvent]:
    """The entries between the value that was read last and the one that was written; none where ours is not told."""
    mine = next((n for wire in ours for n in range(len(events) - 1, -1, -1) if _same(events[n].value, wire)), None)
    if mine is None:
        return []
    known = next((n for n in range(mine - 1, -1, -1) if _same(events[n].value, expected)), -1)
    found = [event for event in events[known + 1 : mine] if not _same(event.value, events[mine].value)]
    return [event for event in found if not _emptied_first(event, events[mine])]


def _emptied_first(event: FieldEvent, ours: FieldEvent) -> bool:
    """Whether a write of ours has emptied the field before it set it, as HubSpot wants of a stage that goes back."""
    return not _plain(event.value) and event.sort is AuthorSort.SYSTEM and event.author == ours.author


def _same(told: Wire, wire: Wire) -> bool:
    """Whether a history means a value: it tells texts where a record tells numbers and truth values."""
    return told == wire or _plain(told) == _plain(wire)


def _words(wires: Sequence[Wire]) -> str:
    """What vendor fields hold that mean nothing together, for a person to read."""
    return " | ".join(map(_plain, wires))


def _plain(wire: Wire) -> str:
    if wire is None:
        return ""
    return str(wire).lower() if isinstance(wire, bool) else str(wire)


def note_met(world: World, intent: Intent, record: RemoteRecord, linked: Linked | None) -> None:
    """Notes values that are neither what was known before an unanswered write nor what it brings: somebody's edits,
    which it would overwrite if it came now. Of vendor fields that mean something together all are noted: a write that
    brings one of them changes what the others stand for. Where a value of the write's own stands by now it may have
    come, so what was noted before stays; what is back to what was known before it is no edit any more.
    """
    before = (linked.base if linked and linked.base else EMPTY_BASE).confirmed.of(intent.side)
    remembered = world.store.recall(MET.format(intent=intent.id))
    noted: dict[str, Wire] = {} if remembered is None else orjson.loads(remembered[0])
    met = dict(noted)
    for slot in world.terms[intent.kind].lens.slots(intent.side, record.ref.object):
        told = {name: record.fields[name] for name in slot.vendor_fields if name in record.fields}
        if told.keys().isdisjoint(intent.fields):
            continue
        ours = {name for name in told if name in intent.fields and told[name] == intent.fields[name]}
        edited = (name for name in told if name not in ours and (name in intent.fields or name in before))
        if any(told[name] != before.get(name) for name in edited):
            met |= {name: wire for name, wire in told.items() if name not in ours or name not in noted}
        elif not ours:
            met = {name: wire for name, wire in met.items() if name not in told}
    if met != noted:
        world.store.remember(MET.format(intent=intent.id), orjson.dumps(met), world.clock.now())


def _brought(intent: Intent, names: Sequence[str]) -> list[tuple[str, Wire]]:
    """Which of these vendor fields a write brings, with its values."""
    return [(name, intent.fields[name]) for name in names if name in intent.fields]


def overwritten_late(world: World, intent: Intent, record: RemoteRecord, linked: Linked | None) -> list[Conflict]:
    """What a write that came late has overwritten of what was seen while it was waited for: where a value of the
    write's own stands now, it came, whatever somebody has made of others since.
    """
    noted = world.store.recall(MET.format(intent=intent.id))
    if noted is None or linked is None:
        return []
    met, lens = orjson.loads(noted[0]), world.terms[intent.kind].lens
    agreed = linked.base.agreed if linked.base else {}
    found: list[Conflict] = []
    for slot in lens.slots(intent.side, record.ref.object):
        mapping = slot.field
        if (
            mapping.direction is not Direction.BOTH
            or mapping.type in UNJUDGED
            or not met.keys() & {*slot.vendor_fields}
            or not any(record.fields.get(name) == wire for name, wire in _brought(intent, slot.vendor_fields))
        ):
            continue
        wires = tuple(met.get(name, record.fields.get(name)) for name in slot.vendor_fields)
        read = lens.read(intent.side, record.ref.object, mapping.name, wires)
        value: Canonical = _words(wires) if isinstance(read, Invalid) else read
        sent = tuple(intent.fields.get(name, record.fields.get(name)) for name in slot.vendor_fields)
        meant = lens.read(intent.side, record.ref.object, mapping.name, sent)
        ours = intent.agreed.get(mapping.name, _words(sent) if isinstance(meant, Invalid) else meant)
        if value == ours:
            continue
        conflict = Conflict(
            id=digest(world.connection.name, intent.kind, Topic.LOST, intent.link, mapping.name, intent.id),
            kind=intent.kind,
            topic=Topic.LOST,
            link=intent.link,
            refs=((intent.side, record.ref),),
            field=mapping.name,
            values=Pair(ours, ours).replacing(intent.side, value),
            base=agreed.get(mapping.name),
            reason=f"overwritten: it was written on the {intent.side} side while a write of syncd's that nobody had "
            "answered was waited for, and then that write was carried out after all",
            since=world.clock.now(),
        )
        emit("conflict.opened", kind=intent.kind, conflict=conflict.id, topic=str(Topic.LOST), field=mapping.name)
        found.append(conflict)
    return found
