"""Three daemons on one PostgreSQL store: no connection is written by two, the dead and the frozen hold nobody up.

Judged from the stand-ins: what was created and written there, and when.
"""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.processes import Place, RunningDaemon, open_place, someone, until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

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
        spans += [(begun[event["run"]], event["time"], str(number)) for event in each.events("run.finished")]
    return sorted(spans)


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
    spans = _runs(daemons)
    for (_, end, _one), (begin, _, _other) in itertools.pairwise(spans):
        assert begin >= end, "two cycles of one connection overlapped"
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
