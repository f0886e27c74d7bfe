"""The sentinels are planted, and the sync never sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.veil import Veiled
from syncd.lab.agreement import agreement, holds
from syncd.lab.listed import Listed
from syncd.model.errors import BadUsage, RetryLater
from syncd.model.link import LinkState
from syncd.model.remote import Cursor, Page, RemoteRef, Shape
from syncd.model.sentinel import MARKER, TITLE, Inscription, Planted
from syncd.model.values import SIDES, Pair, Side
from syncd.operations.sentinel import carry_out, look, sentinels, steps
from syncd.operations.watching import give_up, remembered
from syncd.ports.memory import PLANTED
from tests.scenarios.resyncs import carried_out, wanted
from tests.scenarios.sentinels import OBJECTS, edit, of_companies, plant, says, unkey
from tests.scenarios.steps import Steps
from tests.worlds import open_both


@pytest.fixture
def world() -> Steps:
    """Two empty stand-ins and a world over them."""
    return Steps(open_both())


# -- planting --------------------------------------------------------------------------------------------------------
def test_both_are_made_and_named_for_people(world: Steps) -> None:
    """Shown first; then made once, with words that a person can read; made again, nothing is left to do."""
    world.pair()
    before = world.written()
    shown = steps(world.both.world, look(world.both.world), adopt=False)
    assert [(step.side, step.object, step.ref) for step in shown] == [
        (Side.MARKETING, "companies", None),
        (Side.CRM, "Account", None),
    ]
    assert world.written() == before
    ids = plant(world)
    for side in SIDES:
        told = Inscription.read(says(world, ids, side))
        assert told is not None
        assert told.connection == "main"
        assert told.account == world.both.store.bound()[side].account
        assert world.both.store.mark().identity.startswith(told.store)
        assert str(told).startswith(TITLE)
        assert len(str(told)) < 255
    assert not carry_out(world.both.world)
    assert all(sight.well for sight in look(world.both.world))
    world.quiet()


def test_where_no_company_is_mapped_it_is_a_lead(tmp_path: Path) -> None:
    """A person without an address on the marketing side, a Lead on the other."""
    world = Steps(open_both())
    both = world.both
    people = replace(both.world.connection, kinds=tuple(k for k in both.world.connection.kinds if k.kind == "person"))
    both.world = replace(both.world, connection=people)
    carry_out(both.world)
    refs = remembered(both.store)
    assert {side: ref.object for side, ref in refs.items()} == {Side.MARKETING: "contacts", Side.CRM: "Lead"}
    assert world.sold(refs[Side.CRM].id, "LastName") == TITLE
    assert Inscription.read(world.sold(refs[Side.CRM].id, "Company"))
    assert world.marketed(refs[Side.MARKETING].id, "email") is None
    world.pair()
    assert len(world.live("Lead")) == 2
    assert len(world.contacts()) == 2


def test_in_shadow_none_is_planted(world: Steps) -> None:
    """Shadow mode writes nothing to anybody."""
    world.both.world = replace(world.both.world, connection=replace(world.both.world.connection, mode="shadow"))
    with pytest.raises(BadUsage, match="shadow"):
        carry_out(world.both.world)
    assert not world.written()


def test_a_lost_answer_makes_no_second_one(world: Steps) -> None:
    """The store does not know of it, the vendors do: it is found by its key and taken up."""
    ids = plant(world)
    for side in SIDES:
        world.both.store.remember(PLANTED.format(side=side), b"", world.both.clock.now())
    assert [str(step.deed) for step in carry_out(world.both.world)] == ["take up", "take up"]
    assert {side: ref.id for side, ref in remembered(world.both.store).items()} == ids
    assert world.both.store.restored() is None
    world.cycle()


# -- the sync leaves it alone ----------------------------------------------------------------------------------------
def test_the_sync_never_sees_it(tmp_path: Path) -> None:
    """Companies are made on both sides, but not of sentinels: by the first link, cycles, compares, sweeps, resyncs."""
    world = of_companies(tmp_path)
    ids = plant(world)
    world.both.hubspot.create("companies", {"name": "Acme"})
    world.cycle()
    assert len(world.live("Account")) == 2
    before = {side: says(world, ids, side) for side in SIDES}
    for full in (False, True, False, False, False, False, False, False):
        world.both.clock.advance(60.0)
        ended = sync(world.both.world, full=full, steady=not full)
        assert not ended.run.counts, dict(ended.run.counts)
    named = [f"marketing:companies/{ids[Side.MARKETING]}", f"crm:Account/{ids[Side.CRM]}"]
    everything = wanted(world, everything=True, kinds=("company",))
    assert carried_out(world, everything)
    assert carried_out(world, replace(everything, records=tuple(named)))
    assert {side: says(world, ids, side) for side in SIDES} == before
    assert len(world.live("Account")) == 2
    assert len(world.both.hubspot.export()["companies"]) == 2
    for side in SIDES:
        assert not world.both.store.linked("company", side, [RemoteRef(OBJECTS[side], ids[side])])
    assert not world.both.store.conflicts()


def test_a_touched_one_is_no_change(tmp_path: Path) -> None:
    """The streams tell of it when somebody edits another field of it."""
    world = of_companies(tmp_path)
    world.both.hubspot.create("companies", {"name": "Acme"})
    world.cycle()
    ids = plant(world)
    world.market(ids[Side.MARKETING], object_name="companies", city="Ulm")
    world.sell(ids[Side.CRM], object_name="Account", Description="x")
    assert not world.counts()
    assert len(world.live("Account")) == 2


def test_it_counts_in_no_verdict(world: Steps) -> None:
    """The agreement of both exports knows it by its key."""
    world.pair()
    plant(world)
    exports = Pair(world.both.hubspot.export(), world.both.salesforce.export())
    verdicts = agreement(world.both.world.connection.kinds, exports, Listed())
    assert holds(verdicts)
    assert not any(verdict.apart for verdict in verdicts if verdict.kind == "company")


def test_a_side_that_shows_only_it_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not stand for the records that are hidden from syncd."""
    world = of_companies(tmp_path)
    made = world.both.hubspot.create("companies", {"name": "Acme"})
    world.cycle()
    plant(world)
    connector = world.both.world.connectors.marketing
    scan = connector.scan

    def blind(shape: Shape, after: Cursor | None = None, *, pages: int | None = None) -> Iterator[Page]:
        for page in scan(shape, after, pages=pages):
            yield replace(page, records=[record for record in page.records if record.ref.id != made])

    monkeypatch.setattr(connector, "scan", blind)
    with pytest.raises(RetryLater, match="no company at all"):
        sync(world.both.world, full=True)


