"""Resyncs in pages: what one would cost, asked for, watched while it goes on, cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from syncd.console import commands
from syncd.console.deeds import pressed
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.pages import chosen, desk_of, show
from syncd.engine.resync import asked_for
from syncd.model.errors import SyncdError
from syncd.model.operator import Role
from syncd.model.run import RunState
from syncd.model.values import Side
from syncd.operations.resyncing import Words, resync_document
from syncd.operations.wishes import MADE, wish_document, wishes

WORDS: Final = ("what", "records", "where", "since", "until", "side", "kind", "field")
MANY: Final = 200
"""Records that a form can name."""

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/runs/live")
@needs(Role.VIEWER)
def live(request: Request) -> Response:
    """What is under way, for a page that is open."""
    name, store = chosen(request)
    latest = next(iter(store.runs(1)), None)
    return show(
        request,
        "live.html",
        name,
        resyncs=[resync_document(store, each) for each in asked_for(store)],
        wishes=[wish_document(each) for each in wishes(store, *MADE)],
        running=latest if latest is not None and latest.state is RunState.RUNNING else None,
    )


@router.get("/resyncs")
@needs(Role.VIEWER)
def resync(request: Request) -> Response:
    """Asks what to compare, and says what that costs before it is asked for."""
    return _show(request, request.query_params)


@router.post("/resyncs")
@needs(Role.OPERATOR)
def ask(request: Request) -> Response:
    """Has it compared by the daemon."""
    name, _ = chosen(request)
    form = request.state.form
    try:
        words = _words(form)
        pressed(request, "resyncs.ask", name, lambda who: commands.ask_resync(desk_of(request), name, words, who))
    except SyncdError as why:
        return _show(request, form, status=409, trouble=str(why))
    return RedirectResponse(f"/runs?{urlencode({'connection': name, 'done': 'asked'})}", 303)


@router.post("/resyncs/{id}/cancel")
@needs(Role.OPERATOR)
def cancel(request: Request, id: str) -> Response:
    """Ends a resync or a rollback after its share."""
    name, _ = chosen(request)
    pressed(request, "resyncs.cancel", name, lambda _: commands.end_resync(desk_of(request), name, id))
    return RedirectResponse(f"/runs?{urlencode({'connection': name, 'done': 'cancelled'})}", 303)


def _show(request: Request, given: Mapping[str, str], *, status: int = 200, trouble: str = "") -> Response:
    name, _ = chosen(request)
    words = {each: given.get(each, "")[:8_000] for each in WORDS}
    estimate: Mapping[str, Any] | None = None
    if words["what"] and not trouble:
        try:
            estimate = commands.estimate_resync(desk_of(request), name, _words(given), visitor_of(request).name)
        except SyncdError as why:
            trouble = str(why)
    kinds = desk_of(request).about(name).connection.kinds
    return show(
        request,
        "resync.html",
        name,
        status=status,
        trouble=trouble,
        words=words,
        estimate=estimate,
        kinds=[kind.kind for kind in kinds],
        fields=sorted({field.name for kind in kinds for field in kind.fields}),
    )


def _words(given: Mapping[str, str]) -> Words:
    """The words of a form, of which those that belong to another choice are left out."""
    what = given.get("what", "")
    side = given.get("side", "")
    kinds = [given["kind"]] if given.get("kind") else []
    fields = [given["field"]] if given.get("field") else []
    if what == "records":
        return Words(records=given.get("records", "").split()[:MANY], kinds=kinds, fields=fields)
    return Words(
        where=(given.get("where", "").strip()[:1_000] or None) if what == "where" else None,
        since=(given.get("since", "").strip()[:40] or None) if what == "since" else None,
        until=(given.get("until", "").strip()[:40] or None) if what == "since" else None,
        side=Side(side) if side in {each.value for each in Side} else None,
        kinds=kinds,
        fields=fields,
        everything=what == "all",
    )
