"""A vendor reached without sockets: an adapter of ``requests`` that hands a call to a kernel in this process.

What a network does is played in virtual time: a call takes its latency, an answer that comes too late is a timeout, one
that drips comes to its end or to that of the call, whichever is first, and one that is cut ends as it would over a
socket. Each call has a point before it and one after it (``lives``).
"""

from __future__ import annotations

import io
import math
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from sandbox.connecting import NoConnection, connect
from sandbox.faults import connections
from sandbox.kernel import ConnectionDropped, HttpRequest, HttpResponse, Kernel
from syncd.lab.lives import Life
from syncd.lab.virtual import VirtualClock

Heard = Callable[[HttpRequest, HttpResponse | None], None]
"""Told each call with its answer, or with nothing where the caller heard none."""

VERIFICATION: Final = {
    connections.EXPIRED: (10, "certificate has expired"),
    connections.OTHER_HOST: (64, "IP address mismatch, certificate is not valid for '127.0.0.1'."),
    connections.UNKNOWN: (20, "unable to get local issuer certificate"),
}
"""What OpenSSL says of each certificate, by code and in words."""
PATIENCE: Final = 60.0
"""Seconds that a connector waits for an answer (``connectors.transport.READ_TIMEOUT``; a test holds both together)."""
LONGEST: Final = 120.0
"""Virtual seconds that a call may take whose caller does not say how long."""


class Latency(Protocol):
    """How long the next call is under way."""

    def __call__(self) -> float:
        """Seconds."""
        ...


class Line(BaseAdapter):
    """One side's vendor, as one life reaches it."""

    def __init__(
        self, kernel: Kernel, life: Life, clock: VirtualClock, *, latency: Latency, heard: Heard, name: str
    ) -> None:
        super().__init__()
        self._kernel = kernel
        self._life = life
        self._clock = clock
        self._latency = latency
        self._heard = heard
        self._name = name

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - requests' own
        timeout: Any = None,  # noqa: ANN401 - requests' own
        verify: Any = True,  # noqa: ANN401, FBT002
        cert: Any = None,  # noqa: ANN401
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The kernel's answer as a response of requests."""
        asked = read(request)
        called = f"{self._name} {asked.method} {sort_of(asked.path)}"
        self._life.point(f"before {called}")
        self._clock.advance(self._latency())
        try:
            connect(self._kernel)
            answer = self._kernel.handle(asked)
        except NoConnection as why:
            self._heard(asked, None)
            raise no_connection(why.name, request) from why
        except ConnectionDropped as why:
            self._heard(asked, None)
            self._clock.advance(why.hold)
            self._life.point(f"after {called}")
            raise requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError(str(why))) from why
        answer, given_up = _over_time(answer, getattr(timeout, "left", lambda: LONGEST)())
        if given_up is not None:
            self._heard(asked, None)
            self._clock.advance(given_up)
            self._life.point(f"after {called}")
            raise requests.exceptions.ReadTimeout(f"no answer within {given_up:g} s")
        self._clock.advance(answer.delay)
        self._heard(asked, answer if answer.wire == "plain" else None)
        self._life.point(f"after {called}")
        return answered(request, answer)

    def close(self) -> None:
        """Nothing is open."""


class _Cut(io.BytesIO):
    """A body that breaks off after what there is of it."""

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(size)
        if not part:
            raise urllib3.exceptions.ProtocolError("the connection broke before the body was complete")
        return part

    def stream(self, size: int, **_: object) -> Iterator[bytes]:
        """In urllib3's own form."""
        while True:
            yield self.read(size)


def _over_time(answer: HttpResponse, left: float) -> tuple[HttpResponse, float | None]:
    """An answer with all the time that it takes to come, and after how long it is given up, if it is: between two
    bytes the caller waits for so long (``PATIENCE``), and for the whole only until its call is over.
    """
    wait, pace = min(PATIENCE, left), answer.pace
    if answer.delay > wait:
        return answer, wait
    if answer.wire == "flood":
        return replace(answer, wire="cut"), None  # nobody reads it to its end
    if answer.wire in ("plain", "cut"):
        return answer, None
    pieces = len(answer.body) if answer.wire == "drip" else math.inf
    whole = replace(answer, delay=answer.delay + pace * pieces, wire="plain")
    if pace > PATIENCE and pieces:
        return whole, min(answer.delay + PATIENCE, left)
    return (whole, None) if whole.delay <= left else (whole, left)


def sort_of(path: str) -> str:
    """What sort of call a path means: its last two words, without ids and versions."""
    return "/".join([part for part in path.split("/") if part.isalpha()][-2:])


def read(request: requests.PreparedRequest) -> HttpRequest:
    """A prepared request as a kernel takes it."""
    body = request.body or b""
    parts = urlsplit(request.url or "")
    return HttpRequest.from_target(
        request.method or "GET",
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        {name: _text(value) for name, value in request.headers.items()},
        body if isinstance(body, bytes) else str(body).encode(),
    )


def answered(request: requests.PreparedRequest, answer: HttpResponse) -> requests.Response:
    """A kernel's answer as requests gives it to whoever asked."""
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.url = request.url or ""
    response.request = request
    response.raw = _Cut(answer.body) if answer.wire == "cut" else io.BytesIO(answer.body)
    return response


def no_connection(fault: str, request: requests.PreparedRequest) -> requests.exceptions.RequestException:
    """What requests raises for a connection that this fault prevents, down to the error of the system."""
    url = request.url or ""
    host = urlsplit(url).hostname or ""
    pool: Any = urllib3.HTTPSConnectionPool(host)
    connection: Any = urllib3.connection.HTTPSConnection(host)
    reason: Exception
    wrapper: type[requests.exceptions.ConnectionError] = requests.exceptions.SSLError
    match fault:
        case connections.UNRESOLVED:
            wrapper = requests.exceptions.ConnectionError
            gone = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            reason = urllib3.exceptions.NameResolutionError(host, connection, gone)
        case connections.UNREACHABLE:
            wrapper = requests.exceptions.ConnectTimeout
            reason = urllib3.exceptions.ConnectTimeoutError(connection, f"Connection to {host} timed out.")
        case connections.REFUSED:
            alert = ssl.SSLError(1, "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure")
            alert.reason = "SSLV3_ALERT_HANDSHAKE_FAILURE"
            reason = urllib3.exceptions.SSLError(alert)
        case _:
            code, why = VERIFICATION[fault]
            bad = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why}")
            bad.reason, bad.verify_code, bad.verify_message = "CERTIFICATE_VERIFY_FAILED", code, why
            reason = urllib3.exceptions.SSLError(bad)
    return wrapper(urllib3.exceptions.MaxRetryError(pool, url, reason), request=request)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
