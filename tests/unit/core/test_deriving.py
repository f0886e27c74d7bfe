"""Derived fields in the planner: written where another value stands, once, and left alone where nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncd.core.creation import Made
from syncd.core.deriving import OVER, RULE
from syncd.core.layout import Layouts
from syncd.core.normalize import Codec, Context, Lens
from syncd.core.parking import Parking
from syncd.core.planner import NOTHING_KNOWN, Known, Planner
from syncd.model.derived import Definitions, Derivation, Derived, terms_of
from syncd.model.drift import AtRest
from syncd.model.link import Base, Conflict, FieldChange, Link, Linked, Parked, Proof, Topic
from syncd.model.mapping import FieldMapping, KindMapping, Policy, TableRow
from syncd.model.persona import Persona
from syncd.model.plan import Create, Decision, Nothing, Settle, Update
from syncd.model.rating import Decay, GradeRule, Rating, RatingRule
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Canonical, FieldType, Pair, Side, Wire
from tests.unit.core.test_planner import CONTACT, LEAD, NOW, slots

PERSONAS = (Persona("buyer", "Buyer", "", "title == 'Buyer'", ""),)
RULES = (
    RatingRule("buys", "Buys.", "persona == 'buyer'", 5_000),
    RatingRule("came", "Came.", "visit != null", 1_000, Decay("visit", 10)),
)
GRADES = (GradeRule("A", 5_500), GradeRule("B", 1_000), GradeRule("C", None))


def rows(*values: str) -> tuple[TableRow, ...]:
    """A table in which each value is shown by its key."""
    return tuple(TableRow(value, Pair(((value,),), ((value,),)), Pair((value,), (value,))) for value in values)


def derived(name: str, sort: Derived, kind: FieldType, *values: str) -> FieldMapping:
    """A derived field on both sides."""
    where = slots(name, f"{name.title()}__c", f"{name.title()}__c")
    return FieldMapping(name, kind, where, table=rows(*values), derive=Derivation(sort))


NOTE = FieldMapping("note", FieldType.TEXT, Pair({}, {"Lead": ("Note__c",)}), derive=Derivation(Derived.GRADE_REASONS))
KIND = KindMapping(
    kind="person",
    objects=Pair(("contacts",), ("Lead", "Contact")),
    key=Pair("crm_id", "Marketing_Id__c"),
    fields=(
        FieldMapping("title", FieldType.STRING, slots("jobtitle", "Title", "Title"), policy=Policy.CRM),
        FieldMapping("visit", FieldType.DATE, slots("visit", "Visit__c"), policy=Policy.CRM),
        derived("persona", Derived.PERSONA, FieldType.ENUM, "buyer"),
        derived("grade", Derived.GRADE, FieldType.ENUM, "A", "B", "C"),
        derived("points", Derived.POINTS, FieldType.DECIMAL),
        NOTE,
    ),
    definitions=Definitions(("title", "visit"), PERSONAS, Rating(GRADES, RULES)),
    hash="h1",
)
LINK = Link("l1", "person", Pair(CONTACT, LEAD), Proof.KEY, NOW, keyed=Pair(marketing=True, crm=True))
REASONS = "A, 60 points\n+50 buys: Buys.\n+10 came: Came. Halves every 10 days."
TODAY = "2026-03-02"
IN_STEP: dict[Side, dict[str, Wire]] = {
    Side.MARKETING: {"jobtitle": "Buyer", "visit": TODAY, "persona": "buyer", "grade": "A", "points": "60"},
    Side.CRM: {
        "Title": "Buyer",
        "Visit__c": TODAY,
        "Persona__c": "buyer",
        "Grade__c": "A",
        "Points__c": 60,
        "Note__c": REASONS,
    },
}


def planner(kind: KindMapping = KIND, *, now: datetime = NOW, **more: frozenset[str]) -> Planner:
    """A planner of people with derived fields."""
    lens = Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON))
    parking = Parking(lens.kind, Pair("m", "c"), Pair(now, now))
    return Planner(Layouts(lens), connection="main", parking=parking, now=now, **more)


def record(side: Side, ref: RemoteRef | None = None, **changed: Wire) -> RemoteRecord:
    """A record in step, with some vendor fields told otherwise."""
    ref = ref or (CONTACT if side is Side.MARKETING else LEAD)
    return RemoteRecord(ref, "1", NOW, {**IN_STEP[side], **changed}, {}, frozenset())


def both(**changed: Wire) -> Pair[RemoteRecord | None]:
    """Both records, of which some vendor fields are told otherwise."""
    marketing = {name: wire for name, wire in changed.items() if name in IN_STEP[Side.MARKETING]}
    crm = {name: wire for name, wire in changed.items() if name in IN_STEP[Side.CRM]}
    assert marketing.keys() | crm.keys() == changed.keys()
    return Pair(record(Side.MARKETING, **marketing), record(Side.CRM, **crm))


def decided(linked: Linked, seen: Pair[RemoteRecord | None], known: Known = NOTHING_KNOWN) -> Decision:
    """What is decided."""
    found = planner().linked(linked, seen, known)
    assert isinstance(found, Decision)
    return found


def in_step(kind: KindMapping = KIND) -> Linked:
    """A person whose derived values were computed today and stand everywhere."""
    empty = Base({"title": "Buyer", "visit": TODAY}, Pair(dict(IN_STEP[Side.MARKETING]), dict(IN_STEP[Side.CRM])))
    first = planner(kind).linked(Linked(LINK, empty), both())
    assert isinstance(first, Decision)
    assert not changes(first), "what stands everywhere is settled without a write"
    return Linked(LINK, Base({**empty.agreed, **first.agreed}, empty.confirmed))


def changes(decision: Decision) -> dict[tuple[Side, str], FieldChange]:
    """All that is written, by side and field."""
    updates = [action for action in decision.actions if isinstance(action, Update)]
    return {(update.side, change.field): change for update in updates for change in update.changes}


def written(decision: Decision) -> dict[tuple[str, str], Canonical]:
    """The values that are written, by side and field."""
    return {(str(side), name): change.after for (side, name), change in changes(decision).items()}


def test_what_stands_everywhere_needs_nothing() -> None:
    """Settled once without a write; then there is nothing to do."""
    assert [type(action) for action in decided(in_step(), both()).actions] == [Nothing]


def test_an_input_of_one_side_moves_both() -> None:
    """The title travels, and what follows from it is in the same write of each side."""
    found = decided(in_step(), both(Title="Boss"))
    assert written(found) == {
        ("marketing", "title"): "Boss",
        ("marketing", "persona"): None,
        ("marketing", "grade"): "B",
        ("marketing", "points"): "10",
        ("crm", "persona"): None,
        ("crm", "grade"): "B",
        ("crm", "points"): "10",
        ("crm", "note"): "B, 10 points\n+10 came: Came. Halves every 10 days.",
    }
    assert all(
        change.rule == f"{RULE}{name}" for (_, name), change in changes(found).items() if name not in {"title", "note"}
    )
    assert all(change.cause is None for (_, name), change in changes(found).items() if name != "title")
    assert sum(isinstance(action, Update) for action in found.actions) == 2


@pytest.mark.parametrize("told", [{"grade": "B"}, {"grade": ""}, {"grade": "nonsense"}])
def test_an_edit_is_no_input_and_no_conflict(told: dict[str, Wire]) -> None:
    """Whatever somebody writes there, readable or not, is written over on that side alone."""
    found = decided(in_step(), both(**told))
    assert written(found) == {("marketing", "grade"): "A"}
    assert changes(found)[Side.MARKETING, "grade"].rule == f"{RULE}grade{OVER}"


def test_a_side_that_does_not_tell_is_left_alone() -> None:
    """A field that syncd cannot see is neither compared nor cleared."""
    crm = record(Side.CRM)
    hidden = replace(crm, fields={name: wire for name, wire in crm.fields.items() if name != "Grade__c"})
    found = decided(in_step(), Pair(record(Side.MARKETING, jobtitle="Boss"), hidden))
    assert ("crm", "grade") not in written(found)
    assert ("marketing", "grade") in written(found)


def test_one_side_read_is_enough() -> None:
    """The other one stands as it last confirmed."""
    found = decided(in_step(), Pair(None, record(Side.CRM, Title="Boss")))
    assert written(found)["marketing", "grade"] == written(found)["crm", "grade"] == "B"


def test_what_waits_and_what_rests() -> None:
    """A refused value is not sent again; a field at rest, or outside of a narrowed resync, is not looked at."""
    first = decided(in_step(), both(Title="Boss"))
    update = first.write_to(Side.CRM)
    assert isinstance(update, Update)
    fingerprint = planner().parking.fingerprint(Side.CRM, {"Grade__c": "B"})
    row = Parked("l1", "person", Side.CRM, LEAD, "grade", fingerprint, "X", "", "", NOW)
    again = decided(in_step(), both(Title="Boss"), Known(parked=[row]))
    assert ("crm", "grade") not in written(again)
    assert ("crm", "points") in written(again)
    for more in ({"resting": AtRest(frozenset({"grade"}))}, {"only": frozenset({"title", "points"})}):
        found = planner(**more).linked(in_step(), both(Title="Boss"))
        assert isinstance(found, Decision)
        assert {name for _, name in written(found)} & {"grade", "points"} == {"points"}


def test_a_conflict_of_former_days_ends() -> None:
    """The field was merged before it was derived: what waited about it is over."""
    conflict = Conflict("c1", "person", Topic.FIELD, "l1", (), "grade", Pair("A", "B"), None, "", NOW)
    assert decided(in_step(), both(), Known(conflicts=[conflict])).closes == ("c1",)


def test_age_alone_waits_for_another_grade() -> None:
    """60 points fall day by day; nothing is written until they are worth a B, and then all of them."""
    linked = in_step()
    for days, grade in ((1, None), (5, None), (10, None), (11, "B")):
        found = planner(now=NOW + timedelta(days=days)).linked(linked, both())
        assert isinstance(found, Decision)
        assert written(found).get(("crm", "grade")) == grade, days
        assert bool(written(found)) is (grade is not None), days


def test_an_edit_after_days_gets_the_sum_that_stands_elsewhere() -> None:
    """Both sides show one sum, though today's would be another."""
    found = planner(now=NOW + timedelta(days=5)).linked(in_step(), both(points="1"))
    assert isinstance(found, Decision)
    assert written(found) == {("marketing", "points"): "60"}


