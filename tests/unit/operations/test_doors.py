"""The doors: one-time invitations, passwords, sessions that end, tokens that may no more than their owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from syncd.model.errors import BadUsage, LastAdmin, NotAdmitted
from syncd.model.operator import Role, Sort
from syncd.operations import doors
from syncd.operations.doors import PREFIX, Entrance, form_token
from syncd.store import SqlDoors, open_database
from tests import passwords
from tests.fakes import FakeChance, FakeClock

PASSWORD = "correct horse battery"
HERE = "127.0.0.1"


@pytest.fixture
def entrance(tmp_path: Path, clock: FakeClock) -> Iterator[Entrance]:
    """The doors of an empty store."""
    database = open_database(f"sqlite:///{tmp_path}/state.db")
    yield Entrance(SqlDoors(database), clock, FakeChance(0))
    database.close()


def joined(entrance: Entrance, name: str = "ana", role: Role = Role.ADMIN) -> str:
    """Somebody who has a password; the secret of their session."""
    return entrance.join(entrance.invite(name, role=role, who="root"), PASSWORD, address=HERE)


def test_nobody_is_there_at_first(entrance: Entrance) -> None:
    """There is no account and no password that comes with the program."""
    assert entrance.doors.operators() == []
    with pytest.raises(NotAdmitted, match="name or password"):
        entrance.login("admin", "admin", address=HERE)


def test_an_invitation_is_for_once_and_for_a_quarter_of_an_hour(entrance: Entrance, clock: FakeClock) -> None:
    """And a newer one takes its place."""
    first = entrance.invite("ana", role=Role.ADMIN, who="root")
    secret = entrance.invite("ana", role=Role.ADMIN, who="root")
    with pytest.raises(NotAdmitted):
        entrance.join(first, PASSWORD, address=HERE)
    with pytest.raises(BadUsage, match="12 to"):
        entrance.join(secret, "too short", address=HERE)
    session = entrance.visitor(entrance.join(secret.lower(), PASSWORD, address=HERE))
    assert session is not None
    assert (session.name, session.role, session.credential.sort) == ("ana", Role.ADMIN, Sort.SESSION)
    with pytest.raises(NotAdmitted):
        entrance.join(secret, PASSWORD, address=HERE)
    late = entrance.invite("bob", role=Role.VIEWER, who="ana")
    clock.advance(15 * 60)
    with pytest.raises(NotAdmitted):
        entrance.join(late, PASSWORD, address=HERE)


@pytest.mark.parametrize("name", ["", "Ana", "a b", "<script>", "x" * 65, "-a", "ä"])
def test_names_are_plain(entrance: Entrance, name: str) -> None:
    """What is shown everywhere and typed by hand."""
    with pytest.raises(BadUsage, match="cannot be"):
        entrance.invite(name, role=Role.VIEWER, who="root")


def test_a_session_ends_when_it_is_idle_and_when_it_is_old(entrance: Entrance, clock: FakeClock) -> None:
    """Half an hour unused, twelve hours in any case."""
    idle = joined(entrance)
    clock.advance(29 * 60)
    assert entrance.visitor(idle) is not None
    clock.advance(29 * 60)
    assert entrance.visitor(idle) is not None
    clock.advance(30 * 60)
    assert entrance.visitor(idle) is None
    old = entrance.login("ana", PASSWORD, address=HERE)
    for _ in range(35):
        clock.advance(20 * 60)
        assert entrance.visitor(old) is not None
    clock.advance(20 * 60)
    assert entrance.visitor(old) is None


def test_sessions_are_revoked(entrance: Entrance) -> None:
    """One, all, and those from before a new password; a login is a session of its own."""
    first, second = joined(entrance), entrance.login("ana", PASSWORD, address=HERE)
    assert first != second
    visitor = entrance.visitor(first)
    assert visitor is not None
    entrance.leave(visitor)
    assert entrance.visitor(first) is None
    assert (here := entrance.visitor(second)) is not None
    entrance.login("ana", PASSWORD, address=HERE)
    assert entrance.leave_everywhere(here) == 2
    assert entrance.visitor(second) is None
    third = entrance.login("ana", PASSWORD, address=HERE)
    joined(entrance)
    assert entrance.visitor(third) is None


def test_attempts_are_throttled_by_account_and_address(entrance: Entrance, clock: FakeClock) -> None:
    """Also the right password has to wait then; another account from elsewhere does not."""
    joined(entrance)
    joined(entrance, "bob", Role.VIEWER)
    for _ in range(5):
        with pytest.raises(NotAdmitted, match="not right"):
            entrance.login("ana", "wrong", address=HERE)
    with pytest.raises(NotAdmitted, match="wait") as early:
        entrance.login("ana", PASSWORD, address="10.0.0.9")
    assert early.value.after == timedelta(seconds=1)
    entrance.login("bob", PASSWORD, address=HERE)
    clock.advance(1)
    entrance.login("ana", PASSWORD, address=HERE)
    for number in range(18):
        with pytest.raises(NotAdmitted, match="not right"):
            entrance.login(f"nobody{number}", "wrong", address="10.9.9.9")
    for number in range(2):
        with pytest.raises(NotAdmitted):
            entrance.login(f"another{number}", "wrong", address="10.9.9.9")
    with pytest.raises(NotAdmitted, match="wait"):
        entrance.login("bob", PASSWORD, address="10.9.9.9")


def test_a_token_may_no_more_than_its_owner(entrance: Entrance, clock: FakeClock) -> None:
    """Not when it is made, and not when the owner's role is less by then."""
    joined(entrance, "ana", Role.OPERATOR)
    joined(entrance, "root", Role.ADMIN)
    with pytest.raises(BadUsage, match="cannot be admin"):
        entrance.make_token("ana", role=Role.ADMIN, label="x", days=1, who="ana")
    with pytest.raises(BadUsage, match="1 to 366"):
        entrance.make_token("ana", role=Role.VIEWER, label="x", days=400, who="ana")
    with pytest.raises(BadUsage, match="what the token is for"):
        entrance.make_token("ana", role=Role.VIEWER, label=" ", days=1, who="ana")
    secret, made = entrance.make_token("ana", role=Role.OPERATOR, label="nightly", days=1, who="ana")
    assert secret.startswith(PREFIX)
    visitor = entrance.visitor(secret)
    assert visitor is not None
    assert (visitor.name, visitor.role, visitor.credential.id) == ("ana", Role.OPERATOR, made.id)
    clock.advance(24 * 3600)
    assert entrance.visitor(secret) is None
    secret, made = entrance.make_token("root", role=Role.ADMIN, label="all", days=30, who="root")
    joined(entrance, "bob", Role.ADMIN)
    invitation = entrance.invite("root", role=Role.VIEWER, who="bob")
    assert entrance.visitor(secret) is not None
    entrance.join(invitation, PASSWORD, address=HERE)
    assert entrance.visitor(secret) is None  # a new password ends what there was


