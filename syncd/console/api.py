"""The API, version 1, for programs: what the console does, and the command line but for what stays on the host.

docs/api.md names for each command its call, or why it has none; it says neither more nor less than there is (a test
reads it). Nothing is done here that a use case does not do: what the looks and commands are made of, operations know.

Lists come page by page: ``next`` of an answer is the ``cursor`` of the following call. Commands take an
``Idempotency-Key``. Trouble is problem+json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from syncd.console import answers, commands
from syncd.console.desk import Desk
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.openapi import document_of
from syncd.console.problems import Problem, not_found
from syncd.console.readings import reads, subjects
from syncd.engine.resync import asked_for
from syncd.model.errors import PlaceGone
from syncd.model.operator import Role
from syncd.model.values import Side
from syncd.operations.braking import part_document, parts
from syncd.operations.definitions import change_document, history
from syncd.operations.dossier import dossier, dossier_document
from syncd.operations.drift import resting
from syncd.operations.glance import glance_document
from syncd.operations.letters import cause_id, group_document, letter_document
from syncd.operations.parking import id_of, parked_document
from syncd.operations.resyncing import resync_document
from syncd.operations.ruling import rule_document
from syncd.operations.searching import finding_document, search
from syncd.operations.standing import conflict_document, run_document, standing, standing_document
from syncd.ports.store import Store

PREFIX: Final = "/api/v1"
MOST: Final = 200
"""Items of a page, at most."""
T = TypeVar("T")

Name = Annotated[str, Path(max_length=100, description="A connection of syncd.yaml.")]
Id = Annotated[str, Path(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items of a page.")]
Cursor = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


def desk_of(request: Request) -> Desk:
    """What the API works with."""
    desk: Desk = request.app.state.desk
    return desk


# -- looking -----------------------------------------------------------------------------------------------------------
@router.get("/openapi.json", include_in_schema=False)
@needs(Role.VIEWER)
def openapi(request: Request) -> Response:
    """This API in OpenAPI 3.1."""
    return JSONResponse(document_of(request.app))


@router.get("/me")
@needs(Role.VIEWER)
def me(request: Request) -> answers.Me:
    """Whoever calls."""
    visitor = visitor_of(request)
    return answers.Me(name=visitor.name, role=visitor.role.value, way=visitor.credential.sort.value)


@router.get("/connections", response_model=answers.Listed[answers.Summary])
@needs(Role.VIEWER)
def connections(request: Request) -> Any:  # noqa: ANN401 - a document that the model checks
    """All connections in a few words."""
    desk = desk_of(request)
    return {"items": [glance_document(desk.glance(name)) for name in desk.connections()], "next": None}


@router.get("/connections/{connection}", response_model=answers.Status)
@needs(Role.VIEWER)
def status(request: Request, connection: Name) -> Any:  # noqa: ANN401 - the same
    """How a connection stands."""
    desk = desk_of(request)
    about, now = desk.about(connection), desk.clock.now()
    told = standing(
        desk.store(connection),
        connection=connection,
        kinds=list(about.objects),
        now=now,
        turn=desk.roster.turns([connection], now)[connection],
        workers=desk.roster.workers(),
        poll=about.poll,
    )
    return {name: value for name, value in standing_document(told, {}).items() if name != "waiting"}


@router.get("/connections/{connection}/runs", response_model=answers.Listed[answers.Run])
@needs(Role.VIEWER)
def runs(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """Runs, newest first."""
    store = store_of(request, connection)
    return page_of(store.runs(limit + 1, cursor), limit, run_document, lambda row: row.id)


@router.get("/connections/{connection}/runs/{id}", response_model=answers.Run)
@needs(Role.VIEWER)
def run(request: Request, connection: Name, id: Id) -> Any:  # noqa: ANN401 - the same
    """One run."""
    found = store_of(request, connection).run(id)
    if found is None:
        raise not_found("there is no such run; idle ones are forgotten after an hour")
    return run_document(found)


@router.get("/connections/{connection}/conflicts", response_model=answers.Listed[answers.Conflict])
@needs(Role.VIEWER)
def conflicts(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """Open conflicts, oldest first."""
    rows = behind(store_of(request, connection).conflicts(), cursor, lambda row: row.id)
    reads(request, "conflicts.read", connection, subjects(rows[:limit]))
    return page_of(rows, limit, conflict_document, lambda row: row.id)


@router.get("/connections/{connection}/conflicts/{id}", response_model=answers.Conflict)
@needs(Role.VIEWER)
def conflict(request: Request, connection: Name, id: Id) -> Any:  # noqa: ANN401 - the same
    """One conflict."""
    desk_of(request).about(connection)
    found = commands.conflict_of(desk_of(request), connection, id)
    reads(request, "conflicts.read", connection, subjects([found]))
    return conflict_document(found)


@router.get("/connections/{connection}/conflicts/{id}/rules", response_model=answers.Listed[answers.Rule])
@needs(Role.VIEWER)
def conflict_rules(request: Request, connection: Name, id: Id) -> Any:  # noqa: ANN401 - the same
    """The lines of the configuration under which nobody would be asked; the console never writes them anywhere."""
    desk = desk_of(request)
    desk.about(connection)
    found = commands.rules_of(desk, connection, commands.conflict_of(desk, connection, id))
    return {"items": [rule_document(each) for each in found], "next": None}


@router.get("/connections/{connection}/dead-letters", response_model=answers.Listed[answers.Letter])
@needs(Role.VIEWER)
def dead_letters(
    request: Request,
    connection: Name,
    *,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    side: Side | None = None,
    code: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:  # noqa: ANN401 - the same
    """Records that cannot be written, oldest first; of one cause (kind, side and code) the hottest first."""
    given = [each is not None for each in (kind, side, code)]
    if any(given) and not all(given):
        raise Problem(422, "not-understood", "a cause is kind, side and code; give all three, or none")
    cause = (kind, side, code) if kind is not None and side is not None and code is not None else None
    rows = store_of(request, connection).letters_page(limit + 1, after=cursor, cause=cause)
    return page_of(rows, limit, letter_document, lambda row: row.id)


@router.get("/connections/{connection}/dead-letters/causes", response_model=answers.Listed[answers.Group])
@needs(Role.VIEWER)
def causes(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """Dead letters by cause, the most first."""
    rows = behind(store_of(request, connection).letter_groups(), cursor, cause_id)
    return page_of(rows, limit, group_document, cause_id)


@router.get("/connections/{connection}/parked", response_model=answers.Listed[answers.Parked])
@needs(Role.VIEWER)
def parked(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """Fields that are left alone, oldest first."""
    rows = behind(store_of(request, connection).parked(), cursor, id_of)
    return page_of(rows, limit, parked_document, id_of)


@router.get("/connections/{connection}/held", response_model=answers.Listed[answers.Held])
@needs(Role.VIEWER)
def held(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """What the brake holds, oldest first."""
    found = parts(store_of(request, connection), desk_of(request).clock.now())
    return page_of(behind(found, cursor, lambda row: row.digest), limit, part_document, lambda row: row.digest)


@router.get("/connections/{connection}/held/{digest}", response_model=answers.Held)
@needs(Role.VIEWER)
def held_part(request: Request, connection: Name, digest: Id) -> Any:  # noqa: ANN401 - the same
    """One part of it."""
    desk_of(request).about(connection)
    return part_document(commands.part_of(desk_of(request), connection, digest))


@router.get("/connections/{connection}/records", response_model=answers.Search)
@needs(Role.VIEWER)
def records(
    request: Request,
    connection: Name,
    q: Annotated[str, Query(max_length=300)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Any:  # noqa: ANN401 - the same
    """Linked records by how an address or words of a name begin, or by id."""
    desk = desk_of(request)
    objects = desk.about(connection).objects
    found = search(desk.store(connection), q, objects=objects, limit=limit, after=cursor)
    reads(request, "people.found", connection, [each.link.id for each in found.found])
    return {"items": [finding_document(each) for each in found.found], "next": found.next, "more": found.more}


@router.get("/connections/{connection}/records/{link}", response_model=answers.Dossier)
@needs(Role.VIEWER)
def record(request: Request, connection: Name, link: Id) -> Any:  # noqa: ANN401 - the same
    """All that the store knows of a linked record."""
    desk = desk_of(request)
    told = dossier(desk.store(connection), link, desk.about(connection).connection)
    if told is None:
        raise not_found("there is no such link")
    reads(request, "people.read", connection, [link])
    return dossier_document(told)


@router.get("/connections/{connection}/records/{link}/explanation", response_model=answers.Explained)
@needs(Role.VIEWER)
def explanation(
    request: Request,
    connection: Name,
    link: Id,
    field: Annotated[str | None, Query(max_length=100, description="One shared field; all of them without it.")] = None,
) -> Any:  # noqa: ANN401 - the same
    """Why a record is what it is and what comes next, read from both vendors now."""
    found = commands.explained(desk_of(request), connection, link, visitor_of(request).name, field=field)
    reads(request, "people.explained", connection, [link])
    return {"record": found.document()}


@router.get("/connections/{connection}/drift", response_model=answers.Listed[answers.Resting])
@needs(Role.VIEWER)
def drift(request: Request, connection: Name) -> Any:  # noqa: ANN401 - the same
    """Fields that rest since a vendor changed what they are, or since the native connector writes them."""
    return {"items": [asdict(each) for each in resting(store_of(request, connection))], "next": None}


@router.get("/connections/{connection}/definitions/changes", response_model=answers.Listed[answers.Reworded])
@needs(Role.VIEWER)
def reworded(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """What the configuration said before, the latest change first."""
    store = store_of(request, connection)
    found = history(store, desk_of(request).configured(connection).definitions)
    rows = list(enumerate(found))[::-1]  # counted from the oldest, so that a change that comes in between moves no page
    return page_of(
        behind(rows, cursor, lambda row: str(row[0])),
        limit,
        lambda row: change_document(row[1]),
        lambda row: str(row[0]),
    )


@router.get("/connections/{connection}/resyncs", response_model=answers.Listed[answers.Resync])
@needs(Role.VIEWER)
def resyncs(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """Resyncs that wait or are under way, oldest first."""
    store = store_of(request, connection)
    rows = behind(asked_for(store), cursor, lambda row: row.id)
    return page_of(rows, limit, lambda row: resync_document(store, row), lambda row: row.id)


# -- for every part of the API -----------------------------------------------------------------------------------------
def store_of(request: Request, connection: str) -> Store:
    """The store of a connection. :raises Problem: 404."""
    desk = desk_of(request)
    desk.about(connection)
    return desk.store(connection)


def behind(rows: Sequence[T], cursor: str | None, name: Callable[[T], str]) -> Sequence[T]:
    """The rows behind the one of this name; one that is gone since ends the list, and a look from the start helps."""
    if cursor is None:
        return rows
    at = next((number for number, row in enumerate(rows) if name(row) == cursor), None)
    if at is None:
        raise PlaceGone
    return rows[at + 1 :]


def page_of(
    rows: Sequence[T], limit: int, document: Callable[[T], Mapping[str, Any]], name: Callable[[T], str]
) -> dict[str, Any]:
    """One page of rows, of which those behind its end are not shown; its cursor is the name of the last one."""
    shown = rows[:limit]
    return {
        "items": [document(row) for row in shown],
        "next": name(shown[-1]) if len(rows) > limit else None,
    }
