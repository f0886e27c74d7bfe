"""HubSpot stand-in: how events reach an app: batches, attempts, disorder, and what proves that HubSpot sent them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from sandbox.hubspot.webhooks_queue import Delivery
from sandbox.hubspot.webhooks_signing import genuine, signed_address, version_1, version_3
from tests.unit.sandbox.hubspot_account import CONTACTS
from tests.unit.sandbox.hubspot_webhooks import PUBLIC, TARGET, WebhookAccount, events_of

SECRET = "sandbox-client-secret"
DAY = 86_400


def contacts(hub: WebhookAccount, number: int) -> list[str]:
    """So many new contacts."""
    return hub.kernel.load("contacts", [{"lastname": f"L{n}"} for n in range(number)])


def ids(deliveries: list[Delivery]) -> list[int]:
    """The records that requests are about, in order."""
    return [event["objectId"] for delivery in deliveries for event in events_of(delivery)]


@pytest.mark.fact("hubspot 8.1")
def test_a_request_is_an_array_of_at_most_a_hundred() -> None:
    """Events are sent together, each once, as JSON to the app's address."""
    hub = WebhookAccount("contact.creation")
    made = contacts(hub, 230)
    deliveries = hub.due()
    assert [len(events_of(delivery)) for delivery in deliveries] == [100, 100, 30]
    assert ids(deliveries) == [int(number) for number in made]
    assert {(each.url, each.headers["Content-Type"]) for each in deliveries} == {(TARGET, "application/json")}
    assert hub.due() == []


@pytest.mark.fact("hubspot 8.1")
def test_ten_requests_are_under_way_at_most() -> None:
    """The eleventh leaves when one was answered."""
    hub = WebhookAccount("contact.creation")
    contacts(hub, 1_150)
    first = hub.due()
    assert (len(first), hub.due()) == (10, [])
    hub.answer(first[0])
    assert len(hub.due()) == 1
    for delivery in first[1:4]:
        hub.answer(delivery)
    assert [len(events_of(delivery)) for delivery in hub.due()] == [50]


@pytest.mark.fact("hubspot 8.1")
def test_an_app_may_ask_for_fewer_at_once() -> None:
    """Its own limit holds within that of the account, which both apps share."""
    hub = WebhookAccount("contact.creation")
    hub.kernel.add_app(target_url=TARGET, requests=3)
    contacts(hub, 500)
    assert len(hub.due()) == 3
    other = hub.kernel.add_app(app=PUBLIC, target_url=TARGET)
    hub.kernel.activate_webhook(hub.kernel.add_webhook("contact.creation", app=other), app=other)
    contacts(hub, 1_000)
    assert [delivery.app_id for delivery in hub.due()] == [PUBLIC] * 7


@pytest.mark.fact("hubspot 8.1")
@pytest.mark.parametrize(("seconds", "settled"), [(5.0, True), (5.001, False)])
def test_an_answer_is_due_within_five_seconds(seconds: float, settled: bool) -> None:
    """A success that comes later is none."""
    hub = WebhookAccount("contact.creation")
    contacts(hub, 1)
    [delivery] = hub.due()
    hub.clock.advance(seconds)
    hub.answer(delivery, 200)
    assert hub.kernel.webhooks.outbox.waiting is not settled


@pytest.mark.fact("hubspot 8.7")
@pytest.mark.parametrize("status", [None, 400, 404, 410, 429, 500, 503])
def test_ten_more_attempts_within_a_day(status: int | None) -> None:
    """Each failure is tried again later, with the same events and the next attempt number; then it is given up."""
    hub = WebhookAccount("contact.creation")
    person = int(contacts(hub, 1)[0])
    attempts, begin, last = [], hub.now(), hub.now()
    while hub.kernel.webhooks.outbox.waiting:
        for delivery in hub.due():
            [event] = events_of(delivery)
            assert (event["objectId"], event["attemptNumber"]) == (person, delivery.attempt)
            attempts.append(event["attemptNumber"])
            last = hub.now()
            hub.answer(delivery, status)
            assert hub.due() == []
        hub.clock.advance(30)
    assert attempts == list(range(11))
    assert (last - begin) / 1_000 <= DAY
    assert hub.kernel.webhook_tally() == {"failed": 10, "given_up": 1}


