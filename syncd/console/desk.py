"""What the console works with, as objects behind ports: bootstrap builds it, tests build their own.

One desk serves every connection of a daemon. A store is opened per connection and kept; a world, which reaches the
vendors, is opened for one question, one at a time for each connection, and read-only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from syncd.console.problems import not_found
from syncd.core.rating import Profiles
from syncd.engine.world import World
from syncd.model.errors import RetryLater, SyncdError
from syncd.model.fitting import Diagnosis
from syncd.model.keeping import Keep
from syncd.model.mapping import Connection
from syncd.model.notice import Target
from syncd.model.sizes import Sizes
from syncd.model.values import SIDES, Pair, Side
from syncd.operations.definitions import Change, Definitions
from syncd.operations.doors import Entrance
from syncd.operations.glance import Glance, Present, Quota, glance, troubled
from syncd.operations.page import Page
from syncd.operations.report import Report
from syncd.operations.reporting import Question
from syncd.operations.sizing import Shelf
from syncd.ports.post import Post
from syncd.ports.roster import Roster
from syncd.ports.store import Store
from syncd.ports.system import Chance, Clock

_WAITED: Final = 30.0
"""Seconds that a question waits for another one about the same connection."""


_FRESH: Final = 60.0
"""Seconds for which counted links count."""
Reports = Callable[[str, Question], Report]
"""A report of a connection. :raises BadUsage: if what it needs was not agreed on."""


@dataclass(frozen=True, slots=True)
class About:
    """What the configuration says of a connection: its mapping, and seconds between polls."""

    connection: Connection
    poll: float

    @property
    def objects(self) -> Mapping[str, Pair[tuple[str, ...]]]:
        """By kind, the vendor objects of each side."""
        return {kind.kind: kind.objects for kind in self.connection.kinds}


@dataclass(frozen=True, slots=True)
class Configured:
    """What the files of a connection define: in words, as a glossary with what they said before, as personas and grades
    to be computed.
    """

    definitions: Definitions
    profiles: Callable[[], Profiles]
    glossary: Callable[[Sequence[Change]], Page | None]


@dataclass(frozen=True, slots=True)
class Host:
    """What the process knows that stands in no connection's store: how fit two accounts are for the files, how large
    the store is and how long history is kept, its backups and how one is made now (``BadUsage`` where none are), and
    who is told of what, with a way to reach them.
    """

    examined: Callable[[str, World], Diagnosis]
    sizes: Callable[[], tuple[Sizes, Keep]]
    shelf: Callable[[], Shelf]
    back_up: Callable[[], None]
    targets: Callable[[], Sequence[Target]]
    post: Post


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
    quota: Callable[[str, Side], Quota | None]
    report: Reports
    configured: Callable[[str], Configured]
    systems: Pair[str]
    host: Host
    _counted: dict[str, tuple[float, Mapping[str, int]]] = field(default_factory=dict)
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

    def about(self, connection: str) -> About:
        """What is configured of a connection. :raises Problem: 404."""
        found = self.connections().get(connection)
        if found is None:
            raise not_found("there is no such connection")
        return found

    def glance(self, connection: str) -> Glance:
        """How a connection stands."""
        about, now = self.about(connection), self.clock.now()
        try:
            present = Present(
                mode=about.connection.mode,
                poll=about.poll,
                turn=self.roster.turns([connection], now)[connection],
                workers=self.roster.workers(),
                quota={side: self.quota(connection, side) for side in SIDES},
            )
            return glance(self.store(connection), connection, present, links=self.links(connection), now=now)
        except SyncdError as why:
            return troubled(connection, why, mode=about.connection.mode, now=now)

    def links(self, connection: str) -> Mapping[str, int]:
        """Live links by kind. To count a million takes a tenth of a second, so nobody waits but the first: later ones
        get what is known, and what is older than a minute is counted anew beside them.
        """
        known = self._counted.get(connection)
        if known is None:
            return self._count(connection)
        if self.clock.monotonic() - known[0] >= _FRESH:
            self._counted[connection] = self.clock.monotonic(), known[1]  # so that one thread counts and not each
            threading.Thread(target=self._count, args=(connection,), name="count", daemon=True).start()
        return known[1]

    def _count(self, connection: str) -> Mapping[str, int]:
        try:
            counts = self.store(connection).counts()
        except SyncdError:  # the page that shows them tells of it
            return {}
        told = {kind: counts.get(f"links.{kind}", 0) for kind in self.about(connection).objects}
        self._counted[connection] = self.clock.monotonic(), told
        return told

    @contextmanager
    def world(self, connection: str, who: str) -> Iterator[World]:
        """A read-only world for one question.

        :raises RetryLater: if others ask the vendors of this connection for too long already.
        """
        with self._one("ask", connection), self.open_world(connection, who) as world:
            yield world

    @contextmanager
    def reading(self, connection: str) -> Iterator[None]:
        """A look that walks through much of a store (of no connection: of all): one after the other.

        :raises RetryLater: if others walk for too long already.
        """
        with self._one("read", connection):
            yield

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
            raise RetryLater("somebody else's question is still being answered; ask again soon")
        try:
            yield
        finally:
            lock.release()
