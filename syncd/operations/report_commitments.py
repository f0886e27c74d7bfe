"""What both teams promised each other, side by side, and whether it was kept.

Marketing's promises are judged by what was qualified in the period, sales' by what was delivered or rejected in it.
What is promised stands in ``lifecycle.yaml``; without a promise a figure stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncd.core.figures import SMALL
from syncd.model.episode import NO, YES
from syncd.model.lifecycle import Commitments
from syncd.operations.report import Figure, Section, Table, part, share
from syncd.operations.report_cohort import Handoffs


def commitments(found: Handoffs, promised: Commitments, *, month: bool) -> Section:
    """Both teams' promises side by side. A volume is promised for a calendar month and judged for one only."""
    episodes = found.episodes
    rejected = episodes.within("rejected_at", found.period)
    reason = episodes["reason"]
    due = found.cohort
    marketing = (
        Figure(
            "promise:volume",
            "handoffs qualified" + ("" if month else " (judged by the month)"),
            len(found.qualified),
            rows=found.qualified,
            target=promised.volume if month else None,
        ),
        _told(episodes["complete"], found.qualified, "complete", "entry fields complete", promised.complete),
        _told(episodes["valid"], found.qualified, "valid", "can be reached", promised.valid),
    )
    sales = (
        found.attainment("promise:touch", "touched within the time agreed", "touch", due, promised.touch),
        found.attainment("promise:decision", "decided within the time agreed", "decision", due, promised.decision),
        share(
            "promise:reason",
            "rejected with a reason",
            [at for at in rejected if reason[at] is not None],
            len(rejected),
            target=part(promised.reason),
        ),
    )
    rows: tuple[tuple[str | Figure, ...], ...] = tuple(
        (team, figure.name, figure, _promised(figure), verdict(figure))
        for team, figures in (("marketing", marketing), ("sales", sales))
        for figure in figures
    )
    heads = ("team", "promise", "figure", "promised", "kept")
    words = "Marketing's of what was qualified in the period, sales' of what was delivered or rejected in it."
    return Section("commitments", "What both teams promised", (words,), tables=(Table("promises", "", heads, rows),))


def _told(column: Sequence[str | None], among: Sequence[int], key: str, name: str, target: int | None) -> Figure:
    """Yes among yes and no; of whom nobody told is noted."""
    yes = [at for at in among if column[at] == YES]
    no = sum(1 for at in among if column[at] == NO)
    untold = len(among) - len(yes) - no
    note = f"of {untold:,} nobody told" if untold else ""
    return share(f"promise:{key}", name, yes, len(yes) + no, note=note, target=part(target))


def verdict(figure: Figure) -> str:
    """Whether a promise was kept, in a word; too few to tell is said."""
    kept = figure.kept
    if kept is None:
        return "-"
    few = figure.of is not None and figure.of < SMALL
    return ("yes" if kept else "no") + (f" (of fewer than {SMALL})" if few else "")


def _promised(figure: Figure) -> str:
    if figure.target is None:
        return "nothing"
    return f"{figure.target:,.0f}" if figure.of is None else f"{100 * figure.target:.0f} %"
