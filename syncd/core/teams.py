"""For which teams somebody moves people: found by who they are, never by the system in which they did it.

What names an author most exactly decides alone: the user, then role and queue, then the profile; so one person can be
taken out of what their role says, and one who is named in two teams serves both. It never guesses: an author whom the
vendor does not tell, or whom no team names, is in a team only where the teams' own rule says in which.
"""

from __future__ import annotations

from syncd.model.lifecycle import SYSTEM, Author, AuthorSort, Teams
from syncd.model.values import Side


class Membership:
    """All teams by the names of those who are in them, in any case."""

    def __init__(self, teams: Teams) -> None:
        self._unknown = teams.unknown
        self._by: tuple[dict[str, set[str]], ...] = ({}, {}, {}, {})
        for team in (*teams.teams, teams.automation):
            for index, names in zip(self._by, (team.users, team.roles, team.queues, team.profiles), strict=True):
                for name in names:
                    index.setdefault(name.casefold(), set()).add(team.key)

    def teams_of(self, author: Author, side: Side) -> frozenset[str]:
        """The teams. ``side`` matters only where nothing tells which."""
        if author.sort is AuthorSort.SYSTEM:
            return frozenset({SYSTEM})
        return self.named(author) or self._stand_in(side)

    def _stand_in(self, side: Side) -> frozenset[str]:
        stand_in = self._unknown.of(side)
        return frozenset() if stand_in is None else frozenset({stand_in})

    def named(self, author: Author) -> frozenset[str]:
        """The teams that name somebody; none for whom none names."""
        if author.sort is AuthorSort.UNKNOWN:
            return frozenset()
        given = (author.user, author.role, author.queue, author.profile)
        user, role, queue, profile = (
            frozenset(index.get(name.casefold(), ())) for index, name in zip(self._by, given, strict=True)
        )
        return user or (role | queue) or profile
