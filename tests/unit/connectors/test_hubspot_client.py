"""Calls, refusals and the traps of the vendor's client library, each named by its row of what is known of HubSpot.

Length: one test a trap or a limit, beside the others of its row.
"""

from __future__ import annotations

import importlib.metadata
import logging
from datetime import timedelta
from functools import partial

import pytest
import responses
from hubspot.utils.requests.http_request_builder import Request

from connectors.hubspot.errors import HubSpotRates, Rejected, read_fault
from connectors.hubspot.paths import Paths
from connectors.transport import open_session
from syncd.model.errors import NeedsOperator, RetryLater, WrongAccount
from syncd.model.remote import RemoteRef, Shape
from tests.fakes import FakeClock, FreeBudget
from tests.hubspot_stub import BASE, OBJECTS, SHAPE, connect, row

DETAILS = f"{BASE}/account-info/2026-09/details"


def test_the_request_builder_keeps_its_contract() -> None:
    """hubspot.md 1.12, 1.15: the builder is not documented as public; what we use of it is held here."""
    assert int(importlib.metadata.version("hubspot-api-client").split(".")[0]) < 13
    config = {"base_url": "http://127.0.0.1:1", "access_token": "pat-1", "user_agent": "syncd"}
    built = Request(config, {"method": "POST", "path": "/a", "qs": {"p": ["x", "y"]}, "body": b'{"a":null}'})
    assert built.get_url() == "http://127.0.0.1:1/a?p=x&p=y"
    assert built.headers["Authorization"] == "Bearer pat-1"
    assert built.headers["Content-Type"] == "application/json"
    assert built.body == b'{"a":null}'


@responses.activate
def test_loopback_takes_one_setting(clock: FakeClock) -> None:
    """hubspot.md 1.2: the library needs host and base_url and else calls the real API; we have one base URL."""
    responses.get("http://127.0.0.1:8081/account-info/v3/details", json={"portalId": 7})
    connector = connect(clock, base_url="http://127.0.0.1:8081/", api_version="v3")
    assert connector.identity().account == "7"


