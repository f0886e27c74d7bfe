"""The part of the API that looks closer: who gave a conflict its values, what a first link would do, parked fields by
cause, and records that are not linked.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from syncd.console import answers, asked, commands
from syncd.console.api import MOST, PREFIX, Cursor, Id, Limit, Name, desk_of
from syncd.console.deeds import command
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.problems import not_found
from syncd.console.readings import reads, subjects
from syncd.model.operator import Role
from syncd.model.values import Side
from syncd.operations.authors import authors_document
from syncd.operations.first_link import first_link_document, unapproved
from syncd.operations.letters import parked_group_document
from syncd.operations.parking import parked_document
from syncd.operations.unlinked import unlinked, unlinked_document

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@router.get("/connections/{connection}/conflicts/{id}/authors", response_model=answers.Listed[answers.Wrote])
@needs(Role.VIEWER)
def conflict_authors(request: Request, connection: Name, id: Id) -> Any:  # noqa: ANN401 - a document that the model checks
    """Who gave a conflict its values and when, read from both vendors' histories now; of a conflict about a field."""
    desk = desk_of(request)
    desk.about(connection)
    found = commands.conflict_of(desk, connection, id)
    wrote = commands.authors(desk, connection, found, visitor_of(request).name)
    reads(request, "conflicts.authors", connection, subjects([found]))
    return {"items": authors_document(wrote), "next": None}


@router.get("/connections/{connection}/first-link", response_model=answers.FirstLink)
@needs(Role.VIEWER)
def first_link(request: Request, connection: Name) -> Any:  # noqa: ANN401 - the same
    """What the first link would do that waits for approval, and the commands that show and approve it; 404 if none."""
    desk = desk_of(request)
    desk.about(connection)
    waits = unapproved(desk.store(connection))
    if waits is None:
        raise not_found("no first link waits for approval")
    return first_link_document(waits, connection)


@router.get("/connections/{connection}/parked/causes", response_model=answers.Listed[answers.ParkedGroup])
@needs(Role.VIEWER)
def parked_causes(request: Request, connection: Name) -> Any:  # noqa: ANN401 - the same
    """Parked fields by cause, the most first."""
    desk = desk_of(request)
    desk.about(connection)
    found = desk.store(connection).parked_groups()[:MOST]
    return {"items": [parked_group_document(each) for each in found], "next": None}


@router.get("/connections/{connection}/parked/cause", response_model=answers.Listed[answers.Parked])
@needs(Role.VIEWER)
def parked_cause(
    request: Request,
    connection: Name,
    *,
    kind: Annotated[str, Query(max_length=100)],
    side: Side,
    field: Annotated[str, Query(max_length=100)],
    code: Annotated[str, Query(max_length=200)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:  # noqa: ANN401 - the same
    """The parked fields of one cause, the hottest first: by points when refused last, then lane, then age."""
    desk = desk_of(request)
    desk.about(connection)
    rows = desk.store(connection).parked_page((kind, side, field, code), limit + 1, after=cursor)
    shown = rows[:limit]
    return {
        "items": [parked_document(row) for row in shown],
        "next": shown[-1].link if len(rows) > limit else None,
    }


@router.post("/connections/{connection}/parked/cause/retry", response_model=answers.Counted)
@needs(Role.OPERATOR)
def retry_parked_cause(request: Request, connection: Name, body: asked.ParkedCauseOf) -> Response:
    """Asks the next cycle for another try of all parked fields of one cause; ends their quarantine."""
    desk = desk_of(request)
    desk.about(connection)
    cause = (body.kind, body.side, body.field, body.code)
    return command(
        request,
        "parked.retry",
        connection,
        lambda who: commands.retry_parked(desk, connection, (), who, cause=cause),
    )


@router.get("/connections/{connection}/unlinked", response_model=answers.Listed[answers.Unlinked])
@needs(Role.VIEWER)
def not_linked(request: Request, connection: Name, q: Annotated[str, Query(max_length=300)]) -> Any:  # noqa: ANN401 - the same
    """Records that something keeps from being linked, by id, or by an address that a question names; asks no vendor."""
    desk = desk_of(request)
    about = desk.about(connection)
    found = unlinked(desk.store(connection), q, objects=about.objects, now=desk.clock.now())
    reads(request, "people.found", connection, [each.record for each in found])
    return {"items": [unlinked_document(each) for each in found], "next": None}
