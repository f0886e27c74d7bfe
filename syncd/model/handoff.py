"""Everything declared that a handoff is booked and judged by, for the one kind that has a lifecycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncd.model.calendar import NO_CALENDARS, Calendars
from syncd.model.lifecycle import HandoffRules, Lifecycle, Teams
from syncd.model.persona import Persona
from syncd.model.rating import Rating


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a deal is read, in shared fields of the kind ``deal``.

    A deal whose ``stage`` is one of ``won`` or ``lost`` is closed, any other is open. ``contact`` refers to the person
    whom it says something of; ``amount``, ``reason`` (why it was lost) and ``owner`` (who has it, and is to close it)
    are ``None`` where nobody names them.
    """

    stage: str
    won: tuple[str, ...]
    lost: tuple[str, ...]
    contact: str
    amount: str | None = None
    reason: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class DealRules:
    """What deals call for: how each is read, and the lifecycle of the people they move. ``shown`` says that a field of
    these people shows something of their deals. ``teams`` say which users are no people: those close none.
    """

    outcome: Outcome
    lifecycle: Lifecycle
    teams: Teams
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Handoff:
    """``stage`` is the shared field that holds it, ``fields`` are all shared fields of its kind.

    ``owners`` are the fields of people and queues, ``entry`` names per qualifying stage the fields that must be filled
    then, ``reachable`` those one of which a person can be reached by; ``deals`` are ``None`` where deals say nothing.
    ``back`` are stages that mean nothing for the handoff and are not of the team that works on whoever is handed over:
    marketing has them again. ``sales`` are the teams that do. ``shown`` says that a derived field shows what the ledger
    says.
    """

    stage: str
    fields: tuple[str, ...]
    rules: HandoffRules
    entry: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reachable: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    calendars: Calendars = NO_CALENDARS
    personas: tuple[Persona, ...] = ()
    rating: Rating | None = None
    deals: DealRules | None = None
    back: frozenset[str] = frozenset()
    sales: frozenset[str] = frozenset()
    shown: bool = False
