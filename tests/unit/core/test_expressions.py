"""CEL over shared fields: what is refused when compiled, and the three answers when evaluated."""

from __future__ import annotations

import re

import pytest

from syncd.core.bounds import FUNCTIONS
from syncd.core.expressions import Expression, Unclear, compile_expression
from syncd.model.values import Canonical

NAMES = frozenset({"email", "country", "stage", "amount", "tags", "flag"})


def cel(text: str) -> Expression:
    """Compiled over the fields of this file."""
    return compile_expression(text, NAMES)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "empty"),
        ("emial == 'x'", (1, 1), "unknown field emial; did you mean email?"),
        ("flag &&\n  cuntry == 'DE'", (2, 3), "did you mean country?"),
        ("email ==", (1, 9), "ends too early"),
        ("email.lowr() == 'x'", (1, 7), "unknown function lowr; did you mean lower?"),
        ("has(email)", (1, 1), "write `field != null`"),
        ("email.name == 'x'", (1, 7), "no part of a field"),
        ("email.matches('a(')", (1, 15), "regular expression"),
        ("tags.exists(t == 'a')", (1, 6), "exists has no variable"),
        ("t == 'a' || tags.exists(t, t == 'a')", (1, 1), "unknown field t"),
        ("tags.all(a, tags.all(b, tags.all(c, true)))", (1, 33), "macros nested deeper than 2"),
        ("[[[[[[[[[[[[[1]]]]]]]]]]]]] == 1", (1, 13), "brackets nested deeper than 12"),
        ("'" + "x" * 1000 + "' == email", (1, 1001), "longer than 1000"),
        ("email == '\ud800'", (1, 11), "surrogate"),
        ("Foo{a: 1}", (1, 1), "unknown field Foo"),
    ],
)
def test_a_flaw_is_refused_with_its_place_and_advice(text: str, place: tuple[int, int], words: str) -> None:
    """Everything that can be known before a record is read is told when the configuration is loaded."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        cel(text)
    assert str(caught.value).startswith(f"line {place[0]}, column {place[1]}: ")
    assert "; " in str(caught.value)


def test_names_inside_texts_and_comments_are_no_fields() -> None:
    """The bounds are read over tokens, not over letters."""
    found = cel("email == 'nobody(((((((((((((' // unknown((((((((((((((\n && tags.exists(t, t == r'a\\b')")
    assert found.names == ("email", "tags")
    assert found.loops


@pytest.mark.parametrize(
    ("text", "values", "answer"),
    [
        ("email != null && email.endsWith('@x.co')", {"email": "a@x.co"}, True),
        ("email != null && email.endsWith('@x.co')", {}, False),
        ("country in ['DE', 'AT']", {"country": "AT"}, True),
        ("country in ['DE', 'AT']", {"country": None}, False),
        ("'vip' in tags", {"tags": ("new", "vip")}, True),
        ("tags.exists(t, t.startsWith('v'))", {"tags": ("new", "vip")}, True),
        ("double(amount) > 10.0", {"amount": "12.5"}, True),
        ("domain(email) == 'acme.co.uk'", {"email": "jo@mail.acme.co.uk"}, True),
        ("freemail(email)", {"email": "jo@gmail.com"}, True),
        ("lower(email) == null", {}, True),
        ("flag == true", {"flag": True}, True),
    ],
)
def test_yes_and_no(text: str, values: dict[str, Canonical], answer: bool) -> None:
    """A field that is empty or not there is null, and null is an ordinary answer of a comparison."""
    assert cel(text).holds(values) is answer


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("email.endsWith('x')", {}, "empty: email"),
        ("size(tags) > 1", {"tags": None}, "empty: tags"),
        ("flag ? true : false", {}, "empty: flag"),
        ("1 / size(email) > 0", {"email": ""}, "divides by zero"),
        ("int(amount) > 1", {"amount": "not-a-number"}, "an operation or function"),
        ("email", {"email": "x"}, "gives text, not true or false"),
        ("email", {}, "gives null"),
        ("tags.all(t, true)", {"tags": tuple(str(n) for n in range(1001))}, "more than 1000 members"),
    ],
)
def test_no_answer_is_neither_yes_nor_no(
    text: str, values: dict[str, Canonical], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """An error is ``Unclear`` with a reason that holds no value, and nothing is printed."""
    answer = cel(text).holds(values)
    assert isinstance(answer, Unclear)
    assert words in answer.reason
    assert "not-a-number" not in answer.reason
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_no_function_prints_or_breaks_on_odd_arguments(function: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The library prints the error of a Python function, value included; ours must never raise."""
    for arguments in ("email", "flag", "tags", "email, flag", "tags, flag", "email, '', 1", ""):
        found = cel(f"{function}({arguments}) == 'x'")
        found.holds({"email": "secret", "flag": True, "tags": ("secret",)})
        found.holds({})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("lower(trim(email))", "a@b.co"),
        ("email.split('@')", (" A", "B.co ")),
        ("tags.map(t, t + '!')", ("a!", "b!")),
        ("join(tags, ',')", "b,a"),
        ("replace(email, 'A', 'Z')", " Z@B.co "),
        ("double(amount) * 2.0", "25"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("size(email)", 8),
        ("timestamp('2020-01-01T00:00:00Z')", "2020-01-01T00:00:00.000Z"),
        ("country", None),
    ],
)
def test_values_come_out_in_canonical_form(text: str, value: Canonical) -> None:
    """Lists become sets, doubles decimal text, instants stamps."""
    assert cel(text).value({"email": " A@B.co ", "tags": ("b", "a"), "amount": "12.5"}) == value


def test_what_no_field_can_hold_is_unclear() -> None:
    """A map or an infinite number is no shared value."""
    assert isinstance(cel("{'a': 1}").value({}), Unclear)
    assert isinstance(cel("1e300 * 1e300").value({}), Unclear)
