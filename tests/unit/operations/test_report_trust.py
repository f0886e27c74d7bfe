"""What the figure that both teams trust is made of: what sales said, and nothing that others did in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.core.book import Book
from syncd.model.episode import Event
from syncd.model.lifecycle import Commitments
from syncd.operations.report import Period
from syncd.operations.report_credit import credit
from syncd.operations.report_handoff import handoff
from syncd.operations.report_rating import rating
from syncd.operations.report_review import review
from syncd.store import SqlStore
from tests.unit.core.ledgers import BOOK, CALENDARS, at, deal, delivered, moved, told
from tests.unit.operations.ledgers import LATER, figure, people, stored, value

ALL = Period()
OF_SALES = Book(BOOK.rules, CALENDARS, sales=frozenset({"sales"}), back=frozenset({"lead"}))


def handed(person: str, *more: Event, **facts: str) -> Iterator[Event]:
    """Qualified with grade A, and visible to sales an hour later."""
    yield from (moved("mql", 0, person, by="kim"), delivered(1, person), *more)
    yield told(0, person, **{"origin": "web", "grade": "A", **facts})


def crowd() -> Iterator[Event]:
    """Sales said yes once and no once; marketing and a workflow moved three on, and marketing took one of them back."""
    yield from handed("yes", moved("sql", 2, "yes", by="sid"))
    yield from handed("no", moved("disqualified", 2, "no"))
    yield from handed("pushed", moved("sql", 2, "pushed", team="marketing", by="mia"))
    yield from handed("flowed", moved("sql", 2, "flowed", team="system"))
    taken = moved("disqualified", 5, "taken", team="marketing")
    yield from handed("taken", moved("sql", 2, "taken", team="marketing"), taken)
    yield from handed("waits")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """The six."""
    opened = stored(tmp_path, crowd(), OF_SALES)
    yield opened
    opened.close()


def test_nobody_lifts_the_rate_but_sales(store: SqlStore) -> None:
    """Of two answers one is a yes; whom others moved on is shown apart, in no rate, and waits for nobody."""
    report = handoff(store, ALL, now=at(100), promised=Commitments(decision=90))
    told_of = {key: people(report, key) for key in ("accepted", "rejected", "moved_on", "undecided", "given_back")}
    assert told_of == {
        "accepted": ["yes"],
        "rejected": ["no"],
        "moved_on": ["flowed", "pushed", "taken"],
        "undecided": ["waits"],
        "given_back": [],
    }
    rate, kept = figure(report, "acceptance"), figure(report, "decision:kept")
    assert (rate.value, rate.of) == (0.5, 2)
    assert (kept.value, kept.of, people(report, "decision:kept")) == (2 / 3, 3, ["no", "yes"])
    assert value(report, "promise:decision") == 2 / 3
    assert value(report, "decision:breached") == 1
    assert people(report, "oddity:moved_on") == ["flowed", "pushed", "taken"]
    grades = rating(store, ALL, now=at(100))
    assert (figure(grades, "A:acceptance").value, figure(grades, "A:acceptance").of) == (0.5, 2)


def test_nobody_of_marketing_is_an_sdr(store: SqlStore) -> None:
    """Credit by SDR names who of sales said yes."""
    report = credit(store, ALL, by=("sdr",), now=LATER)
    (table,) = (table for section in report.sections for table in section.tables)
    assert [row[0] for row in table.rows] == ["(none)", "sid"]


def test_a_win_of_the_review_opens_to_who_bought(tmp_path: Path) -> None:
    """Also where others were handed over long before, whom the page of the month does not read."""
    before = [
        replace(each, at=each.at - timedelta(days=200)) for each in handed("long ago", moved("sql", 2, "long ago"))
    ]
    store = stored(tmp_path, [*before, *crowd(), moved("customer", 30, "yes")], OF_SALES)
    report = review(store, month=(2026, 3), now=LATER, promised=Commitments(), letters=("A",), qualified="MQL")
    (key,) = {each.key for each in report.figures() if each.key.startswith("win:")}
    assert people(report, key) == ["yes"]
    store.close()


def test_what_is_sold_after_a_win_can_be_opened(tmp_path: Path) -> None:
    """A second Opportunity in another month is listed, as the handoff is won in the month of the first."""
    again = deal("won", 10, "yes"), deal("open", 800, "yes", deal="E"), deal("won", 1_600, "yes", deal="E")
    store = stored(tmp_path, (*crowd(), *again), OF_SALES)
    assert people(credit(store, ALL, by=("origin",), now=LATER), "oddity:sold_again") == ["yes"]
    store.close()
