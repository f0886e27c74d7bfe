"""A vendor that carries a write out long after nobody waits for it any more: held, seen, and never sent beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.faults.arming import arm
from sandbox.faults.calls import salesforce_write
from syncd.model.link import Topic
from tests.scenarios.lingering import LATE, patient
from tests.scenarios.steps import Schema, Steps, remapped


def _leads_written(steps: Steps) -> int:
    return sum(
        1
        for call in steps.both.salesforce.calls
        if call.created and any(each.startswith("00Q") for each in call.created)
    )


def test_a_create_that_comes_late_is_waited_for(steps: Steps) -> None:
    """One Lead, made by the late request alone: until it was seen, or the horizon is over, nothing is sent again."""
    steps.pair()
    patient(steps)
    before, written = _leads_written(steps), steps.written()
    contact = steps.contact(email="late@example.com", company="Late")
    arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    assert len(steps.both.store.open_intents()) == 1
    steps.cycle(after=30)
    assert (_leads_written(steps), len(steps.both.store.open_intents())) == (before, 1)
    steps.cycle(after=60)
    assert (_leads_written(steps), len(steps.both.store.open_intents())) == (before + 1, 0)
    steps.cycle(after=30)
    assert steps.marketed(contact, "syncd_crm_id") is not None
    assert steps.written() - written == 2  # the late create, and its key on the contact
    steps.quiet()


@pytest.mark.parametrize("comes", [True, False])
def test_nobody_is_joined_whose_counterpart_may_still_be_made(steps: Steps, *, comes: bool) -> None:
    """Sales enters a Lead while it is unknown whether ours was made: with our key on it, ours would overwrite it."""
    patient(steps)
    contact = steps.contact(email="late@example.com", lastname="Late", company="Late")
    if comes:
        arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    else:
        arm(steps.both.salesforce, "lost-request", nth=1)
        steps.both.salesforce.faults.armed[-1].matches = salesforce_write
    steps.cycle(after=30)
    assert len(steps.both.store.open_intents()) == 1
    lead = steps.lead(Email="late@example.com", LastName="By hand", Company="Late")
    steps.cycle(after=30)
    assert steps.sold(lead, "Syncd_Marketing_Id__c") is None
    for _ in range(2):
        steps.cycle(after=600)
    assert not steps.both.store.open_intents()
    assert steps.sold(lead, "LastName") == "By hand"
    joined = str(steps.marketed(contact, "syncd_crm_id"))
    assert (joined != lead) is comes
    assert steps.marketed(contact, "lastname") == steps.sold(joined, "LastName")
    steps.quiet()


def test_a_change_that_comes_late_does_not_take_back_a_newer_one(steps: Steps) -> None:
    """While nobody knows whether an update happened, its record is left alone; then what stands there is decided on."""
    contact, lead = steps.pair()
    patient(steps)
    steps.market(contact, city="first")
    arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    steps.cycle(after=30)
    assert len(steps.both.store.open_intents()) == 1
    steps.market(contact, city="second")
    steps.cycle(after=30)
    assert steps.sold(lead, "City") is None  # not sent beside the one that is under way
    steps.cycle(after=60)
    steps.cycle(after=30)
    assert steps.sold(lead, "City") == "second"
    steps.quiet()


def test_a_change_that_never_comes_overwrites_nothing(steps: Steps) -> None:
    """Then what somebody wrote meanwhile still stands, and is decided on like any edit: no conflict is left over."""
    contact, lead = steps.pair()
    patient(steps)
    steps.market(contact, city="ours")
    arm(steps.both.salesforce, "lost-request", nth=1)
    steps.both.salesforce.faults.armed[-1].matches = salesforce_write
    steps.cycle(after=30)
    assert len(steps.both.store.open_intents()) == 1
    steps.sell(lead, City="theirs")
    steps.cycle(after=30)
    steps.cycle(after=700)
    steps.cycle(after=30)
    assert not steps.both.store.open_intents()
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == ("theirs", "theirs")
    assert not steps.conflicts()


def test_a_record_that_was_made_unheard_and_converted_is_followed(steps: Steps) -> None:
    """Its answer was lost, and sales converted the Lead before anybody looked: linked to the Contact, made once."""
    contact = steps.contact(email="late@example.com", company="Late")
    steps.cycle()
    steps.cycle()
    contact = steps.contact(email="lost@example.com", company="Lost", lastname="Lost")
    arm(steps.both.salesforce, "ghost-write")
    steps.cycle(after=30)
    (intent,) = steps.both.store.open_intents()
    (lead,) = (str(row["Id"]) for row in steps.live("Lead") if row["LastName"] == "Lost")
    person, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    made = _leads_written(steps)
    for _ in range(4):
        steps.cycle(after=600)
    assert intent.origin.id == contact
    assert steps.marketed(contact, "syncd_crm_id") == person
    assert steps.sold(person, "Syncd_Marketing_Id__c", object_name="Contact") == contact
    assert _leads_written(steps) == made
    steps.quiet()


def test_what_was_made_unheard_and_given_to_somebody_else_is_told(steps: Steps) -> None:
    """Sales converted that Lead into a Contact who is another's counterpart: nobody is linked twice or made again."""
    other, taken = steps.pair(email="other@example.com", company="Other")
    person, account, _ = steps.both.salesforce.convert(taken, status="Closed - Converted")
    steps.cycle()
    steps.cycle()
    assert steps.marketed(other, "syncd_crm_id") == person
    contact = steps.contact(email="lost@example.com", company="Lost", lastname="Lost")
    arm(steps.both.salesforce, "ghost-write")
    steps.cycle(after=30)
    (lead,) = (str(row["Id"]) for row in steps.live("Lead") if row["LastName"] == "Lost")
    steps.both.salesforce.convert(lead, status="Closed - Converted", account_id=account, contact_id=person)
    made = _leads_written(steps)
    for _ in range(4):
        steps.cycle(after=600)
    assert _leads_written(steps) == made
    assert steps.marketed(other, "syncd_crm_id") == person
    (letter,) = steps.both.store.dead_letters()
    assert (letter.origin.id, person in letter.reason) == (contact, True)
    steps.quiet()


