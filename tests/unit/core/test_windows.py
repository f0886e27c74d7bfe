"""What the brake allows of kinds that are only ever added to: as of other new records, or five times the usual."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.windows import Allowance, Bound, Windows
from syncd.model.brake import Key, Limit, Limits, Measure, Why

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
LIMITS = {Measure.CREATES: Limit(100, 0.03)}


def allowed(kind: str, flowed: dict[float, int], *, linked: int = 1_000) -> Bound:
    """What a kind may make now. ``flowed``: so many were made so many hours ago."""
    key: Key = (kind, Measure.CREATES, "marketing", "", "")
    windows = Windows()
    for hours, records in sorted(flowed.items(), reverse=True):
        windows.add(NOW - timedelta(hours=hours), [(key, records)])
    limits = Limits(hour=LIMITS, day=LIMITS)
    return Allowance(windows, limits=limits, linked=linked, now=NOW, listed=lambda _name: False).bound(key)


@pytest.mark.parametrize("kind", ["activity", "campaign_member"])
@pytest.mark.parametrize(
    ("flowed", "room", "limit", "why"),
    [
        ({}, 100, 100, Why.DAY),
        ({0.5: 60}, 40, 100, Why.DAY),
        ({20: 60}, 40, 100, Why.DAY),
        ({30: 60}, 100, 100, Why.HOUR),  # neither window reaches back so far; 300 may come in a day by now
        # a week of 240 a day, 10 an hour: 100 in this hour as ever, and 1,200 a day
        ({hour + 0.5: 10 for hour in range(1, 168)}, 100, 100, Why.HOUR),
        # a week of 50 an hour: 250 in this hour, of which 30 came already
        ({0.5: 30, **{hour + 0.5: 50 for hour in range(1, 168)}}, 220, 250, Why.HOUR),
    ],
)
def test_as_many_as_ever_or_five_times_the_usual(
    kind: str, flowed: dict[float, int], room: int, limit: int, why: Why
) -> None:
    """By the trailing hour and the trailing day, whichever leaves less."""
    bound = allowed(kind, flowed)
    assert (bound.room, bound.limit, bound.why) == (room, limit, why)


def test_other_kinds_have_no_usual_rate_of_new_records() -> None:
    """People who are made every day are held at the limit like ever."""
    usual = {hour + 0.5: 4 for hour in range(1, 168)}
    assert allowed("person", usual).room == 100 - 23 * 4
    assert allowed("person", usual, linked=10_000).room == 300 - 23 * 4
