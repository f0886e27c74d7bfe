"""The part of the API that has the daemon make something with its next turn: a first link, a counterpart, a backup; of
the first two also what waits, and the word that takes it back.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from syncd.console import answers, asked, making
from syncd.console import answers_upkeep as told
from syncd.console.api import PREFIX, Cursor, Id, Limit, Name, behind, desk_of, page_of, store_of
from syncd.console.api_commands import done, prove_with
from syncd.console.deeds import command
from syncd.console.guard import GuardedRoute, needs
from syncd.model.operator import Role
from syncd.operations.wishes import MADE, wish_document, wishes

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@router.post("/connections/{connection}/first-link/approve", response_model=told.ApprovedFirstLink)
@needs(Role.OPERATOR)
def approve_first_link(request: Request, connection: Name, body: asked.ShownFirstLink) -> Response:
    """Lets exactly the first link be written that was shown under this digest; the daemon does it with its next turn.

    It reads both systems again before; what is another first link by then is not written, and waits under its own
    digest. Of a session the password is needed once more, unless it was given a moment ago.
    """
    prove_with(request, body.password)
    return done(
        request,
        "first_link.approve",
        connection,
        lambda desk, who: making.approve_first_link(desk, connection, body.digest, who),
    )


@router.post("/connections/{connection}/recreate", response_model=told.Recreated)
@needs(Role.OPERATOR)
def recreate(request: Request, connection: Name, body: asked.Recreated) -> Response:
    """Makes the counterpart of a record anew that was deleted or unlinked, with the daemon's next turn.

    Of an unlinked pair name the record that gets one. What is left of the two is read now: it must be there.
    """
    return done(
        request,
        "records.recreate",
        connection,
        lambda desk, who: making.recreate(desk, connection, body.record, who),
    )


@router.get("/connections/{connection}/wishes", response_model=answers.Listed[told.Wish])
@needs(Role.VIEWER)
def waiting(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - a document that the model checks
    """First links and counterparts that somebody asked for and no turn has carried out, oldest first."""
    rows = behind(wishes(store_of(request, connection), *MADE), cursor, lambda row: row.id)
    return page_of(rows, limit, wish_document, lambda row: row.id)


@router.post("/connections/{connection}/wishes/{id}/cancel", response_model=told.Withdrawn)
@needs(Role.OPERATOR)
def withdraw(request: Request, connection: Name, id: Id) -> Response:
    """Takes back what no turn has begun with; `at_work` says that one is under way, which may carry it out still."""
    return done(request, "wishes.cancel", connection, lambda desk, _: making.withdraw(desk, connection, id))


@router.post("/store/backups", response_model=told.OrderedBackup)
@needs(Role.ADMIN)
def back_up(request: Request) -> Response:
    """Has the daemon make a backup of the store now, prove it, and take those away that are too many.

    It takes as long as the store is large, so it is not waited for; one that is asked for already is not doubled.
    """
    return command(request, "store.backup", "", lambda _: making.back_up(desk_of(request)))
