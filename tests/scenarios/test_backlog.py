"""What a daemon does after a long gap, and what `plan` proposes when a field was added: both end in a resync."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.hubspot import search
from syncd import system
from syncd.bootstrap import read_only_fields
from syncd.engine import resync
from syncd.engine.backlog import CUT
from syncd.engine.cycle import plan_only, sync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.resync import Resync
from syncd.model.values import Side
from syncd.operations.forecast import forecast
from syncd.ports.system import Ahead, as_asked
from syncd.settings.loading import load
from syncd.system import read_ahead
from tests.scenarios.resyncs import carried_out, latest, linked_people, wanted
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
    assert {(row.who, Resync.read(row.argument).sides) for row in waiting} == {("engine", (Side.MARKETING, Side.CRM))}
    for request in waiting:
        assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert [steps.sold(lead, "Title") for _, lead in pairs[:3]] == ["In the gap"] * 3
    assert [steps.marketed(contact, "city") for contact, _ in pairs[3:5]] == ["In the gap"] * 2
    steps.quiet()


def test_polls_that_are_far_apart_are_no_gap(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Where the daemon polls by the hour, an hour's changes are read at once; of three hours it leaves a backlog."""
    steps.both.world.poll = 3600.0
    steps.market(pairs[0][0], jobtitle="Within the hour")
    steps.both.clock.advance(3600.0)
    sync(steps.both.world, steady=True)
    assert steps.sold(pairs[0][1], "Title") == "Within the hour"
    assert not asked_for(steps.both.store)
    steps.both.clock.advance(3 * 3600.0)
    sync(steps.both.world, steady=True)
    assert asked_for(steps.both.store)


def test_a_backlog_ends_where_what_is_fresh_begins(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Our own writes of one side's backlog are no part of the other's: the stream shows them, once is enough."""
    for contact, _ in pairs[:3]:
        steps.market(contact, jobtitle="In the gap")
    for _, lead in pairs[3:6]:
        steps.sell(lead, City="In the gap")
    steps.both.clock.advance(3600.0)
    sync(steps.both.world, steady=True)
    now = steps.both.clock.now()
    (waiting,) = [request for request in asked_for(steps.both.store) if "person" in request.id]
    assert {side: gap.end for side, gap in Resync.read(waiting.argument).gaps.items()} == dict.fromkeys(Side, now + CUT)
    steps.both.clock.advance(60.0)
    assert carry_on(steps.both.world, waiting, Met(), leave_off=lambda: False)
    gone_by = steps.both.store.run(waiting.id)
    assert gone_by is not None
    assert (gone_by.counts["updated.crm"], gone_by.counts["updated.marketing"]) == (3, 3)
    assert [steps.marketed(contact, "city") for contact, _ in pairs[3:6]] == ["In the gap"] * 3
    steps.quiet()


@pytest.mark.parametrize("ahead", [as_asked, read_ahead])
def test_a_backlog_is_left_off_and_gone_on_with(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, ahead: Ahead
) -> None:
    """Each turn leaves off after a share, whether it is read ahead or not: nothing is missed, nothing written twice."""
    monkeypatch.setattr(resync, "LOT", 1)
    monkeypatch.setattr(system, "WORTH", 0.0)  # a thread from the first page on
    steps.both.world.ahead = ahead
    for contact, _ in pairs[:3]:
        steps.market(contact, jobtitle="In the gap")
        steps.both.clock.advance(60.0)
    for _, lead in pairs[3:]:
        steps.sell(lead, City="In the gap")
        steps.both.clock.advance(60.0)
    steps.both.clock.advance(3600.0)
    sync(steps.both.world, steady=True)
    (waiting,) = [request for request in asked_for(steps.both.store) if "person" in request.id]
    turns = 1
    while not carry_on(steps.both.world, waiting, Met(), leave_off=lambda: True):
        turns += 1
    assert turns >= 2
    assert [steps.sold(lead, "Title") for _, lead in pairs[:3]] == ["In the gap"] * 3
    assert [steps.marketed(contact, "city") for contact, _ in pairs[3:]] == ["In the gap"] * len(pairs[3:])
    steps.quiet()


def test_what_the_index_still_shows_is_no_edit_of_the_gap(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cycle wrote the record a moment ago, and the search that a span is read by shows it as it was before."""
    contact, lead = pairs[0]
    steps.market(contact, city="Old")
    steps.cycle()
    steps.sell(lead, City="New")
    slow = replace(steps.both.hubspot.switches, index_lag=(30.0, 30.0))
    monkeypatch.setattr(steps.both.hubspot.portal.store("contacts"), "_switches", slow)
    steps.cycle()
    assert steps.marketed(contact, "city") == "New"
    assert carried_out(steps, wanted(steps, since="3h", kinds=["person"]))
    assert "updated.crm" not in latest(steps).counts
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == ("New", "New")


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
    without = configured(tmp_path / "before", lambda fields: fields.pop("city"))
    before = Steps(without)
    _, lead = before.pair(city="Bonn")
    before.cycle()
    both = without
    loaded = load(ROOT / "config", config_environment(), read_only=read_only_fields())
    both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, loaded.connection(None))
    steps = Steps(both)
    plan = plan_only(both.world).plan
    assert forecast(both.world, plan).unfilled == ("city",)
    assert carried_out(steps, wanted(steps, everything=True, fields=["city"]))
    assert steps.sold(lead, "City") == "Bonn"
    assert forecast(both.world, plan_only(both.world).plan).unfilled == ()


