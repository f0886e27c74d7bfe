"""Stand-ins that look like other accounts: the copy is equal, a mapping fits both, and only definitions are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from sandbox import likeness, state
from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.kernel import HttpRequest, Kernel
from sandbox.salesforce.definitions import PicklistValue, long_text, picklist, reference, text, typed
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.server import RealClock, RunningSandbox
from syncd.bootstrap import read_config
from syncd.bootstrap.likening import read_likeness
from syncd.cli.main import main
from syncd.cli.stand_ins import stand_in_environment

SYNCD = """\
version: 1
store: {{url: "sqlite:///{folder}/syncd.db"}}
connections:
  main:
    marketing: {{access_token_file: absent/token}}
    crm: {{login_url: "https://x.my.salesforce.com", client_id: id, client_secret_file: absent/secret}}
"""
PERSON = """\
kind: person
marketing: {object: contacts, key: fremd_nr}
crm: {objects: [Lead, Contact], key: Fremdnummer__c}
match: [{field: email, by: email}]
fields:
  email: {type: email, marketing: email, crm: Email}
  tier:
    type: enum
    marketing: rang
    crm: {Lead: Rang__c, Contact: Rang__c}
    values: {gold: {marketing: g, crm: Gold}, silver: {marketing: s, crm: Silber}}
"""
TYPES = ("contacts", "companies", "deals")
OBJECTS = ("Lead", "Contact", "Account", "Opportunity")
ROOT = "/services/data/v64.0"
PERSONS = ("Geheim", "geheim@example.com", "owner@example.com")


def unusual() -> tuple[HubSpotKernel, SalesforceKernel]:
    """Two accounts with fields, lists, stages and types that no stand-in begins with, and people in them."""
    hubspot, salesforce = HubSpotKernel(clock=RealClock(), seed=11), SalesforceKernel(clock=RealClock(), seed=12)
    hubspot.remove_property("contacts", "syncd_crm_id")
    rank = [{"value": "g", "label": "Gold"}, {"value": "s", "label": "Silber"}, {"value": "x", "hidden": True}]
    for definition in (
        {"name": "fremd_nr", "label": "Fremde Nummer", "hasUniqueValue": True},
        {"name": "rang", "type": "enumeration", "fieldType": "radio", "options": rank},
        {"name": "hobbys", "type": "enumeration", "fieldType": "checkbox", "options": rank[:1]},
        {"name": "gerechnet", "type": "number", "fieldType": "calculation_equation"},
        {"name": "geburtstag", "type": "date", "fieldType": "date", "hidden": True},
    ):
        hubspot.add_property("contacts", definition)
    hubspot.portal.groups["companies"]["eigene"] = "Eigene Felder"
    hubspot.add_property("companies", {"name": "filialen", "type": "number", "fieldType": "number",
                                       "groupName": "eigene"})  # fmt: skip
    hubspot.require_property("contacts", "rang")
    hubspot.add_stage("Fast Kunde", after="lead")
    stage = {"id": "4711", "label": "Probe", "displayOrder": 0, "metadata": {"probability": "0.5"}, "archived": False}
    hubspot.portal.pipelines["deals"] = [
        {"id": "9", "label": "Abos", "displayOrder": 1, "archived": False, "stages": [stage]}
    ]  # fmt: skip
    ranks = (PicklistValue("Gold", default=True), PicklistValue("Silber"), PicklistValue("Bronze", active=False))
    for name in ("Lead", "Contact"):
        salesforce.add_field(name, text("Fremdnummer__c", "Fremdnummer", 40, custom=True, external_id=True, unique=True,
                                        id_lookup=True, case_sensitive=True))  # fmt: skip
        salesforce.add_field(name, picklist("Rang__c", "Rang", (), restricted=True, custom=True))
        salesforce.org.schema.entities[name].set_picklist("Rang__c", ranks, changed=salesforce.clock.now())
    salesforce.add_field("Lead", long_text("Notiz__c", "Notiz", 5000, custom=True))
    salesforce.add_field("Lead", typed("percent", "Anteil__c", "Anteil", precision=5, scale=2, custom=True))
    salesforce.add_field("Lead", reference("Betreuer__c", "Betreuer", ("User",), "Betreuer__r", custom=True))
    salesforce.hide_field("Lead", "Website")
    salesforce.protect_field("Contact", "Title")
    salesforce.set_lead_statuses([
        {"MasterLabel": "Neu", "ApiName": "new", "IsDefault": True}, {"MasterLabel": "Fertig", "IsConverted": True},
    ])  # fmt: skip
    salesforce.add_record_type("Lead", "Messe", default=True, picklists={"Rang__c": ["Gold"], "LeadSource": ["Web"]})
    salesforce.add_record_type("Lead", "Alt", active=False, available=False)
    hubspot.add_owner("owner@example.com", "Geheim", "Owner")
    hubspot.create("contacts", {"email": "geheim@example.com", "firstname": "Geheim", "rang": "g"})
    salesforce.insert("Lead", {"LastName": "Geheim", "Company": "Geheim AG", "Email": "geheim@example.com"})
    return hubspot, salesforce


@dataclass
class Copied:
    """The originals as they serve, what was read of them, the calls that took, and fresh stand-ins like them."""

    original: RunningSandbox
    copy: RunningSandbox
    document: dict[str, Any]
    asked: list[HttpRequest]


def serve(box: RunningSandbox, hubspot: HubSpotKernel, salesforce: SalesforceKernel) -> None:
    """Puts what these kernels hold behind the running servers."""
    for kernel, fresh in ((hubspot, box.hubspot), (salesforce, box.salesforce)):
        state.restore(fresh, state.dump(kernel))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration whose mapping needs the unusual fields."""
    (tmp_path / "config" / "schema").mkdir(parents=True)
    (tmp_path / "config" / "syncd.yaml").write_text(SYNCD.format(folder=tmp_path), encoding="utf-8")
    (tmp_path / "config" / "schema" / "person.yaml").write_text(PERSON, encoding="utf-8")
    return tmp_path / "config"


