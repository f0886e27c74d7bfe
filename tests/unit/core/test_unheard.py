"""What a ledger that was kept by looking knows already is not told twice; what comes after it is told."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.core.unheard import unheard
from syncd.model.episode import Delivered, Event
from syncd.model.values import Instant
from tests.unit.core.ledgers import RULES, at, moved, told


def delivered(hours: float, cycle: int | None = 1) -> Delivered:
    """Sales can see P, in the words of a Base that has settled."""
    return Delivered("P", at(hours), cycle=cycle)


def new(events: Sequence[Event], known: Sequence[Event], *, now: Instant) -> list[Event]:
    """What is new of these events."""
    return unheard(events, known, now=now, qualified=RULES.qualified)


SEEN = (moved("mql", 0), delivered(1))


def test_the_same_told_again_says_nothing_new() -> None:
    """As it was, or from the other side's copy, minutes later and by whoever copied it."""
    assert new(SEEN, SEEN, now=at(3)) == []
    assert new([moved("mql", 0.1, by="copier"), delivered(2)], SEEN, now=at(3)) == []


def test_a_copy_that_comes_after_the_delivery_delivers_nobody() -> None:
    """Sales could see them in the CRM first."""
    assert new([moved("mql", 1.5, by="copier"), delivered(2)], SEEN, now=at(3)) == []


def test_who_is_handed_over_once_more_is_delivered_once_more() -> None:
    """Sent back within the same cycle and qualified again: sales sees them from the second delivery on."""
    known = [*SEEN, moved("lead", 5)]
    again = [moved("mql", 10), delivered(90)]
    assert new(again, known, now=at(91)) == again
    assert new(again, [*known, *again], now=at(92)) == []


def test_a_move_that_was_seen_long_before_the_delivery_is_delivered() -> None:
    """The ledger heard of the second handoff by looking, and the CRM showed it later."""
    known = [*SEEN, moved("lead", 5), moved("mql", 10)]
    assert new([moved("mql", 10), delivered(90)], known, now=at(91)) == [delivered(90)]


def test_a_move_of_sales_delivers_nobody_once_more() -> None:
    """All moves of a cycle are told again with the one that is new."""
    moves = [moved("mql", 0), moved("sql", 20)]
    assert new([*moves, delivered(21)], SEEN, now=at(21)) == [moves[1]]


def test_the_next_cycle_has_its_own_delivery() -> None:
    """Whatever was delivered before."""
    again = [moved("mql", 50, cycle=2), delivered(51, 2)]
    assert new(again, [*SEEN, moved("lead", 40)], now=at(52)) == again


def test_a_fact_that_is_no_news_is_not_dated_anew() -> None:
    """And one that is, without a move, is dated with the moment in which it is heard."""
    known = [*SEEN, told(0, owner="ann")]
    assert new([told(4, owner="ann")], known, now=at(5)) == []
    assert new([told(4, owner="bo")], known, now=at(5)) == [told(5, owner="bo")]
