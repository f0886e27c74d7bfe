"""An opt-out on either CRM record of somebody who is a Lead and a Contact at once is one of the person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.wishing import looked_at_next
from syncd.model.brake import LIMITED, Limit, Limits
from syncd.model.link import LinkState
from syncd.operations.deciding import Choice, resolution
from syncd.operations.parking import try_again
from tests.scenarios.brakes import only
from tests.scenarios.lingering import meanwhile, seeks_counterparts
from tests.scenarios.steps import Schema, Steps, remapped
from tests.scenarios.test_deal_crashes import Killed, Reaper, restarted
from tests.scenarios.test_two_records import ADDRESS, both_records, linked_to


def contacts_first(schema: Schema) -> None:
    """Contacts go before Leads."""
    schema["several"] = {"crm": [{"object": "Contact"}]}


def opened(folder: Path, *, direction: str = "both") -> Steps:
    """A world in which the Contact is the primary."""

    def change(schema: Schema) -> None:
        contacts_first(schema)
        schema["fields"]["opt_out"]["direction"] = direction

    return Steps(remapped(folder, change))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Steps]:
    """The Contact is the primary."""
    steps = opened(tmp_path)
    yield steps
    steps.both.store.close()


@pytest.fixture
def person(world: Steps) -> tuple[str, str, str]:
    """The HubSpot contact, the Lead and the Contact of one person, in step, opted in everywhere."""
    return in_step(world)


def in_step(world: Steps) -> tuple[str, str, str]:
    """The same in any world."""
    lead, made = both_records(world)
    contact = world.contact(email=ADDRESS)
    world.cycle()
    world.cycle()
    assert not out(world, contact, lead, made)
    return contact, lead, made


def out(world: Steps, contact: str, lead: str, made: str) -> set[str]:
    """Which of the three are opted out."""
    shown = {
        "contact": world.marketed(contact, "hs_email_optout") == "true",
        "lead": world.sold(lead, "HasOptedOutOfEmail") is True,
        "made": world.sold(made, "HasOptedOutOfEmail", object_name="Contact") is True,
    }
    return {name for name, is_out in shown.items() if is_out}


def test_who_has_lost_the_address_is_looked_at_before_it_is_decided(world: Steps, person: tuple[str, str, str]) -> None:
    """The contact was emptied of its address, which waits for a person. The opt-out of the Lead goes to the Contact,
    once, and the question is open all the while.
    """
    contact, lead, _ = person
    world.market(contact, email="")
    world.cycle()
    question = world.conflict()
    world.sell(lead, HasOptedOutOfEmail=True)
    world.cycle()
    world.cycle()
    assert world.conflict() == question
    assert out(world, *person) == {"lead", "made"}
    world.quiet()


def test_an_opt_out_of_the_other_record_is_one_of_the_person(world: Steps, person: tuple[str, str, str]) -> None:
    """Set on the Lead, it stands in HubSpot and on the Contact after one cycle; nothing else of the Lead is taken."""
    contact, lead, made = person
    world.sell(lead, HasOptedOutOfEmail=True, Title="Typed onto the Lead")
    world.cycle()
    assert out(world, *person) == {"contact", "lead", "made"}
    assert world.sold(made, "Title", object_name="Contact") == "By the Contact"
    assert world.marketed(contact, "jobtitle") == "By the Contact"
    assert world.conflicts() == []
    world.cycle()
    world.quiet()


def test_the_audit_says_where_it_came_from(world: Steps, person: tuple[str, str, str]) -> None:
    """Both writes name the record that was not written."""
    _, lead, _ = person
    world.sell(lead, HasOptedOutOfEmail=True)
    world.cycle()
    (link,) = world.both.store.links("person")
    written = [(row.side, each) for row in world.both.store.audit_of(link.id, 50) for each in row.changes]
    rules = [(side, each.rule) for side, each in written if each.field == "opt_out"]
    assert sorted(rules) == [
        ("crm", f"opted out on Lead/{lead}, the same person's other record"),
        ("marketing", f"opted out on Lead/{lead}, the same person's other record"),
    ]


def test_it_counts_from_the_first_link_on(world: Steps) -> None:
    """Whoever had opted out on the Lead before anybody was linked has opted out."""
    lead, made = both_records(world)
    world.sell(lead, HasOptedOutOfEmail=True)
    contact = world.contact(email=ADDRESS)
    world.cycle()
    assert out(world, contact, lead, made) == {"contact", "lead", "made"}
    world.cycle()
    world.quiet()


def test_a_lead_that_comes_later_counts(world: Steps) -> None:
    """Somebody enters a known person once more as a Lead, opted out."""
    contact = world.contact(email=ADDRESS)
    made = world.both.salesforce.insert("Contact", {"LastName": "Lee", "Email": ADDRESS})
    world.cycle()
    lead = world.lead(Email=ADDRESS, HasOptedOutOfEmail=True)
    world.cycle()
    assert out(world, contact, lead, made) == {"contact", "lead", "made"}
    assert len(world.contacts()) == 1
    world.cycle()
    world.quiet()


def test_an_open_question_or_a_word_keeps_nobody_from_opting_out(steps: Steps) -> None:
    """Without a rule: while people are asked about the left record, and after they said that it is apart."""
    lead, made = both_records(steps)
    contact = steps.contact(email=ADDRESS)
    steps.cycle()
    steps.resolve(resolution(steps.conflict(), Choice(link=(f"contacts/{contact}", f"Contact/{made}"))))
    steps.cycle()
    steps.cycle()
    assert "linked already" in steps.conflict().reason
    steps.resolve(resolution(steps.conflict(), Choice(apart=True)))
    steps.cycle()
    assert not out(steps, contact, lead, made)
    steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    assert out(steps, contact, lead, made) == {"contact", "lead", "made"}
    assert linked_to(steps, contact) is not None
    steps.cycle()
    steps.quiet()


def test_nothing_is_written_to_the_other_record_and_nothing_cleared(world: Steps, person: tuple[str, str, str]) -> None:
    """An opt-out from HubSpot reaches the primary alone; one that is taken back on the Lead takes back none."""
    _, lead, _ = person
    world.both.hubspot.unsubscribe(ADDRESS)
    world.cycle()
    assert out(world, *person) == {"contact", "made"}
    world.sell(lead, HasOptedOutOfEmail=True)
    world.cycle()
    world.sell(lead, HasOptedOutOfEmail=False)
    world.cycle()
    assert out(world, *person) == {"contact", "made"}
    assert world.conflicts() == []
    world.quiet()


def test_somebody_else_with_another_address_is_not_concerned(world: Steps, person: tuple[str, str, str]) -> None:
    """An unlinked Lead of the same name and another address says nothing of this person."""
    world.lead(Email="ann.lee@example.com", LastName="Lee", HasOptedOutOfEmail=True)
    world.cycle()
    assert not out(world, *person)


@pytest.mark.parametrize("died_after", [1, 2])
def test_a_crash_forgets_no_opt_out(world: Steps, person: tuple[str, str, str], died_after: int) -> None:
    """The process dies after the first or the second of both writes: the next ones make it good."""
    _, lead, _ = person
    world.sell(lead, HasOptedOutOfEmail=True)
    Reaper(world.both).left = died_after
    with pytest.raises(Killed):
        world.cycle()
    for _ in range(4):
        restarted(world.both)
        world.cycle(after=200)
    assert out(world, *person) == {"contact", "lead", "made"}
    world.quiet()


def test_a_write_that_is_put_off_is_made_good(world: Steps, person: tuple[str, str, str]) -> None:
    """The Contact cannot be saved for now (an admin's rule): HubSpot knows it at once, the Contact once it can be."""
    _, lead, _ = person
    rules = world.both.salesforce.org.validation_rules
    rules["Contact"] = [lambda _old, row: "not now" if row.get("HasOptedOutOfEmail") else None]
    world.sell(lead, HasOptedOutOfEmail=True)
    world.cycle()
    world.cycle()
    assert out(world, *person) == {"contact", "lead"}
    assert [row.field for row in world.both.store.parked()] == ["opt_out"]
    del rules["Contact"]
    rows = world.both.store.parked()
    try_again(world.both.store, rows, connection="main", who="ann", now=world.both.clock.now())
    world.cycle()
    world.cycle()
    assert out(world, *person) == {"contact", "lead", "made"}
    world.cycle()
    world.quiet()


def test_the_only_write_is_put_off(tmp_path: Path) -> None:
    """Nobody but the Lead knows of it until the Contact can be saved: the Lead is read again with the Contact."""
    world = opened(tmp_path, direction="to_crm")
    person = in_step(world)
    rules = world.both.salesforce.org.validation_rules
    rules["Contact"] = [lambda _old, row: "not now" if row.get("HasOptedOutOfEmail") else None]
    world.sell(person[1], HasOptedOutOfEmail=True)
    world.cycle()
    world.cycle()
    world.cycle()
    assert out(world, *person) == {"lead"}
    assert not any(map(looked_at_next, world.both.store.requests())), "until somebody asks it is not sent again"
    del rules["Contact"]
    try_again(world.both.store, world.both.store.parked(), connection="main", who="ann", now=world.both.clock.now())
    world.cycle()
    assert out(world, *person) == {"lead", "made"}
    world.both.store.close()


def test_nothing_waits_beside_somebody_who_left(tmp_path: Path) -> None:
    """The Contact cannot be saved, and the person leaves HubSpot: the Lead waits for nobody. Back, they are out."""
    world = opened(tmp_path, direction="to_crm")
    person = in_step(world)
    rules = world.both.salesforce.org.validation_rules
    rules["Contact"] = [lambda _old, row: "not now" if row.get("HasOptedOutOfEmail") else None]
    world.sell(person[1], HasOptedOutOfEmail=True)
    world.cycle()
    world.cycle()
    assert len(world.both.store.requests()) == 1
    world.both.hubspot.archive("contacts", person[0])
    world.cycle()
    world.cycle()
    assert world.both.store.requests() == []
    del rules["Contact"]
    world.both.hubspot.restore("contacts", person[0])
    world.cycle()
    world.cycle()
    assert out(world, *person) == {"lead", "made"}
    world.both.store.close()


def test_nothing_is_written_to_somebody_who_has_just_left(world: Steps, person: tuple[str, str, str]) -> None:
    """The contact is in the bin as the streams are read, and out of it before its Lead's opt-out would be carried: the
    link ends in this cycle and is decided on once, and the opt-out is heard as soon as the contact is back.
    """
    contact, lead, _ = person
    world.both.hubspot.archive("contacts", contact)
    world.sell(lead, HasOptedOutOfEmail=True)
    meanwhile(world.both.salesforce, seeks_counterparts, lambda: world.both.hubspot.restore("contacts", contact))
    assert not world.counts()
    (link,) = world.both.store.links("person")
    assert link.state is LinkState.TOMBSTONE
    world.cycle()
    world.cycle()
    assert out(world, *person) == {"contact", "lead", "made"}
    world.cycle()
    world.quiet()


def test_it_is_heard_of_somebody_who_comes_out_of_the_bin_meanwhile(world: Steps, person: tuple[str, str, str]) -> None:
    """The Lead opts out between the two cycles in which the contact is taken out of the bin: it waits for the next one,
    in which there is somebody again to whom it can be carried.
    """
    contact, lead, _ = person
    world.both.hubspot.archive("contacts", contact)
    world.cycle()
    world.both.hubspot.restore("contacts", contact)
    world.sell(lead, HasOptedOutOfEmail=True)
    world.cycle()
    world.cycle()
    assert out(world, *person) == {"contact", "lead", "made"}
    world.cycle()
    world.quiet()


def test_who_has_no_address_in_hubspot_is_opted_out_as_soon_as_there_is_one(
    world: Steps, person: tuple[str, str, str]
) -> None:
    """HubSpot knows opt-outs by the address. Until the contact has one again nobody looks at the Lead for it."""
    contact, lead, _ = person
    world.market(contact, email="")
    world.cycle()
    world.sell(lead, HasOptedOutOfEmail=True)
    for _ in range(4):
        world.cycle()
    assert out(world, *person) == {"lead", "made"}
    assert not any(map(looked_at_next, world.both.store.requests()))
    world.market(contact, email=ADDRESS)
    world.cycle()
    world.cycle()
    assert out(world, *person) == {"contact", "lead", "made"}
    world.cycle()
    world.quiet()


def test_no_brake_holds_it(world: Steps, person: tuple[str, str, str]) -> None:
    """Where not one change may flow without a person's word, this one does."""
    contact, lead, made = person
    nothing = dict.fromkeys(LIMITED, Limit(records=0, share=0.0))
    tight = Limits(hour=nothing, day=nothing)
    world.both.world.connection = replace(world.both.world.connection, brake=tight)
    world.market(contact, jobtitle="Not without a word")
    world.sell(lead, HasOptedOutOfEmail=True)
    world.cycle()
    assert out(world, *person) == {"contact", "lead", "made"}
    assert world.sold(made, "Title", object_name="Contact") == "By the Contact"
    assert only(world).lot.key[3] == "title"


@pytest.mark.parametrize(("direction", "known"), [("to_marketing", {"contact", "lead"}), ("to_crm", {"lead", "made"})])
def test_a_field_that_goes_one_way_is_written_that_way(tmp_path: Path, direction: str, known: set[str]) -> None:
    """Whoever lets opt-outs flow to one side alone has them written there, and nowhere else; it comes to rest."""
    world = opened(tmp_path, direction=direction)
    person = in_step(world)
    world.sell(person[1], HasOptedOutOfEmail=True)
    world.cycle()
    assert out(world, *person) == known
    world.cycle()
    world.quiet()
    world.both.store.close()
