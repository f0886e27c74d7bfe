"""The exclusive right to write for one connection: taken, kept while work goes on, given back.

The lease is ours (docs/decisions.md 3) and lives in the store. Its epoch is checked in the transaction that stores the
intents of each send, so a worker that slept too long finds out before it writes. A holder that ran on this host and is
gone (killed, out of memory) is not waited for.
"""

from __future__ import annotations

from datetime import timedelta

from syncd.engine.world import World
from syncd.model.errors import LeaseHeld, Stopping
from syncd.model.run import Lease
from syncd.observe.log import emit

LEASE_SPAN = timedelta(minutes=2)


class Holding:
    """A lease in our hands; ``lease`` is its latest form."""

    def __init__(self, world: World, lease: Lease) -> None:
        self._world = world
        self.lease = world.lease = lease

    def keep(self) -> Lease:
        """Extends the lease when half of it is over.

        :raises LeaseLost: if it is no longer ours. :raises Stopping: if this process is to stop.
        """
        if self._world.clock.stopping():
            raise Stopping
        now = self._world.clock.now()
        if self.lease.until - now < LEASE_SPAN / 2:
            self.lease = self._world.lease = self._world.store.extend_lease(self.lease, now + LEASE_SPAN)
        return self.lease

    def renew(self) -> None:
        """The same, for callers between pages, which have no use for the lease itself."""
        self.keep()

    def release(self) -> None:
        """Gives the right back."""
        self._world.lease = None
        self._world.store.release_lease(self.lease)


def take_lease(world: World, *, wait: float) -> Holding:
    """The right to write for this connection; waits for another worker up to so many seconds.

    :raises LeaseHeld: naming the holder, if it is still held then.
    """
    holder = world.holder or f"{world.who}-{world.chance.identifier()}"
    deadline = world.clock.monotonic() + wait
    told = False
    while True:
        now = world.clock.now()
        lease = world.store.take_lease(holder, now, now + LEASE_SPAN)
        if lease is not None:
            emit("lease.taken", holder=holder, epoch=lease.epoch, until=lease.until.isoformat())
            return Holding(world, lease)
        held = world.store.lease()
        if held is not None and world.surely_gone(held.holder):
            emit("lease.orphaned", holder=held.holder, epoch=held.epoch)
            world.store.release_lease(held)
            continue
        if not told and held is not None:
            emit("lease.waiting", holder=held.holder, epoch=held.epoch, until=held.until.isoformat())
            told = True
        if world.clock.monotonic() >= deadline:
            name = held.holder if held else "another worker"
            until = f" until {held.until:%H:%M:%S} UTC" if held else ""
            raise LeaseHeld(
                f"connection {world.connection.name}: {name} is writing for it{until}; wait for it to end, or call "
                "again with a longer --wait"
            )
        world.clock.sleep(min(0.5, max(0.05, deadline - world.clock.monotonic())))
