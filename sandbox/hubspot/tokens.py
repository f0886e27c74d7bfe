"""Access tokens: what each may do, who issues them, and the endpoint at which a token asks about itself.

Private apps have a token whose scopes an admin can change at any time; a change holds for the very next call. The
token-info endpoint (vendor's private-apps page) needs no scope and no Authorization header: the body names the token.
"""

from __future__ import annotations

from collections.abc import Collection

from sandbox.hubspot.errors import Refusal, invalid_request
from sandbox.hubspot.exchange import Exchange
from sandbox.kernel import Answered


class Tokens:
    """The admin's methods of the kernel that concern tokens."""

    #: Valid tokens and the scopes of each; several may be valid at once while a key is rotated.
    tokens: dict[str, frozenset[str]]

    def issue_token(self, token: str, scopes: Collection[str] | None = None) -> None:
        """The admin makes a token valid beside the old ones: a rotated key with the rights of the first of them, or one
        with just these ``scopes``. For a token that is valid already this changes its scopes.
        """
        if scopes is None:
            self.tokens[token] = next(iter(self.tokens.values()), frozenset[str]())
        elif isinstance(scopes, str):
            raise ValueError("scopes must be a list of scope names")
        else:
            self.tokens[token] = frozenset(scopes)

    def revoke_token(self, token: str) -> None:
        """The admin takes a token back; calls with it are refused from now on."""
        self.tokens.pop(token, None)


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
