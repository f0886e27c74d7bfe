"""The brake over activities and campaign members: what is more than usual is not made until a person has looked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.salesforce.errors import Refusal
from syncd.engine.cycle import plan_only, sync
from syncd.model.brake import Wave
from syncd.operations.braking import Stands, Words, approve, expect, reject
from syncd.settings.brake import raised
from tests.scenarios.brakes import approved, held, only
from tests.scenarios.signals import WEBINAR, campaign, engagements, keyed_engagements, listening, members, signalling
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_activities import call
from tests.scenarios.test_deal_crashes import Killed, Reaper, restarted
from tests.scenarios.test_foreseen import looking

BOTH_SORTS: dict[str, Any] = {
    "campaign_members": {"campaigns": [WEBINAR]},
    "activities": {"to_marketing": {"sorts": {"call": "call"}, "per_person": 100}},
}
LIMIT = 3
DAY = 24 * HOUR


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A world in which three new records of a kind may come in an hour, and in a day; everything else may."""
    tight = {**raised(1_000_000), "creates": {"records": LIMIT, "share": 0.0}}
    both = signalling(tmp_path, BOTH_SORTS, brake=tight)
    keyed_engagements(both)
    yield Steps(both)
    both.store.close()


def people(steps: Steps, number: int) -> list[tuple[str, str]]:
    """So many people in step, two days ago: contact and Lead."""
    addresses = [f"p{n}@example.com" for n in range(number)]
    leads = [steps.lead(Email=address) for address in addresses]
    contacts = [steps.contact(email=address) for address in addresses]
    steps.cycle()
    steps.cycle(after=2 * DAY)
    return list(zip(contacts, leads, strict=True))


def registered(steps: Steps, contacts: list[str]) -> None:
    """Marketing says of all of them that they have registered."""
    for contact in contacts:
        steps.market(contact, jobtitle="registered")


def copied(steps: Steps) -> list[str]:
    """The titles of all copies."""
    return sorted(str(made["hs_call_title"]) for made, _ in engagements(steps, "calls"))


# -- campaign members --------------------------------------------------------------------------------------------------
def test_what_is_more_than_usual_is_held_and_the_rest_goes_on(steps: Steps) -> None:
    """Three of five become members; two are listed and nobody's values are held up; time alone changes nothing."""
    campaign(steps.both)
    contacts = [contact for contact, _ in people(steps, 5)]
    registered(steps, contacts)
    steps.market(contacts[0], city="Bonn")
    ended = steps.cycle()
    assert ended.run.counts["held"] == 2
    assert len(members(steps)) == LIMIT
    part = only(steps)
    assert (part.lot.key[:3], part.stands) == (("campaign_member", "creates", "crm"), Stands.WAITS)
    assert (len(part.lot.changes), part.lot.limit, part.lot.used) == (2, LIMIT, 0)
    assert "marketing side" in part.lot.cause
    for _ in range(3):
        steps.cycle(after=2 * DAY)
    assert len(members(steps)) == LIMIT
    assert only(steps).lot.changes == part.lot.changes
    steps.quiet()


def test_exactly_what_was_approved_is_made(steps: Steps) -> None:
    """The two who were held become members with the status they have by then; one more would be held again."""
    spring = campaign(steps.both)
    pairs = people(steps, 6)
    registered(steps, [contact for contact, _ in pairs[:5]])
    steps.cycle()
    there = {lead for lead, *_ in members(steps)}
    waiting = [(contact, lead) for contact, lead in pairs[:5] if lead not in there]
    steps.market(waiting[0][0], jobtitle="attended")
    steps.cycle()
    assert len(members(steps)) == LIMIT
    approved(steps, only(steps))
    registered(steps, [pairs[5][0]])
    steps.cycle()
    assert {(waiting[0][1], spring, "Attended"), (waiting[1][1], spring, "Registered")} <= set(members(steps))
    assert len(members(steps)) == 5
    assert len(only(steps).lot.changes) == 1, "the sixth, whom nobody has approved"
    steps.cycle()
    steps.quiet()