def test_loggers_are_left_alone(clock: FakeClock) -> None:
    """hubspot.md 1.5: building the library's api objects sets loggers to WARNING; we build none."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        connect(clock)
        assert logging.getLogger("urllib3").level == logging.ERROR
    finally:
        logging.getLogger("urllib3").setLevel(logging.NOTSET)


@responses.activate
def test_one_pool_and_timeouts(clock: FakeClock) -> None:
    """hubspot.md 1.4, 1.6, 1.8: one pool for all calls, timeouts on each, and no retries but ours."""
    responses.get(DETAILS, json={"portalId": 7})
    connector = connect(clock)
    for _ in range(3):
        connector.check()
    sent = responses.calls[0].request
    assert sent.req_kwargs["timeout"] == (5.0, 60.0)  # type: ignore[attr-defined]
    retries = open_session(pool=3, base_url=BASE).get_adapter(BASE).max_retries  # type: ignore[attr-defined]
    assert (retries.total, retries.respect_retry_after_header) == (0, False)


@responses.activate
@pytest.mark.parametrize("body", ['{"status":"error","message":"resource not found"}', "<html>", ""])
@pytest.mark.parametrize(("version", "cure"), [("2026-09", "2026-03 or v3"), ("v3", "2026-09 or 2026-03")])
def test_an_unknown_api_version_is_told_so(clock: FakeClock, body: str, version: str, cure: str) -> None:
    """What has other paths alone answers 404 to the first call of all: a person is told which setting cures it."""
    responses.get(f"{BASE}/account-info/{version}/details", status=404, body=body)
    with pytest.raises(NeedsOperator, match=rf"set connections\.NAME\.marketing\.api_version to {cure}"):
        connect(clock, api_version=version).check()


@responses.activate
def test_a_version_that_was_known_is_none_to_change(clock: FakeClock) -> None:
    """Once the account has answered, a 404 is something on the way, and passes."""
    responses.get(DETAILS, json={"portalId": 7})
    responses.get(DETAILS, status=404, body="<html>")
    connector = connect(clock)
    connector.check()
    with pytest.raises(RetryLater, match="404"):
        connector.check()


@responses.activate
@pytest.mark.parametrize("body", ['{"category":"INVALID_AUTHENTICATION","message":"no"}', "", "<html>401</html>"])
def test_a_token_is_read_again_once(clock: FakeClock, body: str) -> None:
    """hubspot.md 1.3: nothing renews a token by itself; a rotated one is read again after a 401 and then used, whatever
    the 401 says in words.
    """
    tokens = iter(["old", "new"])
    responses.get(DETAILS, status=401, body=body)
    responses.get(DETAILS, json={"portalId": 7})
    connector = connect(clock, token=lambda: next(tokens))
    connector.check()
    connector.check()
    sent = [call.request.headers["Authorization"] for call in responses.calls]
    assert sent == ["Bearer old", "Bearer new", "Bearer new"]


@responses.activate
def test_a_token_read_again_must_lead_to_the_same_portal(clock: FakeClock) -> None:
    """One put in by mistake is told, nothing but that question is sent with it, and the right one is used again."""
    tokens = iter(["old", "foreign", "new"])
    owners = f"{BASE}/crm/owners/2026-09"

    def of(token: str) -> list[object]:
        return [responses.matchers.header_matcher({"Authorization": f"Bearer {token}"})]

    for token, portal in (("old", 7), ("foreign", 8), ("new", 7)):
        responses.get(DETAILS, json={"portalId": portal}, match=of(token))
    responses.get(owners, status=401, json={"category": "INVALID_AUTHENTICATION"}, match=of("old"))
    responses.get(owners, json={"results": []}, match=of("new"))
    connector = connect(clock, token=lambda: next(tokens))
    connector.identity()
    with pytest.raises(WrongAccount, match="leads to portal 8, and the one before to 7"):
        connector.users()
    assert list(connector.users()) == []
    sent = [call.request.url for call in responses.calls if "foreign" in call.request.headers["Authorization"]]
    assert sent == [DETAILS]


@responses.activate
def test_a_token_that_stays_refused_needs_a_person(clock: FakeClock) -> None:
    """hubspot.md 7: after the second 401 the error says what to make and where; the token is not in it."""
    responses.get(DETAILS, status=401, json={"category": "INVALID_AUTHENTICATION"})
    with pytest.raises(NeedsOperator, match="service key") as caught:
        connect(clock, token=lambda: "pat-secret").check()
    assert "pat-secret" not in str(caught.value)
    assert len(responses.calls) == 2


@responses.activate
def test_missing_scopes_are_named(clock: FakeClock) -> None:
    """hubspot.md 7: a 403 names the scopes of which one is needed."""
    body = {
        "category": "MISSING_SCOPES",
        "errors": [{"context": {"requiredGranularScopes": ["crm.objects.owners.read"]}}],
    }
    responses.get(f"{BASE}/crm/owners/2026-09", status=403, json=body)
    with pytest.raises(NeedsOperator, match=r"crm\.objects\.owners\.read"):
        connect(clock).users()


ROLLING = {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING", "message": "ten_secondly_rolling limit"}
SECONDLY = {"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}
DAILY = {"errorType": "RATE_LIMIT", "policyName": "DAILY", "message": "You have reached your daily limit."}


@responses.activate
@pytest.mark.parametrize(
    ("body", "name", "seconds"), [(ROLLING, "burst", 10), (SECONDLY, "search", 1), (DAILY, "daily", 3_600)]
)
def test_each_limit_has_its_own_429(
    clock: FakeClock, budget: FreeBudget, body: dict[str, str], name: str, seconds: int
) -> None:
    """hubspot.md 3: three bodies, three limits; none carries Retry-After. A spent day is the caller's affair."""
    began = clock.now()
    responses.get(DETAILS, status=429, json=body)
    responses.get(DETAILS, json={"portalId": 7})
    connector = connect(clock, budget)
    if name == "daily":
        with pytest.raises(RetryLater) as caught:
            connector.check()
        assert caught.value.after == timedelta(hours=1)
    else:
        connector.check()
    assert [(rate.name, until) for rate, until in budget.penalties] == [(name, began + timedelta(seconds=seconds))]


@responses.activate
@pytest.mark.parametrize(("body", "seconds"), [(ROLLING, 10), (DAILY, 3_600)])
def test_a_limit_of_associations_holds_up_nothing_else(
    clock: FakeClock, budget: FreeBudget, body: dict[str, str], seconds: int
) -> None:
    """hubspot.md 3: that API has a window and a day of its own, whose 429 has the words of the account's."""
    began = clock.now()
    responses.post(f"{OBJECTS}/batch/read", json={"results": [row(1, 5)]})
    url = f"{BASE}/crm/associations/2026-09/contacts/companies/batch/read"
    responses.post(url, status=429, json=body)
    responses.post(url, json={"results": []})
    shape = Shape("person", SHAPE.objects, key=SHAPE.key, refs={"company": {"contacts": "companies"}})
    ask = partial(connect(clock, budget).fetch, shape, [RemoteRef("contacts", "1")])
    if body is DAILY:
        with pytest.raises(RetryLater, match="associations"):
            ask()
    else:
        ask()
    penalties = [(rate.name, until) for rate, until in budget.penalties]
    assert penalties == [("associations", began + timedelta(seconds=seconds))]


