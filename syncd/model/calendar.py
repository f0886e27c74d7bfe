"""Calendars: when somebody is at work, in their own zone, with the holidays of their country.

A calendar is a rule and no list of dates: it answers for any year. ``syncd.core.hours`` counts with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from syncd.model.routing import QUEUE, USER

DAY: Final = 24 * 60
"""Minutes of a day on the clock."""
WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Working hours, in minutes of the wall clock since the midnight on which their day begins.

    ``closes`` is above 1,440 where they end on the next day; the whole span belongs to the day on which it opens.
    """

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Holidays:
    """The public holidays of a country (ISO 3166) and one of its subdivisions, without those named in ``worked``."""

    country: str
    subdivision: str | None = None
    worked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar. ``zone`` is an IANA name, ``week`` the spans from Monday to Sunday, each day's in order.

    ``closed`` are single days, ``closed_yearly`` days of every year as month and day.
    """

    key: str
    name: str
    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: Holidays | None = None
    closed: frozenset[date] = frozenset()
    closed_yearly: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Calendars:
    """All calendars by key, and the key of the one that counts for whoever has none; ``None`` if there is no file.

    ``users`` (by e-mail address or login) and ``queues`` (by name) are the keys of those who keep another one. Both are
    names alone, in lower case and without the word that tells a user from a queue: who may have either name is asked
    for in one place only, ``kept_by``.

    :raises ValueError: if a name is written otherwise, so that nobody would ever be found by it.
    """

    by_key: Mapping[str, Calendar]
    default: str | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses names under which nobody is looked up."""
        for name in (*self.users, *self.queues):
            if name != name.casefold() or name.startswith((USER, QUEUE)):
                raise ValueError(f"{name!r} is looked up by nobody: write the name alone, in lower case")

    def kept_by(self, owner: str | None) -> str | None:
        """The key of the calendar that an owner keeps: a queue as ``queue:NAME``, a user by their name alone or as
        ``user:NAME``, in any case; ``None`` if there is none at all.
        """
        name = "" if owner is None else owner.casefold()
        if name.startswith(QUEUE):
            return self.queues.get(name.removeprefix(QUEUE), self.default)
        return self.users.get(name.removeprefix(USER), self.default)


NO_CALENDARS: Final = Calendars({})
