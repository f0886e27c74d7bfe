"""From events to episodes: who was handed over, what sales made of it, and how long everything took.

* One *leg* is one cycle of one person; whatever is said of that cycle belongs to it, in whatever order it was heard.
* A leg begins when the person is qualified, found by sales, or taken up without either. Whoever is qualified while an
  episode of their company is open joins it: one company is one handoff, with one owner.
* Sales' last word counts. A no that was taken back in the same cycle is listed, and so is what cannot be true: such an
  episode keeps its times, and no clock is computed from them.

Promises: the order of events does not matter, and an event told twice is one; every qualification is in exactly one
episode; no history raises, and none is dropped; no clock is negative. To be computed anew whenever an event is added,
from all events of the people of one company (``syncd.engine.booking``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from syncd.core.book import Book
from syncd.core.legs import AS_IT_WAS, Leg, legs_of
from syncd.core.sales import Deals, day_of
from syncd.core.tenures import Clocked, Limit, Tenure, clocked
from syncd.core.waiting import ended, member_of, reached
from syncd.model.episode import (
    Born,
    Episode,
    Event,
    Oddity,
    State,
)
from syncd.model.values import Instant

_MILLISECOND: Final = timedelta(milliseconds=1)


def episodes_of(events: Iterable[Event], book: Book) -> tuple[Episode, ...]:
    """All episodes of some people, in the order in which they began.

    :param events: whatever is known of them, in any order; whole companies, since people of one company share episodes.
    """
    return tuple(episode_of(shared, book) for shared in shared_legs(events, book))


def judged(events: Iterable[Event], book: Book, earlier: Mapping[str, Book]) -> tuple[Episode, ...]:
    """The same where some of them ended under other terms: these are as they are by those, for as long as they are
    over by them. Whoever is open again, or was never over, is judged by today's.

    :param earlier: by the id of an episode that had ended, the book of the terms by which it had.
    """
    known = list(events)
    kept: dict[str, Episode] = {}
    for other in {each.terms: each for each in earlier.values()}.values():
        for episode in episodes_of(known, other) if other.terms != book.terms else ():
            if episode.closed_at is not None and earlier.get(episode.id) is other:
                kept[episode.id] = episode
    theirs = frozenset((each.person, each.cycle) for episode in kept.values() for each in episode.members)
    found = (episode_of(shared, book) for shared in shared_legs(known, book, without=theirs))
    return tuple(sorted([*kept.values(), *found], key=lambda each: (each.opened_at, each.person, each.id)))


def shared_legs(
    events: Iterable[Event], book: Book, *, without: frozenset[tuple[str, int]] = frozenset()
) -> Sequence[Sequence[Leg]]:
    """The cycles of these people, those of one episode together, in the order in which the episodes began.

    :param without: persons and cycles that are in no episode of these.
    """
    people: dict[str, list[Event]] = {}
    for event in set(events):
        people.setdefault(event.person, []).append(event)
    legs = [leg for person, known in people.items() for leg in legs_of(person, known, book)]
    legs = [leg for leg in legs if (leg.person, leg.cycle) not in without]
    legs.sort(key=lambda leg: (leg.opened, leg.person, leg.cycle))
    found: list[list[Leg]] = []
    latest: dict[str, list[Leg]] = {}
    for leg in legs:
        shared = latest.get(leg.company) if leg.company is not None else None
        if shared is not None and _open_at(shared, leg.opened):
            shared.append(leg)
            continue
        found.append([leg])
        if leg.company is not None:
            latest[leg.company] = found[-1]
    return found


def episode_of(legs: Sequence[Leg], book: Book) -> Episode:
    """One episode, from the cycles that it is made of."""
    return _Writing(tuple(legs), book).episode()


def episode_id(person: str, cycle: int) -> str:
    """The id of the episode that a person's cycle opened: the same for ever, and in every store."""
    return hashlib.blake2b(f"{person} {cycle}".encode(), digest_size=10).hexdigest()


