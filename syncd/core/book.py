"""What the ledger is kept by: what each stage means, whose clock counts, and how much time sales has.

Business time is that of the owner's calendar; whoever keeps none has the default one, and without any calendar all time
counts. A day of a service level is the calendar's mean working day: its weekly hours over the weekdays it opens on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum, auto
from typing import Final

from syncd.core.hours import Hours
from syncd.model.calendar import NO_CALENDARS, Calendars
from syncd.model.episode import Deal, Meaning, Moved
from syncd.model.lifecycle import NEW, OTHER, SYSTEM, HandoffRules, Span, Unit
from syncd.model.values import Instant, Side

WARNED: Final = 3, 4
"""Which part of the time is over when a warning is due."""
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_FIXED: Final = {Unit.MINUTE: _MINUTE, Unit.HOUR: timedelta(hours=1)}


class Clock:
    """Business time by one calendar; elapsed time where there is none."""

    def __init__(self, hours: Hours | None) -> None:
        self._hours = hours
        self._day = _DAY
        if hours is not None:
            week = [sum(span.closes - span.opens for span in spans) for spans in hours.calendar.week if spans]
            self._day = _MINUTE * sum(week) / len(week)

    def between(self, begin: Instant, end: Instant) -> timedelta:
        """From one instant to a later one."""
        return end - begin if self._hours is None else self._hours.between(begin, end)

    def after(self, begin: Instant, wanted: timedelta) -> Instant:
        """When so much time has passed."""
        return begin + wanted if self._hours is None else self._hours.after(begin, wanted)

    def length(self, span: Span) -> timedelta:
        """A span of a service level as business time."""
        return span.amount * _FIXED.get(span.unit, self._day)


class Whose(Enum):
    """Sales: the team that works on whoever is handed over; others: another team; nobody: not known."""

    SALES = auto()
    OTHERS = auto()
    AUTOMATION = auto()
    NOBODY = auto()


class Book:
    """Declared meaning and clocks; holds nothing about any person."""

    def __init__(
        self,
        rules: HandoffRules,
        calendars: Calendars = NO_CALENDARS,
        *,
        sales: frozenset[str] = frozenset(),
        back: frozenset[str] = frozenset(),
        terms: str | None = None,
    ) -> None:
        """:param sales: the teams that work on whoever is handed over; where none is named, everybody but automation.
        :param back: stages that mean nothing for the handoff and are marketing's: whoever comes there has left it.
        :param terms: the name of these terms (``core.terms``), noted with each episode that is judged by them.
        :raises KeyError: if the calendars name one that there is not; ``syncd check`` says so beforehand.
        """
        self.rules = rules
        self.back = back
        self.terms = terms
        self._sales = sales
        self._meanings = {
            stage: meaning
            for meaning in Meaning
            if meaning not in {Meaning.BORN, Meaning.RETURNED}
            for stage in getattr(rules, meaning.value)
        }
        self._born = frozenset(rules.born)
        self._clocks = {key: Clock(Hours(calendar)) for key, calendar in calendars.by_key.items()}
        self._calendars = calendars
        self._always = Clock(None)

    def meaning(self, stage: str) -> Meaning | None:
        """What coming into a stage means; ``None`` for stages that are no part of the handoff."""
        return self._meanings.get(stage)

    def leaves(self, start: str, stage: str) -> bool:
        """Whether a move leads from where marketing does not work to where it does, and says nothing else."""
        return stage in self.back and start not in self.back and start != NEW

    def born(self, move: Moved) -> bool:
        """Whether somebody new was found by sales: made in the CRM, by its people, in a stage where such people begin.

        Whom an import makes there, or anybody at all in marketing's system, nobody of sales has found.
        """
        return move.stage in self._born and move.side == Side.CRM and self.whose(move.team) is Whose.SALES

    def whose(self, team: str) -> Whose:
        """In whose name a move was made, by the team that the ledger was told."""
        if team in {"", SYSTEM}:
            return Whose.AUTOMATION if team else Whose.NOBODY
        return Whose.SALES if not self._sales or team in self._sales else Whose.OTHERS

    def by_sales(self, teams: Collection[str]) -> bool:
        """Whether what somebody did is sales' doing, by the teams that they serve; whom none names may be of sales."""
        return not teams or any(self.whose(team) is Whose.SALES for team in teams)

    def clock(self, owner: str | None) -> Clock:
        """The clock of an owner: a queue as ``queue:NAME``, a user by address or login."""
        key = self._calendars.kept_by(owner)
        return self._always if key is None else self._clocks[key]

    def worth(self, deal: Deal) -> int | None:
        """The amount of a deal in the declared currency, in hundredths; ``None`` if it has no rate, or no currency."""
        rate = Decimal(1) if deal.currency == self.rules.currency else self.rules.rates.get(deal.currency)
        if rate is None or deal.amount is None:
            return None
        return int((deal.amount * rate).to_integral_value(ROUND_HALF_EVEN))

    def touch_limit(self, grade: str | None, persona: str | None) -> Span | None:
        """How much time there is to the first touch; ``None`` for no limit."""
        return _limit(self.rules.touch_within, grade, persona)

    def decision_limit(self, grade: str | None, persona: str | None) -> Span | None:
        """How much time there is to say yes or no; ``None`` for no limit."""
        return _limit(self.rules.decide_within, grade, persona)

    def work_limit(self, grade: str | None, persona: str | None) -> Span | None:
        """How much time there is from a yes to the first thing done about the person; ``None`` for no limit."""
        return _limit(self.rules.work_within, grade, persona)


def _limit(spans: Mapping[str, Span], grade: str | None, persona: str | None) -> Span | None:
    """By persona if that is named, since whoever names one means these people; else by grade."""
    for key in (persona, grade, OTHER):
        if key is not None and key in spans:
            return spans[key]
    return None
