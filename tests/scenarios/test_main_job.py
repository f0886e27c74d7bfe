"""The main job in one process: link two filled systems, carry changes both ways, hold what nobody may guess."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import Fault, HttpRequest, HttpResponse
from syncd.engine.cycle import Ended, sync
from syncd.model.run import RunState
from tests.worlds import ROOT, Both, open_both


@pytest.fixture
def both() -> Iterator[Both]:
    """Two stand-ins with one person each side knows, one only marketing knows and one only sales knows."""
    opened = open_both()
    yield opened
    opened.store.close()


def go(both: Both, approve: bool = True) -> Ended:
    """One cycle, an hour after the last one; a first link is approved."""
    both.clock.advance(3600)
    ended = sync(both.world)
    if ended.needs_approval and approve:
        assert ended.plan is not None
        ended = sync(both.world, approve=ended.plan.digest)
    return ended


def contact(both: Both, **properties: str) -> str:
    """A contact made by a person in HubSpot."""
    return both.hubspot.create("contacts", {"lastname": "Doe", **properties}, by="userId:1")


def lead(both: Both, **fields: object) -> str:
    """A Lead made by a person in Salesforce."""
    return both.salesforce.insert("Lead", {"LastName": "Doe", "Company": "Acme", **fields})


def property_of(both: Both, id_: str, name: str) -> str | None:
    """What HubSpot holds."""
    row = next(row for row in both.hubspot.export()["contacts"] if row["id"] == id_)
    return row["properties"].get(name)


def field_of(both: Both, id_: str, name: str) -> object:
    """What Salesforce holds."""
    return next(row for row in both.salesforce.export()["Lead"] if row["Id"] == id_)[name]


def test_first_link_waits_for_approval_then_links_and_creates(both: Both) -> None:
    """Nothing is written before the digest is approved; then the pair is linked and the MQL becomes a Lead."""
    shared = contact(both, email="ann@example.com", lifecyclestage="lead")
    only_marketing = contact(both, email="bob@example.com", lifecyclestage="marketingqualifiedlead")
    newsletter = contact(both, email="cy@example.com", lifecyclestage="subscriber")
    known = lead(both, Email="Ann@Example.com")
    preview = go(both, approve=False)
    assert preview.needs_approval
    assert preview.run.state is RunState.HELD
    assert not [call for call in both.salesforce.calls if call.written or call.created]
    ended = go(both)
    assert ended.run.state is RunState.DONE
    assert ended.run.counts["created.crm"] == 1
    assert property_of(both, shared, "syncd_crm_id") == known
    assert field_of(both, known, "Syncd_Marketing_Id__c") == shared
    made = next(row for row in both.salesforce.export()["Lead"] if row["Email"] == "bob@example.com")
    assert made["Syncd_Marketing_Id__c"] == only_marketing
    assert property_of(both, only_marketing, "syncd_crm_id") == made["Id"]
    assert property_of(both, newsletter, "syncd_crm_id") in (None, "")
    again = go(both)
    assert not again.run.counts


def test_a_status_change_travels_both_ways(both: Both) -> None:
    """Sales works a Lead: marketing sees it; marketing moves a person on: sales sees it."""
    person = contact(both, email="ann@example.com", lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW")
    go(both)
    made = both.salesforce.export()["Lead"][0]["Id"]
    both.salesforce.edit("Lead", made, {"Status": "Working - Contacted"})
    assert go(both).run.counts["updated.marketing"] == 1
    assert property_of(both, person, "lifecyclestage") == "salesqualifiedlead"
    both.hubspot.edit("contacts", person, {"hs_lead_status": "UNQUALIFIED"}, by="userId:1")
    assert go(both).run.counts["updated.crm"] == 1
    assert field_of(both, made, "Status") == "Closed - Not Converted"
    go(both)
    quiet = go(both)
    assert not quiet.run.counts


@pytest.mark.parametrize("answer", ["silent", "error"])
def test_sales_may_move_a_stage_back(answer: Literal["silent", "error"]) -> None:
    """HubSpot moves a stage forward only: whichever way it says no, the stage is cleared and set, and it arrives."""
    both = open_both(switches=HubSpotSwitches(stage_regression=answer))
    person = contact(both, email="ann@example.com", lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
    go(both)
    made = both.salesforce.export()["Lead"][0]["Id"]
    assert field_of(both, made, "Status") == "Working - Contacted"
    both.salesforce.edit("Lead", made, {"Status": "Open - Not Contacted"})
    go(both)
    assert property_of(both, person, "lifecyclestage") == "marketingqualifiedlead"
    assert property_of(both, person, "hs_lead_status") == "NEW"
    go(both)
    assert not go(both).run.counts
    both.store.close()


@pytest.mark.parametrize("billed", [False, True])
def test_contacts_that_would_be_billed_are_held_after_ten(tmp_path: Path, billed: bool) -> None:
    """New contacts may be billed: ten are made and looked at; if they are billed, the rest waits for a person."""
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("cases", "env"))
    person = tmp_path / "config" / "schema" / "person.yaml"
    text = person.read_text()
    assert "marketing: [] # nobody" in text
    person.write_text(text.replace("marketing: [] # nobody", "marketing: [{object: contacts}] # nobody"))
    both = open_both(switches=HubSpotSwitches(app_contacts_are_marketing=billed), config=tmp_path / "config")
    for number in range(25):
        lead(both, Email=f"p{number}@example.com")
    go(both)
    made = len(both.hubspot.export()["contacts"])
    assert made == (10 if billed else 25)
    assert [letter.code for letter in both.store.dead_letters()] == (["BILLABLE"] * 15 if billed else [])
    for letter in both.store.dead_letters():
        both.store.mark_dead_letter(letter.id, retry=True)
    both.world.connection = replace(both.world.connection, allow_billable=True)
    go(both)
    assert len(both.hubspot.export()["contacts"]) == 25
    assert not both.store.dead_letters()
    go(both)
    assert not go(both).run.counts
    both.store.close()


def test_a_search_index_that_lags_is_never_taken_for_an_edit() -> None:
    """Cycles quicker than HubSpot's index: rows shown as they were before our own write bring no old value back."""
    both = open_both(switches=HubSpotSwitches(index_lag=(0.0, 3.0)))
    people = [
        contact(both, email=f"p{n}@example.com", lifecyclestage="marketingqualifiedlead", city="Old") for n in range(30)
    ]
    for number in range(0, 30, 3):
        lead(both, Email=f"p{number}@example.com", City="Older", Status="Working - Contacted")
    both.clock.advance(4)
    preview = sync(both.world)
    assert preview.plan is not None
    sync(both.world, approve=preview.plan.digest)
    both.clock.advance(0.3)
    at_once = sync(both.world)  # the first changes read after a first link are those of the last half minute
    assert not at_once.run.counts
    leads = {row["Syncd_Marketing_Id__c"]: row["Id"] for row in both.salesforce.export()["Lead"]}
    for round_ in range(6):
        for number, person in enumerate(people):
            if number % 2 == round_ % 2:
                both.salesforce.edit("Lead", leads[person], {"City": f"Sales {round_}"})
            else:
                both.hubspot.edit("contacts", person, {"city": f"Marketing {round_}"}, by="userId:1")
        for _ in range(4):
            both.clock.advance(0.7)
            sync(both.world)
    for _ in range(4):
        both.clock.advance(60)
        sync(both.world)
    assert not both.store.conflicts()
    for number, person in enumerate(people):
        wanted = "Sales 5" if number % 2 == 1 else "Marketing 5"
        assert (property_of(both, person, "city"), field_of(both, leads[person], "City")) == (wanted, wanted)
    both.store.close()


