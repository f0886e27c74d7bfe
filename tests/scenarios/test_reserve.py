"""Another program spends the org's calls of the day: bulk gives way, then what is not urgent; an opt-out still goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from syncd.engine.cycle import Ended, plan_only
from syncd.engine.resync import Met
from syncd.engine.sparing import RAREST, interval, urgently
from syncd.engine.world import World
from syncd.model.errors import RetryLater
from syncd.model.plan import Update
from syncd.model.run import RunState
from syncd.model.values import Lane, Side
from syncd.operations.calls import outlooks, reserve_words
from syncd.operations.resyncing import ask
from syncd.operations.staleness import stale
from syncd.operations.worker import Daemon, turn
from syncd.store import SqlRoster
from syncd.store.database import Database
from tests.scenarios.resyncs import wanted
from tests.scenarios.signals import listening
from tests.scenarios.steps import Steps
from tests.unit.operations.workers import daemon_of, due_in
from tests.worlds import charge_as_a_daemon, open_both

POLL = 30.0
OF_THE_ORG = 100_000


@pytest.fixture
def steps() -> Iterator[Steps]:
    """Two people in step, in a world whose calls are counted and charged as a daemon's are."""
    both = open_both()
    both.salesforce.limits.maximum = OF_THE_ORG
    charge_as_a_daemon(both)
    both.world.poll = POLL
    yield Steps(both)
    both.store.close()