def test_a_full_compare_is_quick_again() -> None:
    """Where nothing ages and the definitions are those of the last time, nobody is looked at closely."""
    steady = replace(KIND, definitions=Definitions(("title", "visit"), PERSONAS, Rating(GRADES, RULES[:1])))
    linked = in_step_of(steady)
    assert planner(steady).unchanged(linked, both_of(steady))
    other = replace(KIND, definitions=Definitions(("title", "visit"), PERSONAS, Rating(GRADES, RULES[:1]), "stage"))
    assert not planner(other).unchanged(linked, both_of(steady))


def test_age_is_asked_for_on_the_day_that_it_may_tell() -> None:
    """60 points are an A until they fall below 55, ten days on; until the day before, the quick answer is enough."""
    linked = in_step()
    for days, quick in ((0, True), (8, True), (10, False), (11, False)):
        assert planner(now=NOW + timedelta(days=days)).unchanged(linked, both()) is quick, days
    found = planner(now=NOW + timedelta(days=10)).linked(linked, both())
    assert isinstance(found, Decision)
    assert not written(found), "it is an A still, and is asked again"


def test_another_input_is_another_day() -> None:
    """Whoever is an A still, by other points, is not left to the day that the points of before came to."""
    buyer = in_step()
    assert buyer.base is not None
    found = planner(now=NOW + timedelta(days=3)).linked(buyer, both(visit="2026-02-25", Visit__c="2026-02-25"))
    assert isinstance(found, Decision)
    kept = terms_of("grade")
    before, after = str(buyer.base.agreed[kept]), str(found.agreed[kept])
    assert after.partition("@")[0] == before.partition("@")[0], "the grade is the same"
    assert after.partition("@")[2] < before.partition("@")[2]


