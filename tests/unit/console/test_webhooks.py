"""The listener for webhooks over a real socket: what it reads, and what it answers without reading."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest

from connectors.hubspot import webhooks as hubspot
from connectors.hubspot.wire import millis_of
from sandbox.hubspot import webhooks_signing
from syncd.bootstrap.hooks import Listener
from syncd.console import webhooks as listening
from syncd.model.errors import BadUsage
from syncd.model.remote import AccountIdentity
from syncd.model.values import Side
from syncd.operations.hinting import LARGEST, Hook, Intake
from syncd.store import SqlStore, open_store
from syncd.system import SystemClock
from tests.fakes import FakeChance, FakeClock
from tests.scenarios.processes import until

URL = "https://syncd.example/hooks/main%20one?tenant=1&x=%3A"
PATH = "/hooks/main%20one?tenant=1&x=%3A"
SECRET = "geheim"  # not a secret
EVENT = b'[{"portalId": 7, "objectId": 51, "subscriptionType": "contact.deletion", "occurredAt": 1}]'
Send = Callable[..., int]


@pytest.fixture
def store() -> Iterator[SqlStore]:
    """A store that is bound to portal 7."""
    one = open_store("sqlite://", "main", clock=FakeClock(), chance=FakeChance())
    one.bind(Side.MARKETING, AccountIdentity("hubspot", "7"))
    yield one
    one.close()


@pytest.fixture
def port(store: SqlStore) -> Iterator[int]:
    """A listener's port."""
    hook = Hook("main", URL, lambda: SECRET, frozenset({"contacts"}))
    intake = Intake(
        hooks=lambda: {PATH: hook}, caller=hubspot, store=lambda _: store, clock=SystemClock(), lock=threading.Lock()
    )
    listener = Listener(intake, host="127.0.0.1", port=0)
    listener.start()
    yield listener.port
    listener.close()


def headers(body: bytes) -> dict[str, str]:
    """As the vendor signs a call now."""
    return webhooks_signing.headers(SECRET, method="POST", url=URL, body=body, at=millis_of(SystemClock().now()))


def send(port: int, path: str = PATH, body: bytes = EVENT, method: str = "POST", **changed: str) -> int:
    """The status of one call."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=body, headers={**headers(body), **changed})
        answer = connection.getresponse()
        assert answer.read() == b""
        return answer.status
    finally:
        connection.close()


def test_a_call_of_the_vendors_is_in_the_store_a_moment_later(port: int, store: SqlStore) -> None:
    """Answered first, kept then; path and query count as they were sent, escapes and all."""
    assert send(port) == 204
    until(lambda: bool(store.hints(["contacts"], 9)), within=5)
    (noted,) = store.hints(["contacts"], 9)
    assert (noted.hint.ref.id, noted.hint.version) == ("51", None)


def test_what_is_not_for_us_is_answered_without_a_word(port: int, store: SqlStore) -> None:
    """Nothing of it is kept."""
    assert send(port, "/hooks/main one?tenant=1&x=%3A".replace(" ", "%20") + "&y=1") == 404
    assert send(port, "/") == 404
    assert send(port, "/healthz", method="GET") == 404
    assert send(port, method="GET") == 404
    assert send(port, **{webhooks_signing.SIGNATURE_V3: "x"}) == 401
    assert send(port, **{webhooks_signing.TIMESTAMP: "1"}) == 401
    assert send(port, body=b"no list") == 400
    assert not store.hints(["contacts"], 9)


def test_f70_a_body_without_an_end_or_too_long_is_not_read_on(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A length that says too much is refused at once, chunks when they are too many, silence after a while."""
    assert send(port, **{"Content-Length": str(LARGEST + 1)}) == 413
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers(b"").items())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{lines}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"%x\r\n%s\r\n" % (1 << 16, b"x" * (1 << 16))
        for _ in range(LARGEST // (1 << 16) + 1):
            raw.sendall(chunk)
        assert raw.recv(99).startswith(b"HTTP/1.1 413 ")
    monkeypatch.setattr(listening, "PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: 9\r\n\r\nabc".encode())
        assert raw.recv(99).startswith(b"HTTP/1.1 408 ")
    assert send(port) == 204


def test_an_address_that_is_none_is_refused() -> None:
    """By the option's own name."""
    with pytest.raises(BadUsage, match="--webhooks localhost:1: 'localhost' is no address"):
        listening_at("localhost:1")


def listening_at(address: str) -> None:
    """As the command line reads it."""
    from syncd.bootstrap.hooks import OPTION
    from syncd.console.probes import read_address

    read_address(address, option=OPTION)
