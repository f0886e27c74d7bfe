"""The table of known differences between contracts and the HubSpot stand-in: every entry is shown to be there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.contracts import KNOWN, ContractLayer
from sandbox.contracts.known import Key
from sandbox.hubspot.limits import HubSpotLimits
from tests.contracted import contracts
from tests.shared import shared
from tests.unit.sandbox.hubspot_account import COMPANIES, CONTACTS, HubSpotAccountUnderTest

Show = Callable[[HubSpotAccountUnderTest], object]
LINKS = "/crm/v4/associations/contacts/companies/batch"
PROPERTIES = "/crm/v3/properties/contacts"
PRIMARY = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]


def _couple(hub: HubSpotAccountUnderTest) -> tuple[str, str]:
    """A contact in a company, made by people and so not judged."""
    contact, company = hub.contact(email="a@x.com"), hub.kernel.create("companies", {"name": "Acme"})
    hub.kernel.associate(contact_id=contact, company_id=company)
    return contact, company


def _search(hub: HubSpotAccountUnderTest) -> None:
    sort = {"propertyName": "createdate", "direction": "ASCENDING"}
    hub.ok("POST", f"{CONTACTS}/search", {"sorts": [sort]})


def _read(*sent: str) -> Show:
    """A batch read with these lists and no others."""

    def show(hub: HubSpotAccountUnderTest) -> None:
        lists: dict[str, list[str]] = {name: [] for name in sent}
        hub.ok("POST", f"{CONTACTS}/batch/read", {"inputs": [{"id": hub.contact(email="a@x.com")}], **lists})

    return show


def _list_links(hub: HubSpotAccountUnderTest) -> None:
    hub.ok("GET", f"/crm/v4/objects/contacts/{_couple(hub)[0]}/associations/companies")


def _read_links(hub: HubSpotAccountUnderTest) -> None:
    hub.ok("POST", f"{LINKS}/read", {"inputs": [{"id": _couple(hub)[0]}]})


def _read_some_links(hub: HubSpotAccountUnderTest) -> None:
    lonely = hub.contact(email="b@x.com")
    status, _ = hub.call("POST", f"{LINKS}/read", {"inputs": [{"id": _couple(hub)[0]}, {"id": lonely}]})
    assert status == 207


def _put(hub: HubSpotAccountUnderTest) -> None:
    contact, company = _couple(hub)
    hub.ok("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", PRIMARY)


def _create(hub: HubSpotAccountUnderTest) -> None:
    contact, company = _couple(hub)
    hub.ok("POST", f"{LINKS}/create", {"inputs": [{"from": {"id": contact}, "to": {"id": company}, "types": PRIMARY}]})


def _associate_nobody(hub: HubSpotAccountUnderTest) -> None:
    body = {"inputs": [{"from": {"id": _couple(hub)[0]}, "to": {"id": "999999"}}]}
    status, _ = hub.call("POST", f"{LINKS}/associate/default", body)
    assert status == 207


#: How each entry is brought about. Two ids of one answer always break together.
SHOWN: dict[tuple[Key, ...], Show] = {
    (("request", "PublicObjectSearchRequest", "sorts[]: type"),): _search,
    (("request", "BatchReadInputSimplePublicObjectId", "properties: required"),): _read("propertiesWithHistory"),
    (("request", "BatchReadInputSimplePublicObjectId", "propertiesWithHistory: required"),): _read("properties"),
    (("request", "BatchReadInputPropertyName", "archived: required"),): lambda hub: hub.ok(
        "POST", f"{PROPERTIES}/batch/read", {"inputs": [{"name": "email"}]}
    ),
    (("request", "SimplePublicObjectInputForCreate", "properties.*: type"),): lambda hub: hub.ok(
        "POST", COMPANIES, {"properties": {"numberofemployees": 17}}
    ),
    (("answer", "Error", "category: required"),): lambda hub: hub.call("GET", f"{CONTACTS}/999999"),
    (
        ("answer", "CollectionResponseMultiAssociatedObjectWithLabelForwardPaging", "results[].toObjectId: type"),
    ): _list_links,
    (("answer", "BatchResponsePublicAssociationMultiWithLabel", "results[].to[].toObjectId: type"),): _read_links,
    (
        ("answer", "BatchResponsePublicAssociationMultiWithLabelWithErrors", "results[].to[].toObjectId: type"),
    ): _read_some_links,
    (
        ("answer", "LabelsBetweenObjectPair", "fromObjectId: type"),
        ("answer", "LabelsBetweenObjectPair", "toObjectId: type"),
    ): _put,
    (
        ("answer", "BatchResponseLabelsBetweenObjectPair", "results[].fromObjectId: type"),
        ("answer", "BatchResponseLabelsBetweenObjectPair", "results[].toObjectId: type"),
    ): _create,
    (
        (
            "answer",
            "POST /crm/v4/associations/{fromObjectType}/{toObjectType}/batch/associate/default",
            "status 207",
        ),
    ): _associate_nobody,
}


def under_a_layer(limits: HubSpotLimits | None = None) -> tuple[HubSpotAccountUnderTest, ContractLayer]:
    """An account under a layer that knows of no difference."""
    shared("openapi/hubspot")
    account = HubSpotAccountUnderTest(limits=limits)
    layer = ContractLayer(contracts(), strictness="note", known={})
    inner = account.kernel.answer
    account.kernel.answer = lambda request: layer.answer(request, inner)  # type: ignore[method-assign]
    return account, layer


@pytest.mark.parametrize("keys", SHOWN, ids=lambda keys: f"{keys[0][1]} {keys[0][2]}")
def test_a_known_difference_is_still_there(keys: tuple[Key, ...]) -> None:
    """The exchange has this difference and no other; when it has none, its entry must go."""
    account, layer = under_a_layer()
    SHOWN[keys](account)
    assert {found.key for found in layer.found} == set(keys)


def test_every_entry_is_shown() -> None:
    """The table and what shows it name the same differences, and every entry has its reason."""
    assert {key for keys in SHOWN for key in keys} == KNOWN.keys()
    assert all(known.reason.endswith(".") for known in KNOWN.values())


def test_the_other_error_without_a_category() -> None:
    """The 429 of the ten seconds has errorType in its place."""
    account, layer = under_a_layer(HubSpotLimits(rolling=0))
    status, body = account.call("GET", CONTACTS)
    assert (status, body["errorType"]) == (429, "RATE_LIMIT")
    assert {found.key for found in layer.found} == {("answer", "Error", "category: required")}
