"""Things that are news and that no single event begins: a vendor that does not answer, a side that is read no longer,
and too many dead letters. Of the first the second is a symptom, and is not told while the first is.

``look`` is called every now and then by a thread of its own, so that it tells of a cycle that hangs, too. Each is told
when it begins and when it ends. What was told is remembered in the store: whoever starts after an upgrade or a crash
tells the end, without which an incident that a service opened would stay open. A daemon that has just started is given
three intervals before a side counts as stalled: it was not read while nothing ran.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from syncd.model.values import Side, stamp
from syncd.observe.log import bound, emit
from syncd.operations.outages import Outages, is_marked
from syncd.operations.staleness import SLACK, STALE, stalled
from syncd.ports.memory import MANY_LETTERS, STALLED
from syncd.ports.roster import Roster
from syncd.ports.store import Store
from syncd.ports.system import Clock


@dataclass(slots=True)
class Alarms:
    """Looks at one daemon's connections. ``many`` is how many dead letters are no news yet."""

    polls: Callable[[], Mapping[str, float]]
    store: Callable[[str], Store]
    roster: Roster
    clock: Clock
    many: Callable[[], int]
    began: float
    outages: Outages
    _over: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Emits what has changed since the last look.

        :raises SyncdError: if the store is in trouble.
        """
        polls, now, up = self.polls(), self.clock.now(), self.clock.monotonic() - self.began
        for name, turn in self.roster.turns(polls.keys(), now).items():
            with bound(connection=name):
                store = self.store(name)
                self._count(store)
                if turn.paused is None and up > STALE * polls[name] + SLACK:
                    self._judge(name, store, polls[name])

    def _judge(self, name: str, store: Store, poll: float) -> None:
        late = stalled(store, poll=poll, now=self.clock.now())
        if self.outages.look(name, store, stalls=lambda: bool(late)):
            self._over[name] = self.clock.monotonic() + STALE * poll + SLACK
            return
        if late and self.clock.monotonic() < self._over.get(name, 0.0):  # an outage is over, and the next turn not yet
            return
        for side in Side:
            mark = STALLED.format(side=side)
            told = is_marked(store, mark)
            if side in late and not told:
                store.remember(mark, b"stalled", self.clock.now())
                emit("side.stalled", side=str(side), since=stamp(late[side]))
            elif side not in late and told:
                store.remember(mark, b"", self.clock.now())
                emit("side.polled_again", side=str(side))

    def _count(self, store: Store) -> None:
        records, limit = store.counts().get("dead_letters", 0), self.many()
        told = is_marked(store, MANY_LETTERS)
        if records > limit and not told:
            store.remember(MANY_LETTERS, b"many", self.clock.now())
            emit("dead_letters.many", records=records, limit=limit)
        elif records <= limit and told:
            store.remember(MANY_LETTERS, b"", self.clock.now())
            emit("dead_letters.few", records=records, limit=limit)
