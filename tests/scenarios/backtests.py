"""What scenarios of the backtest share: a changed copy of a configuration, and the record held against it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import yaml

from syncd.bootstrap.rulebooks import rulebook
from syncd.core.replay import Turn
from syncd.operations.backtest import Backtest, backtest
from syncd.settings.loading import load
from tests.scenarios.steps import Schema, Steps
from tests.worlds import config_environment


def changed(config: Path, folder: Path, edits: Mapping[str, Callable[[Schema], None]]) -> Path:
    """A copy of a configuration with these files edited."""
    copy = folder / f"changed{len(list(folder.glob('changed*')))}"
    shutil.copytree(config, copy)
    for name, edit in edits.items():
        path = copy / f"{name}.yaml"
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(tree)
        path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return copy


def replayed(steps: Steps, old: Path, new: Path, *, days: int = 30) -> Backtest:
    """The record of the last days, held against a changed configuration."""
    books = [rulebook(load(each, config_environment()).connection(None), steps.both.store) for each in (old, new)]
    now = steps.both.clock.now()
    return backtest(steps.both.store, books[0], books[1], since=now - timedelta(days=days), now=now)


def turns(told: Backtest, field: str) -> dict[Turn, int]:
    """What would have become of the values of one field of people."""
    return dict(told.fields["person", field].turns)
