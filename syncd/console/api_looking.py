"""The part of the API that looks closer: who gave a conflict its values, and what a first link would do."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from syncd.console import answers, commands
from syncd.console.api import PREFIX, Id, Name, desk_of
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.problems import not_found
from syncd.console.readings import reads, subjects
from syncd.model.operator import Role
from syncd.operations.authors import authors_document
from syncd.operations.first_link import first_link_document, unapproved

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
