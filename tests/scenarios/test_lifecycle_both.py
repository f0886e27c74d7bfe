"""Both sides move one person, a move lacks what it needs, and somebody is here again: through whole cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.salesforce.definitions import text
from sandbox.salesforce.standard_setup import LEAD_STATUSES
from syncd.model.link import Topic
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, SQL, WORKING, ann, both_show, explained, journey
from tests.scenarios.steps import Schema, Steps, relived
from tests.worlds import agreed, open_both

# -- both sides moved somebody: the table of docs/lifecycle.md ---------------------------------------------------------
CUSTOMER = {"lifecyclestage": "customer", "hs_lead_status": ""}
AN_SQL = (*SQL.values(), WORKING)
Edit = tuple[float, str, str, str | dict[str, str]]
"""When, on which side, in which role, and to what."""
TABLE: dict[str, tuple[str, list[Edit], tuple[str, str, str] | None, dict[str, object]]] = {
    "lead; marketing: mql, then sales: sql": (
        "lead", [(1, "marketing", "Marketing", MQL), (2, "crm", "SDR", WORKING)], AN_SQL, {},
    ),
    "lead; Salesforce has been through mql": (
        "lead",
        [(1, "crm", "Demand Generation", NEW), (2, "crm", "SDR", WORKING), (3, "marketing", "Marketing", MQL)],
        AN_SQL, {},
    ),
    "mql; both: sql": ("mql", [(1, "crm", "SDR", WORKING), (2, "marketing", "SDR", SQL)], AN_SQL, {}),
    "mql; sql and disqualified": ("mql", [(1, "crm", "SDR", CLOSED), (2, "marketing", "SDR", SQL)], None, {}),
    "mql; customer is not declared": (
        "mql", [(1, "marketing", "Marketing", CUSTOMER), (2, "crm", "SDR", WORKING)], None, {},
    ),
    "mql; customer is put back": (
        "mql", [(1, "marketing", "Marketing", CUSTOMER), (2, "crm", "SDR", WORKING)], AN_SQL, {"undeclared": "revert"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_both_sides_moved_somebody(
    tmp_path: Path, row: tuple[str, list[Edit], tuple[str, str, str] | None, dict[str, object]]
) -> None:
    """Each row as both teams read it, in an org that has a status for leads: being later does not win."""
    agreed, edits, shows, rules = row
    steps = Steps(relived(tmp_path, lambda tree: tree.update(rules), person=_with_a_status_for_leads))
    _nurturing(steps)
    contact = steps.contact(email="ann@acme-works.com", company="Acme", **(MQL if agreed == "mql" else A_LEAD))
    lead = steps.lead(Email="ann@acme-works.com", Status=NEW if agreed == "mql" else "Nurturing")
    steps.cycle()
    assert not steps.conflicts()
    for _, side, role, becomes in sorted(edits, key=lambda edit: edit[0]):
        steps.both.clock.advance(60)
        if side == "marketing":
            assert isinstance(becomes, dict)
            steps.market(contact, by=steps.marketer(role), **becomes)
        else:
            steps.sell(lead, by=steps.seller(role), Status=becomes)
    steps.cycle()
    if shows is not None:
        assert not steps.conflicts()
        assert both_show(steps, contact, lead) == shows
        assert journey(steps).entered[-1].stage == "sql"
    else:
        conflict = steps.conflict()
        assert conflict.topic is Topic.FIELD
        assert "on the marketing side by" in conflict.reason
        assert "on the crm side by" in conflict.reason
        assert both_show(steps, contact, lead)[2] == edits_of(edits, "crm")
    steps.quiet()
    steps.both.store.close()


A_LEAD = {"lifecyclestage": "lead", "hs_lead_status": ""}


def edits_of(edits: list[Edit], side: str) -> object:
    """What a side was last set to."""
    return [edit[3] for edit in edits if edit[1] == side][-1]


def _with_a_status_for_leads(schema: Schema) -> None:
    schema["fields"]["stage"]["values"]["lead"] = {"marketing": ["lead", "*"], "crm": "Nurturing"}


def _nurturing(steps: Steps) -> None:
    steps.both.salesforce.set_lead_statuses([*LEAD_STATUSES, {"MasterLabel": "Nurturing"}])


# -- what a move needs -------------------------------------------------------------------------------------------------
def test_a_move_waits_for_what_must_be_known(steps: Steps) -> None:
    """Sales takes an SQL back to MQL, which needs a company: it waits, is told, and travels once the company is there,
    whichever side says so.
    """
    contact, lead = steps.pair(email="ann@acme-works.com", company="", **SQL)
    steps.sell(lead, Status=NEW)
    assert steps.counts() == {"conflicts": 1}
    waiting = steps.conflict()
    assert waiting.topic is Topic.WAITS
    assert "mql needs company_name to be filled" in waiting.reason
    assert steps.marketed(contact, "lifecyclestage") == "salesqualifiedlead"
    steps.quiet()
    assert f"held by conflict {waiting.id}: waits: sql -> mql on the crm side" in explained(steps, contact).next
    steps.market(contact, company="Acme")
    steps.cycle()
    assert both_show(steps, contact, lead) == ("marketingqualifiedlead", "NEW", NEW)
    assert not steps.conflicts()
    steps.quiet()


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two empty stand-ins, and both teams have agreed on who may move whom."""
    both = open_both(config=agreed(tmp_path / "agreed"))
    yield Steps(both)
    both.store.close()


