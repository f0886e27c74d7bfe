"""The glossary's words about people: whom both teams want to reach, and what makes a person an A.

Made of ``personas.yaml`` and ``rating.yaml`` alone, as they are decided by (``core.persona``, ``core.rating``): in the
order of the files, conditions as they are written, points as they are added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from syncd.model.persona import Persona
from syncd.model.rating import GradeRule, Rating, RatingRule, points_text
from syncd.operations.page import Block, Card, Code, Paragraph, Section, Table, Terms, Words

FIRST_HOLDS: Final = "Tried in this order: the first whose condition holds is the person's. Nobody must be one."
ADDED_UP: Final[Words] = (
    "The points of all rules that hold are added up. A rule that meets an empty field gives nothing, and ",
    Code("syncd explain"),
    " says so beside the sum.",
)


def profiles(personas: Sequence[Persona], rating: Rating | None) -> Iterator[Section]:
    """A section each for what there is; none for a file that is not there."""
    if personas:
        yield Section("Personas", (Paragraph((FIRST_HOLDS,)),), tuple(_persona(each) for each in personas))
    if rating is not None:
        yield Section("Rating", tuple(_rating(rating)))


def _persona(persona: Persona) -> Card:
    told = Terms((("How we tell", ((Code(persona.when),),)), ("Who answers for it", ((persona.owner,),))))
    return Card(persona.key, persona.name, (), (Paragraph((persona.definition,)), told))


def _rating(rating: Rating) -> Iterator[Block]:
    if rating.source is not None:
        yield Paragraph(("The marketing platform's own score, ", Code(rating.source), ", gives the grade."))
    else:
        yield Paragraph(ADDED_UP)
        yield Table(("Points", "What for", "How we tell"), tuple(_rule(each) for each in rating.rules))
    yield Table(("Grade", "From", "What it means"), tuple(_grade(each) for each in rating.grades))


def _rule(rule: RatingRule) -> tuple[Words, ...]:
    fades = "" if rule.decay is None else f" Half of it is left every {rule.decay.half_life} days."
    return (points_text(rule.points),), (f"{rule.words or rule.name}{fades}",), (Code(rule.when),)


def _grade(grade: GradeRule) -> tuple[Words, ...]:
    least = "all others" if grade.at_least is None else f"{points_text(grade.at_least)} points"
    return (grade.grade,), (least,), (grade.words,)
