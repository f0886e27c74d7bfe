"""hubspot-api-client against the HubSpot stand-in: associations, properties, owners, schemas, the account."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from sandbox.server import RunningSandbox

_numbers = itertools.count(1)
PRIMARY, UNLABELLED = 1, 279
CATEGORY = "HUBSPOT_DEFINED"


def couple(hubspot: Any) -> tuple[str, str]:
    """A contact and a company."""
    number = next(_numbers)
    contact = hubspot.crm.contacts.basic_api.create({"properties": {"email": f"a{number}@example.com"}})
    company = hubspot.crm.companies.basic_api.create({"properties": {"name": f"A{number}"}})
    return contact.id, company.id


def types(hubspot: Any, contact: str) -> dict[str, list[int]]:
    """The companies of a contact and what kinds of association lead there."""
    page = hubspot.crm.associations.v4.basic_api.get_page("contacts", contact, "companies")
    return {str(row.to_object_id): sorted(kind.type_id for kind in row.association_types) for row in page.results}


# -- associations ------------------------------------------------------------------------------------------------------
def test_create_default_association(hubspot: Any) -> None:
    """``create_default`` makes the unlabelled one, both ways; a first company is also the primary one."""
    contact, company = couple(hubspot)
    made = hubspot.crm.associations.v4.basic_api.create_default("contacts", contact, "companies", company)
    assert {row.association_spec.association_type_id for row in made.results} == {UNLABELLED, 280}
    assert types(hubspot, contact) == {company: [PRIMARY, UNLABELLED]}


def test_create_association(hubspot: Any) -> None:
    """``create`` with the primary type makes that and the unlabelled one."""
    contact, company = couple(hubspot)
    spec = [{"associationCategory": CATEGORY, "associationTypeId": PRIMARY}]
    made = hubspot.crm.associations.v4.basic_api.create("contacts", contact, "companies", company, spec)
    assert (str(made.from_object_id), str(made.to_object_id)) == (contact, company)
    assert types(hubspot, contact) == {company: [PRIMARY, UNLABELLED]}


def test_archive_association(hubspot: Any) -> None:
    """``archive`` removes all types between two records."""
    contact, company = couple(hubspot)
    api = hubspot.crm.associations.v4.basic_api
    api.create_default("contacts", contact, "companies", company)
    api.archive("contacts", contact, "companies", company)
    assert types(hubspot, contact) == {}


def test_association_batches(hubspot: Any) -> None:
    """``batch_api``: create with types, create unlabelled ones, read and archive."""
    api = hubspot.crm.associations.v4.batch_api
    contact, company = couple(hubspot)
    other = couple(hubspot)[1]
    spec = [{"associationCategory": CATEGORY, "associationTypeId": PRIMARY}]
    ends = {"from": {"id": contact}, "to": {"id": company}}
    made = api.create("contacts", "companies", {"inputs": [ends | {"types": spec}]})
    assert made.status == "COMPLETE"
    api.create_default("contacts", "companies", {"inputs": [{"from": {"id": contact}, "to": {"id": other}}]})
    read = api.get_page("contacts", "companies", {"inputs": [{"id": contact}]})
    assert {str(end.to_object_id) for end in read.results[0].to} == {company, other}
    gone = {"inputs": [{"from": {"id": contact}, "to": [{"id": company}, {"id": other}]}]}
    api.archive("contacts", "companies", gone)
    assert types(hubspot, contact) == {}


def test_associations_nobody_has(hubspot: Any) -> None:
    """``batch_api.get_page`` of a record without any is a 207 that the client turns into its model."""
    contact, _ = couple(hubspot)
    read = hubspot.crm.associations.v4.batch_api.get_page("contacts", "companies", {"inputs": [{"id": contact}]})
    assert (read.results, read.num_errors, read.errors[0].context) == ([], 1, {"fromObjectId": [contact]})


def test_associations_of_a_record(hubspot: Any) -> None:
    """``get_by_id`` with ``associations`` names the others and the types."""
    contact, company = couple(hubspot)
    hubspot.crm.associations.v4.basic_api.create_default("contacts", contact, "companies", company)
    read = hubspot.crm.contacts.basic_api.get_by_id(contact, associations=["companies"])
    assert {(row.id, row.type) for row in read.associations["companies"].results} == {
        (company, "contact_to_company"),
        (company, "contact_to_company_unlabeled"),
    }


def test_create_with_an_association(hubspot: Any) -> None:
    """A record is created and associated by one call."""
    company = couple(hubspot)[1]
    spec = {"to": {"id": company}, "types": [{"associationCategory": CATEGORY, "associationTypeId": UNLABELLED}]}
    body = {"properties": {"email": f"with{next(_numbers)}@example.com"}, "associations": [spec]}
    assert types(hubspot, hubspot.crm.contacts.basic_api.create(body).id) == {company: [PRIMARY, UNLABELLED]}


def test_labels(hubspot: Any) -> None:
    """``definitions_api.get_all`` lists the kinds of association; ``archive_labels`` takes one of them away."""
    v4 = hubspot.crm.associations.v4
    listed = v4.schema.definitions_api.get_all("contacts", "companies")
    assert {row.type_id for row in listed.results} == {PRIMARY, UNLABELLED}
    contact, company = couple(hubspot)
    v4.basic_api.create_default("contacts", contact, "companies", company)
    spec = [{"associationCategory": CATEGORY, "associationTypeId": PRIMARY}]
    entry = {"from": {"id": contact}, "to": {"id": company}, "types": spec}
    v4.batch_api.archive_labels("contacts", "companies", {"inputs": [entry]})
    assert types(hubspot, contact) == {company: [UNLABELLED]}


# -- properties --------------------------------------------------------------------------------------------------------
def definition(**more: Any) -> dict[str, Any]:
    """A new custom property of contacts."""
    name = f"custom_{next(_numbers)}"
    kind = {"type": "string", "fieldType": "text", "groupName": "contactinformation"}
    return {"name": name, "label": name.title(), **kind, **more}


def test_list_properties(hubspot: Any) -> None:
    """``core_api.get_all`` has HubSpot's and ours, with what may be written."""
    found = {row.name: row for row in hubspot.crm.properties.core_api.get_all("contacts").results}
    assert (found["email"].type, found["email"].hubspot_defined) == ("string", True)
    assert found["hs_object_id"].modification_metadata.read_only_value is True


