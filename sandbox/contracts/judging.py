"""Judges one request and one answer by the operation that speaks of them.

How the documents are read: what is not ``required`` may be ``null``, since ``required`` there means "never null"; the
values of a free map may be ``null`` in answers (defined but empty properties are) and not in requests, where ``null``
is no documented way to clear one. Statuses from 400 on are the default answer of every operation and have the
document's ``Error``. A key that a schema does not name is allowed, as OpenAPI has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

import orjson
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from sandbox.contracts.reading import Contracts, Operation
from sandbox.kernel import HttpRequest, HttpResponse

Side = Literal["request", "answer"]
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_MISSING = re.compile(r"'(.+)' is a required property")
_BODILESS = 204
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing a contract does not allow.

    ``schema`` is the component that was broken, ``rule`` the place in it and the keyword (``inputs[].id: type``); both
    are the same for every record and object. ``place`` is where in this very message.
    """

    side: Side
    operation: str
    schema: str
    rule: str
    place: str
    says: str

    @property
    def key(self) -> tuple[Side, str, str]:
        """What tells one sort of difference from another."""
        return self.side, self.schema, self.rule

    def __str__(self) -> str:
        return f"{self.side} of {self.operation}: {self.schema} {self.rule}, at {self.place or 'the top'}: {self.says}"


class Judge:
    """Finds what a set of contracts does not allow."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._validator = cache(self._make_validator)

    def request(self, operation: Operation, request: HttpRequest, values: Mapping[str, str]) -> list[Difference]:
        """What is wrong with a request."""
        found = list(_parameters(operation, request, values))
        if operation.body is not None:
            try:
                body = orjson.loads(request.body or b"{}")
            except orjson.JSONDecodeError as why:
                return [*found, Difference("request", operation.name, "body", "is JSON", "", str(why))]
            found += self._body("request", operation, operation.body, body)
        return found

    def answer(self, operation: Operation, response: HttpResponse) -> list[Difference]:
        """What is wrong with an answer."""
        status = response.status
        listed, schema = operation.answers(status)
        if not listed and status >= _REFUSED:
            schema = {"$ref": "#/components/schemas/Error"}
        elif not listed:
            return [Difference("answer", operation.name, operation.name, f"status {status}", "", "is not listed")]
        if schema is None:
            says = f"a {status} has no body here"
            return [Difference("answer", operation.name, "body", "is empty", "", says)] if response.body else []
        content = response.headers.get("Content-Type", "")
        if not content.startswith("application/json"):
            return [Difference("answer", operation.name, "body", "is called JSON", "", f"Content-Type is {content!r}")]
        try:
            body = orjson.loads(response.body)
        except orjson.JSONDecodeError as why:
            return [Difference("answer", operation.name, "body", "is JSON", "", str(why))]
        return list(self._body("answer", operation, schema, body))

    def _body(self, side: Side, operation: Operation, schema: Mapping[str, Any], body: Any) -> Iterable[Difference]:
        named, address = _address(operation.document, schema)
        for error in self._validator(side, address).iter_errors(body):
            missing = _MISSING.match(error.message) if error.validator == "required" else None
            rule = f"{_rule(error, missing[1] if missing else None)}: {error.validator}"
            place = _place([*error.absolute_path, *([missing[1]] if missing else [])])
            yield Difference(side, operation.name, named, rule, place, error.message[:200])

    def _make_validator(self, side: Side, address: str) -> Validator:
        schema: dict[str, Any] = {"$ref": address.removesuffix("[]")}
        if address.endswith("[]"):
            schema = {"type": "array", "items": schema}
        kind = _OF_ANSWERS if side == "answer" else _OF_REQUESTS
        made: Validator = kind(schema, registry=self._contracts.registry, format_checker=_FORMATS)
        return made


def _parameters(operation: Operation, request: HttpRequest, values: Mapping[str, str]) -> Iterator[Difference]:
    for where in ("path", "query"):
        for name, schema, needed in operation.parameters(where):
            text = values.get(name) if where == "path" else request.first(name)
            if text is None:
                if needed:
                    yield Difference("request", operation.name, where, f"{name}: required", name, "is missing")
                continue
            kind = schema.get("type")
            # The Python client writes True where others write true, and is understood.
            fits = {"integer": text.lstrip("-").isdecimal(), "boolean": text.lower() in ("true", "false")}
            if not fits.get(str(kind), True):
                says = f"{text[:100]!r} is not of type {kind!r}"
                yield Difference("request", operation.name, where, f"{name}: type", name, says)


def _address(document: str, schema: Mapping[str, Any]) -> tuple[str, str]:
    """Name and address of the component of a body; ``[]`` at the end of both says that it is a list of these."""
    target, listed = schema.get("$ref"), ""
    if target is None:
        target, listed = schema["items"]["$ref"], "[]"
    return target.rpartition("/")[2] + listed, f"{document}{target}{listed}"


def _rule(error: ValidationError, missing: str | None) -> str:
    """The place of an error in its schema: names of keys, ``[]`` for entries of a list, ``*`` for keys of a map."""
    text = ""
    steps = iter(list(error.absolute_schema_path)[:-1])
    for step in steps:
        if step == "properties":
            text += f".{next(steps)}"
        elif step == "items":
            text += "[]"
        elif step == "additionalProperties":
            text += ".*"
    return (text + (f".{missing}" if missing else "")).lstrip(".")


def _place(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _properties(validator: Any, properties: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]) -> Any:
    """The keyword ``properties``, where what is not required may be null."""
    if not isinstance(instance, dict):
        return
    for name, inner in properties.items():
        if name in instance and (instance[name] is not None or name in schema.get("required", ())):
            yield from validator.descend(instance[name], inner, path=name, schema_path=name)


def _free_values(validator: Any, inner: Any, instance: Any, schema: Mapping[str, Any]) -> Any:
    """The keyword ``additionalProperties``, where values may be null."""
    if not isinstance(instance, dict):
        return
    for name in instance.keys() - schema.get("properties", {}).keys():
        if instance[name] is not None:
            yield from validator.descend(instance[name], inner, path=name)


_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    """ISO 8601 with a zone; the library's own check needs another library and is silent without it."""
    if not isinstance(value, str):
        return True
    return _INSTANT.fullmatch(value) is not None and datetime.fromisoformat(value).tzinfo is not None


_OF_REQUESTS = extend(Draft202012Validator, {"properties": _properties})  # type: ignore[no-untyped-call]
_OF_ANSWERS = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"properties": _properties, "additionalProperties": _free_values}
)
