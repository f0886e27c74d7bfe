"""simple-salesforce against the Salesforce stand-in: one public method, or one way of it to fail, to a test."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.server import RunningSandbox
from tests.foreign.loopback import LoopbackAdapter

KEY = "Syncd_Marketing_Id__c"
_numbers = itertools.count(1)


def lead(org: Any, **more: Any) -> str:
    """A new Lead's id."""
    return str(org.Lead.create({"LastName": f"Lead {next(_numbers)}", "Company": "Acme", **more})["id"])


def window() -> tuple[datetime, datetime]:
    """The last hour and the next two minutes, in aware instants as the library needs them."""
    now = datetime.now(UTC)
    return now - timedelta(hours=1), now + timedelta(minutes=2)


# -- signing in --------------------------------------------------------------------------------------------------------
def test_client_credentials(box: RunningSandbox) -> None:
    """A key, a secret and a domain are a session that can ask; the user is told by ``oauth2``."""
    from simple_salesforce.api import Salesforce

    with requests.Session() as session:
        session.mount("https://", LoopbackAdapter(box.salesforce_url))
        org: Any = Salesforce(
            consumer_key="sandbox-client", consumer_secret="sandbox-secret", domain="acme.my", session=session
        )
        assert org.oauth2("userinfo")["organization_id"].startswith("00D")


def test_a_wrong_secret(box: RunningSandbox) -> None:
    """The token endpoint's refusal is the library's own exception, with the vendor's code in it."""
    from simple_salesforce.api import Salesforce
    from simple_salesforce.exceptions import SalesforceAuthenticationFailed

    with requests.Session() as session:
        session.mount("https://", LoopbackAdapter(box.salesforce_url))
        with pytest.raises(SalesforceAuthenticationFailed, match="invalid_client"):
            Salesforce(consumer_key="sandbox-client", consumer_secret="wrong", domain="acme.my", session=session)


def test_a_session_that_is_over(box: RunningSandbox) -> None:
    """401 becomes the library's exception for expired sessions, and the code can be read."""
    from simple_salesforce.api import Salesforce
    from simple_salesforce.exceptions import SalesforceExpiredSession

    with requests.Session() as session:
        session.mount("https://", LoopbackAdapter(box.salesforce_url))
        org: Any = Salesforce(instance_url=box.salesforce_url, session_id="00D!over", session=session)
        with pytest.raises(SalesforceExpiredSession) as raised:
            org.query("SELECT Id FROM Lead")
    assert raised.value.content[0]["errorCode"] == "INVALID_SESSION_ID"


