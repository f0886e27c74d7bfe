"""People become members of campaigns by marketing's rules: once, further on only, followed through conversion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.signals import WEBINAR, campaign, listening, members, signalling
from tests.scenarios.steps import HOUR, Steps

DECLARED = {"campaign_members": {"campaigns": [WEBINAR]}}


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A world in which one campaign is filled."""
    both = signalling(tmp_path, DECLARED)
    yield Steps(both)
    both.store.close()


def test_a_property_value_makes_a_member_and_its_next_one_advances_the_status(steps: Steps) -> None:
    """Registered, then attended: one member, whose status goes on; then both sides are quiet."""
    spring = campaign(steps.both)
    contact, lead = steps.pair()
    assert members(steps) == []
    steps.market(contact, jobtitle="registered")
    assert steps.counts()["added_campaign_member.crm"] == 1
    assert members(steps) == [(lead, spring, "Registered")]
    steps.market(contact, jobtitle="attended")
    steps.cycle()
    assert members(steps) == [(lead, spring, "Attended")]
    steps.quiet()


def test_whoever_fulfilled_the_rule_long_ago_is_added_once_they_are_in_the_crm(steps: Steps) -> None:
    """Everybody is looked at once when a campaign is new; somebody new is a member in the cycle after their Lead."""
    spring = campaign(steps.both)
    _, lead = steps.pair(jobtitle="registered")
    steps.cycle()
    assert members(steps) == [(lead, spring, "Registered")]
    steps.quiet()


def test_a_status_never_goes_back_and_nobody_is_taken_out(steps: Steps) -> None:
    """Marketing's value goes back and then away: the member stays what they are."""
    campaign(steps.both)
    contact, lead = steps.pair(jobtitle="attended")
    steps.cycle()
    for value in ("registered", ""):
        steps.market(contact, jobtitle=value)
        steps.cycle()
        ((who, _, status),) = members(steps)
        assert (who, status) == (lead, "Attended")


def test_the_furthest_of_several_rules_counts(steps: Steps) -> None:
    """Sent by one rule, registered by another."""
    campaign(steps.both)
    contact, _ = steps.pair(website="https://example.com")
    steps.cycle()
    assert [status for *_, status in members(steps)] == ["Sent"]
    steps.market(contact, jobtitle="registered")
    steps.cycle()
    assert [status for *_, status in members(steps)] == ["Registered"]


def test_a_member_whom_sales_has_made_or_moved_is_taken_as_they_are(steps: Steps) -> None:
    """There already, and further than marketing's rule: nothing is written; a status of sales' own stays, too."""
    spring = campaign(steps.both)
    contact, lead = steps.pair()
    member = steps.both.salesforce.insert(
        "CampaignMember", {"CampaignId": spring, "LeadId": lead, "Status": "Attended"}
    )
    steps.market(contact, jobtitle="registered")
    counts = steps.counts()
    assert not {"added_campaign_member.crm", "deferred.crm", "refused.crm"} & counts.keys()
    steps.sell(member, object_name="CampaignMember", Status="Speaker")
    steps.market(contact, jobtitle="attended")
    steps.cycle()
    assert members(steps) == [(lead, spring, "Speaker")]


def test_a_conversion_takes_the_membership_along(steps: Steps) -> None:
    """The Lead becomes a Contact, whose membership it is then: no second one, and its status goes on."""
    spring = campaign(steps.both)
    contact, lead = steps.pair(jobtitle="registered")
    steps.cycle()
    now, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.market(contact, jobtitle="attended")
    steps.cycle()
    assert members(steps) == [(now, spring, "Attended")]
    steps.quiet()


def test_a_membership_that_a_conversion_leaves_with_the_lead_is_still_the_persons(steps: Steps) -> None:
    """Where the vendor does not take it along, it goes on where it is."""
    spring = campaign(steps.both)
    steps.both.salesforce.org.switches.members_follow_conversion = False
    contact, lead = steps.pair(jobtitle="registered")
    steps.cycle()
    steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.market(contact, jobtitle="attended")
    steps.cycle()
    assert members(steps) == [(lead, spring, "Attended")]


def test_whoever_was_taken_out_by_hand_stays_out(steps: Steps) -> None:
    """A person of sales deletes the member: no rule brings them back."""
    campaign(steps.both)
    contact, _ = steps.pair(jobtitle="registered")
    steps.cycle()
    (row,) = steps.live("CampaignMember")
    steps.both.salesforce.delete("CampaignMember", str(row["Id"]))
    for value in ("attended", "registered", "attended"):
        steps.market(contact, jobtitle=value)
        steps.cycle()
        assert members(steps) == []


