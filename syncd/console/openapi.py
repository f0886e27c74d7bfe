"""The OpenAPI document of the API: what FastAPI makes of the routes, with the answers that every route shares."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from syncd.console.problems import PROBLEM

_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "correlation"],
    "properties": {
        "type": {"type": "string", "description": "urn:syncd:problem:CODE, stable"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "for people"},
        "correlation": {"type": "string", "description": "the id under which the log tells more"},
    },
}
_REFUSED: Final = {
    "description": "What cannot be done, and why (RFC 9457).",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same call is one command; its answer is kept for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
}
_WITHOUT_KEY: Final = frozenset({("/api/v1/tokens", "post"), ("/api/v1/operators", "post")})


def document_of(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="syncd",
        version="1",
        openapi_version="3.1.0",
        description="What the console and the command line of syncd do, but for what stays on the host. Log in with "
        "`Authorization: Bearer syncd_...`.",
        routes=app.routes,
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            operation["responses"].pop("422", None)
            operation["responses"]["4XX"] = _REFUSED
            operation["responses"]["503"] = _REFUSED
            if method != "get" and (path, method) not in _WITHOUT_KEY:
                operation.setdefault("parameters", []).append(_KEY)
    return made
