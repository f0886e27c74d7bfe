"""The shared values of a linked record as they stand, read by a mapping that may not be the one in use.

What both sides last confirmed is known in the vendor's words, so a changed mapping can read it again. A field whose
vendor fields were never read has no value to tell: it is named, and what depends on it has no answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncd.core.normalize import Invalid, Lens
from syncd.model.link import Base
from syncd.model.mapping import Direction, FieldMapping
from syncd.model.values import MISSING, SIDES, Canonical, Pair, Side, Told

NEVER_READ = "was never read"
APART = "differs between both sides"


def standing_values(
    lens: Lens, objects: Pair[str], base: Base, agreed: Mapping[str, str]
) -> tuple[dict[str, Canonical], dict[str, str]]:
    """The values by shared field, and of the others why there is none, in words that follow the field's name.

    :param agreed: fields that read as in the mapping in use, and what they are called there: of these the agreed value
        counts.
    """
    values: dict[str, Canonical] = {}
    unsettled: dict[str, str] = {}
    for mapping in lens.kind.fields:
        name = agreed.get(mapping.name)
        if name is not None and name in base.agreed:
            values[mapping.name] = base.agreed[name]
            continue
        told = {side: _read(lens, mapping, side, objects.of(side), base) for side in SIDES}
        known = [value for value in told.values() if value is not MISSING]
        if not known:
            placed = any(objects.of(side) in mapping.slots.of(side) for side in SIDES)
            if placed:
                unsettled[mapping.name] = NEVER_READ
            else:
                values[mapping.name] = None
        elif all(value == known[0] for value in known):
            values[mapping.name] = known[0]
        elif mapping.direction is not Direction.BOTH:
            owner = Side.MARKETING if mapping.direction is Direction.TO_CRM else Side.CRM
            values[mapping.name] = _plain(told[owner])
        else:
            unsettled[mapping.name] = APART
    return values, unsettled


def _read(lens: Lens, mapping: FieldMapping, side: Side, object_name: str, base: Base) -> Told:
    slots = {slot.field.name: slot.vendor_fields for slot in lens.slots(side, object_name)}
    names = slots.get(mapping.name, ())
    confirmed = base.confirmed.of(side)
    if not names or any(name not in confirmed for name in names):
        return MISSING
    read = lens.read(side, object_name, mapping.name, tuple(confirmed[name] for name in names))
    return MISSING if isinstance(read, Invalid) else read


def _plain(value: Told) -> Canonical:
    return None if value is MISSING else value
