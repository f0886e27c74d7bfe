"""The session: fetched by OAuth, shared by all lanes, renewed once when the vendor says that it is over.

Promises: secrets are asked for anew at every login, so that a rotated one is used without a restart; of several callers
that meet a dead session at once, only the first logs in; a token is sent to no host but the vendor's. Refuses an
``instance_url`` that is neither the vendor's nor the login host: whoever answers a login could else collect tokens. The
answer names no expiry: a 401 is the only sign.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

import jwt

from connectors.addresses import LOOPBACK
from connectors.salesforce.ids import is_id, object_of, to18
from connectors.transport import Resend, Transport, check_base_url, wrong_shape
from syncd.model.errors import NeedsOperator, WrongAccount
from syncd.model.values import Lane
from syncd.observe.log import emit
from syncd.ports.budget import Rate
from syncd.ports.system import Clock

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS: Final = 180
OWN_HOSTS: Final = (".salesforce.com", ".force.com")

Secret = Callable[[], str]
"""Gives a secret as it is now; called at every login."""


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in: client credentials (``client_secret``) or JWT bearer (``private_key`` in PEM and ``username``)."""

    login_url: str
    client_id: Secret
    client_secret: Secret | None
    private_key: Secret | None
    username: str | None
    flow: str
    audience: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """One session. ``instance_url`` is checked; ``user`` is the id of who it acts as, where the answer names one."""

    access_token: str
    instance_url: str
    user: str | None = None

    def __repr__(self) -> str:
        return f"Token(instance_url={self.instance_url!r})"


class TokenSource:
    """The current token of one account. ``lock`` makes renewal single-flight where threads share the account."""

    def __init__(
        self, login: Login, *, transport: Transport, clock: Clock, rate: Rate, lock: AbstractContextManager[object]
    ) -> None:
        self._login = login
        self._transport = transport
        self._clock = clock
        self._rate = rate
        self._lock = lock
        self._token: Token | None = None
        self._org: str | None = None

    def current(self, lane: Lane) -> Token:
        """The token in use, fetched at first need. Errors as ``renewed``."""
        token = self._token
        return token if token is not None else self.renewed(None, lane)

    def renewed(self, stale: Token | None, lane: Lane) -> Token:
        """Another token than the stale one: somebody else's new one, or a fresh login.

        :raises NeedsOperator: the login was refused; the text says where to click. :raises RetryLater: not now.
        """
        with self._lock:
            if self._token is None or self._token is stale:
                self._token = None
                self._token = self._fetch(lane)
            return self._token

    def _fetch(self, lane: Lane) -> Token:
        answer = self._transport.call(
            operation="token",
            method="POST",
            url=f"{self._login.login_url}/services/oauth2/token",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(self._form()).encode(),
            rate=self._rate,
            lane=lane,
            resend=Resend.SAFE,
        )
        told = answer.json()
        access, instance = (
            (told.get("access_token"), told.get("instance_url")) if isinstance(told, dict) else (None, None)
        )
        if not isinstance(access, str) or not isinstance(instance, str) or not access:
            raise wrong_shape("token", "no access_token or no instance_url")
        self._stay_with(_org_of(told.get("id")))
        token = Token(access, self._checked(instance), _user_of(told.get("id")))
        emit("api.token", side=str(self._transport.side))
        return token

    def _stay_with(self, org: str | None) -> None:
        """Credentials are read anew with every login, and must lead to the org of the first one."""
        if org is not None and self._org is not None and org != self._org:
            raise WrongAccount(
                f"the Salesforce credentials that were read anew lead to org {org}, and those before to {self._org}; "
                "nothing was sent with them: put back credentials of the right org"
            )
        self._org = org or self._org

    def _form(self) -> dict[str, str]:
        login = self._login
        if login.flow == "client_credentials":
            if login.client_secret is None:
                raise NeedsOperator("the flow client_credentials needs client_secret; set it for the crm side")
            return {
                "grant_type": "client_credentials",
                "client_id": login.client_id(),
                "client_secret": login.client_secret(),
            }
        if login.flow == "jwt_bearer":
            return {"grant_type": _JWT_BEARER, "assertion": self._assertion()}
        raise NeedsOperator(f"flow {login.flow!r} is unknown; use client_credentials or jwt_bearer")

    def _assertion(self) -> str:
        login = self._login
        if login.private_key is None or not login.username:
            raise NeedsOperator("the flow jwt_bearer needs private_key and username; set both for the crm side")
        claims = {
            "iss": login.client_id(),
            "sub": login.username,
            "aud": login.audience or login.login_url,
            "exp": int(self._clock.now().timestamp()) + _JWT_SECONDS,
        }
        try:
            return jwt.encode(claims, login.private_key(), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as why:
            raise NeedsOperator(
                f"private_key cannot sign ({type(why).__name__}); it must be the RSA key in PEM form whose certificate"
                " is uploaded to the app"
            ) from why

    def _checked(self, instance_url: str) -> str:
        url = check_base_url(instance_url, what="the instance_url of Salesforce's login answer")
        host, login_host = urlsplit(url).hostname or "", urlsplit(self._login.login_url).hostname
        if host == login_host or (host in LOOPBACK and login_host in LOOPBACK):
            return url
        if urlsplit(url).scheme == "https" and host.endswith(OWN_HOSTS):
            return url
        raise NeedsOperator(
            f"the login answer sends us to {host}, which is neither Salesforce's nor the login host {login_host}; no"
            " token is sent there: check login_url"
        )


def _org_of(identity: object) -> str | None:
    """The organization of an identity URL, see ``_user_of``."""
    parts = identity.split("/") if isinstance(identity, str) else []
    return to18(parts[-2]) if len(parts) > 1 and is_id(parts[-2]) else None


def _user_of(identity: object) -> str | None:
    """The user of an identity URL, ``https://HOST/id/ORGANIZATION/USER`` (vendor's identity URLs)."""
    last = identity.rpartition("/")[2] if isinstance(identity, str) else ""
    return to18(last) if is_id(last) and object_of(last) == "User" else None
