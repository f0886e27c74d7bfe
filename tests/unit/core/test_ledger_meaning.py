"""What counts as what in the ledger: a win that was none, whose yes it was, what was known in time, who closed it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.core.book import Book
from syncd.core.ledger import episodes_of
from syncd.core.ledger_events import moved_events
from syncd.core.news import News
from syncd.model.episode import NO, YES, Born, Deal, Episode, Event, Oddity, State, Told
from syncd.model.handoff import Handoff
from syncd.model.rating import Profile, Rated
from tests.unit.core.ledgers import BOOK, CALENDARS, at, deal, delivered, moved, of, one, told

OF_SALES = Book(BOOK.rules, CALENDARS, sales=frozenset({"sales"}), back=frozenset({"lead"}))
BEGUN: tuple[Event, ...] = moved("mql", 0), told(0, origin="web"), delivered(1)


def by_teams(*events: Event) -> Episode:
    """The only episode of these events, where it is declared who sales is."""
    (episode,) = episodes_of(events, OF_SALES)
    return episode


# -- a deal that is no longer won was none -----------------------------------------------------------------------------
WON = (*BEGUN, moved("sql", 2), deal("open", 3), deal("won", 10), moved("customer", 10, team="system"))


def test_a_deal_that_is_no_longer_won_was_none() -> None:
    """The move that the win called for is no win of its own, wherever the person stands since."""
    assert one(*WON).state is State.WON
    back = one(*WON, deal("open", 20))
    assert (back.state, back.won_at, back.closed_at, back.amount) == (State.OFFERED, None, None, 10_000)
    assert (back.offered_at, back.oddities) == (at(3), ())
    lost = one(*WON, deal("lost", 20))
    assert (lost.state, lost.won_at, lost.closed_at) == (State.LOST, None, at(20))
    moved_on = one(*WON, deal("lost", 20), moved("disqualified", 20, start="customer", team="system"))
    assert (moved_on.state, moved_on.closed_at, moved_on.oddities) == (State.LOST, at(20), ())
    again = one(*WON, deal("open", 20), deal("won", 30))
    assert (again.state, again.won_at) == (State.WON, at(30))


def test_another_win_stands() -> None:
    """Of two deals one is won still; or a person says that they bought, whatever the deal says; or no deal was won."""
    assert one(*WON, deal("won", 11, deal="E"), deal("lost", 20)).won_at == at(11)
    assert one(*WON, deal("won", 9, deal="E"), deal("lost", 20)).won_at == at(9)
    assert one(*BEGUN, deal("won", 10), moved("customer", 11), deal("lost", 20)).won_at == at(11)
    assert one(*BEGUN, moved("customer", 11, team="system")).won_at == at(11)
    assert one(*BEGUN, deal("open", 3), moved("customer", 11, team="system")).won_at == at(11)


def test_what_is_said_of_a_win_later_is_no_second_one() -> None:
    """Qualified once more, and the amount of what was won before is put right; or that was none after all."""
    cycle = (*BEGUN, deal("won", 10), moved("mql", 50, cycle=2))
    first, second = of(*cycle, deal("won", 60, amount=7))
    assert (first.state, first.won_at, first.amount) == (State.WON, at(10), 7)
    assert (second.state, second.won_at, second.amount) == (State.QUALIFIED, None, None)
    first, second = of(*cycle, deal("open", 60, amount=7))
    assert (first.won_at, first.state) == (None, State.RECYCLED)
    assert (second.state, second.amount) == (State.OFFERED, 7)


def test_what_is_sold_after_a_win_is_listed() -> None:
    """Another Opportunity that is open, or was won on a later day; one of the same day, or a lost one, is not."""

    def odd(*more: Event) -> bool:
        return Oddity.SOLD_AGAIN in one(*WON, *more).oddities

    assert not odd()
    assert not odd(deal("won", 12, deal="E"))
    assert odd(deal("open", 12, deal="E"))
    assert odd(deal("open", 12, deal="E"), deal("won", 40, deal="E"))
    assert not odd(deal("open", 12, deal="E"), deal("lost", 40, deal="E"))
    assert not odd(deal("won", 40, amount=7)), "the amount was put right"


# -- whose yes it was --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("team", ["marketing", "system"])
def test_only_sales_says_yes(team: str) -> None:
    """Whoever handed them over, or a workflow, has moved them on: sales has decided nothing, and nothing is due."""
    episode = by_teams(*BEGUN, told(0, grade="A"), moved("sql", 2, team=team, by="mia"))
    assert (episode.state, episode.accepted_at, episode.decision) == (State.ACCEPTED, None, None)
    assert (episode.sdr, episode.oddities) == (None, (Oddity.MOVED_ON,))
    assert (episode.decision_due, episode.members[0].decision_due) == (None, None)
    assert episode.touch_due is not None, "nobody of sales has spoken to them"


def test_nobody_known_may_be_of_sales() -> None:
    """Where no history tells who moved them, it counts as the answer, and is to nobody's credit."""
    episode = by_teams(*BEGUN, moved("sql", 2, team="", by="x"))
    assert (episode.accepted_at, episode.sdr, episode.oddities) == (at(2), None, ())


