"""What every bench needs: stand-ins in their process, a folder for the state, and commands of syncd as processes.

Vendor time is moved instead of waited for, so that what is read once more (the overlap) falls into a cycle of its own.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.control import Control

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "benchmarks" / "config"
APART = frozenset(
    {"token", "versions", "account", "describe", "describe.global", "picklists", "properties.list", "owners.list"}
)
"""Operations that are counted apart: who we are, and what schemas and users look like (at most every ten minutes)."""
LAG = 10
"""Seconds of vendor time after an edit until every index shows it."""

_WATCH = """
CREATE TABLE bench_touched (id TEXT);
CREATE TRIGGER bench_insert AFTER INSERT ON link BEGIN INSERT INTO bench_touched VALUES (NEW.id); END;
CREATE TRIGGER bench_update AFTER UPDATE ON link BEGIN INSERT INTO bench_touched VALUES (NEW.id); END;
CREATE TRIGGER bench_delete AFTER DELETE ON link BEGIN INSERT INTO bench_touched VALUES (OLD.id); END;
"""
_UNWATCH = """
DROP TRIGGER bench_insert;
DROP TRIGGER bench_update;
DROP TRIGGER bench_delete;
DROP TABLE bench_touched;
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one command cost its process. Seconds; memory is the peak in KiB."""

    cpu: float
    start_up: float
    wall: float
    memory: int
    counts: dict[str, int]

    @property
    def working(self) -> float:
        """Processor time without start-up."""
        return self.cpu - self.start_up


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls as the vendors counted them, by vendor and operation; calls that are counted apart stand in ``apart``.

    ``made`` are all of them, whatever they cost; of these ``refused`` were answered 429.
    """

    counted: dict[str, int] = field(default_factory=dict)
    apart: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    written: int = 0
    made: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """Calls that are not counted apart."""
        return sum(self.counted.values())

    def __add__(self, other: Calls) -> Calls:
        def both(one: dict[str, int], two: dict[str, int]) -> dict[str, int]:
            return {name: one.get(name, 0) + two.get(name, 0) for name in sorted({*one, *two})}

        return Calls(
            both(self.counted, other.counted),
            both(self.apart, other.apart),
            both(self.records, other.records),
            self.written + other.written,
            self.made + other.made,
            self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True)
class Watched:
    """A daemon at work, seen from outside through ``/proc``."""

    pid: int
    log: Path

    def processor(self) -> float:
        """Seconds of processor time so far."""
        used = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident memory now, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def events(self, name: str) -> list[dict[str, Any]]:
        """Lines of its log of one event."""
        lines = self.log.read_text().rpartition("\n")[0].splitlines()
        return [event for line in lines if f'"event":"{name}"' in line and (event := json.loads(line))]

    def wait_for(self, name: str, times: int, *, within: float = 120.0) -> None:
        """Waits until an event was told so often. :raises RuntimeError: if it is not in time."""
        over = time.monotonic() + within
        while len(self.events(name)) < times:
            if time.monotonic() > over:
                raise RuntimeError(f"{name} was not told {times} times:\n" + self.log.read_text()[-3_000:])
            time.sleep(0.1)


