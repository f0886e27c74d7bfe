"""All limits of the account in one place: how many calls, how often, and what a refused call looks like.

Three meters: the ten-second window of the app, the window and day of the Associations API, and the second of all
search endpoints together (exempt from the ten-second window). The day starts at midnight in the account's zone. Apps
that were installed over OAuth have a window of their own and no day.
Figures: vendor's usage page (Professional tier as default), search page, associations guide; bodies: usage page and
recorded traffic. No answer carries ``Retry-After``: it is not documented for API limits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from sandbox.hubspot.account import HubSpotAccount
from sandbox.hubspot.errors import Refusal
from sandbox.hubspot.stamps import millis
from sandbox.hubspot.switches import HubSpotSwitches

Meter = Literal["ordinary", "associations", "search"]
Edition = Literal["free", "starter", "professional", "enterprise"]
WINDOW = 10_000
#: Calls in ten seconds, calls a day, and association calls in ten seconds, by edition (usage page, associations guide).
EDITIONS: Mapping[Edition, tuple[int, int, int]] = {
    "free": (100, 250_000, 100),
    "starter": (100, 250_000, 100),
    "professional": (190, 625_000, 150),
    "enterprise": (190, 1_000_000, 150),
}
#: The capacity add-on: the ten-second figure it gives, the calls a day each one adds, and how many one can buy.
ADDON_ROLLING, ADDON_DAILY, ADDONS = 250, 1_000_000, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotLimits:
    """Figures of one account; every one can be set."""

    rolling: int = 190
    daily: int = 625_000
    #: Calls in ten seconds of an app that was installed over OAuth; no daily limit holds for it.
    oauth_rolling: int = 110
    search_per_second: int = 5
    associations_rolling: int = 150
    associations_daily: int = 500_000
    batch: int = 100
    batch_with_history: int = 50
    associations_read: int = 1_000
    associations_create: int = 2_000
    list_page: int = 100
    list_page_with_history: int = 50
    search_page: int = 200
    search_results: int = 10_000
    search_body: int = 3_000
    search_groups: int = 5
    search_filters_per_group: int = 6
    search_filters: int = 18
    unique_properties: int = 10
    string_length: int = 65_536
    merges: int = 250
    #: Days in the recycle bin, after which a record is gone for good.
    recycle_days: int = 90
    #: Characters of path and query. That a longer one is 414 is documented, the figure is not.
    uri: int = 16_384

    @classmethod
    def of_edition(cls, edition: Edition, *, addons: int = 0) -> Self:
        """The figures of an account of this edition with so many capacity add-ons (at most two, not with ``free``).

        :raises ValueError: for an add-on that one cannot buy.
        """
        if not 0 <= addons <= (0 if edition == "free" else ADDONS):
            raise ValueError(f"an account of the edition {edition} cannot have {addons} capacity add-ons")
        rolling, daily, associations = EDITIONS[edition]
        return cls(
            rolling=ADDON_ROLLING if addons else rolling,
            daily=daily + addons * ADDON_DAILY,
            associations_rolling=associations,
        )


class Meters:
    """Counts calls against the limits. ``admit`` is called once per request, before anything is done."""

    def __init__(self, limits: HubSpotLimits, *, switches: HubSpotSwitches, account: HubSpotAccount) -> None:
        self._limits = limits
        self._switches = switches
        self._account = account
        self._recent: dict[str, deque[int]] = {
            window: deque() for window in ("ordinary", "associations", "search", "oauth")
        }
        self._day = ""
        self._spent = {"ordinary": 0, "associations": 0}

    def admit(self, meter: Meter, *, at: datetime, oauth: bool = False) -> None:
        """Counts one call, or raises the 429 of the limit it would break. ``oauth`` is a call of such an app."""
        now = millis(at)
        self._turn_day(at)
        recent = self._recent[_window(meter, oauth=oauth)]
        span = 1_000 if meter == "search" else WINDOW
        while recent and recent[0] <= now - span:
            recent.popleft()
        day = self._day_of(meter)
        counts = not oauth and self._counts_daily(meter)
        if counts and self._spent[day] >= self._daily(day):
            raise self._refused(meter, _limit_body("daily", policy="DAILY", portal=self._account.portal_id))
        if len(recent) >= self._width(meter, oauth=oauth):
            refusal = self._window_body(meter)
            raise refusal if oauth else self._refused(meter, refusal)
        recent.append(now)
        if counts:
            self._spent[day] += 1

    def headers(self, meter: Meter, *, oauth: bool = False) -> dict[str, str]:
        """Rate headers of an answer; search answers have none (or the daily pair, by switch), OAuth apps no day."""
        day = self._day_of(meter)
        limit = self._daily(day)
        daily = {
            "X-HubSpot-RateLimit-Daily": str(limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, limit - self._spent[day])),
        }
        if oauth:
            daily = {}
        if meter == "search":
            return daily if self._switches.search_daily_headers else {}
        width = self._width(meter, oauth=oauth)
        return daily | {
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW),
            "X-HubSpot-RateLimit-Max": str(width),
            "X-HubSpot-RateLimit-Remaining": str(max(0, width - len(self._recent[_window(meter, oauth=oauth)]))),
        }

    def spend(self, calls: int, *, at: datetime) -> None:
        """The account's other apps use so many of the day's calls."""
        self._turn_day(at)
        self._spent["ordinary"] += calls

    def spent_today(self, *, at: datetime) -> int:
        """Calls that count against the daily limit of the account so far."""
        self._turn_day(at)
        return self._spent["ordinary"]

    def _turn_day(self, at: datetime) -> None:
        day = self._account.local_day(at)
        if day != self._day:
            self._day = day
            self._spent = {"ordinary": 0, "associations": 0}

    def _day_of(self, meter: Meter) -> str:
        return "associations" if meter == "associations" else "ordinary"

    def _daily(self, day: str) -> int:
        return self._limits.associations_daily if day == "associations" else self._limits.daily

    def _width(self, meter: Meter, *, oauth: bool) -> int:
        widths: dict[str, int] = {
            "ordinary": self._limits.rolling,
            "associations": self._limits.associations_rolling,
            "search": self._limits.search_per_second,
            "oauth": self._limits.oauth_rolling,
        }
        return widths[_window(meter, oauth=oauth)]

    def _counts_daily(self, meter: Meter) -> bool:
        return meter != "search" or self._switches.search_counts_daily

    def _window_body(self, meter: Meter) -> Refusal:
        if meter == "search":
            return Refusal(429, "You have reached your secondly limit.", category="RATE_LIMITS")
        return _limit_body("ten_secondly_rolling", policy="TEN_SECONDLY_ROLLING", portal=self._account.portal_id)

    def _refused(self, meter: Meter, refusal: Refusal) -> Refusal:
        if self._switches.refused_calls_count and self._counts_daily(meter):
            self._spent[self._day_of(meter)] += 1
        return refusal


def _window(meter: Meter, *, oauth: bool) -> str:
    return "oauth" if oauth and meter == "ordinary" else meter


def _limit_body(name: str, *, policy: str, portal: int) -> Refusal:
    return Refusal(
        429,
        f"You have reached your {name} limit.",
        category=None,
        extra={"errorType": "RATE_LIMIT", "policyName": policy, "groupName": f"publicapi:api-calls:{portal}"},
    )