def test_create_read_update_archive_a_property(hubspot: Any) -> None:
    """``core_api``: a custom property lives from ``create`` to ``archive``."""
    from hubspot.crm.properties.exceptions import ApiException

    api = hubspot.crm.properties.core_api
    options = [{"label": "A", "value": "a", "hidden": False, "displayOrder": 0}]
    made = api.create("contacts", definition(type="enumeration", fieldType="select", options=options))
    assert [option.value for option in api.get_by_name("contacts", made.name).options] == ["a"]
    assert api.update("contacts", made.name, {"label": "Renamed"}).label == "Renamed"
    api.archive("contacts", made.name)
    with pytest.raises(ApiException) as raised:
        api.get_by_name("contacts", made.name)
    assert raised.value.status == 404


def test_property_batches(hubspot: Any) -> None:
    """``batch_api``: create, read and archive."""
    api = hubspot.crm.properties.batch_api
    made = api.create("contacts", {"inputs": [definition(), definition()]})
    names = [{"name": row.name} for row in made.results]
    assert len(api.read("contacts", {"archived": False, "inputs": names}).results) == 2
    api.archive("contacts", {"inputs": names})
    read = api.read("contacts", {"archived": False, "inputs": names})
    assert (read.results, read.num_errors) == ([], 2)


def test_property_groups(hubspot: Any) -> None:
    """``groups_api``: create and list."""
    api = hubspot.crm.properties.groups_api
    made = api.create("contacts", {"name": f"group{next(_numbers)}", "label": "Ours"})
    assert made.name in {row.name for row in api.get_all("contacts").results}


# -- owners, schemas, account ------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def owners(box: RunningSandbox) -> list[str]:
    """Two owners and one who left."""
    with box.hubspot_server.lock:
        people = box.hubspot
        return [people.add_owner(f"o{n}@example.com", "O", str(n), archived=n == 2) for n in range(3)]


