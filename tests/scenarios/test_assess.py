"""What is wrong between two systems that were never set up for syncd: found by reading alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.bootstrap import open_scratch
from syncd.model.errors import Bug
from syncd.model.values import Pair
from syncd.operations.assess import Terms
from syncd.operations.assessing import assess
from tests.scenarios.assessments import assessed, bare, figures, values
from tests.scenarios.lifecycles import CLOSED, NEW, WORKING
from tests.scenarios.steps import Steps

DAY = 86_400.0


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two stand-ins without a single field of syncd's, and a lifecycle with entry criteria."""
    made = bare(tmp_path)
    yield made
    made.both.store.close()


def test_who_is_whom(steps: Steps) -> None:
    """By the native connector's id, then by address; on one side only, twice there, and several to choose from."""
    steps.both.hubspot.add_property("contacts", {"name": "salesforceleadid", "type": "string", "fieldType": "text"})
    lead = steps.lead(Email="old@acme.com")
    steps.contact(email="new@acme.com", salesforceleadid=lead)
    steps.lead(Email="ann@acme.com")
    steps.contact(email="Ann@Acme.com")
    for _ in range(2):
        steps.lead(Email="bob@acme.com")
    steps.contact(email="bob@acme.com")
    steps.contact(email="cy@acme.com", lifecyclestage="lead")
    report = assessed(steps)
    assert values(
        report, "person:marketing", "person:crm", "person:by:the vendor's own connector", "person:by:email"
    ) == [4, 4, 1, 1]
    known = figures(report)
    assert known["person:only:marketing"].value == 2
    assert known["person:only:crm"].value == 2
    assert known["person:doubles:crm:email"].value == 2
    assert known["person:ambiguous:email"].value == 3
    assert [str(row).partition("/")[0] for row in known["person:doubles:crm:email"].rows] == ["Lead", "Lead"]


def test_field_by_field(steps: Steps) -> None:
    """Agreement is of the pairs in which anybody says anything, and each cause is counted by itself."""
    for number, (title, other) in enumerate((("CEO", "CEO"), ("", "CTO"), ("VP", ""), ("cfo ", "CFO"), ("A", "B"))):
        steps.contact(email=f"p{number}@acme.com", jobtitle=title)
        steps.lead(Email=f"p{number}@acme.com", Title=other or None)
    steps.contact(email="p9@acme.com")
    steps.lead(Email="p9@acme.com")
    report = assessed(steps)
    known = figures(report)
    agree = known["person:field:title:agree"]
    assert (agree.value, agree.of) == (0.2, 5)
    causes = ("empty in marketing", "empty in crm", "the same in another form", "different", "unreadable")
    assert [known[f"person:field:title:{cause}"].value for cause in causes] == [1, 1, 1, 1, 0]
    (row,) = known["person:field:title:different"].rows
    assert str(row).startswith("marketing:contacts/")
    assert " crm:Lead/00Q" in str(row)


def test_what_would_be_refused(steps: Steps) -> None:
    """A title that is too long there, an industry that the list does not know, an address that is none."""
    steps.contact(email="ann@acme.com", jobtitle="x" * 200)
    steps.lead(Email="ann@acme.com", Title="CEO")
    steps.contact(email="bob@acme.com", phone="12")
    steps.lead(Email="bob@acme.com")
    table = next(each for section in assessed(steps).sections for each in section.tables if each.key == "refused")
    told = [(row[0], row[1], row[2]) for row in table.rows]
    assert ("person.title", "Salesforce", "is longer than 128 characters") in told


