"""The clock of this machine is wrong: cursors are the vendors' business, nothing is lost, doubled or kept waiting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from syncd.engine.cycle import sync
from tests.fakes import FakeClock
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import open_both, open_world


@pytest.fixture
def steps() -> Iterator[Steps]:
    """A pair that is linked and in step."""
    both = open_both()
    told = Steps(both)
    told.pair()
    yield told
    both.store.close()


@pytest.mark.parametrize("hours", [-72, -3, -0.02, 0.02, 3, 72])
@pytest.mark.fault("F69")
def test_a_jump_of_our_clock_loses_and_doubles_nothing(steps: Steps, hours: float) -> None:
    """Edits on both sides, just before and after the jump and after it was mended, all arrive, each in one cycle."""
    both = steps.both
    (contact,) = steps.contacts()
    (lead,) = (str(row["Id"]) for row in steps.live("Lead"))
    before = len(steps.live("Lead"))
    for turn, ours in enumerate((0.0, hours, hours, 0.0, 0.0)):
        steps.market(contact, city=f"Graz {turn}")
        steps.sell(lead, Title=f"Boss {turn}")
        both.clock.advance(HOUR)
        wrong = FakeClock(start=both.clock.now() + timedelta(hours=ours))
        world = open_world(both.hubspot, both.salesforce, wrong, both.store, both.settings)
        ended = sync(world, wait=0)
        assert ended.run.trouble == ""
        assert steps.sold(lead, "City") == f"Graz {turn}"
        assert steps.marketed(contact, "jobtitle") == f"Boss {turn}"
        assert both.store.lease() is None
    assert len(steps.live("Lead")) == before
    steps.quiet()
