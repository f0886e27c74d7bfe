"""Scripted people: their ledger tells the truth, and they work alike in process and through the control plane."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.control import Control
from sandbox.desk import LocalDesk, UnknownAction
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import SimulatedClock
from sandbox.people import Deed, Team
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.server import RunningSandbox

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def fill(hubspot: HubSpotKernel, salesforce: SalesforceKernel) -> None:
    """Twenty contacts and twenty Leads."""
    hubspot.load("contacts", [{"email": f"p{n}@x.com", "lifecyclestage": "lead"} for n in range(20)])
    salesforce.load("Lead", [{"LastName": f"P{n}", "Company": "Acme", "Email": f"p{n}@x.com"} for n in range(20)])


def kernels() -> tuple[HubSpotKernel, SalesforceKernel, SimulatedClock]:
    """Two small kernels with one clock."""
    clock = SimulatedClock(START)
    hubspot, salesforce = HubSpotKernel(clock=clock, seed=1), SalesforceKernel(clock=clock, seed=2)
    fill(hubspot, salesforce)
    return hubspot, salesforce, clock


def values(hubspot: Any, salesforce: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """All values of all people by (object, id)."""
    found = {
        ("contacts", row["id"]): row["properties"] | {"gone": row["archived"]} for row in hubspot.export()["contacts"]
    }
    rows = salesforce.export()
    return found | {
        (kind, row["Id"]): row | {"gone": row["IsDeleted"] or row.get("IsConverted", False)}
        for kind in ("Lead", "Contact")
        for row in rows[kind]
    }


def check(ledger: list[Deed], found: dict[tuple[str, str], dict[str, Any]]) -> None:
    """The last edit of each field of a record that is still there holds, and what is gone is gone."""
    gone = {ref for deed in ledger for ref in deed.gone}
    last = {(deed.ref, deed.field): deed.value for deed in ledger if deed.action == "edit" and deed.ref not in gone}
    assert last
    for (ref, field), value in last.items():
        assert found[ref].get(field) == value, (ref, field)
    assert all(ref not in found or found[ref]["gone"] for ref in gone)


def test_the_ledger_tells_what_was_done() -> None:
    """Edits, merges, deletes and conversions are all done and written down; tokens are unique."""
    hubspot, salesforce, clock = kernels()
    team = Team(LocalDesk(hubspot), LocalDesk(salesforce), now=clock.now, seed=5)
    done = team.work(60, merges=4, deletes=3, converts=2)
    assert [deed.action for deed in done].count("edit") == 60
    assert {deed.action for deed in done} == {"edit", "merge", "delete", "convert"}
    assert {deed.side for deed in done} == {"marketing", "crm"}
    tokens = [deed.token for deed in done if deed.token]
    assert len(tokens) == len(set(tokens)) > 30
    assert all(deed.token in deed.value for deed in done)
    assert all(deed.ref[0] == "Contact" and deed.ref[1].startswith("003") for deed in done if deed.action == "convert")
    check(done, values(hubspot, salesforce))
    assert team.ledger == done


def test_the_seed_decides_what_they_do() -> None:
    """Two teams with one seed do the same, a third does not."""
    ledgers = []
    for seed in (1, 1, 2):
        hubspot, salesforce, clock = kernels()
        ledgers.append(Team(LocalDesk(hubspot), LocalDesk(salesforce), now=clock.now, seed=seed).work(20, merges=2))
    assert ledgers[0] == ledgers[1] != ledgers[2]


def test_they_work_through_the_control_plane() -> None:
    """A team in another process does the same with two ``Control`` objects as its desks."""
    clock = SimulatedClock(START)
    with RunningSandbox.start(clock=clock, seed=1) as box:
        fill(box.hubspot, box.salesforce)
        desks = Control(box.hubspot_url), Control(box.salesforce_url)
        done = Team(*desks, now=clock.now, seed=5).work(20, merges=2, deletes=2, converts=1)
        check(done, values(*desks))


def test_they_keep_to_the_records_they_were_given() -> None:
    """Whom a team may touch can be restricted; with nobody left it says so."""
    hubspot, salesforce, clock = kernels()
    contact = hubspot.export()["contacts"][0]["id"]
    lead = str(salesforce.export()["Lead"][0]["Id"])
    team = Team(
        LocalDesk(hubspot), LocalDesk(salesforce), now=clock.now, contacts=[contact], crm_records=[("Lead", lead)]
    )
    assert {deed.ref for deed in team.work(30)} == {("contacts", contact), ("Lead", lead)}
    with pytest.raises(ValueError, match="are left to work on"):
        team.merge("crm")
    team.delete("marketing")
    with pytest.raises(ValueError, match="0 records of marketing"):
        team.edit("marketing")


def test_one_edit_can_be_told_exactly() -> None:
    """A given record, field and value are written as they are, without a token."""
    hubspot, salesforce, clock = kernels()
    team = Team(LocalDesk(hubspot), LocalDesk(salesforce), now=clock.now)
    contact = hubspot.export()["contacts"][3]["id"]
    deed = team.edit("marketing", ("contacts", contact), field="phone", value="+1 202 555 0100")
    assert (deed.token, deed.at) == ("", START)
    assert values(hubspot, salesforce)["contacts", contact]["phone"] == "+1 202 555 0100"


def test_only_people_s_actions_can_be_done() -> None:
    """Methods of a kernel that are no person's work cannot be called through a desk."""
    hubspot, _, _ = kernels()
    with pytest.raises(UnknownAction, match=r"known are .*edit"):
        LocalDesk(hubspot).do("handle", request=None)
