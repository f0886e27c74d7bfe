"""The page on security tells of every line, and of nothing that is not there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security.md"
STATES = {"kept", "in part", "not yet", "does not apply"}
LEFT_OPEN = {"not yet", "does not apply"}


def rows() -> list[list[str]]:
    """The lines of the table, cell by cell: id, what is asked, state, why, tests."""
    found = re.findall(r"^\| (S\d\d) (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [[id, *(cell.strip() for cell in rest.removeprefix("| ").split(" | "))] for id, rest in found]


@cache
def functions(path: str) -> frozenset[str]:
    """The tests of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_line_is_there_and_proven_or_explained() -> None:
    """S01 to S40, in order; what is kept has a test, what is not has a reason, what is in part has both."""
    assert [row[0] for row in rows()] == [f"S{number:02}" for number in range(1, 41)]
    for id, asked, state, why, shown in rows():
        assert asked, id
        assert state in STATES, f"{id}: {state}"
        assert (shown == "-") == (state in LEFT_OPEN), f"{id}: a test is needed, or is too much"
        assert state == "kept" or len(why) > 10, f"{id}: why is it not kept?"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_named_test_exists(row: list[str]) -> None:
    """By file and function; a file alone stands for all of its tests."""
    for name in re.findall(r"`(tests/[^`]+)`", row[4]):
        path, _, function = name.partition("::")
        assert (ROOT / path).is_file(), name
        assert not function or function in functions(path), name
        assert any(each.startswith("test_") for each in functions(path)), name
    assert re.sub(r"`tests/[\w/]+\.py(::test_\w+)?`", "", row[4]).strip(", -") == "", "something is no test"


def test_the_page_can_be_found() -> None:
    """From the README and from where weaknesses are reported."""
    for name in ("README.md", "SECURITY.md"):
        assert "docs/security.md" in (ROOT / name).read_text(encoding="utf-8"), name


def test_the_threat_model_rests_on_the_lines() -> None:
    """Each threat names lines that there are, each line stands against one, and what is aimed at is told."""
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    threats = re.findall(r"^\| (T\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert [threat[0] for threat in threats] == [f"T{number}" for number in range(1, len(threats) + 1)]
    worth = set(re.findall(r"^\| (A\d) \|", text, re.MULTILINE))
    lines = {row[0]: row for row in rows()}
    named = set()
    for id, _, aims, stands, stays in threats:
        assert aims == "all" or set(aims.split(", ")) <= worth, id
        against = re.findall(r"S\d\d", stands)
        assert against, id
        assert set(against) <= lines.keys(), id
        assert stays, id
        named.update(against)
    assert lines.keys() - named == {"S40"}, "a line that stands against nothing, or a threat that is not told"
