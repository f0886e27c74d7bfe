"""The part of the API about people who are not found by a link: whatever a text names, pairs apart, people gone, and
those of whom a held part would write.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from syncd.console import answers, asked, commands, upkeep
from syncd.console import answers_upkeep as told
from syncd.console.api import PREFIX, Cursor, Id, Limit, Name, behind, desk_of, page_of, store_of
from syncd.console.api_commands import done, prove_with
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.readings import reads
from syncd.model.link import Remnant
from syncd.model.operator import Role
from syncd.operations.explain_document import hit_document
from syncd.operations.linking import LinkStands, stands, unlinked
from syncd.operations.privacy import remnant_document
from syncd.operations.showing_held import shown_document

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@router.get("/connections/{connection}/explanation", response_model=told.Meant)
@needs(Role.VIEWER)
def meant(
    request: Request,
    connection: Name,
    record: Annotated[
        str, Query(max_length=300, description="a@b.c, marketing:contacts/51, crm:Lead/00Q..., or link:ID.")
    ],
    field: Annotated[str | None, Query(max_length=100, description="One shared field; all of them without it.")] = None,
) -> Any:  # noqa: ANN401 - a document that the model checks
    """Why a record is what it is, linked or not, and what comes next, read from both vendors now.

    If several are meant, they are listed and none is explained.
    """
    desk = desk_of(request)
    desk.about(connection)
    hits, found = commands.meant(desk, connection, record, visitor_of(request).name, field=field)
    if found is not None:
        reads(request, "people.explained", connection, found.whom().split())
    return {"hits": [hit_document(hit) for hit in hits], "record": None if found is None else found.document()}


@router.get("/connections/{connection}/links", response_model=answers.Listed[told.LinkStands])
@needs(Role.VIEWER)
def links(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """Pairs that somebody unlinked, the oldest link first; walks through all links."""
    store = store_of(request, connection)
    with desk_of(request).reading(connection):
        found = unlinked(store)
    rows = behind(found, cursor, lambda row: row.id)
    return page_of(stands(store, rows[: limit + 1]), limit, LinkStands.document, lambda row: row.link.id)


@router.get("/connections/{connection}/remnants", response_model=answers.Listed[told.Remnant])
@needs(Role.VIEWER)
def remnants(request: Request, connection: Name, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """Records of forgotten people that are still there, by id; they leave the list once somebody deletes them."""
    rows = behind(store_of(request, connection).remnants(), cursor, _remnant)
    return page_of(rows, limit, remnant_document, _remnant)


@router.post("/connections/{connection}/forget", response_model=told.ToForget)
@needs(Role.OPERATOR)
def forget(request: Request, connection: Name, body: asked.Forgotten) -> Response:
    """Forgets a person for good with the next cycle: opted out on both sides, and what syncd knows is destroyed.

    There is no way back. Refused (409) if several are meant. Of a session the password is needed once more, unless it
    was given a moment ago.
    """
    prove_with(request, body.password)
    return done(
        request, "people.forget", connection, lambda desk, who: upkeep.forget(desk, connection, body.record, who)
    )


@router.get("/connections/{connection}/held/{digest}/values", response_model=told.HeldValues)
@needs(Role.VIEWER)
def held_values(request: Request, connection: Name, digest: Id) -> Any:  # noqa: ANN401 - the same
    """What a held part would write, read from both vendors now: stored nowhere."""
    desk = desk_of(request)
    desk.about(connection)
    found, values, seen = upkeep.held_values(desk, connection, digest, visitor_of(request).name)
    reads(request, "held.values", connection, seen)
    return shown_document(found, values)


def _remnant(row: Remnant) -> str:
    return f"{row.side}:{row.ref}"
