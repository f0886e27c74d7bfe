"""Routing: who gets a person in the CRM, by rules that sales operations declared, and why.

A rule says whom a person goes to: the owner of their company, one owner, a pool that takes turns, or the CRM's own
assignment rules. A queue is an owner like any other; it is where people go for whom nobody has room. An owner is named
as everywhere: ``user:<e-mail>`` or ``queue:<name>``. Nothing here names a vendor's field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from syncd.model.lifecycle import Teams
from syncd.model.persona import Persona
from syncd.model.rating import Rating
from syncd.model.swift import swift
from syncd.model.values import Instant

BECAUSE: Final = "routing: "
"""How the rule of every write begins by which routing gives somebody an owner."""
QUEUE: Final = "queue:"
USER: Final = "user:"
NOT_TOUCHED: Final = "not touched in time: "
"""How the rule of an assignment begins by which somebody is taken from an owner who let the time pass; no rule of a
file does."""


class Order(StrEnum):
    """Who of a pool is next: who has waited longest for a turn, or who has the fewest open people."""

    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


@dataclass(frozen=True, slots=True)
class Pool:
    """Owners who take turns. ``per_day`` is how many people one of them is given on one day at most, ``open`` how many
    open people one of them may have; ``None`` for no limit.
    """

    key: str
    members: tuple[str, ...]
    order: Order = Order.ROUND_ROBIN
    per_day: int | None = None
    open: int | None = None


@dataclass(frozen=True, slots=True)
class ToCompanyOwner:
    """To whoever has the person's company: the owner of its open handoff, else of its account."""


@dataclass(frozen=True, slots=True)
class ToOwner:
    """To one user or queue."""

    owner: str


@dataclass(frozen=True, slots=True)
class ToPool:
    """To whose turn it is in a pool."""

    pool: str


@dataclass(frozen=True, slots=True)
class ToCrmRules:
    """To whom the CRM's own assignment rules choose."""


To: TypeAlias = ToCompanyOwner | ToOwner | ToPool | ToCrmRules


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """One rule: the first that holds decides. ``when`` is CEL over the shared fields, persona and grade; ``None`` for
    always. One to the company's owner holds only where there is such an owner who can be given somebody.
    """

    name: str
    to: To
    when: str | None = None


@dataclass(frozen=True, slots=True)
class TakesFrom:
    """Whom a person may be taken from, beside nobody: queues, users named one by one, automation, and owners who are
    not active any more. A salesperson is never among them.
    """

    queues: bool = True
    automation: bool = True
    inactive: bool = False
    users: tuple[str, ...] = ()


class LateTo(StrEnum):
    """Who has a person whom nobody touched in time: whom the rules choose without the owner who was late, or the
    fallback queue.
    """

    NEXT = "next"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Late:
    """What becomes of people whom nobody touched in time, ``None`` for nothing; ``per_day`` are taken away in 24 hours
    at most. ``accepted`` says that those go back to the queue whom sales accepted and did nothing more about in time.
    """

    to: LateTo | None
    per_day: int
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Joining:
    """By which shared field people of one company share one handoff, and in which stages they come into it."""

    company: str
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routing:
    """All that is declared, and what it depends on.

    ``owner``, ``stage`` and ``company`` are the names of shared fields, the last two ``None`` where there is none.
    People are routed when they are made in the CRM (``created``) and when they come into one of ``stages``. Those in
    one of ``open_in`` are open; all that were given, if it is empty. ``joining`` is ``None`` where the ledger hears
    of no companies, or of no owners. ``late`` says what becomes of people whom nobody
    touched in time; ``None``: nothing. ``zones`` are IANA names by owner, ``zone`` that
    of whoever is not in it: there a day begins.
    """

    owner: str
    rules: tuple[RoutingRule, ...]
    pools: tuple[Pool, ...]
    fallback: str
    created: bool = False
    stages: tuple[str, ...] = ()
    open_in: tuple[str, ...] = ()
    takes_from: TakesFrom = TakesFrom()
    late: Late | None = None
    stage: str | None = None
    joining: Joining | None = None
    company: str | None = None
    company_kind: str | None = None
    personas: tuple[Persona, ...] = ()
    rating: Rating | None = None
    teams: Teams | None = None
    zones: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"

    @property
    def on(self) -> bool:
        """Whether anybody is routed at all: a file may be declared and wait to be switched on."""
        return self.created or bool(self.stages) or self.late is not None


# -- decisions ---------------------------------------------------------------------------------------------------------
class How(StrEnum):
    """How it came out: a rule gave an owner, the queue for whom nobody has room did, the CRM's own rules are to, or
    there is not even that queue and the person stays where they are.
    """

    GIVEN = "given"
    FALLBACK = "fallback"
    CRM_RULES = "crm_rules"
    NOBODY = "nobody"


class Passed(NamedTuple):
    """A rule, or one of its candidates, that was passed over; ``owner`` is empty for the rule as a whole."""

    rule: str
    owner: str
    why: str


@swift
@dataclass(frozen=True, slots=True)
class Routed:
    """Who gets one person, by which rule and out of which pool, and who was passed over.

    ``number`` grows with every decision of a connection: whose last one in a pool is the smallest has waited longest.
    ``owner`` is ``None`` where none is given. ``entered`` is the field whose change it goes with, empty for a creation.
    """

    how: How
    owner: str | None
    rule: str
    number: int
    pool: str = ""
    passed: tuple[Passed, ...] = ()
    entered: str = ""


DONE: Final = ("", "done", "recovered: done")
"""Outcomes of an assignment that counts: its write is on its way, or is known to have happened."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One decision as it is remembered, from just before its write on: ``intent`` is that write, ``outcome`` what came
    of it, empty while nobody knows. ``live`` ends with the next one of the same person, or when they are open no more.
    """

    intent: str
    link: str
    routed: Routed
    at: Instant
    outcome: str = ""
    live: bool = True

    @property
    def stands(self) -> bool:
        """Whether it counts: the turn is taken, the person given."""
        return self.outcome in DONE and self.routed.how is not How.NOBODY
