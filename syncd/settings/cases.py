"""Tests of a mapping, written by its users: ``cases/*.yaml``, run by ``check``.

A case gives vendor fields of one record and says which shared values they mean (``expect``), and with which vendor
fields the other side is written (``written``). Values are compared exactly; fields that a case does not name are free.
A case may also say who moves a person from stage to stage and what is to become of it (``moved``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import Field, model_validator

from syncd.core.rating import Profiles
from syncd.model.errors import Flaw
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.values import Side, Wire
from syncd.settings.case_moves import MovedSection, check_moves
from syncd.settings.mapping_file import SideName
from syncd.settings.profiles import check_profile
from syncd.settings.tree import Loc, RealNumber, Tree, WholeNumber
from syncd.settings.validate import Section, Text

Scalar = str | int | float | bool | None


class GivenSection(Section):
    """One vendor record."""

    side: SideName = Field(description="Side of the record.")
    object: Text = Field(description="Vendor object.")
    fields: dict[str, Scalar] = Field(description="Vendor fields and their values, as the vendor's API gives them.")


class WrittenSection(Section):
    """What the other side is written with."""

    object: Text = Field(description="Vendor object on the other side.")
    fields: dict[str, Scalar] = Field(description="Vendor fields and the values they are written with.")


class CaseSection(Section):
    """One case."""

    name: Text = Field(description="What the case shows.")
    given: GivenSection | None = Field(None, description="The record that is read; only `moved` can do without one.")
    expect: dict[str, Scalar | list[str]] = Field(
        default_factory=dict, description="Shared fields and the values they must have."
    )
    written: WrittenSection | None = Field(None, description="What the other side must be written with.")
    persona: Text | None = Field(
        None, description="Persona the person must have by what the record says, by its key; `null` for none."
    )
    grade: Literal["A", "B", "C", "D"] | None = Field(
        None, description="Grade the person must have; `null` for none, of a score that is empty."
    )
    at: Text | None = Field(None, description="Day (or instant) on which, for ratings that decay, e.g. `2026-03-01`.")
    moved: MovedSection | None = Field(None, description="Moves of stage, and what is to become of them.")

    @model_validator(mode="after")
    def _says_something(self) -> CaseSection:
        wanting = self.model_fields_set & {"expect", "written", "persona", "grade"}
        if self.given is None and (wanting or self.moved is None):
            raise ValueError("this case has no `given`; add the record that is read, or `moved`")
        return self


class CasesFile(Section):
    """A file ``cases/*.yaml``."""

    kind: Literal["person", "company", "deal"] = Field(description="Kind the cases are about.")
    cases: list[CaseSection] = Field(min_length=1, description="The cases.")


@dataclass(frozen=True, slots=True)
class Case:
    """A case and where it stands."""

    kind: str
    section: CaseSection
    tree: Tree
    loc: Loc


class CaseLens(Protocol):
    """What the runner needs of ``syncd.core.normalize.Lens``.

    ``read`` gives a canonical value, or an object with ``reason`` where there is none; ``write`` gives wire values by
    vendor field, or an object with ``reason``.
    """

    def read(self, side: Side, object: str, field: str, wires: tuple[Wire, ...], /) -> Any:  # noqa: ANN401 - see above
        """The shared value of one field."""
        ...

    def write(self, side: Side, object: str, field: str, value: Any, /) -> Any:  # noqa: ANN401 - see above
        """What is sent for a shared value."""
        ...


def run_cases(
    cases: tuple[Case, ...],
    kinds: Mapping[str, KindMapping],
    lenses: Mapping[str, CaseLens],
    profiles: Profiles | None = None,
) -> tuple[Flaw, ...]:
    """Runs the cases; a flaw for each expectation that is not met, none if all are.

    :param profiles: personas and rating, for cases that expect one.
    """
    flaws: list[Flaw] = []
    for case in cases:
        tree = Tree(case.tree.file, case.tree.value, case.tree.keys, case.tree.values)
        if case.kind in kinds:
            trial = Trial(case, kinds[case.kind], lenses[case.kind], tree)
            trial.run()
            check_profile(case.section, case.kind, trial.read, profiles, tree=tree, loc=case.loc)
            check_moves(case.section, kinds[case.kind].agreed, trial.read, tree=tree, loc=case.loc)
        else:
            tree.flaw(case.loc, f"there is no mapping of the kind {case.kind}", "add schema/ file, or remove the case")
        flaws += tree.flaws
    return tuple(flaws)


class Trial:
    """One case being run. ``read`` are the shared values that its record tells, once it was read."""

    def __init__(self, case: Case, kind: KindMapping, lens: CaseLens, tree: Tree) -> None:
        self.case = case
        self.fields = {each.name: each for each in kind.fields}
        self.objects = kind.objects
        self.lens = lens
        self.tree = tree
        self.given = Side.MARKETING if case.section.given is None else Side(case.section.given.side)
        self.read: dict[str, Any] = {}

    def run(self) -> None:
        """Reads the record and holds it against what the case expects; flaws go into the tree."""
        section = self.case.section
        if section.given is None:
            return
        if self._object(self.given, section.given.object, (*self.case.loc, "given", "object")):
            self._read(section.given)
            for name, wanted in section.expect.items():
                self._expect(name, wanted)
            if section.written is not None and self._object(
                self.given.other, section.written.object, (*self.case.loc, "written", "object")
            ):
                self._written(section.written)

    def _object(self, side: Side, name: str, loc: Loc) -> bool:
        if name in self.objects.of(side):
            return True
        self.tree.flaw(
            loc, f"{name} is no {side} object of this kind", f"use one of {', '.join(self.objects.of(side))}"
        )
        return False

    def _read(self, given: GivenSection) -> None:
        used: set[str] = set()
        for name, mapping in self.fields.items():
            slot = mapping.slots.of(self.given).get(given.object, ())
            if slot and any(field in given.fields for field in slot):
                used.update(slot)
                wires = tuple(_wire(given.fields.get(field)) for field in slot)
                self.read[name] = self.lens.read(self.given, given.object, name, wires)
        for field in given.fields.keys() - used:
            self._flaw(("given", "fields", field), f"no shared field reads {field}", "remove it, or map it")

    def _expect(self, name: str, wanted: Any) -> None:  # noqa: ANN401 - any plain value
        loc: Loc = ("expect", name)
        if name not in self.fields:
            self._flaw(loc, f"there is no shared field {name}", f"use one of {', '.join(sorted(self.fields))}")
            return
        if name not in self.read:
            self._flaw(loc, f"the case gives no vendor field of {name}", "add one under `given: fields:`")
            return
        found = self.read[name]
        if not _same(found, wanted):
            self._flaw(loc, f"{self.case.section.name}: {name} is {_shown(found)}", "correct the case or the mapping")

    def wires(self, object_name: str) -> dict[str, Any]:
        """What an object of the other side would be written with, by vendor field."""
        side = self.given.other
        wires: dict[str, Any] = {}
        for name, value in self.read.items():
            mapping: FieldMapping = self.fields[name]
            if object_name not in mapping.slots.of(side) or not mapping.direction.flows_to(side):
                continue
            if value is None or _reason(value) is not None:
                continue
            answer = self.lens.write(side, object_name, name, value)
            if isinstance(answer, Mapping):
                wires.update(answer)
            else:
                wires.update(dict.fromkeys(mapping.slots.of(side)[object_name], answer))
        return wires

    def _written(self, written: WrittenSection) -> None:
        wires = self.wires(written.object)
        for field, wanted in written.fields.items():
            if field not in wires:
                found = "is not written"
            elif _same(wires[field], wanted):
                continue
            else:
                found = f"would be {_shown(wires[field])}"
            self._flaw(
                ("written", "fields", field),
                f"{self.case.section.name}: {field} {found}",
                "correct the case or the mapping",
            )

    def _flaw(self, loc: Loc, what: str, advice: str) -> None:
        self.tree.flaw((*self.case.loc, *loc), what, advice)


def _wire(value: Scalar) -> Wire:
    """A number as a plain Python number, everything else as it is."""
    if isinstance(value, WholeNumber):
        return int(value)
    return float(value) if isinstance(value, RealNumber) else value


def _same(found: Any, wanted: Any) -> bool:  # noqa: ANN401 - any plain value
    if isinstance(wanted, list):
        return isinstance(found, tuple) and found == tuple(sorted(wanted))
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, str) and isinstance(wanted, (WholeNumber, RealNumber)):
        return found == wanted.raw
    return bool(found == wanted)


def _reason(value: Any) -> str | None:  # noqa: ANN401 - a canonical value or an answer with a reason
    return getattr(value, "reason", None)


def _shown(value: Any) -> str:  # noqa: ANN401 - any answer
    """A value, or why there is none, for people."""
    return f"without a value ({_reason(value)})" if _reason(value) is not None else repr(value)


def cases_of(section: CasesFile, tree: Tree) -> tuple[Case, ...]:
    """The cases of one file."""
    return tuple(Case(section.kind, each, tree, ("cases", number)) for number, each in enumerate(section.cases))
