"""Whose clock runs: each owner's by their own calendar, for as long as they had the person, and not anew later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.core.book import Book
from syncd.core.ledger import episodes_of
from syncd.model.calendar import Calendar, Calendars, Span
from syncd.model.episode import Episode, Event, HandedOn, State, Touched
from syncd.model.lifecycle import Span as Time
from syncd.model.lifecycle import Unit
from syncd.model.values import Instant
from tests.unit.core.ledgers import BOOK, CALENDARS, at, deal, delivered, moved, of, one, told, touched

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


# -- several people ----------------------------------------------------------------------------------------------------
def joined(*events: Event) -> Episode:
    """P is called and accepted; next day at 14:00 Q of the same company is handed over, and after a no of hers R is."""
    facts = {"company": "C", "grade": "A", "origin": "fair"}
    people = [
        each
        for who, hours in (("P", 1), ("Q", 30), ("R", 31))
        for each in (moved("mql", hours, who), delivered(hours, who), told(hours, who, **facts))
    ]
    return one(*people, touched(2), moved("sql", 3), *events)


def test_each_person_of_a_company_waits_by_themselves() -> None:
    """P's yes answers nobody else; a call to Q is the first touch of whoever waits then."""
    waiting = joined()
    assert [(each.person, each.touch_due, each.decision_due) for each in waiting.members] == [
        ("P", None, None),
        ("Q", at(31), at(54)),  # 14:00 to 15:00; three hours on Tuesday, five on Wednesday
        ("R", at(32), at(55)),
    ]
    assert (waiting.touch_due, waiting.touched_at) == (at(2), at(2)), "the handoff was touched in its time"
    called = joined(touched(31.5, "Q"))
    assert [(each.touch_due, each.decision_due is None) for each in called.members] == [
        (None, True),
        (None, False),
        (None, False),
    ]
    assert [each.state for each in called.members] == [State.ACCEPTED, State.TOUCHED, State.TOUCHED]


def test_each_person_of_a_company_has_an_end_and_a_reason() -> None:
    """Q's no is one though P goes on, and R waits even when P has bought."""
    said = joined(moved("disqualified", 40, "Q", reason="not_a_fit"), moved("customer", 50))
    assert (said.state, said.reason) == (State.WON, None)
    assert [(each.state, each.closed_at, each.reason) for each in said.members] == [
        (State.WON, at(50), None),
        (State.REJECTED, at(40), "not_a_fit"),
        (State.TOUCHED, None, None),
    ]
    assert said.members[2].decision_due == at(55)


# -- several owners ----------------------------------------------------------------------------------------------------
BERLIN_QUEUE = "queue:Berlin Inbound"
A = {"grade": "A", "origin": "fair"}


def given(owner: str, *events: Event) -> Episode:
    """Handed over on Monday at eight in UTC, nine in Berlin, with an hour for the first touch and eight to decide."""
    return one(moved("mql", 0), delivered(0), told(0, owner=owner, **A), *events)


def test_a_clock_that_ended_keeps_owner_time_and_verdict() -> None:
    """Ann called within an hour of hers. That Kim has them a week later, in Berlin, changes nothing of it."""
    before = given("ann", touched(2), moved("sql", 3))
    after = given("ann", touched(2), moved("sql", 3), told(7 * 24, owner="kim@example.com"))
    assert (before.touch, before.touch_due, before.decision, before.decision_due) == (HOUR, at(2), 2 * HOUR, at(9))
    assert after == replace(before, owner="kim@example.com", members=after.members)
    assert (after.touch_owner, after.decision_owner) == ("ann", "ann")


def test_what_was_done_before_its_time_began_was_done_by_whoever_had_them_then() -> None:
    """Ann said yes an hour before sales' own record of them was there: no time was spent, and it is hers for good."""
    begun = moved("mql", 0), told(0, owner="ann", **A), moved("sql", 2), delivered(3)
    before = one(*begun)
    after = one(*begun, told(4, owner="kim@example.com"))
    assert (before.decision, before.decision_due, before.decision_owner) == (None, at(27), "ann")
    assert after == replace(before, owner="kim@example.com", members=after.members)


def test_a_breach_that_was_stays_one() -> None:
    """Nobody called until ten; by the calendar of whoever got them next day the time would have begun then."""
    late = given("ann", told(20, owner="kim@example.com"), touched(26))
    assert (late.touch_due, late.touch_owner, late.owner) == (at(2), "ann", "kim@example.com")


def test_each_stretch_is_counted_by_the_calendar_of_who_had_them() -> None:
    """Half an hour of Kim's from nine in Berlin, which is eight in UTC; the rest of Ann's, who begins an hour later."""
    handed = told(0.5, owner="ann")
    passed = given("kim@example.com", handed)
    assert (passed.touch_warned, passed.touch_due, passed.touch_owner) == (at(1.25), at(1.5), "ann")
    assert given("kim@example.com", handed, touched(1.25)).touch == HOUR * 3 // 4


