"""The loader of the real funnel: on a small folder of the same shape, on bad folders, and on the real one if there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import SimulatedClock
from sandbox.olist import load_olist
from sandbox.olist_files import DEAL_COLUMNS, DEALS_FILE, LEADS_FILE, OlistFlaw
from sandbox.salesforce.kernel import SalesforceKernel
from tests.shared import HERE, SHARED

REAL = SHARED / "data" / "olist"
LEADS = "mql_id,first_contact_date,landing_page_id,origin\naa,2018-02-01,p1,social\nbb,2018-03-01,p2,\n"
DEALS = ",".join(DEAL_COLUMNS) + "\nbb,s1,d1,r1,2018-02-26 19:58:54,pet,online_medium,cat,,,,reseller,,1500.0\n"


def kernels() -> tuple[HubSpotKernel, SalesforceKernel]:
    """Two empty kernels."""
    clock = SimulatedClock(datetime(2026, 1, 5, 12, 0, tzinfo=UTC))
    return HubSpotKernel(clock=clock, seed=1), SalesforceKernel(clock=clock, seed=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder like the real one, with two leads and one deal."""
    (tmp_path / LEADS_FILE).write_text(LEADS, encoding="utf-8")
    (tmp_path / DEALS_FILE).write_text(DEALS, encoding="utf-8")
    return tmp_path


def test_leads_and_deals_meet_by_address_alone(folder: Path) -> None:
    """All leads are contacts, the deal is a won Lead of its representative, and no key of ours is set."""
    hubspot, salesforce = kernels()
    loaded = load_olist(folder, hubspot, salesforce)
    assert loaded.counts() == {"contacts": 2, "leads": 1, "users": 1}
    first, second = (row["properties"] for row in hubspot.export()["contacts"])
    assert first["email"] == "aa@example.com"
    assert first["createdate"] == first["lastmodifieddate"] == "2018-02-01T00:00:00.000Z"
    assert (first["lifecyclestage"], first["hs_lead_status"]) == ("marketingqualifiedlead", "NEW")
    (lead,) = salesforce.export()["Lead"]
    assert (lead["Email"], lead["Status"], lead["OwnerId"]) == ("bb@example.com", "Closed - Won", loaded.users["r1"])
    assert (lead["FirstName"], lead["LastName"]) == (second["firstname"], second["lastname"])
    assert (lead["AnnualRevenue"], lead["Industry"]) == (18_000.0, "pet")
    assert "business_type: reseller" in str(lead["Description"])
    assert str(lead["LastModifiedDate"]) > second["lastmodifieddate"]
    assert lead["Syncd_Marketing_Id__c"] is None
    assert "syncd_crm_id" not in second


def test_the_won_status_joins_the_standard_ones(folder: Path) -> None:
    """The standard statuses keep their meaning, the new one is not converted, and loading adds it only once."""
    hubspot, salesforce = kernels()
    before = [(row["MasterLabel"], row["IsConverted"], row["IsDefault"]) for row in salesforce.export()["LeadStatus"]]
    load_olist(folder, hubspot, salesforce)
    after = [(row["MasterLabel"], row["IsConverted"], row["IsDefault"]) for row in salesforce.export()["LeadStatus"]]
    assert after == [*before, ("Closed - Won", False, False)]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (LEADS_FILE, None, "is missing: the folder must hold"),
        (DEALS_FILE, None, "is missing: the folder must hold"),
        (LEADS_FILE, "mql_id,origin\naa,x\n", "line 1: the columns first_contact_date, landing_page_id are missing"),
        (LEADS_FILE, LEADS + "aa,2018-02-01,p1,social\n", "line 4: mql_id 'aa' is empty or stands twice"),
        (LEADS_FILE, LEADS + "cc,soon,p1,social\n", "line 4: first_contact_date is 'soon'"),
        (LEADS_FILE, LEADS + "cc,2018-02-01\n", "line 4: the row has not as many values"),
        (LEADS_FILE, LEADS.splitlines()[0], "has no rows"),
        (DEALS_FILE, DEALS.replace("bb,", "zz,"), "mql_id zz is not in"),
        (DEALS_FILE, b"\xff\xfe", "cannot be read as UTF-8"),
    ],
)
def test_bad_folders_are_refused(folder: Path, file: str, text: str | bytes | None, message: str) -> None:
    """Whatever is wrong is named with file and line, and nothing has been written."""
    path = folder / file
    if text is None:
        path.unlink()
    else:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    hubspot, salesforce = kernels()
    with pytest.raises(OlistFlaw, match=message):
        load_olist(folder, hubspot, salesforce)
    assert not hubspot.export()["contacts"]
    assert not salesforce.export()["Lead"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A wrong path is named."""
    with pytest.raises(OlistFlaw, match="nowhere is no folder: give the one that holds"):
        load_olist(tmp_path / "nowhere", *kernels())


@pytest.mark.skipif(not HERE, reason=f"no shared material: the Olist data set is not at {REAL}")
def test_the_real_funnel() -> None:
    """8,000 leads and 842 deals are loaded, and every deal was touched after its lead's first contact."""
    hubspot, salesforce = kernels()
    loaded = load_olist(REAL, hubspot, salesforce)
    assert (loaded.counts()["contacts"], loaded.counts()["leads"]) == (8_000, 842)
    stamps = {row["id"]: row["properties"]["lastmodifieddate"] for row in hubspot.export()["contacts"]}
    rows = {str(row["Id"]): str(row["LastModifiedDate"]) for row in salesforce.export()["Lead"]}
    assert all(rows[lead] > stamps[loaded.contacts[mql]] for mql, lead in loaded.leads.items())
