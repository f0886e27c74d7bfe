"""The objects around a Lead: conversion and merge, campaigns and roles, tasks and histories."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
import yaml

from sandbox.salesforce import Refusal
from tests.shared import SHARED
from tests.unit.sandbox.salesforce_bare import code_of, described
from tests.unit.sandbox.salesforce_client import Client

RECORDED = SHARED / "recorded" / "cumulusci-salesforce"
DAY = 86_400


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def made(org: Client, name: str, fields: dict[str, object]) -> str:
    """A row made by API; returns its id."""
    status, answer = org.call("POST", f"/sobjects/{name}", fields)
    assert status == 201, answer
    return str(answer["id"])


def deal(org: Client, **fields: object) -> str:
    """An opportunity."""
    return made(org, "Opportunity", {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-01", **fields})


@pytest.mark.fact("salesforce 9.1")
def test_polling_sees_a_conversion(org: Client) -> None:
    """The stamp moves, the row stays readable and names what it became."""
    lead = org.lead()
    org.clock.advance(60)
    contact, account, opportunity = org.kernel.convert(lead, status="Closed - Converted", opportunity="Deal")
    fields = "Id, IsConverted, Status, ConvertedContactId, ConvertedAccountId, ConvertedOpportunityId, ConvertedDate"
    (row,) = org.query(f"SELECT {fields} FROM Lead WHERE SystemModstamp >= 2026-01-05T12:01:00Z")["records"]
    assert {name: row[name] for name in fields.split(", ")} == {
        "Id": lead, "IsConverted": True, "Status": "Closed - Converted", "ConvertedContactId": contact,
        "ConvertedAccountId": account, "ConvertedOpportunityId": opportunity, "ConvertedDate": "2026-01-05",
    }  # fmt: skip
    assert org.call("GET", f"/sobjects/Lead/{lead}")[0] == 200


@pytest.mark.fact("salesforce 9.2", "defaults 4.7")
def test_nothing_in_rest_converts(org: Client) -> None:
    """No resource does it, and the flag is not writeable; converted statuses are queried, and may be several."""
    lead = org.lead()
    for target in (f"/sobjects/Lead/{lead}/convert", "/actions/standard/convertLead", "/sobjects/Lead/convert"):
        assert org.call("POST", target, {"convertedStatus": "Closed - Converted"})[0] in (404, 405)
    assert code_of(org.call("PATCH", f"/sobjects/Lead/{lead}", {"IsConverted": True})[1]) == (
        "INVALID_FIELD_FOR_INSERT_UPDATE")  # fmt: skip
    org.kernel.set_lead_statuses([{"MasterLabel": "New"}, {"MasterLabel": "Won", "IsConverted": True},
                                  {"MasterLabel": "Partner", "IsConverted": True}])  # fmt: skip
    rows = org.query("SELECT Id, MasterLabel, ApiName FROM LeadStatus WHERE IsConverted = true")["records"]
    assert [row["ApiName"] for row in rows] == ["Won", "Partner"]


@pytest.mark.fact("salesforce 9.3")
def test_a_conversion_into_existing_rows_fills_empty_fields(org: Client) -> None:
    """What the contact and the account hold stays."""
    account = org.kernel.insert("Account", {"Name": "Kept", "Phone": "1"})
    contact = org.kernel.insert("Contact", {"LastName": "Kept", "AccountId": account, "Title": "CEO"})
    lead = org.lead(LastName="New", Company="New", Title="CTO", Phone="2", City="Bonn", Website="new.example")
    org.kernel.convert(lead, status="Closed - Converted", account_id=account, contact_id=contact)
    kept = [org.read(contact, name, "Contact") for name in ("LastName", "Title", "Phone", "MailingCity")]
    assert kept == ["Kept", "CEO", "2", "Bonn"]
    assert [org.read(account, name, "Account") for name in ("Name", "Phone", "Website")] == ["Kept", "1", "new.example"]


@pytest.mark.fact("salesforce 9.5")
@pytest.mark.parametrize("name", ["Account", "Contact", "Lead"])
def test_up_to_three_rows_merge(org: Client, name: str) -> None:
    """Losers name their winner and are seen by queryAll only."""
    fields = {"Account": {"Name": "A"}, "Contact": {"LastName": "A"}, "Lead": {"LastName": "A", "Company": "C"}}[name]
    winner, *losers = (org.kernel.insert(name, fields) for _ in range(4))
    with pytest.raises(ValueError, match="one or two losers"):
        org.kernel.merge(name, winner, losers)
    org.kernel.merge(name, winner, losers[:2])
    soql = f"SELECT Id, IsDeleted FROM {name} WHERE MasterRecordId = '{winner}'"
    assert org.query(soql)["totalSize"] == 0
    found = org.query(soql, "queryAll")["records"]
    assert [(row["Id"], row["IsDeleted"]) for row in found] == [(loser, True) for loser in losers[:2]]


@pytest.mark.fact("salesforce 9.5", "salesforce 9.7")
@pytest.mark.parametrize(("name", "field"), [("Lead", "LeadId"), ("Contact", "ContactId")])
def test_a_merge_leaves_one_membership_of_a_campaign(org: Client, name: str, field: str) -> None:
    """Where both were members, the loser's goes and the winner's stays as it is; another one becomes the winner's."""
    fields = {"LastName": "A"} | ({"Company": "C"} if name == "Lead" else {})
    winner, loser = (org.kernel.insert(name, fields) for _ in range(2))
    both, one = (org.kernel.insert("Campaign", {"Name": text}) for text in ("Both", "One"))
    kept = made(org, "CampaignMember", {"CampaignId": both, field: winner})
    gone = made(org, "CampaignMember", {"CampaignId": both, field: loser, "Status": "Responded"})
    moved = made(org, "CampaignMember", {"CampaignId": one, field: loser})
    org.kernel.merge(name, winner, [loser])
    soql = f"SELECT Id FROM CampaignMember WHERE {field} = '{winner}'"
    assert set(org.column(soql, "Id")) == {kept, moved}
    assert org.read(gone, "IsDeleted", "CampaignMember") is True
    assert org.read(kept, "Status", "CampaignMember") != "Responded"


