"""When both sides change at once, and when syncd is killed in the middle of much: what is written again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

from benchmarks.figures import Figure
from benchmarks.lab import LAG, ROOT, Calls, Lab, opened

BOTH: Final = 2_000
MANY: Final = 100_000
KILLED_AFTER: Final = 0.4
"""The part of the records that is written when syncd is killed."""
PATIENCE: Final = 600.0
HORIZON: Final = 10
"""Seconds after which a write that was not answered, and is not there, is sent again. The stand-ins carry a write out
at once or never; a vendor may take minutes, which would only make the bench longer.
"""


def converging() -> Iterator[Figure]:
    """2,000 people whom both sides changed in the same hour, another field on each: what is written, and what the
    cycles after it write. A field that nobody changed and that is written all the same would be an echo.
    """
    with opened() as lab:
        lab.linked(BOTH)
        lab.calls()
        lab.tell(do="change", side="marketing", count=BOTH, turn=1)
        lab.tell(do="touch", count=BOTH, turn=1)
        lab.tell(do="shift", seconds=LAG)
        lab.tell(do="watch")
        lab.run("sync")
        first = lab.calls()
        told = lab.tell(do="watched", named=["bench_01", "phone", "email", "bench_03"])
        yield Figure("records written by the cycle that carries them", first.written, "records", 2 * BOTH)
        yield Figure("fields written that nobody had changed", told["strange"], "fields", 0)
        again = 0
        for _ in range(3):
            lab.tell(do="shift", seconds=LAG)
            lab.run("sync")
            again += lab.calls().written
        yield Figure("records written by the three cycles after it", again, "records", 0)


def many() -> Iterator[Figure]:
    """100,000 changes at once. First undisturbed, to Salesforce: calls and memory. Then once each way with a process
    that is killed when two fifths are written, and a next one that ends the work: how many records were sent twice.
    """
    with opened() as lab:
        for side in ("MARKETING", "CRM"):
            lab.environment[f"SYNCD_CONNECTIONS__MAIN__HORIZON__{side}"] = str(HORIZON)
        lab.linked(MANY)
        yield from _undisturbed(lab)
        for turn, (name, side, goal) in enumerate(
            (("to Salesforce", "marketing", 1_000), ("to HubSpot", "crm", 100)), 2
        ):
            lab.tell(do="change", side=side, count=MANY, turn=turn)
            lab.tell(do="shift", seconds=LAG)
            lab.calls()
            before = _killed(lab)
            yield Figure(f"records written when it was killed, {name}", before, "records")
            calls = Calls()
            for _ in range(3):
                lab.run("sync")
                calls += lab.calls()
                lab.tell(do="shift", seconds=LAG)
                time.sleep(HORIZON)
            yield Figure(f"records sent again, {name}", calls.written - MANY, "records", goal)
            yield Figure(f"records that did not arrive, {name}", max(0, MANY - calls.written), "records", 0)
            lab.rest()


def _undisturbed(lab: Lab) -> Iterator[Figure]:
    lab.tell(do="change", side="marketing", count=MANY, turn=1)
    lab.tell(do="shift", seconds=LAG)
    lab.calls()
    spent = lab.run("sync")
    calls = lab.calls()
    assert calls.written == MANY, calls
    ours = sum(count for name, count in calls.counted.items() if name.startswith("salesforce "))
    yield Figure(f"calls to Salesforce for {MANY:,} changes, read-back included", ours, "calls", 100)
    yield Figure(f"processor time per record of {MANY:,} changes", spent.working / MANY * 1e6, "us")
    yield Figure(f"resident memory with {MANY:,} changes, peak", spent.memory / 1024, "MB", 250)
    lab.rest()


def _killed(lab: Lab) -> int:
    """A cycle that is killed in the middle. Returns how many records it had written.

    :raises RuntimeError: if it ended before, or wrote nothing for long.
    """
    with (lab.folder / "syncd.log").open("a") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.runner", "sync"],
            cwd=ROOT,
            env=lab.environment,
            stdout=subprocess.DEVNULL,
            stderr=lines,
        )
    over = time.monotonic() + PATIENCE
    while (written := lab.written()) < KILLED_AFTER * MANY:
        if process.poll() is not None or time.monotonic() > over:
            process.kill()
            process.wait()
            raise RuntimeError(f"it was not in the middle of writing: {written} records, exit {process.returncode}")
        time.sleep(0.02)
    process.kill()
    process.wait()
    return lab.written()
