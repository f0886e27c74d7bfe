"""One request on its way through the stand-in: its parsed parts, and how an answer is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.hubspot.account import HubSpotAccount
from sandbox.hubspot.errors import invalid_request
from sandbox.hubspot.history import Source
from sandbox.hubspot.limits import Meters
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.stamps import iso
from sandbox.kernel import Answered, HttpRequest, HttpResponse


@dataclass(slots=True, kw_only=True)
class Exchange:
    """``version`` is the API version in the path (``v3``, ``v4``, ``2026-09``); ``source`` is the calling app,
    ``tokens`` are the valid ones with their scopes, ``meters`` what was counted of the account's calls.
    """

    request: HttpRequest
    version: str
    operation: str
    portal: Portal
    account: HubSpotAccount
    source: Source
    meters: Meters
    tokens: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def strict(self) -> bool:
        """Paths from 2026-09 on enforce the account's own validation rules (vendor's changelog)."""
        return self.version[0].isdigit() and self.version >= "2026-09"

    def json(self) -> Any:
        """The parsed body of the request; an empty one is an empty object. Raises a 400 refusal."""
        try:
            return orjson.loads(self.request.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise invalid_request(f"Invalid input JSON on line {error.lineno}, column {error.colno}") from error

    def body(self) -> dict[str, Any]:
        """The body where it must be a JSON object. Raises a 400 refusal."""
        parsed = self.json()
        if not isinstance(parsed, dict):
            raise invalid_request("Invalid input JSON: an object is expected")
        return parsed

    def inputs(self, *, limit: int) -> list[dict[str, Any]]:
        """The ``inputs`` of a batch, each an object. Raises a 400 refusal beyond ``limit``."""
        inputs = objects(self.body().get("inputs"), what="inputs")
        check_size(inputs, limit=limit)
        return inputs

    def flag(self, name: str) -> bool:
        """A boolean query parameter, false by default."""
        return (self.request.first(name) or "").lower() == "true"  # the Python client sends True

    def number(self, name: str, *, default: int, limit: int) -> int:
        """A positive query parameter. Raises a 400 refusal beyond ``limit``."""
        text = self.request.first(name)
        if text is None:
            return default
        if not text.isdigit() or not 1 <= int(text) <= limit:
            raise invalid_request(f"{name} must be a number from 1 to {limit}, not {text}")
        return int(text)

    def answer(
        self,
        status: int,
        body: Mapping[str, Any] | None = None,
        *,
        records: int = 0,
        created: Sequence[str] = (),
        written: Sequence[str] = (),
    ) -> Answered:
        """An answer with a JSON body, or without one."""
        return Answered(
            response=HttpResponse(status=status, body=b"" if body is None else orjson.dumps(body)),
            operation=self.operation,
            records=records,
            created=created,
            written=written,
        )

    def batch(
        self,
        status: int,
        results: Sequence[Mapping[str, Any]],
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        created: Sequence[str] = (),
        written: Sequence[str] = (),
    ) -> Answered:
        """The envelope of a batch answer; with ``errors`` it is a 207."""
        now = iso(self.portal.now())
        body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if errors:
            body |= {"numErrors": len(errors), "errors": errors}
        return self.answer(207 if errors else status, body, records=len(results), created=created, written=written)


def check_size(inputs: Sequence[object], *, limit: int) -> None:
    """Raises a 400 refusal if a batch is empty or too long."""
    if not inputs:
        raise invalid_request("inputs must not be empty")
    if len(inputs) > limit:
        raise invalid_request(f"inputs holds {len(inputs)} entries, the limit is {limit}")


def texts(raw: Any, *, what: str) -> list[str]:
    """A list of text from JSON; ``null`` is the empty list. Raises a 400 refusal."""
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(entry, str) for entry in raw):
        raise invalid_request(f"{what} must be a list of text")
    return raw


def objects(raw: Any, *, what: str) -> list[dict[str, Any]]:
    """A list of objects from JSON; ``null`` is the empty list. Raises a 400 refusal."""
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise invalid_request(f"Invalid input JSON: {what} must be a list of objects")
    return raw


def properties_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The ``properties`` of a create or update input. Raises a 400 refusal."""
    properties = entry.get("properties")
    if not isinstance(properties, dict):
        raise invalid_request("Invalid input JSON: properties must be an object")
    return properties
