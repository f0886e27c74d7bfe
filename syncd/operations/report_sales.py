"""What was won, by the day on which it was won: handoffs with their first win, and what was sold to the same later.

A handoff is won once; each opportunity of it counts in the period of its own win. Which ones were won on a later day is
read from the events of those handoffs that are marked ``sold_again``, by the terms under which each had ended; of one
whose terms nobody kept, all stays with the first win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.core.book import Book
from syncd.core.sales import Sale, sold_later
from syncd.core.terms import book_of
from syncd.model.episode import Event, Oddity
from syncd.operations.report import NONE, Period, ms
from syncd.operations.report_episodes import Episodes
from syncd.ports.memory import TERMS
from syncd.ports.store import Store


@dataclass(frozen=True, slots=True)
class Again:
    """An opportunity that was won on a later day than its handoff, whose place that is; ``at`` is in milliseconds."""

    place: int
    at: int
    amount: int | None
    ae: str | None


class Amounts:
    """What each handoff is worth by its first win, by place, and what was won later, oldest first."""

    def __init__(self, store: Store, episodes: Episodes) -> None:
        self.first: Sequence[int | None] = episodes["amount"]
        self.again: tuple[Again, ...] = ()
        won, odd = episodes["won_at"], episodes["oddities"]
        marked = {episodes["id"][at]: at for at in episodes.all if won[at] is not None and Oddity.SOLD_AGAIN in odd[at]}
        if not marked:
            return
        self.again = tuple(
            sorted(
                (
                    Again(marked[which], ms(sale.at), sale.amount, sale.ae or None)
                    for which, sales in _sold_later(store, sorted(marked)).items()
                    for sale in sales
                ),
                key=lambda sale: (sale.at, episodes["id"][sale.place], sale.amount or 0),
            )
        )
        later: dict[int, int] = {}
        for sale in self.again:
            if sale.amount is not None:
                later[sale.place] = later.get(sale.place, 0) + sale.amount
        first = list(self.first)
        for at, amount in later.items():
            first[at] = (first[at] or 0) - amount or None
        self.first = first

    def within(self, period: Period) -> tuple[Again, ...]:
        """What was won later in a period."""
        since, until = period.bounds()
        return tuple(
            sale for sale in self.again if (since is None or since <= sale.at) and (until is None or sale.at < until)
        )


def places_of(sales: Sequence[Again]) -> list[int]:
    """The handoffs to which something was sold again, each once."""
    return list(dict.fromkeys(sale.place for sale in sales))


def again_by(name: str, sales: Sequence[Again], episodes: Episodes) -> dict[str, list[Again]]:
    """What was sold again by a dimension: that of its handoff, but for who closed it, which each opportunity has."""
    found: dict[str, list[Again]] = {}
    for sale in sales:
        value = sale.ae if name == "ae" else episodes[name][sale.place]
        found.setdefault(NONE if value is None else value, []).append(sale)
    return found


def _sold_later(store: Store, ids: Sequence[str]) -> Mapping[str, Sequence[Sale]]:
    """By handoff; those whose terms are not known are left out."""
    cycles = store.episode_cycles(ids)
    people = sorted({person for theirs in cycles.values() for person, _ in theirs})
    terms = store.episode_terms(people)
    books = {name: book for name in {*terms.values()} if (book := _book(store, name)) is not None}
    events: dict[str, list[Event]] = {}
    for event in store.sales_of(people):
        events.setdefault(event.person, []).append(event)
    found: dict[str, Sequence[Sale]] = {}
    for which, theirs in cycles.items():
        if (book := books.get(terms.get(which, ""))) is not None:
            people = sorted({person for person, _ in theirs})
            known = [event for person in people for event in events.get(person, ())]
            found[which] = sold_later(frozenset(theirs), known, book)
    return found


def _book(store: Store, name: str) -> Book | None:
    kept = store.recall(TERMS.format(terms=name))
    return None if kept is None else book_of(kept[0].decode())
