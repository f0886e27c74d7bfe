"""Value tables: forms of one or of several vendor fields, what no row knows, and what is never written."""

from __future__ import annotations

import pytest

from syncd.core.tables import NEVER_WRITTEN, UNKNOWN, set_reader, set_writer, table_reader, table_writer
from syncd.core.types import BROKEN_TEXT, Inexpressible, Invalid
from syncd.model.mapping import TableRow, Unknown
from syncd.model.values import Canonical, FieldType, Pair, Side, Wire
from tests.unit.core.lenses import CRM, MARKETING, field, row

HOT, WON = row("hot", ("lead", "open")), row("won", ("customer", None))
COLD = TableRow("cold", Pair((("lead", None),), (("lead", None),)), Pair(("lead", ""), None))
ANY, NONE = row("any", (None, None)), row("none", (None, ""))
ONE = TableRow("one", Pair((("1",),), (("eins",), ("uno",))), Pair(("1",), ("eins",)))
NUMBER = TableRow("17", Pair(((17,),), ((17,),)), Pair((17,), None))


@pytest.mark.parametrize(
    ("rows", "wires", "value"),
    [
        ((COLD, HOT, WON), ("lead", "open"), "hot"),
        ((COLD, HOT, WON), (" lead ", "open\n"), "hot"),
        ((COLD, HOT, WON), ("lead", "closed"), "cold"),
        ((COLD, HOT, WON), ("lead", None), "cold"),
        ((COLD, HOT, WON), ("customer", "x"), "won"),
        ((COLD, HOT, WON), ("other", "open"), UNKNOWN),
        # -- the most exact row wins, wherever it stands; of two alike the first one
        ((ANY, COLD, WON), ("lead", "x"), "cold"),
        ((ANY, COLD, WON), ("other", "x"), "any"),
        ((HOT, row("again", ("lead", "open"))), ("lead", "open"), "hot"),
        # -- empty is empty, unless a row says what it means
        ((COLD, ANY), (None, None), None),
        ((COLD, ANY), ("", " "), None),
        ((COLD, ANY, NONE), (None, None), "none"),
        ((COLD, NONE), ("x", None), "none"),
        ((row("empty", ("", "")),), (None, ""), "empty"),
        # -- a form may be a number
        ((NUMBER,), (17,), "17"),
        ((NUMBER,), ("17",), "17"),
    ],
)
def test_reading_by_a_table(rows: tuple[TableRow, ...], wires: tuple[Wire, ...], value: Canonical | Invalid) -> None:
    """Both vendor fields together mean one value; asked again it is the same."""
    read = table_reader(field(crm=("A", "B"), table=rows), CRM)
    assert read(wires) == value
    assert read(wires) == value


@pytest.mark.parametrize(
    ("unknown", "default", "one", "several"),
    [
        (Unknown.HOLD, "x", UNKNOWN, UNKNOWN),
        (Unknown.DEFAULT, "x", "x", "x"),
        (Unknown.PASS, "x", "new", UNKNOWN),
    ],
)
def test_what_no_row_knows(
    unknown: Unknown, default: str, one: Canonical | Invalid, several: Canonical | Invalid
) -> None:
    """By the field's own rule; two vendor fields cannot be passed on as one value."""
    more: dict[str, object] = {"unknown": unknown, "default": default}
    assert table_reader(field(table=(ONE,), **more), CRM)((" new ",)) == one
    assert table_reader(field(crm=("A", "B"), table=(HOT,), **more), CRM)(("new", "x")) == several
    assert table_reader(field(table=(ONE,), **more), CRM)((None,)) is None
    assert Invalid("is not in the value table; add a row for it, or set `unknown` to pass or default") == UNKNOWN
    assert Inexpressible("the value table never writes this value on this side") == NEVER_WRITTEN


def test_each_side_has_forms_of_its_own() -> None:
    """The words of one are none of the other's."""
    mapping = field(table=(ONE,))
    assert [table_reader(mapping, side)(("1",)) for side in (MARKETING, CRM)] == ["one", UNKNOWN]
    assert [table_reader(mapping, side)(("uno",)) for side in (MARKETING, CRM)] == [UNKNOWN, "one"]


