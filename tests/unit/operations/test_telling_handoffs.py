"""Overdue handoffs, from the ledger to a message: what ``escalate`` tells is neither lost by a crash nor told twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.engine.lateness import escalate
from syncd.observe.log import bound, listen, unlisten
from syncd.operations.telling import LEFT, PATIENCE, Teller
from syncd.ports.memory import LATE
from syncd.store import SqlStore
from tests.unit.core.ledgers import at
from tests.unit.operations.ledgers import stored
from tests.unit.operations.tellers import Told
from tests.unit.operations.test_lateness import handed

PEOPLE = 120


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    """A ledger in which many people were handed over at once, and were looked at an hour later."""
    store = stored(tmp_path, [event for n in range(PEOPLE) for event in handed(f"P{n:03d}")])
    made = Told("", stores={"main": store})
    made.clock.start = at(1)
    escalate(store, at(1))
    yield made
    made.close()


def look(told: Told, teller: Teller, hour: float) -> None:
    """One look at the clocks of handoffs, as at the end of a cycle."""
    listen(teller.hearing.heard)
    try:
        with bound(connection="main"):
            escalate(told.store(), at(hour))
    finally:
        unlisten(teller.hearing.heard)


def test_a_warning_and_a_breach_are_two_messages_about_everybody(told: Told) -> None:
    """Due at 75 %, overdue at 100 %: each one message with its count, however many looks there are."""
    teller = told.process()
    for hour in (1.75, 1.8, 2, 2.1, 2.2):
        look(told, teller, hour)
        told.passes(teller, PATIENCE + 1)
    assert told.post.titles("ops") == [
        f"syncd main: {event} ({PEOPLE})" for event in ("handoff.due", "handoff.overdue")
    ]
    assert [message.gravity for message in told.texts()] == ["info", "warning"]
    assert "- and 110 more" in told.texts()[1].body
    assert "link=P000" in told.texts()[1].body


def test_a_crash_before_it_was_noted_that_it_was_told(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process looks from the same instant on and emits the same; people are told once, of all."""
    lost, remember = told.process(), SqlStore.remember

    def killed(store: SqlStore, name: str, content: bytes, now: object) -> None:
        if name == LATE:
            raise KeyboardInterrupt
        remember(store, name, content, now)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(SqlStore, "remember", killed)
        with pytest.raises(KeyboardInterrupt):
            look(told, lost, 2)
    told.clock.advance(LEFT)
    teller = told.process()
    look(told, teller, 2)
    told.passes(teller, 3 * PATIENCE)
    assert sum(int(title.partition("(")[2].rstrip(")") or 1) for title in told.post.titles("ops")) == PEOPLE
    assert told.store().recall(LATE) is not None
