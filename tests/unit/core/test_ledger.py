"""The ledger: what a history of events comes to, row by row; what cannot be true is listed and never lost.

Length: one book and its short words serve every history, each a few lines.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from syncd.core.book import Book
from syncd.core.ledger import episode_id, episodes_of
from syncd.core.ledger_events import fact_events, moved_events
from syncd.core.news import News
from syncd.model.episode import Born, Contacted, Delivered, Episode, Event, Moved, Oddity, State, Told
from syncd.model.handoff import Handoff
from syncd.model.lifecycle import NEW, HandoffRules
from syncd.model.rating import Profile, Rated
from tests.unit.core.ledgers import (
    BOOK,
    CALENDARS,
    MONDAY,
    at,
    born,
    contacted,
    deal,
    delivered,
    moved,
    of,
    one,
    told,
    touched,
)

HOUR = 3_600_000
STORIES: tuple[tuple[str, tuple[Event, ...], State], ...] = (
    ("qualified and no more", (moved("mql", 0),), State.QUALIFIED),
    ("sales can see them", (moved("mql", 0), delivered(1)), State.DELIVERED),
    ("sales called", (moved("mql", 0), delivered(1), touched(2)), State.TOUCHED),
    ("sales said yes", (moved("mql", 0), delivered(1), moved("sql", 2)), State.ACCEPTED),
    ("there is a deal", (moved("mql", 0), deal("open", 2)), State.OFFERED),
    ("they bought, as the stage says", (moved("mql", 0), moved("customer", 9)), State.WON),
    ("they bought, as the deal says", (moved("mql", 0), deal("open", 2), deal("won", 9)), State.WON),
    ("sales said no", (moved("mql", 0), moved("disqualified", 2, reason="timing")), State.REJECTED),
    ("yes, and nothing came of it", (moved("mql", 0), moved("sql", 2), moved("disqualified", 3)), State.RECYCLED),
    ("given back", (moved("mql", 0), moved("nurture", 3)), State.RECYCLED),
    ("offered and no", (moved("mql", 0), moved("opportunity", 2), moved("disqualified", 3)), State.LOST),
    ("the only deal is lost", (moved("mql", 0), deal("open", 2), deal("lost", 9)), State.LOST),
    ("one of two deals is lost", (moved("mql", 0), deal("lost", 2), deal("open", 3, deal="E")), State.OFFERED),
    ("the deal was won by mistake", (moved("mql", 0), deal("won", 2), deal("open", 3)), State.OFFERED),
    ("a no that was taken back", (moved("mql", 0), moved("disqualified", 1), moved("sql", 2)), State.ACCEPTED),
    ("a win stays one", (moved("mql", 0), moved("customer", 1), moved("sql", 2)), State.WON),
)


@pytest.mark.parametrize(("events", "state"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES])
def test_what_a_history_comes_to(events: tuple[Event, ...], state: State) -> None:
    """Each history is one episode in this state."""
    assert one(*events).state is state


def test_a_whole_handoff() -> None:
    """Every time, both clocks and the reason of a handoff from first contact to win."""
    episode = one(
        contacted(-24),
        told(-24, origin="unknown", asset="guide", last_touch="fair", grade="A", persona="x", company="C"),
        told(5, owner="ann", sdr="sam", ae="ada"),
        moved("mql", 0, by="kim"),
        delivered(1.5, owner="ann"),
        touched(2),
        moved("sql", 4, by="ann"),
        deal("open", 10),
        deal("won", 30, amount=12_345),
    )
    assert episode == Episode(
        id=episode_id("P", 1),
        members=episode.members,
        born=Born.MARKETING,
        state=State.WON,
        opened_at=MONDAY,
        contacted_at=at(-24),
        qualified_at=MONDAY,
        delivered_at=at(1.5),
        touched_at=at(2),
        accepted_at=at(4),
        offered_at=at(10),
        won_at=at(30),
        closed_at=at(30),
        system=HOUR * 3 // 2,
        touch=HOUR // 2,
        decision=HOUR * 5 // 2,
        touch_warned=at(2.25),
        touch_due=at(2.5),
        decision_warned=at(7.5),
        decision_due=at(25.5),
        company="C",
        origin="unknown",
        last_touch="fair",
        asset="guide",
        persona="x",
        grade="A",
        touch_owner="ann",
        decision_owner="ann",
        owner="ann",
        sdr="sam",
        ae="ada",
        qualified_by="kim",
        amount=12_345,
        currency="EUR",
    )
    assert [(each.person, each.cycle, each.at, each.qualified) for each in episode.members] == [("P", 1, MONDAY, True)]


# -- whose doing -----------------------------------------------------------------------------------------------------
OF_SALES = Book(BOOK.rules, CALENDARS, sales=frozenset({"sales"}))


def test_what_another_team_does_is_no_touch_and_no_answer() -> None:
    """Whoever handed over takes it back: withdrawn, with the reason; nobody of sales has said or done anything."""
    begun = (moved("mql", 0), delivered(0))
    no = moved("disqualified", 2, team="marketing", by="mia", reason="duplicate")
    (taken,) = episodes_of((*begun, no), OF_SALES)
    assert (taken.state, taken.touched_at, taken.rejected_at) == (State.WITHDRAWN, None, None)
    assert (taken.closed_at, taken.reason, taken.decision) == (at(2), "duplicate", None)
    (answered,) = episodes_of((*begun, moved("disqualified", 2, reason="no_contact")), OF_SALES)
    assert (answered.state, answered.touched_at) == (State.REJECTED, at(2))
    (after,) = episodes_of((*begun, moved("sql", 1), no), OF_SALES)
    assert (after.state, after.touched_at, after.accepted_at) == (State.RECYCLED, at(1), at(1))
    (again,) = episodes_of((*begun, no, moved("mql", 3)), OF_SALES)
    assert (again.state, again.oddities) == (State.DELIVERED, (Oddity.NO_ORIGIN, Oddity.REOPENED))
    assert one(*begun, no).state is State.REJECTED, "where no stage has an owner, nobody knows who sales is"


def test_a_yes_of_another_team_is_to_nobodys_credit() -> None:
    """Marketing moved them on: accepted and touched by nobody, and no SDR has done it."""
    yes = moved("sql", 1, team="marketing", by="mia")
    (found,) = episodes_of((moved("mql", 0), delivered(0), yes), OF_SALES)
    assert (found.accepted_at, found.touched_at, found.sdr) == (None, None, None)
    (found,) = episodes_of((moved("mql", 0), delivered(0), moved("sql", 1, by="sam")), OF_SALES)
    assert (found.touched_at, found.sdr) == (at(1), "sam")


def test_automation_touches_nobody() -> None:
    """A stage that a workflow set is no person's doing."""
    assert one(moved("mql", 0), delivered(0), moved("sql", 1, team="system")).touched_at is None
    assert one(moved("mql", 0), delivered(0), moved("sql", 1)).touched_at == at(1)
    assert one(moved("mql", 0), delivered(0), touched(-1), touched(5)).touched_at == at(5)


