"""A side that is not itself, or that another store keeps in step, is told by its sentinel, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.resync import asked_for
from syncd.model.errors import NotItself, SecondStore
from syncd.model.link import LinkState
from syncd.model.remote import RemoteRef
from syncd.model.run import RunState
from syncd.model.sentinel import Inscription
from syncd.model.values import SIDES, Side
from syncd.operations.restoring import accept_restored
from syncd.operations.sentinel import carry_out, look, sentinels
from syncd.operations.standing import what_waits
from syncd.operations.watching import strange
from tests.scenarios.resyncs import carried_out, wanted
from tests.scenarios.sentinels import (
    Ids,
    calls,
    delete,
    edit,
    elsewhere,
    merge,
    of_companies,
    plant,
    says,
    unkey,
)
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import open_both


@pytest.fixture
def world() -> Steps:
    """Two empty stand-ins and a world over them."""
    return Steps(open_both())


# -- a side that is not itself ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("wrong", [edit, unkey, delete, merge])
def test_nothing_is_written_while_a_side_is_not_itself(
    world: Steps, side: Side, wrong: Callable[[Steps, Ids, Side, str], None]
) -> None:
    """Deleted, edited, merged away, its key emptied: each stops both sides until it is mended."""
    contact, lead = world.pair()
    ids = plant(world)
    world.cycle()
    wrong(world, ids, side, "Syncd Sentinel, Please Keep")
    world.market(contact, city="Ulm")
    before = world.written()
    world.both.clock.advance(HOUR)
    for _ in range(2):
        with pytest.raises(NotItself, match=f"{side}: the sentinel"):
            sync(world.both.world)
    assert world.written() == before
    assert world.sold(lead, "City") is None
    assert set(strange(world.both.store)) == {side}
    waits = what_waits(world.both.store, world.both.clock.now())
    assert waits
    assert "nothing was written" in waits.strange[side]
    assert [str(each.severity) for each in sentinels(world.both.world, ())] == ["broken"]
    if wrong is merge and side is Side.MARKETING:  # the survivor has inherited the key
        with pytest.raises(NotItself, match="Empty that field"):
            carry_out(world.both.world)
        (survivor,) = (row["id"] for row in world.both.hubspot.export()["companies"] if not row["archived"])
        world.market(survivor, object_name="companies", syncd_crm_id="")
    carry_out(world.both.world)
    assert not strange(world.both.store)
    world.cycle()
    assert world.sold(lead, "City") == "Ulm"
    world.quiet()


@pytest.mark.parametrize("side", SIDES)
def test_undoing_the_edit_is_enough(world: Steps, side: Side) -> None:
    """The words are back: the next cycle goes on, and nothing is noted any more."""
    world.pair()
    ids = plant(world)
    was = says(world, ids, side)
    edit(world, ids, side, "Acme")
    world.both.clock.advance(HOUR)
    with pytest.raises(NotItself):
        sync(world.both.world)
    edit(world, ids, side, was)
    world.cycle()
    assert not strange(world.both.store)


def test_it_is_read_with_the_account_checks(world: Steps) -> None:
    """Every ten minutes; in between a cycle makes no call for it."""
    world.pair()
    ids = plant(world)
    world.cycle()
    idle = calls(world)
    world.cycle(after=30.0)
    idle = calls(world) - idle
    delete(world, ids, Side.CRM)
    world.cycle(after=30.0)
    before = calls(world)
    world.cycle(after=30.0)
    assert calls(world) - before <= idle
    with pytest.raises(NotItself):
        world.cycle(after=600.0)


def cleared(world: Steps, company: str) -> None:
    """Somebody empties a field that is emptied on the other side, too."""
    world.market(company, object_name="companies", description="")


def left(world: Steps, company: str) -> None:
    """Somebody deletes the company."""
    world.both.hubspot.archive("companies", company)


@pytest.mark.parametrize("deed", [cleared, left])
@pytest.mark.parametrize("side", SIDES)
def test_it_is_read_once_more_before_anything_is_taken_away(
    tmp_path: Path, side: Side, deed: Callable[[Steps, str], None]
) -> None:
    """Deleted half a minute after an account check: a clear, or the end of a link, is not carried out."""
    world = of_companies(tmp_path)
    made = world.both.hubspot.create("companies", {"name": "Acme", "description": "old"})
    world.cycle()
    account = str(world.marketed(made, "syncd_crm_id", object_name="companies"))
    ids = plant(world)
    world.cycle()
    deed(world, made)
    delete(world, ids, side)
    before = world.written()
    with pytest.raises(NotItself, match="is gone"):
        world.cycle(after=30.0)
    assert world.written() == before
    assert world.sold(account, "Description", object_name="Account") == "old"
    ref = RemoteRef("companies", made)
    assert world.both.store.linked("company", Side.MARKETING, [ref])[ref].link.state is LinkState.LIVE


@pytest.mark.parametrize("deed", [cleared, left])
def test_a_resync_reads_it_too(tmp_path: Path, deed: Callable[[Steps, str], None]) -> None:
    """A share that takes something away is not carried out; what was asked for waits."""
    world = of_companies(tmp_path)
    world.both.hubspot.create("companies", {"name": "Another"})
    made = world.both.hubspot.create("companies", {"name": "Acme", "description": "old"})
    world.cycle()
    account = str(world.marketed(made, "syncd_crm_id", object_name="companies"))
    ids = plant(world)
    world.cycle()
    everything = wanted(world, everything=True, kinds=("company",))
    deed(world, made)
    delete(world, ids, Side.CRM)
    with pytest.raises(NotItself, match="is gone"):
        carried_out(world, everything)
    assert world.sold(account, "Description", object_name="Account") == "old"
    assert asked_for(world.both.store)


def test_a_plan_that_takes_nothing_away_reads_it_no_more(world: Steps) -> None:
    """An ordinary change costs no call more."""
    contact, lead = world.pair()
    ids = plant(world)
    world.cycle()
    delete(world, ids, Side.CRM)
    world.market(contact, city="Ulm")
    world.cycle(after=30.0)
    assert world.sold(lead, "City") == "Ulm"


# -- other stores ----------------------------------------------------------------------------------------------------
def test_another_stores_stops_a_first_link(world: Steps) -> None:
    """A new, empty store on accounts that another one keeps in step: nothing is linked until it is adopted."""
    world.pair()
    plant(world)
    other = elsewhere(world.both)
    before = other.written()
    with pytest.raises(SecondStore, match=r"another syncd, store [0-9a-f]{12} since"):
        other.cycle()
    assert other.written() == before
    assert not other.both.store.count_links("person")
    with pytest.raises(SecondStore):
        carry_out(other.both.world)
    assert {str(each.severity) for each in sentinels(other.both.world, ())} == {"broken"}
    assert [str(step.deed) for step in carry_out(other.both.world, adopt=True)] == ["adopt", "adopt"]
    assert other.both.store.restored() is None  # nothing is linked here, so nothing is old
    other.cycle()
    assert other.both.store.count_links("person") == 1


def test_the_first_store_stops_once_another_has_adopted_it(world: Steps) -> None:
    """Each tells that the other is at work; taken back, both sides are compared before anything is written."""
    contact, lead = world.pair()
    ids = plant(world)
    other = elsewhere(world.both)
    carry_out(other.both.world, adopt=True)
    world.market(contact, city="Ulm")
    world.both.clock.advance(HOUR)
    before = world.written()
    with pytest.raises(SecondStore, match="adopt"):
        sync(world.both.world)
    assert world.written() == before
    assert [str(step.deed) for step in carry_out(world.both.world, adopt=True)] == ["adopt", "adopt"]
    restored = world.both.store.restored()
    assert restored is not None
    assert "another store" in restored.why
    world.both.clock.advance(HOUR)
    assert sync(world.both.world).run.state is RunState.HELD
    assert accept_restored(world.both.store, "test")
    assert Inscription.read(says(world, ids, Side.CRM)) is not None
    assert all(sight.well for sight in look(world.both.world))
    with pytest.raises(SecondStore):
        carry_out(other.both.world)
    assert lead


def test_another_accounts_copy_is_told(world: Steps) -> None:
    """Records that were copied here from elsewhere, a sandbox of production's for one, carry the other account's id."""
    world.pair()
    ids = plant(world)
    told = Inscription.read(says(world, ids, Side.MARKETING))
    assert told is not None
    edit(world, ids, Side.MARKETING, str(replace(told, account="999")))
    with pytest.raises(NotItself, match="the copy of another account's"):
        world.cycle()
