"""The commands of the API: each is one use case of the command line, done once, by somebody, with an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from syncd.console import answers, asked, commands
from syncd.console.api import PREFIX, Id, Name, desk_of
from syncd.console.deeds import Done, command
from syncd.console.desk import Desk
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.problems import Problem
from syncd.console.readings import reads
from syncd.model.operator import Role
from syncd.model.values import Pair
from syncd.operations import rollback
from syncd.operations.deciding import Choice
from syncd.operations.resyncing import Words
from syncd.operations.rollback import rollback_document
from syncd.ports.looking import Cause

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@router.post("/connections/{connection}/conflicts/{id}/resolve", response_model=answers.Resolved)
@needs(Role.OPERATOR)
def resolve(request: Request, connection: Name, id: Id, body: asked.Choice) -> Response:
    """Stores a choice about a conflict; the next cycle carries it out. It may be changed until then."""
    choice = Choice(
        take=None if body.take is None else body.take.value,
        link=None if body.link is None else (body.link.marketing, body.link.crm),
        apart=body.apart,
    )
    return done(
        request,
        "conflicts.resolve",
        connection,
        lambda desk, _: commands.resolve(desk, connection, id, choice, alike=body.alike),
    )


@router.post("/connections/{connection}/records/{link}/unlink", response_model=answers.Joined)
@needs(Role.OPERATOR)
def unlink(request: Request, connection: Name, link: Id) -> Response:
    """The two records of a link are not one: the next cycle ends it, and they stay apart until linked again."""
    return done(request, "links.unlink", connection, lambda desk, who: commands.unlink(desk, connection, link, who))


@router.post("/connections/{connection}/links", response_model=answers.Joined)
@needs(Role.OPERATOR)
def relink(request: Request, connection: Name, body: asked.Joined) -> Response:
    """Two records are one from now on: the next cycle links them and merges their values as at a first meeting.

    Both are read now: they must be there, of one kind, and linked with nobody else, unless ``force`` is said.
    """
    named = Pair(body.marketing, body.crm)
    return done(
        request,
        "links.relink",
        connection,
        lambda desk, who: commands.relink(desk, connection, named, who, force=body.force),
    )


@router.post("/connections/{connection}/dead-letters/retry", response_model=answers.Counted)
@needs(Role.OPERATOR)
def retry(request: Request, connection: Name, body: asked.WhichLetters) -> Response:
    """Asks the next cycle for another try."""
    ids, cause = _letters(body)
    return done(
        request,
        "dead_letters.retry",
        connection,
        lambda desk, _: commands.retry_letters(desk, connection, ids, cause),
    )


@router.post("/connections/{connection}/dead-letters/drop", response_model=answers.Counted)
@needs(Role.OPERATOR)
def drop(request: Request, connection: Name, body: asked.WhichLetters) -> Response:
    """Forgets dead letters; a record that changes again is tried as if for the first time."""
    ids, cause = _letters(body)
    return done(
        request, "dead_letters.drop", connection, lambda desk, _: commands.drop_letters(desk, connection, ids, cause)
    )


@router.post("/connections/{connection}/parked/retry", response_model=answers.Counted)
@needs(Role.OPERATOR)
def retry_parked(request: Request, connection: Name, body: asked.WhichParked) -> Response:
    """Asks the next cycle for another try; ends a quarantine."""
    return done(
        request,
        "parked.retry",
        connection,
        lambda desk, who: commands.retry_parked(desk, connection, body.ids, who),
    )


@router.post("/connections/{connection}/held/{digest}/approve", response_model=answers.Held)
@needs(Role.OPERATOR)
def approve(request: Request, connection: Name, digest: Id, body: asked.Reason) -> Response:
    """Lets exactly these changes go, for 24 hours; more than ten times of what is allowed needs a second person.

    Of a session the password is needed once more, unless it was given a moment ago.
    """
    prove_with(request, body.password)
    return done(
        request,
        "held.approve",
        connection,
        lambda desk, who: commands.approve_part(desk, connection, digest, body.reason, who),
    )


@router.post("/connections/{connection}/held/{digest}/reject", response_model=answers.Held)
@needs(Role.OPERATOR)
def reject(request: Request, connection: Name, digest: Id, body: asked.Reason) -> Response:
    """Leaves exactly these changes unwritten; they stay listed until the records agree again."""
    return done(
        request,
        "held.reject",
        connection,
        lambda desk, who: commands.reject_part(desk, connection, digest, body.reason, who),
    )


@router.post("/connections/{connection}/drift/accept", response_model=answers.LetGoOn)
@needs(Role.OPERATOR)
def accept_drift(request: Request, connection: Name, body: asked.WhichResting) -> Response:
    """Takes what these fields are at their vendors now: they go on, and all records are compared by them once more."""
    return done(
        request,
        "drift.accept",
        connection,
        lambda desk, who: commands.accept_drift(desk, connection, body.fields_, who),
    )


@router.post("/connections/{connection}/pause", response_model=answers.Paused)
@needs(Role.OPERATOR)
def pause(request: Request, connection: Name, body: asked.MaybeReason) -> Response:
    """Stops polling a connection from its next turn on; a turn under way ends."""
    return done(request, "pause", connection, lambda desk, who: commands.pause(desk, connection, body.reason, who))


@router.post("/connections/{connection}/resume", response_model=answers.Paused)
@needs(Role.OPERATOR)
def resume(request: Request, connection: Name) -> Response:
    """Polls a connection again that was paused; a daemon takes its turn at once."""
    return done(request, "resume", connection, lambda desk, _: commands.resume(desk, connection))


@router.post("/connections/{connection}/resyncs/estimate", response_model=answers.Estimate)
@needs(Role.OPERATOR)
def estimate(request: Request, connection: Name, body: asked.WhichResync) -> Any:  # noqa: ANN401 - a document that the model checks
    """About how many records a resync would compare, and what reading them costs; stores nothing."""
    desk_of(request).about(connection)
    return commands.estimate_resync(desk_of(request), connection, _words(body), visitor_of(request).name)


@router.post("/connections/{connection}/resyncs", response_model=answers.Resync)
@needs(Role.OPERATOR)
def ask_resync(request: Request, connection: Name, body: asked.WhichResync) -> Response:
    """Asks for a resync, which the daemon carries out between its polls; one that waits already is not doubled."""
    words = _words(body)
    return done(request, "resyncs.ask", connection, lambda desk, who: commands.ask_resync(desk, connection, words, who))


@router.post("/connections/{connection}/resyncs/{id}/cancel", response_model=answers.Resync)
@needs(Role.OPERATOR)
def cancel_resync(request: Request, connection: Name, id: Id) -> Response:
    """Stops a resync after its share; what it has settled stays."""
    return done(request, "resyncs.cancel", connection, lambda desk, _: commands.end_resync(desk, connection, id))


@router.post("/connections/{connection}/rollbacks/plan", response_model=answers.Rollback)
@needs(Role.OPERATOR)
def show_rollback(request: Request, connection: Name, body: asked.WhichRollback) -> Any:  # noqa: ANN401 - the same
    """What would be taken back, read from both vendors now: a plan with its digest, and what stays; stores nothing."""
    desk_of(request).about(connection)
    planned = commands.plan_rollback(desk_of(request), connection, _taken_back(body), visitor_of(request).name)
    samples = [] if planned.seen is None else planned.seen.samples
    reads(request, "rollbacks.read", connection, [each.decision.link.id for each in samples])
    return rollback_document(planned)


@router.post("/connections/{connection}/rollbacks", response_model=answers.Resync)
@needs(Role.OPERATOR)
def take_back(request: Request, connection: Name, body: asked.ShownRollback) -> Response:
    """Takes back exactly what was shown; the daemon does it as a resync, also while the connection is paused.

    Of a session the password is needed once more, unless it was given a moment ago.
    """
    prove_with(request, body.password)
    words = _taken_back(body)
    return done(
        request,
        "rollbacks.ask",
        connection,
        lambda desk, who: commands.take_back(desk, connection, words, body.digest, who),
    )


# -- for every command -------------------------------------------------------------------------------------------------
def prove_with(request: Request, password: str) -> None:
    """Asks once more for the password of a session.

    :raises NotAdmitted: if it is wrong.
    :raises Problem: 403, if it is lacking and was not given a moment ago.
    """
    entrance, visitor = desk_of(request).entrance, visitor_of(request)
    if entrance.has_proved(visitor):
        return
    if not password:
        raise Problem(403, "password-needed", "this needs your password again; send it as `password`, or use a token")
    entrance.prove(visitor, password, address=request.scope["address"])


def done(request: Request, what: str, connection: str, do: Callable[[Desk, str], Done]) -> Response:
    """Does a command about one connection. :raises Problem: 404, before anything is remembered of it."""
    desk = desk_of(request)
    desk.about(connection)
    return command(request, what, connection, lambda who: do(desk, who))


# -- within ------------------------------------------------------------------------------------------------------------
def _letters(body: asked.WhichLetters) -> tuple[Sequence[str], Cause | None]:
    if bool(body.ids) == (body.cause is not None):
        raise Problem(422, "not-understood", "name dead letters by ids, or a cause, and not both")
    cause = body.cause
    return body.ids, None if cause is None else (cause.kind, cause.side, cause.code)


def _taken_back(body: asked.WhichRollback) -> rollback.Words:
    return rollback.Words(
        run=body.run or None,
        since=body.since or None,
        until=body.until or None,
        records=body.records,
        fields=body.fields_,
    )


def _words(body: asked.WhichResync) -> Words:
    return Words(
        records=body.records,
        where=body.where or None,
        since=body.since or None,
        until=body.until or None,
        side=body.side,
        kinds=body.kinds,
        fields=body.fields_,
        everything=body.everything,
    )