def test_what_was_rejected_is_never_made(steps: Steps) -> None:
    """It leaves the list with the next cycle, and does not come back."""
    campaign(steps.both)
    contacts = [contact for contact, _ in people(steps, 5)]
    registered(steps, contacts)
    steps.cycle()
    part = only(steps)
    reject(steps.both.store, part.digest, who="ann", reason="a wrong list", now=steps.both.clock.now())
    steps.cycle(after=2 * DAY)
    assert held(steps) == []
    registered(steps, contacts)
    steps.cycle()
    assert (len(members(steps)), held(steps)) == (LIMIT, [])
    steps.quiet()


def test_a_wave_that_is_expected_flows(steps: Steps) -> None:
    """Said in advance, four more come at once; and it fills no window."""
    campaign(steps.both)
    pairs = people(steps, 8)
    now = steps.both.clock.now()
    until = (now + timedelta(hours=8)).isoformat()
    words = Words({Wave.CREATES: 4}, kind="campaign_member", until=until, reason="the webinar")
    expect(steps.both.store, words, connection="main", fields={"campaign_member": ()}, who="ann", now=now)
    registered(steps, [contact for contact, _ in pairs])
    steps.cycle(after=60)
    assert len(members(steps)) == 4 + LIMIT
    assert len(only(steps).lot.changes) == 1


def test_what_is_tried_again_counts_once(steps: Steps) -> None:
    """A member whose row is locked for a while fills no window."""
    campaign(steps.both)
    contacts = [contact for contact, _ in people(steps, LIMIT + 1)]
    registered(steps, contacts[:1])

    def locked(*_: object) -> dict[str, object]:
        raise Refusal("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")

    steps.both.salesforce.org.workflows["CampaignMember"] = [locked]
    for _ in range(LIMIT + 2):
        assert steps.counts()["deferred.crm"] == 1
    steps.both.salesforce.org.workflows.clear()
    registered(steps, contacts[1:LIMIT])
    steps.cycle()
    assert (len(members(steps)), held(steps)) == (LIMIT, [])
    registered(steps, contacts[LIMIT:])
    steps.cycle()
    assert len(only(steps).lot.changes) == 1, "what was written at last is counted"


def test_more_than_ten_times_the_limit_needs_two_people(steps: Steps) -> None:
    """As for any other lot."""
    campaign(steps.both)
    registered(steps, [contact for contact, _ in people(steps, 35)])
    steps.cycle()
    part = only(steps)
    now = steps.both.clock.now()
    assert approve(steps.both.store, part.digest, who="ann", reason="meant", now=now).stands is Stands.SECOND
    steps.cycle(after=60)
    assert len(members(steps)) == LIMIT
    assert approve(steps.both.store, only(steps).digest, who="bob", reason="meant", now=now).stands is Stands.APPROVED
    steps.cycle(after=60)
    assert (len(members(steps)), held(steps)) == (35, [])


# -- looking ahead -----------------------------------------------------------------------------------------------------
def looked(steps: Steps, mode: str) -> int:
    """How many members somebody who only looks sees coming: in a plan, or in a shadow cycle."""
    if mode == "shadow":
        return sync(looking(steps, mode)).run.counts.get("would.add_campaign_member.crm", 0)
    return len(plan_only(looking(steps)).plan.appends)


@pytest.mark.parametrize("mode", ["live", "shadow"])
def test_whoever_only_looks_raises_no_alarm(steps: Steps, mode: str) -> None:
    """Three of five would come, however often one looks: nothing is held, so nobody is told to approve anything."""
    campaign(steps.both)
    registered(steps, [contact for contact, _ in people(steps, 5)])
    steps.both.clock.advance(HOUR)
    lines = listening()
    assert [looked(steps, mode) for _ in range(2)] == [LIMIT, LIMIT]
    assert (held(steps), lines("brake.held")) == ([], [])
    steps.cycle()
    assert [line["digest"] for line in lines("brake.held")] == [only(steps).digest], "the cycle that holds says so"


