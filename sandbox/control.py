"""The control plane: how another process looks into a stand-in, plays its people and breaks it.

JSON under ``/_sandbox/`` on each port, loopback only, without credentials, never logged as a call and never counted.
``Controls`` is the server's end, ``Control`` the client's (standard library only) and a ``Desk``. A mistake in the
request answers 400 and says what would be right; a refusal of the stand-in (a validation rule, a duplicate) 409.

GET ``calls`` (``?since=N``), ``export``, ``faults``; POST ``calls/reset``, ``do``, ``load``, ``fault``,
``faults/clear``, ``switch``, ``save`` and ``clock`` (GET tells how it stands). A fault is one of the catalogue by its
name (``sandbox.faults``), or any by what it hits and what it answers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import orjson

from sandbox import clocks
from sandbox.desk import LocalDesk, UnknownAction
from sandbox.faults.arming import WrongArming, arm, told
from sandbox.faults.catalogue import CATALOGUE, UnknownFault
from sandbox.hubspot.errors import Refusal as HubSpotRefusal
from sandbox.kernel import Call, Fault, HttpRequest, HttpResponse, Kernel, NothingToHit
from sandbox.salesforce.errors import Refusal as SalesforceRefusal
from sandbox.state import StateError, save

CONTROL_PREFIX = "/_sandbox/"
WHENS = ("before", "after", "drop")
FREE_WORDS = frozenset(
    {"when", "skip", "method", "path_contains", "body_contains", "status", "headers", "body", "delay"}
)
"""Words that only a fault of the free form has."""


class WrongRequest(Exception):
    """The control plane does not understand; the text says what it would."""


WRONG_WORDS: Final = (
    WrongRequest,
    WrongArming,
    UnknownFault,
    UnknownAction,
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
)
"""What comes of words that an action does not know, or that are of another type than it takes."""


class Controls:
    """The server's end, for one kernel. The caller holds the kernel's lock."""

    def __init__(self, kernel: Kernel, *, set_latency: Callable[[float], None]) -> None:
        self._kernel = kernel
        self._desk = LocalDesk(kernel)
        self._set_latency = set_latency
        #: Where ``save`` writes the state.
        self.folder: Path | None = None
        self._routes: Mapping[tuple[str, str], Callable[[HttpRequest], Any]] = {
            ("GET", "calls"): self._calls,
            ("POST", "calls/reset"): self._reset,
            ("GET", "export"): self._export,
            ("POST", "do"): self._do,
            ("POST", "load"): self._load,
            ("GET", "faults"): self._faults,
            ("POST", "fault"): self._fault,
            ("POST", "faults/clear"): self._clear,
            ("POST", "switch"): self._switch,
            ("POST", "save"): self._save,
            ("GET", "clock"): lambda _: clocks.shown(kernel.clock),
            ("POST", "clock"): lambda request: clocks.set_clock(kernel.clock, _object(request)),
        }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answers one request under ``/_sandbox/``."""
        route = self._routes.get((request.method, request.path.removeprefix(CONTROL_PREFIX).strip("/")))
        if route is None:
            known = ", ".join(f"{method} {CONTROL_PREFIX}{path}" for method, path in self._routes)
            return _json(404, {"error": f"{request.method} {request.path} is not there; there is: {known}"})
        self._kernel.carry_out_late()
        try:
            return _json(200, route(request))
        except WRONG_WORDS as why:
            return _json(400, {"error": f"{type(why).__name__}: {why}"})
        except (HubSpotRefusal, SalesforceRefusal, NothingToHit, StateError) as why:
            return _json(409, {"error": f"{type(why).__name__}: {why}"})

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
        return self._desk.export()

    def _do(self, request: HttpRequest) -> dict[str, Any]:
        words = _object(request)
        return {"result": self._desk.do(str(words.pop("action", "")), **words)}

    def _load(self, request: HttpRequest) -> dict[str, Any]:
        words = _object(request)
        rows = words.get("rows")
        if not isinstance(rows, list):
            raise WrongRequest('give {"object": name, "rows": [...]}')
        return {"ids": self._desk.load(str(words.get("object", "")), rows)}

    def _faults(self, request: HttpRequest) -> dict[str, Any]:
        return told(self._kernel)

    def _fault(self, request: HttpRequest) -> dict[str, Any]:
        words = _object(request)
        if is_named(words):
            return arm(self._kernel, str(words.pop("name")), **words)
        fault = make_fault(words)
        self._kernel.faults.arm(fault)
        return {"armed": fault.name}

    def _clear(self, request: HttpRequest) -> dict[str, Any]:
        return {"cleared": self._kernel.faults.clear()}

    def _save(self, request: HttpRequest) -> dict[str, Any]:
        if self.folder is None:
            raise WrongRequest("there is no folder to save to; start the stand-ins with --state DIR")
        return save(self._kernel, self.folder)

    def _switch(self, request: HttpRequest) -> dict[str, Any]:
        words = _object(request)
        kernel: Any = self._kernel
        switches = kernel.switches
        known = {field.name for field in fields(switches)} | {"latency"}
        unknown = sorted(words.keys() - known)
        if unknown:
            raise WrongRequest(f"no switch {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        for name, value in words.items():
            if name == "latency":
                self._set_latency(float(value))
            else:
                # HubSpot's switches are frozen, yet all parts of a kernel share one object and read it anew each time.
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


def is_named(words: Mapping[str, Any]) -> bool:
    """Whether a fault is one of the catalogue, meant or mistyped, and not a free one that says itself what it does.

    Words that only one of both forms has decide; where a name stands alone or with ``times``, it counts as meant for
    the catalogue if it is there or comes very near to what is there.
    """
    if "name" not in words or words.keys() & FREE_WORDS:
        return False
    name = str(words["name"])
    decided = bool(words.keys() - {"name", "times"})
    return decided or name in CATALOGUE or bool(get_close_matches(name, CATALOGUE, n=1, cutoff=0.8))


def make_fault(words: Mapping[str, Any]) -> Fault:
    """A fault from its JSON form. Raises ``WrongRequest``.

    ``name`` and at least one of ``method``, ``path_contains``, ``body_contains`` say which requests it hits (all must
    hold; none hits every request), ``skip`` lets that many of them pass first, ``times`` hits follow. ``when`` is
    ``before``, ``after`` or ``drop``; ``status``, ``headers``, ``body`` (text, or JSON of anything else) and ``delay``
    (seconds) make the answer.
    """
    known = {"name", "times", *FREE_WORDS}
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


def _json(status: int, content: object) -> HttpResponse:
    body = orjson.dumps(content, default=str)
    return HttpResponse(status=status, body=body, headers={"Content-Type": "application/json"})


class ControlRefused(Exception):
    """The control plane said no; the text is its reason."""


class Control:
    """The client's end, for one stand-in. ``url`` is the base URL that the stand-in printed.

    It calls by plain HTTP in any case: what is armed for connections must not hit the control plane's own.
    """

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

    def do(self, action: str, **words: Any) -> Any:
        """A person does something (see ``sandbox.desk``); returns what the kernel's method returned, as JSON."""
        return self._post("do", {"action": action, **words})["result"]

    def load(self, object: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Puts many rows at once, as a data loader does; returns their ids."""
        ids: list[str] = self._post("load", {"object": object, "rows": list(rows)})["ids"]
        return ids

    def fault(self, **words: object) -> dict[str, Any]:
        """Arms a fault, of the catalogue (see ``sandbox.faults.arming``) or free (see ``make_fault``); answers what was
        armed or done.
        """
        return self._post("fault", words)

    def faults(self) -> dict[str, Any]:
        """The catalogue of this vendor, what is armed, and how often each fault has fired."""
        return self._get("faults")

    def clear_faults(self) -> None:
        """Disarms every fault, and undoes what of them lasts."""
        self._post("faults/clear", {})

    def switch(self, **values: object) -> None:
        """Sets switches of the kernel, or ``latency`` of the server in seconds."""
        self._post("switch", values)

    def clock(self, **words: object) -> dict[str, Any]:
        """How the vendor's clock stands, after setting it where there are words (see ``sandbox.clocks``)."""
        return self._post("clock", words) if words else self._get("clock")

    def save(self) -> dict[str, Any]:
        """Writes the state to the folder that the stand-ins were started with; tells the file and what is left out."""
        return self._post("save", {})

    def _get(self, path: str) -> dict[str, Any]:
        return self._send(Request(self._address(path)))  # noqa: S310 - an address on loopback, given by the caller

    def _post(self, path: str, words: Mapping[str, object]) -> dict[str, Any]:
        body = json.dumps(words).encode()
        return self._send(Request(self._address(path), data=body, method="POST"))  # noqa: S310 - the same

    def _address(self, path: str) -> str:
        return self.url.replace("https://", "http://", 1) + CONTROL_PREFIX + quote(path, safe="/?=&")

    def _send(self, request: Request) -> dict[str, Any]:
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                parsed: dict[str, Any] = json.load(answer)
        except HTTPError as refused:
            with refused:
                raise ControlRefused(f"{request.full_url} answered {refused.code}: {refused.read().decode()}") from None
        return parsed
