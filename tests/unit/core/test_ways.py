"""How somebody came where they are: for the record, in words for people, and every part of a verdict about it."""

from __future__ import annotations

import pytest

from syncd.core.lifecycle import (
    APART,
    BOTH_UNDECLARED,
    EITHER_WAY,
    NEVER_AGREED,
    ONE_UNDECLARED,
    Agree,
    Clash,
    Meaning,
    Refuse,
    Step,
    Take,
    Verdict,
    Wait,
    moved_by_hand,
)
from syncd.core.move_words import unfilled
from syncd.model.lifecycle import (
    NOBODY_KNOWN,
    SYSTEM,
    Author,
    AuthorSort,
    Entry,
    Move,
    Stage,
    Standing,
    Transition,
    Undeclared,
)
from syncd.model.values import MISSING, SIDES, Missing, Pair, Side
from tests.unit.core.courses import COURSE, NINE, READY, WHO, course
from tests.unit.core.test_lifecycle import RULES, standing

CRM, MARKETING = Side.CRM, Side.MARKETING


def decided(agreed: str | Missing | None, marketing: str, crm: str, *, cycle: int = 1) -> Verdict:
    """A verdict in the usual course."""
    sides = Pair(standing(agreed, marketing), standing(agreed, crm))
    return RULES.decide(agreed, sides, values=READY, cycle=cycle)


def edge(start: str, end: str) -> Transition:
    """The first declared move between two stages."""
    return next(each for each in COURSE.transitions if (each.start, each.end) == (start, end))


def step(text: str, start: str | None, teams: str, meaning: Meaning, side: Side = CRM, why: str = "") -> Step:
    """One judged move of a side; declared ones with their transition."""
    move = standing(start, text).moves[-1]
    known = meaning in {Meaning.DECLARED, Meaning.NO_REASON, Meaning.NOT_READY}
    transition = edge(start or "new", str(move.stage)) if known else None
    return Step(side, start, move, frozenset(teams.split()), meaning, transition, why)


@pytest.mark.parametrize(
    ("text", "start", "teams", "meaning", "why"),
    [
        ("9 s sal", "mql", "s", Meaning.DECLARED, ""),
        ("9 auto mql", "lead", SYSTEM, Meaning.DECLARED, ""),
        ("9 m lead", None, "m", Meaning.DECLARED, ""),
        ("9 s won", "lead", "s", Meaning.UNDECLARED, "lead -> won is not declared"),
        ("9 m none", "lead", "m", Meaning.UNDECLARED, "lead -> no stage is not declared"),
        ("9 m won", None, "m", Meaning.UNDECLARED, "new -> won is not declared"),
        ("9 m sal", "mql", "m", Meaning.UNDECLARED, "mql -> sal is declared for s; it was made by m"),
        ("9 stranger mql", "lead", "", Meaning.UNDECLARED,
         "lead -> mql is declared for m, system; it was made by somebody whom no team names"),
        ("9 m out", "mql", "m", Meaning.UNDECLARED, "mql -> out is declared for s, system; it was made by m"),
        ("9 s out", "mql", "s", Meaning.NO_REASON, "mql -> out needs a reason of the list rejected"),
        ("9 s out whim", "mql", "s", Meaning.NO_REASON,
         "mql -> out was given a reason that is not of the list rejected"),
        ("9 s out timing", "mql", "s", Meaning.DECLARED, ""),
    ],
)  # fmt: skip
def test_each_part_of_a_judged_move(text: str, start: str | None, teams: str, meaning: Meaning, why: str) -> None:
    """Where it began, in whose name, what it is in the light of the transitions, and why in words for people."""
    for side in SIDES:
        (found,) = RULES.way(side, standing(start, text)) if start is None else walked(side, start, text)
        assert found == step(text, start, teams, meaning, side, why)


def walked(side: Side, start: str, text: str) -> tuple[Step, ...]:
    """The path of one side in a verdict that holds it."""
    sides = Pair(Standing("nonsense"), Standing("nonsense")).replacing(side, standing(start, text))
    verdict = RULES.decide(start, sides, values=READY)
    assert isinstance(verdict, Clash)
    return verdict.paths.of(side)


