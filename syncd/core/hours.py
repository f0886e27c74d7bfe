"""Business time: how much of it lies between two instants, and when so much of it is over.

The rule is the clock on the wall: an instant is business time if the local clock shows a time within a span, on a day
that is no holiday. A span that passes midnight belongs to the day on which it opens. Where the clock is put forward the
missing hour is nobody's; where it is put back the hour counts twice, as it is worked twice. What is counted is elapsed
time, exact to the microsecond.

Holidays come from the library ``holidays``, year by year as they are asked for: a calendar is right in ten years too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from syncd.model.calendar import Calendar, Holidays, Span
from syncd.model.values import Instant

_ZERO: Final = timedelta(0)
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_PROBE: Final = timedelta(hours=6)
"""Two changes of a zone's offset are never nearer to each other than that."""
_LANGUAGE: Final = "en_US"
_CLOSED_AT_MOST: Final = timedelta(days=400)
"""So long without business time, and a calendar is taken to have none at all."""

Opening = tuple[Instant, Instant]


class Hours:
    """Counts with one calendar. What was computed of a day is kept."""

    def __init__(self, calendar: Calendar) -> None:
        """:raises ZoneInfoNotFoundError: if the zone is not known here; ``syncd check`` says so beforehand."""
        self.calendar = calendar
        self._zone = ZoneInfo(calendar.zone)
        self._days: dict[date, tuple[Opening, ...]] = {}

    def works_on(self, day: date) -> bool:
        """Whether spans open on a day: it is no holiday and not closed, and its weekday has hours."""
        calendar = self.calendar
        if day in calendar.closed or (day.month, day.day) in calendar.closed_yearly:
            return False
        if calendar.holidays is not None and day in holidays_of(calendar.holidays, day.year):
            return False
        return bool(calendar.week[day.weekday()])

    def open_at(self, moment: Instant) -> bool:
        """Whether an instant is business time; the end of a span is not."""
        today = self._local(moment)
        return any(opens <= moment < closes for day in (today - _DAY, today) for opens, closes in self.openings(day))

    def between(self, begin: Instant, end: Instant) -> timedelta:
        """Business time from one instant to another; negative if the second is the earlier one."""
        if end < begin:
            return -self.between(end, begin)
        begin, end = begin.astimezone(UTC), end.astimezone(UTC)  # elsewhere Python adds and subtracts wall time
        return sum((closes - opens for opens, closes in self._pieces(begin, end)), _ZERO)

    def after(self, begin: Instant, wanted: timedelta) -> Instant:
        """The first instant at which so much business time has passed since ``begin``; ``begin`` itself for none.

        :raises ValueError: if ``wanted`` is negative, or the calendar never opens again.
        """
        if wanted < _ZERO:
            raise ValueError("business time runs forward only; ask for zero or more")
        if not wanted:
            return begin
        left, since, idle = wanted, begin.astimezone(UTC), _ZERO
        while idle < _CLOSED_AT_MOST:
            until = since + _DAY
            idle += _DAY
            for opens, closes in sorted(self._pieces(since, until)):
                if left <= closes - opens:
                    return opens + left
                left -= closes - opens
                idle = _ZERO
            since = until
        raise ValueError(f"the calendar {self.calendar.key} does not open within {_CLOSED_AT_MOST.days} days")

    def openings(self, day: date) -> tuple[Opening, ...]:
        """The instants between which the spans that open on a day run, in order and apart."""
        known = self._days.get(day)
        if known is None:
            spans = self.calendar.week[day.weekday()] if self.works_on(day) else ()
            known = self._days[day] = tuple(sorted(piece for span in spans for piece in self._instants(day, span)))
        return known

    def _pieces(self, since: Instant, until: Instant) -> Iterator[Opening]:
        """Business time within a stretch. A day more at both ends: where the clock goes back about midnight, the date
        does so too.
        """
        day, last = self._local(since) - 2 * _DAY, self._local(until) + _DAY
        while day <= last:
            for opens, closes in self.openings(day):
                begins, ends = max(opens, since), min(closes, until)
                if begins < ends:
                    yield begins, ends
            day += _DAY

    def _local(self, moment: Instant) -> date:
        return moment.astimezone(self._zone).date()

    def _instants(self, day: date, span: Span) -> Iterator[Opening]:
        """When the wall clock shows a span: one piece, or several where the zone's offset changes meanwhile."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        opens, closes = (midnight + timedelta(minutes=each) for each in (span.opens, span.closes))
        for since, until, offset in self._offsets(opens - _DAY, closes + _DAY):
            begins, ends = max(opens - offset, since), min(closes - offset, until)
            if begins < ends:
                yield begins, ends

    def _offsets(self, since: Instant, until: Instant) -> Iterator[tuple[Instant, Instant, timedelta]]:
        """The pieces of a stretch of time in which the zone keeps one offset."""
        begins, at = since, since
        offset = self._offset(at)
        while at < until:
            later = min(at + _PROBE, until)
            if self._offset(later) != offset:
                change = self._change(at, later, offset)
                yield begins, change, offset
                begins, offset = change, self._offset(change)
            at = later
        yield begins, until, offset

    def _change(self, before: Instant, after: Instant, offset: timedelta) -> Instant:
        """The first second at which the offset is another one."""
        while after - before > _SECOND:
            middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
            if self._offset(middle) == offset:
                before = middle
            else:
                after = middle
        return after

    def _offset(self, moment: Instant) -> timedelta:
        offset = moment.astimezone(self._zone).utcoffset()
        assert offset is not None
        return offset


@lru_cache(maxsize=4_096)
def holidays_of(rule: Holidays, year: int) -> frozenset[date]:
    """The holidays of a year on which nobody works, substitute days included (of the next New Year's Day too).

    :raises NotImplementedError: if the library does not know the country or subdivision.
    """
    found = _of_years(rule, (year,))
    return frozenset(
        day for day, names in found if day.year == year and not all(_named(name, rule.worked) for name in names)
    )


def holiday_names(rule: Holidays, years: Iterable[int]) -> frozenset[str]:
    """The English names of the holidays of some years.

    :raises NotImplementedError: if the library does not know the country or subdivision.
    """
    return frozenset(name for _, names in _of_years(rule, years) for name in names)


def subdivisions(country: str) -> tuple[str, ...] | None:
    """The subdivisions of a country with holidays of their own; ``None`` if it is no code of two letters of a country
    that the library knows.
    """
    import holidays  # noqa: PLC0415 - as below

    if len(country) != 2:
        return None
    try:
        return tuple(holidays.country_holidays(country).subdivisions)
    except NotImplementedError:
        return None


def countries() -> tuple[str, ...]:
    """The countries that the library knows, by their codes of two letters. Reads all of it."""
    import holidays  # noqa: PLC0415 - as below

    return tuple(code for code in holidays.list_supported_countries(include_aliases=False) if len(code) == 2)


def _of_years(rule: Holidays, years: Iterable[int]) -> Iterator[tuple[date, list[str]]]:
    """Days and their names, in English whatever the machine speaks: `worked` must mean the same everywhere."""
    import holidays  # noqa: PLC0415 - an eighth of a second, which only calendars with holidays need

    found = holidays.country_holidays(rule.country, subdiv=rule.subdivision, years=years, language=_LANGUAGE)
    for day in found:
        yield day, found.get_list(day)


def _named(name: str, worked: tuple[str, ...]) -> bool:
    """Whether a holiday is one of these; a substitute day has its holiday's name and more in brackets."""
    return any(name == each or name.startswith(f"{each} (") for each in worked)
