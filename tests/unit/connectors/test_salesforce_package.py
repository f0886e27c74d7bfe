"""The SFDX project: deployable as the vendor's rules for it say, and about the mapping that is in use."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from connectors.salesforce.package import package
from syncd.model.fitting import Needs, ObjectNeeds

NEEDS = Needs(
    {
        "Lead": ObjectNeeds(
            read=frozenset(
                {"LastName", "Email", "Rating", "City", "Street", "Syncd_Marketing_Id__c", "Syncd_Origin__c"}
            ),
            written=frozenset({"LastName", "Email", "City", "Syncd_Marketing_Id__c", "Syncd_Origin__c"}),
            key="Syncd_Marketing_Id__c",
            origin="Syncd_Origin__c",
        ),
        "Account": ObjectNeeds(frozenset({"Name", "Key__c"}), frozenset({"Name", "Key__c"}), "Key__c"),
    }
)
SPACE = "{http://soap.sforce.com/2006/04/metadata}"
MAIN = "force-app/main/default"


def _read(text: str) -> ET.Element:
    return ET.fromstring(text)


def _text(element: ET.Element, name: str) -> str:
    found = element.find(SPACE + name)
    assert found is not None
    assert found.text is not None
    return found.text


def test_key_fields_are_unique_external_ids() -> None:
    """One file a field, in the folder of its object."""
    files = package(NEEDS, api_version="64.0")
    assert json.loads(files["sfdx-project.json"])["sourceApiVersion"] == "64.0"
    key = _read(files[f"{MAIN}/objects/Lead/fields/Syncd_Marketing_Id__c.field-meta.xml"])
    assert [_text(key, name) for name in ("fullName", "type", "length", "externalId", "unique", "label")] == [
        "Syncd_Marketing_Id__c", "Text", "255", "true", "true", "Syncd Marketing Id",
    ]  # fmt: skip
    assert f"{MAIN}/objects/Account/fields/Key__c.field-meta.xml" in files
    origin = _read(files[f"{MAIN}/objects/Lead/fields/Syncd_Origin__c.field-meta.xml"])
    assert origin.find(SPACE + "unique") is None


def test_the_permission_set_names_only_fields_it_may_name() -> None:
    """A field that belongs to everybody fails the whole deployment; one that is only read is not made editable."""
    held = _read(package(NEEDS, api_version="64.0")[f"{MAIN}/permissionsets/syncd.permissionset-meta.xml"])
    fields = {_text(row, "field"): _text(row, "editable") for row in held.findall(SPACE + "fieldPermissions")}
    assert fields == {
        "Account.Key__c": "true",
        "Lead.Address": "true",
        "Lead.Email": "true",
        "Lead.Rating": "false",
        "Lead.Syncd_Marketing_Id__c": "true",
        "Lead.Syncd_Origin__c": "true",
    }
    objects = {
        _text(row, "object"): _text(row, "modifyAllRecords") for row in held.findall(SPACE + "objectPermissions")
    }
    assert objects == {"Account": "true", "Lead": "true"}
    users = [_text(row, "name") for row in held.findall(SPACE + "userPermissions")]
    assert users == ["ApiEnabled", "UpdateWithInactiveOwner", "ViewAllUsers", "ViewRoles", "ViewSetup"]
    # The vendor takes the elements of a type in the order of its schema: alphabetical.
    tags = [row.tag.removeprefix(SPACE) for row in held]
    assert tags == sorted(tags)
