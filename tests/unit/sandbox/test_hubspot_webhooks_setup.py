"""HubSpot stand-in: apps, settings and subscriptions, by hand and over the API."""

from __future__ import annotations

import pytest

from sandbox.desk import LocalDesk
from sandbox.hubspot.errors import Refusal
from tests.unit.sandbox.hubspot_account import HubSpotAccountUnderTest
from tests.unit.sandbox.hubspot_webhooks import PUBLIC, TARGET, WebhookAccount

EVERY = [
    f"{name}.{happening}"
    for name in ("contact", "company", "deal", "ticket")
    for happening in ("creation", "deletion", "merge", "associationChange", "restore", "privacyDeletion")
]


@pytest.fixture
def hub() -> WebhookAccount:
    """An account with a private app and a public one, without subscriptions."""
    account = WebhookAccount()
    account.kernel.add_app(app=PUBLIC, kind="public", target_url=TARGET)
    return account


def create(hub: WebhookAccount, event: str, property: str | None = None, **more: object) -> tuple[int, str]:
    """Status and id of a subscription of the public app made over the API."""
    body = {"eventType": event, **({} if property is None else {"propertyName": property}), **more}
    status, answer = hub.developer("POST", "subscriptions", body)
    return status, answer.get("id", answer.get("message"))


@pytest.mark.fact("hubspot 8.5")
@pytest.mark.parametrize("event", EVERY)
def test_types_of_events(hub: WebhookAccount, event: str) -> None:
    """Each type of each object by hand, none with a property; over the API privacy deletion is for contacts only."""
    assert hub.kernel.add_webhook(event)
    with pytest.raises(Refusal, match="already"):
        hub.kernel.add_webhook(event)
    assert create(hub, event, "email")[0] == 400
    only_by_hand = event.endswith("privacyDeletion") and not event.startswith("contact")
    assert create(hub, event)[0] == (400 if only_by_hand else 201)
    assert create(hub, event)[0] == (400 if only_by_hand else 409)


@pytest.mark.fact("hubspot 8.5")
@pytest.mark.parametrize("name", ["contact", "company", "deal", "ticket"])
def test_properties_are_subscribed_to_one_by_one(hub: WebhookAccount, name: str) -> None:
    """A subscription names exactly one property; two of them cannot be had."""
    event = f"{name}.propertyChange"
    assert create(hub, event)[0] == 400
    assert [create(hub, event, property)[0] for property in ("phone", "city", "phone")] == [201, 201, 409]
    for property in ("hs_lastmodifieddate", "num_unique_conversion_events"):
        status, message = create(hub, event, property)
        assert (status, property in message) == (400, True)
    with pytest.raises(Refusal, match="hs_lastmodifieddate"):
        hub.kernel.add_webhook(event, "hs_lastmodifieddate")


@pytest.mark.parametrize("body", [{}, {"eventType": "lead.creation"}, {"eventType": 5}, {"eventType": "contact"}])
def test_unknown_types(hub: WebhookAccount, body: dict[str, object]) -> None:
    """They are refused with the list of those that exist."""
    status, answer = hub.developer("POST", "subscriptions", body)
    assert (status, "contact.creation" in answer["message"]) == (400, True)


@pytest.mark.fact("hubspot 8.5")
def test_a_thousand_subscriptions_at_most(hub: WebhookAccount) -> None:
    """Of one app; another still has room, and so has this one when one is removed."""
    app = hub.kernel.account.app_id
    made = [hub.kernel.add_webhook("contact.propertyChange", f"p{number}") for number in range(1_000)]
    with pytest.raises(Refusal, match="1000"):
        hub.kernel.add_webhook("contact.creation")
    assert create(hub, "contact.creation")[0] == 201
    hub.kernel.remove_webhook(made[0], app=app)
    assert hub.kernel.add_webhook("contact.creation") not in made


@pytest.mark.fact("hubspot 8.5", "hubspot 8.9")
def test_new_subscriptions_are_paused(hub: WebhookAccount) -> None:
    """Nothing is told before one is activated or while it is paused, and nothing of that is told later."""
    made = hub.kernel.add_webhook("contact.creation")
    hub.contact(lastname="before")
    assert hub.told() == []
    hub.kernel.activate_webhook(made)
    person = hub.contact(lastname="while")
    assert [event["objectId"] for event in hub.told()] == [int(person)]
    hub.kernel.pause_webhook(made)
    hub.contact(lastname="paused")
    hub.kernel.activate_webhook(made)
    assert hub.told() == []


