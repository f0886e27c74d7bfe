"""Taking back what syncd wrote: what stood there before, from the audit, and whether it may be put back now.

Goes in: the writes of one linked record as the audit tells them, and both records as they are. Comes out: the values to
put back, each on the side it was written to, and for everything else why it stays. It promises to touch a value only
where ours still stands, never to lift an opt-out nor to lose one with the address that goes, and never to move a person
to a stage: stages move by the lifecycle.

Afterwards the two sides differ on purpose. So that nobody's next change is taken for the old one, that difference is a
conflict of its own (``Topic.UNDONE``), which is opened before anything is written and says what each side is to show.
As long as they show that, nothing flows; once a side shows anything else, somebody has edited it, and it is a change
like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from syncd.core.addresses import Addresses
from syncd.core.deriving import RULE
from syncd.core.draft import Draft, guarded
from syncd.core.holding import held_field
from syncd.core.known import Known, Person
from syncd.core.layout import EMPTY_BASE, Layouts
from syncd.core.looking import Looking
from syncd.core.lost import BACK
from syncd.core.merge import Seen
from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.core.parking import Parking
from syncd.core.sight import Sight
from syncd.model.link import WRITTEN, AuditRow, Conflict, FieldChange, IntentKind, Linked, Topic
from syncd.model.mapping import Confirm, FieldMapping
from syncd.model.plan import Decision
from syncd.model.remote import RemoteRecord
from syncd.model.undoing import Before, Befores, Left, Undo
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Instant, Pair, Side, Told

CHANGED: Final = "changed since: what syncd wrote does not stand there any more"
MADE: Final = "the record was made by it: delete it by hand where it is not wanted"
UNKNOWN: Final = "nobody knows yet whether it arrived; once that is settled, roll back again"
FORGOTTEN: Final = "the person was forgotten, and what stood there before with them"
UNREAD: Final = "what stood there before could not be read when it was written over"
STAGE: Final = "stages move as lifecycle.yaml declares; move the person back by hand"
OPT_OUT: Final = "an opt-out is never lifted"
COMPUTED: Final = "syncd computes it; it follows from the rules and the other fields"
UNMAPPED: Final = "the field is not mapped any more"
UNTOLD: Final = "the record does not tell this field now"
EMPTY_REFERENCE: Final = "a reference is never emptied"
UNDONE: Final = "taken back on purpose"


def befores(
    rows: Iterable[AuditRow], undo: Undo, fields: Mapping[str, FieldMapping], *, staged: str | None, only: Sequence[str]
) -> tuple[Befores, list[Left]]:
    """What is to be taken back of one linked record, and what cannot be.

    :param rows: its writes, in any order.
    :param fields: the mapped fields of its kind.
    :param staged: the field that the lifecycle moves, if there is one.
    :param only: the fields that are wanted, all if it is empty.
    """
    found: dict[str, Pair[Before | None]] = {}
    last: dict[tuple[str, Side], AuditRow] = {}
    left: list[Left] = []
    rows = sorted(rows, key=lambda row: (row.at, row.attempt))
    meant = [row for row in rows if undo.means(row.run, row.at)]
    made = [row for row in meant if row.action is IntentKind.CREATE and row.outcome in WRITTEN]
    if made:  # what was written beside it goes with the record, and no half of it alone
        return {}, [_left(made[0], "", MADE)]
    for row in meant:
        if row.outcome not in WRITTEN:
            if not row.outcome:
                names = (change.field for change in row.changes)
                left.extend(_left(row, name, UNKNOWN) for name in names if not only or name in only)
            continue
        for change in row.changes:
            if only and change.field not in only:
                continue
            why = FORGOTTEN if row.destroyed else _why_not(change, fields.get(change.field), staged)
            if why:
                left.append(_left(row, change.field, why))
                continue
            both = found.get(change.field, Pair(None, None))
            first = both.of(row.side)
            value = change.before if first is None else first.value
            found[change.field] = both.replacing(row.side, Before(value, change.after))
            last[change.field, row.side] = row
    newer = _newest(row for row in rows if not undo.means(row.run, row.at))
    for (name, side), row in last.items():
        if (name, side) in newer and newer[name, side] > row.at:  # the same value may stand there, by that write
            found[name] = found[name].replacing(side, None)
            left.append(_left(row, name, CHANGED))
    return found, left


def _newest(rows: Iterable[AuditRow]) -> dict[tuple[str, Side], Instant]:
    """When each field of a side was last written by these, which are in their order. To take back is no such write: an
    earlier try may have broken off.
    """
    return {
        (change.field, row.side): row.at
        for row in rows
        if row.outcome in WRITTEN
        for change in row.changes
        if not change.rule.startswith(BACK)
    }


def _left(row: AuditRow, field: str, reason: str) -> Left:
    return Left(row.kind, row.link, row.side, row.ref, field, reason)


def _why_not(change: FieldChange, mapping: FieldMapping | None, staged: str | None) -> str:
    """Why a write can never be taken back, whatever stands there now; empty if it may be."""
    if mapping is None:
        return UNMAPPED
    if change.unread:
        return UNREAD
    if mapping.name == staged:
        return STAGE
    if mapping.type is FieldType.OPT_OUT:
        return OPT_OUT
    if mapping.derive is not None or change.rule.startswith(RULE):
        return COMPUTED
    if mapping.type is FieldType.REFERENCE and change.before is None:
        return EMPTY_REFERENCE
    return ""


def is_back(before: Before | None, seen: Seen) -> bool:
    """Whether a value stands there again already: by an earlier try that broke off, or by somebody's hand."""
    return before is not None and seen.value == before.value


