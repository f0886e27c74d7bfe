"""HubSpot stand-in: single records, what values they take, history, merging, deleting."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot.errors import Refusal
from tests.unit.sandbox.hubspot_account import COMPANIES, CONTACTS, HubSpotAccountUnderTest


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


# name, written, read back; None for the code of the refusal is a success
VALUES = [
    ("email", " A.B@Ex.COM ", "a.b@ex.com", None),
    ("email", "nonsense", None, "INVALID_EMAIL"),
    ("firstname", "Ünal 😀", "Ünal 😀", None),
    ("firstname", "x" * 65_537, None, "INVALID_STRING_LENGTH"),
    ("numberofemployees", "1.5", "1.5", None),
    ("numberofemployees", 17, "17", None),
    ("numberofemployees", "many", None, "INVALID_LONG"),
    ("hs_lead_status", "IN_PROGRESS", "IN_PROGRESS", None),
    ("hs_lead_status", "in_progress", None, "INVALID_OPTION"),
    ("product_interests", "service;crm", "service;crm", None),
    ("product_interests", "crm;golf", None, "INVALID_OPTION"),
    ("hubspot_owner_id", "1", None, "INVALID_OPTION"),
    ("closedate", "2020-02-29T05:30:17+02:00", "2020-02-29T03:30:17.000Z", None),
    ("closedate", "1582947017123", "2020-02-29T03:30:17.123Z", None),
    ("closedate", "soon", None, "INVALID_DATE"),
    ("birth_day", "2020-02-29", "2020-02-29", None),
    ("birth_day", "1582934400000", "2020-02-29", None),
    ("birth_day", "1582934400001", None, "INVALID_DATE"),
    ("newsletter", "true", "true", None),
    ("newsletter", "yes", None, "INVALID_OPTION"),
    ("no_such_property", "x", None, "PROPERTY_DOESNT_EXIST"),
    ("hs_email_optout", "true", None, "READ_ONLY_VALUE"),
    ("associatedcompanyid", "1", None, "READ_ONLY_VALUE"),
    ("hs_marketable_status", "true", None, "READ_ONLY_VALUE"),
    ("lastmodifieddate", "1", None, "READ_ONLY_VALUE"),
]


@pytest.mark.fact("hubspot 7.1")
@pytest.mark.parametrize(("name", "written", "stored", "code"), VALUES)
def test_values_by_type(
    hub: HubSpotAccountUnderTest, name: str, written: object, stored: str | None, code: str | None
) -> None:
    """Each type takes and normalises what the vendor's guide says, and names its property and code when it does not."""
    hub.kernel.add_property("contacts", {"name": "birth_day", "type": "date", "fieldType": "date"})
    hub.kernel.add_property("contacts", {"name": "newsletter", "type": "bool", "fieldType": "booleancheckbox"})
    status, body = hub.call("POST", CONTACTS, {"properties": {name: written}})
    if code is None:
        assert status == 201
        assert hub.read(body["id"], name)[name] == stored
    else:
        assert (status, body["category"]) == (400, "VALIDATION_ERROR")
        assert body["errors"][0]["code"] == code
        assert body["errors"][0]["context"] == {"propertyName": [name]}
        assert code in body["message"]


@pytest.mark.fact("hubspot 5.1", "hubspot 5.2", "hubspot 6.1")
def test_create_read_update_archive(hub: HubSpotAccountUnderTest) -> None:
    """The round of one record, with the recorded key sets of its answers."""
    made = hub.ok("POST", CONTACTS, {"properties": {"email": "A@x.com", "lastname": "L"}})
    assert sorted(made["properties"]) == [
        "createdate", "email", "hs_all_contact_vids", "hs_email_domain", "hs_is_contact", "hs_is_unworked",
        "hs_object_id", "hs_pipeline", "lastmodifieddate", "lastname",
    ]  # fmt: skip
    url = f"{CONTACTS}/{made['id']}"
    assert sorted(hub.ok("GET", url)["properties"]) == [
        "createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname",
    ]  # fmt: skip
    read = hub.ok("GET", f"{url}?properties=phone,unheard_of&properties=email")["properties"]
    assert (read["phone"], read["email"], "unheard_of" in read) == (None, "a@x.com", False)
    hub.clock.advance(1)
    changed = hub.ok("PATCH", f"{CONTACTS}/A@X.com?idProperty=email", {"properties": {"lastname": "", "city": "B"}})
    assert changed["properties"] == {"city": "B", "lastmodifieddate": "2026-11-25T12:00:01.000Z", "lastname": ""}
    assert hub.read(made["id"], "lastname")["lastname"] is None
    assert hub.call("DELETE", url) == (204, None)
    assert hub.call("GET", url)[0] == 404
    gone = hub.ok("GET", f"{CONTACTS}?archived=true")["results"]
    assert [(row["id"], row["archived"], "archivedAt" in row) for row in gone] == [(made["id"], True, True)]
    again = hub.ok("POST", CONTACTS, {"properties": {"email": "a@x.com"}})
    assert again["id"] != made["id"]
    with pytest.raises(Refusal, match=f"Existing ID: {again['id']}"):
        hub.kernel.restore("contacts", made["id"])


