"""Puts kernels on loopback: a small HTTP/1.1 server that keeps connections open, one thread to a connection.

It decides nothing about vendors. It reads a request as raw bytes (with a length or chunked), asks the kernel under that
kernel's lock, waits the kernel's delay and its own latency outside of the lock, and sends the answer in one piece. A
connection that the kernel cuts is closed without an answer. Paths under ``/_sandbox/`` go to ``sandbox.control`` and
are not seen by the kernel. It refuses to listen anywhere but on 127.0.0.1, and methods that no vendor knows (501).
The real clock lives here and nowhere else in the stand-ins.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, BinaryIO, Self

from sandbox.control import CONTROL_PREFIX, Controls
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import Clock, ConnectionDropped, HttpRequest, HttpResponse, Kernel
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.switches import SalesforceSwitches

LOOPBACK = "127.0.0.1"
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
MAX_LINE = 65_536
MAX_HEADERS = 256
MAX_BODY = 64 * 1024 * 1024
_BODILESS = frozenset({204, 304})
_REASONS = {status.value: status.phrase for status in HTTPStatus} | {477: "Migration In Progress"}


class RealClock:
    """The clock on the wall, in UTC."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class _Malformed(Exception):
    """The bytes on the connection are no request; it is answered with this status and closed."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class KernelServer(socketserver.ThreadingTCPServer):
    """One kernel on one port. ``lock`` must be held by whoever touches the kernel from outside while it serves.

    ``latency`` is the seconds added to every answer; it may be changed at any time.
    """

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, kernel: Kernel, *, port: int = 0, latency: float = 0.0) -> None:
        self.kernel = kernel
        self.lock = threading.Lock()
        self.latency = latency
        self.controls = Controls(kernel, set_latency=self._set_latency)
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        try:
            super().__init__((LOOPBACK, port), _Conversation)
        except OSError as why:
            raise OSError(
                why.errno, f"cannot listen on {LOOPBACK}:{port}: {why.strerror}. Give another port, or 0 for a free one"
            ) from why

    @property
    def url(self) -> str:
        """Where the kernel answers, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def start(self) -> None:
        """Begins to serve, in a thread of its own."""
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name=f"sandbox {self.url}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stops listening and cuts every open connection."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to one request: the control plane's, or the kernel's after its delay."""
        if request.path.startswith(CONTROL_PREFIX):
            with self.lock:
                return self.controls.answer(request)
        with self.lock:
            response = self.kernel.handle(request)
        pause = response.delay + self.latency
        if pause > 0:
            time.sleep(pause)
        return response

    def get_request(self) -> tuple[socket.socket, Any]:
        """Takes a connection; small answers leave at once."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Lets go of a connection."""
        if isinstance(request, socket.socket):
            with self._open_lock:
                self._open.discard(request)
        super().shutdown_request(request)

    def _set_latency(self, seconds: float) -> None:
        self.latency = seconds


class _Conversation(socketserver.BaseRequestHandler):
    """One connection: request after request until either end has enough."""

    server: KernelServer
    request: socket.socket

    def handle(self) -> None:
        """Serves the connection; a peer that goes away ends it without a word."""
        with contextlib.suppress(ConnectionError, TimeoutError), self.request.makefile("rb") as stream:
            try:
                while self._one(stream):
                    pass
            except _Malformed as why:
                text = str(why).encode()
                self._send(HttpResponse(why.status, text, {"Content-Type": "text/plain"}), closing=True)
            except ConnectionDropped:
                return

    def _one(self, stream: BinaryIO) -> bool:
        line = _line(stream)
        while line == b"\r\n":
            line = _line(stream)
        if not line:
            return False
        method, target, version = _parse_start(line)
        headers = _read_headers(stream)
        if headers.get("expect", "").lower() == "100-continue":
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _read_body(stream, headers)
        wish = headers.get("connection", "").lower()
        closing = wish == "close" or (version == "HTTP/1.0" and wish != "keep-alive")
        if method not in METHODS:
            raise _Malformed(501, f"the method {method} is not known here")
        request = HttpRequest.from_target(method, target, headers, body)
        if method == "HEAD":
            request = replace(request, method="GET")
        self._send(self.server.respond(request), closing=closing, bodiless=method == "HEAD")
        return not closing

    def _send(self, response: HttpResponse, *, closing: bool, bodiless: bool = False) -> None:
        status = response.status
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if status not in _BODILESS and "Content-Length" not in response.headers:
            lines.append(f"Content-Length: {len(response.body)}")
        if closing:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        self.request.sendall(head if bodiless or status in _BODILESS else head + response.body)


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(MAX_LINE + 1)
    if len(line) > MAX_LINE:
        raise _Malformed(414, f"a line of the request is longer than {MAX_LINE} bytes")
    return line


