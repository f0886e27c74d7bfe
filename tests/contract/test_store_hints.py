"""Hints of webhooks on both databases: one row a record, bounded, and never dropped while they are news."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from syncd.model.hint import MOST, STALE, Hint
from syncd.model.remote import RemoteRef
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.fakes import START

Opening = Callable[..., SqlStore]
LATER = START + timedelta(seconds=30)


def hint(number: int, version: str | None = "100", name: str = "contacts") -> Hint:
    """A hint about a record of this number."""
    return Hint(RemoteRef(name, str(number)), version)


def test_one_row_a_record_however_often_and_in_whatever_order_it_is_told(open_test_store: Opening) -> None:
    """The later version stays, and "look in any case" stays whatever comes after; each connection has its own."""
    store, other = open_test_store(), open_test_store("other")
    assert store.note_hints([hint(1, "200"), hint(1, "100"), hint(2, "100")], START) == 0
    store.note_hints([hint(1, "150"), hint(2, None), hint(3, None)], LATER)
    store.note_hints([hint(3, "900")], LATER)
    told = {each.hint.ref.id: (each.hint.version, each.heard) for each in store.hints(["contacts"], 99)}
    assert told == {"1": ("200", LATER), "2": (None, LATER), "3": (None, LATER)}
    assert not other.hints(["contacts"], 99)


def test_those_that_wait_longest_come_first_and_of_the_objects_asked_for(open_test_store: Opening) -> None:
    """A record that is told of again and again neither overtakes nor falls behind."""
    store = open_test_store()
    store.note_hints([hint(9)], START)
    store.note_hints([hint(1), hint(5, name="companies")], LATER)
    store.note_hints([hint(9, "300")], LATER + timedelta(seconds=1))
    assert [each.hint.ref.id for each in store.hints(["contacts"], 99)] == ["9", "1"]
    assert [each.hint.ref.id for each in store.hints(["contacts"], 1)] == ["9"]
    assert [each.hint.ref.id for each in store.hints(["companies", "contacts"], 99)] == ["9", "5", "1"]


def test_what_was_dealt_with_goes_but_not_what_was_heard_meanwhile(open_test_store: Opening) -> None:
    """In the settlement that deals with it, or not at all."""
    store = open_test_store()
    store.note_hints([hint(1), hint(2)], START)
    read = store.hints(["contacts"], 99)
    store.note_hints([hint(2, "700")], LATER)
    store.settle(Settlement(hints_done=list(read)), LATER)
    (left,) = store.hints(["contacts"], 99)
    assert (left.hint, left.heard) == (hint(2, "700"), LATER)


def test_f70_a_storm_fills_no_more_than_its_room(open_test_store: Opening) -> None:
    """What is there is still brought up to date; what nobody took for a day makes room."""
    store = open_test_store()
    assert store.note_hints([hint(number) for number in range(MOST + 50)], START) == 50
    assert store.note_hints([hint(MOST + 99), hint(0, None)], LATER) == 1
    assert len(store.hints(["contacts"], 2 * MOST)) == MOST
    assert store.hints(["contacts"], 1)[0].hint == hint(0, None)
    assert store.note_hints([hint(MOST + 99)], START + STALE + timedelta(seconds=1)) == 0
    assert [each.hint.ref.id for each in store.hints(["contacts"], 9)] == [str(MOST + 99)]


def test_how_many_wait_and_since_when(open_test_store: Opening) -> None:
    """Of this connection, whatever they are about; what is told again has waited since it was told first."""
    store, other = open_test_store(), open_test_store("other")
    assert store.hints_waiting() == (0, None)
    store.note_hints([hint(1)], START)
    store.note_hints([hint(1, "900"), hint(2), hint(5, name="companies")], LATER)
    assert store.hints_waiting() == (3, START)
    assert other.hints_waiting() == (0, None)
