"""The SFDX project: deployable as the vendor's rules for it say, and about the mapping that is in use."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.salesforce.client import SalesforceAccount
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.fitting import SalesforceFitting
from connectors.salesforce.package import package
from connectors.salesforce.rights import PREFERENCE, looked_up
from connectors.transport import open_session
from sandbox.salesforce import ADMIN_APP, SalesforceKernel
from syncd.bootstrap import read_only_fields
from syncd.model.fitting import Needs, ObjectNeeds, OwnField, Step
from syncd.model.values import FieldType, Side
from syncd.operations.fitting import needs_of
from syncd.settings.loading import load
from tests.fakes import FakeChance, FakeClock, FreeBudget
from tests.inproc import KernelAdapter
from tests.worlds import ROOT, SALESFORCE, config_environment, with_deals

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
REASON = "Opportunity.Loss_Reason__c"
"""A field of somebody else's, of which `setup` sees that it is not there."""


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


def test_fields_that_syncd_fills() -> None:
    """A list with its values as people read them, numbers with their decimals, a text that is long enough."""
    own = {
        "P__c": OwnField(FieldType.ENUM, "Who.", (("leader", "Maria, who leads"), ("<x>", "<x>"))),
        "N__c": OwnField(FieldType.DECIMAL, "Points."),
        "C__c": OwnField(FieldType.INTEGER, "Cycle."),
        "T__c": OwnField(FieldType.TEXT, "Why."),
        "D__c": OwnField(FieldType.DATETIME, "When."),
        "Rating": OwnField(FieldType.TEXT, "A standard field is never made."),
    }
    needs = Needs({"Lead": replace(NEEDS.objects["Lead"], derived=own)})
    files = package(needs, api_version="64.0")
    made = {name: _read(files[f"{MAIN}/objects/Lead/fields/{name}.field-meta.xml"]) for name in own if name != "Rating"}
    assert not any("/Rating." in name for name in files)
    assert {name: _text(field, "type") for name, field in made.items()} == {
        "P__c": "Picklist", "N__c": "Number", "C__c": "Number", "T__c": "LongTextArea", "D__c": "DateTime",
    }  # fmt: skip
    assert [_text(made[name], "scale") for name in ("N__c", "C__c")] == ["2", "0"]
    values = made["P__c"].findall(f"{SPACE}valueSet/{SPACE}valueSetDefinition/{SPACE}value")
    assert [(_text(each, "fullName"), _text(each, "label"), _text(each, "default")) for each in values] == [
        ("leader", "Maria, who leads", "false"),
        ("<x>", "<x>", "false"),
    ]


def _example(
    *, individuals: bool = False, owners: bool = False, origin: str | None = None, config: Path = ROOT / "config"
) -> Needs:
    """What the example configuration needs of the CRM, with more of it."""
    loaded = load(config, config_environment(), read_only=read_only_fields())
    needs = needs_of(loaded.connection(None).connection.kinds, Side.CRM)
    objects = {name: replace(need, origin=origin or need.origin) for name, need in needs.objects.items()}
    return replace(needs, objects=objects, gives_owners=owners)


@pytest.mark.parametrize("more", [{}, {"individuals": True}, {"owners": True}, {"origin": "Syncd_Origin__c"}])
def test_the_package_is_what_setup_makes(more: dict[str, Any]) -> None:
    """Fields, rights to objects and to fields, and rights of the user: the same set, for the example's mapping.

    But for a field of somebody else's: `setup` sees that it is not there, a package takes it to be.
    """
    needs, individuals = _example(**more), "individuals" in more
    files = package(needs, api_version="64.0", individuals=individuals)
    held = _read(files[f"{MAIN}/permissionsets/syncd.permissionset-meta.xml"])
    told = {name.split("/")[4] + "." + name.split("/")[6].split(".")[0] for name in files if "/fields/" in name}
    told |= {
        f"{_text(row, 'field')} {_text(row, 'readable')} {_text(row, 'editable')}"
        for row in held.findall(SPACE + "fieldPermissions")
    }
    told |= {
        f"{_text(row, 'object')} " + " ".join(sorted(part.tag for part in row if part.text == "true"))
        for row in held.findall(SPACE + "objectPermissions")
    }
    told |= {_text(row, "name") for row in held.findall(SPACE + "userPermissions")}
    fitted = _fitting(_bare(), individuals=individuals).survey(needs, user=None)
    packed, made = {word.replace(SPACE, "") for word in told}, set(_made(fitted.steps))
    assert not made - packed
    assert packed - made == {f"{name}.Product_Interests__c true true" for name in ("Lead", "Contact")}
    assert ("TransferAnyLead" in made) == ("owners" in more)


