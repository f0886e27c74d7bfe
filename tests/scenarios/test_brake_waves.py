"""What the brake lets flow: opt-outs, all that is within its limits, waves that are expected; and how stages wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.engine.forgetting import wish
from syncd.model.brake import Limits, Wave
from syncd.model.errors import BadUsage
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from syncd.operations.braking import Stands, Words, expect, reject, used_of
from syncd.operations.standing import what_waits
from syncd.settings.brake import raised
from tests.scenarios.brakes import DAY, PEOPLE, approved, calls, held, linked, only, titles
from tests.scenarios.derivings import BEEN, derived_config, set_up
from tests.scenarios.lifecycles import CLOSED
from tests.scenarios.signals import listening
from tests.scenarios.steps import Fields, Steps, configured
from tests.worlds import open_both


@pytest.fixture
def steps() -> Iterator[Steps]:
    """A world with the brake's own limits."""
    both = open_both(brake={})
    yield Steps(both)
    both.store.close()


@pytest.fixture
def pairs(steps: Steps) -> list[tuple[str, str]]:
    """People in step: ids of contact and lead. The first link was approved, whatever the limits are."""
    return linked(steps)


def test_opt_outs_flow_during_a_hold(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Three hundred people opt out, and their held titles stay where they are."""
    for contact, lead in pairs:
        steps.market(contact, jobtitle="Same")
        steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    steps.cycle()
    assert titles(steps) == 50
    assert len(steps.both.hubspot.export()["contacts"]) == PEOPLE
    assert unsubscribed(steps) == PEOPLE
    (part,) = held(steps)
    assert part.lot.key[3] == "title"


def unsubscribed(steps: Steps) -> int:
    """Contacts that HubSpot says are out of every mailing."""
    rows = steps.both.hubspot.export()["contacts"]
    return sum(1 for row in rows if row["properties"].get("hs_email_optout") == "true")


def test_everything_else_flows(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Other fields of the very same records, other values, other kinds of change."""
    for number, (contact, _) in enumerate(pairs[:150]):
        steps.market(contact, jobtitle="Same", city=f"City {number}")
    new = steps.contact(email="new@example.com", company="Acme")
    steps.cycle()
    leads = steps.live("Lead")
    assert titles(steps) == 50
    assert sum(1 for lead in leads if lead["City"]) == 150
    assert steps.marketed(new, "syncd_crm_id")


@pytest.fixture
def waiting() -> Iterator[tuple[Steps, str]]:
    """A world in which a contact was held before a Lead was made of it."""
    both = open_both(brake={**raised(1_000), "creates": {"records": 1, "share": 0.0}})
    steps = Steps(both)
    linked(steps, 1)
    for number in range(2):
        steps.contact(email=f"new{number}@example.com", company="Acme")
    assert steps.counts()["held"] == 1
    ((change,),) = (part.lot.changes for part in held(steps))
    yield steps, change.record.rpartition("/")[2]
    both.store.close()


def test_a_record_that_is_held_and_linked_meanwhile_is_held_no_more(waiting: tuple[Steps, str]) -> None:
    """Sales makes the Lead by hand: the two are linked, and nothing is left to be made or approved."""
    steps, contact = waiting
    lead = steps.lead(Email=steps.marketed(contact, "email"))
    steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") == lead
    assert held(steps) == []
    steps.quiet()


def test_a_record_that_is_held_and_forgotten_is_held_no_more(waiting: tuple[Steps, str]) -> None:
    """Nothing is made of somebody who wants to be forgotten, and nobody is asked about them."""
    steps, contact = waiting
    asked = wish(steps.both.world, "person", [(Side.MARKETING, RemoteRef("contacts", contact))], asked=None, salt="")
    steps.both.store.approve(asked)
    steps.cycle()
    assert held(steps) == []
    steps.quiet()


@pytest.mark.slow
def test_a_webinar_is_expected(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Two hundred new people flow beside the hundred that may come anyway; the next ones are held, then approved."""
    store, clock = steps.both.store, steps.both.clock
    until = (clock.now() + timedelta(days=1)).isoformat()
    words = Words({Wave.CREATES: 200}, kind="person", until=until, reason="webinar")
    wave = expect(store, words, connection="main", fields={"person": ["title"]}, who="ann", now=clock.now())
    for number in range(350):
        steps.contact(email=f"new{number}@example.com", company="Acme")
    counts = steps.cycle().run.counts
    assert (counts["created.crm"], counts["held"]) == (300, 50)
    assert used_of(store, [wave]) == {wave.id: 200}
    part = only(steps)
    assert {each.record.partition("/")[0] for each in part.lot.changes} == {"marketing:contacts"}
    approved(steps, part)
    assert steps.counts()["created.crm"] == 50
    assert held(steps) == []
    assert len(steps.live("Lead")) == PEOPLE + 350
    steps.quiet()


def test_bad_words_of_an_expectation(steps: Steps) -> None:
    """Each says what is wrong and what to write."""
    store, now = steps.both.store, steps.both.clock.now()
    soon = (now + timedelta(hours=1)).isoformat()
    good = Words({Wave.UPDATES: 5}, field="title", until=soon, reason="why")
    for words, what in (
        (replace(good, numbers={Wave.UPDATES: -1}), "1 to"),
        (replace(good, numbers={}), "say one of"),
        (replace(good, numbers={Wave.UPDATES: 1, Wave.CLEARS: 1}), "say one of"),
        (replace(good, field="titel"), "no such field"),
        (replace(good, kind="persn"), "no such kind"),
        (replace(good, until=(now - timedelta(hours=1)).isoformat()), "in the past"),
        (replace(good, until=(now + timedelta(days=8)).isoformat()), "more than a week"),
        (replace(good, until="tomorrow"), "ISO 8601"),
        (replace(good, reason=" "), "say why"),
    ):
        with pytest.raises(BadUsage, match=what) as refused:
            expect(store, words, connection="main", fields={"person": ["title"]}, who="ann", now=now)
        assert refused.value.exit_code == 2


@pytest.mark.slow
def test_stages_wait_in_line_the_latest_first(steps: Steps) -> None:
    """The excess of a wave goes on by itself as the window moves; who entered the stage last goes first."""
    store, pairs = steps.both.store, linked(steps)
    for number, (contact, _) in enumerate(pairs):
        steps.market(contact, lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
        if number == PEOPLE - 31:
            steps.both.clock.advance(60)
    steps.cycle()
    worked = {lead["Id"] for lead in steps.live("Lead") if lead["Status"] == "Working - Contacted"}
    assert 30 < len(worked) < PEOPLE
    assert {lead for _, lead in pairs[-30:]} <= worked
    assert {part.stands for part in held(steps)} == {Stands.IN_LINE}
    assert not what_waits(store, steps.both.clock.now()).braked
    for _ in range(12):
        steps.cycle(after=DAY)
    assert all(lead["Status"] == "Working - Contacted" for lead in steps.live("Lead"))
    assert held(steps) == []
    steps.quiet()


def test_what_goes_along_with_an_address_waits_with_it() -> None:
    """People who are out get other addresses, more than a day may: their opt-outs are not written without those."""
    both = open_both(brake={**raised(1_000), "updates": {"records": 3, "share": 0.0}})
    steps = Steps(both)
    pairs = linked(steps, 8)
    for _, lead in pairs:
        steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    for number, (_, lead) in enumerate(pairs):
        steps.sell(lead, Email=f"q{number}@example.com")
    assert steps.counts()["updated.marketing"] == 3
    (part,) = held(steps)
    reject(both.store, part.digest, who="ann", reason="a script", now=both.clock.now())
    both.clock.advance(DAY)
    steps.quiet()
    approved(steps, *held(steps))
    assert steps.counts()["updated.marketing"] == 5
    assert {steps.marketed(contact, "hs_email_optout") for contact, _ in pairs} == {"true"}
    assert {steps.marketed(contact, "email") for contact, _ in pairs} == {f"q{n}@example.com" for n in range(8)}
    steps.quiet()
    both.store.close()


def test_the_own_fields_of_a_stage_wait_in_line_with_it(tmp_path: Path) -> None:
    """Three stages a day may be written: only these people's records show another stage, on both sides, and nobody is
    asked about the others.
    """
    few = {"records": 3, "share": 0.0}
    both = open_both(config=derived_config(tmp_path, *BEEN), brake={**raised(1_000), "stages": few, "updates": few})
    set_up(both)
    steps = Steps(both)
    pairs = linked(steps, 8)
    for _, lead in pairs:
        steps.sell(lead, Status=CLOSED)
    steps.cycle()
    moved = [lead for contact, lead in pairs if steps.marketed(contact, "hs_lead_status") == "UNQUALIFIED"]
    assert len(moved) == 3
    assert {part.lot.key[3] for part in held(steps)} == {"stage"}
    assert {part.stands for part in held(steps)} == {Stands.IN_LINE}
    for contact, lead in pairs:
        shown = "disqualified" if lead in moved else "mql"
        assert (steps.marketed(contact, "syncd_stage"), steps.sold(lead, "Syncd_Stage__c")) == (shown, shown)
        assert ("Disqualified" in str(steps.sold(lead, "Syncd_Stage_History__c"))) == (lead in moved)
    for _ in range(3):
        steps.cycle(after=DAY)
    assert {steps.sold(lead, "Syncd_Stage__c") for _, lead in pairs} == {"disqualified"}
    assert held(steps) == []
    steps.quiet()
    both.store.close()


def test_stages_set_back(steps: Steps) -> None:
    """Three hundred people sent back to where they came from are an accident, whatever stages are used to."""
    pairs = linked(steps, lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
    for _, lead in pairs:
        steps.sell(lead, Status="Open - Not Contacted")
    steps.cycle()
    back = [row for row in steps.both.hubspot.export()["contacts"] if row["properties"]["hs_lead_status"] == "NEW"]
    assert len(back) <= 50
    assert sum(len(part.lot.changes) for part in held(steps)) == PEOPLE - len(back)


def test_links_that_end(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Ten records that left are believed at once; more are held until a person looked, and can come back unharmed."""
    for _, lead in pairs[:30]:
        steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    live = steps.both.store.count_links("person")
    assert live == PEOPLE - 10
    part = only(steps)
    assert (part.lot.key[1], len(part.lot.changes)) == ("unlinks", 20)
    steps.cycle()
    assert steps.both.store.count_links("person") == PEOPLE - 10
    approved(steps, part)
    steps.cycle()
    assert steps.both.store.count_links("person") == PEOPLE - 30
    assert held(steps) == []


def test_a_held_field_that_the_other_side_edits_is_a_question(tmp_path: Path) -> None:
    """Its Base has not moved: nobody's value is written over the other's. A record that left is held no more."""

    def asked(fields: Fields) -> None:
        fields["title"]["policy"] = "hold"

    made = configured(tmp_path, asked)
    made.world.connection = replace(made.world.connection, brake=Limits())
    steps = Steps(made)
    pairs = linked(steps, 80)
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    assert len(only(steps).lot.changes) == 30
    waiting = [(contact, lead) for contact, lead in pairs if not steps.sold(lead, "Title")]
    steps.sell(waiting[0][1], Title="Sales says")
    steps.both.salesforce.delete("Lead", waiting[1][1])
    steps.cycle()
    assert len(only(steps).lot.changes) == 28
    conflict = steps.conflict()
    assert (conflict.field, conflict.values.crm, conflict.values.marketing) == ("title", "Sales says", "Same")
    assert steps.marketed(waiting[0][0], "jobtitle") == "Same"


def test_a_field_of_both_sides_is_written_once_both_are_approved() -> None:
    """Both add a value to a set, in too many records: whoever approves one side need not do it again after the other's.
    Until then nobody reads these records for it, and nothing is told to go on.
    """
    both = open_both(brake={**raised(1_000), "updates": {"records": 1, "share": 0.0}})
    steps = Steps(both)
    pairs = linked(steps, 4)
    for contact, lead in pairs:
        steps.market(contact, product_interests="crm")
        steps.sell(lead, Product_Interests__c="Automation")
    assert steps.counts() == {"updated.crm": 1, "updated.marketing": 1, "held": 6}
    crm, marketing = sorted(held(steps), key=lambda part: part.lot.key[2])
    before = calls(steps)
    steps.counts()
    idle = calls(steps) - before
    approved(steps, crm)
    lines = listening()
    before = calls(steps)
    assert steps.counts() == {}
    assert calls(steps) - before <= idle
    assert {part.lot.key[2]: part.stands for part in held(steps)} == {
        "crm": Stands.APPROVED,
        "marketing": Stands.WAITS,
    }
    steps.market(pairs[-1][0], city="Bonn")
    assert steps.counts() == {"updated.crm": 1}, "who is looked at for something else waits like the others"
    assert lines("brake.released") == []
    approved(steps, marketing)
    assert steps.counts() == {"updated.crm": 3, "updated.marketing": 3}
    assert held(steps) == []
    assert {steps.marketed(contact, "product_interests") for contact, _ in pairs} == {"crm;marketing"}
    steps.quiet()
    both.store.close()