@pytest.mark.parametrize("side", Side)
def test_what_was_edited_in_the_gap_is_not_presumed_unchanged(
    steps: Steps, pairs: list[tuple[str, str]], side: Side
) -> None:
    """A fresh edit on one side, an edit of the gap on the other: both are weighed, whichever is read first."""
    contact, lead = pairs[0]
    if side is Side.CRM:
        steps.sell(lead, City="In the gap")
    else:
        steps.market(contact, city="In the gap")
    steps.both.clock.advance(3600.0)
    if side is Side.CRM:
        steps.market(contact, city="Fresh")
    else:
        steps.sell(lead, City="Fresh")
    steps.both.clock.advance(20.0)
    sync(steps.both.world, steady=True)
    wins = "In the gap" if side is Side.CRM else "Fresh"  # the CRM has the last word on cities
    assert steps.sold(lead, "City") == wins
    for request in asked_for(steps.both.store):
        assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == (wins, wins)
    steps.quiet()


def test_while_the_gap_waits_nobody_is_presumed_unchanged(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """The cycles between the end of a gap and its reading know of its edits as little as the first one did."""
    contact, lead = pairs[0]
    steps.sell(lead, City="In the gap")
    steps.both.clock.advance(3600.0)
    sync(steps.both.world, steady=True)
    steps.market(contact, city="Fresh")
    steps.both.clock.advance(60.0)
    sync(steps.both.world, steady=True)
    assert steps.sold(lead, "City") == "In the gap"  # the CRM has the last word on cities
    for request in asked_for(steps.both.store):
        assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == ("In the gap", "In the gap")
    steps.quiet()


def test_what_is_edited_while_the_gap_is_read_is_compared_as_it_is(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later page shows what an earlier one told otherwise: the earlier one is not taken for what stands there."""
    contact, lead = pairs[0]
    for each, _ in pairs[:2]:
        steps.market(each, jobtitle="In the gap")
        steps.both.clock.advance(60.0)
    steps.sell(lead, LastName="In the gap")
    steps.both.clock.advance(3600.0)
    sync(steps.both.world, steady=True)
    (waiting,) = [request for request in asked_for(steps.both.store) if "person" in request.id]
    steps.both.clock.advance(60.0)
    read, later = search.Sweep.__iter__, ["Edited meanwhile"]

    def edited_between(sweep: search.Sweep) -> Iterator[search.Step]:
        for step in read(sweep):
            if step.rows and step.rows[0]["id"] == contact and later:
                steps.market(contact, lastname=later.pop())
                steps.both.clock.advance(60.0)  # until the index knows it
            yield step

    monkeypatch.setattr(search, "PAGE", 1)
    monkeypatch.setattr(search.Sweep, "__iter__", edited_between)
    assert carry_on(steps.both.world, waiting, Met(), leave_off=lambda: False)
    assert not later
    steps.cycle()
    assert (steps.sold(lead, "LastName"), steps.marketed(contact, "lastname")) == ("Edited meanwhile",) * 2
    steps.quiet()
