"""HubSpot stand-in against recorded traffic of the vendor: every recorded exchange, in order, answered the same.

The account holds the custom properties and the records the recordings began with; ids of the vendor become ours as
answers name them. Status, keys, types, codes and names of headers must agree; what does not is in one table, with its
reason, and nothing may be in the table that agrees. How many records a search finds is not compared: the recorded
index lagged behind by seconds that no answer tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.kernel import HttpRequest, HttpResponse
from tests.shared import shared
from tests.unit.sandbox.hubspot_account import HubSpotAccountUnderTest
from tests.unit.sandbox.recorded import differences

FOLDER = "recorded/grouparoo-hubspot"
FILES = {"objects-contact.json": "contacts", "objects-companies.json": "companies"}
SCHEMAS = ("schemas.json", "schemas-list.json")
#: What the recorded account had defined, as far as a request writes it.
CUSTOM = {
    "contacts": {"text_field": "string", "number_field": "number", "date_field": "date"},
    "companies": {"twitterhandle": "string", "facebookfans": "number"},
}
FIELD_TYPES = {"string": "text", "number": "number", "date": "date"}
SECONDLY = "the pair of the second is deprecated by the usage page of today"
SEARCHED = "answers of searches carry no counts by the usage page of today; in 2022 they had the two of the day"
LIMITED = "as for searches that are answered"
ALWAYS = "told of every property here and of some there; the client takes it as optional"
NOBODY = "who defined a property is not kept: nobody but the app defines any here"
PLAIN = "properties have no formulas, currencies and described options here; the mapping reads none"
DEFINITION = {
    "archived only ours": ALWAYS,
    "createdAt only ours": ALWAYS,
    "updatedAt only ours": ALWAYS,
    "modificationMetadata.readOnlyOptions only ours": ALWAYS,
    "createdUserId only recorded": NOBODY,
    "updatedUserId only recorded": NOBODY,
    "showCurrencySymbol only recorded": PLAIN,
}
#: Operation and difference -> why it is there.
DIFFERENCES: dict[tuple[str, str], str] = {
    **{
        (operation, f"header X-HubSpot-RateLimit-{name} only recorded"): SECONDLY
        for operation in ("batch/create", "batch/update", "batch/archive", "schemas", "schemas/{type}")
        for name in ("Secondly", "Secondly-Remaining")
    },
    **{
        (operation, f"header X-HubSpot-RateLimit-{name} only recorded"): why
        for operation, why in (("search", SEARCHED), ("search, refused", LIMITED))
        for name in ("Daily", "Daily-Remaining")
    },
    **{("schemas", f"results[].properties[].{says}"): why for says, why in DEFINITION.items()},
    **{("schemas/{type}", f"properties[].{says}"): why for says, why in DEFINITION.items()},
    ("schemas/{type}", "properties[].calculationFormula only recorded"): PLAIN,
    ("schemas/{type}", "properties[].options[].description only recorded"): PLAIN,
}


def exchanges(file: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Requests and responses of one file."""
    pairs = json.loads((shared(FOLDER) / file).read_text())["interactions"]
    return [(pair["request"], pair["response"]) for pair in pairs]


def account(kind: str, limits: HubSpotLimits | None = None) -> HubSpotAccountUnderTest:
    """An account with the custom properties of the recorded one."""
    hub = HubSpotAccountUnderTest(limits=limits)
    for name, value_type in CUSTOM[kind].items():
        hub.kernel.add_property(kind, {"name": name, "type": value_type, "fieldType": FIELD_TYPES[value_type]})
    return hub


def oauth_token(hub: HubSpotAccountUnderTest) -> str:
    """An access token of an app that was installed over OAuth."""
    return hub.kernel.installations.buy(hub.kernel.install_app(), at=hub.kernel.portal.now())


def prepare(hub: HubSpotAccountUnderTest, kind: str, file: str) -> dict[str, str]:
    """Makes the records that were found before anybody wrote them; the vendor's ids and ours."""
    ids: dict[str, str] = {}
    written: set[str] = set()
    for request, response in exchanges(file):
        for row in (response["body"] or {}).get("results", []):
            if request["path"].endswith("create"):
                written.add(row["id"])
            elif row["id"] not in ids.keys() | written:
                writable = hub.kernel.portal.store(kind).definitions
                values = {name: value for name, value in row["properties"].items() if value and name in writable}
                given = {name: value for name, value in values.items() if not writable[name].read_only}
                ids[row["id"]] = hub.kernel.create(kind, given)
    return ids


def headers(names: Iterable[str]) -> set[str]:
    """Names of headers that are HubSpot's own and not the edge's."""
    return {name for name in names if name.startswith("X-HubSpot") or name in ("Content-Type", "Date")}


def compared(response: Mapping[str, Any], answer: HttpResponse, ids: Mapping[str, str]) -> Iterator[str]:
    """What one answer disagrees about."""
    if answer.status != response["status"]:
        yield f"status {response['status']}, not {answer.status}"
        return
    theirs, ours = response["body"] or None, orjson.loads(answer.body) if answer.body else None
    if theirs and ours and ids:
        # A batch promises no order: ours is laid beside theirs, record by record.
        place = {row["id"]: number for number, row in enumerate(ours.get("results", []))}
        ordered = sorted(theirs.get("results", []), key=lambda row: place.get(ids.get(row["id"], ""), len(place)))
        theirs = {**theirs, "results": ordered} if "results" in theirs else theirs
    yield from differences(theirs, ours)
    recorded, mine = headers(response["headers"]), headers(answer.headers)
    yield from (f"header {name} only recorded" for name in recorded - mine)
    yield from (f"header {name} only ours" for name in mine - recorded)


