"""The words in which late writes are told: how late one comes, and worlds that wait for it."""

from __future__ import annotations

from dataclasses import replace

from syncd.model.values import Pair
from tests.scenarios.steps import Steps

LATE = 90.0


def patient(steps: Steps) -> None:
    """Both vendors may carry a write out for ten minutes."""
    steps.both.world.connection = replace(steps.both.world.connection, horizon=Pair(600.0, 600.0))
