"""One house: stand-ins of both vendors, a store, the processes that work on it, people, and what happens to them all.

Everything is drawn from the seed, so that two runs of a seed meet the same blows at the same seconds; what real
processes do in between is theirs. A house is one thread: it looks around fifty times a second and does what is due.
"""

from __future__ import annotations

import heapq
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.evidence import Evidence
from tests.chaos.gathering import gather
from tests.chaos.machine import Disk, Life, Process
from tests.chaos.people import People
from tests.scenarios.processes import Place, open_place, until
from tests.scenarios.servers import OwnServer

PACE: Final = 4.0
"""Deeds of people a second."""
LOOK: Final = 0.02
ENVIRON: Final = {"SYNCD_CONNECTIONS__MAIN__POLL": "1", "SYNCD_CONNECTIONS__MAIN__MARKETING__OVERLAP": "6"}
QUIET: Final = 8.0
"""Seconds without a write that are silence: the stand-in's search lags three at most, and is read twice that again."""
QUIET_WITHIN: Final = 150.0
PATIENCE: Final = 8
"""How many times its time a house may take on a busy machine, until enough were killed."""
FAULTS: Final = {
    "hubspot": ("ghost-write", "zombie-write", "reset-after-sending", "reset-before-sending", "truncated-body",
                "partial-batch", "results-missing", "results-reordered", "hubspot-gateway-error", "hubspot-locked",
                "hubspot-rolling-limit", "session-expiry", "search-lag", "row-twice", "doubled-request"),
    "salesforce": ("ghost-write", "zombie-write", "reset-after-sending", "reset-before-sending", "truncated-body",
                   "partial-batch", "results-missing", "row-lock", "salesforce-unavailable",
                   "salesforce-unknown-exception", "session-expiry", "row-twice", "doubled-request"),
}  # fmt: skip
"""What the vendors do now and then."""
WORDS: Final = {"zombie-write": {"seconds": 1.0}, "search-lag": {"seconds": 3.0}}
"""Never longer than the ``horizon`` of two seconds that `syncd sandbox` writes into its configuration."""
RATE: Final = 0.03
"""The share of calls that each of them hits."""


@dataclass(frozen=True, slots=True)
class Sort:
    """What sort of house: on a disk that can be filled, or on PostgreSQL; how many daemons; how long a frozen process
    stays frozen at most, and from when to when after its start a process is killed. ``at_once`` spares processes the
    reading of their modules (``tests/forked.py``).
    """

    name: str
    workers: int = 1
    freeze: float = 2.5
    kills: tuple[float, float] = (0.5, 2.8)
    server: OwnServer | None = None
    at_once: bool = False


