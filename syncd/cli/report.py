"""``syncd report``: what marketing handed over, what sales made of it, and what both have won by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli.call import Call
from syncd.cli.reporting import Shape, now, show_report, write
from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    from syncd.model.values import Instant
    from syncd.operations.report import Report
    from syncd.ports.store import Store
    from syncd.settings.agreed import Agreed

app = typer.Typer(
    help="What marketing handed over, what sales made of it, and what both have won by it. Made from the store alone; "
    "needs no credentials and no network. docs/report.md defines each figure.",
    rich_markup_mode=None,
)

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
    of, low, high, small, note, promised}], tables [{key, heads, rows [[text, {name, id} of a record, or figure]]}]}];
    oddities with episodes and people. Shares are parts of one, times milliseconds, amounts hundredths. With --show:
    figure, records [{episode, person, marketing OBJECT/ID, crm OBJECT/ID}].
    """
    from syncd.operations.report_handoff import DIMENSIONS
    from syncd.operations.report_handoff import handoff as made_of

    period, wanted = _period(since, until), _among(by, DIMENSIONS)
    show_report(
        context.obj,
        lambda store, now, agreed: made_of(
            store, period, now=now, by=wanted, top=top, promised=agreed.rules.commitments
        ),
        Shape(show, ids, as_json, as_csv, as_html, out),
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
    show_report(
        context.obj,
        lambda store, now, agreed: made_of(store, period, now=now, names=agreed.stages),
        Shape(show, ids, as_json, as_csv, as_html, out),
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
    show_report(
        context.obj,
        lambda store, now, _: made_of(store, period, now=now, by=wanted, top=top),
        Shape(show, ids, as_json, as_csv, as_html, out),
    )


@app.command("reasons")
def reasons(
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
    """Why handoffs were rejected, withdrawn, recycled or lost, by source, persona, grade and owner.

    --by: origin, persona, grade, owner, last_touch, asset, sdr, ae, qualified_by, company.

    JSON: as `report handoff`.
    """
    from syncd.operations.report_reasons import DIMENSIONS
    from syncd.operations.report_reasons import reasons as made_of

    period, wanted = _period(since, until), _among(by, DIMENSIONS)
    show_report(
        context.obj,
        lambda store, now, _: made_of(store, period, now=now, by=wanted, top=top),
        Shape(show, ids, as_json, as_csv, as_html, out),
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
    show_report(
        context.obj,
        lambda store, now, agreed: made_of(store, period, now=now, letters=agreed.grades),
        Shape(show, ids, as_json, as_csv, as_html, out),
    )


@app.command("agreement")
def agreement(
    context: typer.Context,
    *,
    show: Show = None,
    ids: Ids = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_html: Html = False,
    out: Out = None,
) -> None:
    """How many linked records hold the same on both sides, as the last whole sweep found them; where and why not.

    --show KIND:FIELD:CAUSE, such as person:email:conflict, or KIND:apart: the records that differ.

    JSON: as `report handoff`. With --show: figure, records [{link, marketing OBJECT/ID, crm OBJECT/ID, fields {FIELD:
    unmapped, conflict, refused or pending}}], the first 100 of each field and cause.
    """
    from syncd.operations.report_agreement import agreement as made_of

    call: Call = context.obj
    with call.memory() as store:
        write(call, store, made_of(store), now(), Shape(show, ids, as_json, as_csv, as_html, out))


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
    from syncd.operations.reporting import month_of

    which = month_of(month)

    def made(store: Store, now: Instant, agreed: Agreed) -> Report:
        qualified = agreed.stages[agreed.rules.qualified[0]]
        promised, letters = agreed.rules.commitments, agreed.grades
        return made_of(store, month=which, now=now, promised=promised, letters=letters, qualified=qualified)

    show_report(context.obj, made, Shape(show, ids, as_json, as_csv, as_html, out))


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


def _among(given: list[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    for each in given or ():
        if each not in known:
            raise BadUsage(f"--by {each} is nothing to count by; choose among {', '.join(known)}")
    return tuple(dict.fromkeys(given or ()))
