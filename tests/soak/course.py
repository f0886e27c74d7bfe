"""Plays weeks: people work from nine to five, the daemon polls, faults come and are mended, processes die now and then.

While something is under way the daemon polls at the configured pace. Where nothing is, the clock goes on to what comes
next, not quite ten minutes at most, since a longer pause is an outage that is caught up with. Every night an operator
does what is left to do, the store is copied as docs/backups.md says, and everything is measured.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from pysqlite3 import dbapi2

from sandbox.faults.catalogue import CATALOGUE
from sandbox.kernel import HttpRequest, HttpResponse
from syncd.engine.cycle import Ended
from syncd.lab.arena import Arena
from syncd.lab.crowd import Crowd
from syncd.lab.ledger import Ref
from syncd.lab.operating import let_all_go_on
from syncd.lab.scenario import DEEDS, Happening, Scenario
from syncd.lab.simulation import _Play
from syncd.lab.swarm import SMALL, Arming
from syncd.lab.witness import TOKEN
from syncd.model.values import Side
from syncd.operations.worker import KEPT, REMEMBERED
from tests.soak.figures import Day, Figures

DAY: Final = 86_400_000
"""Milliseconds."""
MOMENTS: Final = 40
"""Moments of a working day at which people are at it: a mailing goes out, a team comes out of its meeting."""
WORK: Final = 8 * 3_600_000
"""Milliseconds of a working day; the world begins at nine."""
SPREAD: Final = 75_000
"""Milliseconds that such a moment lasts."""
EDITED: Final = 0.01
"""The share of records that somebody edits a day."""
FAULTS: Final = 10
"""Faults a day."""
MENDED: Final = 20 * 60_000
"""Milliseconds until an admin has mended what goes on being wrong."""
WHOLE: Final = frozenset({"type-change", "field-deleted", "huge-body"})
"""Not played: two empty a field in every record, which is a disaster and no ordinary week, and the third sends
200 MB."""
KILLED: Final = 0.35
"""The share of days on which the process dies once."""
JUMP: Final = 560.0
"""Seconds between two cycles where nothing is under way, at most."""
BUSY: Final = 4
"""Cycles at the poll's pace after one that had something to do, so that what is seen late is seen."""
FRESH: Final = 3_600_000
"""Milliseconds for which people know who is there."""


def weeks(seed: str, *, days: int, records: int, faults: int = FAULTS) -> Scenario:
    """What happens in so many days: as a function of the seed, like every scenario."""
    chance = random.Random(f"soak {seed}")
    happenings: list[Happening] = []
    armed: list[Arming] = []
    names = [(entry.name, vendor) for entry in CATALOGUE.values() for vendor in entry.vendors]
    names = [each for each in names if each[0] not in WHOLE]
    for day in range(days):
        happenings += [
            Happening(
                at=day * DAY + chance.randrange(MOMENTS) * WORK // MOMENTS + chance.randrange(SPREAD),
                who=chance.choice(("marketing", "crm")),
                does=chance.choices(list(DEEDS), weights=list(DEEDS.values()))[0],
                pick=chance.randrange(1 << 30),
                token=f"zq{chance.randrange(1 << 40):x}x{day}{number:04}z",
            )
            for number in range(max(4, round(records * EDITED)))
        ]
        for _ in range(faults):
            name, vendor = chance.choice(names)
            words = {"seed": f"{chance.randrange(1 << 30)}", **SMALL.get(name, {})}
            if CATALOGUE[name].sort != "deed":
                words["times"] = chance.choice((1, 1, 2, 3))
            armed.append(Arming(day * DAY + chance.randrange(WORK), vendor, name, words))
    return Scenario(seed, 0, days * 1440, tuple(happenings), tuple(armed))


class Settled(Crowd):
    """People who look up who is there once an hour, since there are many."""

    _known: dict[tuple[Side, tuple[str, ...]], tuple[int, list[Ref]]]

    def alive(self, side: Side, *objects: str) -> list[Ref]:
        """Those who were there when somebody looked last."""
        if not hasattr(self, "_known"):
            self._known = {}
        at, found = self._known.get((side, objects), (-FRESH, []))
        if self._ms() - at >= FRESH or not found:
            found = super().alive(side, *objects)
            self._known[side, objects] = self._ms(), found
        return found

    def value(self, side: Side, ref: Ref, column: str) -> str | None:
        """What a record holds now, as text; nothing if it was erased since somebody looked."""
        try:
            return super().value(side, ref, column)
        except KeyError:
            return None


