"""Dead letters by cause and page by page, and runs page by page, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from syncd.model.errors import PlaceGone
from syncd.model.heat import UNRATED, LeadHeat
from syncd.model.link import DeadLetter, LetterGroup, Parked
from syncd.model.remote import RemoteRef
from syncd.model.run import Run
from syncd.model.values import Lane, Side
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.fakes import START

CAUSE = ("person", Side.CRM, "A")


def letter(id: str, code: str = "A", *, seconds: int = 0, retry: bool = False) -> DeadLetter:
    """One that a CRM refused."""
    origin, since = RemoteRef("contacts", id), START + timedelta(seconds=seconds)
    return DeadLetter(id, "person", Side.CRM, origin, "f", code, f"why {code}", f"do {code}", since, 1, retry)


PARKED = ("person", Side.CRM, "phone", "BAD")


def field(link: str, name: str = "phone", *, code: str = "BAD", seconds: int = 0) -> Parked:
    """One field that a CRM refused."""
    since = START + timedelta(seconds=seconds)
    ref = RemoteRef("Lead", f"00Q{link}")
    return Parked(link, "person", Side.CRM, ref, name, "f", code, f"why {code}", f"do {code}", since, asks=True)


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


def test_the_hottest_of_a_cause_come_first(store: SqlStore) -> None:
    """By points, then by lane, then by age; those without points last. Of all causes together the oldest come first."""
    heats = {
        "cold": LeadHeat("C", 1_000), "hot": LeadHeat("A", 9_050), "out": LeadHeat("A", 9_000, Lane.OPT_OUT),
        "old": LeadHeat("A", 9_000), "new": LeadHeat("A", 9_000), "nobody": UNRATED,
    }  # fmt: skip
    seconds = {"old": 1, "new": 2}
    dead = [replace(letter(id, seconds=seconds.get(id, 3)), heat=heat) for id, heat in heats.items()]
    store.settle(Settlement(dead=dead), START)
    order = ["hot", "out", "old", "new", "cold", "nobody"]
    found: list[str] = []
    while page := store.letters_page(2, cause=CAUSE, after=found[-1] if found else None):
        assert {row.id: row.heat for row in page} == {row.id: heats[row.id] for row in page}
        found += [row.id for row in page]
    assert found == order
    assert [row.id for row in store.letters_page(2)] == ["old", "new"]


def test_the_last_time_is_that_of_the_last_refusal(store: SqlStore) -> None:
    """Refused again it keeps its first time, and is as hot as it is now; a group is as fresh as its freshest."""
    store.settle(Settlement(dead=[letter("a1"), letter("a2")], parked=[field("L1"), field("L2")]), START)
    assert {row.last for row in store.letters_page(9)} == {None}
    again, at = replace(letter("a1", seconds=60), attempts=2, heat=LeadHeat("B", 4_000)), START + timedelta(seconds=60)
    store.settle(Settlement(dead=[again], parked=[replace(field("L1", seconds=60), heat=LeadHeat("B", 4_000))]), at)
    first = store.letters_page(1, cause=CAUSE)[0]
    assert (first.id, first.since, first.last, first.heat) == ("a1", START, at, LeadHeat("B", 4_000))
    (group,) = store.letter_groups()
    assert (group.first, group.last) == (START, at)
    (row, other) = store.parked_page(PARKED, 9)
    assert (row.link, row.since, row.last, row.heat, other.last) == ("L1", START, at, LeadHeat("B", 4_000), None)
    (of_fields,) = store.parked_groups()
    assert (of_fields.records, of_fields.first, of_fields.last) == (2, START, at)


def test_parked_fields_come_by_cause_and_page_by_page(
    store: SqlStore, open_test_store: Callable[..., SqlStore]
) -> None:
    """By side, field and code; a link may have several. The hottest first; behind one that is gone there is nothing."""
    rows = [replace(field(f"L{n}", seconds=n), heat=LeadHeat("A", 100 * n) if n > 2 else UNRATED) for n in range(5)]
    others = [field("L1", "title"), field("L1", code="TOO_LONG", name="city")]
    store.settle(Settlement(parked=[*rows, *others]), START)
    open_test_store("other").settle(Settlement(parked=[field("L9")]), START)
    groups = [(each.side, each.field, each.code, each.records) for each in store.parked_groups()]
    assert groups == [(Side.CRM, "phone", "BAD", 5), (Side.CRM, "city", "TOO_LONG", 1), (Side.CRM, "title", "BAD", 1)]
    assert (store.parked_groups()[1].reason, store.parked_groups()[1].advice) == ("why TOO_LONG", "do TOO_LONG")
    found: list[str] = []
    while page := store.parked_page(PARKED, 2, after=found[-1] if found else None):
        found += [row.link for row in page]
    assert found == ["L4", "L3", "L0", "L1", "L2"]
    assert [row.link for row in store.parked_page(PARKED, None)] == found
    assert store.parked_page(PARKED, 2, after="nothing") == []


def test_causes_and_their_pages_are_answered_by_an_index(store: SqlStore) -> None:
    """A hundred thousand of them are neither sorted nor looked at row by row."""
    if store.engine.dialect.name != "sqlite":
        return  # PostgreSQL plans by what it has counted, and of few rows it reads them all
    heard: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: heard.append(told[2]))
    filled(store)
    store.settle(Settlement(parked=[field("L1"), field("L2")]), START)
    heard.clear()
    store.letter_groups()
    store.letters_page(2, cause=CAUSE, after="a1")
    store.parked_groups()
    store.parked_page(PARKED, 2, after="L1")
    asked = [each for each in heard if "GROUP BY" in each or "LIMIT" in each]
    assert len(asked) == 4
    for each in asked:
        with store.engine.connect() as line:
            plan = line.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}", ("main",) * each.count("?")).fetchall()
        told = " / ".join(row[-1] for row in plan)
        assert "_cause" in told, told
        assert "SCAN" not in told.replace("SCAN CONSTANT", ""), told
        assert ("B-TREE FOR ORDER BY" in told) is ("GROUP BY" in each), told  # groups are few, and sorted by number
        assert ("COVERING" in told) is ("GROUP BY" in each), told


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
    with pytest.raises(PlaceGone):
        store.runs(9, before="nothing")


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