class Lab:
    """Stand-ins, and the syncd that is measured."""

    def __init__(self, standins: subprocess.Popen[str], folder: Path) -> None:
        self._standins = standins
        self.folder = folder
        urls = self._heard()
        self.controls = {vendor: Control(urls[vendor], timeout=600) for vendor in ("hubspot", "salesforce")}
        prefix = "SYNCD_CONNECTIONS__MAIN__"
        self.environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "",  # an installed syncd has its bytecode: it is made by the first command here
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "SYNCD_STORE__URL": f"sqlite:///{self.store}",
            f"{prefix}MARKETING__BASE_URL": urls["hubspot"],
            f"{prefix}MARKETING__ACCESS_TOKEN": "pat-na1-sandbox",  # not a secret
            f"{prefix}CRM__LOGIN_URL": urls["salesforce"],
            f"{prefix}CRM__CLIENT_SECRET": "sandbox-secret",  # not a secret
        }

    @property
    def store(self) -> Path:
        """The state file."""
        return self.folder / "syncd.db"

    def tell(self, **words: Any) -> dict[str, Any]:  # noqa: ANN401 - the words of benchmarks.standins
        """A command to the stand-ins; returns when it is done, with what they answer."""
        assert self._standins.stdin is not None
        self._standins.stdin.write(json.dumps(words) + "\n")
        self._standins.stdin.flush()
        return self._heard()

    def run(self, command: str) -> Spent:
        """One command of ``benchmarks.runner``.

        :raises RuntimeError: with the end of its log, if it fails.
        """
        log = self.folder / "syncd.log"
        with log.open("a") as lines:
            ended = subprocess.run(
                [sys.executable, "-m", "benchmarks.runner", command],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=lines,
                text=True,
                check=False,
            )
        if ended.returncode:
            raise RuntimeError(f"`{command}` ended with {ended.returncode}:\n" + log.read_text()[-3_000:])
        return Spent(**json.loads(ended.stdout.splitlines()[-1]))

    def command(self, *words: str) -> Spent:
        """One command of the command line; its start-up is not told apart.

        :raises RuntimeError: with what it printed, if it fails.
        """
        file, began = self.folder / "spent.json", time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.command", str(file), "--config", str(CONFIG), *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.monotonic() - began
        if ended.returncode:
            raise RuntimeError(f"`{' '.join(words)}` ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        told = json.loads(file.read_text())
        return Spent(told["cpu"], 0.0, wall, told["memory"], {})

    @contextmanager
    def daemon(self, *, poll: float, http: str | None = None) -> Iterator[Watched]:
        """``syncd run``, with the console at an address if one is given, told to stop at the end."""
        environment = {
            **self.environment,
            "SYNCD_CONNECTIONS__MAIN__POLL": str(poll),
            "SYNCD_CONNECTIONS__MAIN__MARKETING__OVERLAP": "30",
            "SYNCD_CONNECTIONS__MAIN__CRM__OVERLAP": "30",
            "SYNCD_CONNECTIONS__MAIN__MARKETING__RATE__PER_10_SECONDS": "190",
            "SYNCD_CONNECTIONS__MAIN__MARKETING__RATE__SEARCH_PER_SECOND": "5",
        }
        options = ("--http", http) if http else ()
        with (self.folder / "daemon.log").open("a") as lines:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncd.cli.main", "--config", str(CONFIG), "run", *options],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=lines,
            )
        try:
            yield Watched(process.pid, self.folder / "daemon.log")
        finally:
            process.terminate()
            process.wait(timeout=30)

    def linked(self, count: int) -> None:
        """Makes so many linked pairs, known to the store, and lets all that is due happen once."""
        self.tell(do="load", count=count)
        self.run("link")
        self.rest()

    def latency(self, seconds: float) -> None:
        """From now on every answer of both vendors comes so much later."""
        self.tell(do="latency", seconds=seconds)

    def rest(self) -> None:
        """Cycles with time between them, until what is read once more has been read."""
        for _ in range(2):
            self.tell(do="shift", seconds=400)
            self.run("sync")

    def calls(self) -> Calls:
        """Calls since the last question; the logs begin anew."""
        counted: dict[str, int] = {}
        apart: dict[str, int] = {}
        records: dict[str, int] = {}
        written = made = refused = 0
        for vendor, control in self.controls.items():
            told = control.calls()
            control.reset()
            written += told["written"]
            made += told["count"]
            refused += told["statuses"].get("429", 0)
            for operation, figures in told["operations"].items():
                name = f"{vendor} {operation}"
                where = apart if operation in APART else counted
                where[name] = figures["calls"] if operation in APART else figures["cost"]
                records[name] = figures["records"]
        return Calls(counted, apart, records, written, made, refused)

    def written(self) -> int:
        """Records that both vendors have written since the logs began."""
        return sum(control.calls()["written"] for control in self.controls.values())

    def asked(self) -> set[str]:
        """Which operations the vendors were asked for since the logs began."""
        return {name for control in self.controls.values() for name in control.calls()["operations"]}

    @contextmanager
    def rows_rewritten(self) -> Iterator[list[int]]:
        """Counts writes to the rows of links and bases inside; the list gets the figure at the end."""
        with closing(sqlite3.connect(self.store)) as state:
            state.executescript(_WATCH)
        found: list[int] = []
        yield found
        with closing(sqlite3.connect(self.store)) as state:
            found.append(int(state.execute("SELECT count(*) FROM bench_touched").fetchone()[0]))
            state.executescript(_UNWATCH)

    def _heard(self) -> dict[str, Any]:
        assert self._standins.stdout is not None
        line = self._standins.stdout.readline()
        if not line:
            raise RuntimeError(f"the stand-ins ended; see {self.folder / 'standins.log'}")
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def opened() -> Iterator[Lab]:
    """A lab with empty stand-ins and no state; everything is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as name:
        folder = Path(name)
        with (folder / "standins.log").open("w") as errors:
            standins = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.standins"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            yield Lab(standins, folder)
        except Exception as why:
            why.add_note((folder / "standins.log").read_text()[-3_000:])
            raise
        finally:
            assert standins.stdin is not None
            standins.stdin.close()
            try:
                standins.wait(timeout=10)
            except subprocess.TimeoutExpired:
                standins.kill()
                standins.wait()
