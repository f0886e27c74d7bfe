"""The stand-in's record types and person accounts: what describe, writes and the UI API say, and that they are off."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.definitions import MASTER_TYPE
from tests.unit.sandbox.salesforce_client import Client


@pytest.fixture
def org() -> Client:
    """An org as it comes."""
    return Client()


def described(org: Client, object_name: str = "Lead") -> dict[str, Any]:
    """The describe of one object."""
    status, body = org.call("GET", f"/sobjects/{object_name}/describe")
    assert status == 200
    assert isinstance(body, dict)
    return body


def test_an_object_has_only_the_master_type_until_an_admin_adds_one(org: Client) -> None:
    """Without record types there is no RecordTypeId and one info, the master, which is the default."""
    told = described(org)
    assert "RecordTypeId" not in {field["name"] for field in told["fields"]}
    (master,) = told["recordTypeInfos"]
    assert (master["recordTypeId"], master["master"], master["defaultRecordTypeMapping"]) == (MASTER_TYPE, True, True)
    partner = org.kernel.add_record_type("Lead", "Partner_Lead", default=True)
    told = described(org)
    assert "RecordTypeId" in {field["name"] for field in told["fields"]}
    own, master = told["recordTypeInfos"]
    assert (own["recordTypeId"], own["developerName"], own["name"]) == (partner, "Partner_Lead", "Partner Lead")
    assert (own["defaultRecordTypeMapping"], master["defaultRecordTypeMapping"]) == (True, False)


def test_a_new_row_gets_the_type_it_names_or_the_default(org: Client) -> None:
    """The profile's default where the row names none; a type that is not assigned to the user is refused by id."""
    default = org.kernel.add_record_type("Lead", "Inbound", default=True)
    other = org.kernel.add_record_type("Lead", "Partner")
    hidden = org.kernel.add_record_type("Lead", "Internal", available=False)
    made = {}
    for name, given in (("none", {}), ("other", {"RecordTypeId": other}), ("hidden", {"RecordTypeId": hidden})):
        made[name] = org.call("POST", "/sobjects/Lead", {"LastName": name, "Company": "Acme", **given})
    assert org.read(made["none"][1]["id"], "RecordTypeId") == default
    assert org.read(made["other"][1]["id"], "RecordTypeId") == other
    assert made["hidden"] == (
        400,
        [
            {
                "message": f"Record Type ID: this ID value isn't valid for the user: {hidden}",
                "errorCode": "INVALID_CROSS_REFERENCE_KEY",
                "fields": ["RecordTypeId"],
            }
        ],
    )


@pytest.mark.fact("defaults 5.4")
def test_a_restricted_picklist_takes_what_the_rows_type_offers(org: Client) -> None:
    """A multipicklist value outside of the type's list is refused; an unrestricted picklist takes any text."""
    narrow = {"Product_Interests__c": ["Support"], "Rating": ["Hot"]}
    partner = org.kernel.add_record_type("Lead", "Partner", picklists=narrow)
    lead, plain = org.lead(RecordTypeId=partner), org.lead()
    for row, value, status in ((lead, "Support;Training", 400), (lead, "Support", 204), (plain, "Training", 204)):
        answer = org.call("PATCH", f"/sobjects/Lead/{row}", {"Product_Interests__c": value})
        assert answer[0] == status
        if status == 400:
            assert answer[1][0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", {"Rating": "Cold"})[0] == 204


def test_the_ui_api_tells_the_values_of_each_type(org: Client) -> None:
    """Narrowed fields are narrow, the others whole; an unknown type and an org without the UI API answer 404."""
    partner = org.kernel.add_record_type("Lead", "Partner", picklists={"Rating": ["Hot"]})

    def offered(record_type: str, field: str) -> list[str]:
        status, body = org.call("GET", f"/ui-api/object-info/Lead/picklist-values/{record_type}")
        assert status == 200
        return [entry["value"] for entry in body["picklistFieldValues"][field]["values"]]

    assert offered(partner, "Rating") == ["Hot"]
    assert offered(MASTER_TYPE, "Rating") == ["Hot", "Warm", "Cold"]
    assert len(offered(partner, "Status")) == 4
    assert org.call("GET", "/ui-api/object-info/Lead/picklist-values/012000000000001AAA")[0] == 404
    org.kernel.switches.offers_ui_api = False
    assert org.call("GET", f"/ui-api/object-info/Lead/picklist-values/{partner}")[0] == 404


@pytest.mark.fact("defaults 5.3")
def test_a_person_account_is_one_account_and_one_contact(org: Client) -> None:
    """Both rows carry the sign, which older rows have as false; without the feature the field does not exist."""
    old = org.kernel.insert("Account", {"Name": "Acme"})
    assert "IsPersonAccount" not in {field["name"] for field in described(org, "Account")["fields"]}
    org.kernel.enable_person_accounts()
    account, contact = org.kernel.person_account("Doe", Email="ann@example.com")
    assert org.column("SELECT Id FROM Account WHERE IsPersonAccount = true", "Id") == [account]
    assert org.column("SELECT Id FROM Account WHERE IsPersonAccount = false", "Id") == [old]
    assert org.column("SELECT Id FROM Contact WHERE IsPersonAccount = true", "Id") == [contact]
