"""Dependent picklists: which values of one field go with which value of the field that controls it.

As the describe tells it: ``controllerName``, and for each value ``validFor``, the base64 of a bitmap over the
controlling values in the order in which they are listed, inactive ones too, the first in the highest bit of the first
byte; of a checkbox ``false`` comes before ``true``. People cannot choose what does not go together; whether the API
refuses it is a switch (``dependent_picklists_bind``), and only a restricted picklist ever does.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sandbox.salesforce.definitions import FieldDefinition, Row, Value
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.org import Author

_TRUTHS = ("false", "true")


def depending(field: FieldDefinition, on: FieldDefinition, allowed: Mapping[str, Sequence[str]]) -> FieldDefinition:
    """The field as one that depends on another; ``allowed`` names its values for each controlling value."""
    order = controlling(on)
    entries = tuple(
        replace(entry, valid_for=_bitmap([entry.value in allowed.get(value, ()) for value in order]))
        for entry in field.picklist
    )
    return replace(field, controller=on.name, picklist=entries)


def controlling(field: FieldDefinition) -> tuple[str, ...]:
    """The values of a controlling field in the order of the bitmaps."""
    return _TRUTHS if field.type == "boolean" else tuple(entry.value for entry in field.picklist)


def places(bitmap: str) -> list[int]:
    """Which controlling values a bitmap names, by place."""
    bits = base64.b64decode(bitmap)
    return [place for place in range(len(bits) * 8) if bits[place // 8] & (0x80 >> place % 8)]


def check_dependents(entity: Entity, old: Row | None, row: Row, *, author: Author) -> None:
    """Refuses a value that does not go with the controlling one, if either was written now. Where a person changes the
    controlling value alone, the window empties what no longer goes with it.
    """
    before = old or {}
    for field in entity.dependents:
        value, control = row.get(field.name), str(field.controller)
        written, moved = value != before.get(field.name), row.get(control) != before.get(control)
        if value is None or not (written or moved) or _goes_together(entity, field, value, row.get(control)):
            continue
        if author.human and not written:
            row[field.name] = None
        elif author.human or (field.restricted and entity.switches.dependent_picklists_bind):
            raise Refusal(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.label}: bad value for restricted picklist field: {value}",
                (field.name,),
            )


def _goes_together(entity: Entity, field: FieldDefinition, value: Value, control: Value) -> bool:
    order = controlling(entity.fields[str(field.controller)])
    told = str(control).lower() if isinstance(control, bool) else control
    if told not in order:
        return False
    place = order.index(str(told))
    chosen = {entry.value: entry.valid_for for entry in field.picklist}
    return all(place in places(chosen.get(part) or "") for part in str(value).split(";"))


def _bitmap(bits: Sequence[bool]) -> str:
    whole = bytearray((len(bits) + 7) // 8)
    for place, bit in enumerate(bits):
        if bit:
            whole[place // 8] |= 0x80 >> place % 8
    return base64.b64encode(whole).decode()
