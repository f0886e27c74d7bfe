"""Time, ids and chance, as arguments: the real ones live in ``syncd.system``, simulated ones in tests."""

from __future__ import annotations

from typing import Protocol

from syncd.model.values import Instant


class Clock(Protocol):
    """Tells time and waits."""

    def now(self) -> Instant:
        """Aware UTC instant, milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step back; only for durations."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits; a simulated clock only moves on.

        :raises Stopping: at once, when this process is told to stop.
        """
        ...

    def stopping(self) -> bool:
        """Whether this process was told to stop: nothing new is sent any more, what was sent is settled."""
        ...


class Chance(Protocol):
    """The only source of chance."""

    def uniform(self, low: float, high: float) -> float:
        """A number in the range, for jitter."""
        ...

    def token(self, size: int) -> bytes:
        """Unpredictable bytes, for keys and nonces."""
        ...

    def identifier(self) -> str:
        """A short unique id, for runs and holders: 16 hex digits."""
        ...
