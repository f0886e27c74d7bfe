"""Pages, instants, stamps and the order of ids, where the vendor is uncertain in both ways."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.salesforce_client import ROOT, Client

KEYSET = "SystemModstamp > {0} OR (SystemModstamp = {0} AND Id > '{1}')"


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def many(org: Client, count: int) -> list[str]:
    """Leads of one second; returns their ids."""
    return org.kernel.load("Lead", [{"LastName": f"L{number}", "Company": "C"} for number in range(count)])


@pytest.mark.fact("salesforce 3.2")
@pytest.mark.parametrize(("smallest", "rows"), [(200, 200), (1, 50)])
def test_a_small_batch_size_is_a_wish(org: Client, smallest: int, rows: int) -> None:
    """Below the least size it is raised, where there is one."""
    org.kernel.switches.smallest_page = smallest
    many(org, 250)
    assert len(org.query("SELECT Id FROM Lead", Sforce_Query_Options="batchSize=50")["records"]) == rows


@pytest.mark.fact("salesforce 3.2")
def test_a_page_may_be_smaller_than_asked(org: Client) -> None:
    """The server decides; 2,000 is the most in any case."""
    many(org, 2100)
    for largest in (2000, 5000):
        org.kernel.switches.largest_page = largest
        assert len(org.query("SELECT Id FROM Lead", Sforce_Query_Options="batchSize=5000")["records"]) == 2000
    org.kernel.switches.largest_page = 300
    assert len(org.query("SELECT Id FROM Lead")["records"]) == 300


@pytest.mark.fact("salesforce 3.1")
def test_the_next_page_is_named(org: Client) -> None:
    """By a path below the version, with the place in the result."""
    many(org, 2001)
    page = org.query("SELECT Id FROM Lead")
    assert page["nextRecordsUrl"].startswith(f"{ROOT}/query/01g")
    assert page["nextRecordsUrl"].endswith("-2000")


@pytest.mark.fact("salesforce 3.3", "salesforce 3.4")
def test_any_number_of_cursors_stays_open_and_each_page_is_a_call(org: Client) -> None:
    """Thirty at once answer all; every page costs one."""
    many(org, 201)
    org.kernel.switches.largest_page = 200
    pages = [org.query("SELECT Id FROM Lead")["nextRecordsUrl"] for _ in range(30)]
    assert org.kernel.limits.used(org.clock.now()) == 30
    assert all(len(org.call("GET", page)[1]["records"]) == 1 for page in pages)
    assert org.kernel.limits.used(org.clock.now()) == 60


@pytest.mark.fact("salesforce 3.5")
def test_instants_in_an_address(org: Client) -> None:
    """A plus sign must be escaped, milliseconds are optional, a date field takes a date only."""
    org.lead()
    where = "/query?q=SELECT+Id+FROM+Lead+WHERE+SystemModstamp+%3E=+2026-01-05T13:00:00"
    assert org.call("GET", f"{where}%2B01:00")[1]["totalSize"] == 1
    assert org.call("GET", f"{where}.000Z")[1]["totalSize"] == 0
    assert org.call("GET", f"{where}+01:00")[1][0]["errorCode"] == "MALFORMED_QUERY"
    assert org.query("SELECT Id FROM Lead WHERE ConvertedDate = 2026-01-05")["totalSize"] == 0
    refused = org.query("SELECT Id FROM Lead WHERE ConvertedDate = 2026-01-05T00:00:00Z")
    assert refused[0]["errorCode"] == "INVALID_FIELD"


@pytest.mark.fact("salesforce 3.6")
def test_stamps_tie_within_a_second(org: Client) -> None:
    """Whole seconds with an offset without colon: a strict comparison loses what came later in the same second."""
    first = org.lead()
    stamp = org.query("SELECT SystemModstamp FROM Lead")["records"][0]["SystemModstamp"]
    assert stamp == "2026-01-05T12:00:00.000+0000"
    org.clock.advance(0.9)
    later = org.lead()
    assert org.column("SELECT Id FROM Lead WHERE SystemModstamp > 2026-01-05T12:00:00Z", "Id") == []
    assert org.column("SELECT Id FROM Lead WHERE SystemModstamp >= 2026-01-05T12:00:00Z", "Id") == [first, later]


@pytest.mark.fact("salesforce 3.7", "salesforce 3.8")
@pytest.mark.parametrize("moves", [True, False])
def test_two_stamps_tell_of_two_things(org: Client, moves: bool) -> None:
    """An import sets LastModifiedDate; a recalculation moves SystemModstamp alone, or, by the switch, nothing."""
    org.kernel.switches.recalculation_moves_stamp = moves
    old, loaded = "2020-05-01T08:00:00.000+0000", "2026-01-05T12:00:00.000+0000"
    row = {"LastName": "A", "Company": "C", "LastModifiedDate": old, "SystemModstamp": loaded}
    (lead,) = org.kernel.load("Lead", [row])
    assert org.column(f"SELECT LastModifiedDate FROM Lead WHERE SystemModstamp = {loaded}", "LastModifiedDate") == [old]
    org.clock.advance(60)
    org.kernel.touch("Lead", [lead])
    assert org.read(lead, "LastModifiedDate") == old
    assert org.read(lead, "SystemModstamp") == ("2026-01-05T12:01:00.000+0000" if moves else loaded)
    org.kernel.edit("Lead", lead, {"City": "x"})
    assert org.read(lead, "LastModifiedDate") == org.read(lead, "SystemModstamp") == "2026-01-05T12:01:00.000+0000"


@pytest.mark.fact("salesforce 3.10")
@pytest.mark.parametrize("answered", [True, False])
def test_a_keyset_may_time_out(org: Client, answered: bool) -> None:
    """By the switch, the OR over stamp and id is not selective; each half alone is answered in any case."""
    org.kernel.switches.keyset_filters = answered
    ids = many(org, 3)
    stamp = "2026-01-05T12:00:00Z"
    found = org.query(f"SELECT Id FROM Lead WHERE {KEYSET.format(stamp, ids[0])} ORDER BY SystemModstamp, Id")
    if answered:
        assert [row["Id"] for row in found["records"]] == ids[1:]
    else:
        assert found[0]["errorCode"] == "QUERY_TIMEOUT"
    assert org.query(f"SELECT Id FROM Lead WHERE SystemModstamp = {stamp} AND Id > '{ids[0]}'")["totalSize"] == 2


@pytest.mark.fact("salesforce 3.11")
@pytest.mark.parametrize("exact", [True, False])
def test_ids_compare_with_or_without_case(org: Client, exact: bool) -> None:
    """Upper case comes before lower case, or both are equal; the order of a query is the same as its comparison."""
    org.kernel.switches.ids_compare_exactly = exact
    key = str if exact else str.lower
    ids = many(org, 200)
    assert sorted(ids) != sorted(ids, key=str.lower), "these ids do not tell the two orders apart"
    ordered = sorted(ids, key=key)
    assert org.column("SELECT Id FROM Lead ORDER BY Id", "Id") == ordered
    middle = ordered[100]
    assert org.column(f"SELECT Id FROM Lead WHERE Id > '{middle}' ORDER BY Id", "Id") == ordered[101:]
    assert org.column(f"SELECT Id FROM Lead WHERE Id <= '{middle[:15]}' ORDER BY Id", "Id") == ordered[:101]


@pytest.mark.fact("salesforce 9.10")
@pytest.mark.parametrize(("lowers", "stored"), [(True, "jo@x.example"), (False, "Jo@X.example")])
def test_addresses_compare_without_case(org: Client, lowers: bool, stored: str) -> None:
    """Whether or not they are stored in lower case."""
    org.kernel.switches.lowercases_email = lowers
    lead = org.call("POST", "/sobjects/Lead", {"LastName": "A", "Company": "C", "Email": "Jo@X.example"})[1]["id"]
    assert org.read(lead, "Email") == stored
    assert org.column("SELECT Id FROM Lead WHERE Email = 'JO@x.EXAMPLE'", "Id") == [lead]


@pytest.mark.fact("salesforce 9.9")
@pytest.mark.parametrize("restores", [True, False])
def test_an_id_without_its_case(org: Client, restores: bool) -> None:
    """Of 18 characters it is known by its checksum, or, by the switch, it is none; of 15 it is another one."""
    org.kernel.switches.restores_id_case = restores
    lead = next(each for each in many(org, 60) if each[:15] != each[:15].lower() and each[:15] != each[:15].upper())
    lost = lead[:15].lower() + lead[15:]
    assert org.call("GET", f"/sobjects/Lead/{lead[:15]}")[1]["Id"] == lead
    assert org.call("GET", f"/sobjects/Lead/{lost}")[0] == (200 if restores else 404)
    assert org.call("GET", f"/sobjects/Lead/{lost[:15]}")[0] == 404
    found = org.query(f"SELECT Id FROM Lead WHERE Id = '{lost}'")
    assert (found["totalSize"] == 1) if restores else found[0]["errorCode"] == "INVALID_QUERY_FILTER_OPERATOR"
    row = {"attributes": {"type": "Lead"}, "id": lost, "City": "x"}
    assert org.call("PATCH", "/composite/sobjects", {"records": [row]})[1][0]["success"] is restores


@pytest.mark.fact("salesforce 9.9")
@pytest.mark.parametrize(
    ("name", "prefix"),
    [("Account", "001"), ("Contact", "003"), ("User", "005"), ("Opportunity", "006"), ("Lead", "00Q"),
     ("CampaignMember", "00v"), ("Task", "00T"), ("Campaign", "701")],
)  # fmt: skip
def test_an_id_begins_with_the_prefix_of_its_object(org: Client, name: str, prefix: str) -> None:
    """As the describe says."""
    assert org.call("GET", f"/sobjects/{name}/describe")[1]["keyPrefix"] == prefix
    assert org.kernel.org.ids.take(prefix).startswith(prefix)
