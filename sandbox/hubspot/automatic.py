"""What an account does by itself as time passes: it empties the recycle bin and makes companies for new contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.hubspot.history import Source
from sandbox.hubspot.links import UNLABELLED, Pair

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

TO_COMPANIES: Pair = ("contacts", "companies")
FREEMAIL = frozenset({"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "gmx.de", "web.de", "icloud.com"})


def empty_bins(portal: Portal) -> None:
    """Erases what has been in the recycle bin for its ninety days."""
    for store in portal.stores.values():
        for record in list(store.overdue()):
            portal.forget(store, record, source=Source("RECYCLE_BIN", "automatic"))


def give_company(portal: Portal, number: int) -> None:
    """Associates a contact with the company of its address's domain, made if there is none."""
    contacts, companies = portal.stores["contacts"], portal.stores["companies"]
    source = Source("COMPANIES", "automatic")
    contact = contacts.find(number)
    domain = contact.values.get("hs_email_domain", "") if contact is not None and not contact.archived else ""
    if contact is None or not domain or domain in FREEMAIL or portal.links.of(TO_COMPANIES, contact.id):
        return
    found = [each for each in companies.records.values() if not each.archived and each.values.get("domain") == domain]
    name = domain.partition(".")[0].capitalize()
    company = found[0] if found else portal.create(companies, {"name": name, "domain": domain}, source=source)
    portal.associate(TO_COMPANIES, contact.id, company.id, types={UNLABELLED[TO_COMPANIES]}, source=source)
