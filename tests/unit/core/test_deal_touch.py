"""Whoever has an Opportunity was touched: somebody of sales has made it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.core.handed import handed
from syncd.model.episode import DealState, Event
from tests.unit.core.ledgers import BOOK, at, deal, delivered, moved, one, told

HANDED = moved("mql", 0), delivered(0.5), told(0, grade="A")


@pytest.mark.parametrize(
    ("deals", "touched"),
    [
        ([deal("open", 1.5)], 1.5),
        ([deal("won", 1.5)], 1.5),
        ([deal("open", 1.5), deal("open", 2, amount=5), deal("open", 3, deal="E")], 1.5),
        ([deal("open", 1.5), replace(deal("open", 2), state=DealState.GONE)], 1.5),
        ([deal("open", -1)], 0.5),
        ([deal("open", -2, deal="E"), deal("lost", -1, deal="E"), deal("open", 1.5)], 1.5),
        ([], None),
    ],
    ids=["made", "won at once", "edited since", "another's since", "open when they came", "one lost before", "none"],
)
def test_the_first_word_of_a_deal_is_a_touch(deals: list[Event], touched: float | None) -> None:
    """Nobody waits for a first touch then; who had an open one before is in touch as soon as sales sees them."""
    episode = one(*HANDED, *deals)
    assert episode.touched_at == (None if touched is None else at(touched))
    (member,) = episode.members
    assert (member.touch_due is None) == (touched is not None)


def test_an_edit_of_a_deal_is_no_later_touch() -> None:
    """The amount may be anybody's: sales' last touch is when there came to be a deal."""
    shown = handed([*HANDED, deal("open", 1.5), deal("open", 9, amount=5)], BOOK)
    assert shown["P"].last_touch == at(1.5)
