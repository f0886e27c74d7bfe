"""HubSpot stand-in against recorded traffic of the vendor: same keys, statuses and headers for the same requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.hubspot.limits import HubSpotLimits
from tests.shared import shared
from tests.unit.sandbox.hubspot_account import HubSpotAccountUnderTest

RECORDED = "recorded/grouparoo-hubspot"

#: What the recorded account had defined; the requests also ask for properties that it had not.
CUSTOM = {
    "contacts": {"text_field": "string", "number_field": "number", "date_field": "date"},
    "companies": {"twitterhandle": "string", "facebookfans": "number"},
}
FIELD_TYPES = {"string": "text", "number": "number", "date": "date"}


def shape(value: Any) -> Any:
    """Keys of an answer without values; lists stand for their first entry."""
    if isinstance(value, Mapping):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def interactions(name: str) -> list[dict[str, Any]]:
    """All recorded pairs of one file."""
    recorded: list[dict[str, Any]] = json.loads((shared(RECORDED) / name).read_text())["interactions"]
    return recorded


def first(name: str, ending: str, status: int) -> dict[str, Any]:
    """The first recorded call of a path with a status."""
    for pair in interactions(name):
        if pair["request"]["path"].endswith(ending) and pair["response"]["status"] == status:
            return pair
    raise AssertionError(f"{name} has no {status} of {ending}")


def account(kind: str, *, limits: HubSpotLimits | None = None) -> HubSpotAccountUnderTest:
    """An account with the custom properties of the recorded one."""
    hub = HubSpotAccountUnderTest(limits=limits)
    for name, value_type in CUSTOM[kind].items():
        hub.kernel.add_property(kind, {"name": name, "type": value_type, "fieldType": FIELD_TYPES[value_type]})
    return hub


@pytest.mark.fact("hubspot 5.8")
@pytest.mark.parametrize(
    ("file", "kind"), [("objects-contact.json", "contacts"), ("objects-companies.json", "companies")]
)
def test_batches_and_searches_have_the_recorded_shape(file: str, kind: str) -> None:
    """Create, update and search, replayed with our ids, answer the keys that HubSpot answered."""
    hub = account(kind)
    create = first(file, "/batch/create", 201)
    path = create["request"]["path"]
    status, made = hub.call("POST", path, create["request"]["body"])
    assert status == 201
    assert shape(made) == shape(create["response"]["body"])
    number = made["results"][0]["id"]
    update = first(file, "/batch/update", 200)
    inputs = [{**update["request"]["body"]["inputs"][0], "id": number}]
    changed = hub.ok("POST", update["request"]["path"], {"inputs": inputs})
    assert shape(changed) == shape(update["response"]["body"])
    cleared = next(
        pair
        for pair in interactions(file)
        if "/batch/update" in pair["request"]["path"]
        and "" in pair["request"]["body"]["inputs"][0]["properties"].values()
    )
    inputs = [{**cleared["request"]["body"]["inputs"][0], "id": number}]
    answer = hub.ok("POST", path.replace("create", "update"), {"inputs": inputs})
    assert shape(answer) == shape(cleared["response"]["body"])
    search = next(p for p in interactions(file) if p["request"]["path"].endswith("/search")
                  and p["response"]["status"] == 200 and p["response"]["body"]["results"])  # fmt: skip
    found = hub.ok("POST", search["request"]["path"], search["request"]["body"])
    assert set(found) == set(search["response"]["body"])
    expected = search["response"]["body"]["results"][0]
    assert [set(found["results"][0]), set(found["results"][0]["properties"])] == [
        set(expected),
        set(expected["properties"]),
    ]


@pytest.mark.fact("hubspot 3.6")
@pytest.mark.parametrize("file", ["objects-contact.json", "objects-companies.json"])
def test_the_refused_search_is_the_recorded_one(file: str) -> None:
    """Status and body of the secondly limit; the ten-second headers are absent there too."""
    kind = "contacts" if "contact" in file else "companies"
    hub = account(kind, limits=HubSpotLimits(search_per_second=0))
    pair = first(file, "/search", 429)
    status, body = hub.call("POST", pair["request"]["path"], pair["request"]["body"])
    assert (status, shape(body)) == (429, shape(pair["response"]["body"]))
    assert body["message"] == pair["response"]["body"]["message"]
    assert "X-HubSpot-RateLimit-Max" not in pair["response"]["headers"]


@pytest.mark.fact("hubspot 3.8")
def test_rate_headers_have_the_recorded_names() -> None:
    """Those of a batch answer, without the deprecated per-second pair."""
    pair = first("objects-contact.json", "/batch/archive", 204)
    recorded = {n for n in pair["response"]["headers"] if n.startswith("X-HubSpot-RateLimit") and "Secondly" not in n}
    response = account("contacts").send("POST", pair["request"]["path"], pair["request"]["body"])
    assert {name for name in response.headers if name.startswith("X-HubSpot")} == recorded
    assert (response.status, response.body) == (204, b"")


def test_standard_definitions_agree_with_the_recorded_schema() -> None:
    """Type, field type and uniqueness of every standard contact property that the recording has, and the key set."""
    schema = interactions("schemas.json")[0]["response"]["body"]["properties"]
    recorded = {row["name"]: row for row in schema}
    ours = {row["name"]: row for row in account("contacts").ok("GET", "/crm/v3/properties/contacts")["results"]}
    derived = {"hs_is_contact", "hs_is_unworked"}  # their field types name a calculation that nobody writes
    both = (ours.keys() & recorded.keys()) - derived
    assert len(both) > 25
    for name in both:
        for key in ("type", "fieldType", "hasUniqueValue", "hidden"):
            assert ours[name][key] == recorded[name][key], (name, key)
    assert ours["email"].keys() - recorded["email"].keys() <= {"archived"}
    assert recorded["email"].keys() <= ours["email"].keys()
    options = [option["value"] for option in recorded["hs_lead_status"]["options"]]
    assert [option["value"] for option in ours["hs_lead_status"]["options"]] == options


def test_the_schema_of_a_standard_object_has_the_recorded_keys() -> None:
    """The numbered path that was recorded and the one of the contract, and what the account's rules require."""
    hub = account("contacts")
    recorded = interactions("schemas.json")[0]
    told = hub.ok("GET", recorded["request"]["path"])
    expected = recorded["response"]["body"]
    assert told.keys() == expected.keys()
    assert told["associations"][0].keys() == expected["associations"][0].keys()
    for key in ("name", "id", "objectTypeId", "labels", "metaType", "requiredProperties"):
        assert told[key] == expected[key], key
    hub.kernel.require_property("contacts", "lastname")
    assert hub.ok("GET", "/crm-object-schemas/v3/schemas/contacts")["requiredProperties"] == ["lastname"]
