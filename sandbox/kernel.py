"""What both stand-ins are made of: a request, a response, a clock, faults and a log of calls.

A stand-in is a *kernel*: ``handle(HttpRequest) -> HttpResponse``. It holds all of its state, asks only its own
clock and its own seeded chance, and never opens a socket, so that tests can run it in process and a server can put
it on loopback (``sandbox.server``). Faults are armed from outside and are looked up in one place, ``Kernel.handle``,
before and after the vendor's own behaviour. Every call is logged, faulty ones too: the log is what judges a client.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as the stand-in sees it. Header names are lower case; ``path`` is percent-decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def from_target(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpRequest:
        """Builds a request from the target of an HTTP request line, ``/path?query``."""
        path, _, query = target.partition("?")
        return cls(
            method=method.upper(),
            path=unquote(path),
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
        )

    def first(self, name: str, default: str | None = None) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def every(self, name: str) -> list[str]:
        """All values of a query parameter, repeated (``a=1&a=2``) or comma-separated (``a=1,2``)."""
        return [part for key, value in self.query if key == name for part in value.split(",") if part]


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One answer. ``delay`` is virtual seconds that the server waits before it sends."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


class Clock(Protocol):
    """The only source of time of a kernel."""

    def now(self) -> datetime:
        """Aware UTC instant."""
        ...


class SimulatedClock:
    """Stands still until told to move; tests own it."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Where it was last moved to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves the clock forward (or back, to try a clock that steps)."""
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the call log.

    ``operation`` is a stable short name (``search``, ``batch.upsert``, ``query``, ``composite``, ``token`` ...),
    ``records`` the number of records read or written, ``created`` the ids this call created, ``cost`` the number of
    API calls the vendor would charge (a Salesforce Composite is 1), ``fault`` the name of the fault that hit it.
    """

    number: int
    at: datetime
    method: str
    path: str
    operation: str
    status: int
    records: int = 0
    cost: int = 1
    created: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(slots=True)
class Fault:
    """A fault to inject into the next matching calls.

    ``when`` is ``before`` (the vendor does nothing), ``after`` (the vendor executes, the answer is replaced: a ghost
    write) or ``drop`` (the vendor executes and the connection is cut without an answer). ``times`` counts down;
    ``answer`` makes the response for the first two.
    """

    name: str
    matches: Callable[[HttpRequest], bool]
    when: str = "before"
    times: int = 1
    answer: HttpResponse = field(default_factory=lambda: HttpResponse(status=503))


class ConnectionDropped(Exception):
    """Raised by a kernel whose fault cuts the connection: the server closes the socket without an answer."""


@dataclass(slots=True)
class Faults:
    """All armed faults of one kernel; the first that matches is used."""

    armed: list[Fault] = field(default_factory=list)

    def arm(self, fault: Fault) -> None:
        """Arms one more fault."""
        self.armed.append(fault)

    def take(self, request: HttpRequest) -> Fault | None:
        """The fault that hits this request, counted down, or ``None``."""
        for fault in self.armed:
            if fault.times > 0 and fault.matches(request):
                fault.times -= 1
                return fault
        return None


@dataclass(slots=True)
class Answered:
    """What a vendor's handler did with one request, before it becomes a log line."""

    response: HttpResponse
    operation: str
    records: int = 0
    cost: int = 1
    created: Sequence[str] = ()
    written: Sequence[str] = ()


class Kernel:
    """The frame both vendors share: faults before and after, the log, the seeded chance."""

    def __init__(self, *, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.chance = random.Random(seed)
        self.faults = Faults()
        self.calls: list[Call] = []

    def answer(self, request: HttpRequest) -> Answered:
        """The vendor's own behaviour; each vendor writes it."""
        raise NotImplementedError("a vendor's kernel must say how it answers")

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answers one request and logs it, with whatever fault is armed for it."""
        fault = self.faults.take(request)
        if fault is not None and fault.when == "before":
            answered = Answered(response=fault.answer, operation="fault")
        else:
            answered = self.answer(request)
        self.calls.append(
            Call(
                number=len(self.calls) + 1,
                at=self.clock.now(),
                method=request.method,
                path=request.path,
                operation=answered.operation,
                status=answered.response.status,
                records=answered.records,
                cost=answered.cost,
                created=tuple(answered.created),
                written=tuple(answered.written),
                fault=fault.name if fault else None,
            )
        )
        if fault is not None and fault.when == "drop":
            raise ConnectionDropped(fault.name)
        if fault is not None and fault.when == "after":
            return replace(fault.answer)
        return answered.response
