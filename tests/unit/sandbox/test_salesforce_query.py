"""SOQL, pages and what the queries refuse."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.sandbox.salesforce_client import ROOT, Client


@pytest.fixture
def org() -> Client:
    """Five leads, one second apart."""
    client = Client()
    rows: list[dict[str, object]] = [
        {"LastName": "Ash", "Email": "Ash@Example.com", "AnnualRevenue": 10, "Rating": "Hot"},
        {"LastName": "birch", "Email": "birch@example.com", "Product_Interests__c": "Training;Support"},
        {"LastName": "Cedar", "Status": "Working - Contacted", "AnnualRevenue": 30.0, "HasOptedOutOfEmail": True},
        {"LastName": "O'Elm", "Company": "50%_off", "Product_Interests__c": "Training"},
        {"LastName": "Fir", "City": "Köln", "AnnualRevenue": 20},
    ]
    for row in rows:
        client.lead(**row)
        client.clock.advance(1)
    return client


@pytest.mark.fact("salesforce 3.5", "salesforce 9.10")
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("LastName = 'ASH'", ["Ash"]),
        ("LastName = 'O\\'Elm'", ["O'Elm"]),
        ("LastName != 'ash' AND AnnualRevenue != null", ["Cedar", "Fir"]),
        ("Rating != 'Hot'", ["birch", "Cedar", "O'Elm", "Fir"]),
        ("AnnualRevenue >= 20 AND (LastName = 'Fir' OR LastName LIKE 'c%')", ["Cedar", "Fir"]),
        ("AnnualRevenue < 20.5", ["Ash", "Fir"]),
        ("NOT (AnnualRevenue > 0)", ["birch", "O'Elm"]),
        ("Email IN ('ASH@example.com', 'BIRCH@example.com', 'no@example.com')", ["Ash", "birch"]),
        ("Email NOT IN ('ash@example.com')", ["birch", "Cedar", "O'Elm", "Fir"]),
        ("Company LIKE '50\\%\\_%'", ["O'Elm"]),
        ("LastName LIKE '_ir'", ["Fir"]),
        ("HasOptedOutOfEmail = TRUE", ["Cedar"]),
        ("Product_Interests__c INCLUDES ('Support', 'Hardware')", ["birch"]),
        ("Product_Interests__c INCLUDES ('Training;Support')", ["birch"]),
        ("Product_Interests__c EXCLUDES ('Support')", ["Ash", "Cedar", "O'Elm", "Fir"]),
        ("SystemModstamp > 2026-01-05T12:00:02Z", ["O'Elm", "Fir"]),
        ("SystemModstamp >= 2026-01-05T13:00:03+01:00", ["O'Elm", "Fir"]),
        ("SystemModstamp > 2026-01-05T12:00:02.500Z AND SystemModstamp <= 2026-01-05T12:00:03.000+0000", ["O'Elm"]),
        ("CreatedDate = TODAY AND LastName IN ('Ash')", ["Ash"]),
        ("CreatedDate < TODAY OR CreatedDate > LAST_N_DAYS:3", []),
        ("Owner.Name = 'org admin' AND LastName = 'Ash'", ["Ash"]),
        ("City = 'köln'", ["Fir"]),
        ("Id = null", []),
    ],
)
def test_where(org: Client, where: str, expected: list[str]) -> None:
    """Each operator keeps the rows that the vendor keeps."""
    assert org.column(f"SELECT LastName FROM Lead WHERE {where}") == expected


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("ORDER BY LastName", ["Ash", "birch", "Cedar", "Fir", "O'Elm"]),
        ("ORDER BY AnnualRevenue, LastName DESC", ["O'Elm", "birch", "Ash", "Fir", "Cedar"]),
        ("ORDER BY AnnualRevenue DESC NULLS LAST, LastName", ["Cedar", "Fir", "Ash", "birch", "O'Elm"]),
        ("ORDER BY SystemModstamp DESC, Id LIMIT 2", ["Fir", "O'Elm"]),
        ("ORDER BY Id LIMIT 2 OFFSET 2", ["Cedar", "O'Elm"]),
        ("order by systemmodstamp asc nulls first limit 1", ["Ash"]),
    ],
)
def test_order_and_limit(org: Client, tail: str, expected: list[str]) -> None:
    """Sorting is without case, null first unless asked otherwise."""
    assert org.column(f"SELECT LastName FROM Lead {tail}") == expected


@pytest.mark.fact("salesforce 3.10")
def test_a_keyset_page_starts_behind_the_last_row_of_a_tie() -> None:
    """Thousands of equal stamps are read page by page without loss or repetition."""
    org = Client()
    ids = org.kernel.load("Lead", [{"LastName": str(number), "Company": "C"} for number in range(50)])
    stamp = "2026-01-05T12:00:00Z"
    read: list[str] = []
    tail = f"WHERE SystemModstamp >= {stamp}"
    while page := org.column(f"SELECT Id FROM Lead {tail} ORDER BY SystemModstamp, Id LIMIT 7", "Id"):
        read += page
        tail = f"WHERE SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{page[-1]}')"
    assert read == ids


def test_an_index_is_only_a_short_cut(org: Client) -> None:
    """The same rows come back whether the planner uses stamps, ids, an index or none, after edits and deletes."""
    ids = org.column("SELECT Id FROM Lead ORDER BY Id", "Id")
    org.kernel.edit("Lead", ids[0], {"Email": "new@example.com"})
    org.kernel.delete("Lead", ids[1])
    assert org.column("SELECT Id FROM Lead WHERE Email = 'ash@example.com'", "Id") == []
    assert org.column("SELECT Id FROM Lead WHERE Email LIKE 'NEW%'", "Id") == [ids[0]]
    assert org.column("SELECT Id FROM Lead WHERE Email = 'NEW@example.com'", "Id") == [ids[0]]
    assert org.column("SELECT Id FROM Lead WHERE SystemModstamp >= 2026-01-05T12:00:05Z", "Id") == [ids[0]]
    assert org.column(f"SELECT Id FROM Lead WHERE Id > '{ids[1][:15]}'", "Id") == ids[2:]
    found = org.column("SELECT Id FROM Lead WHERE SystemModstamp >= 2026-01-05T12:00:05Z", "Id", "queryAll")
    assert found == ids[:2]


def test_parents_and_compounds(org: Client) -> None:
    """A parent is nested and null where it is missing; an address is put together; names take the vendor's case."""
    account = org.kernel.insert("Account", {"Name": "Acme"})
    org.kernel.insert("Contact", {"LastName": "A", "AccountId": account, "MailingCity": "Bonn"})
    org.kernel.insert("Contact", {"LastName": "B"})
    rows = org.query("select lastname, account.name, Account.Owner.Email, MailingAddress from contact")["records"]
    first = rows[0]["Account"]
    assert first["Name"] == "Acme"
    assert first["attributes"] == {"type": "Account", "url": f"{ROOT}/sobjects/Account/{account}"}
    assert first["Owner"]["Email"] == "org.admin@sandbox.example"
    assert rows[0]["MailingAddress"]["city"] == "Bonn"
    assert (rows[1]["Account"], rows[1]["MailingAddress"]) == (None, None)