# -- who and what ------------------------------------------------------------------------------------------------------
def test_born_in_sales_is_credited_to_who_found_them() -> None:
    """Nobody handed them over: no clock, and no gap in their origin."""
    episode = one(born(0, by="bo@example.com"), moved("opportunity", 3))
    assert (episode.born, episode.bdr, episode.state) == (Born.SALES, "bo@example.com", State.OFFERED)
    assert (episode.qualified_at, episode.system, episode.oddities) == (None, None, ())
    assert one(born(0), told(5, bdr="bea")).bdr == "bea"


@pytest.mark.parametrize(
    "how",
    [
        {"side": "marketing"},
        {"side": "marketing", "team": "system"},
        {"side": "marketing", "team": "marketing"},
        {"side": "crm", "team": "system"},
        {"side": "crm", "team": "marketing"},
        {},
    ],
    ids=str,
)
def test_only_a_salesperson_in_the_crm_finds_somebody(how: dict[str, str]) -> None:
    """Whoever is imported, or made by automation or in marketing's system, was taken up without being asked for."""
    new = moved("sql", 0, start=NEW, **how)
    (found,) = episodes_of((new, told(0, origin="list")), OF_SALES)
    assert (found.born, found.bdr, found.oddities) == (Born.UNASKED, None, (Oddity.NEVER_QUALIFIED,))
    (found,) = episodes_of((born(0),), OF_SALES)
    assert (found.born, found.bdr) == (Born.SALES, "bo")


def test_who_said_yes_has_taken_them_up() -> None:
    """Where no field says who in sales development did."""
    yes = moved("mql", 0), moved("sql", 2, by="sid")
    assert (one(*yes).sdr, one(*yes, told(5, sdr="sam")).sdr) == ("sid", "sam")
    assert one(*yes).bdr is None


def test_taken_up_without_being_asked_is_listed() -> None:
    """Sales went ahead with somebody whom marketing had not qualified."""
    episode = one(moved("sql", 0), told(0, origin="web"))
    assert (episode.born, episode.oddities) == (Born.UNASKED, (Oddity.NEVER_QUALIFIED,))


