"""The rating: sums of points, decay in whole numbers, grades by thresholds, and a score that is mapped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.expressions import Unclear
from syncd.core.rating import Profiles, Rater, age, decayed, hundredths
from syncd.model.persona import Doubt, Persona, PersonaAnswer
from syncd.model.rating import Decay, GradeRule, Rated, Rating, RatingRule, points_text
from syncd.model.values import stamp

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NAMES = frozenset({"title", "employees", "country", "visit", "score"})
GRADES = (GradeRule("A", 6_000), GradeRule("B", 3_000), GradeRule("C", 1_000), GradeRule("D", None))
BUYER = Persona("buyer", "Buyer", "", "title == 'CEO'", "")
NONE = PersonaAnswer(None)
RATING = Rating(
    GRADES,
    (
        RatingRule("buys", "", "persona == 'buyer'", 3_000),
        RatingRule("large", "", "employees > 100", 2_550),
        RatingRule("abroad", "", "country != null && country != 'DE'", -1_000),
        RatingRule("visited", "", "visit != null", 2_000, Decay("visit", 30)),
    ),
)
RATER = Rater(RATING, NAMES)


def rated(values: dict[str, Any], persona: PersonaAnswer = NONE, **more: Any) -> Rated:
    """A rating at noon."""
    return RATER.rate(values, persona, NOW, **more)


@pytest.mark.parametrize(
    ("values", "buyer", "points", "grade"),
    [
        # buys, large, abroad, visited
        ({"employees": 101, "visit": "2026-03-02"}, True, [3_000, 2_550, 0, 2_000], "A"),  # 75.5
        ({"employees": 101}, True, [3_000, 2_550, 0, 0], "B"),  # 55.5
        ({"employees": 100}, True, [3_000, 0, 0, 0], "B"),  # 30: at the threshold is within
        ({"employees": 101, "country": "FR"}, False, [0, 2_550, -1_000, 0], "C"),  # 15.5
        ({"employees": 1, "country": "FR"}, False, [0, 0, -1_000, 0], "D"),  # -10: the last takes what is left
        ({"employees": 1, "visit": "2026-01-31"}, False, [0, 0, 0, 1_000], "C"),  # 30 days old: half
        ({"employees": 1, "visit": "2026-01-30"}, False, [0, 0, 0, 977], "D"),  # a day more
        ({"employees": 1, "visit": "2026-04-01"}, False, [0, 0, 0, 2_000], "C"),  # still to come: whole
    ],
)
def test_the_sum_and_its_grade(values: dict[str, Any], buyer: Any, points: list[int], grade: str) -> None:
    """Each rule's points, their sum, and the grade whose threshold it reaches."""
    answer = rated(values, PersonaAnswer(BUYER) if buyer else NONE)
    assert [part.points for part in answer.parts] == points
    assert (answer.total, answer.grade, answer.doubts) == (sum(points), grade, 0)


def test_a_rule_without_an_answer_gives_nothing_and_says_why() -> None:
    """An empty number is not a small one: no points, counted apart, and the reason names the field."""
    answer = rated({"visit": "soon"})
    assert answer.total == 0
    assert answer.doubts == 2
    assert "empty: employees" in answer.parts[1].doubt
    assert answer.parts[3].doubt == "visit is no date"
    assert not any(part.holds for part in answer.parts)


def test_a_persona_in_doubt_is_no_other_persona() -> None:
    """Where it is not clear whether somebody is a buyer, no rule about personas has an answer."""
    doubtful = PersonaAnswer(None, (Doubt("buyer", "title is empty"),))
    part = rated({"employees": 1}, doubtful).parts[0]
    assert part.doubt == "persona is not clear (buyer: title is empty)"
    certain = PersonaAnswer(BUYER, (Doubt("boss", "title is empty"),))
    assert rated({"employees": 1}, certain).parts[0].points == 3_000


