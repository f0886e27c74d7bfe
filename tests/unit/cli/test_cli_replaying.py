"""``syncd sandbox --load FOLDER --people``: what the words mean, what is refused, and what is left to look at."""

from __future__ import annotations

import csv
import threading
from pathlib import Path

import pytest

from sandbox.olist_files import DEAL_COLUMNS, DEALS_FILE, LEAD_COLUMNS, LEADS_FILE
from syncd.cli import stand_ins
from syncd.cli.main import main
from syncd.cli.replaying import people_at_work
from tests.scenarios.test_replay import made_up
from tests.unit.cli.conftest import Run, Said


@pytest.fixture
def funnel(tmp_path: Path) -> Path:
    """A folder of the files' shape."""
    rows = made_up()
    for name, columns, told in ((LEADS_FILE, LEAD_COLUMNS, rows.leads), (DEALS_FILE, DEAL_COLUMNS, rows.deals)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(told.values())
    return tmp_path


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["sandbox", "--load", "X", "--people"], ["sandbox", "--load", "X", "--play"]),
        (["sandbox", "--people", "--load", "X"], ["sandbox", "--play", "--load", "X"]),
        (["sandbox", "--people", "40"], ["sandbox", "--people", "40"]),
        (["sandbox", "--people=40"], ["sandbox", "--people=40"]),
        (["sandbox", "--people", "-1"], ["sandbox", "--people", "-1"]),
        (["demo", "--people"], ["demo", "--people"]),
        ([], []),
    ],
)
def test_people_without_a_number_are_those_of_the_funnel(words: list[str], meant: list[str]) -> None:
    """With one it is how many there are to be; other commands keep their words."""
    assert people_at_work(words) == meant


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls the program as whoever has no configuration does, as if from a pipe."""

    def run(*words: str) -> Said:
        capsys.readouterr()
        code = main(words)
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return run


@pytest.mark.slow
def test_it_is_played_and_left_to_look_at(call: Run, funnel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints the seed and the figures; the folder holds a configuration and a store that reports are made of."""
    over = threading.Event()
    over.set()
    monkeypatch.setattr(stand_ins, "_stop_signal", lambda: over)
    kept = funnel / "kept"
    said = call("sandbox", "--load", str(funnel), "--people", "--seed", "5", "--write-config", str(kept))
    assert said.code == 0, said.err
    assert said.out.startswith("# seed 5: ")
    assert "  won: 4\n" in said.out
    assert "  won before the first contact: 1\n" in said.out
    assert f"syncd --config {kept} report credit" in said.out
    told = call("--config", str(kept), "report", "credit", "--by", "origin", "--json")
    assert told.code == 0, told.err
    figures = {each["key"]: each["value"] for section in told.json["sections"] for each in section["figures"]}
    assert figures["all:won"] == 4
    checked = call("--config", str(kept), "check")
    assert checked.code == 0, checked.err
    again = call("sandbox", "--load", str(funnel), "--people", "--write-config", str(kept))
    assert (again.code, "is not empty" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["--people"], "give that, or how many people"),
        (["--people", "--load", "nowhere"], "is no folder"),
        (["--people", "--load", "{funnel}"], "begin with config/funnel"),
    ],
)
def test_what_is_refused(run: Run, funnel: Path, words: list[str], advice: str) -> None:
    """Exit 2 before anything is played, with what would be right; above all a configuration without its fields."""
    said = run("sandbox", *(word.format(funnel=funnel) for word in words))
    assert (said.code, advice in said.err) == (2, True), said.err