def _clears(request: HttpRequest) -> bool:
    return request.path.endswith("contacts/batch/update") and b'"lifecyclestage":""' in request.body.replace(b" ", b"")


@pytest.mark.parametrize("set_again", ["set", "not set"])
@pytest.mark.parametrize("when", ["after", "drop", "late", "before"])
def test_a_stage_that_was_cleared_on_the_way_back_arrives(when: str, set_again: str) -> None:
    """The answer to the clear is lost (or it is carried out late, or never), and perhaps the setting is not answered
    either: nobody stays without a stage, nobody is asked, and nothing that sales said is written over.
    """
    both = open_both()
    person = contact(both, email="ann@example.com", lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
    go(both)
    made = both.salesforce.export()["Lead"][0]["Id"]
    go(both)
    both.salesforce.edit("Lead", made, {"Status": "Open - Not Contacted"})
    both.hubspot.faults.arm(Fault("clear", _clears, when=when, times=1, seconds=1.0))
    if set_again == "not set":
        both.hubspot.faults.arm(Fault("set", _after_the_clear(both), when="before", times=1))
    for _ in range(4):
        go(both)
        both.clock.advance(600)
    assert both.hubspot.faults.fired["clear"] == 1
    assert field_of(both, made, "Status") == "Open - Not Contacted"
    assert (property_of(both, person, "lifecyclestage"), property_of(both, person, "hs_lead_status")) == (
        "marketingqualifiedlead",
        "NEW",
    )
    assert not both.store.conflicts()
    assert not both.store.open_intents()
    assert not go(both).run.counts
    both.store.close()


def _after_the_clear(both: Both) -> Callable[[HttpRequest], bool]:
    """The update that sets the stage once more."""

    def hit(request: HttpRequest) -> bool:
        cleared = both.hubspot.faults.fired["clear"] > 0
        return cleared and request.path.endswith("contacts/batch/update") and not _clears(request)

    return hit


def test_a_stage_that_hubspot_never_moves_back_is_parked(both: Both) -> None:
    """It can be neither moved back nor cleared: that field is listed, the rest arrives, and what sales said stands."""
    person = contact(both, email="ann@example.com", lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
    go(both)
    made = both.salesforce.export()["Lead"][0]["Id"]
    go(both)
    both.salesforce.edit("Lead", made, {"Status": "Open - Not Contacted", "City": "Ulm"})
    no = HttpResponse(400, b'{"category":"VALIDATION_ERROR","message":"no"}', {"Content-Type": "application/json"})
    both.hubspot.faults.arm(Fault("clear", _clears, answer=no, times=9))
    for _ in range(3):
        go(both)
        both.clock.advance(600)
    (row,) = both.store.parked()
    assert (row.field, row.code) == ("stage", "STAGE_KEPT")
    assert field_of(both, made, "Status") == "Open - Not Contacted"
    assert property_of(both, person, "lifecyclestage") == "salesqualifiedlead"
    assert property_of(both, person, "city") == "Ulm"
    assert not go(both).run.counts
