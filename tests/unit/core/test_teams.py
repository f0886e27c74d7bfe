"""Who a user or a queue is to the teams; the rules of teams stand in the tests of the lifecycle."""

from __future__ import annotations

import pytest

from syncd.core.teams import Membership, author_of_user
from syncd.model.lifecycle import AUTOMATION, NOBODY_KNOWN, SYSTEM, Author, AuthorSort, Team, Teams
from syncd.model.remote import RemoteUser, UserSort
from syncd.model.values import Pair, Side

PAT = RemoteUser("005", UserSort.USER, "Pat", "pat@example.com", active=True, role="AE", profile="Standard")


@pytest.mark.parametrize(
    ("user", "author"),
    [
        (PAT, Author(AuthorSort.USER, user="pat@example.com", role="AE", profile="Standard")),
        (
            RemoteUser("005", UserSort.USER, "Bot", None, active=True),
            Author(AuthorSort.USER, user="Bot"),
        ),
        (
            RemoteUser("00G", UserSort.QUEUE, "Inbound", None, active=True, role="AE", profile="Standard"),
            Author(AuthorSort.USER, queue="Inbound"),
        ),
    ],
)
def test_who_a_user_is(user: RemoteUser, author: Author) -> None:
    """By address, else by name, with role and profile; a queue by its name alone."""
    assert author_of_user(user) == author


def test_whom_no_team_names_is_in_none() -> None:
    """Until the teams' own rule says in which, by side."""
    teams = (Team("s", "Sales", ("pat@example.com",), ("AE",), ("Inbound",), ("Standard",)),)
    automation = Team(SYSTEM, "Automation", ("bot@example.com",))
    membership = Membership(Teams(teams, Pair("m", None), automation))
    stranger = Author(AuthorSort.USER, user="x@example.com", role="r", queue="q", profile="p")
    for nobody in (stranger, NOBODY_KNOWN, Author(AuthorSort.USER)):
        assert membership.named(nobody) == frozenset()
        assert membership.teams_of(nobody, Side.MARKETING) == {"m"}
        assert membership.teams_of(nobody, Side.CRM) == frozenset()
    for known in ({"user": "PAT@example.com"}, {"role": "ae"}, {"queue": "INBOUND"}, {"profile": "standard"}):
        assert membership.named(Author(AuthorSort.USER, **known)) == {"s"}
    assert membership.named(Author(AuthorSort.USER, user="bot@example.com", role="AE")) == {SYSTEM}
    assert membership.teams_of(AUTOMATION, Side.MARKETING) == {SYSTEM}
    assert membership.named(Author(AuthorSort.UNKNOWN, user="pat@example.com")) == frozenset()