def test_a_queue_is_an_owner_without_email() -> None:
    """Owner is polymorphic: a queue has a name and a type, and no e-mail address of its own."""
    org = Client()
    org.lead(OwnerId=org.kernel.add_queue("Inbound"))
    (row,) = org.query("SELECT Owner.Name, Owner.Type, Owner.Email FROM Lead")["records"]
    assert (row["Owner"]["Name"], row["Owner"]["Type"], row["Owner"]["Email"]) == ("Inbound", "Queue", None)


@pytest.mark.fact("salesforce 3.5", "salesforce 6.13")
@pytest.mark.parametrize(
    ("soql", "code", "part"),
    [
        ("SELECT Id, Foo__c FROM Lead", "INVALID_FIELD", "No such column 'Foo__c' on entity 'Lead'"),
        ("SELECT Owner.Foo FROM Contact", "INVALID_FIELD", "No such column 'Foo' on entity 'User'"),
        ("SELECT Nope.Id FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT Id FROM Leads", "INVALID_TYPE", "sObject type 'Leads' is not supported"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT FROM Lead", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id FROM Lead WHERE LastName = 'a", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Lead WHERE LastName = 'a' AND Id = null OR Id = null", "MALFORMED_QUERY", "parentheses"),
        ("SELECT Id name FROM Lead", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT TYPEOF Owner WHEN User THEN Id END FROM Lead", "MALFORMED_QUERY", "unexpected token: 'TYPEOF'"),
        ("SELECT FORMAT(AnnualRevenue) FROM Lead", "MALFORMED_QUERY", "FORMAT() is not known"),
        ("SELECT Id FROM Lead WHERE LastName = 5", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > '2026-01-01'", "INVALID_FIELD", "should not be enclosed"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD", "of type dateTime"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Lead ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Id FROM Lead WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field"),
    ],
)
def test_refusals(org: Client, soql: str, code: str, part: str) -> None:
    """A query that cannot be answered is refused by the vendor's code, with the place."""
    status, (refusal,) = org.call("GET", f"/query?q={quote(soql)}")
    assert (status, refusal["errorCode"]) == (400, code)
    assert part in refusal["message"]


@pytest.mark.fact("salesforce 3.1", "salesforce 3.2", "salesforce 3.3")
def test_pages() -> None:
    """2,000 rows a page, batchSize smaller, cursors that expire, counts without rows, values as of the fetch."""
    org = Client()
    org.kernel.load("Lead", [{"LastName": f"L{number}", "Company": "C"} for number in range(4100)])
    first = org.query("SELECT Id FROM Lead")
    assert (first["totalSize"], first["done"], len(first["records"])) == (4100, False, 2000)
    second = org.call("GET", first["nextRecordsUrl"])[1]
    last = org.call("GET", second["nextRecordsUrl"])[1]
    assert (last["done"], len(last["records"]), "nextRecordsUrl" in last) == (True, 100, False)
    small = org.query("SELECT Id FROM Lead LIMIT 300", Sforce_Query_Options="batchSize=200")
    assert (small["totalSize"], len(small["records"])) == (300, 200)
    assert org.query("SELECT COUNT() FROM Lead") == {"totalSize": 4100, "done": True, "records": []}
    org.clock.advance(2 * 86_400)
    org.token = org.kernel.login()
    status, body = org.call("GET", first["nextRecordsUrl"])
    assert (status, body[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.fact("salesforce 6.16")
def test_a_long_query_is_refused() -> None:
    """Above 16,384 bytes the address is too long."""
    org = Client()
    values = ",".join(f"'{number:010}'" for number in range(1500))
    assert org.call("GET", f"/query?q=SELECT Id FROM Lead WHERE LastName IN ({values})")[0] == 414


@pytest.mark.fact("salesforce 4.4", "salesforce 6.13")
def test_hidden_fields_do_not_exist(org: Client) -> None:
    """Field-level security: a hidden field is an unknown column, in queries, writes and the describe."""
    org.kernel.hide_field("Lead", "Rating")
    assert org.query("SELECT Rating FROM Lead")[0]["errorCode"] == "INVALID_FIELD"
    body: Any = org.call("POST", "/sobjects/Lead", {"LastName": "x", "Company": "y", "Rating": "Hot"})[1]
    assert body[0]["message"] == "No such column 'Rating' on sobject of type Lead"
    names = [field["name"] for field in org.call("GET", "/sobjects/Lead/describe")[1]["fields"]]
    assert "Rating" not in names
    assert "Status" in names
