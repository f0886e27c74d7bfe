"""Whose clock runs: each owner's by their own calendar, for as long as they had the person, and not anew later."""

from __future__ import annotations

import pytest

from syncd.model.calendar import Calendars
from tests.unit.core.ledgers import CALENDARS, delivered, moved, one, touched

HOUR = 3_600_000


# -- calendars ---------------------------------------------------------------------------------------------------------
def test_a_queue_and_a_user_of_one_name_keep_calendars_of_their_own() -> None:
    """Nine to eleven in Berlin for the queue; for a user who is called like it, an hour in UTC."""
    begun = moved("mql", 0), touched(2)
    assert one(*begun, delivered(0, owner="queue:Berlin Inbound")).touch == 2 * HOUR
    assert one(*begun, delivered(0, owner="Berlin Inbound")).touch == HOUR


@pytest.mark.parametrize("name", ["queue:new leads", "user:kim@example.com", "Kim@example.com"])
def test_calendars_refuse_names_that_nobody_is_looked_up_by(name: str) -> None:
    """So a map that is made by hand, as in tests, cannot be other than what the file is read to."""
    with pytest.raises(ValueError, match="looked up by nobody"):
        Calendars(CALENDARS.by_key, "utc", {name: "berlin"})
    with pytest.raises(ValueError, match="looked up by nobody"):
        Calendars(CALENDARS.by_key, "utc", {}, {name: "berlin"})
