"""``syncd backtest --scenario`` with a scenario of the simulation: the same people and faults, two configurations."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.main import main
from tests.worlds import ROOT

pytestmark = pytest.mark.slow

KEPT = ROOT / "tests" / "simulation" / "regressions"
SCENARIO = KEPT / "an-opt-out-without-an-address.json"


Asked = Callable[..., str]


@pytest.fixture
def asked(changed: Path, capsys: pytest.CaptureFixture[str]) -> Asked:
    """What the command prints of the scenario."""

    def ask(*more: str) -> str:
        capsys.readouterr()
        words = ("backtest", "--against", str(ROOT / "config"), "--scenario", str(SCENARIO), *more)
        assert main(["--config", str(changed), *words]) == 0
        return capsys.readouterr().out

    return ask


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the example configuration."""
    shutil.copytree(ROOT / "config", tmp_path / "new")
    return tmp_path / "new"


def test_the_same_configuration_plays_the_same(asked: Asked) -> None:
    """Not one call is different."""
    assert asked() == "nothing would have been different\n"


def test_a_changed_configuration_is_seen(changed: Path, asked: Asked) -> None:
    """A field that is no longer mapped is no longer written; no promise is broken by that."""
    schema = changed / "schema" / "person.yaml"
    _without(schema, "city")
    told: dict[str, Any] = json.loads(asked("--json"))
    assert told["differs"] is True
    assert told["broken"] == {"in_use": [], "changed": []}


def _without(schema: Path, field: str) -> None:
    lines = schema.read_text(encoding="utf-8").splitlines(keepends=True)
    (place,) = [number for number, line in enumerate(lines) if line.startswith(f"  {field}:")]
    assert "{" in lines[place], "a field of one line"
    schema.write_text("".join(lines[:place] + lines[place + 1 :]), encoding="utf-8")
