"""The handoff ledger: what happens between marketing and sales, as single events, and the episodes they add up to.

An *event* is one fact about one person, with the time it happened. Events are values: the same one twice is one. An
*episode* is one handoff from marketing to sales, from a person's qualification to what became of it; it is computed
from events by ``syncd.core.ledger`` and never edited. Instants are aware UTC; amounts are whole hundredths of their
currency, so that sums are exact. Nothing here holds the name or the address of a person who was handed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from syncd.model.swift import swift
from syncd.model.values import Instant

FACTS: Final = (
    "company",
    "origin",
    "last_touch",
    "asset",
    "persona",
    "grade",
    "owner",
    "sdr",
    "bdr",
    "ae",
    "complete",
    "valid",
)
"""What a ``Told`` can tell. ``complete`` (every entry field was filled) and ``valid`` (they can be reached) are YES or
NO; everything else is text, and an origin that is called ``unknown`` is a value like any other.
"""
YES: Final = "yes"
NO: Final = "no"


class Meaning(StrEnum):
    """What a stage means for the handoff; in the order in which things of one instant happened."""

    BORN = "born"
    QUALIFIED = "qualified"
    ACCEPTED = "accepted"
    OFFERED = "offered"
    REJECTED = "rejected"
    RECYCLED = "recycled"
    LOST = "lost"
    RETURNED = "returned"
    """Out of the handoff, into a stage that means nothing for it and that marketing works on."""
    WON = "won"


# -- events ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Contacted:
    """Marketing met the person. The earliest one is the first contact."""

    person: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Told:
    """Facts about a person as they were known at an instant: name (one of ``FACTS``) and value, sorted by name."""

    person: str
    at: Instant
    facts: tuple[tuple[str, str], ...]


@swift
@dataclass(frozen=True, slots=True)
class Moved:
    """The person came into a stage. ``start`` is where they were, ``NEW`` for somebody who had none.

    ``team`` is the team of who did it (``SYSTEM`` for automation), ``by`` who that was, as far as it is told;
    ``cycle`` counts a person's qualifications from 1; ``side`` is the system it was done in, empty if nobody tells.
    """

    person: str
    at: Instant
    cycle: int
    stage: str
    start: str = ""
    team: str = ""
    by: str = ""
    reason: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Record and stage are visible in the CRM. ``cycle`` is ``None`` where only the time says which one it is of."""

    person: str
    at: Instant
    owner: str = ""
    cycle: int | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """Sales did something about the person: a call, a message, a meeting."""

    person: str
    at: Instant
    by: str = ""
    cycle: int | None = None


@dataclass(frozen=True, slots=True)
class HandedOn:
    """Nobody touched the person in time, and routing gave them to somebody else, or back to a queue. ``taken`` is whose
    they were; both are named as everywhere, ``user:<e-mail>`` or ``queue:<name>``.
    """

    person: str
    at: Instant
    owner: str
    taken: str
    cycle: int | None = None


class DealState(StrEnum):
    """How a deal stands. One that is gone is no longer this person's: it was deleted, or given to another contact."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal of the person as it stood from an instant on. ``amount`` in hundredths, ``None`` where nobody has said.

    ``by``, ``team`` and ``side`` are of whoever won, lost or reopened it, as in ``Moved``; empty where nobody tells, or
    where something else of the deal is another one. ``owner`` has the deal, empty for nobody or automation.
    """

    person: str
    at: Instant
    deal: str
    state: DealState
    amount: int | None = None
    currency: str = ""
    reason: str = ""
    cycle: int | None = None
    by: str = ""
    team: str = ""
    side: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Departed:
    """One of the person's records was deleted or merged away, or somebody ended their link: nobody hears of them any
    more. ``back`` says that it is undone, and they are linked again.
    """

    person: str
    at: Instant
    back: bool = False


Event: TypeAlias = Contacted | Told | Moved | Delivered | Touched | HandedOn | Deal | Departed


# -- episodes ----------------------------------------------------------------------------------------------------------
class Born(StrEnum):
    """How an episode began: marketing qualified, sales found the person, or sales began without either."""

    MARKETING = "marketing"
    SALES = "sales"
    UNASKED = "unasked"


class State(StrEnum):
    """How far an episode is; the last five are its end. Withdrawn: another team ended it before sales answered, or the
    person's record left.

    Recycled: given back, by a stage that says so, by a move out of the handoff, or by a record that left after a yes.
    """

    QUALIFIED = "qualified"
    DELIVERED = "delivered"
    TOUCHED = "touched"
    ACCEPTED = "accepted"
    OFFERED = "offered"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    RECYCLED = "recycled"
    LOST = "lost"
    WON = "won"


OPEN: Final = (State.QUALIFIED, State.DELIVERED, State.TOUCHED, State.ACCEPTED, State.OFFERED)


