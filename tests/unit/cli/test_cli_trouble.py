"""``syncd demo`` and ``syncd simulate``: the list of troubles, and what is refused before anything starts."""

from __future__ import annotations

from pathlib import Path

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


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_report_that_cannot_be_written_is_exit_2(run: Run, tmp_path: Path, command: str) -> None:
    """Told before a second is played, as a sentence."""
    said = run(command, "--report", str(tmp_path / "nope" / "x"))
    assert said.code == 2
    assert (
        "nope/x cannot be written (No such file or directory); name a file in a folder of yours" in said.failure["what"]
    )
    assert said.out == ""


def test_a_folder_that_cannot_be_made_is_exit_2(run: Run, tmp_path: Path) -> None:
    """Here below a file, as in a folder of somebody else's; the same sentence for the demo and for a trouble."""
    (tmp_path / "file").touch()
    said = run("demo", "--trouble", "merge", "--keep", str(tmp_path / "file" / "kept"))
    assert said.code == 2
    assert "cannot be made" in said.failure["what"]
