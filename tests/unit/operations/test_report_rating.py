"""What grades are worth: by what sales said and by what was won, counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from syncd.core.book import Book
from syncd.core.figures import wilson
from syncd.model.episode import Event
from syncd.operations.report import Period
from syncd.operations.report_rating import compared, rating
from tests.unit.core.ledgers import CALENDARS, RULES, delivered, moved, told
from tests.unit.operations.ledgers import figure, people, stored, value
from tests.unit.operations.test_reports import handed

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""

ALL = Period()
BOOK = Book(RULES, CALENDARS, sales=frozenset({"sales"}), back=frozenset({"lead"}))


def test_a_grade_must_deserve_its_order(tmp_path: Path) -> None:
    """B is accepted more often than A, surely; C cannot be told from B."""
    chances = {"A": 8, "B": 24, "C": 22}
    events = [
        event
        for grade, yes in chances.items()
        for number in range(30)
        for event in handed(
            f"{grade}{number}",
            0,
            moved("sql" if number < yes else "disqualified", 9, f"{grade}{number}"),
            grade=grade,
        )
    ]
    report = rating(stored(tmp_path, events), ALL, now=LATER)
    verdicts = {row[0]: row[2] for row in report.sections[1].tables[0].rows if row[1] == "acceptance rate"}
    assert verdicts == {
        "A before B": "does not deserve its order: 26.7 % against 80.0 %",
        "B before C": "cannot be told apart yet: 80.0 % against 73.3 %",
    }
    assert (figure(report, "A:acceptance").low, figure(report, "A:acceptance").high) == wilson(8, 30)
    one, other = figure(report, "B:acceptance"), figure(report, "A:acceptance")
    assert compared(one, other).startswith("deserves its order")
    assert compared(figure(report, "C:acceptance"), one) == (
        "does not deserve its order so far: 73.3 % against 80.0 %; it may be chance"
    )


def eight() -> Iterator[Event]:
    """Grade A: won, lost, rejected, recycled, given back, withdrawn, waiting; and one that was never delivered."""
    for person in ("won", "lost", "rejected", "recycled", "given back", "withdrawn", "waiting"):
        yield from (moved("mql", 0, person), delivered(1, person), told(0, person, grade="A", origin="web"))
    yield moved("customer", 5, "won")
    yield from (moved("opportunity", 5, "lost"), moved("disqualified", 9, "lost"))
    yield moved("disqualified", 5, "rejected")
    yield from (moved("sql", 5, "recycled"), moved("disqualified", 9, "recycled"))
    yield moved("lead", 5, "given back", start="mql")
    yield moved("lead", 5, "withdrawn", start="mql", team="marketing")
    yield from (moved("mql", 0, "unseen"), told(0, "unseen", grade="A"), moved("disqualified", 5, "unseen"))


def test_what_has_ended_counts_for_a_win_rate(tmp_path: Path) -> None:
    """One of five: whatever sales had and did not win; not what marketing withdrew, and not what is open."""
    report = rating(stored(tmp_path, eight(), BOOK), ALL, now=LATER)
    wins = figure(report, "A:wins")
    assert (wins.value, wins.of, (wins.low, wins.high)) == (1 / 5, 5, wilson(1, 5))
    assert people(report, "A:wins") == ["won"]
    accepted = figure(report, "A:acceptance")
    assert (accepted.value, accepted.of) == (3 / 4, 4)
    assert value(report, "A:delivered") == 7
