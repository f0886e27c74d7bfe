"""Both vendors in a process of their own: made, filled and edited by command, so that their work is not syncd's.

Reads one JSON object a line from standard input and answers each with one line: ``load`` (so many linked pairs, two
days ago), ``change`` and ``touch`` (edits by hand on one side), ``shift`` (vendor time moves on by seconds) and
``flow`` (edits at a pace, and how long each takes to arrive on the other side). Calls are counted here, and read
through the control plane. With ``real`` the vendors' limits and round trips are as in reality; ``latency`` sets the
round trips alone, ``rival`` is a second app that uses up a part of the limits until ``rest``. Between ``watch`` and
``watched`` what is written is kept. The first line holds both addresses.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.people import CUSTOM, changed_contact, changed_lead, contact, lead
from sandbox.hubspot.errors import Refusal
from sandbox.hubspot.limits import HubSpotLimits, Meter, Meters
from sandbox.kernel import HttpRequest, HttpResponse
from sandbox.salesforce.definitions import text
from sandbox.server import RunningSandbox

LOT = 5_000
BEFORE = timedelta(days=2)
ROUND_TRIPS = (0.15, 0.3)
"""Seconds of a round trip to HubSpot and to Salesforce."""
LOOK = 0.02
"""Seconds between two looks at what has arrived."""
PATIENCE = 90.0
"""Seconds that an edit may take before it counts as lost."""

_Handle = Callable[[HttpRequest], HttpResponse]


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
        self.resting = threading.Event()
        self.seen: list[bytes] = []
        for index in range(1, CUSTOM + 1):
            self.running.hubspot.add_property("contacts", {"name": f"bench_{index:02}"})
            field = text(f"Bench_{index:02}__c", f"Bench {index:02}", 255, custom=True)
            self.running.salesforce.add_field("Lead", field)

    def real(self) -> None:
        """From now on the vendors' limits and round trips are as in reality."""
        hubspot = self.running.hubspot
        hubspot.limits = HubSpotLimits(daily=100_000_000)
        hubspot.meters = Meters(hubspot.limits, switches=hubspot.switches, account=hubspot.account)
        self.running.hubspot_server.latency, self.running.salesforce_server.latency = ROUND_TRIPS

    def latency(self, seconds: float) -> None:
        """From now on every answer of both comes so much later."""
        self.running.hubspot_server.latency = self.running.salesforce_server.latency = seconds

    def rival(self, part: float) -> None:
        """From now on a second app takes this part of HubSpot's limits, evenly, until ``rest``."""
        self.resting.clear()
        limits = self.running.hubspot.limits
        for meter, pace in (("ordinary", limits.rolling / 10), ("search", float(limits.search_per_second))):
            threading.Thread(target=self._take, args=(meter, 1 / (pace * part)), daemon=True).start()

    def _take(self, meter: Meter, every: float) -> None:
        while not self.resting.wait(every):
            with self.running.hubspot_server.lock, suppress(Refusal):  # it is refused at times, as we are
                self.running.hubspot.meters.admit(meter, at=self.clock.now())

    def rest(self) -> None:
        """The second app stops."""
        self.resting.set()

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

    def change(self, side: str, count: int, turn: int, start: int = 0, over: float = 0.0) -> None:
        """So many people, from the one with number ``start`` on, are edited by hand on one side.

        :param over: the edits are spread over so many seconds that end a minute ago.
        """
        ahead = self.clock.ahead
        steps = 100 if over else 1
        for step in range(steps):
            if over:
                self.clock.ahead = ahead - timedelta(seconds=60 + over * (steps - step) / steps)
            first, last = (start + count * part // steps for part in (step, step + 1))
            self._change(side, range(first, last), turn)
        self.clock.ahead = ahead

    def _change(self, side: str, numbers: range, turn: int) -> None:
        if side == "marketing":
            with self.running.hubspot_server.lock:
                for number in numbers:
                    edits = changed_contact(number, turn=turn)
                    self.running.hubspot.edit("contacts", self.contacts[number], edits)
        else:
            with self.running.salesforce_server.lock:
                for number in numbers:
                    self.running.salesforce.edit("Lead", self.leads[number], changed_lead(number, turn=turn))

    def flow(self, rate: float, seconds: float, first: int, stage: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - a word of the bench
        """Edits of people from ``first`` on, by turns on both sides, at so many a second; when each arrived.

        ``stage`` moves the lead status instead of a text, always in HubSpot.
        """
        began = time.monotonic()
        open_ones: dict[int, tuple[str, float]] = {}
        waits: list[float] = []
        done = 0
        while True:
            now = time.monotonic()
            while done < rate * seconds and now >= began + done / rate:
                open_ones[first + done] = (self._edit(first + done, stage=stage), now)
                done += 1
            for number, (token, at) in list(open_ones.items()):
                if self._arrived(number, token, stage=stage):
                    waits.append(time.monotonic() - at)
                    del open_ones[number]
            over = done >= rate * seconds
            if over and (not open_ones or now > began + seconds + PATIENCE):
                return {"waits": sorted(waits), "lost": len(open_ones)}
            time.sleep(LOOK)

    def _edit(self, number: int, *, stage: bool) -> str:
        token = f"flow {number}"
        if stage:
            with self.running.hubspot_server.lock:
                edits = {"bench_02": token}
                self.running.hubspot.edit("contacts", self.contacts[number], edits)
        elif number % 2:
            with self.running.hubspot_server.lock:
                self.running.hubspot.edit("contacts", self.contacts[number], {"bench_01": token})
        else:
            with self.running.salesforce_server.lock:
                self.running.salesforce.edit("Lead", self.leads[number], {"Bench_01__c": token})
        return token

    def _arrived(self, number: int, token: str, *, stage: bool) -> bool:
        if stage or number % 2:
            row = self.running.salesforce.org.row(self.leads[number])
            return row is not None and row.get("Bench_02__c" if stage else "Bench_01__c") == token
        record = self.running.hubspot.portal.store("contacts").records[int(self.contacts[number])]
        return record.values.get("bench_01") == token

    def touch(self, count: int, turn: int) -> None:
        """So many people get another text on the CRM side, in a field that ``change`` leaves alone."""
        with self.running.salesforce_server.lock:
            for number in range(count):
                self.running.salesforce.edit("Lead", self.leads[number], {"Bench_03__c": f"touched {turn} of {number}"})

    def watch(self) -> None:
        """From now on what is written is kept, for ``watched``."""
        for kernel in (self.running.hubspot, self.running.salesforce):
            seen, handle = self.seen, kernel.handle

            def kept(request: HttpRequest, handle: _Handle = handle, seen: list[bytes] = seen) -> HttpResponse:
                if request.method in ("POST", "PATCH", "PUT"):
                    seen.append(request.body)
                return handle(request)

            kernel.handle = kept  # type: ignore[method-assign]

    def watched(self, named: list[str]) -> dict[str, Any]:
        """How many fields of people were written that are not among those named, by the names of either side."""
        ours = set(contact(0))
        names = {**{name: name for name in ours}, **dict(zip(lead(0, key=""), contact(0), strict=False))}
        strange = 0
        for body in self.seen:
            for row in _rows(json.loads(body) if body[:1] in (b"{", b"[") else None):
                told = {names[name] for name in row if name in names}
                strange += len(told - set(named))
        written = len(self.seen)
        self.seen.clear()
        return {"strange": strange, "requests": written}

    def shift(self, seconds: float) -> None:
        """Vendor time moves on."""
        self.clock.ahead += timedelta(seconds=seconds)


def _rows(told: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - JSON is whatever it is
    """Every record that a write names, in whichever envelope."""
    if isinstance(told, list):
        for each in told:
            yield from _rows(each)
    elif isinstance(told, dict):
        if told.keys() & {"attributes", "properties"}:
            yield told["properties"] if isinstance(told.get("properties"), dict) else told
        else:
            for each in told.values():
                yield from _rows(each)


def main() -> None:
    """Serves until standard input ends."""
    standins = Standins()
    commands: dict[str, Any] = {
        "load": standins.load,
        "real": standins.real,
        "change": standins.change,
        "shift": standins.shift,
        "touch": standins.touch,
        "watch": standins.watch,
        "watched": standins.watched,
        "latency": standins.latency,
        "rival": standins.rival,
        "rest": standins.rest,
        "flow": standins.flow,
    }
    running = standins.running
    print(json.dumps({"hubspot": running.hubspot_url, "salesforce": running.salesforce_url}), flush=True)
    for line in sys.stdin:
        words = json.loads(line)
        print(json.dumps(commands[words.pop("do")](**words) or {}), flush=True)
    running.stop()


if __name__ == "__main__":
    main()
