"""Makes a failing scenario small: whatever can be left out without the same promise still being broken is left out.

The order is that of what a reader wants gone first: kills and store failures, faults, happenings, then the options of
what is left. Lists are shrunk by halves, then quarters, down to single entries (delta debugging). Each try is a play in
a process of its own, so that a scenario which crashes or hangs shrinks as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from syncd.lab.scenario import Scenario

T = TypeVar("T")
Fails = Callable[[Scenario], bool]
"""Plays a scenario; whether the same promise is broken."""

TRIES: Final = 300
"""Plays after which what was reached is taken."""


def shrunk(scenario: Scenario, fails: Fails, *, tries: int = TRIES) -> Scenario:
    """The smallest failing scenario found with so many tries; the one given if it does not fail."""
    left = [tries]

    def counted(candidate: Scenario) -> bool:
        if left[0] <= 0:
            return False
        left[0] -= 1
        return fails(candidate)

    best = scenario
    while left[0] > 0:
        before = best
        for candidate in _plainer(best):
            if counted(candidate):
                best = candidate
        best = replace(best, kills=_fewer(best.kills, lambda some: counted(replace(best, kills=some))))  # noqa: B023
        best = replace(best, failing=_fewer(best.failing, lambda some: counted(replace(best, failing=some))))  # noqa: B023
        best = replace(best, armed=_fewer(best.armed, lambda some: counted(replace(best, armed=some))))  # noqa: B023
        best = replace(
            best,
            happenings=_fewer(best.happenings, lambda some: counted(replace(best, happenings=some))),  # noqa: B023
        )
        if best == before:
            break
    return best


def _plainer(scenario: Scenario) -> Iterator[Scenario]:
    """The same with one thing less to think of: no kills at all, no faults at all, a shorter time."""
    yield replace(scenario, kills=())
    yield replace(scenario, failing=())
    yield replace(scenario, armed=())
    last = max([0, *(each.at for each in scenario.happenings), *(each.at for each in scenario.armed)])
    yield replace(scenario, minutes=max(1, last // 60_000 + 1))


def _fewer(items: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """A smallest part of a list that still fails, as far as leaving out blocks of it finds one."""
    kept = tuple(items)
    size = max(1, len(kept) // 2)
    while kept:
        start = 0
        while start < len(kept):
            without = kept[:start] + kept[start + size :]
            if fails(without):
                kept = without
            else:
                start += size
        if size == 1:
            break
        size //= 2
    return kept
