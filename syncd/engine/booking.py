"""Keeping the handoff ledger: news out of settled Bases, events in, the episodes they change out, in one settlement.

Promises: what a Base learns of a stage and what the ledger learns of it are stored in one transaction, or neither is;
that holds for a write whose ending was found out after a crash, too, since the news lies in its intent. Episodes are
computed anew from all events of the people concerned and of their companies, so that it does not matter when a vendor
tells something, and twice is once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from syncd.core.book import Book
from syncd.core.ledger import episodes_of
from syncd.core.ledger_events import NO_PROFILE, fact_events, moved_events
from syncd.core.news import News
from syncd.core.rating import Profiles
from syncd.engine.dealing import Dealings
from syncd.model.beside import answered_of, called_of_answer, is_news, news_of
from syncd.model.episode import Event, Moved, Told, Touched
from syncd.model.handoff import Handoff
from syncd.model.link import Base
from syncd.model.values import Canonical, Instant, instant
from syncd.ports.store import Settlement, Store


class Booking:
    """The books of one connection. Calendars and conditions are compiled for the first person who is booked."""

    def __init__(self, handoff: Handoff, connection: str) -> None:
        self._handoff = handoff
        self._deals = None if handoff.deals is None else Dealings(handoff.deals, connection)
        self._stage = news_of(handoff.stage)
        self._facts = frozenset(news_of(field) for field in handoff.rules.facts.values())
        self._news = self._facts | {self._stage, answered_of(handoff.stage)}

    @cached_property
    def book(self) -> Book:
        """What each stage means, and whose clock counts."""
        return Book(self._handoff.rules, self._handoff.calendars)

    @cached_property
    def _profiles(self) -> Profiles:
        return Profiles(self._handoff.personas, self._handoff.rating, frozenset(self._handoff.fields))

    def enter(self, settlement: Settlement, store: Store, now: Instant, *, first: Callable[[str], bool]) -> None:
        """Takes the news out of the Bases of a settlement that is not settled yet, and books it there.

        :param first: whether the records of a kind were never compared before.
        """
        events: list[Event] = []
        if self._deals is not None and settlement.bases:
            events += self._deals.enter(settlement, store, now, first=first)
        for number, (link, base) in enumerate(settlement.bases):
            if not self._news.isdisjoint(base.agreed):
                settlement.bases[number] = link, without_news(base)
                events += self._events(link, base.agreed, now)
        book_in(settlement, events, store=store, book=self.book)

    def touch(self, settlement: Settlement, touches: Sequence[Touched], store: Store) -> None:
        """Books what sales did about people, as far as these have a part in the handoff."""
        people = sorted({each.person for each in touches})
        known = {event.person for event in store.ledger_of(people) if isinstance(event, Moved)} if people else set()
        book_in(settlement, [each for each in touches if each.person in known], store=store, book=self.book)

    def _events(self, link: str, agreed: Mapping[str, Canonical], now: Instant) -> Iterator[Event]:
        """``agreed`` holds the news; beside it stand the values that both sides have."""
        told = agreed.get(self._stage)
        if isinstance(told, str):
            profile = self._profiles.of(agreed, now) if self._profiles.declared else NO_PROFILE
            news = News.read(link, told)
            yield from moved_events(link, news, handoff=self._handoff, values=agreed, confirmed=now, profile=profile)
        noticed = [value for name in self._facts if isinstance(value := agreed.get(name), str)]
        if noticed:
            yield from fact_events(link, handoff=self._handoff, values=agreed, noticed=instant(min(noticed)))


def without_news(base: Base) -> Base:
    """A Base as it is stored: what the ledger was told is told, and what was called for and is answered is over."""
    news = {name: value for name, value in base.agreed.items() if is_news(name)}
    if not news:
        return base
    answered = {(called_of_answer(name), value) for name, value in news.items()}
    kept = {name: value for name, value in base.agreed.items() if name not in news and (name, value) not in answered}
    return Base(kept, base.confirmed)


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
