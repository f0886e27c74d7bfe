"""The pages about what both teams made of it: the reports, each figure open down to the people whom it counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from syncd.console.guard import GuardedRoute, needs
from syncd.console.pages import chosen, desk_of, show, titles_of
from syncd.console.readings import reads
from syncd.model.errors import BadUsage, SyncdError
from syncd.model.operator import Role
from syncd.operations.report import Report
from syncd.operations.report_agreement import CAUSES
from syncd.operations.report_names import people_named
from syncd.operations.report_writing import FOOTNOTE, text_of
from syncd.operations.reporting import DIMENSIONS, Question, figure_of, members_behind, records_behind

PEOPLE: Final = 50
"""People behind a figure, of one page."""
SPANS: Final = (30, 90, 365)
"""Days that can be chosen with one press."""
TITLES: Final[Mapping[str, str]] = {
    "handoff": "Handoff",
    "funnel": "Funnel",
    "reasons": "Reasons",
    "credit": "Credit",
    "rating": "Grades",
    "agreement": "Agreement",
    "review": "Review",
}
"""What the reports are called here, in their order."""

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/handoff")
@needs(Role.VIEWER)
def handoff(request: Request) -> Response:
    """A report: the handoff unless another one is named."""
    name, _ = chosen(request)
    asked, words, trouble = _asked(request)
    made: Report | None = None
    if asked is not None:
        try:
            made = desk_of(request).report(name, asked)
            reads(request, "handoffs.read", name, people_named(made))
        except SyncdError as why:
            trouble = str(why)
    today = desk_of(request).clock.now().date()
    return show(
        request,
        "handoff.html",
        name,
        trouble=trouble,
        made=made,
        words=words,
        titles=TITLES,
        dimensions=DIMENSIONS[words["report"]],
        spans={days: (today - timedelta(days=days - 1)).isoformat() for days in SPANS},
        last_month=f"{today.replace(day=1) - timedelta(days=1):%Y-%m}",
        address=lambda **more: _address(name, {**words, **more}),
        behind=lambda figure: f"/handoff/people?{urlencode({'connection': name, **_filled(words), 'key': figure.key})}",
        text_of=text_of,
        footnote=FOOTNOTE,
    )


@router.get("/handoff/people")
@needs(Role.VIEWER)
def people(request: Request) -> Response:
    """The people behind a figure."""
    name, store = chosen(request)
    asked, words, trouble = _asked(request)
    if asked is None:
        raise BadUsage(trouble)
    key, text = request.query_params.get("key", ""), request.query_params.get("after", "0")
    after = int(text) if text.isdecimal() and len(text) < 9 else 0
    made = desk_of(request).report(name, asked)
    figure = figure_of(made, key)
    members = members_behind(store, made, figure)
    rows = records_behind(store, made, members[after : after + PEOPLE])
    further = after + PEOPLE
    links = [row["link"] if made.apart else row["person"] for row in rows]
    reads(request, "handoffs.read", name, links)
    more = {"connection": name, **_filled(words), "key": key, "after": str(further)}
    return show(
        request,
        "handoff_people.html",
        name,
        made=made,
        figure=figure,
        told=text_of(figure),
        rows=list(zip(links, rows, strict=True)),
        causes=CAUSES,
        number=len(members),
        names=titles_of(store, links),
        back=_address(name, words),
        further=f"/handoff/people?{urlencode(more)}" if further < len(members) else "",
    )


def _asked(request: Request) -> tuple[Question | None, dict[str, str], str]:
    """The question of an address, its words as they stand in the form, and what is wrong with them."""
    given = request.query_params
    words = {name: given.get(name, "")[:100] for name in ("report", "since", "until", "by", "month")}
    words["report"] = words["report"] if words["report"] in DIMENSIONS else "handoff"
    try:
        days = [date.fromisoformat(words[name]) if words[name] else None for name in ("since", "until")]
        by = (words["by"],) if words["by"] else ()
        return Question(words["report"], days[0], days[1], by, words["month"]), words, ""
    except ValueError:
        return None, words, "a day is written as 2026-03-31"
    except BadUsage as why:
        return None, words, str(why)


def _address(connection: str, words: Mapping[str, Any]) -> str:
    return f"/handoff?{urlencode({'connection': connection, **_filled(words)})}"


def _filled(words: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in words.items() if value}
