"""Time and chance of a simulated world: both move only as the simulation has it.

The clock counts whole milliseconds, so that a replay on another machine meets the same instants. Whoever waits for it
to move is told at every step (``moved``): that is how people act in the middle of a call.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from syncd.model.values import Instant

START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class VirtualClock:
    """A clock that stands still until somebody sleeps or moves it on. ``ms`` are milliseconds since ``start``."""

    def __init__(self, start: Instant = START) -> None:
        self.start = start
        self.ms = 0
        self.moved: Callable[[], None] = lambda: None
        self._read = 0, start

    def now(self) -> Instant:
        """The simulated instant."""
        ms, instant = self._read
        if ms != self.ms:  # it is asked far more often than it moves
            instant = self.start + timedelta(milliseconds=self.ms)
            self._read = self.ms, instant
        return instant

    def advance(self, seconds: float) -> None:
        """Moves on, and lets whoever waited act. Never back."""
        self.ms += max(0, round(seconds * 1000))
        self.moved()


class SeededChance:
    """``ports.system.Chance`` of a seed: the same numbers, bytes and ids in the same order."""

    def __init__(self, seed: str | int) -> None:
        self._random = random.Random(seed)

    def uniform(self, low: float, high: float) -> float:
        """A number in the range."""
        return self._random.uniform(low, high)

    def token(self, size: int) -> bytes:
        """Bytes of the sequence."""
        return self._random.randbytes(size)

    def identifier(self) -> str:
        """16 hex digits of the sequence."""
        return self._random.randbytes(8).hex()
