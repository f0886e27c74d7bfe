"""The last runs as a row of bars: how much each changed, and whether it went well. SVG, made without a script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from syncd.console.looks import count
from syncd.model.run import Run, RunState

WIDTH: Final = 6
HIGH: Final = 32
_LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One run: where it stands, how high, in which class, and what it was in words."""

    x: int
    y: int
    height: int
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Spark:
    """A drawing of runs; ``words`` tell it to whoever cannot see it."""

    width: int
    height: int
    bars: Sequence[Bar]
    words: str


def spark(runs: Sequence[Run]) -> Spark:
    """Draws runs, oldest first. Heights are logarithmic: one change is to be seen beside a thousand."""
    sums = [sum(run.counts.values()) for run in runs]
    most = max([*sums, 1])
    bars = []
    for number, (run, changed) in enumerate(zip(runs, sums, strict=True)):
        height = _LEAST + round((HIGH - _LEAST) * math.log1p(changed) / math.log1p(most)) if changed else _LEAST
        words = f"{run.started_at:%Y-%m-%d %H:%M}: {run.state}, {count(changed, 'change')}"
        bars.append(Bar(number * WIDTH, HIGH - height, height, run.state.value, words))
    well = sum(1 for run in runs if run.state in (RunState.DONE, RunState.RUNNING))
    told = f"{count(len(runs), 'run')}, {well} of them well, {count(sum(sums), 'change')}" if runs else "no run yet"
    return Spark(max(len(runs), 1) * WIDTH, HIGH, bars, told)
