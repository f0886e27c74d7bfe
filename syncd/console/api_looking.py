"""The part of the API that looks closer: who gave a conflict its values."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from syncd.console import answers, commands
from syncd.console.api import PREFIX, Id, Name, desk_of
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.readings import reads, subjects
from syncd.model.operator import Role
from syncd.operations.authors import authors_document

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
