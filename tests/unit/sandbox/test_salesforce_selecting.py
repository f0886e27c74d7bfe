"""What SOQL selects beside fields: functions that put rows together, FIELDS(), and child subqueries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.salesforce_client import ROOT, Client


@pytest.fixture
def org() -> Client:
    """Four Leads of two ratings, one without a rating and one deleted; two Accounts, one of them with Contacts."""
    client = Client()
    rows: list[dict[str, object]] = [
        {"LastName": "Ash", "Rating": "Hot", "AnnualRevenue": 10},
        {"LastName": "Birch", "Rating": "Cold", "AnnualRevenue": 30},
        {"LastName": "Cedar", "Rating": "Hot"},
        {"LastName": "Elm"},
    ]
    for row in rows:
        client.lead(**row)
    client.kernel.delete("Lead", client.lead(LastName="Fir", Rating="Hot", AnnualRevenue=90))
    acme = client.kernel.insert("Account", {"Name": "Acme"})
    client.kernel.insert("Account", {"Name": "Lonely"})
    for name, city in (("Zoe", "Bonn"), ("Ada", "Bonn"), ("Max", "Rome")):
        client.kernel.insert("Contact", {"LastName": name, "AccountId": acme, "MailingCity": city})
    return client


def groups(org: Client, soql: str, resource: str = "query") -> list[list[Any]]:
    """The values of an aggregate query."""
    answer = org.query(soql, resource)
    assert (answer["totalSize"], answer["done"]) == (len(answer["records"]), True)
    assert all(row.pop("attributes") == {"type": "AggregateResult"} for row in answer["records"])
    return [list(row.values()) for row in answer["records"]]


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        ("SELECT COUNT(Id) FROM Lead", [[4]]),
        ("SELECT COUNT(AnnualRevenue), MIN(AnnualRevenue), MAX(LastName) FROM Lead", [[2, 10, "Elm"]]),
        ("SELECT SUM(AnnualRevenue), AVG(AnnualRevenue), COUNT_DISTINCT(Rating) FROM Lead", [[40, 20, 2]]),
        ("SELECT COUNT(Id), MAX(AnnualRevenue) FROM Lead WHERE LastName = 'Nobody'", [[0, None]]),
        (
            "SELECT Rating, COUNT(Id), MAX(AnnualRevenue) FROM Lead GROUP BY Rating ORDER BY Rating",
            [[None, 1, None], ["Cold", 1, 30], ["Hot", 2, 10]],
        ),
        ("SELECT Rating FROM Lead GROUP BY Rating ORDER BY Rating DESC LIMIT 1 OFFSET 1", [["Hot"]]),
        ("SELECT Owner.Name, COUNT(Id) FROM Lead WHERE Rating = 'Hot' GROUP BY Owner.Name", [["Org Admin", 2]]),
    ],
)
def test_rows_are_put_together(org: Client, soql: str, expected: list[list[Any]]) -> None:
    """By groups or all in one; empty values count for nothing, deleted rows neither."""
    assert groups(org, soql) == expected


def test_names_of_what_is_put_together(org: Client) -> None:
    """Functions are numbered where they have no alias; queryAll takes deleted rows as well."""
    soql = "SELECT Rating grade, COUNT(Id), MAX(LastName) last, MIN(LastName) FROM Lead WHERE Rating = 'Hot'"
    (row,) = org.query(f"{soql} GROUP BY Rating", "queryAll")["records"]
    del row["attributes"]
    assert row == {"grade": "Hot", "expr0": 3, "last": "Fir", "expr1": "Ash"}


@pytest.mark.fact("salesforce 6.13")
@pytest.mark.parametrize(
    ("soql", "code", "part"),
    [
        ("SELECT LastName, COUNT(Id) FROM Lead", "MALFORMED_QUERY", "Field must be grouped or aggregated: LastName"),
        ("SELECT Rating, LastName FROM Lead GROUP BY Rating", "MALFORMED_QUERY", "aggregated: LastName"),
        ("SELECT COUNT(Id) FROM Lead GROUP BY Rating ORDER BY LastName", "MALFORMED_QUERY", "Ordered field must be"),
        ("SELECT COUNT(Id) FROM Lead LIMIT 1", "MALFORMED_QUERY", "cannot also use LIMIT"),
        ("SELECT COUNT(Id) FROM Lead GROUP BY AnnualRevenue", "INVALID_FIELD", "can not be grouped"),
        ("SELECT SUM(LastName) FROM Lead", "MALFORMED_QUERY", "does not support aggregate operator SUM"),
        ("SELECT MAX(Description) FROM Lead", "MALFORMED_QUERY", "does not support aggregate operator MAX"),
        ("SELECT COUNT(Id) n, MAX(Id) n FROM Lead", "MALFORMED_QUERY", "duplicate alias: n"),
        ("SELECT COUNT(Foo__c) FROM Lead", "INVALID_FIELD", "No such column 'Foo__c'"),
        ("SELECT FIELDS(ALL), COUNT(Id) FROM Lead", "MALFORMED_QUERY", "aggregate operator FIELDS"),
        ("SELECT COUNT(Id), (SELECT Id FROM Tasks) FROM Lead", "MALFORMED_QUERY", "no child subqueries"),
        ("SELECT COUNT(Id) FROM Lead GROUP BY Rating HAVING COUNT(Id) > 1", "MALFORMED_QUERY", "'HAVING'"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 201", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT FIELDS(SOME) FROM Lead LIMIT 1", "MALFORMED_QUERY", "unexpected token: 'some'"),
        ("SELECT Id, FIELDS(STANDARD) FROM Lead", "INVALID_FIELD", "duplicate field selected: id"),
        ("SELECT Id, (SELECT Id FROM Contact) FROM Account", "INVALID_TYPE", "understand relationship 'Contact'"),
        ("SELECT Id, (SELECT Foo__c FROM Contacts) FROM Account", "INVALID_FIELD", "No such column 'Foo__c'"),
        ("SELECT Id, (SELECT COUNT(Id) FROM Contacts) FROM Account", "MALFORMED_QUERY", "selects fields"),
        ("SELECT Id, (SELECT COUNT() FROM Contacts) FROM Account", "MALFORMED_QUERY", "selects fields"),
        ("SELECT Id, (SELECT Id, (SELECT Id FROM Tasks) FROM Contacts) FROM Account", "MALFORMED_QUERY", "within a"),
        ("SELECT Id FROM Lead WHERE Id IN (SELECT COUNT(Id) FROM Lead)", "MALFORMED_QUERY", "one field"),
    ],
)
def test_refusals(org: Client, soql: str, code: str, part: str) -> None:
    """What the vendor refuses, or what is not understood here, is refused by its code."""
    (refusal,) = org.query(soql)
    assert refusal["errorCode"] == code
    assert part in refusal["message"]


def test_too_many_groups(monkeypatch: pytest.MonkeyPatch, org: Client) -> None:
    """More than a page of groups cannot be fetched; a limit helps."""
    monkeypatch.setattr("sandbox.salesforce.aggregating.MAX_PAGE", 2)
    (refusal,) = org.query("SELECT Rating FROM Lead GROUP BY Rating")
    assert refusal["errorCode"] == "EXCEEDED_ID_LIMIT"
    assert len(groups(org, "SELECT Rating FROM Lead GROUP BY Rating LIMIT 2")) == 2


def test_fields_stand_for_all_standard_or_custom_ones(org: Client) -> None:
    """As the describe lists them, the compound address and not what is hidden among them."""
    org.kernel.hide_field("Lead", "Fax")
    described = {row["name"]: row["custom"] for row in org.call("GET", "/sobjects/Lead/describe")[1]["fields"]}
    for sort, tail, wanted in (
        ("ALL", " LIMIT 200", set(described)),
        ("standard", "", {name for name, custom in described.items() if not custom}),
        ("CUSTOM", " LIMIT 1", {name for name, custom in described.items() if custom}),
    ):
        row = org.query(f"SELECT FIELDS({sort}) FROM Lead{tail}")["records"][0]
        assert row.keys() - {"attributes"} == wanted
    assert "Fax" not in described
    both = org.query("SELECT Id, FIELDS(CUSTOM) FROM Lead LIMIT 1")["records"][0]
    assert {"Id", "Syncd_Marketing_Id__c"} <= both.keys()


def test_children_are_nested_under_their_relationship(org: Client) -> None:
    """In the shape of a query's answer, with a condition, an order and a limit of their own; null without any."""
    inner = "SELECT LastName, Account.Name FROM Contacts WHERE MailingCity = 'Bonn' ORDER BY LastName"
    acme, lonely = org.query(f"SELECT Name, ({inner}) FROM Account ORDER BY Name")["records"]
    assert list(acme) == ["attributes", "Name", "Contacts"]
    assert (acme["Contacts"]["totalSize"], acme["Contacts"]["done"]) == (2, True)
    first, second = acme["Contacts"]["records"]
    assert (first["LastName"], first["Account"]["Name"], second["LastName"]) == ("Ada", "Acme", "Zoe")
    assert first["attributes"]["url"].startswith(f"{ROOT}/sobjects/Contact/003")
    assert lonely["Contacts"] is None
    (one,) = org.query("SELECT (SELECT Id FROM Contacts LIMIT 1) FROM Account WHERE Name = 'Acme'")["records"]
    assert one["Contacts"]["totalSize"] == 1


