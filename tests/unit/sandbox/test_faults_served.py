"""Faults through the server: armed by another process, and what comes over the wire where a kernel cannot play it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.control import Control, ControlRefused
from sandbox.faults import wires
from sandbox.faults.network import TLS_ALERT
from sandbox.server import RunningSandbox

TOKEN = {"Authorization": "Bearer pat-na1-sandbox"}
REQUEST = b"GET /crm/v3/objects/contacts HTTP/1.1\r\nAuthorization: Bearer pat-na1-sandbox\r\n\r\n"


@pytest.fixture(scope="module")
def box() -> Iterator[RunningSandbox]:
    """Both stand-ins, stopped at the end."""
    with RunningSandbox.start(seed=3) as running:
        yield running


@pytest.fixture
def hubspot(box: RunningSandbox) -> Iterator[Control]:
    """Control of HubSpot, with an empty log and without faults before and after."""
    control = Control(box.hubspot_url)
    control.reset()
    yield control
    control.clear_faults()


def contacts(control: Control) -> str:
    """Where contacts are."""
    return f"{control.url}/crm/v3/objects/contacts"


def connected(control: Control) -> socket.socket:
    """A raw connection on which a request for contacts has been sent."""
    parts = urlsplit(control.url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)
    connection.sendall(REQUEST)
    return connection


def everything(connection: socket.socket) -> bytes:
    """All bytes until the other end closes."""
    heard = b""
    while piece := connection.recv(65_536):
        heard += piece
    return heard


def test_a_fault_is_armed_by_its_name(hubspot: Control) -> None:
    """It fires, is counted and listed; clearing forgets what is armed and keeps the count."""
    assert hubspot.fault(name="hubspot-locked", times=2) == {"armed": "hubspot-locked"}
    assert [requests.post(contacts(hubspot), json={}, headers=TOKEN, timeout=5).status_code for _ in range(1)] == [423]
    told = hubspot.faults()
    assert told["armed"] == [{"name": "hubspot-locked", "probability": 1.0, "passing": 0, "left": 1, "fired": 1}]
    assert told["fired"]["hubspot-locked"] == 1
    assert {"name", "number", "sort", "vendors", "what", "hits", "takes"} == told["catalogue"][0].keys()
    assert "row-lock" not in {entry["name"] for entry in told["catalogue"]}
    hubspot.clear_faults()
    assert (hubspot.faults()["armed"], hubspot.faults()["fired"]["hubspot-locked"]) == ([], 1)
    assert hubspot.calls()["faults"] == {"hubspot-locked": 1}


def test_a_deed_is_told(hubspot: Control) -> None:
    """A merge from another process: no call, and both old ids are named."""
    ids = hubspot.load("contacts", [{"email": f"deed{n}@x.com"} for n in range(2)])
    told = hubspot.fault(name="records-merged")
    assert told["done"] == "records-merged"
    assert len(told["what"][0]["ids"]) == 2
    assert set(ids) - {str(row["id"]) for row in hubspot.export()["contacts"]}
    assert hubspot.calls()["count"] == 0


@pytest.mark.parametrize(
    ("words", "status", "advice"),
    [
        ({"name": "gost-write", "probability": 0.1}, 400, "did you mean ghost-write"),
        ({"name": "gost-write"}, 400, "did you mean ghost-write"),
        ({"name": "row-lock"}, 400, "row-lock is a fault of salesforce"),
        ({"name": "ghost-write", "nth": "third"}, 400, "nth is a whole number"),
        ({"name": "record-restored", "object": "companies"}, 409, "needs 1 archived records"),
    ],
)
def test_what_cannot_be_armed(hubspot: Control, words: dict[str, Any], status: int, advice: str) -> None:
    """A misspelt name is no fault of the free form that hits everything; each refusal says what would be right."""
    with pytest.raises(ControlRefused, match=rf"{status}.*{advice}"):
        hubspot.fault(**words)
    assert hubspot.faults()["armed"] == []


def test_the_free_form_stays(hubspot: Control) -> None:
    """A fault that says what it hits or answers is taken as before, whatever its name."""
    hubspot.fault(name="ghost-write", status=418)
    assert requests.get(contacts(hubspot), headers=TOKEN, timeout=5).status_code == 418
    hubspot.fault(name="mine", times=1)
    assert requests.get(contacts(hubspot), headers=TOKEN, timeout=5).status_code == 503


def test_a_truncated_body_breaks_the_connection(hubspot: Control) -> None:
    """More is promised than comes, and then the connection ends."""
    hubspot.fault(name="truncated-body")
    with connected(hubspot) as connection:
        head, _, body = everything(connection).partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert promised in (2 * len(body), 2 * len(body) + 1)
    hubspot.fault(name="truncated-body")
    with pytest.raises(requests.RequestException):
        requests.get(contacts(hubspot), headers=TOKEN, timeout=5)


@pytest.mark.parametrize("name", ["reset-before-sending", "reset-after-sending"])
def test_a_reset_is_a_reset(hubspot: Control, name: str) -> None:
    """The system says ECONNRESET instead of the end of a stream."""
    hubspot.fault(name=name)
    with connected(hubspot) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert hubspot.calls()["count"] == 1


def test_a_lost_request_ends_in_order(hubspot: Control) -> None:
    """The end of the stream, without a byte."""
    hubspot.fault(name="lost-request")
    with connected(hubspot) as connection:
        assert everything(connection) == b""


def test_a_connection_is_held_before_it_is_cut(hubspot: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller with a shorter patience meets a timeout: the write is carried out, and the end comes later."""
    pauses: list[float] = []
    monkeypatch.setattr("sandbox.server.time.sleep", pauses.append)
    hubspot.fault(name="ghost-write", hold=30)
    with pytest.raises(requests.ConnectionError):
        requests.post(contacts(hubspot), json={"properties": {"email": "held@x.com"}}, headers=TOKEN, timeout=5)
    assert pauses == [30.0]
    assert len(hubspot.calls()["created"]) == 1


