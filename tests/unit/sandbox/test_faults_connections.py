"""Connections that do not come about: in process as the library says it, over TLS for real, over plain HTTP cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from connectors.transport import open_session
from sandbox.certificates import Authority
from sandbox.connecting import NoConnection, awaits_connection
from sandbox.control import Control
from sandbox.faults import connections
from sandbox.kernel import HttpRequest
from sandbox.server import RunningSandbox
from tests.inproc import KernelAdapter
from tests.unit.sandbox.fault_stands import ROOT, Hub, Proofs, Stand, faults_of, prove

CONTACTS = "/crm/v3/objects/contacts"
TOKEN = {"Authorization": "Bearer pat-na1-sandbox"}
SERVED = (connections.EXPIRED, connections.OTHER_HOST, connections.UNKNOWN, connections.REFUSED)
"""What a server that speaks TLS plays itself."""


def missed(name: str) -> Callable[[Stand], None]:
    """Proves that the next connection does not come about, that nothing is carried out or logged, and the one after."""

    def proof(at: Stand) -> None:
        at.arm(name)
        with pytest.raises(NoConnection) as missing:
            at.raw(*at.write())
        assert missing.value.name == name
        assert (at.title(), at.kernel.calls, at.fired(name)) == ("Boss", [], 1)
        assert at.call(*at.write())[0] < 300

    return proof


PROOFS: Proofs = {
    (entry.name, vendor): missed(entry.name) for entry in connections.ENTRIES for vendor in ("hubspot", "salesforce")
}


@pytest.mark.parametrize(("name", "vendor"), faults_of(connections.ENTRIES))
def test_what_a_caller_sees(name: str, vendor: str) -> None:
    """No connection, and no call."""
    prove(PROOFS, name, vendor)


def test_a_connection_that_stands_is_never_hit() -> None:
    """What is asked over it passes, whatever is armed for new ones."""
    hub = Hub()
    hub.arm(connections.EXPIRED, probability=1)
    method, target, body = hub.write()
    request = HttpRequest.from_target(method, target, {"Authorization": f"Bearer {hub.token}"}, orjson.dumps(body))
    assert hub.kernel.handle(request).status == 200
    assert awaits_connection(hub.kernel)


# Over sockets


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One for all tests here."""
    return Authority(now=datetime.now(UTC))


@pytest.fixture(scope="module")
def ca_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its certificate."""
    return authority.write(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[RunningSandbox]:
    """Both stand-ins over TLS."""
    with RunningSandbox.start(authority=authority) as running:
        yield running


def chain(error: BaseException) -> list[tuple[str, object]]:
    """Every error within an error of requests: its class, and OpenSSL's code where it has one."""
    found: list[tuple[str, object]] = []
    each: Any = error
    while isinstance(each, BaseException):
        found.append((type(each).__qualname__, getattr(each, "verify_code", getattr(each, "reason", None) and "")))
        each = each.reason if type(each).__name__ == "MaxRetryError" else (each.args or (None,))[0]
    return found


def raised(session: requests.Session, url: str) -> requests.RequestException:
    """What a call raises."""
    with pytest.raises(requests.RequestException) as failed:
        session.get(url, headers=TOKEN, timeout=10)
    return failed.value


def test_whoever_trusts_the_authority_is_served(secure: RunningSandbox, ca_file: Path) -> None:
    """With its file both vendors answer over https; without it the certificate is refused."""
    for url in (secure.hubspot_url, secure.salesforce_url):
        assert url.startswith("https://127.0.0.1:")
        with open_session(pool=1, base_url=url, ca_file=str(ca_file)) as session:
            assert session.get(url + CONTACTS, headers=TOKEN, timeout=10).status_code in (200, 401, 404)
        with open_session(pool=1, base_url=url) as session:
            assert "certificate verify failed" in str(raised(session, url + CONTACTS))
    with secure.salesforce_server.lock:
        assert secure.salesforce.org.instance_url == secure.salesforce_url


@pytest.mark.parametrize("name", SERVED)
def test_a_real_handshake_says_the_same_as_the_one_in_process(secure: RunningSandbox, ca_file: Path, name: str) -> None:
    """Class by class down to OpenSSL's code; the connection that stood ends, the one after is sound."""
    control, url = Control(secure.hubspot_url), secure.hubspot_url + CONTACTS
    before = control.calls()["count"]
    with open_session(pool=1, base_url=url, ca_file=str(ca_file)) as session:
        assert session.get(url, headers=TOKEN, timeout=10).status_code == 200
        control.fault(name=name)
        assert session.get(url, headers=TOKEN, timeout=10).headers["Connection"] == "close"
        real = raised(session, url)
        assert session.get(url, headers=TOKEN, timeout=10).status_code == 200
    assert control.calls()["count"] == before + 3
    hub = Hub()
    hub.arm(name)
    with requests.Session() as session:
        session.mount("https://", KernelAdapter(hub.kernel))
        assert chain(raised(session, url)) == chain(real)


@pytest.mark.parametrize("name", [connections.UNRESOLVED, connections.UNREACHABLE])
def test_names_and_ways_are_told_in_process_as_they_are_outside(name: str) -> None:
    """A name that no resolver knows, and an address behind which nothing answers, for real and in process."""
    hub = Hub()
    hub.arm(name)
    with requests.Session() as session:
        session.mount("https://", KernelAdapter(hub.kernel))
        told = raised(session, "https://vendor.invalid/")
    inner = told.args[0].reason
    if name == connections.UNRESOLVED:
        assert isinstance(told, requests.ConnectionError)
        assert "Failed to resolve 'vendor.invalid'" in str(inner)
    else:
        assert isinstance(told, requests.ConnectTimeout)
        assert "timed out" in str(inner)


def test_plain_http_is_refused_where_tls_is_spoken(secure: RunningSandbox) -> None:
    """Nobody slips into a downgrade; the control plane alone answers both ways."""
    plain = secure.hubspot_url.replace("https", "http")
    answer = requests.get(plain + CONTACTS, headers=TOKEN, timeout=10)
    assert (answer.status_code, answer.text) == (400, "this port speaks HTTPS; begin the address with https")
    assert requests.get(plain + "/_sandbox/calls", timeout=10).status_code == 200


@pytest.mark.parametrize("name", [connections.UNKNOWN, connections.UNREACHABLE])
def test_a_server_without_tls_hangs_up(name: str) -> None:
    """Before the call is seen; the control plane's own connections are not hit."""
    with RunningSandbox.start() as running:
        control = Control(running.hubspot_url)
        control.fault(name=name)
        assert control.faults()["fired"] == {}
        with pytest.raises(requests.ConnectionError):
            requests.get(running.hubspot_url + CONTACTS, headers=TOKEN, timeout=10)
        assert (control.faults()["fired"], control.calls()["count"]) == ({name: 1}, 0)
        assert requests.get(running.hubspot_url + CONTACTS, headers=TOKEN, timeout=10).status_code == 200


def test_salesforce_is_asked_over_tls_from_login_on(secure: RunningSandbox, ca_file: Path) -> None:
    """The login names an instance with https, and a query there is answered."""
    with open_session(pool=1, base_url=secure.salesforce_url, ca_file=str(ca_file)) as session:
        form = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "sandbox-secret"}
        told = session.post(secure.salesforce_url + "/services/oauth2/token", data=form, timeout=10).json()
        assert told["instance_url"] == secure.salesforce_url
        answer = session.get(
            told["instance_url"] + ROOT + "/limits",
            headers={"Authorization": f"Bearer {told['access_token']}"},
            timeout=10,
        )
    assert answer.status_code == 200
