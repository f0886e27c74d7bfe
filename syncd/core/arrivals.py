"""How long people took to become visible to sales: from their qualification to the CRM's confirmation.

Goes in: what the ledger is about to be told, and what it knows of the same people. Comes out: one *arrival* for each
person and cycle whose first delivery is among the news. Whoever sales could see before, or was qualified in the CRM
itself, did not have to arrive and is none; neither is a second delivery of the same cycle. Nothing here is negative,
whatever the clocks of the vendors say, and the order of events does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from syncd.model.episode import Delivered, Event, Moved
from syncd.model.values import Instant

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One person (the id of a link) became visible in the CRM so many milliseconds after they were qualified."""

    person: str
    after: int


def arrivals(news: Iterable[Event], known: Iterable[Event], *, qualified: Collection[str]) -> tuple[Arrival, ...]:
    """Who arrives with these news.

    :param known: every event of the same people that the ledger had before.
    :param qualified: the stages that qualify.
    """
    fresh, before = tuple(news), tuple(known)
    seen = {(each.person, each.cycle) for each in before if isinstance(each, Delivered)}
    since: dict[tuple[str, int | None], Instant] = {}
    for event in (*before, *fresh):
        if isinstance(event, Moved) and event.stage in qualified:
            moved = event.person, event.cycle
            since[moved] = min(since.get(moved, event.at), event.at)
    first: dict[tuple[str, int | None], Instant] = {}
    for event in fresh:
        if isinstance(event, Delivered):
            key = event.person, event.cycle
            if key in since and key not in seen:
                first[key] = min(first.get(key, event.at), event.at)
    # A delivery at the very instant of the qualification is how the ledger says that sales had seen them before.
    waited = ((person, at, since[person, cycle]) for (person, cycle), at in sorted(first.items(), key=repr))
    return tuple(Arrival(person, max(0, (at - then) // _MILLISECOND)) for person, at, then in waited if at != then)
