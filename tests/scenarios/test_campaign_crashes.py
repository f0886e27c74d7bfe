"""Killed between send and answer, a campaign still has each member once, with the status that was meant."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.kernel import Fault, HttpRequest
from syncd.engine.cycle import sync
from syncd.model.errors import SyncdError
from syncd.model.values import Pair
from tests.sampled import effects
from tests.scenarios.signals import WEBINAR, campaign, members, signalling
from tests.scenarios.steps import Steps
from tests.scenarios.test_crashes import fresh, killed_at
from tests.worlds import Both

DECLARED = {"campaign_members": {"campaigns": [WEBINAR]}}


def opened(folder: Path) -> tuple[Both, Steps, list[str]]:
    """Three people who are in the CRM, of whom two are to be members and one member is to advance."""
    both = signalling(folder, DECLARED, store_url=f"sqlite:///{folder}/state.db")
    steps = Steps(both)
    campaign(both)
    first = steps.contact(email="a@example.com", company="Acme", jobtitle="registered")
    others = [steps.contact(email=f"{name}@example.com", company="Acme") for name in "bc"]
    steps.cycle()
    steps.cycle()
    assert [status for *_, status in members(steps)] == ["Registered"]
    steps.market(first, jobtitle="attended")
    for each in others:
        steps.market(each, jobtitle="registered")
    both.clock.advance(60)
    return both, steps, [first, *others]


def until_quiet(both: Both, folder: Path) -> None:
    """Restarts and cycles, horizons passing in between, until a cycle does nothing."""
    for _ in range(6):
        fresh(both, folder, [10**9])
        both.clock.advance(200)
        if not sync(both.world).run.counts:
            return
    raise AssertionError("still busy")


@pytest.mark.slow
def test_a_kill_at_every_step_ends_with_each_member_once(tmp_path: Path) -> None:
    """One effect after the other kills, until a run is not killed: the end is always the same."""
    for n in effects(60):
        folder = tmp_path / str(n)
        folder.mkdir()
        both, steps, _ = opened(folder)
        killed = killed_at(both, folder, n)
        until_quiet(both, folder)
        found = sorted(status for *_, status in members(steps))
        both.store.close()
        assert found == ["Attended", "Registered", "Registered"], f"killed at effect {n}"
        if not killed:
            assert n > 5, "the loop must have had something to kill"
            return
    raise AssertionError("no run went through")


def makes_members(request: HttpRequest) -> bool:
    """A call that makes members, and not one that reads them."""
    return b"CampaignId" in request.body and b"allOrNone" in request.body


@pytest.mark.parametrize("when", ["drop", "after", "before", "late"])
def test_a_lost_answer_is_settled_by_looking_for_campaign_and_person(tmp_path: Path, when: str) -> None:
    """The vendor executed and the answer is lost (or never got there, or it executes later): nobody is a member twice,
    and all are; what may still be carried out is not sent again.
    """
    both, steps, _ = opened(tmp_path)
    both.salesforce.faults.arm(Fault(name=when, matches=makes_members, when=when, times=1, seconds=1.0))
    before = len(both.salesforce.calls)
    with suppress(SyncdError):
        sync(both.world)
    assert both.salesforce.faults.fired[when] == 1
    until_quiet(both, tmp_path)
    assert sorted(status for *_, status in members(steps)) == ["Attended", "Registered", "Registered"]
    calls = both.salesforce.calls[before:]
    made = [id_ for call in calls for id_ in call.created]
    assert len(made) == len(set(made)) == 2
    assert not both.store.open_intents()
    both.store.close()


def test_people_whose_writes_are_open_are_left_alone(tmp_path: Path) -> None:
    """Within the horizon nothing is sent for them by later cycles, and the position does not move past them."""
    both, steps, contacts = opened(tmp_path)
    both.world.connection = replace(both.world.connection, horizon=Pair(600.0, 600.0))
    both.salesforce.faults.arm(Fault(name="lost", matches=makes_members, when="cut", times=1))
    with suppress(SyncdError):
        sync(both.world)
    assert {intent.kind for intent in both.store.open_intents()} == {"campaign_member"}
    before = len(both.salesforce.calls)
    both.clock.advance(60)
    for contact in contacts:
        steps.market(contact, website="https://example.com")
    sync(both.world)
    assert not [call for call in both.salesforce.calls[before:] if call.created]
    assert both.store.open_intents()
    until_quiet(both, tmp_path)
    assert sorted(status for *_, status in members(steps)) == ["Attended", "Registered", "Registered"]
    both.store.close()