@pytest.mark.fact("salesforce 9.6")
@pytest.mark.parametrize(
    ("history", "name", "parent"),
    [("LeadHistory", "Lead", "LeadId"), ("ContactHistory", "Contact", "ContactId"),
     ("OpportunityFieldHistory", "Opportunity", "OpportunityId")],
)  # fmt: skip
def test_a_history_has_one_row_per_change(org: Client, history: str, name: str, parent: str) -> None:
    """Of tracked fields only, of which there are 20 at most; long texts show no values."""
    row = deal(org) if name == "Opportunity" else org.kernel.insert(name, {"LastName": "A"} | (
        {"Company": "C"} if name == "Lead" else {}))  # fmt: skip
    org.kernel.track_fields(name, ["Description", "LeadSource"])
    changed = {"Description": "x", "LeadSource": "Web"} | ({"Name": "E"} if name == "Opportunity" else {"Title": "T"})
    org.kernel.edit(name, row, changed)
    found = org.query(f"SELECT Field, OldValue, NewValue, CreatedDate, CreatedById FROM {history} "
                      f"WHERE {parent} = '{row}' AND Field != 'created'")["records"]  # fmt: skip
    assert [(each["Field"], each["NewValue"]) for each in found] == [("Description", None), ("LeadSource", "Web")]
    assert {each["CreatedById"] for each in found} == {org.kernel.org.admin_user}
    names = [field for field, told in described(org, name).items() if told["updateable"]]
    with pytest.raises(ValueError, match="at most 20"):
        org.kernel.track_fields(name, (names * 2)[:21])


@pytest.mark.fact("salesforce 9.6")
@pytest.mark.parametrize("days", [730, 548])
def test_a_history_is_kept_so_long(org: Client, days: int) -> None:
    """24 months, or 18 by the switch; for ever with 0."""
    org.kernel.switches.history_days = days
    org.lead()
    for seconds, found in ((days * DAY, 1), (1, 0)):
        org.clock.advance(seconds)
        org.token = org.kernel.login()
        assert org.query("SELECT Id FROM LeadHistory")["totalSize"] == found
    org.kernel.switches.history_days = 0
    assert org.query("SELECT Id FROM LeadHistory")["totalSize"] == 1


