"""The diagram of the glossary: every way is drawn, lines that meet are told apart, and it is sound XML."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.operations.diagram import HIGH, LONGEST, _Drawing, _meet, svg
from syncd.operations.page import Arrow, Diagram

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    """Any ways between up to ten nodes, some of them doubled."""
    count = draw(st.integers(2, 10))
    ways = draw(
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1), st.booleans()), max_size=30).map(
            lambda drawn: [way for way in drawn if way[0] != way[1]]
        )
    )
    nodes = tuple((f"k{number}", draw(st.text(min_size=1, max_size=40))) for number in range(count))
    arrows = tuple(Arrow(f"k{start}", f"k{end}", f"{start}-{end}", again=again) for start, end, again in ways)
    return Diagram(nodes, arrows, "words")


@settings(max_examples=150, deadline=None)
@given(diagram=diagrams())
def test_every_way_is_drawn_once_and_no_two_lines_lie_on_each_other(diagram: Diagram) -> None:
    """A path for each way; lines in one lane never meet; each leaves and enters within its nodes."""
    drawing = _Drawing(diagram)
    for lines in (drawing.down, drawing.up):
        for one, other in combinations(lines, 2):
            assert drawing.lanes[one] != drawing.lanes[other] or not _meet(one, other)
    for (_, node), height in drawing.ports.items():
        assert drawing._top(node) < height < drawing._top(node) + HIGH
    heights = [(node, round(height, 6)) for (line, node), height in drawing.ports.items() if line in drawing.down]
    assert len(set(heights)) == len(heights)
    for one, other in combinations(drawing.ports, 2):
        if one[1] == other[1] and one[0] in drawing.down and other[0] in drawing.down:
            above, below = sorted((one, other), key=lambda port: drawing.ports[port])
            ends_below = below[0].end == below[1]
            assert not ends_below or above[0].end == above[1], "what ends at a node ends above what begins there"
            if above[0].end != above[1]:
                assert drawing.lanes[above[0]] > drawing.lanes[below[0]], "what begins further up runs further outside"
    text = svg(diagram)
    if any(not re.fullmatch(r"[ -~]*", name) for _, name in diagram.nodes):
        return  # letters that XML does not know are for browsers, which read HTML
    root = ET.fromstring(text)
    paths = [each for each in root.iter(f"{SVG}path") if each.find(f"{SVG}title") is not None]
    assert len(paths) == len({(arrow.start, arrow.end, arrow.again) for arrow in diagram.arrows})
    assert [each.text for each in root.iter(f"{SVG}text")] == [
        name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…" for _, name in diagram.nodes
    ]


def test_ways_alike_are_one_line_that_tells_both() -> None:
    """Two transitions between the same stages, for two teams."""
    arrows = (Arrow("a", "c", "by m"), Arrow("a", "c", "by s"), Arrow("b", "c", "by m"))
    text = svg(Diagram((("a", "A"), ("b", "B"), ("c", "C <x>")), arrows, "words"))
    assert "<title>by m; by s</title>" in text
    assert "C &lt;x&gt;" in text
    assert text.count("<path marker-end") == 2
