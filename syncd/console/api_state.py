"""The part of the API about the state of things: how fit the accounts are, what a cycle would do, what the files say in
words, the audit, the store and its backups.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from syncd.console import answers_upkeep as told
from syncd.console import upkeep
from syncd.console.api import MOST, PREFIX, Name, desk_of, store_of
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.problems import not_found
from syncd.console.readings import reads
from syncd.model.operator import Role
from syncd.operations.definitions import history
from syncd.operations.mapping_page import mapping_page
from syncd.operations.page_document import page_document
from syncd.operations.proving import head_of, verified_document
from syncd.operations.sizing import backup_document, ordered_document, size_document

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


# -- accounts and plans ------------------------------------------------------------------------------------------------
@router.get("/connections/{connection}/doctor", response_model=told.Diagnosis)
@needs(Role.VIEWER)
def doctor(request: Request, connection: Name) -> Any:  # noqa: ANN401 - a document that the model checks
    """How fit both accounts are for what the files ask for, read from both vendors now."""
    desk = desk_of(request)
    desk.about(connection)
    return upkeep.diagnosis(desk, connection, visitor_of(request).name)


@router.get("/connections/{connection}/plan", response_model=told.Plan)
@needs(Role.VIEWER)
def plan(request: Request, connection: Name) -> Any:  # noqa: ANN401 - the same
    """What a cycle would do now, of what changed since the last one; stores nothing.

    Refused (409) before the first link and after a restore, where all would be read.
    """
    desk = desk_of(request)
    desk.about(connection)
    found = upkeep.plan(desk, connection, visitor_of(request).name)
    reads(request, "plan.read", connection, found.links())
    return found.document()


# -- the files in words ------------------------------------------------------------------------------------------------
@router.get("/connections/{connection}/glossary", response_model=told.Page)
@needs(Role.VIEWER)
def glossary(request: Request, connection: Name) -> Any:  # noqa: ANN401 - the same
    """What both teams mean by each word, and what definitions said before."""
    store = store_of(request, connection)
    configured = desk_of(request).configured(connection)
    page = configured.glossary(history(store, configured.definitions))
    if page is None:
        raise not_found("nobody has said what the stages mean: there is no lifecycle.yaml")
    return page_document(page)


@router.get("/connections/{connection}/mapping", response_model=told.Page)
@needs(Role.VIEWER)
def mapping(request: Request, connection: Name) -> Any:  # noqa: ANN401 - the same
    """What is kept in step, field by field, as the page Config shows it."""
    desk = desk_of(request)
    return page_document(mapping_page(desk.about(connection).connection.kinds, desk.systems))


# -- the store and its history -----------------------------------------------------------------------------------------
@router.get("/connections/{connection}/audit/verification", response_model=told.Verified)
@needs(Role.VIEWER)
def verification(
    request: Request,
    connection: Name,
    head: Annotated[
        str | None,
        Query(pattern=r"^[0-9a-fA-F]{64}$", description="A hash that was the head before: it must be in the chain."),
    ] = None,
) -> Any:  # noqa: ANN401 - the same
    """Walks the whole chain over the audit, and says what is not as it was written; about a minute for four million
    rows.
    """
    store = store_of(request, connection)
    with desk_of(request).reading(connection):
        return verified_document(store.verify_audit(head_of(head)))


@router.get("/store/size", response_model=told.Sizes)
@needs(Role.VIEWER)
def size(request: Request) -> Any:  # noqa: ANN401 - the same
    """How large the store of all connections is, what of it grows, and how large it will be."""
    desk = desk_of(request)
    with desk.reading(""):
        return size_document(*desk.host.sizes())


@router.get("/store/backups", response_model=told.Backups)
@needs(Role.VIEWER)
def backups(request: Request) -> Any:  # noqa: ANN401 - the same
    """The backups on the host by the names of their files, the latest first."""
    desk = desk_of(request)
    shelf = desk.host.shelf()
    listed = [{**backup_document(each), "file": each.file.name} for each in shelf.backups[:MOST]]
    return {"backups": listed, "overdue": shelf.overdue(desk.clock.now()), **ordered_document(shelf)}
