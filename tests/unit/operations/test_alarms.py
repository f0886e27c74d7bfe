"""Alarms: a side that is read no longer, and too many dead letters, each told when it begins and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.run import Pause
from syncd.model.values import SIDES
from syncd.observe.log import listen, unlisten
from syncd.operations.alarms import Alarms
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
        self.alarms = Alarms(
            polls=lambda: {"main": POLL},
            store=lambda _name: self.store,
            roster=self.roster,
            clock=clock,
            many=lambda: 2,
            began=clock.monotonic(),
        )

    def heard(self, event: str, keys: object) -> None:
        """One event."""
        assert isinstance(keys, dict)
        if event.startswith(("side.", "dead_letters.")):
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
