"""What signals ask of both connectors: records without a key of ours, found by what the vendor keeps unique; and
engagements that are found again by our key and stand with their contact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from connectors.hubspot.known import ACTIVITIES
from connectors.salesforce.known import ACTIVITIES as SOURCES
from connectors.salesforce.known import MEMBERSHIP
from syncd.engine.campaigns import member_shape
from syncd.model.errors import NeedsOperator
from syncd.model.remote import MatchKey, RemoteRecord, RemoteRef, Shape
from syncd.model.write import Clash, CreateRecord, UpdateRecord, Write, WriteResult, Written
from tests.scenarios.signals import keyed_engagements
from tests.worlds import Both, open_both

MEMBERS = member_shape(MEMBERSHIP)
CALLS = Shape(
    "activity", {"calls": ("hs_timestamp", "hs_call_title")}, "syncd_crm_id", {"person": {"calls": "contacts"}}
)
TASKS = Shape("activity", {"Task": SOURCES[0].read}, "", {"person": {"Task": "WhoId"}})


@pytest.fixture
def both() -> Iterator[Both]:
    """Both stand-ins with real connectors."""
    opened = open_both()
    keyed_engagements(opened)
    yield opened
    opened.store.close()


def write(both: Both, shape: Shape, *batch: Write) -> Sequence[WriteResult]:
    """What became of these writes at the side that has the shape's object."""
    connector = both.world.connectors.marketing if shape is CALLS else both.world.connectors.crm
    return connector.write(shape, batch, both.clock.now() + timedelta(minutes=5))


def member(both: Both, campaign: str, lead: str, *, intent: str = "i1") -> WriteResult:
    """One membership that is made."""
    refs = {"campaign": RemoteRef("Campaign", campaign), "Lead": RemoteRef("Lead", lead)}
    create = CreateRecord(intent, "CampaignMember", f"{campaign}:{lead}", {"Status": "Sent"}, refs)
    (result,) = write(both, MEMBERS, create)
    return result


def test_a_member_is_made_by_a_plain_create_and_found_by_its_person(both: Both) -> None:
    """POST, no upsert; what the vendor holds is confirmed; a second one is a clash and makes nothing."""
    campaign = both.salesforce.insert("Campaign", {"Name": "Spring"})
    lead = both.salesforce.insert("Lead", {"LastName": "L", "Company": "C"})
    made = member(both, campaign, lead)
    assert isinstance(made, Written)
    assert (made.created, made.confirmed["Status"], made.confirmed["LeadId"]) == (True, "Sent", lead)
    found = both.world.connectors.crm.find(MEMBERS, MatchKey("value", {"CampaignMember": ("LeadId",)}), [lead])
    ((record,),) = found.values()
    assert record.ref == made.ref
    assert record.refs["campaign"] == (RemoteRef("Campaign", campaign),)
    assert isinstance(member(both, campaign, lead, intent="i2"), Clash)
    assert len(both.salesforce.export()["CampaignMember"]) == 1


def test_many_members_cost_few_calls(both: Both) -> None:
    """Collections of 200 within Composite: 300 members are one call, and one to read them back."""
    campaign = both.salesforce.insert("Campaign", {"Name": "Spring"})
    leads = [both.salesforce.insert("Lead", {"LastName": f"L{n}", "Company": "C"}) for n in range(300)]
    member(both, campaign, leads[0])
    before = len(both.salesforce.calls)
    results = write(
        both,
        MEMBERS,
        *(
            CreateRecord(
                f"i{lead}",
                "CampaignMember",
                lead,
                {"Status": "Sent"},
                {"campaign": RemoteRef("Campaign", campaign), "Lead": RemoteRef("Lead", lead)},
            )
            for lead in leads[1:]
        ),
    )
    assert all(isinstance(result, Written) for result in results)
    assert len(both.salesforce.calls) - before == 2


