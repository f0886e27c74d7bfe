"""What HubSpot says when it refuses: one exception, and the bodies it turns into.

A ``Refusal`` is either the whole answer (``body``) or one row of a multi-status answer (``row``). Bodies follow the
vendor's error page and recorded traffic; ``errors[].context`` maps names to lists of text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Problem:
    """One property value that is not valid."""

    name: str
    code: str
    message: str


class Refusal(Exception):
    """A request, or one row of a batch, that HubSpot turns down."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        category: str | None = "VALIDATION_ERROR",
        errors: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, Sequence[str]] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.category = category
        self.errors = tuple(errors)
        self.context = dict(context or {})
        self.extra = dict(extra or {})

    def body(self, *, correlation: str) -> dict[str, Any]:
        """The answer when the whole call is refused."""
        body: dict[str, Any] = {"status": "error", "message": self.message, "correlationId": correlation}
        if self.context:
            body["context"] = self.context
        if self.errors:
            body["errors"] = list(self.errors)
        body.update(self.extra)
        if self.category is not None:
            body["category"] = self.category
        return body

    def row(self, *, trace: str | None) -> dict[str, Any]:
        """One element of ``errors`` in a multi-status answer; ``trace`` is the row's ``objectWriteTraceId``."""
        context = dict(self.context)
        if trace is not None:
            context["objectWriteTraceId"] = [trace]
        return {
            "status": "error",
            "category": self.category or "OBJECT_NOT_FOUND",
            "message": self.message,
            "context": context,
            "links": {},
            "errors": list(self.errors),
            **self.extra,
        }


def invalid_request(message: str) -> Refusal:
    """400 for a request whose form is wrong: shape, size, unknown operator."""
    return Refusal(400, message)


def invalid_values(problems: Sequence[Problem]) -> Refusal:
    """400 for property values; the detail stands in ``errors`` and once more as JSON text in the message."""
    detail = [{"isValid": False, "message": p.message, "error": p.code, "name": p.name} for p in problems]
    return Refusal(
        400,
        f"Property values were not valid: {orjson.dumps(detail).decode()}",
        errors=[{"message": p.message, "code": p.code, "context": {"propertyName": [p.name]}} for p in problems],
    )


def already_exists(label: str, *, existing: int) -> Refusal:
    """409 with the id in the text, the only place where clients can find it."""
    return Refusal(409, f"{label} already exists. Existing ID: {existing}", category="CONFLICT")


def not_found(*, bare: bool) -> Refusal:
    """404 of one record; ``bare`` leaves the category out, as seen on single reads."""
    if bare:
        return Refusal(404, "resource not found", category=None)
    return Refusal(404, "Object not found.  Check that the object exists.", category="OBJECT_NOT_FOUND")


def no_such_path(method: str, path: str) -> Refusal:
    """404 of a path that HubSpot does not serve."""
    return Refusal(404, f"Unable to find a route for {method} {path}", category="OBJECT_NOT_FOUND")


def bad_token() -> Refusal:
    """401 of a token that is missing, unknown or revoked."""
    return Refusal(
        401,
        "Authentication credentials not found. Send a valid access token in the Authorization header.",
        category="INVALID_AUTHENTICATION",
    )


def expired_token(seconds: int, *, category: str) -> Refusal:
    """401 of an OAuth token whose half hour ended so many seconds ago."""
    message = f"The OAuth token used to make this call expired {seconds} second(s) ago."
    return Refusal(401, message, category=category)


def locked() -> Refusal:
    """423 of records that heavy writing has locked; the vendor asks for a pause of two seconds."""
    return Refusal(423, "The records are locked by another write. Try again in a few seconds.", category="LOCKED")


def migrating() -> Refusal:
    """477 of an account on its way to another data centre; the answer's ``Retry-After`` says for how many seconds."""
    message = "This account is being moved to another data centre. Try again later."
    return Refusal(477, message, category="MIGRATION_IN_PROGRESS")


def uri_too_long(limit: int) -> Refusal:
    """414 of a path and query beyond the limit."""
    return Refusal(414, f"The request URI is longer than {limit} characters", category=None)


def missing_scopes(scopes: Sequence[str]) -> Refusal:
    """403 that names the scopes of which one is needed."""
    return Refusal(
        403,
        "This app hasn't been granted all required scopes to make this call.",
        category="MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        extra={"links": {"scopes": "https://developers.hubspot.com/scopes"}},
    )
