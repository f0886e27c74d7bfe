"""The benches of the daemon: what it costs when nothing happens, and how soon a change arrives when something does.

Freshness is measured by the stand-ins, from the edit to the moment the other side holds the value, with the vendors'
limits, 2 s of search lag and round trips of 150 ms (HubSpot) and 300 ms (Salesforce). Percentiles are of all edits of
both directions.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import pairwise

from benchmarks.crowd import crowd
from benchmarks.figures import Figure
from benchmarks.lab import Lab, Watched, opened
from benchmarks.measures import share

LINKED = 10_000
POLL = 10.0
IDLE_SECONDS = 60.0
FLOW_SECONDS = 60.0
LAG = 2.0
"""Seconds until HubSpot's search shows a change."""
DAY = 86_400
DAILY = 110_000
"""Calls a day of an org with ten licences."""
BACKLOG = 36_000
GAP = 3_600_000
"""Milliseconds of outage."""
CONNECTIONS = 200
INTERVAL = 60.0
TURNS = 3
"""Turns of each connection after its first, which is due at once for all."""


def idle() -> Iterator[Figure]:
    """A daemon with one connection of one kind and 10,000 linked people, polled every 10 s, while nothing happens: a
    minute without the console, and one with it.
    """
    with opened() as lab:
        lab.linked(LINKED)
        with lab.daemon(poll=POLL) as daemon:
            daemon.wait_for("run.finished", 2)
            lab.calls()
            runs = len(daemon.events("run.finished"))
            busy = _minute(daemon)
            calls = lab.calls()
            cycles = len(daemon.events("run.finished")) - runs
            swept = sum(
                calls.counted.get(name, 0)
                for name in ("hubspot list", "hubspot batch.read", "salesforce query", "salesforce composite")
            )
            yield Figure("calls a cycle, the share of the sweep included", calls.total / cycles, "calls", 6)
            yield Figure("of these by operations that the sweep makes", swept / cycles, "calls")
            yield Figure("share of a core", busy, "%", 5)
            yield Figure("resident memory", daemon.memory(), "MB", 150)
            yield Figure("records written", calls.written, "records", 0)
        with lab.daemon(poll=POLL, http="127.0.0.1:0") as daemon:
            daemon.wait_for("run.finished", runs + cycles + 2)
            yield Figure("share of a core, with the console on", _minute(daemon), "%", 5)
            yield Figure("resident memory, with the console on", daemon.memory(), "MB", 200)


def _minute(daemon: Watched) -> float:
    """The share of a core that a daemon takes for a while, in per cent."""
    began, used = time.monotonic(), daemon.processor()
    time.sleep(IDLE_SECONDS)
    return (daemon.processor() - used) / (time.monotonic() - began) * 100


def fresh() -> Iterator[Figure]:
    """Seconds from an edit to its arrival on the other side, 10 s poll, limits on, at three paces; and how many calls
    to Salesforce a day of such a pace comes to, of 110,000 in the design's example.
    """
    with opened() as lab:
        lab.linked(LINKED)
        _as_in_reality(lab)
        with lab.daemon(poll=POLL) as daemon:
            daemon.wait_for("run.finished", 2)
            first = 0
            for rate, goal, part in ((1, 14.0, 0.3), (10, 14.0, 0.5), (100, 16.0, 0.8)):
                lab.calls()
                began = time.monotonic()
                told = lab.tell(do="flow", rate=rate, seconds=FLOW_SECONDS, first=first)
                calls, seconds = lab.calls(), time.monotonic() - began
                first += int(rate * FLOW_SECONDS)
                waits = told["waits"]
                yield Figure(f"edits that did not arrive at {rate}/s", told["lost"], "edits", 0)
                yield Figure(f"half of the edits within, at {rate}/s", share(waits, 0.5), "s")
                yield Figure(f"95 % of the edits within, at {rate}/s", share(waits, 0.95), "s", goal)
                ours = sum(count for name, count in calls.counted.items() if name.startswith("salesforce "))
                name = f"Salesforce calls a day that it comes to, at {rate}/s"
                yield Figure(name, ours / seconds * DAY, "calls", part * DAILY)


