"""Dead letters by cause and page by page, and runs page by page, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from syncd.model.link import DeadLetter, LetterGroup
from syncd.model.remote import RemoteRef
from syncd.model.run import Run
from syncd.model.values import Side
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.fakes import START

CAUSE = ("person", Side.CRM, "A")


def letter(id: str, code: str = "A", *, seconds: int = 0, retry: bool = False) -> DeadLetter:
    """One that a CRM refused."""
    origin, since = RemoteRef("contacts", id), START + timedelta(seconds=seconds)
    return DeadLetter(id, "person", Side.CRM, origin, "f", code, f"why {code}", f"do {code}", since, 1, retry)


def filled(store: SqlStore) -> None:
    """Three of one cause and one of another."""
    dead = [letter("a2", seconds=2), letter("a1", seconds=1, retry=True), letter("a3", seconds=2), letter("b1", "B")]
    store.settle(Settlement(dead=dead), START)


def test_letters_are_counted_by_cause(store: SqlStore, open_test_store: Callable[..., SqlStore]) -> None:
    """The most first, with the first and the last, and what one of them says; no other connection's."""
    filled(store)
    first, last = START + timedelta(seconds=1), START + timedelta(seconds=2)
    assert store.letter_groups() == [
        LetterGroup(*CAUSE, records=3, retrying=1, first=first, last=last, reason="why A", advice="do A"),
        LetterGroup("person", Side.CRM, "B", 1, 0, START, START, "why B", "do B"),
    ]
    assert open_test_store("other").letter_groups() == []


def test_letters_come_page_by_page(store: SqlStore) -> None:
    """Oldest first, those of one instant by id; behind one that is gone there is nothing."""
    filled(store)
    assert [row.id for row in store.letters_page(9)] == ["b1", "a1", "a2", "a3"]
    first = store.letters_page(2, cause=CAUSE)
    assert [row.id for row in first] == ["a1", "a2"]
    assert [row.id for row in store.letters_page(2, cause=CAUSE, after="a2")] == ["a3"]
    assert store.letters_page(2, after="nothing") == []
    assert first[0] == letter("a1", seconds=1, retry=True)


def test_a_cause_is_retried_and_dropped_as_a_whole(store: SqlStore) -> None:
    """How many were not asked for before; the others stay."""
    filled(store)
    assert (store.retry_letters(CAUSE), store.retry_letters(CAUSE)) == (2, 0)
    assert [row.id for row in store.dead_letters() if not row.retry] == ["b1"]
    assert (store.drop_letters(CAUSE), store.drop_letters(CAUSE)) == (3, 0)
    assert [row.id for row in store.dead_letters()] == ["b1"]


def test_the_letter_of_a_record_is_found(store: SqlStore) -> None:
    """By the record that asks for the write and the side that refuses it."""
    filled(store)
    assert store.letter_from("person", Side.CRM, RemoteRef("contacts", "b1")) == letter("b1", "B")
    assert store.letter_from("person", Side.MARKETING, RemoteRef("contacts", "b1")) is None
    assert store.letter_from("company", Side.CRM, RemoteRef("contacts", "b1")) is None


def test_runs_come_page_by_page(store: SqlStore) -> None:
    """The latest first; those of one instant in a fixed order."""
    run = Run("r0", "main", "sync", "daemon", START)
    for number in range(5):
        store.save_run(replace(run, id=f"r{number}", started_at=START + timedelta(seconds=number // 2)))
    first = store.runs(2)
    assert [each.id for each in [*first, *store.runs(9, before=first[-1].id)]] == ["r4", "r3", "r2", "r1", "r0"]
    assert store.runs(9, before="nothing") == []


def test_letters_are_bounded_in_age(store: SqlStore, open_test_store: Callable[..., SqlStore]) -> None:
    """What is as old as allowed stays, what is to be tried again too, and so does every other connection's."""
    filled(store)
    other = open_test_store("other")
    filled(other)
    assert store.bound_letters(START, 10) == 0
    assert store.bound_letters(START + timedelta(seconds=2), 10) == 1
    assert [row.id for row in store.letters_page(9)] == ["a1", "a2", "a3"]
    assert store.bound_letters(START + timedelta(seconds=2), 10) == 0
    assert len(other.letters_page(9)) == 4


def test_letters_are_bounded_in_number(store: SqlStore, open_test_store: Callable[..., SqlStore]) -> None:
    """The oldest go first, of one instant the lower id; what is to be tried again stays."""
    other = open_test_store("other")
    filled(other)
    assert store.bound_letters(START, 0) == 0
    filled(store)
    assert store.bound_letters(START, 4) == 0
    assert store.bound_letters(START, 1) == 2
    assert [row.id for row in store.letters_page(9)] == ["a1", "a3"]
    assert len(other.letters_page(9)) == 4
