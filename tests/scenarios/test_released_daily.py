"""What the brake held and a person approved goes as a day allows; what is left over costs nothing until it can go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.settings.brake import raised
from tests.scenarios.brakes import approved, held, only
from tests.scenarios.signals import WEBINAR, campaign, keyed_engagements, members, signalling
from tests.scenarios.steps import Steps
from tests.scenarios.test_activities import call
from tests.scenarios.test_brake_signals import copied, people, registered

LIMIT, PER_DAY, ALL = 3, 5, 9
MINUTE = 60.0


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A world in which three new records of a kind may come without a word of anybody, and five in a day at all."""
    signals = {
        "campaign_members": {"campaigns": [WEBINAR], "per_day": PER_DAY},
        "activities": {"to_marketing": {"sorts": {"call": "call"}, "per_person": 100, "per_day": PER_DAY}},
    }
    tight = {**raised(1_000_000), "creates": {"records": LIMIT, "share": 0.0}}
    both = signalling(tmp_path, signals, brake=tight)
    keyed_engagements(both)
    yield Steps(both)
    both.store.close()


def morning(steps: Steps) -> None:
    """It is six o'clock of the next day."""
    clock = steps.both.clock
    six = (clock.now() + timedelta(days=1)).replace(hour=6, minute=0, second=0, microsecond=0)
    clock.advance((six - clock.now()).total_seconds())


def all_held(steps: Steps) -> list[str]:
    """Cycles until everything beyond the limit is held, and a person approves it; what it is, in its order."""
    for _ in range(4):
        steps.cycle(after=MINUTE)
    part = only(steps)
    assert len(part.lot.changes) == ALL - LIMIT
    approved(steps, part)
    return [each.record for each in part.lot.changes]


def read_again(steps: Steps) -> list[str]:
    """The calls by which a cycle a minute later reads records of HubSpot by their ids, or gets any of Salesforce."""
    hubspot, salesforce = steps.both.hubspot.calls, steps.both.salesforce.calls
    before = len(hubspot), len(salesforce)
    steps.cycle(after=MINUTE)
    by_id = [each.path for each in hubspot[before[0] :] if "/objects/" in each.path and each.operation == "batch.read"]
    return by_id + [each.path for each in salesforce[before[1] :] if each.records]


def calls_held(steps: Steps) -> list[str]:
    """Nine calls of one Lead, six of them held, and approved in the morning: the origins of these."""
    ((_, lead),) = people(steps, 1)
    morning(steps)
    for number in range(ALL):
        call(steps, lead, f"Call {number}")
    return all_held(steps)


def test_approved_activities_beyond_the_day_s_bound_are_not_read_again_and_go_the_next_day(steps: Steps) -> None:
    """Two of six go today; then neither side is asked for the others until tomorrow, when they go."""
    calls_held(steps)
    assert read_again(steps)
    assert len(copied(steps)) == PER_DAY
    for _ in range(2):
        assert read_again(steps) == []
    assert len(copied(steps)) == PER_DAY
    assert len(only(steps).lot.changes) == ALL - PER_DAY
    morning(steps)
    steps.cycle(after=MINUTE)
    assert copied(steps) == [f"Call {number}" for number in range(ALL)]
    assert held(steps) == []


def test_approved_members_beyond_the_day_s_bound_are_not_read_again_and_go_the_next_day(steps: Steps) -> None:
    """The same of campaign members."""
    campaign(steps.both)
    contacts = [contact for contact, _ in people(steps, ALL)]
    morning(steps)
    registered(steps, contacts)
    all_held(steps)
    assert read_again(steps)
    assert len(members(steps)) == PER_DAY
    for _ in range(2):
        assert read_again(steps) == []
    assert len(members(steps)) == PER_DAY
    assert len(only(steps).lot.changes) == ALL - PER_DAY
    morning(steps)
    steps.cycle(after=MINUTE)
    assert (len(members(steps)), held(steps)) == (ALL, [])


def test_so_many_that_were_approved_are_read_in_one_cycle(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait, and though the day leaves room; one that is gone does not stand in the way of the others."""
    monkeypatch.setattr("syncd.engine.appending.DUE_AT_ONCE", 1)
    first = calls_held(steps)[0].rpartition("/")[2]
    steps.both.salesforce.delete("Task", first)
    for made in (LIMIT, LIMIT + 1, LIMIT + 2):
        steps.cycle(after=MINUTE)
        assert len(copied(steps)) == made
