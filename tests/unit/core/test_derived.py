"""Derived values as laws: what is certain is computed, what is not stands, and nothing derived is an input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.derived import EARLIER, HISTORY, Answer, Been, Computed, Deriver, Stands, entered, history
from syncd.core.types import READERS
from syncd.model.derived import Definitions, Derivation, Derived
from syncd.model.lifecycle import Entered, Journey
from syncd.model.persona import Persona
from syncd.model.rating import Decay, GradeRule, Rating, RatingRule
from syncd.model.values import Canonical, FieldType

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NAMES = ("title", "employees", "country", "visit", "score", "stage")
PERSONAS = (
    Persona("chief", "Chief", "", "title == 'CEO'", ""),
    Persona("large", "Large", "", "employees > 100", ""),
)
RULES = (
    RatingRule("decides", "Can say yes.", "persona == 'chief'", 4_000),
    RatingRule("abroad", "Lives abroad.", "country != null && country != 'DE'", -1_050),
    RatingRule("big", "Has many people.", "employees > 100", 1_000),
    RatingRule("visited", "Came by.", "visit != null", 2_000, Decay("visit", 10)),
)
GRADES = (GradeRule("A", 5_000, "Call today."), GradeRule("B", 1_000, "Call."), GradeRule("C", None))
DEFINITIONS = Definitions(NAMES, PERSONAS, Rating(GRADES, RULES), "stage")
WANTED = {sort.value: Derivation(sort) for sort in Derived} | {"mql_at": Derivation(Derived.STAGE_ENTERED, "mql")}
DERIVER = Deriver(DEFINITIONS, WANTED)
CEO: dict[str, Canonical] = {"title": "CEO", "employees": 500, "country": "DE", "visit": "2026-03-02"}

texts = st.one_of(st.none(), st.sampled_from(["CEO", "Buyer", ""]))
values_of_a_person = st.fixed_dictionaries(
    {},
    optional={
        "title": texts,
        "employees": st.one_of(st.none(), st.integers(0, 1_000)),
        "country": st.one_of(st.none(), st.sampled_from(["DE", "FR"])),
        "visit": st.one_of(st.none(), st.sampled_from(["2026-03-02", "2026-02-01", "2024-01-01", "nonsense"])),
    },
)
unknown_fields = st.dictionaries(st.sampled_from(NAMES), st.just("cannot be told"), max_size=3)


def of(values: dict[str, Canonical], unsettled: dict[str, str] | None = None, **more: Any) -> dict[str, Answer]:
    """All that is derived of one person."""
    answers = DERIVER.of(values, NOW, unsettled=unsettled or {}, **more)
    return {name: answers.of(name) for name in WANTED}


@given(values=values_of_a_person, unsettled=unknown_fields)
def test_a_grade_is_never_emptied(values: dict[str, Canonical], unsettled: dict[str, str]) -> None:
    """It is one of the grades, or what was computed last stands; so are points and reasons, and all three alike."""
    found = of({name: value for name, value in values.items() if name not in unsettled}, unsettled)
    for name in ("grade", "points", "grade_reasons"):
        answer = found[name]
        assert isinstance(answer, Stands) or answer.value is not None
    assert len({type(found[name]) for name in ("grade", "points", "grade_reasons")}) == 1
    assert found["grade"] in [Computed("A"), Computed("B"), Computed("C")] or isinstance(found["grade"], Stands)


@given(values=values_of_a_person, unsettled=unknown_fields)
def test_a_persona_is_emptied_for_certain_only(values: dict[str, Canonical], unsettled: dict[str, str]) -> None:
    """Only where all that its conditions read is known, and every one has said no."""
    known = {name: value for name, value in values.items() if name not in unsettled}
    if of(known, unsettled)["persona"] == Computed(None):
        assert not unsettled.keys() & {"title", "employees"}
        assert isinstance(known.get("employees"), int)


@given(values=values_of_a_person, unsettled=unknown_fields, guess=values_of_a_person)
def test_what_is_not_known_decides_nothing(
    values: dict[str, Canonical], unsettled: dict[str, str], guess: dict[str, Canonical]
) -> None:
    """What is computed without a field is what would be computed with any value of it."""
    known = {name: value for name, value in values.items() if name not in unsettled}
    before = of(known, unsettled)
    full = of({**known, **{name: value for name, value in guess.items() if name in unsettled}})
    for name in ("persona", "grade", "points"):
        if isinstance(before[name], Computed) and isinstance(full[name], Computed):
            assert before[name] == full[name]


@given(values=values_of_a_person, derived=st.dictionaries(st.sampled_from(sorted(WANTED)), texts))
def test_nothing_derived_is_an_input(values: dict[str, Canonical], derived: dict[str, Canonical]) -> None:
    """What stands in the derived fields does not matter, and computing twice gives the same."""
    assert of(values) == of({**derived, **values}) == of(values)


@given(values=values_of_a_person)
def test_what_is_computed_reads_back_equal(values: dict[str, Canonical]) -> None:
    """Each value is in the canonical form of its type, so that a vendor's echo is no edit."""
    been = Been("mql", Journey(2, (Entered(1, "mql", NOW), Entered(2, "mql", NOW + timedelta(microseconds=7)))))
    found = of(values, been=been)
    for name, sort in (
        ("points", FieldType.DECIMAL),
        ("grade_reasons", FieldType.TEXT),
        ("cycle", FieldType.INTEGER),
        ("stage_entered", FieldType.DATETIME),
        ("first_entered", FieldType.DATETIME),
        ("times_entered", FieldType.INTEGER),
        ("stage_history", FieldType.TEXT),
        ("mql_at", FieldType.DATETIME),
    ):
        answer = found[name]
        if isinstance(answer, Computed) and answer.value is not None:
            assert not isinstance(answer.value, tuple)
            assert READERS[sort](answer.value) == answer.value


