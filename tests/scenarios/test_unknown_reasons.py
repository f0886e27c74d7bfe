"""Reasons that one side's list does not know: the reason alone is held and listed, the rest of the person flows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.hubspot.definitions import Option
from sandbox.salesforce.definitions import picklist
from syncd.model.link import Topic
from syncd.model.values import Side
from syncd.operations.drift import resting
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, SQL, WORKING, ann, both_show
from tests.scenarios.steps import Schema, Steps, parked, relived

WORDS = {
    "not_a_fit": "Not a fit",
    "no_contact": "No contact",
    "timing": "Timing",
    "duplicate": "Duplicate",
    "bad_contact": "Bad data",
    "price": "Price",
    "competitor": "Competitor",
    "no_decision": "No decision",
}
"""Each reason with the word that both lists have for it."""
REJECTED = ("marketingqualifiedlead", "UNQUALIFIED", CLOSED)


def a_dropdown(steps: Steps, *words: str) -> None:
    """HubSpot's property of the reason, with these options and no other."""
    store = steps.both.hubspot.portal.store("contacts")
    if (there := store.definitions.get("stage_reason")) is None:
        options = [{"value": word} for word in words]
        made = {"name": "stage_reason", "type": "enumeration", "fieldType": "select", "options": options}
        steps.both.hubspot.add_property("contacts", made)
    else:
        store.define(replace(there, options=tuple(Option(word, word) for word in words)))


def a_picklist(steps: Steps, *words: str) -> None:
    """Salesforce's field of the reason, restricted to these values."""
    made = picklist("Stage_Reason__c", "Reason", words, restricted=True, custom=True)
    steps.both.salesforce.add_field("Lead", made)


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Both teams have agreed, also on reasons, which either may give; both lists know them all."""

    def reasoned(tree: Schema) -> None:
        tree["reason_field"] = "stage_reason"
        for each in tree["transitions"]:
            each["by"] = ["marketing", "sales", "system"]

    def person(schema: Schema) -> None:
        schema["fields"]["stage_reason"] = {
            "type": "enum",
            "marketing": "stage_reason",
            "crm": {"Lead": "Stage_Reason__c"},
            "policy": "crm",
            "clear": "both",
            "values": {key: {"marketing": word, "crm": word} for key, word in WORDS.items()},
        }

    both = relived(tmp_path, reasoned, person=person)
    made = Steps(both)
    a_dropdown(made, *WORDS.values())
    a_picklist(made, *WORDS.values())
    yield made
    both.store.close()


def test_a_reason_that_the_table_does_not_know_waits_alone(steps: Steps) -> None:
    """Sales rejects with a word that its admin has added since: it is listed, and the move waits for a reason that both
    know; title and town travel. Corrected by sales, move and reason travel in one cycle.
    """
    contact, lead = ann(steps)
    a_picklist(steps, *WORDS.values(), "Budget")
    steps.sell(lead, Status=CLOSED, Stage_Reason__c="Budget", Title="Head", City="Bonn")
    steps.cycle()
    assert (steps.marketed(contact, "jobtitle"), steps.marketed(contact, "city")) == ("Head", "Bonn")
    assert steps.marketed(contact, "stage_reason") is None
    assert both_show(steps, contact, lead) == (*MQL.values(), CLOSED)
    listed = {each.field: each for each in steps.conflicts()}
    assert set(listed) == {"stage", "stage_reason"}
    assert listed["stage_reason"].reason.startswith("crm: is not in the value table")
    assert listed["stage_reason"].values.crm == "Budget"
    assert listed["stage"].topic is Topic.WAITS
    steps.quiet()
    steps.sell(lead, Stage_Reason__c="Timing")
    steps.cycle()
    assert both_show(steps, contact, lead) == REJECTED
    assert steps.marketed(contact, "stage_reason") == "Timing"
    assert not steps.conflicts()
    steps.quiet()


def test_a_reason_that_the_picklist_of_a_record_type_does_not_offer_is_parked(steps: Steps) -> None:
    """Marketing rejects with a reason that Salesforce offers to other Leads only: sales sees the rejection and the
    title, the reason alone is listed and stays as it is in HubSpot; with a type that offers it, it arrives.
    """
    contact, lead = ann(steps)
    org = steps.both.salesforce
    narrow = org.add_record_type("Lead", "Narrow", picklists={"Stage_Reason__c": ["Timing"]})
    wide = org.add_record_type("Lead", "Wide")
    steps.sell(lead, RecordTypeId=narrow)
    steps.cycle()
    steps.market(contact, hs_lead_status="UNQUALIFIED", stage_reason="Duplicate", jobtitle="Head")
    steps.cycle()
    assert both_show(steps, contact, lead) == REJECTED
    assert steps.sold(lead, "Title") == "Head"
    assert steps.sold(lead, "Stage_Reason__c") is None
    assert steps.marketed(contact, "stage_reason") == "Duplicate"
    assert (parked(steps).field, parked(steps).side) == ("stage_reason", Side.CRM)
    steps.quiet()
    steps.sell(lead, RecordTypeId=wide)
    steps.cycle()
    assert steps.sold(lead, "Stage_Reason__c") == "Duplicate"
    assert not steps.both.store.parked()
    steps.quiet()


@pytest.mark.parametrize("where", Side)
def test_a_word_that_an_admin_takes_out_of_a_list_puts_the_reason_to_rest(steps: Steps, where: Side) -> None:
    """The list has changed under the mapping, so the field rests until a person has looked (`syncd drift`): titles
    travel, who moves on without a reason moves on, and a rejection waits, since its reason cannot be told.
    """
    contact, lead = ann(steps)
    kept = [word for word in WORDS.values() if word != "Timing"]
    if where is Side.CRM:
        a_picklist(steps, *kept)
    else:
        a_dropdown(steps, *kept)
    steps.sell(lead, Status=CLOSED, Stage_Reason__c="Duplicate", Title="Head")
    steps.cycle()
    assert [each.field for each in resting(steps.both.store)] == ["stage_reason"]
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert steps.marketed(contact, "stage_reason") is None
    assert both_show(steps, contact, lead) == (*MQL.values(), CLOSED)
    assert steps.conflict().topic is Topic.WAITS
    steps.sell(lead, Status=WORKING)
    steps.cycle()
    assert both_show(steps, contact, lead) == (*SQL.values(), WORKING)
    assert not steps.conflicts()
    steps.quiet()


def test_an_unknown_reason_is_no_blank(steps: Steps) -> None:
    """Who has a reason and gets an unknown one: the known one stands in HubSpot, and nobody is moved back."""
    contact, lead = ann(steps)
    steps.sell(lead, Status=CLOSED, Stage_Reason__c="Timing")
    steps.cycle()
    a_picklist(steps, *WORDS.values(), "Budget")
    steps.sell(lead, Stage_Reason__c="Budget", Title="Head")
    steps.cycle()
    assert both_show(steps, contact, lead) == REJECTED
    assert steps.marketed(contact, "stage_reason") == "Timing"
    assert steps.marketed(contact, "jobtitle") == "Head"
    assert steps.conflict().field == "stage_reason"
    assert steps.sold(lead, "Status") != NEW
    steps.quiet()