@pytest.mark.fact("hubspot 7.4")
def test_a_missing_record_is_bare(hub: HubSpotAccountUnderTest) -> None:
    """404 carries only a message; with the switch it has a category."""
    assert set(hub.call("GET", f"{CONTACTS}/1")[1]) == {"status", "message", "correlationId"}
    other = HubSpotAccountUnderTest(bare_not_found=False)
    assert other.call("GET", f"{CONTACTS}/word")[1]["category"] == "OBJECT_NOT_FOUND"


@pytest.mark.fact("hubspot 5.3")
def test_list_pages_are_stable_under_change(hub: HubSpotAccountUnderTest) -> None:
    """``after`` is the id the next page starts with: an archived record in between loses nobody."""
    ids = hub.kernel.load("contacts", [{"lastname": str(n)} for n in range(5)])
    page = hub.ok("GET", f"{CONTACTS}?limit=2")
    assert page["paging"]["next"]["after"] == ids[2]
    page = hub.ok("GET", f"{CONTACTS}?limit=2&after={ids[2]}")
    assert [row["id"] for row in page["results"]] == ids[2:4]
    hub.kernel.archive("contacts", ids[2])
    page = hub.ok("GET", f"{CONTACTS}?limit=2&after={ids[2]}")
    assert [row["id"] for row in page["results"]] == ids[3:]
    assert "paging" not in page
    assert hub.call("GET", f"{CONTACTS}?limit=101")[0] == 400
    assert hub.call("GET", f"{CONTACTS}?limit=51&propertiesWithHistory=email")[0] == 400


@pytest.mark.fact("hubspot 4.12")
def test_stamps_move_with_every_write(hub: HubSpotAccountUnderTest) -> None:
    """Also while the clock stands still, for values that stay the same, and for associations of both records."""
    person, firm = hub.contact(lastname="L"), hub.kernel.create("companies", {"name": "F"})
    seen = [hub.stamp(person)]
    hub.ok("PATCH", f"{CONTACTS}/{person}", {"properties": {"lastname": "L"}})
    seen.append(hub.stamp(person))
    before = hub.stamp(firm, kind="companies")
    hub.kernel.associate(contact_id=person, company_id=firm)
    seen.append(hub.stamp(person))
    assert seen == sorted(set(seen))
    assert hub.stamp(firm, kind="companies") > before
    assert hub.read(firm, kind="companies")["hs_lastmodifieddate"] > before


@pytest.mark.fact("hubspot 7.5")
def test_unique_values_conflict(hub: HubSpotAccountUnderTest) -> None:
    """E-mail is a 409 with the id in the text, secondary addresses too; a custom unique value is a 400 or a 409."""
    first = hub.contact(email="a@x.com", syncd_crm_id="00Q1")
    other = hub.contact(email="b@x.com")
    status, body = hub.call("POST", CONTACTS, {"properties": {"email": "A@x.com"}})
    assert (status, body["category"]) == (409, "CONFLICT")
    assert body["message"] == f"Contact already exists. Existing ID: {first}"
    assert hub.call("PATCH", f"{CONTACTS}/{other}", {"properties": {"email": "a@x.com"}})[0] == 409
    status, body = hub.call("POST", CONTACTS, {"properties": {"syncd_crm_id": "00Q1"}})
    assert (status, body["errors"][0]["code"]) == (400, "CONFLICTING_UNIQUE_VALUE")
    merged = hub.kernel.merge("contacts", first, other)
    status, body = hub.call("POST", CONTACTS, {"properties": {"email": "b@x.com"}})
    assert (status, merged in body["message"]) == (409, True)
    switched = HubSpotAccountUnderTest(unique_conflict_status=409)
    switched.contact(syncd_crm_id="1")
    assert switched.call("POST", CONTACTS, {"properties": {"syncd_crm_id": "1"}})[0] == 409


