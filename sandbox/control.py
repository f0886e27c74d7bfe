"""The control plane: how another process looks into a stand-in, plays its people and breaks it.

JSON under ``/_sandbox/`` on each port, loopback only, without credentials, never logged as a call and never counted.
``Controls`` is the server's end, ``Control`` the client's (standard library only). What a person may do is a fixed list
of the kernel's own methods (``ACTIONS``), called by name with the words of the request. A mistake in the request
answers 400 and says what would be right; a refusal of the stand-in (a validation rule, a duplicate) answers 409.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import orjson

from sandbox.hubspot.errors import Refusal as HubSpotRefusal
from sandbox.kernel import Call, Fault, HttpRequest, HttpResponse, Kernel
from sandbox.salesforce.errors import Refusal as SalesforceRefusal

CONTROL_PREFIX = "/_sandbox/"
WHENS = ("before", "after", "drop")
#: What a person may do in a stand-in, and nothing else. A kernel offers those it has a method for.
ACTIONS = frozenset(
    {
        # both
        "insert", "edit", "delete", "merge", "associate", "separate",
        # HubSpot
        "archive", "restore", "erase", "unsubscribe", "subscribe", "add_owner", "archive_owner",
        # Salesforce
        "undelete", "convert", "touch", "hide_field", "protect_field", "show_field", "track_fields", "map_conversion",
        "add_user", "deactivate_user", "add_queue", "set_lead_statuses", "commit_later", "lock_rows",
        "begin_maintenance", "end_maintenance", "expire_sessions",
    }
)  # fmt: skip
#: Other words for the same.
ALIASES: Mapping[str, str] = {"create": "insert"}


class WrongRequest(Exception):
    """The control plane does not understand; the text says what it would."""


class Populous(Protocol):
    """What the control plane needs of a kernel beside ``Kernel``."""

    switches: Any

    def load(self, object: str, rows: Sequence[Mapping[str, object]]) -> list[str]: ...

    def export(self) -> Mapping[str, Sequence[Mapping[str, object]]]: ...


class Controls:
    """The server's end, for one kernel. The caller holds the kernel's lock."""

    def __init__(self, kernel: Kernel, *, set_latency: Callable[[float], None]) -> None:
        self._kernel = kernel
        self._set_latency = set_latency
        self._routes: Mapping[tuple[str, str], Callable[[HttpRequest], Any]] = {
            ("GET", "calls"): self._calls,
            ("POST", "calls/reset"): self._reset,
            ("GET", "export"): self._export,
            ("POST", "do"): self._do,
            ("POST", "load"): self._load,
            ("POST", "fault"): self._fault,
            ("POST", "faults/clear"): self._clear,
            ("POST", "switch"): self._switch,
        }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answers one request under ``/_sandbox/``."""
        route = self._routes.get((request.method, request.path.removeprefix(CONTROL_PREFIX).strip("/")))
        if route is None:
            known = ", ".join(f"{method} {CONTROL_PREFIX}{path}" for method, path in self._routes)
            return _json(404, {"error": f"{request.method} {request.path} is not there; there is: {known}"})
        try:
            return _json(200, route(request))
        except (WrongRequest, TypeError, ValueError, KeyError) as why:
            return _json(400, {"error": f"{type(why).__name__}: {why}"})
        except (HubSpotRefusal, SalesforceRefusal) as why:
            return _json(409, {"error": f"{type(why).__name__}: {why}"})

    @property
    def _people(self) -> Populous:
        kernel: Any = self._kernel
        people: Populous = kernel
        return people

    def _calls(self, request: HttpRequest) -> dict[str, Any]:
        calls = self._kernel.calls
        summary = summarize(calls)
        since = request.first("since")
        if since is not None:
            summary["lines"] = [_call_line(call) for call in calls[int(since) :]]
        return summary

    def _reset(self, request: HttpRequest) -> dict[str, Any]:
        forgotten = len(self._kernel.calls)
        self._kernel.calls.clear()
        return {"forgotten": forgotten}

    def _export(self, request: HttpRequest) -> Mapping[str, Any]:
        return self._people.export()

    def _do(self, request: HttpRequest) -> dict[str, Any]:
        words = _object(request)
        name = str(words.pop("action", ""))
        action = ALIASES.get(name, name)
        method = getattr(self._kernel, action, None) if action in ACTIONS else None
        if method is None:
            known = sorted(each for each in ACTIONS if hasattr(self._kernel, each))
            raise WrongRequest(f"action {name!r} is not known here; known are {', '.join(known)}")
        return {"result": _plain(method(**words))}

    def _load(self, request: HttpRequest) -> dict[str, Any]:
        words = _object(request)
        rows = words.get("rows")
        if not isinstance(rows, list):
            raise WrongRequest('give {"object": name, "rows": [...]}')
        return {"ids": self._people.load(str(words.get("object", "")), rows)}

    def _fault(self, request: HttpRequest) -> dict[str, Any]:
        fault = make_fault(_object(request))
        self._kernel.faults.arm(fault)
        return {"armed": fault.name}

    def _clear(self, request: HttpRequest) -> dict[str, Any]:
        left = [fault.name for fault in self._kernel.faults.armed if fault.times > 0]
        self._kernel.faults.armed.clear()
        return {"cleared": left}

    def _switch(self, request: HttpRequest) -> dict[str, Any]:
        words = _object(request)
        switches = self._people.switches
        known = {field.name for field in fields(switches)} | {"latency"}
        unknown = sorted(words.keys() - known)
        if unknown:
            raise WrongRequest(f"no switch {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        for name, value in words.items():
            if name == "latency":
                self._set_latency(float(value))
            else:
                # One object is shared by all parts of a kernel, which read it anew each time.
                object.__setattr__(switches, name, tuple(value) if isinstance(value, list) else value)
        return {"set": words}


def summarize(calls: Sequence[Call]) -> dict[str, Any]:
    """The log in figures: calls, cost and records by operation, statuses, faults, and every id created, in order."""
    operations: dict[str, dict[str, int]] = {}
    statuses: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    created: list[str] = []
    for call in calls:
        figures = operations.setdefault(call.operation, {"calls": 0, "cost": 0, "records": 0, "created": 0})
        figures["calls"] += 1
        figures["cost"] += call.cost
        figures["records"] += call.records
        figures["created"] += len(call.created)
        statuses[str(call.status)] += 1
        created += call.created
        if call.fault:
            faults[call.fault] += 1
    return {
        "count": len(calls),
        "cost": sum(call.cost for call in calls),
        "written": sum(len(call.written) for call in calls),
        "operations": operations,
        "statuses": dict(statuses),
        "faults": dict(faults),
        "created": created,
    }


def make_fault(words: Mapping[str, Any]) -> Fault:
    """A fault from its JSON form. Raises ``WrongRequest``.

    ``name`` and at least one of ``method``, ``path_contains``, ``body_contains`` say which requests it hits (all must
    hold; none hits every request), ``skip`` lets that many of them pass first, ``times`` hits follow. ``when`` is
    ``before``, ``after`` or ``drop``; ``status``, ``headers``, ``body`` (text, or JSON of anything else) and ``delay``
    (seconds) make the answer.
    """
    known = {
        "name", "when", "times", "skip", "method", "path_contains", "body_contains", "status", "headers", "body",
        "delay",
    }  # fmt: skip
    unknown = sorted(words.keys() - known)
    when = str(words.get("when", "before"))
    if unknown or when not in WHENS:
        raise WrongRequest(f"a fault has the keys {', '.join(sorted(known))}; when is one of {', '.join(WHENS)}")
    method = str(words.get("method", "")).upper()
    path, content = str(words.get("path_contains", "")), str(words.get("body_contains", "")).encode()
    passing = int(words.get("skip", 0))

    def matches(request: HttpRequest) -> bool:
        nonlocal passing
        if (method and request.method != method) or path not in request.path or content not in request.body:
            return False
        passing -= 1
        return passing < 0

    body = words.get("body", "")
    headers = {str(name): str(value) for name, value in words.get("headers", {}).items()}
    if not isinstance(body, str):
        headers.setdefault("Content-Type", "application/json")
    return Fault(
        name=str(words.get("name", "fault")),
        matches=matches,
        when=when,
        times=int(words.get("times", 1)),
        answer=HttpResponse(
            status=int(words.get("status", 503)),
            body=body.encode() if isinstance(body, str) else orjson.dumps(body),
            headers=headers,
            delay=float(words.get("delay", 0.0)),
        ),
    )


def _call_line(call: Call) -> dict[str, Any]:
    return asdict(call) | {"at": call.at.isoformat()}


def _object(request: HttpRequest) -> dict[str, Any]:
    words = orjson.loads(request.body or b"{}")
    if not isinstance(words, dict):
        raise WrongRequest("the body must be a JSON object")
    return words


def _plain(result: object) -> object:
    if is_dataclass(result) and not isinstance(result, type):
        return {field.name: getattr(result, field.name) for field in fields(result)}
    if isinstance(result, str | int | float | bool | list | tuple | dict | None):
        return result
    return str(getattr(result, "id", result))


def _json(status: int, content: object) -> HttpResponse:
    body = orjson.dumps(content, default=str)
    return HttpResponse(status=status, body=body, headers={"Content-Type": "application/json"})


class ControlRefused(Exception):
    """The control plane said no; the text is its reason."""


class Control:
    """The client's end, for one stand-in. ``url`` is the base URL that the stand-in printed."""

    def __init__(self, url: str, *, timeout: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._opener = build_opener(ProxyHandler({}))

    def calls(self, since: int | None = None) -> dict[str, Any]:
        """The log in figures (see ``summarize``); with ``since`` also ``lines``, all calls after the first N."""
        return self._get("calls" if since is None else "calls?" + urlencode({"since": since}))

    def reset(self) -> None:
        """Forgets the log."""
        self._post("calls/reset", {})

    def export(self) -> dict[str, list[dict[str, Any]]]:
        """All records of all objects."""
        return self._get("export")

    def do(self, action: str, **words: object) -> Any:  # noqa: ANN401 - each action answers in its own way
        """A person does something (see ``ACTIONS``); returns what the kernel's method returned, as JSON."""
        return self._post("do", {"action": action, **words})["result"]

    def load(self, object: str, rows: Sequence[Mapping[str, object]]) -> list[str]:
        """Puts many rows at once, as a data loader does; returns their ids."""
        ids: list[str] = self._post("load", {"object": object, "rows": list(rows)})["ids"]
        return ids

    def fault(self, **words: object) -> None:
        """Arms a fault (see ``make_fault``)."""
        self._post("fault", words)

    def clear_faults(self) -> None:
        """Disarms every fault."""
        self._post("faults/clear", {})

    def switch(self, **values: object) -> None:
        """Sets switches of the kernel, or ``latency`` of the server in seconds."""
        self._post("switch", values)

    def _get(self, path: str) -> dict[str, Any]:
        return self._send(Request(self._address(path)))  # noqa: S310 - an address on loopback, given by the caller

    def _post(self, path: str, words: Mapping[str, object]) -> dict[str, Any]:
        body = json.dumps(words).encode()
        return self._send(Request(self._address(path), data=body, method="POST"))  # noqa: S310 - the same

    def _address(self, path: str) -> str:
        return self.url + CONTROL_PREFIX + quote(path, safe="/?=&")

    def _send(self, request: Request) -> dict[str, Any]:
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                parsed: dict[str, Any] = json.load(answer)
        except HTTPError as refused:
            with refused:
                raise ControlRefused(f"{request.full_url} answered {refused.code}: {refused.read().decode()}") from None
        return parsed
