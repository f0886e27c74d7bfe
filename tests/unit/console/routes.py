"""Every route that an application has, however it was put together."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """Those of it and of whatever is mounted below."""
    waiting = list(app.routes)
    while waiting:
        each = waiting.pop()
        if isinstance(each, APIRoute):
            yield each
        waiting += getattr(each, "routes", None) or getattr(getattr(each, "original_router", None), "routes", [])
