"""What docs/signals.md shows is sound, and does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from sandbox.salesforce.definitions import text
from tests.scenarios.signals import campaign, engagements, keyed_engagements, members, signalling
from tests.scenarios.steps import Schema, Steps, remapped
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


def test_the_fields_of_the_page_travel_where_both_sides_have_them(tmp_path: Path) -> None:
    """Mapped as the page says, with the fields made on both sides: what marketing and sales did last arrives; where a
    field is lacking, the rest is kept in step without it.
    """
    fields: dict[str, Any] = FIELDS

    def change(schema: Schema) -> None:
        schema["fields"] |= fields

    both = remapped(tmp_path, change)
    hubspot, salesforce = both.hubspot, both.salesforce
    for name in ("hs_latest_source", "sales_next_step"):
        if name not in hubspot.portal.store("contacts").definitions:
            hubspot.add_property("contacts", {"name": name})
    for name in ("Last_Marketing_Source__c", "Next_Step__c"):
        for object_name in ("Lead", "Contact"):
            salesforce.add_field(object_name, text(name, name, 80))
    steps = Steps(both)
    contact, lead = steps.pair(hs_latest_source="PAID_SEARCH")
    steps.sell(lead, Next_Step__c="Send offer")
    steps.cycle()
    assert steps.sold(lead, "Last_Marketing_Source__c") == "PAID_SEARCH"
    assert steps.marketed(contact, "sales_next_step") == "Send offer"
    both.store.close()
