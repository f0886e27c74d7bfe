"""How ``syncd report`` makes a report and shows it: tables, JSON, CSV, a page, or the records behind a figure."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from syncd.cli.call import Call
from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    from syncd.model.values import Instant
    from syncd.operations.report import Figure, Report
    from syncd.ports.store import Store
    from syncd.settings.agreed import Agreed

    Make = Callable[[Store, Instant, Agreed], Report]

LISTED: Final = 100
"""Records of an oddity that a page lists."""
SHOWN: Final = 50
"""Records behind a figure that a terminal lists."""


class Shape:
    """What was asked for of the output."""

    def __init__(
        self,
        show: str | None,
        ids: bool,  # noqa: FBT001
        as_json: bool,  # noqa: FBT001
        as_csv: bool,  # noqa: FBT001
        as_html: bool,  # noqa: FBT001
        out: Path | None,
    ) -> None:
        if sum((as_json, as_csv, as_html)) > 1:
            raise BadUsage("say one of --json, --csv and --html")
        if show is not None and as_html:
            raise BadUsage("--show prints a table, JSON with --json or CSV with --csv; leave --html out")
        self.show, self.ids, self.out = show, ids, out
        self.as_json, self.as_csv, self.as_html = as_json, as_csv, as_html


def show_report(call: Call, make: Make, shape: Shape) -> None:
    """Makes a report of the chosen connection and shows it."""
    from syncd.bootstrap import read_agreed
    from syncd.cli.readings import EVERYTHING, note
    from syncd.operations.report_names import named, people_named
    from syncd.operations.report_writing import saying_how

    agreed = read_agreed(call.config, os.environ, call.connection)
    with call.memory() as store, _uncollected():
        at = now()
        report = saying_how(make(store, at, agreed), store)
        if shape.show is None:
            report = named(report, store)
            if people := people_named(report):
                about = " ".join(people) if len(people) <= LISTED else EVERYTHING
                note(store, "handoffs.read", call.outlined().chosen(call.connection), about)
        write(call, store, report, at, shape)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing here makes cycles that would have to be looked for among a hundred thousand rows."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def write(call: Call, store: Store, report: Report, now: Instant, shape: Shape) -> None:
    """Shows a report in the form that was asked for."""
    from syncd.operations.report_writing import csv_rows, document

    if shape.show is not None:
        _show(store, report, shape)
    elif shape.as_json:
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        emit(orjson.dumps(document(report, now=now), option=options).decode() + "\n", shape.out)
    elif shape.as_csv:
        _csv(csv_rows(report), shape.out)
    elif shape.as_html:
        from syncd.operations.page_html import html
        from syncd.operations.report_writing import page

        connection = call.outlined().chosen(call.connection)
        emit(html(page(report, now=now, connection=connection, names=_listed(store, report))), shape.out)
    else:
        print_report(report, ids=shape.ids)


def _csv(rows: Iterable[Sequence[object]], out: Path | None) -> None:
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    emit(text.getvalue(), out)


def emit(text: str, out: Path | None) -> None:
    """Writes a text to a file, and says so, or to standard output."""
    from syncd.cli.out import say

    if out is None:
        sys.stdout.write(text)
    else:
        save(text, out)
        say(f"wrote {out}")


def save(text: str, out: Path) -> None:
    """Writes a text to a file.

    :raises BadUsage: if it cannot be written.
    """
    from syncd.system import writing

    with writing(out):
        out.write_text(text, encoding="utf-8")


def print_report(report: Report, *, ids: bool) -> None:
    """A report as tables. :param ids: with the keys of the figures in them."""
    from syncd.cli.out import say, shown, table
    from syncd.operations.report import Figure
    from syncd.operations.report_writing import FOOTNOTE, text_of

    say(f"{report.title}: {report.when or report.period}", style="bold")
    marked = False
    for section in report.sections:
        say("", section.title, style="bold")
        for words in section.words:
            say(words)
        rows = [(each.name, text_of(each), each.note, each.key) for each in section.figures]
        table("", ("figure", "value", "note", "key"), rows)
        for each in section.tables:
            lines = [[_cell(cell, ids=ids) for cell in row] for row in each.rows]
            table(each.title, each.heads, lines)
        if section.key == "oddities" and not section.figures:
            say("nothing")
    marked = any(figure.small for figure in report.figures())
    if marked:
        say("", FOOTNOTE)
    first = next((shown(each.key) for each in report.figures() if each.rows), None)
    if first is not None:
        say(f"the records behind a figure: --show KEY, such as --show {first}; the keys of tables: --ids")
    assert all(isinstance(each, Figure) for each in report.figures())


def _cell(cell: str | Figure, *, ids: bool) -> str:
    from syncd.cli.out import shown
    from syncd.operations.report_writing import text_of

    if isinstance(cell, str):
        return shown(cell or None, longest=200)
    return f"{text_of(cell)} {{{cell.key}}}" if ids else text_of(cell)


# -- down to the records -----------------------------------------------------------------------------------------------
def _show(store: Store, report: Report, shape: Shape) -> None:
    """The records behind one figure."""
    from syncd.cli.out import count, print_json, say, shown, table
    from syncd.operations.report_agreement import CAUSES
    from syncd.operations.report_writing import figure_document, opened, text_of
    from syncd.operations.reporting import figure_of, members_behind, records_behind

    figure = figure_of(report, shape.show or "")
    episodes, people = opened(report, figure)
    if shape.ids:
        emit("".join(f"{each}\n" for each in episodes or people), shape.out)
        return
    rows = records_behind(store, report, members_behind(store, report, figure))
    if shape.as_json:
        print_json({"figure": figure_document(figure), "records": rows})
        return
    heads = ("link", "marketing", "crm", "fields") if report.apart else ("episode", "person", "marketing", "crm")
    if shape.as_csv:
        _csv([heads, *([_words(row[name], {}) for name in heads] for row in rows)], shape.out)
        return
    say(f"{figure.name or figure.key}: {text_of(figure)}", style="bold")
    if figure.note:
        say(figure.note)
    cells = [[shown(_words(row[name], CAUSES) or None, longest=200) for name in heads] for row in rows[:SHOWN]]
    table("", heads, cells)
    if len(rows) > SHOWN:
        say(f"and {count(len(rows) - SHOWN, 'record')} more; --json prints all")


def _words(told: str | Mapping[str, str] | None, names: Mapping[Any, str]) -> str:
    """A cell; of fields each with its cause, as it is called."""
    if isinstance(told, Mapping):
        return ", ".join(f"{field}: {names.get(cause, cause)}" for field, cause in told.items())
    return told or ""


def _listed(store: Store, report: Report) -> dict[str, list[str]]:
    """For a page: the records behind each oddity, the first of them."""
    from syncd.operations.report_writing import opened
    from syncd.operations.reporting import records_of

    found: dict[str, list[str]] = {}
    for section in report.sections:
        for figure in section.figures if section.key == "oddities" else ():
            people = opened(report, figure)[1][:LISTED]
            rows = records_of(store, [("", person) for person in people])
            found[figure.key] = [row["marketing"] or row["person"] for row in rows]
    return found


def now() -> Instant:
    """The time at which a report is made."""
    from syncd.system import SystemClock

    return SystemClock().now()
