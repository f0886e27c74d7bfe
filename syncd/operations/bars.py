"""Bars drawn by hand as SVG: a row each, a whisker for bounds, a dashed line to compare with.

There are two drawings of each chart, of which a page shows the one that fits: beside their labels, and under them where
the screen is narrow, so that no text has to shrink. Colours are the page's, through CSS variables. Every text is
escaped, and none reaches into a bar.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from syncd.operations.page import Bar, Bars, escaped

HIGH: Final = 16
"""Of a bar; all lengths are in units of the drawing, about a pixel at its full size."""
TOP: Final = 26
"""Above the first bar, for the name of the mark."""


@dataclass(frozen=True, slots=True)
class _Form:
    """Where things stand. ``begin`` is where bars begin, ``room`` the length of the longest there can be, ``pitch``
    from row to row, ``middle`` of a bar within its row; ``longest`` are letters of a label that fit, with those of
    the text on its line.
    """

    name: str
    width: int
    begin: int
    room: int
    pitch: int
    middle: float
    longest: int


_BESIDE: Final = _Form("bars wide", width=720, begin=190, room=360, pitch=30, middle=15, longest=26)
_UNDER: Final = _Form("bars narrow", width=320, begin=2, room=316, pitch=46, middle=30, longest=42)


def svg(chart: Bars) -> str:
    """Both drawings, an ``svg`` element each; styles say which one is seen."""
    return "\n".join(line for form in (_BESIDE, _UNDER) for line in _draw(chart, form))


def _draw(chart: Bars, form: _Form) -> Iterator[str]:
    top = TOP if chart.mark is not None else 6
    height = top + form.pitch * len(chart.bars) + 4
    size = f'viewBox="0 0 {form.width} {height}" style="max-width:{form.width}px"'
    named = f'role="img" aria-label="{escaped(chart.words)}"'
    yield f'<svg class="{form.name}" xmlns="http://www.w3.org/2000/svg" {size} {named}>'
    for number, bar in enumerate(chart.bars):
        yield from _bar(bar, top + number * form.pitch, chart.most, form)
    if chart.mark is not None:
        at, name = chart.mark
        x = form.begin + _length(at, chart.most, form)
        anchor = "middle" if form is _BESIDE else "end" if x > form.width / 2 else "start"
        yield f'<path class="mark" d="M{x:.1f} {top - 6}V{height}"/>'
        yield f'<text class="soft" x="{x:.1f}" y="{top - 11}" text-anchor="{anchor}">{escaped(name)}</text>'
    yield "</svg>"


def _bar(bar: Bar, top: float, most: float, form: _Form) -> Iterator[str]:
    middle, length = top + form.middle, _length(bar.length, most, form)
    longest = form.longest - (0 if form is _BESIDE else len(bar.text))
    label = bar.label if len(bar.label) <= longest else f"{bar.label[: max(8, longest - 1)].rstrip()}…"
    yield f"<g><title>{escaped(bar.label)}: {escaped(bar.text)}</title>"
    if form is _BESIDE:
        base = middle + 4.5
        yield f'<text x="{form.begin - 10}" y="{base:.1f}" text-anchor="end">{escaped(label)}</text>'
        yield f'<text class="soft" x="{form.begin + form.room + 10}" y="{base:.1f}">{escaped(bar.text)}</text>'
    else:
        yield f'<text x="{form.begin}" y="{top + 15:.1f}">{escaped(label)}</text>'
        yield f'<text class="soft" x="{form.width - 2}" y="{top + 15:.1f}" text-anchor="end">{escaped(bar.text)}</text>'
    box = f'x="{form.begin}" y="{middle - HIGH / 2:.1f}"'
    yield f'<rect class="room" {box} width="{form.room}" height="{HIGH}" rx="3"/>'
    yield f'<rect {box} width="{length:.1f}" height="{HIGH}" rx="3"/>'
    if bar.low is not None and bar.high is not None:
        low, high = (form.begin + _length(each, most, form) for each in (bar.low, bar.high))
        ends = "".join(f"M{x:.1f} {middle - 5:.1f}V{middle + 5:.1f}" for x in (low, high))
        yield f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}{ends}"/>'
    yield "</g>"


def _length(value: float, most: float, form: _Form) -> float:
    return form.room * min(1.0, max(0.0, value / most)) if most > 0 else 0.0
