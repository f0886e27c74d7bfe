"""HubSpot stand-in: how often one may call, by edition and meter, and what the answers tell of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sandbox.hubspot.limits import Edition, HubSpotLimits
from tests.unit.sandbox.hubspot_account import COMPANIES, CONTACTS, HubSpotAccountUnderTest

LABELS = "/crm/v4/associations/contacts/companies/labels"
RATE = "X-HubSpot-RateLimit-"


def rates(hub: HubSpotAccountUnderTest, target: str = CONTACTS) -> dict[str, str]:
    """The rate headers of one more answer, without their common beginning."""
    headers = hub.send("GET", target).headers
    return {name.removeprefix(RATE): value for name, value in headers.items() if name.startswith(RATE)}


EDITIONS: list[tuple[Edition, int, int, int, int]] = [
    ("free", 0, 100, 250_000, 100),
    ("starter", 0, 100, 250_000, 100),
    ("professional", 0, 190, 625_000, 150),
    ("enterprise", 0, 190, 1_000_000, 150),
    ("professional", 1, 250, 1_625_000, 150),
    ("enterprise", 2, 250, 3_000_000, 150),
]


@pytest.mark.fact("hubspot 3.1", "hubspot 3.4")
@pytest.mark.parametrize(("edition", "addons", "rolling", "daily", "associations"), EDITIONS)
def test_an_edition_has_its_limits(edition: Edition, addons: int, rolling: int, daily: int, associations: int) -> None:
    """Calls in ten seconds, calls a day and association calls; one call more than the first is refused."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits.of_edition(edition, addons=addons))
    told = rates(hub)
    assert (told["Max"], told["Daily"]) == (str(rolling), str(daily))
    statuses = [hub.send("GET", CONTACTS).status for _ in range(rolling)]
    assert statuses == [200] * (rolling - 1) + [429]
    assert (rates(hub, LABELS)["Max"], rates(hub, LABELS)["Daily"]) == (str(associations), "500000")


@pytest.mark.parametrize(("edition", "addons"), [("free", 1), ("enterprise", 3)])
def test_an_add_on_that_nobody_can_buy(edition: Edition, addons: int) -> None:
    """Two at most, and none for free accounts."""
    with pytest.raises(ValueError, match="add-on"):
        HubSpotLimits.of_edition(edition, addons=addons)


@pytest.mark.fact("hubspot 3.4")
def test_associations_are_counted_apart() -> None:
    """Their window and day are their own: neither uses up the other."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits(rolling=1, associations_rolling=3, associations_daily=2))
    assert [hub.send("GET", target).status for target in (LABELS, LABELS, LABELS)] == [200, 200, 429]
    assert orjson.loads(hub.send("GET", LABELS).body)["policyName"] == "DAILY"
    assert [hub.send("GET", CONTACTS).status for _ in range(2)] == [200, 429]
    assert hub.kernel.meters.spent_today(at=hub.clock.now()) == 1


def test_other_apps_spend_the_same_day() -> None:
    """Their calls count in the headers, and the last one is the last for everybody, until midnight of the account."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits(daily=10))
    hub.kernel.meters.spend(9, at=hub.clock.now())
    answer = hub.send("GET", CONTACTS)
    assert (answer.status, dict(answer.headers)["X-HubSpot-RateLimit-Daily-Remaining"]) == (200, "0")
    assert orjson.loads(hub.send("GET", CONTACTS).body)["policyName"] == "DAILY"
    hub.clock.advance(24 * 3_600)
    assert hub.send("GET", CONTACTS).status == 200


@pytest.mark.fact("hubspot 3.5", "hubspot 3.7", "hubspot 7.7")
@pytest.mark.parametrize(
    ("limits", "policy", "message"),
    [
        (HubSpotLimits(rolling=0), "TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit."),
        (HubSpotLimits(daily=0), "DAILY", "You have reached your daily limit."),
    ],
)
def test_the_body_of_a_429(limits: HubSpotLimits, policy: str, message: str) -> None:
    """Its key set, which policy it was, and no word of when to come back."""
    response = HubSpotAccountUnderTest(limits=limits).send("GET", CONTACTS)
    body = orjson.loads(response.body)
    assert response.status == 429
    assert set(body) == {"status", "message", "errorType", "policyName", "correlationId", "groupName"}
    assert (body["status"], body["errorType"]) == ("error", "RATE_LIMIT")
    assert (body["policyName"], body["message"]) == (policy, message)
    assert "Retry-After" not in response.headers


