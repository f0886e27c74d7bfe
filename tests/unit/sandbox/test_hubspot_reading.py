"""HubSpot stand-in: what reads and searches answer, how far they page, and what they leave out."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.hubspot_account import COMPANIES, CONTACTS, HubSpotAccountUnderTest

DAY = 86_400


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


@pytest.mark.fact("hubspot 4.1")
def test_lengths_of_pages(hub: HubSpotAccountUnderTest) -> None:
    """Ten by default; a search answers up to 200, a list up to 100, and more is refused."""
    hub.kernel.load("contacts", [{"lastname": str(n)} for n in range(201)])
    assert len(hub.hits()) == 10
    assert len(hub.ok("GET", CONTACTS)["results"]) == 10
    assert (len(hub.hits(limit=200)), hub.search(limit=201)[0]) == (200, 400)
    assert len(hub.ok("GET", f"{CONTACTS}?limit=100")["results"]) == 100
    assert hub.call("GET", f"{CONTACTS}?limit=101")[0] == 400


@pytest.mark.fact("hubspot 4.4")
def test_the_default_order_is_that_of_creation(hub: HubSpotAccountUnderTest) -> None:
    """Oldest first, by the date of creation and not by the id, which a late import does not follow."""
    days = ("2024-03-01", "2024-01-01", "2024-02-01")
    late, early, middle = hub.kernel.load("contacts", [{"createdate": f"{day}T00:00:00Z"} for day in days])
    assert hub.hits() == [early, middle, late]
    assert hub.hits(("createdate", "HAS_PROPERTY", None)) == [early, middle, late]


@pytest.mark.fact("hubspot 4.7")
@pytest.mark.parametrize(("taken", "status"), [(True, 200), (False, 400)])
def test_whether_date_filters_take_iso_text(taken: bool, status: int) -> None:
    """Epoch milliseconds as text always; ISO by switch, on stamps and on other dates."""
    hub = HubSpotAccountUnderTest(iso_date_filters=taken)
    person = hub.contact(closedate="2020-02-29T00:00:00Z")
    for name in ("closedate", "lastmodifieddate"):
        assert hub.hits((name, "GTE", "1582934400000")) == [person]
        assert hub.search((name, "GTE", "2020-02-29T00:00:00Z"))[0] == status


@pytest.mark.fact("hubspot 4.10")
@pytest.mark.parametrize("kept", [False, True])
def test_whether_search_shows_what_was_merged(kept: bool) -> None:
    """Archived records never; merged ones by switch, at once, under old ids, and until the survivor is erased."""
    hub = HubSpotAccountUnderTest(merged_losers_in_search=kept)
    one, two, gone = (hub.contact(city="A", email=f"{n}@x.com") for n in "abc")
    hub.kernel.archive("contacts", gone)
    new = hub.kernel.merge("contacts", one, two)
    assert hub.hits(("city", "EQ", "A")) == ([one, two, new] if kept else [new])
    assert hub.search(("city", "EQ", "A"))[1]["total"] == (3 if kept else 1)
    hub.kernel.gdpr_delete("contacts", new)
    assert hub.search(("city", "EQ", "A"))[1] == {"total": 0, "results": []}
    late = HubSpotAccountUnderTest(lag=(2.0, 2.0), merged_losers_in_search=kept)
    both = late.kernel.load("contacts", [{"city": "A"}] * 2)
    late.kernel.merge("contacts", *both)
    assert late.hits(("city", "EQ", "A")) == (both if kept else [])


@pytest.mark.fact("hubspot 4.11")
def test_each_object_has_its_own_stamp(hub: HubSpotAccountUnderTest) -> None:
    """``lastmodifieddate`` on contacts, whose ``hs_lastmodifieddate`` is empty; that one on everything else."""
    person, firm = hub.contact(city="A"), hub.kernel.create("companies", {"name": "F"})
    values = hub.read(person, "lastmodifieddate", "hs_lastmodifieddate")
    assert (values["lastmodifieddate"], values["hs_lastmodifieddate"]) == ("2026-11-25T12:00:00.000Z", None)
    assert "lastmodifieddate" not in hub.read(firm, "lastmodifieddate", kind="companies")
    assert hub.read(firm, kind="companies")["hs_lastmodifieddate"] == "2026-11-25T12:00:00.000Z"


@pytest.mark.fact("hubspot 4.12")
def test_the_stamp_moves_for_what_nobody_sees(hub: HubSpotAccountUnderTest) -> None:
    """A hidden property, one that HubSpot works out, a logged note and a task, and the app's own write."""
    person = hub.contact(email="a@x.com")
    seen = [hub.stamp(person)]
    hub.kernel.unsubscribe("a@x.com")
    seen.append(hub.stamp(person))
    for kind, number in (("notes", 202), ("tasks", 204)):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}]
        link = {"to": {"id": person}, "types": types}
        hub.ok("POST", f"/crm/v3/objects/{kind}", {"properties": {}, "associations": [link]})
        seen.append(hub.stamp(person))
    hub.ok("PATCH", f"{CONTACTS}/{person}", {"properties": {"city": "B"}})
    seen.append(hub.stamp(person))
    assert seen == sorted(set(seen))


