"""Handoffs that end without an ending stage: moved back to marketing, or overtaken by the person's next cycle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.core.book import Book
from syncd.core.handed import handed
from syncd.core.ledger import episodes_of
from syncd.model.derived import Handed
from syncd.model.episode import Episode, Event, Oddity, State
from syncd.model.lifecycle import NEW
from tests.unit.core.ledgers import CALENDARS, RULES, at, deal, delivered, moved, told, touched

HOUR = 3_600_000
BACK = Book(RULES, CALENDARS, sales=frozenset({"sales"}), back=frozenset({"subscriber", "lead"}))
BEGUN = (told(0, origin="web"), moved("mql", 0), delivered(0))
LEAD = {"start": "mql"}


def only(*events: Event) -> Episode:
    """The only episode of these events."""
    (episode,) = episodes_of(events, BACK)
    return episode


@pytest.mark.parametrize(
    ("before", "team", "state"),
    [
        ((), "sales", State.RECYCLED),
        ((), "marketing", State.WITHDRAWN),
        ((), "system", State.RECYCLED),
        ((moved("sql", 1),), "sales", State.RECYCLED),
        ((moved("sql", 1),), "marketing", State.RECYCLED),
        ((moved("sql", 1), deal("open", 2)), "sales", State.RECYCLED),
    ],
)
def test_a_move_out_of_the_handoff_ends_it(before: tuple[Event, ...], team: str, state: State) -> None:
    """Given back by whoever has them; withdrawn by marketing alone, before a yes. It is no rejection."""
    episode = only(*BEGUN, *before, moved("lead", 5, team=team, reason="timing", **LEAD))
    assert (episode.state, episode.closed_at, episode.reason) == (state, at(5), "timing")
    assert (episode.accepted_at is not None, episode.rejected_at) == (bool(before), None)
    expected = at(1) if before else at(5) if team == "sales" else None
    assert episode.touched_at == expected, "what sales does is a touch"


def test_what_is_no_way_out_ends_nothing() -> None:
    """Before they were handed over, from one stage of marketing's to another, after the end; and by deals alone."""
    early = (moved("lead", -9, start=NEW), moved("subscriber", -8, start="lead"), moved("lead", -7, start="subscriber"))
    assert only(*early, *BEGUN).state is State.DELIVERED
    assert only(moved("lead", -5, start="working"), *BEGUN).state is State.DELIVERED, "nothing had begun"
    assert only(*BEGUN, moved("working", 5, start="mql")).state is State.DELIVERED, "a stage of sales'"
    won = only(*BEGUN, moved("customer", 3), moved("lead", 5, start="customer", reason="timing"))
    assert (won.state, won.closed_at, won.reason) == (State.WON, at(3), None)
    no = only(*BEGUN, moved("disqualified", 3), moved("lead", 5, start="disqualified", reason="timing"))
    assert (no.state, no.closed_at, no.reason) == (State.REJECTED, at(3), None)
    forgotten = Book(RULES, CALENDARS)
    assert episodes_of((*BEGUN, moved("lead", 5, **LEAD)), forgotten)[0].state is State.DELIVERED


@pytest.mark.parametrize(("stage", "state"), [("lead", State.RECYCLED), ("disqualified", State.REJECTED)])
def test_an_end_that_is_counted_as_the_next_cycle_ends_the_one_before(stage: str, state: State) -> None:
    """`recycles` on the way out: the end is that of the handoff that it ends, and the next one begins with nothing."""
    first, second = episodes_of(
        (*BEGUN, moved(stage, 5, cycle=2, reason="timing", **LEAD), moved("mql", 9, cycle=2), delivered(9)), BACK
    )
    assert (first.state, first.closed_at, first.reason) == (state, at(5), "timing")
    assert (second.state, second.opened_at, second.reason, second.oddities) == (State.DELIVERED, at(9), None, ())
    (alone,) = episodes_of((*BEGUN, moved(stage, 5, cycle=2, **LEAD)), BACK)
    assert alone.state is state


def test_an_end_before_a_beginning_stays_in_its_cycle() -> None:
    """There is no handoff before that it could have ended: a no before the qualification is still listed."""
    assert Oddity.DECIDED_BEFORE_QUALIFIED in only(moved("disqualified", 1, cycle=2), moved("mql", 2, cycle=2)).oddities


