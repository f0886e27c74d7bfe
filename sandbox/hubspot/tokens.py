"""Access tokens: what each may do, who issues them, and the endpoints at which one asks about a token.

Private apps have a token whose scopes an admin can change at any time; a change holds for the very next call. The
token-info endpoint (vendor's private-apps page) needs no scope and no Authorization header: the body names the token.

An app that an admin installs over OAuth gets a refresh token, which lasts, and buys access tokens with it that live for
half an hour (vendor's usage page, contract of the client library). What is too old is told apart from what never was.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from sandbox.hubspot.account import ALL_SCOPES, HubSpotAccount
from sandbox.hubspot.errors import Refusal, bad_token, expired_token, invalid_request
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import Answered, Clock

#: Seconds that an access token of OAuth lives.
LIFE = 1_800


@dataclass(frozen=True, slots=True)
class Grant:
    """An access token bought with a refresh token. ``until`` is in epoch milliseconds."""

    refresh: str
    scopes: frozenset[str]
    until: int


class Installations:
    """Apps installed over OAuth: refresh tokens with their scopes, and the access tokens bought with them."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._refresh: dict[str, frozenset[str]] = {}
        self._access: dict[str, Grant] = {}

    def install(self, scopes: frozenset[str]) -> str:
        """A new refresh token."""
        token = f"na1-refresh-{self._chance.getrandbits(64):016x}"
        self._refresh[token] = scopes
        return token

    def uninstall(self, refresh: str) -> None:
        """Takes a refresh token back, and everything bought with it."""
        self._refresh.pop(refresh, None)
        self._access = {token: grant for token, grant in self._access.items() if grant.refresh != refresh}

    def buy(self, refresh: str, *, at: int) -> str:
        """A new access token; the older ones live on until their time is over. Raises ``KeyError``."""
        scopes = self._refresh[refresh]
        token = f"CNsandbox{self._chance.getrandbits(64):016x}"
        self._access[token] = Grant(refresh, scopes, at + LIFE * 1_000)
        return token

    def scopes_of(self, refresh: str) -> frozenset[str] | None:
        """What a refresh token is good for, or ``None`` if there is none."""
        return self._refresh.get(refresh)

    def grant(self, access: str) -> Grant | None:
        """The access token, expired or not, or ``None`` if there was none."""
        return self._access.get(access)


