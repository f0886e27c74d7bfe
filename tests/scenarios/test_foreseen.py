"""Campaign members and activities before anybody adds them: in ``syncd plan`` and in shadow mode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.core.windows import Windows
from syncd.engine.cycle import plan_only, sync
from syncd.engine.foreseeing import foresee
from syncd.engine.readonly import ReadOnly
from syncd.engine.world import World
from syncd.operations.forecast import forecast, forecast_document, plan_document
from tests.scenarios.signals import WEBINAR, campaign, engage, keyed_tasks, members, signalling, tasks
from tests.scenarios.steps import HOUR, Steps

CALLS = {"to_crm": {"sorts": {"call": "call"}, "per_person": 2}}


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    """Three linked people, a campaign, and rules for both."""
    both = signalling(tmp_path, {"campaign_members": {"campaigns": [WEBINAR], "per_day": 2}, "activities": CALLS})
    campaign(both)
    keyed_tasks(both)
    steps = Steps(both)
    steps.cycle()
    for name in ("ann", "bob", "cem"):
        steps.contact(email=f"{name}@acme-works.com", company="Acme")
    steps.cycle()
    return steps


def looking(steps: Steps, mode: str = "live") -> World:
    """The same world, unable to write."""
    world = steps.both.world
    connection = replace(world.connection, mode=mode)
    return replace(world, connection=connection, connectors=world.connectors.map(ReadOnly))


def remembered(steps: Steps) -> object:
    """What is stored of signals."""
    store, long_ago = steps.both.store, steps.both.clock.now().replace(year=2000)
    ids = sorted(link.id for link in store.links("person"))
    cursors = {(row.kind, row.stream, row.cursor) for row in store.cursors()}
    return cursors, store.appended_days("activity", ids), store.count_appended("campaign_member", long_ago)


def busy(steps: Steps) -> list[str]:
    """Everybody has registered, and marketing has called Ann three times; the calls."""
    people = steps.contacts()
    for each in people:
        steps.market(each, jobtitle="registered")
    calls = [
        engage(steps, "calls", people[0], hs_call_title=f"Call {number}", hs_call_status="COMPLETED")
        for number in range(3)
    ]
    steps.both.clock.advance(HOUR)
    return calls


def test_a_plan_shows_what_would_be_added_and_adds_nothing(steps: Steps) -> None:
    """By kind, side and step, within the day's and the person's bounds; another plan tells the same digest."""
    called = busy(steps)
    before, calls = remembered(steps), steps.written()
    plan = plan_only(looking(steps)).plan
    assert (remembered(steps), steps.written()) == (before, calls)
    told = forecast_document(forecast(looking(steps), plan))
    assert told["appends"] == [
        {"kind": "campaign_member", "do": "add", "marketing": 0, "crm": 2},
        {"kind": "activity", "do": "add", "marketing": 0, "crm": 2},
    ]
    assert told["append_samples"][0]["status"] == "Registered"
    assert len(plan_document(plan)["appends"]) == 4
    assert plan_only(looking(steps)).plan.digest == plan.digest
    steps.market(called[0], object_name="calls", hs_call_status="CANCELED")  # then the third is one of two
    steps.both.clock.advance(HOUR)
    other = plan_only(looking(steps)).plan
    assert len(other.appends) == len(plan.appends)
    assert other.digest != plan.digest


def test_what_a_plan_shows_is_what_a_cycle_adds(steps: Steps) -> None:
    """And then nothing is left to show but who waits for tomorrow."""
    busy(steps)
    shown = plan_only(looking(steps)).plan.appends
    steps.cycle(after=0)
    assert len(members(steps)) == sum(each.kind == "campaign_member" for each in shown) == 2
    assert len(tasks(steps)) == sum(each.kind == "activity" for each in shown) == 2
    assert not plan_only(looking(steps)).plan.appends
    steps.cycle(after=24 * HOUR)
    assert len(members(steps)) == 3
    steps.market(steps.contacts()[0], jobtitle="attended")
    steps.both.clock.advance(HOUR)
    (gone_on,) = plan_only(looking(steps)).plan.appends
    assert (gone_on.advances, gone_on.status) == (True, "Attended")


def test_shadow_mode_counts_them(steps: Steps) -> None:
    """The run says how many; turn after turn the same, since nothing moves."""
    busy(steps)
    before, calls = remembered(steps), steps.written()
    for _ in range(2):
        counts = sync(looking(steps, "shadow")).run.counts
        assert (counts["would.add_campaign_member.crm"], counts["would.add_activity.crm"]) == (2, 2)
    assert (remembered(steps), steps.written()) == (before, calls)


def test_a_look_ahead_forgets_nothing_that_was_counted(steps: Steps) -> None:
    """Not even what is too old to count: that is the business of whoever writes."""
    busy(steps)
    store = steps.both.store
    steps.cycle(after=0)
    counted = store.charges(0)
    assert counted
    steps.both.clock.advance(8 * 24 * HOUR)
    for person in steps.contacts():
        engage(steps, "calls", person, hs_call_title="Later", hs_call_status="COMPLETED")
    steps.both.clock.advance(HOUR)
    assert foresee(replace(looking(steps), windows=Windows()))
    assert store.charges(0) == counted
