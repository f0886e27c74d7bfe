"""Ends what is in flight of one connection and begins nothing: for an upgrade, or before the store is moved.

What is in flight are writes that were sent and whose answer is not known. They are settled by reading, as at the
beginning of every cycle; one that may still be carried out is waited for until its horizon, as long as there is time.
Nothing is polled, decided or sent. A store that was put back is left alone: it is compared first.
"""

from __future__ import annotations

from typing import Final

from syncd.engine.recover import recover
from syncd.engine.running import running
from syncd.engine.world import World, make_ready
from syncd.model.run import RunState

LOOK: Final = 15.0
"""Seconds between two looks at writes that may still be carried out."""


def drain(world: World, *, wait: float) -> int:
    """Waits for whoever writes, then settles what is open. Returns how many writes still have no ending.

    :param wait: seconds that all of it may take.
    :raises LeaseHeld: if another worker is not done by then.
    """
    deadline = world.clock.monotonic() + wait
    with running(world, command="drain", wait=wait) as at_work:
        left = len(world.store.open_intents())
        if left and world.connection.mode == "live" and world.store.restored() is None:
            make_ready(world)
            left = recover(world)
            while left and (still := deadline - world.clock.monotonic()) > 0:
                world.clock.sleep(min(LOOK, still))
                world.keep_lease()
                left = recover(world)
        at_work.end(RunState.PARTIAL if left else RunState.DONE)
    return left
