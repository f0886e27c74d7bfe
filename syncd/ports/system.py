"""Time, ids, chance and hands, as arguments: the real ones live in ``syncd.system``, simulated ones in tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


class Ahead(Protocol):
    """Reads on while what was read is worked on. Items come in their order, and an error where it belongs."""

    def __call__(
        self,
        items: Iterator[T],
        *,
        weigh: Callable[[T], int],
        room: int,
        enough: Callable[[T], bool],
        meanwhile: Callable[[], None],
    ) -> Iterator[T]:
        """The items until there are no more, or ``enough`` is true of one, which is the last.

        :param weigh: how much room an item takes that waits to be worked on; at most ``room`` and one item wait.
        :param meanwhile: called every few seconds while the next item is waited for.
        """
        ...


def as_asked(
    items: Iterator[T],
    *,
    weigh: Callable[[T], int],  # noqa: ARG001 - nothing waits here
    room: int,  # noqa: ARG001
    enough: Callable[[T], bool],
    meanwhile: Callable[[], None],
) -> Iterator[T]:
    """``Ahead`` for who has one hand: an item is read when it is asked for."""
    for item in items:
        meanwhile()
        yield item
        if enough(item):
            return


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
