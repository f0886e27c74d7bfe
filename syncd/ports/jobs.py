"""The job engine Protocol: durable jobs that survive the process, one at a time per connection.

A job is one turn of one connection, named by both, so that asking for it twice is asking once. The engine only starts
and recovers jobs; that no two of them write for one connection is the lease's promise, not the engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, TypeAlias

from syncd.model.values import Instant

Perform: TypeAlias = Callable[[str, int], None]
"""Carries out one turn: name of the connection, number of the turn. May be called twice for one turn."""


class Jobs(Protocol):
    """Durable jobs, on SQLite in one process or on PostgreSQL in many."""

    def launch(self, perform: Perform) -> None:
        """Begins to work: first what this worker left undone when it died, then what is enqueued."""
        ...

    def enqueue(self, connection: str, number: int) -> bool:
        """Asks for a turn, once. ``False`` if that very turn has been carried out, or has failed, already."""
        ...

    def take_over(self, worker: str) -> int:
        """Puts the jobs that a dead worker had begun back into their queue; how many they were."""
        ...

    def take_back(self, living: Collection[str]) -> int:
        """Puts jobs back into their queue that were begun by none of these workers, now and at the last look: whoever
        had them ended and could not say so. How many they were.
        """
        ...

    def purge(self, before: Instant) -> int:
        """Forgets jobs that ended before this; how many they were."""
        ...

    def close(self) -> None:
        """Takes no more jobs. Those at work are not waited for: they are told to stop by other means."""
        ...
