"""Properties of HubSpot that an app cannot write, and what to do instead; names may hold ``*``.

Sources: recorded ``modificationMetadata.readOnlyValue``, the owners and contacts guides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from syncd.model.signal import ActivityForm, ActivitySort

INSCRIBED: Final[Mapping[str, tuple[str, ...]]] = {"companies": ("name",), "contacts": ("lastname", "company")}
"""What names a record, by object."""
READ_ONLY: Final[Mapping[str, str]] = {
    "hs_email_optout": 'map "@unsubscribed", which is written through the communication preferences',
    "hs_email_optout_*": 'map "@subscription/<id>", which is written through the communication preferences',
    "hs_marketable_status": "HubSpot decides it by the account's settings",
    "hs_object_id": "it is HubSpot's own record id",
    "associatedcompanyid": "it follows the association; map the company as a reference",
    "hs_additional_emails": "HubSpot keeps it itself when contacts are merged",
    "hs_is_closed": "it follows from the stage; map dealstage",
    "hs_is_closed_won": "it follows from the stage; map dealstage",
    "hs_is_closed_lost": "it follows from the stage; map dealstage",
    "createdate": "HubSpot sets it",
    "lastmodifieddate": "HubSpot sets it",
}
ACTIVITIES: Final = (
    ActivityForm(
        object="calls",
        person="contacts",
        sort=ActivitySort.CALL,
        subject="hs_call_title",
        body="hs_call_body",
        at="hs_timestamp",
        owner="hubspot_owner_id",
        markup=True,
        also={"hs_call_status": "COMPLETED"},
        off=("hs_call_status", ("CANCELED", "FAILED", "QUEUED")),
    ),
    ActivityForm(
        object="meetings",
        person="contacts",
        sort=ActivitySort.MEETING,
        subject="hs_meeting_title",
        body="hs_meeting_body",
        at="hs_timestamp",
        until="hs_meeting_end_time",
        owner="hubspot_owner_id",
        markup=True,
        also={"hs_meeting_outcome": "COMPLETED"},
        starts=("hs_meeting_start_time",),
        off=("hs_meeting_outcome", ("CANCELED", "NO_SHOW", "RESCHEDULED")),
    ),
    ActivityForm(
        object="tasks",
        person="contacts",
        sort=ActivitySort.TASK,
        subject="hs_task_subject",
        body="hs_task_body",
        at="hs_task_completion_date",
        owner="hubspot_owner_id",
        markup=True,
        also={"hs_task_status": "COMPLETED"},
        closed="hs_task_status",
        done=("COMPLETED",),
    ),
    ActivityForm(
        object="notes",
        person="contacts",
        sort=ActivitySort.NOTE,
        body="hs_note_body",
        at="hs_timestamp",
        owner="hubspot_owner_id",
        markup=True,
    ),
)
"""Engagements as objects of the CRM (guides of calls, meetings, tasks and notes)."""
COPIES: Final = tuple(replace(form, at="hs_timestamp") for form in ACTIVITIES)
"""``hs_timestamp`` is required of each; of a task it is when it is due, and HubSpot sets itself when it was completed.
"""
