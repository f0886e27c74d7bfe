"""The demo while both vendors misbehave: the same proofs and the same agreement, and it tells what hit it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from sandbox.control import Control
from sandbox.faults.catalogue import CATALOGUE, find
from sandbox.server import RunningSandbox
from syncd.lab import stage as stages
from syncd.lab.demo import run
from syncd.lab.mix import CRM, MARKETING, SEARCH_LAG, Mix
from syncd.lab.stage import INDEX_LAG, PATIENCE, Stage
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.run import RunState


@pytest.mark.slow
def test_a_small_demo_is_good_though_both_vendors_misbehave(tmp_path: Any) -> None:
    """Every proof holds and both sides agree; the seed and the mix are printed first, and what fired at the end."""
    screen = io.StringIO()
    code = run(
        people=100, companies=16, report=tmp_path / "report.html", rounds=2, faults=True,
        console=Console(file=screen, soft_wrap=True, highlight=False),
    )  # fmt: skip
    told = screen.getvalue()
    assert "DOES NOT HOLD" not in told
    assert "100 % but for what is listed" in told
    assert code == 0
    assert "drawn with seed 1" in told
    assert "Salesforce: salesforce-concurrent-limit (call 30)" in told
    hit = re.search(r"faults of the vendors +(\d+) calls hit \((.*)\)", told)
    assert hit is not None
    assert int(hit[1]) >= 10
    assert {name.rsplit(" ", 1)[0] for name in hit[2].split(", ")} <= {each.name for each in (*MARKETING, *CRM)}


def test_the_mix_is_of_the_catalogue_and_heals() -> None:
    """Every name is known to the side it is armed at, none is a deed, and each hits a fixed call or a share of few."""
    for vendor, faults in (("hubspot", MARKETING), ("salesforce", CRM)):
        for each in faults:
            assert vendor in find(each.name).vendors
            assert CATALOGUE[each.name].sort == "answer"
            assert ("nth" in each.words) != (0 < each.words.get("probability", 0) <= 0.5)
    assert SEARCH_LAG < INDEX_LAG, "what search leaves out is shown again before the demo looks"


def test_the_mix_is_armed_and_calmed() -> None:
    """What hits a fixed call is armed once in all, the rest each time with other luck; calm means none is left."""
    with RunningSandbox.start(seed=5) as box:
        mix = Mix(Control(box.hubspot_url), Control(box.salesforce_url), seed=3)
        mix.arm()
        first = [(fault.name, fault.chance.random()) for fault in box.salesforce.faults.armed]
        assert [name for name, _ in first] == [each.name for each in CRM]
        assert [fault.name for fault in box.hubspot.faults.armed] == [each.name for each in MARKETING]
        mix.calm()
        assert not box.hubspot.faults.armed
        assert not box.salesforce.faults.armed
        mix.arm()
        second = [(fault.name, fault.chance.random()) for fault in box.salesforce.faults.armed]
        assert [name for name, _ in second] == [each.name for each in CRM if "nth" not in each.words]
        assert len(second) < len(first)
        assert not {luck for _, luck in first} & {luck for _, luck in second}
        assert mix.fired() == {}


def ended(state: RunState) -> Any:
    """A cycle that ended so and wrote nothing."""
    return SimpleNamespace(run=SimpleNamespace(state=state, counts={}), plan=None, needs_approval=False)


@contextmanager
def cycles(monkeypatch: pytest.MonkeyPatch, *outcomes: Any, faults: bool = True) -> Iterator[Any]:
    """A stage whose cycles end in these ways, one after the other; the last goes on for ever."""
    left = list(outcomes)

    def sync(world: object, *, approve: str | None) -> Any:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(stages, "sync", sync)
    stage: Any = Stage.__new__(Stage)
    stage.world, stage.mix, stage.runs, stage.broken = None, object() if faults else None, [], []
    yield stage


def test_a_cycle_that_breaks_off_is_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off, then unfinished, then through: the last one is what counts, and what broke off is kept."""
    late = RetryLater("search: HubSpot answered 503", after=timedelta(seconds=1))
    with cycles(monkeypatch, late, ended(RunState.PARTIAL), ended(RunState.DONE)) as stage:
        assert stage.cycle().run.state is RunState.DONE
        assert stage.broken == [str(late)]
        assert [each.run.state for each in stage.runs] == [RunState.PARTIAL, RunState.DONE]


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks off time after time is raised in the end, and what needs a person at once."""
    with cycles(monkeypatch, RetryLater("no")) as stage:
        with pytest.raises(RetryLater):
            stage.cycle()
        assert len(stage.broken) == PATIENCE
    with cycles(monkeypatch, NeedsOperator("no")) as stage, pytest.raises(NeedsOperator):
        stage.cycle()


def test_without_faults_nothing_is_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo of honest vendors fails as it did before."""
    with cycles(monkeypatch, RetryLater("no"), ended(RunState.DONE), faults=False) as stage:
        with pytest.raises(RetryLater):
            stage.cycle()
        assert stage.broken == []
    with cycles(monkeypatch, ended(RunState.PARTIAL), ended(RunState.DONE), faults=False) as stage:
        assert stage.cycle().run.state is RunState.PARTIAL
