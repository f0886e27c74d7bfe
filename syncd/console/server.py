"""The server of a daemon: health, readiness and metrics for machines, the console and its API for people.

Health says that the process answers; readiness that every side was polled lately, with a sentence for each that was
not. These name no person and are for this machine, without a login; all else needs one. Refuses any address but
loopback unless the configuration says which proxy stands before it, and somebody can log in.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from functools import cache
from ipaddress import ip_address
from typing import Final

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from syncd.console import (
    api,
    api_access,
    api_commands,
    api_looking,
    api_making,
    api_people,
    api_reports,
    api_state,
    api_upkeep,
    authors,
    entry,
    events,
    files,
    handoff,
    issues,
    pages,
    presses,
    resyncs,
    statics,
    undoing,
    waiting,
)
from syncd.console.desk import Desk
from syncd.console.guard import GuardedRoute, Open, needs
from syncd.console.looks import problem_page
from syncd.console.problems import API, Problem, as_json, correlation_of, problem_of
from syncd.console.readings import Readings
from syncd.console.shield import Front, Shield
from syncd.model.errors import BadUsage, NeedsOperator, SyncdError
from syncd.observe.log import emit

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
STOP: Final = 3.0
"""Seconds to wait for the server's thread at the end."""
PATIENT: Final = 30
"""Calls at once, at most; further ones are told to come again."""


def read_address(text: str, *, front: Front | None = None) -> tuple[str, int]:
    """``127.0.0.1:9464`` or ``[::1]:9464`` as host and port; any address where a proxy stands before it.

    :raises BadUsage: if it is neither, or not loopback without a proxy.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    advice = "give 127.0.0.1:PORT or [::1]:PORT"
    try:
        loopback = ip_address(host).is_loopback
    except ValueError as why:
        raise BadUsage(f"--http {text}: {host or 'nothing'!r} is no address; {advice}") from why
    if not loopback and (front is None or not front.secure):
        raise BadUsage(
            f"--http {text}: without TLS the console is for this machine; {advice}, or set console.public_url to "
            "where a proxy shows it"
        )
    if not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise BadUsage(f"--http {text}: {port or 'nothing'!r} is no port; {advice}")
    return host, int(port)


def probes(troubles: Callable[[], tuple[str, ...]], metrics: Callable[[], bytes]) -> APIRouter:
    """What machines ask."""
    router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

    @router.get("/healthz")
    @needs(Open.ANYBODY)
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    @needs(Open.HERE)
    def readyz() -> JSONResponse:
        told = troubles()
        return JSONResponse({"ready": not told, "troubles": list(told)}, status_code=503 if told else 200)

    @router.get("/metrics")
    @needs(Open.HERE)
    def exposed() -> Response:
        return Response(metrics(), media_type=TEXT)

    return router


def application(
    *,
    troubles: Callable[[], tuple[str, ...]],
    metrics: Callable[[], bytes],
    desk: Desk,
    front: Front | None = None,
) -> FastAPI:
    """Everything that answers.

    :param troubles: why the daemon is not ready, one sentence each; empty if it is.
    """
    app = FastAPI(title="syncd", docs_url=None, redoc_url=None, openapi_url=None)
    app.router.redirect_slashes = False
    app.state.desk, app.state.entrance, app.state.front = desk, desk.entrance, front or Front()
    app.state.streams, app.state.readings = events.Streams(), Readings()
    app.include_router(probes(troubles, metrics))
    app.router.routes.extend(_everything().routes)
    app.add_exception_handler(Problem, _told)
    app.add_exception_handler(SyncdError, _told)
    app.add_exception_handler(HTTPException, _told)
    app.add_exception_handler(RequestValidationError, _told)
    app.add_middleware(Shield, front=app.state.front, identifier=desk.chance.identifier, page=problem_page)
    return app


@cache
def _everything() -> APIRouter:
    """All that needs a login. Put together once: FastAPI makes the models of a route when that is first asked for; it
    takes longer than to answer, and they would be made anew for each application of a process.
    """
    machines = (
        api, api_commands, api_access, api_looking, api_reports, api_upkeep, api_people, api_state,
        api_making, events,
    )  # fmt: skip
    people = (statics, entry, pages, issues, authors, presses, resyncs, undoing, handoff, files, waiting)
    router = APIRouter()
    for each in (*machines, *people):
        router.include_router(each.router)
    return router


def _told(request: Request, trouble: Exception) -> Response:
    """Trouble as a page for people, as problem+json for programs."""
    match trouble:
        case Problem():
            problem = trouble
        case SyncdError():
            problem = problem_of(trouble)
        case RequestValidationError():
            places = {".".join(str(part) for part in each["loc"]): each["msg"] for each in trouble.errors()}
            told = "; ".join(f"{place}: {what}" for place, what in list(places.items())[:5])
            problem = Problem(422, "not-understood", told[:1_000])
        case HTTPException(status_code=status):
            code = {404: "not-found", 405: "no-such-method"}.get(status, "refused")
            problem = Problem(status, code, "there is nothing here", dict(trouble.headers or {}))
        case _:
            raise trouble
    if request.url.path.startswith(API) or "text/html" not in request.headers.get("accept", ""):
        return as_json(problem, correlation_of(request))
    return problem_page(problem, correlation_of(request))


class Console:
    """The server in a thread of its own. ``option`` is what asked for it, ``--http``, ``--probes`` or
    ``--webhooks``; ``streams`` are answers that go on until they are told that it closes.
    """

    def __init__(
        self, app: ASGIApp, *, host: str, port: int, option: str = "--http", streams: events.Streams | None = None
    ) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,  # the shield believes the proxies of the configuration and no others
            limit_concurrency=PATIENT,
        )
        self._server = uvicorn.Server(config)
        self._streams = events.Streams() if streams is None else streams
        self._option = option
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as why:
            self._socket.close()
            raise NeedsOperator(f"{option} {host}:{port} cannot be used ({why.strerror}); name a free port") from why
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Begins to answer."""
        self._socket.listen()
        self._thread.start()
        match self._option:
            case "--probes":
                emit("probes.started", port=self.port)
            case "--webhooks":
                emit("webhooks.started", port=self.port)
            case _:
                emit("console.started", port=self.port)

    def close(self) -> None:
        """Stops answering; streams end with their next look."""
        self._streams.closing = True
        self._server.should_exit = True
        self._thread.join(STOP)
        self._socket.close()
