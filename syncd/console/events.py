"""What is under way, told while it happens: server-sent events, one stream for each page or program that watches.

A stream tells how far the work is when that has changed, and a comment now and then, so that no proxy takes the line
for dead. It ends when whoever listens leaves, may not look any more, or has listened for a quarter of an hour (then a
browser comes again by itself), and when the daemon ends. There are a few at once: each looks at the store every second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from syncd.console.api import PREFIX, desk_of
from syncd.console.guard import GuardedRoute, admit, needs
from syncd.console.problems import Problem
from syncd.model.errors import SyncdError
from syncd.model.operator import Role
from syncd.operations.progress import Watch

EVERY: Final = 1.0
"""Seconds between two looks."""
SILENT: Final = 15
"""Looks without a change until a comment is sent."""
LONGEST: Final = 900
"""Looks of one stream."""
STREAMS: Final = 8
"""At once, at most; fewer than calls may be, so that others are answered beside them."""

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@dataclass(slots=True)
class Streams:
    """Those that are open. Touched by the server's one thread alone, but for ``closing``."""

    open: int = 0
    closing: bool = False

    @contextmanager
    def one(self) -> Iterator[None]:
        """One of them, for as long as it is read."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"description": "Events `progress` and `end`.", "content": {"text/event-stream": {}}}},
)
@needs(Role.VIEWER)
async def events(
    request: Request,
    connection: Annotated[
        str | None, Query(max_length=100, description="Of this connection; without it of all.")
    ] = None,
) -> StreamingResponse:
    """How far runs, resyncs and rollbacks are, while they go on.

    `progress` holds `connection`, `run` (null: none is under way), `latest` (id of the latest run) and `resyncs`; it is
    sent at once and whenever it changed. `end` says that this login does not open it any more.
    """
    desk, streams = desk_of(request), request.app.state.streams
    names = list(desk.connections()) if connection is None else [connection]
    for name in names:
        desk.about(name)
    if streams.open >= STREAMS or streams.closing:
        raise Problem(503, "too-many-streams", "too many watch already; come again", {"Retry-After": "10"})
    told = _told(request, [Watch(name) for name in names], streams)
    return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _told(request: Request, watches: list[Watch], streams: Streams) -> AsyncIterator[bytes]:
    last: dict[str, bytes] = {}
    silent = 0
    with streams.one():
        for _ in range(LONGEST):
            if streams.closing or await request.is_disconnected():
                return
            news = await run_in_threadpool(_looked, request, watches)
            if news is None:
                yield b"event: end\ndata: {}\n\n"
                return
            silent += 1
            for name, text in news.items():
                if last.get(name) != text:
                    last[name], silent = text, 0
                    yield b"event: progress\ndata: " + text + b"\n\n"
            if silent >= SILENT:
                silent = 0
                yield b": nothing new\n\n"
            await asyncio.sleep(EVERY)


def _looked(request: Request, watches: list[Watch]) -> dict[str, bytes] | None:
    """How far each connection is; ``None`` if whoever listens may not look any more."""
    try:
        admit(request, Role.VIEWER, None)
    except Problem:
        return None
    desk = desk_of(request)
    found: dict[str, bytes] = {}
    for watch in watches:
        told: dict[str, Any]
        try:
            told = watch.look(desk.store(watch.connection))
        except SyncdError as why:
            told = {"connection": watch.connection, "trouble": str(why)}
        found[watch.connection] = orjson.dumps(told)
    return found
