"""What the Python clients offer and the stand-ins do not: each is refused as a path that is not there.

syncd uses none of it. A gap that is closed fails here, so that the method gets a test of its own; so does one that
begins to answer in another way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceError

from sandbox.server import RunningSandbox

#: Public method of simple-salesforce -> a call of it, and why nothing here answers it.
SALESFORCE: dict[str, tuple[Callable[[Any], object], str]] = {
    "search": (lambda org: org.search("FIND {Acme}"), "SOSL: the daemon finds by SOQL and keys"),
    "quick_search": (lambda org: org.quick_search("Acme"), "SOSL again"),
    "Lead.describe_layout": (lambda org: org.Lead.describe_layout("012000000000000AAA"), "nobody lays out pages"),
    "apexecute": (lambda org: org.apexecute("anything"), "no Apex runs in a stand-in"),
    "set_password": (lambda org: org.set_password("005000000000000AAA", "x"), "users are made by the control plane"),
    "bulk.Lead.insert": (
        lambda org: org.bulk.Lead.insert([{"LastName": "x", "Company": "y"}]),
        "the first Bulk API; the second is imitated",
    ),
}


LABEL = {"name": "boss", "label": "Boss"}
CAR = {
    "name": "car",
    "labels": {"singular": "Car", "plural": "Cars"},
    "requiredProperties": [],
    "associatedObjects": ["CONTACT"],
    "properties": [{"name": "n", "label": "N", "type": "string", "fieldType": "text"}],
}
#: The same of ``crm`` of hubspot-api-client.
HUBSPOT: dict[str, tuple[Callable[[Any], object], str]] = {
    "properties.groups_api.get_by_name": (
        lambda crm: crm.properties.groups_api.get_by_name("contacts", "contactinformation"),
        "groups are listed and made, nothing else",
    ),
    "properties.groups_api.update": (
        lambda crm: crm.properties.groups_api.update("contacts", "contactinformation", {"label": "x"}),
        "groups are listed and made, nothing else",
    ),
    "properties.groups_api.archive": (
        lambda crm: crm.properties.groups_api.archive("contacts", "contactinformation"),
        "groups are listed and made, nothing else",
    ),
    "associations.v4.schema.definitions_api.create": (
        lambda crm: crm.associations.v4.schema.definitions_api.create("contacts", "companies", LABEL),
        "the account has no labels of its own",
    ),
    "associations.v4.schema.definition_configurations_api.get_all": (
        lambda crm: crm.associations.v4.schema.definition_configurations_api.get_all(),
        "associations are not limited in number",
    ),
    "associations.v4.report_api.request": (
        lambda crm: crm.associations.v4.report_api.request(1),
        "a report by mail",
    ),
    "pipelines.pipeline_audits_api.get_audit": (
        lambda crm: crm.pipelines.pipeline_audits_api.get_audit("deals", "default"),
        "pipelines do not change",
    ),
    "schemas.core_api.create": (lambda crm: crm.schemas.core_api.create(CAR), "people make custom objects here"),
    "schemas.core_api.update": (
        lambda crm: crm.schemas.core_api.update("contacts", {"requiredProperties": []}),
        "people make custom objects here",
    ),
}


@pytest.mark.parametrize("method", SALESFORCE)
def test_what_is_not_imitated_of_salesforce(org: Any, method: str) -> None:
    """404 with the vendor's code for a path it does not have."""
    call, why = SALESFORCE[method]
    with pytest.raises(SalesforceError) as raised:
        call(org)
    assert (raised.value.status, raised.value.content[0]["errorCode"]) == (404, "NOT_FOUND"), why


@pytest.mark.parametrize("method", HUBSPOT)
def test_what_is_not_imitated_of_hubspot(hubspot: Any, method: str) -> None:
    """404 that says there is no such path."""
    call, why = HUBSPOT[method]
    # Every module of the client has an exception class of its own; their common base is found by name.
    with pytest.raises(Exception, match="Unable to find a route for") as raised:
        call(hubspot.crm)
    assert getattr(raised.value, "status", None) == 404, why


def test_a_partial_success_that_the_client_cannot_read(hubspot: Any, box: RunningSandbox) -> None:
    """A 207 of ``create_default`` is none of the client's models: it makes nothing of it, and says nothing."""
    with box.hubspot_server.lock:
        contact = box.hubspot.create("contacts", {"email": "partial@example.com"})
    body = {"inputs": [{"from": {"id": contact}, "to": {"id": "99999999"}}]}
    answer = hubspot.crm.associations.v4.batch_api.create_default_with_http_info("contacts", "companies", body)
    assert (answer[0], answer[1]) == (None, 207)