def test_of_a_day_that_is_used_in_part_the_same_part_is_left() -> None:
    """Two of eight hours are over when Sam gets them, who works four hours a day: three of his are left."""
    short = Calendar("short", "Short", "UTC", ((Span(540, 780),),) * 5 + ((), ()))
    book = Book(BOOK.rules, Calendars({**CALENDARS.by_key, "short": short}, "utc", {"sam": "short"}))
    told_of = told(0, owner="ann", origin="x"), told(3, owner="sam")
    (episode,) = episodes_of((moved("mql", 0), delivered(0), *told_of), book)
    assert episode.touch_due == at(26)  # eleven to one on Monday, nine to ten on Tuesday


def test_picking_up_from_a_queue_counts_as_assigned() -> None:
    """The queue has an hour by its own calendar, and whoever picks them up an hour by theirs. The decision runs on."""
    waiting = given(BERLIN_QUEUE)
    assert (waiting.touch_due, waiting.touch_owner, waiting.assigned_at) == (at(1), BERLIN_QUEUE, None)
    picked = given(BERLIN_QUEUE, told(0.5, owner="ann"))
    assert (picked.touch_due, picked.touch_owner, picked.assigned_at) == (at(2), "ann", at(0.5))
    assert picked.decision_due == at(8.5)  # half an hour in Berlin, and seven and a half from nine in UTC
    done = given(BERLIN_QUEUE, told(0.5, owner="ann"), touched(1.75))
    assert done.touch == HOUR * 5 // 4, "what the person has waited, from the delivery"
    assert done.touch_due == at(2)


def test_a_queue_that_was_late_stays_late_and_its_picker_is_warned() -> None:
    """The report tells of the first time that ran out, the alarm goes by the one that runs."""
    late = given(BERLIN_QUEUE, told(1.25, owner="ann"))
    assert (late.touch_due, late.touch_owner, late.assigned_at) == (at(1), BERLIN_QUEUE, at(1.25))
    (member,) = late.members
    assert (member.touch_warned, member.touch_due) == (at(2), at(2.25))
    (member,) = given(BERLIN_QUEUE, told(1.25, owner="ann"), touched(2)).members
    assert (member.touch_warned, member.touch_due) == (None, None)


def test_whoever_picks_up_and_moves_in_one_go_has_had_them() -> None:
    """Owner and stage changed between two looks: the stage's time is the vendor's, and the owner is told with it."""
    quick = given(BERLIN_QUEUE, told(0.5, owner="ann"), moved("sql", 0.5, by="ann"))
    assert (quick.touch_owner, quick.touch_due, quick.touch) == ("ann", at(2), HOUR // 2)


def test_whoever_was_given_somebody_since_nobody_touched_them_has_the_whole_time() -> None:
    """And the one who was late keeps the breach."""
    on = HandedOn("P", at(3), "user:bob", "user:ann")
    late = given("ann", on, told(3.25, owner="bob"))
    assert (late.touch_due, late.touch_owner, late.assigned_at) == (at(2), "ann", None)
    assert [member.touch_due for member in late.members] == [at(4)]


def test_the_owner_who_was_told_first_had_them_from_the_delivery_on() -> None:
    """The CRM's word on the owner may come a cycle after its word on the record."""
    (episode,) = of(moved("mql", 0), delivered(0), told(0, **A), told(0.75, owner="kim@example.com"))
    assert (episode.touch_due, episode.touch_owner) == (at(1), "kim@example.com")


# -- after a yes -------------------------------------------------------------------------------------------------------
WORKED = Book(replace(BOOK.rules, work_within={"other": Time(2, Unit.HOUR)}), CALENDARS)


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ((), at(4)),  # two hours from ten
        ((touched(1.5),), None),  # called before the yes
        ((touched(30),), None),
        ((deal("open", 3),), None),
        ((moved("opportunity", 3),), None),
        ((moved("disqualified", 3),), None),
        ((told(3, owner="bob"),), at(4)),  # by hand to another one: the time runs on
        ((HandedOn("P", at(5), BERLIN_QUEUE, "ann"), told(6, owner="bob")), at(8)),  # picked up again at two
    ],
    ids=["nothing", "called before", "called after", "a deal", "offered", "given back", "another owner", "picked up"],
)
def test_a_yes_alone_is_no_work(more: tuple[Event, ...], due: Instant | None) -> None:
    """Ann says yes at ten; it is her touch, and nobody has heard from her."""
    begun = (moved("mql", 0), delivered(0), told(0, owner="ann", origin="fair"), moved("sql", 2, by="ann"))
    (episode,) = episodes_of((*begun, *more), WORKED)
    assert episode.touched_at == min([at(2), *(each.at for each in more if isinstance(each, Touched))])
    assert [each.work_due for each in episode.members] == [due]
    (episode,) = episodes_of((*begun, *more), BOOK)
    assert [each.work_due for each in episode.members] == [None], "where nobody declares it"
