"""What may stand in ``calendars.yaml``, and the calendars it makes once it is sound.

Found without a vendor: a default that is no calendar; zones, countries and subdivisions there are not; spans that are
none, out of order or overlapping, over midnight too; days there are not; a calendar that never opens.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, Field

from syncd.core.hours import countries, holiday_names, subdivisions
from syncd.model.calendar import DAY, WEEK, Calendar, Calendars, Holidays, Span
from syncd.model.routing import QUEUE, USER
from syncd.settings.names import Name
from syncd.settings.tree import Loc, Tree
from syncd.settings.validate import Section, Text

_SPAN: Final = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY: Final = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")
_LEAP: Final = 2_000
_NAMED_IN: Final = range(2_020, 2_050)
"""Years whose holidays are looked through for a name in `worked`: some come round rarely."""


def _listed(value: Any) -> Any:  # noqa: ANN401 - any plain value
    return [value] if isinstance(value, str) else value


def _span(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """``09:00-17:30`` in minutes; one that ends on the next day ends above 24 hours."""
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('is no span of hours; write it like "09:00-17:30"')
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if max(int(found[2]), int(found[4])) > 59 or opens >= DAY or closes > DAY:
        raise ValueError("holds a time that no clock shows; write 00:00 to 23:59, or 24:00 for the end of the day")
    if opens == closes:
        raise ValueError('begins as it ends; write "00:00-24:00" for a whole day')
    return Span(opens, closes if closes > opens else closes + DAY)


Spans = Annotated[
    list[Annotated[Span, BeforeValidator(_span, json_schema_input_type=str)]],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
DAY_OF_HOURS: Final = 'Spans of that day, e.g. `["09:00-12:30", "13:30-18:00"]`; `[]` for none.'


class HoursSection(Section):
    """Working hours by weekday, on the clock of the calendar's zone."""

    weekdays: Spans = Field(default_factory=list, description="Spans from Monday to Friday, of days not named apart.")
    monday: Spans | None = Field(None, description=DAY_OF_HOURS)
    tuesday: Spans | None = Field(None, description=DAY_OF_HOURS)
    wednesday: Spans | None = Field(None, description=DAY_OF_HOURS)
    thursday: Spans | None = Field(None, description=DAY_OF_HOURS)
    friday: Spans | None = Field(None, description=DAY_OF_HOURS)
    saturday: Spans | None = Field(None, description=DAY_OF_HOURS)
    sunday: Spans | None = Field(None, description=DAY_OF_HOURS)


class HolidaysSection(Section):
    """Public holidays on which nobody works."""

    country: Text = Field(description="Country, as ISO 3166 code of two letters.")
    subdivision: Text | None = Field(
        None, description="State or the like whose own holidays count too, e.g. `BE`, `CA`."
    )
    worked: list[Text] = Field(
        default_factory=list, description="Holidays on which work goes on, by their English names, e.g. `Columbus Day`."
    )


class CalendarSection(Section):
    """One calendar."""

    name: Text = Field(min_length=1, description="Name for people.")
    zone: Text = Field(description="Time zone, as IANA name, e.g. `Europe/Berlin`.")
    hours: HoursSection = Field(description="Working hours by weekday.")
    holidays: HolidaysSection | None = Field(None, description="Public holidays; none, if not given.")
    closed: list[Text] = Field(
        default_factory=list, description="More days without work: `2026-12-24` once, `12-24` every year."
    )
    owners: list[Text] = Field(
        default_factory=list,
        description="E-mail addresses of those who keep it, or `queue:NAME`; others keep `default`.",
    )


class CalendarsFile(Section):
    """A file ``calendars.yaml``."""

    default: Text = Field(description="Key of the calendar that counts for whoever has none of their own.")
    calendars: dict[Name, CalendarSection] = Field(min_length=1, description="The calendars, by key.")


def calendars_of(section: CalendarsFile, tree: Tree) -> Calendars:
    """The calendars of a file; what is wrong is noted in the tree."""
    if section.default not in section.calendars:
        tree.flaw(
            ("default",), f"there is no calendar {section.default!r}", _nearest(section.default, section.calendars)
        )
    by_key = {key: _Reading(key, each, tree).calendar() for key, each in section.calendars.items()}
    default = section.default if section.default in by_key else None  # whoever reads on looks it up
    users, queues = _owners(section, tree)
    return Calendars(by_key, default, users, queues)


def _owners(section: CalendarsFile, tree: Tree) -> tuple[dict[str, str], dict[str, str]]:
    """Which users and which queues keep which calendar; nobody keeps two."""
    users: dict[str, str] = {}
    queues: dict[str, str] = {}
    for key, each in section.calendars.items():
        for number, given in enumerate(each.owners):
            loc: Loc = ("calendars", key, "owners", number)
            sort, colon, rest = given.partition(":")
            owners = queues if colon and sort.strip().casefold() == "queue" else users
            name = (rest if owners is queues else given).strip().casefold()
            if not name or name.startswith((QUEUE, USER)):
                tree.flaw(loc, f"{given!r} names nobody", "write an e-mail address, or `queue:` and the queue's name")
            elif name in owners:
                tree.flaw(loc, f"{given} keeps the calendar {owners[name]} already", "name everybody once")
            else:
                owners[name] = key
    return users, queues


