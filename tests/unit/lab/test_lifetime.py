"""The demo's scene of one person's whole story, and the same told once more from what was kept of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.main import main
from syncd.lab.lifetime import whole_story
from syncd.lab.story import Story

pytestmark = pytest.mark.beyond

KIM, SAM, ADA = "kim@example.com", "sam@example.com", "ada@example.com"
BEATS = [
    # what happened, by whom, for which team, in which system, why, in which cycle
    ("new -> lead", KIM, "marketing", "marketing", None, 1),
    ("lead -> mql", KIM, "marketing", "marketing", None, 1),
    ("visible to sales", None, None, None, None, 1),
    ("mql -> disqualified", SAM, "sales", "crm", "timing", 1),
    ("disqualified -> lead", KIM, "marketing", "marketing", None, 2),
    ("lead -> mql", KIM, "marketing", "marketing", None, 2),
    ("visible to sales", None, None, None, None, 2),
    ("mql -> sql", SAM, "sales", "crm", None, 2),
    ("sql -> opportunity", ADA, "sales", "crm", None, 2),
    ("deal open", None, None, None, None, None),
    ("deal open, 48,000.00 USD", None, None, None, None, None),
    ("deal won, 48,000.00 USD", ADA, "sales", "crm", None, None),
    ("opportunity -> customer", None, "system", "crm", None, 2),
]


def test_the_whole_story_is_told_as_it_happened() -> None:
    """Every deed with author, team, system, reason and the vendor's time, and both handoffs with how they ended."""
    story = Story()
    whole_story(story)
    (scene,) = story.scenes
    assert scene.holds
    assert scene.proof.startswith("11 of 11 deeds")
    assert "2 handoffs: rejected, then won" in scene.proof
    assert any(": timing" in line and "in Salesforce" in line for line in scene.lines)


def test_a_kept_story_is_told_by_the_command_that_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``syncd explain`` over the kept folder, no vendor there any more: every beat, with author and system."""
    lived = whole_story(Story(), keep=tmp_path / "story")
    program, *words = lived.command
    assert program == "syncd"
    assert main([*words, "--json"]) == 0
    record: dict[str, Any] = json.loads(capsys.readouterr().out)["record"]
    told = record["happened"]
    names = ("what", "by", "team", "side", "reason", "cycle")
    assert [tuple(each[name] for name in names) for each in told] == BEATS
    times = [each["at"] for each in told]
    assert times == sorted(times)
    assert [(each["state"], each["reason"]) for each in record["handoffs"]] == [("rejected", "timing"), ("won", None)]
    assert (record["handoffs"][1]["amount"], record["handoffs"][1]["currency"]) == (4_800_000, "USD")
    assert record["fields"]["stage"]["base"] == "customer"
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "neither vendor was asked" in shown
    assert shown.index("mql -> disqualified") < shown.index("deal won, 48,000.00 USD")
    assert main([*words[:2], "report", "credit", "--by", "ae", "--json"]) == 0
    (named,) = (each for each in json.loads(capsys.readouterr().out)["sections"] if each["key"] == "by:ae")
    assert ADA in json.dumps(named), "who closed it"
