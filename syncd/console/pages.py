"""The pages to look at: how everything stands, people, conflicts, what is held, runs. Made of the store alone.

Each is a whole page that can be read without a script; with one, a search finds while it is typed, and the overview
keeps itself up to date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from syncd.console import commands, upkeep
from syncd.console.desk import Desk
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.looks import page
from syncd.console.problems import not_found
from syncd.console.readings import reads, subjects
from syncd.console.spark import spark
from syncd.engine.resync import asked_for
from syncd.model.link import QUARANTINED
from syncd.model.operator import Role
from syncd.model.run import RunState
from syncd.model.values import MISSING, SIDES
from syncd.operations.braking import SAMPLES, parts
from syncd.operations.changes import events_in
from syncd.operations.deciding import alike_to_each, clears, opt_outs_of
from syncd.operations.dossier import Dossier, Row, dossier
from syncd.operations.resyncing import resync_document
from syncd.operations.searching import search, title_of
from syncd.operations.unlinked import seekable, unlinked
from syncd.operations.wishes import MADE, wish_document, wishes
from syncd.ports.store import Store

FOUND: Final = 30
LISTED: Final = 50
DONE: Final[Mapping[str, str]] = {
    "resolved": "Stored. The next cycle carries it out; until then it can be changed.",
    "alike": "Stored for all that ask the same. The next cycle carries it out; until then each can be changed.",
    "retried": "Tried again by the next cycle.",
    "dropped": "Forgotten. A record that changes again is tried as if for the first time.",
    "approved": "Approved for 24 hours. The next cycle writes exactly these changes.",
    "second": "Noted. It is more than ten times what is allowed, so a second person must approve it too.",
    "rejected": "Rejected. Both sides stay as they are, and it stays listed until the records agree again.",
    "paused": "Paused. A turn under way ends; what is known is kept.",
    "resumed": "It goes on, at once.",
    "unlinked": "Stored. The next cycle ends the link; until then it can be taken back by linking the two again.",
    "relinked": "Stored. The next cycle links the two, or the one after it where another link has to end first.",
    "same": "They are linked already.",
    "accepted": "They go on with the next cycle, and all records are compared by them once more.",
    "undone": "Asked for. The daemon puts back exactly this, also while the connection is paused.",
    "asked": "Asked for. The daemon compares them between its polls and writes what differs.",
    "cancelled": "Cancelled. A share under way ends; what it has settled stays.",
    "withdrawn": "Taken back. A turn that has begun with it may carry it out still: look at the run.",
    "resync": "Asked for. The daemon compares this record again at once, and writes what differs.",
}
"""What a command came to, for the page that follows it."""

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


def desk_of(request: Request) -> Desk:
    """What the pages work with."""
    desk: Desk = request.app.state.desk
    return desk


def chosen(request: Request) -> tuple[str, Store]:
    """The connection that a page is about, the first if none is named, and its store. :raises Problem: 404."""
    desk = desk_of(request)
    name = request.query_params.get("connection") or next(iter(desk.connections()))
    desk.about(name)
    return name, desk.store(name)


def show(request: Request, template: str, connection: str, **context: Any) -> Response:  # noqa: ANN401 - whatever it shows
    """A page about a connection."""
    done = DONE.get(request.query_params.get("done", ""), "")
    return page(request, template, **{"connection": connection, "done": done, "sides": SIDES, **context})


# -- overview ----------------------------------------------------------------------------------------------------------
@router.get("/")
@needs(Role.VIEWER)
def overview(request: Request) -> Response:
    """How every connection stands."""
    return page(
        request, "overview.html", done=DONE.get(request.query_params.get("done", ""), ""), cards=_cards(request)
    )


@router.get("/overview/cards")
@needs(Role.VIEWER)
def overview_cards(request: Request) -> Response:
    """The same without what is around it, for a page that is open."""
    return page(request, "overview_cards.html", cards=_cards(request))


def _cards(request: Request) -> list[dict[str, Any]]:
    desk = desk_of(request)
    glances = [desk.glance(name) for name in desk.connections()]
    return [{"glance": each, "spark": spark(each.runs)} for each in glances]


# -- people ------------------------------------------------------------------------------------------------------------
@router.get("/people")
@needs(Role.VIEWER)
def people(request: Request) -> Response:
    """Finds people and companies by address, name or id."""
    name, store = chosen(request)
    text = request.query_params.get("q", "")[:300]
    found = search(store, text, objects=desk_of(request).about(name).objects, limit=FOUND)
    rows = [(each, *title_of(each.base.agreed if each.base is not None else {})) for each in found.found]
    about, now = desk_of(request).about(name), desk_of(request).clock.now()
    waiting = [] if rows else unlinked(store, text, objects=about.objects, now=now)
    reads(request, "people.found", name, [*(each.link.id for each in found.found), *(each.record for each in waiting)])
    template = "found.html" if request.headers.get("hx-request") else "people.html"
    sought = seekable(text) or next((each.record for each in waiting), "")
    return show(request, template, name, text=text, rows=rows, more=found.more, waiting=waiting, sought=sought)


@router.get("/people/{link}")
@needs(Role.VIEWER)
def person(request: Request, link: str) -> Response:
    """One linked record: both sides, the base, what happened, what waits."""
    return show_person(request, link)


def show_person(request: Request, link: str, *, status: int = 200, trouble: str = "") -> Response:
    """The page of a record, with what went wrong when something was asked of it."""
    name, store = chosen(request)
    told = dossier(store, link, desk_of(request).about(name).connection)
    if told is None:
        raise not_found("there is no such record, or it is not linked any more")
    reads(request, "people.read", name, [link])
    title, beside = title_of(told.base.agreed if told.base is not None else {})
    return show(
        request,
        "person.html",
        name,
        status=status,
        trouble=trouble,
        told=told,
        title=title or link,
        beside=beside,
        rows=[(row, _differs(told, row.field)) for row in told.rows if not _is_empty(row)],
        empty=[row.field for row in told.rows if _is_empty(row)],
        events=events_in(told.writes),
        whole=False,
        swapped=False,
        resync=any(f"link:{link}" in resync_document(store, each)["asked"]["records"] for each in asked_for(store)),
    )


def _is_empty(row: Row) -> bool:
    """Whether there is nothing to be seen of a field: neither side has a value, nor did they agree on one."""
    return row.base in (MISSING, None, ()) and not any(
        wire not in (None, "") for side in row.sides if side is not None for wire in side.values()
    )


def _differs(told: Dossier, field: str) -> str:
    """A word for a row that is not simply in step."""
    if any(row.field == field and row.asks for row in told.conflicts):
        return "conflict"
    if any(row.field == field and row.code == QUARANTINED for row in told.parked):
        return "quarantined"
    return "parked" if any(row.field == field for row in told.parked) else ""


@router.get("/people/{link}/explanation")
@needs(Role.VIEWER)
def explanation(request: Request, link: str) -> Response:
    """Both systems asked now: what stands there, and what the next cycle does and why."""
    name, _ = chosen(request)
    found = commands.explained(desk_of(request), name, link, visitor_of(request).name)
    reads(request, "people.explained", name, [link])
    part = bool(request.headers.get("hx-request"))  # of the page of the record, whose history it completes
    return show(
        request,
        "explanation.html" if part else "explanation_page.html",
        name,
        link=link,
        told=found.told,
        profile=found.profile,
        routing=found.routing,
        swapped=part,
    )


# -- conflicts, held, runs ---------------------------------------------------------------------------------------------
@router.get("/conflicts")
@needs(Role.VIEWER)
def conflicts(request: Request) -> Response:
    """Clashes that wait for a person, oldest first."""
    return show_conflicts(request)


def show_conflicts(request: Request, *, status: int = 200, trouble: str = "") -> Response:
    """The page of conflicts."""
    name, store = chosen(request)
    rows = store.conflicts()
    after = request.query_params.get("after", "")
    at = next((number + 1 for number, row in enumerate(rows) if row.id == after), 0)
    shown = rows[at : at + LISTED]
    reads(request, "conflicts.read", name, subjects(shown))
    titles = titles_of(store, [row.link for row in shown if row.link is not None])
    outs = opt_outs_of(desk_of(request).about(name).connection)
    return show(
        request,
        "conflicts.html",
        name,
        status=status,
        trouble=trouble,
        rows=shown,
        titles=titles,
        alike=alike_to_each(rows),
        barred={
            (row.id, side) for row in shown if (row.kind, row.field) in outs for side in SIDES if clears(row, side)
        },
        rules={row.id: commands.rules_of(desk_of(request), name, row) for row in shown},
        open=sum(1 for row in rows if row.asks),
        after=shown[-1].id if len(rows) > at + LISTED else "",
    )


def titles_of(store: Store, ids: Sequence[str]) -> dict[str, str]:
    """Names for links, those that exist."""
    known = store.by_link(ids)
    return {id: title_of(each.base.agreed if each.base is not None else {})[0] or id for id, each in known.items()}


@router.get("/held")
@needs(Role.VIEWER)
def held(request: Request) -> Response:
    """What the brake holds, oldest first."""
    name, store = chosen(request)
    return show(request, "held.html", name, parts=parts(store, desk_of(request).clock.now()))


@router.get("/held/{digest}")
@needs(Role.VIEWER)
def held_part(request: Request, digest: str) -> Response:
    """One part of it, with what to decide."""
    return show_part(request, digest)


def show_part(request: Request, digest: str, *, status: int = 200, trouble: str = "") -> Response:
    """The page of a held part."""
    name, store = chosen(request)
    part = commands.part_of(desk_of(request), name, digest)
    entrance = desk_of(request).entrance
    named = [each.record.removeprefix("link:") for each in part.lot.changes[:SAMPLES]]
    reads(request, "held.read", name, named)
    return show(
        request,
        "held_part.html",
        name,
        status=status,
        trouble=trouble,
        part=part,
        proved=entrance.has_proved(visitor_of(request)),
        titles=titles_of(store, named),
    )


@router.get("/held/{digest}/values")
@needs(Role.VIEWER)
def held_values(request: Request, digest: str) -> Response:
    """The values as they stand at the vendors now: read for this look, stored nowhere."""
    name, _ = chosen(request)
    found, values, seen = upkeep.held_values(desk_of(request), name, digest, visitor_of(request).name)
    reads(request, "held.values", name, seen)
    template = "held_values.html" if request.headers.get("hx-request") else "held_values_page.html"
    return show(request, template, name, digest=digest, found=found, values=values)


@router.get("/runs")
@needs(Role.VIEWER)
def runs(request: Request) -> Response:
    """What was done and when, the latest first."""
    name, store = chosen(request)
    rows = store.runs(LISTED + 1, request.query_params.get("before") or None)
    waiting = [resync_document(store, each) for each in asked_for(store)]
    made = [wish_document(each) for each in wishes(store, *MADE)]
    before = rows[LISTED - 1].id if len(rows) > LISTED else ""
    running = next((each for each in rows[:1] if each.state is RunState.RUNNING), None)
    shown = {"rows": rows[:LISTED], "resyncs": waiting, "wishes": made, "running": running, "before": before}
    return show(request, "runs.html", name, **shown)
