"""The worker: turns are asked for once, trouble costs one turn, the dead are buried, clocks may do what they like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from syncd.engine.world import World
from syncd.model.errors import LeaseHeld, NeedsOperator, Stopping, SyncdError
from syncd.model.run import Pause, Worker
from syncd.model.values import Instant
from syncd.operations.serving import PATIENCE, serve
from syncd.operations.worker import ASK_AGAIN, BEAT, DEAD, Daemon
from syncd.ports.jobs import Perform
from syncd.store import SqlRoster, open_database
from tests.fakes import FakeClock


@dataclass
class FakeJobs:
    """Jobs that wait until a test has them done."""

    asked: list[tuple[str, int]] = field(default_factory=list)
    ended: set[tuple[str, int]] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    perform: Perform | None = None

    def launch(self, perform: Perform) -> None:
        self.perform = perform

    def enqueue(self, connection: str, number: int) -> bool:
        self.asked.append((connection, number))
        return (connection, number) not in self.ended

    def take_over(self, worker: str) -> int:
        self.taken.append(worker)
        return 1

    def purge(self, before: Instant) -> int:
        return 0

    def close(self) -> None:
        return


@dataclass
class FakeShop:
    """Connections whose worlds cannot be opened: the trouble is what a turn meets."""

    trouble: BaseException
    every: dict[str, float] = field(default_factory=lambda: {"main": 30.0})
    opened: int = 0

    def polls(self) -> Mapping[str, float]:
        return self.every

    @contextmanager
    def world(self, connection: str) -> Iterator[World]:
        self.opened += 1
        raise self.trouble
        yield connection


class StoppableClock(FakeClock):
    """A clock that is told to stop after so many waits."""

    waits = 10**9

    def stopping(self) -> bool:
        return len(self.slept) >= self.waits

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.stopping():
            raise Stopping


@pytest.fixture
def roster() -> Iterator[SqlRoster]:
    """A roster in memory."""
    database = open_database("sqlite://")
    yield SqlRoster(database)
    database.close()


@pytest.fixture
def clock() -> StoppableClock:
    """The worker's clock."""
    return StoppableClock()


@pytest.fixture
def daemon(roster: SqlRoster, clock: StoppableClock) -> Daemon:
    """A worker that has begun, and whose turns meet a lease that somebody else holds."""
    worker = _daemon(roster, clock)
    worker.begin()
    return worker


def _daemon(roster: SqlRoster, clock: FakeClock, *, name: str = "me", alone: bool = True) -> Daemon:
    return Daemon(
        me=Worker(name, clock.now(), clock.now(), "1"),
        shop=FakeShop(LeaseHeld("somebody else writes")),
        roster=roster,
        jobs=FakeJobs(),
        clock=clock,
        alone=alone,
        surely_gone=lambda name: name.startswith("gone"),
        alive_here=lambda name: name.startswith("alive"),
    )


def _jobs(daemon: Daemon) -> FakeJobs:
    assert isinstance(daemon.jobs, FakeJobs)
    return daemon.jobs


def _shop(daemon: Daemon) -> FakeShop:
    assert isinstance(daemon.shop, FakeShop)
    return daemon.shop


def _due_in(daemon: Daemon) -> float:
    turn = daemon.roster.turns(["main"], daemon.clock.now())["main"]
    return (turn.due - daemon.clock.now()).total_seconds()


# -- whose turn it is ------------------------------------------------------------------------------------------------
def test_a_due_turn_is_asked_for_once_and_looked_after_later(daemon: Daemon, clock: StoppableClock) -> None:
    """Not at every tick: a job may wait or run for long."""
    daemon.tick()
    daemon.tick()
    assert _jobs(daemon).asked == [("main", 1)]
    clock.advance(ASK_AGAIN)
    daemon.tick()
    assert _jobs(daemon).asked == [("main", 1), ("main", 1)]


def test_a_turn_whose_job_ended_without_a_word_is_moved_on(daemon: Daemon) -> None:
    """The store was in trouble when the job wanted to say that it is over; nothing may stand still for that."""
    _jobs(daemon).ended.add(("main", 1))
    daemon.tick()
    daemon.tick()
    assert _jobs(daemon).asked == [("main", 1), ("main", 2)]


def test_the_next_look_is_when_the_next_turn_is_due(daemon: Daemon, clock: StoppableClock) -> None:
    """And a second at most, since another process may hasten a turn."""
    turn = daemon.roster.turns(["main"], clock.now())["main"]
    daemon.roster.end_turn(turn, clock.now() + timedelta(milliseconds=250))
    assert daemon.tick() == pytest.approx(0.25)
    clock.advance(0.25)
    assert daemon.tick() == 1.0


@pytest.mark.parametrize("jump", [-60.0, -3600.0, -86_400.0, 3600.0])
def test_a_clock_that_jumps_puts_no_turn_off(daemon: Daemon, clock: StoppableClock, jump: float) -> None:
    """Time goes on by our own clock, whatever the wall's is set to."""
    turn = daemon.roster.turns(["main"], clock.now())["main"]
    daemon.roster.end_turn(turn, clock.now() + timedelta(seconds=30))
    daemon.tick()
    clock.start += timedelta(seconds=jump)
    clock.advance(30)
    daemon.tick()
    assert _jobs(daemon).asked == [("main", 2)]


def test_a_turn_planned_before_the_clock_was_set_back_is_due(daemon: Daemon, clock: StoppableClock) -> None:
    """After a restart nothing is known of when it was planned, but no plan reaches that far ahead."""
    turn = daemon.roster.turns(["main"], clock.now())["main"]
    daemon.roster.end_turn(turn, clock.now() + timedelta(days=1))
    daemon.tick()
    assert _jobs(daemon).asked == [("main", 2)]


