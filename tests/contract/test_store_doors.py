"""The doors on SQLite and PostgreSQL: an invitation is used once, attempts wait, a deed of a key is done once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.model.errors import LastAdmin, PlaceGone
from syncd.model.operator import Credential, Deed, Operator, Role, Sort
from syncd.store import SqlDoors, open_database
from tests.fakes import START, FakeClock


@pytest.fixture
def doors(store_url: str) -> Iterator[SqlDoors]:
    """The doors of an empty database."""
    database = open_database(store_url)
    yield SqlDoors(database)
    database.close()


def credential(id: str, sort: Sort = Sort.SESSION, *, operator: str = "ana") -> Credential:
    """One that lasts an hour."""
    later = START + timedelta(hours=1)
    return Credential(id, sort, operator, Role.ADMIN, "why", id.encode(), START, START, later, START)


ANA = Operator("ana", Role.ADMIN, "scrypt:...", START, "root")
DEED = Deed("d1", START, "ana", Sort.SESSION, "main", "conflicts.resolve", "c1", "key", b"asked")


def test_an_invitation_lets_one_in_and_ends_what_they_had(doors: SqlDoors) -> None:
    """Of two who redeem it at once one is let in; sessions from before a new password are over."""
    invitation = credential("i", Sort.INVITATION)
    for each in (invitation, credential("old"), credential("other", operator="bob")):
        doors.add(each)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda _: doors.let_in(invitation, ANA), range(2))) == [False, True]
    assert doors.operator("ana") == ANA
    assert doors.operators() == [ANA]
    assert [each.id for each in doors.credentials(Sort.SESSION)] == ["other"]
    assert doors.found(b"i") is None


def test_of_two_admins_who_take_each_others_role_one_stays(doors: SqlDoors) -> None:
    """At once, by an invitation and by removing: whoever is second finds that there is one left."""
    bob = replace(ANA, name="bob")
    for each in (ANA, bob):
        key = credential(f"i{each.name}", Sort.INVITATION, operator=each.name)
        doors.add(key)
        doors.let_in(key, each)
    lower = credential("lower", Sort.INVITATION)
    doors.add(lower)

    def refused(deed: Callable[[], bool]) -> bool:
        try:
            return not deed()
        except LastAdmin:
            return True

    deeds = (lambda: doors.let_in(lower, replace(ANA, role=Role.VIEWER)), lambda: doors.remove("bob"))
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(refused, deeds)) == [False, True]
    assert len([each for each in doors.operators() if each.role is Role.ADMIN]) == 1


def test_credentials_are_found_by_hash_and_revoked(doors: SqlDoors) -> None:
    """By their own sort only; removing an operator ends all of theirs."""
    session, token = credential("s"), credential("t", Sort.TOKEN)
    doors.add(session)
    doors.add(token)
    assert doors.found(b"s") == session
    doors.seen("s", START + timedelta(minutes=2))
    doors.proved("s", START + timedelta(minutes=3))
    moved = replace(session, seen=START + timedelta(minutes=2), proved=START + timedelta(minutes=3))
    assert doors.found(b"s") == moved
    assert not doors.end("s", Sort.TOKEN)
    assert doors.end("s", Sort.SESSION)
    assert not doors.end("s", Sort.SESSION)
    assert doors.end_all("ana", Sort.TOKEN) == 1
    doors.add(token)
    assert not doors.remove("ana")
    assert doors.found(b"t") is None


def test_attempts_wait_longer_and_longer_and_are_forgotten(doors: SqlDoors, clock: FakeClock) -> None:
    """Two are free; then one second, two, four; a right one forgets the account's."""
    marks = [(b"account", 2), (b"address", 99)]
    assert [doors.knock(marks, clock.now()).total_seconds() for _ in range(3)] == [0, 0, 1]
    clock.advance(1)
    assert [doors.knock(marks, clock.now()).total_seconds() for _ in range(2)] == [0, 2]
    assert doors.knock([(b"another", 2), (b"address", 99)], clock.now()) == timedelta(0)
    doors.admitted(b"account", b"address")
    assert doors.knock(marks, clock.now()) == timedelta(0)
    for _ in range(20):
        clock.advance(600)
        doors.knock(marks, clock.now())
    assert doors.knock(marks, clock.now()) == timedelta(minutes=5)
    clock.advance(3_600)
    assert doors.knock(marks, clock.now()) == timedelta(0)


def test_many_attempts_at_once_are_counted_one_by_one(doors: SqlDoors) -> None:
    """No more are judged than are free."""
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: doors.knock([(b"account", 3)], START), range(16)))
    assert waits.count(timedelta(0)) == 3


def test_a_deed_of_a_key_is_begun_once(doors: SqlDoors) -> None:
    """Whoever comes second gets the first; without a key, and for another person, each is one of its own."""
    twice = replace(DEED, id="d2", asked=b"else")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(doors.begin_deed, (DEED, twice)))
    assert found.count(None) == 1
    assert next(each for each in found if each is not None) in (DEED, twice)
    assert doors.begin_deed(replace(DEED, id="d3", who="bob")) is None
    assert doors.begin_deed(replace(DEED, id="d4", key=None)) is None
    assert doors.begin_deed(replace(DEED, id="d5", key=None)) is None
    ended = replace(DEED, id="d3", who="bob", status=200, answer="{}", about="c2")
    doors.end_deed(ended)
    assert doors.begin_deed(replace(DEED, id="d6", who="bob")) == ended


def test_deeds_are_listed_page_by_page(doors: SqlDoors) -> None:
    """The youngest first, those of one instant in a fixed order."""
    for number in range(5):
        doors.begin_deed(replace(DEED, id=f"d{number}", key=None, at=START + timedelta(seconds=number // 2)))
    first = doors.deeds(2)
    assert [each.id for each in [*first, *doors.deeds(9, before=first[-1].id)]] == ["d4", "d3", "d2", "d1", "d0"]
    with pytest.raises(PlaceGone):
        doors.deeds(9, before="nothing")


def test_what_is_over_is_tidied_away(doors: SqlDoors) -> None:
    """Credentials that ran out, answers of yesterday, deeds of last year; what is good stays."""
    doors.add(credential("s"))
    doors.begin_deed(replace(DEED, status=None))
    doors.end_deed(replace(DEED, status=200, answer="{}"))
    doors.tidy(START + timedelta(minutes=59))
    assert doors.found(b"s") is not None
    doors.tidy(START + timedelta(days=2))
    assert doors.found(b"s") is None
    (kept,) = doors.deeds(9)
    assert (kept.status, kept.answer, kept.key) == (200, None, None)
    doors.tidy(START + timedelta(days=500))
    assert doors.deeds(9) == []
