"""How fast changes go over: at a real round trip, beside a script; and at the vendors' limits, with a second app there.

The script does what many teams begin with: it reads everybody from one vendor page by page and writes what it read to
the other in the largest batches, one call at a time, without state, merging or checking. It runs in the same run, on
the same stand-ins.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from benchmarks.figures import Figure
from benchmarks.lab import LAG, ROOT, Lab, opened

CHANGED: Final = 10_000
ROUND_TRIP: Final = 0.1
AT_LIMIT: Final = 30_000
SKEW: Final = 7.0
"""Seconds by which the vendors' clocks are ahead of ours."""
RIVAL: Final = 0.3
"""The part of HubSpot's limits that a second app takes all the time."""
LIMITS: Final = {"PER_10_SECONDS": "190", "SEARCH_PER_SECOND": "5"}


def pace() -> Iterator[Figure]:
    """Records per second of a cycle that carries 10,000 changes, on the clock with start-up: without latency, and at
    100 ms a call with limits off, beside a script that does one call at a time.
    """
    with opened() as lab:
        lab.linked(CHANGED)
        turn = 0
        for latency, words in ((0.0, "no latency"), (ROUND_TRIP, "100 ms a call")):
            for name, side, there in (("to Salesforce", "marketing", "crm"), ("to HubSpot", "crm", "marketing")):
                lab.latency(latency)
                script = _script(lab, there)
                lab.latency(0.0)
                lab.calls()
                lab.rest()
                turn += 1
                lab.tell(do="change", side=side, count=CHANGED, turn=turn)
                lab.tell(do="shift", seconds=LAG)
                lab.latency(latency)
                lab.calls()
                spent = lab.run("sync")
                calls = lab.calls()
                lab.latency(0.0)
                lab.rest()
                assert calls.written == CHANGED, calls
                rate = CHANGED / spent.wall
                yield Figure(f"records per second {name}, {words}", rate, "records/s")
                yield Figure(f"processor time of it with start-up, {name}, {words}", spent.cpu, "s")
                yield Figure(f"the script {name}, {words}", script, "records/s")
                yield Figure(
                    f"against the script {name}, {words}", rate / script, "times", least=2.0 if latency else None
                )


def _script(lab: Lab, there: str) -> float:
    """Records per second of the script."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.script", there, str(CHANGED)],
        cwd=ROOT,
        env=lab.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return CHANGED / float(ended.stdout)


def limits() -> Iterator[Figure]:
    """Cycles that carry 30,000 changes at the vendors' real limits (190 calls in ten seconds, five searches a second)
    and round trips (150 and 300 ms), on the clock with start-up. Once alone; once while a second app takes 30 % of
    both limits and the vendors' clocks are seven seconds ahead.
    """
    with opened() as lab:
        for name, value in LIMITS.items():
            lab.environment[f"SYNCD_CONNECTIONS__MAIN__MARKETING__RATE__{name}"] = value
        lab.linked(AT_LIMIT)
        lab.tell(do="real")
        refused = made = 0
        turn = 0
        for with_rival in (False, True):
            if with_rival:
                lab.tell(do="shift", seconds=SKEW)
                lab.tell(do="rival", part=RIVAL)
            words = "beside a second app, clocks askew" if with_rival else "alone"
            for name, side, limit in (("to Salesforce", "marketing", 1_000), ("to HubSpot", "crm", 1_900)):
                turn += 1
                lab.tell(do="change", side=side, count=AT_LIMIT, turn=turn)
                lab.tell(do="shift", seconds=LAG)
                lab.calls()
                spent = lab.run("sync")
                calls = lab.calls()
                lost = AT_LIMIT - calls.written
                rate = AT_LIMIT / spent.wall
                least = None if with_rival else 0.9 * limit
                yield Figure(f"records per second at the limits {name}, {words}", rate, "records/s", least=least)
                yield Figure(f"processor time of it with start-up, {name}, {words}", spent.cpu, "s")
                yield Figure(f"records that did not arrive {name}, {words}", lost, "records", 0)
                if with_rival:
                    refused += calls.refused
                    made += calls.made
                lab.tell(do="rest")
                lab.rest()
        yield Figure("answers that were 429, beside a second app, clocks askew", refused / made * 100, "% of calls", 1)
