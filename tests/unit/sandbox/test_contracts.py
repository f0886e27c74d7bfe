"""The layer of contracts, against small contracts of our own: what it finds, what it lets through, how it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from sandbox.contracts import BadContracts, ContractLayer, Contracts, hold
from sandbox.contracts.reading import numbered
from sandbox.kernel import Answered, Clock, Fault, HttpRequest, HttpResponse, Kernel
from sandbox.server import RunningSandbox

JSON = {"Content-Type": "application/json;charset=utf-8"}
SCHEMAS = {
    "Thing": {
        "type": "object",
        "required": ["id", "made"],
        "properties": {
            "id": {"type": "string"},
            "made": {"type": "string", "format": "date-time"},
            "colour": {"type": "string", "enum": ["red", "blue"]},
            "values": {"type": "object", "additionalProperties": {"type": "string"}},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
            "free": {"$ref": "#/components/schemas/nowhere"},
        },
    },
    "Part": {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}},
    "Error": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}},
}
REFERENCE = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
LIST = {"content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}}}}
NUMBER = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
DEEP = {"name": "deep", "in": "query", "schema": {"type": "boolean"}}
PATHS = {
    "/crm/v3/objects/things": {"post": {"requestBody": REFERENCE, "responses": {"201": REFERENCE}}},
    "/crm/v3/objects/things/{number}": {
        "get": {"parameters": [NUMBER, LIMIT, DEEP], "responses": {"200": REFERENCE}},
        "delete": {"parameters": [NUMBER], "responses": {"204": {"description": "no body"}}},
    },
    "/crm/v3/objects/things/all": {"get": {"responses": {"200": LIST}}},
    "/crm/v3/objects/things/any": {"get": {"responses": {"default": REFERENCE}}},
}
GOOD = {"id": "1", "made": "2026-01-05T12:00:00.000Z"}


class Fixed(Kernel):
    """Answers everything with what it was given, and counts."""

    def __init__(self, clock: Clock, status: int = 200, body: Any = None) -> None:
        super().__init__(clock=clock, seed=1)
        self.response = HttpResponse(status, b"" if body is None else orjson.dumps(body), JSON)
        self.asked = 0

    def answer(self, request: HttpRequest) -> Answered:
        """The fixed answer."""
        self.asked += 1
        return Answered(self.response, "fixed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one contract."""
    (tmp_path / "things.json").write_bytes(orjson.dumps({"paths": PATHS, "components": {"schemas": SCHEMAS}}))
    return tmp_path


def judged(folder: Path, kernel: Kernel, method: str, target: str, body: Any = None) -> list[tuple[str, str]]:
    """Rule and place of everything found in one exchange that is let through."""
    layer = hold(kernel, folder, strictness="note")
    kernel.handle(HttpRequest.from_target(method, target, {}, b"" if body is None else orjson.dumps(body)))
    assert (layer.judged.total(), layer.unjudged.total()) == (1, 0)
    return [(found.rule, found.place) for found in layer.found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD, []),
        (GOOD | {"colour": None, "parts": None, "unknown": 1, "free": 7}, []),
        (GOOD | {"values": {"a": None, "b": "x"}}, []),
        ({"id": "1"}, [("made: required", "made")]),
        (GOOD | {"id": None}, [("id: type", "id")]),
        (GOOD | {"id": 1}, [("id: type", "id")]),
        (GOOD | {"made": "2026-01-05T12:00:00"}, [("made: format", "made")]),
        (GOOD | {"made": "2026-13-05T12:00:00Z"}, [("made: format", "made")]),
        (GOOD | {"colour": "green"}, [("colour: enum", "colour")]),
        (GOOD | {"values": {"a": 1}}, [("values.*: type", "values.a")]),
        (GOOD | {"parts": [{"size": 1}, {}]}, [("parts[].size: required", "parts[1].size")]),
        (GOOD | {"parts": [{"size": "1"}]}, [("parts[].size: type", "parts[0].size")]),
        ([], [(": type", "")]),
    ],
)
def test_bodies_of_answers(folder: Path, clock: Clock, body: Any, expected: list[tuple[str, str]]) -> None:
    """Required keys, types, formats, lists and maps; null is allowed where nothing is required."""
    assert judged(folder, Fixed(clock, 200, body), "GET", "/crm/v3/objects/things/1") == expected


