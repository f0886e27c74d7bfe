"""A deal that is no longer somebody's: deleted, or another contact's; what it leaves behind with whoever had it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from syncd.core.book import Book
from syncd.core.dealing import Saying, deals_of, told, without
from syncd.core.layout import EMPTY_BASE
from syncd.core.ledger import episodes_of
from syncd.model.episode import DealState, State
from syncd.model.lifecycle import OTHER, Span, Unit
from tests.unit.core.ledgers import CALENDARS, RULES, at, deal, delivered, moved, of, one, touched

BEGUN = (moved("mql", 0), delivered(0), touched(1))
ACCEPTED = (*BEGUN, moved("sql", 2))
CALLED = moved("opportunity", 5, team="system"), moved("customer", 10, team="system")


def test_whose_deal_was_deleted_is_offered_no_more() -> None:
    """They are with sales as before; nothing is in the pipeline, though a workflow's move told of a deal."""
    episode = one(*ACCEPTED, deal("open", 5), CALLED[0], deal("gone", 8))
    assert (episode.state, episode.amount, episode.offered_at, episode.ae) == (State.ACCEPTED, None, None, None)
    assert episode.accepted_at == at(2)
    other = one(*ACCEPTED, deal("open", 5), CALLED[0], deal("open", 5, deal="E", amount=7), deal("gone", 8))
    assert (other.state, other.amount) == (State.OFFERED, 7)
    by_hand = one(*ACCEPTED, deal("open", 5), moved("opportunity", 5), deal("gone", 8))
    assert (by_hand.state, by_hand.amount) == (State.OFFERED, None)


def test_the_yes_that_a_deal_said_holds() -> None:
    """Sales made a deal without any other word: nobody is late with an answer, or with doing more, since it went."""
    book = Book(replace(RULES, work_within={OTHER: Span(1, Unit.HOUR)}), CALENDARS)
    known = [moved("mql", 0), delivered(0), deal("open", 5)]
    (before,) = episodes_of(known, book)
    (after,) = episodes_of([*known, deal("gone", 80)], book)
    assert (before.state, after.state) == (State.OFFERED, State.ACCEPTED)
    assert (after.accepted_at, after.decision_due) == (at(5), before.decision_due)
    assert (after.members[0].work_due, after.members[0].decision_due) == (None, None)


def test_one_opportunity_is_won_once_whoever_has_it() -> None:
    """It is given to another contact after it was won: their amount alone counts. Who had it stays a customer."""
    mine = (*ACCEPTED, deal("open", 5), deal("won", 10), CALLED[1])
    theirs = (moved("mql", 1, "Q"), delivered(1, "Q"), deal("won", 10, "Q"))
    assert [each.amount for each in of(*mine, *theirs)] == [10_000, 10_000], "what the flaw was"
    found = of(*mine, deal("gone", 20), *theirs)
    assert [(each.state, each.amount) for each in found] == [(State.WON, None), (State.WON, 10_000)]


def test_a_win_that_moved_nobody_goes_with_its_deal() -> None:
    """Whom no stage calls a customer is with sales again."""
    episode = one(*ACCEPTED, deal("won", 10), deal("gone", 20))
    assert (episode.state, episode.won_at, episode.closed_at, episode.amount) == (State.ACCEPTED, None, None, None)


def test_what_was_lost_stays_lost() -> None:
    """Sales tidies up: nobody comes back into the handoff by it."""
    lost = (*ACCEPTED, deal("open", 5), deal("lost", 10))
    assert one(*lost, deal("gone", 20)) == one(*lost)


def test_what_comes_back_is_as_it_was() -> None:
    """Restored, or given back: won on its own day, once."""
    won = (*ACCEPTED, deal("open", 5), deal("won", 10))
    assert one(*won, deal("gone", 20), deal("won", 30)) == one(*won)


def test_nothing_is_left_of_whoever_had_nothing_but_the_deal() -> None:
    """As if it had never been."""
    assert of(deal("open", 5), deal("gone", 8)) == ()
    assert of(deal("gone", 8)) == (), "nor of whom nothing else was told"


def test_what_is_kept_of_it_dates_what_is_told_later() -> None:
    """That it went is told once, and its coming back is later than that, whatever a vendor's clock says."""
    says = Saying("P", DealState.OPEN, 5, "EUR", "", "")
    base, first = told("P", EMPTY_BASE, "D", says, at=at(5))
    base, gone = without("P", base, "D", at=at(3))
    assert gone is not None
    assert (gone.state, gone.at > first.at, gone.at - first.at < timedelta(seconds=1)) == (DealState.GONE, True, True)
    assert deals_of("P", base.agreed) == ()
    assert without("P", base, "D", at=at(9)) == (base, None)
    assert without("P", EMPTY_BASE, "D", at=at(9)) == (EMPTY_BASE, None)
    again, last = told("P", base, "D", says, at=at(4))
    assert last.at > gone.at
    assert [each.state for each in deals_of("P", again.agreed) or ()] == [DealState.OPEN]
