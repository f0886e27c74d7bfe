"""``syncd report agreement``: how many linked records hold the same on both sides, as the last whole sweep found them.

The figures are those that the daemon's sweep leaves (``engine.reconcile``); a record with an open conflict counts as
one that differs.
"""

from __future__ import annotations

import orjson

from syncd.model.values import stamp
from syncd.operations.report import Bar, Chart, Figure, Period, Report, Section, Unit
from syncd.ports.memory import AGREEMENT
from syncd.ports.store import Store


def agreement(store: Store) -> Report:
    """The report; empty before the first whole sweep."""
    noted = store.recall(AGREEMENT)
    told: dict[str, list[int]] = orjson.loads(noted[0]) if noted else {}
    figures: list[Figure] = []
    for kind, (seen, agreeing) in sorted(told.items()):
        figures.append(Figure(f"{kind}:linked", f"{kind}: linked records that were compared", seen))
        figures.append(Figure(f"{kind}:agree", f"{kind}: hold the same", agreeing))
        figures.append(
            Figure(f"{kind}:agreement", f"{kind}: agreement", agreeing / seen if seen else None, Unit.SHARE, seen)
        )
    words = (
        "No whole sweep has ended yet; a daemon makes one slowly, beside its cycles."
        if noted is None
        else f"As the whole sweep found them that ended at {stamp(noted[1])}. Everything was compared, so there is no "
        "interval."
    )
    bars = tuple(
        Bar(figure.name.partition(":")[0], figure.value or 0.0, f"{100 * (figure.value or 0):.2f} % of {figure.of:,}")
        for figure in figures
        if figure.unit is Unit.SHARE
    )
    charts = (Chart("Agreement", bars, 1.0),) if bars else ()
    section = Section("agreement", "Agreement of both systems", (words,), tuple(figures), charts=charts)
    return Report("agreement", "Agreement", Period(), (section,))
