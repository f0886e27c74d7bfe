"""A mapping file made into the frozen ``KindMapping``, with every check that needs no vendor.

What only the vendor's schema can tell (does the field exist, is it writable, does the picklist know the value) is in
``syncd.settings.online``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from syncd.core.normalize import vendor_field_count
from syncd.core.transforms import check_transform, way_back
from syncd.core.types import READERS, Invalid, phone_reader, read_string
from syncd.model.mapping import (
    Clear,
    Confirm,
    Direction,
    FieldMapping,
    KindMapping,
    MatchRule,
    Policy,
    Steps,
    Transform,
    Unknown,
)
from syncd.model.values import Canonical, FieldType, Lane, Pair, Side
from syncd.settings.mapping_file import (
    ANY,
    FieldSection,
    MappingFile,
    SidedSteps,
)
from syncd.settings.rules import check_rules, choices, create_rules
from syncd.settings.tables import table_of
from syncd.settings.tree import Loc, Tree

ReadOnly = Mapping[Side, Mapping[str, str]]
"""Per side, patterns of vendor fields that cannot be written, each with advice."""

NO_TABLE = {FieldType.REFERENCE, FieldType.MONEY, FieldType.COUNTRY, FieldType.STATE, FieldType.PHONE}
STAGE = "stage"
"""The one shared field whose defaults are those of the lifecycle."""


@dataclass(frozen=True, slots=True)
class MappingSource:
    """A mapping file that passed its checks, and where everything in it stands."""

    kind: KindMapping
    file: MappingFile
    tree: Tree = field(compare=False)


def kind_mapping(section: MappingFile, tree: Tree, *, read_only: ReadOnly) -> KindMapping:
    """The frozen mapping; what is wrong is noted in the tree."""
    reading = _Reading(section, tree, read_only)
    fields = tuple(reading.field(name, each) for name, each in section.fields.items())
    reading.targets(fields)
    check_rules(section, reading.objects, fields, tree=tree)
    return KindMapping(
        kind=section.kind,
        objects=reading.objects,
        key=reading.key,
        fields=fields,
        origin=reading.origin,
        match=tuple(MatchRule(each.field, each.by, each.suggest, tuple(each.also)) for each in section.match),
        native=dict(section.native),
        several=choices(section),
        create=create_rules(section),
        scope=Pair(section.scope.marketing, section.scope.crm),
        partner_domains=tuple(domain.lower() for domain in section.partner_domains),
    )


def written_fields(field: FieldMapping, names: tuple[str, ...]) -> tuple[str, ...]:
    """The vendor fields of a slot that are written: all, but the country beside a state, which is only read."""
    return names[:1] if field.type is FieldType.STATE else names


def _one_sided(section: FieldSection) -> FieldSection:
    """A derived field that stands on one side only needs no form on the other."""
    if section.derive is None or (section.marketing and section.crm):
        return section
    side = "crm" if section.marketing else "marketing"
    rows = {
        value: row.model_copy(update={"never_written": [*row.never_written, side]})
        for value, row in section.values.items()
    }
    return section.model_copy(update={"values": rows})


class _Reading:
    """One mapping file being read."""

    def __init__(self, section: MappingFile, tree: Tree, read_only: ReadOnly) -> None:
        self.section = section
        self.tree = tree
        self.read_only = read_only
        self.objects: Pair[tuple[str, ...]] = Pair((section.marketing.object,), tuple(section.crm.objects))
        self.key = Pair(section.marketing.key, section.crm.key)
        self.origin = Pair(section.marketing.origin, section.crm.origin)
        self.names = frozenset(section.fields)

    # -- one field -----------------------------------------------------------------------------------------------
    def field(self, name: str, section: FieldSection) -> FieldMapping:
        """One shared field, checked."""
        loc: Loc = ("fields", name)
        direction = section.direction or (Direction.TO_MARKETING if section.type is FieldType.OWNER else Direction.BOTH)
        slots: Pair[Mapping[str, tuple[str, ...]]] = Pair(*(self._slots(section, side, loc) for side in Side))
        steps = self._steps(section, direction, loc)
        self._consistent(section, direction, loc)
        staged = name == STAGE or section.policy is Policy.LIFECYCLE
        guarded = section.type in {FieldType.EMAIL, FieldType.OWNER} or staged
        lane = Lane.OPT_OUT if section.type is FieldType.OPT_OUT else Lane.HANDOFF if staged else Lane.ORDINARY
        widths = slots.map(lambda found: max((len(each) for each in found.values()), default=1))
        mapping = FieldMapping(
            name=name,
            type=section.type,
            slots=slots,
            direction=direction,
            policy=section.policy,
            tie=section.tie,
            clear=section.clear,
            confirm=section.confirm or (Confirm.READBACK if guarded else Confirm.NONE),
            table=table_of(_one_sided(section), direction, widths=widths, tree=self.tree, loc=loc),
            unknown=section.unknown,
            default=self._constant(section, section.default, (*loc, "default")),
            steps=steps,
            only_on_create=section.only_on_create,
            create_default=Pair(
                *(
                    self._constant(
                        section, getattr(section.create_default, side.value), (*loc, "create_default", side.value)
                    )
                    for side in Side
                )
            ),
            optional=section.optional,
            region=section.region,
            currency=section.currency,
            kind=section.kind,
            lane=section.lane or lane,
            derive=section.derive,
        )
        for side in Side:
            if widths.of(side) not in vendor_field_count(mapping):
                most = vendor_field_count(mapping)[-1]
                fields = "vendor field" if most == 1 else "vendor fields"
                what = f"a field of type {section.type} has at most {most} {fields}"
                self.tree.flaw((*loc, side.value), what, "name fewer, or give the values a table")
        return mapping

    def _slots(self, section: FieldSection, side: Side, loc: Loc) -> dict[str, tuple[str, ...]]:
        given = section.marketing if side is Side.MARKETING else section.crm
        here = (*loc, side.value)
        slots: dict[str, tuple[str, ...]] = {}
        for name, fields in given.items():
            if name != ANY and name not in self.objects.of(side):
                self.tree.flaw(
                    (*here, name),
                    f"{name} is no object of this kind",
                    f"use one of {', '.join(self.objects.of(side))}",
                    key=True,
                )
            for each in self.objects.of(side) if name == ANY else (name,):
                slots[each] = fields
        if len({len(fields) for fields in slots.values()}) > 1:
            self.tree.flaw(here, "the objects have different numbers of vendor fields", "name as many for each object")
        for vendor_field in sorted({each for fields in slots.values() for each in fields}):
            self._vendor_field(section, side, vendor_field, here)
        return slots

    def _vendor_field(self, section: FieldSection, side: Side, name: str, loc: Loc) -> None:
        if name.casefold() == self.key.of(side).casefold():
            self.tree.flaw(loc, f"{name} is the key field, which syncd alone writes", "map another field")
        elif "." in name:
            self.tree.flaw(loc, f"{name} reaches into another record", "map a field of the object itself")
        elif name.startswith("@") and section.type is not FieldType.OPT_OUT:
            self.tree.flaw(loc, f"{name} is not a vendor field", "only a field of type opt_out may use it")
        direction = section.direction or (Direction.TO_MARKETING if section.type is FieldType.OWNER else Direction.BOTH)
        if direction.flows_to(side):
            for pattern, advice in self.read_only.get(side, {}).items():
                if fnmatchcase(name.lower(), pattern.lower()):
                    self.tree.flaw(loc, f"the vendor does not let anybody write {name}", advice)
                    break

    def _steps(self, section: FieldSection, direction: Direction, loc: Loc) -> Pair[Steps]:
        given = section.transform
        if isinstance(given, SidedSteps):
            steps = Pair(
                *(
                    Steps(tuple(Transform(*each) for each in part.read), tuple(Transform(*each) for each in part.write))
                    for part in (given.marketing, given.crm)
                )
            )
        else:
            reading = Steps(read=tuple(Transform(*each) for each in given))
            steps = Pair(reading, reading)
        sound = True
        for step in dict.fromkeys(step for side in steps for step in (*side.read, *side.write)):
            try:
                check_transform(step)
            except ValueError as error:
                sound = False
                what, _, advice = str(error).partition("; ")
                self.tree.flaw((*loc, "transform"), what, advice or "mend the transform")
        if sound and direction is Direction.BOTH:
            lossy = way_back(steps)
            if lossy is not None:
                what, _, advice = lossy.partition("; ")
                self.tree.flaw((*loc, "transform"), what, advice)
        return steps

    def _constant(self, section: FieldSection, text: str | None, loc: Loc) -> Canonical:
        """A value written in the file, in the canonical form of its field."""
        if text is None:
            return None
        if section.values and text not in section.values:
            known = ", ".join(section.values)
            self.tree.flaw(loc, f"{text!r} is no value of the table", f"use one of {known}")
        read = (
            phone_reader(section.region) if section.type is FieldType.PHONE else READERS.get(section.type, read_string)
        )
        value = read(text)
        if isinstance(value, Invalid):
            self.tree.flaw(
                loc, f"this cannot be read as {section.type}: it {value.reason}", "write a value of that type"
            )
            return None
        return value

    def _consistent(self, section: FieldSection, direction: Direction, loc: Loc) -> None:
        """Rules between the keys of one field."""
        sort, values = section.type, section.values
        multiple = any(len(fields) > 1 for side in (section.marketing, section.crm) for fields in side.values())
        money = any(len(fields) < 2 for side in (section.marketing, section.crm) for fields in side.values())
        for side, given in zip(Side, (section.marketing, section.crm), strict=True):
            if not given and section.derive is None:
                self.tree.flaw(
                    loc, f"the key {side.value!r} is missing in {'.'.join(map(str, loc))}", "add it; see docs/config.md"
                )
        rules = (
            (section.policy is Policy.NEWEST and section.tie is None, "policy",
             "newest does not say who wins when both changes are equally new",
             "add `tie: crm`, `tie: marketing` or `tie: hold`"),
            (section.policy is not Policy.NEWEST and section.tie is not None, "tie",
             f"tie does nothing with policy {section.policy}", "remove it, or use `policy: newest`"),
            (section.policy is Policy.UNION and sort is not FieldType.SET, "policy",
             f"union cannot join values of type {sort}", "use it for sets only"),
            (sort is FieldType.MONEY and money and section.currency is None, "type",
             "this money has no currency", "add `currency: EUR`, or a second vendor field for it on both sides"),
            (section.currency is not None and sort is not FieldType.MONEY, "currency",
             f"a currency does nothing for type {sort}", "use `type: money`, or remove it"),
            (section.region is not None and sort is not FieldType.PHONE, "region",
             f"a region does nothing for type {sort}", "use `type: phone`, or remove it"),
            (sort is FieldType.REFERENCE and section.kind is None, "type",
             "this reference does not say what it points to", "add `kind: company`"),
            (section.kind is not None and sort is not FieldType.REFERENCE, "kind",
             f"kind does nothing for type {sort}", "use `type: reference`, or remove it"),
            (bool(values) and sort in NO_TABLE, "values",
             f"a value table cannot serve type {sort}", "use `type: enum` or `type: set`"),
            (sort is FieldType.ENUM and not values and section.derive is None
             and (multiple or section.unknown is not Unknown.PASS), "type",
             "an enum needs its value table", "add `values:`, or `unknown: pass` where both sides have equal values"),
            (section.unknown is Unknown.DEFAULT and section.default is None, "unknown",
             "there is no default", "add `default:` with a value of the table"),
            (section.default is not None and section.unknown is not Unknown.DEFAULT, "default",
             "the default is never used", "add `unknown: default`, or remove it"),
            (sort is FieldType.OPT_OUT and section.clear is not Clear.HOLD, "clear",
             "an opt-out is never taken back", "remove `clear`"),
            (any(section.clear.flows_to(side) and not direction.flows_to(side) for side in Side), "clear",
             f"clears cannot go {section.clear} while the field goes {direction}", "let both go the same way"),
        )  # fmt: skip
        for wrong, key, what, advice in rules:
            if wrong:
                self.tree.flaw((*loc, key), what, advice)

    # -- the file as a whole ---------------------------------------------------------------------------------------
    def targets(self, fields: tuple[FieldMapping, ...]) -> None:
        """No vendor field is written by two shared fields, or as the origin too."""
        for side in Side:
            origin = self.origin.of(side)
            taken = {name.casefold() for each in fields for names in each.slots.of(side).values() for name in names}
            if origin is not None and origin.casefold() in taken | {self.key.of(side).casefold()}:
                what = f"{origin} is mapped as well, or is the key field"
                self.tree.flaw((side.value, "origin"), what, "give the origin a field of its own")
            writers: dict[tuple[str, str], str] = {}
            for each in fields:
                if not each.direction.flows_to(side):
                    continue
                for object_name, names in each.slots.of(side).items():
                    for name in dict.fromkeys(written_fields(each, names)):
                        first = writers.setdefault((object_name, name.casefold()), each.name)
                        if first != each.name:
                            self.tree.flaw(
                                ("fields", each.name, side.value),
                                f"{object_name}.{name} would be written by both {first} and {each.name}",
                                "map it once, or let one of them flow the other way only",
                            )
                            break