def _new_lead_in_doubt(steps: Steps, fault: str, **words: float) -> tuple[str, str, str]:
    """Somebody whom both sides know, by contact and Lead, and a new Lead of whom nobody knows whether HubSpot has them
    by now.
    """
    contact, known = steps.pair()
    patient(steps)
    new = steps.lead(LastName="New", Company="New", Email="new@example.com")
    _hit(steps, "contacts/batch/upsert", fault, **words)
    steps.cycle(after=30)
    assert [intent.origin.id for intent in steps.both.store.open_intents()] == [new]
    return contact, known, new


def _hit(steps: Steps, tail: str, fault: str, **words: float) -> None:
    """The next call of HubSpot whose path ends so meets a fault."""
    arm(steps.both.hubspot, fault, **words)
    steps.both.hubspot.faults.armed[-1].matches = lambda request: request.path.endswith(tail)


@pytest.fixture
def making(tmp_path: Path) -> Iterator[Steps]:
    """A world in which everybody of sales becomes a contact."""

    def everybody(schema: Schema) -> None:
        schema["create"]["marketing"] = [{"object": "contacts"}]

    both = remapped(tmp_path, everybody)
    yield Steps(both)
    both.store.close()


def test_a_create_that_never_came_for_what_somebody_else_became(making: Steps) -> None:
    """The key of the other one's counterpart names the origin by now: that is not the record which was to be made."""
    contact, known, new = _new_lead_in_doubt(making, "lost-request")
    making.both.salesforce.merge("Lead", new, [known])
    making.cycle(after=30)
    making.cycle(after=30)
    assert making.marketed(contact, "syncd_crm_id") == new
    for _ in range(3):
        making.cycle(after=600)
    assert not making.both.store.open_intents()
    assert [row["id"] for row in making.both.hubspot.export()["contacts"]] == [contact]
    making.market(contact, city="Ulm")
    making.cycle()
    assert making.sold(new, "City") == "Ulm"
    making.quiet()


def test_a_key_that_somebody_typed_proves_no_create(making: Steps) -> None:
    """A contact who is another's counterpart has the key of the one in doubt: a person is told, the link stays; and
    nobody is made by that key in a full compare, which would write over that contact.
    """
    contact, known, new = _new_lead_in_doubt(making, "lost-request")
    making.market(contact, syncd_crm_id=new)
    making.cycle(after=30)
    for _ in range(3):
        making.cycle(after=600)
    assert not making.both.store.open_intents()
    told = making.conflict()
    assert (told.topic, {ref.id for _, ref in told.refs}) == (Topic.MATCH, {contact, new})
    making.market(contact, city="Ulm")
    making.cycle()
    assert (making.sold(known, "City"), making.sold(new, "City")) == ("Ulm", None)
    making.quiet()
    assert making.marketed(contact, "lastname") == "Doe"


def test_a_create_that_came_late_for_what_somebody_else_became(making: Steps) -> None:
    """The other one's link went to the origin, and before its contact was told, the late one was made: a person is told
    of it, nobody is linked twice, and the first link goes on.
    """
    contact, known, new = _new_lead_in_doubt(making, "zombie-write", seconds=75)
    making.both.salesforce.merge("Lead", new, [known])
    _hit(making, "contacts/batch/update", "lost-request")
    making.cycle(after=30)
    for _ in range(4):
        making.cycle(after=600)
    assert not making.both.store.open_intents()
    (made,) = {str(row["id"]) for row in making.both.hubspot.export()["contacts"]} - {contact}
    making.market(contact, city="Ulm")
    making.cycle()
    assert making.sold(new, "City") == "Ulm"
    making.quiet()
    assert made in str(making.conflicts()) + str(making.both.store.dead_letters())


def test_an_edit_back_to_what_stood_before_is_seen(steps: Steps) -> None:
    """Sales gives a city and takes it back while the write of it is not answered: not forgotten, but asked about."""
    contact, lead = steps.pair()
    steps.sell(lead, City="Bonn")
    arm(steps.both.hubspot, "ghost-write")
    steps.cycle(after=30)
    assert len(steps.both.store.open_intents()) == 1
    steps.sell(lead, City=None)
    for _ in range(3):
        steps.cycle(after=600)
    assert (steps.marketed(contact, "city"), steps.sold(lead, "City")) == ("Bonn", None)
    conflict = steps.conflict()
    assert (conflict.topic, conflict.field) == (Topic.CLEAR, "city")
