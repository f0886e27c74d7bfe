"""Who is looked at first among those whom a vendor refuses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncd.model.heat import UNRATED, LeadHeat, heat_at
from syncd.model.values import Lane

POINTS = st.none() | st.integers(-(10**12), 10**12)


def test_points_come_before_lanes_and_those_without_come_last() -> None:
    """The hottest first; of equals an opt-out, then a handoff; nobody rated is behind the coldest."""
    order = [
        LeadHeat("A", 9_000, Lane.BULK),
        LeadHeat("B", 5_000, Lane.OPT_OUT),
        LeadHeat("B", 5_000, Lane.HANDOFF),
        LeadHeat("B", 5_000),
        LeadHeat("D", -2_000, Lane.OPT_OUT),
        LeadHeat(None, None, Lane.OPT_OUT),
        UNRATED,
    ]
    ranks = [each.rank for each in order]
    assert ranks == sorted(set(ranks))


@given(POINTS, st.sampled_from(Lane))
def test_a_place_tells_what_it_is_made_of(points: int | None, lane: Lane) -> None:
    """The store keeps the place and the grade alone."""
    heat = LeadHeat("A", points, lane)
    assert heat_at(heat.rank, "A") == heat
    assert 0 <= heat.rank < 2**63


def test_a_score_beyond_all_measure_has_a_place() -> None:
    """A mapped score may be any number."""
    assert LeadHeat("A", 10**30).rank == LeadHeat("A", 10**12).rank
    assert LeadHeat("D", -(10**30)).rank < UNRATED.rank