@pytest.mark.parametrize(
    ("then", "state", "accepted", "rejected"),
    [
        (moved("opportunity", 5), State.OFFERED, at(5), None),
        (deal("open", 5), State.OFFERED, at(5), None),
        (moved("customer", 5, team="system"), State.WON, at(5), None),
        (moved("disqualified", 5), State.REJECTED, None, at(5)),
        (moved("disqualified", 5, team="marketing"), State.WITHDRAWN, None, None),
        (moved("lead", 5, start="sql"), State.RECYCLED, None, None),
    ],
)
def test_sales_answers_afterwards(then: Event, state: State, accepted: object, rejected: object) -> None:
    """What sales says of somebody whom marketing has moved on is its first word on them."""
    episode = by_teams(*BEGUN, moved("sql", 2, team="marketing"), then)
    assert (episode.state, episode.accepted_at, episode.rejected_at) == (state, accepted, rejected)
    assert (Oddity.MOVED_ON in episode.oddities) == (accepted is None and rejected is None)


def test_moved_on_too_late_was_late() -> None:
    """Sales' time had run out before somebody else moved them on."""
    begun = (*BEGUN, told(0, grade="A"))
    (due,) = {each.decision_due for each in (by_teams(*begun),)}
    assert due is not None
    late = by_teams(*begun, replace(moved("sql", 0, team="system"), at=due.replace(hour=23)))
    assert (late.decision_due, late.accepted_at) == (due, None)


def test_a_colleague_still_waits() -> None:
    """One of two people of a company was moved on; the other one is to be answered."""
    company = (*BEGUN, told(0, company="C", grade="A"))
    other = (moved("mql", 2, "Q"), told(2, "Q", company="C"), delivered(2, "Q"))
    both = by_teams(*company, *other, moved("sql", 3, team="marketing"))
    assert both.decision_due is not None
    assert [each.decision_due is None for each in both.members] == [True, True]  # only grade A has a time for it
    assert (both.state, both.oddities) == (State.ACCEPTED, (Oddity.MOVED_ON,))


def test_an_offer_of_marketings_is_no_yes_of_sales() -> None:
    """There is no deal: a stage alone, and what sales says to it is a no."""
    stage = moved("opportunity", 2, team="marketing")
    assert by_teams(*BEGUN, stage).accepted_at is None
    assert by_teams(*BEGUN, stage, moved("disqualified", 5)).state is State.REJECTED
    assert by_teams(*BEGUN, stage, deal("open", 3)).accepted_at == at(3)
    assert by_teams(*BEGUN, moved("opportunity", 2, team="system")).accepted_at == at(2), "as it follows a deal"


def test_whoever_was_never_handed_over_is_not_moved_on() -> None:
    """Nobody asked sales."""
    episode = by_teams(moved("sql", 2, team="marketing"), told(2, origin="web"))
    assert (episode.born, episode.state) == (Born.UNASKED, State.ACCEPTED)
    assert (episode.accepted_at, episode.oddities) == (None, (Oddity.NEVER_QUALIFIED,))


