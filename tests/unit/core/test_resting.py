"""Windows of the day, digests and planned work, by the clock on the wall of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from syncd.core.resting import next_of, planned, until
from syncd.model.notice import Planned, Window

NIGHT = Window(time(20), time(7), zone="Europe/Berlin")
WEEKEND = Window(time(0), time(0), frozenset({5, 6}), "Europe/Berlin")


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "windows", "end"),
    [
        ("2026-03-02T18:59", [NIGHT], None),
        ("2026-03-02T19:00", [NIGHT], "2026-03-03T06:00"),
        ("2026-03-03T05:59", [NIGHT], "2026-03-03T06:00"),
        ("2026-03-03T06:00", [NIGHT], None),
        ("2026-03-28T19:30", [NIGHT], "2026-03-29T05:00"),  # the clock is set on that night
        ("2026-10-24T18:30", [NIGHT], "2026-10-25T06:00"),  # and back in that one
        ("2026-03-07T12:00", [WEEKEND], "2026-03-08T23:00"),
        ("2026-03-06T20:00", [NIGHT, WEEKEND], "2026-03-09T06:00"),  # Friday evening to Monday morning
        ("2026-03-09T00:30", [WEEKEND], None),
        ("2026-03-04T10:00", [Window(time(9), time(17), frozenset({2}))], "2026-03-04T17:00"),
        ("2026-03-05T10:00", [Window(time(9), time(17), frozenset({2}))], None),
        ("2026-03-05T03:00", [Window(time(22), time(4), frozenset({2}))], "2026-03-05T04:00"),
        ("2026-03-05T03:00", [], None),
    ],
)
def test_until_when_a_window_holds(now: str, windows: list[Window], end: str | None) -> None:
    """Windows that follow each other are one."""
    assert until(at(now), windows) == (at(end) if end else None)


def test_windows_that_cover_all_time_end_some_day() -> None:
    """Somebody wrote one that never ends; it is looked at again, and nothing hangs."""
    assert until(at("2026-03-02T10:00"), [Window(time(0), time(0))]) is not None


@pytest.mark.parametrize(
    ("since", "due"),
    [
        ("2026-03-02T06:59", "2026-03-02T07:00"),
        ("2026-03-02T07:00", "2026-03-02T12:30"),
        ("2026-03-02T12:30", "2026-03-03T07:00"),
        ("2026-03-28T20:00", "2026-03-29T06:00"),
    ],
)
def test_the_next_digest(since: str, due: str) -> None:
    """The first of its times after an instant, across midnight and a change of the clock."""
    assert next_of((time(13, 30), time(8)), "Europe/Berlin", at(since)) == at(due)


def test_planned_work_is_of_its_connections() -> None:
    """Of all where none is named; two that hold are told together."""
    one = Planned(NIGHT, "backup", frozenset({"main"}))
    two = Planned(Window(time(21), time(22), zone="Europe/Berlin"), "indexes")
    now = at("2026-03-02T20:30")
    assert planned(now, "main", [one, two]) == (at("2026-03-03T06:00"), "backup; indexes")
    assert planned(now, "other", [one, two]) == (at("2026-03-02T21:00"), "indexes")
    assert planned(at("2026-03-02T12:00"), "main", [one, two]) is None
