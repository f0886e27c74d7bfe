"""Nothing is lost by a crash or a receiver that is down, nothing waits for somebody else, and order is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.model.errors import RetryLater
from syncd.model.notice import Message, Target, Telling
from syncd.observe.log import listen, unlisten
from syncd.operations import telling
from syncd.operations.telling import LEFT, LONGEST, LOOK, PATIENCE, Teller
from syncd.ports.outbox import TELLS, Outbox
from syncd.ports.post import Posted
from syncd.store import SqlStore
from syncd.system import Hands
from tests.unit.operations.tellers import OPS, Told, braked, ended, overdue

DAY = 86_400.0


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    """One connection, one target."""
    made = Told(f"sqlite:///{tmp_path}/state.db")
    yield made
    made.close()


@pytest.fixture
def events() -> Iterator[list[tuple[str, dict[str, object]]]]:
    """What was emitted meanwhile."""
    found: list[tuple[str, dict[str, object]]] = []

    def heard(event: str, keys: object) -> None:
        found.append((event, dict(keys)))  # type: ignore[call-overload]

    listen(heard)
    yield found
    unlisten(heard)


def test_a_crash_right_after_the_event(told: Told) -> None:
    """The process is gone before it gathered anything; the next one tells of all of it, once."""
    lost = told.process()
    overdue(lost, "e1", "e2")
    told.clock.advance(LEFT)
    teller = told.process()
    told.passes(teller, 2 * LOOK)
    assert [message.title for message in told.texts()] == ["syncd main: handoff.overdue (2)"]
    overdue(teller, "e1")  # the source told of it again, since it had not noted that it had
    told.passes(teller, 2 * PATIENCE)
    assert len(told.texts()) == 1


def test_a_crash_between_gathering_and_sending(told: Told) -> None:
    """The notice waits in the store."""
    told.post.crash, told.post.down = None, {"ops"}
    lost = told.process()
    overdue(lost, "e1")
    ended(lost)
    told.passes(lost, 5)
    assert told.waiting() == ["syncd main: handoff.overdue"]
    told.post.down = set()
    told.passes(told.process(), 2)
    assert len(told.texts()) == 1
    assert not told.waiting()


def test_a_crash_after_it_was_taken(told: Told) -> None:
    """It is sent once more and says so, under the same number."""
    told.post.crash = KeyboardInterrupt()
    lost = told.process()
    overdue(lost, "e1")
    with pytest.raises(KeyboardInterrupt):
        told.passes(lost, PATIENCE + 1)
    told.post.crash = None
    told.clock.advance(telling.RIGHT.total_seconds())
    told.passes(told.process(), 2)
    first, second = (message.body.splitlines()[-1] for message in told.texts())
    assert "may have come before" not in first
    assert "Sent again: it may have come before." in second
    assert first.split()[1] == second.split()[1]


def test_a_receiver_that_is_down_for_a_day(told: Told, events: list[tuple[str, dict[str, object]]]) -> None:
    """Asked less and less often, told everything in the order it arose; the others get theirs at once."""
    told.targets = (OPS, Target("chat", OPS.events))
    told.post.down = {"ops"}
    teller = told.process()
    for hour in range(24):
        overdue(teller, f"e{hour}")
        ended(teller)
        told.passes(teller, 3600, step=300)
        assert len(told.texts("chat")) == hour + 1
    assert len(told.waiting()) == 24
    asked = told.post.asked.count("ops")
    assert asked < DAY / LONGEST + 12
    failed = [keys for event, keys in events if event == "notify.failed"]
    assert len(failed) == asked
    assert [keys["after"] for keys in failed[:8]] == [5, 10, 20, 40, 80, 160, 320, LONGEST]
    assert failed[-1]["after"] == LONGEST
    assert failed[-1]["reason"] == "nobody answers"
    told.post.down = set()
    told.passes(teller, 2 * LONGEST, step=300)
    assert [message.body.split("episode=")[1].split()[0] for message in told.texts()] == [f"e{n}" for n in range(24)]
    assert "It waited 24." in told.texts()[0].body
    assert not told.waiting()


def test_what_waits_is_bounded(
    told: Told, events: list[tuple[str, dict[str, object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest goes, and that is told."""
    monkeypatch.setattr(telling, "MOST", 5)
    told.post.down = {"ops"}
    teller = told.process()
    for number in range(8):
        overdue(teller, f"e{number}")
        ended(teller)
        told.passes(teller, 5)
    told.post.down = set()
    told.passes(teller, LONGEST)
    assert [message.body.split("episode=")[1].split()[0] for message in told.texts()] == [f"e{n}" for n in range(3, 8)]
    assert [keys["records"] for event, keys in events if event == "notify.dropped"] == [1, 1, 1]


