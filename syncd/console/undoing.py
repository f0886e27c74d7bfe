"""The pages of one run: what it did, what taking it back would do, and to take back exactly what was shown."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from syncd.console import commands
from syncd.console.deeds import pressed
from syncd.console.entry import prove
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.pages import LISTED, chosen, desk_of, show, titles_of
from syncd.console.problems import not_found
from syncd.console.readings import reads
from syncd.model.errors import NotAdmitted, SyncdError
from syncd.model.operator import Role
from syncd.model.resync import Resync
from syncd.operations.resyncing import resync_document
from syncd.operations.rollback import Rollback, Words, waiting_rollbacks

REASONS: Final = 20
"""Reasons why something stays that a page shows; the most frequent."""

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/runs/{id}")
@needs(Role.VIEWER)
def run(request: Request, id: str) -> Response:
    """What a run did, what it cost, and what it wrote."""
    name, store = chosen(request)
    told = request.query_params.get("after", "")
    after = int(told) if told.isdecimal() and len(told) < 18 else 0
    found = store.run(id)
    placed = [] if found is None else store.audit_of_run(found, LISTED + 1, after=after)
    writes = [row for _, row in placed[:LISTED]]
    links = list(dict.fromkeys(row.link for row in writes))
    reads(request, "runs.read", name, links)
    return _show(
        request,
        "run.html",
        id,
        writes=writes,
        titles=titles_of(store, links),
        after=after,
        further=placed[LISTED - 1][0] if len(placed) > LISTED else 0,
    )


@router.get("/runs/{id}/undo")
@needs(Role.VIEWER)
def undo(request: Request, id: str) -> Response:
    """What taking it back would do, read from both systems now; stores nothing."""
    template = "undo.html" if request.headers.get("hx-request") else "undo_page.html"
    return _planned(request, template, id, request.query_params.get("field", ""))


@router.post("/runs/{id}/undo")
@needs(Role.OPERATOR)
def take_back(request: Request, id: str) -> Response:
    """Takes back exactly what was shown."""
    name, _ = chosen(request)
    form = request.state.form
    field, digest = form.get("field", ""), form.get("digest", "")
    try:
        prove(request)
        pressed(
            request,
            "rollbacks.ask",
            name,
            lambda who: commands.take_back(desk_of(request), name, _words(id, field), digest, who),
        )
    except (SyncdError, NotAdmitted) as why:
        return _planned(request, "undo_page.html", id, field, status=409, trouble=str(why))
    return RedirectResponse(f"/runs/{id}?{urlencode({'connection': name, 'done': 'undone'})}", 303)


def _planned(request: Request, template: str, id: str, field: str, *, status: int = 200, trouble: str = "") -> Response:
    name, store = chosen(request)
    planned: Rollback | None = None
    if store.run(id) is None:
        raise not_found("there is no such run; idle ones are forgotten after an hour")
    try:
        planned = commands.plan_rollback(desk_of(request), name, _words(id, field), visitor_of(request).name)
    except SyncdError as why:
        trouble = trouble or str(why)
    samples = [] if planned is None or planned.seen is None else planned.seen.samples
    reads(request, "rollbacks.read", name, [each.decision.link.id for each in samples])
    return _show(
        request,
        template,
        id,
        status=status,
        trouble=trouble,
        field=field,
        planned=planned,
        samples=samples,
        titles=titles_of(store, [each.decision.link.id for each in samples]),
        reasons=[] if planned is None else planned.reasons()[:REASONS],
        proved=desk_of(request).entrance.has_proved(visitor_of(request)),
    )


def _words(id: str, field: str) -> Words:
    return Words(run=id, fields=[field] if field else [])


def _show(request: Request, template: str, id: str, **context: Any) -> Response:  # noqa: ANN401 - whatever it shows
    name, store = chosen(request)
    found = store.run(id)
    if found is None:
        raise not_found("there is no such run; idle ones are forgotten after an hour")
    mapped = desk_of(request).about(name).connection.kinds
    waiting = [
        resync_document(store, each)
        for each in waiting_rollbacks(store)
        if (undo := Resync.read(each.argument).undo) is not None and undo.run == id
    ]
    fields = sorted({field.name for kind in mapped for field in kind.fields})
    return show(request, template, name, **{"run": found, "fields": fields, "field": "", "waiting": waiting, **context})
