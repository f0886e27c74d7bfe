"""Communication preferences: the status belongs to an address, not to a contact.

It may exist before a contact has the address and outlives the contact. Contacts show it in the read-only properties
``hs_email_optout`` (everything) and ``hs_email_optout_<id>`` (one subscription type).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sandbox.hubspot.stamps import iso
from sandbox.hubspot.standard import SUBSCRIPTIONS

Status = Literal["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]


@dataclass(frozen=True, slots=True)
class Preference:
    """Status of one address for one subscription type, or (``subscription`` is ``None``) for everything."""

    status: Status
    at: int
    source: str


class Subscriptions:
    """Statuses of all addresses ever seen."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int | None, Preference]] = {}

    def opt_out_of_all(self, address: str, *, at: int, source: str) -> None:
        """Unsubscribes from everything: the account-wide status and every subscription type."""
        held = self._known.setdefault(address.lower(), {})
        for subscription in (None, *SUBSCRIPTIONS):
            held[subscription] = Preference("UNSUBSCRIBED", at, source)

    def opt_in_to_all(self, address: str, *, at: int, source: str) -> None:
        """Takes an opt-out of everything back; possible since version 4."""
        held = self._known.setdefault(address.lower(), {})
        for subscription in (None, *SUBSCRIPTIONS):
            held[subscription] = Preference("SUBSCRIBED", at, source)

    def put(self, address: str, *, subscription: int, status: Status, at: int, source: str) -> None:
        """Sets one subscription type; subscribing lifts an opt-out of everything."""
        held = self._known.setdefault(address.lower(), {})
        held[subscription] = Preference(status, at, source)
        if status == "SUBSCRIBED" and None in held:
            held[None] = Preference("SUBSCRIBED", at, source)

    def opted_out(self, address: str) -> bool:
        """Has this address unsubscribed from everything?"""
        wide = self._known.get(address.lower(), {}).get(None)
        return wide is not None and wide.status == "UNSUBSCRIBED"

    def addresses(self) -> list[str]:
        """All addresses that have unsubscribed from everything, sorted."""
        return sorted(address for address in self._known if self.opted_out(address))

    def flags(self, address: str) -> dict[str, str]:
        """The read-only contact properties of a contact with this primary address; ``""`` where nothing is known."""
        held = self._known.get(address.lower()) if address else None
        names: dict[int | None, str] = {None: "hs_email_optout"} | {n: f"hs_email_optout_{n}" for n in SUBSCRIPTIONS}
        if not held:
            return dict.fromkeys(names.values(), "")
        return {
            name: ("true" if held[key].status == "UNSUBSCRIBED" else "false") if key in held else ""
            for key, name in names.items()
        }

    def statuses(self, address: str) -> list[dict[str, Any]]:
        """One entry per subscription type, as the statuses endpoint answers."""
        held = self._known.get(address.lower(), {})
        found = []
        for subscription, name in SUBSCRIPTIONS.items():
            preference = held.get(subscription, Preference("NOT_SPECIFIED", 0, "NONE"))
            found.append(
                {
                    "subscriberIdString": address,
                    "subscriptionId": subscription,
                    "subscriptionName": name,
                    "channel": "EMAIL",
                    "status": preference.status,
                    "source": preference.source,
                    "timestamp": iso(preference.at),
                    "businessUnitId": 0,
                }
            )
        return found

    def wide_statuses(self, address: str) -> list[dict[str, Any]]:
        """The opt-out of everything as one entry, or nothing."""
        wide = self._known.get(address.lower(), {}).get(None)
        if wide is None or wide.status != "UNSUBSCRIBED":
            return []
        return [
            {
                "subscriberIdString": address,
                "channel": "EMAIL",
                "wideStatusType": "PORTAL_WIDE",
                "status": wide.status,
                "timestamp": iso(wide.at),
            }
        ]