def standing(both: Pair[Before | None], seen: Pair[Seen]) -> tuple[dict[Side, Canonical], dict[Side, str]]:
    """The values to put back on each side of one field, and why a side stays. What is back already is neither."""
    back: dict[Side, Canonical] = {}
    stays: dict[Side, str] = {}
    for side in SIDES:
        before = both.of(side)
        if before is None:
            continue
        shown = seen.of(side).value
        if shown is MISSING:
            stays[side] = seen.of(side).trouble or UNTOLD
        elif shown == before.stood:
            back[side] = before.value
        elif shown != before.value:
            stays[side] = CHANGED
    return {side: value for side, value in back.items() if value != seen.of(side).value}, stays


class TakingBack:
    """Decides what of linked records of one kind goes back; with the parts of its Planner."""

    def __init__(
        self,
        lens: Lens,
        layouts: Layouts,
        sight: Sight,
        looking: Looking,
        parking: Parking,
        addresses: Addresses,
        *,
        connection: str,
        now: Instant,
    ) -> None:
        self.lens = lens
        self.layouts = layouts
        self.sight = sight
        self.looking = looking
        self.parking = parking
        self.addresses = addresses
        self.connection = connection
        self.now = now
        self.fields = {field.name: field for field in lens.kind.fields}

    def decide(
        self, linked: Linked, seen: Pair[RemoteRecord | None], known: Known, wanted: Befores, undo: Undo
    ) -> tuple[Decision | None, list[Left]]:
        """The decision on one linked record (``None`` where nothing goes back), and what of it stays."""
        record = _TakenBack(self, linked, seen, known, undo)
        for name, both in wanted.items():
            record.field(name, both)
        return record.decision(), record.left


