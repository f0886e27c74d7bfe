"""The promises of ``ports.budget.Budget`` as the store keeps them, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import event

from syncd.core.pace import read
from syncd.model.errors import Bug
from syncd.model.run import DRAINED, Pause
from syncd.model.values import Instant, Lane, Side
from syncd.operations.calls import outlooks
from syncd.ports.budget import Budget, Granted, Rate, WaitUntil
from syncd.ports.memory import CALLS
from syncd.store import SqlBudget, SqlRoster, SqlStore
from syncd.store.budget import LOOK_AGAIN
from syncd.store.database import Database
from tests.fakes import START, FakeClock


def budgets(store: SqlStore, clock: FakeClock, count: int = 1) -> list[SqlBudget]:
    """Workers that share one account."""
    return [SqlBudget(store.engine, "main", Side.CRM, clock) for _ in range(count)]


def drain(budget: Budget, rate: Rate, lane: Lane) -> int:
    """Takes calls until one has to wait; the answer is how many were granted."""
    granted = 0
    while isinstance(budget.acquire(rate, lane), Granted):
        granted += 1
    return granted


@pytest.mark.parametrize("rate", [Rate("wide", 50, 1.0, 100), Rate("narrow", 7, 1.0, 3)], ids=lambda rate: rate.name)
def test_no_window_has_more_calls_than_the_rate(store: SqlStore, clock: FakeClock, rate: Rate) -> None:
    """Three workers, greedy and idle by turns, never pass burst + rate * t in any window, and use what there is."""
    chance = random.Random(7)
    workers = budgets(store, clock, 3)
    calls: list[float] = []
    began = clock.elapsed
    while clock.elapsed - began < 12:
        worker = chance.choice(workers)
        answer = worker.acquire(rate, Lane.OPT_OUT)
        if isinstance(answer, Granted):
            calls.append(clock.elapsed)
        elif chance.random() < 0.1:
            clock.advance(chance.uniform(0, rate.burst / rate.calls * rate.seconds))
        else:
            clock.advance(max(0.001, (answer.at - clock.now()).total_seconds()))
    for first, since in enumerate(calls):
        for last in range(first, len(calls)):
            window = calls[last] - since
            # A millisecond more: the clock is cut to milliseconds on both ends.
            assert last - first + 1 <= rate.burst + (window + 0.001) * rate.calls / rate.seconds
    assert len(calls) >= 0.8 * 12 * rate.calls / rate.seconds


def test_the_answer_tells_when_to_come_back(store: SqlStore, clock: FakeClock) -> None:
    """At the instant told the call is granted, and just before it is not."""
    (budget,) = budgets(store, clock)
    rate = Rate("search", 5, 1.0, 5)
    assert drain(budget, rate, Lane.HANDOFF) == 5
    answer = budget.acquire(rate, Lane.HANDOFF)
    assert answer == WaitUntil(START + timedelta(milliseconds=200))
    clock.advance(0.199)
    assert isinstance(budget.acquire(rate, Lane.HANDOFF), WaitUntil)
    clock.advance(0.001)
    assert budget.acquire(rate, Lane.HANDOFF) == Granted()


def test_bulk_leaves_room_for_what_is_urgent(store: SqlStore, clock: FakeClock) -> None:
    """Bulk stops at 80 % of the burst, ordinary work at 95 %, opt-outs and handoffs have all of it."""
    bulk, other = budgets(store, clock, 2)
    rate = Rate("calls", 1, 60.0, 19)
    assert drain(bulk, rate, Lane.BULK) == 15
    assert drain(other, rate, Lane.ORDINARY) == 3
    assert drain(other, rate, Lane.OPT_OUT) == 1
    assert isinstance(other.acquire(rate, Lane.HANDOFF), WaitUntil)


def test_a_spent_limit_stops_every_worker(store: SqlStore, clock: FakeClock) -> None:
    """After a 429 nobody calls before the vendor's time; a shorter penalty does not cut a longer one."""
    one, two = budgets(store, clock, 2)
    rate, other = Rate("calls", 100, 1.0, 100), Rate("other", 100, 1.0, 100)
    assert one.acquire(rate, Lane.ORDINARY) == Granted()
    until = START + timedelta(seconds=30)
    one.penalize(rate, until)
    two.penalize(rate, START + timedelta(seconds=3))
    assert [each.acquire(rate, Lane.OPT_OUT) for each in (one, two)] == [WaitUntil(until), WaitUntil(until)]
    assert one.acquire(other, Lane.ORDINARY) == Granted()
    clock.advance(30)
    assert two.acquire(rate, Lane.OPT_OUT) == Granted()


