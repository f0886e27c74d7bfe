"""Fields whose value syncd computes itself from the other shared fields of a person, and what it computes them from.

A derived field has no policy: nobody's edit counts, the computed value stands on every side that maps the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from syncd.model.persona import Persona
from syncd.model.rating import Rating


class Derived(StrEnum):
    """What a derived field holds."""

    PERSONA = "persona"
    GRADE = "grade"
    POINTS = "points"
    GRADE_REASONS = "grade_reasons"
    CYCLE = "cycle"
    STAGE_ENTERED = "stage_entered"
    WON_AMOUNT = "won_amount"
    LOSS_REASON = "loss_reason"


RATED: Final = frozenset({Derived.GRADE, Derived.POINTS, Derived.GRADE_REASONS})
"""What follows from ``rating.yaml``."""
STAGED: Final = frozenset({Derived.CYCLE, Derived.STAGE_ENTERED})
"""What follows from the lifecycle: what a person has been through."""
DEALT: Final = frozenset({Derived.WON_AMOUNT, Derived.LOSS_REASON})
"""What follows from a person's deals."""
FILES: Final = {
    Derived.PERSONA: "personas.yaml",
    **dict.fromkeys(sorted(RATED), "rating.yaml"),
    **dict.fromkeys(sorted(STAGED), "lifecycle.yaml"),
    **dict.fromkeys(sorted(DEALT), "schema/deal.yaml"),
}
"""The file that each follows from."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How one field is derived. ``stage`` is the stage whose beginning it holds, ``None`` for the present one."""

    sort: Derived
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the derived fields of a kind follow from. ``fields`` are the shared fields that conditions may read, those
    that a vendor lacks as well; ``stage`` is the one that holds the stage.
    """

    fields: tuple[str, ...]
    personas: tuple[Persona, ...] = ()
    rating: Rating | None = None
    stage: str | None = None


def terms_of(field: str) -> str:
    """The name under which a Base keeps by which definitions a derived value was computed; no shared field begins like
    that, and it moves with its field as a journey does with a stage (``model.lifecycle.journey_of``).
    """
    return f"@{field}"