class _TakenBack:
    """One linked record, field by field."""

    def __init__(
        self, parts: TakingBack, linked: Linked, seen: Pair[RemoteRecord | None], known: Known, undo: Undo
    ) -> None:
        self._parts = parts
        self._linked = linked
        self._base = linked.base or EMPTY_BASE
        self._seen = seen
        self._known = known
        self._undo = undo
        self._draft = Draft()
        self.left: list[Left] = []

    def field(self, name: str, both: Pair[Before | None]) -> None:
        """Decides on one field, of which one side or both were written."""
        link = self._linked.link
        sides = Pair(*(self._parts.looking.at(side, name, link, self._base, self._seen.of(side)) for side in SIDES))
        back, stays = standing(both, sides)
        for side, value in list(back.items()):
            if reason := self._put(name, side, value, sides.of(side).value):
                stays[side] = reason
                del back[side]
        self._stay(name, stays)
        if back or any(is_back(both.of(side), sides.of(side)) for side in SIDES):
            self._leave(name, Pair(*(back.get(side, sides.of(side).value) for side in SIDES)), written=bool(back))

    def decision(self) -> Decision | None:
        """What comes of it all; ``None`` if nothing does."""
        link = self._linked.link
        if not (self._draft.holds or self._draft.settled or any(writes.changes for writes in self._draft.sides)):
            return None
        self._parts.addresses.carry(self._draft, link, self._base, self._seen)
        keyless = [side for side in SIDES if not link.keyed.of(side)]  # nobody asked for a key now
        return self._draft.decision(self._parts.lens.kind, link, self._linked.base, self._seen, (), keyless)

    def _stay(self, name: str, why: Mapping[Side, str]) -> None:
        link = self._linked.link
        for side, reason in why.items():
            self.left.append(Left(link.kind, link.id, side, link.refs.of(side), name, reason))

    def _put(self, name: str, side: Side, value: Canonical, shown: Told) -> str:
        """Writes one value back on one side; why not, where that cannot be."""
        parts, record, mapping = self._parts, self._seen.of(side), self._parts.fields[name]
        ref = record.ref if record else self._linked.link.refs.of(side)
        if name not in parts.layouts.slots(side, ref.object):
            return f"{ref.object} has no place for it"
        wires = parts.sight.written(side, mapping, value, Person(self._linked.link, self._base, self._seen, {}))
        if isinstance(wires, Inexpressible | Invalid):
            return wires.reason
        rule = f"{BACK}{self._undo.told}"
        if parts.parking.holds_back(self._known.parked, side, name, wires, record, rule):
            return "that side refused this very value before; see `syncd parked list`"
        writes = self._draft.sides.of(side)
        writes.put(mapping, wires, FieldChange(name, None if shown is MISSING else shown, value, rule, None))
        guard = mapping if mapping.confirm is not Confirm.NONE else replace(mapping, confirm=Confirm.READBACK)
        writes.expect |= guarded(guard, wires, self._base.confirmed.of(side), record)
        return ""

    def _leave(self, name: str, shown: Pair[Told], *, written: bool) -> None:
        """What becomes of a field whose sides will show this: agreed, or a difference that is owned by somebody."""
        marketing, crm = shown
        if marketing is MISSING or crm is MISSING:
            return  # what is there is looked at once both tell it
        if marketing == crm:
            self._draft.agreed[name] = crm
            here = (each for each in self._known.conflicts if each.field == name and each.topic is Topic.UNDONE)
            self._draft.close(name, [each.id for each in here])
            if not written:
                self._draft.settle(name, crm)
            return
        conflict = held_field(
            self._parts.connection,
            self._linked.link,
            self._base,
            name,
            topic=Topic.UNDONE,
            reason=f"{UNDONE} ({self._undo.told}): the other side was left as it is",
            values=Pair(marketing, crm),
            now=self._parts.now,
        )
        self._draft.hold(conflict, self._known.conflicts)


def undone(conflicts: Iterable[Conflict]) -> bool:
    """Whether one of these conflicts is a field that was taken back."""
    return any(conflict.topic is Topic.UNDONE for conflict in conflicts)


def waits(conflicts: Iterable[Conflict], seen: Pair[Seen]) -> bool:
    """Whether a field was taken back and both sides show still what was left there, or do not tell."""
    return any(
        conflict.topic is Topic.UNDONE
        and all(seen.of(side).value in (conflict.values.of(side), MISSING) for side in SIDES)
        for conflict in conflicts
    )
