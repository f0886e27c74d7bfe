"""What a listener for webhooks takes in, and what a storm, a replay and a forgery cost it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from connectors.hubspot import webhooks as hubspot
from connectors.hubspot.wire import millis_of
from sandbox.hubspot import webhooks_signing
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.hint import MOST, Hint
from syncd.model.remote import AccountIdentity, RemoteRef
from syncd.model.values import Side
from syncd.observe.log import listen, unlisten
from syncd.operations.hinting import BURST, CALLS, DOUBTS, LARGEST, UNBELIEVED, Answered, Hook, Intake
from syncd.ports.store import Settlement
from syncd.store import SqlStore, open_store
from tests.fakes import FakeChance, FakeClock

URL, PATH = "https://syncd.example/hooks/main", "/hooks/main"
SECRET = "geheim"  # not a secret
PORTAL = 424242


@contextmanager
def heard_events() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What is logged meanwhile about webhooks."""
    told: list[tuple[str, dict[str, Any]]] = []

    def hear(name: str, keys: Mapping[str, Any]) -> None:
        if name.startswith("webhooks."):
            told.append((name, dict(keys)))

    listen(hear)
    try:
        yield told
    finally:
        unlisten(hear)


@dataclass
class Listening:
    """An intake over a real store, and a vendor that signs."""

    clock: FakeClock = field(default_factory=FakeClock)
    secret: str = SECRET
    store: SqlStore = field(init=False)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_store("sqlite://", "main", clock=self.clock, chance=FakeChance())
        self.store.bind(Side.MARKETING, AccountIdentity("hubspot", str(PORTAL)))
        hook = Hook("main", URL, self.told_secret, frozenset({"contacts", "companies"}))
        self.intake = Intake(
            hooks=lambda: {PATH: hook},
            caller=hubspot,
            store=lambda _: self.store,
            clock=self.clock,
            lock=threading.Lock(),
        )

    def told_secret(self) -> str:
        if not self.secret:
            raise NeedsOperator("its file is gone")
        return self.secret

    def signed(self, body: bytes, secret: str = SECRET) -> dict[str, str]:
        signed = webhooks_signing.headers(secret, method="POST", url=URL, body=body, at=millis_of(self.clock.now()))
        return {name.lower(): value for name, value in signed.items()}

    def call(self, *events: dict[str, Any], headers: Mapping[str, str] | None = None, path: str = PATH) -> Answered:
        """One call, as the listener passes it on."""
        return self.send(orjson.dumps(events), headers=headers, path=path)

    def send(self, body: bytes, *, headers: Mapping[str, str] | None = None, path: str = PATH) -> Answered:
        headers = self.signed(body) if headers is None else headers
        begun = self.intake.begin(path, "POST", headers, len(body))
        return begun if isinstance(begun, Answered) else self.intake.end(begun, "POST", headers, body)

    def waiting(self) -> list[Hint]:
        """What the store has after a flush."""
        self.intake.flush()
        return [each.hint for each in self.store.hints(["contacts", "companies", "deals"], 2 * MOST)]


def event(number: int, *, at: int = 100, sort: str = "contact.propertyChange", portal: int = PORTAL) -> dict[str, Any]:
    """One event, with a value that must go nowhere."""
    value = {"propertyName": "jobtitle", "propertyValue": "Geheimtitel"}
    return {"portalId": portal, "objectId": number, "occurredAt": at, "subscriptionType": sort, "eventId": 1, **value}


def hint(number: int, version: str | None = "100", name: str = "contacts") -> Hint:
    """The hint of such an event."""
    return Hint(RemoteRef(name, str(number)), version)


@pytest.fixture
def listening() -> Iterator[Listening]:
    """A listener of its own."""
    one = Listening()
    yield one
    one.store.close()


