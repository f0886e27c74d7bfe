"""Cases that say who moves a person, and what is to become of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.core.normalize import Codec, Context, Lens
from syncd.model.values import Pair
from syncd.settings.cases import run_cases
from syncd.settings.loading import load
from tests.unit.settings.conftest import Folder
from tests.worlds import agreed, config_environment

AE = "{role: Account Executive}"
MARKETER = "{role: Marketing}"


def failed(folder: Path, moved: str, given: str = "") -> list[str]:
    """What is wrong with one case, held against what both teams have agreed on (``tests/agreed``)."""
    case = f"kind: person\ncases:\n  - name: a\n    moved: {moved}\n" + (f"    given: {given}\n" if given else "")
    (folder / "cases" / "person.yaml").write_text(case, encoding="utf-8")
    settings = load(folder, config_environment()).connection(None)
    kinds = {kind.kind: kind for kind in settings.connection.kinds}
    lenses = {name: Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON)) for name, kind in kinds.items()}
    return [str(flaw).partition("cases/person.yaml:")[2] for flaw in run_cases(settings.cases, kinds, lenses)]


@pytest.fixture
def folder_of_both(tmp_path: Path) -> Path:
    """A configuration in which both teams have agreed."""
    return agreed(tmp_path)


@pytest.mark.parametrize(
    ("start", "moves", "outcome"),
    [
        ("mql", f"{{to: sql, on: crm, by: {AE}}}", "allowed, becomes: sql, cycle: 1"),
        ("mql", f"{{to: sql, on: marketing, by: {AE}}}", "allowed, becomes: sql"),
        ("mql", f"{{to: sql, on: crm, by: {MARKETER}}}", "refused, becomes: mql"),
        ("mql", "{to: sql, on: crm}", "allowed"),  # nobody told, and the CRM's count for sales
        ("mql", "{to: sql, on: marketing}", "refused"),
        ("mql", "{to: sql, on: marketing, by: {automation: true}}", "refused"),
        ("lead", "{to: sql, on: crm, by: {automation: true}}", "refused"),
        ("sql", "{to: opportunity, on: marketing, by: {automation: true}}", "allowed"),
        ("mql", f"{{to: none, on: crm, by: {AE}}}", "refused"),
        ("disqualified", f"{{to: mql, on: marketing, by: {MARKETER}}}", "waits"),  # nothing is known of this person
        ("lead", f"{{to: sql, on: crm, by: {AE}}}", "waits"),  # for a last name
        ("new", f"{{to: lead, on: marketing, by: {MARKETER}}}", "waits"),
        ("new", f"{{to: subscriber, on: marketing, by: {MARKETER}}}", "allowed, becomes: subscriber"),
        (
            "mql",
            f"{{to: sql, on: crm, by: {AE}}}, {{to: other, on: marketing, by: {MARKETER}}}",
            "held, becomes: mql",
        ),
    ],
)
def test_moves_that_come_to_what_is_expected(folder_of_both: Path, start: str, moves: str, outcome: str) -> None:
    """Transitions, teams and entry criteria judge a case as they judge a cycle."""
    given = "{side: marketing, object: contacts, fields: {email: ann@acme-works.com, lastname: Lee}}"
    known = given if start == "mql" else ""
    assert failed(folder_of_both, f"{{from: {start}, moves: [{moves}], outcome: {outcome}}}", known) == []


def test_entry_criteria_are_held_against_the_record(folder_of_both: Path) -> None:
    """What must be known comes from `given`; somebody who was disqualified begins the second cycle."""
    fields = "{email: ann@acme-works.com, lastname: Lee, company: Acme}"
    moved = f"{{from: disqualified, moves: [{{to: mql, on: marketing, by: {MARKETER}}}], outcome: allowed, cycle: 2}}"
    assert failed(folder_of_both, moved, f"{{side: marketing, object: contacts, fields: {fields}}}") == []


@pytest.mark.parametrize(
    ("moved", "flaw"),
    [
        (f"{{from: mql, moves: [{{to: sql, on: crm, by: {MARKETER}}}], outcome: allowed}}",
         "a: the outcome is refused (mql -> sql is declared for sales; it was made by marketing); correct"),
        (f"{{from: sql, moves: [{{to: opportunity, on: crm, by: {AE}}}], outcome: allowed, becomes: sql}}",
         "a: both sides agree on opportunity"),
        (f"{{from: sql, moves: [{{to: opportunity, on: crm, by: {AE}}}], outcome: allowed, cycle: 2}}",
         "a: the cycle is 1"),
        ("{from: mq, moves: [{to: sql, on: crm}], outcome: allowed}", "there is no stage 'mq'; did you mean mql?"),
        ("{from: mql, moves: [{to: slq, on: crm}], outcome: allowed}", "there is no stage 'slq'; did you mean sql?"),
        ("{from: mql, moves: [{to: sql, on: crm, reason: time}], outcome: allowed}",
         "there is no reason 'time'; did you mean timing?"),
        ("{from: mql, moves: [{to: sql, on: crm, at: noon}], outcome: allowed}", "'noon' is no time"),
        ("{from: mql, moves: [{to: sql, on: crm, by: {user: a, automation: true}}], outcome: allowed}",
         "automation is nobody by name"),
    ],
)  # fmt: skip
def test_moves_that_come_to_something_else(folder_of_both: Path, moved: str, flaw: str) -> None:
    """What becomes of it instead and why, or what the case names that there is not."""
    (found,) = failed(folder_of_both, moved)
    line, _, rest = found.partition(":")
    assert line == "4"
    assert rest.partition(": ")[2].startswith(flaw), found


def test_a_kind_without_a_lifecycle(folder: Folder) -> None:
    """Nothing decides about moves: the case says so, and what to add."""
    folder.write(
        "cases/a.yaml",
        "kind: person\ncases:\n  - name: a\n    moved: {from: mql, moves: [{to: sql, on: crm}], outcome: allowed}\n",
    )
    settings = folder.load().connection("main")
    kinds = {kind.kind: kind for kind in settings.connection.kinds}
    lenses = {name: Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON)) for name, kind in kinds.items()}
    (flaw,) = run_cases(settings.cases, kinds, lenses)
    assert flaw.what == "no lifecycle decides about stages of this kind"


def test_a_case_says_something(folder: Folder) -> None:
    """Without a record there is nothing that fields could be expected of."""
    folder.write("cases/a.yaml", "kind: person\ncases:\n  - name: a\n    expect: {stage: mql}\n")
    (flaw,) = folder.flaws()
    assert "this case has no `given`; add the record that is read, or `moved`" in flaw
