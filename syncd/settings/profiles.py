"""What a case of ``cases/*.yaml`` expects of persona and grade, held against what the given record says.

Only the fields of that one record count; all others are empty. What cannot be read is not taken for empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

from syncd.core.rating import Profiles
from syncd.model.persona import PersonaAnswer
from syncd.model.rating import Rated, Rating, points_text
from syncd.model.values import Instant, instant
from syncd.settings.declared import PERSON
from syncd.settings.tree import Loc, Tree

if TYPE_CHECKING:
    from syncd.settings.accounts import ConnectionSettings

_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
"""For ratings that do not decay, and so are the same at any time."""


class Expecting(Protocol):
    """What is needed of a case: ``model_fields_set`` tells ``null`` from a key that is not there."""

    @property
    def name(self) -> str:
        """What the case shows."""
        ...

    @property
    def persona(self) -> str | None:
        """The persona it expects."""
        ...

    @property
    def grade(self) -> str | None:
        """The grade it expects."""
        ...

    @property
    def at(self) -> str | None:
        """The time it is judged at."""
        ...

    @property
    def model_fields_set(self) -> set[str]:
        """The keys that are written there."""
        ...


def profiles_of(settings: ConnectionSettings) -> Profiles:
    """Personas and rating of a connection, compiled."""
    names = (each.name for kind in settings.connection.kinds if kind.kind == PERSON for each in kind.fields)
    return Profiles(settings.personas, settings.rating, frozenset(names))


def check_profile(
    case: Expecting, kind: str, read: Mapping[str, Any], profiles: Profiles | None, *, tree: Tree, loc: Loc
) -> None:
    """Notes in the tree where persona or grade are not the expected ones, or cannot be."""
    wanted = [key for key in ("persona", "grade") if key in case.model_fields_set]
    moment = moment_of(case, tree, loc)
    if not wanted or moment is None:
        return
    if kind != PERSON:
        tree.flaw((*loc, wanted[0]), f"a {kind} has no {wanted[0]}", "remove it; people have one", key=True)
        return
    rating = None if profiles is None else profiles.rating
    if "grade" in wanted and case.at is None and rating is not None and any(rule.decay for rule in rating.rules):
        tree.flaw((*loc, "grade"), "the rating decays, and the case has no time", "add e.g. `at: 2026-03-01`", key=True)
        return
    values = {name: value for name, value in read.items() if not hasattr(value, "reason")}
    unsettled = {name: value.reason for name, value in read.items() if hasattr(value, "reason")}
    profile = None if profiles is None else profiles.of(values, moment, unsettled=unsettled)
    if "persona" in wanted:
        _persona(case, profiles, None if profile is None else profile.persona, tree, (*loc, "persona"))
    if "grade" in wanted:
        rated = None if profile is None else profile.rated
        if rated is None or rating is None:
            tree.flaw((*loc, "grade"), "there is no rating.yaml", "add it, or remove the grade", key=True)
        elif rated.grade != case.grade:
            what = f"{case.name}: the grade is {rated.grade or 'none'}, {sum_text(rating, rated)}"
            tree.flaw((*loc, "grade"), what, "correct the case or the rating")


def _persona(case: Expecting, profiles: Profiles | None, answer: PersonaAnswer | None, tree: Tree, loc: Loc) -> None:
    if profiles is None or answer is None:
        tree.flaw(loc, "there is no personas.yaml", "add it, or remove the persona", key=True)
        return
    keys = [each.key for each in profiles.personas]
    if case.persona is not None and case.persona not in keys:
        near = get_close_matches(case.persona, keys, n=1)
        advice = f"did you mean {near[0]}?" if near else f"use one of {', '.join(keys)}"
        tree.flaw(loc, f"there is no persona {case.persona!r}", advice)
    elif answer.key != case.persona:
        unclear = f" ({answer.doubt})" if answer.doubt else ""
        what = f"{case.name}: the persona is {answer.key or 'none'}{unclear}"
        tree.flaw(loc, what, "correct the case or the personas")


def moment_of(case: Expecting, tree: Tree, loc: Loc) -> Instant | None:
    """The time a case is judged at; ``None`` with the flaw noted where that is none."""
    if case.at is None:
        return _ANY_DAY
    try:
        if len(case.at) == 10:
            day = date.fromisoformat(case.at)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        return instant(case.at)
    except ValueError:
        tree.flaw((*loc, "at"), f"{case.at!r} is no time", "write 2026-03-01, or 2026-03-01T09:00:00Z")
        return None


def sum_text(rating: Rating, rated: Rated) -> str:
    """The sum in one line."""
    if rated.total is None:
        return rated.reason
    told = [
        f"{rule.name} {points_text(part.points)}"
        for rule, part in zip(rating.rules, rated.parts, strict=False)  # a mapped score has no parts
        if part.holds
    ]
    told += [f"{rule.name} unclear" for rule, part in zip(rating.rules, rated.parts, strict=False) if part.doubt]
    return f"by {points_text(rated.total)} points" + (f" ({', '.join(told)})" if told else "")
