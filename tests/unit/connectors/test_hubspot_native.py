"""How HubSpot's own Salesforce connector is told from whoever else writes, and which records it touched last."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from connectors.hubspot.natively import IDS, NOTES, TIME, is_native
from syncd.model.native import Synced
from syncd.model.remote import RemoteRef
from tests.fakes import FakeClock
from tests.hubspot_stub import OBJECTS, body_of, connect

SEARCH = f"{OBJECTS}/search"
SINCE = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "native"),
    [
        ({"sourceType": "SALESFORCE"}, True),
        ({"sourceType": "SALESFORCE", "sourceId": "Salesforce Connector"}, True),
        ({"sourceType": "INTEGRATION", "sourceId": "Salesforce Connector"}, True),
        ({"sourceType": "INTEGRATIONS_PLATFORM", "sourceId": "salesforce"}, True),
        ({"sourceType": "INTEGRATION", "sourceId": "900001", "sourceLabel": "our Salesforce sync"}, False),
        ({"sourceType": "FORM", "sourceId": "a form", "sourceLabel": "Salesforce campaign"}, False),
        ({"sourceType": "WORKFLOWS", "sourceId": "Salesforce clean-up"}, False),
        ({"sourceType": "CRM_UI", "sourceId": "userId:5", "updatedByUserId": 5}, False),
        ({}, False),
    ],
)
def test_whose_write_it_was(entry: dict[str, Any], native: bool) -> None:
    """By the source, never by a label: that is what people call their own apps, this program's among them."""
    assert is_native(entry) is native


@responses.activate
def test_the_records_of_its_last_rounds(clock: FakeClock) -> None:
    """One search for the latest, with the ids that it keeps there."""
    held = {TIME: "2024-05-02T10:00:00.000Z", "salesforceleadid": "00Q1", "salesforcecontactid": ""}
    responses.post(SEARCH, json={"total": 1, "results": [{"id": "7", "properties": held}]})
    fitting = connect(clock).fitting()
    assert fitting.synced("contacts", {TIME, *IDS[:2]}, SINCE, most=50) == [
        Synced(RemoteRef("contacts", "7"), datetime(2024, 5, 2, 10, tzinfo=UTC), {"salesforceleadid": "00Q1"})
    ]
    (call,) = responses.calls
    sent = body_of(call.request)
    recent = {"propertyName": TIME, "operator": "GTE", "value": "1714521600000"}
    assert sent["filterGroups"] == [{"filters": [recent]}]
    assert (sent["limit"], sent["sorts"]) == (50, [{"propertyName": TIME, "direction": "DESCENDING"}])
    assert set(sent["properties"]) == {TIME, *IDS[:2]}


@responses.activate
def test_without_the_time_of_its_rounds(clock: FakeClock) -> None:
    """What changed of late among those that bear an id of its; that proves nothing yet, so no time is told."""
    row = {"id": "7", "properties": {"lastmodifieddate": "2024-05-02T10:00:00.000Z", "salesforceleadid": "00Q1"}}
    responses.post(SEARCH, json={"total": 1, "results": [row]})
    (found,) = connect(clock).fitting().synced("contacts", NOTES - {TIME}, SINCE, most=50)
    assert (found.at, found.ids) == (None, {"salesforceleadid": "00Q1"})
    sent = body_of(responses.calls[0].request)
    told = [[(each["propertyName"], each["operator"]) for each in group["filters"]] for group in sent["filterGroups"]]
    assert told == [[(name, "HAS_PROPERTY"), ("lastmodifieddate", "GTE")] for name in IDS]
    assert len(told) <= 5, "filter groups that a search takes"
