"""The stand-ins behind sockets: the vendors' own libraries speak to them, and another process controls them."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from sandbox.control import Control, ControlRefused
from sandbox.server import KernelServer, RunningSandbox

TOKEN = {"Authorization": "Bearer pat-na1-sandbox"}


@pytest.fixture(scope="module")
def box() -> Iterator[RunningSandbox]:
    """Both stand-ins, stopped at the end."""
    with RunningSandbox.start(seed=3) as running:
        yield running


@pytest.fixture
def hubspot(box: RunningSandbox) -> Iterator[Control]:
    """Control of HubSpot with an empty log and no faults, before and after."""
    control = Control(box.hubspot_url)
    control.reset()
    yield control
    control.clear_faults()
    control.switch(latency=0)


@pytest.fixture
def salesforce(box: RunningSandbox) -> Control:
    """Control of Salesforce with an empty log."""
    control = Control(box.salesforce_url)
    control.reset()
    return control


class LoopbackAdapter(HTTPAdapter):
    """Sends https URLs, which simple-salesforce cannot be talked out of, to the stand-in over plain http."""

    def send(self, request: requests.PreparedRequest, *args: Any, **words: Any) -> requests.Response:
        """Sends over plain http."""
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *args, **words)


def talk(url: str, text: bytes) -> bytes:
    """Sends raw bytes and reads until the server closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        connection.sendall(text)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def test_the_unmodified_hubspot_client_works(box: RunningSandbox, hubspot: Control) -> None:
    """hubspot-api-client creates and reads a contact, and the log counts both calls but not those of the control."""
    from hubspot import HubSpot
    from hubspot.crm.contacts import SimplePublicObjectInputForCreate

    client = HubSpot(access_token="pat-na1-sandbox")
    basic = client.crm.contacts.basic_api
    basic.api_client.configuration.host = box.hubspot_url
    made = basic.create(SimplePublicObjectInputForCreate(properties={"email": "jo@x.com", "firstname": "Zoë 🌸"}))
    read = basic.get_by_id(made.id, properties=["firstname"])
    basic.api_client.rest_client.pool_manager.clear()
    assert read.properties["firstname"] == "Zoë 🌸"
    assert hubspot.calls()["created"] == [made.id]
    assert hubspot.calls()["count"] == 2


def test_the_unmodified_simple_salesforce_works(box: RunningSandbox, salesforce: Control) -> None:
    """simple-salesforce logs in nowhere, queries, creates and sees its quota, all with its hard-coded https."""
    from simple_salesforce.api import Salesforce

    token = requests.post(
        f"{box.salesforce_url}/services/oauth2/token",
        {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "sandbox-secret"},
        timeout=5,
    ).json()
    assert token["instance_url"] == box.salesforce_url
    with requests.Session() as session:
        session.mount("https://", LoopbackAdapter())
        org: Any = Salesforce(instance_url=token["instance_url"], session_id=token["access_token"], session=session)
        made = org.Lead.create({"LastName": "Dvořák", "Company": "Acme"})
        found = org.query(f"SELECT LastName FROM Lead WHERE Id = '{made['id']}'")
        assert [row["LastName"] for row in found["records"]] == ["Dvořák"]
        assert org.api_usage["api-usage"].used >= 2
    assert salesforce.calls()["operations"].keys() >= {"token", "query"}


def test_another_process_plays_people(salesforce: Control, hubspot: Control) -> None:
    """create, edit, merge, convert and delete through the control plane change records and cost no call."""
    ids = salesforce.load("Lead", [{"LastName": name, "Company": "Acme"} for name in ("A", "B", "C")])
    salesforce.do("edit", object="Lead", id=ids[0], fields={"Title": "Boss"})
    salesforce.do("merge", object="Lead", winner=ids[0], losers=[ids[1]])
    contact = salesforce.do("convert", lead_id=ids[2], status="Closed - Converted")[0]
    rows = {row["Id"]: row for row in salesforce.export()["Lead"]}
    assert rows[ids[0]]["Title"] == "Boss"
    assert rows[ids[1]]["MasterRecordId"] == ids[0]
    assert rows[ids[2]]["ConvertedContactId"] == contact
    person = hubspot.do("create", object="contacts", properties={"email": "p@x.com"})
    hubspot.do("unsubscribe", email="p@x.com")
    hubspot.do("delete", object="contacts", id=person)
    row = next(row for row in hubspot.export()["contacts"] if row["id"] == person)
    assert (row["archived"], row["properties"]["hs_email_optout"]) == (True, "true")
    assert salesforce.calls()["count"] == hubspot.calls()["count"] == 0


