"""The trial: daemons at work while people edit both sides, resyncs are asked for, one is killed, one is stopped.

`make test` runs it for half a minute, `make trial` for ten (``TRIAL_MINUTES``). Judged from the stand-ins alone and by
the agreement program. In the long run the memory of the last daemon is watched, too.

The same in shadow mode for twelve seconds, or two minutes: nobody is written, and there is something to read.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.scenarios.processes import Place, RunningDaemon, answered, open_place, until

pytestmark = pytest.mark.slow

MINUTES = float(os.environ.get("TRIAL_MINUTES", "0.5"))
PACE = 5.0
"""Edits a second in total."""
BOTH = 10
"""Every so many-th edit touches the same field on both sides."""
SETTLED = 120.0
"""Seconds after the last edit until nothing may be left to write."""
PREFIX = "SYNCD_CONNECTIONS__MAIN__"
OVERLAP = 6
"""Seconds of ``overlap``: twice what the stand-in's search lags behind."""
QUIET = 15.0
"""Seconds without a write that are silence: by then what search showed late was found by a second look."""
SHADOWED = 120.0 if MINUTES >= 10 else 5.0
"""Seconds in shadow mode."""
READING = frozenset({"token", "search", "batch.read", "associations.batch.read", "composite", "collections.read"})
"""Operations that ask by POST; of a composite the records that it wrote are looked at, too."""
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
    all: list[RunningDaemon] = field(default_factory=list)

    def join(self) -> None:
        """One more begins to work."""
        environ = {f"{PREFIX}POLL": "2", f"{PREFIX}MARKETING__OVERLAP": str(OVERLAP)}
        running = self.stack.enter_context(self.place.daemon(environ=environ))
        running.wait_for("service.started")
        self.at_work.append(running)
        self.all.append(running)

    def replace(self, number: int) -> None:
        """The first is sent a signal, and another takes its place."""
        self.at_work.pop(0).stop(number)
        self.join()


def tell(*lines: str) -> None:
    """Figures to read: ``make trial ARGS=-rP`` shows them."""
    sys.stdout.write("\n".join(lines) + "\n")


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
    pairs = place.linked()
    records = (len(place.hubspot.export()["contacts"]), len(place.salesforce.export()["Lead"]))
    editors = Editors(place, pairs)
    seconds = 60.0 * MINUTES
    with ExitStack() as stack:
        crew = Crew(place, stack)
        for _ in range(workers):
            crew.join()
        until(lambda: any(each.events("run.finished") for each in crew.at_work), within=60)
        written = _written(place)
        sizes: list[float] = []
        plan: list[tuple[float, Callable[[], object]]] = [
            (0.1, lambda: crew.replace(signal.SIGKILL)),
            (0.15, lambda: crew.replace(signal.SIGTERM)),
            (0.25, lambda: place.run("resync", "--all", "--yes")),
            (0.5, lambda: place.run("resync", f"crm:Lead/{pairs[0][1]}", "--yes")),
            (0.75, lambda: place.run("resync", "--since", "1m", "--yes")),
        ]
        _let_them_edit(editors, seconds, plan, sizes=sizes, crew=crew)
        until(lambda: _quiet_for(place, crew, QUIET), within=SETTLED, what=crew.at_work[0].tail)
        written = _written(place) - written
        lines = sum(len(each.events()) for each in crew.all)
    said = place.agreement()
    tell(
        f"{workers} at work for {seconds:g} s: {editors.edits} edits, {written} records written",
        f"lines of standard error, all of them JSON: {lines}; agreement: {' '.join(said.out.split())}",
        f"MB of the last daemon, by minute: {', '.join(f'{size:.1f}' for size in sizes)}",
    )
    assert editors.edits >= 0.9 * PACE * seconds
    assert written <= 2 * editors.edits
    assert said.code == 0, said.out
    assert place.run("resync", "--list", "--json").json["resyncs"] == []
    titles = {row["id"]: row["properties"].get("jobtitle") for row in place.hubspot.export()["contacts"]}
    for contact, tokens in editors.given.items():
        assert titles[contact] in tokens, "a value that nobody gave"
    assert (len(place.hubspot.export()["contacts"]), len(place.salesforce.export()["Lead"])) == records
    if MINUTES >= 10:
        assert sizes[-1] <= sizes[2] + GROWTH, sizes


