"""How long a call waits for a vendor that tells it, and when it is too late to be sent again (F04)."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
import responses

from connectors.transport import LEAST_LEFT, Accept, Again, Answer, Resend, Transport, open_session, told_wait
from syncd.model.errors import RetryLater
from syncd.model.remote import RemoteRef
from syncd.model.values import Lane, Side
from syncd.model.write import Deferred, UpdateRecord
from syncd.ports.budget import Grant, Granted, Rate, WaitUntil
from tests.fakes import START, FakeChance, FakeClock, FreeBudget
from tests.hubspot_stub import BASE, connect
from tests.unit.connectors.test_salesforce_client import BASE as BELOW
from tests.unit.connectors.test_salesforce_client import DESCRIBED, LEAD, ORG, PERSON, paths, web  # noqa: F401
from tests.unit.connectors.test_salesforce_client import connect as connect_salesforce
from tests.unit.connectors.test_transport import URL, call, judge

DETAILS = f"{BASE}/account-info/2026-09/details"
DATE = "Mon, 02 Mar 2026 09:01:40 GMT"


@pytest.mark.parametrize(
    ("told", "heard", "seconds"),
    [
        ("40", "", 40),
        (" 40 ", "", 40),
        ("1.5", "", 1.5),
        ("0", "", 0),
        ("999999999", "", 86_400),
        (DATE, "", 100),
        (DATE, "Mon, 02 Mar 2026 09:01:30 GMT", 10),
        (DATE, "soon", 100),
        ("Mon, 02 Mar 2026 09:01:40 -0000", "", 100),
        ("Mon, 02 Mar 2099 09:01:40 GMT", "", 86_400),
        ("Mon, 02 Mar 2020 09:01:40 GMT", "", None),
        ("-5", "", None),
        ("", "", None),
        ("soon", "", None),
        ("nan", "", None),
        ("１０", "", None),
        ("9" * 30, "", None),
        ("Mon, 99 Mar 2026 09:01:40 GMT", "", None),
    ],
)
def test_what_is_read_of_a_told_wait(told: str, heard: str, seconds: float | None) -> None:
    """Seconds, or a date by the vendor's own clock where the answer tells it; what cannot be a wait is none."""
    answer = Answer(429, {"Retry-After": told, "Date": heard}, b"")
    assert told_wait(answer, START) == (None if seconds is None else timedelta(seconds=seconds))


@responses.activate
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, {"status": "error", "message": "Too many requests", "policyName": "TEN_SECONDLY_ROLLING"}),
        (429, {"status": "error", "message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}),
        (423, {"status": "error", "message": "locked"}),
        (503, {"status": "error", "message": "busy"}),
        (503, "<html>"),
    ],
)
def test_hubspot_is_left_alone_as_long_as_it_tells(clock: FakeClock, status: int, body: object) -> None:
    """Nothing is asked again before, whatever wait its limits would have by themselves."""
    responses.get(DETAILS, status=status, json=body, headers={"Retry-After": "40"})
    responses.get(DETAILS, json={"portalId": 1})
    connect(clock).check()
    assert sum(clock.slept) >= 40


@pytest.mark.parametrize("status", [429, 503])
def test_salesforce_is_left_alone_as_long_as_it_tells(web: responses.RequestsMock, status: int) -> None:  # noqa: F811
    """It documents no such header; what stands before it may send one."""
    web.add("GET", BELOW + "query", status=status, body="busy", headers={"Retry-After": "40"})
    web.add("GET", BELOW + "query", json=ORG)
    clock = FakeClock()
    connect_salesforce(clock).identity()
    assert sum(clock.slept) >= 40


def test_a_write_that_salesforce_turned_away_is_sent_again(web: responses.RequestsMock) -> None:  # noqa: F811
    """A 429 is said of a call that was one too many: nothing of it was carried out, so nothing of it is in doubt."""
    web.add("GET", BELOW + "sobjects/Lead/describe", json=DESCRIBED)
    web.add("PATCH", BELOW + "composite/sobjects", status=429, body="busy")
    clock = FakeClock()
    row = UpdateRecord("t1", RemoteRef("Lead", LEAD), {"LastName": "x"})
    (result,) = connect_salesforce(clock).write(PERSON, [row], clock.now() + timedelta(minutes=5))
    assert isinstance(result, Deferred)
    assert sum("composite" in path for path in paths(web)) == 5


@responses.activate
@pytest.mark.parametrize(("told", "held"), [("40", 40), ("1", 3), ("86400", 3_600)])
def test_all_calls_of_a_limit_wait_as_long_as_one_is_told(clock: FakeClock, told: str, held: int) -> None:
    """A limit is the account's: a wait that one call was told holds the others up, too, for an hour at most."""
    budget = FreeBudget()
    transport = Transport(
        side=Side.CRM, session=open_session(pool=1, base_url=URL), clock=clock, chance=FakeChance(), budget=budget,
        classify=lambda answer: Accept() if answer.status == 200 else Again(
            "limit", spent=Rate("burst", 10, 1.0, 10), until=clock.now() + timedelta(seconds=3), executed=False
        ),
    )  # fmt: skip
    responses.get(URL, status=429, json={}, headers={"Retry-After": told})
    responses.get(URL, json={})
    with contextlib.suppress(RetryLater):  # a day is for the caller to wait
        call(transport, Resend.SAFE)
    assert [until for _, until in budget.penalties] == [START + timedelta(seconds=held)]


@responses.activate
def test_a_call_whose_time_is_nearly_over_is_not_sent_again(clock: FakeClock) -> None:
    """A write that the vendor did not carry out, and that waited for its limits since, would be given up at once."""

    class Slow(FreeBudget):
        """Lets the second attempt wait until the call is all but over."""

        def acquire(self, rate: Rate, lane: Lane, cost: int = 1) -> Grant:
            """Granted at once, and later."""
            super().acquire(rate, lane, cost)
            over = START + timedelta(seconds=50 - LEAST_LEFT / 2)
            return Granted() if len(self.calls) == 1 or clock.now() >= over else WaitUntil(over)

    transport = Transport(
        side=Side.CRM, session=open_session(pool=1, base_url=URL), clock=clock, chance=FakeChance(), budget=Slow(),
        classify=judge, total_deadline=50.0,
    )  # fmt: skip
    responses.post(URL, status=429, json={})
    with pytest.raises(RetryLater, match="its time was over") as caught:
        call(transport, Resend.NEVER)
    assert not caught.value.sent
    assert transport.calls == 1