@pytest.mark.fact("hubspot 8.5")
def test_settings_are_kept_for_five_minutes() -> None:
    """A new address, a new subscription and a pause show up to five minutes late."""
    hub = WebhookAccount("contact.creation", settings_cached=300.0)
    hub.contact(lastname="first")
    assert [delivery.url for delivery in hub.due()] == [TARGET]
    hub.kernel.add_app(target_url="https://new.example/")
    hub.kernel.pause_webhook(hub.subscriptions[0])
    hub.subscribe("contact.deletion")
    hub.clock.advance(299)
    person = hub.contact(lastname="second")
    hub.kernel.archive("contacts", person)
    [delivery] = hub.due()
    assert (delivery.url, b"contact.deletion" in delivery.body) == (TARGET, False)
    hub.clock.advance(1)
    hub.kernel.restore("contacts", person)
    hub.contact(lastname="third")
    hub.kernel.archive("contacts", person)
    [delivery] = hub.due()
    assert (delivery.url, b"contact.creation" in delivery.body) == ("https://new.example/", False)


def test_a_first_activation_holds_at_once() -> None:
    """Where nothing was wanted nothing was kept, although things happened."""
    hub = WebhookAccount(settings_cached=300.0)
    made = hub.kernel.add_webhook("contact.creation")
    hub.contact(lastname="before")
    hub.kernel.activate_webhook(made)
    person = hub.contact(lastname="after")
    assert [event["objectId"] for event in hub.told()] == [int(person)]


@pytest.mark.fact("hubspot 2.12", "hubspot 8.8")
def test_settings_over_the_api(hub: WebhookAccount) -> None:
    """Set, read, cleared; the answers have the documented keys, a bad address or limit is refused."""
    wish = {"targetUrl": "https://syncd.example/new", "throttling": {"maxConcurrentRequests": 4}}
    hub.clock.advance(60)
    status, answer = hub.developer("PUT", "settings", wish)
    assert (status, {name: answer[name] for name in wish}) == (200, wish)
    assert (answer["createdAt"], answer["updatedAt"]) == ("2026-11-25T12:00:00.000Z", "2026-11-25T12:01:00.000Z")
    assert hub.developer("GET", "settings") == (200, answer)
    for bad in (
        {"targetUrl": "http://syncd.example/new"}, {"targetUrl": "ftp://127.0.0.1/"}, {"targetUrl": 5},
        {"targetUrl": "https://syncd.example:port/"}, {"targetUrl": "https://syncd.example/a b"},
        {"targetUrl": "https:"}, {"targetUrl": "https://syncd.example/ä"},
        {"throttling": {"maxConcurrentRequests": 0}}, {"throttling": {"maxConcurrentRequests": True}},
        {"throttling": 5},
    ):  # fmt: skip
        assert hub.developer("PUT", "settings", wish | bad)[0] == 400
    assert hub.developer("GET", "settings") == (200, answer)
    assert hub.developer("DELETE", "settings") == (204, None)
    assert hub.developer("GET", "settings")[0] == 404
    assert hub.developer("PUT", "settings", wish)[1]["createdAt"] == "2026-11-25T12:01:00.000Z"


@pytest.mark.fact("hubspot 2.12", "hubspot 8.5")
def test_subscriptions_over_the_api(hub: WebhookAccount) -> None:
    """Made paused, listed, read, activated one by one and in batches, removed."""
    wish = {"eventType": "deal.propertyChange", "propertyName": "amount"}
    status, made = hub.developer("POST", "subscriptions", wish)
    stamp = "2026-11-25T12:00:00.000Z"
    assert (status, made) == (201, {
        **wish, "id": made["id"], "active": False, "createdAt": stamp, "updatedAt": stamp,
    })  # fmt: skip
    assert isinstance(made["id"], str)
    _, other = create(hub, "contact.creation", active=True)
    assert [row["active"] for row in hub.developer("GET", "subscriptions")[1]["results"]] == [False, True]
    one = f"subscriptions/{made['id']}"
    assert hub.developer("GET", one) == (200, made)
    hub.clock.advance(1)
    assert hub.developer("PATCH", one, {"active": True})[1]["active"] is True
    assert hub.developer("GET", one)[1]["updatedAt"] == "2026-11-25T12:00:01.000Z"
    assert hub.developer("PATCH", one, {"active": "yes"})[0] == 400
    batch = [{"id": int(other), "active": False}, {"id": 5, "active": True}]
    status, answer = hub.developer("POST", "subscriptions/batch/update", {"inputs": batch})
    assert (status, answer["numErrors"], answer["errors"][0]["context"]) == (207, 1, {"id": ["5"]})
    assert [(row["id"], row["active"]) for row in answer["results"]] == [(other, False)]
    assert hub.developer("POST", "subscriptions/batch/update", {"inputs": batch[:1]})[0] == 200
    assert hub.developer("DELETE", one) == (204, None)
    assert [hub.developer(method, one, {})[0] for method in ("GET", "PATCH", "DELETE")] == [404] * 3


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "nothing"),
        ("POST", "settings"),
        ("PUT", "subscriptions"),
        ("GET", "subscriptions/x"),
        ("GET", "settings/x"),
    ],
)
def test_paths_that_are_not_there(hub: WebhookAccount, method: str, path: str) -> None:
    """They are 404 before anybody asks for the key's app."""
    assert hub.developer(method, path)[0] in (401, 404)
    assert hub.send(method, f"/webhooks/v3/{PUBLIC}/{path}").status == 404


