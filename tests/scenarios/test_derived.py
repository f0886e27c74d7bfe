"""What syncd computes stands on both sides: with the record, after a change, over an edit; nothing is written twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.core.deriving import OVER, RULE
from syncd.engine.cycle import plan_only, sync
from syncd.engine.flips import FLIPS
from syncd.engine.world import make_ready
from syncd.model.link import QUARANTINED, FieldChange, Topic
from syncd.model.values import instant
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from tests.scenarios.derivings import BEEN, LEADER, derived_config, edit, fitted, reread
from tests.scenarios.lifecycles import CLOSED, MQL
from tests.scenarios.steps import HOUR, Steps, parked


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Fitted accounts that carry everything that can be derived."""
    made = fitted(derived_config(tmp_path))
    yield made
    made.both.store.close()


def shown(steps: Steps, contact: str, lead: str) -> tuple[object, ...]:
    """Persona, grade and points in HubSpot, then in Salesforce."""
    marketing = (steps.marketed(contact, f"syncd_{name}") for name in ("persona", "grade", "points"))
    crm = (steps.sold(lead, f"Syncd_{name}__c") for name in ("Persona", "Grade", "Points"))
    return (*marketing, *crm)


def last_change(steps: Steps, field: str) -> FieldChange:
    """The last write of a field of the one linked person, as the audit has it."""
    (link,) = steps.both.store.links("person")
    rows = steps.both.store.audit_of(link.id, 100)
    last = max((row for row in rows if any(each.field == field for each in row.changes)), key=lambda row: row.at)
    return next(each for each in last.changes if each.field == field)


def test_a_new_record_carries_what_follows_from_it(steps: Steps) -> None:
    """The Lead is made with it, the contact gets it in the same cycle, and then there is nothing to write."""
    contact, lead = steps.pair(**LEADER)
    assert shown(steps, contact, lead) == ("marketing_leader", "A", "65", "marketing_leader", "A", 65.0)
    assert steps.sold(lead, "Syncd_Grade_Reasons__c") == (
        "A, 65 points: Call today.\n"
        "+40 decides: Leads marketing, so can say yes.\n"
        "+15 company address: Writes from a company's address, not from a free one.\n"
        "+10 our market: Lives where we have people who sell."
    )
    assert (steps.sold(lead, "Syncd_Cycle__c"), steps.marketed(contact, "syncd_cycle")) == (1, "1")
    assert steps.sold(lead, "Syncd_MQL_Since__c") is not None
    steps.quiet()


def test_planning_later_is_the_same_plan(tmp_path: Path) -> None:
    """When a stage was entered is not known before the first link, where no ledger has the histories read: an approval
    of the plan does not go stale by it.
    """
    config = derived_config(tmp_path)
    edit(config / "lifecycle.yaml", lambda tree: tree.pop("handoff"))
    steps = fitted(config)
    steps.contact(**LEADER)
    first = prepare_plan(steps)
    steps.both.clock.advance(600.0)
    assert prepare_plan(steps) == first
    steps.cycle()
    (lead,) = steps.live("Lead")
    assert lead["Syncd_MQL_Since__c"] is not None
    steps.both.store.close()


def prepare_plan(steps: Steps) -> str:
    """The digest of what would be done now."""
    plan = plan_only(steps.both.world).plan
    assert plan is not None
    assert plan.kinds
    return plan.digest


def test_a_change_on_either_side_is_rated_in_the_same_cycle(steps: Steps) -> None:
    """The title changes in Salesforce: HubSpot gets it with what follows, and Salesforce what follows."""
    contact, lead = steps.pair(**LEADER)
    steps.sell(lead, Title="Buyer")
    assert steps.counts() == {"updated.marketing": 1, "updated.crm": 1}
    assert shown(steps, contact, lead) == (None, "C", "25", None, "C", 25.0)
    steps.quiet()
    steps.market(contact, jobtitle="Sales Operations")
    steps.cycle()
    assert shown(steps, contact, lead) == ("revenue_operations", "B", "50", "revenue_operations", "B", 50.0)
    steps.quiet()


def test_an_edit_is_written_over_at_once_and_told(steps: Steps) -> None:
    """Sales makes an A of a C, on the record alone: it is a C again, the audit says over what, and nobody is asked."""
    contact, lead = steps.pair(email="bo@acme-works.com", company="Acme")
    steps.sell(lead, Syncd_Grade__c="A")
    assert steps.counts() == {"updated.crm": 1}
    assert (steps.sold(lead, "Syncd_Grade__c"), steps.marketed(contact, "syncd_grade")) == ("C", "C")
    assert not steps.conflicts()
    change = last_change(steps, "grade")
    assert (change.before, change.after, change.rule, change.cause) == ("A", "C", f"{RULE}grade{OVER}", None)
    steps.quiet()
    steps.market(contact, syncd_grade="", syncd_points="99")
    assert steps.counts() == {"updated.marketing": 1}
    assert (steps.marketed(contact, "syncd_grade"), steps.marketed(contact, "syncd_points")) == ("C", "15")
    steps.quiet()


