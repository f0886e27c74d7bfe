"""E-mail addresses and phone numbers in comparable form."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.contact_points import _odd_address, _read_phone, email_address, phone_number


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Jo.Smith+News@Example.COM", "jo.smith+news@example.com"),
        ("jo@bücher.de", "jo@xn--bcher-kva.de"),
        ("JO@BÜCHER.DE", "jo@xn--bcher-kva.de"),
        ("jo@xn--bcher-kva.de", "jo@xn--bcher-kva.de"),
        ("jö@example.com", "jö@example.com"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("x@y", None),
        ("a..b@example.com", None),
        (".a@example.com", None),
        ("Jo <jo@example.com>", None),
        ("jo@example.com; ann@example.com", None),
        ("jo@-example.com", None),
        ("a" * 65 + "@example.com", None),
        ("a@" + "b" * 64 + ".com", None),
        ("no address", None),
    ],
)
def test_addresses(written: str, compared: str | None) -> None:
    """Case and IDNA do not make a difference (field.md 34); what is no address is none."""
    assert email_address(written) == compared
    if compared is not None:
        assert email_address(compared) == compared


@given(st.emails())
def test_the_quick_way_and_the_library_agree(address: str) -> None:
    """The regular expression accepts nothing that the library reads differently."""
    quick, careful = email_address(address), _odd_address(address.lower())
    if careful is not None:
        assert quick == careful


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("+49 (30) 1234-567", "+49301234567"),
        ("030/1234567", "+49301234567"),
        ("0049 30 1234567", "+49301234567"),
        ("+1 415 555 2671 ext. 12", "+14155552671;ext=12"),
        ("+1 (415) 555-2671 x9", "+14155552671;ext=9"),
        ("+14155552671;ext=12", "+14155552671;ext=12"),
        ("\u0660\u0663\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667", "+49301234567"),
        ("+39 06 1234567", "+39061234567"),
        ("call Jo, 030 1234567", "call Jo, 030 1234567"),
        ("030 1234567 (Jo)", "030 1234567 (Jo)"),
        ("12", "12"),
        ("+999 123", "+999 123"),
    ],
)
def test_phones(written: str, compared: str) -> None:
    """Notations of one number are equal; a note with a number in it keeps its words."""
    assert phone_number(written, "DE") == compared
    assert _read_phone(compared, "DE") == compared


@pytest.mark.parametrize(("written", "region"), [("555-0100", "US"), ("867-5309", "US"), ("089/1234", "US")])
def test_a_number_without_its_area_code_stays_text(written: str, region: str) -> None:
    """With a country code before it, it would be a number that nobody has, or somebody else."""
    assert phone_number(written, region) == written


def test_a_number_without_country_code_needs_a_region() -> None:
    """Without a default country it stays the text it is, rather than become a number of some country."""
    assert phone_number("030 1234567", None) == "030 1234567"
    assert phone_number("(415) 555-2671", "US") == "+14155552671"


@given(
    st.one_of(
        st.text(alphabet="0123456789+()-/. x#;ext=", max_size=24),
        st.from_regex(r"\+[1-9][0-9]{6,13}(;ext=[0-9]{1,5})?", fullmatch=True),
    ),
    st.sampled_from(["DE", "US", "IT", "BR", "AR", "MX", None]),
)
def test_reading_a_phone_twice_changes_nothing(text: str, region: str | None) -> None:
    """What was written in comparable form is read as itself; judged without the memory of earlier answers."""
    once = _read_phone(text, region)
    assert _read_phone(once, region) == once


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [("000000", "DE", "000000"), ("06 698 123", "IT", "+3906698123"), ("030 901820", "DE", "+4930901820")],
)
def test_zeros_that_belong_to_a_number_and_zeros_that_do_not(text: str, region: str, expected: str) -> None:
    """Italy keeps its zero, Germany drops its prefix, and a row of zeros stays the text it is."""
    assert _read_phone(text, region) == expected
    assert _read_phone(expected, region) == expected


def test_the_quick_way_for_north_american_numbers_answers_what_the_library_does() -> None:
    """Every notation that is read without the library: the same E.164, whatever the digits and the region."""
    chance = random.Random(5)
    notations = ("{}{}{}", "({}) {}-{}", "({}){}-{}", "{}-{}-{}", "{}.{}.{}", "{} {} {}")
    prefixes = (("+1", None), ("+1 ", "DE"), ("+1-", "US"), ("", "US"), ("", "CA"))
    for _ in range(300):
        parts = (chance.randrange(200, 1_000), f"{chance.randrange(1_000):03}", f"{chance.randrange(10_000):04}")
        (prefix, region), notation = chance.choice(prefixes), chance.choice(notations)
        text = prefix + notation.format(*parts)
        number = phonenumbers.parse(text, region)
        assert phonenumbers.is_possible_number(number)
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert phone_number(text, region) == written, text
    assert phone_number("212-736-5000", "DE") != "+12127365000"
