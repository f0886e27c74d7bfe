"""Time, ids, chance and hands, as arguments: the real ones live in ``syncd.system``, simulated ones in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from syncd.model.values import Instant

T = TypeVar("T")


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


class Abreast(Protocol):
    """Does several things at once and waits for all of them; what they answer comes in their order.

    If one raises, the others still end; then the first error in order is raised.
    """

    def __call__(self, jobs: Sequence[Callable[[], T]]) -> list[T]:
        """Does them all."""
        ...


def one_by_one(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """``Abreast`` for who has one hand: in order, and the first error ends it."""
    return [job() for job in jobs]


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