def test_an_edit_together_with_what_it_follows_from(steps: Steps) -> None:
    """The edit does not count, the title does: one write a side, with the grade that follows from the new title."""
    contact, lead = steps.pair(email="bo@acme-works.com", company="Acme")
    steps.market(contact, syncd_grade="D", jobtitle="CRM Admin")
    assert steps.counts() == {"updated.crm": 1, "updated.marketing": 1}
    assert (steps.sold(lead, "Syncd_Grade__c"), steps.marketed(contact, "syncd_grade")) == ("B", "B")
    assert steps.sold(lead, "Title") == "CRM Admin"
    steps.quiet()


def test_a_workflow_that_keeps_editing_ends_in_quarantine(steps: Steps) -> None:
    """Somebody's flow puts its own grade back each time: three flips, then the field waits, listed."""
    contact, lead = steps.pair(**LEADER)
    counts: Counter[str] = Counter()
    for _ in range(12):
        steps.sell(lead, Syncd_Grade__c="D")
        counts.update(steps.cycle(after=20 * 60.0).run.counts)
    assert counts == {"updated.crm": FLIPS, "quarantined.crm": 1}
    assert (parked(steps).code, parked(steps).field) == (QUARANTINED, "grade")
    steps.market(contact, jobtitle="Student")
    steps.cycle()
    assert steps.sold(lead, "Syncd_Persona__c") is None
    steps.quiet()


def test_who_goes_round_is_counted_on_the_record(steps: Steps) -> None:
    """Turned down and qualified again: cycle 2 on both sides, and the time of the last qualification."""
    contact, lead = steps.pair(**LEADER)
    first = steps.sold(lead, "Syncd_MQL_Since__c")
    steps.sell(lead, Status=CLOSED)
    steps.cycle()
    assert steps.sold(lead, "Syncd_MQL_Since__c") == first
    assert steps.sold(lead, "Syncd_Grade__c") == "C"  # 65 points, less 50 for being turned down
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    assert (steps.sold(lead, "Syncd_Cycle__c"), steps.marketed(contact, "syncd_cycle")) == (2, "2")
    assert str(steps.sold(lead, "Syncd_MQL_Since__c")) > str(first)
    steps.quiet()


def test_the_times_of_the_first_cycle_stay_through_the_second(tmp_path: Path) -> None:
    """Qualified, turned down, qualified again: both sides show where they stand, when they first came in, when they
    last did, how often, and every stage of both cycles.
    """
    steps = fitted(derived_config(tmp_path, *BEEN))
    contact, lead = steps.pair(**LEADER)
    first = _been(steps, contact, lead)
    since, first_line = first["MQL_Since"], first["Stage_History"]
    assert first == {
        "Stage": "mql", "MQL_First": since, "MQL_Since": since, "MQL_Times": 1, "Stage_History": first_line
    }  # fmt: skip
    assert str(first_line).startswith("Cycle 1 (UTC): Marketing qualified lead")
    steps.sell(lead, Status=CLOSED)
    steps.cycle()
    turned = _been(steps, contact, lead)
    assert turned["Stage"] == "disqualified"
    assert str(turned["Stage_History"]).startswith(f"{first_line}, Disqualified 20")
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    again = _been(steps, contact, lead)
    assert (again["Stage"], again["MQL_First"], again["MQL_Times"]) == ("mql", since, 2)
    assert str(again["MQL_Since"]) > str(since)
    latest, earlier = str(again["Stage_History"]).splitlines()
    assert latest.startswith("Cycle 2 (UTC): Marketing qualified lead")
    assert earlier == turned["Stage_History"]
    steps.quiet()
    steps.both.store.close()


def test_a_renamed_stage_is_renamed_in_the_history(tmp_path: Path) -> None:
    """By the next full compare, on both sides; the stage itself is kept by its key, and written to nobody."""
    config = derived_config(tmp_path, *BEEN)
    steps = fitted(config)
    contact, lead = steps.pair(**LEADER)
    before = _been(steps, contact, lead)
    edit(config / "lifecycle.yaml", lambda tree: tree["stages"]["mql"].update(name="Asked for"))
    steps = reread(steps, config)
    steps.both.clock.advance(HOUR)
    assert sync(steps.both.world, full=True).run.counts == {"updated.marketing": 1, "updated.crm": 1}
    after = _been(steps, contact, lead)
    assert str(after.pop("Stage_History")).startswith("Cycle 1 (UTC): Asked for 20")
    assert after == {name: value for name, value in before.items() if name != "Stage_History"}
    steps.quiet()
    steps.both.store.close()


