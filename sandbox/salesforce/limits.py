"""The one place for the vendor's limits: sizes of requests and the daily number of calls.

The daily total counts a rolling 24 hours and is shared with every other integration of the org (``spend`` stands for
those). There is no limit per second and no Retry-After; the only signal is the header Sforce-Limit-Info.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_PAGE = 2000
MAX_COLLECTION = 200
MAX_RUNS = 10
MAX_SUBREQUESTS = 25
MAX_HEAVY_SUBREQUESTS = 5
MAX_GRAPHS = 75
MAX_NODES = 500
MAX_NODE_KINDS = 15
MAX_FAILED_GRAPHS = 14
MAX_URI = 16_384
MAX_UPDATED_DAYS = 30
MAX_DELETED_DAYS = 15
MAX_LISTED_IDS = 600_000
OLDEST_VERSION = 41
LONG_SECONDS = 20
CUT_SECONDS = 600
"""How long a call may take."""
BATCH_SECONDS = 300
"""How long a Bulk batch may take before it is tried again."""
BATCH_TRIES = 20
JOB_DAYS = 7
"""How long a Bulk job and its results are kept."""
DAY = timedelta(hours=24)


@dataclass(slots=True)
class BulkLimits:
    """Limits of Bulk API 2.0 (vendor's limits page); the daily ones hold for rolling 24 hours. Sizes in bytes."""

    daily_records: int = 150_000_000
    daily_batches: int = 15_000
    batch_rows: int = 10_000
    file_bytes: int = 150_000_000
    """Of one file, after base64."""
    daily_query_jobs: int = 10_000
    daily_result_bytes: int = 10**12
    page_rows: int = 50_000
    """Rows of a page of query results where none are asked for; chosen by the stand-in."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an edition may call: per rolling 24 hours, and at once in calls of 20 seconds or more (vendor's limits page;
    the daily figure of Developer Edition is recorded).
    """

    daily: int
    concurrent: int


EDITIONS = {
    "Developer": (15_000, 0, 5),
    "Professional": (100_000, 1_000, 25),
    "Enterprise": (100_000, 1_000, 25),
    "Unlimited": (100_000, 5_000, 25),
    "Performance": (100_000, 5_000, 25),
    "Full Sandbox": (5_000_000, 0, 25),
}
"""Edition -> calls a day, more for each licence, long calls at once."""


def allowance(edition: str, *, licences: int = 0, add_ons: int = 0) -> Allowance:
    """The limits of an org of this edition with so many user licences and calls bought on top."""
    base, each, concurrent = EDITIONS[edition]
    return Allowance(base + each * licences + add_ons, concurrent)


class LongCalls:
    """The calls under way that take 20 seconds or more: only they count toward the limit of concurrent calls."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self._ends: list[datetime] = []

    def begin(self, seconds: float, *, now: datetime) -> None:
        """A call starts, ours or that of another integration; shorter ones do not matter."""
        if seconds >= LONG_SECONDS:
            self._ends.append(now + timedelta(seconds=min(seconds, CUT_SECONDS)))

    def exhausted(self, now: datetime) -> bool:
        """Whether the next call is refused."""
        self._ends = [end for end in self._ends if end > now]
        return len(self._ends) >= self.maximum


class DailyCalls:
    """Calls of the last 24 hours, kept per minute. ``app`` is a quota of the caller's own app within them."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.app: tuple[str, DailyCalls] | None = None
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
        usage = f"api-usage={self.used(now)}/{self.maximum}"
        if self.app is None:
            return usage
        name, quota = self.app
        return f"{usage}; per-app-api-usage={quota.used(now)}/{quota.maximum}(appName={name})"
