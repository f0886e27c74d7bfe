"""The shared budget of API calls: asked before every call, token, describe and retry included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from syncd.model.values import Instant, Lane

DAY: Final = 86_400.0
"""Seconds of a limit that all programs of an account share, and whose count the vendor tells (``Budget.report``)."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One limit of a vendor: ``calls`` per ``seconds``. ``burst`` calls may come at once."""

    name: str
    calls: int
    seconds: float
    burst: int

    @property
    def daily(self) -> bool:
        """Whether it is a limit of the day, of which a reserve is kept for other programs."""
        return self.seconds >= DAY

    @property
    def told(self) -> str:
        """The limit in a sentence: ``50,000 calls in 24 h``, ``1 call in 1.1 s``."""
        span = f"{self.seconds / 3_600:g} h" if self.seconds >= 3_600 else f"{self.seconds:g} s"
        return f"{self.calls:,} {'call' if self.calls == 1 else 'calls'} in {span}"


@dataclass(frozen=True, slots=True)
class Granted:
    """The call may be made now."""


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """The call may be made at this instant, not before; ask again then. ``kept`` says that calls are left, but for
    other programs and for lanes that go first.
    """

    at: Instant
    kept: bool = False


Grant: TypeAlias = Granted | WaitUntil


class Budget(Protocol):
    """Calls of one account, shared by all workers."""

    def acquire(self, rate: Rate, lane: Lane, cost: int = 1) -> Grant:
        """Charges ``cost`` calls to a limit, or says when they can be had."""
        ...

    def penalize(self, rate: Rate, until: Instant) -> None:
        """The vendor said that this limit is spent: nobody calls before ``until``."""
        ...

    def report(self, *, used: int | None, limit: int | None) -> None:
        """What the vendor said of the day's calls, kept for forecasts and for the other workers."""
        ...

    def waits(self, lane: Lane) -> Instant | None:
        """Until when the calls of a lane have to wait, since what is left of the day is kept for others; ``None`` if
        they need not. As far as the vendor's answers have told this process: it asks nobody.
        """
        ...
