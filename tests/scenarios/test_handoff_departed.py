"""People who are handed over, and then deleted, merged away or unlinked: their handoff ends with the link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from syncd.engine.lateness import overdue
from syncd.model.episode import Departed, State
from syncd.model.link import LinkState
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from tests.scenarios.handoffs import episodes, events, killed_at_each_effect, qualified
from tests.scenarios.lifecycles import WORKING
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_unlinking import part
from tests.worlds import agreed, open_both


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two empty accounts with the teams' agreement, in step."""
    made = Steps(open_both(config=agreed(tmp_path / "agreed")))
    made.cycle()
    yield made
    made.both.store.close()


def late(steps: Steps) -> int:
    """For how many first touches sales is late."""
    return overdue(steps.both.store, steps.both.clock.now())["touch"]


def told(steps: Steps) -> list[bool]:
    """Each time somebody left (false) or came back."""
    return [each.back for each in events(steps) if isinstance(each, Departed)]


def test_junk_that_is_deleted_is_waited_for_no_more(steps: Steps) -> None:
    """Nobody is late with it; restored they are waited for as before."""
    contact, lead, _ = qualified(steps)
    steps.cycle(after=5 * 24 * HOUR)
    assert late(steps) == 1
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    assert (episodes(steps, "state"), late(steps)) == ([(State.WITHDRAWN,)], 0)
    steps.cycle()
    steps.both.salesforce.undelete("Lead", lead)
    steps.cycle()
    steps.cycle()
    assert (episodes(steps, "state"), late(steps)) == ([(State.DELIVERED,)], 1)
    assert told(steps) == [False, True]
    (hit,) = find_hits(steps.both.world, f"marketing:contacts/{contact}")
    story = explain(steps.both.world, hit).handoffs
    assert story is not None
    said = [each.what for each in story.happened if "linked" in each.what]
    assert said == ["deleted, merged away or unlinked", "linked again"]
    steps.quiet()


def test_who_was_accepted_and_is_unlinked_is_given_back(steps: Steps) -> None:
    """The two records were never one person."""
    contact, lead, _ = qualified(steps)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.cycle()
    assert episodes(steps, "state") == [(State.ACCEPTED,)]
    part(steps, contact)
    steps.cycle()
    steps.cycle()
    assert (episodes(steps, "state"), told(steps)) == ([(State.RECYCLED,)], [False])


def test_of_a_company_that_is_deleted_the_ledger_hears_nothing(steps: Steps) -> None:
    """It is nobody who was handed over."""
    steps.both.hubspot.create("companies", {"name": "Acme", "domain": "acme-works.com"})
    account = steps.both.salesforce.insert("Account", {"Name": "Acme", "Website": "acme-works.com"})
    steps.cycle()
    steps.both.salesforce.delete("Account", account)
    steps.cycle()
    (link,) = steps.both.store.links("company")
    assert link.state is LinkState.TOMBSTONE
    assert not steps.both.store.ledger_of([link.id])


def test_killed_at_any_effect_they_leave_once(tmp_path: Path) -> None:
    """Wherever the cycle dies that hears of the deletion."""

    def begin(steps: Steps) -> Callable[[], object]:
        _, lead, _ = qualified(steps)
        return partial(steps.both.salesforce.delete, "Lead", lead)

    for steps, effect in killed_at_each_effect(tmp_path, begin, config=agreed(tmp_path / "config")):
        assert (episodes(steps, "state"), told(steps)) == ([(State.WITHDRAWN,)], [False]), f"killed at effect {effect}"