def test_an_unsettled_field_is_not_an_empty_one() -> None:
    """What both sides differ on gives no answer, in a condition and as the date of a decay."""
    answer = rated({"visit": "2026-03-01", "employees": 1}, unsettled={"country": "differs"})
    assert [part.doubt for part in answer.parts] == ["", "", "country differs", ""]
    always = Rater(Rating(GRADES, (RatingRule("x", "", "true", 500, Decay("visit", 30)),)), NAMES)
    part = always.rate({}, NONE, NOW, unsettled={"visit": "differs"}).parts[0]
    assert (part.holds, part.points, part.doubt) == (False, 0, "visit differs")
    assert always.rate({}, NONE, NOW).parts[0].doubt == "visit is empty"


@pytest.mark.parametrize(
    ("score", "grade", "reason"),
    [
        (60, "A", ""),
        (59, "B", ""),
        (-5, "D", ""),
        ("59.999", "B", ""),  # more decimals than a threshold can have: never rounded up to one
        ("60.0", "A", ""),
        (None, None, "score is empty"),
        ("many", None, "score is no number"),
        ("NaN", None, "score is no number"),
        ("1e999999", None, "score is no number"),
        (("60",), None, "score is no number"),
        (True, None, "score is no number"),
    ],
)
def test_a_mapped_score_is_only_graded(score: Any, grade: str | None, reason: str) -> None:
    """The platform's own score goes through the thresholds; where it is empty or no number there is no grade."""
    answer = Rater(Rating(GRADES, source="score"), NAMES).rate({"score": score}, NONE, NOW)
    assert (answer.grade, answer.reason, answer.parts) == (grade, reason, ())
    assert (answer.total is None) == (grade is None)


def test_a_mapped_score_that_both_sides_differ_on_gives_no_grade() -> None:
    """Neither of two scores is taken."""
    rater = Rater(Rating(GRADES, source="score"), NAMES)
    answer = rater.rate({"score": 60}, NONE, NOW, unsettled={"score": "differs"})
    assert (answer.grade, answer.reason) == (None, "score differs")


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("2026-03-02", 0),
        ("2026-03-01", 1),
        ("2024-03-02", 730),
        ("2027-01-01", 0),
        ("2026-03-01T09:30:00.000Z", 1),  # 24 hours ago, to the second
        ("2026-03-01T09:30:00.001Z", 0),
        ("2026-02-28T23:30:00.000-10:00", 1),
    ],
)
def test_age_in_whole_days(value: str, days: int) -> None:
    """A date against the date in UTC, an instant against the instant; what is to come is 0 days old."""
    assert age(value, NOW) == days


@pytest.mark.parametrize(
    "value", ["", "2026-02-30", "2026-03-01T09:30:00", "yesterday", 7, True, ("2026-03-01",), None]
)
def test_what_has_no_age(value: Any) -> None:
    """What is no date, or has no zone where it needs one, is told and not taken for today."""
    assert isinstance(age(value, NOW), Unclear)


@given(points=st.integers(-100_000_00, 100_000_00), half_life=st.integers(1, 400), days=st.integers(0, 4_000))
def test_decay_is_the_nearest_whole_number(points: int, half_life: int, days: int) -> None:
    """By another way: ``n`` is nearest if 2n-1 <= 2p * 2**(-d/h) < 2n+1, both sides raised to the power of h."""
    found = decayed(points, half_life, days)
    assert found == -decayed(-points, half_life, days)
    nearest, size = abs(found), abs(points)
    limit = (2 * size) ** half_life
    if nearest:
        assert (2 * nearest - 1) ** half_life * 2**days <= limit
    assert limit < (2 * nearest + 1) ** half_life * 2**days


