"""The probes' listener: any address, three pages, no reason and no name in any of them, and a store that is spared."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from syncd.console.probes import KEPT, listener, probes, read_address
from syncd.model.errors import BadUsage, NeedsOperator
from syncd.observe.metrics import METRICS
from tests.fakes import FakeClock


class Daemon:
    """What is asked, and how often."""

    def __init__(self) -> None:
        self.ready = True
        self.asked = 0

    def is_ready(self) -> bool:
        self.asked += 1
        return self.ready

    def metrics(self) -> bytes:
        self.asked += 1
        return b"syncd_x 1\n"


@pytest.fixture
def daemon() -> Daemon:
    """A daemon that is well."""
    return Daemon()


@pytest.fixture
def url(daemon: Daemon, clock: FakeClock) -> Iterator[str]:
    """A running listener on every address of this machine."""
    server = listener(probes(ready=daemon.is_ready, metrics=daemon.metrics, clock=clock), host="0.0.0.0", port=0)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def ask(url: str, method: str = "GET") -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_it_says_yes_or_no_and_never_why(url: str, daemon: Daemon, clock: FakeClock) -> None:
    """Readiness has no sentence: it could name a connection or quote an error to whoever asks."""
    assert ask(f"{url}/readyz") == (200, '{"ready":true}')
    daemon.ready = False
    clock.advance(KEPT)
    status, body = ask(f"{url}/readyz")
    assert (status, json.loads(body)) == (503, {"ready": False})
    assert ask(f"{url}/healthz") == (200, '{"status":"alive"}')
    assert ask(f"{url}/metrics") == (200, "syncd_x 1\n")


def test_nothing_else_is_there_and_nothing_can_be_changed(url: str) -> None:
    """No page, no document, no other method."""
    for path in ("", "/", "/docs", "/redoc", "/openapi.json", "/api/v1", "/metrics/x", "/console", "/login"):
        assert ask(f"{url}{path}")[0] == 404, path
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert ask(f"{url}/metrics", method)[0] == 405, method


def test_the_store_is_asked_once_a_second(url: str, daemon: Daemon, clock: FakeClock) -> None:
    """However often somebody asks here."""
    for _ in range(20):
        ask(f"{url}/metrics")
        ask(f"{url}/readyz")
    assert daemon.asked == 2
    clock.advance(KEPT)
    ask(f"{url}/metrics")
    assert daemon.asked == 3


def test_no_label_can_hold_a_person() -> None:
    """Names of the configuration, classes and codes; no id, no link, no record, no address."""
    labels = {label for about in METRICS.values() for label in about.labels}
    assert labels == {
        *("connection", "side", "kind", "target", "command", "state", "clock", "measure"),
        *("operation", "outcome", "error", "code", "secret", "part"),
    }


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:9465", ("0.0.0.0", 9465)),
        ("[::]:9465", ("::", 9465)),
        ("10.1.2.3:80", ("10.1.2.3", 80)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
    ],
)
def test_any_address_may_be_bound(text: str, address: tuple[str, int]) -> None:
    """Of both families."""
    assert read_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "9465", "localhost:80", "0.0.0.0", "0.0.0.0:", "0.0.0.0:x", "0.0.0.0:99999", "::1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """With what to give instead."""
    with pytest.raises(BadUsage, match=r"--probes .*: .* is no (address|port); give ADDRESS:PORT"):
        read_address(text)


def test_a_port_that_is_taken_is_told_with_its_option(daemon: Daemon, clock: FakeClock) -> None:
    """Two listeners are easily given one port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        app = probes(ready=daemon.is_ready, metrics=daemon.metrics, clock=clock)
        with pytest.raises(NeedsOperator, match=r"--probes .* name a free port"):
            listener(app, host="127.0.0.1", port=taken.getsockname()[1])
