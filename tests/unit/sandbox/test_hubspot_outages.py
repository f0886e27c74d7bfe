"""HubSpot stand-in: locked records, an account on the move, an edge that is down, an address that is too long."""

from __future__ import annotations

import orjson
import pytest

from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.outages import EDGE_STATUSES, edge_fault
from tests.unit.sandbox.hubspot_account import COMPANIES, CONTACTS, HubSpotAccountUnderTest


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


@pytest.mark.fact("hubspot 3.11", "hubspot 7.6")
def test_locked_records_can_be_read_but_not_written(hub: HubSpotAccountUnderTest) -> None:
    """423 for writes to that object alone, until two seconds are over; nothing was done."""
    person = hub.contact(city="A")
    hub.kernel.lock_rows("contacts")
    change = {"properties": {"city": "B"}}
    upsert = {"inputs": [change | {"id": "k", "idProperty": "syncd_crm_id"}]}
    assert hub.call("PATCH", f"{CONTACTS}/{person}", change)[0] == 423
    assert hub.call("POST", f"{CONTACTS}/batch/upsert", upsert)[0] == 423
    assert hub.read(person, "city")["city"] == "A"
    assert hub.hits(("city", "EQ", "A")) == [person]
    assert hub.call("POST", COMPANIES, {"properties": {"name": "F"}})[0] == 201
    hub.clock.advance(1.9)
    assert hub.call("PATCH", f"{CONTACTS}/{person}", change)[0] == 423
    hub.clock.advance(0.1)
    assert hub.call("PATCH", f"{CONTACTS}/{person}", change)[0] == 200


@pytest.mark.fact("hubspot 3.11")
def test_an_account_on_the_move(hub: HubSpotAccountUnderTest) -> None:
    """Every call is 477 and says in whole seconds how long it takes, a day at most."""
    hub.kernel.begin_maintenance(seconds=90.5)
    response = hub.send("GET", CONTACTS)
    assert (response.status, response.headers["Retry-After"]) == (477, "91")
    hub.clock.advance(60)
    assert hub.send("POST", f"{CONTACTS}/search", {}).headers["Retry-After"] == "31"
    hub.clock.advance(31)
    assert hub.send("GET", CONTACTS).status == 200
    hub.kernel.begin_maintenance()
    hub.kernel.end_maintenance()
    assert hub.send("GET", CONTACTS).status == 200
    with pytest.raises(ValueError, match="86400"):
        hub.kernel.begin_maintenance(seconds=86_401)


@pytest.mark.fact("hubspot 3.11", "hubspot 7.8")
@pytest.mark.parametrize("status", EDGE_STATUSES)
def test_the_edge_answers_a_page_of_html(hub: HubSpotAccountUnderTest, status: int) -> None:
    """No JSON, no rate headers, and the account never saw the call."""
    hub.kernel.faults.arm(edge_fault(status))
    response = hub.send("POST", CONTACTS, {"properties": {"city": "A"}})
    assert (response.status, response.headers["Content-Type"]) == (status, "text/html; charset=UTF-8")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(response.body)
    assert hub.ok("GET", CONTACTS)["results"] == []


@pytest.mark.fact("hubspot 3.11")
def test_an_address_that_is_too_long() -> None:
    """414 before anybody looks at the token; one character less is a question like any other."""
    hub = HubSpotAccountUnderTest(limits=HubSpotLimits(uri=100))
    fitting = f"{CONTACTS}?properties={'x' * (100 - len(CONTACTS) - 12)}"
    assert len(fitting) == 100
    assert hub.send("GET", fitting).status == 200
    assert hub.send("GET", f"{fitting}x", token="unknown").status == 414
