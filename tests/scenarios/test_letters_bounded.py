"""A daemon's turns keep dead letters within bounds, and a record that still cannot be written is listed anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from syncd.engine.resync import Met
from syncd.model.link import DeadLetter
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from syncd.observe.log import listen, unlisten
from syncd.operations import worker
from syncd.operations.worker import LETTERS_KEPT, turn
from syncd.ports.store import Settlement
from tests.scenarios.steps import Steps


def _take(steps: Steps) -> list[object]:
    """One turn of a daemon; how many it says it dropped, each time it says so."""
    world = steps.both.world
    now = world.clock.now()
    dropped: list[object] = []

    def hear(event: str, keys: Mapping[str, object]) -> None:
        if event == "dead_letters.dropped":
            dropped.append(keys["records"])

    listen(hear)
    turn(world, began=now, due=now + timedelta(seconds=60), met=Met())
    unlisten(hear)
    return dropped


def _letter(id: str, *, days: float, steps: Steps) -> DeadLetter:
    since = steps.both.world.clock.now() - timedelta(days=days)
    return DeadLetter(id, "person", Side.CRM, RemoteRef("contacts", id), "f", "CODE", "why", "do", since, 3)


def test_a_turn_drops_what_is_too_old(steps: Steps) -> None:
    """What nobody looked at for half a year goes, and the log says how many; the rest stays, and so does silence."""
    steps.cycle()
    old, young = (_letter(id, days=LETTERS_KEPT.days + more, steps=steps) for id, more in (("901", 1), ("902", -1)))
    steps.both.world.store.settle(Settlement(dead=[old, young]), steps.both.world.clock.now())
    assert _take(steps) == [1]
    assert [row.id for row in steps.both.world.store.dead_letters()] == ["902"]
    assert _take(steps) == []


def test_a_turn_drops_the_oldest_of_too_many(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a vendor that refuses everybody fills no disk."""
    monkeypatch.setattr(worker, "MOST_LETTERS", 2)
    steps.cycle()
    letters = [_letter(f"90{days}", days=days, steps=steps) for days in (3, 1, 2)]
    steps.both.world.store.settle(Settlement(dead=letters), steps.both.world.clock.now())
    assert _take(steps) == [1]
    assert sorted(row.id for row in steps.both.world.store.dead_letters()) == ["901", "902"]