@pytest.mark.fact("salesforce 9.7")
def test_contact_roles(org: Client) -> None:
    """One is primary: a new primary one takes its place, and a contact given with the opportunity is the first."""
    one, two = (org.kernel.insert("Contact", {"LastName": name}) for name in ("A", "B"))
    opportunity = deal(org, ContactId=one)
    made(org, "OpportunityContactRole",
         {"OpportunityId": opportunity, "ContactId": two, "Role": "Decision Maker", "IsPrimary": True})  # fmt: skip
    soql = f"SELECT ContactId, Role, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '{opportunity}'"
    rows = [(row["ContactId"], row["Role"], row["IsPrimary"]) for row in org.query(soql)["records"]]
    assert rows == [(one, None, False), (two, "Decision Maker", True)]
    status, answer = org.call("POST", "/sobjects/OpportunityContactRole", {"OpportunityId": opportunity})
    assert (status, code_of(answer)) == (400, "REQUIRED_FIELD_MISSING")


@pytest.mark.fact("salesforce 9.7")
def test_contact_roles_are_described_as_recorded(org: Client) -> None:
    """The same fields with the same facts, and the same roles."""
    path = RECORDED / "GET_sobjects_OpportunityContactRole_describe.yaml"
    if not path.exists():
        pytest.skip(f"the recordings are not there: {path}")
    recorded = orjson.loads(yaml.safe_load(path.read_text())["response"]["body"]["string"])
    ours = described(org, "OpportunityContactRole")
    assert set(ours) == {field["name"] for field in recorded["fields"]}
    facts = ("type", "length", "nillable", "createable", "updateable", "defaultedOnCreate", "label", "referenceTo",
             "relationshipName", "permissionable", "picklistValues", "idLookup")  # fmt: skip
    for theirs in recorded["fields"]:
        assert {key: ours[theirs["name"]][key] for key in facts} == {key: theirs[key] for key in facts}


@pytest.mark.fact("salesforce 9.7")
def test_campaign_members(org: Client) -> None:
    """A Lead or a Contact, not both, once per campaign; responding is read from the status."""
    campaign = made(org, "Campaign", {"Name": "Fair"})
    lead, contact = org.lead(), org.kernel.insert("Contact", {"LastName": "A"})
    member = made(org, "CampaignMember", {"CampaignId": campaign, "LeadId": lead})
    assert (org.read(member, "Status", "CampaignMember"), org.read(member, "HasResponded", "CampaignMember")) == (
        "Sent", False)  # fmt: skip
    assert org.call("PATCH", f"/sobjects/CampaignMember/{member}", {"Status": "Responded"})[0] == 204
    assert org.read(member, "HasResponded", "CampaignMember") is True
    for fields, code in (
        ({"LeadId": lead}, "DUPLICATE_VALUE"),
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"LeadId": org.lead(), "ContactId": contact}, "FIELD_INTEGRITY_EXCEPTION"),
    ):
        status, answer = org.call("POST", "/sobjects/CampaignMember", {"CampaignId": campaign, **fields})
        assert (status, code_of(answer)) == (400, code)
    moved = org.call("PATCH", f"/sobjects/CampaignMember/{member}", {"LeadId": org.lead()})[1]
    assert code_of(moved) == "INVALID_FIELD_FOR_INSERT_UPDATE"
    other = made(org, "Campaign", {"Name": "Other"})
    assert made(org, "CampaignMember", {"CampaignId": other, "LeadId": lead})
    assert made(org, "CampaignMember", {"CampaignId": campaign, "ContactId": contact})


@pytest.mark.fact("salesforce 9.7")
@pytest.mark.parametrize("follows", [True, False])
def test_members_and_a_conversion(org: Client, follows: bool) -> None:
    """They become the contact's, once, or, by the switch, stay the Lead's."""
    org.kernel.switches.members_follow_conversion = follows
    lead, contact = org.lead(), org.kernel.insert("Contact", {"LastName": "A", "AccountId": org.kernel.insert(
        "Account", {"Name": "A"})})  # fmt: skip
    both, alone = (made(org, "Campaign", {"Name": name}) for name in ("Both", "Alone"))
    for campaign in (both, alone):
        made(org, "CampaignMember", {"CampaignId": campaign, "LeadId": lead})
    made(org, "CampaignMember", {"CampaignId": both, "ContactId": contact})
    account = org.read(contact, "AccountId", "Contact")
    org.kernel.convert(lead, status="Closed - Converted", account_id=account, contact_id=contact)
    campaigns = org.column(f"SELECT CampaignId FROM CampaignMember WHERE ContactId = '{contact}'", "CampaignId")
    assert sorted(campaigns) == sorted([both, alone] if follows else [both])