@pytest.mark.fact("hubspot 8.8")
def test_the_api_needs_the_developer_key_and_a_public_app(hub: WebhookAccount) -> None:
    """An access token is no use; private apps are managed by hand alone; other apps are not known."""
    assert hub.send("GET", f"/webhooks/v3/{PUBLIC}/settings").status == 401
    assert hub.developer("GET", "settings", hapikey="wrong")[0] == 401
    assert hub.developer("GET", "settings", app=5)[0] == 404
    private = hub.kernel.account.app_id
    assert hub.developer("GET", "subscriptions", app=private)[0] == 403
    assert hub.developer("POST", "subscriptions", {"eventType": "contact.creation"}, app=private)[0] == 403
    desk = LocalDesk(hub.kernel)
    made = desk.do("add_webhook", event="contact.creation")
    desk.do("activate_webhook", id=made)
    hub.contact(lastname="L")
    assert [event["subscriptionId"] for event in hub.told()] == [int(made)]
    assert desk.do("webhook_tally") == {"delivered": 1}


@pytest.mark.fact("hubspot 8.8")
def test_service_keys_have_no_webhooks() -> None:
    """Only apps can be given an address; where there is none there is nothing to subscribe."""
    hub = HubSpotAccountUnderTest()
    with pytest.raises(ValueError, match="service key"):
        hub.kernel.add_app(kind="service_key", target_url=TARGET)
    with pytest.raises(Refusal) as refused:
        hub.kernel.add_webhook("contact.creation")
    assert refused.value.status == 404


def test_mistakes_by_hand(hub: WebhookAccount) -> None:
    """An address beyond loopback, a subscription that is none: each is named."""
    with pytest.raises(ValueError, match="loopback"):
        hub.kernel.add_app(target_url=TARGET, reached_at="http://example.com:80")
    with pytest.raises(Refusal, match="'x'"):
        hub.kernel.activate_webhook("x")
    with pytest.raises(Refusal):
        hub.kernel.pause_webhook("5")


def test_without_an_address_nothing_is_kept(hub: WebhookAccount) -> None:
    """What waits for an app whose settings were cleared is dropped, and what happens then is never an event."""
    _, made = create(hub, "contact.creation", active=True)
    hub.contact(lastname="failed")
    [delivery] = hub.due()
    hub.answer(delivery, 500)
    hub.contact(lastname="waits")
    assert hub.developer("DELETE", "settings")[0] == 204
    assert hub.due() == []
    assert hub.kernel.webhook_tally() == {"failed": 1, "dropped": 1}
    hub.clock.advance(3_600)
    assert (hub.due(), hub.kernel.webhooks.outbox.waiting) == ([], False)
    assert hub.kernel.webhook_tally() == {"failed": 1, "dropped": 2}
    hub.contact(lastname="unheard")
    hub.kernel.add_app(app=PUBLIC, kind="public", target_url=TARGET)
    assert hub.told() == []
    assert int(made) in hub.kernel.webhooks.app(PUBLIC).subscriptions


def test_records_are_watched_only_for_a_subscription() -> None:
    """An account where nobody subscribes pays nothing for webhooks; an app alone changes nothing."""
    hub = WebhookAccount()
    stores = hub.kernel.portal.stores.values()
    assert {store.watch for store in stores} == {None}
    hub.subscribe("contact.creation")
    assert None not in {store.watch for store in stores}