# -- one episode -------------------------------------------------------------------------------------------------------
def _open_at(legs: Sequence[Leg], at: Instant) -> bool:
    """Whether an episode is open at an instant: nobody of it has bought by then, and somebody has not ended."""
    wins = [leg.won for leg in legs if leg.won is not None]
    if wins:
        return at < min(wins)
    return any(leg.ended is None or at < leg.ended for leg in legs)


class _Writing:
    """One episode being written down."""

    def __init__(self, legs: tuple[Leg, ...], book: Book) -> None:
        self.legs = legs
        self.first = legs[0]
        self.book = book
        self.deals = Deals(legs, book)
        self.oddities: set[Oddity] = set()

    def episode(self) -> Episode:
        """The whole row."""
        first, facts = self.first, self.first.facts
        qualified = _first(leg.qualified for leg in self.legs)
        moved_on, accepted, offered, won = (
            _first(getattr(leg, name) for leg in self.legs) for name in ("moved_on", "accepted", "offered", "won")
        )
        ending, closed, reason = self._end(accepted, offered, won)
        rejected = closed if ending is State.REJECTED else None
        decided = accepted or rejected
        contacted = _first(leg.contacted for leg in self.legs)
        delivered = self._delivered(qualified)
        touched = self._touched(qualified or first.opened)
        owner, tenures = self._owner()
        grade, persona = facts.get("grade"), facts.get("persona")
        untouched, unanswered = self._begin(delivered, touched), self._begin(delivered, decided)
        limit = self.book.touch_limit(grade, persona)
        touch = clocked(self.book, tenures, untouched, touched, limit, restarts=True)
        limit = self.book.decision_limit(grade, persona)
        decision = clocked(self.book, tenures, unanswered, decided, limit, restarts=False)
        if decided is None and moved_on is not None and qualified is not None:
            self.oddities.add(Oddity.MOVED_ON)
            decision = self._unasked(decision, moved_on)
        self._early(untouched, touched, Oddity.TOUCHED_BEFORE_DELIVERED)
        self._early(unanswered, decided, Oddity.DECIDED_BEFORE_DELIVERED)
        born = self._born()
        worth = self.deals.worth(won)
        if worth.odd is not None:
            self.oddities.add(worth.odd)
        self._order(contacted, qualified, decided, won)
        if born is Born.UNASKED:
            self.oddities.add(Oddity.NEVER_QUALIFIED)
        if born is not Born.SALES and "origin" not in facts:
            self.oddities.add(Oddity.NO_ORIGIN)
        if any(leg.handed_on for leg in self.legs):
            self.oddities.add(Oddity.HANDED_ON)
        return Episode(
            id=episode_id(first.person, first.cycle),
            members=tuple(member_of(leg, self.legs, self.book) for leg in self.legs),
            born=born,
            state=ending or reached(delivered, touched, accepted or moved_on, offered),
            opened_at=first.opened,
            contacted_at=contacted,
            qualified_at=qualified,
            delivered_at=delivered,
            touched_at=touched,
            accepted_at=accepted,
            rejected_at=rejected,
            offered_at=offered,
            won_at=won,
            closed_at=closed,
            reason=reason or None,
            system=None if qualified is None or delivered is None else _milliseconds(delivered - qualified),
            touch=_milliseconds(touch.spent),
            decision=_milliseconds(decision.spent),
            touch_warned=touch.judged.warned,
            touch_due=touch.judged.due,
            decision_warned=decision.judged.warned,
            decision_due=decision.judged.due,
            assigned_at=touch.assigned,
            touch_owner=touch.judged.owner,
            decision_owner=decision.judged.owner,
            owner=owner,
            sdr=facts.get("sdr") or first.accepted_by or None,
            qualified_by=first.qualified_by or None,
            bdr=facts.get("bdr") or (first.born or None if born is Born.SALES else None),
            amount=worth.amount,
            currency=worth.currency,
            terms=self.book.terms,
            oddities=tuple(sorted(self.oddities)),
            ae=self.deals.closer() or None,
            **{name: facts.get(name) for name in AS_IT_WAS},
        )

    def _born(self) -> Born:
        if self.first.born is not None:
            return Born.SALES
        return Born.UNASKED if self.first.qualified is None else Born.MARKETING

    def _end(
        self, accepted: Instant | None, offered: Instant | None, won: Instant | None
    ) -> tuple[State | None, Instant | None, str]:
        """How it ended; open as long as one of its people is."""
        if won is not None:
            bought = next(leg for leg in self.legs if leg.won == won)
            return State.WON, won, bought.reason
        if any(leg.ended is None for leg in self.legs):
            return None, None, ""
        last = max(self.legs, key=lambda leg: (leg.ended, leg.person))
        return ended(last, accepted, offered), last.ended, last.reason

    def _delivered(self, qualified: Instant | None) -> Instant | None:
        """When sales could see them; at once, if sales had the record before."""
        times = [each.at for leg in self.legs for each in leg.deliveries]
        if qualified is None or not times:
            return None
        return min((at for at in times if at >= qualified), default=qualified)

    def _begin(self, delivered: Instant | None, done: Instant | None) -> Instant | None:
        """When sales' time begins: with the delivery, or anew for whoever was taken back undone and qualified again.

        Nobody is late for the time in which nobody was handed over.
        """
        again = max((at for leg in self.legs if (at := self._again(leg)) is not None), default=None)
        if delivered is None or again is None or (done is not None and done < again):
            return delivered
        later = min((each.at for leg in self.legs for each in leg.deliveries if each.at >= again), default=again)
        return again if done is not None and done < later else later

    def _unasked(self, decision: Clocked, moved_on: Instant) -> Clocked:
        """The clock of a decision that nobody waits for since others moved them on; what was late then stays late."""
        due = decision.judged.due
        if any(leg.unanswered for leg in self.legs) or (due is not None and due < moved_on):
            return decision
        return replace(decision, judged=Limit(owner=decision.judged.owner))

    def _again(self, leg: Leg) -> Instant | None:
        """When one of its people was qualified again, if nobody else of it was with sales then."""
        others = [each for each in self.legs if each is not leg and leg.again is not None and each.opened <= leg.again]
        return None if leg.again is None or _open_at(others, leg.again) else leg.again

    def _touched(self, since: Instant) -> Instant | None:
        """The first thing that a person of sales did since then."""
        return min((at for leg in self.legs for at in leg.by_sales() if at >= since), default=None)

    def _owner(self) -> tuple[str | None, Sequence[Tenure]]:
        """Who owns it, and who did before: of the person who opened it. Others who own one of its people are listed."""
        owners = [leg.owner for leg in self.legs]
        if len({owner for owner in owners if owner is not None}) > 1:
            self.oddities.add(Oddity.TWO_OWNERS)
        owner = next((owner for owner in owners if owner is not None), None)
        return owner, next((tenures for leg in self.legs if (tenures := leg.tenures)), ())

    def _early(self, begin: Instant | None, end: Instant | None, odd: Oddity) -> None:
        if begin is not None and end is not None and end < begin:
            self.oddities.add(odd)

    def _order(
        self, contacted: Instant | None, qualified: Instant | None, decided: Instant | None, won: Instant | None
    ) -> None:
        """What is before what it follows from. A first contact is often told as a day, so days are compared there."""
        early = {
            Oddity.WON_BEFORE_CONTACT: won is not None and contacted is not None and day_of(won) < day_of(contacted),
            Oddity.QUALIFIED_BEFORE_CONTACT: (
                qualified is not None and contacted is not None and day_of(qualified) < day_of(contacted)
            ),
            Oddity.DECIDED_BEFORE_QUALIFIED: qualified is not None and decided is not None and decided < qualified,
            Oddity.REOPENED: any(leg.reopened for leg in self.legs),
            Oddity.SOLD_AGAIN: won is not None and self.deals.sells_again(won),
        }
        self.oddities.update(odd for odd, is_so in early.items() if is_so)


def _first(times: Iterable[Instant | None]) -> Instant | None:
    return min((at for at in times if at is not None), default=None)


def _milliseconds(spent: timedelta | None) -> int | None:
    return None if spent is None else spent // _MILLISECOND
