"""How values, ages and numbers look to a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.cli.out import age, count, say, shown, table
from syncd.model.values import MISSING, Canonical, Missing

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "-"),
        (MISSING, "(not told)"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        ("", ""),
        (("a", "b"), "a, b"),
        ("one\ntwo\x1b[31m\x07", "one two [31m "),
        ("x" * 61, "x" * 57 + "..."),
    ],
)
def test_values_are_one_printable_line(value: Canonical | Missing, expected: str) -> None:
    """Nothing, not told, and the values of a vendor: one line each, no control characters, cut to a length."""
    assert shown(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-5, "0 s"), (42, "42 s"), (180, "3 min"), (7_200, "2 h"), (200_000, "2 days")]
)
def test_ages(seconds: float, expected: str) -> None:
    """An age is told in the unit that fits; a clock that stepped back makes no negative age."""
    assert age(NOW - timedelta(seconds=seconds), NOW) == expected


def test_numbers_agree_with_their_words() -> None:
    """One conflict, two conflicts, thousands with a separator."""
    assert [count(number, "conflict") for number in (0, 1, 1_200)] == ["0 conflicts", "1 conflict", "1,200 conflicts"]


def test_nothing_is_coloured_or_interpreted_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Away from a terminal there is no escape sequence, and brackets of a value stay as they are."""
    say("[red]value[/red] :smile:", style="red")
    table("", ("name",), [("[bold]x[/bold]",)])
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "[red]value[/red] :smile:" in printed
    assert "[bold]x[/bold]" in printed


def test_no_sentence_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a sentence or a cell quotes, a vendor's refusal or what was typed: lines stay lines, and what is not
    printable is a space.
    """
    said = "the values could not be read: \x1b]0;x\x07\u202egnp.\nzürich 東京"
    told = "the values could not be read:  ]0;x  gnp.\nzürich 東京"
    say(said)
    assert capsys.readouterr().out == told + "\n"
    table("", ("name\x1b[2J",), [("a\x1b[2Jb",)])
    assert "\x1b" not in capsys.readouterr().out
