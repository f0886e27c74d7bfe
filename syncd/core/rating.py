"""The grade of a person: the points of all rules that hold, summed, against the thresholds.

Pure: shared values, persona and the time come in, the sum comes out rule by rule. Points are whole hundredths and decay
is computed in whole numbers, so the same person has the same sum on every machine. A rule without an answer gives no
points and says why; it is never counted as a no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from syncd.core.expressions import Unclear, compile_expression
from syncd.core.persona import Personas, holds
from syncd.core.remembering import remembering
from syncd.model.persona import PERSONA, Persona, PersonaAnswer
from syncd.model.rating import HUNDREDTHS, Decay, Part, Profile, Rated, Rating
from syncd.model.values import Canonical, Instant, instant

_NO: Final = Part(holds=False, points=0)
_FEW: Final = frozenset({PERSONA})
_DAY: Final = timedelta(days=1)
_WIDE: Final = Context(prec=40)
_LOOK_AHEAD: Final = 1_024
"""Days for which it is asked how long a grade stays; then it is asked again."""
_LONGEST: Final = 40
"""A score with more characters than that is no number anybody wrote down."""


class Rater:
    """A rating, compiled."""

    def __init__(self, rating: Rating, names: frozenset[str]) -> None:
        """:param names: the shared fields of a person.
        :raises ValueError: if a condition does not compile; ``syncd check`` says so beforehand.
        """
        self.rating = rating
        self._tried = tuple(
            (rule, remembering(compile_expression(rule.when, names | {PERSONA}), few=_FEW), Part(True, rule.points))
            for rule in rating.rules
        )
        self._by_persona = any(PERSONA in when.names for _, when, _ in self._tried)
        self.reads = frozenset(
            [name for _, when, _ in self._tried for name in when.names]
            + [rule.decay.field for rule in rating.rules if rule.decay is not None]
            + [name for name in (rating.source,) if name is not None]
        )
        """The shared fields that it reads, and ``PERSONA`` where a rule does."""

    def rate(
        self,
        values: Mapping[str, Canonical],
        persona: PersonaAnswer,
        now: Instant,
        *,
        unsettled: Mapping[str, str] | None = None,
    ) -> Rated:
        """The grade for these shared values at this moment.

        :param persona: the person's persona; where it is in doubt, so is every rule that reads it.
        :param unsettled: fields whose value is not known, with the reason.
        """
        if self.rating.source is not None:
            return self._mapped(self.rating.source, values, unsettled or {})
        if self._by_persona:
            values = {**values, PERSONA: persona.key}
            if persona.doubt:
                unsettled = {**(unsettled or {}), PERSONA: f"is not clear ({persona.doubt})"}
        total = 0
        parts: list[Part] = []
        for rule, when, whole in self._tried:
            answer = holds(when, values, unsettled)
            if answer is False:
                part = _NO
            elif answer is True:
                part = whole if rule.decay is None else _aged(rule.points, rule.decay, values, now, unsettled or {})
            else:
                part = Part(holds=False, points=0, doubt=answer.reason)
            total += part.points
            parts.append(part)
        return Rated(self._grade(total), total, tuple(parts))

    def steady_until(self, rated: Rated, now: Instant) -> date | None:
        """The last day (UTC) up to which age alone surely leaves the grade what it is, with the same values.

        Sums that fade are bounded on both sides: what adds has faded by then and what takes away has not, and the
        reverse. One day is given away, as instants become a day older in the middle of one. ``None`` without a grade.
        """
        if rated.grade is None or rated.total is None:
            return None
        fading = tuple(
            [
                (part.points, rule.points, rule.decay.half_life, part.days)
                for rule, part in zip(self.rating.rules, rated.parts, strict=False)  # a mapped score has no parts
                if rule.decay is not None and part.days is not None
            ]
        )
        if not fading:
            return date.max
        grades = self.rating.grades
        place = next(n for n, each in enumerate(grades) if each.grade == rated.grade)
        days = _steady(fading, rated.total, grades[place].at_least, grades[place - 1].at_least if place else None)
        return now.astimezone(UTC).date() + (days - 1) * _DAY

    def _mapped(self, source: str, values: Mapping[str, Canonical], unsettled: Mapping[str, str]) -> Rated:
        """The grade of the platform's own score."""
        if source in unsettled:
            return Rated(None, None, reason=f"{source} {unsettled[source]}")
        value = values.get(source)
        if value is None:
            return Rated(None, None, reason=f"{source} is empty")
        total = None if isinstance(value, bool | tuple) else hundredths(str(value))
        if total is None:
            return Rated(None, None, reason=f"{source} is no number")
        return Rated(self._grade(total), total)

    def _grade(self, total: int) -> str:
        for each in self.rating.grades:
            if each.at_least is None or total >= each.at_least:
                return each.grade
        return self.rating.grades[-1].grade


