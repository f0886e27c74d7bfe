"""An oracle for business time that knows one thing: what the clock on the wall shows, minute by minute.

It shares nothing with ``syncd.core.hours``: no conversion of local times, no changes of offset, no holidays library.
Good for instants on whole minutes in zones whose offsets are whole minutes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.model.calendar import Calendar

MINUTE = timedelta(minutes=1)


def shows_open(calendar: Calendar, moment: datetime, holidays: frozenset[date] = frozenset()) -> bool:
    """Whether the wall clock shows business time."""
    wall = moment.astimezone(ZoneInfo(calendar.zone))
    minutes = wall.hour * 60 + wall.minute
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        if day in holidays or day in calendar.closed or (day.month, day.day) in calendar.closed_yearly:
            continue
        at = minutes + back * 24 * 60
        if any(span.opens <= at < span.closes for span in calendar.week[day.weekday()]):
            return True
    return False


def counted(calendar: Calendar, begin: datetime, end: datetime, holidays: frozenset[date] = frozenset()) -> timedelta:
    """Business time between two instants, by looking at the clock every minute."""
    total, moment = timedelta(), begin
    while moment < end:
        total += MINUTE if shows_open(calendar, moment, holidays) else timedelta()
        moment += MINUTE
    return total


def waited(calendar: Calendar, begin: datetime, wanted: timedelta) -> datetime:
    """When so much business time is over, by looking at the clock every minute."""
    moment, left = begin, wanted
    while left > timedelta():
        left -= MINUTE if shows_open(calendar, moment) else timedelta()
        moment += MINUTE
    return moment
