"""SOQL is made of checked parts; ids have one form; no value becomes syntax."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce import soql
from connectors.salesforce.ids import is_id, object_of, to18

_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def parse_literal(text: str) -> tuple[str, str]:
    """An independent reader of a SOQL string literal: its value and what stands behind it."""
    assert text[0] == "'"
    value, position = [], 1
    while text[position] != "'":
        if text[position] == "\\":
            position += 1
            value.append(_UNESCAPED.get(text[position], text[position]))
        else:
            value.append(text[position])
        position += 1
    return "".join(value), text[position + 1 :]


@given(st.text())
def test_a_literal_always_parses_back(value: str) -> None:
    """Quotes, backslashes and control characters never end the literal early or change it."""
    assert parse_literal(soql.literal(value)) == (value, "")


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_list_always_parses_back(values: list[str]) -> None:
    """IN lists hold exactly the values given."""
    rest = soql.is_in("Email", values).removeprefix("Email IN (")
    read = []
    while rest != ")":
        value, rest = parse_literal(rest.removeprefix(", "))
        read.append(value)
    assert read == values


@given(st.text())
def test_a_like_pattern_matches_only_its_own_text(part: str) -> None:
    """Percent and underscore in a value stand for themselves, and the literal ends where it should."""
    body = soql.contains("Website", part).removeprefix("Website LIKE '%").removesuffix("%'")
    letters, plain = iter(body), []
    for letter in letters:
        if letter == "\\":
            escaped = next(letters)
            plain.append(_UNESCAPED.get(escaped, escaped))
        else:
            assert letter not in "%_'"
            plain.append(letter)
    assert "".join(plain) == part


@given(st.text())
def test_a_query_survives_its_url(value: str) -> None:
    """Plus signs, spaces and any letter arrive as they were: the address is encoded in one place (1.19)."""
    query = soql.select(("Id",), "Lead", soql.equals("Email", value))
    name, _, shown = query.path.partition("?")
    assert name == "query"
    assert parse_qs(shown, keep_blank_values=True)["q"] == [query.text]


@pytest.mark.parametrize("bad", ["", "a b", "x'", "Id FROM User", "1a", "Owner.Name", "é", "a" * 81, "x--", "A\n"])
def test_names_that_are_none_are_refused(bad: str) -> None:
    """Fields and objects come from a pattern, whoever asks."""
    with pytest.raises(ValueError, match="API name"):
        soql.select((bad,), "Lead")
    with pytest.raises(ValueError, match="API name"):
        soql.select(("Id",), bad)


def test_instants_are_utc_without_quotes_and_naive_ones_are_refused() -> None:
    """1.17: a naive datetime would be taken as local time by the library; here it is an error."""
    east = datetime(2024, 1, 1, 1, 30, 0, 123000, tzinfo=timezone(timedelta(hours=1)))
    assert soql.later("SystemModstamp", east) == "SystemModstamp > 2024-01-01T00:30:00.123Z"
    naive = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="offset"):
        soql.later("SystemModstamp", naive)


def test_lists_are_cut_by_count_and_by_encoded_size() -> None:
    """1.16: no list of values passes the vendor's 16,384 bytes of address; no value is lost."""
    values = [f"{'ü' * 20}{number}@example.com" for number in range(1000)]
    lots = soql.lots(values)
    assert [value for lot in lots for value in lot] == values
    assert max(len(soql.select(("Id",), "Lead", soql.is_in("Email", lot)).path) for lot in lots) < 12_200
    assert [len(lot) for lot in soql.lots(["a"] * 650)] == [300, 300, 50]
    assert soql.lots([]) == []


def test_an_empty_list_is_refused() -> None:
    """IN () is a syntax error of the vendor; it is ours."""
    with pytest.raises(ValueError, match="at least one"):
        soql.is_in("Email", [])


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001D000000IRt53", "001D000000IRt53IAD"),
        ("00Q000000000000", "00Q000000000000EAA"),
        ("003AAAAAAAAAAAA", "003AAAAAAAAAAAAY55"),
    ],
)
def test_ids_have_one_form(short: str, long: str) -> None:
    """15 characters get the checksum of their capitals; 18 keep theirs."""
    assert to18(short) == long
    assert to18(long) == long


@pytest.mark.parametrize("bad", ["", "x", "00Q00000000000", "00Q0000000000000", "00Q00000000000'", "00Q000000000000\n"])
def test_what_is_no_id_is_refused(bad: str) -> None:
    """Ids go into queries and addresses: nothing else passes for one."""
    assert not is_id(bad)
    with pytest.raises(ValueError, match="no Salesforce id"):
        to18(bad)


def test_objects_are_known_by_prefix() -> None:
    """The standard prefixes tell a Lead from a Contact."""
    assert object_of("00Q000000000000") == "Lead"
    assert object_of("003000000000000EAA") == "Contact"
    assert object_of("a0X000000000000") is None
