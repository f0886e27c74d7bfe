"""A report as text, JSON, CSV rows, or a page; the same figures in each, small numbers marked in each.

CSV is one row per figure, so that a table of any shape can be made of it, and its last column tells whose a name is; a
text that a spreadsheet would take for a formula gets an apostrophe in front. JSON holds shares as parts of one, times
in milliseconds, amounts in hundredths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from syncd.core.figures import SMALL
from syncd.engine.shadowed import shadowed
from syncd.model.values import Instant, stamp
from syncd.operations import page as paper
from syncd.operations.report import Bar, Chart, Figure, Named, Report, Section, Table, Unit
from syncd.ports.store import Store

MARK: Final = "*"
FOOTNOTE: Final = f"{MARK} of fewer than {SMALL}: chance may have made it"
CSV_HEADS: Final = (
    "section",
    "key",
    "row",
    "figure",
    "value",
    "unit",
    "of",
    "low",
    "high",
    "small",
    "promised",
    "note",
    "id",
)
LONGEST: Final = 200
"""Letters of a name that a page shows; the other forms tell all of it."""
NO_BREAK: Final = "\N{NON-BREAKING HYPHEN}"
_DATE: Final = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_UNITS: Final = ((1_000, "ms", 1), (120_000, "s", 1_000), (7_200_000, "min", 60_000))


def saying_how(report: Report, store: Store) -> Report:
    """The same report; where the ledger was kept by looking for some time, it begins with when that was."""
    times = shadowed(store)
    if not times or not report.sections:
        return report
    spans = (f"{each.begun:%Y-%m-%d} to {'now' if each.ended is None else f'{each.ended:%Y-%m-%d}'}" for each in times)
    words = f"Kept by looking, in shadow mode, while syncd wrote nothing: {', '.join(spans)}."
    first, *others = report.sections
    return replace(report, sections=(replace(first, words=(words, *first.words)), *others))


def text_of(figure: Figure) -> str:
    """A figure for people, with its count and bounds; marked if small."""
    mark = MARK if figure.small else ""
    if figure.value is None:
        return "-"
    told = _value(figure.value, figure.unit)
    if figure.unit is Unit.SHARE and figure.of is not None:
        bounds = "" if figure.low is None or figure.high is None else f" [{_bounds(figure)}]"
        return f"{told} of {figure.of:,}{bounds}{mark}"
    if figure.low is not None and figure.high is not None:
        return f"{told} [{_bounds(figure)}]{mark}"
    of = f" (of {figure.of:,})" if figure.of is not None and figure.unit is not Unit.COUNT else ""
    of = f" of {figure.of:,}" if figure.of is not None and figure.unit is Unit.COUNT else of
    return f"{told}{of}{mark}"


def _bounds(figure: Figure) -> str:
    low, high = figure.low or 0, figure.high or 0
    if figure.unit is Unit.SHARE:
        return f"{100 * low:.1f}-{100 * high:.1f}"
    return f"{_value(low, figure.unit)} to {_value(high, figure.unit)}"


def _value(value: float, unit: Unit) -> str:
    if unit is Unit.SHARE:
        return f"{100 * value:.1f} %"
    if unit is Unit.MONEY:
        return f"{value / 100:,.2f}"
    if unit is Unit.TIME:
        return span(value)
    if unit is Unit.NUMBER:
        return f"{value:,.1f}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def span(milliseconds: float) -> str:
    """A length of time for people."""
    for most, name, size in _UNITS:
        if milliseconds < most:
            return f"{milliseconds / size:.0f} {name}" if size == 1 else f"{milliseconds / size:.1f} {name}"
    return f"{milliseconds / 3_600_000:,.1f} h"


# -- JSON and CSV ------------------------------------------------------------------------------------------------------
def document(report: Report, *, now: Instant) -> dict[str, Any]:
    """The report as plain values."""
    period = report.period
    return {
        "report": report.name,
        "made_at": stamp(now),
        "period": {
            "since": None if period.since is None else stamp(period.since),
            "until": None if period.until is None else stamp(period.until),
            "zone": "UTC",
        },
        "sections": [
            {
                "key": section.key,
                "title": section.title,
                "words": list(section.words),
                "figures": [figure_document(figure, section, report) for figure in section.figures],
                "tables": [_table(table) for table in section.tables],
            }
            for section in report.sections
        ],
    }


def figure_document(figure: Figure, section: Section | None = None, report: Report | None = None) -> dict[str, Any]:
    """A figure as plain values; an oddity with the ids of its episodes and people."""
    told: dict[str, Any] = {
        "key": figure.key,
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit.value,
        "of": figure.of,
        "low": figure.low,
        "high": figure.high,
        "small": figure.small,
        "note": figure.note,
        "promised": figure.target,
    }
    if section is not None and report is not None and section.key == "oddities":
        told["episodes"], told["people"] = opened(report, figure)
    return told


def _table(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "heads": list(table.heads),
        "rows": [list(map(_plainly, row)) for row in table.rows],
    }


def _plainly(cell: str | Figure) -> str | dict[str, Any]:
    """A figure as plain values, a text as it is, a name with the id of whose it is."""
    if isinstance(cell, Figure):
        return figure_document(cell)
    return {"name": str(cell), "id": cell.id} if isinstance(cell, Named) else cell


def opened(report: Report, figure: Figure) -> tuple[list[str], list[str]]:
    """The episodes and the people that a figure counts; people alone where it counts those."""
    episodes: list[str] = []
    people: list[str] = []
    for row in figure.rows:
        if isinstance(row, str):
            people.append(row)
        else:
            episodes.append(report.ids[row])
            people.append(report.people[row])
    return episodes, people


def csv_rows(report: Report) -> Iterator[tuple[str | float | None, ...]]:
    """One row per figure, and one per episode of an oddity."""
    yield CSV_HEADS
    for section in report.sections:
        for figure in section.figures:
            yield _csv_row(section, "", figure)
            if section.key == "oddities":
                for episode, person in zip(*opened(report, figure), strict=True):
                    yield (section.key, figure.key, person, "episode", episode, "", *[None] * 4, None, figure.name, "")
        for table in section.tables:
            for row in table.rows:
                title = " / ".join(cell for cell in row if isinstance(cell, str))
                id = next((cell.id for cell in row if isinstance(cell, Named)), "")
                figures = [cell for cell in row if isinstance(cell, Figure)]
                for figure in figures:
                    yield _csv_row(section, title, figure, id)
                if not figures:
                    yield (section.key, table.key, _plain(title), "", None, "", *[None] * 4, None, "", id)


def _csv_row(section: Section, row: str, figure: Figure, id: str = "") -> tuple[str | float | None, ...]:
    return (
        section.key,
        _plain(figure.key),
        _plain(row),
        figure.name,
        figure.value,
        figure.unit.value,
        figure.of,
        figure.low,
        figure.high,
        "yes" if figure.small else "no",
        figure.target,
        figure.note,
        id,
    )


def _plain(text: str) -> str:
    """A text from outside that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


