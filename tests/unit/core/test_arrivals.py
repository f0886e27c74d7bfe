"""Arrivals: from the qualification to the CRM's confirmation, once for each cycle of a person."""

from __future__ import annotations

from dataclasses import replace

from syncd.core.arrivals import Arrival, arrivals
from syncd.model.episode import Delivered, Event
from tests.unit.core.ledgers import RULES, at, moved

HOUR = 3_600_000


def seen(hours: float, person: str = "P", *, cycle: int | None = 1) -> Delivered:
    """Sales can see them."""
    return Delivered(person, at(hours), "", cycle)


def of(*news: Event, known: tuple[Event, ...] = ()) -> tuple[Arrival, ...]:
    """Who arrives."""
    return arrivals(news, known, qualified=RULES.qualified)


def test_from_the_qualification_to_the_delivery() -> None:
    """In milliseconds; the order in which it is told does not matter."""
    assert of(moved("lead", 0), moved("mql", 1), seen(3)) == (Arrival("P", 2 * HOUR),)
    assert of(seen(3), moved("mql", 1)) == (Arrival("P", 2 * HOUR),)
    assert of(seen(3), known=(moved("mql", 1),)) == (Arrival("P", 2 * HOUR),)


def test_each_person_counts_and_each_cycle() -> None:
    """Two people of one company are two; a second handoff of one person is another arrival."""
    assert of(moved("mql", 0), seen(1), moved("mql", 0, "Q"), seen(2, "Q")) == (
        Arrival("P", HOUR),
        Arrival("Q", 2 * HOUR),
    )
    again = of(moved("mql", 9, cycle=2), seen(10, cycle=2), known=(moved("mql", 0), seen(1)))
    assert again == (Arrival("P", HOUR),)


def test_only_the_first_delivery_of_a_cycle() -> None:
    """What was delivered before does not arrive again, and of two deliveries at once the earlier one counts."""
    assert of(moved("mql", 5), seen(6), known=(moved("mql", 0), seen(1))) == ()
    assert of(seen(4), seen(3), moved("mql", 1)) == (Arrival("P", 2 * HOUR),)


def test_who_was_seen_before_or_qualified_by_sales_did_not_have_to_arrive() -> None:
    """The ledger dates their delivery with the qualification itself."""
    assert of(moved("mql", 1), seen(1)) == ()


def test_who_is_not_qualified_or_not_of_a_cycle_is_none() -> None:
    """A delivery that nobody can date the beginning of is no number."""
    assert of(moved("lead", 0), seen(1)) == ()
    assert of(moved("mql", 0), seen(1, cycle=None)) == ()
    assert of(moved("mql", 0)) == ()


def test_a_clock_that_goes_wrong_makes_no_negative_time() -> None:
    """HubSpot's clock ahead of ours: they were there at once."""
    assert of(moved("mql", 2), seen(1)) == (Arrival("P", 0),)


def test_the_earliest_qualification_of_the_cycle_counts() -> None:
    """Set twice before anything was carried: the person has waited since the first time."""
    first = moved("mql", 0)
    assert of(first, replace(first, at=at(2)), seen(3)) == (Arrival("P", 3 * HOUR),)
