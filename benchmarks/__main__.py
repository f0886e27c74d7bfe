"""Measures speed and size: ``python -m benchmarks [NAME ...] [--write]``.

Without names every bench runs; each prints its table as it ends. With ``--write`` the figures are kept in
``benchmarks/results.json`` beside those of benches that did not run; ``make docs`` makes docs/performance.md of them.
The stand-ins run in a process of their own, and so does every command of syncd. Exit code 1 if a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchmarks.benches import BENCHES
from benchmarks.figures import table
from benchmarks.goals import goals_table
from benchmarks.tree import RESULTS, tree_hash


def yardstick() -> float:
    """Processor seconds of a fixed piece of Python now, to compare machines and busy hours: 10 million additions."""
    began = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - began


@contextmanager
def load_beside() -> Iterator[list[float]]:
    """How many processes wanted a processor meanwhile, the bench's own among them, every ten seconds: whoever reads
    seconds on the clock must know.
    """
    loads, over = [os.getloadavg()[0]], threading.Event()

    def look() -> None:
        while not over.wait(10):
            loads.append(os.getloadavg()[0])

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield loads
    finally:
        over.set()
        looking.join()


def main() -> int:
    """Runs what was asked for. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHES)}; all if none is given")
    parser.add_argument("--write", action="store_true", help="keep the figures in benchmarks/results.json")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - BENCHES.keys())
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    results: dict[str, Mapping[str, Any]] = {}
    missed = 0
    for name in asked.names or BENCHES:
        tree, began = tree_hash(), time.monotonic()
        with load_beside() as loads:
            figures = list(BENCHES[name]())
        seconds = round(time.monotonic() - began)
        print(f"\n{name} ({seconds} s, load {loads[-1]:.1f})\n", *table(figures), sep="\n", flush=True)
        missed += sum(not figure.met for figure in figures)
        result = {
            "tree": tree,
            "python": platform.python_version(),
            "processors": os.cpu_count(),
            "yardstick": round(yardstick(), 2),
            "seconds": seconds,
            "load": round(sum(loads) / len(loads), 1),
            "figures": [figure.to_json() for figure in figures],
        }
        results[name] = result
        if asked.write:
            _keep(name, result)
    print("\ngoals\n", *goals_table(results), sep="\n")
    return 1 if missed else 0


def _keep(name: str, result: Mapping[str, Any]) -> None:
    """Writes one bench at once: a later one may fail, and others may be measuring beside."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**results, name: result}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
