"""A listener for orchestrators and Prometheus that holds no data and may bind any address: ``syncd run --probes``.

``/healthz``, ``/readyz`` and ``/metrics``, GET alone, and nothing else is there. What they say is whether the process
answers, whether it is ready (yes or no: the reasons are in the log and behind ``--http``), and numbers whose labels are
names, classes and codes. Whoever can reach the port learns how busy a connection is and no more; a network policy says
who can. The store is asked at most once a second, however often somebody asks here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, Generic, TypeVar

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from syncd.console.server import TEXT, Console
from syncd.model.errors import BadUsage
from syncd.ports.system import Clock

KEPT: Final = 1.0
"""Seconds for which an answer is given again."""

_T = TypeVar("_T")


def read_address(text: str, *, option: str = "--probes") -> tuple[str, int]:
    """``0.0.0.0:9465`` or ``[::]:9465`` as host and port.

    :raises BadUsage: if it is neither. A name is none: which address it stands for could change.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    advice = "give ADDRESS:PORT, as 0.0.0.0:9465 or [::]:9465"
    try:
        ip_address(host)
    except ValueError as why:
        raise BadUsage(f"{option} {text}: {host or 'nothing'!r} is no address; {advice}") from why
    if not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise BadUsage(f"{option} {text}: {port or 'nothing'!r} is no port; {advice}")
    return host, int(port)


def probes(*, ready: Callable[[], bool], metrics: Callable[[], bytes], clock: Clock) -> FastAPI:
    """The three pages. ``clock`` measures how long an answer is kept."""
    app = FastAPI(title="syncd", docs_url=None, redoc_url=None, openapi_url=None)
    kept_ready, kept_metrics = _Kept(ready, clock), _Kept(metrics, clock)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        told = kept_ready()
        return JSONResponse({"ready": told}, status_code=200 if told else 503)

    @app.get("/metrics")
    def exposed() -> Response:
        return Response(kept_metrics(), media_type=TEXT)

    return app


def listener(app: FastAPI, *, host: str, port: int) -> Console:
    """The server of these pages. :raises NeedsOperator: if the port is taken."""
    return Console(app, host=host, port=port, option="--probes")


class _Kept(Generic[_T]):
    """An answer that is worked out once and given to everybody for a moment."""

    def __init__(self, ask: Callable[[], _T], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._answer: tuple[float, _T] | None = None

    def __call__(self) -> _T:
        with self._lock:
            now = self._clock.monotonic()
            if self._answer is None or now - self._answer[0] >= KEPT:
                self._answer = now, self._ask()
            return self._answer[1]
