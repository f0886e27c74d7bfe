"""``syncd backtest --scenario`` with a scenario of the simulation: the same people and faults, two configurations."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import ROOT

pytestmark = pytest.mark.slow

KEPT = ROOT / "tests" / "simulation" / "regressions"
SCENARIO = KEPT / "an-opt-out-without-an-address.json"


def _asked(config: Path, file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = ("--config", str(config), "backtest", "--against", str(ROOT / "config"), "--scenario", str(file), *more)
    return subprocess.run(
        [sys.executable, "-m", "syncd.cli.main", *words], cwd=ROOT, check=False, capture_output=True, text=True
    )


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the example configuration."""
    shutil.copytree(ROOT / "config", tmp_path / "new")
    return tmp_path / "new"


def test_the_same_configuration_plays_the_same(changed: Path) -> None:
    """Not one call is different."""
    said = _asked(changed, SCENARIO)
    assert (said.returncode, said.stdout) == (0, "nothing would have been different\n")


def test_a_changed_configuration_is_seen(changed: Path) -> None:
    """A field that is no longer mapped is no longer written; no promise is broken by that."""
    schema = changed / "schema" / "person.yaml"
    _without(schema, "city")
    said = _asked(changed, SCENARIO, "--json")
    assert said.returncode == 0, said.stderr
    told: dict[str, Any] = json.loads(said.stdout)
    assert told["differs"] is True
    assert told["broken"] == {"in_use": [], "changed": []}


def _without(schema: Path, field: str) -> None:
    lines = schema.read_text(encoding="utf-8").splitlines(keepends=True)
    (place,) = [number for number, line in enumerate(lines) if line.startswith(f"  {field}:")]
    assert "{" in lines[place], "a field of one line"
    schema.write_text("".join(lines[:place] + lines[place + 1 :]), encoding="utf-8")
