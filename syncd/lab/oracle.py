"""What must be true of a run, judged from what people did, what both vendors hold and what the wire carried.

It shares no code with what it judges: nothing of ``syncd.core`` is imported here. Values are known by their tokens:
each was typed once, by one person, onto one record, so that whatever is found anywhere tells where it came from. From
the store only the lists for people are read (conflicts, parked fields, dead letters, fields at rest) and the audit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from syncd.lab.audited import unsound
from syncd.lab.holding import Held, Holding
from syncd.lab.ledger import Edit, Ref
from syncd.lab.meaning import meant
from syncd.lab.pairs import Pairs
from syncd.lab.violation import Violation
from syncd.lab.witness import Witness
from syncd.model.link import Link
from syncd.model.mapping import Direction, KindMapping
from syncd.model.remote import RemoteRef
from syncd.model.values import FieldType, Side

AUDITED: Final = 200
"""Writes of one record that are looked through for a value."""


def judged(witness: Witness) -> list[Violation]:
    """Every promise that is broken once it is quiet; one line each, the first of a sort first."""
    holding = Holding(witness.arena, witness.kinds)
    after, pairs = _After(witness, holding), Pairs(witness, holding)
    whole = (*pairs.agreement(), *after.losses(), *after.doubles(), *after.limits(), *unsound(witness.arena.store))
    return [*witness.broken[:5], *witness.pace.broken(), *whole]


class _After:
    """What became of what people did."""

    def __init__(self, witness: Witness, holding: Holding) -> None:
        self.witness = witness
        self.arena = witness.arena
        self.ledger = witness.ledger
        self.kinds = witness.kinds
        self.holding = holding
        self.held = holding.held

    # -- P2 ------------------------------------------------------------------------------------------------------------
    def losses(self) -> Iterator[Violation]:
        """An edit that syncd saw and that stands nowhere was superseded by people, or is kept where they find it."""
        last: dict[tuple[Side, Ref, str], Edit] = {}
        for edit in self.ledger.edits:
            last[edit.side, edit.ref, edit.field] = edit
        for edit in last.values():
            held = self.held.get((edit.side, edit.ref))
            if not (edit.token or edit.form) or held is None:
                continue
            self.witness.checked.add("P2")
            if self._stands(held, edit):
                continue
            if not self.witness.observed(edit) or self._rewritten_by_people(edit) or self._kept(edit):
                continue
            now = " ".join(held.text(name) for name, _ in edit.form) or held.text(edit.column)
            yield Violation("P2", f"{'/'.join(edit.ref)} {edit.field}", f"{edit.value!r} was seen and is lost; {now!r}")

    def _stands(self, held: Held, edit: Edit) -> bool:
        """Whether an edit is still there: by its token, or by what stands there meaning the same, or more."""
        if edit.token:
            return _says(held.text(edit.column), edit)
        columns = [name for name, _ in edit.form]
        mappings = (each for kind in self.kinds for each in kind.fields if edit.ref[0] in kind.objects.of(edit.side))
        mapping = next(each for each in mappings if each.name == edit.field)
        now = meant(mapping, edit.side, [held.text(name) for name in columns])
        return now == edit.means or (
            isinstance(now, frozenset) and isinstance(edit.means, frozenset) and edit.means <= now
        )

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
        if self.holding.told([(edit.side, edit.ref[1])], edit.field):
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
        """No two living records of a side bear one key, but where people brought that about and were told; and none
        that syncd made is there without a key beside another one with its address.
        """
        for kind in self.kinds:
            for side in Side:
                yield from self._one_key_twice(kind, side)
                yield from self._made_twice(kind, side)

    def _one_key_twice(self, kind: KindMapping, side: Side) -> Iterator[Violation]:
        bearers: dict[str, list[Ref]] = defaultdict(list)
        for held in self.holding.of(kind, side):
            if key := held.text(kind.key.of(side)):
                bearers[key].append(held.ref)
        for key, refs in bearers.items():
            if len(refs) > 1 and not self._by_people(side, refs):
                yield Violation("P3", f"{side} {kind.kind}", f"{key} is the key of {len(refs)} records: {refs}")

    def _made_twice(self, kind: KindMapping, side: Side) -> Iterator[Violation]:
        """Whatever syncd makes has a key from the beginning: one without is of nobody, or a second one of somebody."""
        kernel = self.arena.kernel("hubspot" if side is Side.MARKETING else "salesforce")
        made = {record for call in kernel.calls for record in call.created}
        columns = {
            name: fields[0]
            for mapping in kind.fields
            if mapping.type is FieldType.EMAIL and mapping.direction is Direction.BOTH
            for name, fields in mapping.slots.of(side).items()
        }
        sharing: dict[str, list[Held]] = defaultdict(list)
        for held in self.holding.of(kind, side):
            if address := held.text(columns.get(held.ref[0], "")).lower():
                sharing[address].append(held)
        for address, alike in sharing.items():
            keyless = [held for held in alike if held.ref[1] in made and not held.text(kind.key.of(side))]
            if len(alike) > 1 and keyless and not self.holding.told([held.who for held in keyless], "*"):
                what = f"{'/'.join(keyless[0].ref)} was made without a key beside another one of {address}"
                yield Violation("P3", f"{side} {kind.kind}", what)

    def _by_people(self, side: Side, refs: Sequence[Ref]) -> bool:
        """Whether somebody typed another's key, or took what was merged away out of the bin, which is asked about."""
        typed = any(
            self.ledger.root((side, ref[1])) == self.ledger.root(who) for ref in refs for who in self.ledger.typed
        )
        back = any((side, ref) in self.ledger.restored or (side, ref[1]) in self.ledger.touched for ref in refs)
        return typed or (back and self.holding.told([(side, ref[1]) for ref in refs], "*"))

    # -- P8 ------------------------------------------------------------------------------------------------------------
    def limits(self) -> Iterator[Violation]:
        """No vendor had to say by itself that it is asked too often, but for searches that the line bunched."""
        for side, kernel in ((Side.MARKETING, self.arena.hubspot), (Side.CRM, self.arena.salesforce)):
            for call in kernel.calls:
                if call.status == 429 and call.fault is None and call.number not in self.witness.bunched:
                    yield Violation("P8", f"{side} {call.operation}", f"the vendor's limit was run into at {call.at}")


def _says(value: object, edit: Edit) -> bool:
    """Whether a value is what was typed: a vendor's own automation may capitalise it, which loses nothing."""
    if edit.token:
        return edit.token.lower() in str(value).lower()
    return value == edit.means or (isinstance(value, tuple) and frozenset(value) == edit.means)
