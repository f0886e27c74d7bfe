"""Clocks of the handoff between real records: who had the person counts, by the calendar that the file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.scenarios.routings import Desk, configured, routing
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
