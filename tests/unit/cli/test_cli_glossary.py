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
    policy: lifecycle
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
    assert "from lifecycle.yaml, teams.yaml and schema/person.yaml." in told.out
    grades = "rules: [{name: a, words: A., when: 'email != null', points: 1}]\ngrades: [{grade: A}]\n"
    (agreed / "rating.yaml").write_text(grades, encoding="utf-8")
    assert "from lifecycle.yaml, teams.yaml, rating.yaml and schema/person.yaml." in run("glossary").out
    (agreed / "rating.yaml").unlink()
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
    mapping = agreed / "schema" / "person.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("policy: lifecycle", ""), encoding="utf-8")
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


def test_a_changed_lifecycle_is_a_changed_configuration(agreed: Path, run: Run) -> None:
    """Plans and intents carry a hash of what decided: whoever may make a move, and who is in which team, are part."""
    hashes = {run("check", "--json").json["hash"]}
    for name, was, becomes in (("lifecycle", "by: sales", "by: [sales, system]"), ("teams", "SDR", "AE")):
        file = agreed / f"{name}.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace(was, becomes), encoding="utf-8")
        hashes.add(run("check", "--json").json["hash"])
    assert len(hashes) == 3
    assert None not in hashes


def test_either_the_policy_decides_or_the_lifecycle(agreed: Path, run: Run) -> None:
    """Another policy beside the lifecycle, and the policy `lifecycle` without one, are told where they stand."""
    mapping = agreed / "schema" / "person.yaml"
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("policy: lifecycle", "policy: crm"), encoding="utf-8")
    flaw = next(each for each in run("check", "--json").json["flaws"] if "policy" in each["what"])
    assert "has the policy crm: two would decide" in flaw["what"]
    assert (flaw["file"], flaw["line"]) == (str(agreed / "lifecycle.yaml"), 1)
    mapping.write_text(text, encoding="utf-8")
    (agreed / "lifecycle.yaml").unlink()
    flaw = next(each for each in run("check", "--json").json["flaws"] if "lifecycle" in each["what"])
    assert flaw["what"] == "there is no lifecycle.yaml that could decide"
    assert (flaw["file"], flaw["line"]) == (str(mapping), text[: text.index("policy: lifecycle")].count("\n") + 1)