@responses.activate
def test_every_call_is_charged_to_its_limits(clock: FakeClock, budget: FreeBudget) -> None:
    """hubspot.md 3: search and associations have limits of their own; all of them use up the day."""
    connector = connect(clock, budget)
    responses.get(DETAILS, json={"portalId": 7})
    responses.post(f"{OBJECTS}/search", json={"results": []})
    connector.check()
    assert [rate.name for rate, _, _ in budget.calls] == ["burst", "daily"]
    list(connector.changes(SHAPE, connector.start(SHAPE)))
    assert [rate.name for rate, _, _ in budget.calls][-2:] == ["search", "daily"]
    assert connector.quota().calls == 3


def test_spacing_never_overruns_a_window() -> None:
    """hubspot.md 3: burst plus refill of any window stays within 190 in 10 s, and search within 5 in a second."""
    rates = HubSpotRates()
    assert rates.burst.burst + rates.burst.calls * 10 / rates.burst.seconds <= 190
    assert rates.search.burst + rates.search.calls / rates.search.seconds <= 6
    assert rates.search.calls / rates.search.seconds < 5


def test_a_small_plan_has_fewer_calls_of_associations() -> None:
    """hubspot.md 3: associations have figures of their own, 100 in 10 s on Free and Starter and 150 beyond."""
    for told, most in ((100, 100), (190, 150), (250, 150)):
        rate = HubSpotRates.of(per_10_seconds=told, search_per_second=5).associations
        assert rate.burst + rate.calls * 10 / rate.seconds == most


@responses.activate
def test_quota_headers_are_read(clock: FakeClock, budget: FreeBudget) -> None:
    """hubspot.md 1.10, 3: the day's count is in headers of answers, which the library hides; search has none."""
    daily = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "900"}
    responses.get(DETAILS, json={"portalId": 7}, headers=daily)
    connector = connect(clock, budget)
    connector.check()
    assert budget.reports == [(100, 1_000)]
    assert (connector.quota().used, connector.quota().limit) == (100, 1_000)


@responses.activate
def test_the_days_limit_is_what_the_account_tells(clock: FakeClock, budget: FreeBudget) -> None:
    """hubspot.md 3: tiers and add-ons give from 250,000 to 3,000,000; 625,000 are assumed until the first answer."""
    connector = connect(clock, budget)
    for told in ("1000000", "0", "what", "3000000"):
        daily = {"X-HubSpot-RateLimit-Daily": told, "X-HubSpot-RateLimit-Daily-Remaining": "0"}
        responses.get(DETAILS, json={"portalId": 7}, headers=daily)
        connector.check()
    responses.get(DETAILS, json={"portalId": 7})
    connector.check()
    days = [rate.calls for rate, _, _ in budget.calls if rate.name == "daily"]
    assert days == [625_000, 1_000_000, 1_000_000, 1_000_000, 3_000_000]


def test_a_ceiling_of_our_own_is_kept_to() -> None:
    """Whoever configures one means it, whatever the account has."""
    rates = HubSpotRates.of(per_10_seconds=190, search_per_second=5, daily_calls=50_000)
    assert rates.learning(1_000_000).daily.calls == 50_000
    assert HubSpotRates.of(per_10_seconds=190, search_per_second=5).learning(1_000_000).daily.calls == 1_000_000


@responses.activate
@pytest.mark.parametrize("status", [200, 403, 502])
def test_html_is_a_typed_outcome(clock: FakeClock, status: int) -> None:
    """hubspot.md 1.9: a body may be HTML of a CDN, with any status; reads are repeated and then put off."""
    responses.get(DETAILS, status=status, body="<html>busy</html>", content_type="text/html")
    with pytest.raises(RetryLater):
        connect(clock).check()
    assert len(responses.calls) == 5


