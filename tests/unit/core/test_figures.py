"""Figures over counts: intervals against published values, medians by hand, expectations against chance itself."""

from __future__ import annotations

import random
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.figures import Expected, Reached, Z, expected, median, quantile, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_wilson_as_it_was_published(hits: int, of: int, low: float, high: float) -> None:
    """To four digits."""
    found = wilson(hits, of)
    assert found is not None
    assert (round(found[0], 4), round(found[1], 4)) == (low, high)


def test_wilson_at_its_ends() -> None:
    """None of some and all of some end exactly at 0 and at 1, of however many; one of one is no certainty."""
    ends = [(wilson(0, of), wilson(of, of)) for of in range(1, 200)]
    assert all(none and every and (none[0], every[1]) == (0.0, 1.0) for none, every in ends)
    assert wilson(0, 20) == (0.0, pytest.approx(0.16112515805)) == (0.0, pytest.approx(Z * Z / (20 + Z * Z)))
    assert wilson(1, 1) == (pytest.approx(1 / (1 + Z * Z)), 1.0)
    assert wilson(1, 2) == (pytest.approx(0.0945312057), pytest.approx(0.9054687943))


def test_nothing_has_no_interval_and_no_middle() -> None:
    """Nothing of nothing is not 0 %."""
    assert wilson(0, 0) is None
    assert (median([]), quantile([], 0.9), expected([])) == (None, None, None)


@given(st.integers(0, 500), st.integers(1, 500))
def test_an_interval_holds_its_share(hits: int, more: int) -> None:
    """And lies within 0 and 1; the interval of the misses is its mirror image."""
    of = hits + more
    found, other = wilson(hits, of), wilson(more, of)
    assert found is not None
    assert other is not None
    assert 0 <= found[0] <= hits / of <= found[1] <= 1
    assert found[0] == pytest.approx(1 - other[1], abs=1e-12)


def test_middles() -> None:
    """The mean of the middle two; nine of ten by the nearest rank."""
    assert (median([3]), median([1, 4]), median([1, 2, 9]), median(range(7))) == (3, 2.5, 2, 3)
    assert quantile(range(1, 11), 0.9) == 9
    assert quantile(range(1, 12), 0.9) == 10
    assert quantile([5], 0.9) == 5
    assert (quantile([5, 6], 0.0), quantile([5, 6, 7], 0.5), quantile([5, 6], 1.0)) == (5, 6, 6)


def test_expected_wins_by_hand() -> None:
    """One stage: 10 open, 40 of 100 ended ones were won."""
    share, careful = 0.4, 41 / 102
    reach = Z * sqrt(10 * share * 0.6 + 100 * careful * (1 - careful) / 102)
    found = expected([Reached(100, 40, [1] * 10), Reached(0, 0, [1] * 50)])
    assert found == Expected(pytest.approx(4.0), pytest.approx(4 - reach), pytest.approx(4 + reach))


def test_expected_amounts_of_several_stages_add_up() -> None:
    """Worth by worth and stage by stage, with both parts of the variance; a stage of which nothing ended adds none."""
    early, late = Reached(10, 2, [100, 300]), Reached(4, 3, [50, 70, 80])
    value, variance = 0.0, 0.0
    for share, careful, ended, worth in ((0.2, 3 / 12, 10, early.worth), (0.75, 4 / 6, 4, late.worth)):
        value += share * sum(worth)
        variance += share * (1 - share) * sum(each**2 for each in worth)
        variance += sum(worth) ** 2 * careful * (1 - careful) / (ended + 2)
    reach = Z * sqrt(variance)
    assert value == 230
    assert 230 - reach < 0
    assert 230 + reach < 600
    found = expected([early, Reached(0, 0, [9_000]), late])
    assert found == Expected(pytest.approx(230), 0.0, pytest.approx(230 + reach))
    assert expected([Reached(0, 0, [9_000])]) is None
    assert expected([Reached(1, 0, [5])]) == Expected(0.0, 0.0, pytest.approx(Z * 5 * sqrt(2 / 9 / 3)))


def test_what_is_expected_stays_within_what_can_be() -> None:
    """Not below nothing, not above all that is open."""
    found = expected([Reached(2, 0, [1, 1])])
    assert found is not None
    assert (found.value, found.low) == (0.0, 0.0)
    assert 0 < found.high <= 2
    sure = expected([Reached(2, 2, [700, 300])])
    assert sure is not None
    assert (sure.value, sure.high) == (1_000, 1_000)


def test_the_interval_holds_as_often_as_it_says() -> None:
    """Played 600 times with a chance that is known: at least nine of ten hold, where 95 % should."""
    chance = random.Random(5)
    held = 0
    for _ in range(600):
        true = chance.uniform(0.1, 0.6)
        ended, there = chance.randrange(30, 200), chance.randrange(20, 100)
        won = sum(chance.random() < true for _ in range(ended))
        found = expected([Reached(ended, won, [1] * there)])
        assert found is not None
        held += found.low <= sum(chance.random() < true for _ in range(there)) <= found.high
    assert held >= 540