@pytest.mark.parametrize(
    ("method", "target", "status", "body", "expected"),
    [
        ("GET", "/crm/v3/objects/things/1", 201, GOOD, [("status 201", "")]),
        ("GET", "/crm/v3/objects/things/1", 404, {"message": "no"}, []),
        ("GET", "/crm/v3/objects/things/1", 404, {"text": "no"}, [("message: required", "message")]),
        ("GET", "/crm/v3/objects/things/any", 299, GOOD, []),
        (
            "GET",
            "/crm/v3/objects/things/any",
            404,
            {"message": "no"},
            [("id: required", "id"), ("made: required", "made")],
        ),
        ("GET", "/crm/v3/objects/things/all", 200, [{"size": 1}, {"size": ""}], [("[].size: type", "[1].size")]),
        ("DELETE", "/crm/v3/objects/things/1", 204, None, []),
        ("DELETE", "/crm/v3/objects/things/1", 204, {}, [("is empty", "")]),
    ],
)
def test_statuses(
    folder: Path, clock: Clock, method: str, target: str, status: int, body: Any, expected: list[tuple[str, str]]
) -> None:
    """A status is listed, or is an error, or falls under the default; each has its own body."""
    assert judged(folder, Fixed(clock, status, body), method, target) == expected


def test_an_answer_that_is_no_json(folder: Path, clock: Clock) -> None:
    """Both the label and the text are looked at."""
    kernel = Fixed(clock)
    kernel.response = HttpResponse(200, b"<html>", {"Content-Type": "text/html"})
    assert judged(folder, kernel, "GET", "/crm/v3/objects/things/1") == [("is called JSON", "")]
    kernel = Fixed(clock)
    kernel.response = HttpResponse(200, b"<html>", JSON)
    assert judged(folder, kernel, "GET", "/crm/v3/objects/things/1") == [("is JSON", "")]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/crm/v3/objects/things/1?limit=5&deep=true&other=x", []),
        ("/crm/v3/objects/things/1?deep=True", []),
        ("/crm/v3/objects/things/one", [("number: type", "number")]),
        ("/crm/v3/objects/things/1?limit=many&deep=yes", [("limit: type", "limit"), ("deep: type", "deep")]),
    ],
)
def test_parameters(folder: Path, clock: Clock, target: str, expected: list[tuple[str, str]]) -> None:
    """Types of what stands in the path and in the query; what no contract names is free."""
    assert judged(folder, Fixed(clock, 200, GOOD), "GET", target) == expected


def test_a_forbidden_request_is_refused(folder: Path, clock: Clock) -> None:
    """400 in HubSpot's manner names the place, and the stand-in is not asked; the log has the call."""
    kernel = Fixed(clock, 201, GOOD)
    layer = hold(kernel, folder)
    body = orjson.dumps(GOOD | {"values": {"a": None}})
    answer = kernel.handle(HttpRequest.from_target("POST", "/crm/v3/objects/things", {}, body))
    told = orjson.loads(answer.body)
    assert (answer.status, kernel.asked, kernel.calls[-1].operation) == (400, 0, "contract")
    assert (told["status"], told["category"], len(told["correlationId"])) == ("error", "VALIDATION_ERROR", 36)
    assert told["message"] == "Invalid input JSON: values.a: None is not of type 'string'"
    assert told["errors"][0]["in"] == "values.a"
    broken = kernel.handle(HttpRequest.from_target("POST", "/crm/v3/objects/things", {}, b"{"))
    assert (broken.status, [found.rule for found in layer.found]) == (400, ["values.*: type", "is JSON"])


