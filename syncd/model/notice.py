"""What is told to people: what was heard, to whom it goes, and the notice that waits until it was taken.

Everything here is ids, names, counts and our own words; a record's values are in none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Final, Literal, TypeAlias

from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Side

Item: TypeAlias = Mapping[str, str]
"""The keys of one event, as texts."""
Gravity: TypeAlias = Literal["success", "info", "warning", "error"]
Page: TypeAlias = Callable[[Side, RemoteRef], str | None]
"""The address of a record in its vendor's own pages, where it is known."""

KEPT: Final = 1_000
"""So many different events of one kind are kept apart between two notices; beyond, they are only counted."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the day in a zone, on some days of the week (0 is Monday; on all where none is named).

    One that ends before it begins ends on the next day; one that ends as it begins lasts for the whole day.
    """

    begins: time
    ends: time
    days: frozenset[int] = frozenset()
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Planned:
    """Work that is planned again and again: alerts of these connections (of all where none is named) rest then."""

    window: Window
    reason: str
    connections: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """Who is told of which events, of which connections (of all where none is named).

    What can wait is told outside of ``quiet``, and at the times of ``digest`` only, where there are any; ``zone`` is
    theirs. ``incidents`` says that each state is a message of its own, which a service opens and closes.
    """

    name: str
    events: frozenset[str]
    connections: frozenset[str] = frozenset()
    quiet: tuple[Window, ...] = ()
    digest: tuple[time, ...] = ()
    zone: str = "UTC"
    incidents: bool = False

    def hears_of(self, connection: str) -> bool:
        """Whether anything of a connection is for this target."""
        return not self.connections or connection in self.connections


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told what. ``repeat`` is seconds after which what still stands is told once more, 0 for never;
    ``dead_letters`` is how many open ones are no news yet. ``pages`` are events that wait for nothing but the end of
    maintenance.
    """

    targets: tuple[Target, ...] = ()
    repeat: float = 0.0
    dead_letters: int = 0
    pages: frozenset[str] = frozenset()
    maintenance: tuple[Planned, ...] = ()

    @property
    def events(self) -> frozenset[str]:
        """Everything that somebody is told of."""
        return frozenset().union(*(target.events for target in self.targets))


@dataclass(frozen=True, slots=True)
class Heard:
    """All events of one kind since the last notice: the different ones among them, and how many more there were."""

    event: str
    at: Instant
    items: tuple[Item, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """What one target is told of one kind of event: so many, of which some are named. ``ended`` are the states that are
    over by it.
    """

    event: str
    named: tuple[Item, ...]
    count: int
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """Alerts of a connection rest until an instant: who wanted it, since when, and why."""

    until: Instant
    who: str
    at: Instant
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a target gets. ``gravity`` is that of its gravest event; ``success`` says that all of it is over. ``key`` is
    the same for the beginning and the end of one state, and empty for a message about several things.
    """

    title: str
    body: str
    gravity: Gravity
    key: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that waits. ``tries`` counts the times that sending began: above 0 it may have arrived."""

    id: str
    at: Instant
    message: Message
    tries: int = 0