class Soak(_Play):
    """One soak in an arena that has come to rest."""

    def __init__(self, arena: Arena, scenario: Scenario, *, file: Path, records: int) -> None:
        super().__init__(arena, scenario)
        self.crowd.__class__ = Settled
        self.figures = Figures(records, scenario.seed)
        self.chance = random.Random(f"moments {scenario.seed}")
        self._file = file
        self._arrived: dict[str, int] = {}
        self._mending: int | None = None
        self._busy = BUSY
        self._cycles = 0

    def play(self, *, told: Callable[[Day], None] = lambda _day: None) -> Figures:
        """All days, then quiet and the judgement. ``told`` is given each day as it ends."""
        began = time.monotonic()
        self.begin()
        try:
            days = self.scenario.minutes // 1440
            for number in range(1, days + 1):
                day = self._day(number)
                self.figures.days.append(day)
                told(day)
            self._measure_lags()
            self.stabilize()
        finally:
            self.arena.clock.moved = lambda: None
        figures = self.figures
        figures.broken = [str(each) for each in self.result.violations]
        figures.judged, figures.listed = self.witness.judged, self.witness.listed
        figures.seconds = time.monotonic() - began
        return figures

    # -- a day -------------------------------------------------------------------------------------------------------
    def _day(self, number: int) -> Day:
        arena = self.arena
        began, end = time.monotonic(), self.began + number * DAY
        edits, kills = len(self.crowd.ledger.done), len(arena.effects.killed)
        self._cycles = 0
        if self.chance.random() < KILLED:
            arena.effects.kills = {arena.effects.count + self.chance.randrange(500, 5_000)}
        while arena.clock.ms < end:
            due = arena.clock.ms + round(self.scenario.poll * 1000)
            self._cycle(due)
            arena.clock.advance(max(1.0, (self._next(due, end) - arena.clock.ms) / 1000))
        self._night()
        calls = [call for _, kernel in self.kernels for call in kernel.calls]
        for _, kernel in self.kernels:
            kernel.calls.clear()
        gc.collect()
        return Day(
            number=number,
            memory=_memory(),
            file=self._file.stat().st_size,
            log=_size(self._file.with_name(f"{self._file.name}-wal")),
            edits=len(self.crowd.ledger.done) - edits,
            written=sum(len(call.written) + len(call.created) for call in calls),
            cycles=self._cycles,
            calls=len(calls),
            failed=sum(1 for call in calls if call.status == 0 or call.status >= 400),
            faults=sum(1 for call in calls if call.fault),
            kills=len(arena.effects.killed) - kills,
            rows=self._rows(),
            seconds=time.monotonic() - began,
        )

    def _cycle(self, due: int) -> None:
        """One turn of the daemon, as its worker takes it."""
        self._cycles += 1
        ended: Ended | None = self._turn(due)
        if self.world is not None:
            now = self.world.clock.now()
            self.world.store.forget_idle_runs(now - KEPT, long_before=now - REMEMBERED)
        idle = ended is not None and not ended.run.counts
        self._busy = self._busy - 1 if idle else BUSY

    def _next(self, due: int, end: int) -> int:
        """When the next turn is: at the poll's pace while something is under way, else when something comes."""
        if self._busy > 0:
            return due
        comes = self.began + self.todo[-1].at if self.todo else end
        if self._mending is not None:
            comes = min(comes, self._mending)
        return max(due, min(comes, self.arena.clock.ms + round(JUMP * 1000), end))

    def _act(self) -> None:
        done = len(self.todo)
        super()._act()
        if len(self.todo) != done:
            self._busy = max(self._busy, BUSY)
        if self._mending is not None and self.arena.clock.ms >= self._mending and not self.acting:
            self._mending = None
            for _, kernel in self.kernels:
                kernel.faults.clear()

    def _arm(self, arming: Arming) -> None:
        super()._arm(arming)
        if self._mending is None:
            self._mending = self.arena.clock.ms + MENDED

    def _night(self) -> None:
        """What an operator does before they go, and the copy that is made every night."""
        let_all_go_on(self.arena, self.crowd.ledger)
        copy = self._file.with_name("backup.db")
        copy.unlink(missing_ok=True)
        with closing(dbapi2.connect(str(self._file))) as store, closing(dbapi2.connect(str(copy))) as backup:
            store.backup(backup)
            found = backup.execute("PRAGMA quick_check").fetchone()[0]
        assert found == "ok", found
        with self.arena.store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def _rows(self) -> dict[str, int]:
        with closing(dbapi2.connect(f"file:{self._file}?mode=ro", uri=True)) as store:
            names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: store.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}

    # -- what is noticed ---------------------------------------------------------------------------------------------
    def _traced(self, line: str) -> None:
        """Nobody replays weeks: nothing is kept."""

    def _heard(self, side: Side, asked: HttpRequest, answer: HttpResponse | None) -> None:
        super()._heard(side, asked, answer)
        if asked.method in ("POST", "PATCH", "PUT") and b"zq" in asked.body:
            for found in TOKEN.findall(asked.body):
                edit = self.crowd.ledger.by_token.get(found.decode())
                if edit is not None and edit.side is not side:
                    self._arrived.setdefault(edit.token, self.arena.clock.ms)

    def _measure_lags(self) -> None:
        tokens = self.crowd.ledger.by_token
        self.figures.lags = sorted((at - tokens[token].ms) / 1000 for token, at in self._arrived.items())
        self.figures.waiting = len(tokens) - len(self._arrived)


def _memory() -> float:
    """Resident memory of this process in MB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
