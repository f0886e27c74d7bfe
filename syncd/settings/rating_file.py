"""What may stand in ``rating.yaml``, and the rating it makes once it is sound.

Found without a vendor: rules beside a mapped score, or neither; two rules of one name; conditions that do not compile,
read an unmapped field, or ask for a persona there is not; points that are no number; a half-life on a field that is no
date; grades out of order, doubled, or that leave a sum without a grade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from syncd.core.meanings import Meaning, word_of
from syncd.model.persona import GRADE, PERSONA
from syncd.model.rating import HUNDREDTHS, LETTERS, Decay, GradeRule, Rating, RatingRule, points_text
from syncd.model.values import FieldType
from syncd.settings.rules import check_expression
from syncd.settings.tree import Loc, RealNumber, Tree, WholeNumber
from syncd.settings.validate import Section, Text

MOST: Final = 100_000
_DATES: Final = (FieldType.DATE, FieldType.DATETIME)
_NUMBERS: Final = (FieldType.INTEGER, FieldType.DECIMAL)


def _hundredths(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """Points as written, in whole hundredths."""
    if isinstance(value, int) and not isinstance(value, bool | WholeNumber):
        return value
    if not isinstance(value, WholeNumber | RealNumber):
        raise ValueError("is no number; write whole points, or up to two decimals")  # noqa: TRY004 - pydantic collects ValueError
    try:
        number = Decimal(value.raw) * HUNDREDTHS
    except InvalidOperation:  # 0x10 and its like
        number = Decimal(int(value)) * HUNDREDTHS
    if number != number.to_integral_value():
        raise ValueError("has more than two decimals; write up to two")
    if abs(number) > MOST * HUNDREDTHS:
        raise ValueError(f"is beyond {MOST:,}; write smaller points")
    return int(number)


Points = Annotated[int, BeforeValidator(_hundredths, json_schema_input_type=float)]
"""Points in the file, whole hundredths in the model."""


class DecaySection(Section):
    """How points lose worth with age."""

    by: Text = Field(description="Shared field of type date or datetime whose age counts, in whole days.")
    half_life: int = Field(ge=1, le=3_650, description="Days after which the points are worth half.")


class RuleSection(Section):
    """One rule."""

    name: Text = Field(min_length=1, description="Short name, shown in the sum.")
    words: Text = Field(min_length=1, description="What it says about a person, for both teams.")
    when: Text = Field(description="CEL over the shared fields of a person and `persona` (its key, or null).")
    points: Points = Field(description="Points it gives when it holds; negative ones take away. Up to two decimals.")
    decay: DecaySection | None = Field(
        None, description="Points that lose worth with age; kept for good, if not given."
    )


class GradeSection(Section):
    """One grade."""

    grade: Literal["A", "B", "C", "D"] = Field(description="Grade; best first.")
    at_least: Points | None = Field(None, description="Least sum it takes. Only the last grade has none: what is left.")
    words: Text = Field("", description="What the grade means for who gets such a person.")


class RatingFile(Section):
    """A file ``rating.yaml``."""

    rules: list[RuleSection] = Field(default_factory=list, description="The rules. Either these, or `from`.")
    source: Text | None = Field(
        None,
        alias="from",
        description="Shared field with the marketing platform's own score; then only grades are declared.",
    )
    grades: list[GradeSection] = Field(min_length=1, description="The grades, best first.")


def rating_of(
    section: RatingFile,
    tree: Tree,
    *,
    meanings: Mapping[str, Meaning],
    personas: Sequence[str] | None,
    derived: frozenset[str] = frozenset(),
) -> Rating:
    """The rating of a file; what is wrong is noted in the tree.

    :param meanings: what the shared fields of a person hold.
    :param personas: the keys of the personas; ``None`` where their own file cannot be read, which is told there.
    :param derived: further fields, which syncd computes, in part from the rating.
    """
    checking = _Checking(section, tree, meanings, personas, derived)
    checking.run()
    return Rating(
        grades=tuple(GradeRule(each.grade, each.at_least, each.words) for each in section.grades),
        rules=tuple(
            RatingRule(
                each.name,
                each.words,
                each.when,
                each.points,
                None if each.decay is None else Decay(each.decay.by, each.decay.half_life),
            )
            for each in section.rules
        ),
        source=section.source,
    )


class _Checking:
    """One rating file being checked."""

    def __init__(
        self,
        section: RatingFile,
        tree: Tree,
        meanings: Mapping[str, Meaning],
        personas: Sequence[str] | None,
        derived: frozenset[str],
    ) -> None:
        self.derived = derived
        self.section = section
        self.tree = tree
        self.meanings = meanings
        self.types = {name: each.type for name, each in meanings.items()}
        self.persona = word_of(personas, PERSONA)

    def run(self) -> None:
        """Everything in turn."""
        section = self.section
        if section.source is not None and section.rules:
            self.tree.flaw(("rules",), "rules do nothing beside `from`", "keep one of the two", key=True)
        elif section.source is None and not section.rules:
            self.tree.flaw((), "there is nothing to rate by", "add `rules:`, or `from:` with the field of a score")
        if section.source is not None:
            self._field(("from",), section.source, _NUMBERS, "a number")
        readable = {**{name: each for name, each in self.meanings.items() if name != GRADE}, PERSONA: self.persona}
        for number, rule in enumerate(section.rules):
            loc: Loc = ("rules", number)
            first = next(at for at, each in enumerate(section.rules) if each.name == rule.name)
            if first != number:
                line = self.tree.at(("rules", first, "name")).line
                self.tree.flaw(
                    (*loc, "name"), f"the name {rule.name!r} is that of the rule in line {line}", "name it otherwise"
                )
            check_expression(rule.when, readable, tree=self.tree, loc=(*loc, "when"), derived=self.derived)
            if rule.points == 0:
                self.tree.flaw((*loc, "points"), "a rule of no points changes nothing", "give it points, or remove it")
            if rule.decay is not None:
                self._field((*loc, "decay", "by"), rule.decay.by, _DATES, "a date")
        self._grades()

    def _field(self, loc: Loc, name: str, fitting: Sequence[FieldType], what: str) -> None:
        """A field that must be there and of a fitting type."""
        known = sorted(each for each, sort in self.types.items() if sort in fitting)
        use = f"use one of {', '.join(known)}" if known else f"map a field of type {' or '.join(fitting)}"
        if name in self.derived:
            self.tree.flaw(loc, f"the field {name} is derived: nothing can follow from it", use)
        elif name not in self.types:
            near = get_close_matches(name, known, n=1)
            advice = f"did you mean {near[0]}?" if near else use
            self.tree.flaw(loc, f"there is no shared field {name!r}", advice)
        elif self.types[name] not in fitting:
            self.tree.flaw(loc, f"{name} is no field for {what}: its type is {self.types[name]}", use)

    def _grades(self) -> None:
        """Letters and thresholds fall from first to last, and nothing is left without a grade."""
        grades = self.section.grades
        for number, each in enumerate(grades):
            loc: Loc = ("grades", number)
            last = number == len(grades) - 1
            if each.at_least is None and not last:
                self.tree.flaw(loc, f"grade {each.grade} takes everything, and hides those below", "add `at_least:`")
            elif each.at_least is not None and last:
                rest = f"remove its at_least: the last grade takes what is below {points_text(each.at_least)} too"
                self.tree.flaw((*loc, "at_least"), "a sum below this would have no grade", rest)
            if number == 0:
                continue
            above = grades[number - 1]
            if LETTERS.index(each.grade) <= LETTERS.index(above.grade):
                self.tree.flaw(
                    (*loc, "grade"), f"grade {each.grade} stands below {above.grade}", "put the best first, each once"
                )
            if each.at_least is None or above.at_least is None:
                continue
            if each.at_least == above.at_least:
                what = f"grades {above.grade} and {each.grade} overlap: both begin at {points_text(each.at_least)}"
                self.tree.flaw((*loc, "at_least"), what, "let each begin lower than the one above")
            elif each.at_least > above.at_least:
                what = f"the thresholds are out of order: {points_text(each.at_least)} is above {above.grade}'s"
                self.tree.flaw((*loc, "at_least"), f"{what} {points_text(above.at_least)}", "let them fall from A on")
