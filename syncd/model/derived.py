"""Fields whose value syncd computes itself from the other shared fields of a person, and what it computes them from.

A derived field has no policy: nobody's edit counts, the computed value stands on every side that maps the field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from syncd.model.persona import Persona
from syncd.model.rating import Rating
from syncd.model.values import Instant


class Derived(StrEnum):
    """What a derived field holds."""

    PERSONA = "persona"
    GRADE = "grade"
    POINTS = "points"
    GRADE_REASONS = "grade_reasons"
    STAGE = "stage"
    CYCLE = "cycle"
    STAGE_ENTERED = "stage_entered"
    FIRST_ENTERED = "first_entered"
    TIMES_ENTERED = "times_entered"
    STAGE_HISTORY = "stage_history"
    WON_AMOUNT = "won_amount"
    LOSS_REASON = "loss_reason"
    RESPOND_BY = "respond_by"
    LAST_TOUCH = "last_touch"
    IN_SALES_HANDS = "in_sales_hands"


RATED: Final = frozenset({Derived.GRADE, Derived.POINTS, Derived.GRADE_REASONS})
"""What follows from ``rating.yaml``."""
OF_A_STAGE: Final = frozenset({Derived.STAGE_ENTERED, Derived.FIRST_ENTERED, Derived.TIMES_ENTERED})
"""What can be asked of a named stage, and of the present one where none is named."""
STAGED: Final = OF_A_STAGE | {Derived.STAGE, Derived.CYCLE, Derived.STAGE_HISTORY}
"""What follows from the lifecycle: where a person is, and what they have been through."""
DEALT: Final = frozenset({Derived.WON_AMOUNT, Derived.LOSS_REASON})
"""What follows from a person's deals."""
LEDGERED: Final = frozenset({Derived.RESPOND_BY, Derived.LAST_TOUCH, Derived.IN_SALES_HANDS})
"""What follows from the handoff ledger, which learns of a change only once both sides confirmed it."""
FILES: Final = {
    Derived.PERSONA: "personas.yaml",
    **dict.fromkeys(sorted(RATED), "rating.yaml"),
    **dict.fromkeys(sorted(STAGED | LEDGERED), "lifecycle.yaml"),
    **dict.fromkeys(sorted(DEALT), "schema/deal.yaml"),
}
"""The file that each follows from."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What the handoff ledger says of one person now.

    ``respond_by`` is when sales' time is over in the open handoff that waits for them, ``None`` if none does;
    ``last_touch`` when a person of sales last did something about them. ``in_sales_hands`` holds from when they are
    handed over, or sales took them up, until that ends: they are rejected, recycled, lost, or have bought.
    """

    respond_by: Instant | None
    last_touch: Instant | None
    in_sales_hands: bool


@dataclass(frozen=True, slots=True)
class Derivation:
    """How one field is derived. ``stage`` is the stage that it is about, ``None`` for the present one."""

    sort: Derived
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the derived fields of a kind follow from. ``fields`` are the shared fields that conditions may read, those
    that a vendor lacks as well; ``stage`` is the one that holds the stage. ``ledger`` changes with the service levels
    and calendars that the handoff is booked by; it counts only where a field follows from the ledger. ``stages`` are
    the names of the stages by key; they count only where a field tells them in a text.
    """

    fields: tuple[str, ...]
    personas: tuple[Persona, ...] = ()
    rating: Rating | None = None
    stage: str | None = None
    ledger: str = field(default="", repr=False)
    stages: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def terms_of(field: str) -> str:
    """The name under which a Base keeps by which definitions a derived value was computed; no shared field begins like
    that, and it moves with its field as a journey does with a stage (``model.lifecycle.journey_of``).
    """
    return f"@{field}"
