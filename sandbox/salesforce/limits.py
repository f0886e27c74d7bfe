"""The one place for the vendor's limits: sizes of requests and the daily number of calls.

The daily total counts a rolling 24 hours and is shared with every other integration of the org (``spend`` stands for
those). There is no limit per second and no Retry-After; the only signal is the header Sforce-Limit-Info.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

MAX_PAGE = 2000
MAX_COLLECTION = 200
MAX_RETRIEVE = 2000
MAX_RUNS = 10
MAX_SUBREQUESTS = 25
MAX_HEAVY_SUBREQUESTS = 5
MAX_URI = 16_384
MAX_UPDATED_DAYS = 30
MAX_DELETED_DAYS = 15
MAX_UPDATED_IDS = 600_000
OLDEST_VERSION = 41
DAY = timedelta(hours=24)


class DailyCalls:
    """Calls of the last 24 hours, kept per minute."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self._minutes: deque[tuple[datetime, int]] = deque()
        self._used = 0

    def spend(self, calls: int, *, now: datetime) -> None:
        """Counts calls, ours or those of other integrations of the org."""
        minute = now.replace(second=0, microsecond=0)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, self._minutes[-1][1] + calls)
        else:
            self._minutes.append((minute, calls))
        self._used += calls

    def used(self, now: datetime) -> int:
        """Calls within the last 24 hours."""
        while self._minutes and self._minutes[0][0] <= now - DAY:
            self._used -= self._minutes.popleft()[1]
        return self._used

    def exhausted(self, now: datetime) -> bool:
        """Whether the next call is refused."""
        return self.used(now) >= self.maximum

    def header(self, now: datetime) -> str:
        """The value of Sforce-Limit-Info."""
        return f"api-usage={self.used(now)}/{self.maximum}"
