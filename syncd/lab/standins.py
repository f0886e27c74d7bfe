"""Both vendors' stand-ins as a process of their own, so that calls are counted outside of what makes them.

    python -m syncd.lab.standins --people 2000 --companies 300 --seed 1

Fills them, prints one JSON line with both addresses and what was made, and serves until its standard input ends: when
whoever started it is gone, however it went, this is gone too.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys

from sandbox.hubspot.limits import HubSpotLimits
from sandbox.population import populate
from sandbox.server import RunningSandbox


def main() -> int:
    """Serves until standard input ends."""
    parser = argparse.ArgumentParser(prog="syncd.lab.standins")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--companies", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-10-seconds", type=int, default=1_000)
    parser.add_argument("--search-per-second", type=int, default=50)
    parser.add_argument("--daily", type=int, default=100_000)
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the starter decides when to stop
    limits = HubSpotLimits(rolling=asked.per_10_seconds, search_per_second=asked.search_per_second)
    with RunningSandbox.start(seed=asked.seed, hubspot_limits=limits, salesforce_daily=asked.daily) as running:
        with running.hubspot_server.lock, running.salesforce_server.lock:
            made = populate(
                running.hubspot, running.salesforce, people=asked.people, companies=asked.companies, seed=asked.seed
            )
        line = {"hubspot": running.hubspot_url, "salesforce": running.salesforce_url, "made": dict(made.counts())}
        print(json.dumps(line), flush=True)  # noqa: T201 - the one line the starter waits for
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
