"""Routing through whole cycles: who gets a person in the CRM, and who is never taken away from anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.routings import Desk, address


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Three take turns."""
    return Desk.of(tmp_path)


def test_three_take_turns_and_the_owner_is_told_on_both_sides(desk: Desk) -> None:
    """In one cycle and over several; HubSpot shows the owner in the same cycle, also as text."""
    first = desk.qualified(4)
    desk.cycle()
    assert desk.owners(first) == ["ann", "ben", "cam", "ann"]
    assert [desk.shown(each) for each in first] == ["ann", "ben", "cam", "ann"]
    assert desk.marketed(first[1], "sales_owner_email") == address("ben")
    later = desk.qualified(2, begin=4)
    desk.cycle()
    assert desk.owners(later) == ["ben", "cam"]
    desk.quiet()
