"""Admins and lists of values: retired, relabelled, dependent; clearing the faults takes all of it back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sandbox.faults import list_deeds
from sandbox.faults.arming import WrongArming
from sandbox.kernel import NothingToHit
from tests.unit.sandbox.fault_stands import Force, Hub, Proofs, faults_of, prove
from tests.unit.sandbox.test_faults_setup import definition, described, patched


def retired_option(at: Hub) -> None:
    """Writing the value is refused, the others are taken; records go on holding it."""
    told = at.done("picklist-retired", field="hs_lead_status")
    assert patched(at, hs_lead_status=told["value"])[1]["errors"][0]["code"] == "INVALID_OPTION"
    left = [option["value"] for option in definition(at, "hs_lead_status")[1]["options"]]
    assert told["value"] not in left
    assert patched(at, hs_lead_status=left[0])[0] == 200
    at.kernel.faults.clear()
    assert patched(at, hs_lead_status=told["value"])[0] == 200


def retired_value(at: Force) -> None:
    """Inactive in the describe, refused in a write, kept where it is."""
    told = at.done("picklist-retired", field="Industry")
    shown = {each["value"]: each["active"] for each in described(at)["Industry"]["picklistValues"]}
    assert shown.get(told["value"], False) is False
    assert patched(at, Industry=told["value"])[1][0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert at.value(at.ids[0], "Industry") == "Banking"
    at.kernel.faults.clear()
    assert patched(at, Industry=told["value"])[0] == 204


def relabelled(at: Hub | Force) -> None:
    """Other labels in another order over the same values."""

    def listed() -> list[tuple[str, str]]:
        if isinstance(at, Hub):
            return [(each["value"], each["label"]) for each in definition(at, "hs_lead_status")[1]["options"]]
        return [(each["value"], each["label"]) for each in described(at)["Industry"]["picklistValues"]]

    before = listed()
    at.arm("picklist-relabelled", field="hs_lead_status" if isinstance(at, Hub) else "Industry")
    assert listed() == [(value, f"{label} (new)") for value, label in before[::-1]]
    at.kernel.faults.clear()
    assert listed() == before


def dependent(at: Force) -> None:
    """Told by the describe, refused for what does not go together, and taken for what does."""
    assert at.done("picklist-dependent", field="Industry") == {
        "object": "Lead", "field": "Industry", "on": "Rating", "value": "Hot",
    }  # fmt: skip
    shown: Mapping[str, object] = described(at)["Industry"]
    assert (shown["controllerName"], shown["dependentPicklist"], shown["restrictedPicklist"]) == ("Rating", True, True)
    assert {each["validFor"] for each in described(at)["Industry"]["picklistValues"]} == {"gA=="}
    refusal = patched(at, Industry="Energy")[1][0]
    assert refusal["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert refusal["fields"] == ["Industry"]
    assert patched(at, Rating="Cold", Industry="Energy")[0] == 400
    assert patched(at, Title="Head")[0] == 204, "what stands may stay"
    assert patched(at, Rating="Hot", Industry="Energy")[0] == 204
    at.kernel.faults.clear()
    assert patched(at, Rating="Cold")[0] == 204
    assert described(at)["Industry"]["controllerName"] is None


PROOFS: Proofs = {
    ("picklist-retired", "hubspot"): retired_option,
    ("picklist-retired", "salesforce"): retired_value,
    ("picklist-relabelled", "hubspot"): relabelled,
    ("picklist-relabelled", "salesforce"): relabelled,
    ("picklist-dependent", "salesforce"): dependent,
}


@pytest.mark.parametrize(("name", "vendor"), faults_of(list_deeds.ENTRIES))
def test_what_a_caller_sees(name: str, vendor: str) -> None:
    """Refusal, definition and value after every deed."""
    prove(PROOFS, name, vendor)


@pytest.mark.parametrize("on", ["Industry", "City"])
def test_a_list_depends_on_another_list(on: str) -> None:
    """Not on itself, and on no text."""
    with pytest.raises(NothingToHit, match="cannot depend"):
        Force().arm("picklist-dependent", field="Industry", on=on)


def test_only_salesforce_has_dependent_lists() -> None:
    """HubSpot's options know no dependence by API."""
    with pytest.raises(WrongArming, match="fault of salesforce"):
        Hub().arm("picklist-dependent")


def test_a_list_that_is_gone_is_not_retired() -> None:
    """Somebody deleted the one custom list before: another one is taken."""
    at = Force()
    at.arm("field-deleted", field="Product_Interests__c")
    at.arm("picklist-retired", times=3)
    assert {deed["field"] for deed in at.arm("picklist-relabelled")["what"]} == {"Industry"}