# -- what was known in time --------------------------------------------------------------------------------------------
def test_what_came_later_caused_nothing() -> None:
    """A last touch, grade or persona of later is none of the qualification; a source and a company are as ever."""
    late = told(120, last_touch="demo", grade="A", persona="x", origin="web", asset="guide", company="C")
    episode = one(moved("mql", 0), delivered(1), late)
    assert (episode.last_touch, episode.grade, episode.persona) == (None, None, None)
    assert (episode.origin, episode.asset, episode.company) == ("web", "guide", "C")
    assert one(moved("mql", 0), told(0, last_touch="fair"), late).last_touch == "fair"


LOOKED_AT = Handoff("stage", ("source",), replace(BOOK.rules, facts={"last_touch": "source", "owner": "owner"}))


def test_what_is_noticed_late_was_known_in_time() -> None:
    """Sales had answered before syncd looked: what it sees is told of the qualification, the owner of now."""
    news = News((moved("mql", 0), moved("sql", 2)), shown=True)
    values = {"source": "fair", "owner": "user:ann"}
    profile = Profile(None, Rated("B", 100))
    events = moved_events("P", news, handoff=LOOKED_AT, values=values, confirmed=at(3), profile=profile)
    who = [each for each in events if isinstance(each, Told)]
    assert [(each.at, dict(each.facts)) for each in who] == [
        (at(0), {"last_touch": "fair", "grade": "B", "valid": "no"}),
        (at(2), {"owner": "user:ann"}),
    ]
    assert (one(*events).last_touch, one(*events).grade) == ("fair", "B")


def test_no_entry_field_is_no_complete_one() -> None:
    """Where none is declared nothing is told; else whether all of them were filled."""
    news = News((moved("mql", 0),), shown=True)

    def complete(entry: tuple[str, ...]) -> str | None:
        handoff = replace(LOOKED_AT, entry={"mql": entry} if entry else {})
        return one(*moved_events("P", news, handoff=handoff, values={"source": "fair"}, confirmed=at(3))).complete

    assert (complete(()), complete(("source",)), complete(("source", "email"))) == (None, YES, NO)


def test_who_was_sent_incomplete_stays_so() -> None:
    """Filled in since, and told as of the day on which they were sent; the next cycle is another sending."""
    sent = moved("mql", 0), told(0, complete=YES)
    assert one(*sent, told(1, complete=NO)).complete == NO
    assert one(*sent, told(-1, complete=NO)).complete == YES
    first, second = of(*sent, told(1, complete=NO), moved("mql", 50, cycle=2), told(50, complete=YES))
    assert (first.complete, second.complete) == (NO, YES)


# -- who closed it -----------------------------------------------------------------------------------------------------
def closed(state: str, hours: float, *, owner: str = "", by: str = "", team: str = "sales", **more: str) -> Deal:
    """A deal with somebody behind it."""
    return replace(deal(state, hours, **more), owner=owner, by=by, team=team)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "ae"),
    [
        ((closed("open", 3, owner="ada"),), "ada"),
        ((closed("won", 3, owner="ada", by="bob"),), "ada"),
        ((closed("won", 3, by="bob"),), "bob"),
        ((closed("won", 3, by="flow", team="system"),), None),
        ((closed("open", 3, by="bob"),), None),
        ((closed("won", 3, owner="ada"), closed("open", 5, owner="cid", deal="E")), "ada"),
        ((closed("open", 3, owner="ada"), closed("won", 5, by="bob", deal="E")), "bob"),
        ((closed("won", 3, owner="ada"), closed("won", 5, owner="cid")), "cid"),
        ((closed("lost", 3, owner="ada"),), "ada"),
        ((told(2, ae="eve"), closed("won", 3, owner="ada")), "ada"),
        ((told(2, ae="eve"), closed("won", 3, by="bob")), "eve"),
        ((deal("won", 3),), None),
    ],
)
def test_the_deal_says_who_closes_it(events: tuple[Event, ...], ae: str | None) -> None:
    """Its owner; else whom the person's field names; else who won it, never automation; of several the first win's."""
    assert one(*BEGUN, *events).ae == ae
