"""Standing still before an upgrade: nothing new is begun, and what is in flight is told until it has ended.

A daemon whose connection stands still ends its turn and begins none, until it is started again or somebody resumes it.
Writes whose answer is not known are settled by reading: by ``syncd drain``, which waits for that, else by the next
start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syncd.model.run import DRAINED, Pause
from syncd.model.values import Instant
from syncd.ports.roster import Roster
from syncd.ports.store import Store


@dataclass(frozen=True, slots=True)
class Still:
    """How far a connection stands still: whether this call asked for it, whether a turn is under way, and how many
    writes have no answer yet.
    """

    changed: bool
    at_work: bool
    in_flight: int

    def document(self) -> dict[str, Any]:
        """The same as plain values with stable keys."""
        return {"changed": self.changed, "at_work": self.at_work, "in_flight": self.in_flight}


def stand_still(roster: Roster, connection: str, who: str, now: Instant) -> bool:
    """Begins no turn of a connection any more; ``False`` if it was paused already."""
    return roster.pause(connection, Pause(who, now, DRAINED), now)


def still(roster: Roster, store: Store, connection: str, now: Instant, *, changed: bool) -> Still:
    """What is in flight now."""
    at_work = any(lease.connection == connection for lease in roster.leases(now))
    return Still(changed, at_work, len(store.open_intents()))
