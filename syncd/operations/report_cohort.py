"""The episodes of a period, told apart as every report about handoffs does: decided, undecided, in time or late.

The *cohort* are the episodes that were delivered in the period, whenever they were decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from syncd.model.values import Instant
from syncd.operations.report import Episodes, Figure, Period, ms, part, share
from syncd.ports.store import Store

COLUMNS: Final = (
    "born",
    "state",
    "opened_at",
    "qualified_at",
    "delivered_at",
    "touched_at",
    "accepted_at",
    "rejected_at",
    "closed_at",
    "reason",
    "system",
    "touch",
    "decision",
    "touch_warned",
    "touch_due",
    "decision_warned",
    "decision_due",
    "grade",
    "complete",
    "valid",
)


class Level(Enum):
    """How a service level stands for one episode."""

    KEPT = 1
    MISSED = 2
    RUNNING = 3


class Handoffs:
    """The episodes of a period, told apart as every report about handoffs does."""

    def __init__(self, store: Store, period: Period, now: Instant, by: Sequence[str] = ()) -> None:
        self.episodes = Episodes(store, (*COLUMNS, *by), period)
        self.period = period
        self.now = ms(now)
        self.qualified = self.episodes.within("qualified_at", period)
        self.cohort = self.episodes.within("delivered_at", period)
        self.decided_at = [
            yes if yes is not None else no
            for yes, no in zip(self.episodes["accepted_at"], self.episodes["rejected_at"], strict=True)
        ]
        self.levels = {
            "touch": self._levels("touch_due", self.episodes["touched_at"]),
            "decision": self._levels("decision_due", self.decided_at),
        }
        self.accepted, self.rejected, self.undecided = self.decided(self.cohort)

    def decided(self, among: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
        """Accepted, rejected, and neither."""
        accepted, decided = self.episodes["accepted_at"], self.decided_at
        yes = [at for at in among if accepted[at] is not None]
        rest = among if len(yes) < len(among) else ()
        no = [at for at in rest if decided[at] is not None and accepted[at] is None]
        return yes, no, [at for at in rest if decided[at] is None]

    def _levels(self, due: str, ends: Sequence[int | None]) -> list[Level | None]:
        """How a service level stands at each place; ``None`` without one, or ended before its time was over."""
        now, kept, missed, running = self.now, Level.KEPT, Level.MISSED, Level.RUNNING
        return [
            None
            if limit is None
            else (kept if end <= limit else missed)
            if end is not None
            else None
            if closed is not None and closed <= limit
            else missed
            if now > limit
            else running
            for limit, end, closed in zip(self.episodes[due], ends, self.episodes["closed_at"], strict=True)
        ]

    def attainment(self, key: str, name: str, what: str, among: Sequence[int], target: int | None = None) -> Figure:
        """Which part of a service level was kept."""
        levels = self.levels[what]
        told = [(at, level) for at in among if (level := levels[at]) is not None]
        kept = [at for at, level in told if level is Level.KEPT]
        running = sum(1 for _, level in told if level is Level.RUNNING)
        note = f"{running:,} still within their time" if running else ""
        return share(key, name, kept, len(told) - running, note=note, target=part(target))


def acceptance(found: Handoffs, among: Sequence[int], key: str, name: str) -> Figure:
    """Accepted of all that were decided."""
    yes, no, _ = found.decided(among)
    return share(key, name, yes, len(yes) + len(no))