def test_the_control_plane_says_what_would_be_right(hubspot: Control, salesforce: Control) -> None:
    """Unknown actions, paths, switches and refusals of the vendor are told apart and explained."""
    with pytest.raises(ControlRefused, match=r"400.*'handle' is not known here; known are .*edit"):
        hubspot.do("handle")
    with pytest.raises(ControlRefused, match=r"400.*no switch wrong"):
        hubspot.switch(wrong=1)
    with pytest.raises(ControlRefused, match=r"400.*a fault has the keys"):
        hubspot.fault(operation="search")
    with pytest.raises(ControlRefused, match=r"400.*has no attribute 'lower'"):
        hubspot.do("unsubscribe", email=None)
    with pytest.raises(ControlRefused, match=r"409.*REQUIRED_FIELD_MISSING"):
        salesforce.do("create", object="Lead", fields={"LastName": "No company"})
    answer = requests.get(f"{hubspot.url}/_sandbox/nothing", timeout=5)
    assert (answer.status_code, "GET /_sandbox/calls" in answer.json()["error"]) == (404, True)


def test_faults_hit_what_they_name(hubspot: Control) -> None:
    """A fault answers instead of the vendor, or cuts the connection after the work is done; both are logged."""
    url = f"{hubspot.url}/crm/v3/objects/contacts"
    hubspot.fault(name="html", path_contains="/contacts", skip=1, status=200, body="<html>", headers={"X-By": "edge"})
    assert requests.get(url, headers=TOKEN, timeout=5).json()["results"] is not None
    hit = requests.get(url, headers=TOKEN, timeout=5)
    assert (hit.text, hit.headers["X-By"]) == ("<html>", "edge")
    hubspot.fault(name="ghost", when="drop", method="POST")
    with pytest.raises(requests.ConnectionError):
        requests.post(url, json={"properties": {"email": "ghost@x.com"}}, headers=TOKEN, timeout=5)
    calls = hubspot.calls(since=0)
    assert [line["fault"] for line in calls["lines"]] == [None, "html", "ghost"]
    assert len(calls["created"]) == 1
    assert len(hubspot.calls(since=2)["lines"]) == 1


def test_one_connection_carries_many_requests(hubspot: Control) -> None:
    """Connections stay open; HEAD has a length and no body; a chunked body is read like any other."""
    parts = urlsplit(hubspot.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.request("GET", "/crm/v3/objects/contacts", headers=TOKEN)
    answer = connection.getresponse()
    answer.read()
    first = connection.sock
    connection.request("HEAD", "/crm/v3/objects/contacts", headers=TOKEN)
    head = connection.getresponse()
    assert (head.status, head.read()) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0
    body = json.dumps({"properties": {"email": "chunk@x.com"}}).encode()
    connection.request(
        "POST", "/crm/v3/objects/contacts", iter([body[:9], body[9:]]), TOKEN | {"Content-Type": "application/json"}
    )
    made = connection.getresponse()
    assert (made.status, json.loads(made.read())["properties"]["email"]) == (201, "chunk@x.com")
    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"BREW /pot HTTP/1.1\r\n\r\n", b"501"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
    ],
)
def test_bytes_that_are_no_request(box: RunningSandbox, text: bytes, status: bytes) -> None:
    """Malformed requests get a status and are closed; the server lives on."""
    assert talk(box.hubspot_url, text).startswith(b"HTTP/1.1 " + status)
    assert Control(box.hubspot_url).calls()["count"] >= 0


def test_latency_is_outside_of_the_kernel(box: RunningSandbox, hubspot: Control, monkeypatch: Any) -> None:
    """Latency is waited for once an answer, after the lock is free, and can be set while the server runs."""
    waits: list[tuple[float, bool]] = []
    server = box.hubspot_server
    monkeypatch.setattr("sandbox.server.time.sleep", lambda seconds: waits.append((seconds, server.lock.locked())))
    hubspot.switch(latency=0.25)
    requests.get(f"{hubspot.url}/crm/v3/objects/contacts", headers=TOKEN, timeout=5)
    assert waits == [(0.25, False)]


def test_a_taken_port_is_named(box: RunningSandbox) -> None:
    """Starting on a port in use says which one and what to do."""
    port = box.hubspot_server.server_address[1]
    with pytest.raises(OSError, match=rf"cannot listen on 127.0.0.1:{port}.*another port"):
        RunningSandbox.start(hubspot_port=int(port))


def test_stopping_cuts_open_connections(box: RunningSandbox) -> None:
    """After stop, a client that waits on an open connection sees its end, and nobody listens."""
    server = KernelServer(box.hubspot)
    server.start()
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        connection.sendall(b"GET /_sandbox/calls HTTP/1.1\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        server.stop()
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)
