"""What reports say of handoffs with several owners or several people, counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from syncd.model.lifecycle import Commitments
from syncd.operations.report import Period, Report
from syncd.operations.report_handoff import handoff
from syncd.operations.report_reasons import reasons
from syncd.operations.report_review import review
from syncd.store import SqlStore
from tests.unit.core.ledgers import at, delivered, moved, told, touched
from tests.unit.operations.ledgers import figure, people, stored, value

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""

NOBODY_PROMISED = Commitments()


def test_whoever_had_the_person_then_kept_the_time_or_not(tmp_path: Path) -> None:
    """Ann was late with P, whom Bob has by now; nobody says that Bob was."""
    begun = (moved("mql", 0), delivered(0), told(0, owner="ann", grade="A", origin="x"))
    store = stored(tmp_path, [*begun, touched(3), told(50, owner="bob")])
    report = handoff(store, Period(), now=at(99), by=("owner",), promised=NOBODY_PROMISED)
    kept = figure(report, "owner:ann:kept")
    assert (kept.value, kept.of, figure(report, "owner:bob:kept").of) == (0, 1, 0)
    assert (value(report, "owner:ann:touch"), value(report, "owner:bob:touch")) == (2 * 3_600_000, None)
    assert (value(report, "owner:ann:delivered"), value(report, "owner:bob:delivered")) == (0, 1)


def test_people_of_one_company_are_told_one_by_one(tmp_path: Path) -> None:
    """One handoff that was accepted; three people were qualified, one of whom sales rejected, one of whom waits."""
    facts = {"company": "C", "grade": "A", "origin": "fair"}
    begun = [
        each
        for who, hours in (("P", 1), ("Q", 30), ("R", 31))
        for each in (moved("mql", hours, who), delivered(hours, who), told(hours, who, **facts))
    ]
    no = moved("disqualified", 40, "R", reason="not_a_fit")
    store = stored(tmp_path, [*begun, touched(2), moved("sql", 3), no])
    report = handoff(store, Period(), now=at(500), by=(), promised=NOBODY_PROMISED)
    told_of = ("qualified", "qualified:people", "accepted", "rejected", "touch:breached", "decision:breached")
    assert [value(report, key) for key in told_of] == [1, 3, 1, 0, 0, 1]
    assert people(report, "decision:breached") == ["Q"]
    reason = "reason:rejected:not_a_fit"
    assert (people(report, reason), figure(report, reason).of) == (["R"], 1)
    why = reasons(store, Period(), by=("grade",), now=LATER)
    assert (people(why, reason), value(why, "ended:rejected")) == (["R"], 1)
    (march,) = (each for each in review_of(store).sections if each.key == "main")
    assert [row[0] for row in march.tables[0].rows] == ["not_a_fit"]
    late = reasons(store, Period(since=at(39)), by=("grade",), now=LATER)
    assert value(late, "ended") == 1
    early = reasons(store, Period(until=at(39)), by=("grade",), now=LATER)
    assert value(early, "ended") == 0


def review_of(store: SqlStore) -> Report:
    """The page of March 2026."""
    letters = ("A", "B")
    return review(store, month=(2026, 3), now=at(500), promised=NOBODY_PROMISED, letters=letters, qualified="MQL")
