"""What the record says of moves, read back; and the words by which it is told that something cannot be known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syncd.core.lifecycle import Meaning, Step
from syncd.core.move_words import Spotted, Travelled, put_back, spotted, step_told, travelled, way_told
from syncd.model.lifecycle import AUTOMATION, NOBODY_KNOWN, Author, AuthorSort, Move
from syncd.model.values import Side

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PAT = Author(AuthorSort.USER, user="pat@example.com", role="SDR")


def step(start: str | None, stage: str | None, *teams: str, move: Move | None = None, why: str = "") -> Step:
    """One judged step in Salesforce."""
    made = move or Move(stage, PAT, AT)
    return Step(Side.CRM, start, made, frozenset(teams), Meaning.DECLARED, why=why)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ((step(None, "mql", "marketing"),), (Travelled("new", "mql", frozenset({"marketing"})),)),
        (
            (step("mql", "sql", "sales", "marketing"), step("sql", "customer", "system")),
            (
                Travelled("mql", "sql", frozenset({"marketing", "sales"})),
                Travelled("sql", "customer", frozenset({"system"})),
            ),
        ),
        ((step("mql", "sql"),), (Travelled("mql", "sql", frozenset()),)),
    ],
)
def test_the_rule_of_a_write_tells_its_way(path: tuple[Step, ...], told: tuple[Travelled, ...]) -> None:
    """What an audit was told of a way is read back as that way."""
    assert travelled(f"lifecycle: {way_told(path)}") == told


@pytest.mark.parametrize("rule", ["changed", "lifecycle: first link", "lifecycle: a -> b is not declared: put back"])
def test_other_rules_tell_no_way(rule: str) -> None:
    """Neither do a first link and a step that was put back."""
    assert travelled(rule) == ()
    assert put_back(rule) == (("a", "b") if rule.endswith("back") else None)


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        (step("mql", "sql", why="needs a reason"), Spotted("mql", "sql", Side.CRM, "pat@example.com", AT)),
        (step(None, "sql"), Spotted("new", "sql", Side.CRM, "pat@example.com", AT)),
        (step("a", None, move=Move(None, AUTOMATION)), Spotted("a", None, Side.CRM, "the vendor's automation", None)),
        (step("a", "b", move=Move("b", NOBODY_KNOWN), why="x (y)"), Spotted("a", "b", Side.CRM, "nobody known", None)),
    ],
)  # fmt: skip
def test_a_listed_move_tells_its_author(judged: Step, told: Spotted) -> None:
    """What people are told of a move is read back: from where to where, on which side, by whom and when."""
    assert spotted(f"not declared: {step_told(judged)}") == (told,)
    assert spotted(f"{step_told(judged)}; {step_told(judged)}") == (told, told)
