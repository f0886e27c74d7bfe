"""What docs/signals.md shows is sound, and does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from sandbox.salesforce.definitions import moment, text
from syncd.engine.cycle import sync
from tests.scenarios.signals import campaign, engagements, keyed_engagements, members, signalling
from tests.scenarios.steps import HOUR, Schema, Steps, remapped
from tests.worlds import ROOT

PAGE = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")
FILE, FIELDS = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))


def test_the_file_of_the_page_is_sound_and_fills_both(tmp_path: Path) -> None:
    """By its list, and with the calls that sales makes."""
    both = signalling(tmp_path, FILE)
    keyed_engagements(both)
    steps = Steps(both)
    while (people := both.hubspot.add_list("People")) != "42":
        assert int(people) < 42
    spring = campaign(both, "Spring Webinar 2026")
    contact, lead = steps.pair()
    both.hubspot.put_on_list("42", contact)
    call = {"WhoId": lead, "Subject": "Intro", "Status": "Completed", "TaskSubtype": "Call"}
    both.salesforce.insert("Task", call)
    steps.cycle()
    assert members(steps) == [(lead, spring, "Sent")]
    assert len(engagements(steps, "calls")) == 1
    both.store.close()


MADE: Mapping[str, tuple[str, str]] = {
    "recent_conversion_event_name": ("string", "text"),
    "recent_conversion_date": ("datetime", "date"),
    "hs_latest_source": ("string", "text"),
    "last_sales_activity": ("date", "date"),
    "sales_next_step": ("string", "text"),
}
"""The properties of the page, by type: three that HubSpot brings along and two that an admin makes."""
FORM = {
    "recent_conversion_event_name": "Webinar: forecasts",
    "recent_conversion_date": "2026-03-02T10:15:00Z",
    "hs_latest_source": "PAID_SEARCH",
}
"""What HubSpot notes of somebody who sends a form."""
TOUCHED = {
    "Last_Marketing_Touch__c": "Webinar: forecasts",
    "Last_Marketing_Touch_At__c": "2026-03-02T10:15:00.000+0000",
    "Last_Marketing_Source__c": "PAID_SEARCH",
}


def made(steps: Steps, *, without: str = "") -> None:
    """The fields of the page on both sides, but for one."""
    hubspot, salesforce = steps.both.hubspot, steps.both.salesforce
    for name, (sort, shown) in MADE.items():
        if name != without and name not in hubspot.portal.store("contacts").definitions:
            hubspot.add_property("contacts", {"name": name, "type": sort, "fieldType": shown})
    fields = [
        text(name, name, 80, custom=True)
        for name in ("Last_Marketing_Touch__c", "Last_Marketing_Source__c", "Next_Step__c")
    ]
    for field in (*fields, moment("Last_Marketing_Touch_At__c", "Last marketing touch", custom=True)):
        for object_name in ("Lead", "Contact"):
            if field.name != without:
                salesforce.add_field(object_name, field)


@pytest.fixture
def mapped(tmp_path: Path) -> Iterator[Steps]:
    """The example with the fields that the page shows in its mapping; on neither side are they made yet."""

    def change(schema: Schema) -> None:
        schema["fields"] |= FIELDS

    both = remapped(tmp_path, change)
    yield Steps(both)
    both.store.close()


def sees(steps: Steps, record: str, object_name: str = "Lead") -> dict[str, object]:
    """What sales reads of marketing's last touch."""
    return {name: steps.sold(record, name, object_name=object_name) for name in TOUCHED}


def worked(steps: Steps, lead: str, day: str, **more: object) -> None:
    """Somebody of sales has called, on that day."""
    call = {"WhoId": lead, "Subject": "Call", "Status": "Completed", "TaskSubtype": "Call", "ActivityDate": day}
    steps.both.salesforce.insert("Task", {**call, **more})


def swept(steps: Steps) -> None:
    """What the daemon's slow sweep comes to in the end."""
    steps.both.clock.advance(HOUR)
    sync(steps.both.world, full=True)


