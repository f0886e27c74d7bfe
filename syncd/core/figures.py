"""Figures over counts and times: shares with an interval, medians, what is to be expected of open stages.

Each is defined here once, so that every report means the same by it:

* A share's interval is Wilson's score interval at 95 %: sound for few and for shares near 0 and 1.
* The median of an even number is the mean of the middle two; any other quantile is the nearest rank.
* Expected wins are the sum over stages of open episodes times the share of those that were won among the ended ones
  that had come as far. Its variance has two parts: each open episode may go either way, and each share is only known as
  well as its ended episodes tell (one win and one miss are added for that part, so that a share of 0 or 1 is not taken
  for certain). The interval is 1.96 standard deviations to both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

Z: Final = 1.959963984540054
"""Two-sided 95 % of a normal distribution."""
SMALL: Final = 20
"""Figures of fewer than so many are marked."""


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """Between which shares the true one lies at 95 %; ``None`` of nothing."""
    if of == 0:
        return None
    share = hits / of
    middle = share + Z * Z / (2 * of)
    reach = Z * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    low = 0.0 if hits == 0 else (middle - reach) / scale  # both ends are exact there, and rounding would miss them
    return low, 1.0 if hits == of else (middle + reach) / scale


def median(ordered: Sequence[int]) -> float | None:
    """The middle of values in order; ``None`` of nothing."""
    if not ordered:
        return None
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def quantile(ordered: Sequence[int], part: float) -> int | None:
    """Of values in order the least that is not below so large a part of them; ``None`` of nothing."""
    return ordered[max(0, ceil(part * len(ordered)) - 1)] if ordered else None


@dataclass(frozen=True, slots=True)
class Reached:
    """One stage: what became of the ended episodes that had come as far, and what each open one in it is worth."""

    ended: int
    won: int
    worth: Sequence[int]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to be expected, and between what bounds at 95 %."""

    value: float
    low: float
    high: float


def expected(stages: Iterable[Reached]) -> Expected | None:
    """Expected wins (with a worth of 1 each) or amounts; stages of which nothing has ended yet count for nothing.

    :returns: ``None`` where no stage has ended episodes.
    """
    value = variance = most = 0.0
    known = False
    for each in stages:
        if each.ended == 0:
            continue
        known = True
        share, total = each.won / each.ended, sum(each.worth)
        careful = (each.won + 1) / (each.ended + 2)
        value += share * total
        variance += share * (1 - share) * sum(worth * worth for worth in each.worth)
        variance += total * total * careful * (1 - careful) / (each.ended + 2)
        most += total
    if not known:
        return None
    reach = Z * sqrt(variance)
    return Expected(value, max(0.0, value - reach), min(most, value + reach))
