"""The episodes of a period, told apart as every report about handoffs does: decided by sales, moved on by others,
undecided, in time or late.

The *cohort* are the episodes that were delivered in the period, whenever they were decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from syncd.model.episode import Oddity
from syncd.model.values import Instant
from syncd.operations.report import Figure, Period, ms, part, ranked, share
from syncd.operations.report_episodes import Episodes
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
    "touch_due",
    "decision_due",
    "touch_owner",
    "decision_owner",
    "terms",
    "grade",
    "complete",
    "valid",
    "oddities",
)


PEOPLE: Final = (
    "state",
    "opened_at",
    "closed_at",
    "qualified",
    "reason",
    "touch_warned",
    "touch_due",
    "decision_warned",
    "decision_due",
    "work_warned",
    "work_due",
)
"""What each person of an episode has of their own. Their times are of what sales has not done."""
CLOCKS: Final = ("system", "touch", "decision")
NOTHING, YES, NO = 0, 1, 2
"""What sales has said of an episode, as small numbers: a hundred thousand of them are counted."""
KEPT, MISSED, RUNNING = 1, 2, 3
"""How a service level stands for an episode; ``NOTHING`` where there is none to keep."""


class Handoffs:
    """The episodes of a period, told apart as every report about handoffs does.

    Of the cohort sales has ``accepted`` or ``rejected`` some. It has said nothing of those that marketing or automation
    has ``moved_on`` into a stage that means yes, and of the ``undecided``, open or ended.
    """

    def __init__(
        self, store: Store, period: Period, now: Instant, by: Sequence[str] = (), *, read: Period | None = None
    ) -> None:
        """:param read: as of ``Episodes``."""
        self.episodes = Episodes(store, (*COLUMNS, *by), period, read=read)
        self.people = Episodes(store, PEOPLE, period, read=read, people=True)
        self.period = period
        self.now = ms(now)
        self.qualified = self.episodes.within("qualified_at", period)
        self.cohort = self.episodes.within("delivered_at", period)
        accepted, rejected = self.episodes["accepted_at"], self.episodes["rejected_at"]
        self.decided_at = [yes if yes is not None else no for yes, no in zip(accepted, rejected, strict=True)]
        self.answers = [
            YES if yes is not None else NO if no is not None else NOTHING
            for yes, no in zip(accepted, rejected, strict=True)
        ]
        self.levels = {
            "touch": self._levels("touch_due", self.episodes["touched_at"]),
            "decision": self._levels("decision_due", self.decided_at),
        }
        self.accepted, self.rejected, unanswered = self.decided(self.cohort)
        odd = self.episodes["oddities"]
        self.moved_on = [at for at in unanswered if Oddity.MOVED_ON in odd[at].split()]
        others = frozenset(self.moved_on)
        self.undecided = [at for at in unanswered if at not in others] if others else unanswered
        ahead = frozenset(self.episodes.ahead(now, self.cohort))
        timed = [at for at in self.cohort if at not in ahead] if ahead else self.cohort
        self.order = {name: ranked(self.episodes[name], timed) for name in CLOCKS}

    def decided(self, among: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
        """Accepted, rejected, and neither: sales has said nothing."""
        told = [(at, self.answers[at]) for at in among]
        yes, no, rest = ([at for at, answer in told if answer == wanted] for wanted in (YES, NO, NOTHING))
        return yes, no, rest

    def _levels(self, due: str, ends: Sequence[int | None]) -> list[int]:
        """How a service level stands at each place. None without one, or ended before its time was over."""
        now = self.now
        return [
            NOTHING
            if limit is None
            else (KEPT if end <= limit else MISSED)
            if end is not None
            else NOTHING
            if closed is not None and closed <= limit
            else MISSED
            if now > limit
            else RUNNING
            for limit, end, closed in zip(self.episodes[due], ends, self.episodes["closed_at"], strict=True)
        ]

    def attainment(self, key: str, name: str, what: str, among: Sequence[int], target: int | None = None) -> Figure:
        """Which part of a service level was kept."""
        levels = self.levels[what]
        told = list(map(levels.__getitem__, among))
        kept = [at for at, level in zip(among, told, strict=True) if level == KEPT]
        running = told.count(RUNNING)
        note = f"{running:,} still within their time" if running else ""
        return share(key, name, kept, len(kept) + told.count(MISSED), note=note, target=part(target))


def acceptance(found: Handoffs, among: Sequence[int], key: str, name: str) -> Figure:
    """Accepted of all that were decided."""
    told = list(map(found.answers.__getitem__, among))
    yes = [at for at, answer in zip(among, told, strict=True) if answer == YES]
    return share(key, name, yes, len(yes) + told.count(NO))
