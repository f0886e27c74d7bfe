"""``syncd drift``: what rests, letting it go on, and what it says to slips."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.cli.call import Call
from syncd.engine.cycle import sync
from syncd.engine.world import World
from syncd.model.drift import Definition, Drift, Resting, read_drift, write_drift
from syncd.model.mapping import KindMapping
from syncd.model.remote import RemoteSchema
from syncd.model.values import Pair, Side
from syncd.operations.drift import resting
from syncd.ports.memory import DRIFT
from syncd.store import SqlStore
from tests.unit.cli.conftest import AT, Run
from tests.worlds import open_both


def _rest(store: SqlStore) -> None:
    """One field whose list lost an option, and one that does not fit any more."""
    rests = {
        "industry": Resting("person", "industry", Side.CRM, "Lead.Industry", "its list has no 'Banking' any more", AT),
        "title": Resting("person", "title", None, "", "Lead.Title is read-only for syncd", AT),
    }
    known = {
        "industry crm:Lead.Industry": Definition("picklist", ("Banking",)),
        "title crm:Lead.Title": Definition("string"),
    }
    store.remember(DRIFT, write_drift({"person": Drift.of(known, rests, "x")}), AT)


def test_what_rests_waits_for_a_person(run: Run, store: SqlStore) -> None:
    """Listed with what to type, counted by status, and its exit code says so; nothing rests at first."""
    assert (run("drift", "list").code, run("drift", "list").out.strip()) == (0, "no field rests")
    _rest(store)
    said = run("drift", "list")
    assert said.code == 1
    assert "person.industry: crm changed Lead.Industry: its list has no 'Banking' any more" in said.out
    assert "drift accept person.industry" in said.out
    told = run("drift", "list", "--json").json["resting"]
    assert [(row["field"], row["side"], row["place"]) for row in told] == [
        ("industry", "crm", "Lead.Industry"),
        ("title", None, ""),
    ]
    status = run("status", "--json")
    assert status.code == 1
    assert [row["field"] for row in status.json["connections"][0]["resting"]] == ["industry", "title"]
    assert "at rest: person.industry" in run("status").out


def test_one_left_to_the_native_connector_is_told_as_that(run: Run, store: SqlStore) -> None:
    """When it was last written, and what has to be so before it may go on; what an earlier version kept is read."""
    _rest(store)
    change = "the native connector writes contacts.city in 3"
    rest = Resting("person", "city", Side.MARKETING, "contacts.city", change, AT, AT)
    earlier = read_drift(store.recall(DRIFT)[0])["person"]  # type: ignore[index]
    older = replace(earlier, rests=[{k: v for k, v in row.items() if k != "native"} for row in earlier.rests])
    kept = {**older.resting("person"), "city": rest}
    store.remember(DRIFT, write_drift({"person": Drift.of(earlier.known(), kept, "x")}), AT)
    said = run("drift", "list")
    assert f"person.city: {change}" in said.out
    assert "once it writes the field no more: " in said.out
    told = run("drift", "list", "--json").json["resting"]
    assert [(row["field"], row["native"] is None) for row in told] == [
        ("industry", True),
        ("title", True),
        ("city", False),
    ]


@pytest.fixture
def world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world of that configuration's store, both vendors at hand, and an industry that rests."""
    both = open_both(f"sqlite:///{folder}/syncd.db")

    @contextmanager
    def at_hand(_: Call, *, read_only: bool) -> Iterator[World]:
        assert read_only
        yield both.world

    monkeypatch.setattr(Call, "world", at_hand)
    sync(both.world)
    _rest(both.store)
    yield both.world
    both.store.close()


def test_a_field_is_let_go_on(run: Run, world: World) -> None:
    """It is told who compares what is there; the others stay as they are."""
    said = run("drift", "accept", "person.industry")
    assert said.code == 0
    assert "person.industry goes on with the next cycle" in said.out
    assert "no daemon works: every person is compared by industry by syncd" in said.out
    assert "resync --all --kind person --fields industry, else by the next daemon" in said.out
    (asked,) = run("resync", "--list", "--json").json["resyncs"]
    assert asked["asked"] == {"fields": ["industry"], "kinds": ["person"], "sides": ["marketing", "crm"]}
    noted = world.store.recall(DRIFT)
    assert noted is not None
    assert read_drift(noted[0])["person"].known()["industry crm:Lead.Industry"].options != ("Banking",)
    assert run("drift", "accept", "--all").out.strip() == "no field rests that could go on"
    assert len(run("resync", "--list", "--json").json["resyncs"]) == 1


def test_what_is_in_shadow_is_compared_once_it_is_live(run: Run, world: World) -> None:
    """No daemon would do it before, and `resync` refuses."""
    world.connection = replace(world.connection, mode="shadow")
    said = run("drift", "accept", "--all")
    assert "every person is compared by industry once the connection is live" in said.out


def test_what_cannot_go_on_is_told(run: Run, world: World) -> None:
    """A field that its vendor has no more rests on; one that left the mapping is named."""
    (person,) = (kind for kind in world.connection.kinds if kind.kind == "person")
    verify = world.verify

    def without(kind: KindMapping, schemas: Pair[RemoteSchema]) -> KindMapping:
        verified = verify(kind, schemas)
        return replace(verified, fields=tuple(each for each in verified.fields if each.name != "industry"))

    world.verify = without
    world.verified.clear()  # what fitted before was held against the same schemas
    said = run("drift", "accept", "person.industry")
    assert (said.code, "person.industry rests on: the mapping does not fit" in said.out) == (1, True)
    fields = tuple(each for each in person.fields if each.name != "industry")
    world.connection = replace(world.connection, kinds=(replace(person, fields=fields),))
    said = run("drift", "accept", "person.industry")
    assert (said.code, "person.industry rests no longer" in said.out) == (0, True)
    assert run("resync", "--list", "--json").json["resyncs"] == []


def test_without_a_credential_nothing_is_accepted(run: Run, store: SqlStore) -> None:
    """What the vendors have now cannot be known."""
    _rest(store)
    said = run("drift", "accept", "person.industry")
    assert (said.code, "absent/token" in said.err) == (2, True)
    assert len(resting(store)) == 2


def test_slips_are_refused_with_what_there_is(run: Run, store: SqlStore) -> None:
    """No name, a strange one, one that does not fit."""
    assert "or say --all" in run("drift", "accept").failure["what"]
    assert "no field does" in run("drift", "accept", "person.nobody").failure["what"]
    _rest(store)
    assert "those that do: person.industry" in run("drift", "accept", "person.nobody").failure["what"]
    refused = run("drift", "accept", "person.title")
    assert refused.code == 2
    assert "goes on by itself once it fits again" in refused.failure["what"]
    assert len(resting(store)) == 2
