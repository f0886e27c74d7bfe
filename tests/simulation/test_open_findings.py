"""Scenarios that break a promise and wait to be mended: found by `syncd simulate`, made small where they could be.

Each is expected to fail; one that no longer does must move to ``regressions`` with the repair named.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.lab.scenario import Scenario
from syncd.lab.simulating import played
from tests.worlds import ROOT

OPEN = sorted((Path(__file__).parent / "open").glob("*.json"))


@pytest.mark.parametrize("file", OPEN, ids=lambda file: file.stem)
@pytest.mark.xfail(strict=True, reason="an open finding of the simulation")
def test_the_promises_hold(file: Path) -> None:
    """They do not yet."""
    (result,) = played([Scenario.from_json(file.read_bytes())], config=ROOT / "config", workers=1)
    assert not result.violations
