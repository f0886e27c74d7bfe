"""A dead man's switch: called after good cycles, and nothing else depends on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from syncd.model.errors import NeedsOperator
from syncd.model.run import RunState
from syncd.model.values import Instant
from syncd.observe.log import listen, unlisten
from syncd.operations.heartbeats import Heartbeats, Pulse, was_well
from tests.fakes import FakeClock
from tests.scenarios.steps import Steps
from tests.worlds import open_both

URL = "https://beat.example.com/geheim"


@dataclass
class Beaten:
    """Heartbeats whose calls are fakes; ``answer`` is what comes back."""

    pulses: list[Pulse] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)
    calls: list[tuple[str, bool]] = field(default_factory=list)
    answer: str = ""
    told: list[tuple[str, str]] = field(default_factory=list)
    kept: dict[str, Instant] = field(default_factory=dict)
    """When each connection had its last good cycle, as a store that daemons share remembers it."""

    def __post_init__(self) -> None:
        self.hearts = Heartbeats(lambda: self.pulses, self.beat, self.clock, self.elsewhere)

    def elsewhere(self, connection: str, since: Instant, now: Instant) -> bool:
        return connection in self.kept and since < self.kept[connection] <= now

    def beat(self, url: str, *, private: bool) -> str:
        self.calls.append((url, private))
        return self.answer

    def hear(self, event: str, keys: Mapping[str, Any]) -> None:
        if event.startswith("heartbeat."):
            self.told.append((event, str(keys["target"])))

    def cycle(self, connection: str = "main", state: str = "done", command: str = "sync", after: float = 0.0) -> int:
        """A cycle ends, and a second goes by; how many calls that made."""
        before = len(self.calls)
        self.clock.advance(after)
        self.hearts.heard("run.finished", {"connection": connection, "state": state, "command": command})
        self.hearts.tick()
        return len(self.calls) - before


@pytest.fixture
def beaten() -> Iterator[Beaten]:
    """One address for one connection."""
    made = Beaten([Pulse("nurse", lambda: URL, frozenset({"main"}), 60.0)])
    listen(made.hear)
    yield made
    unlisten(made.hear)


def test_it_beats_after_good_cycles_and_no_more_often_than_asked(beaten: Beaten) -> None:
    """Not without a cycle, however much time goes by."""
    assert beaten.cycle() == 1
    assert beaten.cycle(after=30) == 0
    assert beaten.cycle(after=31) == 1
    beaten.clock.advance(600)
    beaten.hearts.tick()
    assert len(beaten.calls) == 2
    assert beaten.cycle(state="partial") == 1


@pytest.mark.parametrize(("state", "command"), [("held", "sync"), ("failed", "sync"), ("done", "resync")])
def test_what_is_no_good_cycle_does_not_beat(beaten: Beaten, state: str, command: str) -> None:
    """Neither does another connection's."""
    assert beaten.cycle(state=state, command=command) == 0
    assert beaten.cycle("other") == 0
    beaten.hearts.heard("run.failed", {"connection": "main", "command": "sync"})
    beaten.hearts.tick()
    assert not beaten.calls


def test_all_of_its_connections_must_be_well(beaten: Beaten) -> None:
    """Since the last call."""
    beaten.pulses = [Pulse("nurse", lambda: URL, frozenset({"main", "other"}), 1.0, private=True)]
    assert [beaten.cycle("main", after=9), beaten.cycle("main", after=9), beaten.cycle("other")] == [0, 0, 1]
    assert [beaten.cycle("other", after=9), beaten.cycle("main")] == [0, 1]
    assert beaten.calls[0] == (URL, True)


def test_what_another_daemon_of_the_store_did_counts(beaten: Beaten) -> None:
    """Two daemons share the connections of one store: each hears its own cycles alone, and asks the store for the rest;
    what went well before the last call says nothing of today.
    """
    beaten.pulses = [Pulse("nurse", lambda: URL, frozenset({"main", "other"}), 60.0)]
    beaten.kept["other"] = beaten.clock.now()
    assert beaten.cycle("main", after=30) == 0, "it was well before anybody listened here"
    beaten.clock.advance(1)
    beaten.kept["other"] = beaten.clock.now()
    assert [beaten.cycle("main", after=30), beaten.cycle("main", after=61)] == [1, 0]
    beaten.clock.start -= timedelta(hours=1)
    beaten.cycle("main", after=30)
    beaten.kept["other"] = beaten.clock.now() + timedelta(seconds=9)
    assert beaten.cycle("main", after=30) == 1, "the clock was set back"


def test_a_store_knows_which_connections_were_well() -> None:
    """A good cycle since then: no earlier one, none of a clock that was set back, no held or failed one, and no other
    command.
    """
    both = open_both()
    steps, began = Steps(both), both.clock.now()
    assert not was_well(both.store, began, began)
    steps.contact(email="ann@example.com")
    steps.cycle()
    now = both.clock.now()
    assert was_well(both.store, began, now)
    assert not was_well(both.store, now, now + timedelta(hours=1))
    assert not was_well(both.store, began - timedelta(hours=2), began)
    run, later = both.store.runs(1)[0], now + timedelta(minutes=1)
    for command, state in (("resync", RunState.DONE), ("sync", RunState.HELD), ("sync", RunState.FAILED)):
        both.store.save_run(replace(run, id=f"{command} {state}", command=command, state=state, finished_at=later))
    assert not was_well(both.store, now, now + timedelta(hours=1))
    both.store.close()


def test_who_does_not_answer_is_called_again_and_told_of_once(beaten: Beaten) -> None:
    """Until it answers; then its next failure is news again."""
    beaten.answer = "it answered 503"
    assert beaten.cycle() == 1
    for _ in range(10):
        beaten.clock.advance(31)
        beaten.hearts.tick()
    assert len(beaten.calls) == 11
    assert beaten.told == [("heartbeat.failed", "nurse")]
    beaten.answer = ""
    beaten.clock.advance(31)
    beaten.hearts.tick()
    beaten.answer = "gone"
    beaten.cycle(after=61)
    assert [event for event, _ in beaten.told] == ["heartbeat.failed", "heartbeat.sent", "heartbeat.failed"]


def test_an_address_that_cannot_be_read_is_one_that_is_not_reached(beaten: Beaten) -> None:
    """Its file may be mended meanwhile."""

    def gone() -> str:
        raise NeedsOperator("notify.heartbeats.nurse.url_file: absent does not exist")

    beaten.pulses = [Pulse("nurse", gone, frozenset({"main"}), 60.0)]
    assert beaten.cycle() == 0
    assert beaten.told == [("heartbeat.failed", "nurse")]
