"""Puts kernels on loopback: a small HTTP/1.1 server that keeps connections open, one thread to a connection.

It decides nothing about vendors. It reads a request as raw bytes (with a length or chunked), asks the kernel under that
kernel's lock, waits the kernel's delay and its own latency outside of the lock, and sends the answer in one piece, or
as badly as a fault wants it (``sandbox.faults.wires``). A connection that the kernel cuts is closed without an answer;
a request that was given up is carried out when it is due, whether anybody calls or not. Paths under ``/_sandbox/`` go
to ``sandbox.control`` and are not seen by the kernel. With an authority it speaks TLS; the control plane alone is then
reached by plain HTTP too. It refuses to listen anywhere but on 127.0.0.1, plain HTTP where it speaks TLS (400), and
methods that no vendor knows (501). The real clock lives here and nowhere else in the stand-ins.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from sandbox.certificates import SOUND, Authority
from sandbox.clocks import SettableClock
from sandbox.connecting import NoConnection, awaits_connection, connect
from sandbox.control import CONTROL_PREFIX, Controls
from sandbox.faults.connections import REFUSED
from sandbox.faults.network import TLS_ALERT
from sandbox.faults.wires import hang_up, send
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.webhooks_pump import Pump
from sandbox.incoming import Malformed, parse_start, read_body, read_headers, read_line
from sandbox.kernel import Clock, ConnectionDropped, HttpRequest, HttpResponse, Kernel
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.switches import SalesforceSwitches

LOOPBACK = "127.0.0.1"
TLS_BEGINS = b"\x16"
"""The first byte of a TLS handshake; no method of HTTP begins with it."""
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class RealClock:
    """The clock on the wall, in UTC."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class KernelServer(socketserver.ThreadingTCPServer):
    """One kernel on one port. ``lock`` must be held by whoever touches the kernel from outside while it serves.

    ``latency`` is the seconds added to every answer; it may be changed at any time. With an ``authority`` it
    speaks TLS.
    """

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, kernel: Kernel, *, port: int = 0, latency: float = 0.0, authority: Authority | None = None
    ) -> None:
        self.kernel = kernel
        self.authority = authority
        self.lock = threading.Lock()
        self.latency = latency
        self.controls = Controls(kernel, set_latency=self._set_latency)
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.pump = Pump(kernel.webhooks, lock=self.lock) if isinstance(kernel, HubSpotKernel) else None
        try:
            super().__init__((LOOPBACK, port), _Conversation)
        except OSError as why:
            raise OSError(
                why.errno, f"cannot listen on {LOOPBACK}:{port}: {why.strerror}. Give another port, or 0 for a free one"
            ) from why

    @property
    def url(self) -> str:
        """Where the kernel answers, without a slash at the end."""
        return f"{'http' if self.authority is None else 'https'}://{LOOPBACK}:{self.server_address[1]}"

    def start(self) -> None:
        """Begins to serve, in a thread of its own."""
        if self.pump is not None:
            self.pump.start()
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name=f"sandbox {self.url}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stops listening and cuts every open connection."""
        if self.pump is not None:
            self.pump.stop()
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

    def carry_out_late(self) -> None:
        """Between two looks for connections: carries out what was given up and is due by now."""
        if self.kernel.owes:
            with self.lock:
                self.kernel.carry_out_late()

    service_actions = carry_out_late  # what socketserver calls in every round

    def get_request(self) -> tuple[socket.socket, Any]:
        """Takes a connection; small answers leave at once."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        """Serves one connection, over TLS where there is an authority and the caller begins like that."""
        assert isinstance(request, socket.socket)
        with contextlib.suppress(OSError):  # a caller that does not trust us goes away within the handshake
            connection = self._secured(request)
            if connection is None:
                return
            try:
                super().finish_request(connection, client_address)
            finally:
                if connection is not request:
                    self.shutdown_request(connection)

    def meet(self) -> None:
        """A caller begins to speak. Raises ``NoConnection`` if a fault hits the connection."""
        with self.lock:
            connect(self.kernel)

    def _secured(self, connection: socket.socket) -> socket.socket | None:
        """The connection to talk on, ``None`` if the handshake is refused. Raises ``OSError`` if it fails."""
        if self.authority is None or connection.recv(1, socket.MSG_PEEK) != TLS_BEGINS:
            return connection
        shown = SOUND
        try:
            self.meet()
        except NoConnection as fault:
            shown = fault.name
        context = self.authority.context(shown)
        if context is None:
            connection.recv(1 << 16)  # what is left unread would turn the end of the connection into a reset
            if shown == REFUSED:
                connection.sendall(TLS_ALERT)
            return None
        secured = context.wrap_socket(connection, server_side=True)
        with self._open_lock:
            self._open.add(secured)
        return secured

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

    def setup(self) -> None:
        """Nothing was asked yet."""
        self._met = isinstance(self.request, ssl.SSLSocket)

    def handle(self) -> None:
        """Serves the connection; a peer that goes away ends it without a word."""
        with contextlib.suppress(ConnectionError, TimeoutError), self.request.makefile("rb") as stream:
            try:
                while self._one(stream):
                    pass
            except Malformed as why:
                text = str(why).encode()
                send(
                    self.request,
                    HttpResponse(why.status, text, {"Content-Type": "text/plain"}),
                    closing=True,
                    wait=_wait,
                )
            except ConnectionDropped as cut:
                hang_up(self.request, cut, wait=_wait)

    def _one(self, stream: BinaryIO) -> bool:
        line = read_line(stream)
        while line == b"\r\n":
            line = read_line(stream)
        if not line:
            return False
        method, target, version = parse_start(line)
        headers = read_headers(stream)
        if headers.get("expect", "").lower() == "100-continue":
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = read_body(stream, headers)
        wish = headers.get("connection", "").lower()
        closing = wish == "close" or (version == "HTTP/1.0" and wish != "keep-alive")
        if method not in METHODS:
            raise Malformed(501, f"the method {method} is not known here")
        request = HttpRequest.from_target(method, target, headers, body)
        if method == "HEAD":
            request = replace(request, method="GET")
        if not request.path.startswith(CONTROL_PREFIX):
            self._begin()
            closing = closing or awaits_connection(self.server.kernel)
        answer = self.server.respond(request)
        return send(self.request, answer, closing=closing, bodiless=method == "HEAD", wait=_wait)

    def _begin(self) -> None:
        """Before the first call over plain HTTP; a handshake was met by the server."""
        if self._met:
            return
        if self.server.authority is not None:
            raise Malformed(400, "this port speaks HTTPS; begin the address with https")
        self.server.meet()
        self._met = True


def _wait(seconds: float) -> None:
    time.sleep(seconds)


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
        contracts: Path | None = None,
        authority: Authority | None = None,
    ) -> RunningSandbox:
        """Starts both; port 0 takes a free one. ``latency`` is seconds added to every answer of both.

        Without a ``clock`` the stand-ins live in real time; each has a clock of its own, which a fault may set wrong.
        ``bare`` starts them as before anybody set us up: no field of ours, and daemon credentials with too few rights
        beside an admin's (see both kernels). With an ``authority`` both speak TLS. Raises ``OSError`` if a port
        is taken.
        """
        clock = clock or RealClock()
        hubspot = HubSpotKernel(
            clock=SettableClock(clock), seed=seed, limits=hubspot_limits, switches=hubspot_switches, bare=bare
        )
        salesforce = SalesforceKernel(
            clock=SettableClock(clock), seed=seed + 1, daily_calls=salesforce_daily, switches=salesforce_switches,
            bare=bare,
        )  # fmt: skip
        if contracts is not None:
            from sandbox.contracts import hold  # noqa: PLC0415 - needs jsonschema, which only developers install

            hold(hubspot, contracts)
        return cls.serving(hubspot, salesforce, hubspot_port, salesforce_port, latency=latency, authority=authority)

    @classmethod
    def serving(
        cls, hubspot: HubSpotKernel, salesforce: SalesforceKernel, hubspot_port: int = 0, salesforce_port: int = 0, *,
        latency: float = 0.0, authority: Authority | None = None,
    ) -> RunningSandbox:  # fmt: skip
        """Serves two kernels that are there already. Raises ``OSError`` if a port is taken."""
        first = KernelServer(hubspot, port=hubspot_port, latency=latency, authority=authority)
        try:
            second = KernelServer(salesforce, port=salesforce_port, latency=latency, authority=authority)
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
