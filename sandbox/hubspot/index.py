"""The search index of one object: a copy of the records that lags behind, kept in the orders search needs.

Writes are planned with the instant at which search shows them; ``catch_up`` applies what is due. Two sorted lists (by
version stamp, by id) make a page of a change query cost a bisection and a slice, not a sort of all records. Exact
values of unique properties and e-mail addresses are looked up in a dict.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable

Values = dict[str, str]


class SearchIndex:
    """What search sees. ``generation`` changes whenever any hit could."""

    def __init__(self, *, stamp: str) -> None:
        self.stamp = stamp
        self.shown: dict[int, Values] = {}
        self.stamps: dict[int, int] = {}
        self.by_stamp: list[tuple[int, int]] = []
        self.by_id: list[int] = []
        self.generation = 0
        self._terms: dict[str, dict[str, set[int]]] = {}
        self._planned: list[tuple[int, int, int, int, Values | None]] = []
        self._order = 0
        #: Per record the last planned write that was applied: what was planned earlier but is due later is skipped.
        self._applied: dict[int, int] = {}

    def track(self, name: str) -> None:
        """Keeps exact values of a property for look-up."""
        terms: dict[str, set[int]] = {}
        for number, values in self.shown.items():
            if name in values:
                terms.setdefault(values[name].lower(), set()).add(number)
        self._terms[name] = terms

    def forget(self, name: str) -> None:
        """Drops a property everywhere."""
        self._terms.pop(name, None)
        for number, values in self.shown.items():
            if name in values:
                self.shown[number] = _without(values, name)
        self._planned = [(*plan[:4], None if plan[4] is None else _without(plan[4], name)) for plan in self._planned]
        self.generation += 1

    def arrange(self, names: Iterable[str]) -> None:
        """Makes the orders and the look-up of these properties anew from what is shown (after loading a state)."""
        self.by_stamp = sorted((stamp, number) for number, stamp in self.stamps.items())
        self.by_id = sorted(self.shown)
        self._terms = {}
        for name in names:
            self.track(name)

    def having(self, name: str, value: str) -> set[int] | None:
        """Ids whose value of ``name`` is ``value`` but for case, or ``None`` if the property is not tracked."""
        terms = self._terms.get(name)
        return None if terms is None else terms.get(value.lower(), set())

    def plan(self, number: int, values: Values | None, *, stamp: int, due: int) -> None:
        """Shows ``values`` (``None``: hides the record) from epoch millisecond ``due`` on."""
        self._order += 1
        heapq.heappush(self._planned, (due, self._order, number, stamp, values))

    def overtake(self, number: int, values: Values, *, stamp: int) -> None:
        """Shows these values at once, and none of what was planned of the record before."""
        self._order += 1
        self._applied[number] = self._order
        self.show(number, values, stamp=stamp)

    def catch_up(self, *, now: int) -> None:
        """Applies everything that is due; a write overtaken by a later one of the same record is skipped."""
        while self._planned and self._planned[0][0] <= now:
            _, order, number, stamp, values = heapq.heappop(self._planned)
            if order < self._applied.get(number, 0):
                continue
            self._applied[number] = order
            if values is None:
                self.hide(number)
            else:
                self.show(number, values, stamp=stamp)

    def show(self, number: int, values: Values, *, stamp: int) -> None:
        """Shows these values at once."""
        self.generation += 1
        old = self.shown.get(number)
        if old is None:
            insort(self.by_id, number)
        else:
            del self.by_stamp[bisect_left(self.by_stamp, (self.stamps[number], number))]
        self.shown[number] = values
        self.stamps[number] = stamp
        insort(self.by_stamp, (stamp, number))
        for name, terms in self._terms.items():
            before = old.get(name) if old else None
            after = values.get(name)
            if before != after:
                if before:
                    terms[before.lower()].discard(number)
                if after:
                    terms.setdefault(after.lower(), set()).add(number)

    def hide(self, number: int) -> None:
        """Takes a record out at once."""
        old = self.shown.pop(number, None)
        if old is None:
            return
        self.generation += 1
        del self.by_stamp[bisect_left(self.by_stamp, (self.stamps.pop(number), number))]
        del self.by_id[bisect_left(self.by_id, number)]
        for name, terms in self._terms.items():
            if name in old:
                terms[old[name].lower()].discard(number)


def _without(values: Values, name: str) -> Values:
    return {key: value for key, value in values.items() if key != name}
