"""Webhooks of HubSpot: which calls are its own, and what of a body is read. The stand-in signs as the vendor does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import orjson
import pytest

from connectors.hubspot import webhooks
from connectors.hubspot.wire import millis_of
from sandbox.hubspot import webhooks_signing
from syncd.model.hint import Called, Doubt, Hint, Told
from syncd.model.remote import RemoteRef
from tests.fakes import START
from tests.shared import shared
from tests.unit.sandbox.hubspot_webhooks import TARGET, WebhookAccount

SECRET = "geheim"  # not a secret
NOW = START


def called(*, url: str = TARGET, body: bytes = b"[]", method: str = "POST", **changed: Any) -> Called:
    """A call as the stand-in signs it."""
    signed = webhooks_signing.headers(
        changed.get("secret", SECRET), method=method, url=url, body=body, at=millis_of(changed.get("at", NOW))
    )
    return Called(method, url, {name.lower(): value for name, value in signed.items()}, body)


def test_the_signature_of_a_known_call() -> None:
    """A value that was worked out apart from both programs (``openssl dgst -sha256 -hmac``)."""
    headers = {webhooks.TIMESTAMP: "1700000000000"}
    example = Called("POST", "https://syncd.example/hubspot?a=%2F%20b", headers, b'[{"eventId":1}]')
    assert webhooks.signature(example, SECRET) == b"cTnYirheADaSEPWglWh2zjn1ST+h4B92xgO151F+yb8="


@pytest.mark.parametrize(
    "url",
    [
        TARGET,
        "https://syncd.example/a%3Ab%2Fc%3Fd%40e%21f%24g%27h%28i%29j%2Ak%2Cl%3Bm",
        "https://syncd.example/a%3ab?x=%3F&y=%20%C3%A4%25",
    ],
)
def test_what_the_vendor_signed_is_believed(url: str) -> None:
    """Whatever escapes the address has."""
    assert webhooks.doubt(called(url=url), SECRET, NOW) is None


def test_f70_what_the_vendor_did_not_sign_is_not_believed() -> None:
    """Another secret, body, address, method or time; version 1 alone; nothing; what is no time."""
    good = called(body=b'[{"eventId":1}]')
    stamp = good.headers[webhooks.TIMESTAMP]
    for bad in (
        called(body=good.body, secret="another"),  # not a secret
        Called("POST", good.url, good.headers, b'[{"eventId":2}]'),
        Called("POST", f"{good.url}/x", good.headers, good.body),
        Called("PUT", good.url, good.headers, good.body),
        Called("POST", good.url, {**good.headers, webhooks.TIMESTAMP: str(int(stamp) + 1)}, good.body),
        Called("POST", good.url, {**good.headers, webhooks.SIGNATURE: "ä" * 44}, good.body),
        Called("POST", good.url, {**good.headers, webhooks.SIGNATURE: "\udcff"}, good.body),
    ):
        assert webhooks.doubt(bad, SECRET, NOW) is Doubt.FORGED, bad
    for name in (webhooks.SIGNATURE, webhooks.TIMESTAMP):
        less = {key: value for key, value in good.headers.items() if key != name}
        assert webhooks.doubt(Called("POST", good.url, less, good.body), SECRET, NOW) is Doubt.UNSIGNED
    for stamp in ("", "-1", "1e9", "١٢٣", "9" * 40, " 17"):
        bad = Called("POST", good.url, {**good.headers, webhooks.TIMESTAMP: stamp}, good.body)
        assert webhooks.doubt(bad, SECRET, NOW) is Doubt.UNSIGNED, stamp


@pytest.mark.parametrize(
    ("seconds", "doubt"), [(300, None), (300.001, Doubt.OLD), (-300, None), (-300.001, Doubt.AHEAD)]
)
def test_f70_a_call_is_young_by_our_clock(seconds: float, doubt: Doubt | None) -> None:
    """Five minutes in both directions: a replayed call, and clocks that differ."""
    assert webhooks.doubt(called(at=NOW - timedelta(seconds=seconds)), SECRET, NOW) is doubt
    assert webhooks.early(called(at=NOW - timedelta(seconds=seconds)), NOW) is doubt


def test_what_the_stand_in_tells_is_read() -> None:
    """Creation and change by their instant; whoever left, came back, was merged or associated: in any case."""
    events = ("contact.creation", "contact.propertyChange jobtitle", "contact.deletion", "contact.merge")
    account = WebhookAccount(*events, "contact.restore", "contact.privacyDeletion", "contact.associationChange")
    kernel = account.kernel
    one = kernel.create("contacts", {"email": "a@example.com"})
    two = kernel.create("contacts", {"email": "b@example.com"})
    account.told()
    kernel.edit("contacts", one, {"jobtitle": "Geheimtitel"})
    (change,) = account.told()
    (told,) = webhooks.read(orjson.dumps([change])) or ()
    assert told == Told(str(change["portalId"]), Hint(RemoteRef("contacts", one), str(change["occurredAt"])))
    kernel.merge("contacts", one, two)
    merged = [each for each in account.told() if each["subscriptionType"] == "contact.merge"]
    refs = {each.hint.ref.id for each in webhooks.read(orjson.dumps(merged)) or ()}
    assert refs == {one, two, str(merged[0]["newObjectId"])}
    assert all(each.hint.version is None for each in webhooks.read(orjson.dumps(merged)) or ())
    kernel.gdpr_delete("contacts", str(merged[0]["newObjectId"]))
    gone = webhooks.read(orjson.dumps(account.told())) or ()
    assert {(each.hint.ref.id, each.hint.version) for each in gone} == {(str(merged[0]["newObjectId"]), None)}


def test_every_type_of_event_that_is_read_is_one_of_the_vendors() -> None:
    """The vendor's own description lists the types of subscriptions."""
    told = json.dumps(json.loads(shared("openapi/hubspot/webhooks.json").read_text()))
    for sort in webhooks.OBJECTS:
        for happening in webhooks._KNOWN_AS | webhooks._LOOKED_AT:
            if (sort, happening) not in {("company", "privacyDeletion"), ("deal", "privacyDeletion")}:
                assert f'"{sort}.{happening}"' in told, (sort, happening)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b"null", b'"x"', b"[1]", b"[[]]", b"\xff", json.dumps([{}] * 101).encode(), b"[" * 100_000],
)
def test_a_body_that_is_none(body: bytes) -> None:
    """Nothing is made of it, and nothing falls over."""
    assert webhooks.read(body) is None


def test_what_is_no_event_that_we_know_is_passed_over() -> None:
    """Other objects, other happenings, ids that are none."""
    good = {"portalId": 1, "objectId": 5, "subscriptionType": "contact.creation", "occurredAt": 1_700_000_000_000}
    odd: list[dict[str, Any]] = [{**good, "objectId": bad} for bad in (True, -1, 0, 1.5, "5", None, 1 << 63, [5])]
    odd += [{**good, "portalId": bad} for bad in (None, "1", True)]
    odd += [{**good, "subscriptionType": bad} for bad in ("ticket.creation", "contact.feast", "", None, 5)]
    odd += [{**good, "subscriptionType": "contact.merge", "mergedObjectIds": "5"}, {}]
    assert webhooks.read(orjson.dumps(odd)) == []
    for at in (None, "x", -5, True):
        assert webhooks.read(orjson.dumps([{**good, "occurredAt": at}])) == [
            Told("1", Hint(RemoteRef("contacts", "5"), None))
        ]
