"""The properties an account starts with, object by object, as tables.

Types, field types, groups and flags of contact and company properties follow recorded schemas; the custom properties
at the end of a table belong to the seed account. Every object has its own stamp property: ``lastmodifieddate`` on
contacts, ``hs_lastmodifieddate`` on all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.definitions import Option, PropertyDefinition

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
_YES_NO = (("true", "Yes"), ("false", "No"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """One CRM object: its names, its stamp, and what an answer holds when nothing is asked for."""

    name: str
    singular: str
    type_id: str
    label: str
    stamp: str
    defaults: tuple[str, ...]
    searchable: tuple[str, ...]
    definitions: tuple[PropertyDefinition, ...]
    merges: bool = False
    scope: str = ""


def _text(name: str, label: str, **more: Any) -> PropertyDefinition:
    return PropertyDefinition(name=name, label=label, **more)


def _number(name: str, label: str, **more: Any) -> PropertyDefinition:
    return PropertyDefinition(name=name, label=label, type="number", field_type="number", **more)


def _moment(name: str, label: str, **more: Any) -> PropertyDefinition:
    return PropertyDefinition(name=name, label=label, type="datetime", field_type="date", form_field=False, **more)


def _flag(name: str, label: str, **more: Any) -> PropertyDefinition:
    return _choice(name, label, _YES_NO, type="bool", field_type="booleancheckbox", **more)


def _choice(name: str, label: str, choices: Sequence[tuple[str, str]], **more: Any) -> PropertyDefinition:
    options = tuple(Option(value, text, order) for order, (value, text) in enumerate(choices))
    return PropertyDefinition(
        name=name, label=label, options=options, **({"type": "enumeration", "field_type": "select"} | more)
    )


def _owner(label: str, **more: Any) -> PropertyDefinition:
    return _choice(
        "hubspot_owner_id", label, (), external_options=True, referenced_object="OWNER", form_field=False, **more
    )


def _custom(definition: PropertyDefinition) -> PropertyDefinition:
    values = {name: getattr(definition, name) for name in definition.__dataclass_fields__}
    return PropertyDefinition(**(values | {"hubspot_defined": False, "form_field": False}))


def _record_properties(stamp: str, group: str) -> tuple[PropertyDefinition, ...]:
    """What every record has, all of it read only."""
    return (
        _number("hs_object_id", "Record ID", group=group, read_only=True, calculated=True, form_field=False),
        _moment("createdate", "Create Date", group=group, read_only=True),
        _moment(stamp, "Last Modified Date", group=group, read_only=True),
        _choice("hs_merged_object_ids", "Merged object IDs", (), field_type="checkbox", group=group, hidden=True,
                read_only=True, form_field=False),
    )  # fmt: skip


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
        *_record_properties("lastmodifieddate", "contactinformation"),
        _text("firstname", "First Name", display_order=0),
        _text("lastname", "Last Name", display_order=1),
        _text("salutation", "Salutation", display_order=2),
        _text("email", "Email", display_order=3),
        _text("phone", "Phone Number", display_order=4),
        _text("mobilephone", "Mobile Phone Number", display_order=4),
        _text("fax", "Fax Number", display_order=5),
        _text("address", "Street Address", display_order=6),
        _text("city", "City", display_order=7),
        _text("state", "State/Region", display_order=8),
        _text("zip", "Postal Code", display_order=9),
        _text("country", "Country/Region", display_order=10),
        _choice("hs_language", "Preferred language", LANGUAGES, display_order=11),
        _text("jobtitle", "Job Title", display_order=12),
        _choice("lifecyclestage", "Lifecycle Stage", STAGES, field_type="radio", display_order=15),
        _text("company", "Company Name", display_order=19),
        _text("website", "Website URL", display_order=20),
        _choice("numemployees", "Number of Employees", HEADCOUNTS, display_order=21),
        _text("annualrevenue", "Annual Revenue", display_order=22),
        _text("industry", "Industry", display_order=23),
        _text("message", "Message", field_type="textarea", display_order=18),
        _moment("closedate", "Close Date", group="deal_information"),
        _choice("hs_lead_status", "Lead Status", LEAD_STATUSES, field_type="radio", **_SALES),
        _owner("Contact owner", **_SALES),
        _number("associatedcompanyid", "Associated Company ID", referenced_object="COMPANY", hidden=True,
                read_only=True, form_field=False),
        _choice("hs_additional_emails", "Additional email addresses", (), hidden=True, **_DERIVED),
        _choice("hs_calculated_merged_vids", "Merged vids with timestamps of a contact", (), hidden=True, **_DERIVED),
        _choice("hs_all_contact_vids", "All vids for a contact", (), hidden=True, **_DERIVED),
        _text("hs_email_domain", "Email Domain", **_DERIVED),
        _flag("hs_is_contact", "Is a contact", hidden=True, **_DERIVED),
        _flag("hs_is_unworked", "Contact unworked", **(_SALES | dict(_DERIVED))),
        _choice("hs_pipeline", "Pipeline", (("contacts-lifecycle-pipeline", "Lifecycle"),), hidden=True,
                read_only=True, form_field=False),
        _moment("hs_lastmodifieddate", "Object last modified date/time", hidden=True, read_only=True),
        _flag("hs_email_optout", "Unsubscribed from all email", group="emailinformation", read_only=True,
              form_field=False),
        *(
            _flag(f"hs_email_optout_{number}", f"Opted out of email: {name}", group="emailinformation",
                  read_only=True, form_field=False)
            for number, name in SUBSCRIPTIONS.items()
        ),
        _choice("hs_marketable_status", "Marketing contact status", _YES_NO, field_type="booleancheckbox",
                read_only=True, form_field=False),
        _custom(_text("syncd_crm_id", "CRM record id", unique=True)),
        _custom(_text("sales_owner_name", "Sales owner name")),
        _custom(_text("sales_owner_email", "Sales owner e-mail")),
        _custom(_number("numberofemployees", "Number of employees (exact)")),
        _custom(_choice("product_interests", "Product interests", INTERESTS, field_type="checkbox")),
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
        *_record_properties("hs_lastmodifieddate", "companyinformation"),
        _text("name", "Company name", **_COMPANY),
        _text("domain", "Company Domain Name", **_COMPANY),
        _choice(
            "hs_additional_domains", "Additional Domains", (), field_type="checkbox", **(_COMPANY | dict(_DERIVED))
        ),
        _text("phone", "Phone Number", **_COMPANY),
        _text("website", "Website URL", **_COMPANY),
        _choice("industry", "Industry", INDUSTRIES, **_COMPANY),
        _text("address", "Street Address", **_COMPANY),
        _text("city", "City", **_COMPANY),
        _text("state", "State/Region", **_COMPANY),
        _text("zip", "Postal Code", **_COMPANY),
        _text("country", "Country/Region", **_COMPANY),
        _number("numberofemployees", "Number of Employees", **_COMPANY),
        _number("annualrevenue", "Annual Revenue", **_COMPANY),
        _choice("lifecyclestage", "Lifecycle Stage", STAGES, field_type="radio", **_COMPANY),
        _choice("hs_lead_status", "Lead Status", LEAD_STATUSES, field_type="radio", **_COMPANY),
        _owner("Company owner", **_COMPANY),
        _text("description", "Description", field_type="textarea", **_COMPANY),
        _custom(_text("syncd_crm_id", "CRM record id", unique=True, **_COMPANY)),
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
        *_record_properties("hs_lastmodifieddate", "dealinformation"),
        _text("dealname", "Deal Name", group="dealinformation"),
        _number("amount", "Amount", group="dealinformation"),
        _moment("closedate", "Close Date", group="dealinformation"),
        _choice("pipeline", "Pipeline", (("default", "Sales Pipeline"),), group="dealinformation"),
        _choice("dealstage", "Deal Stage", DEAL_STAGES, field_type="radio", group="dealinformation"),
        _owner("Deal owner", group="dealinformation"),
        _custom(_text("syncd_crm_id", "CRM record id", unique=True, group="dealinformation")),
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
        *_record_properties("hs_lastmodifieddate", "task"),
        _text("hs_task_subject", "Task Title", group="task"),
        _text("hs_task_body", "Notes", field_type="html", group="task"),
        _choice("hs_task_status", "Task Status", tuple((s, s.title()) for s in ("NOT_STARTED", "IN_PROGRESS",
                "COMPLETED", "WAITING", "DEFERRED")), group="task"),
        _moment("hs_timestamp", "Due date", group="task"),
        _owner("Assigned to", group="task"),
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
        *_record_properties("hs_lastmodifieddate", "leads"),
        _text("hs_lead_name", "Lead Name", group="leads"),
        _choice("hs_lead_type", "Lead Type", (("NEW_BUSINESS", "New business"), ("UPSELL", "Upsell")), group="leads"),
        _choice("hs_lead_label", "Lead Label", (("HOT", "Hot"), ("WARM", "Warm"), ("COLD", "Cold")), group="leads"),
        _owner("Lead owner", group="leads"),
    ),
)

OBJECT_TYPES: tuple[ObjectType, ...] = (CONTACTS, COMPANIES, DEALS, TASKS, LEADS)


def object_names() -> dict[str, str]:
    """Every spelling of an object in a path, in lower case, to its plural name."""
    names: dict[str, str] = {}
    for kind in OBJECT_TYPES:
        for spelling in (kind.name, kind.singular, kind.type_id):
            names[spelling] = kind.name
    return names
