"""Fields of Salesforce that no client can write, and what to do instead (object reference, system fields)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from syncd.model.fitting import ObjectNeeds
from syncd.model.signal import ActivityForm, ActivitySort, Membership

READ_ONLY: Final[Mapping[str, str]] = {
    "Id": "it is Salesforce's own record id",
    "IsConverted": "only a conversion sets it",
    "ConvertedContactId": "only a conversion sets it",
    "ConvertedAccountId": "only a conversion sets it",
    "MasterRecordId": "only a merge sets it",
    "ConvertedOpportunityId": "only a conversion sets it",
    "IsClosed": "it follows from the stage; map StageName",
    "IsWon": "it follows from the stage; map StageName",
    "CreatedDate": "Salesforce sets it",
    "SystemModstamp": "Salesforce sets it",
    "LastModifiedDate": "Salesforce sets it",
}

INSCRIBED: Final[Mapping[str, tuple[str, ...]]] = {"Account": ("Name",), "Lead": ("LastName", "Company")}
"""What names a record and can be hidden from nobody, by object."""
MEMBERSHIP: Final = Membership(
    object="CampaignMember",
    campaign="CampaignId",
    people={"Lead": "LeadId", "Contact": "ContactId"},
    status="Status",
    campaigns="Campaign",
    name="Name",
)
"""Object reference, CampaignMember: one per campaign and person, which the vendor sees to."""
ACTIVITIES: Final = (
    ActivityForm(
        object="Task",
        person="WhoId",
        sort=ActivitySort.TASK,
        subject="Subject",
        body="Description",
        at="CompletedDateTime",
        owner="OwnerId",
        closed="IsClosed",
        told="TaskSubtype",
        sorts={"Call": ActivitySort.CALL, "Email": ActivitySort.EMAIL, "ListEmail": ActivitySort.EMAIL},
    ),
    ActivityForm(
        object="Event",
        person="WhoId",
        sort=ActivitySort.MEETING,
        subject="Subject",
        body="Description",
        at="StartDateTime",
        until="EndDateTime",
        owner="OwnerId",
    ),
)
"""Object reference, Task and Event. A logged call is a completed task; an event has no flag that it took place."""
_LOGGED: Final = ActivityForm(
    object="Task",
    person="WhoId",
    sort=ActivitySort.TASK,
    subject="Subject",
    body="Description",
    owner="OwnerId",
    days=("ActivityDate",),
    also={"Status": "Completed", "TaskSubtype": "Task"},
    unique=False,
)
COPIES: Final = (
    replace(_LOGGED, sort=ActivitySort.CALL, also={"Status": "Completed", "TaskSubtype": "Call"}),
    replace(_LOGGED, sort=ActivitySort.MEETING),
    _LOGGED,
    replace(_LOGGED, sort=ActivitySort.NOTE),
)
"""What was done elsewhere is logged as a completed task; when it was completed the vendor sets itself. A field of
activities is shared by tasks and events, and that one could be unique is nowhere said."""
UNIVERSAL: Final = frozenset(
    [
        "Id",
        "IsDeleted",
        "MasterRecordId",
        "Name",
        "LastName",
        "FirstName",
        "Salutation",
        "Company",
        "Status",
        "OwnerId",
        "IsConverted",
        "ConvertedDate",
        "ConvertedAccountId",
        "ConvertedContactId",
        "ConvertedOpportunityId",
        "IsUnreadByOwner",
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "SystemModstamp",
        "LastActivityDate",
        "LastViewedDate",
        "LastReferencedDate",
        "PhotoUrl",
        "LastCURequestDate",
        "LastCUUpdateDate",
        "JigsawContactId",
        "EmailBouncedReason",
        "EmailBouncedDate",
        "IsEmailBounced",
        "IndividualId",
        "StageName",
        "CloseDate",
        "IsClosed",
        "IsWon",
        "ContactId",
        "CurrencyIsoCode",
    ]
)
"""Standard fields of Lead, Contact, Account and Opportunity that belong to everybody who sees the object: no permission
set can name them (``permissionable`` false in their describes)."""

_ADDRESS: Final = re.compile(
    "(|Billing|Shipping|Mailing|Other)"
    "(Street|City|State|PostalCode|Country|StateCode|CountryCode|Latitude|Longitude|GeocodeAccuracy)"
)


def permitted(need: ObjectNeeds) -> dict[str, bool]:
    """The fields that a permission set must name, and whether it must let them be edited.

    The parts of an address share the right of the whole one (object reference, "FieldPermissions"), and what belongs to
    everybody cannot be named at all.
    """
    rights: dict[str, bool] = {}
    for field in sorted(need.read - UNIVERSAL):
        part = _ADDRESS.fullmatch(field)
        name = f"{part[1]}Address" if part else field
        rights[name] = rights.get(name, False) or field in need.written
    return rights
