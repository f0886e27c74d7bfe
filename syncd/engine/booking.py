"""Keeping the handoff ledger: new events in, the episodes they change out, as parts of one settlement.

Whoever settles a page calls ``book_in`` with its settlement. Episodes are computed anew from all events of the people
concerned and of their companies, so that it does not matter when a vendor tells something, and twice is once.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncd.core.book import Book
from syncd.core.ledger import episodes_of
from syncd.model.episode import Event, Told
from syncd.ports.store import Settlement, Store


def book_in(settlement: Settlement, events: Sequence[Event], *, store: Store, book: Book) -> None:
    """Adds events, and what they change, to a settlement that is not settled yet."""
    if not events:
        return
    people = sorted({event.person for event in events})
    told = (event for event in events if isinstance(event, Told))
    companies = sorted({value for event in told for name, value in event.facts if name == "company"})
    known = store.ledger_of(people, companies)
    settlement.events += events
    everyone = [*known, *settlement.events]
    episodes = episodes_of(everyone, book)
    before = store.episode_ids(sorted({event.person for event in everyone}))
    now = {episode.id for episode in episodes}
    settlement.episodes = [each for each in settlement.episodes if each.id not in now] + list(episodes)
    settlement.unepisode = sorted({*settlement.unepisode, *(before - now)} - now)
