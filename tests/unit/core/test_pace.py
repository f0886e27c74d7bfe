"""When the day's calls are used up: a table of what a vendor counted, and what may be said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.pace import EVERY, WINDOW, Count, due, outlook, read, with_count, written

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def counted(*rows: tuple[float, int], limit: int = 100_000) -> list[Count]:
    """Counts by minutes from noon and calls used."""
    return [Count(NOON + timedelta(minutes=minutes), used, limit) for minutes, used in rows]


@pytest.mark.parametrize(
    ("rows", "minutes"),
    [
        # an hour of 100 calls a minute from 60,000: 40,000 are left, which are 400 minutes
        ([(-60, 54_000), (-30, 57_000), (0, 60_000)], 400),
        # only the last two hours count: what was slow in the morning does not
        ([(-600, 0), (-120, 10_000), (0, 40_000)], 240),
        # a new day began half an hour ago: the pace is measured from there
        ([(-60, 90_000), (-30, 100), (0, 10_100)], 269.7),
        # calls that come back one by one are part of the pace
        ([(-60, 50_000), (-30, 49_000), (0, 56_000)], 440),
        # the last call is used: from the moment at which it was counted
        ([(-60, 90_000), (-5, 100_000)], -5),
    ],
)
def test_the_hour_is_told(rows: list[tuple[float, int]], minutes: float) -> None:
    """At the pace that was observed, neither sooner nor later."""
    told = outlook(counted(*rows), NOON)
    assert told.known
    assert told.at is not None
    assert (told.at - NOON).total_seconds() / 60 == pytest.approx(minutes, abs=0.1)
    assert not told.lasts


def test_a_lane_that_begins_or_ends_to_wait_is_kept_at_once() -> None:
    """And so is another reserve; else nothing is for five minutes. What an earlier version kept had none."""
    last = Count(NOON, 79_000, 100_000, reserve=10)
    soon = NOON + timedelta(seconds=10)
    assert not due(last, Count(soon, 79_500, 100_000, reserve=10))
    assert due(last, Count(soon, 80_000, 100_000, reserve=10))
    assert due(last, Count(soon, 79_500, 100_000, reserve=20))
    assert read(written([last])) == [last]
    assert read(b"[[1772452800000, 5, 10]]") == [Count(NOON, 5, 10)]


@pytest.mark.parametrize(
    "rows",
    [
        [(-60, 50_000), (0, 50_000)],  # nobody calls
        [(-60, 50_000), (0, 49_000)],  # more come back than are used
        [(-60, 50_000), (0, 51_000)],  # in 49 hours, and no vendor's day is longer than 24
    ],
)
def test_what_lasts_a_day_lasts(rows: list[tuple[float, int]]) -> None:
    """Then new ones come before."""
    told = outlook(counted(*rows), NOON)
    assert told.lasts
    assert told.at is None


@pytest.mark.parametrize(
    "rows",
    [
        [],  # the vendor tells no count
        [(0, 50_000)],  # a start
        [(-15, 0), (0, 50_000)],  # a quarter of an hour, which may be one resync
        [(-60, 90_000), (-10, 10), (0, 5_000)],  # a new day began ten minutes ago
        [(-120, 0), (-60, 50_000), (-31, 60_000)],  # nobody has called for half an hour: now is not then
    ],
)
def test_too_little_is_not_known(rows: list[tuple[float, int]]) -> None:
    """No hour is made up."""
    told = outlook(counted(*rows), NOON)
    assert (told.known, told.at, told.lasts) == (False, None, False)


def test_another_limit_begins_anew() -> None:
    """Somebody bought calls: the share of before says nothing, and the pace is measured from there."""
    before = counted((-60, 80_000), (-30, 95_000))
    after = [Count(NOON - timedelta(minutes=5), 96_000, 200_000), Count(NOON, 97_000, 200_000)]
    assert not outlook([*before, *after], NOON).known


def test_counts_are_kept_every_few_minutes_for_as_long_as_they_count() -> None:
    """And when the calls end or begin again, at once; a count of the future was of a clock that was set back."""
    kept: list[Count] = []
    for minute in range(300):
        count = Count(NOON + timedelta(minutes=minute), minute, 1_000)
        if due(kept[-1] if kept else None, count):
            kept = with_count(kept, count)
    assert [each.used for each in kept] == list(range(170, 300, 5))
    assert kept[-1].at - kept[0].at <= WINDOW + EVERY
    assert read(written(kept)) == kept
    last = kept[-1]
    assert due(last, Count(last.at + timedelta(seconds=1), 1_000, 1_000))
    early = Count(NOON, 1, 1_000)
    assert due(last, early)
    assert with_count(kept, early) == [early]
