"""A credential goes to a vendor's own hosts, and there to no machine inside a network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from connectors.addresses import check_host, judge_address
from connectors.hubspot.client import OWN_HOSTS as HUBSPOT
from connectors.salesforce.token import OWN_HOSTS as SALESFORCE
from connectors.transport import check_base_url, open_session
from syncd.model.errors import NeedsOperator


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://api.hubapi.com", HUBSPOT),
        ("https://API.hubapi.com/", HUBSPOT),
        ("http://127.0.0.1:8081", HUBSPOT),
        ("https://acme.my.salesforce.com", SALESFORCE),
        ("https://acme--dev.sandbox.my.salesforce.com", SALESFORCE),
        ("http://[::1]:8082", SALESFORCE),
    ],
)
def test_hosts_of_the_vendors(url: str, own: tuple[str, ...]) -> None:
    """The one of HubSpot, every one of Salesforce, and stand-ins on loopback."""
    assert check_base_url(url, what="base_url", own=own) == url.rstrip("/")


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("api.hubapi.com.evil.example", HUBSPOT),
        ("evil.api.hubapi.com", HUBSPOT),
        ("salesforce.com", SALESFORCE),
        ("evilsalesforce.com", SALESFORCE),
        ("acme.my.salesforce.com.evil.example", SALESFORCE),
        ("169.254.169.254", SALESFORCE),
        ("localhost", HUBSPOT),
    ],
)
def test_hosts_of_others(host: str, own: tuple[str, ...]) -> None:
    """Whatever only looks like one, an address of a cloud's inside, and loopback by name."""
    with pytest.raises(NeedsOperator, match="base_url"):
        check_base_url(f"https://{host}", what="base_url", own=own)
    with pytest.raises(NeedsOperator, match="not the vendor's"):
        check_host(host, own, what="base_url")


@pytest.mark.parametrize("address", ["104.16.0.1", "2606:4700::6810:1", "::ffff:104.16.0.1"])
def test_addresses_of_the_internet(address: str) -> None:
    """Of both versions, and of the older one in the form of the newer."""
    judge_address("api.hubapi.com", address)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "127.0.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.5",
    ],
)
def test_addresses_inside_a_network(address: str) -> None:
    """Private, link-local, shared, loopback and multicast, however they are written."""
    with pytest.raises(NeedsOperator, match="inside a network"):
        judge_address("api.hubapi.com", address)


def test_loopback_is_a_stand_in_s_where_it_is_written_as_an_address() -> None:
    """The name may be anybody's; the address can only be this machine's."""
    judge_address("127.0.0.1", "127.0.0.1")
    judge_address("[::1]", "::1")
    with pytest.raises(NeedsOperator):
        judge_address("localhost", "127.0.0.1")


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port on this machine, and what was sent to it: one entry per connection."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def listen() -> None:
            while True:
                try:
                    line, _ = door.accept()
                except OSError:
                    return  # the test is over
                with line:
                    line.settimeout(5)
                    heard.append(line.recv(1_000))

        threading.Thread(target=listen, daemon=True).start()
        yield door.getsockname()[1], heard


@pytest.mark.parametrize("host", ["localhost", "api.hubapi.com"])
def test_a_name_that_leads_inside_hears_nothing(
    host: str, listener: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever answers for the name says it is this machine: the connection is given up, before its handshake."""
    port, heard = listener

    def answered(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answered)
    session = open_session(pool=1, base_url=f"https://{host}")
    session.trust_env = False
    with pytest.raises(NeedsOperator, match=f"{host} leads to 127.0.0.1"):
        session.get(f"https://{host}:{port}/", headers={"Authorization": "Bearer t"})
    monkeypatch.undo()
    socket.create_connection(("127.0.0.1", port)).close()  # behind it in the queue
    while len(heard) < 2:
        threading.Event().wait(0.01)
    assert heard == [b"", b""]
