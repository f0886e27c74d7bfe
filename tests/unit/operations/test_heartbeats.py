"""A dead man's switch: called after good cycles, and nothing else depends on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from syncd.model.errors import NeedsOperator
from syncd.observe.log import listen, unlisten
from syncd.operations.heartbeats import Heartbeats, Pulse
from tests.fakes import FakeClock

URL = "https://beat.example.com/geheim"


@dataclass
class Beaten:
    """Heartbeats whose calls are fakes; ``answer`` is what comes back."""

    pulses: list[Pulse] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)
    calls: list[tuple[str, bool]] = field(default_factory=list)
    answer: str = ""
    told: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hearts = Heartbeats(lambda: self.pulses, self.beat, self.clock)

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