class _Reading:
    """One calendar being read."""

    def __init__(self, key: str, section: CalendarSection, tree: Tree) -> None:
        self.key = key
        self.section = section
        self.tree = tree
        self.loc: Loc = ("calendars", key)

    def calendar(self) -> Calendar:
        """The calendar, checked."""
        self._zone()
        once, yearly = self._closed()
        return Calendar(
            key=self.key,
            name=self.section.name,
            zone=self.section.zone,
            week=self._week(),
            holidays=self._holidays(),
            closed=once,
            closed_yearly=yearly,
        )

    def _zone(self) -> None:
        zone = self.section.zone
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, or a name no file can have
            near = get_close_matches(zone, sorted(available_timezones()), n=1)
            advice = f"did you mean {near[0]}?" if near else "use an IANA name such as Europe/Berlin"
            self.tree.flaw((*self.loc, "zone"), f"there is no time zone {zone!r}", advice)

    def _week(self) -> tuple[tuple[Span, ...], ...]:
        hours = self.section.hours
        week: list[tuple[Span, ...]] = []
        places: list[Loc] = []
        for number, day in enumerate(WEEK):
            own: list[Span] | None = getattr(hours, day)
            week.append(tuple(own if own is not None else hours.weekdays if number < 5 else ()))
            places.append((*self.loc, "hours", day if own is not None else "weekdays"))
        if not any(week):
            self.tree.flaw((*self.loc, "hours"), "this calendar never opens", "give at least one day a span", key=True)
        told: set[tuple[Loc, int]] = set()
        for number, spans in enumerate(week):
            before, where = week[number - 1], WEEK[number - 1]  # Monday follows Sunday
            late = max(before, key=lambda span: span.closes, default=Span(0, 0))
            reaches = late.closes - DAY
            for at, span in enumerate(spans):
                if span.opens < reaches and (places[number], at) not in told:
                    told.add((places[number], at))
                    what = (
                        f"{_shown(span)} begins before the span above it ends"
                        if at
                        else (f"{_shown(span)} begins before {where}'s {_shown(late)} ends")
                    )
                    self.tree.flaw((*places[number], at), what, "put spans in order, and let none overlap")
                reaches = max(reaches, span.closes)
        return tuple(week)

    def _holidays(self) -> Holidays | None:
        given = self.section.holidays
        if given is None:
            return None
        loc = (*self.loc, "holidays")
        rule = Holidays(given.country, given.subdivision, tuple(given.worked))
        known = subdivisions(given.country)
        if known is None:
            self.tree.flaw(
                (*loc, "country"),
                f"no holidays are known of a country {given.country!r}",
                _nearest(given.country.upper(), countries(), "use its ISO 3166 code of two letters, such as DE or US"),
            )
            return rule
        if given.subdivision is not None and given.subdivision not in known:
            self.tree.flaw(
                (*loc, "subdivision"),
                f"{given.country} has no subdivision {given.subdivision!r}",
                f"use one of {', '.join(known)}" if known else "there are none; remove it",
            )
            return rule
        if given.worked:
            names = holiday_names(rule, _NAMED_IN)
            for number, each in enumerate(given.worked):
                if each not in names:
                    self.tree.flaw(
                        (*loc, "worked", number), f"{given.country} has no holiday {each!r}", _nearest(each, names)
                    )
        return rule

    def _closed(self) -> tuple[frozenset[date], frozenset[tuple[int, int]]]:
        once: set[date] = set()
        yearly: set[tuple[int, int]] = set()
        for number, text in enumerate(self.section.closed):
            found = _DAY.fullmatch(text)
            try:
                if found is None:
                    raise ValueError("is written otherwise")
                day = date(int(found[1] or _LEAP), int(found[2]), int(found[3]))
                if found[1]:
                    once.add(day)
                else:
                    yearly.add((day.month, day.day))
            except ValueError:
                self.tree.flaw(
                    (*self.loc, "closed", number), f"{text!r} is no day", "write 2026-12-24, or 12-24 for every year"
                )
        return frozenset(once), frozenset(yearly)


def _nearest(word: str, known: Collection[str], otherwise: str = "") -> str:
    near = get_close_matches(word, sorted(known), n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return otherwise or f"known are: {', '.join(sorted(known))}"


def _shown(span: Span) -> str:
    closes = span.closes if span.closes <= DAY else span.closes - DAY
    return "-".join(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (span.opens, closes))
