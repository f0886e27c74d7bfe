"""Campaigns, who takes part in them, and who plays which role in an opportunity.

Fields of OpportunityContactRole as recorded from the vendor, those of Campaign and CampaignMember as in its object
reference. Data only; ``relations`` says what may stand in them. As with Task, there are no object permissions for them.
"""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.definitions import (
    SEEN,
    FieldDefinition,
    ObjectDefinition,
    flag,
    id_field,
    long_text,
    picklist,
    reference,
    system_fields,
    text,
    typed,
)

ROLES = ("Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator",
         "Executive Sponsor", "Influencer", "Technical Buyer", "Other")  # fmt: skip
MEMBER_STATUSES = ("Sent", "Responded")
_FREE: dict[str, Any] = {"permissionable": False}


def _parent(name: str, label: str, kind: str, **more: Any) -> FieldDefinition:
    return reference(name, label, (kind,), kind, indexed=True, **_FREE, **more)


CAMPAIGN = ObjectDefinition(
    name="Campaign", label="Campaign", plural="Campaigns", prefix="701",
    fields=(
        id_field("Campaign ID"),
        text("Name", "Name", 80, nillable=False, name_field=True, **_FREE),
        picklist("Type", "Type", ("Conference", "Webinar", "Trade Show", "Email", "Other"), length=40, **_FREE),
        picklist("Status", "Status", ("Planned", "In Progress", "Completed", "Aborted"), length=40, **_FREE),
        typed("date", "StartDate", "Start Date", **_FREE),
        typed("date", "EndDate", "End Date", **_FREE),
        flag("IsActive", "Active", **_FREE),
        long_text("Description", "Description", **_FREE),
        reference("OwnerId", "Owner ID", ("User",), "Owner", nillable=False, defaulted=True, **_FREE),
        *system_fields(),
    ),
)  # fmt: skip

CAMPAIGN_MEMBER = ObjectDefinition(
    name="CampaignMember", label="Campaign Member", plural="Campaign Members", prefix="00v",
    fields=(
        id_field("Campaign Member ID"),
        _parent("CampaignId", "Campaign ID", "Campaign", nillable=False, updateable=False),
        _parent("LeadId", "Lead ID", "Lead"),
        _parent("ContactId", "Contact ID", "Contact"),
        picklist("Status", "Status", MEMBER_STATUSES, length=40, default="Sent", **_FREE),
        flag("HasResponded", "Responded", **SEEN),
        *system_fields(),
    ),
)  # fmt: skip

OPPORTUNITY_CONTACT_ROLE = ObjectDefinition(
    name="OpportunityContactRole", label="Opportunity Contact Role", plural="Opportunity Contact Role", prefix="00K",
    fields=(
        id_field("Contact Role ID"),
        _parent("OpportunityId", "Opportunity ID", "Opportunity", nillable=False, updateable=False),
        _parent("ContactId", "Contact ID", "Contact", nillable=False),
        picklist("Role", "Role", ROLES, length=40, **_FREE),
        flag("IsPrimary", "Primary", **_FREE),
        *system_fields(),
    ),
)  # fmt: skip