def test_several_teams_are_told_in_order() -> None:
    """Of those who may, as they are declared and each once; of those who did, by name."""
    edges = (Transition("lead", "won", ("o", "x")), Transition("lead", "won", ("x", "a")))
    rules = course(transitions=edges)
    pat = Move("won", Author(AuthorSort.USER, role="AE"), NINE)
    refused = rules.decide("lead", Pair(Standing("won", (pat,)), Standing("lead")), values=READY)
    assert isinstance(refused, Refuse)
    assert refused.step.why == "lead -> won is declared for o, x, a; it was made by s"
    both = course(transitions=(Transition("lead", "won", ("m",)),))
    two = Move("won", Author(AuthorSort.USER, user="pat@example.com"), NINE)
    refused = both.decide("lead", Pair(Standing("won", (two,)), Standing("lead")), values=READY)
    assert isinstance(refused, Refuse)
    assert refused.step.why == "lead -> won is declared for m; it was made by o, s"


TO_MQL, TO_SAL = step("9 m mql", "lead", "m", Meaning.DECLARED), step("10 s sal", "mql", "s", Meaning.DECLARED)


def test_every_part_of_a_verdict() -> None:
    """Whose stage it is, in which cycle, on which path; what is refused or waits, and where a side goes back to."""
    taken = decided("lead", "=", "9 m mql, 10 s sal", cycle=3)
    assert taken == Take(CRM, "sal", 3, (TO_MQL, TO_SAL))
    again = decided("out", "9 m mql", "=", cycle=3)
    assert again == Take(MARKETING, "mql", 4, (step("9 m mql", "out", "m", Meaning.DECLARED, MARKETING),))
    agreed = decided("lead", "9 m mql", "10 m mql", cycle=3)
    first, second = (step(text, "lead", "m", Meaning.DECLARED, side) for text, side in
                     (("9 m mql", MARKETING), ("10 m mql", CRM)))  # fmt: skip
    assert agreed == Agree("mql", 3, Pair((first,), (second,)))
    why = "lead -> won is not declared"
    undeclared = step("9 m won", "lead", "m", Meaning.UNDECLARED, MARKETING, why)
    assert decided("lead", "9 m won", "=") == Refuse(undeclared, Undeclared.REPORT, "lead")
    waits = step("9 s out", "mql", "s", Meaning.NO_REASON, CRM, "mql -> out needs a reason of the list rejected")
    assert decided("mql", "=", "9 s out") == Wait(waits)
    lacking = RULES.decide("lead", Pair(standing("lead", "9 m mql"), Standing("lead")), values={})
    needs = "mql needs email to be filled"
    assert lacking == Wait(step("9 m mql", "lead", "m", Meaning.NOT_READY, MARKETING, needs))
    assert unfilled(f"waits: {needs}; sal needs a, b to be filled") == {"mql", "sal"}
    assert unfilled("mql wants: title") == frozenset()
    assert decided(MISSING, "won", "none", cycle=3) == Take(MARKETING, "won", 3)
    assert decided(MISSING, "won", "won", cycle=3) == Agree("won", 3)


@pytest.mark.parametrize(
    ("agreed", "marketing", "crm", "reason"),
    [
        ("mql", "11 s sal", "10 s out timing", APART),
        ("lead", "- m mql", "10 s out timing", EITHER_WAY),
        ("mql", "9 m won", "10 s sal", ONE_UNDECLARED.format(side="marketing")),
        ("mql", "9 s sal", "10 m won", ONE_UNDECLARED.format(side="crm")),
        ("mql", "9 m won", "10 m sal", BOTH_UNDECLARED),
    ],
)
def test_why_two_moves_clash(agreed: str, marketing: str, crm: str, reason: str) -> None:
    """With the path of each side, from where both agreed to be."""
    verdict = decided(agreed, marketing, crm)
    assert isinstance(verdict, Clash)
    assert verdict.reason == reason
    for path, side, text in zip(verdict.paths, SIDES, (marketing, crm), strict=True):
        assert [(each.side, each.start, each.move) for each in path] == [
            (side, agreed, standing(agreed, text).moves[-1])
        ]


def test_who_was_never_in_step_is_shown_on_both_sides() -> None:
    """In the form of steps, so that people see where each was found."""
    verdict = decided(MISSING, "lead", "won")
    found = Pair(*(
        (Step(side, None, Move(stage), frozenset(), Meaning.UNDECLARED, None, "found there at the first link"),)
        for side, stage in ((MARKETING, "lead"), (CRM, "won"))
    ))  # fmt: skip
    assert verdict == Clash(found, NEVER_AGREED)


