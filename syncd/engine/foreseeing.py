"""What would be added of activities and campaign members: the very code that adds them, with nothing behind it.

``syncd plan`` and shadow mode ask. Streams are read from where the last cycle that wrote has left them, the vendors are
looked at as before each write, and what would be written is listed instead. Promises: no vendor is written (the writes
end in ``Appending``, the connectors are read-only), and the store is as it was: what a cycle would remember is
remembered for the length of the look, so that nobody gets a thing twice and daily bounds count.

Who is not linked yet is not foreseen: of a first link nothing is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from syncd.engine.running import Running
from syncd.engine.signals import append_signals
from syncd.engine.world import World
from syncd.model.appended import Appended, AppendedState
from syncd.model.plan import Append
from syncd.model.run import Lease, Run
from syncd.model.values import Instant
from syncd.ports.store import Settlement, Store

if TYPE_CHECKING:
    from syncd.engine.lease import Holding


def foresee(world: World) -> tuple[Append, ...]:
    """Everything that a cycle would add now, in its order; nothing is asked where no signals are declared."""
    signals = world.connection.signals
    if not (signals.campaigns or signals.activities):
        return ()
    looking = replace(world, store=cast("Store", _Forgetful(world.store)))
    run = Run(id="", connection=world.connection.name, command="plan", who=world.who, started_at=world.clock.now())
    nobody = cast("Holding", None)  # nothing is sent, so nobody asks for the right to
    at_work = Running(looking, nobody, run, foreseen=[])
    append_signals(at_work)
    assert at_work.foreseen is not None, "it was made with a list"
    return tuple(at_work.foreseen)


class _Forgetful:
    """A store that can be asked anything and keeps nothing; of what was added it remembers until it is let go."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[tuple[str, str], Appended] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def settle(self, settlement: Settlement, now: Instant, lease: Lease | None = None) -> None:
        """Keeps rows of what was added, and nothing else."""
        del now, lease
        self._rows |= {(row.kind, row.origin): row for row in settlement.appended}

    def remember(self, name: str, content: bytes, now: Instant) -> None:
        """Nothing."""

    def forget_charges(self, before: Instant) -> None:
        """Nothing: what is too old to count is forgotten by those who count, and a look changes no row."""

    def forget_appended(self, kind: str, before_day: int) -> int:
        """Nothing."""
        del kind, before_day
        return 0

    def appended(self, kind: str, origins: Sequence[str]) -> Mapping[str, Appended]:
        """What is stored, and what was added since."""
        mine = {origin: self._rows[kind, origin] for origin in origins if (kind, origin) in self._rows}
        return {**self._store.appended(kind, origins), **mine}

    def appended_days(self, kind: str, people: Sequence[str]) -> Mapping[tuple[str, int], int]:
        """The same, by person and day."""
        days = Counter(dict(self._store.appended_days(kind, people)))
        for row in self._rows.values():
            if row.kind == kind and row.person in people and row.state is AppendedState.DONE:
                days[row.person, row.day] += 1
        return days