@pytest.mark.fact("hubspot 8.7")
@pytest.mark.parametrize("status", [200, 204, 302])
def test_what_is_no_error_is_not_sent_again(status: int) -> None:
    """Success settles a request for good."""
    hub = WebhookAccount("contact.creation")
    contacts(hub, 1)
    [delivery] = hub.due()
    hub.answer(delivery, status)
    hub.clock.advance(DAY)
    assert (hub.due(), hub.kernel.webhook_tally()) == ([], {"delivered": 1})


def test_a_request_is_settled_once() -> None:
    """A second answer to it, as a sender with a mistake would give, is refused."""
    hub = WebhookAccount("contact.creation")
    contacts(hub, 1)
    [delivery] = hub.due()
    hub.answer(delivery)
    with pytest.raises(ValueError, match="not under way"):
        hub.answer(delivery)


@pytest.mark.fact("hubspot 8.3")
def test_events_in_any_order_and_more_than_once() -> None:
    """By switch: events are shuffled across requests, requests come twice; every event still comes."""
    hub = WebhookAccount("contact.creation", webhook_shuffled=True, webhook_repeats=1.0)
    made = [int(number) for number in contacts(hub, 150)]
    told = [event["objectId"] for event in hub.told()]
    assert told != made
    assert sorted(told) == sorted(made * 2)


@pytest.mark.fact("hubspot 8.3")
def test_order_within_a_request() -> None:
    """Shuffled by switch; ``occurredAt`` still tells what came first."""
    hub = WebhookAccount("contact.creation", webhook_shuffled=True)
    made = []
    for number in range(20):
        made.append(int(hub.contact(lastname=str(number))))
        hub.clock.advance(1)
    [delivery] = hub.due()
    told = events_of(delivery)
    assert [event["objectId"] for event in told] != made
    assert [event["objectId"] for event in sorted(told, key=lambda event: int(event["occurredAt"]))] == made


@pytest.mark.fact("hubspot 8.3")
@pytest.mark.parametrize(("share", "different"), [(0.0, 20), (1.0, 1)])
def test_event_ids_may_repeat(share: float, different: int) -> None:
    """Of different events, too."""
    hub = WebhookAccount("contact.creation", webhook_repeated_ids=share)
    contacts(hub, 20)
    assert len({event["eventId"] for event in hub.told()}) == different


def test_disorder_is_the_same_for_the_same_seed() -> None:
    """Two accounts of one seed tell the same in the same order, and a run without webhooks is none the wiser."""

    def run() -> tuple[list[Any], list[float]]:
        hub = WebhookAccount("contact.creation", webhook_shuffled=True, webhook_repeats=0.5, webhook_losses=0.2)
        contacts(hub, 120)
        return hub.told(), [hub.kernel.chance.random()]

    assert run() == run()
    quiet = WebhookAccount("contact.creation")
    contacts(quiet, 120)
    assert [quiet.kernel.chance.random()] == run()[1]


@pytest.mark.fact("hubspot 8.9")
def test_deliveries_use_up_no_limit() -> None:
    """The window and the day of the API are as they were."""
    hub = WebhookAccount("contact.creation")
    contacts(hub, 300)
    before = hub.kernel.meters.spent_today(at=hub.clock.now())
    assert len(hub.told()) == 300
    assert hub.kernel.meters.spent_today(at=hub.clock.now()) == before
    assert hub.kernel.calls == []


@pytest.mark.fact("hubspot 8.9")
def test_webhooks_are_no_complete_log() -> None:
    """By switch some events never come; the records are there for whoever goes on polling."""
    hub = WebhookAccount("contact.creation", webhook_losses=0.3)
    made = contacts(hub, 100)
    told = hub.told()
    assert 0 < len(told) < 100
    assert hub.kernel.webhook_tally() == {"delivered": len(told), "lost": 100 - len(told)}
    assert len(hub.ok("GET", f"{CONTACTS}?limit=100")["results"]) == len(made)