@dataclass
class House:
    """One house from its first daemon to its evidence."""

    place: Place
    disk: Disk
    sort: Sort
    seed: str
    store: str
    told: Evidence
    people: People
    since: tuple[int, int]
    chance: random.Random
    tally: Counter[str] = field(default_factory=Counter)
    stop: Callable[[], bool] = lambda: False
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _lives: list[Life] = field(default_factory=list)
    _full: bool = False
    _away: bool = False
    _number: int = 0

    # -- the whole course --------------------------------------------------------------------------------------------
    def live(self, seconds: float, *, kills: int) -> None:
        """Chaos for so long, and longer until so many were killed, but not for ever; then quiet, then the evidence."""
        for control, vendor in ((self.place.hubspot, "hubspot"), (self.place.salesforce, "salesforce")):
            control.switch(latency=0.015)
            for name in FAULTS[vendor]:
                control.fault(name=name, probability=RATE, seed=self.seed, **WORDS.get(name, {}))
        began = time.monotonic()
        self._later(0.0, self._somebody_acts)
        self._later(2.0, self._looked_at)
        for wait, blow in self._blows():
            self._again(*wait, blow)
        try:
            while not self.stop() and (past := time.monotonic() - began) < PATIENCE * seconds:
                if past >= seconds and self.killed >= kills:
                    break
                self._keep_working()
                self._do_what_is_due()
                time.sleep(LOOK)
            self._heal()
        finally:
            for process in self._processes():
                process.stop()
                self._gone(process)
        gather(self.place, self.told, since=self.since, store=self.store)
        self.tally["calls"] = sum(len(lines) for lines in self.told.calls.values())
        self.tally["edits"] = len(self.told.edits) + len(self.told.newcomers) + len(self.told.opted_out)
        self.tally["faults"] = sum(1 for lines in self.told.calls.values() for line in lines if line["fault"])

    @property
    def killed(self) -> int:
        """How many processes were killed."""
        return sum(count for name, count in self.tally.items() if name.startswith("killed"))

    def _blows(self) -> list[tuple[tuple[float, float], Callable[[], None]]]:
        blows = [((2.0, 6.0), self._freeze), ((3.0, 8.0), self._rival)]
        if self.sort.server is not None:
            return [*blows, ((4.0, 9.0), self._server_goes)]
        return [*blows, ((4.0, 10.0), self._disk_fills)]

    def _again(self, low: float, high: float, blow: Callable[[], None]) -> None:
        """Once more after a while, and mostly not before somebody is in a cycle, so that a slow machine gets there."""

        def strike() -> None:
            if any(each.running for each in self._processes()) or self.chance.random() < 0.05:
                blow()
            else:
                self._later(0.5, strike)

        self._later(self.chance.uniform(low, high), strike)

    def _later(self, seconds: float, deed: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (time.monotonic() + seconds, self._number, deed))

    def _do_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()

    # -- people ------------------------------------------------------------------------------------------------------
    def _somebody_acts(self) -> None:
        self.people.act()
        self._later(self.chance.expovariate(PACE), self._somebody_acts)

    def _looked_at(self) -> None:
        self.people.look_at_opt_outs()
        self._later(3.0, self._looked_at)

    # -- who is at work ----------------------------------------------------------------------------------------------
    def _start(self, *words: str) -> Process:
        self.tally[f"started {words[0]}"] += 1
        name = f"{self.seed} {words[0]} {self.tally.total()}"
        environ = ENVIRON | {"PYTHONDONTWRITEBYTECODE": "1"}
        process = Process(name, self.place.config, *words, environ=environ, at_once=self.sort.at_once)
        process.excused = process.excused or self._in_trouble()
        return process

    def _processes(self) -> list[Process]:
        return [life.process for life in self._lives]

    def _in_trouble(self) -> bool:
        """Whether the machine is in trouble, or the store has a worker already and bears one only."""
        beside = self.sort.server is None and any(each.alive and each.words[0] == "run" for each in self._processes())
        return self._full or self._away or beside

    def _keep_working(self) -> None:
        """There are as many at work as there should be; each dies when its time has come."""
        for life in list(self._lives):
            process = life.process
            process.excused = process.excused or self._full or self._away
            if process.alive and not life.over:
                continue
            self._lives.remove(life)
            if process.alive and life.how == "kill":
                self.tally["killed while running" if process.running else "killed while starting"] += 1
                process.kill()
            elif process.alive:
                process.stop()
            self._gone(process)
        while sum(not life.beside for life in self._lives) < self.sort.workers:
            words = "run" if self.chance.random() < 0.6 else "sync"
            self._lives.append(self._life(words, kills=0.9))

    def _life(self, words: str, *, kills: float, beside: bool = False) -> Life:
        """One that runs or makes a single cycle, and dies at a moment after its start or within its first cycles."""
        once_running = self.chance.random() < 0.65
        dies = self.chance.uniform(0.0, 1.2) if once_running else self.chance.uniform(*self.sort.kills)
        how = "kill" if self.chance.random() < kills else "stop"
        return Life(self._start(words), dies, how, once_running, beside)

    def _gone(self, process: Process) -> None:
        ended = process.ended()
        if ended.by in ("trouble", "itself") and process.words[0] == "run":
            self.tally["gave up by themselves"] += 1
        self.told.processes.append(ended)

    # -- what happens ------------------------------------------------------------------------------------------------
    def _freeze(self) -> None:
        """One stands still for a while, in the middle of whatever it does."""
        at_work = [life.process for life in self._lives if life.process.alive and not life.process.frozen]
        if at_work:
            process = self.chance.choice(at_work)
            self.tally["frozen"] += 1
            process.freeze()
            self._later(self.chance.uniform(0.2, self.sort.freeze), process.thaw)
        self._again(2.0, 6.0, self._freeze)

    def _rival(self) -> None:
        """Another process on the same store, killed or stopped after a moment."""
        self.tally["rivals"] += 1
        life = self._life(self.chance.choice(("run", "sync", "sync")), kills=0.7, beside=True)
        life.process.excused = True
        self._lives.append(life)
        self._again(4.0, 9.0, self._rival)

    def _disk_fills(self) -> None:
        """No room for a moment: on the disk, or for the files of the process at work."""
        self._full = True
        self.tally["disk filled"] += 1
        if self.disk.mounted and self.chance.random() < 0.7:
            self.disk.fill()
        else:
            file = Path(self.store.removeprefix("sqlite:///"))
            sizes = [each.stat().st_size for each in file.parent.glob(f"{file.stem}*") if each.is_file()]
            limit = self.chance.choice(sizes or [0]) + self.chance.randrange(1 << 15)
            for process in self._processes():
                process.excused = True
                process.limit(limit)
        self._later(self.chance.uniform(0.5, 3.0), self._room_again)

    def _room_again(self) -> None:
        self._full = False
        self.disk.empty()
        for process in self._processes():
            process.limit(resource.RLIM_INFINITY)
        self._again(4.0, 10.0, self._disk_fills)

    def _server_goes(self) -> None:
        """PostgreSQL is restarted at once, or is away for a moment."""
        assert self.sort.server is not None
        way = self.chance.choice(("fast", "immediate"))
        self.tally[f"PostgreSQL restarted {way}"] += 1
        self._away = True
        for process in self._processes():
            process.excused = True
        self.sort.server.control("stop", "-m", way)
        self._later(self.chance.choice((0.0, 0.0, 1.0, 2.0)), self._server_comes)

    def _server_comes(self) -> None:
        assert self.sort.server is not None
        self.sort.server.control("start", "-o", self.sort.server.options())
        self._away = False
        self._again(4.0, 9.0, self._server_goes)

    # -- quiet -------------------------------------------------------------------------------------------------------
    def _heal(self) -> None:
        """Everything works again, one daemon goes on; then nothing is written any more, even if all is compared."""
        for life in self._lives:
            life.process.thaw()
        if self._away:
            self._server_comes()
        self._room_again()
        self._due.clear()
        for control in (self.place.hubspot, self.place.salesforce):
            control.clear_faults()
            control.switch(latency=0.0)
        for process in self._processes():
            process.stop()
            self._gone(process)
        self._lives = [Life(self._start("run"), float("inf"), "stop", once_running=False)]
        self.told.quiet = self._quiet()
        before = self._written()
        if not self.told.quiet:
            self.place.run("resync", "--all", "--yes")
            self.told.quiet = self._quiet(lasting=0.0)
        self.told.written_when_quiet = self._written() - before
        self.people.look_at_opt_outs()

    def _quiet(self, *, lasting: float = QUIET) -> str:
        """Waits until nothing was written for so long, no write is open and no resync waits; else what is left.

        A daemon that still starts is not quiet: on a busy machine that takes longer than ``lasting``.
        """
        over = time.monotonic() + QUIET_WITHIN
        left, written, since = "", -1, time.monotonic()
        while time.monotonic() < over:
            now = self._written()
            if now != written or not self._lives[0].process.cycled:
                written, since = now, time.monotonic()
            if not self._lives[0].process.alive:
                return f"the daemon ended: {self._lives[0].process.tail()}"
            if time.monotonic() - since >= lasting:
                stands = self.place.run("status", "--json").json["connections"][0]
                waits = self.place.run("resync", "--list", "--json").json["resyncs"]
                left = f"{stands['open_intents']} open writes, {len(waits)} resyncs"
                if not stands["open_intents"] and not waits and self._written() == written:
                    return ""
                time.sleep(1.0)  # each look is two processes
            time.sleep(0.5)
        return f"{left or 'writes go on'}\n{self._lives[0].process.tail()}"

    def _written(self) -> int:
        return int(self.place.hubspot.calls()["written"] + self.place.salesforce.calls()["written"])