class Oddity(StrEnum):
    """What cannot be true of an episode, or is lacking in it. None of them makes it vanish."""

    WON_BEFORE_CONTACT = "won_before_contact"
    QUALIFIED_BEFORE_CONTACT = "qualified_before_contact"
    DECIDED_BEFORE_QUALIFIED = "decided_before_qualified"
    TOUCHED_BEFORE_DELIVERED = "touched_before_delivered"
    DECIDED_BEFORE_DELIVERED = "decided_before_delivered"
    IN_FUTURE = "in_future"
    MOVED_ON = "moved_on"
    NEVER_QUALIFIED = "never_qualified"
    REOPENED = "reopened"
    SOLD_AGAIN = "sold_again"
    TWO_OWNERS = "two_owners"
    TWO_CURRENCIES = "two_currencies"
    NO_RATE = "no_rate"
    NO_ORIGIN = "no_origin"
    HANDED_ON = "handed_on"


IMPOSSIBLE: Final = frozenset(
    {
        Oddity.WON_BEFORE_CONTACT,
        Oddity.QUALIFIED_BEFORE_CONTACT,
        Oddity.DECIDED_BEFORE_QUALIFIED,
        Oddity.TOUCHED_BEFORE_DELIVERED,
        Oddity.DECIDED_BEFORE_DELIVERED,
        Oddity.IN_FUTURE,
    }
)
"""Those that cannot be true. The times concerned are in no average. What lies in the future is no part of an episode,
as that changes with time alone: whoever makes a report finds it.
"""


@dataclass(frozen=True, slots=True)
class Member:
    """One person of an episode: which of their cycles it is, when they came into it, and how it goes with them alone.

    ``owner`` has them now, persona and grade are theirs; ``closed_at`` and ``reason`` are of their own end. The times
    are when whoever has them now is to be warned and is late, ``None`` for what is done, over, or has no time.
    """

    person: str
    cycle: int
    at: Instant
    qualified: bool
    state: State = State.QUALIFIED
    closed_at: Instant | None = None
    reason: str | None = None
    owner: str | None = None
    persona: str | None = None
    grade: str | None = None
    touch_warned: Instant | None = None
    touch_due: Instant | None = None
    decision_warned: Instant | None = None
    decision_due: Instant | None = None
    work_warned: Instant | None = None
    work_due: Instant | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """A person who waits for sales: per clock when a warning is due and when its time is over.

    Both are ``None`` for what is done, or has no time to be done in. ``opened`` is when they came into the episode.
    """

    episode: str
    person: str
    opened: Instant
    touch: tuple[Instant | None, Instant | None]
    decision: tuple[Instant | None, Instant | None]
    work: tuple[Instant | None, Instant | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Episode:
    """One handoff. ``members`` holds whoever opened it first, then who joined.

    ``touch_due`` and ``decision_due`` are when sales' time is over, ``touch_warned`` and ``decision_warned`` when three
    quarters of it are; ``None`` without a service level or a delivery. Where somebody was assigned since, they are of
    the first time that ran out, else of the last. ``touch_owner`` and ``decision_owner`` had the person when that was
    done, or ran out; ``owner`` has them now. ``assigned_at`` is when they were picked up from a queue.
    ``system`` (qualified to delivered) is elapsed, ``touch`` and ``decision`` (from the delivery) are business time,
    each stretch by the calendar of whoever had the person; all in whole milliseconds, ``None`` where one of the two
    ends is not there, or comes before the other.

    ``accepted_at`` is sales' yes, and set for whatever has a deal or is won, too. Where marketing or automation moved
    somebody into a stage that means yes, it is ``None`` and the oddity ``MOVED_ON`` is there, until sales answers.
    ``qualified_by`` made the move that qualified them; ``sdr`` said yes and ``bdr`` found them, where no fact says who
    else; ``ae`` has the deal, or won it. ``reason`` belongs to the end. ``currency`` is that of ``amount``: what was
    won, else what is offered, else what was lost. ``terms`` names those it was judged by (``core.terms``), ``None``
    where nobody named any.
    """

    id: str
    members: tuple[Member, ...]
    born: Born
    state: State
    opened_at: Instant
    contacted_at: Instant | None = None
    qualified_at: Instant | None = None
    delivered_at: Instant | None = None
    touched_at: Instant | None = None
    accepted_at: Instant | None = None
    rejected_at: Instant | None = None
    offered_at: Instant | None = None
    won_at: Instant | None = None
    closed_at: Instant | None = None
    reason: str | None = None
    system: int | None = None
    touch: int | None = None
    decision: int | None = None
    touch_warned: Instant | None = None
    touch_due: Instant | None = None
    decision_warned: Instant | None = None
    decision_due: Instant | None = None
    assigned_at: Instant | None = None
    touch_owner: str | None = None
    decision_owner: str | None = None
    company: str | None = None
    origin: str | None = None
    last_touch: str | None = None
    asset: str | None = None
    persona: str | None = None
    grade: str | None = None
    owner: str | None = None
    sdr: str | None = None
    bdr: str | None = None
    ae: str | None = None
    qualified_by: str | None = None
    complete: str | None = None
    valid: str | None = None
    amount: int | None = None
    currency: str | None = None
    terms: str | None = None
    oddities: tuple[Oddity, ...] = ()

    @property
    def person(self) -> str:
        """Whoever opened it."""
        return self.members[0].person
