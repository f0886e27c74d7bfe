"""The few files that pages need: one style, one script of our own, htmx. Read once; no other file is ever served."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

from fastapi import APIRouter, Request, Response

from syncd.console.guard import GuardedRoute, Open, needs
from syncd.console.looks import FOLDER
from syncd.console.problems import not_found

_SORTS: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """By name: content, media type, tag."""
    found = {}
    for path in (FOLDER / "static").iterdir():
        sort = _SORTS.get(path.suffix.removeprefix("."))
        if sort is not None:
            content = path.read_bytes()
            found[path.name] = content, sort, f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return found


@router.get("/static/{name}")
@needs(Open.ANYBODY)
def static(request: Request, name: str) -> Response:
    """One of the files; a browser that has it keeps it."""
    known = _files().get(name)
    if known is None:
        raise not_found()
    content, sort, tag = known
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=sort, headers=headers)
