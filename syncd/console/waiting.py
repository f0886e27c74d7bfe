"""Two things that wait for a person outside the console: the first link, and records of forgotten people to delete.

Neither is decided on these pages, and each says where: a first link is approved by its digest at the command line or
over the API, and syncd deletes nothing at a vendor. What was asked for over the API and waits for the daemon is taken
back here.
"""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from syncd.console import making
from syncd.console.deeds import pressed
from syncd.console.guard import GuardedRoute, needs
from syncd.console.pages import chosen, desk_of, show
from syncd.model.operator import Role
from syncd.operations.first_link import commands, unapproved
from syncd.operations.privacy import OPTED_OUT

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
LISTED = 200


@router.get("/first-link")
@needs(Role.VIEWER)
def first_link(request: Request) -> Response:
    """What the first link would do, by the figures that are kept, and what to type."""
    name, store = chosen(request)
    waits = unapproved(store)
    typed = None if waits is None else commands(name, waits.digest)
    return show(request, "first_link.html", name, waits=waits, typed=typed)


@router.get("/remnants")
@needs(Role.VIEWER)
def remnants(request: Request) -> Response:
    """Records of forgotten people that are still there, by id."""
    name, store = chosen(request)
    rows = store.remnants()
    return show(request, "remnants.html", name, rows=rows[:LISTED], total=len(rows), opted_out=OPTED_OUT)


@router.post("/wishes/{id}/cancel")
@needs(Role.OPERATOR)
def withdraw(request: Request, id: str) -> Response:
    """Takes back a first link or a counterpart that no turn has begun with."""
    name, _ = chosen(request)
    pressed(request, "wishes.cancel", name, lambda _: making.withdraw(desk_of(request), name, id))
    return RedirectResponse(f"/runs?{urlencode({'connection': name, 'done': 'withdrawn'})}", 303)
