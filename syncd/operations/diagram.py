"""A diagram of ways between named nodes, drawn by hand as SVG: nodes from top to bottom, ways down on their right, ways
back up on their left, one step down straight.

All ways to one node share one line, so that there are as many lines as nodes with ways from afar, and not as many as
ways. Shorter lines run further inside; where several begin at one node, they leave it in an order in which none crosses
another. Colours are the page's, through CSS variables. Every text is escaped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from syncd.operations.page import Arrow, Diagram, escaped

WIDE: Final = 228
"""Width of a node; all lengths are in units of the drawing, about a pixel at its full size."""
HIGH: Final = 40
PITCH: Final = 66
LANE: Final = 14
MARGIN: Final = 22
"""From a node to the first line beside it."""
ROUND: Final = 7
LONGEST: Final = 30
"""Letters of a name that fit into a node."""


@dataclass(frozen=True, slots=True)
class _Line:
    """All ways to one node from one direction. ``far`` is the node furthest away that it begins at."""

    end: int
    starts: tuple[int, ...]
    again: bool

    @property
    def span(self) -> tuple[int, int]:
        return min(self.end, *self.starts), max(self.end, *self.starts)


def svg(diagram: Diagram) -> str:
    """The drawing as one ``svg`` element."""
    return "\n".join(_Drawing(diagram).draw())


class _Drawing:
    """One drawing being made."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.names = dict(diagram.nodes)
        self.place = {key: number for number, (key, _) in enumerate(diagram.nodes)}
        self.words: dict[tuple[int, int, bool], list[str]] = defaultdict(list)
        for arrow in diagram.arrows:
            self.words[self._ends(arrow)].append(arrow.words)
        ways = list(self.words)
        self.straight = [way for way in ways if way[1] == way[0] + 1 and not way[2]]
        afar = [way for way in ways if way not in self.straight]
        self.down = _lines([way for way in afar if way[1] > way[0]])
        self.up = _lines([way for way in afar if way[1] < way[0]])
        self.lanes = {**_lanes(self.down), **_lanes(self.up)}
        self.x = self._gutter(self.up)
        self.width = self.x + WIDE + self._gutter(self.down)
        self.height = PITCH * (len(diagram.nodes) - 1) + HIGH + 4
        self.ports = {**self._ports(self.down, downward=True), **self._ports(self.up, downward=False)}

    def draw(self) -> Iterator[str]:
        label = escaped(self.diagram.words)
        size = f'viewBox="0 0 {self.width} {self.height}" style="max-width:{self.width}px"'
        yield f'<svg class="way" xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}">'
        yield "<defs>"
        for name in ("tip", "tip-again"):
            yield (
                f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
                ' orient="auto" markerUnits="userSpaceOnUse"><path d="M0 .5 7.5 4 0 7.5z"/></marker>'
            )
        yield "</defs>"
        for way in self.straight:
            top = self._top(way[0]) + HIGH
            yield self._path(way, f"M{self.x + WIDE / 2:g} {top:g}V{self._top(way[1]):g}")
        for line in self.down:
            for start in line.starts:
                yield self._path((start, line.end, line.again), self._beside(line, start, sign=1))
        for line in self.up:
            for start in line.starts:
                yield self._path((start, line.end, line.again), self._beside(line, start, sign=-1))
        for number, (key, name) in enumerate(self.diagram.nodes):
            yield from self._node(number, key, name)
        yield "</svg>"

    def _ends(self, arrow: Arrow) -> tuple[int, int, bool]:
        return self.place[arrow.start], self.place[arrow.end], arrow.again

    def _gutter(self, lines: list[_Line]) -> float:
        lanes = [self.lanes[line] for line in lines]
        return MARGIN + max(lanes, default=-1) * LANE + ROUND if lanes else 2

    def _top(self, number: int) -> float:
        return 2 + number * PITCH

    def _ports(self, lines: list[_Line], *, downward: bool) -> Mapping[tuple[_Line, int], float]:
        """Where each line touches each node, as a height.

        On the way down a line ends at a node above those that begin there, and of these the outermost begins first; on
        the way up it is the other way round.
        """
        touching: dict[int, list[_Line]] = defaultdict(list)
        for line in lines:
            for node in (line.end, *line.starts):
                touching[node].append(line)
        ports: dict[tuple[_Line, int], float] = {}
        for node, here in touching.items():
            ending = sorted((line for line in here if line.end == node), key=lambda line: self.lanes[line])
            leaving = sorted((line for line in here if line.end != node), key=lambda line: -self.lanes[line])
            ordered = [*ending, *leaving] if downward else [*reversed(leaving), *reversed(ending)]
            gap = min(8.0, (HIGH - 10) / max(1, len(ordered) - 1))
            first = self._top(node) + HIGH / 2 - gap * (len(ordered) - 1) / 2
            for number, line in enumerate(ordered):
                ports[line, node] = first + number * gap
        return ports

    def _beside(self, line: _Line, start: int, *, sign: int) -> str:
        """The way from a node along its line; ``sign`` is 1 on the right, where it goes down, -1 on the left."""
        edge = self.x + WIDE if sign > 0 else self.x
        lane = edge + sign * (MARGIN + self.lanes[line] * LANE)
        begin, end = self.ports[line, start], self.ports[line, line.end]
        turn = sign * ROUND
        return (
            f"M{edge:g} {begin:g}H{lane - turn:g}Q{lane:g} {begin:g} {lane:g} {begin + turn:g}"
            f"V{end - turn:g}Q{lane:g} {end:g} {lane - turn:g} {end:g}H{edge:g}"
        )

    def _path(self, way: tuple[int, int, bool], shape: str) -> str:
        again = way[2]
        told = escaped("; ".join(self.words[way]))
        style = 'class="again" marker-end="url(#tip-again)"' if again else 'marker-end="url(#tip)"'
        return f'<path {style} d="{shape}"><title>{told}</title></path>'

    def _node(self, number: int, key: str, name: str) -> Iterator[str]:
        top, middle = self._top(number), self.x + WIDE / 2
        shown = name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"
        yield f"<g><title>{escaped(name)} ({escaped(key)})</title>"
        yield f'<rect x="{self.x:g}" y="{top:g}" width="{WIDE}" height="{HIGH}" rx="9"/>'
        yield f'<text x="{middle:g}" y="{top + HIGH / 2 + 4.5:g}">{escaped(shown)}</text></g>'


def _lines(ways: list[tuple[int, int, bool]]) -> list[_Line]:
    starts: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for start, end, again in ways:
        starts[end, again].append(start)
    return [_Line(end, tuple(begins), again) for (end, again), begins in starts.items()]


def _lanes(lines: list[_Line]) -> dict[_Line, int]:
    """For each line the lane it runs in, counted from the nodes; lines that meet are in different lanes."""
    lanes: dict[_Line, int] = {}
    for line in sorted(lines, key=lambda each: (each.span[1] - each.span[0], each.span)):
        taken = {lane for other, lane in lanes.items() if _meet(line, other)}
        lanes[line] = next(lane for lane in range(len(lines)) if lane not in taken)
    return lanes


def _meet(one: _Line, other: _Line) -> bool:
    return one.span[0] <= other.span[1] and other.span[0] <= one.span[1]
