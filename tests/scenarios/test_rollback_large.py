"""Planning to take a large run back: what is read at once and what is kept of it do not grow with the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from syncd.model.remote import RemoteRef, Shape
from syncd.model.values import Pair
from syncd.operations import rollback
from syncd.operations.rollback import left_document
from tests.scenarios.resyncs import PEOPLE
from tests.scenarios.steps import Steps
from tests.scenarios.test_rollback import Pairs, mass_edit, pairs, planned  # noqa: F401 - one is a fixture


def test_a_large_run_is_planned_in_lots_of_which_only_the_changes_are_kept(
    steps: Steps,
    pairs: Pairs,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many records at once as a vendor reads, whatever the run wrote; of each record what goes back, not the record,
    and of what stays the number with a few to look at.
    """
    monkeypatch.setattr(rollback, "SAMPLES", 1)
    run = mass_edit(steps, pairs)
    for _, lead in pairs[:3]:
        steps.sell(lead, Title="Typed since")
    whole = planned(steps, run=run)
    sizes: list[int] = []
    for connector in steps.both.world.connectors:
        fetch, batch = type(connector).fetch, replace(connector.capabilities, read_batch=2)
        monkeypatch.setattr(type(connector), "capabilities", property(lambda _, batch=batch: batch))

        def counted(self: object, shape: Shape, refs: Sequence[RemoteRef], *, fetch: Any = fetch) -> Any:
            sizes.append(len(refs))
            return fetch(self, shape, refs)

        monkeypatch.setattr(type(connector), "fetch", counted)
    told = planned(steps, run=run)
    assert (max(sizes), sum(sizes)) == (2, 2 * PEOPLE)
    assert told.plan is not None
    assert whole.plan is not None
    assert told.plan.digest == whole.plan.digest
    kept = [each for kind in told.plan.kinds for each in kind.decisions]
    assert len(kept) == PEOPLE - 3
    assert all((each.base, each.seen, each.agreed) == (None, Pair(None, None), {}) for each in kept)
    ((reason, number, _),) = told.reasons()
    assert (number, len(told.left.shown)) == (3, 1)
    assert left_document(told)[0]["number"] == number
    assert reason.startswith("changed since")
