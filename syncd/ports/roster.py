"""The roster Protocol: which worker is alive, and when each connection has its next turn.

It spans all connections of one store, which a ``Store`` never does. Nothing in it says who may write: that is the
lease. A turn is taken by number, so that of two workers that see it due only one enqueues it, whatever their clocks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from syncd.model.run import Lease, Pause, Turn, Worker
from syncd.model.values import Instant


class Roster(Protocol):
    """Workers and turns, on SQLite or PostgreSQL."""

    # -- turns -----------------------------------------------------------------------------------------------------
    def turns(self, connections: Collection[str], now: Instant) -> Mapping[str, Turn]:
        """The next turn of each connection; one that was never polled is due at once."""
        ...

    def end_turn(self, turn: Turn, due: Instant) -> bool:
        """The turn is over and the next one is due then; ``False`` if it had ended already.

        A connection that was hastened meanwhile keeps its earlier time.
        """
        ...

    def hasten(self, connection: str, now: Instant) -> None:
        """The next turn is due now, because something waits to be carried out."""
        ...

    def pause(self, connection: str, pause: Pause | None, now: Instant) -> bool:
        """Pauses a connection, or takes it up again (``None``); ``False`` if it was so already.

        Whoever takes it up knows better than what a vendor said before: until when to wait is forgotten then.
        """
        ...

    # -- workers ---------------------------------------------------------------------------------------------------
    def beat(self, worker: Worker) -> bool:
        """Writes a sign of life; ``False`` if there was none of this worker, which is then a new one."""
        ...

    def workers(self) -> Sequence[Worker]:
        """All workers, the longest at work first."""
        ...

    def leases(self, now: Instant) -> Sequence[Lease]:
        """The leases that are held, of all connections."""
        ...

    def take_over(self, dead: Worker, now: Instant) -> bool:
        """Claims what a dead worker left, by a new beat in its name; ``False`` if another was quicker or it lives.

        Whoever claims and dies too leaves a row that grows old again.
        """
        ...

    def dismiss(self, worker: str) -> None:
        """Takes a worker off the roster, and every lease that it still holds with it."""
        ...
