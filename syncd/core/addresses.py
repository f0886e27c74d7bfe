"""An opt-out outlives the address it was told of.

HubSpot ties an opt-out to the address and not to the contact (knowledge base, "Resubscribe contacts to your marketing
emails"): under another address the contact shows none. That is nobody's renewed consent. So whoever gets a new address
on the marketing side is opted out there again: in the same write, and before it, where the address comes from us.
"""

from __future__ import annotations

from typing import Final

from syncd.core.draft import Draft
from syncd.core.former import EMPTY
from syncd.core.looking import Looking
from syncd.core.merge import Seen
from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.model.link import Base, FieldChange, Link
from syncd.model.mapping import FieldMapping
from syncd.model.plan import Along
from syncd.model.remote import RemoteRecord, wire_of
from syncd.model.values import SIDES, FieldType, Pair, Side

CARRIED: Final = "an opt-out stays with the person"
"""The rule of an opt-out that is told of the address that a write brings."""


class Addresses:
    """Judges the opt-outs of one kind by the addresses that its people are found by."""

    def __init__(self, lens: Lens, looking: Looking) -> None:
        self._lens = lens
        self._looking = looking
        self._names = frozenset(rule.field for rule in lens.kind.match if rule.by == "email")
        self._opt_outs = [field for field in lens.kind.fields if field.type is FieldType.OPT_OUT]

    def sides(self, mapping: FieldMapping, link: Link, base: Base, seen: Pair[RemoteRecord | None]) -> Pair[Seen]:
        """A field on both sides. An opt-out that marketing shows no more since the address is another one has not
        changed; where consent was given for the new address, it has.
        """
        marketing, crm = (self._looking.at(side, mapping.name, link, base, seen.of(side)) for side in SIDES)
        if mapping.type is FieldType.OPT_OUT and marketing.changed and self._left(mapping.name, link, base, seen):
            marketing = Seen(marketing.value, changed=False)
        return Pair(marketing, crm)

    def carry(self, draft: Draft, link: Link, base: Base, seen: Pair[RemoteRecord | None]) -> None:
        """Puts what marketing shows as opted out into a write that gives the contact another address."""
        side, writes, slots = Side.MARKETING, draft.sides.marketing, self._looking.layout_of(link, seen).slots
        told = {change.field: change.after for change in writes.changes}
        if not any(told.get(name) for name in self._names):
            return
        record = seen.marketing
        target = record.ref.object if record else link.refs.marketing.object
        for mapping in self._opt_outs:
            name = mapping.name
            if name in told or self._looking.rests(name) or not slots.get(name) or not mapping.direction.flows_to(side):
                continue
            marketing, crm = (self._looking.at(each, name, link, base, seen.of(each)) for each in SIDES)
            wires = self._lens.write(side, target, name, True) if marketing.value is True else {}
            if isinstance(wires, Invalid | Inexpressible):
                continue
            told_of = wires and crm.value is True  # else what the CRM says is not settled by this
            if told_of:
                writes.put(mapping, wires, FieldChange(name, True, True, CARRIED, None))
            writes.fields |= wires
            fields, known = writes.along.fields | wires.keys(), writes.along.told | ({name} if told_of else set())
            writes.along = Along(self._names, fields, known)

    def _left(self, name: str, link: Link, base: Base, seen: Pair[RemoteRecord | None]) -> bool:
        """Whether marketing's record has another address than it confirmed, of which this opt-out tells nothing."""
        record, slots = seen.marketing, self._looking.layout_of(link, seen).slots
        if record is None or not all(wire_of(record, each) in EMPTY for each in slots[name].marketing):
            return False
        names = self._names & slots.keys()
        return any(self._looking.at(Side.MARKETING, each, link, base, record).changed for each in names)
