"""Persona and grade of a person, as ``syncd explain`` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.model.persona import PersonaAnswer
    from syncd.model.rating import Part, Rated, Rating
    from syncd.operations.rating import ProfileStory


def print_profile(story: ProfileStory) -> None:
    """Prints which persona and why, the grade, and its sum rule by rule."""
    from syncd.cli.out import say, table

    profile, rating = story.profile, story.profiles.rating
    if profile.persona is not None:
        say(f"  persona: {_persona(profile.persona)}")
        for doubt in profile.persona.doubts:
            say(f"    unclear whether {doubt.key}: {doubt.reason}", style="yellow")
    if profile.rated is not None and rating is not None:
        say(f"  grade: {_grade(rating, profile.rated)}")
        rows = [
            (rule.name, _points(part), rule.words, _why(part, rule.decay.half_life if rule.decay else None))
            for rule, part in zip(rating.rules, profile.rated.parts, strict=False)  # a mapped score has no parts
        ]
        if rows:
            table("", ("rule", "points", "in words", "because"), rows)
    for field, reason in story.unsettled.items():
        say(f"  not counted: {field} {reason}", style="yellow")


def _persona(answer: PersonaAnswer) -> str:
    if answer.persona is not None:
        found = answer.persona
        return f"{found.key} ({found.name}): the first whose condition holds; owned by {found.owner}"
    return "none that is certain" if answer.doubts else "none: no condition holds"


def _grade(rating: Rating, rated: Rated) -> str:
    from syncd.model.rating import points_text

    if rated.total is None:
        return f"none: {rated.reason}"
    words = next((f" ({each.words})" for each in rating.grades if each.grade == rated.grade and each.words), "")
    source = f" of {rating.source}" if rating.source else ""
    doubts = f"; {rated.doubts} of {len(rated.parts)} rules without an answer" if rated.doubts else ""
    return f"{rated.grade}{words}, by {points_text(rated.total)} points{source}{doubts}"


def _points(part: Part) -> str:
    from syncd.model.rating import points_text

    if part.doubt:
        return "?"
    return f"{'+' if part.points > 0 else ''}{points_text(part.points)}" if part.holds else "-"


def _why(part: Part, half_life: int | None) -> str:
    if part.doubt:
        return f"no answer: {part.doubt}"
    if not part.holds:
        return "does not hold"
    return "holds" if part.days is None else f"holds; {part.days} days old, worth half every {half_life}"