# -- a page ------------------------------------------------------------------------------------------------------------
def page(report: Report, *, now: Instant, connection: str, names: Mapping[str, Sequence[str]]) -> paper.Page:
    """The report as a page.

    :param names: for each oddity's key the records of its episodes, as they are to be listed there.
    """
    lead = f"{connection}, {report.when or report.period}. Every figure says of how many it is; {FOOTNOTE}."
    sections = tuple(_page_section(section, names) for section in report.sections)
    foot: paper.Words = (
        "Made by ",
        paper.Code(f"{report.command} {report.name}"),
        f" at {stamp(now)}. {report.docs} defines each figure.",
    )
    return paper.Page(report.title, (lead,), sections, foot)


def _page_section(section: Section, names: Mapping[str, Sequence[str]]) -> paper.Section:
    blocks: list[paper.Block] = [paper.Paragraph(paper.spoken(words)) for words in section.words]
    if section.figures:
        noted = any(figure.note for figure in section.figures)
        rows: list[tuple[paper.Words, ...]] = []
        for figure in section.figures:
            notes: tuple[paper.Words, ...] = ((figure.note,),) if noted else ()
            rows.append(((figure.name,), (text_of(figure),), *notes, (paper.Code(figure.key),)))
        blocks.append(paper.Table(("figure", "value", *(["note"] if noted else []), "key"), tuple(rows)))
    blocks += [_bars(chart) for chart in section.charts]
    for table in section.tables:
        if table.rows:
            cells: tuple[tuple[paper.Words, ...], ...] = tuple(tuple(map(_cell, row)) for row in table.rows)
            blocks.append(paper.Table(table.heads, cells, table.title))
    if section.key == "oddities":
        for figure in section.figures:
            if listed := names.get(figure.key):
                words = ", ".join(listed) + (
                    f" and {len(figure.rows) - len(listed):,} more" * (len(listed) < len(figure.rows))
                )
                blocks.append(paper.Terms(((figure.name, ((words,),)),)))
    return paper.Section(section.title, tuple(blocks))


def _cell(cell: str | Figure) -> paper.Words:
    if isinstance(cell, Figure):
        return (text_of(cell),)
    if _DATE.fullmatch(cell):
        return (cell.replace("-", NO_BREAK),)
    return (cell if len(cell) <= LONGEST else f"{cell[: LONGEST - 1]}…",)


def _bars(chart: Chart) -> paper.Bars:
    return paper.Bars(
        chart.title,
        tuple(paper.Bar(_named(bar), bar.value, bar.text, bar.low, bar.high) for bar in chart.bars),
        chart.most or 1.0,
        chart.mark,
    )


def _named(bar: Bar) -> str:
    return f"{bar.label}{MARK}" if bar.small else bar.label
