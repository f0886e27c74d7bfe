"""Certificates and handshakes: which stop the side, which are tried again, and what is known not to have been sent."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import responses
import urllib3

from connectors.transport import Resend, Transport, open_session
from sandbox.certificates import Authority
from sandbox.faults import connections
from syncd.lab.line import no_connection
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.values import Side
from tests.fakes import FakeChance, FakeClock, FreeBudget
from tests.unit.connectors.test_transport import URL, call, judge


@pytest.fixture
def transport(clock: FakeClock, chance: FakeChance, budget: FreeBudget) -> Transport:
    """A transport over simulated time."""
    session = open_session(pool=2, base_url="https://api.example.com")
    return Transport(
        side=Side.CRM, session=session, clock=clock, chance=chance, budget=budget, classify=judge, attempts=3
    )


def untrusted(fault: str) -> requests.exceptions.RequestException:
    """What requests raises for a connection that this fault prevents."""
    return no_connection(fault, requests.Request("POST", URL).prepare())


@responses.activate
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (connections.EXPIRED, "has run out; set this machine's clock right"),
        (connections.OTHER_HOST, "was made out to another host; correct the address"),
        (connections.UNKNOWN, "signed by no authority that is trusted here; if a proxy .* http.ca_file"),
    ],
)
@pytest.mark.parametrize("resend", [Resend.SAFE, Resend.NEVER])
def test_a_certificate_that_is_not_trusted_stops_the_side(
    transport: Transport, fault: str, told: str, resend: Resend
) -> None:
    """A person must look, in plain words; nothing is tried again, and nothing was sent."""
    for method in (responses.GET, responses.POST):
        responses.add(method, URL, body=untrusted(fault))
    with pytest.raises(NeedsOperator, match=rf"nothing was sent, .*certificate that api.example.com shows .*{told}"):
        call(transport, resend)
    assert transport.calls == 1


@responses.activate
@pytest.mark.parametrize("fault", [connections.REFUSED, connections.UNRESOLVED, connections.UNREACHABLE])
def test_what_may_pass_by_itself_is_tried_again(transport: Transport, fault: str) -> None:
    """No TLS in common, no such name, no answer: a write too is tried again, as nothing was sent."""
    responses.post(URL, body=untrusted(fault))
    with pytest.raises(RetryLater) as caught:
        call(transport, Resend.NEVER)
    assert not caught.value.sent
    assert transport.calls == 3


@responses.activate
def test_tls_that_breaks_later_may_have_carried_the_write(transport: Transport) -> None:
    """The end of a stream within TLS says nothing of what went before."""
    broken = ssl.SSLEOFError(8, "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol")
    responses.post(URL, body=requests.exceptions.SSLError(urllib3.exceptions.SSLError(broken)))
    with pytest.raises(RetryLater) as caught:
        call(transport, Resend.NEVER)
    assert caught.value.sent
    assert transport.calls == 1


def test_a_file_of_authorities_that_went_away_is_told() -> None:
    """It was there when the settings were read; the error says which file, and what to do."""
    with pytest.raises(
        NeedsOperator, match=r"http\.ca_file: /nowhere/ca\.pem holds no certificate .* correct the path"
    ):
        open_session(pool=1, base_url=URL, ca_file="/nowhere/ca.pem")


def test_a_file_of_authorities_is_used_directly_and_through_a_proxy(tmp_path: Path) -> None:
    """Every pool of connections is made with it, and the check of certificates stays on."""
    file = Authority(now=datetime.now(UTC)).write(tmp_path)
    adapter = open_session(pool=1, base_url=URL, ca_file=str(file)).get_adapter(URL)
    assert isinstance(adapter, requests.adapters.HTTPAdapter)
    request = requests.Request("GET", URL).prepare()
    for proxies in (None, {"https": "http://127.0.0.1:3128"}):
        pool = adapter.get_connection_with_tls_context(request, verify=True, proxies=proxies)
        context = pool.conn_kw["ssl_context"]
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert [dict(pair[0] for pair in each["subject"])["commonName"] for each in context.get_ca_certs()] == [
            "syncd sandbox"
        ]
