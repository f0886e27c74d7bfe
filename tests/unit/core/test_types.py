"""Readers and writers type by type: the forms both vendors use, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.types import (
    READERS,
    Codec,
    Inexpressible,
    Invalid,
    join_members,
    members_of,
    phone_reader,
    read_decimal,
    read_string,
    read_text,
    text_of,
    write_as,
    write_number,
)
from syncd.model.values import Canonical, FieldType, Wire

REFUSED = "refused"


@pytest.mark.parametrize(
    ("type", "wire", "value"),
    [
        (FieldType.STRING, "  Acme ", "Acme"),
        (FieldType.STRING, "Cafe\u0301", "Caf\u00e9"),
        (FieldType.STRING, "\ufeffAcme\u200b\u00a0", "Acme"),
        (FieldType.STRING, "\u202eabc", "\u202eabc"),
        (FieldType.STRING, "=1+1", "=1+1"),
        (FieldType.STRING, "👩\u200d🚀", "👩\u200d🚀"),
        (FieldType.STRING, "\uff21", "\uff21"),
        (FieldType.STRING, "a\0b", REFUSED),
        (FieldType.STRING, "a\ud83d", REFUSED),
        (FieldType.STRING, 17, "17"),
        (FieldType.STRING, 1.5, "1.5"),
        (FieldType.STRING, True, "true"),
        (FieldType.TEXT, "  a\r\nb\rc \n ", "  a\nb\nc"),
        (FieldType.TEXT, "\n \t", None),
        (FieldType.EMAIL, " A@B.co\n", "a@b.co"),
        (FieldType.EMAIL, "nobody", REFUSED),
        (FieldType.URL, "HTTPS://WWW.Acme.com:443/", "https://www.acme.com"),
        (FieldType.URL, "acme.com/Path/", "https://acme.com/Path"),
        (FieldType.URL, "http://acme.com:8080/?q=A/", "http://acme.com:8080/?q=A/"),
        (FieldType.URL, "bücher.de", "https://xn--bcher-kva.de"),
        (FieldType.URL, "not a url", "not a url"),
        (FieldType.URL, "mailto:a@b.co", "mailto:a@b.co"),
        (FieldType.URL, "none", "none"),
        (FieldType.BOOLEAN, "true", True),
        (FieldType.BOOLEAN, "False", False),
        (FieldType.BOOLEAN, False, False),
        (FieldType.BOOLEAN, "", None),
        (FieldType.BOOLEAN, True, True),
        (FieldType.BOOLEAN, None, None),
        (FieldType.BOOLEAN, " YES ", True),
        (FieldType.BOOLEAN, "no", False),
        (FieldType.BOOLEAN, 1, True),
        (FieldType.BOOLEAN, 0, False),
        (FieldType.OPT_OUT, "false", False),
        (FieldType.BOOLEAN, "maybe", REFUSED),
        (FieldType.OPT_OUT, None, False),
        (FieldType.OPT_OUT, "true", True),
        (FieldType.INTEGER, "17.0", 17),
        (FieldType.INTEGER, 17.0, 17),
        (FieldType.INTEGER, "9007199254740993", 9007199254740993),
        (FieldType.INTEGER, "17.5", REFUSED),
        (FieldType.INTEGER, True, REFUSED),
        (FieldType.DECIMAL, "1.0", "1"),
        (FieldType.DECIMAL, 1.0, "1"),
        (FieldType.DECIMAL, "-0.00", "0"),
        (FieldType.DECIMAL, "007.50", "7.5"),
        (FieldType.DECIMAL, "1.5E3", "1500"),
        (FieldType.DECIMAL, 1e-7, "0.0000001"),
        (
            FieldType.DECIMAL,
            "123456789012345678901234567890.12345678901234567890",
            "123456789012345678901234567890.1234567890123456789",
        ),
        (FieldType.DECIMAL, "1,000", REFUSED),
        (FieldType.DECIMAL, "1 000", REFUSED),
        (FieldType.DECIMAL, "NaN", REFUSED),
        (FieldType.DECIMAL, float("inf"), REFUSED),
        (FieldType.DECIMAL, "1e400", REFUSED),
        (FieldType.DECIMAL, "1e9999999", REFUSED),
        (FieldType.DATE, "2020-02-29", "2020-02-29"),
        (FieldType.DATE, "1582934400000", "2020-02-29"),
        (FieldType.DATE, 1582934400000, "2020-02-29"),
        (FieldType.DATE, "-86400000", "1969-12-31"),
        (FieldType.DATE, "2020-02-29T00:00:00Z", "2020-02-29"),
        (FieldType.DATE, "1700-01-01", "1700-01-01"),
        (FieldType.DATE, "9999-12-31", "9999-12-31"),
        (FieldType.DATE, "2021-02-29", REFUSED),
        (FieldType.DATE, "1582934400001", REFUSED),
        (FieldType.DATE, "29.02.2020", REFUSED),
        (FieldType.DATE, "999999999999999", REFUSED),
        (FieldType.DATETIME, "2024-01-31T18:24:02.000+0000", "2024-01-31T18:24:02.000Z"),
        (FieldType.DATETIME, "2024-01-31T18:24:02Z", "2024-01-31T18:24:02.000Z"),
        (FieldType.DATETIME, "2024-03-31T02:30:00.123456+01:00", "2024-03-31T01:30:00.123Z"),
        (FieldType.DATETIME, "1582934400001", "2020-02-29T00:00:00.001Z"),
        (FieldType.DATETIME, "0999-01-01T00:00:00Z", "0999-01-01T00:00:00.000Z"),
        (FieldType.DATETIME, "2024-01-31T18:24:02", REFUSED),
        (FieldType.DATETIME, "2024-01-31", REFUSED),
        (FieldType.DATETIME, "9999-12-31T23:59:59-12:00", REFUSED),
    ],
)
def test_reading(type: FieldType, wire: Wire, value: Canonical) -> None:
    """The rows F47-F54 of the failure list, type by type: one meaning, or a clean refusal; never a guess."""
    read = READERS[type](wire)
    if value == REFUSED:
        assert isinstance(read, Invalid)
        assert "; " in read.reason or type in {FieldType.DECIMAL, FieldType.DATE}
    else:
        assert read == value
        assert read.__class__ is value.__class__


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_are_exact(number: Decimal) -> None:
    """No rounding, no exponent, one form per number."""
    read = read_decimal(str(number))
    if len(str(number)) < 100 and abs(number.adjusted()) < 300:
        assert isinstance(read, str)
        assert Decimal(read) == number
        assert "e" not in read.lower()
        assert read != "-0"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_a_json_number_holds_the_value_exactly_or_is_text(number: Decimal) -> None:
    """Beyond what a float holds, the digits go as text rather than as a neighbour."""
    value = read_decimal(str(number))
    assert isinstance(value, str)
    assert read_decimal(write_number(value)) == value


@given(st.text())
def test_reading_text_twice_changes_nothing(text: str) -> None:
    """String and text readers are idempotent, whatever they are given."""
    for read in (read_string, read_text):
        once = read(text)
        if isinstance(once, str):
            assert read(once) == once


@given(
    st.one_of(
        st.text(alphabet="aB:/.?#@[]%- \u00fc1", max_size=20),
        st.builds("{}{}{}{}".format, st.sampled_from(["", "//", "http://", "HTTPS://", "ftp://"]),
            st.sampled_from(["A.co", "b\u00fccher.de", "a.b:80", "a.b:443", "a.b:99", "a.b.", "localhost", "a_b.c"]),
            st.sampled_from(["", "/", "//", "/x/", "/x//y", "?q=1/", "/?q", "#f", "/ä"]),
            st.sampled_from(["", "/", "?"])),
    )
)  # fmt: skip
def test_reading_a_url_twice_changes_nothing(text: str) -> None:
    """What was written in comparable form is read as itself."""
    once = READERS[FieldType.URL](text)
    if isinstance(once, str):
        assert READERS[FieldType.URL](once) == once


@given(st.lists(st.text(alphabet="ab ;\u00e9", max_size=4)))
def test_sets_have_one_form(members: list[str]) -> None:
    """Whatever the order, the repeats and the blanks."""
    wire = ";".join(members)
    found = members_of(wire)
    assert isinstance(found, tuple)
    assert found == members_of(";" + ";".join(reversed(members)))
    assert members_of(join_members(found)) == found  # type: ignore[arg-type]  # no member holds a semicolon


def test_writers_refuse_what_no_side_can_store() -> None:
    """NUL and half surrogates never leave; decomposed text leaves composed."""
    write = write_as(FieldType.STRING, Codec.TEXT)
    assert isinstance(write("a\0b"), Invalid)
    assert isinstance(write("\ud800"), Invalid)
    assert write("Cafe\u0301") == "Caf\u00e9"
    assert isinstance(write_as(FieldType.BOOLEAN, Codec.JSON)("x"), Invalid)
    assert isinstance(write_as(FieldType.BOOLEAN, Codec.JSON)(None), Inexpressible)
    assert isinstance(write_as(FieldType.DECIMAL, Codec.JSON)("x"), Invalid)


WHY = [
    (FieldType.STRING, "a\0b", "holds NUL or half of a surrogate pair, which no side can store; retype the value"),
    (FieldType.EMAIL, "nobody", "is no e-mail address; correct it in the system it was typed into"),
    (FieldType.BOOLEAN, "maybe", "is neither true nor false; use a value table"),
    (FieldType.OPT_OUT, "maybe", "is neither true nor false; use a value table"),
    (FieldType.DECIMAL, "1,000", "is no plain number; thousands separators need the transform `number`"),
    (FieldType.INTEGER, "17.5", "is no whole number; map the field as decimal"),
    (FieldType.DATE, "2021-02-29", "is a day that the calendar does not have; correct it"),
    (FieldType.DATE, "29.02.2020", "is no date like 2020-02-29; map the field as string or use a transform"),
    (FieldType.DATE, "2020-02-29T03:30:17Z", "is an instant and no date; map the field as datetime"),
    (
        FieldType.DATETIME,
        "2024-01-31",
        "is no instant with an offset like 2020-02-29T03:30:17Z; map a day without time as date",
    ),
]


@pytest.mark.parametrize(("type", "wire", "reason"), WHY)
def test_why_a_value_cannot_be_read(type: FieldType, wire: Wire, reason: str) -> None:
    """People are told what is wrong and what to do, without the value."""
    assert READERS[type](wire) == Invalid(reason)


@pytest.mark.parametrize(
    ("type", "codec", "value", "refusal"),
    [
        (FieldType.BOOLEAN, Codec.TEXT, "x", Invalid("is neither true nor false; use a value table")),
        (FieldType.BOOLEAN, Codec.JSON, None, Inexpressible("a checkbox cannot be empty on this side")),
        (FieldType.OPT_OUT, Codec.JSON, False, Inexpressible("an opt-out is only ever set, never cleared")),
        (FieldType.OPT_OUT, Codec.TEXT, None, Inexpressible("an opt-out is only ever set, never cleared")),
        (FieldType.DECIMAL, Codec.JSON, "x", READERS[FieldType.DECIMAL]("x")),
        (FieldType.DECIMAL, Codec.JSON, ("1",), READERS[FieldType.DECIMAL]("x")),
        (
            FieldType.ENUM, Codec.TEXT, ("a;b",),
            Invalid("a member holds a semicolon, which both vendors use between members; "
                    "rename it by a value table"),
        ),
    ],
)  # fmt: skip
def test_why_a_value_cannot_be_written(
    type: FieldType, codec: Codec, value: Canonical, refusal: Invalid | Inexpressible
) -> None:
    """Nothing is wrong where a side only has no form for it."""
    assert write_as(type, codec)(value) == refusal


@pytest.mark.parametrize(
    ("type", "text", "json"),
    [
        (FieldType.BOOLEAN, ("true", "false", None), (True, False, "inexpressible")),
        (FieldType.OPT_OUT, ("true", "inexpressible", "inexpressible"), (True, "inexpressible", "inexpressible")),
    ],
)
def test_a_box_as_each_codec_wants_it(type: FieldType, text: tuple[Wire, ...], json: tuple[Wire, ...]) -> None:
    """True, false and empty: HubSpot takes words and may be empty, Salesforce neither; an opt-out is only ever set."""
    for codec, wanted in ((Codec.TEXT, text), (Codec.JSON, json)):
        write = write_as(type, codec)
        written = [write(value) for value in (True, False, None)]
        assert ["inexpressible" if isinstance(each, Inexpressible) else each for each in written] == list(wanted)


@pytest.mark.parametrize(
    ("value", "text", "json"), [(17, "17", 17), ("17", "17", 17), ("1.5", "1.5", 1.5), (None, None, None)]
)
def test_a_number_as_each_codec_wants_it(value: Canonical, text: Wire, json: Wire) -> None:
    """Digits for HubSpot, JSON's own numbers for Salesforce."""
    for type in (FieldType.INTEGER, FieldType.DECIMAL):
        for codec, wanted in ((Codec.TEXT, text), (Codec.JSON, json)):
            written = write_as(type, codec)(value)
            assert (written, type_of(written)) == (wanted, type_of(wanted))


