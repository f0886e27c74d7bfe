"""``syncd sentinel``: shown before it is done, done with --apply, and what status and doctor say of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from syncd.cli.call import Call
from syncd.engine.readonly import ReadOnly
from syncd.engine.world import World
from syncd.model.values import Side
from syncd.operations.watching import remembered
from syncd.ports.memory import NOT_ITSELF, PLANTED
from syncd.store import SqlStore, open_store
from tests.fakes import FakeChance
from tests.unit.cli.conftest import AT, Run
from tests.worlds import Both, open_both, open_world


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    """Two stand-ins, which the commands reach."""
    opened = open_both()

    @contextmanager
    def world(_: Call, *, read_only: bool) -> Iterator[World]:
        yield replace(opened.world, connectors=opened.world.connectors.map(ReadOnly)) if read_only else opened.world

    @contextmanager
    def memory(_: Call) -> Iterator[SqlStore]:
        yield opened.store

    monkeypatch.setattr(Call, "world", world)
    monkeypatch.setattr(Call, "memory", memory)
    yield opened
    opened.store.close()


def test_it_is_shown_then_made_then_given_up(run: Run, both: Both) -> None:
    """Without --apply nothing is done and the exit code is 1; afterwards there is nothing left to do."""
    assert run("sentinel", "show").code == 1
    said = run("sentinel", "plant")
    assert said.code == 1
    assert "marketing: create companies" in said.out
    assert "nothing was done; run it again with --apply" in said.out
    assert not remembered(both.store)
    told = run("sentinel", "plant", "--apply", "--json")
    assert told.code == 0
    assert told.json["applied"]
    assert [(step["side"], step["deed"], step["object"]) for step in told.json["steps"]] == [
        ("marketing", "create", "companies"),
        ("crm", "create", "Account"),
    ]
    assert "nothing to do" in run("sentinel", "plant").out
    assert run("sentinel", "plant", "--apply").code == 0
    shown = run("sentinel", "show", "--json")
    assert shown.code == 0
    assert {row["state"] for row in shown.json["sentinels"]} == {"as planted"}
    assert all("syncd sentinel, please keep" in row["says"] for row in shown.json["sentinels"])
    assert run("sentinel", "remove").code == 1
    assert remembered(both.store)
    said = run("sentinel", "remove", "--apply")
    assert said.code == 0
    assert "is watched no longer" in said.out
    assert "no sentinel is planted" in run("sentinel", "remove").out
    assert "not remembered" in run("sentinel", "show").out


def test_another_stores_is_only_adopted(run: Run, both: Both) -> None:
    """`plant` refuses it (exit 3) and names the command; `adopt` takes it over."""
    assert run("sentinel", "plant", "--apply").code == 0
    mine = both.world
    store = open_store("sqlite://", "main", clock=both.clock, chance=FakeChance(77))
    both.world = open_world(both.hubspot, both.salesforce, both.clock, store, both.settings)
    refused = run("sentinel", "plant", "--apply")
    assert refused.code == 3
    assert "syncd sentinel adopt --apply" in refused.failure["what"]
    said = run("sentinel", "adopt")
    assert said.code == 1
    assert "marketing: adopt companies/" in said.out
    assert run("sentinel", "adopt", "--apply").code == 0
    assert run("sentinel", "show").code == 0
    both.world = mine
    assert "another store's" in run("sentinel", "show").out
    store.close()


def test_an_edited_one_is_shown_and_mended(run: Run, both: Both) -> None:
    """What it says now, and that planting again writes it anew."""
    assert run("sentinel", "plant", "--apply").code == 0
    both.hubspot.edit("companies", remembered(both.store)[Side.MARKETING].id, {"name": "Acme"})
    said = run("sentinel", "show")
    assert said.code == 1
    assert "edited" in said.out
    assert "Acme" in said.out
    assert "marketing: rewrite companies/" in run("sentinel", "plant", "--apply").out
    assert run("sentinel", "show").code == 0


def test_status_says_which_side_is_not_itself(run: Run, store: SqlStore) -> None:
    """In words, in JSON and by its exit code; over, it is gone."""
    assert run("status").code == 0
    store.remember(NOT_ITSELF.format(side=Side.CRM), b"crm: the sentinel Account/001 is gone", AT)
    said = run("status")
    assert said.code == 1
    assert "not itself: crm: the sentinel Account/001 is gone" in said.out
    (told,) = run("status", "--json").json["connections"]
    assert told["not_itself"] == {"crm": "crm: the sentinel Account/001 is gone"}
    assert told["waits"]
    store.remember(NOT_ITSELF.format(side=Side.CRM), b"", AT)
    store.remember(PLANTED.format(side=Side.CRM), b"", AT)
    assert run("status").code == 0
