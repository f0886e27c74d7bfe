"""A decision in the making: what is collected field by field, and the one Decision that comes of it.

Promises at most one write per side, carrying only what was put into it, and never an empty Decision: where nothing is
to be done it says why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.core.layout import LANES
from syncd.core.lifecycle import Path
from syncd.core.lost import apart
from syncd.core.merge import CHOSEN, NEWEST
from syncd.model.link import Base, Conflict, FieldChange, Link
from syncd.model.mapping import Confirm, FieldMapping, KindMapping, Policy
from syncd.model.plan import NOTHING_ALONG, Action, Along, Decision, Hold, Nothing, Settle, Update
from syncd.model.remote import REF, RemoteRecord, wire_of
from syncd.model.values import MISSING, SIDES, Canonical, Lane, Pair, Side, Told, Wire


@dataclass(slots=True)
class Writes:
    """What one decision collects for one side. ``refs`` are link ids by reference name."""

    fields: dict[str, Wire] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    changes: list[FieldChange] = field(default_factory=list)
    expect: dict[str, Wire] = field(default_factory=dict)
    lane: Lane = Lane.BULK
    dated: frozenset[str] = frozenset()
    along: Along = NOTHING_ALONG

    def put(self, mapping: FieldMapping, wires: Mapping[str, Wire], change: FieldChange) -> None:
        """Adds one field: what to send for it, and how that is told to people."""
        for vendor_field, wire in wires.items():
            if vendor_field.startswith(REF):
                self.refs[vendor_field[len(REF) :]] = str(change.after)
            else:
                self.fields[vendor_field] = wire
        self.changes.append(change)
        if mapping.lane is not self.lane:
            self.lane = min(self.lane, mapping.lane, key=LANES.index)


@dataclass(slots=True)
class Draft:
    """What is decided so far on one linked record. ``untimed`` are fields that ``newest`` cannot judge yet,
    ``aside`` what a person put aside for a value that its vendor refuses, ``path`` the way that led to the stage, and
    ``shown`` whether the CRM shows that stage already.
    """

    sides: Pair[Writes] = field(default_factory=lambda: Pair(Writes(), Writes()))
    agreed: dict[str, Canonical] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    holds: list[Conflict] = field(default_factory=list)
    closes: list[str] = field(default_factory=list)
    closes_with: dict[str, tuple[str, ...]] = field(default_factory=dict)
    frees: list[tuple[Side, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    untimed: list[str] = field(default_factory=list)
    aside: dict[str, tuple[Side, Canonical]] = field(default_factory=dict)
    path: Path = ()
    shown: bool = False

    def settle(self, name: str, value: Canonical) -> None:
        """Both sides are content with this field as it stands; the Base may move."""
        self.agreed[name] = value
        self.settled.append(name)

    def close(self, name: str, conflicts: Iterable[str]) -> None:
        """What was listed of a field is over: at once, or where it is to be written, once that is done. Until then it
        is all that remembers what a person chose, and that the sides differ.
        """
        if any(change.field == name for side in SIDES for change in self.sides.of(side).changes):
            self.closes_with[name] = (*self.closes_with.get(name, ()), *conflicts)
        else:
            self.closes.extend(conflicts)

    def leave(self, mapping: FieldMapping, side: Side, shown: Told, rule: str) -> None:
        """A value is not sent, since its vendor refuses it. What a person put aside for it stays so: asked by the
        difference alone, they would be asked the same again. Where somebody stands is judged by moves all the same.
        """
        self.reasons.append("parked")
        if rule == CHOSEN and shown is not MISSING and mapping.policy is not Policy.LIFECYCLE:
            self.aside[mapping.name] = side, shown

    def hold(self, conflict: Conflict, known: Sequence[Conflict]) -> None:
        """Holds a field, in place of what was held of it before; what is held already is not held again."""
        before, _ = apart(known, str(conflict.field))
        self.closes.extend(each.id for each in before if each.id != conflict.id)
        if any(replace(each, since=conflict.since, resolution=None) == conflict for each in before):
            self.reasons.append("a conflict waits")
        else:
            self.holds.append(conflict)

    def decision(
        self,
        kind: KindMapping,
        link: Link,
        base: Base | None,
        seen: Pair[RemoteRecord | None],
        before: Sequence[Action],
        keyless: Collection[Side] = (),
    ) -> Decision:
        """The Decision: ``before`` (link made or moved), the writes with the key where it is missing, the rest.
        ``keyless`` are sides whose vendor does not take the key.
        """
        actions: list[Action] = list(before)
        lane = Lane.BULK
        for side in SIDES:
            writes = self.sides.of(side)
            key = None if link.keyed.of(side) or side in keyless else link.refs.other(side).id
            if not (writes.changes or key):
                continue
            if not writes.changes:
                writes.lane = Lane.ORDINARY
            lane = min(lane, writes.lane, key=LANES.index)
            record = seen.of(side)
            actions.append(
                Update(
                    side=side,
                    ref=record.ref if record else link.refs.of(side),
                    fields=writes.fields if key is None else {**writes.fields, kind.key.of(side): key},
                    refs=writes.refs,
                    changes=tuple(writes.changes),
                    lane=writes.lane,
                    expect=writes.expect or None,
                    key=key,
                    dated=writes.dated,
                    along=writes.along,
                )
            )
        if self.settled:
            actions.append(Settle(tuple(self.settled)))
        actions.extend(Hold(conflict) for conflict in self.holds)
        if not actions:
            actions.append(Nothing(self.reasons[0] if self.reasons else "already in step"))
        return Decision(
            kind=kind.kind,
            link=link,
            base=base,
            seen=seen,
            actions=tuple(actions),
            agreed=self.agreed,
            closes=tuple(self.closes),
            closes_with=self.closes_with,
            frees=tuple(self.frees),
            lane=lane,
            overruled=self.aside
            | {
                change.field: (side, change.before)
                for side in SIDES
                for change in self.sides.of(side).changes
                if change.rule.startswith(NEWEST)
            },
        )


def guarded(
    mapping: FieldMapping, wires: Mapping[str, Wire], confirmed: Mapping[str, Wire], record: RemoteRecord | None
) -> dict[str, Wire]:
    """What the vendor fields hold as far as is known, to be read again just before a guarded write."""
    if mapping.confirm is Confirm.NONE:
        return {}
    expect: dict[str, Wire] = {}
    for vendor_field in wires:
        told = wire_of(record, vendor_field) if record else confirmed.get(vendor_field, MISSING)
        if told is not MISSING and not vendor_field.startswith(REF):
            expect[vendor_field] = told
    return expect


def only(
    action: Update, changes: Sequence[FieldChange], *, slots: Mapping[str, Sequence[str]], key: str | None
) -> Update | None:
    """The same update with some of its changes only, and with what goes along with those; ``None`` if that is nothing.
    ``slots`` are the vendor fields of every shared field there.
    """
    along = action.along
    goes = not along.by.isdisjoint(change.field for change in changes)
    if not goes:
        changes = [change for change in changes if change.field not in along.told]
    if not changes and key is None:
        return None
    kept = {
        name for change in changes for slot in slots.get(change.field, ()) for name in (slot, slot.removeprefix(REF))
    }
    kept |= along.fields if goes else set()
    return replace(
        action,
        changes=tuple(changes),
        fields={name: wire for name, wire in action.fields.items() if name in kept},
        refs={name: link for name, link in action.refs.items() if name in kept},
        expect={name: wire for name, wire in (action.expect or {}).items() if name in kept} or None,
        key=key,
        along=along if goes else NOTHING_ALONG,
    )
