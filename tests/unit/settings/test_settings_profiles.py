"""Cases that expect a persona or a grade."""

from __future__ import annotations

import pytest

from syncd.core.normalize import Codec, Context, Lens
from syncd.model.values import Pair
from syncd.settings.cases import run_cases
from syncd.settings.profiles import profiles_of
from tests.unit.settings.conftest import Folder
from tests.unit.settings.test_settings_declared import FIELDS, PERSONAS, RATING

CASE = """\
kind: person
cases:
  - name: a
    given: {{side: marketing, object: contacts, fields: {fields}}}
    {expects}
"""
BUYER = "{lifecyclestage: salesqualifiedlead, hs_lead_status: x, visits: '4', seen: 2026-01-01}"


@pytest.fixture
def declared(folder: Folder) -> Folder:
    """A configuration with personas and rating."""
    folder.field(FIELDS)
    folder.write("personas.yaml", PERSONAS)
    folder.write("rating.yaml", RATING)
    return folder


def failed(folder: Folder, fields: str, expects: str) -> list[str]:
    """What is wrong with one case."""
    folder.write("cases/a.yaml", CASE.format(fields=fields, expects=expects))
    settings = folder.load().connection("main")
    kinds = {kind.kind: kind for kind in settings.connection.kinds}
    lenses = {name: Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON)) for name, kind in kinds.items()}
    flaws = run_cases(settings.cases, kinds, lenses, profiles_of(settings))
    return [str(flaw).partition("cases/a.yaml:")[2] for flaw in flaws]


@pytest.mark.parametrize(
    ("fields", "expects"),
    [
        (BUYER, "persona: buyer"),
        (BUYER, "{persona: buyer, grade: A, at: 2026-01-01}"),
        (BUYER, "{grade: B, at: 2026-03-02}"),  # 30 + 12.5 / 4
        (BUYER, "{grade: A, at: '2025-12-31T00:00:00Z'}"),
        ("{visits: '4'}", "persona: user"),
        ("{visits: '1'}", "persona: null"),
        ("{}", "persona: null"),
        ("{visits: '1'}", "{grade: D, at: 2026-01-01}"),
    ],
)
def test_cases_that_hold(declared: Folder, fields: str, expects: str) -> None:
    """By the fields of the record alone, on the day that the case names."""
    if expects.startswith("{"):
        expects = "\n    ".join(expects.strip("{}").split(", "))
    assert failed(declared, fields, expects) == []


@pytest.mark.parametrize(
    ("fields", "expects", "flaw"),
    [
        (BUYER, "persona: user", "5:14: a: the persona is buyer; correct the case or the personas"),
        ("{visits: '1'}", "persona: user", "5:14: a: the persona is none; correct the case or the personas"),
        ("{}", "persona: user",
         "5:14: a: the persona is none (user: an operation or function meets an empty value or one of another type"),
        ("{visits: many}", "persona: user", "5:14: a: the persona is none (user: visits is no plain number; "),
        (BUYER, "persona: usr", "5:14: there is no persona 'usr'; did you mean user?"),
        (BUYER, "grade: A", "5:5: the rating decays, and the case has no time; add e.g. `at: 2026-03-01`"),
        (BUYER, "grade: C\n    at: 2026-01-31",
         "5:12: a: the grade is B, by 36.25 points (buys 30, came 6.25); correct the case or the rating"),
        ("{}", "grade: A\n    at: 2026-01-31",
         "5:12: a: the grade is D, by 0 points (buys unclear, came unclear); correct the case or the rating"),
        (BUYER, "grade: A\n    at: tomorrow", "6:9: 'tomorrow' is no time; write 2026-03-01"),
    ],
)  # fmt: skip
def test_cases_that_fail(declared: Folder, fields: str, expects: str, flaw: str) -> None:
    """What is the case instead: the persona or why there is none, the grade with its sum."""
    (found,) = failed(declared, fields, expects)
    assert found.startswith(flaw), found


def test_expectations_without_a_declaration(folder: Folder) -> None:
    """Nothing is declared: the case says what is missing."""
    assert failed(folder, "{email: a@example.com}", "persona: x\n    grade: A") == [
        "5:5: there is no personas.yaml; add it, or remove the persona",
        "6:5: there is no rating.yaml; add it, or remove the grade",
    ]


def test_only_people_have_them(declared: Folder) -> None:
    """A company is no persona."""
    declared.write("schema/company.yaml", (declared.path / "schema/person.yaml").read_text()
                   .replace("kind: person", "kind: company").replace("contacts", "companies"))  # fmt: skip
    declared.write(
        "cases/a.yaml",
        "kind: company\ncases:\n  - name: a\n    given: {side: crm, object: Lead, fields: {}}\n    grade: A\n",
    )
    settings = declared.load().connection("main")
    kinds = {kind.kind: kind for kind in settings.connection.kinds}
    lenses = {name: Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON)) for name, kind in kinds.items()}
    (flaw,) = run_cases(settings.cases, kinds, lenses, profiles_of(settings))
    assert flaw.what == "a company has no grade"


def test_a_score_that_is_empty_has_no_grade(declared: Folder) -> None:
    """`grade: null` expects none, of a mapped score."""
    declared.write("rating.yaml", "from: score\ngrades: [{grade: A, at_least: 50}, {grade: B}]\n")
    assert failed(declared, "{email: a@example.com}", "grade: null") == []
    assert failed(declared, "{score: '50'}", "grade: A") == []
    assert failed(declared, "{email: a@example.com}", "grade: A") == [
        "5:12: a: the grade is none, score is empty; correct the case or the rating"
    ]