def test_qualified_and_unseen(steps: Steps) -> None:
    """Whoever qualified and has no counterpart, with the age that HubSpot's history tells."""
    contact = steps.contact(email="ann@acme.com", lifecyclestage="lead", hs_lead_status="")
    steps.both.clock.advance(10 * DAY)
    steps.market(contact, lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW")
    steps.both.clock.advance(3 * DAY)
    steps.market(contact, city="Bonn")
    steps.contact(email="seen@acme.com")
    steps.lead(Email="seen@acme.com", Status=NEW)
    steps.both.clock.advance(DAY)
    report = assessed(steps)
    known = figures(report)
    assert known["unseen"].value == 1
    assert list(known["unseen"].rows) == [f"marketing:contacts/{contact}"]
    assert known["unseen:median"].value == 4.0
    assert "told of 1 of them" in next(section for section in report.sections if section.key == "unseen").words[0]


def test_stages_owners_opt_outs(steps: Steps) -> None:
    """Two stages with and without a declared way between them, an owner nobody knows, consent that contradicts."""
    hubspot, salesforce = steps.both.hubspot, steps.both.salesforce
    owner = hubspot.add_owner("pat@example.com", "Pat", "Lee")
    gone = salesforce.add_user("gone@example.com", "Gone", role=None)
    for name, stage, status, out in (
        ("ann", {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}, WORKING, False),
        ("bob", {"lifecyclestage": "subscriber", "hs_lead_status": ""}, CLOSED, False),
        ("cy", {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}, NEW, True),
    ):
        steps.contact(email=f"{name}@acme.com", hubspot_owner_id=owner, **stage)
        steps.lead(Email=f"{name}@acme.com", Status=status, HasOptedOutOfEmail=out, OwnerId=gone)
    salesforce.deactivate_user(gone)
    report = assessed(steps)
    known = figures(report)
    assert known["stages:apart"].value == 2
    assert known["stages:undeclared"].value == 1
    assert known["stages:subscriber:disqualified"].value == 1
    assert known["opt_out:person:opt_out:crm"].value == 1
    table = next(each for section in report.sections for each in section.tables if each.key == "owners")
    told = {(row[0], row[1]): row[2] for row in table.rows}
    assert told["HubSpot", "pat@example.com"] == "has no active user of this address on the other side"
    assert told["Salesforce", "gone@example.com"] == "inactive"


def test_what_must_be_known_and_personas(steps: Steps) -> None:
    """An MQL without a company lacks what its stage asks for, and leads marketing."""
    steps.contact(email="ann@acme.com", jobtitle="Head of Marketing")
    steps.contact(email="bob@acme.com", company="Acme", jobtitle="Clerk")
    known = figures(assessed(steps))
    lacking = known["entry:mql:company_name"]
    assert (lacking.value, lacking.of) == (1, 2)
    assert known["persona:marketing_leader"].value == 1
    assert known["persona:(none)"].value == 1


def test_what_cannot_be_seen_is_told(steps: Steps) -> None:
    """A field that is hidden from the credentials is in no figure, and named among what was not looked at."""
    steps.both.salesforce.hide_field("Lead", "Title")
    steps.both.salesforce.hide_field("Contact", "Title")
    steps.contact(email="ann@acme.com", jobtitle="CEO")
    steps.lead(Email="ann@acme.com", Title="CEO")
    report = assessed(steps)
    assert not [key for key in figures(report) if key.startswith("person:field:title")]
    table = next(each for section in report.sections for each in section.tables if each.key == "absent")
    assert ("person.title", "Lead.Title, Contact.Title") in table.rows


def test_empty_systems(steps: Steps) -> None:
    """Nothing is there: nothing is wrong, and nothing fails."""
    assert values(assessed(steps), "person:marketing", "glance:unseen", "glance:refused") == [0, 0, 0]


def test_connectors_that_can_write_are_refused(steps: Steps) -> None:
    """An assessment is not made through connectors that could write."""
    terms = Terms(steps.both.settings.lifecycle, None)
    with pytest.raises(Bug, match="can write"):
        assess(steps.both.world, open_scratch, terms, systems=Pair("HubSpot", "Salesforce"))


def test_the_vendors_own_connector_at_work(steps: Steps) -> None:
    """Which fields it writes that syncd would write; nothing is said of one that only left its ids."""
    contact = steps.contact(email="ann@acme.com", jobtitle="Buyer")
    steps.lead(Email="ann@acme.com")
    hubspot = steps.both.hubspot
    hubspot.install_native_connector()
    hubspot.sync_natively("contacts", contact, {"jobtitle": "Head of Buying"})
    steps.both.clock.advance(60)
    found = figures(assessed(steps))
    assert (found["native:person"].value, found["native:person:title"].value) == (1, 1)
    assert found["native:person:title"].of == 1
    steps.both.clock.advance(DAY)
    assert not [key for key in figures(assessed(steps)) if key.startswith("native")]
