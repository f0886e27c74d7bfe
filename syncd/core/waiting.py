"""How it goes with each person of an episode: whether sales is done with them, and by when it has to be.

One company is one handoff, but people wait one by one. Whoever of sales has done something about one of them since a
person came has spoken to that person's company, so that is everybody's first touch. What sales decides it decides of
each of them: a yes to one is no answer to the next, and each one's no has its own reason. So nobody waits unseen once
the first of them is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from syncd.core.book import Book
from syncd.core.legs import Leg
from syncd.core.tenures import NO_LIMIT, clocked
from syncd.model.episode import Meaning, Member, State
from syncd.model.values import Instant

_ENDS: Final = {
    Meaning.LOST: State.LOST,
    Meaning.RECYCLED: State.RECYCLED,
    Meaning.RETURNED: State.RECYCLED,
    Meaning.WON: State.WON,
}


def member_of(leg: Leg, legs: Sequence[Leg], book: Book) -> Member:
    """One person of an episode. ``legs`` are all of it."""
    delivered = leg.delivered_after(leg.qualified)
    since = leg.qualified or leg.opened
    touched = min((at for each in legs for at in each.by_sales() if at >= since), default=None)
    taken_up = leg.accepted or leg.moved_on
    state = _ended(leg) if leg.ended is not None else reached(delivered, touched, taken_up, leg.offered)
    grade, persona = leg.facts.get("grade"), leg.facts.get("persona")
    touch = decision = NO_LIMIT
    begin = delivered if leg.again is None else _again(leg, leg.again)
    if leg.ended is None and delivered is not None and touched is None:
        touch = clocked(book, leg.tenures, begin, None, book.touch_limit(grade, persona), restarts=True).runs
    if leg.unanswered and delivered is not None:
        decision = clocked(book, leg.tenures, begin, None, book.decision_limit(grade, persona), restarts=False).runs
    work = NO_LIMIT
    if leg.ended is None and delivered is not None and leg.accepted is not None and not _worked(leg, legs, since):
        yes = max(leg.accepted, delivered)
        work = clocked(book, leg.tenures, yes, None, book.work_limit(grade, persona), restarts=True).runs
    return Member(
        person=leg.person,
        cycle=leg.cycle,
        at=leg.opened,
        qualified=leg.qualified is not None,
        state=state,
        closed_at=leg.ended,
        reason=leg.reason or None if leg.ended is not None else None,
        owner=leg.owner,
        persona=persona,
        grade=grade,
        touch_warned=touch.warned,
        touch_due=touch.due,
        decision_warned=decision.warned,
        decision_due=decision.due,
        work_warned=work.warned,
        work_due=work.due,
    )


def _worked(leg: Leg, legs: Sequence[Leg], since: Instant) -> bool:
    """Whether sales has done more about them than to say yes: an activity since they came, also before it, or a deal.

    A change of the stage is a touch for the clocks, but nobody has heard from sales by it.
    """
    dealt = leg.offered is not None or leg.parted is not None
    return dealt or any(touch.at >= since for each in legs for touch in each.touches)


def ended(last: Leg, accepted: Instant | None, offered: Instant | None) -> State:
    """How somebody's end counts, by how far it had come."""
    if last.withdrawn and accepted is None:
        return State.WITHDRAWN
    if last.ending in _ENDS:
        return _ENDS[last.ending]
    if accepted is None:
        return State.REJECTED
    return State.RECYCLED if offered is None else State.LOST


def reached(
    delivered: Instant | None, touched: Instant | None, accepted: Instant | None, offered: Instant | None
) -> State:
    """How far somebody is who has not ended."""
    for at, state in ((offered, State.OFFERED), (accepted, State.ACCEPTED), (touched, State.TOUCHED)):
        if at is not None:
            return state
    return State.QUALIFIED if delivered is None else State.DELIVERED


def _ended(leg: Leg) -> State:
    return State.WON if leg.won is not None else ended(leg, leg.accepted, leg.offered)


def _again(leg: Leg, again: Instant) -> Instant:
    """When sales' time begins for somebody who was taken back and qualified again: once they are visible again."""
    return min((each.at for each in leg.deliveries if each.at >= again), default=again)