def test_who_takes_a_connection_up_again_ends_the_wait(store: SqlStore, clock: FakeClock) -> None:
    """Somebody bought more calls: nobody sits the vendor's old word out. Pausing, and another connection, end none."""
    (budget,) = budgets(store, clock)
    roster, rate = SqlRoster(Database(store.engine)), Rate("daily", 100, 1.0, 100)
    until = START + timedelta(minutes=15)
    budget.penalize(rate, until)
    roster.pause("main", Pause("ann", clock.now(), ""), clock.now())
    roster.pause("other", None, clock.now())
    assert budget.acquire(rate, Lane.OPT_OUT) == WaitUntil(until)
    roster.pause("main", None, clock.now())
    assert budget.acquire(rate, Lane.OPT_OUT) == Granted()
    budget.penalize(rate, until)
    roster.pause("main", Pause("ann", clock.now(), DRAINED), clock.now())
    roster.pause("main", None, clock.now())  # a new start bought nothing
    assert budget.acquire(rate, Lane.OPT_OUT) == WaitUntil(until)
    assert not roster.pause("main", None, clock.now())  # nobody had paused it
    assert budget.acquire(rate, Lane.OPT_OUT) == Granted()


def test_a_busy_worker_does_not_write_for_every_call(store: SqlStore, clock: FakeClock) -> None:
    """Calls are charged in growing lots of up to ten; a worker that calls now and then is charged one by one."""
    (budget,) = budgets(store, clock)
    charges = 0

    @event.listens_for(store.engine, "before_cursor_execute")
    def count(connection: object, cursor: object, statement: str, *_: object) -> None:
        nonlocal charges
        charges += statement.startswith("UPDATE rate")

    busy = Rate("busy", 1_000, 1.0, 1_000)
    for _ in range(100):
        assert budget.acquire(busy, Lane.BULK) == Granted()
    assert charges <= 16
    charges = 0
    steady = Rate("steady", 100, 1.0, 100)
    for _ in range(100):  # six calls in the time of ten: what lapses of a lot has drained, so nothing is lost
        assert budget.acquire(steady, Lane.BULK) == Granted()
        clock.advance(0.016)
    assert charges <= 22
    idle = Rate("idle", 100, 1.0, 100)
    for _ in range(50):
        assert budget.acquire(idle, Lane.BULK) == Granted()
        clock.advance(0.1)
    assert drain(budget, idle, Lane.OPT_OUT) == 90
    event.remove(store.engine, "before_cursor_execute", count)


def test_a_clock_that_was_set_back(store: SqlStore, clock: FakeClock) -> None:
    """A row from the future counts as a full burst: the wait is the rate's, not the time that was set back."""
    (budget,) = budgets(store, clock)
    rate = Rate("calls", 10, 1.0, 5)
    clock.advance(3_600)
    drain(budget, rate, Lane.OPT_OUT)
    clock.advance(-3_600)
    answer = budget.acquire(rate, Lane.OPT_OUT)
    assert isinstance(answer, WaitUntil)
    assert answer.at <= clock.now() + timedelta(seconds=0.1)


