"""The part of the API about reports: each as the command line prints it, and the records behind each figure."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from syncd.console import answers
from syncd.console.api import PREFIX, Id, Limit, Name, desk_of
from syncd.console.guard import GuardedRoute, needs
from syncd.console.problems import not_found
from syncd.console.readings import reads
from syncd.model.operator import Role
from syncd.operations.report_names import people_named
from syncd.operations.report_writing import document, figure_document
from syncd.operations.reporting import DIMENSIONS, Question, figure_of, members_behind, records_behind

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


def question(
    name: Id,
    *,
    since: Annotated[date | None, Query(description="From this day on, UTC.")] = None,
    until: Annotated[date | None, Query(description="To the end of this day, UTC.")] = None,
    by: Annotated[
        list[str] | None, Query(max_length=20, description="Only by this; may be said several times.")
    ] = None,
    month: Annotated[str, Query(max_length=10, description="Of the report review: a month, as 2026-03.")] = "",
) -> Question:
    """Which report is wanted. :raises Problem: 404, if there is no such report."""
    if name not in DIMENSIONS:
        raise not_found(f"there is no report {name!r:.60}; there are {', '.join(DIMENSIONS)}")
    return Question(name, since, until, tuple(by or ()), month)


@router.get("/connections/{connection}/reports/{name}", response_model=dict[str, Any])
@needs(Role.VIEWER)
def report(request: Request, connection: Name, asked: Annotated[Question, Depends(question)]) -> Any:  # noqa: ANN401 - a document that the model checks
    """As `syncd report NAME --json` says it: handoff, funnel, reasons, credit, rating, agreement or review."""
    desk = desk_of(request)
    desk.about(connection)
    made = desk.report(connection, asked)
    reads(request, "handoffs.read", connection, people_named(made))
    return document(made, now=desk.clock.now())


@router.get("/connections/{connection}/reports/{name}/records", response_model=answers.Behind)
@needs(Role.VIEWER)
def report_records(
    request: Request,
    connection: Name,
    asked: Annotated[Question, Depends(question)],
    *,
    key: Annotated[str, Query(max_length=500, description="The key of a figure of the report.")],
    limit: Limit = 50,
    after: Annotated[int, Query(ge=0, le=100_000_000, description="`next` of the page before.")] = 0,
) -> Any:  # noqa: ANN401 - the same
    """The records behind a figure, as `syncd report NAME --show KEY --json` says it."""
    desk = desk_of(request)
    desk.about(connection)
    store = desk.store(connection)
    made = desk.report(connection, asked)
    figure = figure_of(made, key)
    members = members_behind(store, made, figure)
    shown = members[after : after + limit]
    return {
        "figure": figure_document(figure),
        "items": records_behind(store, made, shown),
        "next": after + limit if after + limit < len(members) else None,
    }
