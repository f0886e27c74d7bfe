"""Personas and rating in the glossary: as they are decided by, and nothing where there is no file."""

from __future__ import annotations

from dataclasses import replace

from syncd.model.persona import Persona
from syncd.model.rating import Decay, GradeRule, Rating, RatingRule
from syncd.operations.glossary_profiles import profiles
from syncd.operations.page import Page
from syncd.operations.page_html import html
from syncd.operations.page_markdown import markdown

PERSONA = Persona("leader", "Maria", "Decides <b>what</b> the team works with.", "title == 'CMO'", "Product marketing")
RATING = Rating(
    grades=(GradeRule("A", 6000, "Call today."), GradeRule("B", None, "Newsletter.")),
    rules=(RatingRule("visit", "Came by.", "last_visit != null", 750, Decay("last_visit", 30)),),
)


def told(*personas: Persona, rating: Rating | None = None) -> str:
    """The sections as Markdown."""
    return markdown(Page("Words", ("",), tuple(profiles(personas, rating)), ("",)))


def test_a_persona_is_told_with_its_condition_and_who_answers_for_it() -> None:
    """In words first; what a person wrote is no markup."""
    text = told(PERSONA)
    for line in ("### Maria", "`leader`", "`title == 'CMO'`", "Product marketing"):
        assert line in text
    assert "<b>" not in html(Page("Words", ("",), tuple(profiles((PERSONA,), None)), ("",)))
    assert "Rating" not in text


def test_a_rating_is_told_rule_by_rule_and_grade_by_grade() -> None:
    """Points as they are added up, age where it counts, and the last grade takes all others."""
    text = told(rating=RATING)
    assert "| 7.5 | Came by. Half of it is left every 30 days. | `last_visit != null` |" in text
    assert "| A | 60 points | Call today. |" in text
    assert "| B | all others | Newsletter. |" in text
    assert "Personas" not in text


def test_a_score_of_the_platform_is_told_as_such() -> None:
    """There are no rules to show then."""
    text = told(rating=replace(RATING, rules=(), source="platform_score"))
    assert "`platform_score`" in text
    assert "How we tell" not in text


def test_without_files_there_are_no_sections() -> None:
    """The page of a lifecycle alone is as it was."""
    assert list(profiles((), None)) == []
