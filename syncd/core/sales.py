"""What the deals of one episode come to: what they are worth together, who closed them, and what was sold again.

An episode is won once, with its first win, and its amount is what all of its won deals are worth together. Each of them
was won on a day of its own, though: ``sold_later`` tells those of a later day than the episode's, so that reports count
every opportunity in the period in which it was won. They are read from events whenever somebody asks, since what was
heard says all of it; nothing of it is stored.

Promises: what was sold later is worth no more than the episode's amount tells; the order of events does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from typing import Final

from syncd.core.book import Book
from syncd.core.legs import Leg, legs_of
from syncd.model.episode import Deal, DealState, Event, Oddity
from syncd.model.lifecycle import SYSTEM
from syncd.model.values import Instant


@dataclass(frozen=True, slots=True)
class Worth:
    """A sum in hundredths of a currency, ``None`` where nobody has said any; ``parts`` holds each deal's own."""

    amount: int | None = None
    currency: str | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    odd: Oddity | None = None


_NOTHING: Final = Worth()


@dataclass(frozen=True, slots=True)
class Sale:
    """A deal that was won after the episode was; ``amount`` is its part of the episode's, ``None`` without one."""

    at: Instant
    amount: int | None
    ae: str


class Deals:
    """The deals of one episode."""

    def __init__(self, legs: Sequence[Leg], book: Book) -> None:
        self._book = book
        self._named = legs[0].facts.get("ae", "")
        self._told = sorted((deal for leg in legs for deal in leg.deals), key=_place)
        self._last = {deal.deal: deal for deal in self._told}
        self._wins: dict[str, Instant] = {}
        for deal in self._told:
            if deal.state is DealState.WON:
                self._wins.setdefault(deal.deal, deal.at)

    def closer(self) -> str:
        """Who has the deal: of the first one that was won, else of the last one."""
        which = next(iter(self._wins), self._told[-1].deal if self._told else None)
        return self._closer(which)

    def worth(self, won: Instant | None) -> Worth:
        """What was won, else what is offered, else what was lost."""
        states = (DealState.WON,) if won is not None else (DealState.OPEN, DealState.LOST)
        for state in states:
            counted = sorted(
                (deal for deal in self._last.values() if deal.state is state and deal.amount is not None),
                key=_place,
            )
            if counted:
                return self._converted(counted) if self._book.rules.currency else _as_told(counted)
        return _NOTHING

    def sells_again(self, won: Instant) -> bool:
        """Whether sales goes on with who was won: whoever was won is in no pipeline."""
        going = any(deal.state is DealState.OPEN for deal in self._last.values())
        return going or any(day_of(at) > day_of(won) for at in self._wins.values())

    def sold_later(self, won: Instant) -> tuple[Sale, ...]:
        """What was won on a later day than the episode, oldest first."""
        parts = self.worth(won).parts
        return tuple(
            Sale(at, parts.get(deal), self._closer(deal)) for deal, at in self._wins.items() if day_of(at) > day_of(won)
        )

    def _closer(self, which: str | None) -> str:
        """Who has a deal. Else whom a field of the person names, else who won it; no workflow closes a deal."""
        told = [deal for deal in self._told if deal.deal == which]
        owners = [deal.owner for deal in told if deal.owner]
        winners = [deal.by for deal in told if deal.state is DealState.WON and deal.by and deal.team != SYSTEM]
        return next(reversed(owners), "") or self._named or next(iter(winners), "")

    def _converted(self, counted: Sequence[Deal]) -> Worth:
        """The sum in the currency that is declared. What has no rate is left out, and the handoff listed."""
        parts = {deal.deal: worth for deal in counted if (worth := self._book.worth(deal)) is not None}
        odd = Oddity.NO_RATE if len(parts) < len(counted) else None
        return Worth(sum(parts.values()), self._book.rules.currency, parts, odd) if parts else Worth(odd=odd)


def sold_later(cycles: Collection[tuple[str, int]], events: Iterable[Event], book: Book) -> tuple[Sale, ...]:
    """What was won in an episode on a later day than the episode was, oldest first.

    :param cycles: the persons and cycles that the episode is made of.
    :param events: at least the moves, the deals and the facts of these people, in any order.
    :param book: of the terms by which it is judged; no clock is looked at.
    """
    theirs: dict[str, list[Event]] = {person: [] for person, _ in cycles}
    for event in set(events):
        if event.person in theirs:
            theirs[event.person].append(event)
    read = (leg for person, known in theirs.items() for leg in legs_of(person, known, book))
    legs = [leg for leg in read if (leg.person, leg.cycle) in cycles]
    legs.sort(key=lambda leg: (leg.opened, leg.person, leg.cycle))
    won = min((leg.won for leg in legs if leg.won is not None), default=None)
    return () if won is None else Deals(legs, book).sold_later(won)


def day_of(at: Instant) -> date:
    """The day of an instant in UTC."""
    return at.astimezone(UTC).date()


def _as_told(counted: Sequence[Deal]) -> Worth:
    """The sum in the currency of the first of these deals; nobody has said what the others are worth in it."""
    currency = counted[0].currency
    parts = {deal.deal: deal.amount or 0 for deal in counted if deal.currency == currency}
    return Worth(sum(parts.values()), currency, parts, Oddity.TWO_CURRENCIES if len(parts) < len(counted) else None)


def _place(deal: Deal) -> tuple[Instant, str]:
    """Where something that is told of a deal stands among all that is told of deals."""
    return deal.at, deal.deal
