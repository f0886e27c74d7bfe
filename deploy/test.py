"""The whole proof, side by side: every test on all cores, some of the wrong versions, and the simulation.

The tests are shown as they go, the others once they are through, what failed last; the last lines say what each of them
came to. Options are handed to pytest. Where they pick tests (a name, ``-k``, ``-m``), those run alone, in one process.
``SEEDS=N`` plays another number of scenarios than ``FLOOR``; from ``MANY`` on every fault of the model must have fired
at least twenty times. ``REPORT=FILE`` keeps the figures of the simulation, ``MINUTES=N`` fails a run that takes longer.
Exit code: 0 if all passed, else that of the first that failed.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from syncd.lab.seeds import TESTED, hash_of

ROOT: Final = Path(__file__).resolve().parent.parent
FLOOR: Final = 2_000
"""Scenarios that a run plays; `make simulate` plays as many as one likes."""
MANY: Final = FLOOR
"""So many meet every fault of the model as often as it must be met."""
WRONG: Final = 8
"""Wrong versions that a run plays beside a third of those that break a promise; `make sabotage` plays every one."""
PARTS: Final = 16
"""Of what takes long (``tests/scenarios``, and what is ``slow`` elsewhere) a run plays one in so many, another part
after each change of the sources; ``SCENARIOS=all`` plays all."""
PICKING: Final = ("-k", "-m", "--lf", "--last-failed", "--ff")


@dataclass(slots=True)
class Part:
    """One command that runs beside others; ``took`` is how many seconds, ``worked`` how many of a processor."""

    title: str
    words: Sequence[str]
    told: IO[str] | None = None
    running: subprocess.Popen[str] | None = None
    took: float = 0.0
    worked: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Begins; what it says is kept if ``told`` is there, else shown."""
        self.running = subprocess.Popen(self.words, cwd=ROOT, stdout=self.told, stderr=self.told, text=True)

    @property
    def code(self) -> int:
        """Its exit code; not asked before it is through."""
        assert self.running is not None
        assert self.running.returncode is not None
        return self.running.returncode

    def ended(self) -> bool:
        """Whether it is through."""
        assert self.running is not None
        if self.took:
            return True
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self.running.poll() is None:
            return False
        after = resource.getrusage(resource.RUSAGE_CHILDREN)  # has grown by this one, with all that it waited for
        self.worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.took = time.monotonic() - self.began
        return True

    def stop(self) -> None:
        """Ends it, if it is still running."""
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()
            self.running.wait()


def main(options: Sequence[str]) -> int:
    """Runs what was asked for. Returns the exit code."""
    named = any((ROOT / option.partition("::")[0]).exists() for option in options if not option.startswith("-"))
    if named or any(option.startswith(PICKING) for option in options):
        return subprocess.run([sys.executable, "-m", "pytest", *options], cwd=ROOT, check=False).returncode
    cores = os.cpu_count() or 1
    seeds = int(os.environ.get("SEEDS") or FLOOR)
    thorough = ("--thorough",) if seeds >= MANY else ()
    report = ("--report", kept) if (kept := os.environ.get("REPORT")) else ()
    simulate = ("simulate", "--seeds", str(seeds), "--workers", str(cores), *thorough, *report)
    with tempfile.TemporaryDirectory(prefix="syncd-test-") as aside:
        # One process more than cores, since many tests wait; in small lots, so that none is left alone with the last.
        spread = (f"--numprocesses={cores + 1}", "--dist=loadgroup", "--maxschedchunk=4")
        part = () if os.environ.get("SCENARIOS") == "all" else (f"--part={PARTS}",)
        drawn = (f"--hypothesis-seed={int(hash_of(TESTED), 16)}",)  # the same code is tried on the same examples
        return _run(
            [
                Part("the tests", [sys.executable, "-m", "pytest", *spread, *part, *drawn, *options]),
                _aside("the wrong versions", aside, "deploy.sabotage", "--sample", str(WRONG)),
                _aside("the simulation", aside, "syncd.cli.main", *simulate),
            ]
        )


def _aside(title: str, folder: str, *module: str) -> Part:
    """A module with its arguments, whose words are kept in a file of that folder."""
    file = Path(folder) / title.replace(" ", "-")
    return Part(title, [sys.executable, "-m", *module], told=file.open("w+", encoding="utf-8"))


def _read_once() -> None:
    """Has the tests of a fresh clone compiled, with what pytest makes of their assertions, by one process and not by
    each of those that then play them.
    """
    if not (ROOT / "tests" / "__pycache__").exists():
        collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
        subprocess.run(collect, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _run(parts: Sequence[Part]) -> int:
    began = time.monotonic()
    print(f"{', '.join(each.title for each in parts)}: side by side; the first are shown", flush=True)
    tests, *others = parts
    try:
        for each in others:
            each.start()
        _read_once()
        tests.start()
        while [each for each in parts if not each.ended()]:
            time.sleep(0.2)
    finally:
        for each in parts:
            each.stop()
    for each in sorted(parts, key=lambda part: part.code != 0):  # what failed last: it is what is looked for
        if each.told is not None:
            each.told.seek(0)
            print(f"\n{each.title}", flush=True)
            sys.stdout.write(each.told.read())
            each.told.close()
    print()
    for each in parts:
        verdict = "passed" if each.code == 0 else f"FAILED ({each.code})"
        print(f"{each.title}: {verdict} after {each.took:.0f} s, {each.worked:.0f} s of a processor")
    took, allowed = time.monotonic() - began, os.environ.get("MINUTES")
    late = bool(allowed) and took > 60 * float(allowed or 0)
    print(f"all of it: {took:.0f} s{f', which is longer than the {allowed} minutes it may take' if late else ''}")
    return next((each.code for each in parts if each.code), int(late))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
