"""``syncd report``: what marketing handed over, what sales made of it, and what both have won by it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncd.cli.call import Call
from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    from syncd.model.values import Instant
    from syncd.operations.report import Figure, Report
    from syncd.ports.store import Store
    from syncd.settings.agreed import Agreed

    Make = Callable[[Store, Instant, Agreed], Report]

app = typer.Typer(
    help="What marketing handed over, what sales made of it, and what both have won by it. Made from the store alone; "
    "needs no credentials and no network. docs/report.md defines each figure.",
    rich_markup_mode=None,
)
LISTED: Final = 100
"""Records of an oddity that a page lists."""
SHOWN: Final = 50

Since = Annotated[str | None, typer.Option("--since", metavar="DAY", help="From this day on, UTC, as 2026-03-01.")]
Until = Annotated[str | None, typer.Option("--until", metavar="DAY", help="To the end of this day, UTC.")]
By = Annotated[list[str] | None, typer.Option("--by", metavar="WHAT", help="Only by this; may be said several times.")]
Top = Annotated[int, typer.Option("--top", min=0, help="Rows of a table at most, the rest added up; 0 for all.")]
Show = Annotated[str | None, typer.Option("--show", metavar="KEY", help="The records behind a figure, by its key.")]
Ids = Annotated[bool, typer.Option("--ids", help="With --show: episode ids alone, one a line; else each figure's key.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV, one row per figure.")]
Html = Annotated[bool, typer.Option("--html", help="One self-contained page with charts; no script, loads nothing.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there, not to standard output.")]


@app.command("handoff")
def handoff(
    context: typer.Context,
    *,
    since: Since = None,
    until: Until = None,
    by: By = None,
    top: Top = 20,
    show: Show = None,
    ids: Ids = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_html: Html = False,
    out: Out = None,
) -> None:
    """Handed over, accepted, rejected and why; both clocks; service levels; what both teams promised.

    --by: grade, persona, origin, last_touch, asset, owner, sdr, ae, company.

    JSON: report, made_at, period {since, until, zone}, sections [{key, title, words, figures [{key, name, value, unit,
    of, low, high, small, note, promised}], tables [{key, heads, rows [[text or figure]]}]}]; oddities with episodes and
    people. Shares are parts of one, times milliseconds, amounts hundredths. With --show: figure, records [{episode,
    person, marketing OBJECT/ID, crm OBJECT/ID}].
    """
    from syncd.operations.report_handoff import DIMENSIONS
    from syncd.operations.report_handoff import handoff as made_of

    period, wanted = _period(since, until), _among(by, DIMENSIONS)
    _report(
        context.obj,
        lambda store, now, agreed: made_of(
            store, period, now=now, by=wanted, top=top, promised=agreed.rules.commitments
        ),
        _Shape(show, ids, as_json, as_csv, as_html, out),
    )


@app.command("funnel")
def funnel(
    context: typer.Context,
    *,
    since: Since = None,
    until: Until = None,
    show: Show = None,
    ids: Ids = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_html: Html = False,
    out: Out = None,
) -> None:
    """How many come into each stage, where they go, how long they stay; what was won and what is to be expected.

    JSON: as `report handoff`.
    """
    from syncd.operations.report_funnel import funnel as made_of

    period = _period(since, until)
    _report(
        context.obj,
        lambda store, now, agreed: made_of(store, period, now=now, names=agreed.stages),
        _Shape(show, ids, as_json, as_csv, as_html, out),
    )


@app.command("credit")
def credit(
    context: typer.Context,
    *,
    since: Since = None,
    until: Until = None,
    by: By = None,
    top: Top = 20,
    show: Show = None,
    ids: Ids = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_html: Html = False,
    out: Out = None,
) -> None:
    """Won and offered by source, last touch, asset, persona, grade, SDR, BDR, AE, owner, person and company.

    --by: origin, last_touch, asset, persona, grade, sdr, bdr, ae, owner, qualified_by, born, person, company.

    JSON: as `report handoff`.
    """
    from syncd.operations.report_credit import DIMENSIONS
    from syncd.operations.report_credit import credit as made_of

    period, wanted = _period(since, until), _among(by, DIMENSIONS)
    _report(
        context.obj,
        lambda store, _, __: made_of(store, period, by=wanted, top=top),
        _Shape(show, ids, as_json, as_csv, as_html, out),
    )


@app.command("rating")
def rating(
    context: typer.Context,
    *,
    since: Since = None,
    until: Until = None,
    show: Show = None,
    ids: Ids = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_html: Html = False,
    out: Out = None,
) -> None:
    """Acceptance and win rate of each grade with 95 % intervals, and whether a grade deserves its order.

    JSON: as `report handoff`.
    """
    from syncd.operations.report_rating import rating as made_of

    period = _period(since, until)
    _report(
        context.obj,
        lambda store, _, agreed: made_of(store, period, letters=agreed.grades),
        _Shape(show, ids, as_json, as_csv, as_html, out),
    )


@app.command("agreement")
def agreement(
    context: typer.Context,
    *,
    as_json: Json = False,
    as_csv: Csv = False,
    as_html: Html = False,
    out: Out = None,
) -> None:
    """How many linked records hold the same on both sides, as the last whole sweep found them.

    JSON: as `report handoff`.
    """
    from syncd.operations.report_agreement import agreement as made_of

    call: Call = context.obj
    with call.memory() as store:
        _write(call, store, made_of(store), _now(), _Shape(None, False, as_json, as_csv, as_html, out))


@app.command("review")
def review(
    context: typer.Context,
    *,
    month: Annotated[str, typer.Option("--month", metavar="MONTH", help="Calendar month in UTC, as 2026-03.")],
    show: Show = None,
    ids: Ids = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_html: Html = False,
    out: Out = None,
) -> None:
    """One month on one page: promises kept, five main reasons, proposed changes of definitions, wins with both names.

    JSON: as `report handoff`.
    """
    from syncd.operations.report_review import review as made_of

    which = _month(month)

    def made(store: Store, now: Instant, agreed: Agreed) -> Report:
        qualified = agreed.stages[agreed.rules.qualified[0]]
        promised, letters = agreed.rules.commitments, agreed.grades
        return made_of(store, month=which, now=now, promised=promised, letters=letters, qualified=qualified)

    _report(context.obj, made, _Shape(show, ids, as_json, as_csv, as_html, out))


# -- how it is made and shown ------------------------------------------------------------------------------------------
class _Shape:
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
        if show is not None and (as_csv or as_html):
            raise BadUsage("--show prints a table, or JSON with --json; leave the other one out")
        self.show, self.ids, self.out = show, ids, out
        self.as_json, self.as_csv, self.as_html = as_json, as_csv, as_html


def _report(call: Call, make: Make, shape: _Shape) -> None:
    """Makes a report of the chosen connection and shows it."""
    from syncd.bootstrap import read_agreed

    agreed = read_agreed(call.config, os.environ, call.connection)
    with call.memory() as store, _uncollected():
        now = _now()
        _write(call, store, make(store, now, agreed), now, shape)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing here makes cycles, and looking for them among a hundred thousand rows takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _write(call: Call, store: Store, report: Report, now: Instant, shape: _Shape) -> None:
    from syncd.operations.report_writing import csv_rows, document

    if shape.show is not None:
        _show(store, report, shape)
    elif shape.as_json:
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        _emit(orjson.dumps(document(report, now=now), option=options).decode() + "\n", shape.out)
    elif shape.as_csv:
        import csv
        import io

        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(csv_rows(report))
        _emit(text.getvalue(), shape.out)
    elif shape.as_html:
        from syncd.operations.page_html import html
        from syncd.operations.report_writing import page

        connection = call.outlined().chosen(call.connection)
        _emit(html(page(report, now=now, connection=connection, names=_listed(store, report))), shape.out)
    else:
        _print(report, ids=shape.ids)


def _emit(text: str, out: Path | None) -> None:
    from syncd.cli.out import say

    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadUsage(f"{out} cannot be written ({error.strerror}); name a file in a folder of yours") from error
    say(f"wrote {out}")


def _print(report: Report, *, ids: bool) -> None:
    from syncd.cli.out import say, shown, table
    from syncd.operations.report import Figure
    from syncd.operations.report_writing import FOOTNOTE, text_of

    say(f"{report.title}: {report.period}", style="bold")
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
def _show(store: Store, report: Report, shape: _Shape) -> None:
    """The records behind one figure."""
    from difflib import get_close_matches

    from syncd.cli.out import count, print_json, say, shown, table
    from syncd.operations.report_writing import figure_document, opened, text_of

    by_key = {figure.key: figure for figure in report.figures()}
    figure = by_key.get(shape.show or "")
    if figure is None:
        near = get_close_matches(shape.show or "", list(by_key), n=1)
        advice = f"did you mean {near[0]}?" if near else "`--ids` shows the keys"
        raise BadUsage(f"this report has no figure {shape.show!r}; {advice}")
    episodes, people = opened(report, figure)
    if shape.ids:
        _emit("".join(f"{each}\n" for each in episodes or people), shape.out)
        return
    whose = store.episode_people(episodes)
    everyone = [(each, member) for each in episodes for member in whose.get(each, ())]
    rows = _records(store, everyone if episodes else [("", person) for person in people])
    if shape.as_json:
        print_json({"figure": figure_document(figure), "records": rows})
        return
    say(f"{figure.name}: {text_of(figure)}", style="bold")
    heads = ("episode", "person", "marketing", "crm")
    table("", heads, [[shown(row[name], longest=200) for name in heads] for row in rows[:SHOWN]])
    if len(rows) > SHOWN:
        say(f"and {count(len(rows) - SHOWN, 'record')} more; --json prints all")


def _records(store: Store, members: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Each person of each episode with their records on both sides; those without a link as they are named."""
    found = store.by_link([person for _, person in members])
    rows: list[dict[str, Any]] = []
    for episode, person in members:
        linked = found.get(person)
        refs = None if linked is None else linked.link.refs
        rows.append(
            {
                "episode": episode,
                "person": person,
                "marketing": None if refs is None else str(refs.marketing),
                "crm": None if refs is None else str(refs.crm),
            }
        )
    return rows


