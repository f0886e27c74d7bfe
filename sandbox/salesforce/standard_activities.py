"""What people of sales do: tasks, logged calls among them, and events; and what follows from a task's status.

Fields of Task as recorded from the vendor, ``TaskSubtype``, ``CompletedDateTime`` and those of Event as in its object
reference. A task is closed by its status, and the vendor notes when. An event has no status: whether it took place only
the time tells.
"""

from __future__ import annotations

from sandbox.salesforce.definitions import (
    SEEN,
    FieldDefinition,
    ObjectDefinition,
    Row,
    flag,
    id_field,
    long_text,
    moment,
    picklist,
    reference,
    system_fields,
    text,
    typed,
    whole,
)

CLOSED = "Completed"


def _who() -> tuple[FieldDefinition, ...]:
    return (
        reference("WhoId", "Name ID", ("Contact", "Lead"), "Who", indexed=True),
        reference("WhatId", "Related To ID", ("Account", "Opportunity"), "What", indexed=True),
        typed("combobox", "Subject", "Subject", 255),
    )


def _owner(*kinds: str) -> FieldDefinition:
    return reference("OwnerId", "Owner ID", kinds, "Owner", nillable=False, defaulted=True, permissionable=False)


TASK = ObjectDefinition(
    name="Task", label="Task", plural="Tasks", prefix="00T", owner_may_be_queue=True,
    fields=(
        id_field("Activity ID"),
        *_who(),
        typed("date", "ActivityDate", "Due Date Only"),
        picklist("Status", "Status", ("Not Started", "In Progress", CLOSED, "Waiting on someone else", "Deferred"),
                 nillable=False, defaulted=True, default="Not Started"),
        picklist("Priority", "Priority", ("High", "Normal", "Low"), nillable=False, defaulted=True, default="Normal"),
        _owner("Group", "User"),
        long_text("Description", "Description"),
        flag("IsClosed", "Closed", **SEEN),
        flag("IsArchived", "Archived", **SEEN),
        picklist("TaskSubtype", "Task Subtype", ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn"),
                 length=40, updateable=False),
        moment("CompletedDateTime", "Completed Date", **SEEN),
        *system_fields(),
    ),
)  # fmt: skip

EVENT = ObjectDefinition(
    name="Event", label="Event", plural="Events", prefix="00U",
    fields=(
        id_field("Activity ID"),
        *_who(),
        text("Location", "Location", 255),
        flag("IsAllDayEvent", "All-Day Event"),
        moment("StartDateTime", "Start Date Time"),
        moment("EndDateTime", "End Date Time"),
        whole("DurationInMinutes", "Duration", digits=8),
        _owner("User"),
        long_text("Description", "Description"),
        flag("IsArchived", "Archived", **SEEN),
        *system_fields(),
    ),
)  # fmt: skip


def follow_status(object_name: str, old: Row | None, row: Row, *, now: str) -> None:
    """Closes a task, or opens it again, by its status."""
    if object_name != TASK.name:
        return
    row["IsClosed"] = row.get("Status") == CLOSED
    if not row["IsClosed"]:
        row["CompletedDateTime"] = None
    elif old is None or not old.get("IsClosed"):
        row["CompletedDateTime"] = now
