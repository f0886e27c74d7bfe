"""HubSpot stand-in behind a socket: webhooks reach a real receiver, and the vendor's client manages them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from sandbox.control import Control
from sandbox.hubspot.webhooks import DEVELOPER_KEY
from sandbox.hubspot.webhooks_signing import genuine
from sandbox.kernel import SimulatedClock
from sandbox.server import RunningSandbox
from tests.unit.sandbox.hubspot_account import START

WAIT = 10
"""Seconds after which a test gives up; none depends on how long anything takes."""


class Receiver(ThreadingHTTPServer):
    """Takes webhooks on loopback. Answers with ``statuses`` in turn, then with 200; ``hold`` keeps answers back."""

    daemon_threads = True

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.arrived = threading.Condition()
        self.hold = threading.Event()
        self.hold.set()
        super().__init__(("127.0.0.1", 0), _Reception)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def wait(self, enough: Callable[[], bool]) -> None:
        """Returns when there is enough; fails where that never comes."""
        with self.arrived:
            assert self.arrived.wait_for(enough, WAIT), f"{len(self.requests)} requests came"

    def events(self) -> list[dict[str, Any]]:
        """All events so far."""
        return [event for _, _, body in list(self.requests) for event in orjson.loads(body)]

    def close(self) -> None:
        """Stops, with nothing held back."""
        self.hold.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Reception(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.arrived:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.requests.append((self.path, headers, body))
            status = self.server.statuses.pop(0) if self.server.statuses else 200
            self.server.arrived.notify_all()
        self.server.hold.wait(WAIT)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver, stopped at the end."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def clock() -> SimulatedClock:
    """The stand-ins' clock."""
    return SimulatedClock(START)


@pytest.fixture
def box(clock: SimulatedClock) -> Iterator[RunningSandbox]:
    """Both stand-ins, stopped at the end."""
    with RunningSandbox.start(clock=clock, seed=3) as running:
        yield running


def watch(box: RunningSandbox, target: str, **words: Any) -> Control:
    """The control of HubSpot after somebody subscribed the private app to new contacts."""
    control = Control(box.hubspot_url)
    control.do("add_app", target_url=target, **words)
    control.do("activate_webhook", id=control.do("add_webhook", event="contact.creation"))
    return control


def settled(box: RunningSandbox) -> dict[str, Any]:
    """What became of events, as soon as something did."""
    woken = threading.Event()
    with box.hubspot_server.lock:
        box.hubspot.webhooks.outbox.wakers.append(woken.set)
    while True:
        with box.hubspot_server.lock:
            if found := box.hubspot.webhook_tally():
                return found
        assert woken.wait(WAIT), "nothing became of any event"
        woken.clear()


@pytest.mark.fact("hubspot 8.1", "hubspot 8.10", "hubspot 8.11")
def test_webhooks_arrive_through_a_proxy(box: RunningSandbox, receiver: Receiver) -> None:
    """As HubSpot sends them to an https address: signed for it, reached on loopback as behind a proxy.

    The vendor's client comes to the same signatures, once the address is spelled as it has to be.
    """
    from hubspot.utils.signature import Signature

    target = "https://syncd.example/hooks/hubspot?to=a%40b"
    control = watch(box, target, reached_at=receiver.url, client_secret="deep")
    ids = control.load("contacts", [{"lastname": f"L{number}"} for number in range(120)])
    receiver.wait(lambda: len(receiver.events()) == 120)
    assert sorted(event["objectId"] for event in receiver.events()) == sorted(map(int, ids))
    assert max(len(orjson.loads(body)) for _, _, body in receiver.requests) <= 100
    path, headers, body = receiver.requests[0]
    assert (path, headers["host"]) == ("/hooks/hubspot?to=a%40b", "syncd.example")
    assert (headers["x-forwarded-proto"], headers["x-forwarded-host"]) == ("https", "syncd.example")
    now = box.hubspot.portal.now()
    assert genuine(headers, secret="deep", method="POST", url=target, body=body, now=now)
    assert not genuine(headers, secret="deep", method="POST", url=receiver.url + path, body=body, now=now)
    text, stamp, spelled = body.decode(), headers["x-hubspot-request-timestamp"], target.replace("%40", "@")
    newest = Signature.get_signature("deep", text, "v3", http_uri=spelled, timestamp=stamp)
    oldest = Signature.get_signature("deep", text, "v1")
    assert (headers["x-hubspot-signature-v3"], headers["x-hubspot-signature"]) == (newest, oldest)
    assert control.calls()["count"] == 0


