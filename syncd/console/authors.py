"""Who gave a conflict its values, and when: read from both vendors when somebody asks, beside the list or as a page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from syncd.console import commands
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.pages import chosen, desk_of, show
from syncd.console.readings import reads, subjects
from syncd.model.operator import Role

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/conflicts/{id}/authors")
@needs(Role.VIEWER)
def authors(request: Request, id: str) -> Response:
    """Both sides' histories of the field, asked now."""
    name, _ = chosen(request)
    conflict = commands.conflict_of(desk_of(request), name, id)
    wrote = commands.authors(desk_of(request), name, conflict, visitor_of(request).name)
    reads(request, "conflicts.authors", name, subjects([conflict]))
    template = "authors.html" if request.headers.get("hx-request") else "authors_page.html"
    return show(request, template, name, conflict=conflict, wrote=wrote)
