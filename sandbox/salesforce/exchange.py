"""One call and one answer inside the stand-in, the same whether it came over HTTP or inside a Composite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from sandbox.salesforce.errors import plain
from sandbox.salesforce.org import Author


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call below ``/services/data/vNN.N``; header names are lower case, ``segments`` is the rest of the path."""

    method: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    version: str
    user_id: str
    nested: bool = False

    @property
    def root(self) -> str:
        """``/services/data/vNN.N``."""
        return f"/services/data/v{self.version}"

    def first(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def json(self) -> object:
        """The body as JSON, or the vendor's refusal."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise plain("JSON_PARSER_ERROR", f"The HTTP entity body is not valid JSON: {error}") from error

    def json_object(self) -> dict[str, object]:
        """The body as a JSON object."""
        found = self.json()
        if not isinstance(found, dict):
            raise plain("JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object")
        return found

    def author(self) -> Author:
        """Who saves, by the Sforce headers of this call."""
        rule = {
            part.partition("=")[0].strip().lower(): part.partition("=")[2].strip().lower() == "true"
            for part in self.headers.get("sforce-duplicate-rule-header", "").split(";")
        }
        return Author(
            user_id=self.user_id,
            auto_assign=self.headers.get("sforce-auto-assign", "true").strip().lower() != "false",
            allow_duplicates=rule.get("allowsave", False),
            duplicate_details=rule.get("includerecorddetails", False),
        )


@dataclass(slots=True)
class Reply:
    """The answer: ``payload`` is JSON to be, or bytes that already are; ``None`` has no body.

    A body that is not JSON says so in its header Content-Type.
    """

    status: int
    payload: object = None
    operation: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    records: int = 0
    cost: int = 1
    created: Sequence[str] = ()
    written: Sequence[str] = ()
