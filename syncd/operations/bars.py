"""Bars beside their labels, drawn by hand as SVG: a row each, a whisker for bounds, a dashed line to compare with.

Colours are the page's, through CSS variables. Every text is escaped, and none reaches into a bar.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from syncd.operations.page import Bar, Bars

LABEL: Final = 190
"""Width of the labels; all lengths are in units of the drawing, about a pixel at its full size."""
ROOM: Final = 360
"""Length of the longest bar there can be."""
TEXT: Final = 170
PITCH: Final = 30
HIGH: Final = 16
TOP: Final = 26
"""Above the first bar, for the name of the mark."""
LONGEST: Final = 26
"""Letters of a label that fit beside its bar."""


def svg(chart: Bars) -> str:
    """The drawing as one ``svg`` element."""
    return "\n".join(_draw(chart))


def _draw(chart: Bars) -> Iterator[str]:
    top = TOP if chart.mark is not None else 6
    width, height = LABEL + ROOM + TEXT, top + PITCH * len(chart.bars) + 4
    size = f'viewBox="0 0 {width} {height}" style="max-width:{width}px"'
    yield f'<svg class="bars" xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(chart.words)}">'
    for number, bar in enumerate(chart.bars):
        yield from _bar(bar, top + number * PITCH, chart.most)
    if chart.mark is not None:
        at, name = chart.mark
        x = LABEL + _length(at, chart.most)
        yield f'<path class="mark" d="M{x:.1f} {top - 6}V{height}"/>'
        yield f'<text class="soft" x="{x:.1f}" y="{top - 11}" text-anchor="middle">{escape(name)}</text>'
    yield "</svg>"


def _bar(bar: Bar, top: float, most: float) -> Iterator[str]:
    middle, length = top + PITCH / 2, _length(bar.length, most)
    label = bar.label if len(bar.label) <= LONGEST else f"{bar.label[: LONGEST - 1].rstrip()}…"
    yield f"<g><title>{escape(bar.label)}: {escape(bar.text)}</title>"
    yield f'<text x="{LABEL - 10}" y="{middle + 4.5:.1f}" text-anchor="end">{escape(label)}</text>'
    yield f'<rect class="room" x="{LABEL}" y="{middle - HIGH / 2:.1f}" width="{ROOM}" height="{HIGH}" rx="3"/>'
    yield f'<rect x="{LABEL}" y="{middle - HIGH / 2:.1f}" width="{length:.1f}" height="{HIGH}" rx="3"/>'
    if bar.low is not None and bar.high is not None:
        low, high = (LABEL + _length(each, most) for each in (bar.low, bar.high))
        ends = "".join(f"M{x:.1f} {middle - 5:.1f}V{middle + 5:.1f}" for x in (low, high))
        yield f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}{ends}"/>'
    yield f'<text class="soft" x="{LABEL + ROOM + 10}" y="{middle + 4.5:.1f}">{escape(bar.text)}</text></g>'


def _length(value: float, most: float) -> float:
    return ROOM * min(1.0, max(0.0, value / most)) if most > 0 else 0.0
