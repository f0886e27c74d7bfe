"""The shared lifecycle: stages both teams agree on, moves that are allowed, and who may make them.

These are the frozen objects that ``syncd.settings`` builds from ``lifecycle.yaml`` and ``teams.yaml`` after it has
checked them, and the moves that ``syncd.core.lifecycle`` judges by them. What a stage looks like on each side is not
kept here: it is the value table of the shared field that the lifecycle names (``FieldMapping.table``).

A *move* is a change of stage that somebody made on one side; a *transition* is a move that both teams have allowed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from syncd.model.swift import swift
from syncd.model.values import Instant, Pair, instant, stamp

NEW: Final = "new"
"""Where a person is who has no stage yet. No stage has this key, so that transitions can begin here."""
SYSTEM: Final = "system"
"""Whose moves the vendors' own automation makes. No team has this key."""
OTHER: Final = "other"
"""Of a time to leave a stage: people without a grade, or with one that is not named."""


class Undeclared(StrEnum):
    """What becomes of a move that no transition allows. It is never carried to the other side.

    ``REPORT`` leaves both sides as they are and lists it, ``HOLD`` asks a person (a conflict), ``REVERT`` puts the side
    that moved back to the agreed stage.
    """

    REPORT = "report"
    HOLD = "hold"
    REVERT = "revert"


class FirstLink(StrEnum):
    """Whose stage counts where two records that were never in step are found in different stages."""

    HOLD = "hold"
    MARKETING = "marketing"
    CRM = "crm"


class Unit(StrEnum):
    """What a span of business time is counted in; a day is a working day of the calendar it is measured by."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Span:
    """Business time: ``amount`` whole units, at least one."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount} business {self.unit}{'' if self.amount == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What must be so before a person counts as being in a stage.

    ``filled`` are shared fields that must have a value; ``when`` is a CEL expression over shared fields, ``words`` what
    it means for people who read no CEL.
    """

    filled: tuple[str, ...] = ()
    when: str | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. ``key`` is its value in the field's table; ``owner`` the team that has to act while a person is in it.

    ``leave_within`` is by grade (``OTHER`` for everybody else) the time the owner has; empty for no limit. A ``final``
    stage has no way out.
    """

    key: str
    name: str
    definition: str
    owner: str | None = None
    entry: Entry = Entry()
    leave_within: Mapping[str, Span] = dataclasses.field(default_factory=dict)
    final: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person was moved; ``words`` is what each side's people read."""

    key: str
    words: Pair[str]


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed move. ``start`` may be ``NEW``; ``by`` are teams, ``SYSTEM`` among them for the vendors' automation.

    ``reasons`` names the list one of which must be given, ``None`` if none need be. ``restarts`` says that the time to
    leave the stage is counted anew for a person who comes this way; ``recycles`` that their next cycle begins.
    """

    start: str
    end: str
    by: tuple[str, ...]
    reasons: str | None = None
    restarts: bool = True
    recycles: bool = False


@dataclass(frozen=True, slots=True)
class Amendment:
    """One change of what was agreed: when it took effect, what changed, who decided, and the stages it is about."""

    on: date
    what: str
    who: str
    stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Commitments:
    """What each team has promised the other; ``None`` where nothing was. All but ``volume`` are percent.

    Marketing's: ``volume`` handoffs qualified in a calendar month, ``complete`` entry fields, ``valid`` contact points.
    Sales': ``touch`` and ``decision`` within the time agreed, ``reason`` given with each rejection.
    """

    volume: int | None = None
    complete: int | None = None
    valid: int | None = None
    touch: int | None = None
    decision: int | None = None
    reason: int | None = None


@dataclass(frozen=True, slots=True)
class HandoffRules:
    """What the stages mean for the handoff from marketing to sales. No stage means two things, but for ``born``.

    ``qualified`` opens an episode. ``accepted``, ``offered`` (there is a deal) and ``won`` are sales' yes, each meaning
    those before it too. ``rejected`` is sales' no; after a yes it ends the episode as lost or recycled. ``lost`` and
    ``recycled`` are stages that say so by themselves. Who is new and comes into a stage of ``born`` was found by sales.

    ``touch_within`` and ``decide_within`` are by grade or persona (``OTHER`` for everybody else) the time sales has
    once a person is delivered; ``work_within`` is the time it has from its yes on to do more than to say so. ``facts``
    names for each fact of the credit the shared field that holds it. ``currency`` is the one that amounts are told in,
    ``rates`` what one unit of each other one is worth in it; without it amounts stay in the currency they are in.
    """

    qualified: tuple[str, ...]
    accepted: tuple[str, ...]
    rejected: tuple[str, ...]
    won: tuple[str, ...]
    offered: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    recycled: tuple[str, ...] = ()
    born: tuple[str, ...] = ()
    touch_within: Mapping[str, Span] = dataclasses.field(default_factory=dict)
    decide_within: Mapping[str, Span] = dataclasses.field(default_factory=dict)
    work_within: Mapping[str, Span] = dataclasses.field(default_factory=dict)
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    commitments: Commitments = Commitments()
    currency: str = ""
    rates: Mapping[str, Decimal] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """All that both teams have agreed on about the stages of one kind.

    ``field`` is the shared field that holds the stage, ``reason_field`` the one that holds the reason of the last move;
    without it nobody is asked for one. ``reasons`` are lists by name. ``changed`` is oldest first.
    ``handoff`` is ``None`` where nobody has said what the stages mean for it; then there is no ledger.
    """

    kind: str
    field: str
    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...]
    reasons: Mapping[str, tuple[Reason, ...]] = dataclasses.field(default_factory=dict)
    undeclared: Undeclared = Undeclared.REPORT
    first_link: FirstLink = FirstLink.HOLD
    reason_field: str | None = None
    changed: tuple[Amendment, ...] = ()
    handoff: HandoffRules | None = None


# -- who moves people --------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Team:
    """One team, by the names under which either vendor knows its members; case does not matter in them."""

    key: str
    name: str
    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Teams:
    """All teams. ``unknown`` is per side the team for which a move counts whose author that vendor does not tell;
    ``automation`` names the users that are no people, such as those of other integrations.
    """

    teams: tuple[Team, ...]
    unknown: Pair[str | None] = Pair(None, None)
    automation: Team = Team(SYSTEM, "Automation")


@dataclass(frozen=True, slots=True)
class Agreed:
    """What decides about the stages of one kind: lifecycle and teams; ``fields`` are the kind's shared fields."""

    lifecycle: Lifecycle
    teams: Teams
    fields: tuple[str, ...]


