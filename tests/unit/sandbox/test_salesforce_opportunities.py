"""Opportunities of the stand-in: what a stage says, who is primary, which currencies there are."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.salesforce_bare import code_of
from tests.unit.sandbox.salesforce_client import Client

DEAL = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-01"}


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def one(org: Client, columns: str) -> dict[str, object]:
    """The one Opportunity there is."""
    (row,) = org.query(f"SELECT {columns} FROM Opportunity")["records"]
    return {name: row[name] for name in columns.split(", ")}


def change(org: Client, row: str, name: str = "Opportunity", **fields: object) -> None:
    """An edit by API."""
    status, answer = org.call("PATCH", f"/sobjects/{name}/{row}", fields)
    assert status == 204, answer


def test_what_is_required_is_name_stage_and_close_date(org: Client) -> None:
    """And nothing else."""
    for name in DEAL:
        fields = {key: value for key, value in DEAL.items() if key != name}
        status, answer = org.call("POST", "/sobjects/Opportunity", fields)
        assert (status, code_of(answer)) == (400, "REQUIRED_FIELD_MISSING")
    assert org.call("POST", "/sobjects/Opportunity", DEAL)[0] == 201


def test_a_stage_says_whether_it_is_over_and_how_likely_it_is(org: Client) -> None:
    """Won, reopened and lost; a probability that is given stands; nobody writes IsWon."""
    made = org.kernel.insert("Opportunity", DEAL)
    told = "IsClosed, IsWon, Probability"
    assert one(org, told) == {"IsClosed": False, "IsWon": False, "Probability": 10}
    for stage, closed, won, odds in (
        ("Closed Won", True, True, 100),
        ("Negotiation/Review", False, False, 90),
        ("Closed Lost", True, False, 0),
    ):
        change(org, made, StageName=stage)
        assert one(org, told) == {"IsClosed": closed, "IsWon": won, "Probability": odds}
    change(org, made, StageName="Qualification", Probability=33)
    assert one(org, "Probability") == {"Probability": 33}
    status, answer = org.call("PATCH", f"/sobjects/Opportunity/{made}", {"IsWon": True})
    assert (status, code_of(answer)) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


@pytest.mark.parametrize("stamps", [False, True])
def test_an_opportunity_shows_the_contact_of_its_primary_role(org: Client, *, stamps: bool) -> None:
    """Taken on creation and refused afterwards; a role that becomes primary shows, one that no longer is does not."""
    org.kernel.switches.roles_stamp_opportunities = stamps
    ann, bob = (org.kernel.insert("Contact", {"LastName": name}) for name in ("Ann", "Bob"))
    made = org.kernel.insert("Opportunity", {**DEAL, "ContactId": ann})
    status, answer = org.call("PATCH", f"/sobjects/Opportunity/{made}", {"ContactId": bob})
    assert (status, code_of(answer)) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    before = one(org, "SystemModstamp")
    org.clock.advance(60)
    role = org.kernel.insert("OpportunityContactRole", {"OpportunityId": made, "ContactId": bob, "IsPrimary": True})
    assert one(org, "ContactId") == {"ContactId": bob}
    assert (one(org, "SystemModstamp") != before) is stamps
    change(org, role, "OpportunityContactRole", IsPrimary=False)
    assert one(org, "ContactId") == {"ContactId": None}


def test_currencies_are_those_that_are_active(org: Client) -> None:
    """The org's own by default; another one is refused until an admin activates it; a single currency has no field."""
    status, answer = org.call("POST", "/sobjects/Opportunity", {**DEAL, "CurrencyIsoCode": "EUR"})
    assert (status, code_of(answer)) == (400, "INVALID_FIELD")
    made = org.kernel.insert("Opportunity", DEAL)
    org.kernel.enable_currencies(["USD", "EUR"])
    assert one(org, "CurrencyIsoCode") == {"CurrencyIsoCode": "USD"}
    change(org, made, CurrencyIsoCode="EUR")
    status, answer = org.call("PATCH", f"/sobjects/Opportunity/{made}", {"CurrencyIsoCode": "CHF"})
    assert (status, code_of(answer)) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    org.kernel.enable_currencies(["USD", "EUR", "CHF"])
    change(org, made, CurrencyIsoCode="CHF")
    org.kernel.delete("Opportunity", made)
    org.kernel.insert("Opportunity", DEAL)
    assert one(org, "CurrencyIsoCode") == {"CurrencyIsoCode": "USD"}
