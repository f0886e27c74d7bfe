"""Recorded moves of stage held against a changed lifecycle: allowed then, and now?

The record of a move that travelled tells in whose team's name it was made, not who made it: whoever knows that says in
whose name it would be made by changed teams. That of a move that is listed tells its author. What a person gave for a
reason is told only where it travelled with the move. As with single values (``core.replay``), every state of affairs is
tried in which the lifecycle in use judges just so, and only what all of them come to is an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from syncd.core.lifecycle import Course
from syncd.core.move_words import Travelled
from syncd.core.rehearsal import Fate, Rehearsed, rehearse
from syncd.model.lifecycle import AUTOMATION, NEW, SYSTEM, Agreed, Author, AuthorSort, Lifecycle, Move, Team, Teams
from syncd.model.values import SIDES, Canonical, Missing, Pair, Side

OLDER: Final = (
    "the lifecycle in use judges it otherwise: the record, or what is known of the person, is not of that time"
)
UNCLEAR: Final = "who made it, or for which reason, was not recorded"


@dataclass(frozen=True, slots=True)
class Moved:
    """What people did to one person since both sides last agreed, and what became of it.

    ``reason`` is the key of the reason given, ``None`` where none was, ``MISSING`` where that was not recorded.
    ``values`` are the shared fields as they are known now.
    """

    agreed: str | Missing | None
    moves: Pair[tuple[Move, ...]]
    fate: Fate
    reason: str | Missing | None
    values: Mapping[str, Canonical]
    cycle: int = 1


def rejudged(
    old: Course, new: Course, row: Moved, names: Mapping[str, str] | None = None, *, now: Moved | None = None
) -> Rehearsed | str:
    """What would become of these moves by the changed lifecycle; or why that cannot be told.

    :param names: what the changed configuration calls stages that it calls otherwise.
    :param now: the same moves in the name of other teams, where the changed teams say so.
    """
    found: dict[tuple[Fate, str | None], Rehearsed] = {}
    again = renamed(now or row, names or {})
    for reason in _reasons(old, new, row):
        was = _rehearsed(old, row, reason)
        if was.fate is row.fate:
            then = _rehearsed(new, again, reason)
            found.setdefault((then.fate, then.stage), then)
    if len(found) == 1:
        return next(iter(found.values()))
    return UNCLEAR if found else OLDER


def judged_for_all(standins: Standins, row: Moved, names: Mapping[str, str] | None = None) -> Rehearsed | str:
    """What would become of a move whose author was never asked for, if it is the same whoever made it."""
    found: dict[Fate, Rehearsed] = {}
    again = renamed(row, names or {})
    everybody = [*(frozenset({team}) for team in standins.teams), frozenset({SYSTEM}), frozenset[str]()]
    for who in everybody:
        steps = [Travelled(NEW, move.stage or NEW, who) for each in again.moves for move in each]
        course = standins.course(steps)
        author = _author(who)
        made = replace(again, moves=again.moves.map(lambda each: tuple(replace(m, author=author) for m in each)))  # noqa: B023 - at once
        for reason in _reasons(course, course, row):
            now = _rehearsed(course, made, reason)
            found.setdefault(now.fate, now)
    return next(iter(found.values())) if len(found) == 1 else UNCLEAR


def renamed(row: Moved, names: Mapping[str, str]) -> Moved:
    """The same moves between stages of other names."""

    def named(stage: str | None) -> str | None:
        return None if stage is None else names.get(stage, stage)

    moves = row.moves.map(lambda each: tuple(replace(move, stage=named(move.stage)) for move in each))
    agreed = row.agreed if isinstance(row.agreed, Missing) else named(row.agreed)
    return replace(row, agreed=agreed, moves=moves)


def _rehearsed(course: Course, row: Moved, reason: str | None) -> Rehearsed:
    moves = row.moves.map(lambda each: tuple(replace(move, reason=reason) for move in each))
    return rehearse(course, row.agreed, moves, values=row.values, cycle=row.cycle)


def _reasons(old: Course, new: Course, row: Moved) -> list[str | None]:
    if not isinstance(row.reason, Missing):
        return [row.reason]
    listed = {each.key for course in (old, new) for keys in course.lifecycle.reasons.values() for each in keys}
    asked = old.lifecycle.reason_field is not None or new.lifecycle.reason_field is not None
    return [None, *sorted(listed)] if asked else [None]


# -- moves of which only the teams are known ---------------------------------------------------------------------------
def by_teams(steps: Sequence[Travelled]) -> tuple[Move, ...]:
    """The steps of a write as moves of people who stand for the teams named there; ``Standins`` knows them."""
    return tuple(Move(step.stage, _author(step.teams)) for step in steps)


def lacking(steps: Sequence[Travelled], teams: Teams) -> tuple[str, ...]:
    """Teams of the record that there are not any more: what their people may do now cannot be told."""
    known = {SYSTEM, *(team.key for team in teams.teams)}
    return tuple(sorted({name for step in steps for name in step.teams} - known))


@lru_cache(maxsize=512)
def _standins(keys: tuple[str, ...], names: frozenset[str]) -> Teams:
    teams = (Team(key, key, users=tuple(sorted(name for name in names if key in name.split("+")))) for key in keys)
    return Teams(tuple(teams))


class Standins:
    """Courses of one lifecycle by which somebody stands for each set of teams that a record may name."""

    def __init__(self, agreed: Agreed) -> None:
        self.lifecycle: Lifecycle = agreed.lifecycle
        self.agreed = agreed
        self.teams = tuple(team.key for team in agreed.teams.teams)
        self._courses: dict[frozenset[str], Course] = {}

    def course(self, steps: Sequence[Travelled]) -> Course:
        """The course that knows whom ``by_teams`` makes of these steps."""
        names = frozenset(_name(step.teams) for step in steps)
        if names not in self._courses:
            fields = frozenset(self.agreed.fields)
            self._courses[names] = Course(self.lifecycle, _standins(self.teams, names), fields=fields)
        return self._courses[names]


def _author(teams: frozenset[str]) -> Author:
    return AUTOMATION if SYSTEM in teams else Author(AuthorSort.USER, user=_name(teams) or "nobody")


def _name(teams: frozenset[str]) -> str:
    return "+".join(sorted(teams))


def on(side: Side, moves: tuple[Move, ...]) -> Pair[tuple[Move, ...]]:
    """Moves of one side alone."""
    return Pair(*(moves if each is side else () for each in SIDES))


def stage_of(word: str) -> str | None:
    """A stage as rules name it: ``NEW`` is none."""
    return None if word == NEW else word
