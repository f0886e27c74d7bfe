"""The trial: daemons at work while people edit both sides, resyncs are asked for, one is killed, one is stopped.

`make test` runs it for a minute, `make trial` for ten (``TRIAL_MINUTES``). Judged from the stand-ins alone and by
the agreement program. In the long run the memory of the last daemon is watched, too.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.scenarios.processes import Place, RunningDaemon, open_place, until

pytestmark = pytest.mark.slow

MINUTES = float(os.environ.get("TRIAL_MINUTES", "1"))
PACE = 5.0
"""Edits a second in total."""
BOTH = 10
"""Every so many-th edit touches the same field on both sides."""
SETTLED = 120.0
"""Seconds after the last edit until nothing may be left to write."""
QUIET = 8.0
"""Seconds without a write that are silence: longer than any turn here takes."""
GROWTH = 10.0
"""MB that a daemon may grow between minute 2 and minute 10."""


@dataclass
class Editors:
    """People of both departments, and what each record was given by whom."""

    place: Place
    pairs: list[tuple[str, str]]
    chance: random.Random = field(default_factory=lambda: random.Random(11))
    given: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    edits: int = 0

    def edit(self) -> None:
        """One edit, by turns on both sides."""
        self.edits += 1
        contact, lead = self.chance.choice(self.pairs)
        sides = ("marketing", "crm") if self.edits % BOTH == 0 else (("marketing", "crm")[self.edits % 2],)
        for side in sides:
            token = f"{side} {self.edits}"
            self.given[contact].add(token)
            if side == "marketing":
                self.place.hubspot.do(
                    "edit", object="contacts", id=contact, properties={"jobtitle": token}, by="userId:1"
                )
            else:
                self.place.salesforce.do("edit", object="Lead", id=lead, fields={"Title": token})


@dataclass
class Crew:
    """The daemons at work; one that is taken off is followed by another."""

    place: Place
    stack: ExitStack
    at_work: list[RunningDaemon] = field(default_factory=list)

    def join(self) -> None:
        """One more begins to work."""
        running = self.stack.enter_context(self.place.daemon(environ={"SYNCD_CONNECTIONS__MAIN__POLL": "2"}))
        running.wait_for("service.started")
        self.at_work.append(running)

    def replace(self, number: int) -> None:
        """The first is sent a signal, and another takes its place."""
        self.at_work.pop(0).stop(number)
        self.join()


def memory(daemon: RunningDaemon) -> float:
    """Resident memory in MB."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Stand-ins with people on both sides."""
    with open_place(tmp_path, "--people", "120", "--companies", "20") as opened:
        yield opened


@pytest.mark.parametrize("workers", [1, pytest.param(3, marks=pytest.mark.postgres)], ids=["sqlite", "postgres"])
def test_trial(place: Place, request: pytest.FixtureRequest, workers: int) -> None:
    """Agreement but for what is listed, every value traced to an edit, nobody twice, then silence."""
    if workers > 1:
        place.remember_in(request.getfixturevalue("database"))
    assert place.approve().code in {0, 1}
    place.run("sync")
    pairs = _linked(place)
    records = (len(place.hubspot.export()["contacts"]), len(place.salesforce.export()["Lead"]))
    editors = Editors(place, pairs)
    seconds = 60.0 * MINUTES
    with ExitStack() as stack:
        crew = Crew(place, stack)
        for _ in range(workers):
            crew.join()
        until(lambda: any(each.events("run.finished") for each in crew.at_work), within=60)
        written = _written(place)
        sizes: dict[float, float] = {}
        plan: list[tuple[float, Callable[[], object]]] = [
            (0.1, lambda: crew.replace(signal.SIGKILL)),
            (0.15, lambda: crew.replace(signal.SIGTERM)),
            (0.25, lambda: place.run("resync", "--all", "--yes")),
            (0.5, lambda: place.run("resync", f"crm:Lead/{pairs[0][1]}", "--yes")),
            (0.75, lambda: place.run("resync", "--since", "1m", "--yes")),
        ]
        _let_them_edit(editors, seconds, plan, at_times={2.0: sizes, MINUTES: sizes}, crew=crew)
        until(lambda: _quiet_for(place, QUIET), within=SETTLED, what=crew.at_work[0].tail)
        assert editors.edits >= 0.9 * PACE * seconds
        assert _written(place) - written <= 2 * editors.edits
    said = place.agreement()
    assert said.code == 0, said.out
    assert place.run("resync", "--list", "--json").json["resyncs"] == []
    titles = {row["id"]: row["properties"].get("jobtitle") for row in place.hubspot.export()["contacts"]}
    for contact, tokens in editors.given.items():
        assert titles[contact] in tokens, "a value that nobody gave"
    assert (len(place.hubspot.export()["contacts"]), len(place.salesforce.export()["Lead"])) == records
    if MINUTES >= 10:
        assert sizes[MINUTES] <= sizes[2.0] + GROWTH, sizes


def _let_them_edit(
    editors: Editors,
    seconds: float,
    plan: list[tuple[float, Callable[[], object]]],
    *,
    at_times: dict[float, dict[float, float]],
    crew: Crew,
) -> None:
    """Edits at the pace, with what is planned at parts of the time between, and memory noted at some minutes."""
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        while plan and now >= plan[0][0] * seconds:
            plan.pop(0)[1]()
        for minute in [minute for minute in at_times if now >= 60.0 * minute]:
            at_times.pop(minute)[minute] = memory(crew.at_work[-1])
        if editors.edits < PACE * now:
            editors.edit()
        else:
            time.sleep(0.02)
    for minute, sizes in at_times.items():
        sizes[minute] = memory(crew.at_work[-1])


def _linked(place: Place) -> list[tuple[str, str]]:
    leads = {row["Id"] for row in place.salesforce.export()["Lead"]}
    keys = {row["id"]: row["properties"].get("syncd_crm_id") for row in place.hubspot.export()["contacts"]}
    pairs = [(contact, key) for contact, key in keys.items() if key in leads]
    assert len(pairs) > 20
    return pairs


def _written(place: Place) -> int:
    return int(place.hubspot.calls()["written"] + place.salesforce.calls()["written"])


def _quiet_for(place: Place, seconds: float) -> bool:
    """Nothing is written for so long, no write is under way, and no resync waits."""
    before = _written(place)
    time.sleep(seconds)
    stands = place.run("status", "--json").json["connections"][0]
    waiting = place.run("resync", "--list", "--json").json["resyncs"]
    return _written(place) == before and not stands["open_intents"] and not waiting
