"""Where the shared fields of one kind stand on each vendor object, compiled once and asked for every record.

``Layouts`` answers two questions fast: which vendor fields hold a shared field of one object, and which fields a pair
of objects has in common. It promises that a field which is only written on create is in no layout, since nobody
compares it. Also here: what every part of planning needs to name things and to read a wire value without inventing one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter
from typing import Final

from syncd.core.normalize import Lens
from syncd.model.beside import field_of_former
from syncd.model.link import Base, Columns, Link, LinkState
from syncd.model.plan import Relink
from syncd.model.remote import REF, RemoteRecord, RemoteRef, Succession, wire_of
from syncd.model.values import MISSING, SIDES, Lane, Pair, Side, Wire

LANES: Final = list(Lane)
EMPTY_BASE: Final = Base(agreed={}, confirmed=Pair({}, {}))


def digest(*parts: object) -> str:
    """A short stable name for what the parts say: 24 hex digits."""
    return blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=12).hexdigest()


def restored(link: Link, side: Side, ref: RemoteRef) -> tuple[Link, Relink]:
    """A tombstone whose record came back is a live link again."""
    refs = link.refs.replacing(side, ref)
    revived = Link(
        link.id, link.kind, refs, link.proof, link.since, LinkState.LIVE, link.keyed.replacing(side, value=False)
    )
    return revived, Relink(side, link.refs.of(side), ref, Succession.RESTORED)


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields that one pair of vendor objects shares: their vendor fields per side, and a quick way to read them.

    ``names`` are those that a Base must have agreed on; a field that is only written on create is not among them.
    ``plain`` reads all vendor fields of a side at once; ``references`` are the pseudo fields it cannot read. ``homes``
    are the vendor fields of a side, each with the shared field it stands for; ``readers`` are all shared fields that
    each vendor field of a side is read by, references among them.
    """

    names: frozenset[str]
    slots: Mapping[str, Pair[tuple[str, ...]]]
    plain: Pair[Callable[[Mapping[str, Wire]], object]]
    references: Pair[tuple[str, ...]]
    homes: Pair[tuple[tuple[str, str], ...]]
    readers: Pair[Mapping[str, frozenset[str]]]
    _known: dict[Columns, bool] = field(default_factory=dict, repr=False, compare=False)
    _seen: dict[tuple[Side, Columns], bool] = field(default_factory=dict, repr=False, compare=False)

    def seen_on(self, side: Side, columns: Columns) -> bool:
        """Whether that side has confirmed every vendor field of this layout, to a Base of these columns."""
        seen = self._seen.get((side, columns))
        if seen is None:
            seen = columns.confirmed.of(side).issuperset(name for name, _ in self.homes.of(side))
            self._seen[side, columns] = seen
        return seen

    def known_by(self, columns: Columns) -> bool:
        """Whether a Base of these columns knows all fields of this layout: agreed on each, confirmed by both sides."""
        known = self._known.get(columns)
        if known is None:
            kept = any(field_of_former(name) is not None for name in columns.agreed)
            known = self._known[columns] = (
                not kept
                and self.names <= columns.agreed
                and all(
                    columns.confirmed.of(side).issuperset(
                        vendor_field for slot in self.slots.values() for vendor_field in slot.of(side)
                    )
                    for side in SIDES
                )
            )
        return known

    def tells(self, side: Side, record: RemoteRecord | None, confirmed: Mapping[str, Wire]) -> bool:
        """Whether a record tells all fields of this layout, each as it was confirmed; one that was not read does."""
        if record is None:
            return True
        plain = self.plain.of(side)
        try:
            if plain(record.fields) != plain(confirmed):
                return False
            for reference in self.references.of(side):
                if confirmed[reference] != wire_of(record, reference, confirmed[reference]):
                    return False
        except KeyError:
            return False
        return True

    def told_otherwise(self, side: Side, record: RemoteRecord, confirmed: Mapping[str, Wire]) -> list[str]:
        """Shared fields of which a record tells something else than was confirmed; what it does not tell is none."""
        fields = record.fields
        told = [
            name
            for vendor_field, name in self.homes.of(side)
            if vendor_field in fields
            and (vendor_field not in confirmed or confirmed[vendor_field] != fields[vendor_field])
        ]
        for reference in self.references.of(side):
            wire = wire_of(record, reference, confirmed.get(reference, MISSING))
            if wire is not MISSING and (reference not in confirmed or confirmed[reference] != wire):
                told.append(reference[len(REF) :])
        return told