def test_the_stage_outlives_the_status_of_the_lead(tmp_path: Path) -> None:
    """A Contact has no status. Its own field shows the stage from the conversion on, and every move after it."""
    steps = fitted(derived_config(tmp_path, *BEEN))
    contact, lead = steps.pair(**LEADER)
    new, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    steps.cycle()
    assert steps.sold(new, "Syncd_Stage__c", object_name="Contact") == "opportunity"
    steps.market(contact, by=steps.marketer("SDR"), lifecyclestage="customer")
    steps.cycle()
    assert steps.sold(new, "Syncd_Stage__c", object_name="Contact") == "customer"
    assert steps.marketed(contact, "syncd_stage") == "customer"
    assert steps.sold(new, "Syncd_MQL_First__c", object_name="Contact") is not None
    steps.quiet()
    steps.both.store.close()


def test_a_move_that_is_not_declared_shows_the_agreed_stage(tmp_path: Path) -> None:
    """It is listed and travels nowhere; the own field of both sides says what both teams agree on."""
    steps = fitted(derived_config(tmp_path, *BEEN))
    contact, lead = steps.pair(**LEADER)
    steps.market(contact, lifecyclestage="subscriber", hs_lead_status="")
    steps.cycle()
    assert steps.conflict().topic is Topic.MOVE
    assert (steps.marketed(contact, "syncd_stage"), steps.sold(lead, "Syncd_Stage__c")) == ("mql", "mql")
    steps.quiet()
    steps.both.store.close()


def _been(steps: Steps, contact: str, lead: str) -> dict[str, object]:
    """What both records say of where the person is and has been, which is the same; times in whole seconds."""
    found: dict[str, object] = {}
    for name in ("Stage", "MQL_First", "MQL_Since", "MQL_Times", "Stage_History"):
        marketing, crm = steps.marketed(contact, f"syncd_{name.lower()}"), steps.sold(lead, f"Syncd_{name}__c")
        if name == "MQL_Times":
            assert marketing is not None
            assert crm == float(marketing)
        elif name in {"MQL_First", "MQL_Since"}:
            assert marketing is not None
            assert instant(marketing) == instant(str(crm).replace("+0000", "Z"))
        else:
            assert crm == marketing
        found[name] = crm
    return found


def test_it_follows_a_conversion(steps: Steps) -> None:
    """The Contact gets what its object has; the cycle, which only a Lead has a field for, stays in HubSpot."""
    contact, lead = steps.pair(**LEADER)
    new, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    assert steps.sold(new, "Syncd_Grade__c", object_name="Contact") == "A"
    assert steps.marketed(contact, "syncd_cycle") == "1"
    steps.quiet()


def test_a_field_that_waits_for_a_person_moves_nothing(steps: Steps) -> None:
    """Both sides change the address, which is held: the grade stands as it was agreed, and follows the decision."""
    contact, lead = steps.pair(**LEADER)
    steps.market(contact, email="ann@gmail.com")
    steps.sell(lead, Email="ann@acme.example")
    assert steps.counts() == {"conflicts": 1}
    assert shown(steps, contact, lead)[2] == "65"
    steps.resolve("marketing")
    steps.cycle()
    assert shown(steps, contact, lead)[1:] == ("B", "50", "marketing_leader", "B", 50.0)
    steps.quiet()


def test_explain_names_where_a_value_comes_from(steps: Steps) -> None:
    """Before the write: what will be written and why; after it: that it stands as computed."""
    contact, lead = steps.pair(**LEADER)
    steps.sell(lead, Syncd_Grade__c="D")
    assert _next(steps, contact, "grade") == "written to crm: 'D' -> 'A' (derived: grade, over an edit)"
    steps.cycle()
    assert _next(steps, contact, "grade") == "nothing: it stands as computed from rating.yaml"
    assert _next(steps, contact, "cycle") == "nothing: it stands as computed from lifecycle.yaml"


def _next(steps: Steps, contact: str, field: str) -> str:
    make_ready(steps.both.world)
    (hit,) = find_hits(steps.both.world, f"marketing:contacts/{contact}")
    (story,) = explain(steps.both.world, hit, field=field).fields
    return story.next


def test_a_workflow_that_stores_another_sum_is_not_fought(steps: Steps) -> None:
    """Salesforce keeps other points than it was sent: parked, and neither taken over nor written until they change."""
    contact, lead = steps.pair(**LEADER)
    rounds = [lambda _before, after: {"Syncd_Points__c": float(after["Syncd_Points__c"] or 0) // 10 * 10}]
    steps.both.salesforce.org.workflows["Lead"] = rounds
    steps.market(contact, jobtitle="Buyer")
    steps.cycle()
    assert (parked(steps).field, parked(steps).code) == ("points", "REWRITTEN")
    assert (steps.sold(lead, "Syncd_Points__c"), steps.marketed(contact, "syncd_points")) == (20, "25")
    steps.quiet()
    steps.both.salesforce.org.workflows.clear()
    steps.market(contact, jobtitle="Sales Operations")
    steps.cycle()
    assert (steps.sold(lead, "Syncd_Points__c"), steps.both.store.parked()) == (50, [])
    steps.quiet()
