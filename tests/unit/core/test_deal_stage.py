"""What deals say about a person's stage: won, reopened, lost, several at once, and what nobody may move."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.deal_stage import as_they_stand, called_for, deciding
from syncd.core.dealing import is_over, still_called
from syncd.model.beside import called_of, moved_of
from syncd.model.episode import Deal, DealState
from syncd.model.lifecycle import NEW, SYSTEM, AuthorSort, HandoffRules, Lifecycle, Move, Standing, Transition
from syncd.model.values import Pair

START = datetime(2026, 3, 1, tzinfo=UTC)
OPEN, WON, LOST = DealState.OPEN, DealState.WON, DealState.LOST
HANDOFF = HandoffRules(
    qualified=("mql",), accepted=("sql",), rejected=("no",), won=("customer",), offered=("opportunity",),
    recycled=("parked", "recycled"),
)  # fmt: skip
EDGES = (
    ("sql", "opportunity"), ("opportunity", "customer"), ("customer", "opportunity"), ("opportunity", "recycled"),
    ("recycled", "opportunity"), (NEW, "opportunity"),
)  # fmt: skip
LIFECYCLE = Lifecycle(
    "person", "stage", (), tuple(Transition(start, end, (SYSTEM,)) for start, end in EDGES), handoff=HANDOFF
)


def deals(*states: DealState | None) -> list[Deal]:
    """One deal a state, each a day after the one before it; none for ``None``."""
    return [
        Deal("ann", START + timedelta(days=day), f"d{day}", state, reason="budget" if state is LOST else "")
        for day, state in enumerate(states)
        if state is not None
    ]


@pytest.mark.parametrize(
    ("stage", "before", "now", "expected"),
    [
        # one deal
        ("sql", (), (OPEN,), "opportunity"),
        ("opportunity", (OPEN,), (WON,), "customer"),
        ("opportunity", (OPEN,), (LOST,), "recycled"),  # not "parked": automation may not move anybody there
        ("customer", (WON,), (OPEN,), "opportunity"),  # reopened
        ("recycled", (LOST,), (OPEN,), "opportunity"),  # reopened
        ("opportunity", (), (WON,), "customer"),  # made and won between two looks
        (None, (), (OPEN,), "opportunity"),
        # nothing happened to what decides
        ("sql", (OPEN,), (OPEN,), None),  # moved back by hand
        ("opportunity", (WON,), (WON,), None),
        ("opportunity", (), (OPEN,), None),  # there already
        ("customer", (), (), None),
        # several deals: the best one decides
        ("customer", (WON,), (WON, OPEN), None),  # a customer buys again
        ("customer", (WON, OPEN), (WON, LOST), None),
        ("opportunity", (OPEN, OPEN), (LOST, OPEN), None),  # one of two is lost
        ("opportunity", (LOST, OPEN), (LOST, LOST), "recycled"),
        ("opportunity", (OPEN, OPEN), (WON, OPEN), "customer"),
        ("customer", (WON, OPEN), (OPEN, OPEN), "opportunity"),
        # a deal that is gone calls for nothing by itself
        ("opportunity", (OPEN,), (), None),
        ("customer", (WON, OPEN), (None, OPEN), "opportunity"),
    ],
)
def test_what_a_change_calls_for(
    stage: str | None, before: tuple[DealState, ...], now: tuple[DealState | None, ...], expected: str | None
) -> None:
    """Stage, deals before, deals now, and where they belong then."""
    move = called_for(stage, before=deals(*before), now=deals(*now), lifecycle=LIFECYCLE)
    assert (move.stage if move else None) == expected
    assert move is None or move.author.sort is AuthorSort.SYSTEM


def test_a_loss_brings_its_reason_and_its_time() -> None:
    """Of the deal that was lost last."""
    lost = [*deals(LOST), Deal("ann", START + timedelta(days=9), "d9", LOST, reason="timing")]
    move = called_for("opportunity", before=deals(OPEN), now=lost, lifecycle=LIFECYCLE)
    assert move is not None
    assert (move.reason, move.at) == ("timing", START + timedelta(days=9))


def test_a_move_that_nobody_declared_is_called_for_all_the_same() -> None:
    """It is listed by the lifecycle then, not dropped here; and without agreed meanings nobody is moved."""
    move = called_for("mql", before=(), now=deals(WON), lifecycle=LIFECYCLE)
    assert move is not None
    assert move.stage == "customer"
    bare = Lifecycle("person", "stage", (), LIFECYCLE.transitions)
    assert called_for("mql", before=(), now=deals(WON), lifecycle=bare) is None
    no = HandoffRules(qualified=("mql",), accepted=("sql",), rejected=("no",), won=("customer",))
    plain = Lifecycle("person", "stage", (), (), handoff=no)
    lost = called_for("opportunity", before=deals(OPEN), now=deals(LOST), lifecycle=plain)
    assert lost is not None
    assert lost.stage == "no", "a loss is sales' no where nothing else is agreed"
    assert called_for("sql", before=(), now=deals(OPEN), lifecycle=plain) is None, "no stage means that there is a deal"


def test_the_latest_word_on_a_deal_counts() -> None:
    """Told late and in any order; of one instant, the better state."""
    day = timedelta(days=1)
    told = [Deal("ann", START + day, "d", OPEN), Deal("ann", START, "d", WON), Deal("ann", START + 2 * day, "d", LOST)]
    assert [deal.state for deal in as_they_stand(told)] == [LOST]
    assert [deal.state for deal in as_they_stand([Deal("ann", START, "d", LOST), Deal("ann", START, "d", WON)])] == [
        WON
    ]


STATES = st.lists(st.sampled_from([OPEN, WON, LOST]), max_size=4)


@given(before=STATES, now=STATES, stage=st.sampled_from([None, "sql", "opportunity", "customer", "recycled"]))
def test_laws(before: list[DealState], now: list[DealState], stage: str | None) -> None:
    """Order does not matter, nothing moves by itself, and who was moved is moved no further."""
    old, new = deals(*before), deals(*now)
    move = called_for(stage, before=old, now=new, lifecycle=LIFECYCLE)
    assert called_for(stage, before=old[::-1], now=new[::-1], lifecycle=LIFECYCLE) == move
    assert called_for(stage, before=new, now=new, lifecycle=LIFECYCLE) is None
    if move is not None:
        assert called_for(move.stage, before=old, now=new, lifecycle=LIFECYCLE) is None
        best = deciding(new)
        assert best is not None
        assert all(best.state is WON or deal.state is not WON for deal in new)


@pytest.mark.parametrize(
    ("stage", "hours", "over"),
    [
        ("sql", 1, True),
        ("sql", None, True),
        ("sql", 0, False),
        ("sql", -1, False),
        ("customer", 1, False),
    ],
)
def test_a_call_is_over_once_somebody_has_moved_them_on(stage: str, hours: int | None, *, over: bool) -> None:
    """Who stands elsewhere by a move from before the call, which was only heard of later, has not been moved on."""
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    call = Move("customer", at=at)
    moved = Standing(stage, (Move(stage, at=None if hours is None else at + timedelta(hours=hours)),))
    for standing in (Pair(moved, Standing("customer")), Pair(Standing("customer"), moved)):
        assert is_over(call, "customer", standing) is over
        assert not is_over(call, "sql", standing), "it was not agreed on yet"


@pytest.mark.parametrize(
    ("stage", "moved", "at"),
    [
        ("sql", None, 9),  # moved before syncd kept it
        ("sql", "08 08", 9),
        ("sql", "10 ", 10),  # noticed later, or made by automation: it is made all the same, and told after that
        ("sql", "10 08", 10),
        ("sql", "10 09", 10),  # at the same moment
        ("sql", "10 10", None),
        ("sql", "11 10", None),
        ("customer", "10 10", 9),  # agreed on already, and to be shown by both sides
    ],
)
def test_what_is_still_called_for(stage: str, moved: str | None, at: int | None) -> None:
    """The agreed stage, the hours at which it was entered and last set by hand, and when a call of nine is made."""

    def hour(text: str) -> str:
        return text and f"2026-03-02T{text}:00:00.000Z"

    agreed = {"stage": stage, called_of("stage"): json.dumps(["customer", hour("09"), None])}
    if moved is not None:
        agreed[moved_of("stage")] = " ".join(map(hour, moved.split(" ")))
    call = still_called(agreed, "stage")
    assert (None if call is None else call.at and call.at.hour) == at