def type_of(value: object) -> str:
    """``1`` and ``1.0`` are equal, and not the same JSON."""
    return value.__class__.__name__


@pytest.mark.parametrize(("digits", "fits"), [(399, True), (400, True), (401, False)])
def test_the_longest_number(digits: int, *, fits: bool) -> None:
    """As it is told, and as it is without an exponent."""
    longest = "9" * digits
    assert (read_decimal(longest) == longest) is fits
    assert (read_decimal(f"1e{digits - 1}") == "1" + "0" * (digits - 1)) is fits
    assert (read_decimal(f"1.{'0' * (digits - 2)}") == "1") is fits


@pytest.mark.parametrize(
    ("number", "text"),
    [("100", "100"), ("100.0", "100"), ("10.010", "10.01"), ("0.0", "0"), (" 5 ", "5"), ("+.5", "0.5")],
)
def test_only_what_says_nothing_is_taken_off_a_number(number: str, text: str) -> None:
    """Zeros behind the point, and the point; never one before it."""
    assert read_decimal(number) == text


def test_blanks_between_lines_stay() -> None:
    """Zero-width characters at the end go as white space does; what stands before a line stays."""
    assert read_text("\u00a0a\n\n b\u200b\ufeff \n") == "\u00a0a\n\n b"
    assert read_string(None) is read_text(None) is None
    assert read_text("\u200b") is None


def test_wires_as_text() -> None:
    """A number by its shortest exact form, a boolean in lower case."""
    wires: list[Wire] = [None, "x", True, False, 3, 10**30, 0.1, 1e30]
    assert [text_of(wire) for wire in wires] == [None, "x", "true", "false", "3", str(10**30), "0.1", "1e+30"]
    assert phone_reader("DE")("030 1234567") == "+49301234567"
    assert phone_reader("DE")(" ") is None
