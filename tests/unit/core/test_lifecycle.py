"""Two moves of one person, as tables for people to read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.core.lifecycle import (
    BOTH_UNDECLARED,
    Agree,
    Clash,
    Course,
    Refuse,
    Stay,
    Take,
    Verdict,
    Wait,
)
from syncd.core.teams import Membership
from syncd.model.lifecycle import (
    AUTOMATION,
    NEW,
    NOBODY_KNOWN,
    SYSTEM,
    Author,
    AuthorSort,
    Entry,
    FirstLink,
    Move,
    Reason,
    Stage,
    Standing,
    Transition,
    Undeclared,
)
from syncd.model.values import MISSING, SIDES, Missing, Pair, Side
from tests.unit.core.courses import COURSE, NINE, READY, TEAMS, WHO, course

RULES = course()
REVERTS = course(undeclared=Undeclared.REVERT)
STAND_INS = course(unknown=Pair("m", "s"))


def standing(agreed: str | Missing | None, text: str) -> Standing:
    """One side, written as its moves: ``9 m mql, 10 s out timing``. An hour of ``-`` is not known; ``=`` has not moved;
    a stage alone is shown without any history.
    """
    if text == "=":
        assert not isinstance(agreed, Missing)
        return Standing(agreed)
    moves: list[Move] = []
    for words in text.split(", "):
        if " " not in words:
            return Standing(None if words == "none" else words, tuple(moves))
        hour, who, stage, *reason = words.split()
        at = None if hour == "-" else NINE.replace(hour=int(hour))
        moves.append(Move(None if stage == "none" else stage, WHO[who], at, reason[0] if reason else None))
    return Standing(moves[-1].stage, tuple(moves))


def told(verdict: Verdict) -> str:
    """A verdict in the words of the tables below; the cycle is only told where it rose."""
    match verdict:
        case Stay():
            return "stay"
        case Agree(stage, cycle, _):
            return f"agree {stage or 'none'}" + (f", cycle {cycle}" if cycle > 1 else "")
        case Take(side, stage, cycle, _):
            return f"{side}: {stage}" + (f", cycle {cycle}" if cycle > 1 else "")
        case Wait(step):
            return f"wait: {step.side} {step.meaning}"
        case Refuse(step, consequence, agreed):
            return f"{consequence}: {step.side} {step.start or NEW} -> {step.move.stage or 'none'}, back {agreed}"
        case Clash(_, reason):
            return "clash" if "declared" not in reason else f"clash: {reason.rpartition('and ')[2]}"


ONE = [
    # base   marketing           crm                     rules      expected
    # -- nobody moved, or both show the same
    ("mql", "=", "=", RULES, "stay"),
    ("mql", "9 m out", "10 s out timing", RULES, "agree out"),
    ("mql", "sal", "sal", RULES, "agree sal"),
    ("mql", "none", "none", RULES, "agree none"),
    # -- one side moved: along a transition, by somebody who may
    ("lead", "9 m mql", "=", RULES, "marketing: mql"),
    ("mql", "=", "9 s sal", RULES, "crm: sal"),
    ("lead", "9 auto mql", "=", RULES, "marketing: mql"),
    (None, "9 m lead", "none", RULES, "marketing: lead"),
    # -- it is who moved that counts, not where: an SDR of marketing in the CRM, sales in the marketing system
    ("lead", "=", "9 m mql", RULES, "crm: mql"),
    ("mql", "9 s sal", "=", RULES, "marketing: sal"),
    # -- not declared: no such transition, not for this team, not for a stranger, nobody known
    ("lead", "=", "9 s won", RULES, "report: crm lead -> won, back lead"),
    ("lead", "9 m won", "=", REVERTS, "revert: marketing lead -> won, back lead"),
    ("lead", "9 m won", "=", course(undeclared=Undeclared.HOLD), "hold: marketing lead -> won, back lead"),
    ("lead", "9 s mql", "=", RULES, "report: marketing lead -> mql, back lead"),
    ("lead", "9 stranger mql", "=", RULES, "report: marketing lead -> mql, back lead"),
    ("lead", "9 ? mql", "=", RULES, "report: marketing lead -> mql, back lead"),
    ("lead", "mql", "=", RULES, "report: marketing lead -> mql, back lead"),
    (None, "9 m mql", "none", RULES, "report: marketing new -> mql, back None"),
    ("lead", "9 m nonsense", "=", RULES, "report: marketing lead -> nonsense, back lead"),
    ("lead", "9 m none", "=", RULES, "report: marketing lead -> none, back lead"),
    # -- nobody known counts for a team where teams.yaml says so
    ("lead", "mql", "=", STAND_INS, "marketing: mql"),
    ("mql", "=", "- ? sal", STAND_INS, "crm: sal"),
    ("mql", "- ? sal", "=", STAND_INS, "report: marketing mql -> sal, back mql"),
    # -- a reason is missing, or is none of the list; automation needs none
    ("mql", "=", "9 s out", RULES, "wait: crm needs a reason"),
    ("mql", "=", "9 s out whim", RULES, "wait: crm needs a reason"),
    ("mql", "=", "9 s out timing", RULES, "crm: out"),
    ("mql", "=", "9 auto out", RULES, "crm: out"),
    # -- a new cycle
    ("out", "9 m mql", "=", RULES, "marketing: mql, cycle 2"),
    ("mql", "=", "9 s out timing, 10 m mql", RULES, "agree mql, cycle 2"),
    # -- several moves of one side: step by step, or the whole as if made at once
    ("lead", "=", "9 m mql, 10 s sal, 11 s sql", RULES, "crm: sql"),
    ("lead", "9 m won, 10 m mql", "=", RULES, "marketing: mql"),
    ("lead", "9 m mql, 9 m mql", "=", RULES, "marketing: mql"),
    ("lead", "=", "9 m mql, 9 m mql, 10 s sal", RULES, "crm: sal"),
    ("lead", "9 m won, 10 m lead", "=", RULES, "stay"),
    ("lead", "=", "9 m mql, 10 s won", RULES, "report: crm lead -> won, back lead"),
]

BOTH = [
    # base   marketing           crm                     rules      expected
    # -- one went on from where the other had moved to
    ("lead", "9 m mql", "10 s sql", RULES, "crm: sql"),
    ("lead", "9 m mql", "9 s sal", RULES, "crm: sal"),
    ("lead", "- m mql", "10 s sal", RULES, "crm: sal"),
    ("lead", "9 m mql", "10 s sal, 11 s sql", RULES, "crm: sql"),
    ("mql", "11 m mql", "10 s out timing", RULES, "crm: out"),
    ("sal", "11 m mql", "10 s out timing", RULES, "marketing: mql, cycle 2"),
    ("lead", "9 m mql", "10 s out", RULES, "wait: crm needs a reason"),
    # -- or had been through it, whatever the times
    ("lead", "11 m mql", "9 m mql, 10 s sal", RULES, "crm: sal"),
    ("lead", "9 s won", "9 s sql, 10 s won", RULES, "agree won"),
    ("lead", "9 m won", "9 m mql, 10 s sql, 11 s won, 12 s sal", RULES, "report: crm lead -> sal, back lead"),
    # -- but one that is back at the agreed stage has not been through what the other did after that
    ("mql", "9 auto out, 10 m mql", "12 s out timing", RULES, "clash"),
    ("mql", "9 auto out, 10 m mql", "8 s out timing", RULES, "marketing: mql, cycle 2"),
    ("mql", "9 auto out, 10 m mql", "- s out timing", RULES, "marketing: mql, cycle 2"),
    # -- both moved to one place first, then one of them on
    ("lead", "9 m mql, 12 s sal", "9 m mql, 13 s sal, 14 s sql", RULES, "crm: sql"),
    ("lead", "- m mql, - s out timing", "- m mql, - s sal", RULES, "marketing: out"),
    ("lead", "- m mql, - s out timing", "- m mql, - s out timing, - m mql", RULES, "crm: mql, cycle 2"),
    # -- neither went on from the other
    ("mql", "9 s sal", "10 s out timing", RULES, "crm: out"),
    ("mql", "11 s sal", "10 s out timing", RULES, "clash"),
    ("lead", "11 m mql", "10 s sql", RULES, "clash"),
    ("lead", "9 m mql, 10 s out timing", "9 s sql", RULES, "clash"),
    # -- either may have gone on from the other: the times tell, or a person does
    ("lead", "9 m mql", "10 s out timing", RULES, "crm: out"),
    ("lead", "11 m mql", "10 s out", RULES, "marketing: mql, cycle 2"),
    ("lead", "- m mql", "10 s out timing", RULES, "clash"),
    ("lead", "10 m mql", "10 s out timing", RULES, "clash"),
    # -- a move that is not declared is in the way, unless it is to be taken back
    ("mql", "9 m won", "10 s sal", RULES, "clash: the marketing move is not declared"),
    ("mql", "9 m won", "10 s sal", REVERTS, "crm: sal"),
    ("mql", "9 m won", "10 s out", REVERTS, "wait: crm needs a reason"),
    ("mql", "9 m won", "10 m sal", REVERTS, "clash: neither move is declared"),
    ("mql", "none", "10 m sal", RULES, "clash: neither move is declared"),
    # -- the first link: nobody has moved anybody
    (MISSING, "won", "won", RULES, "agree won"),
    (MISSING, "won", "none", RULES, "marketing: won"),
    (MISSING, "none", "won", RULES, "crm: won"),
    (MISSING, "none", "none", RULES, "agree none"),
    (MISSING, "lead", "won", RULES, "clash"),
    (MISSING, "lead", "won", course(first_link=FirstLink.CRM), "crm: won"),
    (MISSING, "lead", "won", course(first_link=FirstLink.MARKETING), "marketing: lead"),
]


@pytest.mark.parametrize(("base", "marketing", "crm", "rules", "expected"), [*ONE, *BOTH])
def test_the_table(base: str | Missing | None, marketing: str, crm: str, rules: Course, expected: str) -> None:
    """Base, both sides' moves, the rules, and what comes of it."""
    sides = Pair(standing(base, marketing), standing(base, crm))
    assert told(rules.decide(base, sides, values=READY)) == expected


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (READY, ""),
        ({"title": "CEO"}, "mql needs email to be filled"),
        ({"email": "a@example.com", "title": "CEO of all"}, "mql wants: title != 'CEO of all'"),
    ],
)
def test_entry_criteria(values: dict[str, str], why: str) -> None:
    """A declared move waits until the person has what the stage asks for, and says what that is."""
    assert RULES.ready("mql", values) == why
    assert RULES.ready("nonsense", values) == RULES.ready("sal", {}) == ""
    verdict = RULES.decide("lead", Pair(standing("lead", "9 m mql"), Standing("lead")), values=values)
    match verdict:
        case Wait(step):
            assert step.why == why
        case _:
            assert (told(verdict), why) == ("marketing: mql", "")


