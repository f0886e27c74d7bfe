"""Where records stand in their vendors' own pages, as far as that is known."""

from __future__ import annotations

from connectors.hubspot.paths import page as hubspot
from connectors.salesforce.ids import page as salesforce
from syncd.model.remote import RemoteRef


def test_pages_of_hubspot() -> None:
    """By the domain that the account told, its portal, and the number of the object."""
    assert (
        hubspot("app-eu1.hubspot.com", "424242", RemoteRef("contacts", "51"))
        == "https://app-eu1.hubspot.com/contacts/424242/record/0-1/51"
    )
    assert hubspot("", "424242", RemoteRef("contacts", "51")) is None
    assert hubspot("app.hubspot.com", "424242", RemoteRef("tickets", "51")) is None


def test_pages_of_salesforce() -> None:
    """The org's domain and the id; a stand-in on this machine has no pages."""
    assert salesforce("https://x.my.salesforce.com", "00Q1") == "https://x.my.salesforce.com/00Q1"
    assert salesforce("http://127.0.0.1:8080", "00Q1") is None
