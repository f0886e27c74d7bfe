"""Loads the real marketing funnel of Olist (8,000 qualified leads, 842 closed deals) into both stand-ins.

Every qualified lead becomes a HubSpot contact. Every closed deal exists independently in Salesforce as a Lead with the
status ``Closed - Won``, an owner (one User per sales representative) and the deal's fields. Only the e-mail address
``<mql_id>@example.com`` connects the two; nothing of syncd's own keys is written. The data set is anonymous, so names
come from a seeded Faker. The files stay where they are: the folder is given by the caller and only read.
Refuses what is not as expected (``sandbox.olist_files``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.names import open_faker
from sandbox.olist_files import instant_of, read_olist
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.wire_time import stamp

#: Columns of a deal that a Lead has no field for; they become lines of its description.
DESCRIBED = (
    "seller_id", "sdr_id", "lead_type", "lead_behaviour_profile", "has_company", "has_gtin", "average_stock",
    "business_type", "declared_product_catalog_size",
)  # fmt: skip
WON = "Closed - Won"
#: Origin of a lead -> Lead source of the CRM; whatever is not listed is ``Other``.
SOURCES: Mapping[str, str] = {
    "organic_search": "Web", "paid_search": "Web", "direct_traffic": "Web", "social": "Web", "display": "Web",
    "referral": "Partner Referral",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OlistLoaded:
    """What was made: ids by ``mql_id`` of contacts and Leads, ids by ``sr_id`` of users."""

    contacts: Mapping[str, str]
    leads: Mapping[str, str]
    users: Mapping[str, str]

    def counts(self) -> Mapping[str, int]:
        """How many of each."""
        return {"contacts": len(self.contacts), "leads": len(self.leads), "users": len(self.users)}


def load_olist(folder: Path, hubspot: HubSpotKernel, salesforce: SalesforceKernel, *, seed: int = 1) -> OlistLoaded:
    """Loads both files of ``folder``. Raises ``OlistFlaw`` and, without the extra ``[sandbox]``, ``MissingFaker``.

    Both files are read and checked before anything is written.
    """
    rows = read_olist(folder)
    leads, deals = rows.leads, rows.deals
    faker = open_faker("pt_BR", seed=seed)
    names = {mql: (faker.first_name(), faker.last_name()) for mql in leads}
    contacts = hubspot.load("contacts", [_contact(mql, row, names[mql]) for mql, row in leads.items()])
    _add_status(salesforce)
    representatives = sorted({row["sr_id"] for row in deals.values()})
    users = {sr: salesforce.add_user(f"{sr}@example.com", faker.name()) for sr in representatives}
    made = salesforce.load(
        "Lead",
        [_lead(mql, row, names[mql], lead=leads[mql], owner=users[row["sr_id"]]) for mql, row in deals.items()],
    )
    return OlistLoaded(
        contacts=dict(zip(leads, contacts, strict=True)), leads=dict(zip(deals, made, strict=True)), users=users
    )


def _contact(mql: str, row: Mapping[str, str], name: tuple[str, str]) -> dict[str, str]:
    met = stamp(instant_of(row["first_contact_date"]))
    return {
        "email": f"{mql}@example.com",
        "firstname": name[0],
        "lastname": name[1],
        "lifecyclestage": "marketingqualifiedlead",
        "hs_lead_status": "NEW",
        # HubSpot's own origin properties are its analytics': an import cannot write them.
        "message": f"origin: {row['origin'] or 'unknown'}\nlanding page: {row['landing_page_id']}",
        "createdate": met,
        "lastmodifieddate": met,
    }


def _lead(
    mql: str, row: Mapping[str, str], name: tuple[str, str], *, lead: Mapping[str, str], owner: str
) -> dict[str, object]:
    won = instant_of(row["won_date"])
    segment = row["business_segment"]
    revenue = float(row["declared_monthly_revenue"] or 0)
    return {
        "FirstName": name[0],
        "LastName": name[1],
        "Email": f"{mql}@example.com",
        "Company": f"{segment.replace('_', ' ').capitalize() or 'Unknown'} seller {row['seller_id'][:8]}",
        "Status": WON,
        "OwnerId": owner,
        "LeadSource": SOURCES.get(lead["origin"], "Other"),
        "Industry": segment or None,
        "AnnualRevenue": revenue * 12 if revenue else None,
        "Description": "\n".join(f"{column}: {row[column]}" for column in DESCRIBED if row[column]),
        "CreatedDate": stamp(won),
        # One deal of the data set was won before its first contact; sales touched it last all the same.
        "LastModifiedDate": stamp(max(won, instant_of(lead["first_contact_date"]) + timedelta(days=1))),
    }


def _add_status(salesforce: SalesforceKernel) -> None:
    """Adds the won status behind those of the org; it is an ordinary one, not a converted one."""
    present = [
        {name: row[name] for name in ("MasterLabel", "ApiName", "IsConverted", "IsDefault")}
        for row in sorted(salesforce.export()["LeadStatus"], key=lambda row: int(str(row["SortOrder"])))
    ]
    if WON not in {row["MasterLabel"] for row in present}:
        salesforce.set_lead_statuses([*present, {"MasterLabel": WON}])  # type: ignore[list-item]
