"""Alarms: a side that is read no longer, and too many dead letters, each told when it begins and when it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.run import Pause
from syncd.model.values import SIDES
from syncd.observe.log import listen, unlisten
from syncd.operations.alarms import Alarms
from syncd.operations.outages import Outages
from syncd.ports.memory import POLLED
from syncd.ports.store import Settlement
from syncd.store import SqlRoster, SqlStore, open_database
from tests.fakes import FakeChance, FakeClock
from tests.unit.cli.conftest import letter

POLL = 30.0


class Watched:
    """A store with one connection, its alarms, and what they told."""

    def __init__(self, url: str, clock: FakeClock) -> None:
        self.database = open_database(url)
        self.clock = clock
        self.roster = SqlRoster(self.database)
        self.store = SqlStore(self.database.engine, "main", clock=clock, chance=FakeChance())
        self.told: list[tuple[str, object]] = []
        self.start()

    def start(self) -> None:
        """The daemon begins, or begins anew: what it had in memory alone is gone."""
        self.alarms = Alarms(
            polls=lambda: {"main": POLL},
            store=lambda _name: self.store,
            roster=self.roster,
            clock=self.clock,
            many=lambda: 2,
            began=self.clock.monotonic(),
            outages=Outages(self.clock, threading.Lock()),
        )

    def heard(self, event: str, keys: object) -> None:
        """One event."""
        assert isinstance(keys, dict)
        if event.startswith(("side.", "dead_letters.", "vendor.")):
            self.told.append((event, keys.get("side") or keys.get("records")))
            assert keys["connection"] == "main"

    def look(self, after: float = 0.0) -> list[tuple[str, object]]:
        """What one look told."""
        self.clock.advance(after)
        self.told.clear()
        self.alarms.look()
        return list(self.told)

    def poll(self, *sides: object) -> None:
        """Sides were read to their edge."""
        for side in sides:
            self.store.remember(POLLED.format(side=side), b"", self.clock.now())


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Iterator[Watched]:
    """An empty store."""
    made = Watched(f"sqlite:///{tmp_path}/s.db", clock)
    listen(made.heard)
    yield made
    unlisten(made.heard)
    made.database.close()


def test_a_side_that_stalls(place: Watched) -> None:
    """Told once, per side, and once more when it is read again."""
    place.clock.advance(1000)
    place.poll(*SIDES)
    assert place.look(3 * POLL) == []
    place.poll("crm")
    assert place.look(6) == [("side.stalled", "marketing")]
    assert place.look(10) == []
    place.poll(*SIDES)
    assert place.look() == [("side.polled_again", "marketing")]


def test_a_daemon_that_has_just_started_is_given_its_time(place: Watched) -> None:
    """Nothing was read while nothing ran; what was never read at all waits for something else."""
    assert place.look(1000) == []
    place.poll(*SIDES)
    place.clock.advance(86_400)
    place.alarms.began = place.clock.monotonic()
    assert place.look(3 * POLL) == []
    assert place.look(6) == [("side.stalled", "marketing"), ("side.stalled", "crm")]


def test_who_paused_a_connection_knows_it(place: Watched) -> None:
    """It is not read because somebody wants it so."""
    place.poll(*SIDES)
    place.roster.pause("main", Pause("ana", place.clock.now()), place.clock.now())
    assert place.look(1000) == []


def test_dead_letters_above_a_number(place: Watched) -> None:
    """Once above, once below again."""
    place.store.settle(Settlement(dead=[letter("1"), letter("2")]), place.clock.now())
    assert place.look() == []
    place.store.settle(Settlement(dead=[letter("3")]), place.clock.now())
    assert place.look() == [("dead_letters.many", 3)]
    assert place.look() == []
    place.store.mark_dead_letter("1", False)
    assert place.look() == [("dead_letters.few", 2)]


def test_a_daemon_that_was_started_anew_tells_that_a_side_is_read_again(place: Watched) -> None:
    """An upgrade while a side stands still: the end is told, or the incident would stay open for ever."""
    running(place)
    place.clock.advance(3 * POLL)
    place.poll("crm")
    assert place.look(6) == [("side.stalled", "marketing")]
    place.start()
    assert place.look(3 * POLL) == [], "nothing was read while nothing ran"
    told: list[object] = []
    for _ in range(20):
        place.poll(*SIDES)
        told += place.look(POLL)
    assert told == [("side.polled_again", "marketing")]


def test_a_daemon_that_was_started_anew_does_not_tell_once_more(place: Watched) -> None:
    """What stands still was told already."""
    running(place)
    assert len(place.look(4 * POLL)) == 2
    place.start()
    assert place.look(10 * POLL) == []


def test_a_daemon_that_was_started_anew_tells_that_dead_letters_are_few(place: Watched) -> None:
    """It goes by what another one told."""
    place.store.settle(Settlement(dead=[letter("1"), letter("2"), letter("3")]), place.clock.now())
    assert place.look() == [("dead_letters.many", 3)]
    place.start()
    assert place.look() == [], "told already"
    place.store.mark_dead_letter("1", False)
    assert place.look() == [("dead_letters.few", 2)]


# -- a vendor's outage ------------------------------------------------------------------------------------------------
def call(place: Watched, side: str = "crm", status: int = 200) -> None:
    """A call that was answered, as the log tells it."""
    place.alarms.outages.heard("api.call", {"connection": "main", "side": side, "status": status})


def fail(place: Watched, side: str = "crm", status: int = 503, error: str = "CallFailed") -> None:
    """A call that ended without its answer, after all repeats."""
    call(place, side, status)
    place.alarms.outages.heard("api.refused", {"connection": "main", "side": side, "status": status, "error": error})


def running(place: Watched) -> None:
    """Long after the start, all well."""
    place.clock.advance(1000)
    place.poll(*SIDES)


@pytest.mark.parametrize("status", [0, 500, 502, 503, 504, 521])
def test_an_outage_is_told_once_and_not_by_its_symptoms(place: Watched, status: int) -> None:
    """Cycles fail, so neither side is read: the vendor alone is told of, and then nothing before a turn is due."""
    running(place)
    for number in range(3):
        fail(place, status=status)
        assert place.look(25) == ([] if number < 2 else [("vendor.down", "crm")])
    for _ in range(100):
        fail(place, status=status)
        assert place.look(POLL) == []
    call(place, "crm")
    assert place.look(1) == [("vendor.up", "crm")]
    assert place.look(1) == [], "the next turn is not over yet"
    place.poll(*SIDES)
    assert place.look(POLL) == []


def test_a_side_that_stays_unread_after_an_outage_is_told_of(place: Watched) -> None:
    """Something else is wrong then."""
    running(place)
    for _ in range(4):
        fail(place)
        place.look(30)
    call(place)
    assert place.look(1) == [("vendor.up", "crm")]
    assert place.look(3 * POLL + 6) == [("side.stalled", "marketing"), ("side.stalled", "crm")]


def test_an_outage_that_is_young_when_a_side_would_stall_is_one_at_once(place: Watched) -> None:
    """A short interval stalls before the minute is over."""
    running(place)
    place.clock.advance(3 * POLL)
    fail(place, "marketing")
    fail(place, "marketing")
    assert place.look(6) == [("vendor.down", "marketing")]


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, "CallFailed"), (0, "RetryLater"), (401, "Unauthorized"), (503, "NeedsOperator"), (400, "Rejected")],
)
def test_what_a_vendor_answers_on_purpose_is_no_outage(place: Watched, status: int, error: str) -> None:
    """Limits, credentials, refusals: the side that is not read is told of."""
    running(place)
    for _ in range(5):
        fail(place, status=status, error=error)
        place.clock.advance(20)
    assert place.look(6) == [("side.stalled", "marketing"), ("side.stalled", "crm")]


def test_one_good_answer_in_between_is_no_outage(place: Watched) -> None:
    """Nor is a single call that failed, however long ago."""
    running(place)
    fail(place)
    assert place.look(80) == []
    call(place)
    fail(place)
    fail(place, "marketing")
    assert place.look(9) == []


def test_another_process_knows_of_an_outage(place: Watched, tmp_path: Path) -> None:
    """It tells neither the outage again nor its symptoms; who starts after a crash tells the end."""
    beside = Watched(f"sqlite:///{tmp_path}/s.db", place.clock)
    running(place)
    for _ in range(4):
        fail(place)
        place.clock.advance(30)
    assert place.look(0) == [("vendor.down", "crm")]
    listen(beside.heard)
    try:
        beside.alarms.began = 0.0
        assert beside.look(0) == []
        call(beside)
        assert beside.look(0) == [("vendor.up", "crm")]
    finally:
        unlisten(beside.heard)
        beside.database.close()
    assert place.look(0) == [], "the other one has told it"
