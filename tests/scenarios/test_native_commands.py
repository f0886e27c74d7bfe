"""The vendors' own connector beside syncd, as the command line tells of it over both stand-ins."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.scenarios.processes import MAIL, Place, someone, until


def _native(place: Place) -> list[dict[str, str]]:
    """What ``doctor`` says of the connector."""
    findings = place.run("doctor", "--json").json["connections"]["main"]["findings"]
    return [each for each in findings if each["topic"] == "native connector"]


def _lead(place: Place) -> Mapping[str, object]:
    """The Lead of the person whom both sides know."""
    (lead,) = (row for row in place.salesforce.export()["Lead"] if (row["Email"] or "").lower() == MAIL.lower())
    return lead


@pytest.mark.slow
def test_the_doctor_names_it_and_nothing_is_written_until_it_is_off(place: Place) -> None:
    """Which fields, in how many records, when and as whom; the plan leaves them out; the way on is a command."""
    contact, _ = someone(place)
    assert not _native(place)
    place.hubspot.do("install_native_connector")
    assert not _native(place)
    place.hubspot.do("sync_natively", object="contacts", id=contact, properties={})
    until(lambda: bool(_native(place)), what=lambda: "the search shows the connector's round")
    (works,) = _native(place)
    assert works["severity"] == "notice"
    assert "HubSpot's own Salesforce connector is at work, last at " in works["what"]
    assert "wrote no field that syncd writes" in works["what"]
    place.hubspot.do("sync_natively", object="contacts", id=contact, properties={"jobtitle": "Buyer"})
    (both,) = _native(place)
    assert both["severity"] == "broken"
    assert "writes 1 of the fields that syncd writes" in both["what"]
    assert "person.title: contacts.jobtitle in 1, last at " in both["what"]
    assert "as the connector itself" in both["what"]
    assert "syncd drift accept" in both["where"]
    assert place.run("doctor").code == 1
    shadow = {"SYNCD_CONNECTIONS__MAIN__MODE": "shadow"}
    said = place.run("doctor", "--json", environ=shadow).json["connections"]["main"]["findings"]
    assert [each["severity"] for each in said if each["topic"] == "native connector"] == ["notice"]
    left_out = "at rest, so left out: person.title: the native connector writes contacts.jobtitle"
    assert left_out in place.run("plan").out
    assert left_out in place.run("sync").out
    assert place.run("plan", "--json").json["resting"] == ["person.title"]
    place.approve()
    assert place.run("sync", "--full").code == 1
    assert (_lead(place)["Title"], _lead(place)["Syncd_Marketing_Id__c"]) == (None, contact)
    assert "once it writes the field no more: " in place.run("drift", "list").out
    place.hubspot.do("remove_native_connector")
    assert place.run("drift", "accept", "person.title").code == 0
    (works,) = _native(place)
    assert works["severity"] == "notice"
    assert place.run("resync", "--all", "--kind", "person", "--fields", "title", "--yes").code == 0
    assert _lead(place)["Title"] == "Buyer"
