"""What is told to people: what was heard, to whom it goes, and the notice that waits until it was taken.

Everything here is ids, names, counts and our own words; a record's values are in none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Side

Item: TypeAlias = Mapping[str, str]
"""The keys of one event, as texts."""
Gravity: TypeAlias = Literal["info", "warning", "error"]
Page: TypeAlias = Callable[[Side, RemoteRef], str | None]
"""The address of a record in its vendor's own pages, where it is known."""

KEPT: Final = 1_000
"""So many different events of one kind are kept apart between two notices; beyond, they are only counted."""


@dataclass(frozen=True, slots=True)
class Target:
    """Who is told of which events, of which connections (of all where none is named)."""

    name: str
    events: frozenset[str]
    connections: frozenset[str] = frozenset()

    def hears_of(self, connection: str) -> bool:
        """Whether anything of a connection is for this target."""
        return not self.connections or connection in self.connections


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told what. ``repeat`` is seconds after which what still stands is told once more, 0 for never;
    ``dead_letters`` is how many open ones are no news yet.
    """

    targets: tuple[Target, ...] = ()
    repeat: float = 0.0
    dead_letters: int = 0

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
    """What one target is told of one kind of event: so many, of which some are named."""

    event: str
    named: tuple[Item, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Message:
    """What a target gets. ``gravity`` is that of its gravest event."""

    title: str
    body: str
    gravity: Gravity


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that waits. ``tries`` counts the times that sending began: above 0 it may have arrived."""

    id: str
    at: Instant
    message: Message
    tries: int = 0