def test_the_reasons_tell_the_sum() -> None:
    """One line a rule that holds, negative ones too, one for each that has no answer; none of them holds a value."""
    assert of({**CEO, "country": "FR", "employees": None})["grade_reasons"] == Computed(
        "B, 49.5 points: Call.\n"
        "+40 decides: Can say yes.\n"
        "-10.5 abroad: Lives abroad.\n"
        "? big: not known yet\n"
        "+20 visited: Came by. Halves every 10 days."
    )


def test_an_empty_field_and_an_unknown_one_are_two_things() -> None:
    """An empty one gives no points, as both teams have agreed; one that nobody knows leaves the grade as it is."""
    assert of({**CEO, "employees": None})["grade"] == Computed("A")
    known = {name: value for name, value in CEO.items() if name != "employees"}
    assert of(known, {"employees": "cannot be told"})["grade"] == Stands("employees cannot be told")
    assert of(known, {"employees": "cannot be told"})["persona"] == Computed("chief")  # it stands above
    unknown_title = {name: value for name, value in CEO.items() if name != "title"}
    assert of(unknown_title, {"title": "differs"})["persona"] == Stands("title differs")
    assert of(unknown_title, {"title": "differs"})["grade"] == Stands("title differs")  # large, or chief above it


def test_a_mapped_score() -> None:
    """It is graded; an empty one leaves the grade as it is."""
    deriver = Deriver(Definitions(NAMES, (), Rating(GRADES, source="score")), WANTED)
    assert deriver.reads == {"score"}
    assert deriver.of({"score": "51.5"}, NOW, unsettled={}).of("grade_reasons") == Computed(
        "A, 51.5 points: Call today.\nBy the score in score."
    )
    assert deriver.of({"score": None}, NOW, unsettled={}).of("grade") == Stands("score is empty")
    assert deriver.of({}, NOW, unsettled={"score": "differs"}).of("points") == Stands("score differs")


def test_only_what_is_wanted_is_read() -> None:
    """Whoever shows the cycle alone follows from no condition, and does not age."""
    cycle = Deriver(DEFINITIONS, {"cycle": Derivation(Derived.CYCLE)})
    assert (cycle.reads, cycle.ages) == (frozenset(), False)
    persona = Deriver(DEFINITIONS, {"persona": Derivation(Derived.PERSONA)})
    assert (persona.reads, persona.ages) == ({"title", "employees"}, False)
    assert (DERIVER.reads, DERIVER.ages) == ({"title", "employees", "country", "visit"}, True)
    assert persona.terms == DERIVER.terms != Deriver(Definitions(NAMES, PERSONAS), {}).terms