def outage() -> Iterator[Figure]:
    """After an hour without a poll, in which 36,000 people were edited: how long they take, and what is fresh."""
    with opened() as lab:
        lab.linked(BACKLOG + 200)
        _as_in_reality(lab)
        _set_back(lab)
        lab.tell(do="shift", seconds=GAP / 1000 + 100)
        lab.tell(do="change", side="marketing", count=BACKLOG // 2, turn=1, over=GAP / 1000)
        lab.tell(do="change", side="crm", count=BACKLOG // 2, turn=2, start=BACKLOG // 2, over=GAP / 1000)
        began = time.monotonic()
        with lab.daemon(poll=POLL) as daemon:
            daemon.wait_for("run.finished", 1)
            told = lab.tell(do="flow", rate=1, seconds=60.0, first=BACKLOG, stage=True)
            while not any(_over(run) for run in daemon.events("run.finished")):
                if time.monotonic() - began > 600:
                    raise RuntimeError("the backlog did not clear:\n" + daemon.log.read_text()[-3_000:])
                time.sleep(0.2)
            yield Figure("seconds until the backlog was cleared", time.monotonic() - began, "s", 90)
            yield Figure("95 % of fresh changes meanwhile within", share(told["waits"], 0.95), "s", 30)
            yield Figure("fresh changes that did not arrive", told["lost"], "edits", 0)


def _as_in_reality(lab: Lab) -> None:
    lab.tell(do="real")
    lab.controls["hubspot"].switch(index_lag=[LAG, LAG])


def _over(run: dict[str, object]) -> bool:
    return run.get("command") == "resync" and run.get("state") != "running"


def _set_back(lab: Lab) -> None:
    """Nobody has polled for an hour."""
    with closing(sqlite3.connect(lab.store)) as state, state:
        state.execute("UPDATE cursor SET moved_at = moved_at - ?", (GAP,))


def connections() -> Iterator[Figure]:
    """A daemon on SQLite with 200 connections, polled every 60 s, while nothing happens; each has accounts of its own.

    A turn is due 60 s after the one before it began. All first turns are due at once and are not counted.
    """
    with crowd(CONNECTIONS, poll=INTERVAL) as daemon:
        daemon.wait_for("run.started", CONNECTIONS, within=300)
        first = _spread(daemon)
        began, used = time.monotonic(), daemon.processor()
        daemon.wait_for("run.started", CONNECTIONS * (TURNS + 1), within=(INTERVAL + 30) * TURNS)
        busy = (daemon.processor() - used) / (time.monotonic() - began)
        late = sorted(_late(daemon))
        yield Figure("half of the turns late by at most", share(late, 0.5), "s")
        yield Figure("95 % of the turns late by at most", share(late, 0.95), "s")
        yield Figure("latest turn late by", late[-1], "s", 5)
        yield Figure("turns that were counted", len(late), "turns")
        yield Figure("turns that failed", len(daemon.events("run.failed") + daemon.events("turn.failed")), "turns", 0)
        yield Figure("seconds until every connection was polled once", first, "s")
        yield Figure("share of a core", busy * 100, "%")
        yield Figure("resident memory", daemon.memory(), "MB")


def _spread(daemon: Watched) -> float:
    times = [datetime.fromisoformat(event["time"]) for event in daemon.events("run.started")]
    return (times[-1] - times[0]).total_seconds()


def _late(daemon: Watched) -> Iterator[float]:
    """Seconds by which each turn but the first of a connection began after it was due."""
    begun: dict[str, list[datetime]] = {}
    for event in daemon.events("run.started"):
        begun.setdefault(event["connection"], []).append(datetime.fromisoformat(event["time"]))
    for times in begun.values():
        for before, after in pairwise(times):
            yield (after - before).total_seconds() - INTERVAL
