"""The soak in its smallest form, and that its figures can be wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.model.values import Side
from tests.soak.__main__ import CONFIG, soak
from tests.soak.course import Soak, weeks
from tests.soak.figures import Day, Figures
from tests.soak.world import settle


@pytest.mark.slow
def test_two_days(tmp_path: Path) -> None:
    """Two days of few people: edits arrive, faults fire, nothing grows, and both sides agree in the end."""
    figures = soak(tmp_path, weeks("small", days=2, records=200, faults=4), records=200)
    assert figures.missed() == [], "\n".join(figures.table())
    assert figures.lags
    assert figures.judged > 500
    assert sum(day.faults for day in figures.days) > 0
    assert figures.document()["days"][1]["number"] == 2


def test_who_was_erased_since_somebody_looked_has_nothing(tmp_path: Path) -> None:
    """People look up who is there once an hour; the vendor may erase somebody in between."""
    crowd = Soak(settle(CONFIG, tmp_path, records=3), weeks("s", days=1, records=3), file=tmp_path, records=3).crowd
    gone, left, *_ = crowd.alive(Side.MARKETING, "contacts")
    del crowd.hubspot.portal.store("contacts").records[int(gone[1])]
    assert gone in crowd.alive(Side.MARKETING, "contacts")
    assert crowd.value(Side.MARKETING, gone, "email") is None
    assert crowd.value(Side.MARKETING, left, "email") is not None


def test_weeks_are_a_function_of_the_seed() -> None:
    """The same seed is the same weeks; another is not; one record of a hundred is edited a day."""
    assert weeks("a", days=2, records=1_000) == weeks("a", days=2, records=1_000)
    assert weeks("a", days=2, records=1_000) != weeks("b", days=2, records=1_000)
    assert len(weeks("a", days=3, records=1_000).happenings) == 30


def _days() -> Figures:
    day = Day(number=1, memory=100.0, file=1_000_000, log=0, edits=10, written=20, cycles=9, calls=1_000, failed=20,
              faults=5, kills=0, rows={"request": 1}, seconds=1.0)  # fmt: skip
    return Figures(100, "s", [replace(day, number=number) for number in range(1, 8)], lags=[1.0, 2.0, 3.0])


def test_what_is_flat_is_no_miss() -> None:
    """Days that are alike miss nothing."""
    assert _days().missed() == []


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ({"file": 9_000_000}, "the store grew"),
        ({"memory": 150.0}, "memory grew"),
        ({"failed": 900}, "of the calls failed"),
    ],
    ids=["store", "memory", "errors"],
)
def test_what_grows_is_a_miss(last: dict[str, float], told: str) -> None:
    """A store or a memory that grows by more than was written, and too many failed calls, are told."""
    figures = _days()
    figures.days[-1] = replace(figures.days[-1], **last)  # type: ignore[arg-type]
    (miss,) = figures.missed()
    assert told in miss
    assert any(told in line for line in figures.table())


def test_a_broken_promise_is_a_miss() -> None:
    """What the oracle found is told first."""
    figures = _days()
    figures.broken = ["P1 somewhere: unlike"]
    assert figures.missed() == ["P1 somewhere: unlike"]