def test_the_describe_names_the_relationships(org: Client) -> None:
    """A client that makes a subquery finds its name there, and queries of every name are answered."""
    for parent in ("Account", "Contact", "Lead", "Opportunity", "Campaign"):
        told = org.call("GET", f"/sobjects/{parent}/describe")[1]["childRelationships"]
        names = {each["relationshipName"] for each in told} - {None}
        assert names
        for name in names:
            assert "records" in org.query(f"SELECT Id, (SELECT Id FROM {name}) FROM {parent}"), (parent, name)


def test_deleted_children(org: Client) -> None:
    """Only queryAll shows them."""
    gone = org.column("SELECT Id FROM Contact WHERE LastName = 'Max'", "Id")[0]
    org.kernel.delete("Contact", gone)
    soql = "SELECT (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Acme'"
    sizes = [org.query(soql, resource)["records"][0]["Contacts"]["totalSize"] for resource in ("query", "queryAll")]
    assert sizes == [2, 3]


@pytest.mark.parametrize(
    "soql",
    ["SELECT COUNT(Id) FROM Lead", "SELECT Id, (SELECT Id FROM Tasks) FROM Lead", "SELECT FIELDS(STANDARD) FROM Lead"],
)
def test_bulk_takes_none_of_it(org: Client, soql: str) -> None:
    """A job of such a query is refused before it is made."""
    status, (refusal,) = org.call("POST", "/jobs/query", {"operation": "query", "query": soql})
    assert (status, refusal["errorCode"]) == (400, "API_ERROR")


def test_the_tooling_api_answers_in_its_own_shape(org: Client) -> None:
    """Beside the rows it tells their number on this page, a locator and the object; their addresses are its own."""
    soql = "SELECT+Id,DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Lead'"
    status, answer = org.call("GET", f"/tooling/query?q={soql}")
    rows = answer.pop("records")
    assert (status, rows[0]["attributes"]["type"]) == (200, "CustomField")
    assert rows[0]["attributes"]["url"] == f"{ROOT}/tooling/sobjects/CustomField/{rows[0]['Id']}"
    assert answer == {
        "size": len(rows), "totalSize": len(rows), "done": True, "queryLocator": None, "entityTypeName": "CustomField",
    }  # fmt: skip
    counted = org.call("GET", "/tooling/query?q=SELECT+COUNT()+FROM+CustomField+WHERE+TableEnumOrId='Lead'")[1]
    assert (counted["size"], counted["records"]) == (len(rows), [])
