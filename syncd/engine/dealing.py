"""What deals say of people, booked with the deals: the event for the ledger, and the move that it calls for.

Promises: what a deal's Base learns and what is kept of its person are stored in one transaction, or neither is. A move
that is called for stands in the person's Base until their stage is settled, so it is made once, however often a process
dies, and however long the person is held. What stood when deals were first looked at calls for nothing, and is told
only of those who have a part in the handoff.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from syncd.core.dealing import Closer, Saying, calling, changed_at, deals_of, saying, told, without
from syncd.core.layout import EMPTY_BASE
from syncd.core.normalize import Directory, owner_name
from syncd.core.teams import Membership, author_of_user
from syncd.engine.wishing import wish_to_look
from syncd.model.beside import closer_of
from syncd.model.episode import Deal, DealState, Moved
from syncd.model.handoff import DealRules
from syncd.model.lifecycle import SYSTEM
from syncd.model.link import Base, LinkState
from syncd.model.values import Instant, Pair, stamp
from syncd.ports.store import Settlement, Store

DEAL = "deal"


@dataclass(frozen=True, slots=True)
class _Changed:
    """A deal that says something else, ``None`` for nothing, when it came to say so, and who made it so."""

    deal: str
    was: Saying | None
    says: Saying | None
    at: Instant
    closer: Closer | None


class Dealings:
    """The deals of one connection."""

    def __init__(self, rules: DealRules, connection: str) -> None:
        self._rules = rules
        self._connection = connection
        self._membership = Membership(rules.teams)

    def enter(
        self,
        settlement: Settlement,
        store: Store,
        now: Instant,
        *,
        first: Callable[[str], bool],
        users: Pair[Directory],
    ) -> list[Deal]:
        """Adds to a settlement what its deals say of people; returns the events, which are not in it yet.

        :param first: whether the deals of this connection are looked at for the first time, by kind.
        :param users: who owns deals on each side.
        """
        bases = {link: base for link, base in settlement.bases if self._rules.outcome.contact in base.agreed}
        if not bases:
            return []
        changed = list(self._changed(bases, settlement, store=store, now=now, users=users))
        if not changed:
            return []
        people = {says.person for each in changed for says in (each.was, each.says) if says is not None}
        news = _People(self._rules, people, settlement, store)
        events: list[Deal] = []
        for each in changed:
            if each.was is not None and (each.says is None or each.says.person != each.was.person):
                news.passes_on(each.was.person, each)
                events += news.leaves(each.was.person, each)
            if (event := news.told(each)) is not None:
                events.append(event)
        events = _of_what_was_told(events, store)
        if first(DEAL):
            events = _with_a_part(events, store)
        else:
            news.call()
        self._keep(news, settlement, now)
        return events

    def _machines(self, users: Pair[Directory]) -> frozenset[str]:
        """The owners that are no people, by what is declared of their address, role or profile."""
        return frozenset(
            owner_name(user)
            for side in users
            for user in side.by_id.values()
            if SYSTEM in self._membership.named(author_of_user(user))
        )

    def _changed(
        self, bases: Mapping[str, Base], settlement: Settlement, *, store: Store, now: Instant, users: Pair[Directory]
    ) -> Iterator[_Changed]:
        """The deals that say something else than they did."""
        known = store.by_link(sorted(bases))
        machines = self._machines(users)
        links = {link.id: link for link in settlement.links}
        for deal, base in bases.items():
            stored = known.get(deal)
            link = links.get(deal) or (None if stored is None else stored.link)
            if link is None or link.kind != DEAL:
                continue
            before = None if stored is None else stored.base
            there = stored is not None and stored.link.state is LinkState.LIVE
            was = saying(self._rules.outcome, before, machines) if there else None
            says = saying(self._rules.outcome, base, machines) if link.state is LinkState.LIVE else None
            if was != says:
                closer = Closer.read(base.agreed.get(closer_of(self._rules.outcome.stage)))
                at = changed_at(before, base, now) if closer is None else min(closer.at, now)
                yield _Changed(deal, was, says, at, closer)

    def _keep(self, news: _People, settlement: Settlement, now: Instant) -> None:
        """Stores what is kept of each person, who is looked at by the next cycle if that shows or calls for a move."""
        kind = self._rules.lifecycle.kind
        for person, base in news.bases.items():
            settlement.bases.append((person, base))
            if person in news.live and (self._rules.shown or person in news.called):
                salt = f":deals {stamp(now)}"
                settlement.wishes.append(wish_to_look(self._connection, kind, f"link:{person}", at=now, salt=salt))


class _People:
    """What is kept of the people whom some deals are about, as it was and as it comes to be. Whose record left may come
    back: what is called for then waits for them. Of whoever was forgotten nothing is kept.
    """

    def __init__(self, rules: DealRules, people: Collection[str], settlement: Settlement, store: Store) -> None:
        self._rules = rules
        settled = dict(settlement.bases)
        known = {
            person: found
            for person, found in store.by_link(sorted(people)).items()
            if found.link.state is not LinkState.FORGOTTEN and found.link.kind == rules.lifecycle.kind
        }
        self._before: dict[str, Base] = {
            person: settled.get(person) or found.base or EMPTY_BASE for person, found in known.items()
        }
        self.live = frozenset(person for person, found in known.items() if found.link.state is LinkState.LIVE)
        self.bases: dict[str, Base] = {}
        self.called: set[str] = set()
        self._closed: dict[str, Instant] = {}
        """When a deal was won or lost that is another contact's now."""
        self._given: dict[str, Instant] = {}
        """When somebody was given such a deal."""

    def passes_on(self, person: str, changed: _Changed) -> None:
        """Notes when a deal of this person that another one has now was won or lost: whoever is put right as its
        contact later, it is of that day's month.
        """
        if person not in self._before or changed.says is None:
            return
        agreed = self.bases.get(person, self._before[person]).agreed
        for deal in deals_of(person, agreed) or ():
            if deal.deal == changed.deal and deal.state is changed.says.state is not DealState.OPEN:
                self._closed[deal.deal] = deal.at

    def leaves(self, person: str, changed: _Changed) -> list[Deal]:
        """A deal is no longer this person's; the event that tells so. That alone moves nobody."""
        if person not in self._before:
            return []
        base = self.bases.get(person, self._before[person])
        self.bases[person], event = without(person, base, changed.deal, at=changed.at)
        self._before[person], _ = without(person, self._before[person], changed.deal, at=changed.at)
        return [] if event is None else [event]

    def told(self, changed: _Changed) -> Deal | None:
        """A deal of a person says something else; the event that tells so."""
        says = changed.says
        if says is None or says.person not in self._before:
            return None
        base = self.bases.get(says.person, self._before[says.person])
        at = self._closed.get(changed.deal, changed.at)
        if at != changed.at:
            self._given[says.person] = changed.at
        self.bases[says.person], event = told(says.person, base, changed.deal, says, at=at, closer=changed.closer)
        return event

    def call(self) -> None:
        """Notes the moves that are called for."""
        for person, base in list(self.bases.items()):
            after = calling(person, self._before[person], base, self._rules, given=self._given.get(person))
            if after is not base:
                self.bases[person] = after
                self.called.add(person)


def _with_a_part(events: list[Deal], store: Store) -> list[Deal]:
    """The events of those who have a part in the handoff."""
    people = sorted({event.person for event in events})
    known = {event.person for event in store.ledger_of(people) if isinstance(event, Moved)} if people else set()
    return [event for event in events if event.person in known]


def _of_what_was_told(events: list[Deal], store: Store) -> list[Deal]:
    """Without deals that are gone of which the ledger never heard: they stood when deals were first looked at."""
    gone = sorted({event.person for event in events if event.state is DealState.GONE})
    if not gone:
        return events
    known = {(event.person, event.deal) for event in store.ledger_of(gone) if isinstance(event, Deal)}
    return [event for event in events if event.state is not DealState.GONE or (event.person, event.deal) in known]