@given(points=st.integers(0, 10_000), half_life=st.integers(1, 90), days=st.integers(0, 400), more=st.integers(0, 400))
def test_decay_never_grows(points: int, half_life: int, days: int, more: int) -> None:
    """Older is worth no more; nothing is lost on the first day, half after a half-life."""
    assert decayed(points, half_life, days) >= decayed(points, half_life, days + more) >= 0
    assert decayed(points, half_life, 0) == points
    assert decayed(2 * points, half_life, half_life) == points


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 500), st.integers(0, 900))
def test_the_sum_is_the_sum_of_its_parts(switches: list[bool], employees: int, days: int) -> None:
    """Whatever the values: the parts add up, and the grade is the best whose threshold the sum reaches."""
    values: dict[str, Any] = {
        "employees": employees if switches[0] else None,
        "country": "FR" if switches[1] else None,
        "visit": stamp(NOW - timedelta(days=days)) if switches[2] else None,
    }
    answer = rated(values, PersonaAnswer(BUYER) if switches[3] else NONE)
    assert answer.total == sum(part.points for part in answer.parts)
    reached = [each.grade for each in GRADES if each.at_least is None or answer.total >= each.at_least]
    assert answer.grade == reached[0]


@pytest.mark.parametrize(
    ("text", "found"), [("1", 100), ("0.005", 0), ("-0.005", -1), ("12.5", 1_250), ("", None), ("inf", None)]
)
def test_numbers_in_hundredths(text: str, found: int | None) -> None:
    """Rounded down, so that no threshold is reached by rounding."""
    assert hundredths(text) == found


def test_points_are_shown_as_people_write_them() -> None:
    """No trailing zeros, no exponent, no minus zero."""
    assert [points_text(each) for each in (0, 100, 1_250, -305, 10_000_000)] == ["0", "1", "12.5", "-3.05", "100000"]


def test_profiles_hand_the_persona_to_the_rating() -> None:
    """Persona first, then the rating that reads it; what is not declared is ``None``, not a grade."""
    both = Profiles([BUYER], RATING, NAMES).of({"title": "CEO", "employees": 1}, NOW)
    assert both.persona is not None
    assert both.persona.key == "buyer"
    assert both.rated is not None
    assert both.rated.parts[0].points == 3_000
    neither = Profiles([], None, NAMES)
    assert not neither.declared
    assert neither.of({}, NOW).persona is None
    assert neither.of({}, NOW).rated is None


FADING = st.lists(
    st.tuples(st.integers(-40, 40).filter(bool), st.integers(1, 60), st.integers(0, 200)), min_size=1, max_size=4
)


@given(FADING, st.integers(-30, 60), st.integers(0, 400))
def test_until_the_day_it_names_the_grade_is_the_same(
    rules: list[tuple[int, int, int]], always: int, later: int
) -> None:
    """However many rules fade, up or down: on no day until then is anybody of another grade."""
    fading = tuple(
        RatingRule(f"r{n}", "", f"d{n} != null", points * 100, Decay(f"d{n}", half_life))
        for n, (points, half_life, _) in enumerate(rules)
    )
    rater = Rater(
        Rating(GRADES, (RatingRule("always", "", "true", always * 100), *fading)),
        frozenset(f"d{n}" for n in range(len(rules))),
    )
    values = {f"d{n}": (NOW - timedelta(days=past)).date().isoformat() for n, (_, _, past) in enumerate(rules)}
    values["d0"] = stamp(NOW - timedelta(days=rules[0][2], hours=3))
    now = rater.rate(values, NONE, NOW)
    until = rater.steady_until(now, NOW)
    assert until is not None
    day = NOW + timedelta(days=later)
    if day.date() <= until:
        assert rater.rate(values, NONE, day).grade == now.grade


def test_a_grade_that_age_cannot_change_is_steady() -> None:
    """Without a rule that fades for good; the lowest grade cannot fall; one that fades knows its day."""
    plain = rated({"employees": 500})
    assert RATER.steady_until(plain, NOW) == date.max
    assert RATER.steady_until(rated({"employees": None, "country": "DE"}), NOW) is not None
    visited = rated({"visit": "2026-03-02", "country": "DE"})
    assert visited.grade == "C"
    assert RATER.steady_until(visited, NOW) == date(2026, 3, 31), "2,000 are 1,000 after thirty days, and a C still"
    assert RATER.steady_until(Rated(None, None, reason="x"), NOW) is None