def burn(steps: Steps, percent: int) -> None:
    """Another program of the company uses the org's calls, up to so many percent of the day's."""
    limits, now = steps.both.salesforce.limits, steps.both.clock.now()
    limits.spend(OF_THE_ORG * percent // 100 - limits.used(now), now=now)


def polled(steps: Steps, *, after: float = POLL) -> Ended:
    """One turn of a daemon."""
    steps.both.clock.advance(after)
    now = steps.both.clock.now()
    return turn(steps.both.world, began=now, due=now + timedelta(seconds=POLL), met=Met())


@dataclass
class OneShop:
    """A shop that has one connection, whose world is at hand."""

    steps: Steps

    def polls(self) -> Mapping[str, float]:
        """Every half minute."""
        return {"main": POLL}

    @contextmanager
    def world(self, connection: str) -> Iterator[World]:
        """The only one there is."""
        assert connection == "main"
        yield self.steps.both.world

    def takes_back(self, connection: str) -> bool:
        """Nothing is to be taken back."""
        return False

    def tidy(self) -> None:
        """Nobody comes to the doors."""


def daemon(steps: Steps) -> Daemon:
    """A daemon of this world, before its first turn."""
    made = daemon_of(SqlRoster(Database(steps.both.store.engine)), steps.both.clock)
    made.shop = OneShop(steps)
    return made


def test_what_is_not_urgent_waits_and_an_opt_out_still_goes(steps: Steps) -> None:
    """At 91 % used an edit waits, turn after turn and without a failure; an opt-out, a new lead and what the other
    system is told go on. When the calls come back the edit arrives by itself.
    """
    contact, lead = steps.pair()
    other, opted_out = steps.pair(email="bob@example.com")
    polled(steps)
    burn(steps, 91)
    steps.market(contact, city="Graz")
    steps.both.hubspot.unsubscribe("bob@example.com")
    steps.contact(email="new@example.com", company="Acme")
    steps.sell(opted_out, Title="Head")
    told = listening()
    ended = polled(steps)
    assert steps.sold(opted_out, "HasOptedOutOfEmail") is True
    assert len(steps.live("Lead")) == 3
    assert steps.marketed(other, "jobtitle") == "Head"
    assert steps.sold(lead, "City") != "Graz"
    assert ended.run.state is RunState.PARTIAL
    assert ended.run.trouble.startswith("crm: what is left of the day's calls is kept for other programs")
    assert {(each["side"], each["lane"]) for each in told("lane.waits")} == {("crm", "ordinary")}
    for _ in range(3):
        assert polled(steps, after=RAREST).run.state is RunState.PARTIAL
        assert steps.sold(lead, "City") != "Graz"
    assert not told("turn.failed")
    assert not told("run.failed")
    assert not steps.both.store.open_intents()
    polled(steps, after=24 * 3_600)
    assert steps.sold(lead, "City") == "Graz"
    polled(steps)
    steps.quiet()


def test_a_count_that_is_heard_in_the_middle_of_writing_fails_nothing(steps: Steps) -> None:
    """HubSpot's searches tell no count: the first call of a write does. What was not written by then waits, the cycle
    goes on to its end, and at midnight of the account the edits arrive.
    """
    pairs = [steps.pair(email=f"p{number}@example.com") for number in range(3)]
    polled(steps)
    hubspot, now = steps.both.hubspot, steps.both.clock.now()
    hubspot.meters.spend(hubspot.limits.daily * 91 // 100, at=now)
    for _, lead in pairs:
        steps.sell(lead, Title="Head")
    told = listening()
    for _ in range(3):
        assert polled(steps, after=RAREST).run.state is RunState.PARTIAL
    assert not told("run.failed")
    assert not steps.both.store.open_intents()
    assert {steps.marketed(contact, "jobtitle") for contact, _ in pairs} == {None}
    polled(steps, after=24 * 3_600)
    assert {steps.marketed(contact, "jobtitle") for contact, _ in pairs} == {"Head"}


def test_bulk_stops_first(steps: Steps) -> None:
    """At 85 % a resync waits and spends no call; an edit goes. With the calls of a new day it is carried out."""
    contact, lead = steps.pair()
    polled(steps)
    burn(steps, 85)
    steps.market(contact, city="Graz")
    polled(steps)
    assert steps.sold(lead, "City") == "Graz"
    polled(steps)
    ask(steps.both.world, wanted(steps, everything=True))
    idle = len(steps.both.salesforce.calls)
    polled(steps)
    polled(steps)
    assert len(steps.both.salesforce.calls) - idle <= 6, "two polls, and no resync"
    assert [each.wish for each in steps.both.store.requests()] == ["resync"]
    polled(steps, after=24 * 3_600)
    polled(steps)
    assert not steps.both.store.requests()


def test_a_daemon_polls_more_rarely_and_is_not_stale_for_it(steps: Steps) -> None:
    """Every five minutes instead of every half; who looks after it is told so. Then as before."""
    steps.pair()
    polled(steps)
    worker = daemon(steps)
    worker.perform("main", 1)
    assert due_in(worker) == pytest.approx(POLL, abs=5)
    burn(steps, 95)
    worker.perform("main", 2)
    assert due_in(worker) == pytest.approx(RAREST, abs=5)
    steps.both.clock.advance(2 * RAREST)
    assert not list(stale(steps.both.store, "main", poll=POLL, now=steps.both.clock.now()))
    steps.both.clock.advance(2 * RAREST)
    assert list(stale(steps.both.store, "main", poll=POLL, now=steps.both.clock.now()))
    steps.both.salesforce.limits.maximum = 10 * OF_THE_ORG
    polled(steps)
    assert interval(steps.both.world) == POLL


def test_a_gap_is_read_at_once_where_bulk_would_wait(steps: Steps) -> None:
    """After an hour of silence a backlog is left to bulk; at the reserve an opt-out would wait for it with the rest."""
    _, lead = steps.pair()
    polled(steps)
    burn(steps, 91)
    polled(steps)
    steps.both.clock.advance(1_800)
    steps.both.hubspot.unsubscribe("ann@example.com")
    polled(steps, after=1_800)
    assert steps.sold(lead, "HasOptedOutOfEmail") is True


def test_what_may_not_be_begun_is_tried_rarely(steps: Steps) -> None:
    """A first link reads everything: it waits, and a daemon says so every five minutes instead of every half."""
    steps.contact(email="ann@example.com", company="Acme")
    burn(steps, 91)
    worker, told = daemon(steps), listening()
    worker.perform("main", 1)
    assert [each["error"] for each in told("turn.failed")] == ["RetryLater"]
    assert due_in(worker) == pytest.approx(RAREST, abs=5)
    assert steps.live("Lead") == []


def test_whoever_looks_does_not_wait(steps: Steps) -> None:
    """A plan, and the doctor, in a process that has just begun: they are asked for when calls are short. What reads
    everything waits, and says for what.
    """
    contact, _ = steps.pair()
    burn(steps, 91)
    steps.market(contact, city="Graz")
    steps.both.clock.advance(POLL)
    for _ in range(2):
        assert [each for each in plan_only(steps.both.world).plan.actions() if isinstance(each, Update)]
    with urgently(steps.both.world):
        assert steps.both.world.connectors.crm.check()
    with pytest.raises(RetryLater, match="kept for other programs"):
        plan_only(steps.both.world, full=True)


def test_what_waits_is_shown(steps: Steps) -> None:
    """Reserve, the share of each lane, and which one waits: from the store alone."""
    steps.pair()
    polled(steps)
    told = outlooks(steps.both.store, steps.both.clock.now())[Side.CRM]
    assert reserve_words(told) == (
        "10 % are kept for other programs: bulk stops from 80 % used, ordinary stops from 90 % used; opt-outs and "
        "handoffs go on"
    )
    burn(steps, 85)
    polled(steps)
    told = outlooks(steps.both.store, steps.both.clock.now())[Side.CRM]
    assert told.waits == {Lane.BULK}
    assert "bulk waits from 80 % used, ordinary stops" in reserve_words(told)
