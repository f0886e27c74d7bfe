"""A report as text, JSON, CSV and page: the same figures, marked where few stand behind them, and nothing runs."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from syncd.model.lifecycle import Commitments
from syncd.operations.bars import svg
from syncd.operations.page import Bar, Bars, Page, Section, Table
from syncd.operations.page_html import html
from syncd.operations.page_markdown import markdown
from syncd.operations.report import Figure, Period, Report, Unit
from syncd.operations.report import Section as Part
from syncd.operations.report_handoff import handoff
from syncd.operations.report_writing import csv_rows, document, opened, page, text_of
from tests.unit.core.ledgers import at, delivered, moved, told
from tests.unit.operations.ledgers import stored

NASTY = "=cmd|'<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure("k", "n", 1_234), "1,234"),
        (Figure("k", "n", None, Unit.SHARE, 0), "-"),
        (Figure("k", "n", 0.5, Unit.SHARE, 40, 0.352, 0.648), "50.0 % of 40 [35.2-64.8]"),
        (Figure("k", "n", 0.5, Unit.SHARE, 19), "50.0 % of 19*"),
        (Figure("k", "n", 0.44, Unit.SHARE), "44.0 %"),
        (Figure("k", "n", 14.5, Unit.DAYS, 20), "14.5 (of 20)"),
        (Figure("k", "n", 123_456, Unit.MONEY, 30), "1,234.56 (of 30)"),
        (Figure("k", "n", 90_000, Unit.TIME, 20), "90.0 s (of 20)"),
        (Figure("k", "n", 500, Unit.TIME, 20), "500 ms (of 20)"),
        (Figure("k", "n", 3_600_000, Unit.TIME, 20), "60.0 min (of 20)"),
        (Figure("k", "n", 9_000_000, Unit.TIME, 5), "2.5 h (of 5)*"),
        (Figure("k", "n", 4.25, Unit.NUMBER, 100, 2, 6), "4.2 [2.0 to 6.0]"),
        (Figure("k", "n", 3, of=10), "3 of 10*"),
    ],
)
def test_a_figure_in_words(figure: Figure, text: str) -> None:
    """With its count, its bounds, and a mark if few stand behind it."""
    assert text_of(figure) == text


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """A report over somebody from a nasty source."""
    events = [moved("mql", 0), delivered(1), told(0, origin=NASTY), moved("sql", 3), moved("mql", 5, "Q")]
    return handoff(stored(tmp_path, events), Period(), now=at(9), by=("origin",), promised=Commitments(reason=90))


def test_json_has_everything(report: Report) -> None:
    """Oddities with the ids of their episodes and people."""
    told_of = document(report, now=at(9))
    sections = {section["key"]: section for section in told_of["sections"]}
    assert told_of["period"] == {"since": None, "until": None, "zone": "UTC"}
    odd = {each["key"]: each for each in sections["oddities"]["figures"]}["oddity:no_origin"]
    assert (odd["value"], odd["people"], len(odd["episodes"])) == (1, ["Q"], 1)
    rate = {each["key"]: each for each in sections["decisions"]["figures"]}["acceptance"]
    assert (rate["value"], rate["of"], rate["small"], rate["unit"]) == (1.0, 1, True, "share")
    assert sections["by:origin"]["tables"][0]["rows"][0][0] == NASTY


def test_csv_is_one_row_a_figure_and_no_formula(report: Report) -> None:
    """A spreadsheet is handed text; every figure of the report is there."""
    text = io.StringIO()
    csv.writer(text).writerows(csv_rows(report))
    rows = list(csv.DictReader(io.StringIO(text.getvalue())))
    keys = [row["key"].removeprefix("'") for row in rows]
    assert all(figure.key in keys for figure in report.figures())
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
    assert [row["row"] for row in rows if row["figure"] == "episode" and row["key"] == "oddity:no_origin"] == ["Q"]


def test_a_page_runs_nothing_and_loads_nothing(report: Report) -> None:
    """What people wrote stays text; the chart and the mark beside 44 % are there."""
    text = html(page(report, now=at(9), connection="main", names={"oddity:no_origin": ["contacts/7"]}))
    assert "<script" not in text
    assert not re.search(r"(src|href)=\"(?!#)", text.replace("http://www.w3.org/2000/svg", ""))
    assert "&lt;script&gt;" in text
    assert '<svg class="bars wide"' in text
    assert "44 % (Gartner)" in text
    assert "contacts/7" in text
    assert "100.0 % of 1 [" in text
    assert "prefers-color-scheme: dark" in text


def test_a_name_neither_widens_a_page_nor_turns_it_around() -> None:
    """A word that no column has room for may be broken, others are not; a letter that would turn the line is seen."""
    rows = ((("x" * 65,), ("short words, many of them, " * 9,)), (("\N{RIGHT-TO-LEFT OVERRIDE}moc\0",), ("ok",)))
    text = html(Page("t", ("l",), (Section("s", (Table(("a", "b"), rows, "which"),)),), ("f",)))
    assert text.count('class="long"') == 1
    assert "\N{REPLACEMENT CHARACTER}moc\N{REPLACEMENT CHARACTER}" in text
    assert not {"\N{RIGHT-TO-LEFT OVERRIDE}", "\0"} & set(text)
    assert "<caption>which</caption>" in text


def test_what_stands_in_backquotes_is_code() -> None:
    """On a page of a report as in the console; one alone is a letter like any other, and nothing becomes markup."""
    words = ("type `syncd <b>` here", "it's a ` and no more")
    told = Report("handoff", "R", Period(), (Part("s", "S", words),))
    text = html(page(told, now=at(9), connection="main", names={}))
    assert "type <code>syncd &lt;b&gt;</code> here" in text
    assert "it&#x27;s a ` and no more" in text


def test_a_page_as_markdown_leaves_drawings_out(report: Report) -> None:
    """The table beside them says the same."""
    text = markdown(page(report, now=at(9), connection="main", names={}))
    assert "acceptance rate" in text
    assert "svg" not in text


def test_bars_keep_within_their_room() -> None:
    """None is longer than the scale, none shorter than nothing, and texts are escaped."""
    drawn = svg(Bars("<b>", (Bar("a & b", 2.0, "<i>", -1.0, 9.0), Bar("none", 0.0, "0")), 1.0))
    assert re.findall(r'<rect x="190"[^>]* width="([^"]+)"', drawn) == ["360.0", "0.0"]
    assert "M190.0 21.0H550.0" in drawn
    assert re.findall(r'<rect x="2"[^>]* width="([^"]+)"', drawn) == ["316.0", "0.0"], "under its label, too"
    assert "<b>" not in drawn
    assert "<i>" not in drawn
    assert "a &amp; b" in drawn


def test_rows_lead_to_episodes_or_people(report: Report) -> None:
    """Places lead to both, ids of people to themselves."""
    assert opened(report, Figure("k", "n", 1, rows=[0])) == ([report.ids[0]], [report.people[0]])
    assert opened(report, Figure("k", "n", 1, rows=["x"])) == ([], ["x"])