@pytest.mark.fact("hubspot 4.13")
@pytest.mark.parametrize(("kind", "stamp"), [("contacts", "lastmodifieddate"), ("companies", "hs_lastmodifieddate")])
def test_updated_at_is_the_stamp(hub: HubSpotAccountUnderTest, kind: str, stamp: str) -> None:
    """The same instant to the millisecond, in a search and in a read."""
    hub.clock.advance(0.123)
    made = hub.kernel.create(kind, {})
    for row in (hub.search(kind=kind)[1]["results"][0], hub.ok("GET", f"/crm/v3/objects/{kind}/{made}")):
        assert row["updatedAt"] == row["properties"][stamp] == "2026-11-25T12:00:00.123Z"


@pytest.mark.fact("hubspot 5.2")
def test_defaults_and_the_own_list(hub: HubSpotAccountUnderTest) -> None:
    """Six properties of a contact when none is asked for, in reads and lists; else those asked for, id and stamps."""
    person = hub.contact(email="a@x.com", city="A")
    defaults = ["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"]
    for row in (hub.ok("GET", f"{CONTACTS}/{person}"), hub.ok("GET", CONTACTS)["results"][0]):
        assert sorted(row["properties"]) == defaults
    assert sorted(hub.read(person, "city")) == ["city", "createdate", "hs_object_id", "lastmodifieddate"]


@pytest.mark.fact("hubspot 5.4")
def test_batch_reads_know_no_associations(hub: HubSpotAccountUnderTest) -> None:
    """Properties and history as asked for; associations are not answered, wherever they are asked for."""
    firm, person = hub.kernel.create("companies", {"name": "F"}), hub.contact(email="a@x.com", city="A")
    hub.kernel.associate(contact_id=person, company_id=firm)
    body = {
        "inputs": [{"id": "a@x.com"}], "idProperty": "email", "properties": ["city"],
        "propertiesWithHistory": ["city"], "associations": ["companies"],
    }  # fmt: skip
    (row,) = hub.ok("POST", f"{CONTACTS}/batch/read?associations=companies", body)["results"]
    assert (row["id"], row["properties"]["city"], "associations" in row) == (person, "A", False)
    assert [entry["value"] for entry in row["propertiesWithHistory"]["city"]] == ["A"]
    assert "associations" in hub.ok("GET", f"{CONTACTS}/{person}?associations=companies")


@pytest.mark.fact("hubspot 5.5")
@pytest.mark.parametrize(("named", "status"), [(True, 207), (False, 200)])
def test_what_a_batch_read_says_of_the_unknown(named: bool, status: int) -> None:
    """Fewer rows, in id order; by switch an error names the ids. A secondary address finds, and is not echoed."""
    hub = HubSpotAccountUnderTest(batch_read_names_missing=named)
    one, two = hub.contact(email="a@x.com"), hub.contact(email="b@x.com")
    new = hub.kernel.merge("contacts", one, two)
    later = hub.contact(email="c@x.com")
    properties = ["email", "hs_additional_emails"]
    inputs = [{"id": address} for address in ("c@x.com", "zz@x.com", "b@x.com")]
    found, body = hub.call(
        "POST", f"{CONTACTS}/batch/read", {"inputs": inputs, "idProperty": "email", "properties": properties}
    )
    assert (found, [row["id"] for row in body["results"]]) == (status, [new, later])
    values = body["results"][0]["properties"]
    assert (values["email"], values["hs_additional_emails"]) == ("a@x.com", "b@x.com")
    errors = [(error["category"], error["context"]["ids"]) for error in body.get("errors", [])]
    assert errors == ([("OBJECT_NOT_FOUND", ["zz@x.com"])] if named else [])


