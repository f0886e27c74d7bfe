"""The funnel of four people, counted by hand: stays, where they led, how long they were, what came of each month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from syncd.core.figures import wilson
from syncd.model.episode import Event
from syncd.operations.report import Period, Report
from syncd.operations.report_funnel import funnel
from syncd.store import SqlStore
from tests.unit.core.ledgers import at, moved
from tests.unit.operations.ledgers import figure, people, stored, value

DAY = 24.0
STAGES = {key: key.title() for key in ("lead", "mql", "sql", "customer", "disqualified")}
NOW = at(90 * DAY)


def went(person: str, *moves: tuple[str, float] | tuple[str, float, int]) -> Iterator[Event]:
    """Into these stages, so many days after the second of March, in their first cycle unless another one is told."""
    for stage, days, *cycle in moves:
        yield moved(stage, days * DAY, person, cycle=int(cycle[0]) if cycle else 1)


def four() -> Iterator[Event]:
    """P buys; Q is rejected and comes again; R waits; S was taken too early, and then again."""
    yield from went("P", ("lead", 0), ("mql", 1), ("sql", 3), ("customer", 39))
    yield from went("Q", ("lead", 0), ("mql", 2), ("disqualified", 6), ("mql", 32, 2), ("sql", 34, 2))
    yield from went("R", ("lead", 18), ("mql", 30), ("mql", 31))
    yield from went("S", ("mql", 7), ("sql", 7.5), ("mql", 10), ("sql", 18))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """The four."""
    opened = stored(tmp_path, four())
    yield opened
    opened.close()


@pytest.fixture
def told(store: SqlStore) -> Report:
    """Their funnel."""
    return funnel(store, Period(), now=NOW, names=STAGES)


def test_who_is_still_there(told: Report) -> None:
    """Opened down to whom it counts, as what came in and what has left is; in each stage they add up."""
    assert (value(told, "mql:there"), people(told, "mql:there")) == (1, ["R"])
    assert sorted(people(told, "sql:there")) == ["Q", "S"]
    assert people(told, "customer:there") == ["P"]
    assert (value(told, "lead:there"), people(told, "lead:there")) == (0, [])
    for key in STAGES:
        came, left, there = (people(told, f"{key}:{what}") for what in ("entered", "left", "there"))
        assert sorted(came) == sorted(left + there)
    assert sorted(people(told, "mql:entered")) == ["P", "Q", "Q", "R", "S", "S"]


def test_how_long_they_stayed(told: Report) -> None:
    """MQL: half a day, two (twice), four and eight; of whoever has left, and the nearest rank of nine in ten."""
    median, ninety = figure(told, "mql:days:median"), figure(told, "mql:days:p90")
    assert (median.value, ninety.value) == (2, 8)
    assert (median.of, ninety.of, median.small) == (5, 5, True)
    assert sorted(people(told, "mql:days:median")) == sorted(people(told, "mql:days:p90")) == ["P", "Q", "Q", "S", "S"]
    # lead: one, two and twelve days; SQL: two and a half, and thirty-six, so that the median lies between
    assert (value(told, "lead:days:median"), value(told, "lead:days:p90")) == (2, 12)
    assert (value(told, "sql:days:median"), value(told, "sql:days:p90")) == (19.25, 36)
    assert (value(told, "customer:days:median"), figure(told, "customer:days:median").of) == (None, 0)


def test_ninety_per_cent_are_within(tmp_path: Path) -> None:
    """Of ten stays of one to ten days the ninth, and the mean of the middle two."""
    events = [event for days in range(1, 11) for event in went(f"P{days}", ("lead", 0), ("mql", days))]
    report = funnel(stored(tmp_path, events), Period(), now=NOW, names=STAGES)
    assert (value(report, "lead:days:median"), value(report, "lead:days:p90")) == (5.5, 9)


@pytest.mark.parametrize(
    ("key", "hits", "of", "who"),
    [
        ("2026-03:lead>>mql", 3, 3, "PQR"),
        ("2026-03:lead>>sql", 2, 3, "PQ"),
        ("2026-03:mql>>sql", 3, 4, "PSS"),
        ("2026-03:mql>>customer", 1, 4, "P"),
        ("2026-03:mql>>disqualified", 1, 4, "Q"),
        ("2026-04:mql>>sql", 1, 2, "Q"),
        ("2026-04:mql>>customer", 0, 2, ""),
        ("mql>>sql", 4, 6, "PQSS"),
        ("2026-03:sql>>mql", 1, 3, "S"),
        ("2026-04:sql>>mql", 0, 1, ""),
        ("disqualified>>sql", 1, 1, "Q"),
    ],
)
def test_what_came_of_each_month(told: Report, key: str, hits: int, of: int, who: str) -> None:
    """Whatever was reached since, at once or later, until they came in again: Q's first time led to a no alone."""
    found = figure(told, key)
    assert (found.value, found.of, found.small) == (hits / of, of, True)
    assert (found.low, found.high) == wilson(hits, of)
    assert sorted(people(told, key)) == list(who)


def test_each_month_says_how_many_came_in(told: Report) -> None:
    """A row per month and one for all, in the order of the stages; a stage that led nowhere has no table."""
    (section,) = (section for section in told.sections if section.key == "conversion")
    tables = {table.key: table for table in section.tables}
    assert list(tables) == [f"conversion:{key}" for key in ("lead", "mql", "sql", "disqualified")]
    mql = tables["conversion:mql"]
    assert mql.heads == ("came in", "people", "Sql", "Customer", "Disqualified")
    assert [row[0] for row in mql.rows] == ["2026-03", "2026-04", "all"]
    assert sorted(people(told, "2026-04:mql>>")) == ["Q", "R"]
    assert value(told, "mql>>") == 6


def test_a_period_counts_who_came_in_then_and_what_became_of_them_by_now(store: SqlStore) -> None:
    """March alone: who bought in April did so out of March."""
    march = funnel(store, Period.of(None, date(2026, 3, 31)), now=NOW, names=STAGES)
    assert (value(march, "mql>>"), value(march, "mql>>customer")) == (4, 1 / 4)
    assert (value(march, "mql:there"), value(march, "mql:days:median")) == (0, 3)
    april = funnel(store, Period.of(date(2026, 4, 1), None), now=NOW, names=STAGES)
    assert (value(april, "mql>>sql"), value(april, "mql:days:median"), people(april, "mql:there")) == (1 / 2, 2, ["R"])
