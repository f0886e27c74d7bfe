"""Who is deleted, merged away or unlinked while they are handed over: nobody waits for them, until they are back."""

from __future__ import annotations

import pytest

from syncd.core.handed import handed
from syncd.model.episode import Departed, Event, State
from tests.unit.core.ledgers import BOOK, at, deal, delivered, moved, of, one, told, touched

BEGUN = (told(0, company="C"), moved("mql", 0), delivered(0))
GONE = Departed("P", at(30))
BACK = Departed("P", at(40), back=True)


@pytest.mark.parametrize(
    ("before", "state"),
    [
        ((), State.WITHDRAWN),
        ((touched(3),), State.WITHDRAWN),
        ((moved("sql", 3),), State.RECYCLED),
        ((moved("sql", 3), deal("open", 5)), State.RECYCLED),
    ],
)
def test_what_is_open_ends_with_the_record(before: tuple[Event, ...], state: State) -> None:
    """Before a yes it is nobody's no; nothing is due any more, on the record neither."""
    episode = one(*BEGUN, *before, GONE)
    assert (episode.state, episode.closed_at, episode.rejected_at) == (state, at(30), None)
    member = episode.members[0]
    assert (member.touch_due, member.decision_due, member.work_due) == (None, None, None)
    shown = handed([*BEGUN, *before, GONE], BOOK)["P"]
    assert (shown.respond_by, shown.in_sales_hands) == (None, False)


def test_what_has_ended_stays_as_it_ended() -> None:
    """A no before it, and a deal that is won while the record is in the recycle bin."""
    for ending in (moved("disqualified", 5, start="mql"), deal("won", 5), deal("won", 35)):
        assert one(*BEGUN, ending, GONE) == one(*BEGUN, ending)


def test_who_is_back_goes_on() -> None:
    """As if they had never been away; and away once more they are."""
    assert one(*BEGUN, GONE, BACK) == one(*BEGUN)
    assert one(*BEGUN, GONE, BACK, Departed("P", at(50))).closed_at == at(50)


def test_a_colleague_joins_nobody_who_is_gone() -> None:
    """One company is one handoff, for as long as there is one; a colleague who is there goes on with it."""
    later = told(50, "Q", company="C"), moved("mql", 50, "Q"), delivered(50, "Q")
    assert [each.state for each in of(*BEGUN, GONE, *later)] == [State.WITHDRAWN, State.DELIVERED]
    sooner = told(5, "Q", company="C"), moved("mql", 5, "Q"), delivered(5, "Q")
    shared = one(*BEGUN, GONE, *sooner)
    assert [each.state for each in shared.members] == [State.WITHDRAWN, State.DELIVERED]
    assert shared.closed_at is None
