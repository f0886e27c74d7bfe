"""``syncd config migrate``: a diff and exit 1, then files and exit 0, then nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.settings import steps
from syncd.settings.steps import Step
from tests.unit.cli.conftest import Run

STEP = Step(0, "`storage` is called `store`", {"syncd.yaml": lambda sheet: sheet.renamed(("storage",), "store")})


@pytest.fixture
def old(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The main file of a version that never was."""
    monkeypatch.setattr(steps, "STEPS", (STEP,))
    main = folder / "syncd.yaml"
    text = main.read_text(encoding="utf-8").replace("version: 1", "version: 0").replace("store:", "storage:")
    main.write_text(text, encoding="utf-8")
    return main


def test_it_is_shown_then_written_then_done(old: Path, run: Run) -> None:
    """The words that are printed are those to type next."""
    was = old.read_text(encoding="utf-8")
    shown = run("config", "migrate")
    assert shown.code == 1
    assert "from version 0 to 1:\n- `storage` is called `store`\n" in shown.out
    assert f"--- {old}\n+++ {old}\n" in shown.out
    assert "-version: 0\n" in shown.out
    assert "+version: 1\n" in shown.out
    assert f"nothing was written; do it with `syncd --config {old.parent} config migrate --write`" in shown.out
    assert old.read_text(encoding="utf-8") == was
    written = run("config", "migrate", "--write")
    assert written.code == 0
    assert f"wrote {old}; as it was: {old}.version-0" in written.out
    assert Path(f"{old}.version-0").read_text(encoding="utf-8") == was
    again = run("config", "migrate", "--write")
    assert (again.code, again.out) == (
        0, "the configuration is of version 1, which this syncd reads: there is nothing to migrate\n",
    )  # fmt: skip


def test_as_json(old: Path, run: Run) -> None:
    """The same for programs."""
    shown = run("config", "migrate", "--json").json
    assert (shown["since"], shown["to"], shown["written"]) == (0, 1, False)
    assert shown["steps"] == [STEP.says]
    (file,) = shown["files"]
    assert (file["file"], file["kept"]) == (str(old), None)
    (file,) = run("config", "migrate", "--json", "--write").json["files"]
    assert file["kept"] == f"{old}.version-0"


@pytest.mark.parametrize("words", [("check",), ("status",), ("sync",), ("run",)])
def test_whatever_reads_it_names_the_command(old: Path, run: Run, words: tuple[str, ...]) -> None:
    """Exit 2; a check prints it, the start of a daemon logs it."""
    said = run(*words)
    assert said.code == 2
    assert f"`syncd --config {old} config migrate` shows what becomes of the files" in said.out + said.err


def test_a_newer_file_is_refused(old: Path, run: Run) -> None:
    """Exit 2, and what to do."""
    old.write_text(old.read_text(encoding="utf-8").replace("version: 0", "version: 9"), encoding="utf-8")
    said = run("config", "migrate")
    assert said.code == 2
    assert "upgrade syncd" in said.failure["what"]
