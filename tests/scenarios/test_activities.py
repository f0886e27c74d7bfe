"""What sales did about a person is copied to HubSpot: each once, chosen sorts, so many a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.model.episode import Touched
from syncd.model.remote import Cursor, RemoteRef
from syncd.model.values import Side, stamp
from syncd.ports.store import Settlement
from tests.scenarios.signals import engagements, keyed_engagements, listening, signalling
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import open_both

SORTS = {"call": "call", "meeting": "meeting", "task": "note"}
DECLARED = {"activities": {"to_marketing": {"sorts": SORTS, "per_person": 3}}}


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A world in which calls, meetings and tasks are copied."""
    both = signalling(tmp_path, DECLARED)
    keyed_engagements(both)
    yield Steps(both)
    both.store.close()


def in_hours(steps: Steps, hours: int) -> str:
    """The whole second so many hours from now."""
    return stamp(steps.both.clock.now().replace(microsecond=0) + timedelta(hours=hours))


def call(steps: Steps, lead: str, subject: str = "Intro", **more: object) -> str:
    """A call that a person of sales logs, done."""
    fields = {"WhoId": lead, "Subject": subject, "Status": "Completed", "TaskSubtype": "Call", **more}
    return steps.both.salesforce.insert("Task", fields)


def test_a_completed_call_is_copied_once_and_stands_with_the_contact(steps: Steps) -> None:
    """One call engagement with subject, time and the contact; further cycles and edits of the task copy nothing."""
    contact, lead = steps.pair()
    steps.cycle()
    task = call(steps, lead)
    assert steps.counts()["added_activity.marketing"] == 1
    ((made, about),) = engagements(steps, "calls")
    assert about == {contact}
    assert made["hs_call_title"] == "Intro"
    assert made["hs_call_status"] == "COMPLETED"
    assert made["syncd_crm_id"] == task
    assert "hs_call_body" not in made
    steps.sell(task, object_name="Task", Subject="Intro, corrected")
    steps.cycle()
    assert len(engagements(steps, "calls")) == 1
    steps.quiet()


def test_a_task_is_copied_when_it_is_completed_and_not_before(steps: Steps) -> None:
    """An open task is none of marketing's business; done, it becomes a note, as declared."""
    _, lead = steps.pair()
    steps.cycle()
    task = steps.both.salesforce.insert("Task", {"WhoId": lead, "Subject": "Send offer"})
    assert "added_activity.marketing" not in steps.counts()
    steps.sell(task, object_name="Task", Status="Completed")
    steps.cycle()
    ((made, _),) = engagements(steps, "notes")
    assert made["hs_note_body"] == "Send offer"
    assert engagements(steps, "tasks") == []


def test_a_meeting_is_copied_when_its_end_is_past_as_it_stands_then(steps: Steps) -> None:
    """Nothing changes at Salesforce when a meeting ends: syncd remembers it, and reads it again at its end. One that
    was moved is waited for anew, one that was called off is never copied.
    """
    _, lead = steps.pair()
    steps.cycle()
    soon, later, far = (in_hours(steps, hours) for hours in (3, 4, 30))
    event = {"WhoId": lead, "StartDateTime": soon, "EndDateTime": later}
    insert = steps.both.salesforce.insert
    _, moved, off = (insert("Event", {**event, "Subject": name}) for name in ("Demo", "Moved", "Off"))
    steps.cycle()
    assert engagements(steps, "meetings") == []
    steps.both.salesforce.delete("Event", off)
    steps.sell(moved, object_name="Event", StartDateTime=far, EndDateTime=far)
    steps.cycle(after=5 * HOUR)
    ((made, _),) = engagements(steps, "meetings")
    assert (made["hs_meeting_title"], made["hs_meeting_outcome"]) == ("Demo", "COMPLETED")
    assert str(made["hs_meeting_end_time"]).startswith(later[:19])
    steps.cycle(after=30 * HOUR)
    assert sorted(str(row["hs_meeting_title"]) for row, _ in engagements(steps, "meetings")) == ["Demo", "Moved"]
    steps.quiet()