class Profiles:
    """Personas and rating of a configuration together, in the order in which they depend on each other."""

    def __init__(self, personas: Sequence[Persona], rating: Rating | None, names: frozenset[str]) -> None:
        """:param names: the shared fields of a person.
        :raises ValueError: if a condition does not compile; ``syncd check`` says so beforehand.
        """
        self.personas = tuple(personas)
        self.rating = rating
        self._personas = Personas(personas, names)
        self._rater = None if rating is None else Rater(rating, names)
        self.persona_reads = self._personas.reads
        self.grade_reads = frozenset() if self._rater is None else self._rater.reads
        """The shared fields that each reads; those of the grade with ``PERSONA`` where a rule asks for it."""

    @property
    def declared(self) -> bool:
        """Whether there is anything to tell of a person."""
        return bool(self.personas) or self._rater is not None

    def steady_until(self, rated: Rated, now: Instant) -> date | None:
        """As ``Rater.steady_until``."""
        return None if self._rater is None else self._rater.steady_until(rated, now)

    def of(
        self, values: Mapping[str, Canonical], now: Instant, *, unsettled: Mapping[str, str] | None = None
    ) -> Profile:
        """Persona and grade for these shared values at this moment; ``unsettled`` as in ``Rater.rate``."""
        answer = self._personas.answer(values, unsettled=unsettled)
        rated = None if self._rater is None else self._rater.rate(values, answer, now, unsettled=unsettled)
        return Profile(answer if self.personas else None, rated)


def hundredths(text: str) -> int | None:
    """A decimal number in whole hundredths, rounded down, so that it reaches no threshold it did not reach before;
    ``None`` if the text is no number.
    """
    if len(text) > _LONGEST:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() > _LONGEST:
        return None
    return int((number * HUNDREDTHS).to_integral_value(ROUND_FLOOR))


@lru_cache(maxsize=65_536)
def _steady(fading: tuple[tuple[int, int, int, int], ...], total: int, least: int | None, above: int | None) -> int:
    """For how many days a sum surely stays at ``least`` and below ``above``; many people have the same sum and ages.

    :param fading: per rule that loses worth its points now, in full, its half life, and its age in days.
    """
    plus = sum(points for points, whole, _, _ in fading if whole > 0)
    minus = sum(points for points, whole, _, _ in fading if whole < 0)

    def safe(days: int) -> bool:
        faded = [(whole, decayed(whole, half_life, past + days)) for _, whole, half_life, past in fading]
        low = total - plus + sum(points for whole, points in faded if whole > 0)
        high = total - minus + sum(points for whole, points in faded if whole < 0)
        return (least is None or low >= least) and (above is None or high < above)

    if safe(_LOOK_AHEAD):
        return _LOOK_AHEAD
    certain, doubtful = 0, _LOOK_AHEAD
    while doubtful - certain > 1:
        middle = (certain + doubtful) // 2
        certain, doubtful = (middle, doubtful) if safe(middle) else (certain, middle)
    return certain


def _aged(
    points: int, decay: Decay, values: Mapping[str, Canonical], now: Instant, unsettled: Mapping[str, str]
) -> Part:
    """What a rule that holds is worth at the age of its date."""
    days = Unclear(unsettled[decay.field]) if decay.field in unsettled else age(values.get(decay.field), now)
    if isinstance(days, Unclear):
        return Part(holds=False, points=0, doubt=f"{decay.field} {days.reason}")
    return Part(holds=True, points=decayed(points, decay.half_life, days), days=days)


def age(value: Canonical, now: Instant) -> int | Unclear:
    """Whole days from a canonical date or instant until now; 0 for one that is still to come.

    A date has no zone and is held against the date in UTC.
    """
    if value is None:
        return Unclear("is empty")
    if not isinstance(value, str):
        return Unclear("is no date")
    try:
        if len(value) == 10:
            days = (now.astimezone(UTC).date() - date.fromisoformat(value)).days
        else:
            days = (now - instant(value)) // _DAY
    except ValueError:
        return Unclear("is no date")
    return max(0, days)


@lru_cache(maxsize=65_536)
def decayed(points: int, half_life: int, days: int) -> int:
    """``points * 2 ** (-days / half_life)``, to the nearest whole number; a half goes away from zero.

    Exact: a quotient of 40 digits is only the guess, and whole numbers decide. The nearest is the largest ``n`` with
    ``2n - 1 <= 2 * points * 2 ** (-days / half_life)``, which is ``(2n - 1) ** h * 2 ** days <= (2 * points) ** h``.
    """
    size = abs(points)
    halvings, rest = divmod(days, half_life)
    if halvings > (2 * size).bit_length():
        return 0
    guess = _WIDE.divide(
        _WIDE.multiply(Decimal(size), _WIDE.power(Decimal(2), _WIDE.divide(Decimal(-rest), Decimal(half_life)))),
        Decimal(2**halvings),
    )
    near = int(guess.to_integral_value(ROUND_HALF_EVEN))
    limit = (2 * size) ** half_life

    def within(number: int) -> bool:
        return number < 1 or ((2 * number - 1) ** half_life) << days <= limit

    while not within(near):
        near -= 1
    while within(near + 1):
        near += 1
    return near if points >= 0 else -near
