"""``syncd sync --list`` and ``--cancel``: what somebody asked a daemon for over the API, and the word that ends it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncd.model.run import FORGET, LINK_FIRST, RECREATE, Request
from syncd.store.store import SqlStore
from tests.unit.cli.conftest import AT, Run

FIRST = Request("5f1", "main", LINK_FIRST, "0a1b2c", "ana", AT)
ANEW = Request("5f2", "main", RECREATE, "b1:crm", "bea", AT + timedelta(minutes=1))


def test_what_waits_is_listed(run: Run, store: SqlStore) -> None:
    """Oldest first, with whose it is; other wishes are not among it, and no cycle is carried out."""
    assert "nothing waits" in run("sync", "--list").out
    for each in (ANEW, FIRST, Request("5f3", "main", FORGET, "{}", "cem", AT)):
        store.approve(each)
    told = run("sync", "--list")
    assert (told.code, told.out.index("first link 0a1b2c") < told.out.index("counterpart of link:b1")) == (0, True)
    assert "for its crm record" in told.out
    rows = run("sync", "--list", "--json").json["wishes"]
    assert [(row["id"], row["wish"], row["who"], row["digest"], row["link"], row["side"]) for row in rows] == [
        ("5f1", "link_first", "ana", "0a1b2c", None, None),
        ("5f2", "recreate", "bea", None, "b1", "crm"),
    ]


def test_one_is_taken_back(run: Run, store: SqlStore) -> None:
    """By the beginning of its id; what is none or several is refused with those there are."""
    for each in (FIRST, ANEW):
        store.approve(each)
    several = run("sync", "--cancel", "5f")
    assert (several.code, "several wishes" in several.failure["what"]) == (2, True)
    told = run("sync", "--cancel", "5f1")
    assert (told.code, told.out) == (0, "wish 5f1 is taken back\n")
    assert [each.id for each in store.requests()] == ["5f2"]
    again = run("sync", "--cancel", "5f1")
    assert (again.code, "5f2" in again.failure["what"]) == (2, True)


def test_one_is_taken_back_by_a_program(run: Run, store: SqlStore) -> None:
    """The wish as it stood, and whether a turn may have begun with it."""
    store.approve(FIRST)
    told = run("sync", "--cancel", "5f1", "--json").json["cancelled"]
    assert (told["id"], told["who"], told["digest"], told["at_work"]) == ("5f1", "ana", "0a1b2c", False)


@pytest.mark.parametrize("words", [("--list",), ("--cancel", "5f1")])
def test_a_paused_connection_is_looked_at_all_the_same(run: Run, store: SqlStore, words: tuple[str, ...]) -> None:
    """That is when something waits for long."""
    store.approve(FIRST)
    assert run("pause").code == 0
    assert run("sync", *words).code == 0


def test_a_turn_under_way_is_told(run: Run, store: SqlStore) -> None:
    """It may have begun with what is taken back."""
    from syncd.system import SystemClock

    store.approve(FIRST)
    now = SystemClock().now()
    assert store.take_lease("somebody", now, now + timedelta(minutes=1)) is not None
    assert "a turn is under way" in run("sync", "--cancel", "5f1").out
