"""The properties an account starts with, object by object, as tables.

Types, field types, groups and flags of contact and company properties follow recorded schemas; the custom properties
at the end of a table belong to the seed account. Every object has its own stamp property: ``lastmodifieddate`` on
contacts, ``hs_lastmodifieddate`` on all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.activities import CALLS, LEADS, MEETINGS, NOTES, TASKS, TICKETS
from sandbox.hubspot.tables import (
    YES_NO,
    ObjectType,
    choice,
    custom,
    flag,
    moment,
    number,
    owner,
    record_properties,
    text,
)

#: Subscription types of the account: id -> name. Each has a read-only contact property ``hs_email_optout_<id>``.
SUBSCRIPTIONS: Mapping[int, str] = {10_001: "Marketing Information", 10_002: "One to One"}

STAGES = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
LEAD_STATUSES = (
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In Progress"),
    ("OPEN_DEAL", "Open Deal"),
    ("UNQUALIFIED", "Unqualified"),
    ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
    ("CONNECTED", "Connected"),
    ("BAD_TIMING", "Bad Timing"),
)
LANGUAGES = (
    ("de", "German"), ("en", "English"), ("en-gb", "English - United Kingdom"), ("en-us", "English - United States"),
    ("es", "Spanish"), ("fr", "French"), ("it", "Italian"), ("ja", "Japanese"), ("nl", "Dutch"), ("pl", "Polish"),
    ("pt", "Portuguese"), ("pt-br", "Portuguese - Brazil"), ("sv", "Swedish"), ("tr", "Turkish"), ("zh-cn", "Chinese"),
)  # fmt: skip
HEADCOUNTS = tuple((v, v) for v in ("1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+"))
INDUSTRIES = tuple(
    (name, name.replace("_", " ").title())
    for name in (
        "ACCOUNTING", "APPAREL_FASHION", "AUTOMOTIVE", "BANKING", "BIOTECHNOLOGY", "CHEMICALS", "COMPUTER_SOFTWARE",
        "CONSTRUCTION", "CONSUMER_GOODS", "EDUCATION_MANAGEMENT", "FINANCIAL_SERVICES", "FOOD_BEVERAGES",
        "HEALTH_WELLNESS_AND_FITNESS", "HOSPITAL_HEALTH_CARE", "INFORMATION_TECHNOLOGY_AND_SERVICES", "INSURANCE",
        "INTERNET", "LOGISTICS_AND_SUPPLY_CHAIN", "MANAGEMENT_CONSULTING", "MARKETING_AND_ADVERTISING",
        "MECHANICAL_OR_INDUSTRIAL_ENGINEERING", "PHARMACEUTICALS", "REAL_ESTATE", "RETAIL", "TELECOMMUNICATIONS",
        "TRANSPORTATION_TRUCKING_RAILROAD", "UTILITIES", "WHOLESALE",
    )
)  # fmt: skip
INTERESTS = (("crm", "CRM"), ("marketing", "Marketing"), ("service", "Service"), ("content", "Content"),
             ("operations", "Operations"))  # fmt: skip


_SALES = {"group": "sales_properties"}
_DERIVED: Mapping[str, Any] = {"read_only": True, "calculated": True, "form_field": False}

CONTACTS = ObjectType(
    name="contacts",
    singular="contact",
    type_id="0-1",
    label="Contact",
    stamp="lastmodifieddate",
    defaults=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    searchable=("firstname", "lastname", "email", "hs_additional_emails", "phone", "mobilephone", "company"),
    merges=True,
    definitions=(
        *record_properties("lastmodifieddate", "contactinformation"),
        text("firstname", "First Name", display_order=0),
        text("lastname", "Last Name", display_order=1),
        text("salutation", "Salutation", display_order=2),
        text("email", "Email", display_order=3),
        text("phone", "Phone Number", display_order=4),
        text("mobilephone", "Mobile Phone Number", display_order=4),
        text("fax", "Fax Number", display_order=5),
        text("address", "Street Address", display_order=6),
        text("city", "City", display_order=7),
        text("state", "State/Region", display_order=8),
        text("zip", "Postal Code", display_order=9),
        text("country", "Country/Region", display_order=10),
        choice("hs_language", "Preferred language", LANGUAGES, display_order=11),
        text("jobtitle", "Job Title", display_order=12),
        choice("lifecyclestage", "Lifecycle Stage", STAGES, field_type="radio", display_order=15),
        text("company", "Company Name", display_order=19),
        text("website", "Website URL", display_order=20),
        choice("numemployees", "Number of Employees", HEADCOUNTS, display_order=21),
        text("annualrevenue", "Annual Revenue", display_order=22),
        text("industry", "Industry", display_order=23),
        text("message", "Message", field_type="textarea", display_order=18),
        moment("closedate", "Close Date", group="deal_information"),
        choice("hs_lead_status", "Lead Status", LEAD_STATUSES, field_type="radio", **_SALES),
        owner("Contact owner", **_SALES),
        number("associatedcompanyid", "Associated Company ID", referenced_object="COMPANY", hidden=True,
                read_only=True, form_field=False),
        choice("hs_additional_emails", "Additional email addresses", (), hidden=True, **_DERIVED),
        choice("hs_calculated_merged_vids", "Merged vids with timestamps of a contact", (), hidden=True, **_DERIVED),
        choice("hs_all_contact_vids", "All vids for a contact", (), hidden=True, **_DERIVED),
        text("hs_email_domain", "Email Domain", **_DERIVED),
        flag("hs_is_contact", "Is a contact", hidden=True, **_DERIVED),
        flag("hs_is_unworked", "Contact unworked", **(_SALES | dict(_DERIVED))),
        choice("hs_pipeline", "Pipeline", (("contacts-lifecycle-pipeline", "Lifecycle"),), hidden=True,
                read_only=True, form_field=False),
        moment("hs_lastmodifieddate", "Object last modified date/time", hidden=True, read_only=True),
        flag("hs_email_optout", "Unsubscribed from all email", group="emailinformation", read_only=True,
              form_field=False),
        *(
            flag(f"hs_email_optout_{number}", f"Opted out of email: {name}", group="emailinformation",
                  read_only=True, form_field=False)
            for number, name in SUBSCRIPTIONS.items()
        ),
        choice("hs_marketable_status", "Marketing contact status", YES_NO, field_type="booleancheckbox",
                read_only=True, form_field=False),
        custom(text("syncd_crm_id", "CRM record id", unique=True)),
        custom(text("sales_owner_name", "Sales owner name")),
        custom(text("sales_owner_email", "Sales owner e-mail")),
        custom(number("numberofemployees", "Number of employees (exact)")),
        custom(choice("product_interests", "Product interests", INTERESTS, field_type="checkbox")),
    ),
)  # fmt: skip

_COMPANY = {"group": "companyinformation"}
COMPANIES = ObjectType(
    name="companies",
    singular="company",
    type_id="0-2",
    label="Company",
    stamp="hs_lastmodifieddate",
    defaults=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    searchable=("name", "domain", "website", "phone"),
    merges=True,
    definitions=(
        *record_properties("hs_lastmodifieddate", "companyinformation"),
        text("name", "Company name", **_COMPANY),
        text("domain", "Company Domain Name", **_COMPANY),
        choice("hs_additional_domains", "Additional Domains", (), field_type="checkbox", **(_COMPANY | dict(_DERIVED))),
        text("phone", "Phone Number", **_COMPANY),
        text("website", "Website URL", **_COMPANY),
        choice("industry", "Industry", INDUSTRIES, **_COMPANY),
        text("address", "Street Address", **_COMPANY),
        text("city", "City", **_COMPANY),
        text("state", "State/Region", **_COMPANY),
        text("zip", "Postal Code", **_COMPANY),
        text("country", "Country/Region", **_COMPANY),
        number("numberofemployees", "Number of Employees", **_COMPANY),
        number("annualrevenue", "Annual Revenue", **_COMPANY),
        choice("lifecyclestage", "Lifecycle Stage", STAGES, field_type="radio", **_COMPANY),
        choice("hs_lead_status", "Lead Status", LEAD_STATUSES, field_type="radio", **_COMPANY),
        owner("Company owner", **_COMPANY),
        text("description", "Description", field_type="textarea", **_COMPANY),
        custom(text("syncd_crm_id", "CRM record id", unique=True, **_COMPANY)),
    ),
)

DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled"), ("qualifiedtobuy", "Qualified To Buy"),
    ("presentationscheduled", "Presentation Scheduled"), ("decisionmakerboughtin", "Decision Maker Bought-In"),
    ("contractsent", "Contract Sent"), ("closedwon", "Closed Won"), ("closedlost", "Closed Lost"),
)  # fmt: skip

DEALS = ObjectType(
    name="deals",
    singular="deal",
    type_id="0-3",
    label="Deal",
    stamp="hs_lastmodifieddate",
    defaults=("amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id",
              "pipeline"),
    searchable=("dealname",),
    merges=True,
    definitions=(
        *record_properties("hs_lastmodifieddate", "dealinformation"),
        text("dealname", "Deal Name", group="dealinformation"),
        number("amount", "Amount", group="dealinformation"),
        moment("closedate", "Close Date", group="dealinformation"),
        choice("pipeline", "Pipeline", (("default", "Sales Pipeline"),), group="dealinformation"),
        choice("dealstage", "Deal Stage", DEAL_STAGES, field_type="radio", group="dealinformation"),
        choice("dealtype", "Deal Type", (("newbusiness", "New Business"), ("existingbusiness", "Existing Business")),
               field_type="radio", group="dealinformation"),
        text("description", "Deal Description", field_type="textarea", group="dealinformation"),
        text("closed_lost_reason", "Closed Lost Reason", field_type="textarea", group="dealinformation"),
        text("closed_won_reason", "Closed Won Reason", field_type="textarea", group="dealinformation"),
        owner("Deal owner", group="dealinformation"),
        custom(text("syncd_crm_id", "CRM record id", unique=True, group="dealinformation")),
    ),
)  # fmt: skip

OBJECT_TYPES: tuple[ObjectType, ...] = (CONTACTS, COMPANIES, DEALS, TASKS, LEADS, TICKETS, NOTES, CALLS, MEETINGS)


def object_names() -> dict[str, str]:
    """Every spelling of an object in a path, in lower case, to its plural name."""
    names: dict[str, str] = {}
    for kind in OBJECT_TYPES:
        for spelling in (kind.name, kind.singular, kind.type_id):
            names[spelling] = kind.name
    return names
