"""Lists of contacts (segments), and the endpoint that tells who is in one, in the order in which they joined.

The vendor's page "Fetch list memberships ordered by added to list date": at most 250 a page, ``after`` is an offset
token that it does not explain; here it names the last row of the page before, and stays good when somebody leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.hubspot.errors import invalid_request, not_found
from sandbox.hubspot.stamps import iso
from sandbox.kernel import Answered

if TYPE_CHECKING:  # an exchange holds the portal, which holds the lists
    from sandbox.hubspot.exchange import Exchange

LARGEST_PAGE = 250


@dataclass
class ContactList:
    """One list: its name, and who is in it since when (milliseconds), by record id."""

    name: str
    members: dict[int, int] = field(default_factory=dict)

    def in_order(self) -> Iterator[tuple[int, int]]:
        """When and who, as they joined."""
        return iter(sorted((at, number) for number, at in self.members.items()))


def reads_members(exchange: Exchange, key: str) -> Answered:
    """``GET /lists/{listId}/memberships/join-order``."""
    portal = exchange.portal
    found = portal.lists.get(key)
    if found is None:
        raise not_found(bare=portal.switches.bare_not_found)
    limit = exchange.number("limit", default=100, limit=LARGEST_PAGE)
    begin = _place(exchange.request.first("after"))
    rows = [row for row in found.in_order() if row > begin]
    body: dict[str, Any] = {
        "results": [{"recordId": str(number), "membershipTimestamp": iso(at)} for at, number in rows[:limit]],
        "total": len(found.members),
    }
    if len(rows) > limit:
        at, number = rows[limit - 1]
        body["paging"] = {"next": {"after": f"{at}-{number}"}}
    return exchange.answer(200, body, records=len(rows[:limit]))


def _place(after: str | None) -> tuple[int, int]:
    at, dash, number = (after or "0-0").partition("-")
    if not (dash and at.isdigit() and number.isdigit()):
        raise invalid_request("after is no offset of this list")
    return int(at), int(number)
