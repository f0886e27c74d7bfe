"""What must be true of a run, judged from what people did, what both vendors hold and what the wire carried.

It shares no code with what it judges: nothing of ``syncd.core`` is imported here. Values are known by their tokens:
each was typed once, by one person, onto one record, so that whatever is found anywhere tells where it came from. From
the store only the lists for people are read (conflicts, parked fields, dead letters, fields at rest) and the audit.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.lab.audited import unsound
from syncd.lab.crowd import plain
from syncd.lab.ledger import Edit, Ref
from syncd.lab.violation import Violation
from syncd.lab.witness import Witness
from syncd.model.link import Link
from syncd.model.mapping import Direction, FieldMapping
from syncd.model.remote import RemoteRef
from syncd.model.values import FieldType, Side
from syncd.operations.braking import held_document
from syncd.operations.drift import resting

PLAIN: Final = frozenset({FieldType.STRING, FieldType.TEXT, FieldType.EMAIL})
AUDITED: Final = 200
"""Writes of one record that are looked through for a value."""


def judged(witness: Witness) -> list[Violation]:
    """Every promise that is broken once it is quiet; one line each, the first of a sort first."""
    after = _After(witness)
    whole = (*after.agreement(), *after.losses(), *after.doubles(), *after.limits(), *unsound(witness.arena.store))
    return [*witness.broken[:5], *whole]


@dataclass(frozen=True, slots=True)
class _Held:
    """One living record: its values by vendor field."""

    side: Side
    ref: Ref
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        """One value as text, "" for none, without blanks around it."""
        value = self.values.get(column)
        return "" if value is None else unicodedata.normalize("NFC", str(value)).strip()


class _After:
    """What stands where once it is quiet."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.arena = witness.arena
        self.ledger = witness.ledger
        self.kinds = witness.kinds
        self.held = {(each.side, each.ref): each for each in self._living()}
        self.lists = self._lists()

    def _living(self) -> Iterator[_Held]:
        for kind in self.kinds:
            for name in kind.objects.marketing:
                store = self.arena.hubspot.portal.store(name)
                for number in sorted(store.live):
                    yield _Held(Side.MARKETING, (name, str(number)), store.records[number].values)
            for name in kind.objects.crm:
                for row in self.arena.salesforce.org.schema.require(name).table.by_id():
                    if not row.get("IsDeleted") and not row.get("IsConverted"):
                        yield _Held(Side.CRM, (name, str(row["Id"])), row)

    def _lists(self) -> Mapping[tuple[Side, str], set[str]]:
        """What people were told of: shared fields by record, "*" for all of it."""
        told = defaultdict[tuple[Side, str], set[str]](set)
        for side, record, name in (*self._waiting(), *self._by_link()):
            told[side, record].add(name)
        return told

    def _waiting(self) -> Iterator[tuple[Side, str, str]]:
        """Conflicts, dead letters, and what the brake holds, by the records that they name themselves."""
        store = self.arena.store
        for conflict in store.conflicts():
            for side, ref in conflict.refs:
                yield side, ref.id, conflict.field or "*"
        for letter in store.dead_letters():
            yield letter.side.other, letter.origin.id, "*"
        for held in held_document(store):
            for text in held["refs"]:
                where, _, record = text.partition(":")
                yield Side(where), record.rpartition("/")[2], held["field"] or "*"

    def _by_link(self) -> Iterator[tuple[Side, str, str]]:
        """Parked fields, fields at rest, and records whose counterpart left."""
        store = self.arena.store
        parked = defaultdict[str, set[str]](set)
        for row in store.parked():
            parked[row.link].add(row.field)
        rests = {rest.field for rest in resting(store)}
        for kind in self.kinds:
            for link in store.links(kind.kind):
                names = rests | parked[link.id] | ({"*"} if str(link.state) != "live" else set())
                for side in Side:
                    for name in names:
                        yield side, link.refs.of(side).id, name

    def _told(self, who: Sequence[tuple[Side, str]], name: str) -> bool:
        return any(name in self.lists.get(each, ()) or "*" in self.lists.get(each, ()) for each in who)

    # -- P1 ------------------------------------------------------------------------------------------------------------
    def agreement(self) -> Iterator[Violation]:
        """Two records that name each other agree in every plain field that flows both ways, or somebody was told."""
        for kind in self.kinds:
            crm = {ref[1]: held for (side, ref), held in self.held.items() if side is Side.CRM}
            for (side, ref), one in self.held.items():
                if side is not Side.MARKETING or ref[0] not in kind.objects.marketing:
                    continue
                other = crm.get(one.text(kind.key.marketing))
                if other is None or other.text(kind.key.crm) != ref[1]:
                    continue
                for mapping in kind.fields:
                    yield from self._same(mapping, one, other)

    def _same(self, mapping: FieldMapping, one: _Held, other: _Held) -> Iterator[Violation]:
        if mapping.type not in PLAIN or not plain(mapping) or mapping.direction is not Direction.BOTH:
            return
        columns = mapping.slots.marketing.get(one.ref[0]), mapping.slots.crm.get(other.ref[0])
        if columns[0] is None or columns[1] is None or len(columns[0]) > 1 or len(columns[1]) > 1:
            return
        self.witness.judged += 1
        left, right = one.text(columns[0][0]), other.text(columns[1][0])
        if left == right or (mapping.type is FieldType.EMAIL and left.lower() == right.lower()):
            return
        if self._told([(one.side, one.ref[1]), (other.side, other.ref[1])], mapping.name):
            self.witness.listed += 1
            return
        if not left and right == mapping.create_default.crm:
            return
        where = f"{'/'.join(one.ref)} {'/'.join(other.ref)} {mapping.name}"
        yield Violation("P1", where, f"{left!r} and {right!r}, and nobody was told")

    # -- P2 ------------------------------------------------------------------------------------------------------------
    def losses(self) -> Iterator[Violation]:
        """An edit that syncd saw and that stands nowhere was superseded by people, or is kept where they find it."""
        last: dict[tuple[Side, Ref, str], Edit] = {}
        for edit in self.ledger.edits:
            last[edit.side, edit.ref, edit.column] = edit
        for edit in last.values():
            held = self.held.get((edit.side, edit.ref))
            if not edit.token or held is None or _says(held.text(edit.column), edit):
                continue
            if not self.witness.observed(edit) or self._rewritten_by_people(edit) or self._kept(edit):
                continue
            now = held.text(edit.column)
            yield Violation("P2", f"{'/'.join(edit.ref)} {edit.field}", f"{edit.value!r} was seen and is lost; {now!r}")

    def _rewritten_by_people(self, edit: Edit) -> bool:
        """Whether this person's record, on either side, was edited or touched later, or the vendor's admin emptied the
        field in every record: then others than syncd superseded it.
        """
        if self.ledger.emptied.get((edit.side, edit.ref[0], edit.column), -1) >= edit.ms:
            return True
        root = self.ledger.root((edit.side, edit.ref[1]))
        if any(self.ledger.root(who) == root and ms >= edit.ms for who, ms in self.ledger.touched.items()):
            return True
        later = [
            (each.side, each.ref[1])
            for each in self.ledger.edits
            if each.field == edit.field and each.ms >= edit.ms and each != edit
        ]
        mates = {(edit.side.other, link.refs.of(edit.side.other).id) for link in self._links_of(edit.side, edit.ref)}
        return any(self.ledger.root(who) == root or who in mates for who in later)

    def _links_of(self, side: Side, ref: Ref) -> list[Link]:
        found: list[Link] = []
        for kind in self.kinds:
            if ref[0] in kind.objects.of(side):
                linked = self.arena.store.linked(kind.kind, side, [RemoteRef(*ref)])
                found += (each.link for each in linked.values())
        return found

    def _kept(self, edit: Edit) -> bool:
        """Whether the value stands in a conflict, somebody was told, or the audit of a write that replaced it on that
        very record tells it.
        """
        if self._told([(edit.side, edit.ref[1])], edit.field):
            return True
        return any(
            row.side is edit.side
            and row.ref is not None
            and row.ref.id == edit.ref[1]
            and any(change.field == edit.field and _says(change.before, edit) for change in row.changes)
            for link in self._links_of(edit.side, edit.ref)
            for row in self.arena.store.audit_of(link.id, AUDITED)
        )

    # -- P3 ------------------------------------------------------------------------------------------------------------
    def doubles(self) -> Iterator[Violation]:
        """No two living records of a side bear one key, but where people brought that about and were told."""
        for kind in self.kinds:
            for side in Side:
                bearers: dict[str, list[Ref]] = defaultdict(list)
                for (where, ref), held in self.held.items():
                    if where is side and ref[0] in kind.objects.of(side) and held.text(kind.key.of(side)):
                        bearers[held.text(kind.key.of(side))].append(ref)
                for key, refs in bearers.items():
                    if len(refs) > 1 and not self._by_people(side, refs):
                        yield Violation("P3", f"{side} {kind.kind}", f"{key} is the key of {len(refs)} records: {refs}")

    def _by_people(self, side: Side, refs: Sequence[Ref]) -> bool:
        """Whether somebody typed another's key, or took what was merged away out of the bin, which is asked about."""
        typed = self.arena.salesforce.faults.fired["external-id-twice"] > 0
        back = any((side, ref) in self.ledger.restored or (side, ref[1]) in self.ledger.touched for ref in refs)
        return typed or (back and self._told([(side, ref[1]) for ref in refs], "*"))

    # -- P8 ------------------------------------------------------------------------------------------------------------
    def limits(self) -> Iterator[Violation]:
        """No vendor had to say by itself that it is asked too often, but for searches that the line bunched."""
        for side, kernel in ((Side.MARKETING, self.arena.hubspot), (Side.CRM, self.arena.salesforce)):
            for call in kernel.calls:
                if call.status == 429 and call.fault is None and call.number not in self.witness.bunched:
                    yield Violation("P8", f"{side} {call.operation}", f"the vendor's limit was run into at {call.at}")


def _says(value: object, edit: Edit) -> bool:
    """Whether a value is what was typed: a vendor's own automation may capitalise it, which loses nothing."""
    return edit.token.lower() in str(value).lower()
