"""What an assessment tells of the handoff as it is, whoever carries it: a person's company, and the time it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.operations import assess_delays
from syncd.operations.assess_company import NO_PLACE, ONLY, UNKNOWN
from syncd.operations.report_writing import text_of
from tests.scenarios.assessments import assessed, bare, figures, values
from tests.scenarios.lifecycles import MQL, NEW, WORKING
from tests.scenarios.steps import HOUR, Steps

LEAD = {"lifecyclestage": "lead", "hs_lead_status": ""}


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two stand-ins without a single field of syncd's."""
    made = bare(tmp_path)
    yield made
    made.both.store.close()


# -- companies ---------------------------------------------------------------------------------------------------------
def _companies(steps: Steps, *names: str) -> dict[str, tuple[str, str]]:
    """Companies on both sides, recognised by their domains."""
    hubspot, salesforce = steps.both.hubspot, steps.both.salesforce
    return {
        name: (
            hubspot.create("companies", {"name": name, "domain": f"{name}.com"}),
            salesforce.insert("Account", {"Name": name, "Website": f"https://{name}.com"}),
        )
        for name in names
    }


def _pair(steps: Steps, name: str, company: str | None, account: str | None) -> str:
    """A contact of a company, and a Contact of an account."""
    contact = steps.contact(email=f"{name}@example.org")
    if company is not None:
        steps.both.hubspot.associate(contact_id=contact, company_id=company, primary=True)
    more = {} if account is None else {"AccountId": account}
    other = steps.both.salesforce.insert("Contact", {"LastName": name, "Email": f"{name}@example.org", **more})
    return f"marketing:contacts/{contact} crm:Contact/{other}"


def test_whose_company_differs(steps: Steps) -> None:
    """The same, another one, on one side only, one that nobody recognised, none at all, and a Lead, which has none."""
    known = _companies(steps, "acme", "bolt")
    alone = steps.both.hubspot.create("companies", {"name": "Lonely"})
    other = steps.both.salesforce.insert("Account", {"Name": "Unheard of"})
    (acme, acme_account), (_, bolt_account) = known["acme"], known["bolt"]
    _pair(steps, "same", acme, acme_account)
    different = _pair(steps, "different", acme, bolt_account)
    stranger = _pair(steps, "stranger", alone, bolt_account)
    _pair(steps, "marketing", acme, None)
    _pair(steps, "crm", None, acme_account)
    _pair(steps, "unknown", alone, other)
    _pair(steps, "none", None, None)
    lead = steps.contact(email="lead@example.org")
    steps.both.hubspot.associate(contact_id=lead, company_id=acme, primary=True)
    steps.lead(Email="lead@example.org")
    report = assessed(steps)
    causes = ("agree", "different", *ONLY, UNKNOWN, "empty on both sides", NO_PLACE)
    assert values(report, *(f"person:company:{cause}" for cause in causes)) == [1, 2, 1, 1, 1, 1, 1]
    found = figures(report)
    assert found["person:company:agree"].of == 6
    assert found["person:company:empty on both sides"].of == 7
    assert sorted(map(str, found["person:company:different"].rows)) == sorted((different, stranger))


# -- delays ------------------------------------------------------------------------------------------------------------
def _qualified(steps: Steps, name: str, **more: str) -> str:
    """A lead of marketing's who becomes an MQL an hour later."""
    contact = steps.contact(email=f"{name}@acme.com", **LEAD, **more)
    steps.both.clock.advance(HOUR)
    steps.market(contact, **MQL)
    return contact


def test_how_long_it_took(steps: Steps) -> None:
    """From the stage in HubSpot's history to the day on which Salesforce made its record; small numbers are marked."""
    names = []
    for hours in (1, 2, 10):
        contact = _qualified(steps, f"p{hours}")
        steps.both.clock.advance(hours * HOUR)
        names.append(f"marketing:contacts/{contact} crm:Lead/{steps.lead(Email=f'p{hours}@acme.com', Status=WORKING)}")
    report = assessed(steps)
    assert values(report, "delay:told", "delay:median", "delay:p90", "delay:before", "delay:untold") == [
        3, 2 * HOUR * 1_000, 10 * HOUR * 1_000, 0, 0,
    ]  # fmt: skip
    found = figures(report)
    assert list(found["delay:told"].rows) == names[::-1], "who waited longest stands first"
    assert text_of(found["delay:median"]) == "2.0 h (of 3)*"
    (chart,) = next(section for section in report.sections if section.key == "delay").charts
    assert [bar.value for bar in chart.bars] == [0, 0, 1, 2, 0, 0]


def test_who_was_there_before(steps: Steps) -> None:
    """The CRM's own history tells when the stage arrived; without one a person is counted and in no delay."""
    steps.both.salesforce.track_fields("Lead", ["Status"])
    told = steps.lead(Email="told@acme.com", Status=WORKING)
    steps.lead(Email="silent@acme.com", Status=NEW)
    _qualified(steps, "told")
    _qualified(steps, "silent")
    steps.both.clock.advance(3 * HOUR)
    steps.sell(told, Status=NEW)
    assert values(assessed(steps), "delay:told", "delay:median", "delay:before") == [1, 4 * HOUR * 1_000, 1]


def test_what_no_history_tells(steps: Steps) -> None:
    """Whom marketing never qualified, and a Contact that a conversion may have made; a lead counts nowhere."""
    steps.contact(email="never@acme.com", **LEAD)
    steps.lead(Email="never@acme.com", Status=WORKING)
    _qualified(steps, "converted")
    steps.both.clock.advance(HOUR)
    steps.both.salesforce.insert("Contact", {"LastName": "C", "Email": "converted@acme.com"})
    steps.contact(email="nobody@acme.com", **LEAD)
    steps.both.salesforce.insert("Contact", {"LastName": "N", "Email": "nobody@acme.com"})
    assert values(assessed(steps), "delay:told", "delay:median", "delay:untold") == [0, None, 2]


def test_who_qualified_again_waited_the_first_time(steps: Steps) -> None:
    """Two fields that make one stage change at once; a second time in the stage is not the one that counts."""
    contact = _qualified(steps, "ann")
    steps.both.clock.advance(2 * HOUR)
    steps.lead(Email="ann@acme.com", Status=NEW)
    steps.market(contact, hs_lead_status="UNQUALIFIED")
    steps.both.clock.advance(HOUR)
    steps.market(contact, hs_lead_status="NEW")
    assert values(assessed(steps), "delay:told", "delay:median") == [1, 2 * HOUR * 1_000]


def test_only_the_last_are_asked_about(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """History costs calls: above a bound those are looked at whom the CRM got last, and the rest is told."""
    monkeypatch.setattr(assess_delays, "MOST", 2)
    monkeypatch.setattr(assess_delays, "LOT", 1)
    for hours in (9, 2, 1):
        _qualified(steps, f"p{hours}")
        steps.both.clock.advance(hours * HOUR)
        steps.lead(Email=f"p{hours}@acme.com", Status=NEW)
    report = assessed(steps)
    assert values(report, "delay:told", "delay:p90") == [2, 2 * HOUR * 1_000]
    (words,) = next(section for section in report.sections if section.key == "delay").words
    assert "1 before them were not" in words
