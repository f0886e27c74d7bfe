"""``syncd assess``: what is wrong today between two systems, before syncd touches either."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call
from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    from syncd.model.values import Instant
    from syncd.operations.report import Report


def assess(
    context: typer.Context,
    *,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one page with charts there; it loads nothing.")
    ] = None,
    show: Annotated[
        str | None, typer.Option("--show", metavar="KEY", help="Records behind a figure, by its key.")
    ] = None,
    ids: Annotated[bool, typer.Option("--ids", help="The key of each figure in the tables.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Reads both systems once and says what is wrong between them today. Writes to neither, needs no setup.

    Counterparts and duplicates; field by field how far both agree, and why not; values that would be refused; people
    who are qualified and whom sales cannot see, and for how long; stages, owners and opt-outs that contradict each
    other; what must be known and is not; personas. Credentials that can only read are enough, and the vendors' own
    connector may go on working.

    JSON: as `syncd report`; with --show: figure, records [name], of which at most 200 are kept.
    """
    from syncd.bootstrap import open_scratch
    from syncd.cli.out import progress
    from syncd.model.values import Pair
    from syncd.operations.assess import Terms
    from syncd.operations.assess_report import assess_report
    from syncd.operations.assessing import assess as assessed
    from syncd.settings.profiles import profiles_of

    if show is not None and html is not None:
        raise BadUsage("--show prints records; leave --html out")
    call: Call = context.obj
    loaded = call.loaded()
    settings = loaded.connection(call.connection)
    terms = Terms(settings.lifecycle, profiles_of(settings))
    with call.world(read_only=True, loaded=loaded) as world, progress("reading both systems"):
        found = assessed(world, open_scratch, terms, systems=Pair("HubSpot", "Salesforce"))
    _print(assess_report(found), found.now, settings.connection.name, html=html, show=show, ids=ids, as_json=as_json)


def _print(
    report: Report, now: Instant, connection: str, *, html: Path | None, show: str | None, ids: bool, as_json: bool
) -> None:
    from syncd.cli.out import print_json, say
    from syncd.cli.reporting import print_report, save
    from syncd.operations.page_html import html as written
    from syncd.operations.report_writing import document, page

    if html is not None:
        save(written(page(report, now=now, connection=connection, names={})), html)
        if not as_json:
            say(f"wrote {html}")
    if show is not None:
        _show(report, show, ids=ids, as_json=as_json)
    elif as_json:
        print_json(document(report, now=now))
    elif html is None:
        print_report(report, ids=ids)


def _show(report: Report, key: str, *, ids: bool, as_json: bool) -> None:
    from syncd.cli.out import count, print_json, say
    from syncd.operations.report_writing import figure_document, text_of
    from syncd.operations.reporting import figure_of

    figure = figure_of(report, key)
    names = [str(each) for each in figure.rows]
    if as_json:
        print_json({"figure": figure_document(figure), "records": names})
        return
    if not ids:
        say(f"{figure.name}: {text_of(figure)}", style="bold")
    say(*names)
    more = round(figure.value or 0) - len(names)
    if more > 0 and names and not ids:
        say(f"and {count(more, 'record')} more")
