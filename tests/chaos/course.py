"""Several houses side by side for some time, and what became of them: figures to read, breaches to mend."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.evidence import Evidence
from tests.chaos.house import Sort, open_house
from tests.chaos.judge import Breach, judged


@dataclass
class Course:
    """One run: its seed, figures of all houses, breaches by house, and how long it took in seconds."""

    seed: str
    tally: Counter[str] = field(default_factory=Counter)
    breaches: dict[str, list[Breach]] = field(default_factory=dict)
    houses: int = 0
    seconds: float = 0.0

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(count for name, count in self.tally.items() if name.startswith("killed"))

    def lines(self) -> list[str]:
        """What it was, for a person."""
        figures = ", ".join(f"{name} {count:,}" for name, count in sorted(self.tally.items()))
        broken = [f"{house}: {breach}" for house, breaches in self.breaches.items() for breach in breaches]
        return [
            f"seed {self.seed}: {self.houses} houses, {self.seconds:.0f} s; {self.kills} kills",
            figures,
            *(broken or ["no promise was broken"]),
        ]


def run(folder: Path, sorts: Sequence[Sort], *, seed: str, seconds: float, kills: int = 0) -> Course:
    """Chaos in a house of each sort, side by side, for so many seconds and kills each; then quiet, then judgement.

    What a house was judged by is kept in the folder where anything was broken.
    """
    course, began, halt = Course(seed), time.monotonic(), threading.Event()
    sys.stdout.write(f"chaos of the seed {seed}\n")

    def live(sort: Sort) -> tuple[Evidence, Counter[str]]:
        (folder / sort.name).mkdir(parents=True)
        with open_house(folder / sort.name, sort, seed=f"{seed}-{sort.name}") as house:
            house.stop = halt.is_set
            house.live(seconds, kills=kills)
            return house.told, house.tally

    with _bytecode_in(folder / "bytecode"), ThreadPoolExecutor(len(sorts)) as pool:
        asked = [pool.submit(live, sort) for sort in sorts]
        try:
            houses = [each.result() for each in asked]
        finally:
            halt.set()
    for sort, (evidence, tally) in zip(sorts, houses, strict=True):
        course.tally += tally
        course.breaches[sort.name] = judged(evidence)
        if course.breaches[sort.name]:
            evidence.keep(folder / f"{sort.name}.json")
    course.houses = len(sorts)
    course.seconds = time.monotonic() - began
    return course


@contextmanager
def _bytecode_in(folder: Path) -> Iterator[None]:
    """Processes that are started inside keep their bytecode there, unless they are told not to write any."""
    names = ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    try:
        yield
    finally:
        del os.environ["PYTHONPYCACHEPREFIX"]
        os.environ.update(before)
