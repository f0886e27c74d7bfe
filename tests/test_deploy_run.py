"""``make test``: its parts run side by side, each tells what it came to, and a run that takes too long can fail."""

from __future__ import annotations

import re
import sys

import pytest

from deploy import test as run

GOOD = (sys.executable, "-c", "sum(range(10**6))")
BAD = (sys.executable, "-c", "raise SystemExit(3)")


@pytest.fixture(autouse=True)
def _no_first_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_read_once", lambda: None)


def played(*parts: tuple[str, tuple[str, ...]]) -> int:
    """Runs these commands as the parts of a run. Returns the exit code."""
    return run._run([run.Part(title, list(words)) for title, words in parts])


def test_each_part_tells_what_it_came_to(capfd: pytest.CaptureFixture[str]) -> None:
    """Good ones with the seconds they took and worked, a bad one with its exit code, which is that of the run."""
    assert played(("good", GOOD), ("bad", BAD)) == 3
    told = capfd.readouterr().out
    assert re.search(r"^good: passed after \d+ s, \d+ s of a processor$", told, re.MULTILINE)
    assert re.search(r"^bad: FAILED \(3\) after \d+ s", told, re.MULTILINE)


@pytest.mark.parametrize(("minutes", "code"), [(None, 0), ("5", 0), ("0.0001", 1)])
def test_a_run_that_takes_too_long_fails_where_that_is_asked(
    minutes: str | None, code: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only ``MINUTES`` makes time count; by itself a busy machine fails nothing."""
    monkeypatch.delenv("MINUTES", raising=False)
    if minutes is not None:
        monkeypatch.setenv("MINUTES", minutes)
    assert played(("good", GOOD)) == code
    assert ("longer than the 0.0001 minutes" in capfd.readouterr().out) is bool(code)
