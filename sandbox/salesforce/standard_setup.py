"""The objects that describe the org itself: User, Group, LeadStatus, Organization, and the field histories."""

from __future__ import annotations

from sandbox.salesforce.definitions import (
    SEEN,
    ObjectDefinition,
    flag,
    id_field,
    moment,
    picklist,
    reference,
    system_fields,
    text,
    typed,
    whole,
)
from sandbox.salesforce.setup_objects import SETUP_OBJECTS
from sandbox.salesforce.standard_activities import EVENT, TASK
from sandbox.salesforce.standard_campaigns import CAMPAIGN, CAMPAIGN_MEMBER, OPPORTUNITY_CONTACT_ROLE
from sandbox.salesforce.standard_people import ACCOUNT, CONTACT, INDIVIDUAL, LEAD, OPPORTUNITY

USER = ObjectDefinition(
    name="User", label="User", plural="Users", prefix="005", deletable=False,
    fields=(
        id_field("User ID"),
        text("Username", "Username", 80, nillable=False, unique=True, id_lookup=True),
        text("LastName", "Last Name", 80, nillable=False),
        text("FirstName", "First Name", 40),
        text("Name", "Full Name", 121, nillable=False, name_field=True, **SEEN),
        text("Title", "Title", 80),
        typed("email", "Email", "Email", 128, nillable=False, id_lookup=True),
        text("Alias", "Alias", 8),
        flag("IsActive", "Active", default=True),
        picklist("TimeZoneSidKey", "Time Zone", (), length=40, nillable=False, defaulted=True, default="GMT"),
        picklist("UserType", "User Type", ("Standard",), length=40, default="Standard", **SEEN),
        reference("UserRoleId", "Role ID", ("UserRole",), "UserRole"),
        reference("ProfileId", "Profile ID", ("Profile",), "Profile"),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

USER_ROLE = ObjectDefinition(
    name="UserRole", label="Role", plural="Roles", prefix="00E", setup=True, replicateable=False,
    fields=(
        id_field("Role ID"),
        text("Name", "Name", 80, nillable=False, name_field=True),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

PROFILE = ObjectDefinition(
    name="Profile", label="Profile", plural="Profile", prefix="00e", setup=True, replicateable=False,
    fields=(
        id_field("Profile ID"),
        text("Name", "Name", 255, nillable=False, name_field=True),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

GROUP = ObjectDefinition(
    name="Group", label="Group", plural="Groups", prefix="00G",
    fields=(
        id_field("Group ID"),
        text("Name", "Name", 40, nillable=False, name_field=True),
        text("DeveloperName", "Developer Name", 80),
        picklist("Type", "Type", ("Regular", "Role", "Queue", "Organization"), length=40, nillable=False,
                 restricted=True, updateable=False),
        typed("email", "Email", "Email", 255),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

LEAD_STATUS = ObjectDefinition(
    name="LeadStatus", label="Lead Status Value", plural="Lead Status Value", prefix="01J", writeable=False,
    deletable=False, replicateable=False,
    fields=(
        id_field("Lead Status Value ID"),
        text("MasterLabel", "Label", 255, **SEEN),
        text("ApiName", "API Name", 255, **SEEN),
        whole("SortOrder", "Sort Order", **SEEN),
        flag("IsDefault", "Is Default", **SEEN),
        flag("IsConverted", "Is Converted", **SEEN),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

ORGANIZATION = ObjectDefinition(
    name="Organization", label="Organization", plural="Organizations", prefix="00D", writeable=False,
    deletable=False,
    fields=(
        id_field("Organization ID"),
        text("Name", "Name", 80, nillable=False, name_field=True),
        picklist("LanguageLocaleKey", "Language", (), length=40, default="en_US"),
        picklist("TimeZoneSidKey", "Time Zone", (), length=40, default="GMT"),
        picklist("OrganizationType", "Edition", (), length=40, default="Developer Edition", **SEEN),
        text("InstanceName", "Instance Name", 5, **SEEN),
        text("NamespacePrefix", "Namespace Prefix", 15, **SEEN),
        flag("IsSandbox", "Is Sandbox", **SEEN),
        flag("IsReadOnly", "Is Read Only", **SEEN),
        *system_fields(deletable=False),
    ),
)  # fmt: skip


def history(of: ObjectDefinition, *, name: str | None = None) -> ObjectDefinition:
    """The field history of an object; the old and new values may be of any type. Some have a ``name`` of their own."""
    shown = {"filterable": False, "sortable": False, "groupable": False, "aggregatable": False} | SEEN
    return ObjectDefinition(
        name=name or f"{of.name}History", label=f"{of.label} History", plural=f"{of.label} History", prefix="017",
        writeable=False, deletable=False, replicateable=False, history_of=of.name,
        fields=(
            id_field("History ID"),
            flag("IsDeleted", "Deleted", **SEEN),
            reference(f"{of.name}Id", f"{of.label} ID", (of.name,), of.name, indexed=True, **SEEN),
            reference("CreatedById", "Created By ID", ("User",), "CreatedBy", **SEEN),
            moment("CreatedDate", "Created Date", **SEEN),
            picklist("Field", "Changed Field", (), **SEEN),
            picklist("DataType", "Datatype", ("Text", "EntityId"), length=40, **SEEN),
            typed("anyType", "OldValue", "Old Value", **shown),
            typed("anyType", "NewValue", "New Value", **shown),
        ),
    )  # fmt: skip


STANDARD_OBJECTS: tuple[ObjectDefinition, ...] = (
    ORGANIZATION, USER, GROUP, LEAD_STATUS, INDIVIDUAL, ACCOUNT, CONTACT, LEAD, OPPORTUNITY, TASK, EVENT,
    CAMPAIGN, CAMPAIGN_MEMBER, OPPORTUNITY_CONTACT_ROLE,
    history(ACCOUNT), history(CONTACT), history(LEAD), history(OPPORTUNITY, name="OpportunityFieldHistory"),
    USER_ROLE, PROFILE, *SETUP_OBJECTS,
)  # fmt: skip

LEAD_STATUSES: tuple[dict[str, str | bool], ...] = (
    {"MasterLabel": "Open - Not Contacted", "IsDefault": True},
    {"MasterLabel": "Working - Contacted"},
    {"MasterLabel": "Closed - Converted", "IsConverted": True},
    {"MasterLabel": "Closed - Not Converted"},
)