@pytest.mark.fact("hubspot 3.8")
def test_the_rate_headers() -> None:
    """Window, its length and the day, with what is left of each; none per second; search answers have none."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits())
    assert rates(hub) == {
        "Max": "190", "Remaining": "189", "Interval-Milliseconds": "10000",
        "Daily": "625000", "Daily-Remaining": "624999",
    }  # fmt: skip
    headers = hub.send("POST", f"{CONTACTS}/search", {}).headers
    assert not [name for name in headers if "RateLimit" in name]
    old = HubSpotAccountUnderTest(search_daily_headers=True)
    headers = old.send("POST", f"{CONTACTS}/search", {}).headers
    assert {name for name in headers if "RateLimit" in name} == {f"{RATE}Daily", f"{RATE}Daily-Remaining"}


@pytest.mark.fact("hubspot 3.9")
def test_the_share_of_errors_is_told() -> None:
    """What the vendor judges an app by: errors among the calls of the day, forgotten at midnight there."""
    hub = HubSpotAccountUnderTest()
    assert hub.kernel.error_share() == 0.0
    for _ in range(19):
        hub.ok("GET", CONTACTS)
    hub.call("GET", f"{CONTACTS}/1")
    assert hub.kernel.error_share() == pytest.approx(0.05)
    hub.call("GET", f"{CONTACTS}/1")
    assert hub.kernel.error_share() > 0.05
    hub.clock.advance(18 * 3_600)
    assert hub.kernel.error_share() == 0.0


@pytest.mark.fact("hubspot 3.10")
@pytest.mark.parametrize(("counts", "left"), [(False, 2), (True, 0)])
def test_whether_a_refused_call_uses_up_the_day(counts: bool, left: int) -> None:
    """Four calls of which the window takes two: what is left of the day depends on the switch."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits(rolling=2, daily=4), refused_calls_count=counts)
    assert [hub.send("GET", CONTACTS).status for _ in range(4)] == [200, 200, 429, 429]
    hub.clock.advance(10)
    answers: list[tuple[int, Any]] = [hub.call("GET", COMPANIES) for _ in range(2)]
    assert sum(status == 200 for status, _ in answers) == left
    assert [body["policyName"] for status, body in answers if status == 429] == ["DAILY"] * (2 - left)


@pytest.mark.fact("hubspot 3.12")
def test_sizes_of_association_batches() -> None:
    """A thousand are read and two thousand are made in one call, and not one more."""
    hub = HubSpotAccountUnderTest()
    base = "/crm/v4/associations/contacts/companies/batch"
    for path, size in (("read", 1_000), ("create", 2_000), ("associate/default", 2_000)):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
        entry = {"id": "1"} if path == "read" else {"from": {"id": "1"}, "to": {"id": "2"}, "types": types}
        status, body = hub.call("POST", f"{base}/{path}", {"inputs": [entry] * size})
        assert (status, body["numErrors"]) == (207, size)
        assert hub.call("POST", f"{base}/{path}", {"inputs": [entry] * (size + 1)})[0] == 400


@pytest.mark.fact("hubspot 3.12")
def test_the_longest_text() -> None:
    """65,536 characters are taken and come back."""
    hub = HubSpotAccountUnderTest()
    text = "x" * 65_536
    person = hub.contact(message=text)
    assert hub.read(person, "message")["message"] == text
    status, body = hub.call("PATCH", f"{CONTACTS}/{person}", {"properties": {"message": text + "x"}})
    assert (status, body["errors"][0]["code"]) == (400, "INVALID_STRING_LENGTH")
