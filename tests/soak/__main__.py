"""``make soak``: python -m tests.soak [--days N] [--records N] [--seed S] [--report FILE].

Prints a line a day as it ends, then the table; exit code 1 if something grew that should not, too many calls failed, or
a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from syncd.lab.scenario import Scenario
from syncd.observe.log import reset_logs
from tests.soak.course import Soak, weeks
from tests.soak.figures import Day, Figures
from tests.soak.world import settle

CONFIG = Path(__file__).resolve().parent.parent.parent / "config"


def soak(folder: Path, weeks: Scenario, *, records: int, told: Callable[[Day], None] = lambda _day: None) -> Figures:
    """Founds a world of so many people and plays what is to happen in it; ``told`` is given each day as it ends."""
    reset_logs()
    began = time.monotonic()
    arena = settle(CONFIG, folder, records=records)
    founding = time.monotonic() - began
    playing = Soak(arena, weeks, file=folder / "soak.db", records=records)
    playing.figures.founding = founding
    return playing.play(told=told)


def _tell(day: Day) -> None:
    sys.stdout.write(f"day {day.number}: {day.memory:.1f} MB, {day.cycles} cycles, {day.seconds:.1f} s\n")
    sys.stdout.flush()


def main() -> int:
    """Runs it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="weeks of work on a virtual clock")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--report", type=Path, help="write the figures there as JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-soak-") as folder:
        happens = weeks(asked.seed, days=asked.days, records=asked.records)
        figures = soak(Path(folder), happens, records=asked.records, told=_tell)
    sys.stdout.write("\n".join(figures.table()) + "\n")
    if asked.report is not None:
        asked.report.write_text(json.dumps(figures.document(), indent=2) + "\n")
    return 1 if figures.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
