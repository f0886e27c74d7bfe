"""Activities as read from one vendor's form and written in another's, and the cap of a day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.hubspot.known import ACTIVITIES as TOLD
from connectors.hubspot.known import COPIES as HUBSPOT
from connectors.salesforce.known import ACTIVITIES as SALESFORCE
from connectors.salesforce.known import COPIES as LOGGED
from syncd.core.activity import PERSON, Activity, as_written, read_activity, within_cap
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.signal import ActivityRule, ActivitySort
from syncd.model.values import Side, Wire, instant

NOW = instant("2026-03-02T12:00:00Z")
WHO = RemoteRef("Lead", "00Q000000000001AAA")
TASK, EVENT = SALESFORCE
CALLS, MEETINGS, TASKS, NOTES = HUBSPOT
RULE = ActivityRule(Side.CRM, {ActivitySort.CALL: ActivitySort.CALL}, per_person=2, per_day=10)


def record(name: str, **fields: Wire) -> RemoteRecord:
    """A row of Salesforce about one Lead, stamped an hour ago."""
    return RemoteRecord(RemoteRef(name, "1"), "v", NOW - timedelta(hours=1), fields, {PERSON: (WHO,)})


def task(**fields: Wire) -> Activity | None:
    """A task as read."""
    return read_activity(record("Task", Subject="Intro", **fields), TASK, NOW)


@pytest.mark.parametrize(
    ("told", "sort"),
    [("Call", "call"), ("Email", "email"), ("ListEmail", "email"), ("Task", "task"), (None, "task"), ("New", "task")],
)
def test_what_a_task_is(told: str | None, sort: str) -> None:
    """By its subtype; whatever Salesforce adds is a task."""
    read = task(IsClosed=True, TaskSubtype=told)
    assert read is not None
    assert read.sort == sort


@pytest.mark.parametrize("closed", [False, None, "false"])
def test_a_task_that_is_not_closed_is_none(closed: Wire) -> None:
    """It will change once it is."""
    assert task(IsClosed=closed) is None


def test_a_closed_task_has_the_time_of_its_closing_or_else_of_its_last_change() -> None:
    """The first is not told in every org."""
    told, untold = task(IsClosed=True, CompletedDateTime="2026-03-01T08:00:00.000+0000"), task(IsClosed=True)
    assert told is not None
    assert untold is not None
    assert (told.at, told.until, told.over) == (instant("2026-03-01T08:00:00Z"), instant("2026-03-01T08:00:00Z"), True)
    assert untold.at == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "end", "over"),
    [
        ("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z", True),
        ("2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z", True),  # ends just now
        ("2026-03-02T11:30:00Z", "2026-03-02T12:00:01Z", False),
        ("2026-03-02T13:00:00Z", None, False),
        ("2026-03-02T10:00:00Z", "2026-03-02T09:00:00Z", True),  # an end before its begin is none
    ],
)
def test_a_meeting_is_over_when_its_end_is_past(start: str, end: str | None, *, over: bool) -> None:
    """Its vendor has no flag for it."""
    read = read_activity(record("Event", StartDateTime=start, EndDateTime=end), EVENT, NOW)
    assert read is not None
    assert (read.sort, read.over) == (ActivitySort.MEETING, over)
    assert read.until >= read.at


def activity(number: int = 1, *, day: int = 0, **more: object) -> Activity:
    """A call, the number'th of a day."""
    at = NOW + timedelta(days=day, minutes=number)
    told = {"subject": "Intro", "body": "a < b\nc", "owner": "", "over": True, **more}
    return Activity(RemoteRef("Task", str(number)), ActivitySort.CALL, (WHO,), at, at, **told)  # type: ignore[arg-type]


def test_texts_go_along_only_where_that_is_declared() -> None:
    """And as HTML where the vendor's texts are that."""
    without = as_written(activity(), CALLS, owner="", rule=RULE)
    assert without == {
        "hs_call_status": "COMPLETED",
        "hs_call_title": "Intro",
        "hs_timestamp": "2026-03-02T12:01:00.000Z",
    }
    rule = ActivityRule(Side.CRM, RULE.sorts, per_person=2, per_day=10, bodies=True)
    along = as_written(activity(), CALLS, owner="77", rule=rule)
    assert along == {**without, "hs_call_body": "a &lt; b<br>c", "hubspot_owner_id": "77"}


