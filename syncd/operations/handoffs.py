"""What the ledger holds of one person: everything that happened between the teams, and the handoffs it adds up to.

Reads the store and nothing else. Episodes are computed from the events and not read, so that what is told is what the
present rules say; of what has ended, the rules under which it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from syncd.core.book import Book
from syncd.core.tenures import tenures_of
from syncd.engine.booking import judged_by_theirs
from syncd.model.episode import (
    Contacted,
    Deal,
    DealState,
    Delivered,
    Departed,
    Episode,
    Event,
    HandedOn,
    Moved,
    Told,
    Touched,
)
from syncd.model.lifecycle import SYSTEM
from syncd.model.values import Instant
from syncd.ports.store import Store

CLOCKS: Final = ("system", "touch", "decision")
DEAL: Final = "deal "
"""How what became of a deal begins."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: ``what`` for people; by whom, for which team and in which system, as far as is told."""

    at: Instant
    what: str
    by: str = ""
    team: str = ""
    side: str = ""
    reason: str = ""
    cycle: int | None = None


@dataclass(frozen=True, slots=True)
class Handoffs:
    """What happened, oldest first, and the handoffs in the order in which they began."""

    happened: tuple[Happening, ...]
    episodes: tuple[Episode, ...]


def handoffs_of(store: Store, book: Book, person: str) -> Handoffs:
    """All of one person.

    :param person: the id of the link.
    """
    known = store.ledger_of([person])
    episodes = judged_by_theirs(known, store, book)
    own = [event for event in known if event.person == person]
    happened = sorted(
        [*(each for event in own for each in _happening(event)), *_picked_up(own)],
        key=lambda each: (each.at, _rank(each), each.cycle or 0),
    )
    mine = tuple(each for each in episodes if any(member.person == person for member in each.members))
    return Handoffs(tuple(happened), mine)


def _rank(each: Happening) -> int:
    """Of one instant: whoever converts somebody makes the deal by it, and a deal that is won moves them by itself."""
    return 1 if each.what.startswith(DEAL) else 2 if each.team == SYSTEM else 0


def _picked_up(own: Iterable[Event]) -> Iterator[Happening]:
    """Each time somebody of sales took the person out of a queue: they count as assigned from then on."""
    told = ((each.at, owner) for each in own if isinstance(each, Told) and (owner := dict(each.facts).get("owner")))
    tenures = tenures_of(told, (each for each in own if isinstance(each, HandedOn)))
    for before, each in pairwise(tenures):
        if each.picked:
            yield Happening(each.since, f"assigned: picked up from {before.owner}", each.owner or "")


def _happening(event: Event) -> Iterator[Happening]:
    match event:
        case Contacted():
            yield Happening(event.at, "first contact")
        case Moved():
            what = f"{event.start or 'new'} -> {event.stage}"
            yield Happening(event.at, what, event.by, event.team, event.side, event.reason, event.cycle)
        case Delivered():
            yield Happening(event.at, "visible to sales", cycle=event.cycle)
        case Touched():
            yield Happening(event.at, "touched by sales", event.by, cycle=event.cycle)
        case HandedOn():
            what = f"not touched in time: from {event.taken} to {event.owner}"
            yield Happening(event.at, what, cycle=event.cycle)
        case Deal():
            amount = "" if event.amount is None else f", {event.amount / 100:,.2f} {event.currency}".rstrip()
            state = "no longer theirs" if event.state is DealState.GONE else event.state
            what = f"{DEAL}{state}{amount}"
            yield Happening(event.at, what, event.by, event.team, event.side, event.reason, event.cycle)
        case Departed():
            yield Happening(event.at, "linked again" if event.back else "deleted, merged away or unlinked")
        case Told():
            return


def handoffs_document(story: Handoffs | None) -> dict[str, Any]:
    """The same for programs: the keys ``happened`` and ``handoffs`` of a record."""
    return {
        "happened": [] if story is None else [_happening_document(each) for each in story.happened],
        "handoffs": [] if story is None else [_episode_document(each) for each in story.episodes],
    }


def _happening_document(each: Happening) -> dict[str, Any]:
    return {
        "at": each.at,
        "what": each.what,
        "cycle": each.cycle,
        "by": each.by or None,
        "team": each.team or None,
        "side": each.side or None,
        "reason": each.reason or None,
    }


def _episode_document(each: Episode) -> dict[str, Any]:
    names = (
        "id", "opened_at", "qualified_at", "delivered_at", "touched_at", "accepted_at", "rejected_at", "offered_at",
        "won_at", "closed_at", "reason", *CLOCKS, "touch_due", "decision_due", "persona", "grade", "owner", "sdr",
        "bdr", "ae", "amount", "currency",
    )  # fmt: skip
    told = {name: getattr(each, name) for name in names}
    return {"state": each.state.value, "born": each.born.value, **told, "oddities": list(each.oddities)}