def test_who_is_merged_into_it_is_gone(tmp_path: Path) -> None:
    """Its link does not move to the sentinel, and the sentinel keeps its words."""
    world = of_companies(tmp_path)
    made = world.both.hubspot.create("companies", {"name": "Acme"})
    world.cycle()
    account = str(world.marketed(made, "syncd_crm_id", object_name="companies"))
    ids = plant(world)
    before = says(world, ids, Side.CRM)
    world.both.salesforce.merge("Account", ids[Side.CRM], [account])
    world.cycle()
    ref = RemoteRef("Account", account)
    assert world.both.store.linked("company", Side.CRM, [ref])[ref].link.state is LinkState.TOMBSTONE
    assert says(world, ids, Side.CRM) == before
    assert not world.counts()


def test_the_veil_knows_its_own_without_a_marker(world: Steps) -> None:
    """Whatever became of its key: the record that the store planted is shown to nobody."""
    world.pair()
    ids = plant(world)
    unkey(world, ids, Side.CRM, "")
    planted = Planted.read(world.both.store.recall(PLANTED.format(side=Side.CRM)))
    assert planted is not None
    veiled = Veiled(world.both.world.connectors.crm, planted.ref)
    shape = world.both.world.planner("company").lens.shape(Side.CRM)
    assert not [record for page in veiled.scan(shape) for record in page.records]
    assert MARKER not in str(veiled.fetch(shape, [planted.ref]))


# -- not planted -----------------------------------------------------------------------------------------------------
def test_not_planted_nothing_stops(world: Steps) -> None:
    """The doctor has a hint, which is nothing to be mended; given up, it is the same, and the record is nobody."""
    world.pair()
    (hint,) = sentinels(world.both.world, ())
    assert str(hint.severity) == "notice"
    assert hint.where == "`syncd sentinel plant`"
    ids = plant(world)
    assert not list(sentinels(world.both.world, ()))
    assert give_up(world.both.store, world.both.clock.now()).keys() == set(SIDES)
    edit(world, ids, Side.CRM, "Acme")
    world.quiet()
    assert not remembered(world.both.store)
