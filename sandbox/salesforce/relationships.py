"""The names by which a parent's rows know their children: ``Contacts`` of an Account. As recorded and documented."""

from __future__ import annotations

_NAMES = {
    ("Account", "ParentId"): "ChildAccounts",
    ("Contact", "AccountId"): "Contacts",
    ("Opportunity", "AccountId"): "Opportunities",
    ("Opportunity", "ContactId"): "Opportunities",
    ("CampaignMember", "CampaignId"): "CampaignMembers",
    ("CampaignMember", "ContactId"): "CampaignMembers",
    ("CampaignMember", "LeadId"): "CampaignMembers",
    ("OpportunityContactRole", "ContactId"): "OpportunityContactRoles",
    ("OpportunityContactRole", "OpportunityId"): "OpportunityContactRoles",
    ("Task", "AccountId"): "Tasks",
    ("Task", "WhatId"): "Tasks",
    ("Task", "WhoId"): "Tasks",
    ("FieldPermissions", "ParentId"): "FieldPerms",
    ("ObjectPermissions", "ParentId"): "ObjectPerms",
    ("PermissionSetAssignment", "AssigneeId"): "PermissionSetAssignments",
    ("PermissionSetAssignment", "PermissionSetId"): "Assignments",
}


def child_relationship(child: str, field: str) -> str | None:
    """The name of the relationship that a child's field makes, or ``None`` where it has none."""
    if child.endswith("History") and field == f"{child.removesuffix('History').removesuffix('Field')}Id":
        return "Histories"
    return _NAMES.get((child, field))
