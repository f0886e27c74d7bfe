"""The promises of the handoff ledger in the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from syncd.core.ledger import episodes_of
from syncd.engine.booking import book_in
from syncd.model.episode import Deal, Event, Moved, State, Told
from syncd.model.values import Instant
from syncd.ports.store import Settlement
from syncd.store import SqlStore, ledger
from syncd.store.codec import to_ms
from tests.fakes import START
from tests.unit.core.ledgers import BOOK, at, born, contacted, deal, delivered, moved, told, touched
from tests.unit.core.test_ledger_laws import histories

STORY = (
    contacted(-24),
    told(-1, origin="fair", company="C"),
    moved("mql", 0, by="kim", reason="hot"),
    delivered(1, owner="ann"),
    touched(2),
    moved("sql", 3),
    deal("open", 4),
    deal("won", 5, amount=None),
)


def book(store: SqlStore, *events: Event) -> Settlement:
    """Books events in and settles them."""
    settlement = Settlement()
    book_in(settlement, events, store=store, book=BOOK)
    store.settle(settlement, START)
    return settlement


def test_events_come_back_as_they_were(store: SqlStore) -> None:
    """Every sort of them, and an event told twice is one."""
    book(store, *STORY)
    book(store, *STORY[2:5])
    assert set(store.ledger_of(["P"])) == set(STORY)
    assert len(store.ledger_of(["P"])) == len(STORY)


def test_what_was_sold_is_read_by_itself(store: SqlStore) -> None:
    """Of these people alone, the moves, deals and facts; an episode's persons with their cycles; ids nobody has are not
    in the answer.
    """
    (episode,) = book(store, *STORY, moved("mql", 1, "Q"), told(1, "Q", company="C")).episodes
    assert set(store.sales_of(["P", "X"])) == {each for each in STORY if isinstance(each, (Moved, Deal, Told))}
    assert store.episode_cycles([episode.id, "none"]) == {episode.id: [("P", 1), ("Q", 1)]}


def test_columns_are_as_the_episode_is(store: SqlStore) -> None:
    """Instants as milliseconds, oddities as one text."""
    (episode,) = book(store, *STORY).episodes
    names = ("id", "person", "people", "state", "born", "opened_at", "won_at", "system", "touch", "origin", "oddities")
    assert store.episode_columns(names) == [
        (episode.id, "P", 1, "won", "marketing", to_ms(at(0)), to_ms(at(5)), 3_600_000, 3_600_000, "fair", "")
    ]
    odd = book(store, moved("sql", 8, "Q")).episodes[0]
    assert store.episode_columns(("id", "oddities"))[1] == (odd.id, "never_qualified no_origin")


def test_a_report_reads_what_happened_in_its_time(store: SqlStore) -> None:
    """An episode that began before and ended within the period is in it."""
    book(store, *STORY, moved("mql", 100, "Q"))
    ids = [row[0] for row in store.episode_columns(("person",))]
    assert ids == ["P", "Q"]
    assert store.episode_columns(("person",), since=at(5)) == [("P",), ("Q",)]
    assert store.episode_columns(("person",), since=at(5.1)) == [("Q",)]
    assert store.episode_columns(("person",), until=at(100)) == [("P",)]
    assert store.episode_columns(("person",), until=at(0)) == []


@pytest.mark.parametrize("people", [False, True])
@pytest.mark.parametrize(("since", "until"), [(None, None), (at(5.1), None), (None, at(100)), (at(500), None)])
def test_columns_say_what_rows_say(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, people: bool, since: Instant | None, until: Instant | None
) -> None:
    """In the same order, in however many lots they are read; equal texts are one object."""
    monkeypatch.setattr(ledger, "_LOT", 2)
    book(store, told(0, company="C", origin="x"), moved("mql", 0), told(1, "R", company="C"), moved("mql", 3, "R"))
    book(store, *(moved("mql", 100 + number, f"Q{number}") for number in range(3)), *STORY[3:])
    names = ("id", "person", "state", "opened_at", "reason", "touch_due", "grade")
    for wanted in (names, (*names, "oddities", "last_at")):  # with what is the episode's alone, and without
        rows = (store.member_columns if people else store.episode_columns)(wanted, since=since, until=until)
        columns = store.ledger_columns(wanted, people=people, since=since, until=until)
        assert [list(column) for column in columns] == [[row[at] for row in rows] for at in range(len(wanted))]
        assert len(set(map(id, columns[2]))) == len(set(columns[2]))
    assert rows or since == at(500)


def test_who_joins_late_takes_their_episode_along(store: SqlStore) -> None:
    """Two people were two episodes until somebody said that they are of one company."""
    book(store, told(0, company="C", origin="x"), moved("mql", 0))
    (second,) = book(store, moved("mql", 5, "Q")).episodes
    assert len(store.episode_columns(("id",))) == 2
    settled = book(store, told(6, "Q", company="C"))
    assert settled.unepisode == [second.id]
    (row,) = store.episode_columns(("id", "people"))
    assert row[1] == 2
    assert store.episode_people([row[0], "none"]) == {row[0]: ["P", "Q"]}
    assert store.episode_ids(["Q"]) == {row[0]}
    assert {event.person for event in store.ledger_of(["Q"])} == {"P", "Q"}


def test_companies_lead_to_companies(store: SqlStore) -> None:
    """Whoever changed companies stands between those of both."""
    book(store, told(0, company="C"), told(1, "Q", company="C"), told(2, "Q", company="D"), told(3, "R", company="D"))
    assert {event.person for event in store.ledger_of(["P"])} == {"P", "Q", "R"}
    assert {event.person for event in store.ledger_of([], ["D"])} == {"P", "Q", "R"}
    assert store.ledger_of(["nobody"]) == []


def test_an_episode_is_replaced(store: SqlStore) -> None:
    """The same id with what is known now; nothing is kept of before."""
    first = book(store, moved("mql", 0)).episodes
    second = book(store, moved("disqualified", 4, reason="timing")).episodes
    assert first[0].id == second[0].id
    assert store.episode_columns(("state", "reason")) == [(State.REJECTED.value, "timing")]


def test_moves_come_by_person_and_time(store: SqlStore) -> None:
    """All of them, those that mean nothing for the handoff too."""
    book(store, moved("sql", 9, "A"), moved("mql", 3), moved("lead", 1), moved("mql", 20, cycle=2), touched(2))
    rows = [("A", 9, "sql"), ("P", 1, "lead"), ("P", 3, "mql"), ("P", 20, "mql")]
    assert store.stage_moves() == [(who, to_ms(at(hours)), stage) for who, hours, stage in rows]


def test_who_joins_gets_the_owner_of_what_is_open(store: SqlStore) -> None:
    """By company; an episode that has ended owns nobody."""
    book(
        store,
        *(told(0, "P", company="C", owner="ann"), moved("mql", 0, "P")),
        *(told(0, "Q", company="D", owner="bob"), moved("mql", 0, "Q"), moved("disqualified", 1, "Q")),
        *(told(0, "R", company="E"), moved("mql", 0, "R")),
    )
    assert store.open_owners(["C", "D", "E", "F"]) == {"C": "ann"}
    book(store, moved("mql", 9, "Q", cycle=2), told(9, "Q", owner="eve"))
    assert store.open_owners(["D"]) == {"D": "eve"}


def test_what_is_undone_is_found_by_its_edges(store: SqlStore) -> None:
    """Open, and a warning or a breach within the time asked for."""
    book(store, moved("mql", 0), delivered(0), told(0, grade="A"), moved("mql", 0, "Q"), moved("disqualified", 1, "Q"))
    (found,) = store.undone(at(1.75) - timedelta(milliseconds=1), at(1.75))
    assert (found.person, found.touch, found.decision) == ("P", (at(1.75), at(2)), (at(7), at(9)))
    assert store.undone(at(1.75), at(1.99)) == []
    assert [each.person for each in store.undone(at(8), at(9))] == ["P"]
    book(store, touched(1))
    (found,) = store.undone(at(1), at(9))
    assert (found.touch, found.decision) == ((None, None), (at(7), at(9)))


def test_connections_do_not_share_a_ledger(store: SqlStore, open_test_store: Callable[..., SqlStore]) -> None:
    """The same people and companies in another connection are others."""
    book(store, *STORY)
    other = open_test_store("other")
    assert other.ledger_of(["P"], ["C"]) == []
    assert (other.episode_columns(("id",)), other.stage_moves(), other.episode_ids(["P"])) == ([], [], frozenset())
    book(other, born(0))
    assert len(store.episode_columns(("id",))) == 1


def test_a_settlement_of_events_alone_is_one(store: SqlStore) -> None:
    """It is not taken for empty."""
    store.settle(Settlement(events=[touched(1)]), START)
    assert store.ledger_of(["P"]) == [touched(1)]


@pytest.fixture
def fresh(open_test_store: Callable[..., SqlStore]) -> Callable[[], SqlStore]:
    """A connection that nobody has used, each time."""
    numbers = iter(range(1_000_000))
    return lambda: open_test_store(f"c{next(numbers)}")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_one_by_one_is_as_all_at_once(fresh: Callable[[], SqlStore], events: list[Event]) -> None:
    """Whenever a vendor tells what: the store ends with the episodes of all events, and with no others."""
    store = fresh()
    for event in events:
        book(store, event)
    wanted = episodes_of(events, BOOK)
    rows = store.episode_columns(("id", "state", "people"))
    assert sorted(rows) == sorted(
        (each.id, each.state.value, len({member.person for member in each.members})) for each in wanted
    )
    assert store.episode_people([each.id for each in wanted]) == {
        each.id: list(dict.fromkeys(member.person for member in each.members)) for each in wanted
    }
