"""How a session begins and ends: the token endpoint, what it leaves out, and the SOAP login of old."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import orjson
import pytest

from sandbox.kernel import HttpRequest, HttpResponse
from tests.unit.sandbox.salesforce_client import Client

APP = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
USER, PASSWORD = "integration.user@sandbox.example", "sandbox-passwordsandbox-token"
LOGIN = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>{}</n1:username><n1:password>{}</n1:password>'
    "</n1:login></e:Body></e:Envelope>"
)


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def asked(org: Client, basic: str | None = None, **form: str) -> tuple[int, Any]:
    """The token endpoint's answer."""
    body = urlencode(form).encode()
    headers = {} if basic is None else {"Authorization": f"Basic {basic}"}
    answer = org.kernel.handle(HttpRequest.from_target("POST", "/services/oauth2/token", headers, body))
    return answer.status, orjson.loads(answer.body)


def soap(org: Client, *, version: str = "59.0", user: str = USER, password: str = PASSWORD) -> HttpResponse:
    """One SOAP login."""
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    body = LOGIN.format(user, password).encode()
    return org.kernel.handle(HttpRequest.from_target("POST", f"/services/Soap/u/{version}", headers, body))


def element(answer: HttpResponse, name: str) -> str | None:
    """The text of the only element of this name."""
    texts = [each.text for each in fromstring(answer.body).iter() if each.tag.rpartition("}")[2] == name]
    return texts[0] if texts else None


@pytest.mark.fact("salesforce 2.1")
@pytest.mark.parametrize(("secret", "status"), [("sandbox-secret", 200), ("x", 400)])
def test_credentials_may_stand_in_a_basic_header(org: Client, secret: str, status: int) -> None:
    """Instead of in the form."""
    basic = base64.b64encode(f"sandbox-client:{secret}".encode()).decode()
    assert asked(org, basic, grant_type="client_credentials")[0] == status


@pytest.mark.fact("salesforce 2.2")
@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_a_token_answer_tells_no_expiry(org: Client, grant: str) -> None:
    """No ``expires_in`` and no refresh token: a 401 is the only sign of an end."""
    _, answer = asked(org, grant_type=grant, refresh_token="sandbox-refresh", **APP)
    assert set(answer) == {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
    assert answer["token_type"] == "Bearer"
    assert answer["access_token"].startswith(f"{org.kernel.org.organization_id[:15]}!")
    assert answer["issued_at"] == str(int(org.clock.now().timestamp() * 1000))


@pytest.mark.fact("salesforce 2.2")
@pytest.mark.parametrize("seconds", [7200.0, 900.0])
def test_a_session_lives_as_long_as_the_org_says(org: Client, seconds: float) -> None:
    """From its last use: every call renews it."""
    org.kernel.switches.session_seconds = seconds
    org.token = org.kernel.login()
    for _ in range(2):
        org.clock.advance(seconds - 1)
        assert org.call("GET", "/limits")[0] == 200
    org.clock.advance(seconds)
    assert org.call("GET", "/limits")[0] == 401


@pytest.mark.fact("salesforce 2.3")
@pytest.mark.parametrize("described", [True, False])
def test_a_refusal_may_lack_its_description(org: Client, described: bool) -> None:
    """The error is there in any case, by the switch alone."""
    org.kernel.switches.token_error_describes = described
    status, answer = asked(org, grant_type="refresh_token", refresh_token="x", **APP)
    assert (status, answer["error"]) == (400, "invalid_grant")
    assert ("error_description" in answer) == described


@pytest.mark.fact("salesforce 2.4")
def test_a_soap_login_answers_a_session_and_a_server(org: Client) -> None:
    """The session works for REST; a wrong password is HTTP 500 with INVALID_LOGIN."""
    org.kernel.soap.enabled = True
    answer = soap(org)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml;charset=UTF-8")
    assert (element(answer, "serverUrl") or "").startswith(f"{org.kernel.org.instance_url}/services/Soap/u/59.0/")
    org.token = element(answer, "sessionId") or ""
    assert org.call("GET", "/limits")[0] == 200
    for wrong in (soap(org, password="x"), soap(org, user="nobody@sandbox.example")):
        assert (wrong.status, element(wrong, "exceptionCode")) == (500, "INVALID_LOGIN")
        assert b"<sf:exceptionCode>INVALID_LOGIN<" in wrong.body
    assert org.kernel.limits.used(org.clock.now()) == 1


@pytest.mark.fact("salesforce 2.5")
@pytest.mark.parametrize(
    ("enabled", "version", "status"),
    [(False, "59.0", 500), (True, "64.0", 200), (True, "65.0", 500)],
)
def test_soap_login_is_off_and_goes_away(org: Client, enabled: bool, version: str, status: int) -> None:
    """Off until an admin turns it on, and never there from API 65 on."""
    if enabled:
        org.kernel.soap.enabled = True
    answer = soap(org, version=version)
    assert answer.status == status
    assert element(answer, "exceptionCode") == (None if status == 200 else "INVALID_OPERATION")


@pytest.mark.fact("salesforce 6.1")
def test_a_session_may_not_be_meant_for_rest(org: Client) -> None:
    """401 under the same code, and no new login cures it."""
    org.kernel.switches.sessions_valid_for_rest = False
    for _ in range(2):
        org.token = asked(org, grant_type="client_credentials", **APP)[1]["access_token"]
        status, (refusal,) = org.call("GET", "/limits")
        assert (status, refusal["errorCode"]) == (401, "INVALID_SESSION_ID")
        assert "not valid for use with the REST API" in refusal["message"]


@pytest.mark.fact("salesforce 2.7")
@pytest.mark.parametrize(("version", "status"), [("40.0", 404), ("41.0", 200), ("68.0", 200), ("69.0", 404)])
def test_versions_that_are_served(org: Client, version: str, status: int) -> None:
    """From 41 to 68; the list of versions names the same."""
    assert org.call("GET", f"/services/data/v{version}/limits")[0] == status
    listed = [each["version"] for each in org.call("GET", "/services/data/")[1]]
    assert (version in listed) == (status == 200)
