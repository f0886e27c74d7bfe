"""The worker: turns are asked for once, trouble costs one turn, the dead are buried, clocks may do what they like."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncd.model.errors import LeaseHeld, NeedsOperator, Stopping
from syncd.model.run import DRAINED, Pause, Worker
from syncd.operations.worker import ASK_AGAIN, BEAT, DEAD, TIDY, Daemon
from syncd.store import SqlRoster
from tests.unit.operations.workers import StoppableClock, daemon_of, due_in, jobs_of, shop_of


# -- whose turn it is ------------------------------------------------------------------------------------------------
def test_a_due_turn_is_asked_for_once_and_looked_after_later(daemon: Daemon, clock: StoppableClock) -> None:
    """Not at every tick: a job may wait or run for long."""
    daemon.tick()
    daemon.tick()
    assert jobs_of(daemon).asked == [("main", 1)]
    clock.advance(ASK_AGAIN)
    daemon.tick()
    assert jobs_of(daemon).asked == [("main", 1), ("main", 1)]


def test_a_turn_that_waits_for_long_may_be_at_a_worker_that_is_no_more(daemon: Daemon, clock: StoppableClock) -> None:
    """Who lives is told each time it is asked for again; where one process has all turns, nobody else can have one."""
    daemon.roster.beat(Worker("another", clock.now(), clock.now(), "1"))
    daemon.tick()
    assert jobs_of(daemon).living == []
    for daemon.alone in (True, False):
        clock.advance(ASK_AGAIN)
        daemon.tick()
    assert jobs_of(daemon).living == [{daemon.me.id, "another"}]


def test_a_turn_that_could_not_be_asked_for_is_asked_for_at_the_next_tick(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has it yet, so there is nothing to wait for."""
    with monkeypatch.context() as full:
        full.setattr(jobs_of(daemon), "enqueue", _refuse)
        with pytest.raises(NeedsOperator):
            daemon.tick()
    daemon.tick()
    assert jobs_of(daemon).asked == [("main", 1)]


def test_what_is_old_at_the_doors_is_tidied_now_and_then(daemon: Daemon, clock: StoppableClock) -> None:
    """Though nobody logs in, and no turn is due."""
    for _ in range(3):
        daemon.tick()
    assert shop_of(daemon).tidied == 1
    clock.advance(TIDY)
    daemon.tick()
    assert shop_of(daemon).tidied == 2


def _refuse(connection: str, number: int) -> bool:
    raise NeedsOperator(f"no room for turn {number} of {connection}")


def test_a_turn_whose_job_ended_without_a_word_is_moved_on(daemon: Daemon) -> None:
    """The store was in trouble when the job wanted to say that it is over; nothing may stand still for that."""
    jobs_of(daemon).ended.add(("main", 1))
    daemon.tick()
    daemon.tick()
    assert jobs_of(daemon).asked == [("main", 1), ("main", 2)]


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
    assert jobs_of(daemon).asked == [("main", 2)]


def test_a_turn_planned_before_the_clock_was_set_back_is_due(daemon: Daemon, clock: StoppableClock) -> None:
    """After a restart nothing is known of when it was planned, but no plan reaches that far ahead."""
    turn = daemon.roster.turns(["main"], clock.now())["main"]
    daemon.roster.end_turn(turn, clock.now() + timedelta(days=1))
    daemon.tick()
    assert jobs_of(daemon).asked == [("main", 2)]


def test_a_paused_connection_is_not_polled_and_goes_on_when_resumed(daemon: Daemon, clock: StoppableClock) -> None:
    """Neither asked for, nor carried out if it was asked for before."""
    daemon.roster.pause("main", Pause("ana", clock.now()), clock.now())
    daemon.tick()
    assert jobs_of(daemon).asked == []
    daemon.perform("main", 1)
    assert shop_of(daemon).opened == 0
    daemon.roster.pause("main", None, clock.now())
    daemon.roster.hasten("main", clock.now())
    daemon.tick()
    assert jobs_of(daemon).asked == [("main", 2)]


