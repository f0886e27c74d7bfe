"""A teller over a real store and a clock that moves when told; its receivers are fakes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.model.notice import Item, Message, Target, Telling
from syncd.operations.hearing import Hearing
from syncd.operations.telling import Teller, waiting
from syncd.ports.outbox import Outbox
from syncd.ports.system import one_by_one
from syncd.store import SqlStore, open_store
from tests.fakes import FakeChance, FakeClock
from tests.receivers import FakePost

EVENTS = frozenset({"brake.held", "handoff.overdue", "handoff.due", "side.not_itself", "store.restored", "worker.dead"})
OPS = Target("ops", EVENTS)


@dataclass
class Told:
    """One store, and the processes that use it one after the other or beside each other."""

    url: str
    targets: Sequence[Target] = (OPS,)
    connections: Sequence[str] = ("main",)
    clock: FakeClock = field(default_factory=FakeClock)
    post: FakePost = field(default_factory=FakePost)
    stores: dict[str, SqlStore] = field(default_factory=dict)
    pages: Callable[[str, Item], Sequence[str]] = lambda _connection, _item: ()
    made: int = 0

    def store(self, connection: str = "main") -> SqlStore:
        """The store of a connection."""
        if connection not in self.stores:
            self.stores[connection] = open_store(self.url, connection, clock=self.clock, chance=FakeChance())
        return self.stores[connection]

    def process(self, outbox: Callable[[str], Outbox] | None = None, **more: Any) -> Teller:
        """A process that has just started."""
        self.made += 1
        telling = Telling(tuple(self.targets), repeat=4 * 3600, dead_letters=10)
        hearing = Hearing(
            outbox=outbox or self.store,
            clock=self.clock,
            lock=threading.Lock(),
            me=f"process{self.made}",
            default=self.connections[0],
            connections=frozenset(self.connections),
            events=telling.events,
        )
        return Teller(
            telling=telling,
            connections=self.connections,
            several=lambda: len(self.connections) > 1,
            outbox=outbox or self.store,
            hearing=hearing,
            post=self.post,
            clock=self.clock,
            chance=FakeChance(self.made),
            abreast=one_by_one,
            pages=self.pages,
            **more,
        )

    def passes(self, teller: Teller, seconds: float, step: float = 1.0) -> None:
        """Time goes by, and the process ticks."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            teller.tick()

    def waiting(self, target: str = "ops") -> list[str]:
        """Titles of what waits for a target."""
        return [notice.message.title for name, notice in waiting(self.store()) if name == target]

    def texts(self, target: str = "ops") -> list[Message]:
        """What a target got."""
        return [message for name, message in self.post.taken if name == target]

    def close(self) -> None:
        """Closes the stores."""
        for store in self.stores.values():
            store.close()


def overdue(teller: Teller, *episodes: str, connection: str = "main") -> None:
    """Handoffs are overdue."""
    for each in episodes:
        keys = {"connection": connection, "run": "r1", "episode": each, "link": f"L{each}", "clock": "touch"}
        teller.hearing.heard("handoff.overdue", {**keys, "until": "2026-03-02T10:00:00.000Z"})


def braked(teller: Teller, field: str = "title", **more: object) -> None:
    """The brake holds something."""
    keys = {"kind": "person", "measure": "updates", "side": "crm", "field": field, "records": 7, "digest": "d1"}
    teller.hearing.heard("brake.held", {"connection": "main", **keys, **more})


def ended(teller: Teller, connection: str = "main") -> None:
    """A cycle has ended."""
    teller.hearing.heard("run.finished", {"connection": connection, "state": "done"})