def test_a_failed_handshake_is_an_alert(hubspot: Control) -> None:
    """A TLS record where HTTP belongs, which clients of HTTP cannot read."""
    hubspot.fault(name="tls-failure")
    with connected(hubspot) as connection:
        assert everything(connection) == TLS_ALERT
    hubspot.fault(name="tls-failure")
    with pytest.raises(requests.ConnectionError):
        requests.get(contacts(hubspot), headers=TOKEN, timeout=5)


def test_a_slow_loris_sends_byte_by_byte(hubspot: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """It pauses before every byte of the body, which is whole in the end."""
    pauses: list[float] = []
    monkeypatch.setattr("sandbox.server.time.sleep", pauses.append)
    hubspot.fault(name="slow-loris", seconds=2)
    answer = requests.get(contacts(hubspot), headers=TOKEN, timeout=10)
    assert answer.json()["results"] is not None
    assert pauses == [2.0] * len(answer.content)
    assert requests.get(contacts(hubspot), headers=TOKEN, timeout=10).content == answer.content
    assert len(pauses) == len(answer.content)


def test_endless_headers_end_with_the_patience_of_the_caller(hubspot: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """Header after header and never an empty line; once the caller leaves, the server goes on with others."""
    monkeypatch.setattr("sandbox.server.time.sleep", lambda _: None)
    hubspot.fault(name="endless-headers")
    connection = connected(hubspot)
    heard = b""
    while b"X-More-500:" not in heard:
        heard += connection.recv(65_536)
    assert b"\r\n\r\n" not in heard
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    assert requests.get(contacts(hubspot), headers=TOKEN, timeout=5).status_code == 200


def test_a_huge_body_is_as_long_as_it_says(hubspot: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """The length is told and kept, whatever the answer was before."""
    monkeypatch.setattr(wires, "FLOOD", 1_000_003)
    hubspot.fault(name="huge-body")
    answer = requests.get(contacts(hubspot), headers=TOKEN, timeout=10)
    assert (len(answer.content), answer.headers["Content-Length"]) == (1_000_003, "1000003")
    assert requests.get(contacts(hubspot), headers=TOKEN, timeout=10).json()["results"] is not None


def test_a_zombie_is_carried_out_though_nobody_calls(hubspot: Control) -> None:
    """The write that was given up is in the log a moment later, without any further call of a client."""
    hubspot.fault(name="zombie-write", seconds=0.01)
    with pytest.raises(requests.ConnectionError):
        requests.post(contacts(hubspot), json={"properties": {"email": "zombie@x.com"}}, headers=TOKEN, timeout=5)
    for _ in range(200):
        calls = hubspot.calls(since=0)
        if len(calls["lines"]) == 2:
            break
    assert [line["fault"] for line in calls["lines"]] == ["zombie-write", "zombie-write, carried out"]
    assert len(calls["created"]) == 1
    assert "zombie@x.com" in {row["properties"].get("email") for row in hubspot.export()["contacts"]}


def test_the_server_itself_carries_out_what_is_due(box: RunningSandbox, hubspot: Control) -> None:
    """Its own round does it, without a call and without the control plane."""
    hubspot.fault(name="zombie-write", seconds=0)
    with pytest.raises(requests.ConnectionError):
        requests.post(contacts(hubspot), json={"properties": {"email": "due@x.com"}}, headers=TOKEN, timeout=5)
    box.hubspot_server.carry_out_late()
    assert not box.hubspot.owes
