"""The objects that people work with: Lead, Contact, Account, Opportunity and their histories.

Lengths, labels and properties as recorded from the vendor. Data only; nothing here decides anything.
"""

from __future__ import annotations

from sandbox.salesforce.definitions import (
    SEEN,
    FieldDefinition,
    ObjectDefinition,
    address,
    flag,
    id_field,
    key_field,
    long_text,
    moment,
    money,
    picklist,
    reference,
    system_fields,
    text,
    typed,
    whole,
)

SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
INDUSTRIES = (
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction", "Consulting",
    "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance",
    "Food & Beverage", "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media",
    "Not For Profit", "Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation",
    "Utilities", "Other",
)  # fmt: skip
PRODUCT_INTERESTS = ("Analytics", "Automation", "Consulting", "Hardware", "Support", "Training")
OPPORTUNITY_STAGES = (
    "Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Id. Decision Makers",
    "Perception Analysis", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost",
)  # fmt: skip
NAME_PART = {"compound": "Name", "extra_type": "personname", "permissionable": False}


def _person_name() -> tuple[FieldDefinition, ...]:
    return (
        text("LastName", "Last Name", 80, nillable=False, **NAME_PART),
        text("FirstName", "First Name", 40, **NAME_PART),
        picklist("Salutation", "Salutation", SALUTATIONS, length=40, **NAME_PART),
        text("Name", "Full Name", 121, nillable=False, name_field=True, extra_type="personname", **SEEN),
    )


def _merged(object_name: str) -> FieldDefinition:
    return reference("MasterRecordId", "Master Record ID", (object_name,), "MasterRecord", indexed=True, **SEEN)


def _owner(*kinds: str) -> FieldDefinition:
    return reference("OwnerId", "Owner ID", kinds, "Owner", nillable=False, defaulted=True, permissionable=False)


def _interests() -> FieldDefinition:
    return picklist(
        "Product_Interests__c", "Product Interests", PRODUCT_INTERESTS, length=4099, type="multipicklist",
        custom=True, restricted=True, sortable=False, groupable=False, aggregatable=False,
    )  # fmt: skip


def _individual() -> FieldDefinition:
    return reference("IndividualId", "Individual ID", ("Individual",), "Individual", indexed=True,
                     permissionable=False)  # fmt: skip


INDIVIDUAL = ObjectDefinition(
    name="Individual", sharing=True, label="Individual", plural="Individuals", prefix="0PK", mergeable=True,
    fields=(
        id_field("Individual ID"),
        _merged("Individual"),
        *_person_name(),
        flag("HasOptedOutTracking", "Don't Track"),
        flag("HasOptedOutProcessing", "Don't Process"),
        flag("HasOptedOutSolicit", "Don't Market"),
        flag("ShouldForget", "Forget this Individual"),
        _owner("User"),
        *system_fields(),
    ),
)  # fmt: skip

LEAD = ObjectDefinition(
    name="Lead", sharing=True, label="Lead", plural="Leads", prefix="00Q", mergeable=True, owner_may_be_queue=True,
    tracked=("Company", "Email", "FirstName", "LastName", "LeadSource", "OwnerId", "Phone", "Rating", "Status",
             "Title"),
    fields=(
        id_field("Lead ID"),
        _merged("Lead"),
        *_person_name(),
        text("Title", "Title", 128),
        text("Company", "Company", 255, nillable=False, permissionable=False),
        *address("", ""),
        typed("phone", "Phone", "Phone", 40),
        typed("phone", "MobilePhone", "Mobile Phone", 40),
        typed("phone", "Fax", "Fax", 40),
        typed("email", "Email", "Email", 80, id_lookup=True),
        typed("url", "Website", "Website", 255),
        long_text("Description", "Description"),
        picklist("LeadSource", "Lead Source", LEAD_SOURCES),
        picklist("Status", "Status", (), nillable=False, defaulted=True, permissionable=False),
        picklist("Industry", "Industry", INDUSTRIES),
        picklist("Rating", "Rating", ("Hot", "Warm", "Cold")),
        money("AnnualRevenue", "Annual Revenue"),
        whole("NumberOfEmployees", "Employees"),
        _owner("Group", "User"),
        flag("HasOptedOutOfEmail", "Email Opt Out"),
        flag("IsConverted", "Converted", updateable=False, permissionable=False),
        typed("date", "ConvertedDate", "Converted Date", **SEEN),
        reference("ConvertedAccountId", "Converted Account ID", ("Account",), "ConvertedAccount", **SEEN),
        reference("ConvertedContactId", "Converted Contact ID", ("Contact",), "ConvertedContact", indexed=True, **SEEN),
        reference("ConvertedOpportunityId", "Converted Opportunity ID", ("Opportunity",), "ConvertedOpportunity",
                  **SEEN),
        flag("IsUnreadByOwner", "Unread By Owner", permissionable=False),
        *system_fields(),
        typed("date", "LastActivityDate", "Last Activity", **SEEN),
        key_field(),
        _interests(),
        _individual(),
    ),
)  # fmt: skip

