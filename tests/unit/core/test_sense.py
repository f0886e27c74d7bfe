"""Conditions that can never be true are told from the fields alone, with the place, the word and what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest

from syncd.core.expressions import compile_expression
from syncd.core.meanings import Meaning, Sort, meaning_of, word_of
from syncd.core.sense import senseless
from syncd.model.mapping import FieldMapping, Policy, TableRow, Unknown
from syncd.model.values import Canonical, FieldType, Pair


def _field(name: str, type: FieldType, *values: str, unknown: Unknown = Unknown.HOLD) -> Meaning:
    rows = tuple(TableRow(each, Pair((), ()), Pair(None, None)) for each in values)
    policy = Policy.LIFECYCLE if name == "stage" else Policy.HOLD
    return meaning_of(FieldMapping(name, type, Pair({}, {}), policy=policy, table=rows, unknown=unknown))


MEANINGS: Mapping[str, Meaning] = {
    "title": _field("title", FieldType.STRING),
    "phone": _field("phone", FieldType.PHONE),
    "email": _field("email", FieldType.EMAIL),
    "country": _field("country", FieldType.COUNTRY),
    "stage": _field("stage", FieldType.ENUM, "mql", "sql", "disqualified"),
    "industry": _field("industry", FieldType.ENUM, "retail", unknown=Unknown.PASS),
    "interests": _field("interests", FieldType.SET, "crm", "content"),
    "visits": _field("visits", FieldType.INTEGER),
    "score": _field("score", FieldType.DECIMAL),
    "day": _field("day", FieldType.DATE),
    "seen": _field("seen", FieldType.DATETIME),
    "opted": _field("opted", FieldType.BOOLEAN),
    "persona": word_of(("buyer", "user"), "persona"),
    "grade": word_of(None, "grade"),
}
SOME: Mapping[str, tuple[Canonical, ...]] = {
    "title": ("Head of Sales", "head"),
    "phone": ("+4930123456",),
    "email": ("ann@acme.com",),
    "country": ("DE",),
    "stage": ("mql", "sql", "disqualified"),
    "industry": ("retail", "else"),
    "interests": (("crm",), ("content", "crm")),
    "visits": (5,),
    "score": ("7.5", "60"),
    "day": ("2026-03-01",),
    "seen": ("2026-03-01T10:00:00.000Z",),
    "opted": (True, False),
    "persona": ("buyer",),
    "grade": ("A",),
}

NEVER = [
    ("title", "column 1: a condition is true or false, and title gives text", "`title != null`"),
    ("title + 'x'", "column 1: a condition is true or false, and title + 'x' gives text", "!= null"),
    ("opted && title", "column 10: && goes with what is true or false, and title gives text", "`title != null`"),
    ("title && opted", "column 1: && goes with what is true or false", "`title != null`"),
    ("!phone", "column 2: ! goes with what is true or false, and phone gives text", "`phone != null`"),
    ("title ? opted : true", "column 1: ? goes with what is true or false", "`title != null`"),
    ("phone > 3", "column 9: phone (text) and 3 (a whole number) have no order for >", "of its own sort"),
    ("visits == '5'", "column 11: visits (a whole number) and '5' (text) are never equal", "of its own sort"),
    ("visits in ['5']", "column 12: visits (a whole number) and '5' (text) are never equal", "of its own sort"),
    ("visits > null", "column 10: visits (a whole number) and null (null) have no order", "write `field != null`"),
    ("visits + 1.5 > 2.0", "column 10: + does not go with a whole number (visits)", "double(...)"),
    ("visits - title == 3", "column 10: - does not go with a whole number (visits) and text (title)", "one sort"),
    ("-title == 'x'", "column 2: - goes with numbers", "remove it"),
    ("opted == 'true'", "column 10: opted (true or false) and 'true' (text) are never equal", "of its own sort"),
    ("score > 50", "column 9: score (text) and 50 (a whole number) have no order", "write double(score)"),
    ("seen > timestamp('2026-01-01T00:00:00Z')", "column 8: seen (text) and timestamp", "write timestamp(seen)"),
    ("timestamp(day) > timestamp('2026-01-01T00:00:00Z')", "column 11: day is a day", "timestamp(day + 'T00:00:00Z')"),
    ("size(visits) > 0", "column 6: size takes text or a list", "remove it"),
    ("visits.contains('5')", "column 1: contains takes text, and visits gives a whole number", "write string(visits)"),
    ("interests.contains('crm')", "column 1: contains takes text, and interests gives a list", "'word' in interests"),
    ("contains(title, 'x')", "column 1: contains is called on something", "write field.contains(...)"),
    ("title in 'head'", "column 10: `in` looks into a list", "write == 'head'"),
    ("title.exists(x, x == 'a')", "column 1: exists goes through a list", "of type set"),
    ("stage == 'disqualifed'", "column 10: there is no stage 'disqualifed'", "did you mean disqualified?"),
    ("'Mql' == stage", "column 1: there is no stage 'Mql'", "did you mean mql?"),
    ("stage in ['won']", "column 11: there is no stage 'won'", "known are: mql, sql, disqualified"),
    ("'crn' in interests", "column 1: there is no value of interests 'crn'", "did you mean crm?"),
    ("interests.exists(x, x == 'crn')", "column 26: there is no value of interests 'crn'", "did you mean crm?"),
    ("interests.filter(x, true)[0] == 'crn'", "column 33: there is no value of interests 'crn'", "crm"),
    ("interests == ['content', 'crn']", "column 26: there is no value of interests 'crn'", "did you mean crm?"),
    ("persona == r'bayer'", "column 12: there is no persona 'bayer'", "did you mean buyer?"),
    ("country == 'Germany'", "column 12: no country is ever 'Germany' here", "did you mean DE?"),
    ("country in ['ZZ']", "column 13: no country is ever 'ZZ' here", "ISO 3166"),
    ("email == 'Ann@Acme.com'", "column 10: 'Ann@Acme.com' is never a value of type email", "mean ann@acme.com?"),
    ("score == '7.50'", "column 10: '7.50' is never a value of type decimal", "did you mean 7.5?"),
    ("day == '1.3.2026'", "column 8: '1.3.2026' is never a value of type date", "as the shared value"),
    ("title == ''", "column 10: an empty text is no value", "with null"),
    ("lower(title) == 'Head'", "column 17: what lower gives never holds 'Head'", "'head'"),
    ("lower(title).contains('Head')", "column 23: what lower gives never holds 'Head'", "'head'"),
]
SOUND = [
    "title != null && lower(title).contains('head') && title.matches(r'(?i)\\b(chief|VP)\\b')",
    "phone != null || opted",
    "stage in ['mql', 'sql'] && stage != 'mql'",
    "industry == 'anything'",
    "interests != null && size(interests) > 0 && 'crm' in interests",
    "interests.filter(x, x == 'crm').size() == 1 && interests.map(x, x + '!') != null",
    "visits > 3 && visits * 2 >= 10.5 && 1.5 < double(visits)",
    "double(score) > 50 || score == '7.5'",
    "day > '2026-01-01' && timestamp(day + 'T00:00:00Z') < timestamp('2030-01-01T00:00:00Z')",
    "timestamp(seen) + duration('24h') > timestamp(seen) && timestamp(seen).getFullYear() == 2026",
    "opted == true ? title == 'x' : stage == 'sql'",
    "country in ['DE', 'AT'] && email.endsWith('@acme.com') && !freemail(email)",
    "persona == 'buyer' || grade == 'Z' || unknown == 5",
    "{'a': visits}['a'] == 5 && -visits < 0 && split(title, ' ')[0] == 'Head'",
    "visits == null || null in [visits] || title in [null]",
]


@pytest.mark.parametrize(("text", "what", "advice"), NEVER)
def test_what_can_never_be_so_is_told(text: str, what: str, advice: str) -> None:
    """With the place and the word, and with what to write instead."""
    (told,) = senseless(text, MEANINGS)
    said, _, meant = told.partition("; ")
    assert said.startswith(f"line 1, {what}")
    assert advice in meant


@pytest.mark.parametrize("text", [text for text, *_ in NEVER])
def test_nobody_is_refused_a_condition_that_may_hold(text: str) -> None:
    """What is refused holds for nobody of a crowd of people: the check does not claim too much."""
    expression = compile_expression(text, frozenset(MEANINGS))
    for values in product(*((None, *SOME[name]) for name in expression.names)):
        assert expression.holds(dict(zip(expression.names, values, strict=True))) is not True


@pytest.mark.parametrize("text", SOUND)
def test_nothing_is_said_of_a_condition_that_makes_sense(text: str) -> None:
    """Every field may be empty, numbers go together, and what is not known can be anything."""
    assert senseless(text, MEANINGS) == ()


def test_every_flaw_of_a_condition_is_told() -> None:
    """In their order, and with their lines."""
    told = senseless("stage == 'mqls'\n  || persona in ['buyer', 'usr']", MEANINGS)
    assert [each.partition(": ")[0] for each in told] == ["line 1, column 10", "line 2, column 27"]


def test_text_that_only_looks_like_a_number_has_no_order() -> None:
    """As text, 9 is more than 50: such a condition would be true for the wrong people."""
    (told,) = senseless("score > '50'", MEANINGS)
    assert "'9' is more than '50'; write double(score)" in told


def test_a_form_it_does_not_know_is_left_alone() -> None:
    """The library may learn more of CEL than this reading knows."""
    assert senseless("title ~ 'x' == 3", MEANINGS) == ()
    assert senseless("(title", MEANINGS) == ()


def test_a_table_with_other_values_let_through_knows_no_words() -> None:
    """`unknown: pass` lets any value in; a table over numbers leaves their sort open."""
    assert _field("industry", FieldType.ENUM, "retail", unknown=Unknown.PASS).values is None
    assert _field("visits", FieldType.INTEGER, "1", "2").sort is Sort.ANY
