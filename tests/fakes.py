"""Simulated ports for tests: a clock that only moves when told, seeded chance, a budget that never runs dry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from syncd.lab.virtual import SeededChance
from syncd.model.errors import Stopping
from syncd.model.values import Instant, Lane
from syncd.ports.budget import Grant, Granted, Rate

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock at a given instant; ``sleep`` and ``advance`` move it on. ``slept`` lists the waits in seconds. A process
    that ``stops`` is told so in its next wait.
    """

    start: Instant = START
    slept: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    stops: bool = False

    def now(self) -> Instant:
        """The simulated instant, cut to milliseconds."""
        moment = self.start + timedelta(seconds=self.elapsed)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def stopping(self) -> bool:
        return False

    def monotonic(self) -> float:
        """Simulated seconds since the start."""
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        """Moves on at once."""
        if self.stops:
            raise Stopping
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        """Moves on without being counted as a wait."""
        self.elapsed += seconds


class FakeChance(SeededChance):
    """Seeded chance: the same seed gives the same numbers, bytes and ids."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)


@dataclass
class FreeBudget:
    """A budget that grants everything and writes down what it was asked."""

    calls: list[tuple[Rate, Lane, int]] = field(default_factory=list)
    penalties: list[tuple[Rate, Instant]] = field(default_factory=list)
    reports: list[tuple[int | None, int | None]] = field(default_factory=list)

    def acquire(self, rate: Rate, lane: Lane, cost: int = 1) -> Grant:
        """Always granted."""
        self.calls.append((rate, lane, cost))
        return Granted()

    def penalize(self, rate: Rate, until: Instant) -> None:
        """Only written down."""
        self.penalties.append((rate, until))

    def report(self, *, used: int | None, limit: int | None) -> None:
        """Only written down."""
        self.reports.append((used, limit))

    def waits(self, lane: Lane) -> Instant | None:
        """Nobody waits."""
