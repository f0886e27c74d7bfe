"""Plain conditions as Python functions: they are the same conditions, whatever the values are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.expressions import Unclear, compile_expression
from syncd.core.shortcut import Ask, shortcut
from syncd.model.values import Canonical

FIELDS = ("title", "email", "size_of", "flag", "tags", "class")
NAMES = frozenset(FIELDS)
TEXTS = ("", "x", "Head", "head of", "ann@gmail.com", "ann@example.com", "ÄÖ", "true", "null", "1", "a\\'b", "\ud800")
LITERALS = ("''", "'x'", '"Head"', "r'head of'", "'ann@gmail.com'", "'ÄÖ'", "'true'", "'1'", r"'a\'b'", r"'a\\\'b'")
VALUES: st.SearchStrategy[Canonical] = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(TEXTS),
    st.sampled_from((0, 1, -1, 2, 3, 100, 2**63 - 1, 2**63, -(2**63), -(2**64))),
    st.lists(st.sampled_from(TEXTS[:-1]), max_size=3).map(lambda found: tuple(sorted(set(found)))),
)
PARTS = st.sampled_from(FIELDS).flatmap(
    lambda name: st.sampled_from(
        (
            name,
            name,
            f"lower({name})",
            f"{name}.upper()",
            f"domain({name})",
            f"freemail({name})",
            f"{name}.contains('H')",
            f"{name}.startsWith('Head')",
            f"trim({name}).endsWith('d')",
        )
    )
)
EQUAL = st.sampled_from(("==", "!="))
ORDERED = st.sampled_from(("==", "!=", "<", "<=", ">", ">="))
COMPARED = st.one_of(
    PARTS,
    st.builds("{} {} {}".format, PARTS, EQUAL, st.sampled_from((*LITERALS, "null", "true", "false"))),
    st.builds("{} {} {}".format, PARTS, ORDERED, st.integers(0, 200)),
    st.builds("{} in [{}]".format, PARTS, st.lists(st.sampled_from(LITERALS), min_size=1, max_size=3).map(", ".join)),
    st.builds("size({}) {} {}".format, st.sampled_from(FIELDS), ORDERED, st.integers(0, 3)),
)
CONDITIONS = st.recursive(
    COMPARED,
    lambda inner: st.one_of(
        inner.map("!({})".format),
        PARTS.map("!{}".format),
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("{} && {} || {}".format, inner, inner, inner),
    ),
    max_leaves=6,
)


@given(text=CONDITIONS, values=st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_a_shortcut_says_what_the_library_says(text: str, values: Mapping[str, Canonical]) -> None:
    """Yes, no, or no answer for the same reason: of any plain condition and any values, also of the wrong sort."""
    expression = compile_expression(text, NAMES)
    assert shortcut(text) is not None
    assert expression.holds(values) == replace(expression, _shortcut=None).holds(values)


@pytest.mark.parametrize(
    "text",
    [
        "title.matches('x')",
        "(title == 'x') == true",
        "!title == 'x'",
        "!size_of > 3",
        "!flag != null",
        "!title in ['x']",
        "!(title == 'x') == true",
        "tags.exists(t, t == 'x')",
        "'x' in tags",
        "size_of > 1.5",
        "size_of + 1 == 2",
        "size_of > -1",
        "size(title) == title",
        "title == email",
        "flag ? true : false",
        "title in ['x', email]",
        "title.replace('a', 'b') == 'x'",
        "true",
        "title == b'x'",
    ],
)
def test_what_is_not_plain_is_left_to_the_library(text: str) -> None:
    """A form that is not read here is no shortcut, rather than a wrong one."""
    compile_expression(text, NAMES)
    assert shortcut(text) is None


@pytest.mark.parametrize("value", [None, 1, ("x",)])
def test_where_the_library_stumbles_it_is_asked(value: Canonical) -> None:
    """The shortcut has no words of its own for that."""
    made = shortcut("title.contains('x')")
    assert made is not None
    with pytest.raises(Ask):
        made({"title": value})
    assert isinstance(compile_expression("title.contains('x')", NAMES).holds({"title": value}), Unclear)


def test_one_that_says_no_is_enough() -> None:
    """What stands after it is not looked at, and need not have an answer."""
    made = shortcut("title != null && title.contains('x')")
    assert made is not None
    assert made({}) is False
    assert made({"title": "fox"}) is True