class AuthorSort(StrEnum):
    """What a vendor tells of who made a move."""

    USER = "user"
    SYSTEM = "system"
    UNKNOWN = "unknown"


@swift
@dataclass(frozen=True, slots=True)
class Author:
    """Who made a move, as far as the vendor tells. ``user`` is an e-mail address or a login; empty is not told."""

    sort: AuthorSort
    user: str = ""
    role: str = ""
    profile: str = ""
    queue: str = ""

    def __str__(self) -> str:
        if self.sort is AuthorSort.SYSTEM:
            return "the vendor's automation"
        return self.user or self.role or self.profile or ("a user" if self.sort is AuthorSort.USER else "nobody known")


NOBODY_KNOWN: Final = Author(AuthorSort.UNKNOWN)
AUTOMATION: Final = Author(AuthorSort.SYSTEM)


@swift
@dataclass(frozen=True, slots=True)
class Move:
    """One change of stage on one side. ``stage`` is ``None`` where it was emptied, ``at`` where nobody knows when.

    ``reason`` is the key of the reason that was given with it.
    """

    stage: str | None
    author: Author = NOBODY_KNOWN
    at: Instant | None = None
    reason: str | None = None


@swift
@dataclass(frozen=True, slots=True)
class Standing:
    """One side now: the stage it shows, and the moves since both sides last agreed, oldest first, as far as known."""

    stage: str | None
    moves: tuple[Move, ...] = ()


# -- what a person has been through ------------------------------------------------------------------------------------
@swift
@dataclass(frozen=True, slots=True)
class Entered:
    """One stage that a person came into, in which cycle and when: as the vendor tells, else when it was seen."""

    cycle: int
    stage: str
    at: Instant


@swift
@dataclass(frozen=True, slots=True)
class Journey:
    """The cycle a person is in, from 1, and when each stage was first entered in each cycle, oldest first."""

    cycle: int = 1
    entered: tuple[Entered, ...] = ()

    def on(self, stage: str, at: Instant, *, cycle: int) -> Journey:
        """With one more stage; who was in it in that cycle before keeps the first time."""
        if any((each.cycle, each.stage) == (cycle, stage) for each in self.entered):
            return Journey(cycle, self.entered)
        return Journey(cycle, (*self.entered, Entered(cycle, stage, at)))

    @property
    def text(self) -> str:
        """As it is kept: the cycle, then a word for each stage."""
        return " ".join([str(self.cycle), *(f"{e.cycle}:{e.stage}={stamp(e.at)}" for e in self.entered)])

    @staticmethod
    def read(text: object) -> Journey:
        """From its text; of anything else the first cycle, without any stage."""
        return _journey(text) if isinstance(text, str) and text else Journey()


@lru_cache(maxsize=256)
def _journey(text: str) -> Journey:
    """One person's is asked for several times in a row."""
    cycle, *words = text.split(" ")
    entered: list[Entered] = []
    for word in words:
        where, _, at = word.rpartition("=")
        number, _, stage = where.partition(":")
        entered.append(Entered(int(number), stage, instant(at)))
    return Journey(int(cycle), tuple(entered))
