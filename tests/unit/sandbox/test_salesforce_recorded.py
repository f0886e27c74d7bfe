"""Salesforce stand-in against recorded traffic of the vendor: the same requests, in the same order, the same answers.

Every recording is replayed against an org of its own that holds the rows the recording began with; ids of the vendor
become ours as answers name them. Status, keys, types, codes and the content type must agree; what does not is in one
table, with its reason, and nothing may be in the table that agrees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import yaml

from sandbox.kernel import HttpRequest, HttpResponse
from sandbox.salesforce import SalesforceKernel
from tests.shared import shared
from tests.unit.sandbox.recorded import differences
from tests.unit.sandbox.recorded_salesforce import DIFFERENCES
from tests.unit.sandbox.salesforce_client import ROOT, Client

FOLDER = "recorded/cumulusci-salesforce"
#: Properties of a field whose values must agree where both orgs have the field.
FIELD_FACTS = (
    *("type", "length", "precision", "scale", "digits", "soapType", "nillable", "createable", "updateable"),
    *("defaultedOnCreate", "calculated", "autoNumber", "custom", "externalId", "idLookup", "unique", "caseSensitive"),
    *("restrictedPicklist", "filterable", "sortable", "groupable", "nameField", "permissionable", "encrypted"),
    *("compoundFieldName", "referenceTo", "relationshipName", "label"),
)

Exchange = tuple[Mapping[str, Any], Mapping[str, Any]]


def recording(file: Path) -> list[Exchange]:
    """Requests and responses of one file; a description has one of each and no list."""
    told = yaml.safe_load(file.read_text())
    return [(each["request"], each["response"]) for each in told.get("interactions", [told]) if "request" in each]


def body_of(response: Mapping[str, Any]) -> Any:
    """The recorded JSON."""
    text = response["body"]["string"]
    return orjson.loads(text) if text else None


def rows_in(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """All rows with an id within an answer."""
    if isinstance(value, dict):
        found = value.get("id", value.get("Id"))
        if isinstance(found, str):
            yield found, value
        for each in value.values():
            yield from rows_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from rows_in(each)


def is_bulk(request: Mapping[str, Any]) -> bool:
    """Whether this is a call of the first Bulk API."""
    return "/services/async/" in request["uri"]


def prepare(client: Client, exchanges: Iterable[Exchange]) -> dict[str, str]:
    """Inserts the rows that were read before anybody wrote them; the vendor's ids and ours."""
    ids = {"00D0xORGID00000000": client.kernel.org.organization_id}
    written: set[str] = set()
    for request, response in exchanges:
        if is_bulk(request):
            return ids
        rows = dict(rows_in(body_of(response)))
        if request["method"] in ("POST", "PATCH"):
            written |= rows.keys()
        for row_id, row in rows.items():
            if row_id not in ids.keys() | written:
                fields = {name: value for name, value in row.items() if name not in ("Id", "attributes")}
                ids[row_id] = client.kernel.insert(row["attributes"]["type"], fields)
    return ids


def replay(file: Path) -> set[tuple[str, str]]:
    """Operation and difference of everything in one file that is answered otherwise here."""
    client, found = Client(), set()
    ids = prepare(client, recording(file))
    for request, response in recording(file):
        parts = urlsplit(request["uri"])
        target = f"{parts.path}?{parts.query}".replace("/services/data/vxx.0", ROOT).rstrip("?")
        text = (request["body"] or "").replace("/services/data/vxx.0", ROOT)
        for theirs, ours in ids.items():
            target, text = target.replace(theirs, ours), text.replace(theirs, ours)
        headers = {"Authorization": f"Bearer {client.token}"}
        answer = client.kernel.handle(HttpRequest.from_target(request["method"], target, headers, text.encode()))
        path = re.sub(r"/\w{18}$", "", parts.path.replace("/services/data/vxx.0/", "").rstrip("/"))
        operation = f"{request['method']} {'async' if is_bulk(request) else path}"
        status = response["status"]["code"]
        if answer.status != status:
            found.add((operation, f"status {status}, not {answer.status}"))
            continue
        theirs, ours = body_of(response), orjson.loads(answer.body)
        content = answer.headers["Content-Type"]
        if content.lower() != "application/json;charset=utf-8":
            found.add((operation, f"content type {content}"))
        if path.endswith("describe"):
            found |= {(f"describe {theirs['name']}", each) for each in described(theirs, ours)}
            continue
        if request["method"] in ("POST", "PATCH"):
            made = zip(rows_in(theirs), rows_in(ours), strict=False)
            ids |= {mine: yours for (mine, _), (yours, _) in made}
        found |= {(operation, each) for each in differences(theirs, ours)}
    return found


def described(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """What two descriptions of an object disagree about: keys, fields, and the facts of common fields."""
    yield from (f"{name} is not told" for name in theirs.keys() - ours.keys())
    recorded, mine = ({field["name"]: field for field in told["fields"]} for told in (theirs, ours))
    yield from (f"{name} only recorded" for name in recorded.keys() - mine.keys())
    yield from (f"{name} only ours" for name in mine.keys() - recorded.keys())
    for name in recorded.keys() & mine.keys():
        yield from (f"{name}: {each}" for each in differences(recorded[name], mine[name]))
        for fact in FIELD_FACTS:
            if recorded[name][fact] != mine[name][fact]:
                yield f"{name}.{fact} is {recorded[name][fact]}, not {mine[name][fact]}"


@pytest.fixture(scope="module")
def found() -> set[tuple[str, str]]:
    """The differences of all recordings together."""
    files = sorted(shared(FOLDER).glob("*.yaml"))
    assert len(files) > 10
    return set().union(*map(replay, files))


def test_what_differs_is_known(found: set[tuple[str, str]]) -> None:
    """Nothing is answered otherwise than recorded save what the table explains."""
    assert found - DIFFERENCES.keys() == set()


def test_what_is_known_still_differs(found: set[tuple[str, str]]) -> None:
    """An entry of the table that agrees now must go."""
    assert DIFFERENCES.keys() - found == set()


def test_a_replay_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another status, a key too few and another code are each noticed."""
    file = shared(FOLDER) / "TestCompositeParallelSalesforce.test_errors.yaml"
    assert replay(file) == set()
    handle = SalesforceKernel.handle

    def spoiled(kernel: SalesforceKernel, request: HttpRequest) -> HttpResponse:
        answer = handle(kernel, request)
        text = answer.body.replace(b'"NOT_FOUND"', b'"GONE"').replace(b'"referenceId"', b'"reference"')
        return replace(answer, body=text)

    monkeypatch.setattr(SalesforceKernel, "handle", spoiled)
    assert replay(file) == {
        ("POST composite", "compositeResponse[].body[].errorCode is NOT_FOUND, not GONE"),
        ("POST composite", "compositeResponse[].reference only ours"),
        ("POST composite", "compositeResponse[].referenceId only recorded"),
    }