@pytest.mark.parametrize(
    ("stage", "been", "expected"),
    [
        (None, Been(), Stands("they are in no stage")),
        ("mql", Been("sql", Journey()), Stands("they were never seen to come into it")),
        (None, Been("mql", Journey(1, (Entered(1, "mql", NOW),))), Computed("2026-03-02T09:30:00.000Z")),
        ("lead", Been("mql", Journey(1, (Entered(1, "mql", NOW),))), Stands("they were never seen to come into it")),
        (
            "mql",
            Been("sql", Journey(3, (Entered(1, "mql", NOW), Entered(2, "mql", NOW + timedelta(days=1, seconds=0.5))))),
            Computed("2026-03-03T09:30:00.000Z"),
        ),
    ],
)
def test_when_a_stage_was_entered(stage: str | None, been: Been, expected: Answer) -> None:
    """The last cycle in which they came into it counts, in whole seconds; a later cycle does not take it away."""
    assert entered(Derivation(Derived.STAGE_ENTERED, stage), been) == expected


ROUND_TWICE = Journey(
    2,
    (
        Entered(1, "mql", NOW),
        Entered(1, "sql", NOW + timedelta(days=1)),
        Entered(1, "disqualified", NOW + timedelta(days=2)),
        Entered(2, "mql", NOW + timedelta(days=30, seconds=0.5)),
    ),
)


@pytest.mark.parametrize(
    ("stage", "first", "times"),
    [
        ("mql", Computed("2026-03-02T09:30:00.000Z"), Computed(2)),
        (None, Computed("2026-03-02T09:30:00.000Z"), Computed(2)),  # they are an mql now
        ("sql", Computed("2026-03-03T09:30:00.000Z"), Computed(1)),
        ("lead", *[Stands("they were never seen to come into it")] * 2),
    ],
)
def test_the_first_time_and_how_often(stage: str | None, first: Answer, times: Answer) -> None:
    """A second cycle takes neither the first cycle's time away nor that of a stage that was not reached again."""
    been = Been("mql", ROUND_TWICE)
    assert entered(Derivation(Derived.FIRST_ENTERED, stage), been) == first
    assert entered(Derivation(Derived.TIMES_ENTERED, stage), been) == times


def test_the_history_has_a_line_for_each_cycle() -> None:
    """The latest first, in the names that people use; a stage that is no longer agreed on by its key."""
    names = {"mql": "Marketing qualified lead", "sql": "Sales qualified lead"}
    assert history(ROUND_TWICE, names) == Computed(
        "Cycle 2 (UTC): Marketing qualified lead 2026-04-01 09:30\n"
        "Cycle 1 (UTC): Marketing qualified lead 2026-03-02 09:30, Sales qualified lead 2026-03-03 09:30, "
        "disqualified 2026-03-04 09:30"
    )
    assert history(Journey(), names) == Stands("they were never seen to come into a stage")


@given(cycles=st.integers(1, 120), name=st.text("abc ", min_size=1, max_size=60))
def test_a_long_history_keeps_the_latest_cycles(cycles: int, name: str) -> None:
    """It fits into the field that `setup` makes, and says when something is left out."""
    answer = history(Journey(cycles, tuple(Entered(n + 1, "mql", NOW) for n in range(cycles))), {"mql": name})
    assert isinstance(answer, Computed)
    text = str(answer.value)
    assert len(text) <= HISTORY
    lines = text.splitlines()
    assert lines[0].startswith(f"Cycle {cycles} (UTC): ")
    assert (lines[-1] == EARLIER) == (len(lines) - (lines[-1] == EARLIER) < cycles)


def test_other_names_of_stages_are_another_history_alone() -> None:
    """Whoever renames a stage has the history written anew by the next full compare, and nothing else."""
    renamed = Definitions(NAMES, PERSONAS, DEFINITIONS.rating, "stage", stages=(("mql", "MQL"),))
    before, after = DERIVER, Deriver(renamed, WANTED)
    assert before.terms_of(Derived.STAGE_HISTORY) != after.terms_of(Derived.STAGE_HISTORY)
    assert before.terms_of(Derived.STAGE) == after.terms_of(Derived.STAGE)


def test_the_stage() -> None:
    """The one that is agreed on, by its key; want of one takes nothing away."""
    assert of(CEO, been=Been("mql", Journey(1)))["stage"] == Computed("mql")
    assert of(CEO, been=Been(None, Journey(1)))["stage"] == Stands("they are in no stage")


def test_the_cycle() -> None:
    """As many times as they came round; nobody has one before a stage was agreed on."""
    assert of(CEO)["cycle"] == Stands("no stage was agreed on yet")
    assert of(CEO, been=Been("mql", Journey(3)))["cycle"] == Computed(3)
