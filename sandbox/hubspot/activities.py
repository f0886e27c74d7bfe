"""Standard properties of the smaller objects: calls, meetings, tasks, notes, leads and tickets, as tables.

Those of calls and meetings as in the vendor's guides of these objects; ``hs_timestamp`` is required there and of tasks
and notes, which v3 does not enforce here.
"""

from __future__ import annotations

from sandbox.hubspot.tables import ObjectType, choice, moment, number, owner, record_properties, text

TICKET_STAGES = (("1", "New"), ("2", "Waiting on contact"), ("3", "Waiting on us"), ("4", "Closed"))

CALLS = ObjectType(
    name="calls",
    singular="call",
    type_id="0-48",
    label="Call",
    stamp="hs_lastmodifieddate",
    defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    searchable=("hs_call_title", "hs_call_body"),
    scope="contacts",
    definitions=(
        *record_properties("hs_lastmodifieddate", "call"),
        moment("hs_createdate", "Object create date/time", group="call", read_only=True),
        text("hs_call_title", "Call Title", group="call"),
        text("hs_call_body", "Call notes", field_type="html", group="call"),
        choice("hs_call_status", "Call status", tuple((s, s.title()) for s in ("BUSY", "CALLING_CRM_USER", "CANCELED",
                "COMPLETED", "CONNECTING", "FAILED", "IN_PROGRESS", "NO_ANSWER", "QUEUED", "RINGING")), group="call"),
        choice("hs_call_direction", "Call direction", (("INBOUND", "Inbound"), ("OUTBOUND", "Outbound")),
               group="call"),
        number("hs_call_duration", "Call duration", group="call"),
        moment("hs_timestamp", "Activity date", group="call"),
        owner("Activity assigned to", group="call"),
    ),
)  # fmt: skip

MEETINGS = ObjectType(
    name="meetings",
    singular="meeting",
    type_id="0-47",
    label="Meeting",
    stamp="hs_lastmodifieddate",
    defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    searchable=("hs_meeting_title", "hs_meeting_body"),
    scope="contacts",
    definitions=(
        *record_properties("hs_lastmodifieddate", "meeting"),
        moment("hs_createdate", "Object create date/time", group="meeting", read_only=True),
        text("hs_meeting_title", "Meeting name", group="meeting"),
        text("hs_meeting_body", "Meeting description", field_type="html", group="meeting"),
        moment("hs_meeting_start_time", "Meeting start time", group="meeting"),
        moment("hs_meeting_end_time", "Meeting end time", group="meeting"),
        choice("hs_meeting_outcome", "Meeting outcome", tuple((s, s.replace("_", " ").title()) for s in ("SCHEDULED",
                "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED")), group="meeting"),
        moment("hs_timestamp", "Activity date", group="meeting"),
        owner("Activity assigned to", group="meeting"),
    ),
)  # fmt: skip

TASKS = ObjectType(
    name="tasks",
    singular="task",
    type_id="0-27",
    label="Task",
    stamp="hs_lastmodifieddate",
    defaults=("createdate", "hs_lastmodifieddate", "hs_object_id"),
    searchable=("hs_task_subject",),
    scope="contacts",
    definitions=(
        *record_properties("hs_lastmodifieddate", "task"),
        text("hs_task_subject", "Task Title", group="task"),
        text("hs_task_body", "Notes", field_type="html", group="task"),
        choice("hs_task_status", "Task Status", tuple((s, s.title()) for s in ("NOT_STARTED", "IN_PROGRESS",
                "COMPLETED", "WAITING", "DEFERRED")), group="task"),
        moment("hs_timestamp", "Due date", group="task"),
        moment("hs_task_completion_date", "Completed at", group="task"),
        owner("Assigned to", group="task"),
    ),
)  # fmt: skip

LEADS = ObjectType(
    name="leads",
    singular="lead",
    type_id="0-136",
    label="Lead",
    stamp="hs_lastmodifieddate",
    defaults=("createdate", "hs_lastmodifieddate", "hs_lead_name", "hs_object_id"),
    searchable=("hs_lead_name",),
    definitions=(
        *record_properties("hs_lastmodifieddate", "leads"),
        text("hs_lead_name", "Lead Name", group="leads"),
        choice("hs_lead_type", "Lead Type", (("NEW_BUSINESS", "New business"), ("UPSELL", "Upsell")), group="leads"),
        choice("hs_lead_label", "Lead Label", (("HOT", "Hot"), ("WARM", "Warm"), ("COLD", "Cold")), group="leads"),
        owner("Lead owner", group="leads"),
    ),
)

NOTES = ObjectType(
    name="notes",
    singular="note",
    type_id="0-46",
    label="Note",
    stamp="hs_lastmodifieddate",
    defaults=("createdate", "hs_lastmodifieddate", "hs_object_id"),
    searchable=("hs_note_body",),
    scope="contacts",
    definitions=(
        *record_properties("hs_lastmodifieddate", "note"),
        text("hs_note_body", "Note body", field_type="html", group="note"),
        moment("hs_timestamp", "Activity date", group="note"),
        owner("Activity assigned to", group="note"),
    ),
)

_TICKET = {"group": "ticketinformation"}
TICKETS = ObjectType(
    name="tickets",
    singular="ticket",
    type_id="0-5",
    label="Ticket",
    stamp="hs_lastmodifieddate",
    defaults=("content", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_pipeline", "hs_pipeline_stage",
              "hs_ticket_category", "hs_ticket_priority", "subject"),
    searchable=("subject",),
    merges=True,
    definitions=(
        *record_properties("hs_lastmodifieddate", "ticketinformation"),
        text("subject", "Ticket name", **_TICKET),
        text("content", "Ticket description", field_type="textarea", **_TICKET),
        choice("hs_pipeline", "Pipeline", (("0", "Support Pipeline"),), **_TICKET),
        choice("hs_pipeline_stage", "Ticket status", TICKET_STAGES, field_type="radio", **_TICKET),
        choice("hs_ticket_category", "Category", tuple((s, s.replace("_", " ").capitalize()) for s in (
               "PRODUCT_ISSUE", "BILLING_ISSUE", "FEATURE_REQUEST", "GENERAL_INQUIRY")), **_TICKET),
        choice("hs_ticket_priority", "Priority", (("LOW", "Low"), ("MEDIUM", "Medium"), ("HIGH", "High")), **_TICKET),
        owner("Ticket owner", **_TICKET),
    ),
)  # fmt: skip
