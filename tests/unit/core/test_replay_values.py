"""What a recorded value may have meant by a changed mapping, in every form in which it may have stood there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.core.replay_profiles import APART, NEVER_READ, standing_values
from syncd.core.replay_values import MOST_FORMS, Carrying, counterparts, reads_as
from syncd.model.link import Base
from syncd.model.mapping import Direction, FieldMapping, Steps, TableRow, Transform, Unknown
from syncd.model.values import MISSING, Canonical, FieldType, Pair, Side, Told, Wire
from tests.unit.core.lenses import CRM, MARKETING, field, lens, row

LOWER = Pair(Steps(), Steps(read=(Transform("lower"),)))
ONE_TO_TWO = (row("one", ("1",), ("eins",)), row("two", ("2",)))
PAIRED = (row("hot", ("lead", "open")), row("cold", ("lead", None)), row("won", ("customer", None)))
SWAPPED = (row("heiss", ("open", "lead")), row("kalt", ("won", None)))
"""Two vendor fields in the other order."""
UNCLEAR = "in which form it stood there was not recorded"


def carried(
    old: FieldMapping,
    new: FieldMapping,
    value: Canonical,
    confirmed: Mapping[str, Wire] | None = None,
    side: Side = CRM,
) -> list[Told] | str:
    """What a value of one side may mean."""
    name = {CRM: "Lead", MARKETING: "contacts"}[side]
    replayed = Carrying(lens(old), lens(new))
    return replayed.carried(old, new, side, object_name=name, value=value, confirmed=confirmed or {})


@pytest.mark.parametrize(
    ("old", "new", "value", "confirmed", "expected"),
    [
        # -- read alike from where it stood: the same value, whatever was confirmed
        (field(), field(direction=Direction.TO_CRM), "a", {"C": "b"}, ["a"]),
        (field(), field(), None, {}, [None]),
        # -- read otherwise: the words that mean it, by the changed mapping
        (field(), field(steps=LOWER), "Ann", {}, ["ann"]),
        (field(), field(FieldType.INTEGER), "17", {}, [17]),
        (field(), field(FieldType.INTEGER), "x", {}, [MISSING]),
        (field(), field(FieldType.INTEGER), None, {}, [None]),
        (field(FieldType.BOOLEAN), field(), True, {}, ["true"]),
        # -- what was confirmed counts where it means that value, and only there
        (field(steps=LOWER), field(), "ann", {"C": "Ann"}, ["Ann"]),
        (field(steps=LOWER), field(), "ann", {"C": "Bo"}, ["ann"]),
        (field(FieldType.INTEGER), field(), 17, {"C": "17.0"}, ["17.0"]),
        (field(FieldType.INTEGER), field(), 17, {"X": "17.0"}, ["17"]),
        # -- a table: every form of the value, each read anew
        (field(table=ONE_TO_TWO), field(), "one", {}, ["1", "eins"]),
        (field(table=ONE_TO_TWO), field(), "one", {"C": "eins"}, ["eins"]),
        (field(table=ONE_TO_TWO), field(), "two", {}, ["2"]),
        (field(table=ONE_TO_TWO), field(), "three", {}, UNCLEAR),
        (field(table=ONE_TO_TWO), field(table=(row("uno", ("1",), ("eins",)),)), "one", {}, ["uno"]),
        (field(table=ONE_TO_TWO), field(table=(row("uno", ("1",)),)), "one", {}, ["uno", MISSING]),
        (field(), field(table=ONE_TO_TWO), "1", {}, ["one"]),
        (field(table=ONE_TO_TWO), field(), None, {}, [None]),
        # -- elsewhere: nothing is known of a vendor field that was not read
        (field(), field(crm=("D",)), "a", {}, "what D held was not recorded"),
        (field(), field(crm=("C", "D", "E"), table=SWAPPED), "a", {}, "what D, E held was not recorded"),
        # -- a reference was recorded as a link, and no vendor's words of it
        (field(FieldType.REFERENCE), field(), "L1", {},
         "to which record it pointed in the vendor's words was not recorded"),
        (field(), field(FieldType.REFERENCE), "L1", {},
         "to which record it pointed in the vendor's words was not recorded"),
        (field(FieldType.REFERENCE), field(FieldType.REFERENCE), "L1", {}, ["L1"]),
        # -- two vendor fields, also in another order; where one of them may hold anything, all that the table knows
        (field(crm=("A", "B"), table=PAIRED), field(crm=("B",)), "hot", {}, ["open"]),
        (field(crm=("A", "B"), table=PAIRED), field(crm=("B", "A"), table=SWAPPED), "hot", {}, ["heiss"]),
        (field(crm=("A", "B"), table=PAIRED), field(crm=("A",)), "won", {}, ["customer"]),
        (field(crm=("A", "B"), table=PAIRED), field(crm=("B",)), "cold", {}, [None]),
        (field(crm=("A", "B"), table=PAIRED), field(crm=("B",)), "cold", {"A": "lead", "B": "x"}, ["x"]),
        (field(crm=("A", "B"), table=PAIRED), field(crm=("B",)), "cold", {"B": "x"}, [None]),
        (field(crm=("A", "B"), table=PAIRED), field(crm=("B",)), None, {}, [None]),
        # -- a value that the mapping in use has no form for
        (field(FieldType.OWNER), field(), "user:bo@example.com", {}, UNCLEAR),
        (field(FieldType.OWNER), field(), "user:ann@example.com", {}, ["7"]),
        (field(FieldType.INTEGER), field(), "x", {}, UNCLEAR),
        # -- a set is written member by member
        (field(FieldType.SET), field(), ("a", "b"), {}, ["a;b"]),
        (field(FieldType.SET, table=ONE_TO_TWO), field(), ("one", "two"), {}, ["1;2"]),
    ],
)  # fmt: skip
def test_what_a_value_may_mean(
    old: FieldMapping,
    new: FieldMapping,
    value: Canonical,
    confirmed: Mapping[str, Wire],
    expected: list[Told] | str,
) -> None:
    """Every reading there may have been, or why it cannot be told."""
    found = carried(old, new, value, confirmed)
    assert found == expected
    if isinstance(found, list) and isinstance(expected, list):
        assert [each.__class__ for each in found] == [each.__class__ for each in expected]


def test_each_side_by_its_own_rules() -> None:
    """Steps of one side change nothing of what the other one says."""
    assert carried(field(), field(steps=LOWER), "Ann", side=MARKETING) == ["Ann"]
    assert carried(field(), field(marketing=("n",)), "Ann", side=MARKETING) == "what n held was not recorded"


def test_the_forms_of_each_side_are_its_own() -> None:
    """A table whose words differ, steps of one side, and a table that has no row at all."""
    apart = (TableRow("one", Pair((("1",),), (("eins",),)), Pair(("1",), ("eins",))),)
    assert carried(field(table=apart), field(), "one", side=MARKETING) == ["1"]
    assert carried(field(table=apart), field(), "one", side=CRM) == ["eins"]
    steps = LOWER.swapped()
    assert carried(field(FieldType.INTEGER, steps=steps), field(), 17, side=MARKETING) == ["17"]
    assert carried(field(steps=steps), field(steps=LOWER), "Ann", side=MARKETING) == UNCLEAR, "it is no lower case"
    stepped = field(FieldType.INTEGER, steps=steps)
    replayed = Carrying(lens(stepped), lens(stepped))
    assert not replayed.unreadable(stepped, MARKETING, "contacts", "x")
    assert replayed.unreadable(stepped, CRM, "Lead", "x")
    assert carried(field(FieldType.OPT_OUT), field(), None) == UNCLEAR, "not told is not opted out"


def test_what_may_have_stood_there_in_too_many_ways_is_not_told() -> None:
    """Two vendor fields, of which one may hold anything that the table knows of it."""
    for known, told in ((MOST_FORMS - 1, True), (MOST_FORMS, False)):
        forms = tuple(("b", str(number)) for number in range(known))
        table = (row("any", ("a", None)), row("b", *forms))
        found = carried(field(crm=("A", "B"), table=table), field(crm=("A",)), "any")
        assert found == (["a"] if told else UNCLEAR), "one of the forms is the empty one"


RULES = [
    replace(field(), type=FieldType.TEXT), field(steps=LOWER), field(table=ONE_TO_TWO), field(unknown=Unknown.PASS),
    field(default="x"), field(region="DE"), field(currency="EUR"),
]  # fmt: skip


@pytest.mark.parametrize("other", RULES)
def test_all_that_decides_how_a_field_is_read(other: FieldMapping) -> None:
    """Its type, its steps of that side, its table and what stands in for what is not told; not where it stands."""
    assert reads_as(other, CRM) != reads_as(field(), CRM)
    assert reads_as(field(crm=("D",), direction=Direction.TO_CRM), CRM) == reads_as(field(), CRM)
    assert reads_as(field(steps=LOWER), MARKETING) == reads_as(field(), MARKETING)


@pytest.mark.parametrize(
    ("old", "value", "unreadable"),
    [
        (field(table=ONE_TO_TWO), "three", True),
        (field(table=ONE_TO_TWO), "one", False),
        (field(table=ONE_TO_TWO), "2", False),
        (field(FieldType.INTEGER), "x", True),
        (field(FieldType.INTEGER), "17", False),
        (field(FieldType.INTEGER), 17, False),
        (field(), "anything", False),
        (field(), None, False),
        (field(FieldType.SET), ("a",), False),
        (field(FieldType.OWNER), "9", True),
        (field(FieldType.OWNER), "7", False),
        (field(FieldType.OWNER), "user:ann@example.com", False),
        (field(crm=("A", "B"), table=PAIRED), "nonsense", False),
        (field(FieldType.REFERENCE), "001", False),
        (field(FieldType.INTEGER, steps=LOWER), "x", False),
    ],
)
def test_what_is_told_in_the_vendors_own_words(old: FieldMapping, value: Canonical, *, unreadable: bool) -> None:
    """What the mapping in use can neither read nor write; of several vendor fields, a pointer or steps none is told."""
    assert Carrying(lens(old), lens(old)).unreadable(old, CRM, "Lead", value) is unreadable


def test_words_are_read_by_the_changed_mapping() -> None:
    """Where one vendor field holds them."""
    for new, text, expected in (
        (field(table=ONE_TO_TWO), "eins", "one"),
        (field(table=ONE_TO_TWO), "three", MISSING),
        (field(crm=("A", "B"), table=PAIRED), "lead", MISSING),
    ):
        assert Carrying(lens(field()), lens(new)).words(new, CRM, "Lead", text) == [expected]


def test_what_takes_the_place_of_a_field() -> None:
    """The one of its name; else one that is new, and stands where it stands in both systems."""
    city, town, title = field(name="city"), field(name="town"), field(name="title", crm=("T",))
    place = field(name="place", crm=("P",))
    old, new = lens(city, title, place), lens(town, title)
    assert counterparts(old.kind, new.kind) == {"city": town, "title": title}
    assert counterparts(old.kind, lens(title, replace(title, name="city"), town).kind) == {
        "city": replace(title, name="city"),
        "title": title,
    }
    replayed = Carrying(old, new)
    assert (replayed.in_use("city"), replayed.in_use("town")) == (city, None)
    assert (replayed.counterpart("city"), replayed.counterpart("place")) == (town, None)


# -- a linked record as it stands --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mapping", "marketing", "crm", "agreed", "value", "why"),
    [
        (field(), {"m": "a"}, {"C": "a"}, {}, "a", ""),
        (field(), {"m": "a"}, {"C": "b"}, {}, None, APART),
        (field(), {"m": "a"}, {}, {}, "a", ""),
        (field(), {}, {"C": "a"}, {}, "a", ""),
        (field(), {}, {}, {}, None, NEVER_READ),
        (field(), {"m": None}, {"C": ""}, {}, None, ""),
        (field(FieldType.INTEGER), {"m": "x"}, {"C": 3}, {}, 3, ""),
        (field(FieldType.INTEGER), {"m": "x"}, {"C": "y"}, {}, None, NEVER_READ),
        (field(direction=Direction.TO_CRM), {"m": "a"}, {"C": "b"}, {}, "a", ""),
        (field(direction=Direction.TO_MARKETING), {"m": "a"}, {"C": "b"}, {}, "b", ""),
        (field(crm=("A", "B"), table=PAIRED), {}, {"A": "lead", "B": "open"}, {}, "hot", ""),
        (field(crm=("A", "B"), table=PAIRED), {}, {"A": "lead"}, {}, None, NEVER_READ),
        # what both agreed on counts where the field reads as in the mapping in use, under its name there
        (field(), {"m": "a"}, {"C": "b"}, {"f": "was"}, "agreed", ""),
        (field(), {"m": "a"}, {"C": "a"}, {"f": "gone"}, "a", ""),
        (field(), {"m": "a"}, {"C": "a"}, {"g": "was"}, "a", ""),
        # on neither of these objects: empty
        (replace(field(), slots=Pair({"companies": ("m",)}, {"Account": ("C",)})), {}, {}, {}, None, ""),
        (replace(field(), slots=Pair({"contacts": ("m",)}, {"Account": ("C",)})), {}, {}, {}, None, NEVER_READ),
        (replace(field(), slots=Pair({"companies": ("m",)}, {"Lead": ("C",)})), {}, {"C": "a"}, {}, "a", ""),
    ],
)
def test_what_a_linked_record_holds(
    mapping: FieldMapping,
    marketing: Mapping[str, Wire],
    crm: Mapping[str, Wire],
    agreed: Mapping[str, str],
    value: Canonical,
    why: str,
) -> None:
    """By what both sides last confirmed; or why nobody can tell."""
    base = Base({"was": "agreed", "f": "not asked"}, Pair(marketing, crm))
    beside = field(name="z", marketing=("z",), crm=("Z",))
    found = standing_values(lens(mapping, beside), Pair("contacts", "Lead"), base, {**agreed, "z": "was"})
    assert found == (
        {"z": "agreed"} if why else {"f": value, "z": "agreed"},
        {"f": why} if why else {},
    )
    assert (NEVER_READ, APART) == ("was never read", "differs between both sides")
