"""The part of the API about upkeep: maintenance, expected waves, standing still, a store that was put back, sentinels,
notices that wait.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from syncd.console import answers, asked, upkeep
from syncd.console import answers_upkeep as told
from syncd.console.api import PREFIX, Cursor, Id, Limit, Name, behind, desk_of, page_of, store_of
from syncd.console.api_commands import done
from syncd.console.deeds import command
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.model.operator import Role
from syncd.operations import braking
from syncd.operations.kept_notices import waiting_document
from syncd.operations.resting import length_of, rest_document, resting_at
from syncd.operations.telling import waiting

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


# -- alerts ------------------------------------------------------------------------------------------------------------
@router.get("/connections/{connection}/maintenance", response_model=told.Maintenance)
@needs(Role.VIEWER)
def maintenance(request: Request, connection: Name) -> Any:  # noqa: ANN401 - a document that the model checks
    """Until when alerts rest, and who wanted it."""
    return rest_document(resting_at(store_of(request, connection), desk_of(request).clock.now()))


@router.post("/connections/{connection}/maintenance", response_model=told.Maintenance)
@needs(Role.OPERATOR)
def begin_maintenance(request: Request, connection: Name, body: asked.Maintenance) -> Response:
    """Lets alerts rest for so long from now on; the daemon goes on. Said again, it ends at another time."""
    length = length_of(body.for_)
    return done(
        request,
        "maintenance.begin",
        connection,
        lambda desk, who: upkeep.begin_maintenance(desk, connection, length, body.reason, who),
    )


@router.post("/connections/{connection}/maintenance/end", response_model=told.Maintenance)
@needs(Role.OPERATOR)
def end_maintenance(request: Request, connection: Name) -> Response:
    """Has alerts told again, now."""
    return done(request, "maintenance.end", connection, lambda desk, _: upkeep.end_maintenance(desk, connection))


@router.get("/connections/{connection}/notices", response_model=answers.Listed[told.Waiting])
@needs(Role.VIEWER)
def notices(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """What people are told and their target has not taken yet, without its text."""
    rows = [waiting_document(target, notice) for target, notice in waiting(store_of(request, connection))]
    return page_of(behind(rows, cursor, _notice), limit, lambda row: row, _notice)


@router.post("/targets/{name}/test", response_model=told.Tried)
@needs(Role.OPERATOR)
def try_target(request: Request, name: Id) -> Response:
    """Sends a target of `notify` one message now, and says what came back."""
    return command(request, "notify.test", "", lambda _: upkeep.try_target(desk_of(request), name))


# -- the brake ---------------------------------------------------------------------------------------------------------
@router.get("/connections/{connection}/expected", response_model=answers.Listed[told.Expected])
@needs(Role.VIEWER)
def expected(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """Waves that the brake lets through, and how much of each has come."""
    store = store_of(request, connection)
    rows = behind(braking.expected(store, desk_of(request).clock.now()), cursor, lambda row: row.id)
    used = braking.used_of(store, rows[:limit])
    return page_of(rows, limit, lambda row: braking.expectation_document(row, used=used[row.id]), lambda row: row.id)


@router.post("/connections/{connection}/expected", response_model=told.Expected)
@needs(Role.OPERATOR)
def expect(request: Request, connection: Name, body: asked.Expected) -> Response:
    """Tells the brake that a wave is no accident: so many records flow beside what is usual, once, until a time."""
    words = braking.Words(
        {body.wave: body.records}, kind=body.kind, field=body.field, until=body.until, reason=body.reason
    )
    return done(request, "expected.add", connection, lambda desk, who: upkeep.expect(desk, connection, words, who))


@router.post("/connections/{connection}/expected/{id}/cancel", response_model=told.Expected)
@needs(Role.OPERATOR)
def expect_no_more(request: Request, connection: Name, id: Id) -> Response:
    """Takes a wave back."""
    return done(request, "expected.cancel", connection, lambda desk, _: upkeep.expect_no_more(desk, connection, id))


# -- standing still, and going on --------------------------------------------------------------------------------------
@router.post("/connections/{connection}/drain", response_model=told.Drained)
@needs(Role.OPERATOR)
def drain(request: Request, connection: Name) -> Response:
    """Begins no turn any more, until the daemon is started again or somebody resumes; says what is in flight.

    Call again until no turn is under way. Writes without an answer are settled by the next start.
    """
    return done(request, "drain", connection, lambda desk, who: upkeep.drain(desk, connection, who))


@router.post("/connections/{connection}/restored", response_model=told.MarkedRestored)
@needs(Role.OPERATOR)
def note_restored(request: Request, connection: Name) -> Response:
    """Notes that the store was put back: both sides are compared before anything is written."""
    return done(request, "restored.mark", connection, lambda desk, who: upkeep.note_restored(desk, connection, who))


@router.post("/connections/{connection}/restored/accept", response_model=told.AcceptedRestored)
@needs(Role.OPERATOR)
def take_restored(request: Request, connection: Name) -> Response:
    """Lets a connection go on whose store was put back, once it was compared."""
    return done(request, "restored.accept", connection, lambda desk, who: upkeep.take_restored(desk, connection, who))


# -- sentinels ---------------------------------------------------------------------------------------------------------
@router.get("/connections/{connection}/sentinels", response_model=answers.Listed[told.Sentinel])
@needs(Role.VIEWER)
def sentinels(request: Request, connection: Name) -> Any:  # noqa: ANN401 - the same
    """How it stands with both sentinels, read from both vendors now."""
    desk = desk_of(request)
    desk.about(connection)
    return {"items": upkeep.sentinels(desk, connection, visitor_of(request).name), "next": None}


@router.post("/connections/{connection}/sentinels/remove", response_model=told.GivenUp)
@needs(Role.OPERATOR)
def give_up_sentinels(request: Request, connection: Name) -> Response:
    """Reads the sentinels no longer; their records stay where they are, and the sync leaves them alone."""
    return done(request, "sentinels.remove", connection, lambda desk, _: upkeep.give_up_sentinels(desk, connection))


def _notice(row: dict[str, Any]) -> str:
    return f"{row['target']}:{row['id']}"
