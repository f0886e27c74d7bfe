"""A read that leaves a field out: what it would have told is unknown, and an edit that it hides is not lost."""

from __future__ import annotations

import pytest

from sandbox.faults.arming import arm
from tests.scenarios.steps import Steps


@pytest.mark.parametrize("times", [1, 3])
def test_an_edit_in_a_field_that_was_left_out_is_not_written_over(steps: Steps, times: int) -> None:
    """Sales' answer leaves the changed city out, which marketing changes later: sales' word counts, as everywhere."""
    contact, lead = steps.pair(city="Bonn")
    steps.sell(lead, City="Mainz", Street="Weg 1")
    arm(steps.both.salesforce, "field-missing", field="City", times=times)
    steps.cycle(after=30)
    assert steps.marketed(contact, "address") == "Weg 1"
    steps.market(contact, city="Köln")
    for _ in range(3):
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
