"""What to do about a write that a vendor refused, so that one bad field never costs the record.

Named fields are parked with the vendor's reason and left out of the next try. Where the vendor names none, an update is
cut in parts until the culprit stands alone, the key first. A key that is refused (another record holds it and cannot
give it away, as a converted Lead) is parked as well: the link stands without it. A create that cannot do without the
refused field, or that is refused for a reason no field explains, becomes a dead letter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from syncd.core.draft import only
from syncd.core.normalize import Inexpressible, Invalid
from syncd.core.planner import Planner, digest
from syncd.core.rating import hundredths
from syncd.engine.world import World
from syncd.model.derived import Derived
from syncd.model.heat import LeadHeat
from syncd.model.link import DeadLetter, FieldChange, Parked
from syncd.model.plan import Create, Decision, Update
from syncd.model.remote import REF
from syncd.model.routing import BECAUSE
from syncd.model.write import Clash, Refused
from syncd.observe.log import emit
from syncd.ports.store import Settlement

_HELD_ELSEWHERE = (
    "another record holds this key: empty the field there (a converted Lead is open only to who may edit converted"
    " leads), then `syncd parked retry`; until then the link stands without it"
)
NEEDED = frozenset({"REQUIRED_FIELD_MISSING"})
LONGEST = 500


def cut(reason: str) -> str:
    """A vendor's reason as a person can read it: some vendors quote the whole value, however long it is."""
    return reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}... ({len(reason):,} characters)"


def heat_of(world: World, decision: Decision) -> LeadHeat:
    """How hot the person is whose write was refused: rated as the ledger rates whoever is handed over.

    By the values as they would stand after the write, so that somebody is rated who exists on one side only. Where
    nothing says what a handoff is, the points count that a derived field shows. Companies and deals have none: there
    only the lane counts.
    """
    kind = next((each for each in world.connection.kinds if each.kind == decision.kind), None)
    values = {**({} if decision.base is None else decision.base.agreed), **decision.agreed}
    if kind is not None and kind.agreed is not None and world.booking is not None:
        rated = world.booking.rated(values, world.clock.now())
        return LeadHeat(lane=decision.lane) if rated is None else LeadHeat(rated.grade, rated.total, decision.lane)
    fields = () if kind is None else kind.fields
    shown = {each.derive.sort: values.get(each.name) for each in fields if each.derive is not None}
    grade, points = shown.get(Derived.GRADE), shown.get(Derived.POINTS)
    if grade is None or points is None:
        return LeadHeat(lane=decision.lane)
    return LeadHeat(str(grade), hundredths(str(points)), decision.lane)


def after_refusal(
    world: World,
    planner: Planner,
    decision: Decision,
    action: Create | Update,
    result: Refused | Clash,
    settlement: Settlement,
) -> list[Create | Update]:
    """Parks or buries what was refused, into ``settlement``; returns the writes to try next."""
    advice = result.advice if isinstance(result, Refused) else "find the record that has this value already"
    fields = set(result.fields)
    named = shared(planner, action, fields)
    bad = [change for change in action.changes if change.field in named]
    if isinstance(action, Create):
        return _after_create(world, planner, decision, action, result, bad, advice, settlement)
    key_refused = action.key is not None and (not action.changes or planner.kind.key.of(action.side) in fields)
    if not (bad or key_refused):
        if parts := _parts(planner, action):
            return parts
        bad = _bare(action)
    for change in bad:
        _park(world, planner, decision, action, change, result, advice, settlement)
    if key_refused:
        _park_key(world, planner, decision, action, result, settlement)
    rest = [change for change in action.changes if change not in bad]
    key = None if key_refused else action.key
    return _only(planner, action, rest, key=key)


def _parts(planner: Planner, action: Update) -> list[Create | Update]:
    """An update of which nobody knows what was refused, in parts; nothing if it has one part only."""
    changes = action.changes
    if action.key is not None:
        return [*_only(planner, action, changes, key=None), *_only(planner, action, (), key=action.key)]
    bare = _bare(action)
    middle = len(bare) // 2
    halves = (bare[:middle], bare[middle:]) if middle else ()
    return [part for half in halves for part in _only(planner, action, half, key=None)]


def _after_create(
    world: World,
    planner: Planner,
    decision: Decision,
    action: Create,
    result: Refused | Clash,
    bad: Sequence[FieldChange],
    advice: str,
    settlement: Settlement,
) -> list[Create | Update]:
    rest = [change for change in action.changes if change not in bad]
    if bad and rest and result.code not in NEEDED:
        for change in bad:
            _park(world, planner, decision, action, change, result, advice, settlement)
        return [_without(planner, action, bad)]
    emit("record.dead_lettered", kind=decision.kind, side=str(action.side), record=str(action.origin), code=result.code)
    letter = _dead_letter(world, planner, decision, action, result, advice)
    if result.code in NEEDED:
        letter = _with_cause(letter, [row for row in world.store.parked([decision.link.id]) if row.side is action.side])
    settlement.dead.append(letter)
    return []


