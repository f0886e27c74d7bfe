"""The daemon's life: told to stop it ends in time, a bad reload and a store in trouble are told, late turns hurry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.model.errors import LeaseHeld, NeedsOperator, SyncdError
from syncd.operations.serving import PATIENCE, serve
from syncd.operations.worker import Daemon
from syncd.store import SqlRoster
from tests.fakes import FakeClock
from tests.unit.operations.workers import FakeShop, StoppableClock, daemon_of


def _serve(daemon: Daemon, patient: FakeClock, *reloads: SyncdError | None) -> bool:
    waiting = list(reloads)

    def reload() -> None:
        if (trouble := waiting.pop(0)) is not None:
            raise trouble

    return serve(daemon, reload=reload, reload_wanted=lambda: bool(waiting), patient=patient)


def test_told_to_stop_it_leaves_the_roster(roster: SqlRoster, clock: StoppableClock) -> None:
    """Everything has ended: that is said, and nothing is waited for."""
    clock.waits = 3
    patient = FakeClock()
    assert _serve(daemon_of(roster, clock), patient)
    assert roster.workers() == []
    assert patient.slept == []


def test_a_turn_that_outlasted_its_interval_is_followed_at_once(
    daemon: Daemon, clock: StoppableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a turn is at work the worker looks every tenth of a second whether it ended late; else it just rests."""
    daemon.rest(1.0)
    assert clock.slept == [1.0]
    daemon.working.add("main")

    def late(seconds: float) -> None:
        clock.advance(seconds)
        clock.slept.append(seconds)
        if len(clock.slept) == 4:
            monkeypatch.setattr(daemon.shop, "polls", lambda: {"main": 0.0})
            daemon.perform("main", number)

    number = daemon.roster.turns(["main"], clock.now())["main"].number
    monkeypatch.setattr(clock, "sleep", late)
    daemon.rest(1.0)
    assert clock.slept == [1.0, 0.1, 0.1, 0.1]
    daemon.rest(0.5)
    assert clock.slept[4:] == [0.5]  # once


def test_a_turn_that_does_not_end_is_left_after_its_time(roster: SqlRoster, clock: StoppableClock) -> None:
    """An answer that is not there after eight seconds is not waited for any longer."""
    clock.waits = 1
    daemon = daemon_of(roster, clock)
    daemon.working.add("main")
    patient = FakeClock()
    assert not _serve(daemon, patient)
    assert PATIENCE <= sum(patient.slept) < PATIENCE + 1
    assert roster.workers() == []


def test_a_configuration_that_cannot_be_used_is_refused_and_work_goes_on(
    roster: SqlRoster, clock: StoppableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every flaw is told; the next reload may be a good one."""
    told: list[str] = []
    monkeypatch.setattr("syncd.operations.serving.emit", lambda event, **_: told.append(event))
    clock.waits = 3
    assert _serve(daemon_of(roster, clock), FakeClock(), NeedsOperator("no"), None)
    assert told == ["service.started", "config.refused", "service.stopping", "service.stopped"]


def test_a_store_in_trouble_is_told_once_and_its_end_too(
    roster: SqlRoster, clock: StoppableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a line a second, all night."""
    told: list[str] = []
    monkeypatch.setattr("syncd.operations.serving.emit", lambda event, **_: told.append(event))
    daemon = daemon_of(roster, clock)
    troubles: list[SyncdError | None] = [NeedsOperator("disk full"), NeedsOperator("disk full"), None, None]

    class Troubled(FakeShop):
        def polls(self) -> Mapping[str, float]:
            if daemon.jobs.perform and (trouble := troubles.pop(0)):  # type: ignore[attr-defined]
                raise trouble
            return super().polls()

    clock.waits = 3
    daemon = replace(daemon, shop=Troubled(LeaseHeld("")))
    troubles.insert(0, None)  # the number of connections, told at the start
    assert _serve(daemon, FakeClock())
    assert told == ["service.started", "service.troubled", "service.recovered", "service.stopping", "service.stopped"]
