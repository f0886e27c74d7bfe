"""Whom each route lets in: denied unless the route says otherwise, and judged before anything of a body is read.

``@needs(...)`` stands on every endpoint; one without it answers nobody. A session is a cookie and needs, for whatever
is no mere look, a call from our own pages and the token of its forms; an API token is a header and needs neither, since
no browser sends it by itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar, get_args, get_origin
from urllib.parse import parse_qs, quote

import orjson
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.background import BackgroundTask

from syncd.console.problems import API, Problem
from syncd.console.shield import Front
from syncd.model.operator import Role, Sort
from syncd.observe.log import emit
from syncd.operations.doors import Entrance, Visitor, form_token

F = TypeVar("F", bound=Callable[..., Any])
FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "x-syncd-form"
SAFE: Final = frozenset({"GET", "HEAD"})
BY_THEMSELVES: Final = frozenset({"/overview/cards", "/runs/live", "/api/v1/events"})
"""What pages call again and again: an open browser must not keep its session alive."""
_NEEDS: Final = "__syncd_needs__"


class Open(StrEnum):
    """Routes for which nobody has to log in: for everybody, or for whoever asks from this machine."""

    ANYBODY = "anybody"
    HERE = "here"


Needed = Role | Open


def needs(needed: Needed) -> Callable[[F], F]:
    """Says whom an endpoint lets in."""

    def marked(endpoint: F) -> F:
        setattr(endpoint, _NEEDS, needed)
        return endpoint

    return marked


def needed_by(endpoint: Callable[..., Any]) -> Needed | None:
    """Whom an endpoint lets in; ``None`` where nobody said, and then nobody is."""
    found: Needed | None = getattr(endpoint, _NEEDS, None)
    return found


class GuardedRoute(APIRoute):
    """A route that judges who calls before it reads what they send. What an endpoint puts into
    ``request.state.afterwards`` is done once the answer was sent; of a call that failed it is not.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:  # noqa: D102 - FastAPI's name
        inner = super().get_route_handler()
        needed = needed_by(self.endpoint)
        known = dict(_queried(self.dependant))

        async def guarded(request: Request) -> Response:
            posted = None if request.method in SAFE else _form(request, await request.body())
            await run_in_threadpool(admit, request, needed, posted)
            if request.url.path.startswith(API):
                _check_query(request, known)
                _check_body(await request.body())
            afterwards: list[Callable[[], None]] = []
            request.state.afterwards = afterwards
            answer = await inner(request)
            if afterwards:
                answer.background = BackgroundTask(_each, afterwards)
            return answer

        return guarded


def _queried(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """What a route reads of the query, itself or by what it depends on; and whether that may be said several times."""
    for each in dependant.query_params:
        annotation = each.field_info.annotation
        yield each.alias, any(get_origin(one) is list for one in (annotation, *get_args(annotation)))
    for part in dependant.dependencies:
        yield from _queried(part)


def _check_query(request: Request, known: Mapping[str, bool]) -> None:
    """A program that misspells ``cursor`` would otherwise read the first page again and again."""
    for name, several in known.items():
        if not several and len(request.query_params.getlist(name)) > 1:
            raise Problem(422, "not-understood", f"{name} can be said once")
    strange = next((name for name in request.query_params if name not in known), None)
    if strange is not None:
        told = ", ".join(sorted(known)) or "none"
        raise Problem(422, "not-understood", f"there is no parameter {strange[:100]!r} here; there is: {told}")


def _check_body(body: bytes) -> None:
    """What a program sends is read twice, by its model and for its deed: both must read the same."""
    try:
        if body:
            orjson.loads(body)
    except orjson.JSONDecodeError as why:
        raise Problem(400, "no-json", f"the body is no JSON in UTF-8 without a byte order mark: {why}") from why


def _each(afterwards: list[Callable[[], None]]) -> None:
    """What is done once a call is answered, in a thread that may wait."""
    for deed in afterwards:
        deed()


def admit(request: Request, needed: Needed | None, posted: Mapping[str, str] | None) -> None:
    """Lets a call through, with its visitor in ``request.state``.

    :raises Problem: 401, or 403, or a way to the login page.
    """
    front: Front = request.app.state.front
    entrance: Entrance = request.app.state.entrance
    request.state.visitor = None
    request.state.form = posted or {}
    request.state.secret = ""
    api = request.url.path.startswith(API)
    visitor, secret = _visitor(request, entrance, front, api=api)
    if posted is not None and (visitor is None or visitor.credential.sort is Sort.SESSION):
        _check_origin(request, front)
        if visitor is not None:
            _check_form(request, posted, secret)
    request.state.visitor, request.state.secret = visitor, secret
    if needed is Open.ANYBODY or (needed is Open.HERE and request.scope["here"]):
        return
    if visitor is None:
        raise _stranger(request, api=api)
    if needed is None or not visitor.may(Role.VIEWER if isinstance(needed, Open) else needed):
        raise Problem(403, "not-allowed", f"{visitor.name} is {visitor.role}, and that is not enough for this")


def visitor_of(request: Request) -> Visitor:
    """Who calls, where a role is needed."""
    visitor: Visitor | None = request.state.visitor
    if visitor is None:
        raise Problem(401, "not-logged-in", "log in first")
    return visitor


def cookie_name(front: Front) -> str:
    """The name of the session's cookie. Browsers keep ``__Host-`` to one host and to TLS, and nobody else sets it."""
    return "__Host-syncd" if front.secure else "syncd_session"


def _visitor(request: Request, entrance: Entrance, front: Front, *, api: bool) -> tuple[Visitor | None, str]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if api and scheme.lower() == "bearer":
        visitor = entrance.visitor(token.strip())
        return (visitor if visitor and visitor.credential.sort is Sort.TOKEN else None), ""
    secret = request.cookies.get(cookie_name(front), "")
    visitor = entrance.visitor(secret, by_itself=request.url.path in BY_THEMSELVES) if secret else None
    return (visitor, secret) if visitor and visitor.credential.sort is Sort.SESSION else (None, "")


def _stranger(request: Request, *, api: bool) -> Problem:
    if api or request.method not in SAFE:
        return Problem(401, "not-logged-in", "log in, or send a token", {"WWW-Authenticate": "Bearer"})
    where = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="/")
    if request.headers.get("hx-request"):
        return Problem(401, "not-logged-in", "log in again", {"HX-Redirect": "/login"})
    return Problem(303, "not-logged-in", "log in first", {"Location": f"/login?next={where}"})


def _check_origin(request: Request, front: Front) -> None:
    """A browser says where a form stands. With no-referrer it says ``null`` as origin, and then its Sec-Fetch-Site."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    known = origin in front.origins(request.headers.get("host", ""))
    fine = known if site is None else site == "same-origin" and (known or origin in (None, "null"))
    if not fine:
        emit("console.refused", reason="another site")
        raise Problem(403, "another-site", "this did not come from a page of this console")


def _check_form(request: Request, posted: Mapping[str, str], secret: str) -> None:
    told = request.headers.get(FORM_HEADER) or posted.get(FORM_FIELD, "")
    if not hmac.compare_digest(told.encode(), form_token(secret).encode()):
        emit("console.refused", reason="form token")
        raise Problem(403, "form-token", "this page is from another session; load it again")


def _form(request: Request, body: bytes) -> Mapping[str, str]:
    """A posted form, by name; of a name that comes twice the last. Anything else is no form and empty."""
    request.state.several = {}
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        read = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=1_000)
    except ValueError as why:
        raise Problem(400, "no-form", "this is no form that can be read") from why
    request.state.several = read
    return {name: values[-1] for name, values in read.items()}
