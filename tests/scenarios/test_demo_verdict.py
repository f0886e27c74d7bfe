"""The demo from end to end with few people: it says yes when all is well, and no when one value was falsified."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from syncd.lab.demo import run
from syncd.lab.stage import child_environment, open_stage
from syncd.model.errors import BadUsage

PEOPLE, COMPANIES = 100, 16


def play(folder: Path, *, corrupt: bool = False) -> tuple[int, str]:
    """The exit code and what was printed."""
    screen = io.StringIO()
    code = run(
        people=PEOPLE,
        companies=COMPANIES,
        keep=folder / "kept",
        report=folder / "report.html",
        rounds=2,
        corrupt=corrupt,
        console=Console(file=screen, soft_wrap=True, highlight=False),
    )
    return code, screen.getvalue()


@pytest.mark.slow
def test_a_small_demo_is_good(tmp_path: Path) -> None:
    """Every proof holds, both sides agree, the report is one page that needs nothing else, nothing is coloured."""
    code, told = play(tmp_path)
    assert "DOES NOT HOLD" not in told
    assert "100 % but for what is listed" in told
    assert code == 0
    assert "\x1b[" not in told
    command = f"syncd --config {tmp_path / 'kept' / 'story' / 'config'} explain maria@acme-works.com --offline"
    assert command in told
    page = (tmp_path / "report.html").read_text()
    assert page.count("<article>") == 9
    assert "http://" not in page
    assert "https://cdn" not in page
    assert "src=" not in page
    for line in (tmp_path / "kept" / "demo.log").read_text().splitlines():
        json.loads(line)


@pytest.mark.slow
def test_demo_fails_when_a_value_is_corrupted(tmp_path: Path) -> None:
    """One last name changed by hand after the last sync: the judge, who never asks syncd, finds and names it."""
    code, told = play(tmp_path, corrupt=True)
    assert code == 1
    assert "DOES NOT HOLD" not in told
    assert "the systems do not agree" in told
    assert told.count("DISAGREES") == 1
    assert "last_name differs" in told
    assert "Falsified" in told


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """The demo never writes among other files."""
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BadUsage, match="is not empty"), open_stage(seed=1, people=1, companies=1, keep=tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_children_do_not_see_the_callers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that is set up for real accounts must not lead the demo's processes there."""
    monkeypatch.setenv("SYNCD_CONNECTIONS__MAIN__MARKETING__BASE_URL", "https://api.hubapi.com")
    assert not [name for name in child_environment() if name.startswith("SYNCD_")]
