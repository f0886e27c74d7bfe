"""``syncd glossary``, and the lifecycle as ``syncd check`` sees it: the program from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run

STAGE = """\
  stage:
    type: enum
    marketing: lifecyclestage
    crm: {Lead: Status}
    values: {mql: {marketing: marketingqualifiedlead, crm: Open}, sql: {marketing: salesqualifiedlead, crm: Working}}
"""
LIFECYCLE = """\
field: stage
stages:
  mql: {name: MQL, definition: Marketing asks sales to call., owner: sales, leave_within: 4 hours}
  sql: {name: SQL, definition: Sales has called., final: true}
transitions:
  - {from: new, to: mql, by: [marketing, system]}
  - {from: mql, to: sql, by: sales}
"""
TEAMS = "teams: {marketing: {name: Marketing, roles: [Marketing]}, sales: {name: Sales, roles: [SDR]}}\n"


@pytest.fixture
def agreed(folder: Path) -> Path:
    """A configuration with a lifecycle of two stages."""
    mapping = folder / "schema" / "person.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8") + STAGE, encoding="utf-8")
    (folder / "lifecycle.yaml").write_text(LIFECYCLE, encoding="utf-8")
    (folder / "teams.yaml").write_text(TEAMS, encoding="utf-8")
    return folder


def test_markdown_and_html(agreed: Path, run: Run, tmp_path: Path) -> None:
    """Markdown to standard output unless told otherwise, HTML or not to a file; no secret is asked for."""
    told = run("glossary")
    assert told.code == 0
    assert told.out == run("glossary", "--md").out
    assert "Sales within 4 business hours" in told.out
    assert run("glossary", "--html").out.startswith("<!doctype html>")
    file = tmp_path / "page.html"
    said = run("glossary", "--html", "--out", str(file))
    assert (said.code, said.out) == (0, f"wrote {file}\n")
    assert "Sales within 4 business hours" in file.read_text(encoding="utf-8")


def test_what_cannot_be_done_says_why(agreed: Path, run: Run) -> None:
    """Two forms at once, a file that cannot be written, no lifecycle at all: exit 2 and a way out."""
    assert "not both" in run("glossary", "--html", "--md").failure["what"]
    nowhere = run("glossary", "--out", str(agreed / "no" / "page.md"))
    assert (nowhere.code, "cannot be written" in nowhere.failure["what"]) == (2, True)
    (agreed / "lifecycle.yaml").unlink()
    without = run("glossary")
    assert (without.code, "docs/lifecycle.md" in without.failure["what"]) == (2, True)


def test_check_names_a_flaw_of_the_lifecycle(agreed: Path, run: Run) -> None:
    """A transition to nowhere: exit 2 with file, line, column and advice."""
    file = agreed / "lifecycle.yaml"
    file.write_text(LIFECYCLE.replace("to: sql", "to: sqll"), encoding="utf-8")
    said = run("check", "--json")
    assert said.code == 2
    flaws = [(flaw["file"], flaw["line"], flaw["what"], flaw["advice"]) for flaw in said.json["flaws"]]
    assert (str(file), 7, "there is no stage 'sqll'", "did you mean 'sql'?") in flaws
    assert run("glossary").code == 2


def test_the_lifecycle_changes_no_decision_yet(agreed: Path, run: Run) -> None:
    """The hash that plans carry is the one without it: a plan approved before stays approved."""
    with_it = run("check", "--json").json
    (agreed / "lifecycle.yaml").unlink()
    (agreed / "teams.yaml").unlink()
    without = run("check", "--json").json
    assert with_it["hash"] == without["hash"] is not None
    assert len(with_it["files"]) == len(without["files"]) + 2
