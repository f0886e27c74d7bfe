"""The account a stand-in plays: its identity, its zone, its users and what its access tokens may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.hubspot.stamps import iso

OBJECT_SCOPES = tuple(
    f"crm.{area}.{name}.{right}"
    for area in ("objects", "schemas")
    for name in ("contacts", "companies", "deals", "leads", "custom")
    for right in ("read", "write")
)
#: Only an account with Sales Hub Professional can grant these.
LEAD_SCOPES = frozenset(scope for scope in OBJECT_SCOPES if ".leads." in scope)

#: Everything the stand-in asks for anywhere.
ALL_SCOPES = frozenset(
    (
        "oauth",
        "tickets",
        *OBJECT_SCOPES,
        "crm.objects.owners.read",
        "crm.lists.read",
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
    ``user_id`` who made the app, ``client_id`` and ``client_secret`` are how the app proves itself over OAuth.
    Without ``sales_hub_professional`` there are no leads.
    """

    portal_id: int = 4_711_001
    app_id: int = 900_001
    user_id: int = 300_001
    time_zone: str = "America/New_York"
    currency: str = "USD"
    additional_currencies: tuple[str, ...] = ("EUR",)
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-client-secret"
    sales_hub_professional: bool = True

    def local_day(self, moment: datetime) -> str:
        """The civil day in the account's zone, at whose midnight the daily quota starts anew."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date().isoformat()

    def next_midnight(self, moment: datetime) -> datetime:
        """When the civil day of ``moment`` ends in the account's zone, in UTC."""
        zone = ZoneInfo(self.time_zone)
        following = moment.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(following, time(), tzinfo=zone).astimezone(UTC)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A HubSpot user who can own records. ``id`` is what ``hubspot_owner_id`` holds, not ``user_id``. ``teams`` are
    names, the primary team's first.
    """

    id: str
    user_id: int
    email: str
    first: str
    last: str
    archived: bool
    created: int
    teams: tuple[str, ...] = ()

    def wire(self) -> dict[str, Any]:
        """The owner as the owners API answers; archived owners have no active user."""
        body: dict[str, Any] = {
            "id": self.id,
            "email": self.email,
            "type": "PERSON",
            "firstName": self.first,
            "lastName": self.last,
            "userIdIncludingInactive": self.user_id,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.created),
            "archived": self.archived,
        }
        if self.teams:
            body["teams"] = [
                {"id": str(number), "name": name, "primary": number == 1} for number, name in enumerate(self.teams, 1)
            ]
        if not self.archived:
            body["userId"] = self.user_id
        return body