@pytest.mark.parametrize(
    ("marketing", "crm", "came"),
    [
        ("none", "none", []),
        ("9 m lead", "none", [(MARKETING, None, "lead")]),
        # -- a stage that one side shows after the other does is a copy of that move
        ("9 m lead", "10 s lead", [(MARKETING, None, "lead")]),
        ("10 m lead", "9 s lead", [(CRM, None, "lead")]),
        ("9 m lead, 11 m mql", "10 s lead, 12 s mql", [(MARKETING, None, "lead"), (MARKETING, "lead", "mql")]),
        (
            "9 m lead, 10 m mql",
            "11 s sal",
            [(MARKETING, None, "lead"), (MARKETING, "lead", "mql"), (CRM, "mql", "sal")],
        ),
        # -- back again is a move of its own
        (
            "9 m mql, 11 m mql",
            "10 s out",
            [(MARKETING, None, "mql"), (CRM, "mql", "out")],
        ),
        # -- of what nobody can date only what no history tells is taken up, last
        ("lead", "9 s mql", [(CRM, None, "mql"), (MARKETING, "mql", "lead")]),
        ("mql", "9 s mql, 10 s sal", [(CRM, None, "mql"), (CRM, "mql", "sal")]),
        ("mql", "sal", [(MARKETING, None, "mql"), (CRM, "mql", "sal")]),
    ],
)
def test_how_somebody_came_whom_others_keep_in_step(
    marketing: str, crm: str, came: list[tuple[Side, str | None, str]]
) -> None:
    """Both histories as one way."""
    path = RULES.beheld(Pair(standing(None, marketing), standing(None, crm)))
    assert [(each.side, each.start, each.move.stage) for each in path] == came


def test_when_a_person_moved_somebody_last() -> None:
    """As a vendor dates it; automation is nobody's hand, and what has no date tells nothing."""
    at = [NINE.replace(hour=hour) for hour in (9, 10, 11)]
    path = RULES.way(CRM, standing(None, "9 m lead, 10 m mql, 11 auto out"))
    assert moved_by_hand(path) == at[1]
    assert moved_by_hand(path[::-1]) == at[1]
    assert moved_by_hand(path[:1]) == at[0]
    assert moved_by_hand(path[2:]) is None
    assert moved_by_hand(RULES.way(CRM, standing(None, "- m lead"))) is None
    assert moved_by_hand(RULES.way(CRM, standing(None, "11 stranger lead"))) == at[2]
    assert moved_by_hand(()) is None


def test_what_a_stage_asks_for() -> None:
    """The fields that must be filled, then those that its condition reads; nothing of a stage that is not declared."""
    stages = (
        Stage("mql", "MQL", "words", entry=Entry(("email",), "title != 'CEO'")),
        Stage("sal", "SAL", "words", entry=Entry((), "title != ''", "A title.")),
        Stage("sql", "SQL", "words", entry=Entry(("title", "email"))),
    )
    rules = course(stages=stages)
    asked = {stage: rules.asked_for(stage) for stage in ("mql", "sal", "sql", "nonsense")}
    assert asked == {"mql": ("email", "title"), "sal": ("title",), "sql": ("title", "email"), "nonsense": ()}
    for stage, values, why in (
        ("sql", {}, "sql needs title, email to be filled"),
        ("sql", {"title": ""}, "sql needs email to be filled"),
        ("sal", {"title": ""}, "sal wants: A title."),
        ("mql", {"email": "a", "title": "CEO"}, "mql wants: title != 'CEO'"),
        ("mql", {"email": "a", "title": "x"}, ""),
    ):
        assert rules.ready(stage, values) == why


def test_what_no_history_tells_was_done_by_nobody_known() -> None:
    """A stage that is shown without a move that leads there."""
    (found,) = RULES.way(CRM, Standing("lead"))
    assert found.move == Move("lead", NOBODY_KNOWN)
    assert [each.move for each in RULES.way(CRM, standing(None, "9 m lead, mql"))] == [
        Move("lead", WHO["m"], NINE), Move("mql", NOBODY_KNOWN)
    ]  # fmt: skip
    assert RULES.way(CRM, Standing(None)) == ()
