"""HubSpot stand-in: the vendor's own Salesforce connector at work, as an account shows it."""

from __future__ import annotations

import pytest

from sandbox.hubspot.errors import Refusal
from tests.unit.sandbox.hubspot_account import CONTACTS, HubSpotAccountUnderTest


@pytest.mark.parametrize("key", ["", "Salesforce Connector"])
def test_what_it_writes_has_a_source_of_its_own(key: str) -> None:
    """With an id or none, by switch; nobody is named as its user."""
    hub = HubSpotAccountUnderTest(native_source_id=key)
    person = hub.contact(city="A")
    hub.kernel.install_native_connector()
    hub.clock.advance(1)
    hub.kernel.sync_natively("contacts", person, {"city": "B"})
    history = hub.ok("GET", f"{CONTACTS}/{person}?propertiesWithHistory=city")["propertiesWithHistory"]["city"]
    told = {"value": "B", "timestamp": "2026-11-25T12:00:01.000Z", "sourceType": "SALESFORCE"}
    assert history[0] == (told | {"sourceId": key} if key else told)


@pytest.mark.parametrize("notes", [True, False])
def test_each_round_leaves_its_time(notes: bool) -> None:
    """Whether it changed anything or not; by switch, not at all."""
    hub = HubSpotAccountUnderTest(native_notes_time=notes)
    person = hub.contact(city="A")
    hub.kernel.install_native_connector()
    hub.clock.advance(60)
    hub.kernel.sync_natively("contacts", person, {})
    held = hub.read(person, "salesforcelastsynctime").get("salesforcelastsynctime")
    assert held == ("2026-11-25T12:01:00.000Z" if notes else None)


def test_it_writes_nothing_when_it_is_not_there() -> None:
    """Neither before it was connected nor after it was taken out; and nothing that nobody could write."""
    hub = HubSpotAccountUnderTest()
    person = hub.contact(city="A")
    with pytest.raises(Refusal):
        hub.kernel.sync_natively("contacts", person, {"city": "B"})
    hub.kernel.install_native_connector()
    with pytest.raises(Refusal):
        hub.kernel.sync_natively("contacts", person, {"no_such_property": "B"})
    hub.kernel.remove_native_connector()
    with pytest.raises(Refusal):
        hub.kernel.sync_natively("contacts", person, {"city": "B"})
    assert hub.read(person, "city")["city"] == "A"