@pytest.mark.parametrize(("team", "state"), [("system", State.RECYCLED), ("marketing", State.WITHDRAWN)])
def test_the_next_cycle_ends_the_one_before(team: str, state: State) -> None:
    """Straight into the next cycle: nobody is in two handoffs at once, also where a company would join them."""
    again = moved("mql", 5, cycle=2, team=team, start="mql")
    first, second = episodes_of((*BEGUN, told(0, company="C"), again), BACK)
    assert (first.state, first.closed_at) == (state, at(5))
    assert (second.state, second.opened_at) == (State.QUALIFIED, at(5))
    accepted, _ = episodes_of((*BEGUN, moved("sql", 1), again), BACK)
    assert accepted.state is State.RECYCLED
    won, _ = episodes_of((*BEGUN, moved("customer", 1), again), BACK)
    assert (won.state, won.closed_at) == (State.WON, at(1))


# -- qualified again in the same cycle ---------------------------------------------------------------------------------
TAKEN = (moved("lead", 2, team="marketing", **LEAD), moved("mql", 24))
"""Taken back on Monday at ten, and an MQL again on Tuesday at eight."""


def test_nobody_is_late_for_the_time_in_between() -> None:
    """Eight business hours from when sales sees them again; the clock does not count the time without them."""
    assert only(*BEGUN).touch_due == at(9)
    episode = only(*BEGUN, *TAKEN)
    assert (episode.state, episode.touch_warned, episode.touch_due) == (State.DELIVERED, at(31), at(33))
    assert episode.oddities == (Oddity.REOPENED,)
    again = only(*BEGUN, *TAKEN, delivered(26))
    assert (again.delivered_at, again.touch_due) == (at(0), at(50)), "at ten on Wednesday"
    touch = only(*BEGUN, *TAKEN, delivered(26), touched(27))
    assert (touch.touch, touch.oddities) == (HOUR, (Oddity.REOPENED,))
    early = only(*BEGUN, *TAKEN, delivered(27), touched(26))
    assert (early.touch, early.oddities) == (HOUR, (Oddity.REOPENED,)), "they were there all the time"


def test_what_was_done_before_stays_done() -> None:
    """Called on Monday, taken back, qualified again: the touch is Monday's, the decision has its time anew."""
    graded = told(0, grade="A")
    episode = only(*BEGUN, graded, touched(1.5), *TAKEN)
    assert (episode.touch, episode.touch_due) == (HOUR // 2, at(2))
    assert episode.decision_due == at(33)
    decided = only(*BEGUN, graded, *TAKEN, moved("sql", 26))
    assert (decided.decision, decided.decision_due) == (HOUR, at(33))


def test_whoever_shares_the_handoff_keeps_its_clock_running() -> None:
    """One of two people of a company is taken back and comes again: sales had the other one all the time."""
    shared = told(0, company="C"), told(1, "Q", company="C"), moved("mql", 1, "Q"), delivered(1, "Q")
    assert only(*BEGUN, *shared, *TAKEN).touch_due == at(9)
    gone = moved("lead", 3, "Q", team="marketing", **LEAD)
    assert only(*BEGUN, *shared, gone, *TAKEN).touch_due == at(33)


def test_nobody_waits_for_whoever_was_taken_back() -> None:
    """As the fields on the record say it."""
    lead = moved("lead", 5, team="marketing", **LEAD)
    assert handed([*BEGUN], BACK)["P"].respond_by == at(9)
    taken = handed([*BEGUN, lead], BACK)["P"]
    assert (taken.respond_by, taken.in_sales_hands) == (None, False)
    again = handed([*BEGUN, lead, moved("mql", 24)], BACK)["P"]
    assert (again.respond_by, again.in_sales_hands) == (at(33), True)
    dealt = handed([moved("lead", 0, start=NEW), deal("open", 5)], BACK)["P"]
    assert not dealt.in_sales_hands, "marketing works on whoever is a lead"


def test_who_was_handed_over_by_other_terms_is_in_nobodys_hands() -> None:
    """Both teams count from another stage on: fields that were filled do not stay as they were; others stay empty."""
    other = Book(replace(RULES, qualified=("hot",)), CALENDARS, back=frozenset({"lead"}))
    known = [moved("lead", 0, start=NEW, team="marketing"), moved("mql", 1), delivered(1), touched(5)]
    assert handed(known, BACK)["P"].in_sales_hands
    assert handed(known, other)["P"] == Handed(None, at(5), in_sales_hands=False)
    assert handed(known[:2], other) == {}, "nobody was handed over"
