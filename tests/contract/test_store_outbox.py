"""The outbox on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from syncd.store import SqlStore
from tests.fakes import START

Opening = Callable[..., SqlStore]


def names(store: SqlStore, beginning: str = "notify:", limit: int = 99) -> list[str]:
    """Rows by name."""
    return [row.name for row in store.rows(beginning, limit)]


def test_rows_come_in_the_order_of_their_names(open_test_store: Opening) -> None:
    """Those that begin so, of one connection, and no others: ``a_`` is not ``a:``, whatever a language makes of it."""
    store, other = open_test_store(), open_test_store("other")
    other.exchange((), {"notify:a:1": b"theirs"}, START)
    store.remember("users", b"", START)
    store.exchange((), {"notify:a:2": b"two", "notify:a:1": b"one", "notify:a_b:1": b"", "notify:A:0": b""}, START)
    assert names(store, "notify:a:") == ["notify:a:1", "notify:a:2"]
    assert names(store, "notify:a:", 1) == ["notify:a:1"]
    assert len(names(store)) == 4
    assert [(row.content, row.at) for row in store.rows("notify:a:1", 9)] == [(b"one", START)]
    assert [row.content for row in other.rows("notify:", 9)] == [b"theirs"]


def test_an_exchange_is_whole(open_test_store: Opening) -> None:
    """What goes and what comes is one transaction; what is not there is not missed; many at once fit."""
    store = open_test_store()
    store.exchange((), {f"notify:a:{n:04d}": b"x" for n in range(1200)}, START)
    store.exchange([f"notify:a:{n:04d}" for n in range(5000)], {"notify:b:1": b"y"}, START)
    assert names(store) == ["notify:b:1"]
    later = START + timedelta(seconds=1)
    store.exchange(["notify:b:1"], {"notify:b:1": b"z"}, later)
    assert [(row.content, row.at) for row in store.rows("notify:b", 9)] == [(b"z", later)]


def test_one_has_the_right_at_a_time(open_test_store: Opening) -> None:
    """Until it runs out, or is given back by being taken until now."""
    store, beside = open_test_store(), open_test_store()
    until, after = START + timedelta(seconds=60), START + timedelta(seconds=61)
    assert store.seize("notify:tells", "one", START, until)
    assert store.seize("notify:tells", "one", START, until)
    assert not beside.seize("notify:tells", "two", START, until)
    assert beside.seize("notify:tells", "two", after, after + timedelta(seconds=60))
    assert not store.seize("notify:tells", "one", after, after)
    assert beside.seize("notify:tells", "two", after, after)
    assert store.seize("notify:tells", "one", after, after)


def test_a_clock_that_was_wrong_keeps_nobody_out(open_test_store: Opening) -> None:
    """A right that was taken for hours was taken by such a clock."""
    store = open_test_store()
    ahead = START + timedelta(days=400)
    assert store.seize("notify:tells", "one", ahead, ahead + timedelta(seconds=60))
    assert store.seize("notify:tells", "two", START, START + timedelta(seconds=60))
