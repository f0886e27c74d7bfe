"""What both stand-ins are made of: a request, a response, a clock, faults and a log of calls.

A stand-in is a *kernel*: ``handle(HttpRequest) -> HttpResponse``. It holds all of its state, asks only its own
clock and its own seeded chance, and never opens a socket, so that tests can run it in process and a server can put
it on loopback (``sandbox.server``). Faults are armed from outside and are looked up in one place, ``Kernel.handle``,
before and after the vendor's own behaviour. Every call is logged, faulty ones too: the log is what judges a client.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol
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


Wire = Literal["plain", "cut", "drip", "endless", "flood"]
"""How a server sends an answer: as it should, cut off after what there is of the body, byte by byte, with headers that
never end, or with its body over and over. In process there is no wire, and the answer is taken as it stands.
"""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One answer. ``delay`` is virtual seconds that the server waits before it sends, ``pace`` the seconds it takes for
    each byte or header line where ``wire`` is a slow one.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    wire: Wire = "plain"
    pace: float = 0.0


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


class VendorClock:
    """A vendor's own clock, which may be set wrong: another clock plus an offset in seconds."""

    def __init__(self, base: Clock, *, offset: float = 0.0) -> None:
        self._base = base
        self.offset = offset

    def now(self) -> datetime:
        """What the vendor takes for the present instant."""
        now = self._base.now()
        return now + timedelta(seconds=self.offset) if self.offset else now


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the call log.

    ``operation`` is a stable short name (``search``, ``batch.upsert``, ``query``, ``composite``, ``token`` ...),
    ``records`` the number of records read or written, ``created`` the ids this call created, ``cost`` the number of
    API calls the vendor would charge (a Salesforce Composite is 1), ``fault`` the name of the fault that hit it (for a
    request that is carried out apart from its answer a line of its own, with ", first" or ", carried out" behind it).
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


ENDLESS = 1 << 62
"""A number of times that is never used up."""


class NothingToHit(Exception):
    """A fault finds no record and no row to happen to. It stays armed; the text says what is lacking."""


