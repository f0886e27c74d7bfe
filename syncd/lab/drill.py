"""``syncd demo --trouble NAME``: prepares a trouble, says how to reach it, and says when it is solved.

It goes on until it is interrupted, since whoever practises may want to look around. The answer is 0 if it was solved
by then, 1 if not.
"""

from __future__ import annotations

import os
import shlex
import signal
import threading
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from syncd.lab.practice import POLL, Practice, Shift, at_work, open_practice
from syncd.lab.troubles import TROUBLES, Trouble, find
from syncd.model.errors import NeedsOperator

LIST: Final = "list"
PAGE: Final = "docs/troubles.md"
READY: Final = "Ctrl-C ends it."
SOLVED: Final = "Solved: nothing waits, and both systems agree in everything."
WITHIN: Final = 60.0
"""Seconds within which a trouble surely shows."""
LOOK: Final = 1.0


def show() -> None:
    """Prints all troubles, a line each."""
    screen = Console(highlight=False, soft_wrap=True)
    for trouble in TROUBLES.values():
        screen.print(f"{trouble.name:<24}{trouble.what}")


def run(name: str, *, keep: Path | None, seed: int) -> int:
    """Prepares it and stays until interrupted; 0 if it is solved then.

    :raises BadUsage: for a name that is not known, or a folder that is not empty.
    """
    trouble = find(name)
    screen = Console(highlight=False, soft_wrap=True)
    stopped, hangup = threading.Event(), threading.Event()
    heard = {signal.SIGINT: stopped, signal.SIGTERM: stopped, signal.SIGHUP: hangup}
    before = {number: signal.getsignal(number) for number in heard}
    screen.print(f"{trouble.name}: two local accounts, a dozen people, a daemon; no network", style="bold")
    try:
        with open_practice(keep=keep, seed=seed, brake=trouble.brake) as practice:
            trouble.prepare(practice)
            for number, event in heard.items():
                signal.signal(number, lambda *_, event=event: event.set())
            with at_work(practice, hangup=hangup) as shift:
                _wait_until_it_shows(trouble, shift, stopped)
                _introduce(screen, trouble, practice)
                return 0 if _watched(screen, shift, stopped) else 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_until_it_shows(trouble: Trouble, shift: Shift, stopped: threading.Event) -> None:
    over = time.monotonic() + WITHIN
    while not trouble.shows(shift) and not stopped.wait(LOOK / 4):
        if time.monotonic() > over:
            raise NeedsOperator(
                f"{trouble.name} did not show within {WITHIN:g} s; look at daemon.log in {shift.practice.folder}"
            )


def _introduce(screen: Console, trouble: Trouble, practice: Practice) -> None:
    given = {
        "SYNCD_CONFIG": str(practice.folder),
        "HUBSPOT": practice.marketing.url,
        "SALESFORCE": practice.crm.url,
        "DAEMON": str(os.getpid()),
    }
    screen.print(f"Somebody calls: {trouble.noticed}")
    screen.print()
    screen.print("In another shell:")
    screen.print("  export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items()))
    screen.print("  syncd status")
    screen.print()
    screen.print(f"What to do then: {PAGE}#{trouble.name}")
    screen.print(f"The daemon polls every {POLL} s. When it is solved, this says so. {READY}")


def _watched(screen: Console, shift: Shift, stopped: threading.Event) -> bool:
    """Looks until it is interrupted; whether all was well at the last look."""
    well = over = False
    while not over:
        over = stopped.wait(LOOK)
        now = shift.well()
        if now and not well:
            screen.print(SOLVED, style="bold green")
        elif well and not now:
            screen.print("Not well any more.", style="bold red")
        well = now
    return well
