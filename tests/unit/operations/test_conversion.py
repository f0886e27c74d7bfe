"""The conversion of a source counts people: whoever is handed over again is nobody new."""

from __future__ import annotations

from pathlib import Path

from syncd.operations.report import Period
from syncd.operations.report_credit import credit
from tests.unit.core.ledgers import moved, told
from tests.unit.operations.ledgers import LATER, figure, people, stored, value


def test_who_was_handed_over_twice_is_one(tmp_path: Path) -> None:
    """Two people of one source; one is given back, qualified again and won at last: one of two, in three episodes."""
    events = [
        told(0, "A", origin="web"),
        moved("mql", 0, "A"),
        moved("disqualified", 5, "A", reason="timing"),
        moved("mql", 900, "A", cycle=2, start="disqualified"),
        moved("customer", 950, "A", cycle=2),
        told(0, "B", origin="web"),
        moved("mql", 0, "B"),
    ]
    report = credit(stored(tmp_path, events), Period(), by=("origin",), now=LATER)
    assert value(report, "origin:web:opened") == 3
    assert value(report, "origin:web:conversion") == 0.5
    assert figure(report, "origin:web:conversion").of == 2
    assert people(report, "origin:web:conversion") == ["A"]
    assert value(report, "all:conversion") == 0.5
