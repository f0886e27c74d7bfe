"""HubSpot stand-in: apps that an admin installs over OAuth, their tokens, and what holds for their calls."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from sandbox.hubspot.limits import HubSpotLimits
from sandbox.kernel import HttpRequest
from tests.unit.sandbox.hubspot_account import CONTACTS, HubSpotAccountUnderTest


def buy(hub: HubSpotAccountUnderTest, refresh: str, **more: str) -> tuple[int, Any]:
    """Asks for an access token, as a form without an Authorization header."""
    account = hub.kernel.account
    form = {
        "grant_type": "refresh_token",
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "refresh_token": refresh,
        **more,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = hub.kernel.handle(HttpRequest.from_target("POST", "/oauth/v1/token", headers, urlencode(form).encode()))
    assert "X-HubSpot-RateLimit-Max" not in response.headers
    return response.status, orjson.loads(response.body)


@pytest.mark.fact("hubspot 2.13")
def test_a_refresh_token_buys_access_tokens() -> None:
    """Each for half an hour, with the scopes of the installation; what one is good for can be asked."""
    hub = HubSpotAccountUnderTest()
    refresh = hub.kernel.install_app(["crm.objects.contacts.read"])
    status, sold = buy(hub, refresh)
    assert (status, sold["expires_in"], sold["refresh_token"]) == (200, 1_800, refresh)
    token = sold["access_token"]
    assert hub.send("GET", CONTACTS, token=token).status == 200
    assert hub.send("POST", CONTACTS, {"properties": {}}, token=token).status == 403
    hub.clock.advance(600)
    told = hub.ok("GET", f"/oauth/v1/access-tokens/{token}")
    assert (told["expires_in"], told["scopes"]) == (1_200, ["crm.objects.contacts.read"])
    assert (told["hub_id"], told["app_id"]) == (hub.kernel.account.portal_id, hub.kernel.account.app_id)
    assert hub.ok("GET", f"/oauth/v1/refresh-tokens/{refresh}")["client_id"] == hub.kernel.account.client_id
    assert hub.call("GET", "/oauth/v1/access-tokens/never")[0] == 404
    assert hub.call("DELETE", f"/oauth/v1/refresh-tokens/{refresh}") == (204, None)
    assert hub.send("GET", CONTACTS, token=token).status == 401
    assert buy(hub, refresh)[0] == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"refresh_token": "never"}, "BAD_REFRESH_TOKEN"),
        ({"client_secret": "wrong"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
    ],
)
def test_nothing_is_sold_without_proof(change: dict[str, str], status: str) -> None:
    """400 that names what is wrong, and no token."""
    hub = HubSpotAccountUnderTest()
    refused, body = buy(hub, hub.kernel.install_app(), **change)
    assert (refused, body["status"], "access_token" in body) == (400, status, False)


@pytest.mark.fact("hubspot 7.2")
@pytest.mark.parametrize("category", ["EXPIRED_AUTHENTICATION", "INVALID_AUTHENTICATION"])
def test_a_token_ends_after_half_an_hour(category: str) -> None:
    """401; whether its category tells an old token from an unknown one is a switch. A new one is sold as before."""
    hub = HubSpotAccountUnderTest(expired_token_category=category)
    refresh = hub.kernel.install_app()
    token = buy(hub, refresh)[1]["access_token"]
    hub.clock.advance(1_799)
    assert hub.send("GET", CONTACTS, token=token).status == 200
    hub.clock.advance(1)
    response = hub.send("GET", CONTACTS, token=token)
    assert (response.status, orjson.loads(response.body)["category"]) == (401, category)
    response = hub.send("GET", CONTACTS, token="unknown")
    assert (response.status, orjson.loads(response.body)["category"]) == (401, "INVALID_AUTHENTICATION")
    assert hub.send("GET", CONTACTS, token=buy(hub, refresh)[1]["access_token"]).status == 200


@pytest.mark.fact("hubspot 3.1", "hubspot 3.8")
def test_limits_of_an_installed_app() -> None:
    """110 calls in ten seconds of its own, no day and no daily headers; the private app's calls are counted apart."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits(daily=2, rolling=1))
    token = buy(hub, hub.kernel.install_app())[1]["access_token"]
    assert hub.send("GET", CONTACTS).status == 200
    answers = [hub.send("GET", CONTACTS, token=token) for _ in range(111)]
    assert [answer.status for answer in answers] == [200] * 110 + [429]
    assert {name for name in answers[0].headers if name.startswith("X-HubSpot")} == {
        "X-HubSpot-RateLimit-Interval-Milliseconds", "X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Remaining",
    }  # fmt: skip
    assert answers[0].headers["X-HubSpot-RateLimit-Max"] == "110"
    assert hub.kernel.meters.spent_today(at=hub.clock.now()) == 1
