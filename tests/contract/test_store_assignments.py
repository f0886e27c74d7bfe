"""The promises of assignments in the store: a turn is taken exactly if its write was, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.model.errors import LeaseLost
from syncd.model.routing import Assignment, How, Passed, Routed
from syncd.model.run import Lease
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.contract.test_store import LATER, audit, forgotten, intent, link, take
from tests.fakes import START

ANN, BEN = "user:ann@x.example", "user:ben@x.example"


def given(number: int, owner: str | None, of: str = "L1", *, pool: str = "all", how: How = How.GIVEN) -> Assignment:
    """One assignment, carried out by the intent of its number."""
    passed = (Passed("company", "", "nobody has the company"), Passed("all", BEN, "is not active"))
    routed = Routed(how, owner, "all", number, pool, passed)
    return Assignment(f"i{number}", of, routed, START + timedelta(minutes=number))


def begin(store: SqlStore, lease: Lease, *made: Assignment) -> None:
    """Begins the writes that carry them out."""
    rows = [(intent(each.intent, each.link), audit(each.intent, each.link)) for each in made]
    store.begin(lease, [each for each, _ in rows], [each for _, each in rows], START, assigned=made)


def end(store: SqlStore, **outcomes: str) -> None:
    """What became of writes, by intent."""
    store.settle(Settlement(endings=outcomes), START)


def test_an_assignment_comes_back_as_it_was(store: SqlStore) -> None:
    """With whom it passed over; once its write is done it says so."""
    made = given(1, ANN)
    begin(store, take(store), made)
    assert list(store.assignments_of("L1")) == [made]
    end(store, i1="done")
    assert list(store.assignments_of("L1")) == [replace(made, outcome="done")]
    assert store.assignments_of("L2") == []


def test_it_is_stored_with_its_write_or_not_at_all(store: SqlStore) -> None:
    """Without the lease nothing is begun, and nobody's turn is taken."""
    lease = take(store)
    with pytest.raises(LeaseLost):
        store.begin(lease, [intent("i1")], [audit("i1")], LATER, assigned=[given(1, ANN)])
    assert store.turns() == (0, {})


def test_a_turn_is_taken_while_nobody_knows_and_given_back_if_it_was_not(store: SqlStore) -> None:
    """A write in flight counts, a recovered one does, a refused one never did; the number only grows."""
    lease = take(store)
    begin(store, lease, given(1, ANN), given(2, BEN, "L2"), given(3, ANN, "L3"))
    assert store.turns() == (3, {("all", ANN): 3, ("all", BEN): 2})
    end(store, i1="done", i2="recovered: done", i3="refused FIELD_INTEGRITY_EXCEPTION")
    assert store.turns() == (3, {("all", ANN): 1, ("all", BEN): 2})
    assert store.undone_assignments() == {"L3": "i3"}
    assert [each.link for each in store.live_assignments()] == ["L1", "L2"]
    assert sorted(store.given_since(START)) == [(ANN, given(1, ANN).at), (BEN, given(2, BEN).at)]
    assert store.given_since(START + timedelta(minutes=2)) == [(BEN, given(2, BEN).at)]


def test_the_last_one_of_a_person_counts(store: SqlStore) -> None:
    """The earlier one lives no more, whether it was carried out or not; turns are taken by both."""
    lease = take(store)
    begin(store, lease, given(1, ANN))
    end(store, i1="deferred UNABLE_TO_LOCK_ROW")
    begin(store, lease, given(2, BEN))
    assert store.undone_assignments() == {}
    end(store, i2="done")
    begin(store, lease, given(3, ANN))
    assert [each.intent for each in store.live_assignments()] == ["i3"]
    assert [each.intent for each in store.assignments_of("L1")] == ["i3", "i2", "i1"]


def test_who_is_open_no_more_is_released(store: SqlStore) -> None:
    """The turn stays taken."""
    begin(store, take(store), given(1, ANN), given(2, None, "L2", pool="", how=How.CRM_RULES))
    end(store, i1="done", i2="done")
    store.settle(Settlement(released=["i1"]), START)
    assert [each.link for each in store.live_assignments()] == ["L2"]
    assert store.turns() == (2, {("all", ANN): 1})
    assert store.given_since(START) == [(ANN, given(1, ANN).at)]


def test_connections_have_turns_of_their_own(store: SqlStore, open_test_store: Callable[..., SqlStore]) -> None:
    """Pools of one name in two connections are two pools."""
    begin(store, take(store), given(1, ANN))
    other = open_test_store("other")
    assert other.turns() == (0, {})
    assert other.live_assignments() == []


def test_forgetting_takes_the_person_and_leaves_the_turn(store: SqlStore) -> None:
    """Nobody is favoured because somebody was forgotten."""
    person = link("L1", "1", "00Q1")
    store.settle(Settlement(links=[person]), START)
    begin(store, take(store), given(1, ANN))
    end(store, i1="done")
    store.settle(forgotten(person), START)
    assert store.assignments_of("L1") == []
    assert store.live_assignments() == []
    assert store.turns() == (1, {("all", ANN): 1})
