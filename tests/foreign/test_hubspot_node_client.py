"""@hubspot/api-client against the HubSpot stand-in: what each operation of ``node/hubspot.mjs`` must come back with."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.server import RunningSandbox
from tests.foreign.running import Lines, Matching, fits, run

pytestmark = pytest.mark.slow

NUMBER = Matching(r"\d+")
INSTANT = Matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
"""The client has made a date of it, and JSON a text again."""
DONE = {"status": "COMPLETE", "startedAt": INSTANT, "completedAt": INSTANT}


def record(**properties: Any) -> dict[str, Any]:
    """A record in an answer."""
    return {"id": NUMBER, "archived": False, "createdAt": INSTANT, "updatedAt": INSTANT, "properties": properties}


def link(*types: int) -> dict[str, Any]:
    """One end of an association with its types."""
    return {"toObjectId": int_, "associationTypes": [{"typeId": kind, "category": "HUBSPOT_DEFINED"} for kind in types]}


def int_(got: Any) -> bool:
    """Ids in answers about associations are numbers."""
    return isinstance(got, int)


LABELLED = {"fromObjectId": int_, "toObjectId": int_, "labels": ["Primary"]}
OWNER = {"id": NUMBER, "email": "js@example.com", "firstName": "J", "lastName": "S", "userId": int_, "archived": False}
RESULTS: dict[str, Any] = {
    # one record
    "contacts.create": record(email="jo@js.example", firstname="Zoë 🌸", hs_object_id=NUMBER),
    "contacts.getById": record(email="jo@js.example", lastname=None)
    | {"propertiesWithHistory": {"email": [{"value": "jo@js.example", "timestamp": INSTANT}]}},
    "contacts.getById.idProperty": record(email="jo@js.example"),
    "contacts.update": record(lastname="Doe", firstname=""),
    "companies.create": record(name="Acme", domain="acme.example"),
    "deals.create": record(dealname="Big", dealstage="appointmentscheduled"),
    "tasks.create": record(hs_task_subject="Call", hs_timestamp="2026-01-31T10:00:00.000Z"),
    # batches
    "contacts.batch.create": DONE | {"results": [record(email=f"{name}@js.example", city="Brno") for name in "abc"]},
    "contacts.batch.create.multiStatus": DONE
    | {
        "numErrors": 1,
        "results": [record(email="fine@js.example") | {"objectWriteTraceId": "t0"}],
        "errors": [{"category": "VALIDATION_ERROR", "context": {"objectWriteTraceId": ["t1"]}}],
    },
    "contacts.batch.read": DONE | {"results": [record(email=f"{name}@js.example", fax=None) for name in "abc"]},
    "contacts.batch.update": DONE | {"results": [record(city="Praha")] * 3},
    "contacts.batch.upsert.creates": DONE | {"results": [record(syncd_crm_id="00QJS") | {"_new": True}]},
    "contacts.batch.upsert.updates": DONE | {"results": [record(email="key@js.example") | {"_new": False}]},
    # lists and search
    "contacts.getPage": {"results": [record(), record()], "paging": {"next": {"after": NUMBER}}},
    "contacts.getAll": 3,
    "contacts.search": {
        "total": 3,
        "results": [record(email="c@js.example"), record(email="b@js.example")],
        "paging": {"next": {"after": "2"}},
    },
    "contacts.search.after": {"total": 3, "results": [record(email="a@js.example")]},
    "deals.search": 1,
    # associations
    "associations.createDefault": DONE
    | {
        "results": [
            {"_from": {"id": NUMBER}, "to": {"id": NUMBER}, "associationSpec": {"associationTypeId": kind}}
            for kind in (279, 280)
        ]
    },
    "associations.create": LABELLED,
    "associations.getPage": {"results": [link(1, 279)]},
    "associations.batch.create": DONE | {"results": [LABELLED]},
    "associations.batch.getPage": DONE | {"results": [{"_from": {"id": NUMBER}, "to": [link(1, 279)]}]},
    "associations.batch.archive": None,
    "associations.archive": None,
    "associations.getPage.empty": [],
    # definitions, owners, account
    "properties.create": {"name": "by_js", "type": "enumeration", "createdAt": INSTANT, "options": [{"value": "a"}]},
    "properties.getByName": {"name": "by_js", "label": "By JS", "modificationMetadata": {"readOnlyValue": False}},
    "properties.getAll": lambda names: {"email", "lifecyclestage", "by_js"} <= set(names),
    "properties.update": "Renamed",
    "properties.batch.read": 2,
    "properties.archive": None,
    "properties.groups.create": {"name": "jsgroup", "label": "By JS", "archived": False},
    "properties.groups.getAll": lambda names: {"contactinformation", "jsgroup"} <= set(names),
    "owners.getPage": {"results": [OWNER]},
    "owners.getById": OWNER,
    "owners.getPage.archived": ["gone@example.com"],
    "schemas.getById": {"name": "CONTACT", "objectTypeId": "0-1"},
    "apiRequest": int_,
    # ends
    "contacts.merge": record(email="a@js.example", hs_additional_emails="b@js.example"),
    "contacts.archive": None,
    "contacts.getById.archived": True,
    "contacts.batch.archive": None,
    "contacts.purge": None,
}
THROWN: dict[str, Any] = {
    "contacts.create.conflict": {"code": 409, "body": {"category": "CONFLICT", "correlationId": Matching(".{36}")}},
    "contacts.create.invalid": {
        "code": 400,
        "body": {"category": "VALIDATION_ERROR", "errors": [{"code": "INVALID_EMAIL"}]},
    },
    "contacts.getById.missing": {"code": 404, "body": {"message": "resource not found"}},
    "unauthorized": {"code": 401, "body": {"category": "INVALID_AUTHENTICATION"}},
}


@pytest.fixture(scope="module")
def lines(box: RunningSandbox, modules: Any) -> Lines:
    """All lines of the script, run once."""
    with box.hubspot_server.lock:
        box.hubspot.add_owner("js@example.com", "J", "S")
        box.hubspot.add_owner("gone@example.com", "G", "S", archived=True)
    return run("hubspot.mjs", modules, HUBSPOT_URL=box.hubspot_url, HUBSPOT_TOKEN="pat-na1-sandbox")


@pytest.mark.parametrize("operation", RESULTS)
def test_an_operation_works(lines: Lines, operation: str) -> None:
    """The operation came back with this."""
    assert fits({"result": RESULTS[operation]}, lines[operation]), lines[operation]


@pytest.mark.parametrize("operation", THROWN)
def test_an_operation_is_refused(lines: Lines, operation: str) -> None:
    """The operation threw this: status and body of the vendor reached the caller."""
    assert fits({"thrown": THROWN[operation]}, lines[operation]), lines[operation]


def test_every_line_is_judged(lines: Lines) -> None:
    """No operation of the script is left out here."""
    assert lines.keys() == RESULTS.keys() | THROWN.keys()
