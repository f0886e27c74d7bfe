"""The optional pack ``config/optional/handoff``: one copy switches on reasons, first source, last touches, and
shows what syncd computes on the record itself.

Without a vendor's field each part stays off, says so, and holds nobody up.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.salesforce.definitions import moment, picklist, text
from syncd.engine.cycle import sync
from syncd.model.link import Topic
from syncd.model.values import Side, instant
from syncd.operations.fitting import needs_of
from syncd.operations.report import Period
from syncd.operations.report_credit import credit
from syncd.store.codec import to_ms
from tests.scenarios.derivings import set_up
from tests.scenarios.handoffs import episodes
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, both_show
from tests.scenarios.signals import listening
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import ROOT, open_both

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""

REASONS = ("Not a fit", "No contact", "Timing", "Duplicate", "Bad data", "Price", "Competitor", "No decision")
WORDS = ("Not a fit", "Could not be reached", "Not now", "Is in twice", "Address or number is wrong", "Price",
         "Bought elsewhere", "Did not decide")  # fmt: skip


def made(steps: Steps) -> None:
    """What an admin makes on both sides, as docs/report.md lists it; the first three HubSpot brings along."""
    properties = {
        "hs_analytics_source": ("string", "text"), "recent_conversion_event_name": ("string", "text"),
        "recent_conversion_date": ("datetime", "date"), "hs_latest_source": ("string", "text"),
        "last_sales_activity": ("date", "date"), "sales_next_step": ("string", "text"),
        "hs_analytics_first_url": ("string", "text"), "hs_analytics_first_timestamp": ("datetime", "date"),
    }  # fmt: skip
    hubspot, salesforce = steps.both.hubspot, steps.both.salesforce
    for name, (sort, shown) in properties.items():
        if name not in hubspot.portal.store("contacts").definitions:
            hubspot.add_property("contacts", {"name": name, "type": sort, "fieldType": shown})
    options = [{"value": word} for word in WORDS]
    hubspot.add_property(
        "contacts", {"name": "stage_reason", "type": "enumeration", "fieldType": "select", "options": options}
    )
    salesforce.add_field("Lead", picklist("Stage_Reason__c", "Reason", REASONS, restricted=True, custom=True))
    texts = ("Lead_Origin__c", "Last_Marketing_Touch__c", "Last_Marketing_Source__c", "Next_Step__c")
    for object_name in ("Lead", "Contact"):
        for name in texts:
            salesforce.add_field(object_name, text(name, name, 80, custom=True))
        salesforce.add_field(object_name, text("First_Page__c", "First page", 32_768, custom=True))
        for name in ("Last_Marketing_Touch_At__c", "First_Contact__c"):
            salesforce.add_field(object_name, moment(name, name, custom=True))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Steps]]:
    """A world over the example, with or without the pack copied over it; teams are those of the example."""
    worlds: list[Steps] = []

    def make(*, pack: bool = True) -> Steps:
        config = tmp_path / "config"
        shutil.copytree(ROOT / "config", config)
        if pack:
            shutil.copytree(config / "optional" / "handoff", config, dirs_exist_ok=True)
        worlds.append(Steps(open_both(config=config)))
        return worlds[-1]

    yield make
    for each in worlds:
        each.both.store.close()


def qualified(steps: Steps, name: str, company: str = "", **properties: str) -> tuple[str, str]:
    """A lead of marketing's that it makes an MQL, after the first cycle; of a company in HubSpot, if one is given."""
    contact = steps.contact(email=f"{name}@acme-works.com", company="Acme", lifecyclestage="lead", hs_lead_status="")
    if company:
        steps.both.hubspot.associate(contact_id=contact, company_id=company, primary=True)
    steps.cycle()
    steps.market(contact, **MQL, **properties)
    steps.cycle()
    lead = steps.marketed(contact, "syncd_crm_id")
    assert lead is not None
    return contact, lead


def rows(steps: Steps, by: str) -> list[str]:
    """The first column of the table that `syncd report credit --by` shows."""
    report = credit(steps.both.store, Period(), by=[by], now=LATER)
    (table,) = [table for section in report.sections if section.key == f"by:{by}" for table in section.tables]
    return [str(row[0]) for row in table.rows]


