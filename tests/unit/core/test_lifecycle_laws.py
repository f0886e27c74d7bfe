"""What holds of every verdict about a stage, whatever anybody does on either side."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.lifecycle import STAY, Agree, Clash, Course, Path, Refuse, Stay, Take, Verdict, Wait
from syncd.model.lifecycle import NEW, Move, Standing, Undeclared
from syncd.model.values import SIDES, Pair, Side
from tests.unit.core.courses import COURSE, NINE, READY, STAGES, WHO, course

KEYS = st.sampled_from([*STAGES, "nonsense", None])
MOVES = st.builds(
    Move,
    KEYS,
    st.sampled_from(list(WHO.values())),
    st.none() | st.integers(0, 3).map(lambda hours: NINE + timedelta(hours=hours)),
    st.sampled_from([None, "timing"]),
)
SIDE = st.tuples(KEYS, st.lists(MOVES, max_size=3), st.booleans()).map(
    lambda drawn: Standing(drawn[1][-1].stage if drawn[1] and drawn[2] else drawn[0], tuple(drawn[1]))
)
ANY = st.sampled_from(
    [course(undeclared=each, unknown=unknown) for each in Undeclared for unknown in (Pair(None, None), Pair("m", "s"))]
)


def declared(path: Path, agreed: str | None) -> bool:
    """Whether a path leads from the agreed stage by transitions alone, looked up anew and by hand."""
    here = agreed or NEW
    for step in path:
        edges = [each for each in COURSE.transitions if (each.start, each.end) == (here, step.move.stage)]
        if not any(step.teams & set(each.by) for each in edges):
            return False
        here = step.move.stage or NEW
    return True


@settings(max_examples=400, deadline=None)
@given(rules=ANY, agreed=KEYS, cycle=st.integers(1, 5), sides=st.tuples(SIDE, SIDE))
def test_laws(rules: Course, agreed: str | None, cycle: int, sides: tuple[Standing, Standing]) -> None:
    """Nobody is moved by us but by transitions; no stage is invented; what agrees is left alone; cycles never fall."""
    pair = Pair(*sides)
    verdict = rules.decide(agreed, pair, values=READY, cycle=cycle)
    match verdict:
        case Take(side, stage, after, path):
            assert stage == pair.of(side).stage != pair.other(side).stage
            assert path
            assert path[-1].move.stage == stage
            assert declared(path, agreed)
            recycled = sum(step.transition.recycles for step in path if step.transition)
            assert after == cycle + recycled
        case Agree(stage, after, _):
            assert pair.marketing.stage == pair.crm.stage == stage
            assert after >= cycle
            assert rules.decide(stage, Pair(Standing(stage), Standing(stage)), values=READY, cycle=after) is STAY
        case Stay():
            assert pair.marketing.stage == pair.crm.stage == agreed
        case Refuse(step, consequence, back):
            assert consequence is rules.lifecycle.undeclared
            assert back == agreed != pair.of(step.side).stage
            assert not declared((step,), step.start)
        case Wait(step):
            assert step.transition is not None
            assert step.why
        case Clash(paths, reason):
            assert all(path[-1].move.stage == side.stage for path, side in zip(paths, pair, strict=True))
            assert reason


def outline(verdict: Verdict) -> tuple[object, ...]:
    """What a verdict does, without its words, with sides named by what they showed."""
    match verdict:
        case Take(_, stage, cycle, path):
            return "take", stage, cycle, tuple((step.start, step.move) for step in path)
        case Agree(stage, cycle, _):
            return "agree", stage, cycle
        case Wait(step) | Refuse(step, _, _):
            return type(verdict).__name__, step.start, step.move, step.meaning
        case Clash(paths, reason):
            return "clash", {path[-1].move.stage for path in paths}, reason.replace("marketing", "crm")
        case Stay():
            return ("stay",)


@settings(max_examples=400, deadline=None)
@given(agreed=KEYS, undeclared=st.sampled_from(Undeclared), sides=st.tuples(SIDE, SIDE))
def test_swapping_the_sides_swaps_the_verdict(
    agreed: str | None, undeclared: Undeclared, sides: tuple[Standing, Standing]
) -> None:
    """No side is favoured: only the teams that stand in for unknown authors belong to a side."""
    rules = course(undeclared=undeclared, unknown=Pair("m", "s"))
    mirrored = course(undeclared=undeclared, unknown=Pair("s", "m"))
    pair = Pair(*sides)
    one = rules.decide(agreed, pair, values=READY)
    other = mirrored.decide(agreed, pair.swapped(), values=READY)
    assert outline(one) == outline(other)
    if isinstance(one, Take) and isinstance(other, Take):
        assert one.side is other.side.other


EDITS = st.lists(st.tuples(st.sampled_from(SIDES), MOVES), max_size=8)


@settings(max_examples=300, deadline=None)
@given(rules=ANY, edits=st.lists(EDITS, min_size=1, max_size=5))
def test_no_history_of_edits_leads_by_an_undeclared_edge_through_us(
    rules: Course, edits: list[list[tuple[Side, Move]]]
) -> None:
    """People edit both sides at will, several times a cycle; we carry out each verdict. What we write is the agreed
    stage put back, or one that a declared path leads to; then the next decision, without an edit, does nothing more.
    """
    agreed: str | None = None
    trails: dict[Side, list[Move]] = {side: [] for side in SIDES}
    shows: dict[Side, str | None] = dict.fromkeys(SIDES)
    cycle = 1
    for burst in edits:
        for side, move in burst:
            trails[side].append(move)
            shows[side] = move.stage
        for _ in range(3):  # a revert on either side, then what is left
            sides = Pair(*(Standing(shows[side], tuple(trails[side])) for side in SIDES))
            verdict = rules.decide(agreed, sides, values=READY, cycle=cycle)
            match verdict:
                case Take(side, stage, after, path):
                    assert declared(path, agreed)
                    shows[side.other] = stage
                    agreed, cycle = stage, after
                    trails = {each: [] for each in SIDES}
                case Agree(stage, after, _):
                    agreed, cycle = stage, after
                    trails = {each: [] for each in SIDES}
                case Refuse(step, Undeclared.REVERT, back):
                    assert back == agreed
                    shows[step.side] = back
                    trails[step.side] = []
                case _:
                    break
        sides = Pair(*(Standing(shows[side], tuple(trails[side])) for side in SIDES))
        assert not isinstance(rules.decide(agreed, sides, values=READY, cycle=cycle), Take | Agree)
