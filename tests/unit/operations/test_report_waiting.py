"""What reports say of handoffs with several owners or several people, counted by hand."""

from __future__ import annotations

from pathlib import Path

from syncd.model.lifecycle import Commitments
from syncd.operations.report import Period
from syncd.operations.report_handoff import handoff
from tests.unit.core.ledgers import at, delivered, moved, told, touched
from tests.unit.operations.ledgers import figure, stored, value

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
