"""What a run cost: the calls that it made of each side, its own and nobody else's."""

from __future__ import annotations

import pytest

from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.values import Pair, Side
from syncd.operations.resyncing import Words, ask, understood
from tests.scenarios.steps import Steps


def called(steps: Steps) -> Pair[int]:
    """Calls that both stand-ins answered so far."""
    return Pair(len(steps.both.hubspot.calls), len(steps.both.salesforce.calls))


def test_a_run_knows_its_own_calls(steps: Steps) -> None:
    """As the vendors counted them; kept with the run if it changed something."""
    steps.pair()
    for _ in range(2):
        steps.market(steps.contacts()[0], jobtitle=f"Engineer {called(steps).crm}")
        before = called(steps)
        run = steps.cycle(after=120).run
        after = called(steps)
        assert run.calls == Pair(after.marketing - before.marketing, after.crm - before.crm)
        assert steps.both.store.run(run.id) == run
    assert steps.cycle(after=120).run.calls is not None


def test_a_run_of_several_turns_adds_them_up(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another run came in between."""
    monkeypatch.setattr("syncd.engine.resync.NAMED_LOT", 1)
    names = [f"p{number}@example.com" for number in range(2)]
    for name in names:
        steps.contact(email=name)
        steps.lead(Email=name)
    steps.cycle(after=120)
    world = steps.both.world
    ask(world, understood(world, Words(records=names)))
    (request,) = asked_for(steps.both.store)
    turns = []
    for leave_off in (True, True, False):  # the first one is for companies, of which nobody was named
        before = called(steps)
        assert carry_on(world, request, Met(), leave_off=lambda leave_off=leave_off: leave_off) is not leave_off
        after = called(steps)
        turns.append(Pair(after.marketing - before.marketing, after.crm - before.crm))
        steps.cycle(after=120)
    run = steps.both.store.run(request.id)
    assert run is not None
    assert sum(sum(turn) > 0 for turn in turns) == len(names)
    assert run.calls == Pair(*(sum(turn.of(side) for turn in turns) for side in Side))
