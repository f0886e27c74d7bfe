"""Quiet hours, digests, maintenance: what waits, what goes through, what is told at the end. Over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.model.notice import Planned, Rest, Target, Window
from syncd.operations.resting import closed, rest, resting_at
from syncd.operations.telling import Teller
from tests.fakes import START
from tests.unit.operations.tellers import EVENTS, Told, braked, ended, overdue

HOUR = 3600.0
PAGES = frozenset({"side.not_itself"})
NIGHT = Window(time(8), time(10))
"""The clock of the tests begins at nine."""
OPS = Target("ops", EVENTS | {"side.not_itself"})


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    """A store of its own."""
    made = Told(f"sqlite:///{tmp_path}/state.db")
    yield made
    made.close()


def process(told: Told, *targets: Target, **more: Any) -> Teller:
    """A process that has just started, with pages."""
    told.targets = targets
    teller = told.process()
    teller.use(replace(teller.telling, pages=PAGES, **more), told.connections)
    return teller


def strange(teller: Teller, side: str = "crm", *, over: bool = False) -> None:
    """A side is not itself, or is again."""
    event = "side.itself_again" if over else "side.not_itself"
    teller.hearing.heard(event, {"connection": "main", "side": side, **({} if over else {"reason": "gone"})})


def released(teller: Teller, field: str = "title") -> None:
    """The brake lets go."""
    keys = {"kind": "person", "measure": "updates", "side": "crm", "field": field, "held": 0}
    teller.hearing.heard("brake.released", {"connection": "main", **keys})


def held_through_maintenance(told: Told, teller: Teller) -> None:
    """Eight hours of maintenance: each cycle of the first six says that the brake holds, which is news again after
    ``repeat``; then it lets go, and maintenance ends.
    """
    now = told.clock.now()
    rest(told.store(), Rest(now + timedelta(hours=8), "kim", now, "move of the office"), now)
    for _ in range(6):
        braked(teller)
        ended(teller)
        told.passes(teller, HOUR, step=300)
    released(teller)
    ended(teller)
    told.passes(teller, 3 * HOUR, step=300)


def titles(told: Told, name: str = "ops") -> list[str]:
    """What a target got."""
    return [message.title.removeprefix("syncd main: ") for message in told.texts(name)]


def test_tickets_wait_for_the_morning_and_pages_go_through(told: Told) -> None:
    """In one message, also if the process that heard of them is gone by then; the end of a page is a page."""
    teller = process(told, replace(OPS, quiet=(NIGHT,)))
    braked(teller)
    ended(teller)
    told.passes(teller, 60)
    overdue(teller, "e1", "e2")
    strange(teller)
    ended(teller)
    told.passes(teller, 60)
    assert titles(told) == ["side.not_itself"]
    strange(teller, over=True)
    told.passes(teller, 60)
    assert titles(told) == ["side.not_itself", "side.itself_again"]
    later = process(told, replace(OPS, quiet=(NIGHT,)))
    told.passes(later, HOUR, step=150)
    assert titles(told)[2:] == ["brake.held, handoff.overdue (2)"]
    told.passes(later, 24 * HOUR, step=600)
    assert len(titles(told)) == 3


def test_what_came_and_went_in_the_night_wakes_nobody_in_the_morning(told: Told) -> None:
    """It is counted beside what is left."""
    teller = process(told, replace(OPS, quiet=(NIGHT,)))
    for field in ("title", "city"):
        braked(teller, field)
    ended(teller)
    told.passes(teller, 60)
    released(teller, "city")
    told.passes(teller, HOUR, step=150)
    (message,) = told.texts()
    assert message.title == "syncd main: brake.held"
    assert "field=title" in message.body
    assert "field=city" not in message.body
    assert "1 more began and was over before this was told." in message.body


@pytest.mark.beyond
def test_a_digest_is_told_at_its_times(told: Told) -> None:
    """Tickets alone; each time what came since the last one, and nothing when nothing came."""
    teller = process(told, replace(OPS, digest=(time(12), time(18)), zone="UTC"))
    overdue(teller, "e1")
    strange(teller)
    told.passes(teller, HOUR, step=150)
    overdue(teller, "e2")
    told.passes(teller, HOUR, step=150)
    assert titles(told) == ["side.not_itself"]
    told.passes(teller, 2 * HOUR, step=150)
    assert titles(told)[1:] == ["handoff.overdue (2)"]
    overdue(teller, "e3")
    told.passes(teller, 4 * HOUR, step=150)
    assert titles(told)[2:] == []
    told.passes(teller, 2 * HOUR, step=150)
    assert titles(told)[2:] == ["handoff.overdue"]
    told.passes(teller, 24 * HOUR, step=600)
    assert len(titles(told)) == 3


def test_maintenance_keeps_all_and_tells_at_its_end_what_still_is_wrong(told: Told) -> None:
    """Pages, too; what was told before and lasts; what was over before its end is not wrong any more."""
    teller = process(told, OPS)
    braked(teller, "city")
    ended(teller)
    told.passes(teller, 60)
    assert titles(told) == ["brake.held"]
    now = told.clock.now()
    rest(told.store(), Rest(now + timedelta(hours=2), "kim", now, "move of the office"), now)
    strange(teller, "crm")
    strange(teller, "marketing")
    overdue(teller, "e1")
    told.passes(teller, HOUR, step=60)
    strange(teller, "marketing", over=True)
    told.passes(teller, HOUR - 60, step=60)
    assert titles(told) == ["brake.held"]
    told.passes(teller, 120, step=60)
    message = told.texts()[-1]
    assert message.title == "syncd main: maintenance is over, 2 still wrong"
    assert "by kim: move of the office" in message.body
    still = message.body.partition("Still so:")[2]
    assert "side.not_itself side=crm" in still
    assert "brake.held" in still
    assert "marketing" not in message.body
    assert "handoff.overdue" in message.body
    told.passes(teller, HOUR, step=60)
    assert len(told.texts()) == 2
    strange(teller, "crm", over=True)
    told.passes(teller, 60)
    assert titles(told)[2:] == ["side.itself_again"]


def test_maintenance_that_went_well_says_so(told: Told) -> None:
    """Ended by hand, by another process; whoever hears of no page and has nothing waiting is not told."""
    sales = Target("sales", frozenset({"handoff.overdue"}))
    teller = process(told, OPS, sales)
    now = told.clock.now()
    rest(told.store(), Rest(now + timedelta(hours=2), "kim", now), now)
    strange(teller)
    told.passes(teller, 600, step=60)
    strange(teller, over=True)
    told.passes(teller, 60)
    closed(told.store(), told.clock.now())
    told.passes(process(told, OPS, sales), 60)
    assert titles(told) == ["maintenance is over, all is well"]
    assert told.texts()[0].gravity == "success"
    assert titles(told, "sales") == []


def test_what_is_heard_just_before_the_end_is_told_with_it(told: Told) -> None:
    """Not once by itself and once more."""
    teller = process(told, OPS)
    now = told.clock.now()
    rest(told.store(), Rest(now + timedelta(hours=1), "kim", now), now)
    told.passes(teller, 60)
    strange(teller)
    closed(told.store(), told.clock.now())
    told.passes(teller, 90)
    assert titles(told) == ["maintenance is over, 1 still wrong"]


def test_planned_maintenance_begins_and_ends_by_itself(told: Told) -> None:
    """Of its connections, and is longer where somebody says so."""
    told.connections = ("main", "other")
    plan = Planned(Window(time(9, 30), time(10)), "backup", frozenset({"main"}))
    teller = process(told, OPS, maintenance=(plan,))
    told.passes(teller, 31 * 60, step=60)
    strange(teller)
    teller.hearing.heard("side.not_itself", {"connection": "other", "side": "crm", "reason": "gone"})
    told.passes(teller, 60)
    assert [message.title for message in told.texts()] == ["syncd other: side.not_itself"]
    told.passes(teller, HOUR / 2, step=60)
    assert told.texts()[1].title == "syncd main: maintenance is over, 1 still wrong"
    assert "by syncd.yaml: backup" in told.texts()[1].body
    told.passes(teller, HOUR, step=150)
    assert len(told.texts()) == 2


def test_planned_maintenance_that_a_person_ended_is_over(told: Told) -> None:
    """The window of that day; the next one is planned as before."""
    plan = Planned(Window(time(9, 30), time(12)), "backup")
    teller = process(told, OPS, maintenance=(plan,))
    told.passes(teller, 31 * 60, step=60)
    closed(told.store(), told.clock.now())
    told.passes(teller, 60, step=60)
    strange(teller)
    told.passes(teller, 60, step=60)
    assert titles(told) == ["maintenance is over, all is well", "side.not_itself"]
    told.passes(process(told, OPS, maintenance=(plan,)), 3 * HOUR, step=300)
    assert len(told.texts()) == 2, "nor is it begun by the next process"
    told.passes(teller, 21 * HOUR, step=600)
    assert resting_at(told.store(), told.clock.now()) is not None, "the next day"


def test_a_crash_loses_nothing_that_waits(told: Told) -> None:
    """It is in the store in the transaction that takes what was heard."""
    quiet = replace(OPS, quiet=(NIGHT,))
    for number in range(5):
        teller = process(told, quiet)
        overdue(teller, f"e{number}")
        ended(teller)
        told.passes(teller, 40)
    told.passes(process(told, quiet), HOUR, step=150)
    assert titles(told) == ["handoff.overdue (5)"]


def test_what_was_over_before_the_end_of_maintenance_is_not_told_as_standing(told: Told) -> None:
    """Though it lasted for longer than ``repeat``, so that it was news twice."""
    held_through_maintenance(told, process(told, OPS))
    (message,) = told.texts()
    assert message.title == "syncd main: maintenance is over, all is well"
    assert "brake.held" not in message.body
    assert "1 more began and was over before this was told." in message.body


def test_no_incident_is_opened_for_what_was_over_in_maintenance(told: Told) -> None:
    """Nobody would ever close it."""
    held_through_maintenance(told, process(told, replace(OPS, incidents=True)))
    assert [message for message in told.texts() if message.key] == []


def test_an_incident_of_before_maintenance_is_closed_after_it(told: Told) -> None:
    """Though the state waited to be told once more when it ended."""
    teller = process(told, replace(OPS, incidents=True))
    braked(teller)
    ended(teller)
    told.passes(teller, 60)
    held_through_maintenance(told, teller)
    began, over = [message for message in told.texts() if message.key]
    assert (began.gravity, over.gravity) == ("error", "success")
    assert began.key == over.key


def test_an_incident_that_began_anew_in_maintenance_is_open_after_it(told: Told) -> None:
    """Its end and its beginning both waited; a service goes by what it is told last."""
    teller = process(told, replace(OPS, incidents=True))
    braked(teller)
    ended(teller)
    told.passes(teller, 60)
    now = told.clock.now()
    rest(told.store(), Rest(now + timedelta(hours=1), "kim", now), now)
    for news in (lambda: braked(teller, "city"), lambda: released(teller), lambda: braked(teller)):
        news()
        ended(teller)
        told.passes(teller, 60)
    told.passes(teller, HOUR, step=300)
    last = {message.key.rpartition("field=")[2].split("\t")[0]: message.gravity for message in told.texts()}
    assert (last["title"], last["city"]) == ("error", "error")
    assert [message.gravity for message in told.texts() if "field=title" in message.key] == [
        "error",
        "success",
        "error",
    ]


def test_each_state_is_a_message_of_its_own_for_incidents(told: Told) -> None:
    """Its beginning and its end have one key, and other states other ones."""
    teller = process(told, replace(OPS, incidents=True))
    strange(teller, "crm")
    strange(teller, "marketing")
    braked(teller)
    told.passes(teller, 60)
    began = {
        message.body.split("side=")[1].split()[0]: message for message in told.texts() if "itself" in message.title
    }
    strange(teller, "crm", over=True)
    told.passes(teller, 60)
    over = told.texts()[-1]
    assert len(told.texts()) == 4
    assert len({message.key for message in told.texts()}) == 3
    assert over.key == began["crm"].key != began["marketing"].key
    assert (over.gravity, began["crm"].gravity) == ("success", "error")


def test_a_row_of_another_version_is_passed_over(told: Told) -> None:
    """And told of, and nothing else is lost."""
    store = told.store()
    store.exchange((), {"notify:rest:later:ops:": b"{", "notify:rest:now": b"[]"}, START)
    teller = process(told, replace(OPS, quiet=(NIGHT,)))
    overdue(teller, "e1")
    told.passes(teller, 2 * HOUR, step=150)
    assert any("handoff.overdue" in message.body for message in told.texts())
