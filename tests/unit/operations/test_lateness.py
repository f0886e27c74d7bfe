"""Warnings and breaches are told once each, and only of what is undone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from syncd.engine.booking import book_in
from syncd.engine.lateness import Late, escalate, late, overdue
from syncd.model.episode import Departed, Event
from syncd.ports.memory import LATE
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.fakes import START
from tests.unit.core.ledgers import BOOK, at, delivered, moved, told, touched
from tests.unit.operations.ledgers import stored


def handed(person: str, *more: Event) -> tuple[Event, ...]:
    """Delivered at eight; from nine on one hour to the first touch and eight to a decision."""
    return (moved("mql", 0, person), delivered(0, person), told(0, person, grade="A", origin="x"), *more)


def test_each_step_is_told_once(tmp_path: Path) -> None:
    """Touch due at 9:45, overdue at 10:00; decision due at 15:00, overdue at 17:00."""
    store = stored(tmp_path, handed("P"))
    (episode,) = (row[0] for row in store.episode_columns(("id",)))
    touch, decision = at(2), at(9)
    assert escalate(store, at(1)) == ()
    assert escalate(store, at(1.74)) == ()
    assert escalate(store, at(1.75)) == (Late(episode, "P", "touch", False, touch),)
    assert escalate(store, at(1.9)) == ()
    assert escalate(store, at(2)) == (Late(episode, "P", "touch", True, touch),)
    assert escalate(store, at(2)) == ()
    assert escalate(store, at(1)) == ()  # a clock that was put back tells nothing twice
    assert escalate(store, at(9.5)) == (Late(episode, "P", "decision", True, decision),)
    assert escalate(store, at(500)) == ()


def test_whoever_picks_somebody_up_from_a_queue_is_warned_in_turn(tmp_path: Path) -> None:
    """The queue is late at nine in UTC; Ann picks them up at 9:15 and has an hour from then."""
    queue = told(0, owner="queue:Berlin Inbound")
    store = stored(tmp_path, handed("P", queue, told(1.25, owner="ann"), told(30, owner="kim@example.com")))
    told_of = [
        [(each.clock, each.breached, each.due) for each in late(store, since=at(since), now=at(now))]
        for since, now in ((1.25, 1.99), (1.99, 2.24), (2.24, 2.25))
    ]
    assert told_of == [[], [("touch", False, at(2.25))], [("touch", True, at(2.25))]]


def test_whoever_joins_is_alarmed_of_though_the_first_one_is_done(tmp_path: Path) -> None:
    """P was called and accepted; Q of the same company has an hour from Tuesday 14:00, and nobody answers R's no."""
    store = stored(
        tmp_path,
        [
            *handed("P", told(0, company="C"), touched(1), moved("sql", 2)),
            *(each for each in (moved("mql", 30, "Q"), delivered(30, "Q"))),
            told(30, "Q", grade="A", origin="x", company="C"),
        ],
    )
    assert len(store.episode_columns(("id",))) == 1
    assert [(each.person, each.clock, each.breached) for each in late(store, since=at(30), now=at(31))] == [
        ("Q", "touch", True)
    ]
    assert overdue(store, at(31)) == {"touch": 1, "decision": 0, "work": 0}


def test_what_is_done_or_over_is_not_late(tmp_path: Path) -> None:
    """Touched, accepted, rejected: each ends what it is about."""
    store = stored(
        tmp_path,
        [
            *handed("P", touched(1, "P")),
            *handed("Q", moved("sql", 1, "Q")),
            *handed("R", moved("disqualified", 1, "R")),
        ],
    )
    assert [(each.person, each.clock) for each in late(store, since=at(1), now=at(99))] == [("P", "decision")]


def test_what_is_late_is_counted_by_clock(tmp_path: Path) -> None:
    """As long as it is late, whoever was told of it."""
    store = stored(tmp_path, [*handed("P"), *handed("Q", touched(1, "Q"))])
    counted = [overdue(store, at(hour)) for hour in (1.9, 2, 9)]
    assert [(each["touch"], each["decision"], each["work"]) for each in counted] == [(0, 0, 0), (1, 0, 0), (1, 2, 0)]


def test_the_first_look_tells_nothing_of_before(tmp_path: Path) -> None:
    """A report lists that; a log that begins with a thousand lines is read by nobody."""
    store = stored(tmp_path, handed("P"))
    assert escalate(store, at(50)) == ()


# -- heard of when the time is over already ----------------------------------------------------------------------------
def hear(store: SqlStore, *events: Event) -> None:
    """The ledger is told of these now."""
    settlement = Settlement()
    book_in(settlement, events, store=store, book=BOOK)
    store.settle(settlement, START)


def clocks(found: Iterable[Late]) -> list[tuple[str, str, bool]]:
    """Whose clock was told, and whether it is over."""
    return [(each.person, each.clock, each.breached) for each in found]


def test_who_is_linked_late_is_told_once(tmp_path: Path) -> None:
    """Their touch was due at ten, and the ledger hears of them at half past: with the next look, and once."""
    store = stored(tmp_path, [])
    assert escalate(store, at(1)) == ()
    assert escalate(store, at(2.5)) == ()
    hear(store, *handed("P"))
    assert clocks(escalate(store, at(2.6))) == [("P", "touch", True)]
    assert escalate(store, at(2.7)) == ()
    hear(store, touched(2.8))
    assert escalate(store, at(2.9)) == ()
    assert clocks(escalate(store, at(9))) == [("P", "decision", True)]


def test_a_first_link_alarms_nobody(tmp_path: Path) -> None:
    """What was late before people were linked for the first time is no news, then or later."""
    store = stored(tmp_path, [])
    escalate(store, at(50))
    hear(store, *handed("P"))
    assert escalate(store, at(50.1), first_link=True) == ()
    assert escalate(store, at(50.2)) == ()


def test_who_comes_back_from_the_recycle_bin_late_is_told_once(tmp_path: Path) -> None:
    """P was in it while the time ran out; Q was late, and told of, before: they are late as before."""
    store = stored(tmp_path, [*handed("P"), *handed("Q")])
    escalate(store, at(0.2))
    hear(store, Departed("P", at(0.5)))
    assert clocks(escalate(store, at(2.5))) == [("Q", "touch", True)]
    hear(store, Departed("Q", at(3)))
    assert escalate(store, at(3.5)) == ()
    hear(store, Departed("P", at(4), back=True), Departed("Q", at(4), back=True))
    assert clocks(escalate(store, at(4.1))) == [("P", "touch", True)]
    assert escalate(store, at(4.2)) == ()


def test_what_an_older_version_looked_at_is_told_by_nobody(tmp_path: Path) -> None:
    """It noted until when it had looked, and not who was late: no landslide on the day of the upgrade."""
    store = stored(tmp_path, handed("P"))
    store.remember(LATE, b"", at(5))
    assert escalate(store, at(5.1)) == ()
    hear(store, *handed("Q"))
    assert clocks(escalate(store, at(5.2))) == [("Q", "touch", True)]