def _hmac(text: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()).decode()


@pytest.mark.fact("hubspot 8.10", "hubspot 8.11")
def test_a_request_is_signed_twice() -> None:
    """Both signatures as a receiver works them out by hand, over the address that HubSpot calls."""
    hub = WebhookAccount("contact.creation")
    hub.kernel.add_app(target_url=f"{TARGET}?for=a%40b%2Fc", reached_at="http://127.0.0.1:9")
    hub.contact(lastname="Zoë")
    [delivery] = hub.due()
    stamp = delivery.headers["X-HubSpot-Request-Timestamp"]
    assert stamp == str(hub.now())
    signed = b"POST" + f"{TARGET}?for=a@b/c".encode() + delivery.body + stamp.encode()
    assert delivery.headers["X-HubSpot-Signature-v3"] == _hmac(signed)
    assert delivery.headers["X-HubSpot-Signature"] == hashlib.sha256(SECRET.encode() + delivery.body).hexdigest()


@pytest.mark.fact("hubspot 8.10")
def test_each_attempt_is_signed_anew() -> None:
    """A retry after hours must not be taken for a replay."""
    hub = WebhookAccount("contact.creation")
    contacts(hub, 1)
    [first] = hub.due()
    hub.answer(first, 500)
    hub.clock.advance(3_600)
    [second] = hub.due()
    assert int(second.headers["X-HubSpot-Request-Timestamp"]) - first.sent == 3_600_000
    assert second.headers["X-HubSpot-Signature-v3"] != first.headers["X-HubSpot-Signature-v3"]


@pytest.mark.fact("hubspot 8.10")
@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://x.y/a?b=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B", "https://x.y/a?b=:/?@!$'()*,;"),
        ("https://x.y/a?b=%3a%2f", "https://x.y/a?b=:/"),
        ("https://x.y/%20%26%3D%25?b=%2B%23", "https://x.y/%20%26%3D%25?b=%2B%23"),
        ("https://x.y/a?b=%253A", "https://x.y/a?b=%253A"),
    ],
)
def test_escapes_that_are_undone(url: str, signed: str) -> None:
    """Twelve of them and no other, none twice, and the question mark before the query stays."""
    assert signed_address(url) == signed


@pytest.mark.fact("hubspot 8.10")
@pytest.mark.parametrize(
    ("age", "change", "believed"),
    [
        (0, {}, True),
        (300_000, {}, True),
        (300_001, {}, False),
        (0, {"body": b"[] "}, False),
        (0, {"url": "http://x.y/a"}, False),
        (0, {"method": "GET"}, False),
        (0, {"secret": "other"}, False),
    ],
)
def test_what_a_receiver_believes(age: int, change: dict[str, Any], believed: bool) -> None:
    """Nothing older than five minutes, and nothing of which a part was changed on the way."""
    request: dict[str, Any] = {"secret": SECRET, "method": "POST", "url": "https://x.y/a", "body": b"[]"}
    sent = 1_795_000_000_000
    given = {
        "x-hubspot-signature-v3": version_3(**request, timestamp=sent),
        "x-hubspot-request-timestamp": str(sent),
    }
    assert genuine(given, **(request | change), now=sent + age) is believed
    assert not genuine(given | {"x-hubspot-request-timestamp": str(sent + 1)}, **request, now=sent)
    assert not genuine({}, **request, now=sent)


@pytest.mark.fact("hubspot 8.11")
def test_version_1_covers_the_body_alone() -> None:
    """Worked out with another tool: sha256sum of the secret followed by the body."""
    assert version_1("secret", b"[]") == hashlib.sha256(b"secret[]").hexdigest()
    assert version_1("secret", b"[1]") != version_1("secret", b"[]")
