"""Derived fields in the mapping, and times by grade: what is sound is read whole, each mistake is told in its place."""

from __future__ import annotations

import pytest

from syncd.model.derived import Definitions, Derivation, Derived
from syncd.model.mapping import FieldMapping, KindMapping
from tests.unit.settings.conftest import PERSON, Folder
from tests.unit.settings.test_lifecycle_file import LIFECYCLE, TEAMS

STAGES = (("mql", "MQL"), ("sql", "SQL"))
GRADE = "grade: {type: enum, derive: grade, marketing: syncd_grade, crm: {Lead: Syncd_Grade__c}}"


def kind_of(folder: Folder) -> KindMapping:
    """The mapping of people as it is loaded."""
    (kind,) = folder.load().connection(None).connection.kinds
    return kind


def field_of(kind: KindMapping, name: str) -> FieldMapping:
    """One of its fields."""
    return next(each for each in kind.fields if each.name == name)


def staged(folder: Folder) -> None:
    """Personas, rating and a lifecycle."""
    folder.rated()
    folder.write("teams.yaml", TEAMS)
    folder.write("lifecycle.yaml", LIFECYCLE)
    folder.person("crm: {Lead: Status}\n", "crm: {Lead: Status}\n    policy: lifecycle\n")


def test_a_derived_field_knows_what_it_follows_from(folder: Folder) -> None:
    """Without words of its own it shows keys; the fields that conditions may read are those that are not derived."""
    folder.rated()
    folder.field(GRADE)
    kind = kind_of(folder)
    grade = field_of(kind, "grade")
    assert grade.derive == Derivation(Derived.GRADE)
    assert [(row.value, row.writes.marketing, row.writes.crm) for row in grade.table] == [
        ("A", ("A",), ("A",)),
        ("C", ("C",), ("C",)),
    ]
    assert isinstance(kind.definitions, Definitions)
    assert kind.definitions.fields == ("email", "stage")
    assert [each.key for each in kind.definitions.personas] == ["leader", "student"]
    assert kind.definitions.stage is None


def test_it_may_stand_on_one_side_in_words_of_its_own(folder: Folder) -> None:
    """The other side needs no form, neither does it have any."""
    folder.rated()
    folder.field(
        "persona: {type: enum, derive: persona, crm: Syncd_Persona__c, "
        "values: {leader: {crm: Leads}, student: {crm: Learns}}}"
    )
    persona = field_of(kind_of(folder), "persona")
    assert persona.slots.marketing == {}
    assert [(row.writes.marketing, row.writes.crm) for row in persona.table] == [
        (None, ("Leads",)),
        (None, ("Learns",)),
    ]


def test_the_journey_may_be_written(folder: Folder) -> None:
    """The cycle, and when a stage was entered: the present one or a named one."""
    staged(folder)
    text = (folder.path / "schema" / "person.yaml").read_text(encoding="utf-8")
    folder.write(
        "schema/person.yaml",
        text
        + "  cycle: {type: integer, derive: cycle, crm: Syncd_Cycle__c}\n"
        + "  since: {type: datetime, derive: stage_entered, crm: Syncd_Since__c}\n"
        + "  mql_at: {type: datetime, derive: {stage_entered: mql}, marketing: syncd_mql_at}\n"
        + "  mql_first: {type: datetime, derive: {first_entered: mql}, marketing: syncd_mql_first}\n"
        + "  mql_times: {type: integer, derive: {times_entered: mql}, marketing: syncd_mql_times}\n"
        + "  history: {type: text, derive: stage_history, crm: Syncd_History__c}\n"
        + "  shown: {type: enum, derive: stage, crm: Syncd_Stage__c}\n",
    )
    kind = kind_of(folder)
    assert field_of(kind, "mql_at").derive == Derivation(Derived.STAGE_ENTERED, "mql")
    assert field_of(kind, "mql_first").derive == Derivation(Derived.FIRST_ENTERED, "mql")
    assert field_of(kind, "mql_times").derive == Derivation(Derived.TIMES_ENTERED, "mql")
    assert field_of(kind, "history").derive == Derivation(Derived.STAGE_HISTORY)
    assert [row.value for row in field_of(kind, "shown").table] == [key for key, _ in STAGES]
    assert kind.definitions is not None
    assert kind.definitions.stage == "stage"
    assert kind.definitions.stages == STAGES


def test_a_stage_in_words_of_its_own_knows_each_stage(folder: Folder) -> None:
    """A stage that has no row could not be written, and a row of no stage is never shown."""
    staged(folder)
    text = (folder.path / "schema" / "person.yaml").read_text(encoding="utf-8")
    rows = "{mql: {crm: M}, closed: {crm: C}}"
    folder.write("schema/person.yaml", text + f"  shown: {{type: enum, derive: stage, crm: S__c, values: {rows}}}\n")
    told = folder.flaws()
    assert any("there is no stage 'closed' in lifecycle.yaml" in flaw for flaw in told), told
    assert any("has no row, so it cannot be written" in flaw for flaw in told), told


