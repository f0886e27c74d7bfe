"""Once a day's bound is spent nobody is asked about what may not go before tomorrow, and then it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.model.episode import Touched
from syncd.model.values import stamp
from syncd.settings.brake import raised
from tests.scenarios.signals import WEBINAR, campaign, engagements, keyed_engagements, listening, members, signalling
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_activities import call
from tests.scenarios.test_brake_signals import copied, people, registered
from tests.scenarios.test_released_daily import MINUTE, morning

PER_DAY, ALL = 5, 9


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A world in which five of a kind may come in a day."""
    signals = {
        "campaign_members": {"campaigns": [WEBINAR], "per_day": PER_DAY},
        "activities": {"to_marketing": {"sorts": {"call": "call"}, "per_person": 100, "per_day": PER_DAY}},
    }
    both = signalling(tmp_path, signals, brake=raised(1_000_000))
    keyed_engagements(both)
    yield Steps(both)
    both.store.close()


def asked(steps: Steps, *, after: float = MINUTE) -> Counter[str]:
    """The calls of one more cycle by which records are read that were chosen before: by id, by key, by person."""
    hubspot, salesforce = steps.both.hubspot.calls, steps.both.salesforce.calls
    before = len(hubspot), len(salesforce)
    steps.cycle(after=after)
    return Counter(
        [f"hubspot {each.path}" for each in hubspot[before[0] :] if each.operation == "batch.read"]
        + [f"salesforce {each.operation}" for each in salesforce[before[1] :] if each.operation == "query"]
    )


def test_activities_that_wait_for_tomorrow_ask_the_other_side_nothing(steps: Steps) -> None:
    """Five of nine calls are copied. After that HubSpot is asked what it is asked in an idle cycle, until tomorrow."""
    ((_, lead),) = people(steps, 1)
    morning(steps)
    steps.cycle(after=MINUTE)
    idle = asked(steps)
    for number in range(ALL):
        call(steps, lead, f"Call {number}")
    told = listening()
    while len(copied(steps)) < PER_DAY:
        steps.cycle(after=MINUTE)
    assert asked(steps) == idle
    assert told("signals.full")[-1]["waiting"] == ALL - PER_DAY
    assert len(copied(steps)) == PER_DAY
    morning(steps)
    steps.cycle(after=MINUTE)
    assert copied(steps) == [f"Call {number}" for number in range(ALL)]


def test_members_that_wait_for_tomorrow_ask_the_other_side_nothing(steps: Steps) -> None:
    """The same of campaign members and Salesforce."""
    campaign(steps.both)
    contacts = [contact for contact, _ in people(steps, ALL)]
    morning(steps)
    steps.cycle(after=MINUTE)
    idle = asked(steps)
    registered(steps, contacts)
    while len(members(steps)) < PER_DAY:
        steps.cycle(after=MINUTE)
    steps.cycle(after=MINUTE)
    assert asked(steps) == idle
    assert len(members(steps)) == PER_DAY
    morning(steps)
    steps.cycle(after=MINUTE)
    assert len(members(steps)) == ALL


def test_a_member_who_was_refused_yesterday_is_not_looked_at_on_a_day_that_is_spent(steps: Steps) -> None:
    """Somebody was refused at noon. In the next morning five others go; at noon neither side is asked about anybody."""
    campaign(steps.both)
    contacts = [contact for contact, _ in people(steps, PER_DAY + 1)]
    morning(steps)
    rules = steps.both.salesforce.org.validation_rules
    rules["CampaignMember"] = [lambda _old, _row: "not allowed yet"]
    registered(steps, contacts[:1])
    steps.cycle(after=6 * HOUR)
    del rules["CampaignMember"]
    morning(steps)
    registered(steps, contacts[1:])
    while len(members(steps)) < PER_DAY:
        steps.cycle(after=MINUTE)
    steps.cycle(after=5.5 * HOUR)
    idle = asked(steps, after=15 * MINUTE)
    assert asked(steps, after=15 * MINUTE) == idle
    assert len(members(steps)) == PER_DAY
    morning(steps)
    steps.cycle(after=MINUTE)
    assert len(members(steps)) == PER_DAY + 1


def test_a_call_that_comes_due_on_a_day_that_is_spent_is_read_once_for_the_ledger(steps: Steps) -> None:
    """Its copy was refused at noon. In the next morning five others go; at noon it is read once."""
    ((_, lead),) = people(steps, 1)
    morning(steps)
    steps.both.hubspot.remove_property("calls", "hs_call_title")
    call(steps, lead, "Refused")
    steps.cycle(after=6 * HOUR)
    definition = {"name": "hs_call_title", "label": "T", "type": "string", "fieldType": "text", "groupName": "call"}
    steps.both.hubspot.add_property("calls", definition)
    morning(steps)
    for number in range(PER_DAY):
        call(steps, lead, f"Call {number}")
    while len(copied(steps)) < PER_DAY:
        steps.cycle(after=MINUTE)
    steps.cycle(after=5.5 * HOUR)
    idle = asked(steps, after=15 * MINUTE)
    assert asked(steps, after=15 * MINUTE) == idle, "its own side alone"
    assert not steps.both.store.appended_due("activity", steps.both.clock.now(), 9, begins=["crm:"]), "and once"
    morning(steps)
    steps.cycle(after=MINUTE)
    assert "Refused" in copied(steps)


def test_a_meeting_that_ends_on_a_day_that_is_spent_touches_its_handoff_at_once(tmp_path: Path) -> None:
    """Marketing sees it tomorrow; the clock of sales stops when it is over."""
    sorts = {"call": "call", "meeting": "meeting"}
    signals = {"activities": {"to_marketing": {"sorts": sorts, "per_person": 100, "per_day": 1}}}
    both = signalling(tmp_path, signals, brake=raised(1_000_000))
    keyed_engagements(both)
    steps = Steps(both)
    _, other = steps.pair(email="other@example.com", company="Other")
    _, lead = steps.pair(email="ann@example.com", company="Acme")
    morning(steps)
    steps.cycle(after=MINUTE)
    call(steps, other, "Spends the day")
    begin = both.clock.now().replace(microsecond=0) + timedelta(hours=1)
    end = begin + timedelta(hours=1)
    both.salesforce.insert(
        "Event",
        {"WhoId": lead, "Subject": "Demo", "StartDateTime": stamp(begin), "EndDateTime": stamp(end),
         "DurationInMinutes": 60},
    )  # fmt: skip
    for _ in range(2):
        steps.cycle(after=MINUTE)
    (link,) = (each for each in both.store.links("person") if each.refs.crm.id == lead)
    assert not [each for each in both.store.ledger_of([link.id]) if isinstance(each, Touched)]
    steps.cycle(after=3 * HOUR)
    assert [each for each in both.store.ledger_of([link.id]) if isinstance(each, Touched)]
    assert engagements(steps, "meetings") == []
    morning(steps)
    steps.cycle(after=MINUTE)
    assert [made["hs_meeting_title"] for made, _ in engagements(steps, "meetings")] == ["Demo"]
    both.store.close()
