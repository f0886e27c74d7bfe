"""Both vendors in a process of their own: made, filled and edited by command, so that their work is not syncd's.

Reads one JSON object a line from standard input and answers each with one line: ``load`` (so many linked pairs, two
days ago), ``change`` (edits by hand on one side) and ``shift`` (vendor time moves on by seconds). Calls are counted
here, and read through the control plane. The first line it prints holds both addresses.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.people import CUSTOM, changed_contact, changed_lead, contact, lead
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.salesforce.definitions import text
from sandbox.server import RunningSandbox

LOT = 5_000
BEFORE = timedelta(days=2)


class MovableClock:
    """The clock on the wall, moved by ``ahead``."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """The present instant of the vendors."""
        return datetime.now(UTC) + self.ahead


class Standins:
    """Two running stand-ins and the people in them."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        limits = HubSpotLimits(rolling=1_000_000, search_per_second=100_000, daily=100_000_000)
        self.running = RunningSandbox.start(clock=self.clock, hubspot_limits=limits, salesforce_daily=100_000_000)
        self.contacts: list[str] = []
        self.leads: list[str] = []
        for index in range(1, CUSTOM + 1):
            self.running.hubspot.add_property("contacts", {"name": f"bench_{index:02}"})
            field = text(f"Bench_{index:02}__c", f"Bench {index:02}", 255, custom=True)
            self.running.salesforce.add_field("Lead", field)

    def load(self, count: int) -> None:
        """So many more pairs, linked by their key fields, untouched for two days."""
        shift, self.clock.ahead = self.clock.ahead, -BEFORE
        hubspot, salesforce = self.running.hubspot, self.running.salesforce
        end = len(self.contacts) + count
        for start in range(len(self.contacts), end, LOT):
            numbers = range(start, min(start + LOT, end))
            with self.running.hubspot_server.lock:
                contacts = hubspot.load("contacts", [contact(number) for number in numbers])
            with self.running.salesforce_server.lock:
                rows = [lead(number, key=key) for number, key in zip(numbers, contacts, strict=True)]
                leads = salesforce.load("Lead", rows)
            with self.running.hubspot_server.lock:
                for key, other in zip(contacts, leads, strict=True):
                    hubspot.edit("contacts", key, {"syncd_crm_id": other})
            self.contacts += contacts
            self.leads += leads
        self.clock.ahead = shift

    def change(self, side: str, count: int, turn: int) -> None:
        """The first so many people are edited by hand on one side."""
        if side == "marketing":
            with self.running.hubspot_server.lock:
                for number in range(count):
                    edits = changed_contact(number, turn=turn)
                    self.running.hubspot.edit("contacts", self.contacts[number], edits)
        else:
            with self.running.salesforce_server.lock:
                for number in range(count):
                    self.running.salesforce.edit("Lead", self.leads[number], changed_lead(number, turn=turn))

    def shift(self, seconds: float) -> None:
        """Vendor time moves on."""
        self.clock.ahead += timedelta(seconds=seconds)


def main() -> None:
    """Serves until standard input ends."""
    standins = Standins()
    commands: dict[str, Any] = {"load": standins.load, "change": standins.change, "shift": standins.shift}
    running = standins.running
    print(json.dumps({"hubspot": running.hubspot_url, "salesforce": running.salesforce_url}), flush=True)
    for line in sys.stdin:
        words = json.loads(line)
        commands[words.pop("do")](**words)
        print("{}", flush=True)
    running.stop()


if __name__ == "__main__":
    main()