def test_the_package_is_what_setup_makes_where_deals_are_mapped(tmp_path: Path) -> None:
    """Opportunities too, which need Account; what belongs to everybody who sees one cannot be named in a set."""
    needs = _example(config=with_deals(tmp_path))
    files = package(needs, api_version="64.0")
    held = _read(files[f"{MAIN}/permissionsets/syncd.permissionset-meta.xml"])
    packed = {_text(row, "field") for row in held.findall(SPACE + "fieldPermissions")}
    fitted = _fitting(_bare()).survey(needs, user=None)
    made = {str(step.body["Field"]) for step in fitted.steps if step.id == "FieldPermissions"}
    assert packed - made == {*(f"{name}.Product_Interests__c" for name in ("Lead", "Contact")), REASON}
    own = {f"Opportunity.{name}" for name in ("AccountId", "Amount", "Syncd_Marketing_Id__c")}
    assert own | {REASON} == {name for name in packed if name.startswith("Opportunity.")}
    rights = {_text(row, "object") for row in held.findall(SPACE + "objectPermissions")}
    assert rights == {"Lead", "Contact", "Account", "Opportunity"}
    alone = replace(needs, objects={"Opportunity": needs.objects["Opportunity"]})
    assert set(looked_up(alone, individuals=False)) == {"Account"}


def test_a_right_that_the_org_does_not_have_is_named_and_not_given() -> None:
    """Without the preference behind it the field of that right does not exist: a click that only a person can do."""
    org = _bare()
    org.hide_field("PermissionSet", "PermissionsUpdateWithInactiveOwner")
    fitting = _fitting(org)
    told = fitting.survey(_example(), user=None)
    assert any("tick \"Enable 'Set Audit Fields" in hint for hint in told.by_hand)
    assert not any("PermissionsUpdateWithInactiveOwner" in step.body for step in told.steps)
    lacks = [finding for finding in fitting.rights(_example()) if "Inactive Owners" in finding.what]
    assert [finding.where for finding in lacks] == [PREFERENCE]


def _bare() -> SalesforceKernel:
    return SalesforceKernel(clock=FakeClock(), seed=7, instance_url=SALESFORCE, bare=True)


def _fitting(org: SalesforceKernel, *, individuals: bool = False) -> SalesforceFitting:
    """A bare org as its administrator sees it."""
    session = open_session(pool=1, base_url=SALESFORCE)
    for url in (SALESFORCE, SALESFORCE.replace("http:", "https:")):
        session.mount(url, KernelAdapter(org))
    connector = SalesforceConnector.open(
        SalesforceAccount(
            login_url=SALESFORCE,
            client_id=lambda: ADMIN_APP.client_id,
            client_secret=lambda: ADMIN_APP.client_secret,
            individuals=individuals,
        ),
        side=Side.CRM,
        clock=FakeClock(),
        chance=FakeChance(1),
        budget=FreeBudget(),
        horizon=60.0,
        session=session,
    )
    return connector.fitting()


def _made(steps: tuple[Step, ...]) -> Iterator[str]:
    """The same words as above for every step."""
    for step in steps:
        body = {name: value for name, value in step.body.items() if value is True}
        if step.id == "CustomField":
            yield str(step.body["FullName"])
        elif step.id == "FieldPermissions":
            yield f"{step.body['Field']} true {str('PermissionsEdit' in body).lower()}"
        elif step.id == "ObjectPermissions":
            words = sorted(_spelled(name.removeprefix("Permissions")) for name in body)
            yield f"{step.body['SobjectType']} " + " ".join(words)
        else:
            yield from (name.removeprefix("Permissions") for name in body)


def _spelled(right: str) -> str:
    return {"ViewAllRecords": "viewAllRecords", "ModifyAllRecords": "modifyAllRecords"}.get(right, f"allow{right}")


def test_the_mapping_of_lead_conversion_lies_apart() -> None:
    """Custom fields of both objects alone, no standard one and not the key; and not where all else is deployed."""
    needs = replace(
        _example(),
        homes=(
            {"Lead": ("City",), "Contact": ("MailingCity",)},
            {"Lead": ("Region__c",), "Contact": ("Territory__c",)},
            {"Lead": ("Unit__c",), "Contact": ("Department",)},
            {"Lead": ("Hot__c",)},
        ),
    )
    files = package(needs, api_version="64.0")
    (name,) = [each for each in files if "LeadConvertSettings" in each]
    assert name == ("lead-conversion/main/default/LeadConvertSettings/LeadConvertSettings.LeadConvertSetting-meta.xml")
    (mapping,) = _read(files[name]).findall(SPACE + "objectMapping")
    assert [_text(mapping, each) for each in ("inputObject", "outputObject")] == ["Lead", "Contact"]
    fields = mapping.findall(SPACE + "mappingFields")
    assert [(_text(row, "inputField"), _text(row, "outputField")) for row in fields] == [("Region__c", "Territory__c")]
    folders = json.loads(files["sfdx-project.json"])["packageDirectories"]
    assert folders == [{"path": "force-app", "default": True}, {"path": "lead-conversion"}]
    assert not [each for each in package(NEEDS, api_version="64.0") if "LeadConvert" in each]
