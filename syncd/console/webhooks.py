"""A listener for the vendor's webhooks, apart from the console and its probes: ``syncd run --webhooks``.

It reads a call as it comes, no more of it than may be, and asks ``operations.hinting`` what to answer; the answer has
no body. A path that no connection has, another method, and whatever the intake does not want to read is answered
without reading. TLS ends at a proxy before it.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncd.observe.log import emit
from syncd.operations.hinting import LARGEST, Answered, Hook, Intake

PATIENCE: Final = 5.0
"""Seconds for a body; the vendor gives up as soon."""
FLUSH: Final = 0.5
"""Seconds between two hand-overs to the store."""


class CutOff(Exception):
    """The caller went away, or sent more than may be."""


def application(intake: Intake) -> ASGIApp:
    """What answers."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status = await _judged(intake, scope, receive)
        headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
        if status is not Answered.TAKEN:
            headers.append((b"connection", b"close"))  # what was not read must not be taken for the next call
        start: Message = {"type": "http.response.start", "status": int(status), "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    return answer


async def _judged(intake: Intake, scope: Scope, receive: Receive) -> Answered:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    length = headers.get("content-length", "")
    stated = int(length) if length.isascii() and length.isdigit() else None
    begun = intake.begin(_target(scope), scope["method"], headers, stated)
    if not isinstance(begun, Hook):
        return begun
    try:
        body = await asyncio.wait_for(_body(receive), PATIENCE)
    except CutOff:
        return Answered.TOO_LARGE
    except TimeoutError:
        return Answered.SLOW
    return await asyncio.to_thread(intake.end, begun, scope["method"], headers, body)


def _target(scope: Scope) -> str:
    """Path and query as they were sent, escapes and all."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


async def _body(receive: Receive) -> bytes:
    """The body. :raises CutOff: if it is longer than it may be, or does not end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise CutOff
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST:
            raise CutOff
        if not message.get("more_body", False):
            return b"".join(parts)


class Flushing:
    """The thread that hands over what was taken."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def close(self) -> None:
        """Hands over what is left."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stop.wait(FLUSH):
            self._hand_over()
        self._hand_over()

    def _hand_over(self) -> None:
        try:
            self._intake.flush()
        except Exception as why:  # noqa: BLE001 - the listener must go on, whatever one call brought
            emit("webhooks.dropped", reason=f"{type(why).__name__}, which nobody foresaw; report it", records=0)
