"""Terms as a text that is kept: the book that is made of it judges as the one it was made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given

from syncd.core.book import Book
from syncd.core.ledger import episodes_of, judged
from syncd.core.terms import book_of, terms_id, text_of
from syncd.model.calendar import Calendar, Calendars, Holidays
from syncd.model.episode import Event
from syncd.model.handoff import Handoff
from syncd.model.lifecycle import Commitments, Span, Unit
from tests.unit.core.ledgers import CALENDARS, RULES, WEEK, at, deal, delivered, moved, told, touched
from tests.unit.core.test_ledger_laws import histories

NEW_YORK = Calendar(
    "ny",
    "New York",
    "America/New_York",
    WEEK,
    Holidays("US", "NY", ("Columbus Day",)),
    frozenset({date(2026, 3, 4)}),
    frozenset({(12, 24)}),
)
HANDOFF = Handoff(
    "stage",
    ("stage",),
    RULES,
    calendars=Calendars({**CALENDARS.by_key, "ny": NEW_YORK}, "ny", CALENDARS.users, CALENDARS.queues),
    back=frozenset({"lead"}),
    sales=frozenset({"sales"}),
)
HERE = book_of(text_of(HANDOFF))
QUICK = replace(HANDOFF, rules=replace(RULES, touch_within={"other": Span(1, Unit.HOUR)}))


@given(histories)
def test_the_book_of_a_text_judges_as_the_one_it_was_made_of(events: list[Event]) -> None:
    """Whatever happened."""
    terms = terms_id(text_of(HANDOFF))
    given_book = Book(RULES, HANDOFF.calendars, sales=HANDOFF.sales, back=HANDOFF.back, terms=terms)
    assert episodes_of(events, HERE) == episodes_of(events, given_book)


@pytest.mark.parametrize(
    "other",
    [
        QUICK,
        replace(HANDOFF, rules=replace(RULES, decide_within={})),
        replace(HANDOFF, rules=replace(RULES, rejected=("nurture",), recycled=())),
        replace(HANDOFF, rules=replace(RULES, born=())),
        replace(HANDOFF, calendars=replace(HANDOFF.calendars, default="utc")),
        replace(HANDOFF, calendars=replace(HANDOFF.calendars, users={})),
        replace(HANDOFF, calendars=replace(HANDOFF.calendars, queues={})),
        replace(HANDOFF, calendars=Calendars({"ny": replace(NEW_YORK, closed=frozenset())}, "ny")),
        replace(HANDOFF, back=frozenset()),
        replace(HANDOFF, sales=frozenset()),
        replace(HANDOFF, rules=replace(RULES, currency="EUR")),
    ],
)
def test_whatever_judges_is_a_part_of_it(other: Handoff) -> None:
    """Each of these is other terms; what judges nobody is none."""
    assert text_of(other) != text_of(HANDOFF)
    same = replace(HANDOFF, rules=replace(RULES, facts={"owner": "owner"}, commitments=Commitments(volume=9)))
    assert text_of(same) == text_of(HANDOFF)


def test_what_is_over_keeps_its_rate() -> None:
    """A dollar was worth 0.90 when it was won, and 0.80 when the next one is: no win of the past is another by that."""

    def rated(rate: str) -> Book:
        return book_of(text_of(replace(HANDOFF, rules=replace(RULES, currency="EUR", rates={"USD": Decimal(rate)}))))

    then, now = rated("0.90"), rated("0.80")
    events = (moved("mql", 0), delivered(0), moved("customer", 2), deal("won", 2, amount=1_000, currency="USD"))
    (before,) = episodes_of(events, then)
    assert (before.amount, before.currency) == (900, "EUR")
    assert judged(events, now, {before.id: then}) == (before,)
    assert [each.amount for each in episodes_of(events, now)] == [800]


def test_what_is_over_keeps_its_terms_and_what_is_open_again_does_not() -> None:
    """P ended when a day was the limit; by now it is an hour. A later fact leaves that; taken back, the hour counts."""
    today = book_of(text_of(QUICK))
    ended = (moved("mql", 0), delivered(0), told(0, origin="fair"), touched(30), moved("disqualified", 40))
    (before,) = episodes_of(ended, HERE)
    earlier = {before.id: HERE}
    assert judged([*ended, told(50, sdr="sam")], today, earlier) == (replace(before, sdr="sam"),)
    taken_back = [*ended, moved("sql", 60)]
    assert judged(taken_back, today, earlier) == episodes_of(taken_back, today)
    joined = [moved("mql", 41, "Q"), delivered(41, "Q"), told(41, "Q", origin="fair")]
    assert judged([*ended, *joined], today, earlier) == (before, *episodes_of(joined, today))


def test_whoever_would_share_an_episode_by_new_terms_has_one() -> None:
    """By today's meanings P's handoff would be open when Q came, and Q would have joined; P's was over by its own."""
    company = [told(0, company="C", origin="fair"), told(20, "Q", company="C", origin="fair")]
    history = [moved("mql", 0), moved("disqualified", 10), moved("mql", 20, "Q"), *company]
    other = book_of(text_of(replace(HANDOFF, rules=replace(RULES, rejected=("nurture",), recycled=()))))
    first, second = episodes_of(history, HERE)
    assert len(episodes_of(history, other)) == 1
    kept = judged(history, other, {first.id: HERE})
    assert [[each.person for each in episode.members] for episode in kept] == [["P"], ["Q"]]
    assert (kept[0], kept[1].opened_at, second.opened_at) == (first, at(20), at(20))
