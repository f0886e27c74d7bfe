"""Groups of handoffs, each with its times; and times in the future, which are in none."""

from __future__ import annotations

from pathlib import Path

from syncd.model.lifecycle import Commitments
from syncd.operations.report_credit import credit
from syncd.operations.report_funnel import funnel
from syncd.operations.report_handoff import handoff
from syncd.operations.report_rating import rating
from syncd.operations.report_reasons import reasons
from syncd.operations.report_review import review
from tests.unit.core.ledgers import at, contacted, deal, moved, told, touched
from tests.unit.operations.ledgers import figure, people, stored, value
from tests.unit.operations.test_reports import ALL, NOW, PROMISED, STAGES, handed


# -- dates in the future -----------------------------------------------------------------------------------------------
def test_a_date_in_the_future_is_listed_and_in_no_average(tmp_path: Path) -> None:
    """Somebody whom sales is said to have touched next month: counted, listed in every report, and in no median."""
    events = [
        *handed("P", 0, touched(5, "P"), moved("sql", 6, "P")),
        *handed("Q", 0, touched(2_000, "Q"), moved("sql", 2_001, "Q")),
    ]
    kept = stored(tmp_path, events)
    report = handoff(kept, ALL, now=NOW, promised=Commitments())
    assert people(report, "oddity:in_future") == ["Q"]
    assert figure(report, "oddity:in_future").note == "cannot be true"
    assert (value(report, "delivered"), value(report, "accepted")) == (2, 2)
    assert (figure(report, "touch:median").of, figure(report, "decision:median").of) == (1, 1)
    lost = tmp_path / "lost"
    lost.mkdir()
    everywhere = [
        credit(kept, ALL, now=NOW),
        funnel(kept, ALL, now=NOW, names=STAGES),
        rating(kept, ALL, now=NOW),
        reasons(stored(lost, [*handed("R", 0, moved("disqualified", 2_000, "R"))]), ALL, now=NOW),
        review(kept, month=(2026, 3), now=NOW, promised=PROMISED, letters="ABCD", qualified="MQL"),
    ]
    assert [len(people(each, "oddity:in_future")) for each in everywhere] == [1] * 5
    later = handoff(kept, ALL, now=at(2_002), promised=Commitments())
    assert not [each for each in later.figures() if each.key == "oddity:in_future"]
    assert figure(later, "touch:median").of == 2


def test_a_win_in_the_future_has_no_days(tmp_path: Path) -> None:
    """It is won, since sales says so, and in no figure about days."""
    won = (contacted(0, "P"), *handed("P", 1), deal("won", 3_000, "P"))
    kept = stored(tmp_path, [*won, contacted(0, "Q"), *handed("Q", 1), deal("won", 72, "Q")])
    report = credit(kept, ALL, now=NOW)
    assert (value(report, "all:won"), figure(report, "all:days").of, value(report, "all:days")) == (2, 1, 3)


# -- groups ------------------------------------------------------------------------------------------------------------
def test_each_group_has_its_decisions_in_time(tmp_path: Path) -> None:
    """Of grade A three were answered in time and two too late; nobody has agreed on a time for grade B."""
    events = [
        *(each for n in range(3) for each in handed(f"A{n}", 0, moved("sql", 3 + n, f"A{n}"), grade="A")),
        *(each for n in (3, 4) for each in handed(f"A{n}", 0, moved("sql", 400, f"A{n}"), grade="A")),
        *(each for n in range(2) for each in handed(f"B{n}", 0, moved("sql", 400, f"B{n}"), grade="B")),
    ]
    report = handoff(stored(tmp_path, events), ALL, now=NOW, by=("grade",), promised=Commitments())
    (table,) = next(section for section in report.sections if section.key == "by:grade").tables
    assert table.heads == (
        "grade", "delivered", "acceptance rate", "touch, median", "touched in time", "decision, median",
        "decided in time", "system, median",
    )  # fmt: skip
    assert (value(report, "grade:A:decided"), figure(report, "grade:A:decided").of) == (0.6, 5)
    assert (value(report, "grade:B:decided"), figure(report, "grade:B:decided").of) == (None, 0)
    assert (value(report, "grade:A:decision"), figure(report, "grade:A:decision").of) == (4 * 3_600_000, 5)
    assert figure(report, "grade:B:decision").of == 2
    assert sorted(people(report, "grade:A:decided")) == ["A0", "A1", "A2"]


def test_a_decision_is_of_whoever_had_the_person_then(tmp_path: Path) -> None:
    """Ann answered, and Bo has her now: in time by Ann, delivered to Bo."""
    events = [*handed("P", 0, moved("sql", 3, "P"), grade="A", owner="ann"), told(100, "P", owner="bo")]
    report = handoff(stored(tmp_path, events), ALL, now=NOW, by=("owner",), promised=Commitments())
    assert (value(report, "owner:ann:decided"), value(report, "owner:ann:delivered")) == (1.0, 0)
    assert (figure(report, "owner:bo:decided").of, value(report, "owner:bo:delivered")) == (0, 1)
