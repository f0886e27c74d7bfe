"""Words to find people by, on SQLite and PostgreSQL: they follow the base, and go with whoever is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from syncd.model.link import Base, Forgotten, Link, LinkState, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Canonical, Pair
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from syncd.store.words import index_all
from tests.fakes import START


def link(id: str) -> Link:
    """A person."""
    return Link(id, "person", Pair(RemoteRef("contacts", id), RemoteRef("Lead", id)), Proof.MATCHED, START)


def settled(store: SqlStore, id: str, **agreed: Canonical) -> None:
    """Stores a person with these values."""
    store.settle(Settlement(links=[link(id)], bases=[(id, Base(agreed, Pair({}, {})))]), START)


def test_people_are_found_by_how_a_word_begins(store: SqlStore) -> None:
    """An address is one word; a name as many as it has, folded; other fields are no names."""
    settled(store, "ada", email="ada.l@example.com", first_name="Ada", last_name="Lovelace-King", city="Paris")
    settled(store, "zoe", email="zoe@example.com", first_name="Zoë", last_name="Ünal", company_name="Ada Works")
    assert store.links_with("ada", 9) == ["ada", "zoe"]
    assert store.links_with("ada.l@ex", 9) == ["ada"]
    assert store.links_with("king", 9) == ["ada"]
    assert store.links_with("unal", 9) == ["zoe"]
    assert store.links_with("paris", 9) == []
    assert store.links_with("example", 9) == []
    assert store.links_with("a", 1) == ["ada"]


@pytest.mark.parametrize("hostile", ["%", "_", "\\", "'", "\N{REPLACEMENT CHARACTER}"])
def test_no_letter_means_anything(store: SqlStore, hostile: str) -> None:
    """Neither a pattern nor a quote."""
    settled(store, "ada", email="ada@example.com")
    assert store.links_with(hostile, 9) == []


def test_words_follow_the_base(store: SqlStore) -> None:
    """What a name was before finds nobody; a name that stayed is not written again."""
    settled(store, "ada", first_name="Ada", last_name="Byron")
    settled(store, "ada", first_name="Ada", last_name="King", title="Countess")
    assert [store.links_with(word, 9) for word in ("ada", "byron", "king")] == [["ada"], [], ["ada"]]
    settled(store, "ada", first_name=None, last_name="King")
    assert store.links_with("ada", 9) == []


def test_connections_do_not_find_each_other_s(store: SqlStore, open_test_store: Callable[..., SqlStore]) -> None:
    """Each sees its own."""
    settled(store, "ada", first_name="Ada")
    assert open_test_store("other").links_with("ada", 9) == []


def test_whoever_is_forgotten_is_found_no_more(store: SqlStore) -> None:
    """No word of theirs is left in the table; those of others are."""
    settled(store, "ada", first_name="Ada", email="ada@example.com")
    settled(store, "bob", first_name="Bob")
    gone = replace(link("ada"), state=LinkState.FORGOTTEN)
    store.settle(Settlement(links=[gone], forgotten=[Forgotten(gone, ("ada@example.com",), ())]), START)
    with store.engine.connect() as tx:
        assert tx.execute(text("SELECT word FROM search_word")).scalars().all() == ["bob"]


def test_a_store_from_before_is_indexed(store: SqlStore) -> None:
    """The migration finds the same words as the settlement does, of every connection."""
    settled(store, "ada", first_name="Ada", email="ada@example.com")
    settled(store, "bob", first_name="Bob", email=None)
    with store.engine.begin() as tx:
        before = tx.execute(text("SELECT * FROM search_word ORDER BY word")).fetchall()
        tx.execute(text("DELETE FROM search_word"))
        tx.connection.info["writing"] = True
        index_all(tx)
        assert tx.execute(text("SELECT * FROM search_word ORDER BY word")).fetchall() == before
    assert len(before) == 3


def test_whoever_has_several_such_words_is_counted_once(store: SqlStore) -> None:
    """So many links are so many, though one of them has more words than that."""
    settled(store, "ada", first_name="Ada Adam Adan Adara", email="adb@example.com")
    settled(store, "bob", last_name="Adz")
    settled(store, "cyd", last_name="Adzu")
    assert [store.links_with("ad", limit) for limit in (1, 2, 3, 9)] == [
        ["ada"],
        ["ada", "bob"],
        ["ada", "bob", "cyd"],
        ["ada", "bob", "cyd"],
    ]