def test_with_the_pack_reasons_travel_and_credit_has_names(opened: Callable[..., Steps]) -> None:
    """Marketing's source and last touch stand on the Lead and in the ledger; a no waits for its reason and takes it
    along, and the episode knows it.
    """
    steps = opened()
    made(steps)
    steps.cycle()
    touched = {
        "hs_analytics_source": "PAID_SEARCH", "recent_conversion_event_name": "Webinar: forecasts",
        "hs_analytics_first_url": "https://acme.example/prices", "hs_analytics_first_timestamp": "2026-02-20T08:00:00Z",
    }  # fmt: skip
    contact, lead = qualified(steps, "ann", **touched)
    assert steps.sold(lead, "Lead_Origin__c") == "PAID_SEARCH"
    assert steps.sold(lead, "Last_Marketing_Touch__c") == "Webinar: forecasts"
    assert (rows(steps, "origin"), rows(steps, "last_touch")) == (["PAID_SEARCH"], ["Webinar: forecasts"])
    assert rows(steps, "asset") == ["https://acme.example/prices"]
    assert episodes(steps, "contacted_at") == [(to_ms(datetime(2026, 2, 20, 8, tzinfo=UTC)),)]
    steps.sell(lead, Status=CLOSED)
    steps.cycle()
    assert steps.conflict().topic is Topic.WAITS
    assert steps.marketed(contact, "hs_lead_status") == "NEW"
    steps.sell(lead, Stage_Reason__c="Bad data")
    steps.cycle()
    assert both_show(steps, contact, lead) == ("marketingqualifiedlead", "UNQUALIFIED", CLOSED)
    assert steps.marketed(contact, "stage_reason") == "Address or number is wrong"
    assert episodes(steps, "state", "reason") == [("rejected", "bad_contact")]
    assert not steps.conflicts()
    steps.quiet()


def test_with_the_pack_and_no_fields_nobody_is_held_up(opened: Callable[..., Steps]) -> None:
    """Copied before an admin has made anything: each part is told once with what will be missing, a no travels without
    a reason, the rest is in step. Once the fields are there, all of it is on.
    """
    heard = listening()
    steps = opened()
    steps.cycle()
    told = [str(line["reason"]) for line in heard("config.optional")]
    assert any("person.stage_reason is left out" in each and "no move waits for its reason" in each for each in told)
    assert any("person.origin is left out" in each and "(none) for every first source" in each for each in told)
    contact, lead = qualified(steps, "ann")
    steps.sell(lead, Status=CLOSED)
    steps.cycle()
    assert both_show(steps, contact, lead) == ("marketingqualifiedlead", "UNQUALIFIED", CLOSED)
    assert not steps.conflicts()
    steps.quiet()
    made(steps)
    steps.market(contact, **MQL, hs_analytics_source="REFERRALS")
    steps.both.clock.advance(HOUR)
    sync(steps.both.world, full=True)
    assert both_show(steps, contact, lead) == (*MQL.values(), NEW)
    assert steps.sold(lead, "Lead_Origin__c") == "REFERRALS"
    steps.sell(lead, Status=CLOSED)
    steps.cycle()
    assert "needs a reason of the list rejected" in steps.conflict().reason


COMPUTED = ("persona", "grade", "points", "grade_reasons", "stage", "stage_since", "stage_history", "cycle",
            "mql_first", "mql_since", "mql_times", "respond_by", "last_touch", "in_sales_hands")  # fmt: skip
"""The properties of HubSpot that hold what syncd computes, without `syncd_`."""


def told(steps: Steps, contact: str, lead: str) -> dict[str, object]:
    """What HubSpot shows of what syncd computes; Salesforce says the same of all but sales' hands, which it lacks."""
    found: dict[str, object] = {}
    crm = {str(name).lower(): value for row in steps.live("Lead") if row["Id"] == lead for name, value in row.items()}
    for name in COMPUTED:
        found[name] = steps.marketed(contact, f"syncd_{name}")
        if name != "in_sales_hands":
            assert alike(crm[f"syncd_{name}__c"], found[name]), name
    return found


def alike(crm: object, marketing: object) -> bool:
    """Whether both vendors' forms say the same: numbers are texts in HubSpot, and zones are written in two ways."""
    if isinstance(crm, float | int):
        return marketing is not None and crm == float(str(marketing))
    if isinstance(crm, str) and crm.endswith("+0000"):
        return instant(str(marketing)) == instant(crm.replace("+0000", "Z"))
    return crm == marketing


