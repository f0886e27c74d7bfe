"""What the console works with, as objects behind ports: bootstrap builds it, tests build their own.

One desk serves every connection of a daemon. A store is opened per connection and kept; a world, which reaches the
vendors, is opened for one question, one at a time for each connection, and read-only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from syncd.engine.world import World
from syncd.model.errors import RetryLater
from syncd.model.values import Pair
from syncd.operations.doors import Entrance
from syncd.ports.roster import Roster
from syncd.ports.store import Store
from syncd.ports.system import Chance, Clock

_WAITED: Final = 30.0
"""Seconds that a question waits for another one about the same connection."""


@dataclass(frozen=True, slots=True)
class About:
    """What the configuration says of a connection, as far as the console needs it: by kind the vendor objects of each
    side; seconds between polls; live or shadow.
    """

    objects: Mapping[str, Pair[tuple[str, ...]]]
    poll: float
    mode: str = "live"


@dataclass(slots=True)
class Desk:
    """Everything behind the console. ``alone`` keeps two commands about one connection from happening at once, also
    between processes, where there can be several.
    """

    entrance: Entrance
    connections: Callable[[], Mapping[str, About]]
    open_store: Callable[[str], Store]
    open_world: Callable[[str, str], AbstractContextManager[World]]
    roster: Roster
    clock: Clock
    chance: Chance
    alone: Callable[[str], AbstractContextManager[None]]
    _stores: dict[str, Store] = field(default_factory=dict)
    _locks: dict[tuple[str, str], threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def store(self, connection: str) -> Store:
        """The store of a connection."""
        with self._guard:
            found = self._stores.get(connection)
            if found is None:
                found = self._stores[connection] = self.open_store(connection)
            return found

    @contextmanager
    def world(self, connection: str, who: str) -> Iterator[World]:
        """A read-only world for one question.

        :raises RetryLater: if others ask the vendors of this connection for too long already.
        """
        with self._one("ask", connection), self.open_world(connection, who) as world:
            yield world

    @contextmanager
    def commanding(self, connection: str) -> Iterator[None]:
        """A command about a connection, alone: two who press one button do it one after the other."""
        with self._one("command", connection), self.alone(connection):
            yield

    @contextmanager
    def _one(self, sort: str, connection: str) -> Iterator[None]:
        with self._guard:
            lock = self._locks.setdefault((sort, connection), threading.Lock())
        if not lock.acquire(timeout=_WAITED):
            raise RetryLater("somebody else's question about this connection is still being answered; ask again soon")
        try:
            yield
        finally:
            lock.release()