@pytest.mark.fact("salesforce 9.8")
def test_a_task_is_about_a_lead_or_a_contact(org: Client) -> None:
    """Its WhoId is polymorphic, its WhatId another row; a campaign is neither."""
    lead, opportunity = org.lead(LastName="Ash"), deal(org)
    fields = {"Subject": "Call", "ActivityDate": "2026-01-09", "Description": "x", "WhatId": opportunity}
    task = made(org, "Task", {**fields, "WhoId": lead})
    assert (org.read(task, "Status", "Task"), org.read(task, "Priority", "Task")) == ("Not Started", "Normal")
    assert described(org, "Task")["WhoId"]["referenceTo"] == ["Contact", "Lead"]
    (row,) = org.query("SELECT Who.Name FROM Task")["records"]
    assert row["Who"]["Name"] == "Ash"
    status, answer = org.call("POST", "/sobjects/Task", {"Subject": "x", "WhoId": opportunity})
    assert (status, code_of(answer)) == (400, "FIELD_INTEGRITY_EXCEPTION")


@pytest.mark.parametrize("stamps", [False, True])
def test_a_person_shows_the_day_of_their_last_activity(org: Client, stamps: bool) -> None:
    """The due date of what was closed, the day of a meeting that has begun; never an earlier one, nor what is to come.
    Whether the person's own stamp moves with it is a switch.
    """
    org.kernel.switches.activities_stamp_people = stamps
    lead = org.lead(LastName="Ash")
    stamp = org.read(lead, "SystemModstamp")
    today, before = (org.clock.now() - timedelta(days=days) for days in (0, 3))
    org.clock.advance(60)
    task = made(org, "Task", {"Subject": "Call", "WhoId": lead, "ActivityDate": before.date().isoformat()})
    made(org, "Task", {"Subject": "Someday", "WhoId": lead, "Status": "Completed"})
    coming = (today + timedelta(days=2)).isoformat(timespec="seconds")
    made(org, "Event", {"Subject": "Demo", "WhoId": lead, "StartDateTime": coming, "DurationInMinutes": 30})
    assert org.read(lead, "LastActivityDate") is None
    org.kernel.edit("Task", task, {"Status": "Completed"})
    assert org.read(lead, "LastActivityDate") == before.date().isoformat()
    assert (org.read(lead, "SystemModstamp") != stamp) == stamps
    held = (today - timedelta(hours=1)).isoformat(timespec="seconds")
    made(org, "Event", {"Subject": "Demo", "WhoId": lead, "StartDateTime": held, "DurationInMinutes": 30})
    assert org.read(lead, "LastActivityDate") == today.date().isoformat()
    made(org, "Task", {"Subject": "Mail", "WhoId": lead, "ActivityDate": "2020-01-01", "Status": "Completed"})
    assert org.read(lead, "LastActivityDate") == today.date().isoformat()


@pytest.mark.fact("salesforce 9.8")
@pytest.mark.parametrize("days", [365, 0])
def test_old_tasks_are_archived(org: Client, days: int) -> None:
    """Completed and due long ago: queryAll has them; with the switch at 0 they stay."""
    org.kernel.switches.task_archive_days = days
    for status, due in (("Completed", "2024-06-01"), ("Not Started", "2024-06-01"), ("Completed", "2025-06-01")):
        made(org, "Task", {"Subject": f"{status} {due}", "Status": status, "ActivityDate": due})
    kept = org.column("SELECT Subject FROM Task", "Subject")
    assert ("Completed 2024-06-01" in kept, len(kept)) == ((False, 2) if days else (True, 3))
    flags = org.column("SELECT IsArchived FROM Task ORDER BY Id", "IsArchived", "queryAll")
    assert flags == [bool(days), False, False]


def test_people_are_bound_by_the_same_relations(org: Client) -> None:
    """What is refused by API is refused to people."""
    with pytest.raises(Refusal, match="either a Lead or a Contact"):
        org.kernel.insert("CampaignMember", {"CampaignId": made(org, "Campaign", {"Name": "C"})})
