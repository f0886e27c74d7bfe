"""What a report says of this moment, whatever its period; and each figure opens to the records that it counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from syncd.model.episode import Event
from syncd.model.lifecycle import Commitments
from syncd.operations.report import Figure, Period, Report
from syncd.operations.report_credit import credit
from syncd.operations.report_funnel import funnel
from syncd.operations.report_handoff import handoff
from syncd.operations.report_rating import rating
from syncd.operations.report_reasons import reasons
from syncd.operations.report_review import review
from syncd.store import SqlStore
from tests.unit.core.ledgers import at, deal, delivered, moved, told, touched
from tests.unit.operations.ledgers import figure, people, stored, value

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""

DAY = 24.0
NOW = at(80 * DAY)
APRIL = Period.of(date(2026, 4, 1), date(2026, 4, 30))
STAGES = {key: key for key in ("mql", "sql", "opportunity", "customer", "disqualified")}


def story(person: str, day: float, *more: Event, origin: str = "web") -> Iterator[Event]:
    """Qualified and delivered, so many days after the second of March."""
    yield from (moved("mql", day * DAY, person), delivered(day * DAY, person))
    yield from (told(day * DAY, person, origin=origin, grade="A", persona="x", owner="ann"), *more)


def spring() -> Iterator[Event]:
    """March: one is late, one has an offer, one was won and one was rejected. April: the same with other people."""
    for day, month in ((1.0, "M"), (40.0, "A")):
        yield from story(f"{month} late", day, origin="fair")
        offer = touched(day * DAY, f"{month} offer"), deal("open", (day + 1) * DAY, f"{month} offer", amount=5_000)
        yield from story(f"{month} offer", day, *offer, moved("opportunity", (day + 1) * DAY, f"{month} offer"))
        yield from story(f"{month} won", day, deal("won", (day + 2) * DAY, f"{month} won", deal=month))
        no = moved("disqualified", (day + 3) * DAY, f"{month} no", reason="timing")
        yield from story(f"{month} no", day, no, origin="fair")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """The eight."""
    opened = stored(tmp_path, spring())
    yield opened
    opened.close()


def test_what_is_late_now_is_so_from_whatever_time(store: SqlStore) -> None:
    """Nobody has touched the one of March, and nothing has happened to them since: April's report has them, too."""
    report = handoff(store, APRIL, now=NOW, promised=Commitments())
    assert sorted(people(report, "touch:breached")) == ["A late", "M late"]
    assert sorted(people(report, "delivered")) == ["A late", "A no", "A offer", "A won"]
    assert value(report, "touch:kept") is not None


def test_what_is_offered_now_is_so_from_whatever_time(store: SqlStore) -> None:
    """The open pipeline is that of this moment; what was won and begun is of the period."""
    report = credit(store, APRIL, now=LATER)
    assert sorted(people(report, "origin:web:offered")) == ["A offer", "M offer"]
    assert value(report, "origin:web:pipeline:EUR") == 10_000
    assert (people(report, "all:won"), value(report, "opened")) == (["A won"], 4)


def test_oddities_are_those_of_the_period(tmp_path: Path) -> None:
    """Reading more does not list more."""
    events = [*story("M", 1), *story("A", 40), moved("mql", 2 * DAY, "M odd"), moved("mql", 41 * DAY, "A odd")]
    store = stored(tmp_path, events)
    made = (
        handoff(store, APRIL, now=NOW, promised=Commitments()),
        credit(store, APRIL, now=LATER),
        funnel(store, APRIL, now=NOW, names=STAGES),
        review(store, month=(2026, 4), now=NOW, promised=Commitments(), letters="A", qualified="MQL"),
    )
    for report in made:
        assert people(report, "oddity:no_origin") == ["A odd"], report.name


def test_a_forecast_opens_to_its_own_records(store: SqlStore) -> None:
    """With a period, too, of which the forecast knows nothing: it is of all that is open, and of all that was."""
    report = funnel(store, APRIL, now=NOW, names=STAGES)
    assert sorted(people(report, "expected:wins")) == ["A late", "A offer", "M late", "M offer"]
    assert sorted(people(report, "expected:amount:EUR")) == ["A offer", "M offer"]
    assert sorted(people(report, "open:offered")) == ["A offer", "M offer"]
    assert sorted(people(report, "chance:offered")) == sorted(people(report, "chance:begun")) == ["A won", "M won"]
    assert (value(report, "chance:offered"), value(report, "chance:begun")) == (1, 1 / 2)
    assert sorted(people(report, "back:2026-04-01:open")) == ["M late", "M offer"]
    assert people(report, "won") == ["A won"]


def test_a_reason_of_the_month_before_opens_to_its_records(store: SqlStore) -> None:
    """It is counted beside this month's, and of other episodes."""
    report = review(store, month=(2026, 4), now=NOW, promised=Commitments(), letters="A", qualified="MQL")
    before = figure(report, "main:timing:before")
    assert (before.value, before.of, people(report, "main:timing:before")) == (1, 1, ["M no"])
    assert people(report, "main:timing") == ["A no"]


@pytest.mark.parametrize("period", [Period(), APRIL], ids=["all", "april"])
def test_every_figure_opens_to_what_it_counts(store: SqlStore, period: Period) -> None:
    """A count to as many records as it says, a share to its hits; only what counts no records opens to none."""
    made = (
        handoff(store, period, now=NOW, promised=Commitments()),
        funnel(store, period, now=NOW, names=STAGES),
        credit(store, period, now=LATER),
        reasons(store, period, now=LATER),
        rating(store, period, now=LATER),
        review(store, month=(2026, 4), now=NOW, promised=Commitments(), letters="A", qualified="MQL"),
    )
    for report in made:
        for each in report.figures():
            if each.key not in {"benchmark", "back:held"}:  # an outside mark, and forecasts that are counted
                assert not each.value or len(each.rows) == hits(each, report), f"{report.name}: {each.key}"


def hits(each: Figure, report: Report) -> int:
    """How many records a figure must open to; those that are no counts to some."""
    places = [row for row in each.rows if isinstance(row, int)]
    assert all(0 <= place < len(report.ids) for place in places)
    if each.unit == "count":
        return round(each.value or 0)
    if each.unit == "share":
        return round((each.value or 0) * (each.of or 0))
    return max(1, len(each.rows))