@dataclass(slots=True)
class Fault:
    """A fault to inject into the next matching calls.

    ``when`` says what becomes of a call that is hit: ``before`` (the vendor does nothing and ``answer`` is given),
    ``after`` (carried out, then ``answer``: a ghost write), ``drop`` (carried out, the connection is cut), ``cut`` (not
    carried out, cut), ``late`` (cut, and carried out ``seconds`` later), ``twice`` (carried out twice, the second
    answer is given) or ``around``: ``prepare`` may change the request or the vendor's state, ``alter`` the answer;
    either raises ``NothingToHit`` where it cannot. ``connect`` hits no call but a new connection (``connecting``).

    The first ``skip`` matching calls pass, of the others each is hit with ``probability`` as ``chance`` decides, and
    ``times`` counts down. How a server cuts: after ``hold`` seconds, after the bytes ``parting``, and with a ``reset``.
    """

    name: str
    matches: Callable[[HttpRequest], bool]
    when: str = "before"
    times: int = 1
    answer: HttpResponse | Callable[[HttpRequest], HttpResponse] = field(
        default_factory=lambda: HttpResponse(status=503)
    )
    skip: int = 0
    probability: float = 1.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    seconds: float = 0.0
    prepare: Callable[[HttpRequest], HttpRequest] | None = None
    alter: Callable[[HttpRequest, HttpResponse], HttpResponse] | None = None
    hold: float = 0.0
    reset: bool = False
    parting: bytes = b""
    fired: int = 0

    def made(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request that is hit."""
        return replace(self.answer) if isinstance(self.answer, HttpResponse) else self.answer(request)

    @property
    def awaits_connection(self) -> bool:
        """Whether it is still to hit a new connection."""
        return self.when == "connect" and self.times > 0

    def hits(self) -> bool:
        """Whether it hits what it concerns this time; if so, it is counted down."""
        if self.skip > 0:
            self.skip -= 1
        elif self.probability >= 1.0 or self.chance.random() < self.probability:
            self.times -= 1
            self.fired += 1
            return True
        return False

    def give_back(self) -> None:
        """Takes the last hit back: there was nothing to hit."""
        self.times += 1
        self.fired -= 1


class ConnectionDropped(Exception):
    """Raised by a kernel whose fault cuts the connection: the server closes the socket without an answer, after
    ``hold`` seconds and the bytes ``parting``, with a reset instead of an orderly end where ``reset`` is set.
    """

    def __init__(self, name: str, *, hold: float = 0.0, reset: bool = False, parting: bytes = b"") -> None:
        super().__init__(name)
        self.hold = hold
        self.reset = reset
        self.parting = parting


@dataclass(slots=True)
class Faults:
    """All armed faults of one kernel; the first that hits is used. ``fired`` counts hits by name and survives
    ``clear``; ``undo`` ends what lasts, such as a hidden field.
    """

    armed: list[Fault] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    undo: list[Callable[[], object]] = field(default_factory=list)

    def arm(self, fault: Fault) -> None:
        """Arms one more fault."""
        self.armed.append(fault)

    def take(self, request: HttpRequest) -> Fault | None:
        """The fault that hits this request, counted down, or ``None``."""
        for fault in self.armed:
            if fault.when != "connect" and fault.times > 0 and fault.matches(request) and fault.hits():
                return fault
        return None

    def take_connection(self) -> Fault | None:
        """The fault that hits a new connection, counted down, or ``None``."""
        return next((fault for fault in self.armed if fault.awaits_connection and fault.hits()), None)

    def clear(self) -> list[str]:
        """Disarms everything and undoes what lasts, the latest first; returns the names of what was still armed."""
        left = [fault.name for fault in self.armed if fault.times > 0]
        self.armed.clear()
        while self.undo:
            self.undo.pop()()
        return left


@dataclass(slots=True)
class Answered:
    """What a vendor's handler did with one request, before it becomes a log line."""

    response: HttpResponse
    operation: str
    records: int = 0
    cost: int = 1
    created: Sequence[str] = ()
    written: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Late:
    """A request whose connection was given up, to be carried out at ``due``."""

    due: datetime
    request: HttpRequest
    fault: str


class Kernel:
    """The frame both vendors share: faults before and after, the log, the seeded chance."""

    def __init__(self, *, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.seed = seed
        self.chance = random.Random(seed)
        self.faults = Faults()
        self.calls: list[Call] = []
        self._late: list[_Late] = []

    def answer(self, request: HttpRequest) -> Answered:
        """The vendor's own behaviour; each vendor writes it."""
        raise NotImplementedError("a vendor's kernel must say how it answers")

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answers one request and logs it, with whatever fault is armed for it. Raises ``ConnectionDropped``."""
        self.carry_out_late()
        fault = self.faults.take(request)
        if fault is None:
            return self._log(request, self.answer(request)).response
        if fault.when == "around":
            return self._around(request, fault)
        if fault.when in ("before", "cut", "late"):
            if fault.when == "before":
                answered = Answered(response=fault.made(request), operation="fault")
            else:
                answered = Answered(response=HttpResponse(status=0), operation="fault", cost=0)
            if fault.when == "late":
                self._late.append(_Late(self.clock.now() + timedelta(seconds=fault.seconds), request, fault.name))
        else:
            if fault.when == "twice":
                self._log(request, self.answer(request), fault=f"{fault.name}, first")
            answered = self.answer(request)
        self._log(request, answered, fault=fault.name)
        self.faults.fired[fault.name] += 1
        if fault.when in ("drop", "cut", "late"):
            raise ConnectionDropped(fault.name, hold=fault.hold, reset=fault.reset, parting=fault.parting)
        return fault.made(request) if fault.when == "after" else answered.response

    @property
    def owes(self) -> bool:
        """Whether a request that was given up is still to be carried out, now or later."""
        return bool(self._late)

    def carry_out_late(self) -> None:
        """Carries out the requests that were given up and are due by now; nobody hears the answers, the log does."""
        if not self._late:
            return
        now = self.clock.now()
        due = [late for late in self._late if late.due <= now]
        self._late = [late for late in self._late if late.due > now]
        for late in due:
            self._log(late.request, self.answer(late.request), fault=f"{late.fault}, carried out")

    def _around(self, request: HttpRequest, fault: Fault) -> HttpResponse:
        try:
            prepared = fault.prepare(request) if fault.prepare is not None else request
        except NothingToHit:
            fault.give_back()
            return self._log(request, self.answer(request)).response
        answered = self.answer(prepared)
        try:
            if fault.alter is not None:
                answered.response = fault.alter(request, answered.response)
        except NothingToHit:
            fault.give_back()
            return self._log(request, answered).response
        self.faults.fired[fault.name] += 1
        return self._log(request, answered, fault=fault.name).response

    def _log(self, request: HttpRequest, answered: Answered, *, fault: str | None = None) -> Answered:
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
                fault=fault,
            )
        )
        return answered
