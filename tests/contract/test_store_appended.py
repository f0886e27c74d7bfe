"""What the store remembers of activities and campaign members, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from syncd.model.appended import ACTIVITY, CAMPAIGN_MEMBER, Appended, AppendedState
from syncd.model.link import Forgotten
from syncd.model.remote import RemoteRef
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.contract.test_store import START, Opening, link

CALL = Appended(ACTIVITY, "crm:Task/1", "ann", AppendedState.DONE, START, day=20_000, ref=RemoteRef("calls", "7"))


def test_what_was_stored_reads_back(store: SqlStore) -> None:
    """Every column, of both kinds; a later row of the same origin replaces the first."""
    waiting = Appended(ACTIVITY, "crm:Event/2", "bob", AppendedState.WAITING, START, day=20_001, due=START)
    member = Appended(CAMPAIGN_MEMBER, "Campaign/1:ann", "ann", AppendedState.DONE, START, status="Sent")
    store.settle(Settlement(appended=[CALL, waiting, member]), START)
    assert store.appended(ACTIVITY, [CALL.origin, waiting.origin, "crm:Task/9"]) == {
        CALL.origin: CALL,
        waiting.origin: waiting,
    }
    further = replace(member, status="Registered")
    store.settle(Settlement(appended=[further]), START)
    assert store.appended(CAMPAIGN_MEMBER, [member.origin]) == {member.origin: further}


def test_counts_are_of_what_was_added(store: SqlStore) -> None:
    """By person and day, and since an instant; what was left out or waits does not count."""
    rows = [replace(CALL, origin=f"crm:Task/{number}") for number in range(3)]
    later = START + timedelta(hours=1)
    rows += [
        replace(CALL, origin="crm:Task/3", day=20_001, at=later),
        replace(CALL, origin="crm:Task/4", person="bob", at=later),
        replace(CALL, origin="crm:Task/5", state=AppendedState.CAPPED),
        replace(CALL, origin="crm:Task/6", state=AppendedState.WAITING, due=later),
    ]
    store.settle(Settlement(appended=rows), START)
    assert store.appended_days(ACTIVITY, ["ann", "bob", "zoe"]) == {
        ("ann", 20_000): 3,
        ("ann", 20_001): 1,
        ("bob", 20_000): 1,
    }
    assert (store.count_appended(ACTIVITY, START), store.count_appended(ACTIVITY, later)) == (5, 2)
    assert store.count_appended(CAMPAIGN_MEMBER, START) == 0


def test_what_waits_comes_when_its_time_has_come(store: SqlStore) -> None:
    """The earliest first, refused ones too, no more than asked for, and nothing that is done."""
    states = {3: AppendedState.WAITING, 1: AppendedState.REFUSED, 2: AppendedState.WAITING}
    rows = [
        replace(CALL, origin=f"crm:Event/{n}", state=state, due=START + timedelta(hours=n))
        for n, state in states.items()
    ]
    store.settle(Settlement(appended=[*rows, replace(CALL, due=START)]), START)
    due = store.appended_due(ACTIVITY, START + timedelta(hours=2), 10, begins=["crm:Event/"])
    assert [row.origin for row in due] == ["crm:Event/1", "crm:Event/2"]
    first = store.appended_due(ACTIVITY, START + timedelta(hours=9), 1, begins=["crm:Task/", "crm:Event/"])
    assert [row.origin for row in first] == ["crm:Event/1"]
    assert not store.appended_due(ACTIVITY, START + timedelta(hours=9), 10, begins=["crm:Task/"])


def test_what_is_old_is_forgotten_and_so_is_what_is_of_a_forgotten_person(store: SqlStore) -> None:
    """Of activities those before a day; of a person everything."""
    person = link("l1", "51", "00Q1")
    member = Appended(CAMPAIGN_MEMBER, "Campaign/1:l1", person.id, AppendedState.DONE, START, status="Sent")
    young = replace(CALL, origin="crm:Task/2", day=20_500)
    store.settle(Settlement(links=[person], appended=[CALL, young, member]), START)
    assert store.forget_appended(ACTIVITY, 20_500) == 1
    assert store.appended(ACTIVITY, [CALL.origin, young.origin]) == {young.origin: young}
    store.settle(Settlement(links=[person], forgotten=[Forgotten(person, (), ())]), START)
    assert store.appended(CAMPAIGN_MEMBER, [member.origin]) == {}


def test_two_connections_never_meet(store: SqlStore, open_test_store: Opening) -> None:
    """The same task of another connection is another one."""
    other_store = open_test_store("other")
    store.settle(Settlement(appended=[CALL]), START)
    assert other_store.appended(ACTIVITY, [CALL.origin]) == {}
    assert other_store.count_appended(ACTIVITY, START) == 0
