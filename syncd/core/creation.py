"""The counterpart of a record that stands alone: whether it is made, as what, and with which fields.

It sends only fields that flow to that side, with create-only defaults for what the record lacks, and leaves the rest to
the vendor's own defaults. A default is sent but not agreed on: it says nothing about the record it was made for and so
never flows back. A value that the other side has no sound form for is left out of the create and stays undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.core.draft import Writes
from syncd.core.expressions import Expression, Unclear, compile_expression
from syncd.core.layout import Layouts
from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.model.link import FieldChange, Link
from syncd.model.mapping import CreateRule
from syncd.model.plan import Create, Decision
from syncd.model.remote import RemoteRecord, wire_of
from syncd.model.values import MISSING, Canonical, Pair, Side, Wire


@dataclass(frozen=True, slots=True)
class Made:
    """What a counterpart is made as, and after how many seconds without a change.

    The vendor chooses the record type where none is named.
    """

    object: str
    record_type: str | None = None
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class NotMade:
    """No counterpart is made for a record, and why; ``unclear``: nobody can tell whether one is wanted."""

    reason: str
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A create rule whose conditions can be asked; ``None`` is a condition that always holds."""

    object: str
    when: Expression | None
    after: float
    record_types: tuple[tuple[str, Expression | None], ...]

    @staticmethod
    def of(rule: CreateRule, names: frozenset[str]) -> CompiledRule:
        """The rule, its conditions over these shared fields compiled."""

        def compiled(text: str | None) -> Expression | None:
            return compile_expression(text, names) if text else None

        types = tuple((each.name, compiled(each.when)) for each in rule.record_types)
        return CompiledRule(rule.object, compiled(rule.when), rule.after, types)


def choose_made(rules: Sequence[CompiledRule], values: Mapping[str, Canonical]) -> Made | NotMade:
    """What the first rule that holds for these shared values makes."""
    unclear = False
    for rule in rules:
        holds = True if rule.when is None else rule.when.holds(values)
        if isinstance(holds, Unclear):
            unclear = True
        elif holds:
            return _with_type(rule, values)
    return NotMade("a create rule cannot be decided" if unclear else "no create rule", unclear)


def _with_type(rule: CompiledRule, values: Mapping[str, Canonical]) -> Made | NotMade:
    """The rule's object, with the record type of the first condition that holds.

    A type is given once and never corrected, so a condition without an answer is not passed over for the next one.
    """
    for name, when in rule.record_types:
        holds = True if when is None else when.holds(values)
        if isinstance(holds, Unclear):
            return NotMade("a record type rule cannot be decided", unclear=True)
        if holds:
            return Made(rule.object, name, rule.after)
    return Made(rule.object, after=rule.after)


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
    made: Made,
    values: Mapping[str, Canonical],
) -> Decision:
    """Decides to make the counterpart of ``record``; ``values`` are its shared values."""
    side, object_name = origin.other, made.object
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
        record_type=made.record_type,
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
