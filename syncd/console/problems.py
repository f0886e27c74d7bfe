"""How trouble is told over HTTP: problem+json (RFC 9457) to programs, a page to people; generic where it is ours.

What syncd raises on purpose was written to be read by an operator and is told to one who is let in. What nobody foresaw
is logged under a correlation id, and only the id is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from syncd.model.errors import BadUsage, Misunderstood, NotAdmitted, RetryLater, SyncdError

API: Final = "/api/"
PROBLEM: Final = "application/problem+json"
KEYS: Final = {"all": "everything"}
"""Options of the command line whose key over HTTP has another name."""
_OPTION: Final = re.compile(r"`[^`]*`|(?<![\w-])--([a-z][a-z-]*)")
"""An option, and what quotes a whole command line, which stays as it is to be typed."""


@dataclass(slots=True)
class Problem(Exception):
    """An answer that is no success. ``code`` is stable and for programs, ``detail`` for people."""

    status: int
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, correlation: str) -> dict[str, object]:
        """As RFC 9457 has it."""
        return {
            "type": f"urn:syncd:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "correlation": correlation,
        }


def problem_of(trouble: SyncdError) -> Problem:
    """What an error of ours is over HTTP."""
    match trouble:
        case NotAdmitted(after=after) if after is not None:
            wait = {"Retry-After": str(max(1, round(after.total_seconds())))}
            return Problem(429, "throttled", str(trouble), wait)
        case NotAdmitted():
            return Problem(403, "not-admitted", str(trouble))
        case Misunderstood():
            return Problem(422, "not-understood", in_http_words(str(trouble)))
        case BadUsage():
            return Problem(409, "cannot-be-done", in_http_words(str(trouble)))
        case RetryLater():
            return Problem(503, "retry-later", str(trouble), {"Retry-After": "10"})
        case _:
            return Problem(503, "needs-operator", str(trouble))


def in_http_words(text: str) -> str:
    """A sentence that names options of the command line, for whoever sends keys: ``--since`` is `since` there."""
    return _OPTION.sub(lambda found: f"`{KEYS.get(found[1], found[1])}`" if found[1] else found[0], text)


def not_found(what: str = "there is nothing here") -> Problem:
    """404."""
    return Problem(404, "not-found", what)


def as_json(problem: Problem, correlation: str) -> Response:
    """For programs."""
    return JSONResponse(
        problem.document(correlation), problem.status, headers=dict(problem.headers), media_type=PROBLEM
    )


def correlation_of(request: Request) -> str:
    """The id of a call, which the shield gave it."""
    return str(request.scope.get("correlation", ""))
