"""Lead conversion: the Lead becomes a Contact of an Account and perhaps an Opportunity, and is closed for good.

Standard fields are carried over by the vendor's fixed map, custom fields only where an admin mapped them; into rows
that exist already only empty fields are filled. Offered to people only: the REST API has no resource for it.
"""

from __future__ import annotations

from datetime import timedelta

from sandbox.salesforce.definitions import Row, Value
from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.history import record_history
from sandbox.salesforce.org import Author, Org
from sandbox.salesforce.relations import follow_conversion
from sandbox.salesforce.saving import create, put_stamped, update, writable_row

TO_CONTACT = {
    "Salutation": "Salutation", "FirstName": "FirstName", "LastName": "LastName", "Title": "Title", "Email": "Email",
    "Phone": "Phone", "MobilePhone": "MobilePhone", "Fax": "Fax", "Street": "MailingStreet", "City": "MailingCity",
    "State": "MailingState", "PostalCode": "MailingPostalCode", "Country": "MailingCountry",
    "LeadSource": "LeadSource", "Description": "Description", "HasOptedOutOfEmail": "HasOptedOutOfEmail",
}  # fmt: skip
TO_ACCOUNT = {
    "Company": "Name", "Phone": "Phone", "Fax": "Fax", "Website": "Website", "Industry": "Industry",
    "Rating": "Rating", "AnnualRevenue": "AnnualRevenue", "NumberOfEmployees": "NumberOfEmployees",
    "Street": "BillingStreet", "City": "BillingCity", "State": "BillingState", "PostalCode": "BillingPostalCode",
    "Country": "BillingCountry", "LeadSource": "AccountSource",
}  # fmt: skip
OPPORTUNITY_DAYS = 90


def convert_lead(
    org: Org,
    lead_id: str,
    *,
    status: str,
    account_id: str | None,
    contact_id: str | None,
    opportunity: str | None,
    author: Author,
) -> tuple[str, str, str | None]:
    """Converts and returns the ids of contact, account and opportunity."""
    leads = org.schema.entities["Lead"]
    lead = writable_row(org, leads, lead_id, author=author)
    if lead.get("IsConverted"):
        raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    statuses = org.schema.entities["LeadStatus"].table.rows.values()
    if not any(row["ApiName"] == status and row["IsConverted"] for row in statuses):
        raise Refusal("INVALID_STATUS", f"invalid convertedStatus: {status}")
    owner = str(lead["OwnerId"])
    if owner.startswith("00G"):  # a queue cannot own a contact: whoever converts takes it
        owner = author.user_id
    fresh: dict[str, Value] = {"OwnerId": owner}
    account = _carry(org, "Account", account_id, _mapped(org, lead, TO_ACCOUNT, "Account"), fresh, author)
    contact_fields = _mapped(org, lead, TO_CONTACT, "Contact") | {"AccountId": account}
    contact = _carry(org, "Contact", contact_id, contact_fields, fresh, author)
    deal: str | None = None
    if opportunity is not None:
        close = (org.clock.now() + timedelta(days=OPPORTUNITY_DAYS)).date().isoformat()
        first = {"Name": opportunity, "StageName": "Prospecting", "CloseDate": close, "AccountId": account,
                 "ContactId": contact, "LeadSource": lead.get("LeadSource")}  # fmt: skip
        deal = _carry(org, "Opportunity", None, first | _mapped(org, lead, {}, "Opportunity"), fresh, author)
    closed: dict[str, Value] = {
        "IsConverted": True, "Status": status, "ConvertedDate": org.clock.now().date().isoformat(),
        "ConvertedContactId": contact, "ConvertedAccountId": account, "ConvertedOpportunityId": deal,
    }  # fmt: skip
    put_stamped(org, leads, lead, closed, author=author)
    record_history(org, leads, lead, lead | closed | {"LastModifiedDate": org.now_stamp()}, author=author)
    follow_conversion(org, lead_id, contact, author=author)
    return contact, account, deal


def _mapped(org: Org, lead: Row, standard: dict[str, str], object_name: str) -> dict[str, Value]:
    """The Lead's filled fields under the names they have on the other object."""
    custom = {name: field for name, (kind, field) in org.conversion_map.items() if kind == object_name}
    return {field: lead[name] for name, field in {**standard, **custom}.items() if lead.get(name) is not None}


def _carry(
    org: Org, object_name: str, existing: str | None, fields: dict[str, Value], fresh: dict[str, Value], author: Author
) -> str:
    entity = org.schema.entities[object_name]
    if existing is None:
        return create(org, entity, fields | fresh, author=author)
    row = writable_row(org, entity, existing, author=author)
    update(org, entity, existing, {name: value for name, value in fields.items() if not row.get(name)}, author=author)
    return existing