def test_a_freed_unique_value_can_be_used_again(hub: HubSpotAccountUnderTest) -> None:
    """Clearing or changing a unique value frees it."""
    first = hub.contact(email="a@x.com", syncd_crm_id="1")
    hub.kernel.edit("contacts", first, {"syncd_crm_id": "", "email": "c@x.com"})
    assert hub.contact(email="a@x.com", syncd_crm_id="1") != first


@pytest.mark.fact("hubspot 6.12", "defaults 4.6")
def test_the_stage_moves_forward_only_through_the_api() -> None:
    """Backward is silently ignored or an error, by switch; cleared and set in two requests it works; people may."""
    for regression, expected in (("silent", 200), ("error", 400)):
        hub = HubSpotAccountUnderTest(stage_regression=regression)
        person = hub.contact(lifecyclestage="customer")
        url = f"{CONTACTS}/{person}"
        status, body = hub.call("PATCH", url, {"properties": {"lifecyclestage": "lead"}})
        assert status == expected
        if status == 200:
            assert body["properties"]["lifecyclestage"] == "customer"
        for value in ("", "lead", "opportunity"):
            hub.ok("PATCH", url, {"properties": {"lifecyclestage": value}})
        assert hub.read(person, "lifecyclestage")["lifecyclestage"] == "opportunity"
        hub.kernel.edit("contacts", person, {"lifecyclestage": "subscriber"})
        assert hub.read(person, "lifecyclestage")["lifecyclestage"] == "subscriber"


@pytest.mark.fact("hubspot 6.15")
def test_checkboxes_append_with_a_leading_semicolon(hub: HubSpotAccountUnderTest) -> None:
    """``;c`` adds, ``a;b`` replaces."""
    person = hub.contact(product_interests="crm;service")
    hub.ok("PATCH", f"{CONTACTS}/{person}", {"properties": {"product_interests": ";content"}})
    assert hub.read(person, "product_interests")["product_interests"] == "crm;service;content"


def test_history_names_who_wrote(hub: HubSpotAccountUnderTest) -> None:
    """Newest first; a person is CRM_UI with a user id, an app its id; unchanged values make no entry."""
    person = hub.kernel.create("contacts", {"city": "A"}, by="userId:12")
    hub.clock.advance(1)
    for value in ("B", "B", ""):
        hub.ok("PATCH", f"{CONTACTS}/{person}", {"properties": {"city": value}})
    body = hub.ok("GET", f"{CONTACTS}/{person}?propertiesWithHistory=city,phone")
    history = body["propertiesWithHistory"]
    assert [(entry["value"], entry["sourceType"], entry["sourceId"]) for entry in history["city"]] == [
        ("", "INTEGRATION", "900001"),
        ("B", "INTEGRATION", "900001"),
        ("A", "CRM_UI", "userId:12"),
    ]
    assert history["city"][-1]["updatedByUserId"] == 12
    assert history["phone"] == []


@pytest.mark.fact("hubspot 2.6", "hubspot 6.17")
def test_merge_makes_a_new_record(hub: HubSpotAccountUnderTest) -> None:
    """Old ids resolve to the survivor; the primary's values win; addresses, ids and associations are united."""
    firm, other_firm = (hub.kernel.create("companies", {"name": n}) for n in "FG")
    one = hub.contact(email="a@x.com", city="A")
    two = hub.contact(email="b@x.com", city="B", phone="1", syncd_crm_id="00Q2")
    hub.kernel.associate(contact_id=one, company_id=firm, primary=True)
    hub.kernel.associate(contact_id=two, company_id=other_firm, primary=True)
    new = hub.ok("POST", f"{CONTACTS}/merge", {"primaryObjectId": one, "objectIdToMerge": two})["id"]
    assert int(new) > int(two)
    names = ("email", "city", "phone", "hs_additional_emails", "hs_merged_object_ids", "hs_calculated_merged_vids",
             "associatedcompanyid", "syncd_crm_id")  # fmt: skip
    one_read, answer = (hub.ok("GET", f"{CONTACTS}/{old}?properties={','.join(names)}") for old in (one, two))
    assert one_read == answer
    assert answer["id"] == new
    values = answer["properties"]
    assert [values[name] for name in ("email", "city", "phone", "hs_additional_emails", "hs_merged_object_ids")] == [
        "a@x.com", "A", "1", "b@x.com", f"{one};{two}",
    ]  # fmt: skip
    assert [part.partition(":")[0] for part in values["hs_calculated_merged_vids"].split(";")] == [one, two]
    assert (values["associatedcompanyid"], values["syncd_crm_id"]) == (firm, "00Q2")
    linked = hub.ok("GET", f"/crm/v4/objects/contacts/{new}/associations/companies")["results"]
    assert {str(row["toObjectId"]) for row in linked} == {firm, other_firm}
    assert hub.ok("GET", f"{CONTACTS}/b@x.com?idProperty=email")["id"] == new
    assert hub.ok("PATCH", f"{CONTACTS}/{two}", {"properties": {"city": "C"}})["id"] == new
    assert [row["id"] for row in hub.ok("GET", CONTACTS)["results"]] == [new]
    third = hub.contact(lastname="T")
    last = hub.kernel.merge("contacts", new, third)
    assert hub.ok("GET", f"{CONTACTS}/{one}")["id"] == last
    assert hub.call("POST", f"{CONTACTS}/merge", {"primaryObjectId": last, "objectIdToMerge": last})[0] == 400


