"""What is written down before a write is sent: the write itself, its intent, its audit row.

The id is a digest of what is written and of the version it was decided on (docs/decisions.md 4), so that the same wish
has the same name after a crash, and HubSpot can be told which row of a batch is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from syncd.core.planner import EMPTY_BASE, digest
from syncd.engine.settle import Ledger, half_done
from syncd.engine.world import World
from syncd.model.beside import beside
from syncd.model.link import AuditRow, Intent, IntentKind
from syncd.model.mapping import Confirm
from syncd.model.plan import Create, Decision, Update
from syncd.model.remote import RemoteRef
from syncd.model.values import Side, Wire
from syncd.model.write import CreateRecord, Expect, Origin, UpdateRecord, Write


@dataclass(frozen=True, slots=True)
class Ahead:
    """One write, and what is stored of it before it is sent."""

    write: Write
    intent: Intent
    audit: AuditRow


@dataclass(slots=True)
class Conditions:
    """How many writes of a cycle were given the vendor's own condition, each a call of its own."""

    taken: int = 0

    def take(self, world: World, side: Side) -> bool:
        """Whether one more may be."""
        if not world.connectors.of(side).capabilities.preconditions or self.taken >= world.connection.precondition_rows:
            return False
        self.taken += 1
        return True


def write_ahead(
    ledger: Ledger,
    decision: Decision,
    action: Create | Update,
    *,
    run: str,
    origin: Origin,
    conditions: Conditions | None = None,
    again: bool = False,
) -> Ahead:
    """Everything for one action, as its link stands now; ``conditions`` are what is left of those of this cycle. What
    is sent ``again``, since something of it was refused, is guarded whatever its fields ask for: time has gone by.

    The origin goes to the vendor only: nobody agrees on it, so neither intent nor Base may hold it.
    """
    write = _write(ledger, decision, action, conditions or Conditions(), again=again)
    intent = _intent(ledger, decision, action, write, run)
    mark = ledger.planner.kind.origin.of(action.side)
    if mark is not None:
        write = replace(write, fields={**write.fields, mark: origin.value})
    audit = AuditRow(
        intent=intent.id,
        attempt=1,
        link=intent.link,
        kind=intent.kind,
        side=intent.side,
        ref=intent.ref,
        action=intent.action,
        changes=action.changes,
        run=run,
        at=intent.sent_at,
    )
    return Ahead(write, intent, audit)


def _write(
    ledger: Ledger, decision: Decision, action: Create | Update, conditions: Conditions, *, again: bool
) -> Write:
    refs = _refs(ledger, action)
    if isinstance(action, Create):
        name = _name(ledger, action.side, action.origin, action.fields, refs, action.record_type or "")
        key = action.origin.id
        return CreateRecord(name, action.object, key, action.fields, refs, action.record_type, action.by_rules)
    link = ledger.of(decision).link
    fields: Mapping[str, Wire] = action.fields
    if action.key is not None:
        key = ledger.planner.kind.key.of(action.side)
        fields = {**action.fields, key: link.refs.other(action.side).id}
    record = decision.seen.of(action.side)
    version = record.version if record else ""
    expect = None
    if action.expect or again:
        wanted = any(ledger.planner.field(each.field).confirm is Confirm.PRECONDITION for each in action.changes)
        stands = {**_as_read(decision, action), **(action.expect or {})}
        expect = Expect(version, stands, conditional=wanted and conditions.take(ledger.world, action.side))
    name = _name(ledger, action.side, action.ref, fields, refs, version)
    return UpdateRecord(name, action.ref, fields, refs, expect)


def _as_read(decision: Decision, action: Update) -> dict[str, Wire]:
    """What the fields of a write held when it was decided on, as far as is known. Where one of them is guarded the
    record is read again before it: that costs no more for all of them.
    """
    record = decision.seen.of(action.side)
    if record is not None and record.ref != action.ref:
        return {}
    known = (decision.base or EMPTY_BASE).confirmed.of(action.side) if record is None else record.fields
    # What is written under a name of ours (an opt-out) is no property, and is never taken back anyway.
    return {name: known[name] for name in action.fields if name in known and not name.startswith("@")}


def _refs(ledger: Ledger, action: Create | Update) -> dict[str, RemoteRef]:
    """References as records of that side; one that is not there yet is left out and stays unsettled."""
    known = ledger.world.context.refs.of(action.side)
    resolved: dict[str, RemoteRef] = {}
    for name, link in action.refs.items():
        object_name, _, id_ = known.get(link, "").partition("/")
        if id_:
            resolved[name] = RemoteRef(object_name, id_)
    return resolved


def _name(
    ledger: Ledger,
    side: Side,
    ref: RemoteRef,
    fields: Mapping[str, Wire],
    refs: Mapping[str, RemoteRef],
    decided_on: str,
) -> str:
    """``decided_on`` is the version of the record that is changed, or the record type of the one that is made."""
    written = sorted((name, wire) for name, wire in fields.items())
    return digest(ledger.world.connection.name, side, ref, written, sorted(refs.items()), decided_on)


def _intent(ledger: Ledger, decision: Decision, action: Create | Update, write: Write, run: str) -> Intent:
    create = isinstance(action, Create)
    half = half_done(ledger, decision, action)
    names = [change.field for change in action.changes if change.field not in half]
    named = {each for name in names for each in (name, *beside(name))}
    return Intent(
        id=write.intent,
        kind=decision.kind,
        side=action.side,
        action=IntentKind.CREATE if create else IntentKind.UPDATE,
        link=decision.link.id,
        object=action.object if isinstance(action, Create) else action.ref.object,
        ref=None if isinstance(action, Create) else action.ref,
        origin=ledger.of(decision).link.refs.of(action.side.other),
        fields=write.fields,
        agreed={name: value for name, value in decision.agreed.items() if create or name in named},
        run=run,
        config=ledger.planner.kind.hash,
        sent_at=ledger.world.clock.now(),
    )
