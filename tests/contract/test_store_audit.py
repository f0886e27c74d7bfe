"""The audit read from a moment on, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.model.link import Forgotten, LinkState
from syncd.model.run import Run
from syncd.ports.store import Settlement
from syncd.store import SqlStore, intents
from tests.contract.test_store import audit, link, take
from tests.fakes import START


def test_everything_since_then_in_order(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row of the connection begun since, oldest first, however many pages it takes; values decrypted."""
    monkeypatch.setattr(intents, "_PAGE", 2)
    lease = take(store)
    rows = [audit(f"i{n}", of=f"L{n % 2}", at=START + timedelta(minutes=n)) for n in range(5)]
    store.begin(lease, [], rows, START)
    assert list(store.audit_since(START)) == rows
    assert list(store.audit_since(START + timedelta(minutes=3))) == rows[3:]
    assert list(store.audit_since(START + timedelta(minutes=9))) == []


def test_what_was_unread_is_told(store: SqlStore) -> None:
    """A change whose value before nobody could read says so; one that was read says nothing of it, as rows ever did."""
    row = audit("i1")
    changes = tuple(replace(change, unread=True) for change in row.changes)
    store.begin(take(store), [], [replace(row, changes=changes), audit("i2")], START)
    unread, plain = store.audit_since(START)
    assert {change.unread for change in unread.changes} == {True}
    assert {change.unread for change in plain.changes} == {False}
    assert store.written_lately(["L1"], START, 1) is not None


def test_nothing_of_another_connection(open_test_store: Callable[..., SqlStore]) -> None:
    """Two connections never meet in a query."""
    one, other = open_test_store(), open_test_store("other")
    one.begin(take(one), [], [audit("i1")], START)
    assert list(other.audit_since(START)) == []


def test_who_was_forgotten_is_told(store: SqlStore) -> None:
    """Their rows stay, say that their values were destroyed, and hold none."""
    store.begin(take(store), [], [audit("i1"), audit("i2", of="L2")], START)
    gone = link("L1", "1", "00Q1", state=LinkState.FORGOTTEN)
    store.settle(Settlement(links=[gone], forgotten=[Forgotten(gone, (), ())]), START)
    hidden, told = store.audit_since(START)
    assert (hidden.destroyed, told.destroyed) == (True, False)
    assert {change.after for change in hidden.changes} == {None}
    assert told.changes == audit("i2").changes


def test_what_one_run_wrote_page_by_page(store: SqlStore) -> None:
    """Its rows and no others, oldest first, from any place on; also of a run between others, and of one under way."""
    lease = take(store)
    rows = [replace(audit(f"i{n}", of=f"L{n % 2}", at=START + timedelta(hours=n)), run=f"r{n // 4}") for n in range(12)]
    store.begin(lease, [], rows, START)
    run = Run("r1", "main", "sync", "daemon", START + timedelta(hours=4), finished_at=START + timedelta(hours=7))
    first = store.audit_of_run(run, 3)
    assert [row for _, row in first] == rows[4:7]
    assert [row for _, row in store.audit_of_run(run, 3, after=first[-1][0])] == rows[7:8]
    assert [row for _, row in store.audit_of_run(replace(run, finished_at=None), 9)] == rows[4:8]
    assert store.audit_of_run(replace(run, id="r9"), 9) == []


def test_a_run_is_looked_for_where_it_was(store: SqlStore) -> None:
    """A clock of another worker may be minutes off; rows that lie hours away are not looked through."""
    lease = take(store)
    rows = [replace(audit(f"i{n}", at=START + timedelta(minutes=5 * n)), run="r1") for n in range(60)]
    store.begin(lease, [], rows, START)
    run = Run("r1", "main", "sync", "daemon", START + timedelta(hours=2), finished_at=START + timedelta(hours=3))
    assert [row for _, row in store.audit_of_run(run, 99)] == rows[22:38]
