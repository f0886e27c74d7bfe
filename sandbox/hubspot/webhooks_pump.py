"""Sends what the outbox has due over HTTP, on loopback only: one thread that waits, and one for each request.

It decides nothing: the outbox says what is sent and what becomes of the answer. It sleeps until an event is put; only
while something waits to be tried again does it look at the clock now and then, since the clock may be a simulated one.
It speaks plain HTTP; to a receiver that is reached elsewhere than it is called, it is the proxy that ended TLS.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from sandbox.hubspot.webhooks import Webhooks
from sandbox.hubspot.webhooks_apps import LOOPBACK
from sandbox.hubspot.webhooks_queue import PATIENCE, Delivery

#: Seconds between looks at the clock while something waits.
LOOK = 0.1


class Pump:
    """Delivers one account's webhooks. ``lock`` is the one that is held by whoever touches the kernel."""

    def __init__(self, webhooks: Webhooks, *, lock: threading.Lock) -> None:
        self._webhooks = webhooks
        self._lock = lock
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._sending: set[threading.Thread] = set()
        self._connections: set[HTTPConnection] = set()
        self._own = threading.Lock()

    def start(self) -> None:
        """Begins to deliver; what has been put before is delivered too."""
        self._stopping.clear()
        self._wake.set()
        with self._lock:
            self._webhooks.outbox.wakers.append(self._wake.set)
        self._thread = threading.Thread(target=self._run, name="sandbox webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops; requests under way are cut and count as failed."""
        if self._thread is None:
            return
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._thread = None
        with self._lock:
            self._webhooks.outbox.wakers.remove(self._wake.set)
        while sending := self._cut():
            sending[0].join(LOOK)

    def _cut(self) -> list[threading.Thread]:
        """Cuts every connection; the threads that have not yet noticed."""
        with self._own:
            for connection in self._connections:
                if connection.sock is not None:
                    with contextlib.suppress(OSError):
                        connection.sock.shutdown(socket.SHUT_RDWR)
            return list(self._sending)

    def _run(self) -> None:
        while True:
            with self._lock:
                waiting = self._webhooks.outbox.waiting
            self._wake.wait(LOOK if waiting else None)
            self._wake.clear()
            if self._stopping.is_set():
                return
            with self._lock:
                deliveries = self._webhooks.outbox.due(self._webhooks.now())
            for delivery in deliveries:
                thread = threading.Thread(target=self._deliver, args=(delivery,), name="sandbox webhook", daemon=True)
                with self._own:
                    self._sending.add(thread)
                thread.start()

    def _deliver(self, delivery: Delivery) -> None:
        try:
            status = self._send(delivery)
            with self._lock:
                self._webhooks.outbox.answered(delivery, status, now=self._webhooks.now())
        finally:
            with self._own:
                self._sending.discard(threading.current_thread())

    def _send(self, delivery: Delivery) -> int | None:
        """The status, or ``None`` where nobody answers in time; nothing is ever sent beyond loopback."""
        called = urlsplit(delivery.url)
        reached = urlsplit(delivery.reached_at or delivery.url)
        if reached.scheme != "http" or reached.hostname not in LOOPBACK:
            return None
        headers = {"Host": called.netloc, "User-Agent": "HubSpot stand-in", **delivery.headers}
        if delivery.reached_at is not None:
            headers |= {"X-Forwarded-Proto": called.scheme, "X-Forwarded-Host": called.netloc}
        connection = HTTPConnection(reached.hostname, reached.port, timeout=PATIENCE / 1_000)
        try:
            with self._own:
                self._connections.add(connection)
            target = f"{called.path or '/'}?{called.query}" if called.query else called.path or "/"
            connection.request("POST", target, body=delivery.body, headers=headers)
            with connection.getresponse() as answer:
                return answer.status
        except (OSError, HTTPException):
            return None
        finally:
            with self._own:
                self._connections.discard(connection)
            connection.close()
