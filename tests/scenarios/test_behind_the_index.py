"""What HubSpot's search shows is behind what is: a record is read by id where it matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from connectors.salesforce.connector import SalesforceConnector
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import HttpRequest, HttpResponse
from syncd.engine.cycle import sync
from syncd.engine.gathered import look_again
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.remote import RemoteRef, Shape
from tests.scenarios.steps import HOUR, Fields, Steps, remapped
from tests.scenarios.test_companies import account, company


def test_the_survivor_of_a_merge_is_read_by_id_and_not_as_an_index_shows_it(tmp_path: Path) -> None:
    """The index is 15 seconds behind: it shows the survivor without its edit, which sales' one must not go over."""
    switches = HubSpotSwitches(index_lag=(15.0, 15.0))
    steps = Steps(remapped(tmp_path, lambda _schema: None, switches=switches))
    contact, lead = steps.pair(industry="Banking")
    other = steps.contact(email="ann.doe@example.com", lifecyclestage="lead")
    steps.cycle()
    steps.both.hubspot.merge("contacts", contact, other)
    (survivor,) = steps.contacts()
    steps.both.clock.advance(14)
    steps.sell(lead, Industry="Energy")
    steps.market(survivor, industry="Chemicals")
    steps.cycle(after=2)
    steps.cycle()
    assert (steps.marketed(survivor, "industry"), steps.sold(lead, "Industry")) == ("Chemicals", "Chemicals")
    steps.quiet()


def test_what_is_held_is_not_judged_anew_by_an_older_state(tmp_path: Path) -> None:
    """Both sides changed a title, which waits for a person. A resync reads the contact by search, and that still shows
    it as it was before: the question stays, and sales' title is not written over marketing's.
    """
    switches = HubSpotSwitches(index_lag=(15.0, 15.0))
    steps = Steps(remapped(tmp_path, lambda schema: schema["fields"]["title"].update(policy="hold"), switches=switches))
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.cycle()
    steps.both.clock.advance(HOUR)
    steps.market(contact, fax="5")
    steps.both.clock.advance(2 * HOUR)
    steps.sell(lead, Title="Chief Buyer")
    steps.both.clock.advance(5)
    steps.market(contact, jobtitle="Head of Buying")
    steps.both.clock.advance(1)
    sync(steps.both.world, steady=True)  # after such a gap nothing is presumed of the other side
    question = steps.conflict()
    for request in asked_for(steps.both.store):
        assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert steps.conflict() == question
    assert (steps.marketed(contact, "jobtitle"), steps.sold(lead, "Title")) == ("Head of Buying", "Chief Buyer")
    steps.quiet()


def test_the_survivor_counts_as_it_is_told_last(steps_with: Callable[[Callable[[Fields], None]], Steps]) -> None:
    """An open question has a merged record read by its old id, which tells what it was merged into: marketing edits
    that after it was read by its own id, and sales' older edit must not go over it.
    """
    steps = steps_with(lambda fields: fields["title"].update(policy="hold"))
    contact, lead = steps.pair(industry="Banking", jobtitle="Buyer")
    other = steps.contact(email="ann.doe@example.com", lifecyclestage="lead")
    steps.cycle()
    steps.market(contact, jobtitle="Head of Buying")
    steps.sell(lead, Title="Chief Buyer")
    steps.cycle()
    steps.both.hubspot.merge("contacts", contact, other)
    (survivor,) = steps.contacts()
    steps.sell(lead, Industry="Energy")
    hubspot = steps.both.hubspot
    plain, edits = hubspot.handle, [survivor]

    def handle(request: HttpRequest) -> HttpResponse:
        if edits and request.path.endswith("/contacts/batch/read") and contact in request.body.decode():
            steps.both.clock.advance(2)
            steps.market(edits.pop(), industry="Chemicals")
        return plain(request)

    hubspot.handle = handle  # type: ignore[method-assign]
    steps.cycle()
    assert not edits, "nobody read it by its old id"
    steps.cycle()
    assert (steps.marketed(survivor, "industry"), steps.sold(lead, "Industry")) == ("Chemicals", "Chemicals")


