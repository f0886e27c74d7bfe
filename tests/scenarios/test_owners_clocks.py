"""Clocks of the handoff between real records: who had the person counts, by the calendar that the file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.engine import lateness
from syncd.engine.world import make_ready
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from tests.scenarios.lifecycles import WORKING
from tests.scenarios.routings import Desk, address, configured, routing
from tests.scenarios.steps import HOUR

QUEUE = {"pools": {}, "rules": [{"name": "queue", "to": {"queue": "New Leads"}}]}
TIMES = ("delivered_at", "touch_due")


def desk_of(folder: Path, owners: Mapping[str, list[str]], **changed: Any) -> Desk:
    """A desk over this routing at which these owners keep these calendars of the example."""
    config = configured(folder, routing(**changed))
    calendars = yaml.safe_load((config / "calendars.yaml").read_text(encoding="utf-8"))
    for key, names in owners.items():
        calendars["calendars"][key]["owners"] = names
    (config / "calendars.yaml").write_text(yaml.safe_dump(calendars), encoding="utf-8")
    desk = Desk.over(config)
    desk.cycle()
    desk.cycle()
    return desk


def shown(desk: Desk, *names: str) -> tuple[str | None, ...]:
    """These times of the only episode, to the minute."""
    (row,) = desk.both.store.episode_columns(names)
    return tuple(None if ms is None else f"{datetime.fromtimestamp(ms / 1000, UTC):%a %H:%M}" for ms in row)


def test_a_queue_keeps_the_calendar_that_the_file_gives_it(tmp_path: Path) -> None:
    """Delivered on a Monday at noon. A day of the hotline is 66 / 7 hours: eight that night, the rest on Tuesday
    from six; one of New York's is 8 1/2 hours, from nine there.
    """
    desk = desk_of(tmp_path, {"hotline": ["queue:New Leads"]}, **QUEUE)
    desk.qualified(1)
    desk.cycle()
    desk.cycle(after=HOUR)
    hotline = shown(desk, *TIMES)
    new_york = desk_of(tmp_path, {}, **QUEUE)
    new_york.qualified(1)
    new_york.cycle()
    new_york.cycle(after=HOUR)
    assert (hotline, shown(new_york, *TIMES)) == (("Mon 12:01", "Tue 19:25"), ("Mon 12:01", "Mon 22:30"))


# -- owners who change -------------------------------------------------------------------------------------------------
ALWAYS = {
    "name": "Around the clock",
    "zone": "UTC",
    "hours": {"weekdays": "00:00-24:00", "saturday": "00:00-24:00", "sunday": "00:00-24:00"},
}


def alarms(caught: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """What was told of first touches, and until when they were due."""
    told = [(name, keys["until"]) for name, keys in caught if keys["clock"] == "touch"]
    caught.clear()
    return told


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Every alarm of the ledger, as it goes to the log, the metrics and whoever is notified."""
    found: list[tuple[str, dict[str, Any]]] = []
    emit = lateness.emit

    def both(name: str, **keys: Any) -> None:
        found.append((name, keys))
        emit(name, **keys)

    monkeypatch.setattr(lateness, "emit", both)
    return found


def test_picking_up_from_a_queue_begins_a_clock_that_alarms(
    tmp_path: Path, caught: list[tuple[str, dict[str, Any]]]
) -> None:
    """The queue's day in New York runs out on Monday; Ann, who picks them up on Wednesday, has a day of hers."""
    desk = desk_of(tmp_path, {}, **QUEUE)
    (contact,) = desk.qualified(1)
    desk.cycle()
    for _ in range(8):
        desk.cycle(after=6 * HOUR)
    assert alarms(caught) == [("handoff.overdue", "2026-03-02T22:30:00.000Z")]
    assert shown(desk, "touch_due", "assigned_at") == ("Mon 22:30", None)
    desk.sell(desk.lead_of(contact), OwnerId=desk.user("ann"))
    desk.cycle(after=HOUR)
    for _ in range(6):
        desk.cycle(after=3 * HOUR)
    picked = "2026-03-04T22:30:00.000Z"  # noticed before New York opens, so that it is all of Wednesday
    assert alarms(caught) == [("handoff.due", picked), ("handoff.overdue", picked)]
    assert shown(desk, "touch_due") == ("Mon 22:30",), "the queue was late, and that stays so"
    ((late, has),) = desk.both.store.episode_columns(("touch_owner", "owner"))
    assert (late, has) == ("queue:New Leads", address("ann"))
    make_ready(desk.both.world)
    (hit,) = find_hits(desk.both.world, f"marketing:contacts/{contact}")
    story = explain(desk.both.world, hit).handoffs
    assert story is not None
    assert [each.by for each in story.happened if each.what == "assigned: picked up from queue:New Leads"] == [
        address("ann")
    ]


def test_a_later_owner_rewrites_no_clock_that_ended(tmp_path: Path) -> None:
    """Ann touches on Monday within her two hours; Cam, who works around the clock, has the person a week later."""
    config = configured(tmp_path, routing())
    calendars = yaml.safe_load((config / "calendars.yaml").read_text(encoding="utf-8"))
    calendars["calendars"]["always"] = {**ALWAYS, "owners": [address("cam")]}
    (config / "calendars.yaml").write_text(yaml.safe_dump(calendars), encoding="utf-8")
    desk = Desk.over(config)
    desk.cycle()
    desk.cycle()
    (contact,) = desk.qualified(1)
    desk.cycle()
    desk.cycle(after=60)
    assert desk.owners([contact]) == ["ann"]
    desk.cycle(after=3 * HOUR)
    desk.sell(desk.lead_of(contact), by=desk.user("ann"), Status=WORKING)
    desk.cycle()
    clocks = ("touch", "touch_due", "touch_owner", "decision", "decision_due", "decision_owner")
    (before,) = desk.both.store.episode_columns(clocks)
    assert before[2] == before[5] == address("ann")
    desk.both.clock.advance(7 * 24 * HOUR)
    desk.sell(desk.lead_of(contact), OwnerId=desk.user("cam"))
    desk.cycle()
    desk.cycle()
    assert list(desk.both.store.episode_columns(clocks)) == [before]
    assert list(desk.both.store.episode_columns(("owner",))) == [(address("cam"),)]