def replay(file: str, kind: str) -> set[tuple[str, str]]:
    """Operation and difference of everything in one file that is answered otherwise here."""
    hub, refusing = account(kind), account(kind, HubSpotLimits(search_per_second=0))
    ids = prepare(hub, kind, file)
    app = {True: oauth_token(hub), False: DEFAULT_TOKEN}
    refused = {True: oauth_token(refusing), False: DEFAULT_TOKEN}
    found: set[tuple[str, str]] = set()
    for request, response in exchanges(file):
        operation = request["path"].partition("COMPANY/" if kind == "companies" else "CONTACT/")[2]
        text = json.dumps(request["body"])
        for theirs, ours in ids.items():
            text = text.replace(f'"{theirs}"', f'"{ours}"')
        # The second half of each file is the same tests again with an OAuth app, which keeps no query.
        oauth = request["query"] is None
        if response["status"] == 429:
            answer = refusing.send(request["method"], request["path"], json.loads(text), token=refused[oauth])
            operation += ", refused"
        else:
            answer = hub.send(request["method"], request["path"], json.loads(text), token=app[oauth])
        if operation == "batch/create" and answer.status == response["status"]:
            made = zip(response["body"]["results"], orjson.loads(answer.body)["results"], strict=True)
            ids |= {theirs["id"]: ours["id"] for theirs, ours in made}
        found |= {(operation, each) for each in compared(response, answer, ids)}
    return found


def replay_schemas() -> set[tuple[str, str]]:
    """The same for the descriptions of objects; the account has the recorded custom objects with their properties."""
    hub = account("contacts")
    types = {"CONTACT": "contacts"}
    [(_, listed)] = exchanges("schemas-list.json")
    for told in listed["body"]["results"]:
        types[told["objectTypeId"]] = number = hub.kernel.add_object(told["name"], told["labels"]["singular"])
        for definition in told["properties"]:
            if not definition.get("hubspotDefined"):
                hub.kernel.add_property(
                    number, {key: definition[key] for key in ("name", "label", "type", "fieldType")}
                )
        for name in told["requiredProperties"]:
            hub.kernel.require_property(number, name)
    found: set[tuple[str, str]] = set()
    for request, response in (pair for file in SCHEMAS for pair in exchanges(file)):
        path, _, kind = request["path"].partition("/schemas")
        kind = kind.lstrip("/")
        answer = hub.send("GET", f"{path}/schemas/{types[kind]}" if kind else f"{path}/schemas")
        operation = "schemas/{type}" if kind else "schemas"
        found |= {(operation, each) for each in compared(trimmed(response, orjson.loads(answer.body)), answer, {})}
    return found


def trimmed(response: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """A description with the properties that both accounts have, in our order, and the associations that they share."""
    told = ours.get("results", [ours])
    recorded = response["body"].get("results", [response["body"]])
    recorded = [next(each for each in recorded if each["name"] == mine["name"]) for mine in told]
    for theirs, mine in zip(recorded, told, strict=True):
        named = {definition["name"]: definition for definition in theirs["properties"]}
        theirs["properties"] = [named.get(definition["name"], definition) for definition in mine["properties"]]
    return {**response, "body": {"results": recorded} if "results" in ours else recorded[0]}


@pytest.fixture(scope="module")
def found() -> set[tuple[str, str]]:
    """The differences of all recordings together."""
    assert {file.name for file in shared(FOLDER).glob("*.json")} == {*FILES, *SCHEMAS}
    return set().union(replay_schemas(), *(replay(file, kind) for file, kind in FILES.items()))


def test_what_differs_is_known(found: set[tuple[str, str]]) -> None:
    """Nothing is answered otherwise than recorded save what the table explains."""
    assert found - DIFFERENCES.keys() == set()


def test_what_is_known_still_differs(found: set[tuple[str, str]]) -> None:
    """An entry of the table that agrees now must go."""
    assert DIFFERENCES.keys() - found == set()


def test_a_replay_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another status, a key too few and a header too many are each noticed."""
    handle = HubSpotKernel.handle

    def spoiled(kernel: HubSpotKernel, request: HttpRequest) -> HttpResponse:
        answer = handle(kernel, request)
        if request.path.endswith("batch/archive"):
            return replace(answer, status=200)
        text = answer.body.replace(b'"updatedAt"', b'"changedAt"')
        return replace(answer, body=text, headers={**answer.headers, "X-HubSpot-Odd": "1"})

    monkeypatch.setattr(HubSpotKernel, "handle", spoiled)
    unknown = replay("objects-contact.json", "contacts") - DIFFERENCES.keys()
    assert unknown >= {
        ("batch/archive", "status 204, not 200"),
        ("batch/create", "results[].changedAt only ours"),
        ("batch/create", "results[].updatedAt only recorded"),
        ("search", "header X-HubSpot-Odd only ours"),
    }
