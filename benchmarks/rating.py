"""Persona, grade and business time of made-up people, in this process: nothing here reads, writes or waits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figures import Figure
from benchmarks.measures import processor_seconds
from syncd.core.expressions import compile_expression
from syncd.core.hours import Hours
from syncd.core.rating import Profiles
from syncd.model.calendar import Calendar, Holidays, Span
from syncd.model.persona import Persona
from syncd.model.rating import Decay, GradeRule, Rating, RatingRule
from syncd.model.values import Canonical

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PEOPLE, CLOCKS = 10_000, 10_000
ROUNDS = 5
NAMES = frozenset(
    {"title", "email", "country", "stage", "employees", "visits", "industry", "phone", "seen", "interests"}
)
PERSONAS = (
    Persona("leader", "", "", "title != null && title.contains('Head')", ""),
    Persona("runner", "", "", "title != null && title.contains('Operations')", ""),
    Persona("evaluator", "", "", "interests != null && size(interests) > 0", ""),
)
RULES = (
    "persona == 'leader'",
    "persona == 'runner'",
    "email != null && !freemail(email)",
    "country != null && country in ['US', 'GB', 'DE']",
    "phone != null",
    "interests != null && size(interests) > 0",
    "employees > 100",
    "visits >= 3",
    "industry == 'software'",
    "seen != null",
)
RATING = Rating(
    tuple(GradeRule(letter, least) for letter, least in zip("ABCD", (6_000, 3_500, 1_500, None), strict=True)),
    tuple(RatingRule(when, "", when, 1_000, Decay("seen", 30) if when.startswith("seen") else None) for when in RULES),
)


def rating() -> Iterator[Figure]:
    """Persona (three conditions) and grade (ten rules, one of which decays) of 10,000 people, every third field empty.
    Processor time of the deciding alone, the least of five rounds. The yardstick beside it is one condition that the
    CEL library is asked for, because machines and hours differ and the ratio does not.
    """
    people = list(_people(random.Random(7)))
    profiles = Profiles(PERSONAS, RATING, NAMES)
    one = compile_expression("stage == country", NAMES)
    whole = least(lambda: [profiles.of(person, NOW) for person in people])
    single = least(lambda: [one.holds(person) for person in people])
    yield Figure("persona and grade of a person", whole / PEOPLE * 1e6, "us", 40)
    yield Figure("one condition that the library is asked for", single / PEOPLE * 1e6, "us")
    yield Figure("persona and grade against one such condition", whole / single, "times", 25)
    weekdays = (Span(540, 720), Span(780, 1_020))
    calendar = Calendar("x", "", "Europe/Berlin", (weekdays,) * 5 + ((), ()), Holidays("DE", "BE"))
    starts = [NOW + timedelta(minutes=7 * number) for number in range(CLOCKS)]
    counting = Hours(calendar)
    between = least(lambda: [counting.between(start, start + timedelta(days=3)) for start in starts])
    after = least(lambda: [counting.after(start, timedelta(hours=8)) for start in starts])
    yield Figure("business time of three days", between / CLOCKS * 1e6, "us", 20)
    yield Figure("when eight business hours are over", after / CLOCKS * 1e6, "us", 30)


def least(work: Callable[[], object]) -> float:
    """Processor seconds of the quickest of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = processor_seconds()
        work()
        rounds.append(processor_seconds() - began)
    return min(rounds)


def _people(chance: random.Random) -> Iterator[dict[str, Canonical]]:
    values: dict[str, tuple[Canonical, ...]] = {
        "title": ("Head of Marketing", "Marketing Operations", "Student", "Director of Sales", "Head of Sales"),
        "email": ("ann@example.com", "bob@gmail.com", "cy@example.org"),
        "country": ("DE", "US", "FR", "BR"),
        "stage": ("lead", "mql", "sql"),
        "employees": (5, 50, 500),
        "visits": (0, 2, 12),
        "industry": ("software", "steel"),
        "phone": ("+4930901820",),
        "seen": ("2026-03-01", "2026-01-15", "2025-03-02"),
        "interests": (("crm",), ("crm", "service")),
    }
    for _ in range(PEOPLE):
        yield {name: chance.choice(among) if chance.random() > 1 / 3 else None for name, among in values.items()}
