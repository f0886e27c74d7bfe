"""YAML by our own rules, with the place of everything."""

from __future__ import annotations

import pytest

from syncd.settings.tree import RealNumber, WholeNumber, parse_tree, scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0012", 12),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("2026-09", "2026-09"),
        ("2026-09-01", "2026-09-01"),
        ("9" * 60, "9" * 60),
    ],
)
def test_scalars_follow_yaml_12(text: str, value: object) -> None:
    """Plain scalars are never guessed to be sexagesimal, dates or the booleans of YAML 1.1."""
    read = parse_tree(f"k: {text}", file="f").get(("k",))
    assert read == value
    assert type(read) is type(scalar(text))


def test_numbers_keep_how_they_were_written() -> None:
    """``64.0`` and ``0012`` can be had back as they stood."""
    tree = parse_tree("a: 64.0\nb: 0012", file="f")
    a, b = tree.get(("a",)), tree.get(("b",))
    assert isinstance(a, RealNumber)
    assert a.raw == "64.0"
    assert isinstance(b, WholeNumber)
    assert b.raw == "0012"


def test_quoted_scalars_are_texts() -> None:
    """Quotes of either kind and block scalars make a text of anything."""
    tree = parse_tree("a: 'true'\nb: \"12\"\nc: |-\n  null\n", file="f")
    assert tree.value == {"a": "true", "b": "12", "c": "null"}


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3:1: the key 'a' again (first in line 1)"),
        ("a: !!int '1'\n", "f:1:4: the tag !!int"),
        ("a: !secret x\n", "f:1:4: the tag !secret"),
        ("a: &x {b: 1}\nc: *x\n", "f:1:4: an anchor that is used again"),
        ("a: {<<: {b: 1}}\n", "f:1:5: a merge key"),
        ("? [a]\n: 1\n", "f:1:3: a key that is no text"),
        ("a: [1\nb: 2\n", "f:2:2: not YAML"),
        ("a:\n\t- b\n", "f:2:1: not YAML"),
        ("a: \x00\n", "f: not YAML"),
    ],
)
def test_what_is_refused(text: str, flaw: str) -> None:
    """Each refusal names the place."""
    found = [str(each) for each in parse_tree(text, file="f").flaws]
    assert any(each.startswith(flaw) for each in found), found


def test_deep_nesting_is_a_flaw_and_no_crash() -> None:
    """Fifty thousand brackets end in a flaw."""
    assert parse_tree("[" * 50_000, file="f").flaws


def test_every_value_has_its_place() -> None:
    """Values and keys are found at their line and column; a missing one at what is around it."""
    tree = parse_tree("a:\n  - b: 1\n    c: 2\n", file="f")
    assert (tree.at(("a", 0, "c")).line, tree.at(("a", 0, "c")).column) == (3, 8)
    assert (tree.at(("a", 0, "c"), key=True).line, tree.at(("a", 0, "c"), key=True).column) == (3, 5)
    assert tree.at(("a", 0, "d")).line == 2


def test_overlay_keeps_places_and_replaces_twins() -> None:
    """What lies over wins with its own place; a secret given there takes the place of its file."""
    under = parse_tree("a: {x: 1, token_file: f}\nb: [1, 2]\n", file="under")
    over = parse_tree("\na: {token: t}\nb: [3]\n", file="over")
    merged = under.overlaid(over)
    assert merged.value == {"a": {"x": 1, "token": "t"}, "b": [3]}
    assert merged.at(("a", "x")).file == "under"
    assert (merged.at(("b", 0)).file, merged.at(("b", 0)).line) == ("over", 3)
