"""The floor that is kept for other programs: how far each lane goes, and which one waits."""

from __future__ import annotations

import pytest

from syncd.core.reserve import DEFAULT, MOST, shares, waiting
from syncd.model.values import Lane

LATER = {Lane.ORDINARY, Lane.BULK}


@pytest.mark.parametrize(
    ("used", "lanes"),
    [(0, set()), (7_999, set()), (8_000, {Lane.BULK}), (8_999, {Lane.BULK}), (9_000, LATER), (10_001, LATER)],
)
def test_bulk_gives_way_first_and_what_is_urgent_never(used: int, lanes: set[Lane]) -> None:
    """A tenth is kept: bulk waits from 80 % used, ordinary work from 90 %, the rest not even beyond the limit."""
    assert waiting(DEFAULT, used=used, limit=10_000) == lanes


def test_a_reserve_of_nothing_keeps_nothing() -> None:
    """All lanes go on to the vendor's own refusal."""
    assert waiting(0, used=10, limit=10) == frozenset()
    assert set(shares(0).values()) == {100}


def test_the_largest_reserve_leaves_bulk_something() -> None:
    """Else a resync would never end."""
    assert shares(MOST)[Lane.BULK] == 10
