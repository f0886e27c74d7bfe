"""Persona and grade of a record that is explained, from the values that the explanation shows anyway.

A value counts if both sides agree on it, or only one side has the field; if the next cycle writes it; else as it was
last agreed. Where both sides differ and never agreed, or a value cannot be read, nothing is guessed: the field is
unsettled, and what reads it has no answer. Reads nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncd.core.rating import Profiles
from syncd.model.rating import Profile
from syncd.model.values import MISSING, Canonical, Instant
from syncd.operations.explain import Explanation, FieldStory

PERSON = "person"


@dataclass(frozen=True, slots=True)
class ProfileStory:
    """Persona and grade, when they were computed, and the fields without a settled value, each with the reason."""

    profile: Profile
    profiles: Profiles
    at: Instant
    unsettled: Mapping[str, str]


def profile_of(told: Explanation, profiles: Profiles, now: Instant) -> ProfileStory | None:
    """Persona and grade of an explained record; ``None`` if it is no person, is not there, or nothing is declared.

    :param told: an explanation of all fields.
    """
    there = any(side is not None for story in told.fields for side in story.now)
    if told.kind != PERSON or not profiles.declared or not there:
        return None
    values: dict[str, Canonical] = {}
    unsettled: dict[str, str] = {}
    for story in told.fields:
        value = settled(story)
        if isinstance(value, Unsettled):
            unsettled[story.mapping.name] = value.reason
        else:
            values[story.mapping.name] = value
    return ProfileStory(profiles.of(values, now, unsettled=unsettled), profiles, now, unsettled)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A field whose value nobody knows, and why, in words that follow its name."""

    reason: str


def settled(story: FieldStory) -> Canonical | Unsettled:
    """The value of a field that both sides have, or will have."""
    if story.after is not MISSING:
        return story.after
    told = [side for side in story.now if side is not None]
    known = [side.value for side in told if side.value is not MISSING]
    if known and all(value == known[0] for value in known):
        return known[0]
    if story.base is not MISSING:
        return story.base
    if known:
        return Unsettled("differs between both sides and was never agreed")
    troubles = dict.fromkeys(side.trouble for side in told if side.trouble)
    return Unsettled(f"cannot be told: {'; '.join(troubles)}" if troubles else "cannot be told")


def profile_document(story: ProfileStory | None) -> dict[str, Any]:
    """Persona and grade as plain values: the keys ``persona``, ``rating`` and ``unsettled`` of a record."""
    if story is None:
        return {"persona": None, "rating": None, "unsettled": {}}
    answer, rated, rating = story.profile.persona, story.profile.rated, story.profiles.rating
    return {
        "persona": None
        if answer is None
        else {
            "key": answer.key,
            "name": None if answer.persona is None else answer.persona.name,
            "owner": None if answer.persona is None else answer.persona.owner,
            "doubts": [{"persona": doubt.key, "reason": doubt.reason} for doubt in answer.doubts],
        },
        "rating": None
        if rated is None or rating is None
        else {
            "grade": rated.grade,
            "points": None if rated.total is None else _number(rated.total),
            "reason": rated.reason or None,
            "at": story.at,
            "rules": [
                {
                    "name": rule.name,
                    "words": rule.words,
                    "holds": None if part.doubt else part.holds,
                    "points": _number(part.points),
                    "days": part.days,
                    "doubt": part.doubt or None,
                }
                for rule, part in zip(rating.rules, rated.parts, strict=False)  # a mapped score has no parts
            ],
        },
        "unsettled": dict(story.unsettled),
    }


def _number(hundredths: int) -> int | float:
    """Points as a JSON number: hundredths have an exact shortest form."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100
