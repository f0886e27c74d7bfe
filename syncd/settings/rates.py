"""How much of each vendor's limits syncd may use, and what it keeps for the account's other programs."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from syncd.core.reserve import DEFAULT, MOST
from syncd.settings.validate import Section

_RESERVE: Final = (
    "Percent of the account's calls of the day that are kept for its other programs: ordinary work stops before they "
    "are touched, bulk before twice as many; opt-outs and handoffs go on to the end. 0 keeps none."
)


class RateSection(Section):
    """Shares of HubSpot's limits that syncd may use."""

    per_10_seconds: int = Field(190, ge=1, le=1_000, description="Calls in ten seconds; 100 on Free and Starter.")
    search_per_second: int = Field(5, ge=1, le=50, description="Search calls a second; the account has 5 in all.")
    daily_calls: int | None = Field(
        None,
        ge=1_000,
        description="Calls of a day that syncd uses at most. Not given: as many as HubSpot says that the account has.",
    )
    reserve: int = Field(DEFAULT, ge=0, le=MOST, description=_RESERVE)


class CrmRateSection(Section):
    """Shares of Salesforce's limits that syncd may use."""

    reserve: int = Field(DEFAULT, ge=0, le=MOST, description=_RESERVE)