class Tokens:
    """The admin's methods of the kernel that concern tokens."""

    #: Valid tokens and the scopes of each; several may be valid at once while a key is rotated.
    tokens: dict[str, frozenset[str]]
    installations: Installations
    account: HubSpotAccount
    switches: HubSpotSwitches
    clock: Clock

    def issue_token(self, token: str, scopes: Collection[str] | None = None) -> None:
        """The admin makes a token valid beside the old ones: a rotated key with the rights of the first of them, or one
        with just these ``scopes``; where none is left, a new one may do everything. For a token that is valid already
        this changes its scopes.
        """
        if scopes is None:
            self.tokens[token] = next(iter(self.tokens.values()), ALL_SCOPES)
        elif isinstance(scopes, str):
            raise ValueError("scopes must be a list of scope names")
        else:
            self.tokens[token] = frozenset(scopes)

    def revoke_token(self, token: str) -> None:
        """The admin takes a token back; calls with it are refused from now on."""
        self.tokens.pop(token, None)

    def install_app(self, scopes: Collection[str] | None = None) -> str:
        """The admin installs the app over OAuth with these scopes (all by default); returns its refresh token."""
        return self.installations.install(ALL_SCOPES if scopes is None else frozenset(scopes))

    def uninstall_app(self, refresh_token: str) -> None:
        """The admin takes the app out again: all its tokens are void at once."""
        self.installations.uninstall(refresh_token)

    def authenticate(self, authorization: str, *, now: int) -> tuple[frozenset[str], bool]:
        """Scopes of the token in an ``Authorization`` header, and whether it is one of OAuth. Raises a 401 refusal."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise bad_token()
        scopes = self.tokens.get(token)
        if scopes is not None:
            return scopes, False
        grant = self.installations.grant(token)
        if grant is None:
            raise bad_token()
        if grant.until <= now:
            raise expired_token((now - grant.until) // 1_000, category=self.switches.expired_token_category)
        return grant.scopes, True


def describes(exchange: Exchange) -> Answered:
    """``POST /oauth/v2/private-apps/get/access-token-info``: account, app, user and scopes of the token in the body."""
    token = exchange.body().get("tokenKey")
    if not isinstance(token, str) or not token:
        raise invalid_request("Invalid input JSON: some required fields were not set: [tokenKey]")
    scopes = exchange.tokens.get(token)
    if scopes is None:
        raise Refusal(404, "The access token was not found", category="OBJECT_NOT_FOUND")
    account = exchange.account
    body = {
        "userId": account.user_id,
        "hubId": account.portal_id,
        "appId": account.app_id,
        "scopes": sorted(scopes),
    }
    return exchange.answer(200, body, records=1)


def buys(exchange: Exchange, installations: Installations) -> Answered:
    """``POST /oauth/v1/token``, a form: a refresh token buys an access token and stays as it is."""
    form = {name: values[0] for name, values in parse_qs(exchange.request.body.decode(errors="replace")).items()}
    account = exchange.account
    if form.get("grant_type") != "refresh_token":
        raise _bad_grant("BAD_GRANT_TYPE", "grant_type must be refresh_token")
    if (form.get("client_id"), form.get("client_secret")) != (account.client_id, account.client_secret):
        raise _bad_grant("BAD_CLIENT_SECRET", "missing or invalid client id or client secret")
    refresh = form.get("refresh_token", "")
    if installations.scopes_of(refresh) is None:
        raise _bad_grant("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
    access = installations.buy(refresh, at=exchange.portal.now())
    body = {"token_type": "bearer", "refresh_token": refresh, "access_token": access, "expires_in": LIFE}
    return exchange.answer(200, body, created=[access])


def reads_access(exchange: Exchange, token: str, installations: Installations) -> Answered:
    """``GET /oauth/v1/access-tokens/{token}``: who it belongs to, what it may do and how many seconds it has left."""
    grant = installations.grant(token)
    now = exchange.portal.now()
    if grant is None or grant.until <= now:
        raise Refusal(404, "The access token does not exist or has expired", category="OBJECT_NOT_FOUND")
    left = (grant.until - now) // 1_000
    body = _about(exchange.account, token, grant.scopes, sort="access")
    return exchange.answer(200, {**body, "app_id": exchange.account.app_id, "expires_in": left})


def reads_refresh(exchange: Exchange, token: str, installations: Installations) -> Answered:
    """``GET /oauth/v1/refresh-tokens/{token}``."""
    scopes = installations.scopes_of(token)
    if scopes is None:
        raise Refusal(404, "The refresh token does not exist", category="OBJECT_NOT_FOUND")
    body = _about(exchange.account, token, scopes, sort="refresh")
    return exchange.answer(200, {**body, "client_id": exchange.account.client_id})


def deletes_refresh(exchange: Exchange, token: str, installations: Installations) -> Answered:
    """``DELETE /oauth/v1/refresh-tokens/{token}``: the app uninstalls itself."""
    installations.uninstall(token)
    return exchange.answer(204)


def _about(account: HubSpotAccount, token: str, scopes: frozenset[str], *, sort: str) -> dict[str, Any]:
    return {
        "token": token,
        "token_type": sort,
        "user": "admin@sandbox.example",
        "user_id": account.user_id,
        "hub_id": account.portal_id,
        "hub_domain": "sandbox.example",
        "scopes": sorted(scopes),
    }


def _bad_grant(status: str, message: str) -> Refusal:
    return Refusal(400, message, category=None, extra={"status": status})
