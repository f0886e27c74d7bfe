"""How the vendor says no: one exception for every refusal, and the two body shapes it is written in.

A whole request that fails answers a list of ``{"message", "errorCode", "fields"?}``; a row inside a collection answers
``{"statusCode", "message", "fields"}``. Shapes as recorded from the vendor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Refusal(Exception):
    """The vendor refuses; ``whole`` means that one such row fails the whole collection, whatever ``allOrNone`` says."""

    code: str
    message: str
    fields: Sequence[str] = ()
    status: int = 400
    whole: bool = False
    extra: dict[str, object] = field(default_factory=dict)
    names_fields: bool = True

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def body(self) -> list[dict[str, object]]:
        """The body of a failed request."""
        entry: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.names_fields:
            entry["fields"] = list(self.fields)
        return [{**entry, **self.extra}]

    def row(self) -> dict[str, object]:
        """The error inside the result of one row."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields), **self.extra}


def not_found(message: str = "The requested resource does not exist") -> Refusal:
    """404 for an unknown path, object or id (recorded)."""
    return Refusal("NOT_FOUND", message, status=404, names_fields=False)


def plain(code: str, message: str, *, status: int = 400) -> Refusal:
    """A refusal of a whole request whose body names no fields (queries, sessions, limits)."""
    return Refusal(code, message, status=status, whole=True, names_fields=False)


def no_such_column(object_name: str, column: str) -> Refusal:
    """An unknown or hidden field in a write; it fails the whole request."""
    return plain("INVALID_FIELD", f"No such column '{column}' on sobject of type {object_name}")


def unparsable(kind: str, value: object) -> Refusal:
    """A JSON value that cannot become the field's type; it fails the whole request."""
    token = {str: "VALUE_STRING", bool: "VALUE_TRUE" if value is True else "VALUE_FALSE", int: "VALUE_NUMBER_INT"}.get(
        type(value), {float: "VALUE_NUMBER_FLOAT", dict: "START_OBJECT", list: "START_ARRAY"}.get(type(value), "VALUE")
    )
    return plain(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {token} value {value} or request may be missing a required field",
    )