def test_list_owners(hubspot: Any, owners: list[str]) -> None:
    """``owners_api.get_page`` pages, finds by address and tells who left."""
    api = hubspot.crm.owners.owners_api
    page = api.get_page(limit=1)
    assert (len(page.results), bool(page.paging.next.after)) == (1, True)
    assert [row.id for row in api.get_page(email="o1@example.com").results] == [owners[1]]
    assert owners[2] in {row.id for row in api.get_page(archived=True).results}
    assert set(owners[:2]) <= {row.id for row in hubspot.crm.owners.get_all()}


def test_read_an_owner(hubspot: Any, owners: list[str]) -> None:
    """``owners_api.get_by_id`` by owner id and by user id."""
    api = hubspot.crm.owners.owners_api
    read = api.get_by_id(int(owners[0]))
    assert (read.email, read.archived) == ("o0@example.com", False)
    assert api.get_by_id(read.user_id, id_property="userId").id == owners[0]


def test_schemas(hubspot: Any) -> None:
    """``core_api.get_by_id`` tells of a standard object; ``get_all`` lists custom ones only."""
    api = hubspot.crm.schemas.core_api
    read = api.get_by_id("contacts")
    assert (read.name, read.object_type_id, bool(read.properties)) == ("CONTACT", "0-1", True)
    assert [row.name for row in api.get_all().results if not row.object_type_id.startswith("2-")] == []


def test_pipelines(hubspot: Any) -> None:
    """``pipelines_api`` and ``pipeline_stages_api`` list and read what deals go through."""
    pipelines, stages = hubspot.crm.pipelines.pipelines_api, hubspot.crm.pipelines.pipeline_stages_api
    assert "default" in {row.id for row in pipelines.get_all("deals").results}
    named = [row.id for row in pipelines.get_by_id("deals", "default").stages]
    assert [row.id for row in stages.get_all("deals", "default").results] == named
    assert stages.get_by_id("deals", "default", named[0]).metadata["probability"]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("notes", {"hs_note_body": "Called", "hs_timestamp": "2026-01-31T10:00:00.000Z"}),
        ("leads", {"hs_lead_name": "Hot"}),
    ],
)
def test_other_objects(hubspot: Any, kind: str, given: dict[str, str]) -> None:
    """``objects.notes`` and ``objects.leads`` create and read; a lead needs its contact from the start."""
    contact, _ = couple(hubspot)
    number = {"notes": 202, "leads": 578}[kind]
    spec = {"to": {"id": contact}, "types": [{"associationCategory": CATEGORY, "associationTypeId": number}]}
    api = getattr(hubspot.crm.objects, kind).basic_api
    made = api.create({"properties": given, "associations": [spec]})
    read = api.get_by_id(made.id, properties=list(given), associations=["contacts"])
    assert {name: read.properties[name] for name in given} == given
    assert {row.id for row in read.associations["contacts"].results} == {contact}


def test_tokens(hubspot: Any, box: RunningSandbox) -> None:
    """``tokens_api.create`` buys an access token with a refresh token, and ``access_tokens_api.get`` tells of it."""
    with box.hubspot_server.lock:
        refresh = box.hubspot.install_app()
        account = box.hubspot.account
    bought = hubspot.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id=account.client_id,
        client_secret=account.client_secret,
        refresh_token=refresh,
    )
    assert (bought.refresh_token, bought.expires_in) == (refresh, 1_800)
    assert hubspot.oauth.access_tokens_api.get(bought.access_token).hub_id == account.portal_id


def test_any_object_by_its_type(hubspot: Any) -> None:
    """``crm.objects`` reaches contacts under their type id."""
    api = hubspot.crm.objects.basic_api
    made = api.create("0-1", {"properties": {"email": f"type{next(_numbers)}@example.com"}})
    assert api.get_by_id("contacts", made.id).id == made.id


def test_account_details(hubspot: Any, box: RunningSandbox) -> None:
    """``api_request`` reaches what no module wraps."""
    answer = hubspot.api_request({"path": "/account-info/v3/details"})
    assert answer.json()["portalId"] == box.hubspot.account.portal_id
