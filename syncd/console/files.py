"""The pages of the configuration: the mapping to read, the glossary, what changed, and what vendors changed of fields.

Nothing here writes a file: whoever keeps the configuration changes it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from syncd.console import commands
from syncd.console.deeds import pressed
from syncd.console.guard import GuardedRoute, needs
from syncd.console.pages import chosen, desk_of, show
from syncd.model.errors import SyncdError
from syncd.model.operator import Role
from syncd.model.values import Instant
from syncd.operations.definitions import Change, history
from syncd.operations.drift import resting
from syncd.operations.glossary_history import told
from syncd.operations.mapping_page import mapping_page
from syncd.ports.store import Store

CHANGES: Final = 200
"""Changes that the page lists; the latest."""

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/config")
@needs(Role.VIEWER)
def mapping(request: Request) -> Response:
    """The mapping as a page."""
    name, _ = chosen(request)
    desk = desk_of(request)
    return show(
        request, "config.html", name, tab="", page=mapping_page(desk.about(name).connection.kinds, desk.systems)
    )


@router.get("/config/glossary")
@needs(Role.VIEWER)
def glossary(request: Request) -> Response:
    """What both teams mean by each word, as ``syncd glossary`` makes it."""
    name, store = chosen(request)
    configured = desk_of(request).configured(name)
    page = configured.glossary(history(store, configured.definitions))
    return show(request, "config.html", name, tab="glossary", page=page)


@router.get("/config/changes")
@needs(Role.VIEWER)
def changes(request: Request) -> Response:
    """What the configuration said before, word by word: with the last start of a daemon and since, and earlier."""
    name, store = chosen(request)
    began = _began(request)
    found = list(reversed(changes_of(request, name, store)))
    lately = [each for each in found if each.at is None or (began is not None and each.at >= began)]
    return show(
        request,
        "config_changes.html",
        name,
        tab="changes",
        began=began,
        lately=lately[:CHANGES],
        earlier=[each for each in found if each not in lately][:CHANGES],
        told=told,
    )


@router.get("/config/drift")
@needs(Role.VIEWER)
def drift(request: Request) -> Response:
    """Fields that rest since a vendor changed what they are, or since the native connector writes them."""
    return _drift(request)


@router.post("/config/drift/accept")
@needs(Role.OPERATOR)
def accept(request: Request) -> Response:
    """Takes what these fields are now: they go on, and all records are compared by them once more."""
    name, _ = chosen(request)
    names = request.state.several.get("field", [])
    try:
        done = pressed(
            request, "drift.accept", name, lambda who: commands.accept_drift(desk_of(request), name, names, who)
        )
    except SyncdError as why:
        return _drift(request, status=409, trouble=str(why))
    if done.answer["unfit"]:
        unfit = ", ".join(done.answer["unfit"])
        return _drift(request, status=409, trouble=f"{unfit}: the mapping does not fit what its vendor has now")
    return RedirectResponse(f"/config/drift?connection={name}&done=accepted", 303)


def changes_of(request: Request, connection: str, store: Store) -> Sequence[Change]:
    """Everything that came to say something else, oldest first."""
    return history(store, desk_of(request).configured(connection).definitions)


def _began(request: Request) -> Instant | None:
    """When the daemons that are at work began; ``None`` if none is."""
    return min((each.began for each in desk_of(request).roster.workers()), default=None)


def _drift(request: Request, **context: Any) -> Response:  # noqa: ANN401 - whatever it shows
    name, store = chosen(request)
    return show(request, "config_drift.html", name, **{"tab": "drift", "rests": resting(store), **context})
