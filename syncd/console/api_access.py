"""The part of the API about who may use it: operators, invitations, tokens, and what everybody did."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from syncd.console import answers, asked
from syncd.console.api import PREFIX, Cursor, Id, Limit, desk_of
from syncd.console.api_commands import prove_with
from syncd.console.deeds import Done, command, pressed
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.problems import Problem, not_found
from syncd.model.operator import Role
from syncd.operations.doors import deed_document, operator_document, token_document

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@router.get("/tokens", response_model=answers.Listed[answers.Token])
@needs(Role.VIEWER)
def tokens(request: Request) -> Any:  # noqa: ANN401 - a document that the model checks
    """API tokens of whoever calls; an admin sees all."""
    found = desk_of(request).entrance.tokens(visitor_of(request))
    return {"items": [token_document(each) for each in found], "next": None}


@router.post("/tokens", response_model=answers.MadeToken)
@needs(Role.VIEWER)
def make_token(request: Request, body: asked.NewToken) -> Any:  # noqa: ANN401 - the same
    """Makes a token of whoever calls; its secret is told this once, and so no ``Idempotency-Key`` is taken."""
    prove_with(request, body.password)
    visitor = visitor_of(request)
    if not visitor.may(body.role):
        raise Problem(403, "not-allowed", f"a token of {visitor.name} is {visitor.role} at most here")

    def do(who: str) -> Done:
        entrance = desk_of(request).entrance
        secret, made = entrance.make_token(visitor.name, role=body.role, label=body.label, days=body.days, who=who)
        return Done({"secret": secret, "token": token_document(made)}, made.id)

    return pressed(request, "tokens.make", "", do).answer


@router.delete("/tokens/{id}", response_model=answers.Token)
@needs(Role.VIEWER)
def revoke_token(request: Request, id: Id) -> Response:
    """Ends a token of whoever calls; an admin ends any."""

    def do(_: str) -> Done:
        ended = desk_of(request).entrance.revoke(visitor_of(request), id)
        if ended is None:
            raise not_found("there is no such token")
        return Done(token_document(ended), id)

    return command(request, "tokens.revoke", "", do)


@router.get("/operators", response_model=answers.Listed[answers.Operator])
@needs(Role.VIEWER)
def operators(request: Request) -> Any:  # noqa: ANN401 - the same
    """Who may use the console."""
    found = desk_of(request).entrance.doors.operators()
    return {"items": [operator_document(each) for each in found], "next": None}


@router.post("/operators", response_model=answers.Invitation)
@needs(Role.ADMIN)
def invite(request: Request, body: asked.NewOperator) -> Any:  # noqa: ANN401 - the same
    """Invites somebody; the invitation is told this once, and so no ``Idempotency-Key`` is taken."""
    prove_with(request, body.password)

    def do(who: str) -> Done:
        secret = desk_of(request).entrance.invite(body.name, role=body.role, who=who)
        return Done({"secret": secret, "name": body.name, "role": body.role.value}, body.name)

    return pressed(request, "operators.invite", "", do).answer


@router.delete("/operators/{name}", response_model=answers.Operator)
@needs(Role.ADMIN)
def remove(request: Request, name: Id) -> Response:
    """Removes an operator with every session and token; the only admin stays."""
    prove_with(request, "")

    def do(who: str) -> Done:
        entrance = desk_of(request).entrance
        known = entrance.doors.operator(name)
        if known is None or not entrance.remove(name, who=who):
            raise not_found("there is no such operator")
        return Done(operator_document(known), name)

    return command(request, "operators.remove", "", do)


@router.get("/deeds", response_model=answers.Listed[answers.Deed])
@needs(Role.ADMIN)
def deeds(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Any:  # noqa: ANN401 - the same
    """What operators did and whom they read, the latest first; kept for 400 days."""
    rows = desk_of(request).entrance.doors.deeds(limit + 1, cursor)
    shown = rows[:limit]
    return {"items": [deed_document(each) for each in shown], "next": shown[-1].id if len(rows) > limit else None}
