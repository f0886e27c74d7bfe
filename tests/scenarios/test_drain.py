"""Drained: what is in flight ends by reading, nothing new begins, and the next start goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.drain import drain
from syncd.model.errors import LeaseHeld
from syncd.model.run import RunState
from tests.scenarios.test_crashes import fresh, killed_at, people, until_quiet
from tests.worlds import Both, open_both

UNANSWERED = 4
"""Effects until the first write was sent and nothing is known of it: begin before and after, then the send."""


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    """People to be made and linked, and a process that was killed after its first send."""
    opened = open_both(f"sqlite:///{tmp_path}/state.db")
    sync(opened.world)  # before anybody is there, so that nothing has to be approved
    people(opened)
    effect = UNANSWERED
    while not opened.store.open_intents():
        assert killed_at(opened, tmp_path, effect, after=600.0)
        effect += 1
    yield opened
    opened.store.close()


def written(both: Both) -> tuple[int, int]:
    """How many records were made on each side."""
    return len(both.hubspot.export()["contacts"]), len(both.salesforce.export()["Lead"])


def test_what_is_in_flight_ends_and_nothing_begins(both: Both, tmp_path: Path) -> None:
    """Open writes are settled by reading; people who wait to be made wait on, and are made by the next cycle."""
    fresh(both, tmp_path, [10**9])
    before = written(both)
    assert both.store.open_intents()
    assert drain(both.world, wait=1_200.0) == 0
    assert not both.store.open_intents()
    assert written(both) == before
    (run,) = both.store.runs(1)
    assert (run.command, run.state) == ("drain", RunState.DONE)
    until_quiet(both, tmp_path)
    emails = sorted(str(row["Email"]) for row in both.salesforce.export()["Lead"])
    assert emails == [
        "new0@example.com",
        "new1@example.com",
        "new2@example.com",
        "old0@example.com",
        "old1@example.com",
    ]
    assert both.store.verify_audit()


def test_without_time_it_says_what_is_left(both: Both, tmp_path: Path) -> None:
    """A write that is not seen may still be carried out until its horizon: that is told and not cut short."""
    fresh(both, tmp_path, [10**9])
    left = drain(both.world, wait=0.0)
    assert left == len(both.store.open_intents())
    (run,) = both.store.runs(1)
    assert run.state is (RunState.PARTIAL if left else RunState.DONE)


def test_whoever_works_is_waited_for(both: Both, tmp_path: Path) -> None:
    """Another worker's lease is not taken away."""
    fresh(both, tmp_path, [10**9])
    now = both.clock.now()
    assert both.store.take_lease("another", now, now.replace(year=now.year + 1)) is not None
    with pytest.raises(LeaseHeld):
        drain(both.world, wait=3.0)
    assert both.store.open_intents()