def test_other_definitions_are_another_configuration(folder: Folder) -> None:
    """What a grade follows from is part of the mapping's hash where a grade is written, and only there."""
    folder.rated()
    plain = kind_of(folder).hash
    folder.field(GRADE)
    before = kind_of(folder).hash
    folder.change("rating.yaml", "points: 40", "points: 41")
    assert kind_of(folder).hash != before
    folder.write("schema/person.yaml", PERSON)
    assert kind_of(folder).hash == plain


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (
            "g: {type: string, derive: grade, crm: G__c}",
            "13: a field that holds grade is of type enum, not string; say",
        ),
        ("g: {type: enum, derive: grade}", "stands on no side; map it under"),
        ("g: {type: enum, derive: grade, crm: G__c, policy: crm}", "policy does nothing for a derived field"),
        ("g: {type: enum, derive: grade, crm: G__c, clear: both}", "clear does nothing for a derived field"),
        ("g: {type: enum, derive: grade, crm: G__c, direction: to_crm}", "direction does nothing for a derived"),
        ("g: {type: text, derive: grade_reasons, crm: G__c, values: {A: {crm: A}}}", "values does nothing for a"),
        ("g: {type: enum, derive: grade, crm: G__c, values: {A: {crm: A}}}", "the grade C has no row, so it cannot"),
        (
            "g: {type: enum, derive: grade, crm: G__c, values: {A: {crm: A}, C: {crm: C}, X: {crm: X}}}",
            "there is no grade 'X' in rating.yaml; use one of A, C",
        ),
        ("g: {type: enum, derive: score, crm: G__c}", "this is nothing that syncd computes; write one of persona, "),
        ("g: {type: integer, derive: cycle, crm: G__c}", "there is no lifecycle.yaml that cycle could follow from"),
        ("g: {type: string, crm: G__c}", "the key 'marketing' is missing in fields.g; add it"),
    ],
)
def test_a_mistake_is_told_where_it_stands(folder: Folder, field: str, told: str) -> None:
    """Everything but where the value comes from and where it goes is refused, and so is a value without a form."""
    folder.rated()
    folder.field(field)
    flaws = folder.flaws()
    assert any(flaw.startswith("schema/person.yaml:15:") and told in flaw for flaw in flaws), flaws


@pytest.mark.parametrize(
    ("gone", "field", "told"),
    [
        ("rating.yaml", GRADE, "there is no rating.yaml that grade could follow from; add it, or remove the field"),
        (
            "personas.yaml",
            "p: {type: enum, derive: persona, crm: P__c}",
            "there is no personas.yaml that persona could",
        ),
    ],
)
def test_a_derived_field_needs_its_file(folder: Folder, gone: str, field: str, told: str) -> None:
    """Which file is missing is said at the field."""
    folder.rated()
    folder.field(field)
    (folder.path / gone).unlink()
    assert any(told in flaw for flaw in folder.flaws())


def test_an_unsound_file_is_told_once(folder: Folder) -> None:
    """What its field says is not held against it."""
    folder.rated()
    folder.field(GRADE)
    folder.change("rating.yaml", "points: 40", "points: 0")
    assert folder.flaws() == [
        "rating.yaml:1:83: a rule of no points changes nothing; give it points, or remove it",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("personas.yaml", "email != null", "grade == 'A'"),
        ("rating.yaml", "persona == 'leader'", "grade == 'A'"),
        ("schema/person.yaml", "stage == 'mql'", "grade == 'A'"),
        ("lifecycle.yaml", "email != null", "grade == 'A'"),
        ("syncd.yaml", "main:\n", "main:\n    scope: {crm: \"grade == 'A'\"}\n"),
    ],
)
def test_nothing_follows_from_a_derived_field(folder: Folder, file: str, old: str, new: str) -> None:
    """No condition may read it: a circle, or a value of yesterday."""
    staged(folder)
    text = (folder.path / "schema" / "person.yaml").read_text(encoding="utf-8")
    folder.write("schema/person.yaml", text + f"  {GRADE}\n")
    folder.change(file, old, new)
    told = "the field grade is derived: it follows from what conditions say"
    assert any(flaw.startswith(f"{file}:") and told in flaw for flaw in folder.flaws())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{A: 1 hour,", "{B: 1 hour,", "there is no grade and no persona 'B'; use one of A, C, leader, student, or `o"),
        ("{A: 1 hour,", "{leaders: 1 hour,", "there is no grade and no persona 'leaders'; did you mean 'leader'?"),
    ],
)
def test_a_time_is_for_somebody_there_is(folder: Folder, old: str, new: str, told: str) -> None:
    """By grade or by persona, with file and line."""
    staged(folder)
    folder.change("lifecycle.yaml", old, new)
    (flaw,) = folder.flaws()
    assert flaw.startswith("lifecycle.yaml:7:")
    assert told in flaw


def test_times_by_grade_need_a_rating(folder: Folder) -> None:
    """Nobody has a grade then; one time for all is what is left."""
    staged(folder)
    (folder.path / "rating.yaml").unlink()
    (folder.path / "personas.yaml").unlink()
    (flaw,) = folder.flaws()
    assert "add rating.yaml or personas.yaml, or give one time for all" in flaw
    folder.change("lifecycle.yaml", "{A: 1 hour, other: 2 days}", "2 days")
    folder.load()