@responses.activate
def test_migration_waits_as_told(clock: FakeClock) -> None:
    """hubspot.md 3: 477 has a Retry-After in seconds, up to a day; that is not waited for inside a call."""
    responses.get(DETAILS, status=477, headers={"Retry-After": "7200"}, json={})
    with pytest.raises(RetryLater) as caught:
        connect(clock).check()
    assert caught.value.after == timedelta(hours=2)
    assert len(responses.calls) == 1


@responses.activate
def test_an_unforeseen_refusal_does_not_quote_values(clock: FakeClock) -> None:
    """The text of the error names code and properties; the vendor's sentence may hold a person's value."""
    responses.get(f"{OBJECTS}", status=400, json={"category": "VALIDATION_ERROR", "message": "ann@example.com is bad"})
    with pytest.raises(Rejected) as caught:
        list(connect(clock).scan(SHAPE))
    assert "ann@example.com" not in str(caught.value)
    assert caught.value.fault.message == "ann@example.com is bad"


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        (
            {"message": 'Values were not valid: [{"isValid":false,"error":"PROPERTY_DOESNT_EXIST","name":"x"}]'},
            "PROPERTY_DOESNT_EXIST",
            ("x",),
        ),
        (
            {"category": "VALIDATION_ERROR", "errors": [{"code": "INVALID_DATE", "context": {"propertyName": ["d"]}}]},
            "INVALID_DATE",
            ("d",),
        ),
        ({"message": "broken [ text"}, "UNKNOWN", ()),
        ({}, "UNKNOWN", ()),
        (None, "UNKNOWN", ()),
        ([1], "UNKNOWN", ()),
    ],
)
def test_error_bodies(body: object, code: str, fields: tuple[str, ...]) -> None:
    """hubspot.md 7: every part is optional, and the detail may be only inside the message as JSON text."""
    fault = read_fault(body)
    assert (fault.code, fault.fields) == (code, fields)


def test_paths_of_all_versions() -> None:
    """hubspot.md 0, 2: one place maps every path from numbered to dated versions."""
    old, new = Paths("v3"), Paths("2026-03")
    assert (old.objects("contacts", "/search"), new.objects("contacts", "/search")) == (
        "/crm/v3/objects/contacts/search",
        "/crm/objects/2026-03/contacts/search",
    )
    assert (old.properties("contacts"), new.properties("contacts")) == (
        "/crm/v3/properties/contacts",
        "/crm/properties/2026-03/contacts",
    )
    assert (old.owners(), new.owners()) == ("/crm/v3/owners/", "/crm/owners/2026-03")
    assert old.associations("contacts", "companies", "/batch/read").startswith("/crm/v4/associations/")
    assert new.associations("contacts", "companies", "/x") == "/crm/associations/2026-03/contacts/companies/x"
    assert (old.account(), new.account()) == ("/account-info/v3/details", "/account-info/2026-03/details")
    assert old.unsubscribe_all() == "/communication-preferences/v4/statuses/batch/unsubscribe-all"
    assert new.record("contacts", "1/2") == "/crm/objects/2026-03/contacts/1%2F2"
    with pytest.raises(NeedsOperator, match="2026-09"):
        Paths("v9")


@responses.activate
def test_fetch_keeps_order_and_repeats(clock: FakeClock) -> None:
    """hubspot.md 5: a batch read has no promised order; the answer here has the order asked, repeats included."""
    responses.post(f"{OBJECTS}/batch/read", json={"results": [row(2, 5), row(1, 5)]})
    refs = [RemoteRef("contacts", key) for key in ("1", "2", "1")]
    assert [getattr(found.ref, "id", "") for found in connect(clock).fetch(SHAPE, refs) if hasattr(found, "ref")] == [
        "1",
        "2",
        "1",
    ]
    assert len(responses.calls) == 1


@responses.activate
def test_scan_asks_for_properties_repeated(clock: FakeClock) -> None:
    """hubspot.md 1.14, 1.15: pages of 100 from the list endpoint, properties as repeated parameters, resumable."""
    responses.get(OBJECTS, json={"results": [row(1, 5)], "paging": {"next": {"after": "2"}}})
    responses.get(OBJECTS, json={"results": [row(2, 5)]})
    connector = connect(clock)
    first, second = connector.scan(SHAPE)
    assert "limit=100&properties=email&properties=firstname" in str(responses.calls[0].request.url)
    assert "after=2" in str(responses.calls[1].request.url)
    (again,) = connector.scan(SHAPE, second.cursor)
    assert not again.records
    assert len(responses.calls) == 2
    assert first.records[0].ref.id == "1"
