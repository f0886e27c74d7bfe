"""The SOAP ``login()`` call, for clients that still use it: off unless the org has turned it on, gone from API 65 on.

``POST /services/Soap/u/{version}`` with a user name and a password with its security token behind. An answer names the
session and the server; a refusal is HTTP 500 with a fault whose ``sf:exceptionCode`` says why. Vendor's page of
``login()``: not available from API 65.0 on, and disabled in orgs made since Winter '26.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape

from sandbox.kernel import HttpRequest
from sandbox.salesforce.exchange import Reply
from sandbox.salesforce.oauth import Sessions
from sandbox.salesforce.org import Org

LAST_VERSION = 64
_PREFIX = ("services", "Soap", "u")
_ELEMENT = re.compile(r"<(?:\w+:)?(username|password)>([^<]*)</")
_XML = {"Content-Type": "text/xml;charset=UTF-8"}
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
    'xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)


@dataclass(slots=True)
class SoapLogin:
    """Whether the org takes such logins, and the password (with its token) of every user."""

    enabled: bool = False
    password: str = "sandbox-passwordsandbox-token"


def is_soap(segments: tuple[str, ...]) -> bool:
    """Whether a path belongs to the partner SOAP API."""
    return segments[:3] == _PREFIX and len(segments) > len(_PREFIX)


def soap_login(org: Org, settings: SoapLogin, sessions: Sessions, request: HttpRequest) -> Reply:
    """Answers one login. It is no call of the REST API and does not count."""
    version = request.path.strip("/").split("/")[len(_PREFIX)]
    if request.headers.get("soapaction", "").strip('"') != "login" or request.method != "POST":
        return _fault("UNKNOWN_EXCEPTION", "only login is known here, by POST with SOAPAction: login")
    if not settings.enabled or not version.partition(".")[0].isdigit() or float(version) > LAST_VERSION:
        return _fault("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")
    found = {name: unescape(value) for name, value in _ELEMENT.findall(request.body.decode("utf-8", "replace"))}
    users = org.schema.entities["User"].table
    ids = [each for each in users.lookup("Username", found.get("username", "")) if users.rows[each].get("IsActive")]
    if not ids or found.get("password") != settings.password:
        return _fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
    url = f"{org.instance_url}/services/Soap/u/{version}/{org.organization_id[:15]}"
    body = (
        f"<loginResponse><result><serverUrl>{escape(url)}</serverUrl>"
        f"<sessionId>{escape(sessions.issue(ids[0]))}</sessionId><userId>{ids[0]}</userId></result></loginResponse>"
    )
    return Reply(200, _ENVELOPE.format(body).encode(), "soap.login", dict(_XML), cost=0)


def _fault(code: str, message: str) -> Reply:
    text = escape(f"{code}: {message}")
    body = (
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{text}</faultstring><detail><sf:LoginFault>"
        f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{escape(message)}</sf:exceptionMessage>"
        "</sf:LoginFault></detail></soapenv:Fault>"
    )
    return Reply(500, _ENVELOPE.format(body).encode(), "soap.login", dict(_XML), cost=0)
