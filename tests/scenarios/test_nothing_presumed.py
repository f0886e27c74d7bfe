"""Where no stream was read, nothing is presumed of either side: what is compared is read there, by id if need be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.hubspot.connector import HubSpotConnector
from syncd.engine.cycle import sync
from syncd.engine.resync import Met, carry_on
from syncd.model.remote import Page
from syncd.operations.resyncing import ask
from tests.scenarios.resyncs import wanted
from tests.scenarios.steps import HOUR, Steps


def test_who_is_linked_since_a_resync_was_asked_for_is_read_on_both_sides(steps: Steps) -> None:
    """A contact without a counterpart is named. Before that is carried out a cycle makes its Lead, and then both sides
    edit the city, whose rule is sales': marketing's later edit does not go over it.
    """
    contact = steps.contact(email="ann@example.com", lifecyclestage="subscriber", hs_lead_status="", city="Bonn")
    steps.contact(email="x@example.com", company="Acme")
    steps.cycle()
    asked = ask(steps.both.world, wanted(steps, records=[f"marketing:contacts/{contact}"]))
    steps.market(contact, company="Acme", lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW")
    steps.cycle()
    steps.cycle()
    lead = steps.marketed(contact, "syncd_crm_id")
    assert lead is not None
    steps.sell(lead, City="Mainz")
    steps.both.clock.advance(1)
    steps.market(contact, city="Köln")
    steps.both.clock.advance(5)
    assert carry_on(steps.both.world, asked, Met(), leave_off=lambda: False)
    steps.cycle()
    assert (steps.marketed(contact, "city"), steps.sold(lead, "City")) == ("Mainz", "Mainz")
    steps.quiet()


def test_whom_a_scan_leaves_out_a_whole_compare_reads_by_id_and_compares(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marketing edits a city, and the pages of a whole compare, behind which no stream tells it any more, do not show
    that contact: the edit is found all the same.
    """
    contact, lead = steps.pair(city="Bonn")
    steps.contact(email="x@example.com")
    steps.cycle()
    steps.market(contact, city="Mainz")
    whole = HubSpotConnector.scan

    def scan(self: HubSpotConnector, *args: Any, **words: Any) -> Iterator[Page]:
        for page in whole(self, *args, **words):
            yield replace(page, records=[record for record in page.records if record.ref.id != contact])

    with monkeypatch.context() as patched:
        patched.setattr(HubSpotConnector, "scan", scan)
        steps.both.clock.advance(HOUR)
        sync(steps.both.world, full=True)
    assert steps.sold(lead, "City") == "Mainz"
    steps.quiet()