def test_what_is_beyond_a_persons_daily_cap_is_left_out_for_good(steps: Steps) -> None:
    """Five calls, three a day: the earliest three are copied, two are told as a number, and no cycle copies them later;
    the next day there are three more.
    """
    _, lead = steps.pair()
    steps.cycle()
    for number in range(5):
        call(steps, lead, f"Call {number}")
        steps.both.clock.advance(1)
    lines = listening()
    counts = steps.counts()
    assert (counts["added_activity.marketing"], counts["capped.marketing"]) == (3, 2)
    assert [(line["records"], line["people"]) for line in lines("signals.capped")] == [(2, 1)]
    steps.cycle(after=24 * HOUR)
    assert sorted(str(row["hs_call_title"]) for row, _ in engagements(steps, "calls")) == ["Call 0", "Call 1", "Call 2"]
    call(steps, lead, "Next day")
    steps.cycle()
    assert len(engagements(steps, "calls")) == 4


def test_what_was_done_before_it_was_declared_is_no_news(steps: Steps) -> None:
    """A call of long ago that somebody edits now, an e-mail, a call with somebody who is not linked: none is copied."""
    lead = steps.lead(Email="ann@example.com")
    old = call(steps, lead, "Before")
    steps.both.clock.advance(5 * HOUR)
    steps.contact(email="ann@example.com", company="Acme")
    steps.cycle()
    steps.sell(old, object_name="Task", Subject="Before, edited")
    call(steps, lead, "Mail", TaskSubtype="Email")
    stranger = steps.lead(Email="zoe@example.com")
    call(steps, stranger, "Zoe")
    steps.cycle()
    assert engagements(steps, "calls") == []
    assert engagements(steps, "notes") == []


def test_a_first_day_is_obeyed_and_texts_go_along_where_that_is_declared(tmp_path: Path) -> None:
    """With `since` what was done after that day is copied at once; with `bodies` its text, as HubSpot takes it."""
    rules: dict[str, Any] = {"sorts": SORTS, "since": "2020-01-01", "bodies": True}
    both = signalling(tmp_path, {"activities": {"to_marketing": rules}})
    keyed_engagements(both)
    steps = Steps(both)
    _, lead = steps.pair()
    call(steps, lead, "Before", Description="a < b\nsecond line")
    steps.cycle()
    ((made, _),) = engagements(steps, "calls")
    assert made["hs_call_body"] == "a &lt; b<br>second line"
    both.store.close()


def test_a_copy_of_a_contact_who_was_a_lead(steps: Steps) -> None:
    """After a conversion activities of the Contact go to the same contact."""
    contact, lead = steps.pair()
    steps.cycle()
    now, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    call(steps, now, "After")
    steps.cycle()
    ((made, about),) = engagements(steps, "calls")
    assert (made["hs_call_title"], about) == ("After", {contact})


def test_a_refused_copy_is_told_and_made_when_its_task_changes(steps: Steps) -> None:
    """HubSpot refuses one value: told with its code and not tried for ever, but again when somebody edits the task."""
    _, lead = steps.pair()
    steps.cycle()
    steps.both.hubspot.remove_property("calls", "hs_call_title")
    task = call(steps, lead)
    lines = listening()
    assert steps.counts()["refused.marketing"] == 1
    assert [line["records"] for line in lines("signals.refused")] == [1]
    steps.quiet()
    definition = {"name": "hs_call_title", "label": "T", "type": "string", "fieldType": "text", "groupName": "call"}
    steps.both.hubspot.add_property("calls", definition)
    steps.sell(task, object_name="Task", Description="edited")
    steps.cycle()
    assert [row["hs_call_title"] for row, _ in engagements(steps, "calls")] == ["Intro"]


def test_a_refused_copy_is_made_a_day_later_without_anybodys_doing(steps: Steps) -> None:
    """The admin has made the property meanwhile."""
    _, lead = steps.pair()
    steps.cycle()
    steps.both.hubspot.remove_property("calls", "hs_call_title")
    call(steps, lead)
    steps.cycle()
    assert engagements(steps, "calls") == []
    definition = {"name": "hs_call_title", "label": "T", "type": "string", "fieldType": "text", "groupName": "call"}
    steps.both.hubspot.add_property("calls", definition)
    steps.cycle()
    assert engagements(steps, "calls") == []
    steps.cycle(after=24 * HOUR)
    ((made, _),) = engagements(steps, "calls")
    assert made["hs_call_title"] == "Intro"
    steps.quiet()


