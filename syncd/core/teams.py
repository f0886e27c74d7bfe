"""For which teams somebody moves people: found by who they are, never by the system in which they did it.

What names an author most exactly decides alone: the user, then the role, then the queue they work from, then the
profile; so one person can be taken out of what their role says, and one who is named in two teams serves both. It never
guesses: an author whom the vendor does not tell, or whom no team names, is in a team only where the teams' own rule
says in which.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from syncd.model.lifecycle import SYSTEM, Author, AuthorSort, Teams
from syncd.model.remote import RemoteUser, UserSort
from syncd.model.values import Side

_NONE: Final[frozenset[str]] = frozenset()
_SYSTEM: Final = frozenset({SYSTEM})


class Membership:
    """All teams by the names of those who are in them, in any case."""

    def __init__(self, teams: Teams) -> None:
        self._unknown = teams.unknown
        all_teams = (*teams.teams, teams.automation)
        self._users = _index((team.key, team.users) for team in all_teams)
        self._roles = _index((team.key, team.roles) for team in all_teams)
        self._queues = _index((team.key, team.queues) for team in all_teams)
        self._profiles = _index((team.key, team.profiles) for team in all_teams)

    def teams_of(self, author: Author, side: Side) -> frozenset[str]:
        """The teams. ``side`` matters only where nothing tells which."""
        if author.sort is AuthorSort.SYSTEM:
            return _SYSTEM
        return self.named(author) or self._stand_in(side)

    def _stand_in(self, side: Side) -> frozenset[str]:
        stand_in = self._unknown.of(side)
        return _NONE if stand_in is None else frozenset({stand_in})

    def named(self, author: Author) -> frozenset[str]:
        """The teams that name somebody; none for whom none names."""
        if author.sort is AuthorSort.UNKNOWN:
            return _NONE
        user = self._users.get(author.user.casefold())
        if user is not None:
            return user
        role = self._roles.get(author.role.casefold(), _NONE)
        queue = self._queues.get(author.queue.casefold(), _NONE)
        return role or queue or self._profiles.get(author.profile.casefold(), _NONE)


def author_of_user(user: RemoteUser) -> Author:
    """Who a user or a queue is; who has no address is known by name."""
    if user.sort is UserSort.QUEUE:
        return Author(AuthorSort.USER, queue=user.name)
    return Author(AuthorSort.USER, user=user.email or user.name, role=user.role, profile=user.profile)


def _index(named: Iterable[tuple[str, Iterable[str]]]) -> dict[str, frozenset[str]]:
    """The teams by each name that one of them has."""
    found: dict[str, set[str]] = {}
    for team, names in named:
        for name in names:
            found.setdefault(name.casefold(), set()).add(team)
    return {name: frozenset(teams) for name, teams in found.items()}