def in_step_of(kind: KindMapping) -> Linked:
    """A person of another kind, after everything was written."""
    base = Base({"title": "Buyer", "visit": TODAY}, Pair(dict(IN_STEP[Side.MARKETING]), dict(IN_STEP[Side.CRM])))
    found = planner(kind).linked(Linked(LINK, base), both())
    assert isinstance(found, Decision)
    seen = both_of(kind)
    confirmed = seen.map(lambda record: dict(record.fields) if record else {})
    return Linked(LINK, Base({**base.agreed, **found.agreed}, confirmed))


def both_of(kind: KindMapping) -> Pair[RemoteRecord | None]:
    """Both records as they are once everything was written."""
    base = Base({"title": "Buyer", "visit": TODAY}, Pair(dict(IN_STEP[Side.MARKETING]), dict(IN_STEP[Side.CRM])))
    found = planner(kind).linked(Linked(LINK, base), both())
    assert isinstance(found, Decision)
    seen = both()
    for side in Side:
        update, before = found.write_to(side), seen.of(side)
        assert before is not None
        if isinstance(update, Update):
            seen = seen.replacing(side, replace(before, fields={**before.fields, **update.fields}))
    return seen


def test_a_new_record_carries_what_follows() -> None:
    """Computed from what the record tells; the one it is made of is left to the next look, as it does not show it."""
    lone = record(Side.MARKETING, persona="", grade="C", points="")
    made = planner().create(LINK, Side.MARKETING, lone, Made("Lead"), planner().values(Side.MARKETING, lone))
    (create,) = made.actions
    assert isinstance(create, Create)
    assert {name: create.fields[name] for name in ("Persona__c", "Grade__c", "Note__c")} == {
        "Persona__c": "buyer", "Grade__c": "A", "Note__c": REASONS,
    }  # fmt: skip
    assert made.agreed["grade"] == "A"
    assert terms_of("grade") in made.agreed
    told = {name: made.agreed[name] for name in made.agreed}
    base = Base(told, Pair(dict(lone.fields), {**IN_STEP[Side.CRM], **create.fields}))
    follow = decided(Linked(LINK, base), Pair(None, record(Side.CRM)))
    assert written(follow) == {("marketing", name): told[name] for name in ("persona", "grade", "points")}


