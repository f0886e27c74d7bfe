"""The account a stand-in plays: its identity, its zone and what its access tokens may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

OBJECT_SCOPES = tuple(
    f"crm.{area}.{name}.{right}"
    for area in ("objects", "schemas")
    for name in ("contacts", "companies", "deals", "leads")
    for right in ("read", "write")
)

#: Everything the stand-in asks for anywhere.
ALL_SCOPES = frozenset(
    (
        "oauth",
        *OBJECT_SCOPES,
        "crm.objects.owners.read",
        "communication_preferences.read",
        "communication_preferences.write",
        "communication_preferences.read_write",
        "communication_preferences.statuses.batch.write",
    )
)


#: What the daemon's token may do in a bare account: look at people and companies, and nothing more.
BARE_SCOPES = frozenset(("oauth", "crm.objects.contacts.read", "crm.objects.companies.read"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotAccount:
    """Identity of the account. ``app_id`` is the source id that the app's own writes carry in property history,
    ``user_id`` who made the app.
    """

    portal_id: int = 4_711_001
    app_id: int = 900_001
    user_id: int = 300_001
    time_zone: str = "America/New_York"
    currency: str = "USD"
    additional_currencies: tuple[str, ...] = ("EUR",)

    def local_day(self, moment: datetime) -> str:
        """The civil day in the account's zone, at whose midnight the daily quota starts anew."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date().isoformat()

    def details(self, moment: datetime) -> Mapping[str, Any]:
        """Body of ``GET /account-info/v3/details`` (key set of the vendor's page)."""
        offset = moment.astimezone(ZoneInfo(self.time_zone)).utcoffset() or timedelta()
        minutes = int(offset.total_seconds()) // 60
        sign = "-" if minutes < 0 else "+"
        return {
            "portalId": self.portal_id,
            "accountType": "STANDARD",
            "timeZone": self.time_zone,
            "companyCurrency": self.currency,
            "additionalCurrencies": list(self.additional_currencies),
            "utcOffset": f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
