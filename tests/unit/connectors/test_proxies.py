"""A session over a real proxy and real TLS on this machine: whose certificates count, what the proxy can see."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
import requests

from connectors.transport import open_session
from sandbox.certificates import SOUND, Authority
from sandbox.faults import connections
from syncd.model.errors import NeedsOperator

BEARER = "Bearer pat-na1-never-shown"


@dataclass
class Vendor:
    """A server that speaks TLS as ``localhost``; ``heard`` are its requests."""

    authority: Authority
    context: ssl.SSLContext
    heard: list[bytes] = field(default_factory=list)

    def serve(self, line: socket.socket) -> None:
        with self.context.wrap_socket(line, server_side=True) as safe:
            self.heard.append(safe.recv(65_536))
            safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


class Proxy:
    """Answers ``CONNECT`` and passes bytes on; ``saw`` is all that it could read."""

    def __init__(self) -> None:
        self.saw: list[bytes] = []

    def serve(self, line: socket.socket) -> None:
        asked = line.recv(65_536)
        self.saw.append(asked)
        port = int(asked.split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as onward:
            line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._pass, args=(onward, line), daemon=True)
            back.start()
            self._pass(line, onward)
            back.join(5)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while some := source.recv(65_536):
                self.saw.append(some)
                sink.sendall(some)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return  # either end has hung up, which is how a tunnel ends


class Serving(Protocol):
    """Whoever may listen on a port."""

    def serve(self, line: socket.socket) -> None:
        """One caller."""
        ...


def listening(stack: ExitStack, serve: Serving) -> int:
    """Serves every connection of a port of its own, which is returned."""
    door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

    def one(line: socket.socket) -> None:
        with line:
            try:
                serve.serve(line)
            except (ssl.SSLError, OSError):
                return  # a caller who does not trust us hangs up

    def run() -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(line,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return int(door.getsockname()[1])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what was opened."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def authority() -> Authority:
    """An authority that only its file makes trusted."""
    return Authority(now=datetime.now(UTC))


def vendor_of(authority: Authority, name: str = SOUND) -> Vendor:
    """A vendor with one of the authority's certificates."""
    context = authority.context(name)
    assert context is not None
    return Vendor(authority, context)


@pytest.fixture
def proxied(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """A proxy that the environment names; ``localhost`` by its name is no loopback address to a session."""
    proxy = Proxy()
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening(stack, proxy)}")
    return proxy


def get(url: str, ca_file: Path | None) -> requests.Response:
    """One call with a credential."""
    session = open_session(pool=1, base_url=url, ca_file=None if ca_file is None else str(ca_file))
    with session:
        return session.get(url, headers={"Authorization": BEARER}, timeout=10)


def test_a_call_goes_through_the_proxy_and_is_hidden_from_it(
    stack: ExitStack, authority: Authority, proxied: Proxy, tmp_path: Path
) -> None:
    """With the file of the authority: answered; the proxy sees where to, and neither credential nor path."""
    vendor = vendor_of(authority)
    url = f"https://localhost:{listening(stack, vendor)}/crm/secret-path"
    assert get(url, authority.write(tmp_path)).status_code == 200
    assert proxied.saw[0].startswith(b"CONNECT localhost:")
    assert not any(BEARER.encode() in each or b"secret-path" in each for each in proxied.saw)
    assert BEARER.encode() in vendor.heard[0]


def test_without_the_file_the_certificate_is_refused(stack: ExitStack, authority: Authority, proxied: Proxy) -> None:
    """Through the proxy and without it; the vendor hears nothing."""
    vendor = vendor_of(authority)
    port = listening(stack, vendor)
    for url in (f"https://localhost:{port}/", f"https://127.0.0.1:{port}/"):
        with pytest.raises(requests.exceptions.SSLError, match=r"self-signed|unable to get local issuer"):
            get(url, None)
    assert vendor.heard == []


@pytest.mark.parametrize("fault", [connections.EXPIRED, connections.OTHER_HOST, connections.UNKNOWN])
def test_the_file_trusts_its_authority_and_nothing_more(
    stack: ExitStack, authority: Authority, proxied: Proxy, tmp_path: Path, fault: str
) -> None:
    """What has run out, was made out to another host or signed by somebody else is refused as before."""
    vendor = vendor_of(authority, fault)
    url = f"https://localhost:{listening(stack, vendor)}/"
    with pytest.raises(requests.exceptions.SSLError):
        get(url, authority.write(tmp_path))
    assert vendor.heard == []


def test_exceptions_and_loopback_go_past_the_proxy(
    stack: ExitStack, authority: Authority, proxied: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is on this machine, and what ``NO_PROXY`` names: there the address is judged, which here is no
    vendor's (``tests/unit/connectors/test_addresses.py``).
    """
    file = authority.write(tmp_path)
    vendor = vendor_of(authority)
    port = listening(stack, vendor)
    assert get(f"https://127.0.0.1:{port}/", file).status_code == 200
    monkeypatch.setenv("NO_PROXY", "localhost")
    with pytest.raises(NeedsOperator, match="localhost leads to 127"):
        get(f"https://localhost:{port}/", file)
    assert proxied.saw == []
    assert len(vendor.heard) == 1


def test_a_proxy_that_is_not_there_was_surely_not_passed(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The call fails as a connection that never was, not as an answer of the vendor."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(requests.exceptions.ProxyError):
        get("https://api.example.com/", authority.write(tmp_path))