@pytest.mark.parametrize(
    ("side", "value", "told"),
    [
        (MARKETING, "hot", {"A": "lead", "B": "open"}),
        (MARKETING, "won", {"A": "customer"}),
        (MARKETING, "cold", {"A": "lead", "B": None}),
        (CRM, "cold", NEVER_WRITTEN),
        (MARKETING, "any", NEVER_WRITTEN),
        (MARKETING, None, {"A": None, "B": None}),
        (MARKETING, "new", UNKNOWN),
        (MARKETING, ("hot",), UNKNOWN),
        (MARKETING, False, UNKNOWN),
    ],
)
def test_writing_by_a_table(side: Side, value: Canonical, told: object) -> None:
    """In the form its row names; what it leaves alone is not sent, an empty entry clears, an empty value clears all."""
    assert table_writer(field(table=(HOT, COLD, WON, ANY)), side, ("A", "B"))(value) == told


@pytest.mark.parametrize(
    ("value", "one", "two"),
    [("new", {"A": "new"}, UNKNOWN), ("a\0b", BROKEN_TEXT, UNKNOWN), (17, {"A": 17}, UNKNOWN), (18, UNKNOWN, UNKNOWN)],
)
def test_what_is_passed_on_unknown(value: Canonical, one: object, two: object) -> None:
    """Text into one vendor field; a number by its row, which knows it as text."""
    mapping = field(unknown=Unknown.PASS, table=(NUMBER,))
    assert table_writer(mapping, MARKETING, ("A",))(value) == one
    if value != 17:
        assert table_writer(mapping, MARKETING, ("A", "B"))(value) == two


MEMBERS = (ONE, TableRow("two", Pair((("2",),), (("zwei",),)), Pair(("2",), None)))
UNKNOWN_MEMBER = Invalid("has a member that is not in the value table; add a row for it, or set `unknown`")


@pytest.mark.parametrize(
    ("more", "wire", "value"),
    [
        ({}, "2;1", ("one", "two")),
        ({}, "1; 1", ("one",)),
        ({}, "", None),
        ({}, None, None),
        ({}, "1;3", UNKNOWN_MEMBER),
        ({}, "1;\0", BROKEN_TEXT),
        ({"unknown": Unknown.PASS}, "1;3;2", ("3", "one", "two")),
        ({"unknown": Unknown.DEFAULT, "default": "other"}, "1;3", ("one", "other")),
        ({"unknown": Unknown.DEFAULT, "default": ("a", "b")}, "1;3", ("a", "b", "one")),
        ({"unknown": Unknown.DEFAULT}, "1;3", ("one",)),
        ({"unknown": Unknown.DEFAULT}, "3", None),
        ({"table": ()}, "3;1", ("1", "3")),
        ({"table": ()}, "", None),
    ],
)
def test_reading_a_set_member_by_member(more: dict[str, object], wire: Wire, value: Canonical | Invalid) -> None:
    """Each through the table, if there is one; what stands in for one may be several, or none."""
    assert set_reader(field(FieldType.SET, **{"table": MEMBERS, **more}), MARKETING)(wire) == value


@pytest.mark.parametrize(
    ("side", "more", "value", "wire"),
    [
        (MARKETING, {}, ("one", "two"), "1;2"),
        (MARKETING, {}, "one", "1"),
        (MARKETING, {}, None, None),
        (MARKETING, {}, (), None),
        (MARKETING, {}, ("one", "three"), UNKNOWN),
        # -- a member that is never written on this side is left out; if all are, nothing is written
        (CRM, {}, ("one", "two"), "eins"),
        (CRM, {}, ("two",), NEVER_WRITTEN),
        (CRM, {}, (), None),
        (MARKETING, {"unknown": Unknown.PASS}, ("one", "three"), "1;three"),
        (MARKETING, {"table": ()}, ("a", "b"), "a;b"),
    ],
)
def test_writing_a_set_member_by_member(side: Side, more: dict[str, object], value: Canonical, wire: object) -> None:
    """Each in the form that its row names."""
    assert set_writer(field(FieldType.SET, **{"table": MEMBERS, **more}), side)(value) == wire
