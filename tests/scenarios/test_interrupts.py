"""A command that is told to stop while Python runs a callback of its own stops all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.forked import ROOT

TOLD_IN_A_CALLBACK = """
import os, signal, sys, time, weakref

from syncd.cli import main

class Held:
    pass

def dropped(_reference):
    os.kill(os.getpid(), signal.{number})
    for _ in range(1000):
        pass

@main.app.command("wait")
def wait():
    held = Held()
    reference = weakref.ref(held, dropped)
    del held
    {then}
    time.sleep(20)

sys.argv = ["syncd", "wait"]
main.run()
"""


def _told(number: str, then: str = "pass") -> subprocess.CompletedProcess[str]:
    program = TOLD_IN_A_CALLBACK.format(number=number, then=then)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=15, check=False
    )


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_wish_to_stop_that_python_dropped_is_heard(number: str, code: int) -> None:
    """It ends in its exit code and one line, and nothing of Python's own words stands in the log."""
    told = _told(number)
    assert told.returncode == code
    (line,) = told.stderr.splitlines()
    assert '"command.failed"' in line
    assert "interrupted; what was settled stays settled" in line


def test_what_is_sent_again_reaches_the_handler_that_is_there_by_then() -> None:
    """The daemon has put its own handler in place meanwhile: it stops in order instead of being broken off."""
    told = _told("SIGTERM", "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))")
    assert told.returncode == 7


def test_other_exceptions_that_python_drops_are_told_as_ever() -> None:
    """Nothing of that is swallowed: a callback that fails is on standard error."""
    program = TOLD_IN_A_CALLBACK.format(number="SIGTERM", then="return").replace(
        "    os.kill(os.getpid(), signal.SIGTERM)\n", "    raise ValueError('a flaw of ours')\n"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0
    assert "ValueError: a flaw of ours" in told.stderr
