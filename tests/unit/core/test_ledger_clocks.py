"""Whose clock runs: each owner's by their own calendar, for as long as they had the person, and not anew later."""

from __future__ import annotations

import pytest

from syncd.core.book import Book
from syncd.core.ledger import episodes_of
from syncd.model.calendar import Calendars
from tests.unit.core.ledgers import BOOK, CALENDARS, at, delivered, moved, one, told, touched

HOUR = 3_600_000


# -- calendars ---------------------------------------------------------------------------------------------------------
def test_a_queue_and_a_user_of_one_name_keep_calendars_of_their_own() -> None:
    """Nine to eleven in Berlin for the queue; for a user who is called like it, an hour in UTC."""
    begun = moved("mql", 0), touched(2)
    assert one(*begun, delivered(0, owner="queue:Berlin Inbound")).touch == 2 * HOUR
    assert one(*begun, delivered(0, owner="Berlin Inbound")).touch == HOUR


@pytest.mark.parametrize("name", ["queue:new leads", "user:kim@example.com", "Kim@example.com"])
def test_calendars_refuse_names_that_nobody_is_looked_up_by(name: str) -> None:
    """So a map that is made by hand, as in tests, cannot be other than what the file is read to."""
    with pytest.raises(ValueError, match="looked up by nobody"):
        Calendars(CALENDARS.by_key, "utc", {name: "berlin"})
    with pytest.raises(ValueError, match="looked up by nobody"):
        Calendars(CALENDARS.by_key, "utc", {}, {name: "berlin"})


# -- one owner ---------------------------------------------------------------------------------------------------------
def test_the_human_clock_rests_over_the_weekend_and_is_the_owners() -> None:
    """From Friday 15:00 UTC to Monday 09:00 UTC: two hours in UTC, and two in Berlin of which one is on Friday."""
    friday = 4 * 24 + 7
    utc = one(moved("mql", friday), delivered(friday, owner="ann"), touched(friday + 66))
    berlin = one(moved("mql", friday), delivered(friday, owner="Kim@Example.com"), touched(friday + 66))
    assert (utc.touch, berlin.touch) == (2 * HOUR, 2 * HOUR)
    assert (utc.touch_due, berlin.touch_due) == (at(friday + 24 * 2 + 24), at(friday + 24 * 2 + 23 + 1))
    monday = one(moved("mql", 0), delivered(0, owner="kim@example.com"), touched(2))
    assert monday.touch == 2 * HOUR  # nine to eleven in Berlin; an hour in UTC
    assert one(moved("mql", 0), delivered(0), touched(2)).touch == HOUR


@pytest.mark.parametrize("owner", ["user:kim@example.com", "queue:Berlin Inbound"])
def test_shared_owners_and_queues_keep_calendars_too(owner: str) -> None:
    """An owner as the mapping names it, and a queue by its name, as its team's calendar says."""
    assert one(moved("mql", 0), delivered(0, owner=owner), touched(2)).touch == 2 * HOUR


def test_without_calendars_all_time_counts() -> None:
    """Nobody has said when people are at work."""
    book = Book(BOOK.rules)
    (episode,) = episodes_of((moved("mql", 0), delivered(0), touched(48)), book)
    assert (episode.touch, episode.touch_due) == (48 * HOUR, at(24))


@pytest.mark.parametrize(
    ("facts", "hours"),
    [({"grade": "A"}, 2), ({"grade": "D"}, 9), ({"grade": "A", "persona": "leader"}, 1.5), ({}, 9)],
)
def test_time_is_by_persona_then_by_grade_then_for_all(facts: dict[str, str], hours: float) -> None:
    """A day is a working day of the calendar, here of eight hours."""
    assert one(moved("mql", 0), told(0, **facts), delivered(0)).touch_due == at(hours)


def test_no_time_is_set_without_a_delivery_or_a_limit() -> None:
    """Nobody is late for what they cannot see, or for what nobody asked."""
    assert one(moved("mql", 0)).touch_due is None
    assert one(moved("mql", 0), delivered(0)).decision_due is None


def test_who_was_in_the_crm_before_is_delivered_at_once() -> None:
    """The record was there; only the stage is new."""
    assert one(delivered(-5), moved("mql", 0)).system == 0
