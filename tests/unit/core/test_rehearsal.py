"""What would become of moves, in one word and in words for people."""

from __future__ import annotations

import pytest

from syncd.core.lifecycle import NEVER_AGREED, Course
from syncd.core.rehearsal import Fate, Rehearsed, rehearse
from syncd.model.lifecycle import Author, AuthorSort, Move, Undeclared
from syncd.model.values import MISSING, Missing, Pair
from tests.unit.core.courses import NINE, READY, WHO, course

RULES = course()
PAT = Author(AuthorSort.USER, user="pat@example.com")


def moves(*told: str) -> tuple[Move, ...]:
    """Moves like ``s sal`` or ``s out timing``, an hour apart."""
    found: list[Move] = []
    for number, words in enumerate(told):
        who, stage, *reason = words.split()
        author = PAT if who == "pat" else WHO[who]
        found.append(Move(stage, author, NINE.replace(hour=9 + number), reason[0] if reason else None))
    return tuple(found)


APART = "both sides moved this person, and neither move is declared"


@pytest.mark.parametrize(
    ("rules", "agreed", "marketing", "crm", "expected"),
    [
        (RULES, "mql", (), (), Rehearsed(Fate.ALLOWED, "mql", 4, "nobody is moved by it")),
        (RULES, MISSING, (), (), Rehearsed(Fate.ALLOWED, None, 4, "both sides show it")),
        (RULES, "mql", ("m out",), ("s out timing",), Rehearsed(Fate.ALLOWED, "out", 4, "both sides show it")),
        (RULES, "mql", (), ("s sal",), Rehearsed(Fate.ALLOWED, "sal", 4, "mql -> sal by s")),
        (RULES, None, ("m lead",), (), Rehearsed(Fate.ALLOWED, "lead", 4, "new -> lead by m")),
        (RULES, "out", ("m mql",), (), Rehearsed(Fate.ALLOWED, "mql", 5, "out -> mql by m")),
        (RULES, "mql", (), ("pat sal",), Rehearsed(Fate.ALLOWED, "sal", 4, "mql -> sal by o, s")),
        (
            RULES, "lead", (), ("m mql", "s sal"),
            Rehearsed(Fate.ALLOWED, "sal", 4, "lead -> mql by m; mql -> sal by s"),
        ),
        (
            RULES, "mql", (), ("s out",),
            Rehearsed(Fate.WAITS, "mql", 4, "mql -> out needs a reason of the list rejected"),
        ),
        (RULES, "lead", ("m won",), (), Rehearsed(Fate.REFUSED, "lead", 4, "lead -> won is not declared")),
        (
            course(undeclared=Undeclared.HOLD), "lead", ("m won",), (),
            Rehearsed(Fate.HELD, "lead", 4, "lead -> won is not declared"),
        ),
        (
            course(undeclared=Undeclared.REVERT), "lead", ("m won",), (),
            Rehearsed(Fate.PUT_BACK, "lead", 4, "lead -> won is not declared"),
        ),
        (
            RULES, "mql", ("m won",), ("m sal",),
            Rehearsed(Fate.HELD, "mql", 4, f"{APART}: mql -> won is not declared; mql -> sal is declared for s; "
                      "it was made by m"),
        ),
        (
            RULES, MISSING, ("m won",), ("m sal",),
            Rehearsed(Fate.HELD, None, 4, f"{NEVER_AGREED}: found there at the first link; "
                      "found there at the first link"),
        ),
        (
            RULES, "mql", ("s sal",), ("stranger sql", "s sal", "s out timing"),
            Rehearsed(Fate.ALLOWED, "out", 4, "mql -> out by s"),
        ),
    ],
)  # fmt: skip
def test_the_fate_of_moves(
    rules: Course,
    agreed: str | Missing | None,
    marketing: tuple[str, ...],
    crm: tuple[str, ...],
    expected: Rehearsed,
) -> None:
    """Where somebody is, what both sides did since, and what comes of it; the cycle was the fourth one."""
    found = rehearse(rules, agreed, Pair(moves(*marketing), moves(*crm)), values=READY, cycle=4)
    assert found == expected


def test_the_first_cycle_and_the_entry_criteria() -> None:
    """Nobody says which cycle it is: the first one. Criteria are held against the values that are given."""
    entered = Pair(moves("m mql"), moves())
    assert rehearse(RULES, "lead", entered, values=READY) == Rehearsed(Fate.ALLOWED, "mql", 1, "lead -> mql by m")
    found = rehearse(RULES, "lead", entered, values={})
    assert found == Rehearsed(Fate.WAITS, "lead", 1, "mql needs email to be filled")