def test_with_the_pack_and_its_fields_the_record_itself_tells(opened: Callable[..., Steps]) -> None:
    """After `setup`, with no line edited: stage, cycle, grade with its reasons, respond-by and last touch stand on both
    sides, through a no and the next cycle, in which the times of the first one are still there.
    """
    steps = opened()
    made(steps)
    set_up(steps.both)
    steps.cycle()
    contact, lead = qualified(steps, "ann", jobtitle="Head of Marketing")
    shown = told(steps, contact, lead)
    assert (shown["stage"], shown["cycle"], shown["mql_times"]) == ("mql", "1", "1")
    assert (shown["persona"], shown["in_sales_hands"]) == ("marketing_leader", "true")
    assert str(shown["grade_reasons"]).startswith(f"{shown['grade']}, {shown['points']} points")
    assert shown["respond_by"] is not None
    assert (shown["last_touch"], shown["mql_first"]) == (None, shown["mql_since"])
    steps.quiet()
    steps.sell(lead, Status=CLOSED, Stage_Reason__c="Timing")
    steps.cycle()
    after = told(steps, contact, lead)
    assert (after["stage"], after["respond_by"], after["in_sales_hands"]) == ("disqualified", None, "false")
    assert after["last_touch"] is not None
    assert after["stage_since"] != shown["stage_since"]
    steps.market(contact, **MQL, stage_reason="")
    steps.cycle()
    again = told(steps, contact, lead)
    assert (again["stage"], again["cycle"], again["mql_times"]) == ("mql", "2", "2")
    assert again["mql_first"] == shown["mql_first"] != again["mql_since"]
    assert [line[:7] for line in str(again["stage_history"]).splitlines()] == ["Cycle 2", "Cycle 1"]
    assert str(again["stage_history"]).endswith(str(after["stage_history"]))
    assert again["respond_by"] is not None
    steps.quiet()


def test_with_the_pack_and_none_of_its_fields_setup_makes_them(opened: Callable[..., Steps]) -> None:
    """Each that is missing is told with who makes it, and people flow without it. `setup` makes it on both sides, and
    one full compare fills it.
    """
    heard = listening()
    steps = opened()
    steps.cycle()
    missing = [str(line["reason"]) for line in heard("config.optional") if "syncd_" in str(line["reason"])]
    for name in COMPUTED:
        (reason,) = [each for each in missing if f"contacts.syncd_{name} " in each or f"contacts.syncd_{name}," in each]
        assert "is left out" in reason
        assert "`syncd setup` makes it" in reason
    contact, lead = qualified(steps, "ann")
    assert steps.sold(lead, "Status") == NEW
    steps.quiet()
    offered = set_up(steps.both)
    for name in COMPUTED:
        assert f"property contacts.syncd_{name}" in offered
    steps.both.clock.advance(HOUR)
    sync(steps.both.world, full=True)
    shown = told(steps, contact, lead)
    assert [name for name in COMPUTED if shown[name] is None] == ["persona", "last_touch"]
    steps.quiet()


def test_with_the_fields_of_one_side_alone_that_side_tells(opened: Callable[..., Steps]) -> None:
    """Only Salesforce was set up: its records show what syncd computes, HubSpot goes without it and gets it later."""
    steps = opened()
    both = steps.both
    fitting = both.world.connectors.crm.fitting()
    for step in fitting.survey(needs_of(both.world.connection.kinds, Side.CRM), user=None).steps:
        fitting.make(step)
    steps.cycle()
    contact, lead = qualified(steps, "ann")
    assert (steps.sold(lead, "Syncd_Stage__c"), steps.sold(lead, "Syncd_Cycle__c")) == ("mql", 1)
    assert steps.sold(lead, "Syncd_Respond_By__c") is not None
    steps.quiet()
    set_up(both)
    both.clock.advance(HOUR)
    sync(both.world, full=True)
    assert told(steps, contact, lead)["stage"] == "mql"
    steps.quiet()


@pytest.mark.parametrize("pack", [False, True])
def test_a_second_person_of_a_company_joins_the_open_handoff(opened: Callable[..., Steps], *, pack: bool) -> None:
    """Of the plain example, too: while Ann's handoff is open, Ben of the same company joins it; Cyn of another company
    begins her own, and so does Dan, who comes when that of both is over.
    """
    steps = opened(pack=pack)
    acme, bolt = (
        steps.both.hubspot.create("companies", {"name": name, "domain": f"{name}-works.com"})
        for name in ("acme", "bolt")
    )
    for name in ("acme", "bolt"):
        steps.both.salesforce.insert("Account", {"Name": name, "Website": f"{name}-works.com"})
    steps.cycle()
    together = [qualified(steps, name, acme)[1] for name in ("ann", "ben")]
    qualified(steps, "cyn", bolt)
    assert sorted(episodes(steps, "people")) == [(1,), (2,)]
    for lead in together:
        steps.sell(lead, Status=CLOSED)
    steps.cycle()
    qualified(steps, "dan", acme)
    assert sorted(episodes(steps, "people", "state")) == [(1, "delivered"), (1, "delivered"), (2, "rejected")]
    steps.quiet()
