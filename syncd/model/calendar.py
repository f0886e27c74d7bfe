"""Calendars: when somebody is at work, in their own zone, with the holidays of their country.

A calendar is a rule and no list of dates: it answers for any year. ``syncd.core.hours`` counts with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

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

    ``owners`` are keys by the e-mail addresses or logins, in lower case, of those who keep another one.
    """

    by_key: Mapping[str, Calendar]
    default: str | None = None
    owners: Mapping[str, str] = field(default_factory=dict)


NO_CALENDARS: Final = Calendars({})