def _listed(store: Store, report: Report) -> dict[str, list[str]]:
    """For a page: the records behind each oddity, the first of them."""
    from syncd.operations.report_writing import opened

    found: dict[str, list[str]] = {}
    for section in report.sections:
        for figure in section.figures if section.key == "oddities" else ():
            people = opened(report, figure)[1][:LISTED]
            rows = _records(store, [("", person) for person in people])
            found[figure.key] = [row["marketing"] or row["person"] for row in rows]
    return found


# -- what was typed ----------------------------------------------------------------------------------------------------
def _period(since: str | None, until: str | None) -> Any:  # noqa: ANN401 - the type is imported inside
    from syncd.operations.report import Period

    first, last = (None if each is None else _day(each) for each in (since, until))
    if first is not None and last is not None and last < first:
        raise BadUsage(f"--until {last} is before --since {first}; put the earlier day first")
    return Period.of(first, last)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadUsage(f"{text!r} is no day; write it as 2026-03-31") from error


def _month(text: str) -> tuple[int, int]:
    day = _day(f"{text}-01") if len(text) == len("2026-03") else None
    if day is None:
        raise BadUsage(f"{text!r} is no month; write it as 2026-03")
    return day.year, day.month


def _among(given: list[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    for each in given or ():
        if each not in known:
            raise BadUsage(f"--by {each} is nothing to count by; choose among {', '.join(known)}")
    return tuple(dict.fromkeys(given or ()))


def _now() -> Instant:
    from syncd.system import SystemClock

    return SystemClock().now()
