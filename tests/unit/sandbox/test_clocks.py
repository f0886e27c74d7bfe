"""A vendor's clock is set, skewed and hurried; all that the vendor says goes by it, and it steps back only by force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import pytest

from sandbox import clocks, state
from sandbox.clocks import ClockRefused, SettableClock
from sandbox.control import Controls
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import HttpRequest, HttpResponse, Kernel, SimulatedClock, VendorClock
from sandbox.salesforce.kernel import SalesforceKernel

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
CONTACTS = "/crm/v3/objects/contacts"
LEADS = "/services/data/v60.0/sobjects/Lead"


class Timed:
    """A stand-in, its own clock, and the one this goes by."""

    def __init__(self, vendor: type[HubSpotKernel | SalesforceKernel]) -> None:
        self.base = SimulatedClock(START)
        self.clock = SettableClock(self.base)
        self.kernel: Any = vendor(clock=self.clock, seed=7)
        self.controls = Controls(self.kernel, set_latency=lambda _: None)

    def set(self, **words: Any) -> tuple[int, Any]:
        """Status and answer of a request to set the clock."""
        return self._told(HttpRequest("POST", "/_sandbox/clock", body=orjson.dumps(words)))

    def stands(self) -> Any:
        """How the clock stands, as the control plane tells."""
        return self._told(HttpRequest("GET", "/_sandbox/clock"))[1]

    def call(self, method: str, target: str, body: Any, token: str) -> HttpResponse:
        """One call of the vendor's API."""
        headers = {"Authorization": f"Bearer {token}"}
        answer: HttpResponse = self.kernel.handle(HttpRequest.from_target(method, target, headers, orjson.dumps(body)))
        return answer

    def _told(self, request: HttpRequest) -> tuple[int, Any]:
        answer = self.controls.answer(request)
        return answer.status, orjson.loads(answer.body)


def hubspot(seconds: float = 5.0) -> Timed:
    """A HubSpot stand-in whose search lags exactly so many seconds."""
    timed = Timed(HubSpotKernel)
    object.__setattr__(timed.kernel.switches, "index_lag", (seconds, seconds))
    assert isinstance(timed.kernel.switches, HubSpotSwitches)
    return timed


def test_ahead_by_an_offset() -> None:
    """Stamps and the Date header of the next answer are that far ahead, and go on from there."""
    timed = hubspot()
    assert timed.set(offset=600)[0] == 200
    timed.base.advance(5)
    answer = timed.call("POST", CONTACTS, {"properties": {"email": "a@x.com"}}, "pat-na1-sandbox")
    wanted = START + timedelta(seconds=605)
    assert parsedate_to_datetime(answer.headers["Date"]) == wanted
    assert datetime.fromisoformat(orjson.loads(answer.body)["createdAt"]) == wanted
    assert timed.stands() == {"at": wanted.isoformat(), "offset": 600.0, "rate": 1.0}


def test_set_to_an_instant() -> None:
    """A clock set to an instant stamps a Lead with it."""
    timed = Timed(SalesforceKernel)
    assert timed.set(at="2026-02-01T01:00:00+01:00")[0] == 200
    answer = timed.call("POST", LEADS, {"LastName": "Doe", "Company": "Acme"}, timed.kernel.login())
    row = timed.kernel.org.row(orjson.loads(answer.body)["id"])
    assert row["SystemModstamp"] == "2026-02-01T00:00:00.000+0000"
    assert answer.headers["Date"] == "Sun, 01 Feb 2026 00:00:00 GMT"


def test_tokens_grow_old_by_the_clock() -> None:
    """A session and an access token that are good for a while are over once the clock has been set on."""
    sales, marketing = Timed(SalesforceKernel), hubspot()
    session = sales.kernel.login()
    access = marketing.kernel.installations.buy(marketing.kernel.install_app(), at=marketing.kernel.portal.now())
    for timed, target, token in ((sales, LEADS, session), (marketing, CONTACTS, access)):
        assert timed.call("GET", target, None, token).status == 200
        timed.set(offset=86_400)
        assert timed.call("GET", target, None, token).status == 401


def test_search_catches_up_by_the_clock() -> None:
    """What search does not show yet is there once the clock is past the lag; a faster clock gets there sooner."""
    timed = hubspot(seconds=50)
    timed.kernel.create("contacts", {"email": "a@x.com"})

    def total() -> int:
        answer = timed.call("POST", f"{CONTACTS}/search", {}, "pat-na1-sandbox")
        return int(orjson.loads(answer.body)["total"])

    timed.set(rate=10)
    timed.base.advance(4)
    assert total() == 0
    timed.base.advance(1)
    assert total() == 1


def test_a_rate_does_not_jump() -> None:
    """Changing the rate leaves the present instant; ten times as fast, half as fast, standing still."""
    timed = hubspot()
    told = [timed.set(rate=10)[1]["at"]]
    for rate in (0.5, 0, 1):
        timed.base.advance(10)
        told.append(timed.set(rate=rate)[1]["at"])
    assert [(datetime.fromisoformat(at) - START).total_seconds() for at in told] == [0, 100, 105, 105]
    assert timed.stands()["offset"] == 75.0


@pytest.mark.parametrize("words", [{"offset": -1}, {"at": "2026-01-05T11:59:00Z"}, {"offset": -1, "rate": 2}])
def test_backwards_only_by_force(words: dict[str, Any]) -> None:
    """A step back is refused and changes nothing, unless force says that it is meant."""
    timed = hubspot()
    status, told = timed.set(**words)
    assert (status, "force" in told["error"]) == (400, True)
    assert timed.stands() == {"at": START.isoformat(), "offset": 0.0, "rate": 1.0}
    assert timed.set(**words, force=True)[0] == 200
    assert timed.clock.now() < START


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "give"),
        ({"force": True}, "give"),
        ({"speed": 2}, "give"),
        ({"offset": 1, "at": "2026-02-01T00:00:00Z"}, "give"),
        ({"at": "soon"}, "instant such as"),
        ({"at": "2026-02-01T00:00:00"}, "needs a zone"),
        ({"offset": "much"}, "offset is a number"),
        ({"rate": True}, "rate is a number"),
        ({"rate": -1}, "from 0"),
    ],
)
def test_what_is_no_time_is_explained(words: dict[str, Any], why: str) -> None:
    """A request that says nothing, too much, or no number answers 400 and what would be right."""
    timed = hubspot()
    status, told = timed.set(**words)
    assert (status, why in told["error"]) == (400, True), told
    assert timed.clock.now() == START


def test_a_clock_that_somebody_else_owns_is_refused() -> None:
    """A simulated clock belongs to the test that moves it."""
    with pytest.raises(ClockRefused, match="belongs to whoever started it"):
        clocks.set_clock(SimulatedClock(START), {"offset": 1})


def test_a_saved_clock_goes_on_ahead() -> None:
    """A loaded stand-in is as far ahead and as fast as the saved one, and not behind it where real time is."""
    timed = hubspot()
    timed.set(offset=600, rate=10)
    timed.base.advance(6)
    content = state.dump(timed.kernel)
    later, earlier = hubspot(), hubspot()
    later.base.advance(1_000)
    for fresh in (later, earlier):
        state.restore(fresh.kernel, content)
    assert later.stands() == {"at": (START + timedelta(seconds=1_654)).isoformat(), "offset": 654.0, "rate": 10.0}
    assert earlier.clock.now() == START + timedelta(seconds=660)
    plain: Kernel = HubSpotKernel(clock=VendorClock(SimulatedClock(START)), seed=7)
    state.restore(plain, content)
    assert plain.clock.now() == START + timedelta(seconds=660)