def test_what_marketing_did_last_and_when_is_read_by_sales(mapped: Steps) -> None:
    """A form, its instant and the source of the visit stand on the Lead that is made, and a later form takes their
    place; what sales writes there is written over, and marketing's own is never touched.
    """
    made(mapped)
    contact, lead = mapped.pair(**FORM)
    assert sees(mapped, lead) == TOUCHED
    mapped.market(contact, recent_conversion_event_name="Price list", recent_conversion_date="2026-03-02T11:30:05Z")
    mapped.cycle()
    later = {"Last_Marketing_Touch__c": "Price list", "Last_Marketing_Touch_At__c": "2026-03-02T11:30:05.000+0000"}
    assert sees(mapped, lead) == TOUCHED | later
    mapped.sell(lead, Last_Marketing_Touch__c="Mine", Last_Marketing_Touch_At__c=None)
    mapped.cycle()
    assert sees(mapped, lead) == TOUCHED | later
    assert mapped.marketed(contact, "recent_conversion_event_name") == "Price list"
    assert not mapped.conflicts()
    mapped.quiet()


@pytest.mark.parametrize("stamps", [True, False])
def test_what_sales_did_last_is_read_by_marketing(mapped: Steps, *, stamps: bool) -> None:
    """The day of the last call and the next step stand on the contact: with the next cycle where the activity moves
    the Lead's stamp, else with the sweep, or as soon as anything of the Lead changes.
    """
    mapped.both.salesforce.org.switches.activities_stamp_people = stamps
    made(mapped)
    contact, lead = mapped.pair()
    mapped.quiet()  # what was just written is read once more
    worked(mapped, lead, "2026-03-01")
    mapped.cycle()
    assert mapped.marketed(contact, "last_sales_activity") == ("2026-03-01" if stamps else None)
    swept(mapped)
    assert mapped.marketed(contact, "last_sales_activity") == "2026-03-01"
    worked(mapped, lead, "2026-03-02")
    mapped.sell(lead, Next_Step__c="Send offer")
    mapped.cycle()
    assert mapped.marketed(contact, "last_sales_activity") == "2026-03-02"
    assert mapped.marketed(contact, "sales_next_step") == "Send offer"
    mapped.market(contact, last_sales_activity="2020-01-01", sales_next_step="Call them")
    mapped.cycle()
    assert mapped.marketed(contact, "last_sales_activity") == "2026-03-02"
    assert mapped.marketed(contact, "sales_next_step") == "Send offer"
    assert not mapped.conflicts()
    mapped.quiet()


def test_both_go_on_after_a_conversion(mapped: Steps) -> None:
    """The Contact is told what marketing did last, though no conversion carries it; HubSpot keeps what the Lead told
    until sales does something else.
    """
    made(mapped)
    contact, lead = mapped.pair(**FORM)
    worked(mapped, lead, "2026-03-01")
    mapped.sell(lead, Next_Step__c="Send offer")
    mapped.cycle()
    new, _, _ = mapped.both.salesforce.convert(lead, status="Closed - Converted")
    mapped.cycle()
    assert sees(mapped, new, "Contact") == TOUCHED
    assert mapped.marketed(contact, "last_sales_activity") == "2026-03-01"
    assert mapped.marketed(contact, "sales_next_step") == "Send offer"
    mapped.quiet()
    worked(mapped, new, "2026-03-02")
    mapped.sell(new, object_name="Contact", Next_Step__c="Sign")
    mapped.cycle()
    assert mapped.marketed(contact, "last_sales_activity") == "2026-03-02"
    assert mapped.marketed(contact, "sales_next_step") == "Sign"
    assert not mapped.conflicts()
    mapped.quiet()


@pytest.mark.parametrize("lacking", ["last_sales_activity", "Last_Marketing_Touch_At__c"])
def test_where_a_field_is_lacking_the_others_travel(mapped: Steps, lacking: str) -> None:
    """Before an admin has made one of them, the rest is kept in step without it; once it is there, it is filled."""
    made(mapped, without=lacking)
    contact, lead = mapped.pair(**FORM)
    worked(mapped, lead, "2026-03-01")
    mapped.sell(lead, Next_Step__c="Send offer")
    mapped.cycle()
    assert mapped.sold(lead, "Last_Marketing_Touch__c") == "Webinar: forecasts"
    assert mapped.marketed(contact, "sales_next_step") == "Send offer"
    made(mapped)
    swept(mapped)
    assert sees(mapped, lead) == TOUCHED
    assert mapped.marketed(contact, "last_sales_activity") == "2026-03-01"
    mapped.quiet()
