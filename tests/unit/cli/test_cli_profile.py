"""Persona, grade and sum as ``syncd explain`` prints them, and ``syncd check`` on the files that declare them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd.bootstrap import Absent
from syncd.cli.call import Call, who
from syncd.cli.main import main
from syncd.engine.world import World
from syncd.model.operator import Sort
from syncd.store import SqlDoors
from syncd.store.database import Database
from tests.unit.cli.conftest import Run, Said
from tests.worlds import ROOT, Both, open_both


@pytest.fixture
def both() -> Iterator[Both]:
    """Two empty stand-ins and a world over the example configuration."""
    opened = open_both()
    yield opened
    opened.store.close()


@pytest.fixture
def explained(both: Both, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Calls ``explain`` on that world."""

    class Loaded:
        def connection(self, _name: str | None) -> Any:
            return both.settings

    @contextmanager
    def world(_call: Call, *, read_only: bool, loaded: Any = None, absent: Any = None) -> Iterator[World]:
        assert read_only
        assert absent is Absent.REFUSED
        yield both.world

    monkeypatch.setattr(Call, "loaded", lambda _call: Loaded())
    monkeypatch.setattr(Call, "world", world)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> Said:
        capsys.readouterr()
        code = main(["--config", str(ROOT / "config"), "explain", *words])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return call


def person(both: Both, **properties: str) -> str:
    """A contact, as RECORD."""
    made = both.hubspot.create("contacts", {"lastname": "Lee", "email": "ann@example.com", **properties}, by="userId:1")
    both.clock.advance(3600)
    return f"marketing:contacts/{made}"


def test_the_sum_rule_by_rule(both: Both, explained: Callable[..., Said]) -> None:
    """Which persona, why, who owns the definition; the grade, and what each rule gave or why it gave nothing."""
    said = explained(person(both, jobtitle="VP Marketing", country="Germany"))
    assert said.code == 0
    assert (
        "persona: marketing_leader (Maria, who leads marketing): the first whose condition holds; owned by Head of "
        "product marketing"
    ) in said.out
    assert "grade: A (Call today.), by 65 points" in said.out
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert any("decides" in line and "+40" in line and "holds" in line for line in lines)
    assert any("can be called" in line and "does not hold" in line for line in lines)


def test_the_same_as_json(both: Both, explained: Callable[..., Said]) -> None:
    """Numbers as numbers, and every rule with its answer."""
    record = explained(person(both, jobtitle="VP Marketing", phone="+49 30 901820"), "--json").json["record"]
    assert record["persona"] == {
        "key": "marketing_leader",
        "name": "Maria, who leads marketing",
        "owner": "Head of product marketing",
        "doubts": [],
    }
    rating = record["rating"]
    assert (rating["grade"], rating["points"], rating["reason"]) == ("A", 62.5, None)
    rules = {rule["name"]: rule for rule in rating["rules"]}
    assert rules["decides"] == {
        "name": "decides",
        "words": "Leads marketing, so can say yes.",
        "holds": True,
        "points": 40,
        "days": None,
        "doubt": None,
    }
    assert rules["can be called"]["points"] == 7.5
    assert sum(rule["points"] for rule in rules.values()) == rating["points"]
    assert record["unsettled"] == {}


def test_why_there_is_no_persona(both: Both, explained: Callable[..., Said]) -> None:
    """No condition holds; with an empty score there is no grade, and that is said."""
    name = person(both, jobtitle="Student")
    said = explained(name)
    assert "persona: none: no condition holds" in said.out
    assert explained(name, "--json").json["record"]["persona"]["key"] is None


def test_one_field_is_explained_without_them(both: Both, explained: Callable[..., Said]) -> None:
    """They need all fields; where one is asked for they are left out."""
    name = person(both, jobtitle="VP Marketing")
    assert "persona" not in explained(name, "title").out
    record = explained(name, "title", "--json").json["record"]
    assert (record["persona"], record["rating"]) == (None, None)


def test_doubts_and_a_mapped_score_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A condition without an answer, a rule that decays, an empty score: each in words."""
    from datetime import UTC, datetime

    from syncd.cli.profile import print_profile
    from syncd.core.rating import Profiles
    from syncd.model.persona import Persona
    from syncd.model.rating import Decay, GradeRule, Rating, RatingRule
    from syncd.operations.rating import ProfileStory, profile_document

    now = datetime(2026, 3, 2, tzinfo=UTC)
    names = frozenset({"employees", "seen", "score"})
    grades = (GradeRule("A", 1_000), GradeRule("D", None))
    rules = (
        RatingRule("large", "Big.", "employees > 9", 500),
        RatingRule("came", "Was here.", "true", 800, Decay("seen", 30)),
    )
    profiles = Profiles([Persona("big", "Big", "", "employees > 9", "us")], Rating(grades, rules), names)
    told = ProfileStory(profiles.of({"seen": "2026-01-31"}, now), profiles, now, {"score": "differs"})
    print_profile(told)
    said = capsys.readouterr().out
    assert "persona: none that is certain" in said
    assert "unclear whether big: an operation" in said
    assert "grade: D, by 4 points; 1 of 2 rules without an answer" in said
    assert "not counted: score differs" in said
    document = profile_document(told)
    assert [rule["holds"] for rule in document["rating"]["rules"]] == [None, True]
    assert document["rating"]["rules"][1]["days"] == 30
    scored = Profiles([], Rating(grades, source="score"), names)
    for value, words in ((None, "grade: none: score is empty"), (12, "grade: A, by 12 points of score")):
        print_profile(ProfileStory(scored.of({"score": value}, now), scored, now, {}))
        assert words in capsys.readouterr().out
    assert profile_document(None) == {"persona": None, "rating": None, "unsettled": {}}


def test_check_names_the_mistake(folder: Path, run: Run) -> None:
    """Exit code 2, file and line, and what to do; sound again, it is read and counted."""
    text = "personas:\n  - {key: a, name: A, definition: x, when: \"titel == 'x'\", owner: y}\n"
    (folder / "personas.yaml").write_text(text, encoding="utf-8")
    said = run("check")
    assert said.code == 2
    assert "personas.yaml:2:44: CEL does not compile: line 1, column 1: unknown field titel" in said.out
    (folder / "personas.yaml").write_text(text.replace("titel == 'x'", "email == 'x@example.com'"), encoding="utf-8")
    (folder / "cases/person.yaml").write_text(
        "kind: person\ncases:\n  - name: nobody\n"
        "    given: {side: marketing, object: contacts, fields: {email: ann@example.com}}\n    persona: a\n",
        encoding="utf-8",
    )
    said = run("check", "--json")
    assert said.code == 2
    assert [(flaw["line"], flaw["what"]) for flaw in said.json["flaws"] if "cases" in flaw["file"]] == [
        (5, "nobody: the persona is none")
    ]


def test_an_explanation_leaves_an_entry(both: Both, explained: Callable[..., Said]) -> None:
    """Who asked about whom, by id and not by the address that was asked for."""
    name = person(both)
    assert explained("ann@example.com").code == 0
    (deed,) = SqlDoors(Database(both.store.engine)).deeds(9)
    assert (deed.who, deed.way, deed.connection) == (who(), Sort.SHELL, "main")
    assert (deed.what, deed.about) == ("people.explained", name)
