"""jsforce against the Salesforce stand-in: what each operation of ``node/jsforce.mjs`` must come back with."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.server import RunningSandbox
from tests.foreign.running import Lines, Matching, fits, run

pytestmark = pytest.mark.slow

ID = Matching(r"[0-9a-zA-Z]{18}")
STAMP = Matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
SAVED = {"id": ID, "success": True, "errors": []}
MISSING = {"success": False, "errors": [{"statusCode": "REQUIRED_FIELD_MISSING", "fields": ["LastName"]}]}
ROLLED_BACK = {"success": False, "errors": [{"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK"}]}


def contact(name: str) -> dict[str, Any]:
    """A row of a query."""
    return {"attributes": {"type": "Contact", "url": Matching(r"/services/data/v60\.0/.*")}, "LastName": name}


RESULTS: dict[str, Any] = {
    # signing in
    "authorize": {"user": {"id": ID, "organizationId": Matching("00D.{15}")}, "same": True},
    # one row
    "sobject.create": SAVED,
    "sobject.retrieve": {"Id": ID, "LastName": "Dvořák", "Company": "Acme", "IsConverted": False, "Title": None},
    "sobject.retrieve.fields": {"attributes": {"type": "Lead"}, "Id": ID, "LastName": "Dvořák"},
    "sobject.update": SAVED,
    "sobject.record.retrieve": "Boss",
    "sobject.upsert.creates": SAVED | {"created": True},
    "sobject.upsert.updates": SAVED | {"created": False},
    "sobject.destroy": SAVED,
    # many rows
    "account.create": SAVED,
    "sobject.create.many": [SAVED, SAVED, SAVED],
    "sobject.create.many.refused": [SAVED, MISSING],
    "sobject.create.many.allOrNone": [ROLLED_BACK, MISSING],
    "sobject.retrieve.many": [contact("A"), contact("B"), contact("C")],
    "sobject.update.many": [SAVED, SAVED, SAVED],
    "sobject.upsert.many": [SAVED | {"created": True}, SAVED | {"created": True}],
    "sobject.destroy.many": [SAVED],
    "opportunity.create": SAVED,
    "task.create": SAVED,
    # queries
    "query": {
        "totalSize": 3,
        "done": True,
        "records": [contact(name) | {"Account": {"Name": "Parent"}} for name in ("A", "B", "D")],
    },
    "queryMore": {"sizes": [200, 200, 50], "totalSize": 450, "done": True},
    "query.autoFetch": 450,
    "query.scanAll": 4,
    "query.stream": 451,
    "sobject.find": [contact("B"), contact("A")],
    "sobject.findOne": contact("A"),
    "sobject.count": 450,
    "sobject.find.dates": [contact("A"), contact("B"), contact("D")],
    "tooling.query": 6,
    # descriptions, changes, the org
    "describe": {"name": "Lead", "keyPrefix": "00Q", "email": ["email", 80]},
    "describeGlobal": lambda names: {"Lead", "Contact", "Account", "Opportunity", "Task"} <= set(names),
    "sobject.record.describe": "006",
    "updated": {"found": True, "latestDateCovered": STAMP},
    "deleted": {"found": True, "earliestDateAvailable": STAMP},
    "recent": [],
    "limits": {"Max": 15_000},
    "limitInfo": {"apiUsage": {"limit": 15_000}},
    "request.composite": {
        "compositeResponse": [
            {"httpStatusCode": 201, "referenceId": "a", "body": SAVED},
            {"httpStatusCode": 200, "referenceId": "b", "body": {"Name": "By composite"}},
        ]
    },
    "request.recordCount": {"sObjects": [{"name": "Account", "count": 2}]},
    "request.userinfo": {"organization_id": Matching("00D.{15}"), "user_id": Matching("005.{15}")},
}
THROWN: dict[str, Any] = {
    "authorize.refused": {"name": "invalid_client"},
    "sobject.create.refused": {
        "errorCode": "REQUIRED_FIELD_MISSING",
        "message": "Required fields are missing: [Company]",
    },
    "sobject.retrieve.deleted": {"errorCode": "ENTITY_IS_DELETED"},
    "query.refused": {"errorCode": "INVALID_FIELD", "message": Matching(r".*No such column 'Nonsense__c' on entity.*")},
}
GAPS = {
    "gap.search": "NOT_FOUND",
    "gap.recent": "NOT_FOUND",
    "gap.tabs": "NOT_FOUND",
    "gap.theme": "NOT_FOUND",
    "gap.quickActions": "NOT_FOUND",
    "gap.layouts": "NOT_FOUND",
    "gap.explain": "MALFORMED_QUERY",
}
"""What the stand-in does not offer, and what it says instead; see ``test_gaps`` for the reasons."""


@pytest.fixture(scope="module")
def lines(box: RunningSandbox, token: str, modules: Any) -> Lines:
    """All lines of the script, run once."""
    with box.salesforce_server.lock:
        box.salesforce.load("Contact", [{"LastName": f"C{place:04}", "Department": "crowd"} for place in range(450)])
    return run("jsforce.mjs", modules, SALESFORCE_URL=box.salesforce_url, SALESFORCE_TOKEN=token)


@pytest.mark.parametrize("operation", RESULTS)
def test_an_operation_works(lines: Lines, operation: str) -> None:
    """The operation came back with this."""
    assert fits({"result": RESULTS[operation]}, lines[operation]), lines[operation]


@pytest.mark.parametrize("operation", THROWN)
def test_an_operation_is_refused(lines: Lines, operation: str) -> None:
    """The operation threw this: the vendor's code reached the caller."""
    assert fits({"thrown": THROWN[operation]}, lines[operation]), lines[operation]


@pytest.mark.parametrize("operation", GAPS)
def test_what_is_not_imitated(lines: Lines, operation: str) -> None:
    """The vendor's code for what is not there; a gap that is closed belongs among the results."""
    assert fits({"thrown": {"errorCode": GAPS[operation]}}, lines[operation]), lines[operation]


def test_every_line_is_judged(lines: Lines) -> None:
    """No operation of the script is left out here."""
    assert lines.keys() == RESULTS.keys() | THROWN.keys() | GAPS.keys()
