"""Sessions and the token endpoint: client credentials, JWT bearer and refresh token; and who a session belongs to.

Two apps are known: the daemon's, which runs as the integration user, and an admin's, which runs as an administrator.

No ``expires_in`` is answered: a 401 is the only sign that a session is over. Refusals are
``{"error", "error_description"}`` with status 400.
"""

from __future__ import annotations

import base64
import binascii
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote_plus

import jwt
from jwt.types import Options

from sandbox.kernel import HttpRequest
from sandbox.salesforce.errors import plain
from sandbox.salesforce.exchange import Reply
from sandbox.salesforce.org import Org

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_UNCHECKED: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_sub": False}
"""What is checked here instead, by the clock of the org."""
_UNSIGNED: Options = {"verify_signature": False, **_UNCHECKED}
_SIGNS = string.ascii_letters + string.digits + "._"


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """An External Client App. ``public_key`` (PEM) verifies assertions; without one, ``trusts_issuer`` accepts them."""

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"
    refresh_token: str = "sandbox-refresh"
    public_key: str | None = None
    trusts_issuer: bool = True


ADMIN_APP = ConnectedApp("sandbox-admin", "sandbox-admin-secret", "sandbox-admin-refresh")


@dataclass(frozen=True, slots=True)
class OAuthError(Exception):
    """A refusal of the token endpoint."""

    error: str
    description: str


class Sessions:
    """The tokens in use. A session slides: every call renews it."""

    def __init__(self, org: Org, app: ConnectedApp, admin_app: ConnectedApp = ADMIN_APP) -> None:
        self._org = org
        self.app = app
        self.admin_app = admin_app
        self._sessions: dict[str, tuple[str, datetime]] = {}

    def expire(self) -> None:
        """Ends every session, as an admin can."""
        self._sessions.clear()

    def issue(self, user_id: str) -> str:
        """A new session of a user."""
        token = f"{self._org.organization_id[:15]}!" + "".join(self._org.chance.choices(_SIGNS, k=96))
        self._sessions[token] = (user_id, self._expiry())
        return token

    def user_of(self, headers: Mapping[str, str]) -> str:
        """The user behind the Authorization header, or 401 INVALID_SESSION_ID."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        user_id, expires = self._sessions.get(token.strip(), ("", self._org.clock.now()))
        if kind not in ("Bearer", "OAuth") or expires <= self._org.clock.now():
            raise plain("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        if not self._org.switches.sessions_valid_for_rest:
            raise plain("INVALID_SESSION_ID", "This session is not valid for use with the REST API", status=401)
        self._sessions[token.strip()] = (user_id, self._expiry())
        return user_id

    def _expiry(self) -> datetime:
        return self._org.clock.now() + timedelta(seconds=self._org.switches.session_seconds)

    def answer(self, request: HttpRequest) -> Reply:
        """``POST /services/oauth2/token``."""
        try:
            if request.method != "POST":
                raise OAuthError("invalid_request", "must use HTTP POST")
            user_id = self._grant(request)
        except OAuthError as refusal:
            told = {"error": refusal.error, "error_description": refusal.description}
            if not self._org.switches.token_error_describes:
                del told["error_description"]
            return Reply(400, told, "token", cost=0)
        body = {
            "access_token": self.issue(user_id),
            "signature": base64.b64encode(self._org.chance.randbytes(32)).decode(),
            "scope": "api",
            "instance_url": self._org.instance_url,
            "id": f"https://login.salesforce.com/id/{self._org.organization_id}/{user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(self._org.clock.now().timestamp() * 1000)),
        }
        return Reply(200, body, "token", cost=0)

    def userinfo(self, request: HttpRequest) -> Reply:
        """``/services/oauth2/userinfo``: the user of the session, in the claims of OpenID Connect and the vendor's."""
        user_id = self.user_of(request.headers)
        user = self._org.schema.entities["User"].table.rows[user_id]
        host = self._org.instance_url
        body = {
            "sub": f"https://login.salesforce.com/id/{self._org.organization_id}/{user_id}",
            "user_id": user_id,
            "organization_id": self._org.organization_id,
            "preferred_username": user["Username"],
            "nickname": str(user["Username"]).partition("@")[0],
            "name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "given_name": user.get("FirstName"),
            "family_name": user["LastName"],
            "zoneinfo": user.get("TimeZoneSidKey"),
            "active": user.get("IsActive"),
            "user_type": str(user.get("UserType", "Standard")).upper(),
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "urls": {
                "rest": f"{host}/services/data/v{{version}}/",
                "query": f"{host}/services/data/v{{version}}/query/",
            },
            "updated_at": user["SystemModstamp"],
        }
        return Reply(200, body, "userinfo", cost=0)

    def _grant(self, request: HttpRequest) -> str:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)) | dict(request.query)
        grant = form.get("grant_type")
        if grant == JWT_BEARER:
            return self._by_assertion(form.get("assertion", ""))
        if grant not in ("client_credentials", "refresh_token"):
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        app = self._check_client(request, form)
        if grant == "refresh_token" and form.get("refresh_token") != app.refresh_token:
            raise OAuthError("invalid_grant", "expired access/refresh token")
        return self._org.admin_user if app is self.admin_app else self._org.integration_user

    def _check_client(self, request: HttpRequest, form: Mapping[str, str]) -> ConnectedApp:
        client_id, secret = form.get("client_id"), form.get("client_secret")
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                named, _, hidden = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise OAuthError("invalid_client", "invalid client credentials") from error
            client_id, secret = unquote_plus(named), unquote_plus(hidden)
        app = next((each for each in (self.app, self.admin_app) if each.client_id == client_id), None)
        if app is None:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if secret != app.client_secret and (secret or form.get("grant_type") == "client_credentials"):
            raise OAuthError("invalid_client", "invalid client credentials")
        return app

    def _by_assertion(self, assertion: str) -> str:
        try:
            if self.app.public_key is not None:
                claims = jwt.decode(assertion, self.app.public_key, algorithms=["RS256"], options=_UNCHECKED)
            elif self.app.trusts_issuer:
                claims = jwt.decode(assertion, options=_UNSIGNED)
            else:
                raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        except jwt.InvalidTokenError as error:
            raise OAuthError("invalid_grant", "invalid assertion") from error
        if claims.get("iss") != self.app.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        expires = str(claims.get("exp", ""))  # clients send it as a string, too
        if not expires.isdigit() or int(expires) <= self._org.clock.now().timestamp():
            raise OAuthError("invalid_grant", "expired authorization code")
        users = self._org.schema.entities["User"].table
        found = [row_id for row_id in users.lookup("Username", str(claims.get("sub", "")))
                 if users.rows[row_id].get("IsActive")]  # fmt: skip
        if not found:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        return found[0]