def _with_cause(letter: DeadLetter, left_out: Sequence[Parked]) -> DeadLetter:
    """A record that lacks what it must have, because that value was refused a moment ago: the value is the cause."""
    if not left_out:
        return letter
    told = "; ".join(f"{row.field} was refused before ({row.code}: {row.reason})" for row in left_out)
    advice = "; ".join(dict.fromkeys(row.advice for row in left_out))
    return replace(letter, reason=f"{letter.reason}; {told}", advice=advice)


def shared(planner: Planner, action: Create | Update, fields: Collection[str]) -> set[str]:
    """The changed fields of a write that are meant by these vendor fields or references."""
    if not fields:
        return set()
    return {each.field for each in action.changes if not _vendor_fields(planner, action, each.field).isdisjoint(fields)}


def _vendor_fields(planner: Planner, action: Create | Update, name: str) -> set[str]:
    vendor_object = action.object if isinstance(action, Create) else action.ref.object
    slots = set(planner.slots(action.side, vendor_object).get(name, ()))
    return slots | {slot.removeprefix(REF) for slot in slots}


def _bare(action: Update) -> list[FieldChange]:
    """The changes that stand for themselves; what goes along with one of them is not judged alone."""
    return [change for change in action.changes if change.field not in action.along.told]


def _only(
    planner: Planner, action: Update, changes: Sequence[FieldChange], *, key: str | None
) -> list[Create | Update]:
    """The same update with some of its changes only, if anything is left of it."""
    left = only(action, changes, slots=planner.slots(action.side, action.ref.object), key=key)
    return [] if left is None else [left]


def _without(planner: Planner, action: Create, bad: Sequence[FieldChange]) -> Create:
    """The same create without some of its fields."""
    dropped = {field for change in bad for field in _vendor_fields(planner, action, change.field)}
    return replace(
        action,
        changes=tuple(change for change in action.changes if change not in bad),
        fields={name: wire for name, wire in action.fields.items() if name not in dropped},
        refs={name: link for name, link in action.refs.items() if name not in dropped},
    )


def _park(
    world: World,
    planner: Planner,
    decision: Decision,
    action: Create | Update,
    change: FieldChange,
    result: Refused | Clash,
    advice: str,
    settlement: Settlement,
) -> None:
    vendor_object = action.object if isinstance(action, Create) else action.ref.object
    written = planner.lens.write(action.side, vendor_object, change.field, change.after)
    assert not isinstance(written, Invalid | Inexpressible), "what was sent has a form"
    columns = planner.slots(action.side, vendor_object)[change.field]  # one may be emptied beside it: see core.sight
    written = {**written, **{name: action.fields[name] for name in columns if name in action.fields}}
    record_type = result.record_type if isinstance(result, Refused) else ""
    fingerprint = planner.parking.fingerprint(action.side, written, record_type, unforeseen=_unforeseen(result))
    settlement.parked.append(_parked(world, decision, action, change.field, fingerprint, result, advice))


def _park_key(
    world: World, planner: Planner, decision: Decision, action: Update, result: Refused | Clash, settlement: Settlement
) -> None:
    """The key of one side, under its vendor's name, which no shared field has. It is tried again once the link's record
    is another one: there the vendor may have room for it.
    """
    name = planner.kind.key.of(action.side)
    advice = result.advice if isinstance(result, Refused) else _HELD_ELSEWHERE
    fingerprint = planner.parking.fingerprint(action.side, {name: action.key}, unforeseen=_unforeseen(result))
    settlement.parked.append(_parked(world, decision, action, name, fingerprint, result, advice))


def _unforeseen(result: Refused | Clash) -> bool:
    return isinstance(result, Refused) and result.unforeseen


def _parked(
    world: World,
    decision: Decision,
    action: Create | Update,
    field: str,
    fingerprint: str,
    result: Refused | Clash,
    advice: str,
) -> Parked:
    side, link, code = action.side, decision.link, result.code
    emit("field.parked", kind=decision.kind, side=str(side), link=link.id, field=field, code=code)
    return Parked(
        link=link.id,
        kind=decision.kind,
        side=side,
        ref=link.refs.of(side) if isinstance(action, Update) else action.origin,
        field=field,
        fingerprint=fingerprint,
        code=code,
        reason=cut(result.reason),
        advice=advice,
        since=world.clock.now(),
        asks=isinstance(action, Create),
        heat=heat_of(world, decision),
    )


def _dead_letter(
    world: World,
    planner: Planner,
    decision: Decision,
    action: Create,
    result: Refused | Clash,
    advice: str,
) -> DeadLetter:
    side = action.side
    planned = decision.write_to(side)  # the write before refused fields were left out: what a retry would send
    if isinstance(planned, Create):  # whoever gets the person: another turn is no other write
        planned = _without(planner, planned, [each for each in planned.changes if each.rule.startswith(BECAUSE)])
    name = digest("dead", decision.link.id, side)
    return DeadLetter(
        id=name,
        kind=decision.kind,
        side=side,
        origin=decision.link.refs.of(side.other),
        fingerprint=planner.parking.fingerprint(side, planned.fields if planned else action.fields),
        code=result.code,
        reason=cut(result.reason),
        advice=advice,
        since=world.clock.now(),
        attempts=world.attempts.get(name, 0) + 1,
        heat=heat_of(world, decision),
    )
