"""A figure of a bench: what was measured, its unit, and the goal it is held against, if it has one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table. ``goal`` is the most it may be."""

    name: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def met(self) -> bool:
        """Whether it is within its goal; a figure without a goal always is."""
        return self.goal is None or self.value <= self.goal

    def to_json(self) -> dict[str, Any]:
        """The form of the results file."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def shown(number: float) -> str:
    """A number for people: thousands apart, no more digits than it can bear."""
    return f"{number:,.0f}" if abs(number) >= 100 or number == int(number) else f"{number:,.2f}"


def table(figures: Iterable[Figure]) -> Sequence[str]:
    """The lines of a Markdown table, which reads well in a terminal too."""
    rows = [("figure", "measured", "goal", "")]
    for each in figures:
        goal = "" if each.goal is None else f"<= {shown(each.goal)}"
        verdict = "" if each.goal is None else "met" if each.met else "missed"
        rows.append((each.name, f"{shown(each.value)} {each.unit}".strip(), goal, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]