def _parse_start(line: bytes) -> tuple[str, str, str]:
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise _Malformed(400, "the first line of a request is METHOD TARGET HTTP/1.1")
    method, target, version = parts
    if target.startswith("http://"):
        target = "/" + target.removeprefix("http://").partition("/")[2]
    return method, target, version


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = _line(stream)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise _Malformed(400, "a header is a name, a colon and a value")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise _Malformed(431, f"a request has at most {MAX_HEADERS} headers")


def _read_body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(stream)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise _Malformed(400, "Content-Length is a number of bytes")
    return _exactly(stream, int(length)) if length != "0" else b""


def _read_chunks(stream: BinaryIO) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        text = _line(stream).partition(b";")[0].strip()
        try:
            length = int(text, 16)
        except ValueError:
            raise _Malformed(400, "a chunk begins with its size in hexadecimal digits") from None
        if length == 0:
            break
        size += length
        if size > MAX_BODY:
            raise _Malformed(413, f"a body has at most {MAX_BODY} bytes")
        chunks.append(_exactly(stream, length))
        _line(stream)
    while _line(stream) not in (b"\r\n", b"\n", b""):
        continue
    return b"".join(chunks)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    if not 0 <= length <= MAX_BODY:
        raise _Malformed(413, f"a body has at most {MAX_BODY} bytes")
    body = stream.read(length)
    if len(body) < length:
        raise ConnectionResetError("the peer went away in the middle of a body")
    return body


class RunningSandbox:
    """Both stand-ins on loopback. Use it as a context manager, or call ``stop`` at the end."""

    def __init__(self, hubspot: KernelServer, salesforce: KernelServer) -> None:
        self.hubspot_server = hubspot
        self.salesforce_server = salesforce

    @classmethod
    def start(
        cls,
        hubspot_port: int = 0,
        salesforce_port: int = 0,
        *,
        clock: Clock | None = None,
        seed: int = 1,
        latency: float = 0.0,
        hubspot_limits: HubSpotLimits | None = None,
        hubspot_switches: HubSpotSwitches | None = None,
        salesforce_daily: int = 15_000,
        salesforce_switches: SalesforceSwitches | None = None,
        bare: bool = False,
    ) -> RunningSandbox:
        """Starts both; port 0 takes a free one. ``latency`` is seconds added to every answer of both.

        Without a ``clock`` the stand-ins live in real time. ``bare`` starts them as before anybody set us up: no field
        of ours, and daemon credentials with too few rights beside an admin's (see both kernels). Raises ``OSError``
        if a port is taken.
        """
        clock = clock or RealClock()
        hubspot = HubSpotKernel(clock=clock, seed=seed, limits=hubspot_limits, switches=hubspot_switches, bare=bare)
        salesforce = SalesforceKernel(
            clock=clock, seed=seed + 1, daily_calls=salesforce_daily, switches=salesforce_switches, bare=bare
        )
        first = KernelServer(hubspot, port=hubspot_port, latency=latency)
        try:
            second = KernelServer(salesforce, port=salesforce_port, latency=latency)
        except OSError:
            first.server_close()
            raise
        salesforce.org.instance_url = second.url
        first.start()
        second.start()
        return cls(first, second)

    @property
    def hubspot(self) -> HubSpotKernel:
        """The HubSpot kernel; hold ``hubspot_server.lock`` while touching it."""
        assert isinstance(self.hubspot_server.kernel, HubSpotKernel)
        return self.hubspot_server.kernel

    @property
    def salesforce(self) -> SalesforceKernel:
        """The Salesforce kernel; hold ``salesforce_server.lock`` while touching it."""
        assert isinstance(self.salesforce_server.kernel, SalesforceKernel)
        return self.salesforce_server.kernel

    @property
    def hubspot_url(self) -> str:
        """Base URL of HubSpot."""
        return self.hubspot_server.url

    @property
    def salesforce_url(self) -> str:
        """Base URL of Salesforce: login and instance are the same host."""
        return self.salesforce_server.url

    def stop(self) -> None:
        """Stops both and cuts their connections."""
        self.hubspot_server.stop()
        self.salesforce_server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