def test_costs(store: SqlStore, clock: FakeClock) -> None:
    """A call that costs several is charged several; one that costs more than the burst is a bug that says so."""
    (budget,) = budgets(store, clock)
    rate = Rate("calls", 1, 1.0, 6)
    assert budget.acquire(rate, Lane.HANDOFF, 4) == Granted()
    assert budget.acquire(rate, Lane.HANDOFF, 3) == WaitUntil(START + timedelta(seconds=1))
    with pytest.raises(Bug, match="never be granted"):
        budget.acquire(rate, Lane.HANDOFF, 7)


def test_accounts_are_apart(store: SqlStore, clock: FakeClock) -> None:
    """The same limit of another side or connection has a row of its own."""
    rate = Rate("calls", 1, 60.0, 2)
    for connection, side in (("main", Side.CRM), ("main", Side.MARKETING), ("other", Side.CRM)):
        assert drain(SqlBudget(store.engine, connection, side, clock), rate, Lane.OPT_OUT) == 2


def test_the_vendors_count_is_shared(store: SqlStore, clock: FakeClock) -> None:
    """What one worker heard of the day's calls another can read; nothing heard overwrites nothing."""
    one, two = budgets(store, clock, 2)
    assert two.reported() is None
    one.report(used=10, limit=1_000)
    one.report(used=11, limit=1_000)
    heard: tuple[int | None, int | None, Instant] = (10, 1_000, START)
    assert two.reported() == heard
    clock.advance(10)
    one.report(used=None, limit=None)
    one.report(used=12, limit=1_000)
    assert two.reported() == (12, 1_000, clock.now())


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (Rate("salesforce.daily", 50_000, 86_400.0, 50_000), "50,000 calls in 24 h"),
        (Rate("search", 5, 1.1, 1), "5 calls in 1.1 s"),
        (Rate("one", 1, 60.0, 1), "1 call in 60 s"),
    ],
)
def test_a_limit_in_a_sentence(rate: Rate, told: str) -> None:
    """With thousands apart, and one call as one."""
    assert rate.told == told


def test_the_days_pace_is_kept_for_all_workers(store: SqlStore, clock: FakeClock) -> None:
    """A count every five minutes, whoever heard it; so the hour at which calls run out can be told by anybody."""
    one, two = budgets(store, clock, 2)
    for minute in range(61):
        (one, two)[minute % 2].report(used=40_000 + 500 * minute, limit=100_000)
        clock.advance(60)
    told = outlooks(store, clock.now())[Side.CRM]
    assert told.last is not None
    assert told.last.used == 70_000
    assert told.at == told.last.at + timedelta(hours=1)
    kept = store.recall(CALLS.format(side=Side.CRM))
    assert kept is not None
    assert len(read(kept[0])) == 13
    assert not outlooks(store, clock.now())[Side.MARKETING].known


# -- the reserve -------------------------------------------------------------------------------------------------------
LATER = {Lane.BULK, Lane.ORDINARY}
OF_A_DAY = Rate("salesforce.daily", 1_000, 86_400.0, 1_000)


def keeping(store: SqlStore, clock: FakeClock, reserve: int = 10) -> SqlBudget:
    """A worker that keeps so many percent for other programs."""
    return SqlBudget(store.engine, "main", Side.CRM, clock, reserve=reserve)


@pytest.mark.parametrize(
    ("used", "waits"),
    [
        (79_999, set()),
        (80_000, {Lane.BULK}),
        (90_000, {Lane.BULK, Lane.ORDINARY}),
        (100_000, {Lane.BULK, Lane.ORDINARY}),
    ],
)
def test_lanes_give_way_to_the_vendors_count(store: SqlStore, clock: FakeClock, used: int, waits: set[Lane]) -> None:
    """Another program spent them: bulk waits first, then ordinary work; opt-outs and handoffs never do."""
    budget = keeping(store, clock)
    budget.report(used=used, limit=100_000)
    until = START + LOOK_AGAIN
    for lane in Lane:
        waited = lane in waits
        assert budget.acquire(OF_A_DAY, lane) == (WaitUntil(until, kept=True) if waited else Granted())
        assert budget.waits(lane) == (until if waited else None)
        assert budget.acquire(Rate("burst", 100, 10.0, 100), lane) == Granted(), "no other limit is concerned"


