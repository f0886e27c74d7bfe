"""The words in which sentinels are told: planted, edited, deleted, merged away, and other stores on their accounts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from syncd.model.values import Side
from syncd.operations.sentinel import carry_out
from syncd.operations.watching import remembered
from syncd.store import open_store
from tests.fakes import FakeChance
from tests.scenarios.steps import Schema, Steps, remapped
from tests.worlds import Both, open_world

OBJECTS = {Side.MARKETING: "companies", Side.CRM: "Account"}
"""Of what a sentinel is one, where companies are mapped."""
Ids = dict[Side, str]
"""Ids of sentinels."""


def plant(world: Steps) -> Ids:
    """Both sentinels planted; their ids."""
    carry_out(world.both.world)
    refs = remembered(world.both.store)
    assert {side: ref.object for side, ref in refs.items()} == OBJECTS
    return {side: ref.id for side, ref in refs.items()}


def says(world: Steps, ids: Ids, side: Side) -> str:
    """What a sentinel says."""
    if side is Side.MARKETING:
        return str(world.marketed(ids[side], "name", object_name="companies"))
    return str(world.sold(ids[side], "Name", object_name="Account"))


def edit(world: Steps, ids: Ids, side: Side, text: str) -> None:
    """Somebody renames it."""
    if side is Side.MARKETING:
        world.market(ids[side], object_name="companies", name=text)
    else:
        world.sell(ids[side], object_name="Account", Name=text)


def unkey(world: Steps, ids: Ids, side: Side, _text: str) -> None:
    """Somebody empties its key field."""
    if side is Side.MARKETING:
        world.market(ids[side], object_name="companies", syncd_crm_id="")
    else:
        world.sell(ids[side], object_name="Account", Syncd_Marketing_Id__c=None)


def delete(world: Steps, ids: Ids, side: Side, _text: str = "") -> None:
    """Somebody deletes it."""
    if side is Side.MARKETING:
        world.both.hubspot.archive("companies", ids[side])
    else:
        world.both.salesforce.delete("Account", ids[side])


def merge(world: Steps, ids: Ids, side: Side, _text: str) -> None:
    """Somebody merges it into another company."""
    if side is Side.MARKETING:
        other = world.both.hubspot.create("companies", {"name": "Acme"})
        world.both.hubspot.merge("companies", other, ids[side])
    else:
        other = world.both.salesforce.insert("Account", {"Name": "Acme"})
        world.both.salesforce.merge("Account", other, [ids[side]])


def elsewhere(both: Both, url: str = "sqlite://", seed: int = 77) -> Steps:
    """Another machine with a store of its own, on the same accounts."""
    store = open_store(url, "main", clock=both.clock, chance=FakeChance(seed))
    world = open_world(both.hubspot, both.salesforce, both.clock, store, both.settings)
    return Steps(replace(both, store=store, world=world))


def calls(world: Steps) -> int:
    """Calls of both vendors so far."""
    return len(world.both.hubspot.calls) + len(world.both.salesforce.calls)


def of_companies(folder: Path) -> Steps:
    """A mapping that makes companies on both sides, and clears titles."""

    def change(schema: Schema) -> None:
        schema["create"] = {
            "crm": [{"object": "Account", "when": "name != null"}],
            "marketing": [{"object": "companies", "when": "name != null"}],
        }
        schema["fields"]["description"]["clear"] = "both"

    return Steps(remapped(folder, change, kind="company"))


def reopened(both: Both, folder: Path) -> None:
    """A new process over the file that is there, which no witness beside it tells of."""
    (folder / "state.db.generation").unlink(missing_ok=True)
    both.store = open_store(f"sqlite:///{folder}/state.db", "main", clock=both.clock, chance=FakeChance(99))
    both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings)