@pytest.mark.parametrize("linked", [False, True], ids=["unlinked", "linked"])
def test_trial_in_shadow(place: Place, *, linked: bool) -> None:
    """Edits on both sides: nothing that writes is sent, the runs say what would have been done, and how many agree."""
    if linked:
        assert place.approve().code in {0, 1}
        place.run("sync")
    settings = place.config / "syncd.yaml"
    settings.write_text(settings.read_text().replace("  main:\n", "  main:\n    mode: shadow\n", 1))
    seen = (place.hubspot.calls()["count"], place.salesforce.calls()["count"])
    editors = Editors(place, place.linked() if linked else _of_one_email(place))
    with place.daemon("--http", "127.0.0.1:0") as daemon:
        port = daemon.wait_for("console.started")["port"]
        _let_them_edit(editors, SHADOWED, [], sizes=[], crew=Crew(place, ExitStack(), [daemon]))
        runs = len(daemon.events("run.started"))
        daemon.wait_for("run.started", times=runs + 1, within=60)  # of what was edited last, too
        daemon.wait_for("run.finished", times=runs + 1, within=60)
        until(lambda: "syncd_agreement_ratio{" in answered(port, "metrics")[1], within=120, what=daemon.tail)
        assert answered(port, "readyz")[0] == 200
        ratios = [line for line in answered(port, "metrics")[1].splitlines() if line.startswith("syncd_agreement")]
    sent = [
        line
        for control, number in zip((place.hubspot, place.salesforce), seen, strict=True)
        for line in control.calls(since=number)["lines"]
    ]
    assert len(sent) > 20
    assert not [line for line in sent if line["written"] or line["created"]], "somebody was written"
    assert {line["operation"] for line in sent if line["method"] != "GET"} <= READING
    last, *_ = place.run("runs", "--json").json["runs"]
    assert last["digest"]
    assert last["counts"]["would.update.crm"] > 0
    assert last["counts"]["would.update.marketing"] > 0
    stands = place.run("status", "--json").json["connections"][0]
    assert (stands["last_run"]["id"], stands["open_intents"]) == (last["id"], 0)
    assert not stands["first_link_awaits_approval"]
    assert place.run("plan", "--json").json["digest"]
    tell(
        f"{SHADOWED:g} s in shadow: {editors.edits} edits, {len(sent)} calls, none that writes; {last['counts']}",
        *ratios,
    )


def _of_one_email(place: Place) -> list[tuple[str, str]]:
    """Ids of contact and Lead that one e-mail address proves to be one person."""
    leads = {str(row["Email"]).lower(): row["Id"] for row in place.salesforce.export()["Lead"] if row["Email"]}
    contacts = {row["properties"].get("email"): row["id"] for row in place.hubspot.export()["contacts"]}
    return [(id_, leads[email]) for email, id_ in contacts.items() if email in leads]


def _let_them_edit(
    editors: Editors,
    seconds: float,
    plan: list[tuple[float, Callable[[], object]]],
    *,
    sizes: list[float],
    crew: Crew,
) -> None:
    """Edits at the pace, with what is planned at parts of the time between; memory is noted every minute."""
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        while plan and now >= plan[0][0] * seconds:
            plan.pop(0)[1]()
        if now >= 60.0 * len(sizes):
            sizes.append(memory(crew.at_work[-1]))
        if editors.edits < PACE * now:
            editors.edit()
        else:
            time.sleep(0.02)
    sizes.append(memory(crew.at_work[-1]))


def _written(place: Place) -> int:
    return int(place.hubspot.calls()["written"] + place.salesforce.calls()["written"])


def _quiet_for(place: Place, crew: Crew, seconds: float) -> bool:
    """Nothing is written for so long and some turns, no write is under way, and no resync waits."""

    def turns() -> int:
        return sum(len(each.events("run.finished")) for each in crew.at_work)

    before, ended = _written(place), turns()
    time.sleep(seconds)
    until(lambda: turns() >= ended + 3, within=SETTLED, what=crew.at_work[0].tail)
    stands = place.run("status", "--json").json["connections"][0]
    waiting = place.run("resync", "--list", "--json").json["resyncs"]
    return _written(place) == before and not stands["open_intents"] and not waiting