def test_a_second_person_of_a_company_joins() -> None:
    """One company, one handoff, one owner; somebody who comes after its end begins the next."""
    first = (moved("mql", 0), told(0, company="C", owner="ann", origin="fair"), moved("sql", 2))
    second = (moved("mql", 5, "Q"), told(5, "Q", company="C", owner="ann"))
    episode = one(*first, *second)
    assert [member.person for member in episode.members] == ["P", "Q"]
    assert (episode.owner, episode.origin, episode.oddities) == ("ann", "fair", ())
    over = of(*first, moved("disqualified", 4), *second)
    assert [each.person for each in over] == ["P", "Q"]
    assert of(*first, *second, moved("disqualified", 6))[0].state is State.ACCEPTED  # the other one goes on
    assert len(of(*first, moved("mql", 5, "Q"))) == 2  # of no company


def test_two_owners_of_one_company_are_listed() -> None:
    """The one who was first keeps it."""
    episode = one(
        moved("mql", 0),
        told(0, company="C", owner="ann", origin="x"),
        moved("mql", 5, "Q"),
        told(5, "Q", company="C", owner="bob"),
    )
    assert (episode.owner, episode.oddities) == ("ann", (Oddity.TWO_OWNERS,))


def test_a_new_cycle_is_a_new_episode() -> None:
    """Recycled and qualified again; what has no cycle goes by its time."""
    first, second = of(
        moved("mql", 0),
        moved("disqualified", 5, reason="timing"),
        moved("mql", 50, cycle=2),
        touched(2),
        touched(60),
        deal("won", 70),
    )
    assert (first.state, first.reason, first.touched_at) == (State.REJECTED, "timing", at(2))
    assert (second.state, second.touched_at, second.won_at) == (State.WON, at(60), at(70))
    assert first.id != second.id


def test_credit_counts_what_was_known_when_it_began() -> None:
    """A touch of marketing's after the handoff did not cause it; who works on it may change."""
    episode = one(
        moved("mql", 10), told(0, last_touch="fair", ae="ada"), told(9, last_touch="call"), told(11, last_touch="news")
    )
    assert episode.last_touch == "call"
    assert one(moved("mql", 10), told(11, origin="late"), told(12, origin="later")).origin == "late"
    assert one(moved("mql", 10), told(0, ae="ada"), told(30, ae="bea")).ae == "bea"


def test_amounts_are_summed_in_one_currency() -> None:
    """Two deals of one handoff; another currency is listed and not added."""
    assert one(moved("mql", 0), deal("won", 1), deal("won", 2, deal="E", amount=1)).amount == 10_001
    mixed = one(moved("mql", 0), told(0, origin="x"), deal("won", 1), deal("won", 2, deal="E", currency="USD"))
    assert (mixed.amount, mixed.currency, mixed.oddities) == (10_000, "EUR", (Oddity.TWO_CURRENCIES,))
    assert one(moved("mql", 0), deal("won", 1), deal("open", 2, deal="E", amount=1)).amount == 10_000


def test_a_deal_that_is_another_persons_by_now_is_told_once_as_it_stands() -> None:
    """The deal went from one contact of a company to the other before it was won: its amount is what was said last."""
    episode = one(
        moved("mql", 0),
        told(0, company="C", owner="ann"),
        moved("mql", 1, "Q"),
        told(1, "Q", company="C", owner="ann"),
        deal("open", 2, "Q"),
        deal("won", 9, amount=12_000),
    )
    assert (episode.state, episode.amount) == (State.WON, 12_000)
    assert Oddity.SOLD_AGAIN not in episode.oddities


MONEY = Book(replace(BOOK.rules, currency="EUR", rates={"USD": Decimal("0.925"), "JPY": Decimal("0.006")}), CALENDARS)


@pytest.mark.parametrize(
    ("deals", "amount", "odd"),
    [
        # 100.00 EUR and 200.00 USD at 0.925
        ((deal("won", 1), deal("won", 2, deal="E", amount=20_000, currency="USD")), 28_500, False),
        ((deal("won", 1, currency="USD"), deal("won", 2, deal="E")), 19_250, False),  # in euros, whichever is first
        ((deal("won", 1, amount=33, currency="JPY"),), 0, False),  # 0.198 hundredths
        # without a rate, or in no currency that anybody has told: left out, and listed
        ((deal("won", 1), deal("won", 2, deal="E", currency="GBP")), 10_000, True),
        ((deal("won", 1), deal("won", 2, deal="E", currency="")), 10_000, True),
        ((deal("won", 1, currency="GBP"),), None, True),
        # an open deal without a rate is not made up for by a lost one
        ((deal("open", 1, currency="GBP"), deal("lost", 2, deal="E")), None, True),
    ],
)
def test_amounts_are_converted_by_declared_rates(deals: tuple[Event, ...], amount: int | None, *, odd: bool) -> None:
    """By the rates of the file and no others; nothing is guessed, and nothing is silently dropped."""
    (episode,) = episodes_of((moved("mql", 0), told(0, origin="x"), *deals), MONEY)
    assert (episode.amount, episode.currency) == (amount, None if amount is None else "EUR")
    assert episode.oddities == ((Oddity.NO_RATE,) if odd else ())


