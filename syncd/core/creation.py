"""The counterpart of a record that stands alone: which fields it is made with.

It sends only fields that flow to that side, with create-only defaults for what the record lacks, and leaves the rest to
the vendor's own defaults. A default is sent but not agreed on: it says nothing about the record it was made for and so
never flows back. A value that the other side has no sound form for is left out of the create and stays undecided.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncd.core.draft import Writes
from syncd.core.layout import Layouts
from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.model.link import FieldChange, Link
from syncd.model.plan import Create, Decision
from syncd.model.remote import RemoteRecord, wire_of
from syncd.model.values import MISSING, Canonical, Pair, Side, Wire


def shared_values(lens: Lens, side: Side, record: RemoteRecord) -> dict[str, Canonical]:
    """The shared values of one record, as far as it tells them and they can be read."""
    shared: dict[str, Canonical] = {}
    for slot in lens.slots(side, record.ref.object):
        wires: list[Wire] = []
        for name in slot.vendor_fields:
            wire = wire_of(record, name)
            if wire is MISSING:
                break
            wires.append(wire)
        else:
            value = lens.read(side, record.ref.object, slot.field.name, tuple(wires))
            if not isinstance(value, Invalid):
                shared[slot.field.name] = value
    return shared


def plan_create(
    lens: Lens,
    layouts: Layouts,
    link: Link,
    *,
    origin: Side,
    record: RemoteRecord,
    object_name: str,
    values: Mapping[str, Canonical],
) -> Decision:
    """Decides to make the counterpart of ``record`` as an ``object_name``; ``values`` are its shared values."""
    side = origin.other
    writes = Writes()
    agreed: dict[str, Canonical] = {}
    defaulted: list[str] = []
    slots = layouts.slots(side, object_name)
    for mapping in lens.kind.fields:
        value = values.get(mapping.name, MISSING)
        if value is MISSING or mapping.name not in slots:
            continue
        agreed[mapping.name] = value
        if not mapping.direction.flows_to(side):
            continue
        sent, rule, cause = value, "create", origin if value is not None else None
        default = mapping.create_default.of(side)
        if value is None and default is not None:
            sent, rule = default, "create default"
            defaulted.append(mapping.name)
        if sent is None:
            continue
        wires = lens.write(side, object_name, mapping.name, sent)
        if isinstance(wires, Invalid):
            del agreed[mapping.name]
            continue
        if isinstance(wires, Inexpressible):
            continue
        writes.put(mapping, wires, FieldChange(mapping.name, None, sent, rule, cause))
    action = Create(
        side=side,
        object=object_name,
        origin=record.ref,
        fields=writes.fields,
        refs=writes.refs,
        changes=tuple(writes.changes),
        lane=writes.lane,
        defaulted=tuple(defaulted),
    )
    nobody: Pair[RemoteRecord | None] = Pair(None, None)
    return Decision(
        kind=lens.kind.kind,
        link=link,
        base=None,
        seen=nobody.replacing(origin, record),
        actions=(action,),
        agreed=agreed,
        lane=writes.lane,
    )
