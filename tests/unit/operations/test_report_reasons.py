"""Reasons by source, persona, grade and owner: eleven people, counted by hand, in every form that a report has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from syncd.core.book import Book
from syncd.core.figures import wilson
from syncd.model.episode import Event
from syncd.operations.page_html import html
from syncd.operations.report import NONE, Period, Report
from syncd.operations.report_reasons import reasons
from syncd.operations.report_writing import csv_rows, document, page, text_of
from syncd.store import SqlStore
from tests.fakes import START
from tests.unit.core.ledgers import CALENDARS, RULES, delivered, moved, told
from tests.unit.operations.ledgers import figure, people, stored, value

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""

BOOK = Book(RULES, CALENDARS, sales=frozenset({"sales"}), back=frozenset({"lead"}))
ANN = {"origin": "web", "grade": "A", "persona": "leader", "owner": "ann"}
BOB = {"origin": "fair", "grade": "B", "persona": "runner", "owner": "bob"}
ALL = Period()


def handed(person: str, facts: dict[str, str], *more: Event) -> Iterator[Event]:
    """Qualified, and visible to sales."""
    yield from (moved("mql", 0, person), delivered(1, person), told(0, person, **facts), *more)


def eleven() -> Iterator[Event]:
    """Four rejected, one withdrawn, three given back, one lost; one bought, and one waits."""
    for person, reason in (("W1", "timing"), ("W2", "timing"), ("W3", "not_a_fit")):
        yield from handed(person, ANN, moved("disqualified", 20, person, reason=reason))
    yield from handed("W4", ANN, moved("lead", 22, "W4", start="mql"))
    yield from handed("F1", BOB, moved("disqualified", 20, "F1", reason="timing"))
    yield from handed("F2", BOB, moved("sql", 3, "F2"), moved("disqualified", 80, "F2", reason="price"))
    yield from handed("F3", BOB, moved("opportunity", 3, "F3"), moved("disqualified", 80, "F3", reason="price"))
    yield from handed("N1", {}, moved("disqualified", 20, "N1", team="marketing", reason="duplicate"))
    yield from handed("N2", {}, moved("nurture", 20, "N2"))
    yield from handed("X1", ANN, moved("customer", 30, "X1", reason="price"))
    yield from handed("Y1", ANN)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """The eleven."""
    opened = stored(tmp_path, eleven(), BOOK)
    yield opened
    opened.close()


@pytest.fixture
def report(store: SqlStore) -> Report:
    """Why nine of them came to nothing."""
    return reasons(store, ALL, now=LATER)


@pytest.mark.parametrize(
    ("key", "hits", "of", "who"),
    [
        ("reason:rejected:timing", 3, 4, "F1 W1 W2"),
        ("reason:rejected:not_a_fit", 1, 4, "W3"),
        ("reason:withdrawn:duplicate", 1, 1, "N1"),
        (f"reason:recycled:{NONE}", 2, 3, "N2 W4"),
        ("reason:recycled:price", 1, 3, "F2"),
        ("reason:lost:price", 1, 1, "F3"),
        ("untold", 2, 9, "N2 W4"),
        ("origin:web:reason:rejected:timing", 2, 3, "W1 W2"),
        ("origin:web:reason:rejected:not_a_fit", 1, 3, "W3"),
        (f"origin:web:reason:recycled:{NONE}", 1, 1, "W4"),
        ("origin:fair:reason:rejected:timing", 1, 1, "F1"),
        ("origin:fair:reason:recycled:price", 1, 1, "F2"),
        ("origin:fair:reason:lost:price", 1, 1, "F3"),
        (f"origin:{NONE}:reason:withdrawn:duplicate", 1, 1, "N1"),
        (f"origin:{NONE}:reason:recycled:{NONE}", 1, 1, "N2"),
        ("persona:leader:reason:rejected:timing", 2, 3, "W1 W2"),
        ("persona:runner:reason:lost:price", 1, 1, "F3"),
        ("grade:A:reason:rejected:not_a_fit", 1, 3, "W3"),
        ("grade:B:reason:rejected:timing", 1, 1, "F1"),
        ("owner:ann:reason:rejected:timing", 2, 3, "W1 W2"),
        ("owner:bob:reason:recycled:price", 1, 1, "F2"),
    ],
)
def test_reasons_by_hand(report: Report, key: str, hits: int, of: int, who: str) -> None:
    """Of those that ended in that way in that group; opened down to the records, and marked."""
    found = figure(report, key)
    assert (found.value, found.of, found.small) == (hits / of, of, True)
    assert (found.low, found.high) == wilson(hits, of)
    assert sorted(people(report, key)) == who.split()
    if ":reason:" in key:
        assert value(report, f"{key}:count") == hits
        assert sorted(people(report, f"{key}:count")) == who.split()


def test_each_end_is_counted(report: Report) -> None:
    """Who bought and who waits came to nothing in no way."""
    ends = {"ended": 9, "ended:rejected": 4, "ended:withdrawn": 1, "ended:recycled": 3, "ended:lost": 1}
    assert {key: value(report, key) for key in ends} == ends
    assert not {"X1", "Y1"} & set(people(report, "ended"))
    assert value(report, "oddity:no_origin") == 2


def test_groups_stand_in_the_order_of_what_ended(report: Report) -> None:
    """The most first, and within a group by end; each dimension counts everybody once."""
    tables = {section.key: section.tables[0] for section in report.sections if section.key.startswith("by:")}
    assert list(tables) == ["by:origin", "by:persona", "by:grade", "by:owner"]
    assert [row[:3] for row in tables["by:origin"].rows] == [
        ("web", "rejected", "timing"),
        ("web", "rejected", "not_a_fit"),
        ("web", "recycled", NONE),
        ("fair", "rejected", "timing"),
        ("fair", "recycled", "price"),
        ("fair", "lost", "price"),
        (NONE, "withdrawn", "duplicate"),
        (NONE, "recycled", NONE),
    ]
    everybody = sorted(people(report, "ended"))
    for name, table in tables.items():
        keys = [cell.key for row in table.rows for cell in row if not isinstance(cell, str)]
        counted = [who for key in keys if key.endswith(":count") for who in people(report, key)]
        assert sorted(counted) == everybody, name


def test_the_rest_of_a_long_table_is_added_up(store: SqlStore) -> None:
    """Nothing falls off the end."""
    report = reasons(store, ALL, by=("origin",), top=1, now=LATER)
    assert [section.key for section in report.sections] == ["reasons", "by:origin", "oddities"]
    rest = "origin:2 others:reason"
    assert value(report, f"{rest}:rejected:timing:count") == 1
    assert (value(report, f"{rest}:recycled:price"), value(report, f"{rest}:recycled:{NONE}")) == (1 / 2, 1 / 2)


def test_a_period_counts_what_ended_in_it(store: SqlStore) -> None:
    """Whenever it began: Thursday has what was given back and lost, and the day before it nothing."""
    thursday = reasons(store, Period.of(date(2026, 3, 5), date(2026, 3, 5)), now=LATER)
    assert sorted(people(thursday, "ended")) == ["F2", "F3"]
    assert value(reasons(store, Period.of(date(2026, 3, 4), date(2026, 3, 4)), now=LATER), "ended") == 0


def test_twenty_are_not_few(tmp_path: Path) -> None:
    """Nineteen are marked, twenty are not, in each group by itself."""
    names = [(f"{facts['owner']}{each}", facts) for facts, number in ((ANN, 20), (BOB, 19)) for each in range(number)]
    no = [handed(name, facts, moved("disqualified", 9, name, reason="timing")) for name, facts in names]
    report = reasons(stored(tmp_path, [event for story in no for event in story], BOOK), ALL, now=LATER)
    key = "grade:{}:reason:rejected:timing"
    assert text_of(figure(report, key.format("A"))).startswith("100.0 % of 20 [")
    assert [text_of(figure(report, key.format(grade))).endswith("*") for grade in "AB"] == [False, True]


def test_every_form_tells_the_same(report: Report) -> None:
    """JSON with count, bounds and mark; CSV a row for each figure; a page with a table for each dimension."""
    sections = {each["key"]: each for each in document(report, now=START)["sections"]}
    first = sections["by:origin"]["tables"][0]["rows"][0]
    assert first[:3] == ["web", "rejected", "timing"]
    assert (first[3]["value"], first[4]["value"], first[4]["of"], first[4]["small"]) == (2, 2 / 3, 3, True)
    rows = {str(row[1]): row for row in csv_rows(report)}
    row = rows["owner:ann:reason:rejected:timing"]
    assert (row[2], row[4], row[6], row[9]) == ("ann / rejected / timing", 2 / 3, 3, "yes")
    text = html(page(report, now=START, connection="main", names={}))
    for title in ("By first source", "By persona", "By grade", "By owner"):
        assert title in text
    assert "66.7 % of 3 [20.8-93.9]*" in text