# -- what cannot be true -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("events", "odd"),
    [
        ((contacted(30), moved("mql", 30), moved("customer", 1)), Oddity.WON_BEFORE_CONTACT),
        ((contacted(30), moved("mql", 1)), Oddity.QUALIFIED_BEFORE_CONTACT),
        ((moved("mql", 5), moved("sql", 4)), Oddity.DECIDED_BEFORE_QUALIFIED),
        ((moved("disqualified", 1), moved("mql", 2)), Oddity.DECIDED_BEFORE_QUALIFIED),
        ((moved("mql", 0), delivered(5), touched(1)), Oddity.TOUCHED_BEFORE_DELIVERED),
        ((moved("mql", 0), delivered(5), moved("sql", 1, team="")), Oddity.DECIDED_BEFORE_DELIVERED),
        ((moved("mql", 0), moved("disqualified", 1), moved("mql", 2)), Oddity.REOPENED),
    ],
)
def test_what_cannot_be_true_is_listed(events: tuple[Event, ...], odd: Oddity) -> None:
    """The episode is there with its times, marked."""
    assert odd in one(*events).oddities


def test_a_day_is_enough_for_a_first_contact() -> None:
    """First contacts are told as days: the win of the same day is no oddity."""
    assert Oddity.WON_BEFORE_CONTACT not in one(contacted(10), moved("mql", 10), moved("customer", 9)).oddities


def test_no_origin_is_a_gap_and_unknown_is_none() -> None:
    """`unknown` is what somebody has said."""
    assert Oddity.NO_ORIGIN in one(moved("mql", 0)).oddities
    assert one(moved("mql", 0), told(0, origin="unknown")).oddities == ()


def test_an_echo_takes_nothing_back() -> None:
    """Qualified after a no, and told twice: that is no second qualification."""
    story = moved("disqualified", 1), moved("mql", 2)
    assert of(*story, story[1]) == of(*story)


def test_a_no_before_any_yes_is_no_episode() -> None:
    """Marketing disqualified somebody whom sales never saw."""
    assert of(moved("disqualified", 0), touched(1)) == ()


# -- from decisions to events ------------------------------------------------------------------------------------------
def test_news_becomes_events() -> None:
    """Moves as they were; facts by the fields that hold them, as of the move that counts; delivery; first contact."""
    rules = HandoffRules(
        ("mql",), ("sql",), ("disqualified",), ("customer",), facts={"origin": "source", "contacted": "seen"}
    )
    handoff = Handoff(
        "stage", ("source", "seen", "email", "phone"), rules, entry={"mql": ("email", "phone")}, reachable=("email",)
    )
    moves = (
        Moved("L1", at(1), 2, "mql", "disqualified", "marketing", "kim", "it's \u201ctiming\u201d"),
        Moved("L1", at(2), 2, "sql", "mql", "sales"),
    )
    values = {"source": "web", "seen": "2026-03-01", "email": "x@example.com", "phone": None}
    told = News.read("L1", News(moves, shown=False).text)
    assert told == News(moves, shown=False)
    profile = Profile(None, Rated("B", 100))
    events = moved_events("L1", told, handoff=handoff, values=values, confirmed=at(3), profile=profile)
    first = Contacted("L1", datetime(2026, 3, 1, tzinfo=UTC))
    assert events == (
        *moves,
        Told("L1", at(1), (("complete", "no"), ("grade", "B"), ("origin", "web"), ("valid", "yes"))),
        first,
        Delivered("L1", at(3), "", 2),
    )
    shown = moved_events("L1", News(moves, shown=True), handoff=handoff, values=values, confirmed=at(3))
    assert shown[-1] == Delivered("L1", at(1), "", 2)
    assert fact_events("L1", handoff=handoff, values={"seen": "soon"}, noticed=at(2)) == ()
    web = Told("L1", at(2), (("origin", "web"),))
    assert fact_events("L1", handoff=handoff, values=values, noticed=at(2)) == (web, first)


def test_milliseconds_are_whole() -> None:
    """A part of a millisecond is cut off."""
    episode = one(moved("mql", 0), Delivered("P", MONDAY + timedelta(microseconds=1_999)))
    assert episode.system == 1