def test_ids_are_kept_and_nothing_else(listening: Listening) -> None:
    """Of what is synced, of the account that is bound; the value is nowhere in the store."""
    events = [event(1), event(2, sort="company.creation"), event(3, sort="deal.creation"), event(4, portal=9)]
    assert listening.call(*events) is Answered.TAKEN
    with heard_events() as told:
        assert sorted(listening.waiting(), key=str) == sorted([hint(1), hint(2, name="companies")], key=str)
    assert ("webhooks.dropped", "another account", 1) in [(n, k.get("reason"), k["records"]) for n, k in told]
    assert ("webhooks.heard", 2) in [(n, k["records"]) for n, k in told]
    with listening.store.engine.connect() as reading:
        tables = [name for (name,) in reading.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [tuple(row) for name in tables for row in reading.exec_driver_sql(f"SELECT * FROM {name}")]
    assert str(PORTAL) in repr(rows)
    assert "Geheimtitel" not in repr(rows)


def test_f70_duplicated_and_out_of_order_is_one_hint_of_the_latest(listening: Listening) -> None:
    """The same event in one call, in another one, and older ones after younger."""
    listening.call(event(1, at=300), event(1, at=300), event(1, at=100))
    listening.clock.advance(1)
    listening.call(event(1, at=200))
    listening.clock.advance(1)
    assert listening.call(event(1, at=300)) is Answered.TAKEN
    assert listening.waiting() == [hint(1, "300")]
    listening.clock.advance(1)
    listening.call(event(1, at=250), event(2, sort="contact.deletion"))
    assert listening.waiting() == [hint(1, "300"), hint(2, None)]


def test_f70_a_replayed_call_is_dropped_and_a_repeated_one_is_not(listening: Listening) -> None:
    """The vendor signs anew what it repeats; the very same bytes were recorded by somebody."""
    body = orjson.dumps([event(1)])
    headers = listening.signed(body)
    assert listening.send(body, headers=headers) is Answered.TAKEN
    assert len(listening.waiting()) == 1
    dealt = list(listening.store.hints(["contacts"], 9))
    listening.store.settle(Settlement(hints_done=dealt), listening.clock.now())
    listening.clock.advance(200)
    assert listening.send(body, headers=headers) is Answered.TAKEN
    assert listening.waiting() == []
    listening.clock.advance(101)
    assert listening.send(body, headers=headers) is Answered.REFUSED
    assert listening.send(body) is Answered.TAKEN
    assert listening.waiting() == [hint(1)]


def test_f70_a_replayed_call_is_known_by_what_is_signed(listening: Listening) -> None:
    """Whoever recorded one can add headers to it, and none of them makes it new."""
    body = orjson.dumps([event(1)])
    headers = listening.signed(body)
    with heard_events() as told:
        for number in range(3):
            assert listening.send(body, headers={**headers, "x-request-id": str(number)}) is Answered.TAKEN
        listening.intake.flush()
    dropped = [keys["records"] for _, keys in told if keys.get("reason") == "the same call again"]
    assert dropped == [2]


def test_f70_forged_calls_leave_nothing_and_are_soon_not_read_any_more(listening: Listening) -> None:
    """After some of them nobody's body is read; the right ones get through again as time passes."""
    bad = listening.signed(b"[]", secret="another")  # not a secret
    answers = [listening.send(orjson.dumps([event(1)]), headers=bad) for _ in range(100)]
    assert answers[: int(DOUBTS)] == [Answered.REFUSED] * int(DOUBTS)
    assert set(answers[int(DOUBTS) :]) == {Answered.LATER}
    assert listening.call(event(2)) is Answered.LATER
    listening.clock.advance(1 / UNBELIEVED)
    assert listening.call(event(2)) is Answered.TAKEN
    assert listening.waiting() == [hint(2)]


def test_f70_a_storm_is_told_to_come_again_and_logged_once_a_minute(listening: Listening) -> None:
    """So many at once, then so many a second; two lines of the log in all."""
    answers = [listening.call(event(number)) for number in range(200)]
    assert answers.count(Answered.TAKEN) == BURST
    assert set(answers) == {Answered.TAKEN, Answered.LATER}
    with heard_events() as told:
        for _ in range(60):
            listening.clock.advance(0.5)
            for number in range(1_000, 1_040):
                listening.call(event(number))
            listening.intake.flush()
    refused = [keys for name, keys in told if name == "webhooks.refused"]
    assert [keys["reason"] for keys in refused] == ["too many calls"]
    assert len(listening.waiting()) <= BURST + 30 * CALLS + 1


def test_f70_more_ids_than_may_wait_are_dropped_and_the_latest_news_of_the_others_is_kept(listening: Listening) -> None:
    """What waits is bounded before the store is asked, and in the store."""
    for lot in range(0, MOST + 500, 100):
        listening.clock.advance(1)
        assert listening.call(*(event(number) for number in range(1 + lot, 101 + lot))) is Answered.TAKEN
    listening.clock.advance(1)
    listening.call(event(1, at=900))
    with heard_events() as told:
        waits = listening.waiting()
    assert len(waits) == MOST
    assert hint(1, "900") in waits
    assert [keys["records"] for name, keys in told if name == "webhooks.dropped"] == [500]


def test_what_is_no_call_of_ours_is_answered_without_reading(listening: Listening) -> None:
    """Another path, another method, more bytes than may be, no signature."""
    intake = listening.intake
    good = listening.signed(b"[]")
    assert intake.begin("/hooks/other", "POST", good, 2) is Answered.UNKNOWN
    assert intake.begin(f"{PATH}?x=1", "POST", good, 2) is Answered.UNKNOWN
    assert intake.begin(PATH, "GET", good, 2) is Answered.UNKNOWN
    assert intake.begin(PATH, "POST", good, LARGEST + 1) is Answered.TOO_LARGE
    assert intake.begin(PATH, "POST", {}, 2) is Answered.REFUSED
    assert isinstance(intake.begin(PATH, "POST", good, None), Hook)
    assert listening.send(b"{}") is Answered.UNREADABLE


def test_a_secret_is_read_for_each_call(listening: Listening) -> None:
    """A new one holds at once; one that cannot be read lets the vendor come again."""
    listening.secret = "neu"  # not a secret
    assert listening.call(event(1)) is Answered.REFUSED
    body = orjson.dumps([event(1)])
    assert listening.send(body, headers=listening.signed(body, "neu")) is Answered.TAKEN
    listening.secret = ""
    assert listening.call(event(2)) is Answered.UNREADY
    with heard_events() as told:
        listening.intake.flush()
    reasons = [keys["reason"] for name, keys in told if name == "webhooks.refused"]
    assert reasons == ["forged", "the secret cannot be read"]


def test_a_store_in_trouble_costs_the_hints_and_nothing_else(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was given before; the poll finds what they were about."""
    listening.call(event(1))

    def broken(*_: object) -> int:
        raise RetryLater("the store is locked")

    with monkeypatch.context() as patched, heard_events() as told:
        patched.setattr(SqlStore, "note_hints", broken)
        listening.intake.flush()
    assert [(name, keys["records"]) for name, keys in told] == [("webhooks.dropped", 1)]
    listening.clock.advance(1)
    assert listening.call(event(2)) is Answered.TAKEN
    assert listening.waiting() == [hint(2)]
