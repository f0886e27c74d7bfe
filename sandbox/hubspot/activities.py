"""Standard properties of the smaller objects: tasks, notes, leads and tickets, as tables."""

from __future__ import annotations

from sandbox.hubspot.tables import ObjectType, choice, moment, owner, record_properties, text

TICKET_STAGES = (("1", "New"), ("2", "Waiting on contact"), ("3", "Waiting on us"), ("4", "Closed"))

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
