"""Where records stand in their vendors' own pages, as far as that is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.hubspot.paths import page as hubspot
from connectors.salesforce.ids import page as salesforce
from syncd.bootstrap.notices import pages
from syncd.model.link import Link, Proof
from syncd.model.remote import AccountIdentity, RemoteRef
from syncd.model.values import Pair, Side
from syncd.ports.store import Settlement
from syncd.store import SqlStore, open_store
from tests.fakes import START, FakeChance, FakeClock
from tests.unit.settings.conftest import Folder

LEAD, CONTACT = "00Q000000000001AAA", "51"


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


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store with one linked person."""
    opened = open_store(f"sqlite:///{tmp_path}/s.db", "main", clock=FakeClock(), chance=FakeChance())
    refs = Pair(RemoteRef("contacts", CONTACT), RemoteRef("Lead", LEAD))
    opened.settle(Settlement(links=[Link("L1", "person", refs, Proof.MATCHED, START)]), START)
    yield opened
    opened.close()


def test_an_item_leads_to_its_records(store: SqlStore, tmp_path: Path) -> None:
    """By its link to both, by a record of its own to that; HubSpot's once the account is known; else to none."""
    loaded = Folder(tmp_path / "config").load()
    crm = f"https://x.my.salesforce.com/{LEAD}"
    assert pages(loaded, "main", store, {"link": "L1"}) == [crm]
    store.bind(Side.MARKETING, AccountIdentity("hubspot", "424242", "app.hubspot.com"))
    marketing = f"https://app.hubspot.com/contacts/424242/record/0-1/{CONTACT}"
    assert pages(loaded, "main", store, {"link": "L1"}) == [marketing, crm]
    assert pages(loaded, "main", store, {"side": "crm", "record": f"Lead/{LEAD}"}) == [crm]
    assert pages(loaded, "main", store, {"side": "marketing", "record": f"contacts/{CONTACT}"}) == [marketing]
    for item in ({}, {"link": "gone"}, {"record": f"Lead/{LEAD}"}, {"side": "crm", "record": "nothing"}):
        assert pages(loaded, "main", store, item) == []