@pytest.mark.fact("hubspot 5.6")
@pytest.mark.parametrize(("newest_first", "values"), [(True, ["B", "A"]), (False, ["A", "B"])])
def test_the_order_of_history(newest_first: bool, values: list[str]) -> None:
    """Newest first or last, by switch; each entry has instant and source; a list with history has 50 rows at most."""
    hub = HubSpotAccountUnderTest(history_newest_first=newest_first)
    person = hub.contact(city="A")
    hub.clock.advance(1)
    hub.kernel.edit("contacts", person, {"city": "B"}, by="userId:7")
    entries = hub.ok("GET", f"{CONTACTS}/{person}?propertiesWithHistory=city")["propertiesWithHistory"]["city"]
    assert [entry["value"] for entry in entries] == values
    newest = entries[0 if newest_first else 1]
    assert newest == {
        "value": "B", "timestamp": "2026-11-25T12:00:01.000Z", "sourceType": "CRM_UI", "sourceId": "userId:7",
        "updatedByUserId": 7,
    }  # fmt: skip
    assert hub.call("GET", f"{CONTACTS}?limit=50&propertiesWithHistory=city")[0] == 200
    assert hub.call("GET", f"{CONTACTS}?limit=51&propertiesWithHistory=city")[0] == 400


@pytest.mark.fact("hubspot 5.7")
@pytest.mark.parametrize("kind", ["INTEGRATION", "API"])
def test_history_tells_own_writes(kind: str) -> None:
    """Type and id of the source: the app by its id (its type is a switch), a person, an import, a merge."""
    hub = HubSpotAccountUnderTest(api_source_type=kind)
    (first,) = hub.kernel.load("contacts", [{"city": "A"}])
    hub.ok("PATCH", f"{CONTACTS}/{first}", {"properties": {"city": "B"}})
    hub.kernel.edit("contacts", first, {"city": "C"}, by="userId:7")
    new = hub.kernel.merge("contacts", first, hub.contact(phone="1"), by="userId:8")
    history = hub.ok("GET", f"{CONTACTS}/{new}?propertiesWithHistory=city,phone")["propertiesWithHistory"]
    assert [(entry["sourceType"], entry["sourceId"]) for entry in history["city"]] == [
        ("CRM_UI", "userId:7"), (kind, str(hub.kernel.account.app_id)), ("IMPORT", "import:1"),
    ]  # fmt: skip
    assert history["phone"][0]["sourceType"] == "MERGE_CONTACTS"


@pytest.mark.fact("hubspot 5.9")
def test_ninety_days_in_the_recycle_bin(hub: HubSpotAccountUnderTest) -> None:
    """Till then an archived record is listed, read and read in batches as such, and can come back; then it is gone."""
    first, second = hub.contact(city="A"), hub.contact(city="B")
    hub.ok("DELETE", f"{CONTACTS}/{first}")
    hub.clock.advance(DAY)
    hub.ok("DELETE", f"{CONTACTS}/{second}")
    batch = {"inputs": [{"id": first}], "properties": []}
    (row,) = hub.ok("POST", f"{CONTACTS}/batch/read?archived=true", batch)["results"]
    assert (row["archived"], row["archivedAt"]) == (True, "2026-11-25T12:00:00.000Z")
    hub.clock.advance(89 * DAY - 1)
    assert [row["id"] for row in hub.ok("GET", f"{CONTACTS}?archived=true")["results"]] == [first, second]
    hub.clock.advance(1)
    assert [row["id"] for row in hub.ok("GET", f"{CONTACTS}?archived=true")["results"]] == [second]
    assert hub.call("POST", f"{CONTACTS}/batch/read?archived=true", batch)[0] == 207
    hub.kernel.restore("contacts", second)
    hub.clock.advance(90 * DAY)
    assert [row["id"] for row in hub.ok("GET", CONTACTS)["results"]] == [second]


@pytest.mark.fact("hubspot 5.10")
@pytest.mark.parametrize(("blocked", "status"), [(True, 400), (False, 201)])
def test_whether_an_erased_address_can_come_back(blocked: bool, status: int) -> None:
    """A privacy deletion leaves nothing, not even in the recycle bin; the address is blocked by switch."""
    hub = HubSpotAccountUnderTest(erased_address_blocked=blocked)
    person = hub.contact(email="a@x.com")
    assert hub.call("POST", f"{CONTACTS}/gdpr-delete", {"objectId": person})[0] == 204
    assert hub.ok("GET", f"{CONTACTS}?archived=true")["results"] == []
    assert hub.call("GET", f"{CONTACTS}/{person}?archived=true")[0] == 404
    assert hub.call("POST", CONTACTS, {"properties": {"email": "A@x.com"}})[0] == status
    assert hub.call("POST", COMPANIES, {"properties": {"name": "F"}})[0] == 201