def test_the_audit_tells_what_was_copied_without_its_texts(steps: Steps) -> None:
    """Under the person, by the original's id; sealed like everything of theirs, and the chain verifies."""
    contact, lead = steps.pair()
    steps.cycle()
    task = call(steps, lead, "Secret talk")
    steps.cycle()
    ref = RemoteRef("contacts", contact)
    link = steps.both.store.link_ids("person", Side.MARKETING, [ref])[ref]
    (row,) = [row for row in steps.both.store.audit_of(link, 10) if row.kind == "activity"]
    assert (row.side, row.outcome) == (Side.MARKETING, "done")
    assert [(change.field, change.after) for change in row.changes] == [("@activity", f"crm:Task/{task}")]
    assert not steps.both.store.verify_audit().unfinished


def test_a_forgotten_person_gets_nothing_more(steps: Steps) -> None:
    """What sales does later about the record that remains is not copied: not even as a call with nobody."""
    contact, lead = steps.pair()
    steps.cycle()
    call(steps, lead)
    steps.cycle()
    assert len(engagements(steps, "calls")) == 1
    steps.both.hubspot.gdpr_delete("contacts", contact)
    steps.cycle()
    call(steps, lead, "Later")
    steps.cycle()
    assert [str(row["hs_call_title"]) for row, _ in engagements(steps, "calls")] == ["Intro"]


def test_the_first_thing_that_sales_does_touches_a_handoff(steps: Steps) -> None:
    """A call counts for the clock of sales though nobody has moved anybody, and beyond the cap of copies as well."""
    _, lead = steps.pair()
    (before,) = steps.both.store.episode_columns(("state", "touched_at"))
    assert before == ("delivered", None)
    steps.both.clock.advance(600)
    caller = steps.seller("SDR")
    moment = steps.both.clock.now()
    for number in range(5):
        call(steps, lead, f"Call {number}", OwnerId=caller, ActivityDate=stamp(moment)[:10])
    steps.cycle()
    ((state, touched),) = steps.both.store.episode_columns(("state", "touched_at"))
    assert state == "touched"
    assert touched is not None
    (link,) = steps.both.store.links("person")
    touches = [each for each in steps.both.store.ledger_of([link.id]) if isinstance(each, Touched)]
    assert {each.by for each in touches} == {"2.sdr@example.com"}
    steps.quiet()
    assert len([each for each in steps.both.store.ledger_of([link.id]) if isinstance(each, Touched)]) == len(touches)


def test_before_since_there_is_nothing_to_copy_and_nothing_is_asked(tmp_path: Path) -> None:
    """A day to come may be named: until then no call is made for it, and from then on activities are copied."""
    tomorrow = f"{open_both().clock.now() + timedelta(days=2):%Y-%m-%d}"
    both = signalling(tmp_path, {"activities": {"to_marketing": {"sorts": SORTS, "since": tomorrow}}})
    keyed_engagements(both)
    steps = Steps(both)
    _, lead = steps.pair()
    steps.cycle()
    call(steps, lead, "Too early")
    before = len(both.salesforce.calls)
    assert steps.counts() == {}
    assert not [each for each in both.salesforce.calls[before:] if "Task" in each.path]
    both.clock.advance(3 * 24 * 3_600.0)
    steps.cycle()
    call(steps, lead, "In time")
    steps.cycle()
    assert [made["hs_call_title"] for made, _ in engagements(steps, "calls")] == ["In time"]
    both.store.close()


@pytest.mark.fault("F29")
@pytest.mark.parametrize("held", ['{"v":1,"ch', '{"v":9}'])
def test_a_lost_position_costs_no_activity_and_doubles_none(steps: Steps, held: str) -> None:
    """Where it stood in the stream cannot be read: it goes on a day before that was stored."""
    _, lead = steps.pair()
    steps.cycle()
    call(steps, lead, "Before")
    steps.cycle()
    late = call(steps, lead, "Not seen yet")
    lost = [each for each in steps.both.store.cursors() if each.side is Side.CRM and each.stream.startswith("changes:")]
    steps.both.store.settle(
        Settlement(cursors=[replace(each, cursor=Cursor(held)) for each in lost]), steps.both.clock.now()
    )
    assert lost
    steps.both.clock.advance(300.0)
    steps.cycle()
    steps.cycle()
    copied = [made["syncd_crm_id"] for made, _ in engagements(steps, "calls")]
    assert len(copied) == 2
    assert late in copied
