"""Who came into each stage, where they went from there, and how long they stayed: the moves of the ledger, counted.

A *stay* is one time in one stage: it begins with a move into it and ends with the next move of that person; a move into
the stage one is in begins none. A stay has *reached* a stage if its person came into it since, before they came into
the stage of the stay again: whoever goes through twice is counted for each time by what followed it.

People who went the same way through the stages are counted together, since there are few ways and very many people.
Who they are is looked for only when somebody wants to see them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final

from syncd.operations.report import DAY, Later, Period, month_of
from syncd.ports.store import Store

_EVER: Final = 1 << 62
_WHO: Final = itemgetter(0)
NOBODY: Final[Later[str]] = Later(0, list)


@dataclass(frozen=True, slots=True)
class Cohort:
    """People who came into a stage in one month and went the same way then: the next stage, ``None`` for those who are
    still there, and all that they have reached since, in the order in which they did first.
    """

    month: str
    end: str | None
    reached: tuple[str, ...]
    people: list[str]


@dataclass(slots=True)
class Stays:
    """The stays in one stage. ``lengths`` are those of the ones that have ended, in milliseconds."""

    cohorts: list[Cohort] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    @property
    def entered(self) -> Later[str]:
        """Everybody who came in."""
        return _people(self.cohorts)

    @property
    def left(self) -> Later[str]:
        """Those who have left since."""
        return self._where(lambda cohort: cohort.end is not None)

    @property
    def there(self) -> Later[str]:
        """Those who are still there."""
        return self._where(lambda cohort: cohort.end is None)

    def ways(self) -> list[tuple[str, Later[str]]]:
        """Who went on, by where to; most first."""
        counted: Counter[str] = Counter()
        for cohort in self.cohorts:
            if cohort.end is not None:
                counted[cohort.end] += len(cohort.people)
        return [(end, self._to(end)) for end, _ in sorted(counted.items(), key=lambda way: (-way[1], way[0]))]

    def months(self) -> dict[str, Stays]:
        """The stays by the month in which they began; how long they were is not told apart."""
        found: dict[str, Stays] = {}
        for cohort in self.cohorts:
            found.setdefault(cohort.month, Stays()).cohorts.append(cohort)
        return dict(sorted(found.items()))

    def reached(self) -> dict[str, Later[str]]:
        """Who has reached each stage since."""
        found: dict[str, list[Cohort]] = {}
        for cohort in self.cohorts:
            for stage in cohort.reached:
                found.setdefault(stage, []).append(cohort)
        return {stage: _people(cohorts) for stage, cohorts in found.items()}

    def _to(self, end: str) -> Later[str]:
        return self._where(lambda cohort: cohort.end == end)

    def _where(self, wanted: Callable[[Cohort], bool]) -> Later[str]:
        return _people([cohort for cohort in self.cohorts if wanted(cohort)])


def _people(cohorts: Collection[Cohort]) -> Later[str]:
    total = sum(len(cohort.people) for cohort in cohorts)
    return Later(total, lambda: [who for cohort in cohorts for who in cohort.people])


def stays_of(store: Store, period: Period, stages: Iterable[str]) -> dict[str, Stays]:
    """All stays that began in the period, by stage; what has become of them is as of now."""
    first, last = period.bounds()
    low, high = first or 0, _EVER if last is None else last
    found = {stage: Stays() for stage in stages}
    lengths: Mapping[str, list[int]] = defaultdict(list, {stage: here.lengths for stage, here in found.items()})
    months = _Months()
    # By the way through the stages: for each of them who came in, by month.
    gone: dict[tuple[str, ...], list[defaultdict[str, list[str]]]] = {}
    for person, moves in groupby(store.stage_moves(), key=_WHO):
        way: list[str] = []
        times: list[int] = []
        here = ""
        for _, at, stage in moves:
            if stage != here:
                here = stage
                way.append(stage)
                times.append(at)
        path = tuple(way)
        if (counted := gone.get(path)) is None:
            counted = gone[path] = [defaultdict(list) for _ in path]
        before, entered = -1, 0
        for number, at in enumerate(times):
            if before >= 0:
                lengths[path[before]].append(at - entered)
                before = -1
            if low <= at < high:
                counted[number][months[at // DAY]].append(person)
                before, entered = number, at
    for path, counted in gone.items():
        for number, by_month in enumerate(counted):
            if path[number] in found:
                end = path[number + 1] if number + 1 < len(path) else None
                since = _since(path, number)
                found[path[number]].cohorts += [Cohort(month, end, since, people) for month, people in by_month.items()]
    return found


def _since(path: Sequence[str], number: int) -> tuple[str, ...]:
    """What was reached after a place on a way, up to the next time in the same stage."""
    rest = path[number + 1 :]
    again = rest.index(path[number]) if path[number] in rest else len(rest)
    return tuple(dict.fromkeys(rest[:again]))


class _Months(dict[int, str]):
    """The month of a day by its number."""

    def __missing__(self, day: int) -> str:
        self[day] = month = month_of(day * DAY)
        return month
