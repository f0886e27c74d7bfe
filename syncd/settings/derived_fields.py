"""Where the mapping meets what derived fields follow from: ``personas.yaml``, ``rating.yaml``, ``lifecycle.yaml``.

A derived field that names its persona or grade in words of its own must know each of them; one without a table shows
their keys, and gets its table here, so that the vendors' lists are held against it like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from syncd.core.layout import digest
from syncd.model.calendar import NO_CALENDARS, Calendars
from syncd.model.derived import DEALT, FILES, LEDGERED, STAGED, Definitions, Derived
from syncd.model.errors import Flaw
from syncd.model.lifecycle import Lifecycle
from syncd.model.mapping import FieldMapping, KindMapping, TableRow
from syncd.model.persona import Persona
from syncd.model.rating import Rating
from syncd.model.values import FieldType, Pair
from syncd.settings.kinds import MappingSource
from syncd.settings.mapping_file import FieldSection, OutcomeSection

PERSON: Final = "person"
TYPES: Final = {
    Derived.PERSONA: FieldType.ENUM,
    Derived.GRADE: FieldType.ENUM,
    Derived.POINTS: FieldType.DECIMAL,
    Derived.GRADE_REASONS: FieldType.TEXT,
    Derived.STAGE: FieldType.ENUM,
    Derived.CYCLE: FieldType.INTEGER,
    Derived.STAGE_ENTERED: FieldType.DATETIME,
    Derived.FIRST_ENTERED: FieldType.DATETIME,
    Derived.TIMES_ENTERED: FieldType.INTEGER,
    Derived.STAGE_HISTORY: FieldType.TEXT,
    Derived.WON_AMOUNT: FieldType.MONEY,
    Derived.LOSS_REASON: FieldType.TEXT,
    Derived.RESPOND_BY: FieldType.DATETIME,
    Derived.LAST_TOUCH: FieldType.DATETIME,
    Derived.IN_SALES_HANDS: FieldType.BOOLEAN,
}
_MEANT: Final = frozenset({"type", "marketing", "crm", "derive", "optional", "lane"})
"""What may be said of a derived field; of one with a list of values, those too."""
_LISTED: Final = frozenset({Derived.PERSONA, Derived.GRADE, Derived.STAGE})
"""What takes its values from a list."""


@dataclass(frozen=True, slots=True)
class Origins:
    """What derived fields follow from: the files of a folder. ``sound`` are those without a flaw; of another that is
    there, the flaw is told, and nothing is held against it.
    """

    directory: Path
    sound: frozenset[str]
    personas: tuple[Persona, ...]
    rating: Rating | None
    lifecycle: Lifecycle | None
    outcome: OutcomeSection | None = None
    calendars: Calendars = NO_CALENDARS

    def has(self, file: str) -> bool:
        """Whether there is such a file."""
        return (self.directory / file).exists()


def with_definitions(
    kinds: Sequence[KindMapping], sources: Mapping[str, MappingSource], origins: Origins
) -> tuple[tuple[KindMapping, ...], tuple[Flaw, ...]]:
    """The kinds, of which each with derived fields knows what these follow from; and what is wrong with them."""
    made: list[KindMapping] = []
    flaws: list[Flaw] = []
    for kind in kinds:
        derived = [each for each in kind.fields if each.derive is not None]
        if not derived:
            made.append(kind)
            continue
        source, lifecycle = sources[kind.kind], origins.lifecycle
        flaws += [flaw for each in derived for flaw in _Checking(kind, each, source, origins).flaws()]
        definitions = Definitions(
            fields=tuple(each.name for each in kind.fields if each.derive is None),
            personas=origins.personas,
            rating=origins.rating,
            stage=lifecycle.field if lifecycle is not None and lifecycle.kind == kind.kind else None,
            ledger="" if lifecycle is None else digest(repr(lifecycle.handoff), repr(origins.calendars)),
            stages=() if lifecycle is None else tuple((each.key, each.name) for each in lifecycle.stages),
        )
        fields = tuple(each if each.table else replace(each, table=_keys(each, origins)) for each in kind.fields)
        made.append(replace(kind, fields=fields, definitions=definitions))
    return tuple(made), tuple(flaws)


def known(sort: Derived, origins: Origins) -> tuple[str, ...]:
    """The values that a derived field can take, where they are a list; empty for any other."""
    if sort is Derived.PERSONA:
        return tuple(each.key for each in origins.personas)
    if sort is Derived.GRADE and origins.rating is not None:
        return tuple(each.grade for each in origins.rating.grades)
    if sort is Derived.STAGE and origins.lifecycle is not None:
        return tuple(each.key for each in origins.lifecycle.stages)
    return ()


def _keys(field: FieldMapping, origins: Origins) -> tuple[TableRow, ...]:
    """A table in which each value is shown by its key."""
    if field.derive is None:
        return field.table
    return tuple(
        TableRow(key, Pair(((key,),), ((key,),)), Pair((key,), (key,))) for key in known(field.derive.sort, origins)
    )


class _Checking:
    """One derived field held against what it follows from."""

    def __init__(self, kind: KindMapping, field: FieldMapping, source: MappingSource, origins: Origins) -> None:
        assert field.derive is not None, "only derived fields are checked here"
        self.kind = kind
        self.derive = field.derive
        self.name = field.name
        self.section: FieldSection = source.file.fields[field.name]
        self.source = source
        self.origins = origins

    def flaws(self) -> Iterator[Flaw]:
        """Everything that is wrong with it."""
        sort, file = self.derive.sort, FILES[self.derive.sort]
        if not (self.section.marketing or self.section.crm):
            what = f"the derived field {self.name} stands on no side"
            yield self._flaw((), what, "map it under `marketing:` or `crm:`")
        if self.section.type is not TYPES[sort]:
            what = f"a field that holds {sort} is of type {TYPES[sort]}, not {self.section.type}"
            yield self._flaw(("type",), what, f"say `type: {TYPES[sort]}`")
        money = _MEANT | {"currency"} if sort is Derived.WON_AMOUNT else _MEANT
        meant = _MEANT | {"values"} if sort in _LISTED else money
        for key in sorted(self.section.model_fields_set - meant):
            what = f"{key} does nothing for a derived field: syncd computes it, and nobody's edit counts"
            yield self._flaw((key,), what, "remove it")
        if sort in STAGED | LEDGERED:
            yield from self._staged()
        elif sort in DEALT:
            yield from self._dealt()
        elif self.kind.kind != PERSON:
            yield self._flaw(("derive",), f"a {self.kind.kind} has no {sort}", "remove the field; people have one")
        elif not self.origins.has(file):
            what = f"there is no {file} that {sort} could follow from"
            yield self._flaw(("derive",), what, "add it, or remove the field")
        elif file in self.origins.sound:
            yield from self._table(file)

    def _staged(self) -> Iterator[Flaw]:
        lifecycle, sort = self.origins.lifecycle, self.derive.sort
        if not self.origins.has("lifecycle.yaml"):
            what = f"there is no lifecycle.yaml that {sort} could follow from"
            yield self._flaw(("derive",), what, "add it, or remove the field")
        elif lifecycle is None:
            return
        elif lifecycle.kind != self.kind.kind:
            what = f"lifecycle.yaml is about a {lifecycle.kind}, so a {self.kind.kind} has no {sort}"
            yield self._flaw(("derive",), what, "remove the field")
        elif self.derive.stage is not None and self.derive.stage not in {each.key for each in lifecycle.stages}:
            known = ", ".join(each.key for each in lifecycle.stages)
            yield self._flaw(("derive",), f"there is no stage {self.derive.stage!r}", f"use one of {known}")
        elif sort in LEDGERED and lifecycle.handoff is None:
            what = f"lifecycle.yaml has no part `handoff`, and {sort} follows from the ledger that it is kept by"
            yield self._flaw(("derive",), what, "add it (docs/report.md), or remove the field")
        else:
            yield from self._table(FILES[sort])

    def _dealt(self) -> Iterator[Flaw]:
        forms = (each for side in (self.section.marketing, self.section.crm) for each in side.values())
        if any(len(names) > 1 for names in forms):
            what = f"a field that holds {self.derive.sort} is one vendor field"
            yield self._flaw((), what, "name one; of an amount `currency:` says which one it is")
        sort, lifecycle = self.derive.sort, self.origins.lifecycle
        if self.origins.outcome is None:
            what = f"no schema/deal.yaml says by `outcome` what deals come to, so nobody has {sort}"
            yield self._flaw(("derive",), what, "add it (docs/deals.md), or remove the field")
        elif lifecycle is not None and lifecycle.kind != self.kind.kind:
            what = f"deals are about a {lifecycle.kind}, so a {self.kind.kind} has no {sort}"
            yield self._flaw(("derive",), what, "remove the field")
        else:
            named, key = (
                (self.origins.outcome.amount, "amount")
                if sort is Derived.WON_AMOUNT
                else (self.origins.outcome.reason, "reason")
            )
            if named is None:
                yield self._flaw(("derive",), f"`outcome` in schema/deal.yaml names no {key}", f"add `{key}:` there")

    def _table(self, file: str) -> Iterator[Flaw]:
        """A table of its own knows each persona, grade or stage, and no other."""
        keys, rows = known(self.derive.sort, self.origins), self.section.values
        if not rows or self.derive.sort not in _LISTED:
            return
        for key in keys:
            if key not in rows:
                what = f"the {self.derive.sort} {key} has no row, so it cannot be written"
                yield self._flaw(("values",), what, f"add a row for it, or remove it from {file}")
        for value in rows:
            if value not in keys:
                what = f"there is no {self.derive.sort} {value!r} in {file}"
                yield self._flaw(("values", value), what, f"use one of {', '.join(keys)}")

    def _flaw(self, loc: tuple[str, ...], what: str, advice: str) -> Flaw:
        mark = self.source.tree.at(("fields", self.name, *loc), key=len(loc) != 1)
        return Flaw(mark.file, mark.line, mark.column, what, advice, self.name)