def test_a_criterion_that_stumbles_is_not_met() -> None:
    """An expression without an answer lets nobody in; its own words explain it."""
    stages = (Stage("mql", "MQL", "words", entry=Entry((), "size(title) > 2", "The title is told.")),)
    assert course(stages=stages).ready("mql", {}).startswith("mql wants: The title is told. (")


def test_what_names_an_author_most_exactly_counts_alone() -> None:
    """User before role before queue before profile; one user may serve two teams; case does not matter."""
    membership = Membership(replace(TEAMS, unknown=Pair(None, "s")))

    def teams(**names: str) -> set[str]:
        return set(membership.teams_of(Author(AuthorSort.USER, **names), Side.CRM))

    assert teams(user="PAT@EXAMPLE.COM", role="Marketing") == {"s", "o"}
    assert teams(user="kim@example.com", role="sdr", queue="inbound") == {"m"}
    assert teams(user="kim@example.com", role="Intern", queue="inbound", profile="Standard") == {"s"}
    assert teams(role="AE", profile="Standard") == {"s"}
    assert teams(role="Intern", profile="Standard") == {"m"}
    assert teams(role="Intern") == {"s"}, "whom no team names counts as who is not told"
    assert set(membership.teams_of(Author(AuthorSort.USER, role="Intern"), Side.MARKETING)) == set()
    assert membership.teams_of(AUTOMATION, Side.CRM) == {SYSTEM}
    assert [set(membership.teams_of(NOBODY_KNOWN, side)) for side in SIDES] == [set(), {"s"}]


