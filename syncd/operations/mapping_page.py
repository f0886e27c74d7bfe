"""The mapping as a page: which fields of both systems mean the same, which way they flow, and who wins.

Made of the mapping that is at work, so it says what syncd does, whichever way the files are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from syncd.model.mapping import Clear, Confirm, Direction, FieldMapping, KindMapping, Policy, TableRow
from syncd.model.values import SIDES, Pair, Side, Wire
from syncd.operations.page import Card, Code, Page, Section, Table, Terms, Words

FLOWS: Final = {
    Direction.BOTH: "both ways",
    Direction.TO_CRM: "to {crm}",
    Direction.TO_MARKETING: "to {marketing}",
}
WINS: Final = {
    Policy.HOLD: "a person decides",
    Policy.CRM: "{crm}",
    Policy.MARKETING: "{marketing}",
    Policy.NEWEST: "the newer one",
    Policy.UNION: "both, kept together",
    Policy.LIFECYCLE: "the lifecycle",
}
HEADS: Final = ("Field", "{marketing}", "{crm}", "Flows", "Both changed it", "Besides")


def mapping_page(kinds: Sequence[KindMapping], systems: Pair[str]) -> Page:
    """The page. :param systems: what people call the two systems."""
    sections = tuple(_Kind(kind, systems).section() for kind in kinds)
    lead = f"Which fields of {systems.marketing} and {systems.crm} mean the same, which way they flow, and who wins."
    return Page("The mapping", (lead,), sections, ("Whoever changes it changes it in the files.",))


class _Kind:
    """One kind being told."""

    def __init__(self, kind: KindMapping, systems: Pair[str]) -> None:
        self.kind = kind
        self.systems = {side.value: systems.of(side) for side in SIDES}

    def section(self) -> Section:
        heads = tuple(head.format(**self.systems) for head in HEADS)
        rows = tuple(self._row(field) for field in self.kind.fields)
        tables = [field for field in self.kind.fields if field.table]
        cards = tuple(self._values(field) for field in tables)
        return Section(self.kind.kind, (Terms(tuple(self._about())), Table(heads, rows)), cards)

    def _about(self) -> Iterator[tuple[str, tuple[Words, ...]]]:
        kind = self.kind
        for side in SIDES:
            objects = ", ".join(kind.objects.of(side))
            yield (
                f"In {self.systems[side.value]}",
                ((f"{objects}; the other record's id stands in ", Code(kind.key.of(side))),),
            )
        recognised: list[Words] = [(f"the vendor's own connector: {', '.join(kind.native)}",)] if kind.native else []
        for rule in kind.match:
            also = f", alike in {', '.join(rule.also)}" if rule.also else ""
            recognised.append((f"equal {rule.field} ({rule.by}){also}{', suggested only' if rule.suggests else ''}",))
        yield "Recognised by", tuple(recognised) or (("nothing: nobody is linked by values",),)
        for side in SIDES:
            made = [
                (f"{rule.object} where ", Code(rule.when)) if rule.when else (f"{rule.object}, for everybody",)
                for rule in kind.create.of(side)
            ]
            yield f"Made anew in {self.systems[side.value]}", tuple(made) or (("nobody",),)
            if scope := kind.scope.of(side):
                yield f"Of {self.systems[side.value]} only", ((Code(scope),),)

    def _row(self, field: FieldMapping) -> tuple[Words, ...]:
        wins = WINS[field.policy].format(**self.systems)
        if field.policy is Policy.NEWEST and field.tie is not None:
            wins += f"; of two at once {self.systems.get(field.tie.value, 'a person decides')}"
        derived = field.derive is not None
        flows = "computed by syncd" if derived else FLOWS[field.direction].format(**self.systems)
        one_way = derived or field.direction is not Direction.BOTH
        return (
            (Code(field.name), f" {field.type}"),
            _places(field, Side.MARKETING),
            _places(field, Side.CRM),
            (flows,),
            ("-" if one_way else wins,),
            ("; ".join(self._besides(field)),),
        )

    def _besides(self, field: FieldMapping) -> Iterator[str]:
        if field.clear is not Clear.HOLD:
            ways = {Clear.BOTH: "both ways", Clear.TO_CRM: "to {crm}", Clear.TO_MARKETING: "to {marketing}"}
            yield f"emptying travels {ways[field.clear].format(**self.systems)}"
        if field.confirm is not Confirm.NONE:
            yield (
                "written under the vendor's condition" if field.confirm is Confirm.PRECONDITION else "read again first"
            )
        for side in SIDES:
            if (given := field.create_default.of(side)) is not None:
                yield f"{given} for a new record in {self.systems[side.value]} that has none"
            steps = [*field.steps.of(side).read, *field.steps.of(side).write]
            if steps:
                told = ", ".join(each.name if each.argument is None else each.argument for each in steps)
                yield f"in {self.systems[side.value]} through {told}"
        if field.only_on_create:
            yield "only for new records"
        if field.optional:
            yield "left out where it is not there"
        if field.region or field.currency:
            yield f"{field.region or field.currency} where none is told"

    def _values(self, field: FieldMapping) -> Card:
        rows = tuple(
            (
                (Code(row.value),),
                *(tuple(_forms(row, side)) for side in SIDES),
            )
            for row in field.table
        )
        heads = ("Value", *(self.systems[side.value] for side in SIDES))
        return Card(field.name, field.name, (), (Table(heads, rows),))


def _places(field: FieldMapping, side: Side) -> Words:
    """The vendor fields of a side; by object where they differ."""
    slots = field.slots.of(side)
    if not slots:
        return ("-",)
    if len(set(slots.values())) == 1 and len(slots) > 1:
        return _codes(next(iter(slots.values())))
    told: list[str | Code] = []
    for object, names in slots.items():
        told += [", "] if told else []
        told += [f"{object} ", *_codes(names)] if len(slots) > 1 or side is Side.CRM else [*_codes(names)]
    return tuple(told)


def _codes(names: Sequence[str]) -> tuple[str | Code, ...]:
    told: list[str | Code] = []
    for name in names:
        told += [" + ", Code(name)] if told else [Code(name)]
    return tuple(told)


def _forms(row: TableRow, side: Side) -> Iterator[str | Code]:
    """How a value is written on a side, and what else is read as it."""
    written, read = row.writes.of(side), row.reads.of(side)
    if written is not None:
        yield Code(_form(written))
    others = [form for form in read if form != written]
    if others:
        yield "; also read: " if written is not None else "read, never written: "
        yield Code(" or ".join(map(_form, others)))
    if written is None and not read:
        yield "-"


def _form(form: tuple[Wire, ...]) -> str:
    return " + ".join("any" if wire is None else str(wire) or "(empty)" for wire in form)