@pytest.fixture
def copied(folder: Path) -> Iterator[Copied]:
    """Both pairs, the second made like the first."""
    with RunningSandbox.start(seed=1) as original, RunningSandbox.start(seed=2) as copy:
        serve(original, *unusual())
        asked: list[HttpRequest] = []
        for kernel in (original.hubspot, original.salesforce):
            overhear(kernel, asked)
        environment = stand_in_environment(original.hubspot_url, original.salesforce_url, everyone=False)
        document = read_likeness(read_config(folder, environment), "main")
        copy.salesforce.add_field("Lead", text("Nur_hier__c", "Nur hier", 40, custom=True, external_id=True))
        assert likeness.apply(json.loads(json.dumps(document)), copy.hubspot, copy.salesforce) == []
        yield Copied(original, copy, document, list(asked))


def overhear(kernel: Kernel, asked: list[HttpRequest]) -> None:
    """Keeps every request to a kernel."""
    answer = kernel.answer

    def heard(request: HttpRequest) -> Any:
        asked.append(request)
        return answer(request)

    kernel.answer = heard  # type: ignore[method-assign]


def told(box: RunningSandbox, target: str) -> Any:
    """What HubSpot or Salesforce answers to a read."""
    crm = target.startswith("/services")
    token = box.salesforce.login() if crm else DEFAULT_TOKEN
    kernel: Kernel = box.salesforce if crm else box.hubspot
    answer = kernel.handle(HttpRequest.from_target("GET", target, {"Authorization": f"Bearer {token}"}, b""))
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)


def test_hubspot_looks_alike(copied: Copied) -> None:
    """Properties, groups, required ones and pipelines of the copy are those of the original, and no others to write."""
    for kind in TYPES:
        ours, theirs = (told(box, f"/crm/v3/properties/{kind}")["results"] for box in (copied.original, copied.copy))
        assert theirs[: len(ours)] == ours
        assert all(each["modificationMetadata"]["readOnlyValue"] for each in theirs[len(ours) :])
        for path in (f"/crm/v3/properties/{kind}/groups", f"/crm-object-schemas/v3/schemas/{kind}"):
            one, two = told(copied.original, path), told(copied.copy, path)
            assert one.get("results") == two.get("results")
            assert one.get("requiredProperties") == two.get("requiredProperties")
    names = [each["name"] for each in told(copied.copy, "/crm/v3/properties/contacts")["results"]]
    assert "syncd_crm_id" not in names
    assert "fremd_nr" in names
    pipelines = [told(box, "/crm/v3/pipelines/deals")["results"] for box in (copied.original, copied.copy)]
    assert pipelines[0] == pipelines[1]
    assert pipelines[1][0]["stages"][0]["id"] == "4711"


def test_salesforce_looks_alike(copied: Copied) -> None:
    """Fields, record types with what they offer, abilities and Lead statuses of the copy are those of the original."""
    statuses = quote("SELECT ApiName, MasterLabel, IsDefault, IsConverted FROM LeadStatus ORDER BY SortOrder")
    for name in OBJECTS:
        path = f"{ROOT}/sobjects/{name}/describe"
        ours, theirs = (told(box, path) for box in (copied.original, copied.copy))
        for part in ("fields", "recordTypeInfos", "createable", "updateable", "deletable"):
            assert theirs[part] == ours[part], (name, part)
        for each in ours["recordTypeInfos"]:
            path = f"{ROOT}/ui-api/object-info/{name}/picklist-values/{each['recordTypeId']}"
            one, two = (told(box, path)["picklistFieldValues"] for box in (copied.original, copied.copy))
            assert one == two
    rows = [
        [{part: row[part] for part in ("ApiName", "MasterLabel", "IsDefault", "IsConverted")}
         for row in told(box, f"{ROOT}/query?q={statuses}")["records"]]
        for box in (copied.original, copied.copy)
    ]  # fmt: skip
    assert rows[0] == rows[1]
    assert [row["ApiName"] for row in rows[1]] == ["new", "Fertig"]


