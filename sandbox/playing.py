"""Plays a script in time: each lead's deeds in their order, each at its moment, whoever moves the clock.

A deed that cannot be done yet, since the record it is about is not there, is tried again ``RETRY`` later and listed as
late once it is done; what follows it for the same lead waits for it. Whoever plays asks ``next`` when the next deed is
due, moves the clock there, and calls ``act``.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sandbox.funnel import Deed, Script

RETRY: Final = timedelta(minutes=30)


@dataclass(slots=True)
class Playing:
    """A script that is being played. ``play`` does one deed, and says whether it could be done.

    ``done`` counts deeds, ``late`` are those that were done after their moment with when that was, oldest first.
    """

    script: Script
    play: Callable[[Deed], bool]
    done: int = 0
    late: list[tuple[Deed, datetime]] = field(default_factory=list)
    _due: list[tuple[datetime, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._due = [(deeds[0].at, lead, 0) for lead, deeds in self.script.deeds.items() if deeds]
        heapq.heapify(self._due)

    @property
    def next(self) -> datetime | None:
        """When the next deed is due; ``None`` after the last one."""
        return self._due[0][0] if self._due else None

    def act(self, now: datetime) -> bool:
        """Does the one deed that is due first, if it is due by now; answers whether there was one."""
        if not self._due or self._due[0][0] > now:
            return False
        at, lead, number = self._due[0]
        deeds = self.script.deeds[lead]
        if not self.play(deeds[number]):
            heapq.heapreplace(self._due, (max(at, now) + RETRY, lead, number))
            return True
        self.done += 1
        if at > deeds[number].at:
            self.late.append((deeds[number], at))
        if number + 1 < len(deeds):
            heapq.heapreplace(self._due, (max(deeds[number + 1].at, at), lead, number + 1))
        else:
            heapq.heappop(self._due)
        return True
