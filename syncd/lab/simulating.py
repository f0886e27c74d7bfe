"""Many seeds on all cores: each world is founded once, and every scenario in it is played in a fork of that process.

A fork begins where the founder stands, so a seed costs what it plays and not what its world costs; whatever goes wrong
in it, a crash or an endless loop too, is the verdict on that seed alone. Every tenth seed is played once more in a new
interpreter with another ``PYTHONHASHSEED`` and must leave the same trace: what depends on the order of a set, or on
anything but the scenario, is a flaw of its own.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import subprocess
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson

from syncd.lab.founding import found, warm_up
from syncd.lab.scenario import Scenario, expand
from syncd.lab.simulation import Result, play
from syncd.lab.violation import Violation
from syncd.observe.log import reset_logs

PATIENCE: Final = 60
"""Seconds of a processor after which a scenario is taken for endless; ten times as many on the clock, for one that
waits for ever: a machine that is busy or sleeps is no verdict on a scenario.
"""
AGAIN_EVERY: Final = 10
"""Every which seed is played again elsewhere."""
WORTH_WARMING: Final = 60
"""From how many scenarios on a process plays one for itself first: that costs as much as it spares them."""


@dataclass(frozen=True, slots=True)
class Played:
    """One scenario and what became of it, as plain values; ``seconds`` of processor time."""

    seed: str
    result: dict[str, Any]
    seconds: float

    @property
    def violations(self) -> list[Violation]:
        """What it broke."""
        return [Violation(**each) for each in self.result["violations"]]

    @property
    def trace(self) -> str:
        """A digest of every call and every turn: equal where nothing at all was different."""
        return str(self.result.get("trace", ""))

    @property
    def figures(self) -> list[tuple[str, int]]:
        """What an operator would have seen of it, in a fixed order."""
        names = {"listed": "left to a person", "edits": "edits that people made", "calls": "calls of both vendors"}
        return [
            ("promises broken", len(self.violations)),
            *((told, int(self.result.get(name, 0))) for name, told in names.items()),
        ]


def played(
    scenarios: Sequence[Scenario], *, config: Path, connection: str | None = None, workers: int
) -> Iterator[Played]:
    """Plays them all and tells each as it ends, in no order."""
    at_work: dict[int, tuple[int, bytearray]] = {}
    with selectors.DefaultSelector() as selector:
        for share in _shares(scenarios, workers):
            reading, pid = _founder(share, config=config, connection=connection)
            selector.register(reading, selectors.EVENT_READ)
            at_work[reading] = (pid, bytearray())
        while at_work:
            for key, _ in selector.select():
                reading = key.fd
                pid, told = at_work[reading]
                part = os.read(reading, 1 << 16)
                told += part
                while b"\n" in told:
                    line, _, rest = bytes(told).partition(b"\n")
                    told[:] = rest
                    yield Played(**orjson.loads(line))
                if not part:
                    selector.unregister(reading)
                    os.close(reading)
                    os.waitpid(pid, 0)
                    del at_work[reading]


def _shares(scenarios: Sequence[Scenario], workers: int) -> list[list[list[Scenario]]]:
    """What each worker plays: lots of one world each, so many scenarios to each worker as can be. Where there are fewer
    worlds than workers, a world is founded several times, so that no core idles.
    """
    by_world: defaultdict[int, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        by_world[scenario.world].append(scenario)
    parts = -(-workers // max(1, len(by_world)))
    lots = [lot[part::parts] for lot in by_world.values() for part in range(min(parts, len(lot)))]
    shares: list[list[list[Scenario]]] = [[] for _ in range(workers)]
    for lot in sorted(lots, key=len, reverse=True):
        min(shares, key=lambda share: sum(map(len, share))).append(lot)
    return [share for share in shares if share]


def _founder(lots: Sequence[Sequence[Scenario]], *, config: Path, connection: str | None) -> tuple[int, int]:
    """A process that founds a world for each lot and plays the lot in it; what it tells is read from the first of the
    two numbers. What is imported and compiled for its first world it has for the next ones, too.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return reading, pid
    os.close(reading)
    reset_logs()  # thousands of lives would each tell theirs
    worth_it = sum(map(len, lots)) >= WORTH_WARMING
    try:
        for number, lot in enumerate(lots):
            _played_in_one_world(lot, writing, config=config, connection=connection, warming=worth_it and not number)
    finally:
        os._exit(0)


def _played_in_one_world(
    lot: Sequence[Scenario], writing: int, *, config: Path, connection: str | None, warming: bool
) -> None:
    try:
        if warming:
            warm_up(config, variant=lot[0].world, connection=connection)
        arena = found(config, variant=lot[0].world, connection=connection)
        gc.freeze()
        for scenario in lot:
            _in_a_fork(partial(play, arena, scenario), scenario, writing)
    except BaseException:  # noqa: BLE001 - told for each of the lot, since none was played
        why = traceback.format_exc(limit=-4)
        for scenario in lot:
            _tell(writing, scenario, Result(scenario.seed, [Violation("P11", "founding", why)], ""), 0.0)


def _in_a_fork(deed: Callable[[], Result], scenario: Scenario, writing: int) -> None:
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        if status:
            why = f"the process ended with {os.waitstatus_to_exitcode(status)}: endless, or out of memory"
            _tell(writing, scenario, Result(scenario.seed, [Violation("P15", "process", why)], ""), 0.0)
        return
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    signal.alarm(10 * PATIENCE)
    gc.disable()  # a fork lives for a second; collecting would only copy what it shares with its founder
    began = time.process_time()
    try:
        result = deed()
    except BaseException:  # noqa: BLE001 - whatever it was, it is the verdict on this seed
        result = Result(scenario.seed, [Violation("crash", "simulation", traceback.format_exc(limit=-6))], "")
    _tell(writing, scenario, result, time.process_time() - began)
    os._exit(0)


def _tell(writing: int, scenario: Scenario, result: Result, seconds: float) -> None:
    plain = asdict(result) | {"turns": dict(result.turns), "fired": dict(result.fired)}
    line = orjson.dumps({"seed": scenario.seed, "result": plain, "seconds": seconds}) + b"\n"
    while line:
        line = line[os.write(writing, line) :]


def differing(results: Sequence[Played], *, config: Path, connection: str | None, workers: int) -> list[Violation]:
    """Plays every tenth of these seeds again in another interpreter; those whose trace differs."""
    again = {each.seed: each for each in sorted(results, key=lambda each: each.seed)[::AGAIN_EVERY]}
    command = [sys.executable, "-m", "syncd.lab.simulating", str(config), connection or "", str(workers), *again]
    environ = os.environ | {"PYTHONHASHSEED": "4242"}
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if run.returncode:
        return [Violation("replay", "all", f"could not be played again: {run.stderr[-500:]}")]
    traces = dict(line.split(" ") for line in run.stdout.splitlines())
    return [
        Violation("replay", seed, "played again in another process it left another trace")
        for seed, each in again.items()
        if traces.get(seed) != each.result["trace"]
    ]


def main() -> int:
    """Plays the seeds that are named and prints the trace of each: the other interpreter of ``differing``."""
    config, connection, workers, *seeds = sys.argv[1:]
    scenarios = [expand(seed) for seed in seeds]
    for each in played(scenarios, config=Path(config), connection=connection or None, workers=int(workers)):
        print(each.seed, each.result["trace"])  # noqa: T201 - what the caller reads
    return 0


if __name__ == "__main__":
    sys.exit(main())
