"""From shared values to derived values: persona, grade, points, reasons, stage, cycle and stage times of one person.

Pure: what a person's fields come to, what they have been through and the time go in; per derived field comes out the
value that both systems are to show (``Computed``), or that nothing certain can be said (``Stands``). It promises that

* a value is never emptied for want of an answer: a persona goes only where every condition has said no, a grade or a
  stage only when another one takes its place, a time only when a later one does;
* nothing rests on a field whose value is not known (held, unreadable): what reads it stands as it is;
* the same values on the same day give the same answer, whatever stood in the derived fields before: they are no input.

It knows neither sides nor vendors; what becomes of an answer is ``core.deriving``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

from syncd.core.deal_stage import deciding
from syncd.core.layout import digest
from syncd.core.rating import Profiles
from syncd.core.types import read_decimal
from syncd.model.derived import DEALT, LEDGERED, RATED, STAGED, Definitions, Derivation, Derived, Handed
from syncd.model.episode import Deal, DealState
from syncd.model.lifecycle import Journey
from syncd.model.persona import PERSONA
from syncd.model.rating import Profile, Rated, Rating, points_text
from syncd.model.swift import swift
from syncd.model.values import Canonical, Instant, stamp


@swift
@dataclass(frozen=True, slots=True)
class Computed:
    """The value that is to stand wherever the field is mapped."""

    value: Canonical


@swift
@dataclass(frozen=True, slots=True)
class Stands:
    """Nothing certain can be said: what was computed last goes on to stand. ``reason`` holds no values."""

    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """There is no one value, and a person is to know: what was computed last goes on to stand. ``reason`` holds no
    values.
    """

    reason: str


Answer: TypeAlias = Computed | Stands | Held


@dataclass(frozen=True, slots=True)
class Been:
    """The stage a person is in, what they have been through, how their deals stand, and what the ledger says of them;
    ``None`` where nobody has said.
    """

    stage: Canonical = None
    journey: Journey | None = None
    deals: tuple[Deal, ...] | None = None
    handed: Handed | None = None


NOWHERE: Final = Been()
HISTORY: Final = 4_000
"""Characters that a text of stages has at most: as many as the field that ``setup`` makes in the CRM holds."""
EARLIER: Final = "Earlier: syncd explain"
_NOBODY: Final = Profile(None, None)


@lru_cache(maxsize=16)
def _profiles(definitions: Definitions) -> Profiles:
    return Profiles(definitions.personas, definitions.rating, frozenset(definitions.fields))


@lru_cache(maxsize=16)
def _terms(definitions: Definitions) -> str:
    return digest(repr(definitions))


class Deriver:
    """Computes the derived fields of one kind.

    ``reads`` are the shared fields that they follow from; ``terms`` changes with the definitions; ``ages`` says that
    the grade may change by the day alone, ``staged`` that a field shows what a person has been through, ``dealt`` that
    one shows something of their deals, ``ledgered`` that one shows what the ledger says.
    """

    def __init__(self, definitions: Definitions, wanted: Mapping[str, Derivation]) -> None:
        """:param wanted: the derived fields by name, each with what it holds."""
        self._wanted = dict(wanted)
        self._profiles = _profiles(definitions)
        self._rating = definitions.rating
        sorts = {each.sort for each in wanted.values()}
        self.ledgered = bool(sorts & LEDGERED)
        self.terms = _terms(definitions)
        self._ledger = digest(self.terms, definitions.ledger) if self.ledgered else ""
        self._names = dict(definitions.stages)
        told = Derived.STAGE_HISTORY in sorts
        self._history = digest(self.terms, repr(definitions.stages)) if told else ""
        self._rated = bool(sorts & RATED)
        self._by_persona = self._rated and PERSONA in self._profiles.grade_reads
        self._of_persona = self._profiles.persona_reads if self._by_persona or Derived.PERSONA in sorts else frozenset()
        self._of_grade = (self._profiles.grade_reads - {PERSONA}) if self._rated else frozenset()
        self.reads = self._of_persona | self._of_grade
        rules = definitions.rating.rules if definitions.rating is not None and self._rated else ()
        self.ages = any(rule.decay is not None for rule in rules)
        self._profiled = self._rated or Derived.PERSONA in sorts
        self.staged = bool(sorts & STAGED)
        self.dealt = bool(sorts & DEALT)

    def terms_of(self, sort: Derived) -> str:
        """What changes with the definitions that one sort of field follows from."""
        if sort is Derived.STAGE_HISTORY:
            return self._history
        return self._ledger if sort in LEDGERED else self.terms

    def of(
        self, values: Mapping[str, Canonical], now: Instant, *, unsettled: Mapping[str, str], been: Been = NOWHERE
    ) -> Answers:
        """What the derived fields of a person are to hold.

        :param values: the shared fields as both sides are to have them; what is not there is empty.
        :param unsettled: fields whose value is not known, with the reason, in words that follow the name.
        """
        profile = self._profiles.of(values, now, unsettled=unsettled) if self._profiled else _NOBODY
        doubt = self._graded(profile, unsettled) if unsettled else None
        return Answers(self, profile, doubt, unsettled, been, now)

    def steady_until(self, answers: Answers) -> str:
        """The last day on which age alone leaves the grade what it is; empty where that cannot be said."""
        rated = answers.profile.rated
        if rated is None or answers.doubt is not None or rated.doubts:
            return ""
        day = self._profiles.steady_until(rated, answers.now)
        return "" if day is None else day.isoformat()

    def answer(self, name: str, answers: Answers) -> Answer:
        """What one of the derived fields is to hold."""
        wanted = self._wanted[name]
        match wanted.sort:
            case Derived.PERSONA:
                return self._persona(answers.profile, answers.unsettled)
            case Derived.STAGE | Derived.CYCLE | Derived.STAGE_HISTORY:
                return self._stands(wanted.sort, answers.been)
            case Derived.STAGE_ENTERED | Derived.FIRST_ENTERED | Derived.TIMES_ENTERED:
                return entered(wanted, answers.been)
            case Derived.WON_AMOUNT:
                return won(answers.been.deals)
            case Derived.LOSS_REASON:
                return lost(answers.been.deals)
            case Derived.RESPOND_BY | Derived.LAST_TOUCH | Derived.IN_SALES_HANDS:
                return _told(wanted.sort, answers.been.handed)
        rated = answers.profile.rated
        if rated is None or answers.doubt is not None:
            return answers.doubt or Stands("there is no rating")
        if rated.grade is None:
            return Stands(rated.reason)
        match wanted.sort:
            case Derived.GRADE:
                return Computed(rated.grade)
            case Derived.POINTS:
                return Computed(points_text(rated.total or 0))
            case Derived.GRADE_REASONS:
                assert self._rating is not None, "what was rated has a rating"
                return Computed(reasons(self._rating, rated))

    def _stands(self, sort: Derived, been: Been) -> Answer:
        """Where a person stands, in which cycle, or all that they have been through."""
        journey = been.journey
        if sort is Derived.STAGE:
            return Stands("they are in no stage") if been.stage is None else Computed(been.stage)
        if journey is None:
            return Stands("no stage was agreed on yet")
        return Computed(journey.cycle) if sort is Derived.CYCLE else history(journey, self._names)

    def _persona(self, profile: Profile, unsettled: Mapping[str, str]) -> Answer:
        answer = profile.persona
        if answer is None:
            return Stands("there are no personas")
        if answer.doubts and (unknown := _unknown(self._of_persona, unsettled)):
            return unknown  # a persona above the one that holds may be theirs, once the field is known
        return Stands(f"no persona is certain ({answer.doubt})") if answer.doubt else Computed(answer.key)

    def _graded(self, profile: Profile, unsettled: Mapping[str, str]) -> Stands | None:
        """Why a grade would rest on what nobody knows, itself or through the persona; ``None`` if it does not."""
        through = self._by_persona and profile.persona is not None and profile.persona.doubts
        if through and (unknown := _unknown(self._of_persona, unsettled)):
            return unknown
        in_doubt = profile.rated is not None and (profile.rated.doubts or profile.rated.grade is None)
        return _unknown(self._of_grade, unsettled) if in_doubt else None


@dataclass(frozen=True)  # without slots: the day is worked out once, and only where it is asked for
class Answers:
    """What the derived fields of one person are to hold, each worked out when it is asked for. ``doubt`` says why the
    grade stands as it is.
    """

    deriver: Deriver
    profile: Profile
    doubt: Stands | None
    unsettled: Mapping[str, str]
    been: Been
    now: Instant

    @cached_property
    def until(self) -> str:
        """The last day on which age alone leaves the grade what it is, empty where that cannot be said."""
        return self.deriver.steady_until(self)

    def of(self, name: str) -> Answer:
        """What one field is to hold."""
        return self.deriver.answer(name, self)

    @property
    def grade(self) -> str | None:
        """The grade that points and reasons come to."""
        return None if self.profile.rated is None else self.profile.rated.grade


def _unknown(reads: frozenset[str], unsettled: Mapping[str, str]) -> Stands | None:
    found = sorted(reads & unsettled.keys())
    return Stands("; ".join(f"{name} {unsettled[name]}" for name in found)) if found else None


def _told(sort: Derived, handed: Handed | None) -> Answer:
    """What the ledger says; it is asked of people who are looked at, and knows nobody who was never handed over."""
    if handed is None:
        return Stands("the ledger was not asked, or knows nothing of them")
    if sort is Derived.IN_SALES_HANDS:
        return Computed(handed.in_sales_hands)
    at = handed.respond_by if sort is Derived.RESPOND_BY else handed.last_touch
    return Computed(None if at is None else stamp(at.replace(microsecond=0)))


def entered(wanted: Derivation, been: Been) -> Answer:
    """When a person came into a stage, the one they are in if none is named: the first time in the last cycle in which
    they did, or ever; or in how many cycles they did. Whole seconds, since a CRM keeps no finer times.
    """
    stage = been.stage if wanted.stage is None else wanted.stage
    found = [each for each in (been.journey or Journey()).entered if each.stage == stage]
    if not found:
        return Stands("they were never seen to come into it" if stage is not None else "they are in no stage")
    if wanted.sort is Derived.TIMES_ENTERED:
        return Computed(len(found))  # a journey has a stage once a cycle
    if wanted.sort is Derived.FIRST_ENTERED:
        which = min(found, key=lambda each: each.cycle)
    else:
        which = max(found, key=lambda each: each.cycle)
    return Computed(stamp(which.at.replace(microsecond=0)))


def history(journey: Journey, names: Mapping[str, str]) -> Answer:
    """Every stage that a person came into, with the minute in UTC: a line for each cycle, the latest first. What is
    more than ``HISTORY`` characters is told by ``syncd explain`` alone.
    """
    cycles: dict[int, list[str]] = {}
    for each in journey.entered:
        cycles.setdefault(each.cycle, []).append(f"{names.get(each.stage, each.stage)} {each.at:%Y-%m-%d %H:%M}")
    if not cycles:
        return Stands("they were never seen to come into a stage")
    text = ""
    for cycle in sorted(cycles, reverse=True):
        line = f"Cycle {cycle} (UTC): {', '.join(cycles[cycle])}"
        if text and len(text) + len(line) + len(EARLIER) + 2 > HISTORY:
            return Computed(f"{text}\n{EARLIER}")
        text = f"{text}\n{line}" if text else line
    return Computed(text)


def won(deals: tuple[Deal, ...] | None) -> Answer:
    """What the won deals of a person are worth together, nothing if none is won; those without an amount are worth
    nothing. Amounts of several currencies are no sum, as syncd converts nothing.
    """
    if deals is None:
        return Stands("no deal of theirs was ever seen")
    counted = [deal for deal in deals if deal.state is DealState.WON and deal.amount is not None]
    if len({deal.currency for deal in counted}) > 1:
        return Held("their won deals are in several currencies, which are not added up")
    if not counted:
        return Computed(None)
    total = Decimal(sum(deal.amount or 0 for deal in counted)) / 100
    return Computed(f"{read_decimal(str(total))} {counted[0].currency}")


def lost(deals: tuple[Deal, ...] | None) -> Answer:
    """Why the deal that decides was lost; nothing unless it was."""
    if deals is None:
        return Stands("no deal of theirs was ever seen")
    decides = deciding(deals)
    return Computed(decides.reason or None if decides is not None and decides.state is DealState.LOST else None)


def reasons(rating: Rating, rated: Rated) -> str:
    """A grade for whoever gets the person: the sum, then a line for each rule that gave points or had no answer."""
    words = next((each.words for each in rating.grades if each.grade == rated.grade), "")
    lines = [f"{rated.grade}, {points_text(rated.total or 0)} points" + (f": {words}" if words else "")]
    if rating.source is not None:
        lines.append(f"By the score in {rating.source}.")
    for rule, part in zip(rating.rules, rated.parts, strict=False):  # a mapped score has no parts
        if part.doubt:
            lines.append(f"? {rule.name}: not known yet")
        elif part.holds:
            halves = "" if rule.decay is None else f" Halves every {rule.decay.half_life} days."
            lines.append(
                f"{'+' if part.points >= 0 else ''}{points_text(part.points)} {rule.name}: {rule.words}{halves}"
            )
    return "\n".join(lines)
