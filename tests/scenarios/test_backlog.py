"""What a daemon does after a long gap, and what `plan` proposes when a field was added: both end in a resync."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.bootstrap import read_only_fields
from syncd.engine.backlog import SURELY
from syncd.engine.cycle import plan_only, sync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.resync import Resync
from syncd.model.values import Side
from syncd.operations.forecast import forecast
from syncd.settings.loading import load
from tests.scenarios.resyncs import carried_out, linked_people, wanted
from tests.scenarios.steps import Steps, configured
from tests.worlds import ROOT, config_environment, open_world


@pytest.fixture
def pairs(steps: Steps) -> list[tuple[str, str]]:
    """Linked people in step: ids of contact and lead."""
    return linked_people(steps)


# -- a backlog ---------------------------------------------------------------------------------------------------------
def test_after_a_long_gap_what_is_fresh_goes_first(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """A daemon that comes back delivers a fresh change in its first cycle; the gap follows as a resync, both sides."""
    for contact, _ in pairs[:3]:
        steps.market(contact, jobtitle="In the gap")
    for _, lead in pairs[3:5]:
        steps.sell(lead, City="In the gap")
    steps.both.clock.advance(3600.0)
    steps.market(pairs[5][0], lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
    steps.both.clock.advance(20.0)
    sync(steps.both.world, steady=True)
    assert steps.sold(pairs[5][1], "Status") == "Working - Contacted"
    assert steps.sold(pairs[0][1], "Title") is None
    waiting = asked_for(steps.both.store)
    assert {(row.who, Resync.read(row.argument).sides) for row in waiting} == {
        ("engine", (Side.MARKETING,)),
        ("engine", (Side.CRM,)),
    }
    for request in waiting:
        assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert [steps.sold(lead, "Title") for _, lead in pairs[:3]] == ["In the gap"] * 3
    assert [steps.marketed(contact, "city") for contact, _ in pairs[3:5]] == ["In the gap"] * 2
    steps.quiet()


def test_a_backlog_ends_where_what_is_fresh_begins(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Our own writes of one side's backlog are no part of the other's: the stream shows them, once is enough."""
    for contact, _ in pairs[:3]:
        steps.market(contact, jobtitle="In the gap")
    for _, lead in pairs[3:6]:
        steps.sell(lead, City="In the gap")
    steps.both.clock.advance(3600.0)
    sync(steps.both.world, steady=True)
    now = steps.both.clock.now()
    waiting = [request for request in asked_for(steps.both.store) if "person" in request.id]
    assert [Resync.read(request.argument).until for request in waiting] == [now + SURELY] * 2
    for request in waiting:
        steps.both.clock.advance(60.0)
        assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    gone_by = steps.both.store.run(waiting[-1].id)
    assert gone_by is not None
    assert gone_by.counts["updated.crm"] == 3
    assert [steps.marketed(contact, "city") for contact, _ in pairs[3:6]] == ["In the gap"] * 3
    steps.quiet()


def test_a_cycle_by_hand_reads_its_gap_itself(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Nobody would carry a resync out after it."""
    steps.market(pairs[0][0], jobtitle="By hand")
    steps.both.clock.advance(86_400.0)
    sync(steps.both.world)
    assert steps.sold(pairs[0][1], "Title") == "By hand"
    assert asked_for(steps.both.store) == []


def test_a_conflict_in_the_gap_is_held_as_ever(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Both sides changed the address while nobody polled: one conflict, nothing written."""
    steps.market(pairs[0][0], email="a@example.com")
    steps.sell(pairs[0][1], Email="b@example.com")
    steps.both.clock.advance(3600.0)
    sync(steps.both.world, steady=True)
    for request in asked_for(steps.both.store):
        carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert steps.conflict().field == "email"
    assert steps.marketed(pairs[0][0], "email") == "a@example.com"
    assert steps.sold(pairs[0][1], "Email") == "b@example.com"


# -- a field that was added --------------------------------------------------------------------------------------------
def test_a_field_that_was_added_is_proposed_to_be_filled(tmp_path: Path) -> None:
    """`plan` names it while no linked record has it; the resync that it proposes fills it, and the proposal is gone."""
    without = configured(tmp_path / "before", lambda fields: fields.pop("title"))
    before = Steps(without)
    _, lead = before.pair(jobtitle="Head of Data")
    before.cycle()
    both = without
    loaded = load(ROOT / "config", config_environment(), read_only=read_only_fields())
    both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, loaded.connection(None))
    steps = Steps(both)
    plan = plan_only(both.world).plan
    assert forecast(both.world, plan).unfilled == ("title",)
    assert carried_out(steps, wanted(steps, everything=True, fields=["title"]))
    assert steps.sold(lead, "Title") == "Head of Data"
    assert forecast(both.world, plan_only(both.world).plan).unfilled == ()
