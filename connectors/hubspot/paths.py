"""The one place that knows HubSpot's path prefixes.

The vendor moves from numbered paths (v4 ends 2027-03-30, v1 to v3 in September 2027) to dated ones, each supported
for 18 months; bodies are alike (vendor's migration guide). Nothing else in the project spells a path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from syncd.model.errors import NeedsOperator
from syncd.model.remote import RemoteRef

NUMBERED: Final = "v3"
TYPES: Final = {"contacts": "0-1", "companies": "0-2", "deals": "0-3"}
"""HubSpot's ids of its standard objects, as they stand in the addresses of its pages."""
VERSIONS: Final = ("2026-09", "2026-03", NUMBERED)


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths of one API version: ``2026-09`` or ``2026-03``, or ``v3``, which means v3 and v4 as they belong."""

    version: str

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise NeedsOperator(f"HubSpot API version {self.version!r} is not known; use one of {', '.join(VERSIONS)}")

    def objects(self, kind: str, tail: str = "") -> str:
        """Records of one object: list, search, batches, one record."""
        if self.version == NUMBERED:
            return f"/crm/v3/objects/{quote(kind, safe='')}{tail}"
        return f"/crm/objects/{self.version}/{quote(kind, safe='')}{tail}"

    def record(self, kind: str, key: str, tail: str = "") -> str:
        """One record by id."""
        return self.objects(kind, f"/{quote(key, safe='')}{tail}")

    def properties(self, kind: str) -> str:
        """Definitions of an object's properties."""
        return f"{self._of('crm', 'properties')}/{quote(kind, safe='')}"

    def schema(self, kind: str) -> str:
        """What an object is made of; it has no dated form."""
        return f"/crm-object-schemas/v3/schemas/{quote(kind, safe='')}"

    def pipelines(self, kind: str) -> str:
        """The pipelines of an object with their stages."""
        return f"{self._of('crm', 'pipelines')}/{quote(kind, safe='')}"

    def list_members(self, key: str) -> str:
        """Who is in a list, in the order in which they joined."""
        return f"{self._of('crm', 'lists')}/{quote(key, safe='')}/memberships/join-order"

    @property
    def strict(self) -> bool:
        """Whether writes by these paths obey the account's own rules (vendor's changelog)."""
        return self.version != NUMBERED and self.version >= "2026-09"

    def owners(self) -> str:
        """The list of owners. The numbered form has a trailing slash in the client library."""
        return "/crm/v3/owners/" if self.version == NUMBERED else f"/crm/owners/{self.version}"

    def associations(self, start: str, end: str, tail: str) -> str:
        """Batches of associations between two objects."""
        head = "/crm/v4/associations" if self.version == NUMBERED else f"/crm/associations/{self.version}"
        return f"{head}/{quote(start, safe='')}/{quote(end, safe='')}{tail}"

    def associations_of(self, start: str, key: str, end: str) -> str:
        """The associations of one record, for the few that have more than one batch answer shows."""
        head = "/crm/v4/objects" if self.version == NUMBERED else f"/crm/objects/{self.version}"
        return f"{head}/{quote(start, safe='')}/{quote(key, safe='')}/associations/{quote(end, safe='')}"

    def account(self) -> str:
        """Who we are."""
        return f"/account-info/{self.version}/details"

    def token(self) -> str:
        """What a token of a private app may do; it has no dated form."""
        return "/oauth/v2/private-apps/get/access-token-info"

    def unsubscribe_all(self) -> str:
        """The batch form of unsubscribing addresses from everything."""
        return f"{self._statuses()}/batch/unsubscribe-all"

    def unsubscribe_one(self, address: str) -> str:
        """Unsubscribing one address, for tokens that may not use the batch form."""
        return f"{self._statuses()}/{quote(address, safe='')}/unsubscribe-all"

    def subscription(self, address: str) -> str:
        """One subscription type of one address."""
        return f"{self._statuses()}/{quote(address, safe='')}"

    def subscriptions(self) -> str:
        """The batch form: one subscription type of one address a row."""
        return f"{self._statuses()}/batch/write"

    def _statuses(self) -> str:
        version = "v4" if self.version == NUMBERED else self.version
        return f"/communication-preferences/{version}/statuses"

    def _of(self, area: str, name: str) -> str:
        return f"/{area}/v3/{name}" if self.version == NUMBERED else f"/{area}/{name}/{self.version}"


def page(domain: str, portal: str, ref: RemoteRef) -> str | None:
    """The address of a record in HubSpot's own pages, for people who are told of it.

    :param domain: ``uiDomain`` of the account details, which depends on where the account is hosted.
    """
    number = TYPES.get(ref.object)
    if not domain or not portal or number is None:
        return None
    return f"https://{domain}/contacts/{portal}/record/{number}/{quote(ref.id, safe='')}"