def test_a_survivor_that_is_shown_for_somebody_else_counts_as_it_is_told_last(steps: Steps) -> None:
    """A stranger was merged into the contact, and is looked at by the old id: what answers is the survivor, edited
    since it was read by its own.
    """
    contact, lead = steps.pair(industry="Banking", jobtitle="Buyer")
    other = steps.contact(email="ann.doe@example.com", lifecyclestage="subscriber", hs_lead_status="")
    steps.cycle()
    survivor = steps.both.hubspot.merge("contacts", contact, other)
    steps.cycle()
    steps.market(survivor, jobtitle="Head of Buying")
    steps.sell(lead, Industry="Energy")
    steps.both.store.approve(look_again(steps.both.world, "person", f"marketing:contacts/{other}"))
    hubspot = steps.both.hubspot
    plain, edits = hubspot.handle, [survivor]

    def handle(request: HttpRequest) -> HttpResponse:
        if edits and request.path.endswith("/contacts/batch/read") and other in request.body.decode():
            steps.both.clock.advance(2)
            steps.market(edits.pop(), industry="Chemicals")
        return plain(request)

    hubspot.handle = handle  # type: ignore[method-assign]
    steps.cycle()
    assert not edits, "nobody read it by its old id"
    steps.cycle()
    assert (steps.marketed(survivor, "industry"), steps.sold(lead, "Industry")) == ("Chemicals", "Chemicals")


def test_what_a_look_for_counterparts_tells_of_a_linked_record_is_heeded(steps: Steps) -> None:
    """Sales edits a Lead after its change was read, and before it is found beside a newcomer of the same address: that
    edit is known, so marketing's is not written over it.
    """
    contact, lead = steps.pair(firstname="Ann")
    steps.market(contact, firstname="Anna")
    steps.lead(Email="ann@example.com", LastName="Double")
    salesforce = steps.both.salesforce
    plain = salesforce.handle

    def handle(request: HttpRequest) -> HttpResponse:
        asked = unquote_plus(f"{request.path}?{request.query} {request.body.decode()}")
        if " WHERE " in asked and "Email IN" in asked.partition(" WHERE ")[2] and "ann@example.com" in asked:
            salesforce.__dict__.pop("handle", None)
            steps.both.clock.advance(2)
            steps.sell(lead, FirstName="Annie")
        return plain(request)

    salesforce.handle = handle  # type: ignore[method-assign]
    steps.cycle()
    assert "handle" not in salesforce.__dict__, "nobody looked for the address"
    steps.cycle()
    assert (steps.marketed(contact, "firstname"), steps.sold(lead, "FirstName")) == ("Annie", "Annie")


