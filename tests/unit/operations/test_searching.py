"""Finding records in the store by what somebody types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.link import Base, Link, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Canonical, Pair
from syncd.operations import searching
from syncd.operations.searching import search, title_of
from syncd.ports.store import Settlement
from syncd.store import SqlStore, open_store
from tests.fakes import START, FakeChance, FakeClock

OBJECTS = {"person": Pair(("contacts",), ("Lead", "Contact")), "company": Pair(("companies",), ("Account",))}
PEOPLE: dict[str, dict[str, Canonical]] = {
    "l1": {"email": "ada.lovelace@example.com", "first_name": "Ada", "last_name": "Lovelace"},
    "l2": {"email": "ada@acme.example", "first_name": "Ada", "last_name": "Smith-Jones"},
    "l3": {"email": "zoe@acme.example", "first_name": "Zoë", "last_name": "Ada"},
    "l4": {"name": "Acme Works", "website": "acme.example"},
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """With three people and a company."""
    made = open_store(f"sqlite:///{tmp_path}/state.db", "main", clock=FakeClock(), chance=FakeChance(0))
    settlement = Settlement()
    for number, (id, agreed) in enumerate(PEOPLE.items()):
        kind, left, right = ("company", "companies", "Account") if "name" in agreed else ("person", "contacts", "Lead")
        refs = Pair(RemoteRef(left, f"{50 + number}"), RemoteRef(right, f"00Q{number}"))
        settlement.links.append(Link(id, kind, refs, Proof.MATCHED, START))
        settlement.bases.append((id, Base(agreed, Pair({}, {}))))
    made.settle(settlement, START)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada.lovelace@example.com", ["l1"]),
        ("ADA.love", ["l1"]),
        ("ada@ac", ["l2"]),
        ("love", ["l1"]),
        ("jones", ["l2"]),
        ("ada smi", ["l2"]),
        ("lovelace, ada", ["l1"]),
        ("ada zoe", ["l3"]),
        ("zoë", ["l3"]),
        ("works", ["l4"]),
        ("50", ["l1"]),
        ("00Q1", ["l2"]),
        ("Lead/00Q1", ["l2"]),
        ("crm:Account/00Q3", ["l4"]),
        ("marketing:00Q1", []),
        ("link:l3", ["l3"]),
        ("link:nothing", []),
        ("", []),
        ("   ", []),
        ("'; DROP TABLE link; --", []),
        ("nobody at all", []),
        ("\x00\u202e", []),
    ],
)
def test_what_is_typed_finds(store: SqlStore, text: str, found: list[str]) -> None:
    """An address or words of a name by how they begin, in any order; ids in every form."""
    assert [each.link.id for each in search(store, text, objects=OBJECTS, limit=9).found] == found


def test_there_may_be_more(store: SqlStore) -> None:
    """Then it says so."""
    some = search(store, "ada", objects=OBJECTS, limit=2)
    assert (len(some.found), some.more) == (2, True)
    every = search(store, "ada", objects=OBJECTS, limit=3)
    assert (len(every.found), every.more) == (3, False)


def test_a_word_that_too_many_have_is_looked_for_in_names(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list is cut off, and those of the other word are read."""
    monkeypatch.setattr(searching, "WITHIN", 2)
    assert [each.link.id for each in search(store, "ada jones", objects=OBJECTS, limit=9).found] == ["l2"]
    assert search(store, "ada works", objects=OBJECTS, limit=9).found == []


def test_records_have_titles() -> None:
    """A name with the address beside it, or the address alone."""
    assert title_of(PEOPLE["l1"]) == ("Ada Lovelace", "ada.lovelace@example.com")
    assert title_of({"email": "a@x.com", "last_name": None}) == ("a@x.com", "")
    assert title_of({}) == ("", "")
