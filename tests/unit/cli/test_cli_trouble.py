"""``syncd demo --trouble``: the list, and what is refused before anything starts."""

from __future__ import annotations

import pytest

from syncd.lab.troubles import TROUBLES
from tests.unit.cli.conftest import Run


def test_the_ten_are_listed(run: Run) -> None:
    """A line each, which begins with the name to type; nothing is started."""
    said = run("demo", "--trouble", "list")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == list(TROUBLES)
    assert len(TROUBLES) == 10


@pytest.mark.parametrize(("name", "hint"), [("merg", "; did you mean merge?"), ("nope", ";")])
def test_a_name_that_is_not_known_is_exit_2(run: Run, name: str, hint: str) -> None:
    """With the nearest, if one is near, and the way to see all, as one sentence; nothing is started."""
    said = run("demo", "--trouble", name)
    assert said.code == 2
    assert said.failure["what"] == f"--trouble: there is no {name}{hint} `syncd demo --trouble list` shows all"
