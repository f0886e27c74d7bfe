"""The roster on SQLite and PostgreSQL: turns end once, nobody waits behind a dead worker, a pause keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from syncd.model.run import Pause, Worker
from syncd.store import SqlRoster, SqlStore, open_database
from tests.fakes import FakeClock


@pytest.fixture
def roster(store_url: str) -> Iterator[SqlRoster]:
    """A roster in an empty database."""
    database = open_database(store_url)
    yield SqlRoster(database)
    database.close()


def _worker(name: str, clock: FakeClock) -> Worker:
    return Worker(id=name, began=clock.now(), beat=clock.now(), version="1")


def test_a_connection_that_was_never_polled_is_due_at_once(roster: SqlRoster, clock: FakeClock) -> None:
    """And asking again changes nothing."""
    first = roster.turns(["a", "b"], clock.now())
    clock.advance(5)
    assert first == roster.turns(["a", "b"], clock.now())
    assert {name: (turn.number, turn.due) for name, turn in first.items()} == {
        "a": (1, clock.now() - timedelta(seconds=5)),
        "b": (1, clock.now() - timedelta(seconds=5)),
    }


def test_a_turn_ends_once(roster: SqlRoster, clock: FakeClock) -> None:
    """Of two workers that end the same turn, the second is told so and moves nothing."""
    turn = roster.turns(["a"], clock.now())["a"]
    due = clock.now() + timedelta(seconds=30)
    assert roster.end_turn(turn, due)
    assert not roster.end_turn(turn, due + timedelta(days=1))
    after = roster.turns(["a"], clock.now())["a"]
    assert (after.number, after.due) == (2, due)


def test_a_turn_hastened_while_it_ran_is_followed_at_once(roster: SqlRoster, clock: FakeClock) -> None:
    """What was asked for in the middle of a turn may have come too late for it."""
    turn = roster.turns(["a"], clock.now())["a"]
    roster.hasten("a", clock.now())
    assert roster.end_turn(turn, clock.now() + timedelta(hours=1))
    assert roster.turns(["a"], clock.now())["a"].due < clock.now()


def test_a_connection_can_be_hastened_before_it_was_ever_polled(roster: SqlRoster, clock: FakeClock) -> None:
    """A request may come before the first daemon does."""
    roster.hasten("new", clock.now())
    assert roster.turns(["new"], clock.now())["new"].due < clock.now()


def test_a_pause_is_kept_with_its_reason_and_ends_once(roster: SqlRoster, clock: FakeClock) -> None:
    """Pausing twice keeps the first reason; resuming twice says that there was nothing to resume."""
    pause = Pause("ana", clock.now(), "the org is being migrated")
    assert roster.pause("a", pause, clock.now())
    assert not roster.pause("a", Pause("bob", clock.now()), clock.now())
    assert roster.turns(["a"], clock.now())["a"].paused == pause
    assert roster.pause("a", None, clock.now())
    assert not roster.pause("a", None, clock.now())
    assert roster.turns(["a"], clock.now())["a"].paused is None


def test_only_one_takes_over_from_a_dead_worker(roster: SqlRoster, clock: FakeClock) -> None:
    """Two saw the same last beat; the claim of the first changes it."""
    dead = _worker("dead", clock)
    assert not roster.beat(dead)
    clock.advance(60)
    assert roster.take_over(dead, clock.now())
    assert not roster.take_over(dead, clock.now())


def test_a_claim_counts_even_when_the_claimer_s_clock_is_behind(roster: SqlRoster, clock: FakeClock) -> None:
    """The beat of the dead may lie in the future of whoever buries it."""
    dead = _worker("dead", clock)
    roster.beat(dead)
    behind = clock.now() - timedelta(hours=1)
    assert roster.take_over(dead, behind)
    assert not roster.take_over(dead, behind)


def test_a_worker_that_beats_again_is_not_taken_over(roster: SqlRoster, clock: FakeClock) -> None:
    """It was slow, not dead."""
    slow = _worker("slow", clock)
    roster.beat(slow)
    clock.advance(31)
    assert roster.beat(Worker(slow.id, slow.began, clock.now(), slow.version))
    assert not roster.take_over(slow, clock.now())


def test_dismissing_a_worker_gives_its_leases_back_and_no_others(
    roster: SqlRoster, open_test_store: Callable[..., SqlStore], clock: FakeClock
) -> None:
    """A dead worker's connection can be taken at once; that of a living one cannot."""
    later = clock.now() + timedelta(minutes=2)
    mine, other = open_test_store("a"), open_test_store("b")
    roster.beat(_worker("dead", clock))
    assert mine.take_lease("dead", clock.now(), later)
    assert other.take_lease("alive", clock.now(), later)
    roster.dismiss("dead")
    assert roster.workers() == []
    assert mine.take_lease("third", clock.now(), later) is not None
    assert other.take_lease("third", clock.now(), later) is None
