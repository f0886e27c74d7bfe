"""How a command is done once and remembered: who, when, about what; the same key twice is one deed.

A command is stored before it is done, and again with how it ended and its arguments (``operations.arguments``). While
it is done no other command about the same connection is: of two who press one button at once, the second finds it
pressed. A program that does not know whether its call arrived calls again with the same ``Idempotency-Key`` and gets
the first answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.responses import JSONResponse, Response

from syncd.console.desk import Desk
from syncd.console.guard import visitor_of
from syncd.console.problems import PROBLEM, Problem, correlation_of, problem_of
from syncd.model.errors import SyncdError
from syncd.model.operator import Deed
from syncd.observe.log import emit
from syncd.operations.arguments import arguments

KEY: Final = "idempotency-key"
LONGEST_KEY: Final = 200
_ABOUT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to: its answer, and ids of what it was about."""

    answer: Mapping[str, Any]
    about: str = ""


def command(request: Request, what: str, connection: str, do: Callable[[str], Done]) -> Response:
    """Does a command of the API and answers it.

    :param do: the command; it is given who asks.
    """
    key = request.headers.get(KEY)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Problem(400, "no-key", f"an Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters")
    given = _given(request)
    said = orjson.dumps({**given, "password": None}, option=orjson.OPT_SORT_KEYS)
    asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + said).digest()
    deed, earlier = _begun(request, what, connection, key=key, asked=asked)
    if earlier is not None:
        return _again(earlier, asked)
    status, document = _carried_out(request, deed, do)
    media = "application/json" if status < 400 else PROBLEM
    return JSONResponse(document, status, media_type=media)


def pressed(request: Request, what: str, connection: str, do: Callable[[str], Done]) -> Done:
    """Does a command of a page; what it came to.

    :raises SyncdError, Problem: what the command does.
    """
    deed, _ = _begun(request, what, connection, key=None, asked=b"")
    given = {**request.state.form, **request.state.several} if request.state.form else _given(request)
    desk: Desk = request.app.state.desk
    try:
        with _alone(desk, connection):
            done = do(deed.who)
    except (SyncdError, Problem) as trouble:
        problem = trouble if isinstance(trouble, Problem) else problem_of(trouble)
        _ended(desk, replace(deed, status=problem.status, about=_about("", given)))
        raise
    _ended(desk, replace(deed, status=200, about=_about(done.about, given)))
    return done


def _given(request: Request) -> Mapping[str, Any]:
    """What a program sent, which its model has checked."""
    body = getattr(request, "_body", b"")
    given = orjson.loads(body) if body else {}
    return given if isinstance(given, dict) else {}


def _about(ids: str, given: Mapping[str, Any]) -> str:
    """What a command was about and with which arguments; of many ids the last are cut."""
    if len(ids) > _ABOUT:
        ids = ids[:_ABOUT].rpartition(" ")[0]
    return arguments(given, ids)


def _begun(request: Request, what: str, connection: str, *, key: str | None, asked: bytes) -> tuple[Deed, Deed | None]:
    visitor = visitor_of(request)
    desk: Desk = request.app.state.desk
    deed = Deed(
        id=desk.chance.identifier(),
        at=desk.clock.now(),
        who=visitor.name,
        way=visitor.credential.sort,
        connection=connection,
        what=what,
        about="",
        key=key,
        asked=asked,
    )
    return deed, desk.entrance.doors.begin_deed(deed)


def _again(earlier: Deed, asked: bytes) -> Response:
    if earlier.asked != asked:
        raise Problem(422, "key-used", "this Idempotency-Key was used for something else; take another one")
    if earlier.status is None or earlier.answer is None:
        raise Problem(
            409, "under-way", "the first call with this Idempotency-Key is under way, or its process died: look first"
        )
    media = "application/json" if earlier.status < 400 else PROBLEM
    return Response(earlier.answer, earlier.status, media_type=media, headers={"Idempotency-Replayed": "true"})


def _carried_out(request: Request, deed: Deed, do: Callable[[str], Done]) -> tuple[int, Mapping[str, Any]]:
    desk: Desk = request.app.state.desk
    about = ""
    status, document = 500, Problem(500, "failed", "something went wrong").document(correlation_of(request))
    try:
        with _alone(desk, deed.connection):
            done = do(deed.who)
        status, document, about = 200, dict(done.answer), done.about
    except (SyncdError, Problem) as trouble:
        problem = trouble if isinstance(trouble, Problem) else problem_of(trouble)
        status, document = problem.status, problem.document(correlation_of(request))
    finally:
        answer = orjson.dumps(document).decode()
        _ended(desk, replace(deed, status=status, answer=answer, about=_about(about, _given(request))))
    return status, orjson.loads(answer)


def _alone(desk: Desk, connection: str) -> Any:  # noqa: ANN401 - a context manager
    return desk.commanding(connection) if connection else nullcontext()


def _ended(desk: Desk, deed: Deed) -> None:
    desk.entrance.doors.end_deed(deed)
    emit(
        "console.command",
        who=deed.who,
        way=str(deed.way),
        command=deed.what,
        about=deed.about,
        status=deed.status,
        **({"connection": deed.connection} if deed.connection else {}),
    )
