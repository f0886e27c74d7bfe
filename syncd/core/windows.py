"""What was charged lately, by what it is a count of, and what that leaves room for: the brake's trailing windows.

The store holds the rows, this the sums over the trailing hour, day and week. Rows are only ever added, in the order of
their time, so that a process reads each once; whatever another worker charged is read before anything is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from syncd.model.appended import APPENDED_KINDS
from syncd.model.brake import DAY, HOUR, WEEK, Count, Key, Limits, Measure, Why
from syncd.model.values import Instant


@dataclass(frozen=True, slots=True)
class Used:
    """How many records were charged under one key: within the hour, the day, the week before this hour; and since
    when.
    """

    hour: int = 0
    day: int = 0
    before: int = 0
    first: Instant | None = None


FASTER: Final = 5
"""A field of listed values may change so many times as fast as it usually does."""
_UNLIMITED: Final = 1 << 60
_UNUSED: Final = Used()


class Windows:
    """What was charged in the trailing week. ``seq`` is the last row of the store that is known here.

    Of single values only a day is kept: there may be as many as changes.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.pruned: Instant | None = None
        self.linked: dict[str, tuple[int, Instant]] = {}
        self._charged: dict[Key, tuple[Instant, int] | list[tuple[Instant, int]]] = {}

    def add(self, at: Instant, counts: Iterable[Count]) -> None:
        """One more lot that was charged; lots come in the order of time."""
        charged, one = self._charged, (at, 1)
        for key, records in counts:
            row = one if records == 1 else (at, records)
            before = charged.get(key)
            if before is None:
                charged[key] = row  # most values come once: a row that many share, and no list
            elif isinstance(before, tuple):
                charged[key] = [before, row]
            else:
                before.append(row)

    def knows(self, key: Key) -> bool:
        """Whether anything was charged under a key."""
        return key in self._charged

    def used(self, key: Key, now: Instant) -> Used:
        """What was charged under a key."""
        rows = self._rows(key)
        if not rows:
            return _UNUSED
        hour = day = before = 0
        for at, records in rows:
            age = now - at
            if age < HOUR:
                hour += records
            elif age < WEEK:
                before += records
            if age < DAY:
                day += records
        return Used(hour, day, before, rows[0][0])

    def _rows(self, key: Key) -> Sequence[tuple[Instant, int]]:
        rows = self._charged.get(key, ())
        return (rows,) if isinstance(rows, tuple) and rows else rows

    def prune(self, now: Instant) -> bool:
        """Forgets what no window reaches any more, once an hour; whether it did."""
        if self.pruned is not None and now - self.pruned < HOUR:
            return False
        self.pruned = now
        for key in list(self._charged):
            kept_for = DAY if key[1] == Measure.SAME_VALUE else WEEK
            rows = [row for row in self._rows(key) if now - row[0] < kept_for]
            if rows:
                self._charged[key] = rows
            else:
                del self._charged[key]
        return True


@dataclass(frozen=True, slots=True)
class Bound:
    """What a key still allows, and by which rule no more."""

    room: int
    why: Why
    limit: int
    used: int


class Allowance:
    """What every key allows at one moment, by the limits and by what was charged until then.

    :param listed: whether a field takes its values from a list; such a one may change five times as fast as usual.
    """

    def __init__(
        self, windows: Windows, *, limits: Limits, linked: int, now: Instant, listed: Callable[[str], bool]
    ) -> None:
        self._windows = windows
        self._limits = limits
        self._linked = linked
        self._now = now
        self._listed = listed
        self._bounds: dict[Key, Bound] = {}
        self._fresh: int | None = None

    def bound(self, key: Key) -> Bound:
        """What a key allows."""
        if key not in self._bounds:
            self._bounds[key] = self._bounded(key)
        return self._bounds[key]

    def room(self, key: Key) -> int:
        """The same in figures; quick for the many values that nothing was charged for."""
        if key[1] != Measure.SAME_VALUE or self._windows.knows(key):
            return self.bound(key).room
        if self._fresh is None:
            self._fresh = self._limited(Measure.SAME_VALUE, _UNUSED).room
        return self._fresh

    def _bounded(self, key: Key) -> Bound:
        measure = Measure(key[1])
        used = self._windows.used(key, self._now)
        if measure in (Measure.VALUE, Measure.STAGE_VALUE):
            known = self._windows.used((key[0], Measure.KNOWN, *key[2:]), self._now).first is not None
            if known or (used.first is not None and self._now - used.first >= DAY):
                return Bound(_UNLIMITED, Why.NEW_VALUE, _UNLIMITED, used.day)
            bound = self._limited(Measure.SAME_VALUE, used)
            return replace(bound, why=Why.NEW_VALUE)
        if measure is Measure.CREATES and key[0] in APPENDED_KINDS:
            return self._steady(used)
        bound = self._limited(measure, used)
        if measure in (Measure.UPDATES, Measure.STAGES) and self._listed(key[3]):
            return min(bound, self._rate(used), key=lambda each: each.room)
        return bound

    def _limited(self, measure: Measure, used: Used) -> Bound:
        hour = self._limits.hour[measure].of(self._linked)
        day = self._limits.day[measure].of(self._linked)
        if hour - used.hour < day - used.day:
            return Bound(hour - used.hour, Why.HOUR, hour, used.hour)
        return Bound(day - used.day, Why.DAY, day, used.day)

    def _steady(self, used: Used) -> Bound:
        """Of what is added day in, day out: as many as of other records, or five times the usual, if that is more."""
        bounds = []
        of_both = (24, self._limits.day, used.day, Why.DAY), (1, self._limits.hour, used.hour, Why.HOUR)
        for hours, limits, flowed, why in of_both:
            limit = max(limits[Measure.CREATES].of(self._linked), int(FASTER * hours * self._usual(used)))
            bounds.append(Bound(limit - flowed, why, limit, flowed))
        return min(bounds, key=lambda each: each.room)

    def _usual(self, used: Used) -> float:
        """How many came in an hour of the week before this hour; 0 until a day of it is known."""
        if used.first is None or self._now - used.first < DAY:
            return 0.0
        return used.before / ((min(self._now - used.first, WEEK) / HOUR) - 1)

    def _rate(self, used: Used) -> Bound:
        """Five times the usual rate, once a day of it is known; never less than a new value may have in an hour."""
        if used.first is None or self._now - used.first < DAY:
            return Bound(_UNLIMITED, Why.RATE, _UNLIMITED, used.hour)
        limit = max(self._limits.hour[Measure.SAME_VALUE].of(self._linked), int(FASTER * self._usual(used)))
        return Bound(limit - used.hour, Why.RATE, limit, used.hour)