def test_others_tokens_are_not_seen(entrance: Entrance) -> None:
    """An admin sees and revokes all of them, an operator their own."""
    ana = entrance.visitor(joined(entrance, "ana", Role.OPERATOR))
    root = entrance.visitor(joined(entrance, "root", Role.ADMIN))
    assert ana is not None
    assert root is not None
    _, hers = entrance.make_token("ana", role=Role.VIEWER, label="hers", days=1, who="ana")
    secret, roots = entrance.make_token("root", role=Role.ADMIN, label="his", days=1, who="root")
    assert [each.id for each in entrance.tokens(ana)] == [hers.id]
    assert {each.id for each in entrance.tokens(root)} == {hers.id, roots.id}
    assert entrance.revoke(ana, roots.id) is None
    assert entrance.visitor(secret) is not None
    assert entrance.revoke(root, hers.id) == hers


def test_the_last_admin_stays(entrance: Entrance) -> None:
    """Nobody locks everybody out; whoever is removed is out at once."""
    joined(entrance, "root", Role.ADMIN)
    session = joined(entrance, "ana", Role.OPERATOR)
    with pytest.raises(BadUsage, match="only admin"):
        entrance.remove("root", who="root")
    assert entrance.remove("ana", who="root")
    assert entrance.visitor(session) is None
    assert not entrance.remove("ana", who="root")


def test_the_last_admin_stays_an_admin(entrance: Entrance) -> None:
    """An invitation with a lower role takes it from nobody who is the only one: told at once, and again when redeemed,
    since others may have gone meanwhile; a new password is to be had.
    """
    joined(entrance, "root", Role.ADMIN)
    with pytest.raises(LastAdmin, match="only admin"):
        entrance.invite("root", role=Role.VIEWER, who="root")
    joined(entrance, "ana", Role.ADMIN)
    secret = entrance.invite("root", role=Role.OPERATOR, who="ana")
    entrance.remove("ana", who="root")
    with pytest.raises(LastAdmin, match="only admin"):
        entrance.join(secret, PASSWORD, address=HERE)
    assert [(each.name, each.role) for each in entrance.doors.operators()] == [("root", Role.ADMIN)]
    assert entrance.visitor(joined(entrance, "root", Role.ADMIN)) is not None


def test_what_asks_for_the_password_again_asks_after_five_minutes(entrance: Entrance, clock: FakeClock) -> None:
    """A session left open in a browser approves nothing."""
    secret = joined(entrance)
    visitor = entrance.visitor(secret)
    assert visitor is not None
    assert entrance.has_proved(visitor)
    clock.advance(5 * 60)
    visitor = entrance.visitor(secret)
    assert visitor is not None
    assert not entrance.has_proved(visitor)
    with pytest.raises(NotAdmitted):
        entrance.prove(visitor, "wrong", address=HERE)
    entrance.prove(visitor, PASSWORD, address=HERE)
    visitor = entrance.visitor(secret)
    assert visitor is not None
    assert entrance.has_proved(visitor)


def test_the_store_holds_no_secret(entrance: Entrance, tmp_path: Path) -> None:
    """Neither a password nor what opens a session is in the file."""
    session = joined(entrance)
    token, _ = entrance.make_token("ana", role=Role.ADMIN, label="x", days=1, who="ana")
    invitation = entrance.invite("bob", role=Role.VIEWER, who="ana")
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ana" in held
    for secret in (session, token, invitation, PASSWORD, form_token(session)):
        assert secret.encode() not in held


def test_equal_passwords_are_kept_differently(entrance: Entrance) -> None:
    """Each has a salt of its own."""
    joined(entrance, "ana")
    joined(entrance, "bob")
    assert len({each.password for each in entrance.doors.operators()}) == 2


def test_the_table_of_operators_is_what_the_docs_say(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a password stands beside it, so that it can be raised for new ones."""
    for name, cost in passwords.TRUE.items():
        monkeypatch.setattr(doors, name, cost)
    joined(entrance)
    assert isinstance(entrance.doors, SqlDoors)
    with entrance.doors._database.engine.connect() as tx:
        kept = tx.execute(text("SELECT password FROM operator")).scalar_one()
    assert kept.split(":")[:4] == ["scrypt", "16384", "8", "5"]