def test_a_member_of_a_converted_lead_can_be_advanced(both: Both) -> None:
    """It is the Contact's then, and is found by the Contact."""
    campaign = both.salesforce.insert("Campaign", {"Name": "Spring"})
    lead = both.salesforce.insert("Lead", {"LastName": "L", "Company": "C"})
    made = member(both, campaign, lead)
    assert isinstance(made, Written)
    contact, _, _ = both.salesforce.convert(lead, status="Closed - Converted")
    key = MatchKey("value", {"CampaignMember": ("ContactId",)})
    ((record,),) = both.world.connectors.crm.find(MEMBERS, key, [contact]).values()
    assert record.ref == made.ref
    (result,) = write(both, MEMBERS, UpdateRecord("u1", record.ref, {"Status": "Responded"}))
    assert isinstance(result, Written)
    assert result.confirmed["Status"] == "Responded"


def test_a_copy_is_found_again_by_its_key_with_whom_it_is_about(both: Both) -> None:
    """Made with its contact; without one it says so, and is tied to one later without another field being written."""
    contact = both.hubspot.create("contacts", {"email": "a@example.com"})
    fields = {"hs_timestamp": "2026-03-02T12:00:00.000Z", "hs_call_title": "Intro"}
    about = {"person": RemoteRef("contacts", contact)}
    tied, loose = write(
        both,
        CALLS,
        CreateRecord("a1", "calls", "00T1", fields, about),
        CreateRecord("a2", "calls", "00T2", fields),
    )
    assert isinstance(tied, Written)
    assert isinstance(loose, Written)
    found = both.world.connectors.marketing.keyed(CALLS, "calls", ["00T1", "00T2", "00T3"])
    assert [[record.refs["person"] for record in found[key]] for key in ("00T1", "00T2", "00T3")] == [
        [(about["person"],)],
        [()],
        [],
    ]
    (later,) = write(both, CALLS, UpdateRecord("a3", loose.ref, {}, about))
    assert isinstance(later, Written)
    ((record,),) = both.world.connectors.marketing.keyed(CALLS, "calls", ["00T2"]).values()
    assert record.refs["person"] == (about["person"],)


def test_a_task_tells_what_was_done_and_about_whom(both: Both) -> None:
    """Closed by its status, with the time of it, and the Lead it is about."""
    lead = both.salesforce.insert("Lead", {"LastName": "L", "Company": "C"})
    start = both.world.connectors.crm.start(TASKS)
    task = both.salesforce.insert(
        "Task", {"WhoId": lead, "Subject": "Intro", "Status": "Completed", "TaskSubtype": "Call"}
    )
    both.clock.advance(1)
    records = [record for page in both.world.connectors.crm.changes(TASKS, start) for record in page.records]
    (record,) = records
    assert isinstance(record, RemoteRecord)
    assert record.ref == RemoteRef("Task", task)
    assert record.refs["person"] == (RemoteRef("Lead", lead),)
    assert (record.fields["IsClosed"], record.fields["TaskSubtype"]) == (True, "Call")
    assert record.fields["CompletedDateTime"] is not None
    assert not record.missing


def test_every_form_of_an_engagement_is_known_to_hubspot(both: Both) -> None:
    """Each property that is written exists."""
    for form in ACTIVITIES:
        shape = Shape("activity", {form.object: (*form.read, *form.also, *form.starts)}, "syncd_crm_id")
        told = both.world.connectors.marketing.schema(shape).objects[form.object]
        assert {*form.read, *form.also, *form.starts} <= told.keys()


def test_a_list_is_told_as_people_joined_it_and_read_on_from_there(both: Both) -> None:
    """250 a page; the position of the last page is its own, so that who joins later is told by one call."""
    hubspot, connector = both.hubspot, both.world.connectors.marketing
    people = hubspot.add_list("People")
    contacts = hubspot.load("contacts", [{"email": f"p{number}@example.com"} for number in range(260)])
    for contact in contacts:
        hubspot.put_on_list(people, contact)
    pages = list(connector.roster(people))
    assert [len(page.refs) for page in pages] == [250, 10]
    assert {ref.id for page in pages for ref in page.refs} == set(contacts)
    both.clock.advance(1)
    late = hubspot.create("contacts", {"email": "late@example.com"})
    hubspot.put_on_list(people, late)
    (page,) = connector.roster(people, pages[-1].cursor)
    assert page.refs[-1] == RemoteRef("contacts", late)
    assert len(page.refs) == 11
    with pytest.raises(NeedsOperator, match="list 77"):
        list(connector.roster("77"))
