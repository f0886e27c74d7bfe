"""When what can wait is told: windows of the day in a zone, and times of a digest. By the clock on the wall there.

A night in which the clock is set on or back is as long as it is; a time that does not exist that night is read as zone
rules read it (PEP 495). Nothing here remembers anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from syncd.model.notice import Planned, Window
from syncd.model.values import Instant

_DAY = timedelta(days=1)
_CHAIN = 16
"""Windows that follow each other without a gap are followed so far: beyond, they are looked at again then."""


def until(now: Instant, windows: Iterable[Window]) -> Instant | None:
    """The end of the windows that hold now, one behind the other; ``None`` outside of them."""
    windows, end = tuple(windows), now
    for _ in range(_CHAIN):
        later = max((each for window in windows if (each := _end(end, window)) is not None), default=end)
        if later <= end:
            break
        end = later
    return end if end > now else None


def _end(now: Instant, window: Window) -> Instant | None:
    """The end of one window, if it holds now."""
    zone = ZoneInfo(window.zone)
    here = now.astimezone(zone)
    for day in (here.date() - _DAY, here.date()):
        if window.days and day.weekday() not in window.days:
            continue
        last = day if window.ends > window.begins else day + _DAY
        begins = datetime.combine(day, window.begins, zone).astimezone(UTC)
        ends = datetime.combine(last, window.ends, zone).astimezone(UTC)
        if begins <= now < ends:
            return ends
    return None


def next_of(times: Sequence[time], zone: str, since: Instant) -> Instant:
    """The first of these times of the day after an instant."""
    there = ZoneInfo(zone)
    here = since.astimezone(there)
    found = (
        datetime.combine(here.date() + _DAY * days, each, there).astimezone(UTC) for days in range(3) for each in times
    )
    return min(each for each in found if each > since)


def planned(now: Instant, connection: str, plans: Iterable[Planned]) -> tuple[Instant, str] | None:
    """Until when alerts of a connection rest for planned work, and what work that is; ``None`` if they do not."""
    mine = [each for each in plans if not each.connections or connection in each.connections]
    end = until(now, (each.window for each in mine))
    if end is None:
        return None
    return end, "; ".join(dict.fromkeys(each.reason for each in mine if until(now, [each.window]) is not None))
