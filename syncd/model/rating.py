"""The rating: rules with points, and the grades that their sum gives; or the marketing platform's own score, graded.

Points are kept as whole hundredths, so that sums are exact and the same everywhere. They are worth less with age where
a rule says so: half after each half-life, counted in whole days, so that a grade moves at most once a day by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from syncd.model.persona import PersonaAnswer
from syncd.model.swift import swift

HUNDREDTHS: Final = 100
LETTERS: Final = ("A", "B", "C", "D")
"""The grades there are, best first."""


@dataclass(frozen=True, slots=True)
class Decay:
    """How a rule's points lose worth: half of it in every ``half_life`` days since the date in the shared field."""

    field: str
    half_life: int


@dataclass(frozen=True, slots=True)
class RatingRule:
    """One rule. ``when`` is CEL over shared fields and ``persona``; ``points`` are hundredths of a point."""

    name: str
    words: str
    when: str
    points: int
    decay: Decay | None = None


@dataclass(frozen=True, slots=True)
class GradeRule:
    """A grade and the least sum it takes, in hundredths of a point; ``None`` for everything below the others."""

    grade: str
    at_least: int | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Rating:
    """How people are rated: by ``rules``, or by the score in the shared field ``source`` (then there are no rules).

    ``grades`` are best first, and the last takes what is left, so that every sum has one.
    """

    grades: tuple[GradeRule, ...]
    rules: tuple[RatingRule, ...] = ()
    source: str | None = None


class Part(NamedTuple):
    """What one rule gave: ``points`` in hundredths, ``days`` of age where it decays.

    ``doubt`` says why its condition, or the date it decays by, gave no answer; such a rule gives nothing.
    """

    holds: bool
    points: int
    days: int | None = None
    doubt: str = ""


@swift
@dataclass(frozen=True, slots=True)
class Rated:
    """A person's grade, the sum in hundredths of a point, and one part per rule in the order of the rules.

    ``grade`` and ``total`` are ``None`` where a mapped score is empty or no number; ``reason`` then says so.
    """

    grade: str | None
    total: int | None
    parts: tuple[Part, ...] = ()
    reason: str = ""

    @property
    def doubts(self) -> int:
        """How many rules gave no answer, and so no points."""
        return sum(1 for part in self.parts if part.doubt)


@swift
@dataclass(frozen=True, slots=True)
class Profile:
    """Persona and grade of one person; ``None`` where the configuration declares no personas, or no rating."""

    persona: PersonaAnswer | None
    rated: Rated | None


@lru_cache(maxsize=4_096)
def points_text(hundredths: int) -> str:
    """Hundredths as people write points: ``12.5``, ``-3``."""
    return format((Decimal(hundredths) / HUNDREDTHS).normalize() + 0, "f")
