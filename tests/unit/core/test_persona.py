"""Personas: the first that holds, and doubt kept apart from no."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.core.persona import Personas
from syncd.model.persona import Persona

NAMES = frozenset({"title", "employees", "country"})
BOSS, LARGE, GERMAN = (
    Persona(key, key.title(), "", when, "product marketing")
    for key, when in (
        ("boss", "title == 'CEO'"),
        ("large", "employees > 100"),
        ("german", "country == 'DE'"),
    )
)
PERSONAS = Personas([BOSS, LARGE, GERMAN], NAMES)


@pytest.mark.parametrize(
    ("values", "key", "doubts"),
    [
        # the first that holds, though a later one does too
        ({"title": "CEO", "employees": 500, "country": "DE"}, "boss", []),
        ({"title": "CTO", "employees": 500, "country": "DE"}, "large", []),
        ({"title": "CTO", "employees": 5, "country": "DE"}, "german", []),
        # none, for certain
        ({"title": "CTO", "employees": 5, "country": "FR"}, None, []),
        # an empty title is no CEO: == has an answer; > has none for an empty number
        ({"employees": 500}, "large", []),
        ({"title": "CTO", "country": "DE"}, "german", ["large"]),
        # nobody knows: none holds, but one may
        ({"title": "CTO", "country": "FR"}, None, ["large"]),
        # what comes after the first that holds is not asked
        ({"title": "CEO"}, "boss", []),
    ],
)
def test_the_first_that_holds(values: dict[str, Any], key: str | None, doubts: list[str]) -> None:
    """The order of the file decides; a condition without an answer is a doubt and stops nothing."""
    answer = PERSONAS.answer(values)
    assert (answer.key, [doubt.key for doubt in answer.doubts]) == (key, doubts)
    assert bool(answer.doubt) == (key is None and bool(doubts))


def test_a_doubt_says_why_without_values() -> None:
    """The reason names the empty field and no value."""
    answer = PERSONAS.answer({"title": "secret", "country": "FR"})
    assert "empty: employees" in answer.doubt
    assert "secret" not in answer.doubt
    assert "FR" not in answer.doubt


def test_a_field_without_a_settled_value_is_a_doubt() -> None:
    """Both sides differ on the title: whether they are the boss has no answer, and the reason is told."""
    answer = PERSONAS.answer({"employees": 5, "country": "FR"}, unsettled={"title": "differs"})
    assert [tuple(doubt) for doubt in answer.doubts] == [("boss", "title differs")]
    assert answer.doubt == "boss: title differs"


def test_nobody_without_personas() -> None:
    """Without personas everybody has none, for certain."""
    assert Personas([], NAMES).answer({"title": "CEO"}).key is None


def test_a_condition_that_does_not_compile_is_refused() -> None:
    """A name that is no shared field is an error of whoever did not check."""
    with pytest.raises(ValueError, match="unknown field"):
        Personas([Persona("x", "X", "", "persona == 'x'", "")], NAMES)