def test_a_note_has_no_subject_and_says_it_in_its_text() -> None:
    """Of an activity without a subject it says the sort."""
    assert as_written(activity(), NOTES, owner="", rule=RULE)["hs_note_body"] == "Intro"
    assert as_written(activity(subject=""), NOTES, owner="", rule=RULE)["hs_note_body"] == "Call"


def test_a_meeting_has_begin_and_end() -> None:
    """HubSpot keeps the begin twice."""
    fields = as_written(activity(), MEETINGS, owner="", rule=RULE)
    assert fields["hs_timestamp"] == fields["hs_meeting_start_time"] == fields["hs_meeting_end_time"]


def test_the_cap_counts_by_person_and_day_and_keeps_the_earliest() -> None:
    """What was copied before counts; another day and another person are another count."""
    mine = [("ann", activity(number)) for number in (3, 1, 2)]
    others = [("ann", activity(4, day=1)), ("bob", activity(5))]
    within, beyond = within_cap([*mine, *others], {("ann", activity().day): 1, ("bob", 0): 9}, per_person=2)
    assert [(person, each.origin.id) for person, each in within] == [("ann", "1"), ("bob", "5"), ("ann", "4")]
    assert [(person, each.origin.id) for person, each in beyond] == [("ann", "2"), ("ann", "3")]


def test_every_field_that_is_written_is_one_of_the_form() -> None:
    """For each form of HubSpot."""
    for form in (CALLS, MEETINGS, TASKS, NOTES):
        written = as_written(activity(), form, owner="1", rule=RULE)
        assert written.keys() <= {*form.read, *form.also, *form.starts}


@pytest.mark.parametrize(
    ("number", "fields", "copied"),
    [
        (0, {"hs_call_status": "COMPLETED", "hs_timestamp": "2026-03-02T11:00:00Z"}, True),
        (0, {"hs_call_status": "NO_ANSWER", "hs_timestamp": "2026-03-02T11:00:00Z"}, True),
        (0, {"hs_call_status": "CANCELED", "hs_timestamp": "2026-03-02T11:00:00Z"}, False),
        (1, {"hs_meeting_outcome": "NO_SHOW", "hs_timestamp": "2026-03-02T11:00:00Z"}, False),
        (1, {"hs_meeting_outcome": None, "hs_timestamp": "2026-03-02T11:00:00Z"}, True),
        (2, {"hs_task_status": "NOT_STARTED", "hs_timestamp": "2026-03-02T11:00:00Z"}, False),
        (2, {"hs_task_status": "COMPLETED", "hs_timestamp": "2025-01-01T00:00:00Z"}, True),
    ],
)
def test_what_marketing_did(number: int, fields: dict[str, Wire], *, copied: bool) -> None:
    """What was called off is none; a task's time is that of its completion, not when it was due."""
    form = TOLD[number]
    read = read_activity(RemoteRecord(RemoteRef(form.object, "1"), "v", NOW, fields), form, NOW)
    assert (read is not None and read.over) is copied
    if read is not None:
        assert read.at >= NOW - timedelta(hours=1)


def test_html_becomes_plain_text_where_that_is_wanted() -> None:
    """A line for each block, entities as characters, nothing of the tags."""
    fields = {"hs_note_body": "<div>Called <b>Ann</b> &amp; Bob</div><p>twice<br>today</p>", "hs_timestamp": None}
    read = read_activity(RemoteRecord(RemoteRef("notes", "1"), "v", NOW, fields), TOLD[3], NOW)
    assert read is not None
    assert read.body == "Called Ann & Bob\ntwice\ntoday"
    rule = ActivityRule(Side.MARKETING, RULE.sorts, per_person=2, per_day=10, bodies=True)
    assert as_written(read, LOGGED[3], owner="", rule=rule) == {
        "Subject": "Note",
        "Description": "Called Ann & Bob\ntwice\ntoday",
        "ActivityDate": "2026-03-02",
        "Status": "Completed",
        "TaskSubtype": "Task",
    }