def test_what_came_out_of_the_bin_counts_as_it_is_told_last(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sales edits a restored Lead after its change was read, and before it is read by id to be sure it is there."""
    contact, lead = steps.pair(zip="10115")
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    steps.market(contact, zip="20095")
    steps.both.salesforce.undelete("Lead", lead)
    whole = SalesforceConnector.fetch
    edits = [lead]

    def fetch(self: SalesforceConnector, shape: Shape, refs: Sequence[RemoteRef]) -> Sequence[Any]:
        if edits and RemoteRef("Lead", lead) in refs:
            steps.both.clock.advance(2)
            steps.sell(edits.pop(), PostalCode="80331")
        return whole(self, shape, refs)

    monkeypatch.setattr(SalesforceConnector, "fetch", fetch)
    steps.cycle()
    assert not edits, "nobody read it by id"
    steps.cycle()
    assert (steps.marketed(contact, "zip"), steps.sold(lead, "PostalCode")) == ("80331", "80331")
    steps.quiet()


def test_an_older_state_than_is_known_may_hold_an_edit_that_is_not(tmp_path: Path) -> None:
    """Marketing edits a city before our own write to the contact, which only tells what it wrote; the index shows the
    edit first. Sales has another city by then, and the rule is theirs: what is written over is marketing's, and not
    what the contact last confirmed.
    """
    switches = HubSpotSwitches(index_lag=(15.0, 15.0))
    steps = Steps(remapped(tmp_path, lambda _schema: None, switches=switches))
    contact, lead = steps.pair(city="Bonn")
    steps.cycle()
    steps.sell(lead, Title="Head")
    hubspot = steps.both.hubspot
    plain = hubspot.handle

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/contacts/batch/update"):
            del hubspot.handle
            steps.market(contact, city="Köln")
            steps.both.clock.advance(5)
        return plain(request)

    hubspot.handle = handle  # type: ignore[method-assign]
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == "Head"
    steps.sell(lead, City="Mainz")
    steps.cycle(after=12)
    (link,) = steps.both.store.links("person")
    told = [each for row in steps.both.store.audit_of(link.id, 9) for each in row.changes if each.field == "city"]
    assert [(each.before, each.after) for each in told][:1] == [("Köln", "Mainz")]
    steps.quiet()


def test_a_company_that_is_found_as_it_was_is_not_edited_by_that(tmp_path: Path) -> None:
    """Sales changed a description, which was just written to the company, and changes it again. Another Account of the
    domain has the company looked for, and the index still shows the first text: that is no edit of marketing's, and
    sales' later one stays.
    """
    switches = HubSpotSwitches(index_lag=(15.0, 15.0))
    steps = Steps(remapped(tmp_path, lambda _schema: None, switches=switches))
    here = company(steps, domain="acme-works.com", description="One")
    there = account(steps, Website="acme-works.com", Description="One")
    steps.cycle()
    steps.cycle()
    steps.sell(there, object_name="Account", Description="Two")
    steps.cycle()
    assert steps.marketed(here, "description", object_name="companies") == "Two"
    steps.sell(there, object_name="Account", Description="Three")
    account(steps, Name="Acme again", Website="acme-works.com")
    steps.cycle(after=4)
    steps.cycle()
    assert steps.sold(there, "Description", object_name="Account") == "Three"
    assert steps.marketed(here, "description", object_name="companies") == "Three"


def test_what_an_older_state_hides_is_read_before_it_is_written_over(tmp_path: Path) -> None:
    """Marketing edits a company just before our own write to it. The index has shown neither when the poll reads it;
    when a newcomer of the domain has it looked for, it shows the edit without our write. Sales has another city by
    then, and the rule is theirs: what is written over is marketing's city, and the audit tells it.
    """
    switches = HubSpotSwitches(index_lag=(15.0, 15.0))
    steps = Steps(remapped(tmp_path, lambda _schema: None, switches=switches))
    here = company(steps, domain="acme-works.com", city="Bonn")
    there = account(steps, Website="acme-works.com", BillingCity="Bonn")
    steps.cycle()
    steps.cycle()
    hubspot = steps.both.hubspot
    plain = hubspot.handle
    late = {"/companies/batch/update": 5.0, "/companies/search": 4.0}

    def handle(request: HttpRequest) -> HttpResponse:
        path = next((each for each in late if request.path.endswith(each)), "")
        if path == "/companies/batch/update":
            steps.market(here, object_name="companies", city="Köln")
            steps.both.clock.advance(late.pop(path))
        elif path and len(late) == 1 and "acme-works.com" in request.body.decode():
            steps.both.clock.advance(late.pop(path))
        return plain(request)

    hubspot.handle = handle  # type: ignore[method-assign]
    steps.sell(there, object_name="Account", BillingPostalCode="55116")
    steps.cycle()
    steps.sell(there, object_name="Account", BillingCity="Mainz")
    account(steps, Name="Acme again", Website="acme-works.com")
    steps.cycle(after=8)
    assert not late, "the company was not looked for"
    (link,) = (each for each in steps.both.store.links("company") if each.refs.crm.id == there)
    changes = [change for row in steps.both.store.audit_of(link.id, 9) for change in row.changes]
    told = [(each.before, each.after) for each in changes if each.field == "city"]
    assert told[:1] == [("Köln", "Mainz")]