# -- one row -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("Lead", {"LastName": "Dvořák", "Company": "Acme"}),
        ("Contact", {"LastName": "Dvořák", "Email": "dvorak@example.com"}),
        ("Account", {"Name": "Acme", "Website": "https://acme.example"}),
        ("Opportunity", {"Name": "Big", "StageName": "Prospecting", "CloseDate": "2030-01-31", "Amount": 12.5}),
        ("Task", {"Subject": "Call", "Status": "Not Started", "Priority": "Normal"}),
    ],
)
def test_create_get_update_delete(org: Any, kind: str, fields: dict[str, Any]) -> None:
    """A row of every object lives from ``create`` to ``delete``; after that ``get`` is the 404 of a deleted row."""
    from simple_salesforce.exceptions import SalesforceResourceNotFound

    made = getattr(org, kind).create(fields)
    assert (made["success"], made["errors"], len(made["id"])) == (True, [], 18)
    read = getattr(org, kind).get(made["id"])
    assert {name: read[name] for name in fields} == fields
    assert read["attributes"]["type"] == kind
    assert getattr(org, kind).update(made["id"], {"Description": "seen"}) == 204
    assert getattr(org, kind).get(made["id"], params={"fields": "Description"})["Description"] == "seen"
    assert getattr(org, kind).delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound) as raised:
        getattr(org, kind).get(made["id"])
    assert raised.value.content[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_create_refused(org: Any) -> None:
    """A missing field is a 400 with code, message and fields."""
    from simple_salesforce.exceptions import SalesforceMalformedRequest

    with pytest.raises(SalesforceMalformedRequest) as raised:
        org.Lead.create({"LastName": "No company"})
    assert raised.value.content == [
        {
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Company"],
            "message": "Required fields are missing: [Company]",
        }
    ]


def test_upsert_creates_and_updates(org: Any) -> None:
    """201 with an id the first time, 200 the second; the raw response has both."""
    from simple_salesforce.format import format_external_id

    key = format_external_id(KEY, f"a/b c-{next(_numbers)}")
    assert org.Lead.upsert(key, {"LastName": "Up", "Company": "Acme"}) == 201
    answer = org.Lead.upsert(key, {"Title": "Boss"}, raw_response=True)
    assert (answer.status_code, answer.json()["created"]) == (200, False)


def test_get_by_custom_id(org: Any) -> None:
    """A row is read by its external id."""
    key = f"k{next(_numbers)}"
    made = lead(org, **{KEY: key})
    assert org.Lead.get_by_custom_id(KEY, key)["Id"] == made


def test_more_than_one_row_for_a_key(org: Any, box: RunningSandbox) -> None:
    """300 is the library's exception, with the addresses of all that match."""
    from simple_salesforce.exceptions import SalesforceMoreThanOneRecord

    for _ in range(2):
        org.Contact.create({"LastName": "Twin", "Email": "twins@example.com"})
    with pytest.raises(SalesforceMoreThanOneRecord) as raised:
        org.Contact.upsert("Email/twins@example.com", {"Title": "Boss"})
    assert len(raised.value.content) == 2


def test_update_unless_modified(org: Any) -> None:
    """``If-Unmodified-Since`` of yesterday is a 412, which the library calls a general error."""
    from simple_salesforce.exceptions import SalesforceGeneralError

    made = lead(org)
    with pytest.raises(SalesforceGeneralError) as raised:
        org.Lead.update(made, {"Title": "x"}, headers={"If-Unmodified-Since": "Mon, 05 Jan 2026 12:00:00 GMT"})
    assert raised.value.status == 412


# -- descriptions ------------------------------------------------------------------------------------------------------
def test_describe(org: Any) -> None:
    """``describe`` of one object has the fields with their types."""
    fields = {field["name"]: field for field in org.Lead.describe()["fields"]}
    assert (fields["Email"]["type"], fields["Email"]["length"], fields[KEY]["externalId"]) == ("email", 80, True)


def test_metadata(org: Any) -> None:
    """``metadata`` of one object has its entry of the global list and the recent rows."""
    told = org.Account.metadata()
    assert (told["objectDescribe"]["keyPrefix"], told["recentItems"]) == ("001", [])


def test_describe_everything(org: Any) -> None:
    """The global ``describe`` lists every object in use."""
    names = {entry["name"] for entry in org.describe()["sobjects"]}
    assert names >= {"Lead", "Contact", "Account", "Opportunity", "Task", "User"}


# -- queries -----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def crowd(box: RunningSandbox) -> list[str]:
    """Many contacts of one department, more than two pages."""
    rows: list[dict[str, object]] = [{"LastName": f"C{place:04}", "Department": "crowd"} for place in range(450)]
    with box.salesforce_server.lock:
        return box.salesforce.load("Contact", rows)


CROWD = "SELECT Id, LastName FROM Contact WHERE Department = 'crowd' ORDER BY LastName"


def test_query(org: Any, crowd: list[str]) -> None:
    """One page: total, end, rows, and the relationship of a row as an object."""
    account = org.Account.create({"Name": "Parent"})["id"]
    org.Contact.create({"LastName": "Child", "AccountId": account})
    found = org.query(f"SELECT LastName, Account.Name FROM Contact WHERE AccountId = '{account}'")
    assert (found["totalSize"], found["done"]) == (1, True)
    assert found["records"][0]["Account"]["Name"] == "Parent"


def test_query_more(org: Any, crowd: list[str]) -> None:
    """Pages follow by locator and by address, until the last has no next."""
    first = org.query(CROWD, headers={"Sforce-Query-Options": "batchSize=200"})
    assert (len(first["records"]), first["done"], first["totalSize"]) == (200, False, 450)
    second = org.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    third = org.query_more(second["nextRecordsUrl"].rpartition("/")[2])
    assert [len(second["records"]), len(third["records"]), third["done"]] == [200, 50, True]
    assert "nextRecordsUrl" not in third


def test_query_all(org: Any, crowd: list[str]) -> None:
    """All pages at once, in order."""
    found = org.query_all(CROWD, headers={"Sforce-Query-Options": "batchSize=200"})
    assert [row["Id"] for row in found["records"]] == crowd


def test_query_all_iter(org: Any, crowd: list[str]) -> None:
    """All pages one after another, with the deleted rows."""
    gone = org.Contact.create({"LastName": "Z", "Department": "crowd"})["id"]
    org.Contact.delete(gone)
    assert [row["Id"] for row in org.query_all_iter(CROWD, include_deleted=True)] == [*crowd, gone]


def test_query_refused(org: Any) -> None:
    """A field that is not there is a 400 with the vendor's code."""
    from simple_salesforce.exceptions import SalesforceMalformedRequest

    with pytest.raises(SalesforceMalformedRequest) as raised:
        org.query("SELECT Nonsense__c FROM Lead")
    assert raised.value.content[0]["errorCode"] == "INVALID_FIELD"


def test_formatted_queries(org: Any) -> None:
    """Quotes, lists and instants as the library writes them are understood."""
    from simple_salesforce.format import format_soql

    made = lead(org, FirstName='O\'Hara \\ "x"')
    asked = format_soql(
        "SELECT Id FROM Lead WHERE FirstName = {} AND LastName IN {} AND CreatedDate > {}",
        'O\'Hara \\ "x"',
        [org.Lead.get(made)["LastName"], "b"],
        datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert [row["Id"] for row in org.query(asked)["records"]] == [made]


# -- what changed ------------------------------------------------------------------------------------------------------
def test_updated(org: Any) -> None:
    """``updated`` names what was written within the window and how far it is covered."""
    made = lead(org)
    told = org.Lead.updated(*window())
    assert made in told["ids"]
    assert told["latestDateCovered"].endswith("+0000")


def test_deleted(org: Any) -> None:
    """``deleted`` names what went, when, and since when deletions are known."""
    made = lead(org)
    org.Lead.delete(made)
    told = org.Lead.deleted(*window())
    assert made in [row["id"] for row in told["deletedRecords"]]
    assert told.keys() == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}


# -- the org -----------------------------------------------------------------------------------------------------------
def test_limits(org: Any) -> None:
    """``limits`` has the daily calls, and every answer their use."""
    assert org.limits()["DailyApiRequests"]["Max"] == 15_000
    assert org.api_usage["api-usage"].total == 15_000


def test_is_sandbox(org: Any) -> None:
    """Asks the Organization row."""
    assert org.is_sandbox() is True


def test_tooling(org: Any) -> None:
    """``toolingexecute`` asks the Tooling API."""
    asked = "query?q=SELECT+Id,DeveloperName+FROM+CustomField"
    assert "Syncd_Marketing_Id" in {row["DeveloperName"] for row in org.toolingexecute(asked)["records"]}


# -- many rows ---------------------------------------------------------------------------------------------------------
def test_collections_by_restful(org: Any) -> None:
    """Create, update, read and delete of several rows, each by one call."""
    rows = [{"attributes": {"type": "Lead"}, "LastName": name, "Company": "Acme"} for name in ("A", "B")]
    made = org.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": rows})
    ids = [result["id"] for result in made]
    changes = [{"attributes": {"type": "Lead"}, "id": row, "Title": "Boss"} for row in ids]
    changed = org.restful("composite/sobjects", method="PATCH", json={"records": changes})
    assert [result["success"] for result in changed] == [True, True]
    read = org.restful("composite/sobjects/Lead", method="POST", json={"ids": ids, "fields": ["Title"]})
    assert [row["Title"] for row in read] == ["Boss", "Boss"]
    gone = org.restful("composite/sobjects", params={"ids": ",".join(ids)}, method="DELETE")
    assert [result["id"] for result in gone] == ids


def test_collections_upsert_by_restful(org: Any) -> None:
    """An upsert of several rows says of each whether it is new."""
    rows = [{"attributes": {"type": "Account"}, "Name": "Up", KEY: f"u{next(_numbers)}"} for _ in range(2)]
    for created in (True, False):
        answers = org.restful(f"composite/sobjects/Account/{KEY}", method="PATCH", json={"records": rows})
        assert [answer["created"] for answer in answers] == [created, created]


def test_composite_by_restful(org: Any) -> None:
    """A reference of one subrequest is used by the next."""
    root = f"/services/data/v{org.sf_version}"
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": f"{root}/sobjects/Account", "referenceId": "a", "body": {"Name": "Parent"}},
            {
                "method": "POST",
                "url": f"{root}/sobjects/Contact",
                "referenceId": "c",
                "body": {"LastName": "Child", "AccountId": "@{a.id}"},
            },
        ],
    }
    answers = org.restful("composite", method="POST", json=body)["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201]
    assert org.Contact.get(answers[1]["body"]["id"])["AccountId"] == answers[0]["body"]["id"]


def test_record_counts_by_restful(org: Any, crowd: list[str]) -> None:
    """``limits/recordCount`` counts the objects asked for."""
    told = org.restful("limits/recordCount", params={"sObjects": "Contact"})
    assert told["sObjects"][0]["name"] == "Contact"
    assert told["sObjects"][0]["count"] >= len(crowd)
