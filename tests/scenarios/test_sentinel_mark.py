"""The mark on a sentinel tells that the store is an older copy, or a clone: compared, not believed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.model.errors import RetryLater
from syncd.model.run import RunState
from syncd.model.values import SIDES, Side
from syncd.operations.restoring import accept_restored
from syncd.operations.sentinel import carry_out, sentinels
from syncd.operations.watching import strange
from tests.scenarios.sentinels import (
    elsewhere,
    plant,
    reopened,
    says,
)
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import open_both


@pytest.fixture
def world() -> Steps:
    """Two empty stand-ins and a world over them."""
    return Steps(open_both())


# -- the mark --------------------------------------------------------------------------------------------------------
def test_the_mark_moves_on_at_most_once_an_hour_and_only_after_a_write(world: Steps) -> None:
    """On the marketing side; the crm's record is never touched, and an idle connection touches nobody's."""
    contact, _ = world.pair()
    ids = plant(world)
    first = {side: says(world, ids, side) for side in SIDES}
    for _ in range(3):
        world.cycle()
    assert {side: says(world, ids, side) for side in SIDES} == first, "idle"
    world.market(contact, city="Ulm")
    world.cycle(after=600.0)
    second = says(world, ids, Side.MARKETING)
    assert second != first[Side.MARKETING]
    world.market(contact, city="Bonn")
    world.cycle(after=600.0)
    world.cycle(after=600.0)
    assert says(world, ids, Side.MARKETING) == second, "within the hour"
    world.cycle(after=HOUR)
    assert says(world, ids, Side.MARKETING) != second
    assert says(world, ids, Side.CRM) == first[Side.CRM]
    assert not world.counts()


def test_a_mark_that_the_vendor_did_not_take_is_no_trouble(world: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused once, the old words go on being right; the next hour writes new ones."""
    contact, _ = world.pair()
    ids = plant(world)
    before = says(world, ids, Side.MARKETING)
    connector = world.both.world.connectors.marketing

    def busy(*_: object) -> object:
        raise RetryLater("HubSpot has no time")

    monkeypatch.setattr(connector, "write", busy)
    for n in range(3):
        world.market(contact, city=f"Ulm {n}")
        world.cycle()
    assert says(world, ids, Side.MARKETING) == before
    monkeypatch.undo()
    world.market(contact, city="Bonn")
    world.cycle()
    assert says(world, ids, Side.MARKETING) != before
    world.cycle()
    assert not strange(world.both.store)
    assert world.both.store.restored() is None


def test_an_older_copy_without_a_witness_is_noticed(tmp_path: Path) -> None:
    """As a restored PostgreSQL: no file beside the store tells, but the sentinel does; compared, accepted, goes on."""
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    world = Steps(both)
    contact, lead = world.pair()
    ids = plant(world)
    world.cycle()
    both.store.close()
    shutil.copy(tmp_path / "state.db", tmp_path / "backup.db")
    reopened(both, tmp_path)
    world.market(contact, city="Ulm")
    world.cycle()
    world.cycle()
    assert world.sold(lead, "City") == "Ulm"
    marked = says(world, ids, Side.MARKETING)
    both.store.close()
    for each in tmp_path.glob("state.db*"):
        each.unlink()
    shutil.copy(tmp_path / "backup.db", tmp_path / "state.db")
    reopened(both, tmp_path)
    assert both.store.restored() is None, "without the file nothing is noticed by the store itself"
    before = world.written()
    both.clock.advance(HOUR)
    ended = sync(both.world)
    assert ended.run.state is RunState.HELD
    restored = both.store.restored()
    assert restored is not None
    assert "an older copy" in restored.why
    assert world.written() == before
    assert says(world, ids, Side.MARKETING) == marked
    assert accept_restored(both.store, "test")
    for _ in range(3):
        world.cycle()
    assert both.store.restored() is None, "noticed once"
    assert world.sold(lead, "City") == "Ulm"


def test_a_clone_is_noticed_by_whoever_comes_second(tmp_path: Path) -> None:
    """Two machines from one image: the one that finds the other's mark stops and compares."""
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    world = Steps(both)
    contact, _ = world.pair()
    plant(world)
    world.cycle()
    both.store.close()
    clone = tmp_path / "clone"
    clone.mkdir()
    shutil.copy(tmp_path / "state.db", clone / "state.db")
    reopened(both, tmp_path)
    twin = elsewhere(both, f"sqlite:///{clone}/state.db")
    twin.market(contact, city="Ulm")
    twin.cycle()
    twin.cycle()
    for _ in range(30):  # idle, but busier than the clone: its generation has come further
        both.store.release_lease(both.store.take_lease("x", both.clock.now(), both.clock.now()))  # type: ignore[arg-type]
    both.clock.advance(HOUR)
    assert sync(both.world).run.state is RunState.HELD
    restored = both.store.restored()
    assert restored is not None
    assert "another copy of this store" in restored.why


def test_a_store_from_before_the_planting_takes_it_up_as_a_copy(tmp_path: Path) -> None:
    """It remembers no sentinel; planting finds one that a later state of it wrote."""
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    world = Steps(both)
    world.pair()
    both.store.close()
    shutil.copy(tmp_path / "state.db", tmp_path / "backup.db")
    reopened(both, tmp_path)
    world.cycle()
    world.cycle()
    plant(world)
    both.store.close()
    for each in tmp_path.glob("state.db*"):
        each.unlink()
    shutil.copy(tmp_path / "backup.db", tmp_path / "state.db")
    reopened(both, tmp_path)
    assert {str(each.severity) for each in sentinels(both.world, ())} == {"risk"}
    carry_out(both.world)
    restored = both.store.restored()
    assert restored is not None
    assert "an older copy" in restored.why
