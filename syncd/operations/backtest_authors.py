"""Who made the moves that travelled, and for which team they would have been made by changed teams.

The record of a write names the teams in whose name a move was made, and not its author; the ledger names the author.
Their role and profile are those of the users as last read: whoever is in another team by the teams in use than the
record says has changed since, or moved people from a queue, and cannot be told, like a move that the ledger lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from syncd.core.move_words import Travelled
from syncd.core.teams import Membership
from syncd.model.episode import Moved
from syncd.model.lifecycle import AUTOMATION, NEW, NOBODY_KNOWN, SYSTEM, Author, AuthorSort, Team, Teams
from syncd.model.link import AuditRow
from syncd.model.values import Pair, Side
from syncd.ports.store import Store

NOT_NAMED: Final = "who made it was not recorded, and the teams have changed"
OTHERWISE: Final = "who made it is in another team by now, and the teams have changed"


class Authors:
    """The authors of one kind's moves under two declarations of teams."""

    def __init__(self, store: Store, old: Teams, new: Teams, people: Pair[Mapping[str, Author]]) -> None:
        """:param people: authors by what they are called in lower case, on each side."""
        self.regrouped = _who(old) != _who(new)
        self._old, self._new = Membership(old), Membership(new)
        self._people = people
        self._moves = lru_cache(maxsize=1_000)(lambda person: _moves(store, person))

    def of_write(self, row: AuditRow, side: Side, steps: Sequence[Travelled]) -> Sequence[Travelled] | str:
        """The steps of a write in the name of the changed teams, or why that cannot be told.

        :param side: where the moves were made.
        """
        found: list[Travelled] = []
        for step in steps:
            event = self._heard(row, step)
            teams = NOT_NAMED if event is None else self._teams(event.by, side, step.teams)
            if isinstance(teams, str):
                return teams
            found.append(replace(step, teams=teams))
        return found

    def of_event(self, event: Moved, step: Travelled) -> Sequence[Travelled] | str:
        """The same of a move that the ledger alone tells; it names one team of those that the author was in."""
        if not event.side:
            return NOT_NAMED
        side = Side(event.side)
        teams = self._old.teams_of(self._author(event.by, side, step.teams), side)
        if step.teams and not step.teams <= teams:
            return OTHERWISE if event.by else NOT_NAMED
        now = self._teams(event.by, side, teams)
        return now if isinstance(now, str) else [replace(step, teams=now)]

    def _heard(self, row: AuditRow, step: Travelled) -> Moved | None:
        """The move that the ledger heard of by this write: the last of its kind by then."""
        alike = [each for each in self._moves(row.link) if (each.start or NEW, each.stage) == (step.start, step.stage)]
        by_then = [each for each in alike if each.at <= (row.finished_at or row.at)]
        return by_then[-1] if by_then else alike[0] if alike else None

    def _teams(self, by: str, side: Side, recorded: frozenset[str]) -> frozenset[str] | str:
        author = self._author(by, side, recorded)
        if self._old.teams_of(author, side) != recorded:
            return OTHERWISE if by else NOT_NAMED
        return self._new.teams_of(author, side)

    def _author(self, by: str, side: Side, recorded: frozenset[str]) -> Author:
        """Who is called so; the ledger calls neither automation nor whom no vendor tells anything."""
        if by:
            return self._people.of(side).get(by.casefold(), Author(AuthorSort.USER, user=by))
        return AUTOMATION if recorded == {SYSTEM} else NOBODY_KNOWN


def _moves(store: Store, person: str) -> Sequence[Moved]:
    return sorted((each for each in store.ledger_of([person]) if isinstance(each, Moved)), key=lambda each: each.at)


def _who(teams: Teams) -> tuple[object, ...]:
    """Who is in which team; what a team is called for people is no part of it."""

    def members(team: Team) -> tuple[object, ...]:
        return team.key, *map(frozenset, (team.users, team.roles, team.queues, team.profiles))

    return frozenset(map(members, teams.teams)), teams.unknown, members(teams.automation)