def test_a_paused_connection_has_a_turn_for_what_is_to_be_taken_back(daemon: Daemon, clock: StoppableClock) -> None:
    """That is when somebody needs it."""
    daemon.roster.pause("main", Pause("ana", clock.now()), clock.now())
    shop_of(daemon).taken_back = True
    daemon.tick()
    assert jobs_of(daemon).asked == [("main", 1)]
    daemon.perform("main", 1)
    assert shop_of(daemon).opened == 1


# -- a turn ------------------------------------------------------------------------------------------------------------
def test_a_turn_of_another_number_is_over_already(daemon: Daemon) -> None:
    """A recovered job of a turn that ended elsewhere does nothing."""
    daemon.perform("main", 2)
    assert shop_of(daemon).opened == 0


def test_a_connection_that_left_the_configuration_is_not_polled(daemon: Daemon) -> None:
    """Its job may still be in the queue."""
    shop_of(daemon).every = {}
    daemon.perform("main", 1)
    assert shop_of(daemon).opened == 0


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
    shop_of(daemon).trouble = trouble
    daemon.perform("main", 1)
    assert due_in(daemon) == due
    assert daemon.working == set()


# -- the dead ----------------------------------------------------------------------------------------------------------
def test_a_worker_without_a_beat_is_buried_by_our_own_clock(roster: SqlRoster, clock: StoppableClock) -> None:
    """Its beats may be hours ahead or behind: only that they do not change counts."""
    daemon = daemon_of(roster, clock, alone=False)
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
    assert jobs_of(daemon).taken == ["silent"]


def test_a_worker_that_is_surely_gone_is_buried_at_once(roster: SqlRoster, clock: StoppableClock) -> None:
    """A process of this host that has ended need not be waited for."""
    roster.beat(Worker("gone on this host", clock.now(), clock.now(), "1"))
    daemon = daemon_of(roster, clock, alone=False)
    daemon.begin()
    assert [worker.id for worker in roster.workers()] == ["me"]


def test_a_worker_that_slept_and_was_buried_comes_back_as_a_new_one(roster: SqlRoster, clock: StoppableClock) -> None:
    """Its next beat puts it on the roster again."""
    daemon = daemon_of(roster, clock, alone=False)
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
def test_a_sqlite_store_bears_onedaemon_of(
    roster: SqlRoster, clock: StoppableClock, name: str, age: float, *, refused: bool
) -> None:
    """The second is refused with the name of the first, unless that one is dead."""
    roster.beat(Worker(name, clock.now(), clock.now() - timedelta(seconds=age), "1"))
    daemon = daemon_of(roster, clock)
    if refused:
        with pytest.raises(NeedsOperator, match=f"{name}.*one daemon"):
            daemon.begin()
        assert [worker.id for worker in roster.workers()] == [name]
        assert jobs_of(daemon).perform is None
    else:
        daemon.begin()
        assert [worker.id for worker in roster.workers()] == ["me"]


def test_a_start_ends_a_drain_and_no_pause(daemon: Daemon, clock: StoppableClock) -> None:
    """What stood still for an upgrade goes on with the new version; what a person paused does not."""
    roster = daemon.roster
    roster.pause("main", Pause("ann", clock.now(), DRAINED), clock.now())
    daemon.begin()
    assert roster.turns(["main"], clock.now())["main"].paused is None
    roster.pause("main", Pause("ann", clock.now(), "until monday"), clock.now())
    daemon.begin()
    assert roster.turns(["main"], clock.now())["main"].paused is not None


@pytest.mark.parametrize(("reason", "opened"), [("a wrong mapping", 1), (DRAINED, 0)])
def test_what_waits_to_be_taken_back_begins_while_paused_and_not_while_drained(
    daemon: Daemon, clock: StoppableClock, reason: str, opened: int
) -> None:
    """Whoever drained copies or moves the store: nothing is begun then, not even what a person asked for."""
    daemon.begin()
    shop = shop_of(daemon)
    shop.taken_back = True
    daemon.roster.pause("main", Pause("ann", clock.now(), reason), clock.now())
    daemon.tick()
    perform = jobs_of(daemon).perform
    assert perform is not None
    perform("main", daemon.roster.turns(["main"], clock.now())["main"].number)
    assert shop.opened == opened