class Full:
    """A store that takes nothing while it is ``full``."""

    def __init__(self, real: SqlStore) -> None:
        self.real, self.full, self.asked = real, True, 0

    def __getattr__(self, name: str) -> object:
        if self.full:
            self.asked += 1
            raise RetryLater("the disk is full; make room")
        return getattr(self.real, name)


def test_a_store_in_trouble_disturbs_nobody(told: Told, events: list[tuple[str, dict[str, object]]]) -> None:
    """Who emits notices nothing; it is told once, and all of it when the store works again."""
    full = Full(told.store())

    def outbox(_: str) -> Outbox:
        return full  # type: ignore[return-value]

    teller = told.process(outbox)
    overdue(teller, "e1", *(f"e{n}" for n in range(10, 18)))
    assert full.asked == 1, "a store that is locked holds up one event, and not each"
    told.passes(teller, 3 * LOOK)
    overdue(teller, "e2")
    told.passes(teller, LOOK)
    assert [event for event, _ in events if event.startswith("notify.")] == ["notify.unkept"]
    full.full = False
    told.passes(teller, LOOK)
    (message,) = told.texts()
    assert message.title == "syncd main: handoff.overdue (10)"


def test_what_comes_out_of_the_midst_of_a_transaction_is_kept_with_the_next(told: Told) -> None:
    """A second transaction inside would wait for the first until it gave up."""
    teller = told.process()
    teller.hearing.heard("store.restored", {"connection": "main", "reason": "older"})
    assert not told.store().rows("notify:heard:", 9)
    told.passes(teller, PATIENCE + 1)
    assert [message.title for message in told.texts()] == ["syncd main: store.restored"]


def test_one_process_at_a_time_tells(told: Told) -> None:
    """Two daemons on one store: what either of them heard is told once."""
    one, other = told.process(), told.process()
    overdue(one, "e1")
    overdue(other, "e1", "e2")
    for _ in range(100):
        told.clock.advance(1)
        one.tick()
        other.tick()
    episodes = [part.split()[0] for message in told.texts() for part in message.body.split("episode=")[1:]]
    assert sorted(episodes) == ["e1", "e2"]


def test_who_is_no_longer_configured_is_given_up(told: Told, events: list[tuple[str, dict[str, object]]]) -> None:
    """With its name, so that a typing error is found; a new target begins with what comes then."""
    told.post.down = {"ops"}
    teller = told.process()
    overdue(teller, "e1")
    told.passes(teller, PATIENCE + 1)
    teller.use(Telling((Target("desk", OPS.events),), repeat=0), ("main",))
    overdue(teller, "e2")
    told.passes(teller, PATIENCE + 1)
    assert told.post.titles("desk") == ["syncd main: handoff.overdue"]
    assert not told.store().rows("notify:waiting:", 9)
    assert [keys["target"] for event, keys in events if event == "notify.dropped"] == ["ops"]


def test_a_command_tells_at_its_end(told: Told) -> None:
    """Without waiting for anything: what it heard, and what waited."""
    told.post.down = {"ops"}
    first: Teller = told.process()
    braked(first)
    first.at_once()
    told.post.down = set()
    second = told.process()
    overdue(second, "e1")
    second.at_once()
    assert [message.title for message in told.texts()] == ["syncd main: brake.held", "syncd main: handoff.overdue"]


def test_a_receiver_that_hangs_keeps_nobody_waiting(told: Told) -> None:
    """Targets are sent to beside each other."""
    told.targets = (OPS, Target("chat", OPS.events))
    teller, arrived, post = told.process(), threading.Event(), told.post

    def hanging(target: str, message: Message) -> Posted:
        if target == "ops":
            return Posted(taken=not arrived.wait(5), said="hung until the other one had got its own")
        arrived.set()
        return post(target, message)

    teller.post, teller.abreast = hanging, Hands(2)
    overdue(teller, "e1")
    told.passes(teller, PATIENCE + 1)
    assert arrived.is_set()
    assert len(told.texts("chat")) == 1
    assert len(told.waiting()) == 1


def test_a_command_that_may_not_tell_leaves_it_to_who_may(told: Told) -> None:
    """A daemon has the right just then, and the command ends: all of its news is in the store."""
    now = told.clock.now()
    assert told.store().seize(TELLS, "daemon", now, now + timedelta(seconds=5))
    command = told.process()
    command.hearing.heard("store.restored", {"connection": "main", "reason": "older"})
    overdue(command, *(f"e{n}" for n in range(19)))
    command.at_once()
    assert not told.texts()
    told.clock.advance(LEFT)
    told.passes(told.process(), 2)
    assert [message.title for message in told.texts()] == ["syncd main: store.restored, handoff.overdue (19)"]