@contextmanager
def open_house(folder: Path, sort: Sort, *, seed: str, people: int = 60) -> Iterator[House]:
    """A house whose first link is made. ``seed`` names it."""
    disk = Disk(folder / "disk")
    try:
        words = ("--people", str(people), "--companies", "6", "--seed", str(sum(seed.encode()) % 1000 + 1))
        with open_place(folder, *words) as place:
            url = sort.server.url if sort.server is not None else f"sqlite:///{disk.folder}/syncd.db"
            place.remember_in(url)
            assert place.approve().code in {0, 1}
            place.run("sync")
            _work_once(place)
            chance, told = random.Random(f"chaos {seed}"), Evidence(seed)
            crowd = People(place, random.Random(f"people {seed}"), told, place.linked())
            since = (place.hubspot.calls()["count"], place.salesforce.calls()["count"])
            yield House(place, disk, sort, seed, url, told, crowd, since, chance)
    finally:
        disk.close()


def _work_once(place: Place) -> None:
    """A daemon makes its first cycle. By that the interpreter has its bytecode, as that of an installed syncd has it:
    later processes may write none, since what is cut off by a limit on the size of files breaks every one after it.
    """
    daemon = Process("first", place.config, "run", environ=ENVIRON)
    until(lambda: daemon.running is not None, within=60, what=daemon.tail)
    daemon.stop()
    assert daemon.ended().code == 0
