"""Faults, kills and unanswered writes never make a side that is itself look as if it were not, nor the store as old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.engine import sentinel
from syncd.lab import simulating
from syncd.lab.arena import Arena
from syncd.lab.founding import found
from syncd.lab.scenario import Scenario, expand
from syncd.lab.simulation import Result, play
from syncd.lab.witness import Violation
from syncd.model.values import Side
from syncd.operations.sentinel import carry_out
from syncd.operations.watching import remembered, strange

ROOT = Path(__file__).resolve().parent.parent.parent
SEEDS = 6
DEEDS = ("edit", "archive", "delete", "erase", "merge")


@pytest.mark.slow
def test_no_fault_looks_like_a_side_that_is_not_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """People leave the sentinels alone; their mark moves every other minute, so that the faults meet it."""
    monkeypatch.setattr(sentinel, "RENEWED", timedelta(minutes=2))
    monkeypatch.setattr(simulating, "found", _planted)
    monkeypatch.setattr(simulating, "play", _told)
    scenarios = [expand(f"sentinel-{number}") for number in range(SEEDS)]
    results = list(simulating.played(scenarios, config=ROOT / "config", workers=2))
    assert not [(each.seed, str(broken)) for each in results for broken in each.violations if "sentinel" in str(broken)]
    assert sum(each.result["fired"].get("renewed", 0) for each in results) > SEEDS // 2


def _planted(config: Path, *, variant: int, connection: str | None = None) -> Arena:
    """A founded world with sentinels that nobody renames, deletes or merges."""
    arena = found(config, variant=variant, connection=connection)
    world, _ = arena.start()
    carry_out(world)
    ids = {ref.id for ref in remembered(arena.store).values()}
    kernels: tuple[Any, ...] = (arena.hubspot, arena.salesforce)
    for kernel in kernels:
        for name in DEEDS:
            if deed := getattr(kernel, name, None):
                setattr(kernel, name, _sparing(deed, ids))
    return arena


def _sparing(deed: Callable[..., object], ids: set[str]) -> Callable[..., object]:
    def spared(*asked: Any, **more: Any) -> object:
        named = {text for each in asked for text in (each if isinstance(each, list | tuple) else [each])
                 if isinstance(text, str)}  # fmt: skip
        return None if named & ids else deed(*asked, **more)

    return spared


def _told(arena: Arena, scenario: Scenario) -> Result:
    """What became of a scenario, and of the sentinels in it."""
    id_ = remembered(arena.store)[Side.MARKETING].id

    def says() -> str:
        (row,) = [row for row in arena.hubspot.export()["companies"] if row["id"] == id_]
        return str(row["properties"]["name"])

    before = says()
    result = play(arena, scenario)
    result.fired["renewed"] = int(says() != before)
    for wrong in (*strange(arena.store).values(), *([arena.store.restored()] if arena.store.restored() else [])):
        result.violations.append(Violation("P15", "sentinel", str(wrong)))
    return result