class Layouts:
    """All layouts of one kind, each compiled when it is first needed. ``mapped`` are all of its fields: one that a
    vendor has no more is none, whatever a Base still keeps of it.
    """

    def __init__(self, lens: Lens) -> None:
        self.lens = lens
        self.mapped = frozenset(field.name for field in lens.kind.fields)
        self._pairs: dict[tuple[str, str], Layout] = {}
        self._objects: dict[tuple[Side, str], dict[str, tuple[str, ...]]] = {}

    def of(self, refs: Pair[RemoteRef]) -> Layout:
        """The fields that both of these objects have."""
        objects = refs.marketing.object, refs.crm.object
        found = self._pairs.get(objects)
        if found is None:
            found = self._pairs[objects] = _layout(self.lens, Pair(*objects))
        return found

    def slots(self, side: Side, object_name: str) -> Mapping[str, tuple[str, ...]]:
        """The vendor fields of every shared field that one vendor object has, create-only ones too."""
        found = self._objects.get((side, object_name))
        if found is None:
            slots = self.lens.slots(side, object_name)
            found = self._objects[side, object_name] = {slot.field.name: slot.vendor_fields for slot in slots}
        return found


def _layout(lens: Lens, objects: Pair[str]) -> Layout:
    sides = Pair(*({slot.field.name: slot for slot in lens.slots(side, objects.of(side))} for side in SIDES))
    shared = [name for name in sides.marketing if name in sides.crm and not sides.crm[name].field.only_on_create]
    alone = [name for side in sides for name, slot in side.items() if slot.field.derive is not None]
    alone += [name for name in _wanted(lens) if any(name in side for side in sides)]
    shared += [name for name in dict.fromkeys(alone) if name not in shared]  # it may stand on one side only

    def columns(side: Side, name: str) -> tuple[str, ...]:
        slot = sides.of(side).get(name)
        return () if slot is None else slot.vendor_fields

    slots = {name: Pair(columns(Side.MARKETING, name), columns(Side.CRM, name)) for name in shared}

    def reader(side: Side) -> Callable[[Mapping[str, Wire]], object]:
        names = [field for name in shared for field in slots[name].of(side) if not field.startswith(REF)]
        return itemgetter(*names) if names else _nothing_to_read

    def homes(side: Side) -> tuple[tuple[str, str], ...]:
        return tuple((field, name) for name in shared for field in slots[name].of(side) if not field.startswith(REF))

    def references(side: Side) -> tuple[str, ...]:
        return tuple(field for name in shared for field in slots[name].of(side) if field.startswith(REF))

    def readers(side: Side) -> Mapping[str, frozenset[str]]:
        columns = dict.fromkeys(field for name in shared for field in slots[name].of(side))
        return {field: frozenset(name for name in shared if field in slots[name].of(side)) for field in columns}

    return Layout(
        names=frozenset(shared),
        slots=slots,
        plain=Pair(reader(Side.MARKETING), reader(Side.CRM)),
        references=Pair(references(Side.MARKETING), references(Side.CRM)),
        homes=Pair(homes(Side.MARKETING), homes(Side.CRM)),
        readers=Pair(readers(Side.MARKETING), readers(Side.CRM)),
    )


def _wanted(lens: Lens) -> tuple[str, ...]:
    """Fields that both teams want to know of, whichever side has them: the stage, and the facts of the ledger."""
    if lens.kind.agreed is None:
        return ()
    lifecycle = lens.kind.agreed.lifecycle
    facts = () if lifecycle.handoff is None else lifecycle.handoff.facts.values()
    return lifecycle.field, *facts


def _nothing_to_read(_: Mapping[str, Wire]) -> object:
    return None
