"""The pages at the door: log in, redeem an invitation, log out; who may what, and API tokens."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from syncd.console.deeds import Done, pressed
from syncd.console.desk import Desk
from syncd.console.guard import GuardedRoute, Open, cookie_name, needs, visitor_of
from syncd.console.looks import page
from syncd.console.problems import Problem, not_found
from syncd.console.shield import Front
from syncd.model.errors import BadUsage, NotAdmitted
from syncd.model.operator import Role
from syncd.operations.doors import TOKEN_DAYS, Entrance

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


def entrance_of(request: Request) -> Entrance:
    """The doors."""
    desk: Desk = request.app.state.desk
    return desk.entrance


@router.get("/login")
@needs(Open.ANYBODY)
def login_page(request: Request) -> Response:
    """Asks for name and password."""
    nobody = not entrance_of(request).doors.operators()
    return page(request, "login.html", next=local(request.query_params.get("next", "")), name="", nobody=nobody)


@router.post("/login")
@needs(Open.ANYBODY)
def login(request: Request) -> Response:
    """Judges them and begins a session."""
    form = request.state.form
    name, where = form.get("name", ""), local(form.get("next", ""))
    try:
        secret = entrance_of(request).login(name, form.get("password", ""), address=request.scope["address"])
    except NotAdmitted as refused:
        status = 403 if refused.after is None else 429
        return page(
            request, "login.html", status=status, trouble=str(refused), next=where, name=name[:64], nobody=False
        )
    return _with_session(request, secret, where)


@router.get("/join")
@needs(Open.ANYBODY)
def join_page(request: Request) -> Response:
    """Asks for an invitation and a new password."""
    return page(request, "join.html")


@router.post("/join")
@needs(Open.ANYBODY)
def join(request: Request) -> Response:
    """Redeems an invitation and begins a session."""
    form = request.state.form
    try:
        if form.get("password", "") != form.get("again", ""):
            raise BadUsage("the two passwords differ")
        secret = entrance_of(request).join(
            form.get("invitation", ""), form.get("password", ""), address=request.scope["address"]
        )
    except (NotAdmitted, BadUsage) as refused:
        status = 429 if isinstance(refused, NotAdmitted) and refused.after else 403
        return page(request, "join.html", status=status, trouble=str(refused))
    return _with_session(request, secret, "/")


@router.post("/logout")
@needs(Role.VIEWER)
def logout(request: Request) -> Response:
    """Ends this session, or every one of this operator."""
    visitor, entrance = visitor_of(request), entrance_of(request)
    if request.state.form.get("everywhere"):
        entrance.leave_everywhere(visitor)
    entrance.leave(visitor)
    answer = RedirectResponse("/login", 303)
    front: Front = request.app.state.front
    answer.delete_cookie(cookie_name(front), secure=front.secure, httponly=True, samesite="strict")
    return answer


@router.get("/access")
@needs(Role.VIEWER)
def access(request: Request) -> Response:
    """Who may use the console, and the tokens that this visitor may see."""
    return _access(request)


@router.post("/access/tokens")
@needs(Role.VIEWER)
def make_token(request: Request) -> Response:
    """Makes a token for this visitor; its text is on this page alone."""
    form = request.state.form

    def do(who: str) -> Done:
        role, days = _role(form.get("role", "")), _days(form.get("days", ""))
        label = form.get("label", "")
        secret, made = entrance_of(request).make_token(who, role=role, label=label, days=days, who=who)
        return Done({"secret": secret}, made.id)

    try:
        prove(request)
        made = pressed(request, "tokens.make", "", do)
    except (NotAdmitted, BadUsage) as refused:
        return _access(request, status=409, trouble=str(refused))
    return _access(request, secret=made.answer["secret"])


@router.post("/access/tokens/{id}/revoke")
@needs(Role.VIEWER)
def revoke_token(request: Request, id: str) -> Response:
    """Ends a token."""

    def do(_: str) -> Done:
        if entrance_of(request).revoke(visitor_of(request), id) is None:
            raise not_found("there is no such token")
        return Done({}, id)

    pressed(request, "tokens.revoke", "", do)
    return RedirectResponse("/access", 303)


@router.post("/access/operators")
@needs(Role.ADMIN)
def invite(request: Request) -> Response:
    """Invites somebody; what they redeem is on this page alone."""
    form = request.state.form
    name = form.get("name", "").strip()

    def do(who: str) -> Done:
        secret = entrance_of(request).invite(name, role=_role(form.get("role", "")), who=who)
        return Done({"secret": secret}, name)

    try:
        prove(request)
        made = pressed(request, "operators.invite", "", do)
    except (NotAdmitted, BadUsage) as refused:
        return _access(request, status=409, trouble=str(refused))
    return _access(request, invitation=made.answer["secret"], invited=name)


@router.post("/access/operators/{name}/remove")
@needs(Role.ADMIN)
def remove(request: Request, name: str) -> Response:
    """Removes somebody with every session and token."""

    def do(who: str) -> Done:
        if not entrance_of(request).remove(name, who=who):
            raise not_found("there is no such operator")
        return Done({}, name)

    try:
        prove(request)
        pressed(request, "operators.remove", "", do)
    except (NotAdmitted, BadUsage) as refused:
        return _access(request, status=409, trouble=str(refused))
    return RedirectResponse("/access", 303)


def prove(request: Request) -> None:
    """Asks once more for the password, for what is not to be done by whoever finds a browser open.

    :raises NotAdmitted: if it is wrong, or lacking and was not given a moment ago.
    """
    visitor, entrance = visitor_of(request), entrance_of(request)
    password = request.state.form.get("password", "")
    if password:
        entrance.prove(visitor, password, address=request.scope["address"])
    elif not entrance.has_proved(visitor):
        raise NotAdmitted("your password is needed for this")


def local(where: str) -> str:
    """A path of this console as it was given, else its first page: nobody is led elsewhere by a link to the login.

    What is judged is what it may be read as; what is returned must lead to the same search, in which ``%2B`` is a plus.
    """
    return where if where.startswith("/") and _is_local(unquote(where)) else "/"


def _is_local(where: str) -> bool:
    try:
        parts = urlsplit(where)
    except ValueError:
        return False
    fine = where.startswith("/") and not where.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return fine and where.isprintable()


def _with_session(request: Request, secret: str, where: str) -> Response:
    front: Front = request.app.state.front
    answer = RedirectResponse(where, 303)
    answer.set_cookie(cookie_name(front), secret, secure=front.secure, httponly=True, samesite="strict", path="/")
    return answer


def _access(
    request: Request, *, status: int = 200, trouble: str = "", secret: str = "", invitation: str = "", invited: str = ""
) -> Response:
    visitor, entrance = visitor_of(request), entrance_of(request)
    return page(
        request,
        "access.html",
        status=status,
        trouble=trouble,
        operators=entrance.doors.operators(),
        tokens=entrance.tokens(visitor),
        roles=[role for role in Role if visitor.may(role)],
        every_role=list(Role),
        days=TOKEN_DAYS,
        secret=secret,
        invitation=invitation,
        invited=invited,
        proved=entrance.has_proved(visitor),
    )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Problem(400, "no-role", f"a role is one of {', '.join(Role)}") from None


def _days(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise Problem(400, "no-days", "days are a whole number")
    return int(text)