CONTACT = ObjectDefinition(
    name="Contact", sharing=True, label="Contact", plural="Contacts", prefix="003", mergeable=True,
    tracked=("AccountId", "Email", "FirstName", "LastName", "OwnerId", "Phone", "Title"),
    fields=(
        id_field("Contact ID"),
        _merged("Contact"),
        reference("AccountId", "Account ID", ("Account",), "Account", indexed=True),
        *_person_name(),
        *address("Other", "Other"),
        *address("Mailing", "Mailing"),
        typed("phone", "Phone", "Business Phone", 40),
        typed("phone", "Fax", "Business Fax", 40),
        typed("phone", "MobilePhone", "Mobile Phone", 40),
        typed("phone", "HomePhone", "Home Phone", 40),
        reference("ReportsToId", "Reports To ID", ("Contact",), "ReportsTo"),
        typed("email", "Email", "Email", 80, id_lookup=True),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        picklist("LeadSource", "Lead Source", LEAD_SOURCES),
        typed("date", "Birthdate", "Birthdate"),
        long_text("Description", "Contact Description"),
        _owner("User"),
        flag("HasOptedOutOfEmail", "Email Opt Out"),
        *system_fields(),
        typed("date", "LastActivityDate", "Last Activity", **SEEN),
        text("EmailBouncedReason", "Email Bounced Reason", 255, permissionable=False),
        moment("EmailBouncedDate", "Email Bounced Date", permissionable=False),
        key_field(),
        _interests(),
        _individual(),
    ),
)  # fmt: skip

ACCOUNT = ObjectDefinition(
    name="Account", sharing=True, label="Account", plural="Accounts", prefix="001", mergeable=True,
    tracked=("Industry", "Name", "OwnerId", "Phone", "Type", "Website"),
    fields=(
        id_field("Account ID"),
        _merged("Account"),
        text("Name", "Account Name", 255, nillable=False, permissionable=False, name_field=True),
        picklist("Type", "Account Type", ("Prospect", "Customer - Direct", "Customer - Channel",
                                          "Channel Partner / Reseller", "Installation Partner", "Technology Partner",
                                          "Other")),
        reference("ParentId", "Parent Account ID", ("Account",), "Parent", indexed=True),
        *address("Billing", "Billing"),
        *address("Shipping", "Shipping"),
        typed("phone", "Phone", "Account Phone", 40),
        typed("phone", "Fax", "Account Fax", 40),
        text("AccountNumber", "Account Number", 40),
        typed("url", "Website", "Website", 255),
        picklist("Industry", "Industry", INDUSTRIES),
        money("AnnualRevenue", "Annual Revenue"),
        whole("NumberOfEmployees", "Employees"),
        long_text("Description", "Account Description"),
        picklist("Rating", "Account Rating", ("Hot", "Warm", "Cold")),
        _owner("User"),
        *system_fields(),
        typed("date", "LastActivityDate", "Last Activity", **SEEN),
        picklist("AccountSource", "Account Source", LEAD_SOURCES),
        key_field(),
    ),
)  # fmt: skip

OPPORTUNITY = ObjectDefinition(
    name="Opportunity", sharing=True, label="Opportunity", plural="Opportunities", prefix="006",
    tracked=("Amount", "CloseDate", "OwnerId", "StageName"),
    fields=(
        id_field("Opportunity ID"),
        reference("AccountId", "Account ID", ("Account",), "Account", indexed=True),
        text("Name", "Name", 120, nillable=False, permissionable=False, name_field=True, id_lookup=True),
        long_text("Description", "Description"),
        picklist("StageName", "Stage", OPPORTUNITY_STAGES, nillable=False, permissionable=False),
        money("Amount", "Amount", scale=2),
        typed("percent", "Probability", "Probability (%)", precision=3, defaulted=True, groupable=False),
        typed("date", "CloseDate", "Close Date", nillable=False, permissionable=False),
        picklist("Type", "Opportunity Type", ("Existing Business", "New Business")),
        picklist("LeadSource", "Lead Source", LEAD_SOURCES),
        flag("IsClosed", "Closed", **SEEN),
        flag("IsWon", "Won", **SEEN),
        _owner("User"),
        *system_fields(),
        reference("ContactId", "Contact ID", ("Contact",), None, updateable=False, permissionable=False),
        key_field(),
    ),
)  # fmt: skip
