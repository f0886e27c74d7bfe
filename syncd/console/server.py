"""``/healthz``, ``/readyz`` and ``/metrics`` on loopback, for orchestrators and Prometheus.

Health says that the process answers; readiness that every side was polled lately, with a sentence for each that was
not. Nothing here names a person, and nothing can be changed. Refuses any address but loopback: there is no login.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from syncd.model.errors import BadUsage, NeedsOperator
from syncd.observe.log import emit

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
STOP: Final = 3.0
"""Seconds to wait for the server's thread at the end."""


def read_address(text: str) -> tuple[str, int]:
    """``127.0.0.1:9464`` or ``[::1]:9464`` as host and port.

    :raises BadUsage: if it is neither, or not loopback.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    advice = "give 127.0.0.1:PORT or [::1]:PORT"
    try:
        loopback = ip_address(host).is_loopback
    except ValueError as why:
        raise BadUsage(f"--http {text}: {host or 'nothing'!r} is no address; {advice}") from why
    if not loopback:
        raise BadUsage(f"--http {text}: health and metrics have no login and are for this machine; {advice}")
    if not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise BadUsage(f"--http {text}: {port or 'nothing'!r} is no port; {advice}")
    return host, int(port)


def application(*, troubles: Callable[[], tuple[str, ...]], metrics: Callable[[], bytes]) -> FastAPI:
    """The three pages.

    :param troubles: why the daemon is not ready, one sentence each; empty if it is.
    """
    app = FastAPI(title="syncd", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        told = troubles()
        return JSONResponse({"ready": not told, "troubles": list(told)}, status_code=503 if told else 200)

    @app.get("/metrics")
    def exposed() -> Response:
        return Response(metrics(), media_type=TEXT)

    return app


class Console:
    """The server in a thread of its own. ``option`` is what asked for it, ``--http`` or ``--probes``."""

    def __init__(self, app: FastAPI, *, host: str, port: int, option: str = "--http") -> None:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False)
        self._server = uvicorn.Server(config)
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
        if self._option == "--http":
            emit("console.started", port=self.port)
        else:
            emit("probes.started", port=self.port)

    def close(self) -> None:
        """Stops answering."""
        self._server.should_exit = True
        self._thread.join(STOP)
        self._socket.close()
