"""What an admin lays down at the Salesforce stand-in: rules, list values, calls; and a new key at HubSpot's."""

from __future__ import annotations

import pytest

from sandbox.hubspot.account import ALL_SCOPES
from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from tests.fakes import FakeClock
from tests.unit.sandbox.salesforce_client import Client

LEAD = {"LastName": "Doe", "Company": "Acme"}


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def test_a_validation_rule_is_judged_on_every_save_until_it_ends(org: Client) -> None:
    """It names its field, also where another field is written to a record that has broken it before."""
    old = org.kernel.insert("Lead", {**LEAD, "Title": "Chief of Old"})
    org.kernel.add_validation_rule("Lead", "Board", field="title", pattern="Chief .*", message="Ask the sales desk.")
    status, (refusal,) = org.call("POST", "/sobjects/Lead", {**LEAD, "Title": "Chief of New"})
    assert (status, refusal["errorCode"]) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert (refusal["message"], refusal["fields"]) == ("Ask the sales desk.", ["Title"])
    assert org.call("PATCH", f"/sobjects/Lead/{old}", {"City": "Berlin"})[0] == 400
    assert org.call("POST", "/sobjects/Lead", {**LEAD, "Title": "The Chief of New"})[0] == 201
    with pytest.raises(ValueError, match=r"no active validation rule Bored; there are: Board"):
        org.kernel.deactivate_validation_rule("Lead", "Bored")
    org.kernel.deactivate_validation_rule("Lead", "Board")
    assert org.call("PATCH", f"/sobjects/Lead/{old}", {"City": "Berlin"})[0] == 204


def test_rules_and_values_that_make_no_sense_are_refused(org: Client) -> None:
    """With what is wrong: a pattern, a field, a value."""
    for wrong, field in (("(", "Title"), (".*", "Tytle")):
        with pytest.raises(ValueError, match=r"pattern|no field Tytle"):
            org.kernel.add_validation_rule("Lead", "Board", field=field, pattern=wrong, message="")
    with pytest.raises(ValueError, match="no value 'Suport'"):
        org.kernel.retire_value("Lead", "Product_Interests__c", "Suport")


def test_a_duplicate_rule_blocks_until_it_ends(org: Client) -> None:
    """By all its fields together."""
    org.kernel.insert("Lead", LEAD)
    org.kernel.add_duplicate_rule("Lead", "Same", fields=["LastName", "Company"])
    assert org.call("POST", "/sobjects/Lead", {**LEAD, "Company": "Other"})[0] == 201
    status, (refusal,) = org.call("POST", "/sobjects/Lead", LEAD)
    assert (status, refusal["errorCode"]) == (400, "DUPLICATES_DETECTED")
    org.kernel.deactivate_duplicate_rule("Lead", "Same")
    assert org.call("POST", "/sobjects/Lead", LEAD)[0] == 201


def test_a_retired_value_is_kept_where_it_is_and_refused_elsewhere(org: Client) -> None:
    """Until it is active again; the describe says which it is."""
    old = org.kernel.insert("Lead", {**LEAD, "Product_Interests__c": "Support"})
    org.kernel.retire_value("Lead", "Product_Interests__c", "Support")
    assert org.kernel.org.schema.entities["Lead"].table.rows[old]["Product_Interests__c"] == "Support"
    status, (refusal,) = org.call("POST", "/sobjects/Lead", {**LEAD, "Product_Interests__c": "Support"})
    assert (status, refusal["errorCode"]) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    org.kernel.restore_value("Lead", "Product_Interests__c", "Support")
    assert org.call("POST", "/sobjects/Lead", {**LEAD, "Product_Interests__c": "Support"})[0] == 201


def test_other_programs_use_the_days_calls_up_and_more_can_be_bought(org: Client) -> None:
    """The limit is the org's, whoever calls."""
    org.kernel.spend_calls(org.kernel.limits.maximum)
    status, (refusal,) = org.call("GET", "/limits")
    assert (status, refusal["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    org.kernel.buy_calls(100_000)
    assert org.call("GET", "/limits")[0] == 200


def test_a_new_key_has_the_rights_of_the_old_one_or_where_none_is_left_every_right() -> None:
    """So an admin who lost the only key can make another."""
    hubspot = HubSpotKernel(clock=FakeClock(), seed=1)
    hubspot.issue_token(DEFAULT_TOKEN, ["oauth"])
    hubspot.issue_token("second")
    assert hubspot.tokens["second"] == {"oauth"}
    for token in list(hubspot.tokens):
        hubspot.revoke_token(token)
    hubspot.issue_token("third")
    assert hubspot.tokens["third"] == ALL_SCOPES
