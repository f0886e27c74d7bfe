"""Keeping the handoff ledger: news out of settled Bases, events in, the episodes they change out, in one settlement.

Promises: what a Base learns of a stage and what the ledger learns of it are stored in one transaction, or neither is;
that holds for a write whose ending was found out after a crash, too, since the news lies in its intent. Episodes are
computed anew from all events of the people concerned and of their companies, so that it does not matter when a vendor
tells something, and twice is once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from syncd.core.arrivals import Arrival, arrivals
from syncd.core.book import Book
from syncd.core.handed import handed
from syncd.core.ledger import episodes_of, judged
from syncd.core.ledger_events import NO_PROFILE, fact_events, moved_events, waiting_events
from syncd.core.news import News
from syncd.core.normalize import Directory
from syncd.core.rating import Profiles
from syncd.core.terms import book_for, book_of
from syncd.core.unheard import unheard
from syncd.engine.dealing import Dealings
from syncd.engine.departing import departures
from syncd.engine.wishing import wish_to_show
from syncd.model.beside import answered_of, called_of_answer, closer_of, is_news, news_of
from syncd.model.derived import Handed
from syncd.model.episode import Delivered, Episode, Event, Moved, Told, Touched
from syncd.model.handoff import Handoff
from syncd.model.link import Base
from syncd.model.rating import Rated
from syncd.model.values import Canonical, Instant, Pair, instant
from syncd.ports.memory import SHADOW, TERMS
from syncd.ports.store import Settlement, Store

LOT: Final = 2_000
"""Of how many people the ledger is read at once."""


class Booking:
    """The books of one connection. Calendars and conditions are compiled for the first person who is booked."""

    def __init__(self, handoff: Handoff, connection: str) -> None:
        self._handoff = handoff
        self._shadowed: bool | None = None
        self._deals = None if handoff.deals is None else Dealings(handoff.deals, connection)
        self._stage = news_of(handoff.stage)
        self._facts = frozenset(news_of(field) for field in handoff.rules.facts.values())
        self._news = self._facts | {self._stage, answered_of(handoff.stage)}
        if handoff.deals is not None:
            self._news |= {closer_of(handoff.deals.outcome.stage)}

    @cached_property
    def book(self) -> Book:
        """What each stage means, and whose clock counts."""
        return book_for(self._handoff)

    @cached_property
    def _profiles(self) -> Profiles:
        return Profiles(self._handoff.personas, self._handoff.rating, frozenset(self._handoff.fields))

    @property
    def handoff(self) -> Handoff:
        """What is declared."""
        return self._handoff

    def rated(self, values: Mapping[str, Canonical], now: Instant) -> Rated | None:
        """A person with these shared values; ``None`` where no rating is declared."""
        return self._profiles.of(values, now).rated

    def recount(self, settlement: Settlement, people: Sequence[str], store: Store) -> None:
        """Puts the episodes of these people into a settlement as they are by today's terms, those that are over by
        theirs; nothing is told.
        """
        _count(settlement, store.ledger_of(people), store, self.book)

    def enter(
        self,
        settlement: Settlement,
        store: Store,
        now: Instant,
        *,
        first: Callable[[str], bool],
        users: Pair[Directory],
    ) -> tuple[Arrival, ...]:
        """Takes the news out of the Bases of a settlement that is not settled yet, and books it there. Returns who
        becomes visible to sales by it.

        :param first: whether the records of a kind were never compared before.
        :param users: whoever may own records on each side.
        """
        events: list[Event] = []
        if self._deals is not None and settlement.bases:
            events += self._deals.enter(settlement, store, now, first=first, users=users)
        if settlement.links:
            events += departures(settlement, store, now)
        if settlement.conflicts:
            events += waiting_events(settlement.conflicts, self._handoff)
        for number, (link, base) in enumerate(settlement.bases):
            if not self._news.isdisjoint(base.agreed):
                settlement.bases[number] = link, without_news(base)
                events += self._events(link, base.agreed, now)
        if not events:
            return ()
        known = book_in(settlement, events, store=store, book=self.book, seen_by=self._seen_by(store, now))
        told = set(events)
        news = [each for each in settlement.events if each in told]
        return arrivals(news, known, qualified=self._handoff.rules.qualified)

    def seen(
        self,
        person: str,
        moves: tuple[Moved, ...],
        *,
        values: Mapping[str, Canonical],
        delivered: Instant | None,
        now: Instant,
    ) -> tuple[Event, ...]:
        """What is to be told of somebody whom others keep in step (``shadow``).

        :param moves: how they came where they are; none if only facts may be others.
        :param delivered: since when the CRM shows them as qualified, ``None`` while it does not.
        """
        if not moves:
            return fact_events(person, handoff=self._handoff, values=values, noticed=now)
        profile = self._profiles.of(values, now) if self._profiles.declared else NO_PROFILE
        news = News(moves, shown=False)
        told = moved_events(
            person, news, handoff=self._handoff, values=values, confirmed=delivered or now, profile=profile
        )
        return tuple(each for each in told if delivered is not None or not isinstance(each, Delivered))

    def _seen_by(self, store: Store, now: Instant) -> Instant | None:
        """Now, if there was a time in which the ledger was kept by looking; that does not change while we work."""
        if self._shadowed is None:
            self._shadowed = store.recall(SHADOW) is not None
        return now if self._shadowed else None

    def touch(self, settlement: Settlement, touches: Sequence[Touched], store: Store) -> None:
        """Books what sales did about people, as far as these have a part in the handoff."""
        people = sorted({each.person for each in touches})
        known = {event.person for event in store.ledger_of(people) if isinstance(event, Moved)} if people else set()
        book_in(settlement, [each for each in touches if each.person in known], store=store, book=self.book)

    def handed(self, people: Sequence[str], store: Store) -> Mapping[str, Handed]:
        """What the ledger says of each of these people, as it stands; who was never handed over is not in it."""
        found: dict[str, Handed] = {}
        for start in range(0, len(people), LOT):
            events = store.ledger_of(people[start : start + LOT])
            found |= handed(events, self.book)
        return found

    def show(self, settlement: Settlement, connection: str, now: Instant) -> None:
        """Wishes that the records of those whom a settlement books something of show it."""
        people = {each.person for each in settlement.events}
        if people:
            people |= {member.person for episode in settlement.episodes for member in episode.members}
            self.show_people(people, settlement, connection, now)

    def show_people(self, people: Collection[str], settlement: Settlement, connection: str, now: Instant) -> None:
        """Wishes that the records of these people show what the ledger says, if a field does."""
        if self._handoff.shown:
            known = sorted(people)
            lots = (known[start : start + LOT] for start in range(0, len(known), LOT))
            settlement.wishes += [wish_to_show(connection, lot, now) for lot in lots]

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


def book_in(
    settlement: Settlement, events: Sequence[Event], *, store: Store, book: Book, seen_by: Instant | None = None
) -> Sequence[Event]:
    """Adds events, and what they change, to a settlement that is not settled yet. Returns what the store knew before of
    everybody concerned.

    :param seen_by: now, where the ledger may know some of it in other words, since it was kept by looking before.
    """
    if not events:
        return ()
    people = sorted({event.person for event in events})
    told = (event for event in events if isinstance(event, Told))
    companies = sorted({value for event in told for name, value in event.facts if name == "company"})
    known = store.ledger_of(people, companies)
    if seen_by is not None:
        events = unheard(events, known, now=seen_by, qualified=book.rules.qualified)
    settlement.events += events
    _count(settlement, [*known, *settlement.events], store, book)
    return known


def judged_by_theirs(events: Sequence[Event], store: Store, book: Book) -> tuple[Episode, ...]:
    """The episodes of these events: those that have ended by the terms under which they did, all others by today's."""
    ended = store.episode_terms(sorted({event.person for event in events}))
    books: dict[str, Book] = {}
    for terms in {*ended.values()} - {book.terms or ""}:
        kept = store.recall(TERMS.format(terms=terms))
        if kept is not None:
            books[terms] = book_of(kept[0].decode())
    if not books:
        return episodes_of(events, book)
    return judged(events, book, {which: books[terms] for which, terms in ended.items() if terms in books})


def _count(settlement: Settlement, everyone: Sequence[Event], store: Store, book: Book) -> None:
    """Replaces the episodes of these events, and takes away those that are none any more."""
    episodes = judged_by_theirs(everyone, store, book)
    before = store.episode_ids(sorted({event.person for event in everyone}))
    now = {episode.id for episode in episodes}
    settlement.episodes = [each for each in settlement.episodes if each.id not in now] + list(episodes)
    settlement.unepisode = sorted({*settlement.unepisode, *(before - now)} - now)