def test_the_copy_judges_as_the_original(copied: Copied) -> None:
    """Required properties, lengths, restricted lists and unique values of the copy are enforced."""
    hubspot, salesforce = copied.copy.hubspot, copied.copy.salesforce
    hubspot.create("contacts", {"email": "a@x.com", "fremd_nr": "1"})
    with pytest.raises(Exception, match="fremd_nr"):
        hubspot.create("contacts", {"email": "b@x.com", "fremd_nr": "1"})
    with pytest.raises(Exception, match="was not one of the allowed options"):
        hubspot.create("contacts", {"email": "c@x.com", "rang": "platin"})
    lead = {"LastName": "L", "Company": "C"}
    made = salesforce.insert("Lead", {**lead, "Fremdnummer__c": "1"})
    row = salesforce.org.row(made)
    assert row is not None
    assert (row["Status"], row["Rang__c"]) == ("new", "Gold")
    for field, value, words in (
        ("Fremdnummer__c", "x" * 41, "max length=40"),
        ("Fremdnummer__c", "1", "duplicate"),
        ("Rang__c", "Silber", "restricted picklist"),
        ("Nur_hier__c", "1", "Nur_hier__c"),
    ):
        with pytest.raises(Exception, match=words):
            salesforce.insert("Lead", {**lead, field: value})


def test_only_definitions_are_read(copied: Copied) -> None:
    """The originals saw reads of definitions alone, and nothing of a person is in the document."""
    assert copied.asked
    for request in copied.asked:
        if request.path == "/services/oauth2/token":
            continue
        assert request.method == "GET", request
        assert "/objects/" not in request.path
        assert "owners" not in request.path
        if request.path.endswith("/query"):
            assert (request.first("q") or "").endswith(" FROM LeadStatus")
        elif request.path.startswith("/services"):
            assert request.path.endswith("/describe") or "/picklist-values/" in request.path, request.path
        else:
            assert any(f"/{area}/" in request.path for area in ("properties", "schemas", "pipelines")), request.path
    written = json.dumps(copied.document)
    assert not [word for word in PERSONS if word in written]
    for kernel in (copied.original.hubspot, copied.original.salesforce):
        assert not [call for call in kernel.calls if call.written or (call.created and call.operation != "token")]


@pytest.mark.parametrize("like", [True, False])
def test_a_mapping_of_the_original_fits_the_copy(
    copied: Copied, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, like: bool
) -> None:
    """``check --online`` is content with the copy, and names the lacking fields of a stand-in that is no copy."""
    with RunningSandbox.start(seed=3) as plain:
        box = copied.copy if like else plain
        environment = stand_in_environment(box.hubspot_url, box.salesforce_url, everyone=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(["--config", str(folder), "check", "--online"]) == (0 if like else 2), capsys.readouterr().out
        assert ("fremd_nr" in capsys.readouterr().out) != like


def test_what_may_not_be_read_is_named(folder: Path) -> None:
    """Without rights to what no mapping needs the copy is made all the same, and says what it lacks."""
    with RunningSandbox.start(seed=1) as original:
        scopes = frozenset({"crm.objects.contacts.read", "crm.schemas.contacts.read"})
        original.hubspot.issue_token(DEFAULT_TOKEN, scopes)
        environment = stand_in_environment(original.hubspot_url, original.salesforce_url, everyone=False)
        document = read_likeness(read_config(folder, environment), "main")
    assert set(document["hubspot"]["objects"]) == {"contacts"}
    assert "/crm/properties/2026-09/deals" in document["hubspot"]["unread"]


def test_records_are_never_laid_over(copied: Copied) -> None:
    """A stand-in that has records already refuses a likeness, and so does another document."""
    copied.copy.hubspot.create("contacts", {"email": "a@x.com"})
    with pytest.raises(likeness.WrongLikeness, match="has contacts already"):
        likeness.apply(copied.document, copied.copy.hubspot, copied.copy.salesforce)
    with pytest.raises(likeness.WrongLikeness, match="no likeness of version 1"):
        likeness.apply({**copied.document, "version": 2}, copied.copy.hubspot, copied.copy.salesforce)


def test_a_likeness_is_kept_with_the_state(copied: Copied) -> None:
    """A copy that was saved and loaded still looks like the original."""
    with RunningSandbox.start(seed=4) as again:
        serve(again, copied.copy.hubspot, copied.copy.salesforce)
        for target in ("/crm/v3/properties/contacts", "/crm/v3/pipelines/deals", f"{ROOT}/sobjects/Lead/describe"):
            one, two = told(copied.copy, target), told(again, target)
            assert one.get("results") == two.get("results")
            assert one.get("fields") == two.get("fields")