@pytest.fixture
def reasoned(tmp_path: Path) -> Iterator[Callable[[str], Steps]]:
    """Makes a world in which a shared field of a type holds the reason: a list of values, or a text."""
    opened: list[Steps] = []

    def make(sort: str) -> Steps:
        def change(tree: Schema) -> None:
            tree["reason_field"] = "stage_reason"
            if sort == "string":
                for reasons in tree["reasons"].values():
                    for key in reasons:
                        reasons[key] = {"marketing": key.upper(), "crm": key.upper()}

        def person(schema: Schema) -> None:
            mapped = {"type": sort, "marketing": "stage_reason", "crm": {"Lead": "Stage_Reason__c"}, "policy": "crm"}
            if sort == "enum":
                mapped["values"] = {key: {"marketing": key, "crm": key.title()} for key in KEYS}
            schema["fields"]["stage_reason"] = mapped | {"clear": "both"}

        steps = Steps(relived(tmp_path / sort, change, person=person))
        steps.both.hubspot.add_property("contacts", {"name": "stage_reason"})
        steps.both.salesforce.add_field("Lead", text("Stage_Reason__c", "Reason", 80, custom=True))
        opened.append(steps)
        return steps

    yield make
    for each in opened:
        each.both.store.close()


KEYS = ("not_a_fit", "no_contact", "timing", "duplicate", "bad_contact", "price", "competitor", "no_decision")


@pytest.mark.parametrize(("sort", "words", "other"), [("enum", "Timing", "timing"), ("string", "Timing", "Timing")])
def test_a_move_waits_for_its_reason_and_takes_it_along(
    reasoned: Callable[[str], Steps], sort: str, words: str, other: str
) -> None:
    """Sales disqualifies somebody and says why a day later: until then the move waits, then both arrive at once."""
    steps = reasoned(sort)
    contact, lead = ann(steps)
    steps.sell(lead, Status=CLOSED)
    assert steps.counts() == {"conflicts": 1}
    assert steps.conflict().topic is Topic.WAITS
    assert "needs a reason of the list rejected" in steps.conflict().reason
    assert steps.marketed(contact, "hs_lead_status") == "NEW"
    steps.quiet()
    steps.sell(lead, Stage_Reason__c=words)
    assert steps.counts() == {"updated.marketing": 1}
    assert steps.marketed(contact, "hs_lead_status") == "UNQUALIFIED"
    assert steps.marketed(contact, "stage_reason") == other
    assert not steps.conflicts()
    steps.quiet()


def test_a_reason_of_another_list_is_none(reasoned: Callable[[str], Steps]) -> None:
    """A reason why a deal was lost says nothing about somebody who was turned down: the move goes on waiting."""
    steps = reasoned("enum")
    contact, lead = ann(steps)
    steps.sell(lead, Status=CLOSED, Stage_Reason__c="Price")
    steps.cycle()
    assert "was given a reason that is not of the list rejected" in steps.conflict().reason
    assert steps.conflict().topic is Topic.WAITS
    assert steps.marketed(contact, "hs_lead_status") == "NEW"
    steps.quiet()


# -- here again --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("answer", ["silent", "error"])
def test_somebody_comes_back_in_a_second_cycle(tmp_path: Path, answer: Literal["silent", "error"]) -> None:
    """Disqualified by sales, qualified anew by marketing: the second cycle begins, and the first keeps its times.

    In HubSpot the way back is a move backward, which its API takes only after a clear: seen in the property's history.
    """
    switches = HubSpotSwitches(stage_regression=answer)
    steps = Steps(open_both(config=agreed(tmp_path), switches=switches))
    contact, lead = ann(steps)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.cycle()
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()
    assert both_show(steps, contact, lead) == ("salesqualifiedlead", "UNQUALIFIED", CLOSED)
    steps.sell(lead, by=steps.seller("Marketing"), Status=NEW)
    steps.cycle()
    assert both_show(steps, contact, lead) == ("marketingqualifiedlead", "NEW", NEW)
    told = journey(steps)
    assert told.cycle == 2
    assert [(each.cycle, each.stage) for each in told.entered] == [
        (1, "mql"), (1, "sql"), (1, "disqualified"), (2, "mql"),
    ]  # fmt: skip
    assert sorted(each.at for each in told.entered) == [each.at for each in told.entered]
    history = steps.both.hubspot.portal.store("contacts").records[int(contact)].history["lifecyclestage"]
    values = [change.value for change in sorted(history, key=lambda change: change.at)]
    assert values[-3:] == ["salesqualifiedlead", "", "marketingqualifiedlead"]
    assert not steps.conflicts()
    steps.quiet()
    assert journey(steps) == told == explained(steps, contact).journey
    steps.both.store.close()