def test_a_forbidden_request_that_the_stand_in_refuses_is_no_finding(folder: Path, clock: Clock) -> None:
    """Where everything passes, only a forbidden request that is accepted counts."""
    assert judged(folder, Fixed(clock, 400, {"message": "no"}), "POST", "/crm/v3/objects/things", {}) == []
    accepted = judged(folder, Fixed(clock, 201, GOOD), "POST", "/crm/v3/objects/things", {})
    assert accepted == [("id: required", "id"), ("made: required", "made")]


def test_a_broken_answer_is_confessed(folder: Path, clock: Clock) -> None:
    """A strict layer makes a 500 of it that says what is wrong; a fault is none of its business."""
    kernel = Fixed(clock, 200, {"id": "1"})
    layer = hold(kernel, folder)
    request = HttpRequest.from_target("GET", "/crm/v3/objects/things/1", {}, b"")
    answer = kernel.handle(request)
    assert answer.status == 500
    assert "Thing made: required" in orjson.loads(answer.body)["message"]
    kernel.faults.arm(Fault("edge", lambda _: True, answer=HttpResponse(502, b"<html>")))
    assert kernel.handle(request).status == 502
    assert [str(found) for found in layer.found] == [
        "answer of GET /crm/v3/objects/things/{number}: Thing made: required, at made: 'made' is a required property"
    ]


def test_what_no_contract_speaks_of_passes(folder: Path, clock: Clock) -> None:
    """Such a path is left alone, and counted when it is answered."""
    kernel = Fixed(clock, 299, "anything")
    layer = ContractLayer(Contracts(folder))
    request = HttpRequest.from_target("GET", "/elsewhere", {}, b"")
    assert layer.answer(request, kernel.answer).response.status == 299
    kernel.response = HttpResponse(404, b"nothing")
    layer.answer(HttpRequest.from_target("GET", "/nowhere", {}, b""), kernel.answer)
    assert dict(layer.unjudged) == {"GET /elsewhere": 1}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/crm/objects/2026-03/contacts/1", "/crm/v3/objects/contacts/1"),
        ("/crm/objects/2026-09/contacts/1/associations/companies", "/crm/v4/objects/contacts/1/associations/companies"),
        (
            "/crm/associations/2026-03/contacts/companies/batch/read",
            "/crm/v4/associations/contacts/companies/batch/read",
        ),
        ("/crm/properties/2026-03/contacts", "/crm/v3/properties/contacts"),
        ("/crm/owners/2026-03", "/crm/v3/owners"),
        ("/crm/pipelines/2026-03/deals/default", "/crm/v3/pipelines/deals/default"),
        ("/oauth/2026-03/token", "/oauth/v1/token"),
        ("/crm/v3/schemas/contacts", "/crm-object-schemas/v3/schemas/contacts"),
        ("/crm/v3/objects/contacts", "/crm/v3/objects/contacts"),
        ("/crm/objects/2026-03x/contacts", "/crm/objects/2026-03x/contacts"),
    ],
)
def test_dated_paths_are_under_the_numbered_contract(path: str, expected: str) -> None:
    """One contract for both spellings."""
    assert numbered(path) == expected


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"paths": {"/x": {"get": {}}}}', b'{"components": {"schemas": {}}}']
)
def test_a_folder_without_contracts(tmp_path: Path, text: bytes) -> None:
    """What cannot be read is named."""
    with pytest.raises(BadContracts, match="holds no"):
        Contracts(tmp_path / "nowhere")
    (tmp_path / "odd.json").write_bytes(text)
    with pytest.raises(BadContracts, match=r"odd\.json is no OpenAPI document"):
        Contracts(tmp_path)


def test_a_server_under_contracts(folder: Path) -> None:
    """The option of the server: what no contract forbids is answered as ever, the rest is a 400."""
    with RunningSandbox.start(contracts=folder) as running:
        url = f"{running.hubspot_url}/crm/v3/objects/things"
        headers = {"Authorization": "Bearer pat-na1-sandbox"}
        refused = requests.post(url, json={"id": 1}, headers=headers, timeout=5)
        assert (refused.status_code, refused.json()["errors"][0]["in"]) == (400, "made")
        assert requests.get(f"{running.hubspot_url}/crm/v3/owners", headers=headers, timeout=5).ok