@pytest.mark.parametrize("mode", ["live", "shadow"])
def test_whoever_only_looks_ends_no_alarm(steps: Steps, mode: str) -> None:
    """What was rejected leaves the list with the next cycle that writes, which says so once."""
    campaign(steps.both)
    registered(steps, [contact for contact, _ in people(steps, 5)])
    steps.cycle()
    reject(steps.both.store, only(steps).digest, who="ann", reason="a wrong list", now=steps.both.clock.now())
    lines = listening()
    assert looked(steps, mode) == 0
    assert (len(only(steps).lot.changes), lines("brake.released")) == (2, [])
    steps.cycle()
    assert [(line["records"], line["held"]) for line in lines("brake.released")] == [(2, 0)]


# -- activities --------------------------------------------------------------------------------------------------------
def test_activities_are_held_and_their_stream_goes_on(steps: Steps) -> None:
    """Three of five calls are copied; two days later the next one is, too, though two are still held."""
    ((_, lead),) = people(steps, 1)
    for number in range(5):
        call(steps, lead, f"Call {number}")
    steps.cycle()
    assert len(copied(steps)) == LIMIT
    part = only(steps)
    assert part.lot.key[:3] == ("activity", "creates", "marketing")
    assert all(each.record.startswith("crm:Task/") for each in part.lot.changes)
    waiting = part.lot.changes[0].record.rpartition("/")[2]
    steps.sell(waiting, object_name="Task", Subject="Edited while it is held")
    call(steps, lead, "Later")
    steps.cycle(after=2 * DAY)
    assert "Later" in copied(steps)
    assert len(copied(steps)) == LIMIT + 1
    approved(steps, only(steps))
    steps.cycle()
    assert len(copied(steps)) == 6
    assert "Edited while it is held" in copied(steps)
    assert held(steps) == []
    steps.cycle()
    steps.quiet()


def test_the_window_is_the_last_day_and_not_the_calendar_s(steps: Steps) -> None:
    """Three calls before midnight leave no room after it, for a new process either; a day later there is."""
    ((_, lead),) = people(steps, 1)
    for number in range(LIMIT):
        call(steps, lead, f"Call {number}")
    steps.cycle(after=60)
    restarted(steps.both)
    call(steps, lead, "Too many")
    steps.cycle(after=23 * HOUR)
    assert len(copied(steps)) == LIMIT
    assert len(only(steps).lot.changes) == 1
    call(steps, lead, "The next day")
    steps.cycle(after=2 * HOUR)
    assert copied(steps)[-1] == "The next day"


def test_a_call_of_nobody_any_more_is_held_no_longer(steps: Steps) -> None:
    """Approved, and called off meanwhile: nothing is made, and nothing stays on the list."""
    ((_, lead),) = people(steps, 1)
    for number in range(4):
        call(steps, lead, f"Call {number}")
    steps.cycle()
    part = only(steps)
    steps.both.salesforce.delete("Task", part.lot.changes[0].record.rpartition("/")[2])
    approved(steps, part)
    steps.cycle()
    assert (len(copied(steps)), held(steps)) == (LIMIT, [])
    steps.quiet()


def approving(steps: Steps, *, cycles: int) -> None:
    """So many cycles, after each of which a person approves whatever waits."""
    for _ in range(cycles):
        steps.cycle(after=200)
        for part in held(steps):
            if part.asks:
                approved(steps, part)


@pytest.mark.parametrize("died_at", [1, 2])
def test_a_crash_makes_nothing_twice_and_forgets_nobody(steps: Steps, died_at: int) -> None:
    """The process dies in the middle of what was approved: all five are copied once in the end."""
    ((_, lead),) = people(steps, 1)
    for number in range(5):
        call(steps, lead, f"Call {number}")
    Reaper(steps.both).left = died_at
    with pytest.raises(Killed):
        approving(steps, cycles=3)
    for _ in range(6):
        restarted(steps.both)
        approving(steps, cycles=1)
    assert copied(steps) == [f"Call {number}" for number in range(5)]
    assert held(steps) == []