def test_a_paused_connection_is_not_polled_and_goes_on_when_resumed(daemon: Daemon, clock: StoppableClock) -> None:
    """Neither asked for, nor carried out if it was asked for before."""
    daemon.roster.pause("main", Pause("ana", clock.now()), clock.now())
    daemon.tick()
    assert _jobs(daemon).asked == []
    daemon.perform("main", 1)
    assert _shop(daemon).opened == 0
    daemon.roster.pause("main", None, clock.now())
    daemon.roster.hasten("main", clock.now())
    daemon.tick()
    assert _jobs(daemon).asked == [("main", 2)]


# -- a turn ------------------------------------------------------------------------------------------------------------
def test_a_turn_of_another_number_is_over_already(daemon: Daemon) -> None:
    """A recovered job of a turn that ended elsewhere does nothing."""
    daemon.perform("main", 2)
    assert _shop(daemon).opened == 0


def test_a_connection_that_left_the_configuration_is_not_polled(daemon: Daemon) -> None:
    """Its job may still be in the queue."""
    _shop(daemon).every = {}
    daemon.perform("main", 1)
    assert _shop(daemon).opened == 0


@pytest.mark.parametrize(
    ("trouble", "due"),
    [
        (LeaseHeld("somebody else writes"), 5.0),
        (NeedsOperator("the token was refused"), 30.0),
        (ZeroDivisionError("nobody foresaw this"), 30.0),
        (Stopping(), 0.0),
    ],
    ids=["busy", "needs a person", "unforeseen", "stopping"],
)
def test_trouble_costs_one_turn(daemon: Daemon, trouble: BaseException, due: float) -> None:
    """The next one is planned whatever happened; nothing of it reaches the job engine."""
    _shop(daemon).trouble = trouble
    daemon.perform("main", 1)
    assert _due_in(daemon) == due
    assert daemon.working == set()


# -- the dead ----------------------------------------------------------------------------------------------------------
def test_a_worker_without_a_beat_is_buried_by_our_own_clock(roster: SqlRoster, clock: StoppableClock) -> None:
    """Its beats may be hours ahead or behind: only that they do not change counts."""
    daemon = _daemon(roster, clock, alone=False)
    daemon.begin()
    ahead = clock.now() + timedelta(hours=3)
    roster.beat(Worker("silent", ahead, ahead, "1"))
    for _ in range(int(DEAD / BEAT) + 1):
        clock.advance(BEAT)
        roster.beat(Worker("lively", clock.now(), clock.now() - timedelta(hours=3), "1"))
        daemon.tick()
        assert [worker.id for worker in roster.workers() if worker.id == "silent"] == ["silent"]
    clock.advance(BEAT)
    daemon.tick()
    assert {worker.id for worker in roster.workers()} == {"me", "lively"}
    assert _jobs(daemon).taken == ["silent"]


def test_a_worker_that_is_surely_gone_is_buried_at_once(roster: SqlRoster, clock: StoppableClock) -> None:
    """A process of this host that has ended need not be waited for."""
    roster.beat(Worker("gone on this host", clock.now(), clock.now(), "1"))
    daemon = _daemon(roster, clock, alone=False)
    daemon.begin()
    assert [worker.id for worker in roster.workers()] == ["me"]


def test_a_worker_that_slept_and_was_buried_comes_back_as_a_new_one(roster: SqlRoster, clock: StoppableClock) -> None:
    """Its next beat puts it on the roster again."""
    daemon = _daemon(roster, clock, alone=False)
    daemon.begin()
    roster.dismiss("me")
    clock.advance(BEAT)
    daemon.tick()
    assert [worker.id for worker in roster.workers()] == ["me"]


@pytest.mark.parametrize(
    ("name", "age", "refused"),
    [
        ("alive here", 5.0, True),
        ("alive here", 3600.0, True),  # frozen, or too busy to beat: it may still write
        ("on another host", 5.0, True),
        ("on another host", DEAD + 1, False),
        ("gone", 0.0, False),
    ],
)
def test_a_sqlite_store_bears_one_daemon(
    roster: SqlRoster, clock: StoppableClock, name: str, age: float, *, refused: bool
) -> None:
    """The second is refused with the name of the first, unless that one is dead."""
    roster.beat(Worker(name, clock.now(), clock.now() - timedelta(seconds=age), "1"))
    daemon = _daemon(roster, clock)
    if refused:
        with pytest.raises(NeedsOperator, match=f"{name}.*one daemon"):
            daemon.begin()
        assert [worker.id for worker in roster.workers()] == [name]
        assert _jobs(daemon).perform is None
    else:
        daemon.begin()
        assert [worker.id for worker in roster.workers()] == ["me"]


# -- the daemon's life -------------------------------------------------------------------------------------------------
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
    assert _serve(_daemon(roster, clock), patient)
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
    daemon = _daemon(roster, clock)
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
    assert _serve(_daemon(roster, clock), FakeClock(), NeedsOperator("no"), None)
    assert told == ["service.started", "config.refused", "service.stopping", "service.stopped"]


def test_a_store_in_trouble_is_told_once_and_its_end_too(
    roster: SqlRoster, clock: StoppableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a line a second, all night."""
    told: list[str] = []
    monkeypatch.setattr("syncd.operations.serving.emit", lambda event, **_: told.append(event))
    daemon = _daemon(roster, clock)
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