def test_a_new_record_without_a_certain_grade_has_none() -> None:
    """The date cannot be read: nothing that rests on it is sent, the persona is."""
    lone = record(Side.MARKETING, visit="nonsense", persona="", grade="", points="")
    made = planner().create(LINK, Side.MARKETING, lone, Made("Lead"), planner().values(Side.MARKETING, lone))
    (create,) = made.actions
    assert isinstance(create, Create)
    assert create.fields.keys() == {"Title", "Persona__c"}
    assert "grade" not in made.agreed


def test_a_person_without_any_answer_is_settled_as_they_stand() -> None:
    """Nothing was ever computed and nothing can be: what people wrote is kept, and not looked at again."""
    unsure = replace(KIND, definitions=Definitions(("title", "visit"), (), Rating(GRADES, source="visit")))
    base = Base({"title": None, "visit": None}, Pair({"jobtitle": "", "visit": ""}, {"Title": None, "Visit__c": None}))
    told = both(jobtitle="", visit="", Title=None, Visit__c=None)
    found = planner(unsure).linked(Linked(LINK, base), told)
    assert isinstance(found, Decision)
    assert [type(action) for action in found.actions] == [Settle]
    assert [found.agreed[name] for name in ("persona", "grade", "points", "note")] == [None] * 4
