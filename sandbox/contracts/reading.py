"""Reads a folder of OpenAPI 3.0 documents and finds the operation that speaks of a request.

The documents say ``/crm/v3/...``; a date-versioned path is the same place under the same contract, and so is the second
spelling of the schema paths. Where several templates fit a path, the one with more words of its own wins:
``/crm/v3/objects/contacts/search`` is judged by the contract of contacts, ``/crm/v3/objects/0-1/search`` by that of any
object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_DATED = re.compile(r"/crm/(objects|properties|owners|associations|pipelines)/\d{4}-\d\d(?=/|$)(.*)")
_DATED_TOKENS = re.compile(r"/oauth/\d{4}-\d\d(?=/)")
_OTHER_SCHEMAS = re.compile(r"/crm/v3/schemas(?=/|$)")
_PARAMETER = re.compile(r"\{([^}]+)\}")


class BadContracts(Exception):
    """The folder holds no contracts, or one that cannot be read."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. ``document`` is the address of its document in the registry of schemas."""

    method: str
    template: str
    document: str
    spoken: Mapping[str, Any]

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"{self.method} {self.template}"

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The schema of the request's JSON body, ``None`` where it has none."""
        return _schema_of(self.spoken.get("requestBody"))

    def answers(self, status: int) -> tuple[bool, Mapping[str, Any] | None]:
        """Whether this status is listed, and the schema of its body; ``default`` covers all that are not listed."""
        listed = self.spoken["responses"]
        found = listed.get(str(status), listed.get("default"))
        return found is not None, _schema_of(found)

    def parameters(self, where: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
        """Name, schema and necessity of the parameters of ``path`` or ``query``."""
        for parameter in self.spoken.get("parameters", ()):
            if parameter["in"] == where:
                yield parameter["name"], parameter["schema"], bool(parameter.get("required"))


@dataclass(frozen=True, slots=True)
class _Template:
    pattern: re.Pattern[str]
    words: int
    operations: Mapping[str, Operation]


class Contracts:
    """All documents of one folder. ``registry`` resolves what their schemas refer to."""

    def __init__(self, folder: Path) -> None:
        """Reads every ``*.json`` of the folder. Raises ``BadContracts``."""
        files = sorted(folder.glob("*.json")) if folder.is_dir() else []
        if not files:
            raise BadContracts(f"{folder} holds no *.json; name a folder of OpenAPI documents")
        self.registry: Registry[Any] = Registry()
        self._templates: list[_Template] = []
        for file in files:
            try:
                document = orjson.loads(file.read_bytes())
                self._take(f"urn:contract:{file.stem}", document)
            except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as why:
                raise BadContracts(f"{file} is no OpenAPI document: {type(why).__name__} {why}") from why
        self._templates.sort(key=lambda template: -template.words)

    @property
    def operations(self) -> list[Operation]:
        """Everything the documents speak of."""
        return [operation for template in self._templates for operation in template.operations.values()]

    def find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]] | None:
        """The operation of a request and the values in its path; ``None`` where no document speaks of it."""
        path = numbered(path).rstrip("/")
        for template in self._templates:
            match = template.pattern.fullmatch(path)
            if match and method in template.operations:
                return template.operations[method], match.groupdict()
        return None

    def _take(self, address: str, document: dict[str, Any]) -> None:
        named = document["components"]["schemas"]
        # A document may point at a type that it does not describe; that says nothing about the value.
        for name in set(_referred(document)) - named.keys():
            named[name] = {}
        self.registry = self.registry.with_resource(address, DRAFT202012.create_resource(document))
        for template, methods in document["paths"].items():
            operations = {
                method.upper(): Operation(method.upper(), template, address, spoken)
                for method, spoken in methods.items()
                if "responses" in spoken
            }
            words = sum(not part.startswith("{") for part in template.split("/"))
            self._templates.append(_Template(_pattern(template.rstrip("/")), words, operations))


def numbered(path: str) -> str:
    """The spelling of a path that the contracts use."""
    if match := _DATED.fullmatch(path):
        area, rest = match.groups()
        # The fourth version of the object paths is associations and nothing else.
        fourth = area == "associations" or (area == "objects" and rest.split("/")[3:4] == ["associations"])
        return f"/crm/{'v4' if fourth else 'v3'}/{area}{rest}"
    path = _DATED_TOKENS.sub("/oauth/v1", path, count=1)
    return _OTHER_SCHEMAS.sub("/crm-object-schemas/v3/schemas", path, count=1)


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(template)
    return re.compile("".join(f"(?P<{text}>[^/]+)" if place % 2 else re.escape(text)
                              for place, text in enumerate(parts)))  # fmt: skip


def _schema_of(part: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    content: Mapping[str, Any] = (part or {}).get("content", {})
    found: Mapping[str, Any] | None = content.get("application/json", {}).get("schema")
    return found


def _referred(value: object) -> Iterator[str]:
    """Names of all components that a document points at."""
    if isinstance(value, dict):
        target = value.get("$ref")
        if isinstance(target, str):
            yield target.rpartition("/")[2]
        for entry in value.values():
            yield from _referred(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _referred(entry)
