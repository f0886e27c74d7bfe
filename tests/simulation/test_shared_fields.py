"""Several shared fields that are read from one vendor field: what is agreed of one of them settles no other."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from syncd.lab.scenario import Scenario
from syncd.lab.simulating import played
from tests.simulation.crash_story import CONFIG

KEPT: Final = Path(__file__).parent / "regressions"
HELD: Final = KEPT / "names-of-owners-that-were-held.json"
CONVERTED: Final = KEPT / "a-country-of-who-was-converted.json"


@pytest.mark.slow
def test_what_the_brake_held_of_an_owner_is_written_once_it_is_approved() -> None:
    """All get another owner at once: the owner is agreed, their names wait for a person and are not forgotten."""
    (told,) = played([Scenario.from_json(HELD.read_bytes())], config=CONFIG, workers=1)
    assert told.result["edits"] >= 6
    assert told.violations == []


@pytest.mark.slow
def test_the_country_of_who_was_converted_is_written_after_a_kill() -> None:
    """The Contact shows a country that no record of the link has shown before, and its state is read from it, too."""
    (told,) = played([Scenario.from_json(CONVERTED.read_bytes())], config=CONFIG, workers=1)
    assert told.result["crashes"] == 1
    assert told.violations == []
