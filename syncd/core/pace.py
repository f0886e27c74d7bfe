"""When the day's calls of one account are used up, at the pace of the last two hours; and when that cannot be said.

Goes in: what the vendor counted, every few minutes. Comes out: the hour, or that they last, or that too little was
observed. A vendor that gives all calls at once (HubSpot, at midnight of the account) and one that gives them back one
by one (Salesforce, after 24 hours) are told by the same figures: a count that falls by half is a new day, from which
the pace is measured anew, and what falls less is part of the pace. Which hour a day ends at no vendor tells, so what
lasts a day from now is said to last, and an hour before that holds unless new calls come first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from syncd.core.reserve import waiting
from syncd.model.values import Instant, Lane

EVERY: Final = timedelta(minutes=5)
"""Between two counts that are kept, at least."""
WINDOW: Final = timedelta(hours=2)
"""How far back the pace is measured."""
OBSERVED: Final = timedelta(minutes=20)
"""A pace of less is none: one resync, or a quiet quarter of an hour, would stand for a day."""
SILENT: Final = timedelta(minutes=30)
"""After so long without a count nothing is said of now."""
DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Count:
    """Calls of the day used by then, by all programs of the account, and how many there are; ``reserve`` is percent of
    them that was kept for other programs than syncd.
    """

    at: Instant
    used: int
    limit: int
    reserve: int = 0

    @property
    def spent(self) -> bool:
        """Whether none is left."""
        return self.used >= self.limit

    @property
    def waits(self) -> frozenset[Lane]:
        """The lanes that have to wait for the reserve."""
        return waiting(self.reserve, used=self.used, limit=self.limit)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be expected. ``per_hour`` is the pace, ``at`` when the last call is used at it; neither while it is
    not ``known``. Known and without ``at``: they last.
    """

    last: Count | None
    known: bool = False
    per_hour: float | None = None
    at: Instant | None = None

    waits: frozenset[Lane] = frozenset()
    """The lanes that wait for the reserve, as far as a count of now says."""

    @property
    def lasts(self) -> bool:
        """Whether new calls come before the last one is used."""
        return self.known and self.at is None


def outlook(counts: Sequence[Count], now: Instant) -> Outlook:
    """When the calls are used up; ``counts`` in order of time."""
    last = counts[-1] if counts else None
    if last is None or now - last.at > SILENT:
        return Outlook(last)
    if last.spent:
        return Outlook(last, known=True, at=last.at, waits=last.waits)
    recent = _of_this_day([each for each in counts if last.at - each.at <= WINDOW])
    seconds = (last.at - recent[0].at).total_seconds()
    if seconds < OBSERVED.total_seconds():
        return Outlook(last, waits=last.waits)
    pace = (last.used - recent[0].used) / seconds
    left = (last.limit - last.used) / pace if pace > 0 else DAY.total_seconds()
    at = last.at + timedelta(seconds=left) if left < DAY.total_seconds() else None
    return Outlook(last, known=True, per_hour=pace * 3_600, at=at, waits=last.waits)


def _of_this_day(counts: Sequence[Count]) -> Sequence[Count]:
    """Those since the vendor gave new calls all at once, or since the limit is another one."""
    for n in range(len(counts) - 1, 0, -1):
        before, after = counts[n - 1], counts[n]
        if after.used * 2 < before.used or after.limit != before.limit:
            return counts[n:]
    return counts


# -- kept --------------------------------------------------------------------------------------------------------------
def due(last: Count | None, count: Count) -> bool:
    """Whether a count is to be kept: some minutes after the last one, and when the calls end or begin again, for a lane
    or for all.
    """
    if last is None or not last.at <= count.at < last.at + EVERY:
        return True
    return (last.spent, last.waits, last.reserve) != (count.spent, count.waits, count.reserve)


def with_count(counts: Sequence[Count], count: Count) -> list[Count]:
    """What is kept once this was counted. A count of the future is of a clock that was set back, and goes."""
    return [*(each for each in counts if count.at - WINDOW - EVERY <= each.at < count.at), count]


def written(counts: Sequence[Count]) -> bytes:
    """Counts as they are kept: JSON of milliseconds since 1970, used, limit and reserve."""
    rows = [[round(each.at.timestamp() * 1_000), each.used, each.limit, each.reserve] for each in counts]
    return json.dumps(rows).encode()


def read(kept: bytes) -> list[Count]:
    """The other way round; earlier versions kept no reserve."""
    return [Count(datetime.fromtimestamp(at / 1_000, UTC), *rest) for at, *rest in json.loads(kept)]
