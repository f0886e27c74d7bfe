"""People who are moved back before the handoff: it ends there, as whoever moved them says, and nobody waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.model.episode import State
from tests.scenarios.handoffs import episodes, moves, qualified
from tests.scenarios.lifecycles import MQL
from tests.scenarios.steps import HOUR, Schema, Steps, relived

LEAD = {"lifecyclestage": "lead", "hs_lead_status": ""}


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Both teams may say that it was too early."""

    def may_go_back(lifecycle: Schema) -> None:
        lifecycle["transitions"].append(
            {"from": ["mql", "sql"], "to": "lead", "by": ["marketing", "sales"], "restarts": False}
        )

    steps = Steps(relived(tmp_path, may_go_back))
    steps.cycle()
    yield steps
    steps.both.store.close()


def overdue(steps: Steps) -> list[str]:
    """The episodes of which a clock is over by next year."""
    now = steps.both.clock.now()
    return [each.episode for each in steps.both.store.undone(now, now + timedelta(days=365))]


@pytest.mark.parametrize(("who", "state", "touched"), [("Marketing", State.WITHDRAWN, 0), ("SDR", State.RECYCLED, 1)])
def test_moved_back_before_the_handoff_it_ends(steps: Steps, who: str, state: State, touched: int) -> None:
    """By marketing it is withdrawn, and nobody of sales has done anything; by sales it is given back, undecided."""
    contact, _, _ = qualified(steps)
    assert len(overdue(steps)) == 1
    steps.market(contact, by=steps.marketer(who), **LEAD)
    steps.cycle()
    assert moves(steps)[-1][:3] == (1, "mql", "lead")
    names = ("state", "closed_at", "touched_at", "accepted_at", "rejected_at")
    ((found, closed, touch, *answers),) = episodes(steps, *names)
    assert (found, closed is not None, touch is not None, answers) == (state, True, bool(touched), [None, None])
    assert not overdue(steps), "no clock runs"
    steps.cycle(after=48 * HOUR)
    assert len(episodes(steps, "id")) == 1
    steps.quiet()


def test_qualified_again_sales_has_its_time_anew(steps: Steps) -> None:
    """Too early, by marketing; a week later qualified again in the same cycle: one handoff, and nobody is late."""
    contact, _, _ = qualified(steps)
    ((first,),) = episodes(steps, "touch_due")
    steps.market(contact, by=steps.marketer("Marketing"), **LEAD)
    steps.cycle()
    steps.both.clock.advance(168 * HOUR)
    again = steps.both.clock.now()
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    ((state, due, oddities),) = episodes(steps, "state", "touch_due", "oddities")
    assert (state, str(oddities).split()) == (State.DELIVERED, ["no_origin", "reopened"])
    assert due > again.timestamp() * 1000 > first
    assert len(overdue(steps)) == 1
    steps.quiet()