@pytest.mark.fact("hubspot 8.7")
def test_a_failed_request_comes_again(box: RunningSandbox, receiver: Receiver, clock: SimulatedClock) -> None:
    """Once the clock is far enough, with the next attempt number."""
    receiver.statuses = [500]
    watch(box, receiver.url).do("create", object="contacts", properties={"lastname": "L"})
    assert settled(box) == {"failed": 1}
    clock.advance(3_600)
    receiver.wait(lambda: len(receiver.requests) == 2)
    assert [event["attemptNumber"] for event in receiver.events()] == [0, 1]


@pytest.mark.fact("hubspot 8.7")
@pytest.mark.parametrize("target", ["http://127.0.0.1:9/", "https://192.0.2.1/", "https://127.0.0.1:9/"])
def test_nobody_there(box: RunningSandbox, target: str) -> None:
    """No connection is a failure; an address beyond loopback, or one that needs TLS, is not even tried."""
    watch(box, target).do("create", object="contacts", properties={"lastname": "L"})
    assert settled(box) == {"failed": 1}


def test_nothing_leaves_the_machine(box: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an address beyond loopback that got past the settings is not connected to."""
    tried: list[Any] = []

    def connect(host: str, *args: Any, **words: Any) -> Any:
        tried.append(host)
        raise OSError("not from a test")

    monkeypatch.setattr("sandbox.hubspot.webhooks_pump.HTTPConnection", connect)
    control = watch(box, "https://syncd.example/")
    with box.hubspot_server.lock:
        box.hubspot.webhooks.app(box.hubspot.account.app_id).target = "http://192.0.2.1/"
    control.do("create", object="contacts", properties={"lastname": "L"})
    assert (settled(box), tried) == ({"failed": 1}, [])


@pytest.mark.fact("hubspot 8.1", "hubspot 8.7")
def test_an_answer_that_does_not_come(box: RunningSandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver has the request and is silent for longer than the vendor waits: a failure."""
    monkeypatch.setattr("sandbox.hubspot.webhooks_pump.PATIENCE", 50)
    receiver.hold.clear()
    watch(box, receiver.url).do("create", object="contacts", properties={"lastname": "L"})
    assert (settled(box), len(receiver.requests)) == ({"failed": 1}, 1)


def test_stopping_cuts_what_is_under_way(clock: SimulatedClock, receiver: Receiver) -> None:
    """A receiver that never answers does not keep the stand-in from stopping; the event counts as failed."""
    receiver.hold.clear()
    with RunningSandbox.start(clock=clock) as box:
        watch(box, receiver.url).do("create", object="contacts", properties={"lastname": "L"})
        receiver.wait(lambda: len(receiver.requests) == 1)
    assert box.hubspot.webhook_tally() == {"failed": 1}


def test_what_waits_is_sent_when_the_server_starts_again(box: RunningSandbox, receiver: Receiver) -> None:
    """Changes made in process, without a server, are told as soon as one serves."""
    control = watch(box, receiver.url)
    pump = box.hubspot_server.pump
    assert pump is not None
    pump.stop()
    control.do("create", object="contacts", properties={"lastname": "L"})
    assert receiver.requests == []
    pump.start()
    receiver.wait(lambda: len(receiver.requests) == 1)


@pytest.mark.fact("hubspot 2.12", "hubspot 8.8")
def test_the_unmodified_client_manages_a_public_app(box: RunningSandbox, receiver: Receiver) -> None:
    """With the developer key it sets the address and subscribes; then the events come."""
    from hubspot import HubSpot
    from hubspot.webhooks import SettingsChangeRequest, SubscriptionCreateRequest, ThrottlingSettings

    control = Control(box.hubspot_url)
    control.do("add_app", app=5, kind="public", target_url="https://syncd.example/old")
    client = HubSpot(api_key=DEVELOPER_KEY)
    settings, subscriptions = client.webhooks.settings_api, client.webhooks.subscriptions_api
    for api in (settings, subscriptions):
        api.api_client.configuration.host = box.hubspot_url
    throttling = ThrottlingSettings(max_concurrent_requests=2)
    changed = settings.configure(5, SettingsChangeRequest(target_url=receiver.url, throttling=throttling))
    assert (changed.target_url, settings.get_all(5).throttling.max_concurrent_requests) == (receiver.url, 2)
    made = subscriptions.create(5, SubscriptionCreateRequest(event_type="contact.creation", active=True))
    assert [row.id for row in subscriptions.get_all(5).results] == [made.id]
    for api in (settings, subscriptions):
        api.api_client.rest_client.pool_manager.clear()
    person = control.do("create", object="contacts", properties={"lastname": "L"})
    receiver.wait(lambda: len(receiver.requests) == 1)
    assert [(e["appId"], e["subscriptionId"], e["objectId"]) for e in receiver.events()] == [
        (5, int(made.id), int(person))
    ]
