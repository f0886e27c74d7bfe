"""One message per target and cycle, one per change of a state; grouped, in words an operator can act on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from syncd.model.notice import Target
from syncd.operations.hearing import SETTLED
from syncd.operations.telling import LOOK, PATIENCE
from syncd.ports.outbox import Row
from syncd.store import SqlStore
from tests.unit.operations.tellers import EVENTS, Told, braked, ended, overdue


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    """One connection, one target."""
    made = Told(f"sqlite:///{tmp_path}/state.db")
    yield made
    made.close()


def test_a_burst_is_one_message(told: Told) -> None:
    """With its count, ten of them by their keys, and the command that lists the rest."""
    teller = told.process()
    overdue(teller, *(f"e{n:03d}" for n in range(500)))
    ended(teller)
    told.passes(teller, SETTLED)
    (message,) = told.texts()
    assert message.title == "syncd main: handoff.overdue (500)"
    assert message.gravity == "warning"
    lines = message.body.splitlines()
    assert lines[0].startswith("handoff.overdue (500): The time that sales had")
    assert lines[1] == "- episode=e000 link=Le000 clock=touch until=2026-03-02T10:00:00.000Z"
    assert sum(line.startswith("- episode=") for line in lines) == 10
    assert "- and 490 more" in lines
    assert any("`syncd report handoff --show touch:breached`" in line for line in lines)
    assert lines[-1].startswith("Notice ")
    told.passes(teller, 600)
    assert len(told.texts()) == 1
    assert not told.store().rows("notify:heard:", 9)


def test_a_burst_costs_few_transactions(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ten are kept at once, then each time it has doubled: 500 events are 16 rows written."""
    teller, store = told.process(), told.store()
    kept: list[str] = []
    monkeypatch.setattr(type(store), "exchange", lambda _self, _gone, put, _now: kept.extend(put), raising=True)
    overdue(teller, *(f"e{n}" for n in range(500)))
    assert len(kept) == 15


def test_different_events_of_a_cycle_are_one_message(told: Told) -> None:
    """The gravest decides how it looks; a cycle that is long does not keep its news to itself."""
    teller = told.process()
    overdue(teller, "e1")
    braked(teller)
    told.passes(teller, PATIENCE - 1)
    assert not told.texts()
    told.passes(teller, 2)
    (message,) = told.texts()
    assert message.title == "syncd main: handoff.overdue, brake.held"
    assert message.gravity == "error"
    assert "`syncd held show d1`" in message.body


def test_what_comes_just_after_the_end_of_a_cycle_belongs_to_it(told: Told) -> None:
    """Handoffs are looked at when the run is over."""
    teller = told.process()
    braked(teller)
    ended(teller)
    told.passes(teller, SETTLED / 2)
    overdue(teller, "e1")
    told.passes(teller, 3 * SETTLED)
    assert [message.title for message in told.texts()] == ["syncd main: brake.held, handoff.overdue"]


def test_cycles_that_follow_each_other_closely_put_nothing_off(told: Told) -> None:
    """A poll a second: what was heard waits for the end of its own cycle, not for a pause."""
    teller = told.process()
    ended(teller)
    told.passes(teller, 3 * SETTLED)
    overdue(teller, "e1")
    told.passes(teller, SETTLED + 1)
    assert not told.texts(), "the end of an earlier cycle is not that of this one"
    for _ in range(4):
        ended(teller)
        told.passes(teller, 1)
    assert len(told.texts()) == 1


def test_a_brake_that_stays_held_is_told_once_and_again_after_hours(told: Told) -> None:
    """Held anew in each cycle, with another count and digest; every four hours it is told."""
    teller = told.process()
    for cycle in range(8 * 6 + 1):
        braked(teller, digest=f"d{cycle}", records=cycle)
        ended(teller)
        told.passes(teller, 600, step=300)
    assert len(told.texts()) == 3


def test_what_was_over_is_told_anew(told: Told) -> None:
    """Though nobody asked to hear of the end."""
    teller = told.process()
    for _ in range(2):
        braked(teller)
        ended(teller)
        told.passes(teller, 30)
    keys = {"connection": "main", "kind": "person", "measure": "updates", "side": "crm", "field": "title", "held": 0}
    teller.hearing.heard("brake.released", keys)
    told.passes(teller, 30)
    braked(teller)
    told.passes(teller, 30)
    titles = [message.title for message in told.texts()]
    assert titles == ["syncd main: brake.held", "syncd main: brake.released", "syncd main: brake.held"]
    assert [message.gravity for message in told.texts()] == ["error", "success", "error"]


def test_targets_get_what_they_asked_for(tmp_path: Path) -> None:
    """By event and by connection; commands name the connection where there are several; what belongs to none is
    told with the first.
    """
    targets = (
        Target("all", EVENTS),
        Target("sales", frozenset({"handoff.overdue"}), frozenset({"west"})),
        Target("nobody", frozenset({"field.quarantined"})),
    )
    told = Told(f"sqlite:///{tmp_path}/state.db", targets, ("east", "west"))
    teller = told.process()
    overdue(teller, "e1", connection="west")
    overdue(teller, "e2", connection="east")
    teller.hearing.heard("worker.dead", {"worker": "w", "jobs": 1})
    told.passes(teller, PATIENCE + 1)
    assert sorted(told.post.titles("all")) == [
        "syncd east: handoff.overdue, worker.dead",
        "syncd west: handoff.overdue",
    ]
    assert told.post.titles("sales") == ["syncd west: handoff.overdue"]
    assert not told.post.titles("nobody")
    assert "`syncd --connection west report handoff" in told.texts("sales")[0].body
    told.close()


def test_no_sentence_and_no_address_leaves(told: Told) -> None:
    """Texts that may quote something stay in the log; what looks like an address is masked; the record's page is
    linked.
    """
    told.pages = lambda _, item: [f"https://crm.example.com/{item['record'].partition('/')[2]}"]
    teller = told.process()
    keys = {"side": "crm", "record": "Account/001", "reason": "ann@example.com wrote it", "what": "Ann Lee"}
    teller.hearing.heard("side.not_itself", {"connection": "main", **keys})
    told.passes(teller, PATIENCE + 1)
    (message,) = told.texts()
    assert "ann@example.com" not in message.body
    assert "Ann Lee" not in message.body
    assert "  https://crm.example.com/001" in message.body.splitlines()


def test_an_idle_process_writes_nothing(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks twice a minute whether others left something."""
    store = told.store()
    looks: list[str] = []
    before = type(store).rows

    def counted(self: SqlStore, beginning: str, limit: int) -> Sequence[Row]:
        looks.append(beginning)
        return before(self, beginning, limit)

    monkeypatch.setattr(type(store), "rows", counted)
    for writes in ("exchange", "seize"):
        monkeypatch.setattr(type(store), writes, None)
    told.passes(told.process(), 10 * LOOK)
    assert len(looks) <= 33
