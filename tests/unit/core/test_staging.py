"""A stage as it is merged where the lifecycle decides, and what is remembered of a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.lifecycle import Path
from syncd.core.merge import KEEP, NEEDS_MOVES, Agree, Clashing, Seen, Take, Verdict
from syncd.core.staging import Moves, Sights, Staging
from syncd.model.lifecycle import NEW, Agreed, Author, AuthorSort, Journey, Move, Undeclared
from syncd.model.link import Topic
from syncd.model.mapping import FieldMapping, Policy
from syncd.model.values import MISSING, Canonical, FieldType, Pair, Side, Told
from tests.unit.core.courses import COURSE, FIELDS, NINE, READY, TEAMS, WHO

HOUR = timedelta(hours=1)
FIELD = FieldMapping("stage", FieldType.ENUM, Pair({}, {}), policy=Policy.LIFECYCLE)


def staging(undeclared: Undeclared = Undeclared.REPORT) -> Staging:
    """The lifecycle of the tables, with one way with undeclared moves."""
    return Staging(Agreed(replace(COURSE, undeclared=undeclared), TEAMS, tuple(FIELDS)))


def merged(
    agreed: Told,
    marketing: Told,
    crm: Told,
    moves: Moves | None,
    *,
    undeclared: Undeclared = Undeclared.REPORT,
    reason: Told = MISSING,
    unsaid: str = "",
) -> Verdict:
    """The verdict on one person whose sides confirmed what was agreed on."""
    seen = Pair(*(Seen(value, changed=agreed is MISSING or value != agreed) for value in (marketing, crm)))
    values: dict[str, Canonical] = dict(READY)
    sights = Sights(Pair(reason, reason), lambda: values, lambda _side, _stage: unsaid, Journey())
    verdict, _ = staging(undeclared).merge(FIELD, agreed=agreed, seen=seen, moves=moves, sights=sights)
    return verdict


def by(who: str, stage: str, hour: int = 9) -> tuple[Move, ...]:
    """One move of somebody."""
    return (Move(stage, WHO[who], NINE.replace(hour=hour)),)


def test_nobody_is_judged_before_the_author_was_asked_for() -> None:
    """A change on either side asks; none does not, and neither does a first link."""
    assert merged("mql", "mql", "mql", None) is KEEP
    assert merged("mql", "sal", "mql", None) is NEEDS_MOVES
    assert merged("mql", "mql", "sal", None) is NEEDS_MOVES
    assert merged(MISSING, "mql", "mql", None) == Agree("mql")
    assert merged(MISSING, "mql", None, None) == Take(Side.MARKETING, "mql", "lifecycle: first link")


@pytest.mark.parametrize(
    ("undeclared", "unsaid", "verdict"),
    [
        (Undeclared.REPORT, "", Topic.MOVE),
        (Undeclared.HOLD, "", Topic.FIELD),
        (Undeclared.REVERT, "", Take(Side.CRM, "mql", "lifecycle: mql -> won is not declared: put back")),
        (Undeclared.REVERT, "no form", Topic.MOVE),
    ],
)
def test_what_becomes_of_an_undeclared_move(undeclared: Undeclared, unsaid: str, verdict: Take | Topic) -> None:
    """Listed, held, or the agreed stage of the other side written back, if this one has a form for it."""
    found = merged("mql", "won", "mql", Pair(by("m", "won"), ()), undeclared=undeclared, unsaid=unsaid)
    assert (found.topic if isinstance(found, Clashing) else found) == verdict


def test_two_moves_of_which_one_is_not_declared_are_never_settled_by_putting_it_back() -> None:
    """A stage that is put back is settled on both sides as they stand, so the other side must stand there."""
    moves = Pair((*by("stranger", "lead"), *by("stranger", "won", 10)), by("stranger", "lead", 8))
    found = merged("mql", "won", "lead", moves, undeclared=Undeclared.REVERT)
    assert isinstance(found, Clashing)
    assert "the crm side has moved this person, too" in found.reason


@pytest.mark.parametrize(
    ("reason", "travels"), [("timing", True), ("Timing", True), ("TIMING", True), ("x", False), (MISSING, False)]
)
def test_a_reason_by_its_key_or_in_the_words_of_its_side(reason: Told, travels: bool) -> None:
    """The key of a list of values, or the words of a text, in any case."""
    found = merged("mql", "mql", "out", Pair((), by("s", "out")), reason=reason)
    assert isinstance(found, Take) is travels
    if not travels:
        assert isinstance(found, Clashing)
        assert found.topic is Topic.WAITS


def test_a_new_cycle_begins_where_both_sides_came_back_by_themselves() -> None:
    """Marketing takes somebody up again in both systems: nothing is written, and the second cycle is noted once."""
    seen = Pair(*(Seen("mql", changed=True) for _ in Side))
    sights = Sights(Pair(MISSING, MISSING), lambda: dict(READY), lambda _side, _stage: "", Journey(1))
    for moves in (Pair(by("m", "mql"), by("m", "mql", 10)), Pair(by("stranger", "mql"), by("m", "mql", 10))):
        rules = staging()
        verdict, path = rules.merge(FIELD, agreed="out", seen=seen, moves=moves, sights=sights)
        assert verdict == Agree("mql")
        assert arrived(rules, path).cycle == 2
    nobody = Pair(by("stranger", "mql"), by("stranger", "mql", 10))
    _, path = rules.merge(FIELD, agreed="out", seen=seen, moves=nobody, sights=sights)
    assert arrived(rules, path).cycle == 1


def arrived(rules: Staging, path: Path) -> Journey:
    """The journey of somebody in their first cycle who was out, and came to be an MQL on a path."""
    return rules.journey(Journey(1), path, person="L1", before="out", stage="mql", now=NINE)[0]


def test_who_was_never_in_step_came_as_their_vendor_tells() -> None:
    """Judged by nobody; at the first link the way of the side whose stage counts, else the longer of both."""
    rules = staging()
    seen = Pair(Seen("mql", changed=True), Seen("mql", changed=True))
    sights = Sights(Pair(MISSING, MISSING), dict, lambda side, stage: "", Journey())
    asked, _ = rules.merge(FIELD, agreed=MISSING, seen=seen, moves=None, sights=sights, arriving=True)
    assert asked is NEEDS_MOVES
    plain, nobody = rules.merge(FIELD, agreed=MISSING, seen=seen, moves=None, sights=sights)
    assert (plain, [step.move for step in nobody]) == (Agree("mql"), [Move("mql")])
    came = (Move("lead", WHO["stranger"], NINE), Move("mql", WHO["stranger"], NINE + HOUR))
    moves: Pair[tuple[Move, ...]] = Pair(came, ())
    verdict, path = rules.merge(FIELD, agreed=MISSING, seen=seen, moves=moves, sights=sights, arriving=True)
    assert verdict == Agree("mql")
    assert [step.move for step in path] == list(came)
    _, told = rules.journey(Journey(), path, person="L1", before=MISSING, stage="mql", now=NINE + 2 * HOUR)
    assert [(move.at, move.start, move.stage) for move in told] == [(NINE, NEW, "lead"), (NINE + HOUR, "lead", "mql")]


@pytest.mark.parametrize(("owner", "team"), [("s", "s"), ("m", "m"), (None, "m")])
def test_whoever_serves_two_teams_moves_for_the_one_that_has_to_act(owner: str | None, team: str) -> None:
    """Else for the first by name, so that the same move is told alike everywhere."""
    both = replace(TEAMS, teams=(*TEAMS.teams[:1], replace(TEAMS.teams[1], roles=("AE", "SDR"))))
    stages = tuple(replace(each, owner=owner) if each.key == "mql" else each for each in COURSE.stages)
    rules = Staging(Agreed(replace(COURSE, stages=stages), both, tuple(FIELDS)))
    seen = Pair(Seen("mql", changed=False), Seen("sal", changed=True))
    moves: Moves = Pair((), (Move("sal", Author(AuthorSort.USER, role="SDR"), NINE),))
    sights = Sights(Pair(MISSING, MISSING), lambda: dict(READY), lambda _side, _stage: "", Journey())
    _, path = rules.merge(FIELD, agreed="mql", seen=seen, moves=moves, sights=sights)
    (told,) = rules.journey(Journey(1), path, person="L1", before="mql", stage="sal", now=NINE)[1]
    assert told.team == team


STAGES = st.sampled_from(["lead", "mql", "sql"])
WALKS = st.lists(st.tuples(st.integers(1, 4), STAGES, st.integers(0, 10**9)), max_size=8)


@given(walk=WALKS)
def test_a_journey_is_what_its_text_says(walk: list[tuple[int, str, int]]) -> None:
    """It is read as it was written; each stage of each cycle keeps its first time, however often it is entered."""
    journey = Journey()
    first: dict[tuple[int, str], int] = {}
    for cycle, stage, ms in walk:
        first.setdefault((cycle, stage), ms)
        journey = journey.on(stage, NINE + timedelta(milliseconds=ms), cycle=cycle)
    assert Journey.read(journey.text) == journey
    assert {(each.cycle, each.stage): each.at for each in journey.entered} == {
        key: NINE + timedelta(milliseconds=ms) for key, ms in first.items()
    }
    assert Journey.read(None) == Journey.read("") == Journey()
