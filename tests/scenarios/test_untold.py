"""A read that leaves a field out: what it would have told is unknown, and an edit that it hides is not lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.faults.arming import arm
from tests.scenarios.lingering import patient
from tests.scenarios.steps import Steps, configured


@pytest.mark.parametrize("times", [1, 3])
def test_an_edit_in_a_field_that_was_left_out_is_not_written_over(steps: Steps, times: int) -> None:
    """Sales' answer leaves the changed city out, which marketing changes later: sales' word counts, as everywhere. Left
    out for longer, it counts as soon as one of the two is looked at.
    """
    contact, lead = steps.pair(city="Bonn")
    steps.sell(lead, City="Mainz", Street="Weg 1")
    arm(steps.both.salesforce, "field-missing", field="City", times=times)
    steps.cycle(after=30)
    assert steps.marketed(contact, "address") == "Weg 1"
    steps.market(contact, city="Köln")
    for _ in range(3):
        steps.cycle(after=30)
    assert steps.sold(lead, "City") == "Mainz"
    steps.sell(lead, Street="Weg 2")
    for _ in range(2):
        steps.cycle(after=30)
    assert (steps.marketed(contact, "city"), steps.sold(lead, "City")) == ("Mainz", "Mainz")
    steps.quiet()


@pytest.mark.parametrize("times", [1, 3])
def test_an_edit_beside_one_that_was_left_out_waits_for_it(steps: Steps, times: int) -> None:
    """Both sides changed the city, and the answers leave that of one side out: it is decided on once both have told it.
    Where that takes longer, as soon as one of the two is looked at.
    """
    contact, lead = steps.pair(city="Bonn", address="Weg 1")
    steps.market(contact, city="Köln")
    steps.sell(lead, City="Mainz")
    arm(steps.both.salesforce, "field-missing", field="City", times=times)
    for _ in range(3):
        steps.cycle(after=30)
    steps.sell(lead, Street="Weg 2")
    for _ in range(2):
        steps.cycle(after=30)
    assert (steps.marketed(contact, "city"), steps.sold(lead, "City")) == ("Mainz", "Mainz")
    steps.quiet()


def test_an_edit_of_the_side_that_told_it_is_not_written_over_either(steps: Steps) -> None:
    """Marketing changed the city while sales' answers left it out: once sales' record tells it again, on which nobody
    touched it, marketing's edit is what counts.
    """
    contact, lead = steps.pair(city="Bonn", address="Weg 1")
    steps.market(contact, city="Köln")
    steps.sell(lead, Street="Weg 2")
    arm(steps.both.salesforce, "field-missing", field="City", times=2)
    steps.cycle(after=30)
    steps.cycle(after=30)
    steps.sell(lead, Street="Weg 3")
    steps.cycle(after=30)
    assert (steps.marketed(contact, "city"), steps.sold(lead, "City")) == ("Köln", "Köln")
    steps.quiet()


def test_a_field_that_stays_out_of_sight_is_asked_for_once_more_and_not_in_every_cycle(steps: Steps) -> None:
    """A right that is gone is nothing to ask for again and again."""
    _, lead = steps.pair(city="Bonn")
    steps.sell(lead, City="Mainz")
    arm(steps.both.salesforce, "field-missing", field="City")
    steps.cycle(after=30)
    assert len(steps.both.store.requests()) == 1
    steps.cycle(after=30)
    assert not steps.both.store.requests()


@pytest.mark.parametrize("times", [1, 9])
def test_nobody_is_made_anew_whose_address_was_left_out(steps: Steps, times: int) -> None:
    """A new contact without its address is like nobody; it has a Lead all the same, which is found by that address. As
    long as that stays out of sight nobody is made of it.
    """
    steps.pair(email="bob@example.com")
    lead = steps.lead(Email="ann@example.com", Status="Open - Not Contacted")
    steps.cycle()
    contact = steps.contact(email="ann@example.com")
    arm(steps.both.hubspot, "field-missing", field="email", times=times)
    for _ in range(3):
        steps.cycle(after=30)
    assert len(steps.live("Lead")) == 2
    steps.both.hubspot.faults.clear()
    steps.market(contact, city="Bonn")
    steps.cycle(after=30)
    assert (steps.marketed(contact, "syncd_crm_id"), steps.sold(lead, "City")) == (lead, "Bonn")
    steps.quiet()


@pytest.mark.parametrize("times", [1, 2])
def test_who_is_wanted_by_what_was_left_out_is_made_once_it_is_told(steps: Steps, times: int) -> None:
    """A qualified contact whose answer leaves the stage out looks like one that no rule wants."""
    steps.pair(email="bob@example.com")
    contact = steps.contact(email="ann@example.com", company="Acme")
    arm(steps.both.hubspot, "field-missing", field="lifecyclestage", times=times)
    for _ in range(3):
        steps.cycle(after=30)
    assert steps.marketed(contact, "syncd_crm_id") is not None
    steps.quiet()


def test_what_stays_out_of_sight_holds_up_nobody_who_is_wanted_without_it(steps: Steps) -> None:
    """A city that is never told says neither who a contact is, nor whether a Lead is wanted."""
    steps.pair(email="bob@example.com")
    contact = steps.contact(email="ann@example.com", company="Acme", city="Bonn")
    arm(steps.both.hubspot, "field-missing", field="city", times=20)
    for _ in range(2):
        steps.cycle(after=30)
    assert steps.marketed(contact, "syncd_crm_id") is not None


def test_who_waits_for_what_stays_out_of_sight_is_not_asked_about_in_every_cycle(steps: Steps) -> None:
    """Once more, and then whenever the record is looked at."""
    steps.pair(email="bob@example.com")
    steps.cycle()
    steps.contact(email="ann@example.com", company="Acme")
    arm(steps.both.hubspot, "field-missing", field="lifecyclestage", times=20)
    steps.cycle(after=30)
    assert len(steps.both.store.requests()) == 1
    steps.cycle(after=30)
    assert not steps.both.store.requests()


def test_a_write_that_empties_a_field_is_not_done_since_the_field_was_left_out(tmp_path: Path) -> None:
    """Nobody heard whether marketing's city was emptied, and the answer that would tell leaves it out: taken for empty,
    the city that still stands there would come back to sales.
    """
    both = configured(tmp_path, lambda fields: fields["city"].update(clear="both"))
    steps = Steps(both)
    patient(steps)
    contact, lead = steps.pair(city="Bonn")
    for _ in range(2):
        steps.cycle()
    steps.sell(lead, City=None)
    arm(both.hubspot, "zombie-write", seconds=1e7)
    steps.cycle(after=30)
    arm(both.hubspot, "field-missing", field="city")
    steps.cycle(after=30)
    for _ in range(2):
        steps.cycle(after=900)
    assert (steps.marketed(contact, "city"), steps.sold(lead, "City")) == (None, None)
    steps.quiet()
    both.store.close()