def test_lanes_give_way_to_our_own_calls(store: SqlStore, clock: FakeClock) -> None:
    """What nobody told us of we have charged: the same shares of what syncd may use, shared by all workers."""
    one, two = keeping(store, clock), keeping(store, clock)
    one.report(used=1, limit=100_000)
    bulk = drain(one, OF_A_DAY, Lane.BULK)
    ordinary = drain(two, OF_A_DAY, Lane.ORDINARY)
    urgent = drain(one, OF_A_DAY, Lane.OPT_OUT)
    assert 780 <= bulk <= 800
    assert 880 <= bulk + ordinary <= 900
    assert bulk + ordinary + urgent >= 980
    answer = one.acquire(OF_A_DAY, Lane.ORDINARY)
    assert isinstance(answer, WaitUntil)
    clock.advance((answer.at - clock.now()).total_seconds())
    assert one.acquire(OF_A_DAY, Lane.ORDINARY) == Granted()


def test_a_lane_goes_on_with_the_next_count(store: SqlStore, clock: FakeClock) -> None:
    """As soon as calls came back; and where nobody hears of it, one call asks after a quarter of an hour."""
    budget = keeping(store, clock)
    budget.report(used=95, limit=100)
    assert isinstance(budget.acquire(OF_A_DAY, Lane.BULK), WaitUntil)
    budget.report(used=60, limit=100)
    assert budget.acquire(OF_A_DAY, Lane.BULK) == Granted()
    budget.report(used=95, limit=100)
    clock.advance(LOOK_AGAIN.total_seconds() - 1)
    assert isinstance(budget.acquire(OF_A_DAY, Lane.BULK), WaitUntil)
    clock.advance(1)
    assert budget.waits(Lane.BULK) is None
    assert budget.acquire(OF_A_DAY, Lane.BULK) == Granted()
    budget.report(used=95, limit=100)
    assert isinstance(budget.acquire(OF_A_DAY, Lane.BULK), WaitUntil)


def test_a_reserve_of_nothing_keeps_nothing_back(store: SqlStore, clock: FakeClock) -> None:
    """Whoever has the account alone may use all of it."""
    budget = keeping(store, clock, 0)
    budget.report(used=100_000, limit=100_000)
    assert {lane: budget.acquire(OF_A_DAY, lane) for lane in Lane} == dict.fromkeys(Lane, Granted())


def test_the_reserve_costs_a_call_no_statement(store: SqlStore, clock: FakeClock) -> None:
    """What waits is known in the process: neither a grant nor a wait asks the database for it."""
    free, kept = budgets(store, clock)[0], keeping(store, clock)
    statements = 0

    @event.listens_for(store.engine, "before_cursor_execute")
    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    asked = []
    for budget, name in ((free, "free"), (kept, "kept")):
        rate = Rate(name, 100_000, 86_400.0, 100_000)
        budget.report(used=85_000, limit=100_000)
        statements = 0
        for _ in range(100):
            assert budget.acquire(rate, Lane.ORDINARY) == Granted()
        asked.append(statements)
    assert asked[0] == asked[1]
    statements = 0
    assert isinstance(kept.acquire(rate, Lane.BULK), WaitUntil)
    assert statements == 0
    event.remove(store.engine, "before_cursor_execute", count)


def test_the_reserve_is_shown_to_whoever_looks(store: SqlStore, clock: FakeClock) -> None:
    """It is kept with the counts, and a lane that begins or ends to wait is told at once, not with the next count."""
    budget = keeping(store, clock)
    for used, waits in ((70, set()), (85, {Lane.BULK}), (95, LATER), (10, set())):
        budget.report(used=used, limit=100)
        told = outlooks(store, clock.now())[Side.CRM]
        assert told.last is not None
        assert (told.last.reserve, told.waits) == (10, waits)
        clock.advance(10)
