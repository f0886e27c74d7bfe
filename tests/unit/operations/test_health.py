"""Health: ready only while every side was polled lately, and the gauges say what stands in the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from syncd.core.pace import Count, written
from syncd.model.link import QUARANTINED, AuditRow, Intent, IntentKind, Parked
from syncd.model.remote import RemoteRef
from syncd.model.run import Pause, Request
from syncd.model.values import SIDES, Side
from syncd.operations.health import Health
from syncd.ports.memory import AGREEMENT, CALLS, NOT_ITSELF, POLLED
from syncd.ports.store import Settlement
from syncd.store import SqlRoster, SqlStore, open_database
from tests.fakes import FakeChance, FakeClock

POLL = 30.0


class Place:
    """A store with one connection, and its health."""

    def __init__(self, url: str, clock: FakeClock) -> None:
        self.database = open_database(url)
        self.clock = clock
        self.roster = SqlRoster(self.database)
        self.store = SqlStore(self.database.engine, "main", clock=clock, chance=FakeChance())
        self.trouble = ""
        self.health = Health(
            polls=lambda: {"main": POLL},
            store=lambda _name: self.store,
            roster=self.roster,
            clock=clock,
            trouble=lambda: self.trouble,
            sunsets=lambda _name: {Side.MARKETING: (clock.now() + timedelta(days=100)).date()},
        )

    def poll(self) -> None:
        """Both sides were read to their edge."""
        for side in SIDES:
            self.store.remember(POLLED.format(side=side), b"", self.clock.now())


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Iterator[Place]:
    """An empty store."""
    made = Place(f"sqlite:///{tmp_path}/s.db", clock)
    yield made
    made.database.close()


def test_it_is_ready_while_both_sides_were_polled_within_three_intervals(place: Place) -> None:
    """Never polled, polled, too long ago: each with a sentence that names connection and side."""
    assert len(place.health.ready().troubles) == 2
    assert "main: crm was never polled" in " ".join(place.health.ready().troubles)
    place.poll()
    assert place.health.ready()
    place.clock.advance(3 * POLL)
    assert place.health.ready()
    place.clock.advance(6)
    assert not place.health.ready()
    assert "main: marketing was last polled 96 s ago" in " ".join(place.health.ready().troubles)


def test_a_clock_that_was_set_back_is_no_excuse(place: Place) -> None:
    """What was polled long after the present was polled nobody knows when; a little ahead is another clock."""
    place.poll()
    place.clock.advance(-(3 * POLL + 5))
    assert place.health.ready()
    place.clock.advance(-1)
    assert not place.health.ready()
    assert "main: crm was last polled 96 s ahead of this clock" in " ".join(place.health.ready().troubles)
    place.poll()
    assert place.health.ready()


def test_a_write_without_an_ending_is_told_after_two_hours(place: Place) -> None:
    """Both sides are read all the time, and nobody may think that all is well: unready, with the age of the oldest."""
    lease = place.store.take_lease("h", place.clock.now(), place.clock.now() + timedelta(minutes=1))
    assert lease is not None
    ref = RemoteRef("Lead", "00Q1")
    for name in ("i1", "i2"):
        sent = place.clock.now()
        intent = Intent(name, "person", Side.CRM, IntentKind.UPDATE, "L1", "Lead", ref, ref, {}, {}, "r", "c", sent)
        row = AuditRow(name, 1, "L1", "person", Side.CRM, ref, IntentKind.UPDATE, (), "r", sent)
        place.store.begin(lease, [intent], [row], sent)
        place.clock.advance(10)

    def age() -> float:
        return next(value for name, _, value in place.health.readings() if name == "syncd_open_intents_age_seconds")

    place.clock.advance(7_180)
    place.poll()
    assert place.health.ready()
    assert age() == 7_200
    place.clock.advance(1)
    assert place.health.ready().troubles == (
        "main: a write of 7,201 s ago has no ending yet; see `intent.waiting` in the log",
    )
    place.store.settle(Settlement(endings={"i1": "done"}), place.clock.now())
    assert place.health.ready()
    place.store.settle(Settlement(endings={"i2": "done"}), place.clock.now())
    assert age() == 0


def test_a_paused_connection_does_not_count(place: Place) -> None:
    """It stands still because somebody wants it to."""
    place.roster.pause("main", Pause("ana", place.clock.now()), place.clock.now())
    assert place.health.ready()


def test_a_daemon_that_cannot_use_its_store_is_not_ready(place: Place) -> None:
    """Whatever was polled before."""
    place.poll()
    place.trouble = "store: disk full"
    assert place.health.ready().troubles == ("store: disk full",)


def test_the_gauges_say_what_stands_in_the_store(place: Place) -> None:
    """Ages, what waits, resyncs apart from the rest, agreement of the last sweep."""
    place.poll()
    place.clock.advance(12)
    now = place.clock.now()
    place.store.approve(Request("r", "main", "resync", "{}", "ana", now))
    place.store.approve(Request("l", "main", "look", "person link:1", "engine", now))
    place.store.remember(AGREEMENT, orjson.dumps({"person": [200, 199], "company": [0, 0]}), now)
    told = {(name, labels): value for name, labels, value in place.health.readings()}
    assert told["syncd_polled_age_seconds", ("main", "crm")] == 12.0
    assert told["syncd_resyncs_waiting", ("main",)] == 1
    assert told["syncd_backlog_records", ("main",)] == 1
    assert told["syncd_agreement_ratio", ("main", "person")] == 0.995
    assert ("syncd_agreement_ratio", ("main", "company")) not in told
    assert told["syncd_paused", ("main",)] == 0
    assert told["syncd_workers", ()] == 0
    assert told["syncd_side_not_itself", ("main", "crm")] == 0
    place.store.remember(NOT_ITSELF.format(side="crm"), b"crm: the sentinel is gone", now)
    told = {(name, labels): value for name, labels, value in place.health.readings()}
    assert told["syncd_side_not_itself", ("main", "crm")] == 1
    assert told["syncd_side_not_itself", ("main", "marketing")] == 0


def test_the_oldest_quarantine_has_an_age(place: Place) -> None:
    """Of fields in quarantine alone: what a vendor refused is tried again by itself."""

    def age() -> float:
        return next(value for name, _, value in place.health.readings() if name == "syncd_quarantine_age_seconds")

    assert age() == 0
    began = place.clock.now()
    for name, code, after in (("title", "TOO_LONG", 0), ("city", QUARANTINED, 60), ("phone", QUARANTINED, 90)):
        since = began + timedelta(seconds=after)
        row = Parked("L1", "person", Side.CRM, RemoteRef("Lead", "1"), name, "f", code, "why", "do", since)
        place.store.settle(Settlement(parked=[row]), since)
    place.clock.advance(100)
    assert age() == 40


def test_the_seconds_until_calls_run_out_are_told_where_they_are_known(place: Place) -> None:
    """A number, +Inf where they last, and nothing of a vendor that tells no count."""
    now = place.clock.now()
    for side, used in ((Side.CRM, 40_000), (Side.MARKETING, 0)):
        counts = [Count(now - timedelta(hours=1), 20_000, 100_000), Count(now, 20_000 + used, 100_000)]
        place.store.remember(CALLS.format(side=side), written(counts), now)
    gauge = "syncd_quota_exhausted_in_seconds"
    told = {(name, labels): value for name, labels, value in place.health.readings()}
    assert told[gauge, ("main", "crm")] == 3_600
    assert told[gauge, ("main", "marketing")] == float("inf")
    place.clock.advance(3 * 3_600)
    assert not [name for name, _, _ in place.health.readings() if name == gauge]
