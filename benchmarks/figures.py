"""A figure of a bench: what was measured, its unit, and the goal it is held against, if it has one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table. ``goal`` is the most it may be, ``least`` the least it must be; it has one or none."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    least: float | None = None

    @property
    def judged(self) -> bool:
        """Whether it has a goal."""
        return self.goal is not None or self.least is not None

    @property
    def met(self) -> bool:
        """Whether it is within its goal; a figure without a goal always is."""
        return (self.goal is None or self.value <= self.goal) and (self.least is None or self.value >= self.least)

    @property
    def asked(self) -> str:
        """Its goal as it is shown; empty without one."""
        if self.goal is not None:
            return f"<= {shown(self.goal)}"
        return f">= {shown(self.least)}" if self.least is not None else ""

    @property
    def measured(self) -> str:
        """Its value with its unit, as it is shown."""
        return f"{shown(self.value)} {self.unit}".strip()

    def to_json(self) -> dict[str, Any]:
        """The form of the results file."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def shown(number: float) -> str:
    """A number for people: thousands apart, no more digits than it can bear."""
    return f"{number:,.0f}" if abs(number) >= 100 or number == int(number) else f"{number:,.2f}"


def table(figures: Iterable[Figure]) -> Sequence[str]:
    """The lines of a Markdown table of figures."""
    rows = [(each.name, each.measured, each.asked, verdict(each)) for each in figures]
    return aligned(("figure", "measured", "goal", ""), rows)


def verdict(figure: Figure) -> str:
    """``met`` or ``missed``; empty without a goal."""
    if not figure.judged:
        return ""
    return "met" if figure.met else "missed"


def aligned(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Sequence[str]:
    """The lines of a Markdown table, which reads well in a terminal too."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, *rows)
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]