def test_a_campaign_that_is_not_there_waits_and_is_never_made(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is lost meanwhile: once somebody has made it, all are added. Two of one name wait, too."""
    lines = listening()
    contact, lead = steps.pair(jobtitle="registered")
    steps.cycle()
    assert steps.live("Campaign") == []
    assert {(line["campaign"], line["records"]) for line in lines("campaign.waits")} == {("webinar", 0)}
    twin = campaign(steps.both)
    spring = campaign(steps.both)
    steps.cycle()
    assert members(steps) == []
    steps.both.salesforce.delete("Campaign", twin)
    steps.market(contact, city="Bonn")
    steps.cycle()
    assert members(steps) == [(lead, spring, "Registered")]


def test_no_more_than_are_allowed_in_a_day(tmp_path: Path) -> None:
    """Three people, two a day: the third is added tomorrow, and no one is forgotten or added twice."""
    both = signalling(tmp_path, {"campaign_members": {"per_day": 2, "campaigns": [WEBINAR]}})
    steps = Steps(both)
    campaign(both)
    for number in range(3):
        steps.contact(email=f"p{number}@example.com", company="Acme", jobtitle="registered")
    steps.cycle()
    steps.cycle()
    assert len(members(steps)) == 2
    steps.cycle(after=24 * 3600.0)
    assert len(members(steps)) == 3
    steps.quiet()
    both.store.close()


def listed(folder: Path) -> tuple[Steps, str]:
    """A world in which those in a list become members."""
    rules = [{"list": "1", "status": "Sent"}, WEBINAR["rules"][0]]
    both = signalling(folder, {"campaign_members": {"campaigns": [{**WEBINAR, "rules": rules}]}})
    return Steps(both), both.hubspot.add_list("Webinar people")


def test_whoever_joins_a_list_becomes_a_member_and_stays_one(tmp_path: Path) -> None:
    """Joining adds, leaving takes nobody out; a rule by property advances the same member."""
    steps, people = listed(tmp_path)
    hubspot = steps.both.hubspot
    spring = campaign(steps.both)
    contact, lead = steps.pair()
    steps.cycle()
    assert members(steps) == []
    hubspot.put_on_list(people, contact)
    steps.cycle()
    assert members(steps) == [(lead, spring, "Sent")]
    hubspot.take_off_list(people, contact)
    steps.market(contact, jobtitle="registered")
    steps.cycle()
    assert members(steps) == [(lead, spring, "Registered")]
    hubspot.put_on_list(people, contact)
    steps.cycle(after=25 * HOUR)
    assert members(steps) == [(lead, spring, "Registered")]
    steps.quiet()
    steps.both.store.close()


def test_a_long_list_is_read_on_from_its_last_page_and_whole_once_a_day(tmp_path: Path) -> None:
    """600 are in it: three calls at first, one a cycle then; who was not linked when they joined is added within a
    day.
    """
    steps, people = listed(tmp_path)
    hubspot = steps.both.hubspot
    campaign(steps.both)
    contact, _ = steps.pair()
    late = hubspot.create("contacts", {"email": "late@example.com", "lastname": "L", "lifecyclestage": "lead"})
    for each in hubspot.load("contacts", [{"email": f"p{number}@example.com"} for number in range(600)]):
        hubspot.put_on_list(people, each)
    hubspot.put_on_list(people, late)

    def calls() -> int:
        return sum(1 for call in hubspot.calls if call.operation == "lists.members")

    def asked(after: float = HOUR) -> int:
        before = calls()
        steps.cycle(after=after)
        return calls() - before

    assert asked() == 3
    hubspot.put_on_list(people, contact)
    assert asked() == 1
    assert len(members(steps)) == 1
    steps.market(late, lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW", company="Acme")
    assert asked() == 1
    assert asked(after=25 * HOUR) == 3
    assert len(members(steps)) == 2
    steps.both.store.close()


def test_a_list_that_is_not_there_stops_nothing_else(tmp_path: Path) -> None:
    """It is told, and whom the other rule means is added."""
    rules = [{"list": "9", "status": "Sent"}, WEBINAR["rules"][0]]
    both = signalling(tmp_path, {"campaign_members": {"campaigns": [{**WEBINAR, "rules": rules}]}})
    steps, lines = Steps(both), listening()
    spring = campaign(both)
    _, lead = steps.pair(jobtitle="registered")
    steps.cycle()
    assert members(steps) == [(lead, spring, "Registered")]
    assert {line["campaign"] for line in lines("campaign.list_unread")} == {"webinar"}
    both.store.close()


def test_who_was_refused_is_added_once_the_right_is_there(steps: Steps) -> None:
    """Salesforce refuses a member: told, not tried in each cycle, and made a day later without anybody's doing."""
    spring = campaign(steps.both)
    org = steps.both.salesforce.org
    org.validation_rules["CampaignMember"] = [lambda _old, _row: "not allowed yet"]
    _, lead = steps.pair(jobtitle="registered")
    lines = listening()
    for _ in range(3):
        steps.cycle()
    assert members(steps) == []
    refusals = len(lines("signals.refused"))
    assert refusals <= 1, "tried in each cycle"
    steps.cycle(after=25 * HOUR)
    assert len(lines("signals.refused")) == refusals + 1
    del org.validation_rules["CampaignMember"]
    steps.cycle(after=25 * HOUR)
    assert members(steps) == [(lead, spring, "Registered")]
    steps.quiet()