@pytest.mark.parametrize("first", ["tidied", "rejected"])
@pytest.mark.parametrize(("given", "verdict"), [("timing", "crm: out"), ("double", "crm: out"), (None, "wait: crm")])
def test_whoever_serves_two_teams_may_give_the_reason_of_either(first: str, given: str | None, verdict: str) -> None:
    """Pat is of sales and of operations, each of which has reasons of its own for the same move, in any order."""
    edges = (
        Transition("mql", "out", ("o",), reasons="tidied"),
        Transition("mql", "out", ("s",), reasons="rejected"),
    )
    reasons = {**COURSE.reasons, "tidied": (Reason("double", Pair("Twice", "Duplicate")),)}
    judge = course(transitions=edges if first == "tidied" else edges[::-1], reasons=reasons)
    pat = Author(AuthorSort.USER, user="pat@example.com")
    crm = Standing("out", (Move("out", pat, NINE, given),))
    found = judge.decide("mql", Pair(Standing("mql"), crm), values=READY)
    assert told(found).startswith(verdict)
    if isinstance(found, Wait):
        assert found.step.why.endswith(first), "the first list that is asked for"


def test_a_clash_holds_both_moves_and_their_authors() -> None:
    """What a person needs to decide is in it."""
    verdict = RULES.decide("mql", Pair(standing("mql", "9 m won"), standing("mql", "10 m sal")), values=READY)
    assert isinstance(verdict, Clash)
    assert verdict.reason == BOTH_UNDECLARED
    assert [path[-1].move.author for path in verdict.paths] == [WHO["m"], WHO["m"]]
    assert [path[-1].why for path in verdict.paths] == [
        "mql -> won is not declared",
        "mql -> sal is declared for s; it was made by m",
    ]


def test_the_clock_is_restarted_where_a_transition_says_so() -> None:
    """A path without any such transition lets it run on; one is enough."""
    kept = RULES.decide("mql", Pair(Standing("mql"), standing("mql", "9 s sql")), values=READY)
    anew = RULES.decide("mql", Pair(Standing("mql"), standing("mql", "9 s sql, 10 s won")), values=READY)
    assert isinstance(kept, Take)
    assert isinstance(anew, Take)
    assert (kept.restarts, anew.restarts) == (False, True)