@pytest.mark.fact("hubspot 6.17")
def test_companies_merge_too(hub: HubSpotAccountUnderTest) -> None:
    """Domains are united and the contacts of both point at the survivor."""
    one, two = (hub.kernel.create("companies", {"name": n, "domain": f"{n}.com"}) for n in ("one", "two"))
    person = hub.contact(lastname="L")
    hub.kernel.associate(contact_id=person, company_id=two, primary=True)
    new = hub.ok("POST", f"{COMPANIES}/merge", {"primaryObjectId": one, "objectIdToMerge": two})["id"]
    values = hub.read(new, "domain", "hs_additional_domains", "name", kind="companies")
    assert (values["domain"], values["hs_additional_domains"], values["name"]) == ("one.com", "two.com", "one")
    assert hub.read(person, "associatedcompanyid")["associatedcompanyid"] == new


def test_privacy_deletion_is_permanent() -> None:
    """Nothing is left, in the archive neither; by switch the address cannot come back."""
    hub = HubSpotAccountUnderTest(erased_address_blocked=True)
    hub.contact(email="a@x.com")
    assert hub.call("POST", f"{CONTACTS}/gdpr-delete", {"objectId": "a@x.com", "idProperty": "email"})[0] == 204
    assert hub.kernel.export()["contacts"] == []
    assert hub.call("POST", CONTACTS, {"properties": {"email": "a@x.com"}})[0] == 400


def test_required_properties_bind_newer_paths_only(hub: HubSpotAccountUnderTest) -> None:
    """From 2026-09 on creates obey the account's own rules; older paths do not."""
    hub.kernel.require_property("contacts", "lastname")
    expected = {
        "/crm/v3/objects/contacts": 201,
        "/crm/objects/2026-03/contacts": 201,
        "/crm/objects/2026-09/contacts": 400,
    }
    for path, status in expected.items():
        assert hub.call("POST", path, {"properties": {"city": "A"}})[0] == status, path


def test_load_keeps_order_and_spreads_stamps(hub: HubSpotAccountUnderTest) -> None:
    """Loaded rows get rising ids and stamps a millisecond apart, or those they bring; export shows all in id order."""
    rows = [{"email": f"p{n}@x.com"} for n in range(3)]
    ids = hub.kernel.load(
        "contacts", [*rows, {"createdate": "2020-01-01T00:00:00Z", "lastmodifieddate": "1600000000000"}]
    )
    exported = hub.kernel.export()["contacts"]
    assert [row["id"] for row in exported] == ids == sorted(ids, key=int)
    assert len({row["properties"]["lastmodifieddate"] for row in exported}) == 4
    assert exported[3]["properties"]["createdate"] == "2020-01-01T00:00:00.000Z"
    assert hub.hits(("lastmodifieddate", "LT", "1600000000001")) == [ids[3]]


def test_same_seed_same_account() -> None:
    """Ids follow from the seed and the calls alone."""

    def play() -> Any:
        hub = HubSpotAccountUnderTest()
        hub.ok("POST", CONTACTS, {"properties": {"email": "a@x.com"}})
        return hub.kernel.export(), hub.call("GET", f"{CONTACTS}/1")

    assert play() == play()


def test_a_removed_property_takes_its_values_along(hub: HubSpotAccountUnderTest) -> None:
    """Reads and search no longer know it; one made anew is empty."""
    hub.kernel.add_property("contacts", {"name": "extra"})
    person = hub.contact(extra="x")
    assert hub.hits(("extra", "EQ", "x")) == [person]
    hub.kernel.remove_property("contacts", "extra")
    assert "extra" not in hub.read(person, "extra")
    assert hub.search(("extra", "EQ", "x"))[0] == 400
    hub.kernel.add_property("contacts", {"name": "extra"})
    assert hub.read(person, "extra")["extra"] is None
    assert hub.hits(("extra", "HAS_PROPERTY", None)) == []
