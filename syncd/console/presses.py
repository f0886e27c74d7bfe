"""The commands of the pages: a form is sent, the command is done, and the page comes again with what it came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from syncd.console import commands
from syncd.console.deeds import Done, pressed
from syncd.console.desk import Desk
from syncd.console.entry import prove
from syncd.console.guard import GuardedRoute, needs, visitor_of
from syncd.console.issues import show_issues
from syncd.console.pages import chosen, desk_of, show, show_conflicts, show_part, show_person
from syncd.console.problems import Problem, problem_of
from syncd.console.readings import reads
from syncd.model.errors import BadUsage, NotAdmitted, SyncdError
from syncd.model.operator import Role
from syncd.model.values import Pair, Side
from syncd.operations.deciding import Choice
from syncd.operations.resyncing import Words
from syncd.operations.unlinked import Sought
from syncd.ports.looking import Cause, ParkedCause

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.post("/conflicts/{id}/resolve")
@needs(Role.OPERATOR)
def resolve(request: Request, id: str) -> Response:
    """Stores a choice about a conflict."""
    form = request.state.form
    pair = (form.get("marketing", ""), form.get("crm", ""))
    choice = Choice(take=form.get("take") or None, link=pair if all(pair) else None, apart="apart" in form)
    try:
        done = _press(
            request,
            "conflicts.resolve",
            lambda desk, name, _: commands.resolve(desk, name, id, choice, alike="alike" in form),
        )
    except SyncdError as why:
        return show_conflicts(request, status=409, trouble=str(why))
    return _back(request, "/conflicts", "alike" if done.answer["alike"] else "resolved")


@router.post("/issues/letters")
@needs(Role.OPERATOR)
def letters(request: Request) -> Response:
    """Tries dead letters again, or forgets them: those that are ticked, or all of a cause."""
    ids = request.state.several.get("id", [])
    everything = "everything" in request.state.form
    cause = _cause(request) if everything else None
    drop = request.state.form.get("do") == "drop"
    deed = commands.drop_letters if drop else commands.retry_letters
    what = "dead_letters.drop" if drop else "dead_letters.retry"
    try:
        _press(request, what, lambda desk, name, _: deed(desk, name, [] if everything else ids, cause))
    except SyncdError as why:
        return show_issues(request, status=409, trouble=str(why))
    return _back(request, "/issues", "dropped" if drop else "retried")


@router.post("/issues/parked")
@needs(Role.OPERATOR)
def parked(request: Request) -> Response:
    """Lets parked fields go: those that are ticked, or all of a cause."""
    ids = request.state.several.get("id", [])
    cause: ParkedCause | None = None
    if "everything" in request.state.form:
        kind, side, code = _cause(request)
        cause = (kind, side, request.state.form.get("field", ""), code)
    try:
        _press(
            request, "parked.retry", lambda desk, name, who: commands.retry_parked(desk, name, ids, who, cause=cause)
        )
    except SyncdError as why:
        return show_issues(request, status=409, trouble=str(why))
    return _back(request, "/issues", "retried")


@router.post("/held/{digest}/decide")
@needs(Role.OPERATOR)
def decide(request: Request, digest: str) -> Response:
    """Approves or rejects exactly what was shown."""
    form = request.state.form
    reason, approve = form.get("reason", "").strip(), form.get("do") == "approve"
    deed = commands.approve_part if approve else commands.reject_part
    try:
        if not reason:
            raise BadUsage("say why, for those who look at it later")
        if approve:
            prove(request)
        done = _press(
            request,
            "held.approve" if approve else "held.reject",
            lambda desk, name, who: deed(desk, name, digest, reason[:500], who),
        )
    except (SyncdError, NotAdmitted) as why:
        return show_part(request, digest, status=409, trouble=str(why))
    if not approve:
        return _back(request, "/held", "rejected")
    return _back(request, "/held", "second" if done.answer["stands"] == "second" else "approved")


@router.post("/pause")
@needs(Role.OPERATOR)
def pause(request: Request) -> Response:
    """Stops polling a connection from its next turn on."""
    reason = request.state.form.get("reason", "").strip()[:500]
    _press(request, "pause", lambda desk, name, who: commands.pause(desk, name, reason, who))
    return _back(request, "/", "paused")


@router.post("/resume")
@needs(Role.OPERATOR)
def resume(request: Request) -> Response:
    """Polls it again, at once."""
    _press(request, "resume", lambda desk, name, _: commands.resume(desk, name))
    return _back(request, "/", "resumed")


@router.post("/people/both")
@needs(Role.OPERATOR)
def both(request: Request) -> Response:
    """Looks for somebody in both systems, linked or not; what is found is noted as read."""
    name, _ = chosen(request)
    text = request.state.form.get("q", "").strip()[:300]
    found: Sequence[Sought] = ()
    status, trouble = 200, ""
    try:
        found = commands.sought(desk_of(request), name, text, visitor_of(request).name)
    except SyncdError as why:
        status, trouble = problem_of(why).status, str(why)
    reads(request, "people.both", name, [each.name for each in found])
    return show(request, "both.html", name, status=status, trouble=trouble, text=text, found=found)


@router.post("/people/{link}/resync")
@needs(Role.OPERATOR)
def resync(request: Request, link: str) -> Response:
    """Has one record compared again by the daemon."""
    words = Words(records=[f"link:{link}"])
    try:
        _press(request, "resyncs.ask", lambda desk, name, who: commands.ask_resync(desk, name, words, who))
    except SyncdError as why:
        return show_person(request, link, status=409, trouble=str(why))
    return _back(request, f"/people/{link}", "resync")


@router.post("/people/{link}/unlink")
@needs(Role.OPERATOR)
def unlink(request: Request, link: str) -> Response:
    """The two records of a link are not one, as somebody has ticked."""
    try:
        if "sure" not in request.state.form:
            raise BadUsage("tick that the two are not one, so that nobody ends a link by a slip")
        _press(request, "links.unlink", lambda desk, name, who: commands.unlink(desk, name, link, who))
    except SyncdError as why:
        return show_person(request, link, status=409, trouble=str(why))
    return _back(request, f"/people/{link}", "unlinked")


@router.post("/people/{link}/relink")
@needs(Role.OPERATOR)
def relink(request: Request, link: str) -> Response:
    """Two records are one from now on, as somebody has ticked."""
    form = request.state.form
    named, force = Pair(form.get("marketing", "").strip(), form.get("crm", "").strip()), "force" in form
    try:
        if "sure" not in form:
            raise BadUsage("tick that the two are one, so that nobody links them by a slip")
        done = _press(
            request, "links.relink", lambda desk, name, who: commands.relink(desk, name, named, who, force=force)
        )
    except SyncdError as why:
        return show_person(request, link, status=409, trouble=str(why))
    return _back(request, f"/people/{link}", "same" if done.answer["what"] == "nothing" else "relinked")


def _press(request: Request, what: str, do: Callable[[Desk, str, str], Done]) -> Done:
    name, _ = chosen(request)
    return pressed(request, what, name, lambda who: do(desk_of(request), name, who))


def _back(request: Request, path: str, done: str) -> Response:
    name, _ = chosen(request)
    return RedirectResponse(f"{path}?{urlencode({'connection': name, 'done': done})}", 303)


def _cause(request: Request) -> Cause:
    form = request.state.form
    try:
        return form.get("kind", ""), Side(form.get("side", "")), form.get("code", "")
    except ValueError:
        raise Problem(400, "no-cause", "this form names no cause") from None
