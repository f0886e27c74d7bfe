"""With which exit code the program ends, whatever ended a command: for the shell, and for the deed of the command."""

from __future__ import annotations

from typing import Final

import typer

from syncd.cli.interrupts import Terminated
from syncd.model.errors import BadUsage, SyncdError

FAILED: Final = 3
INTERRUPTED: Final = 130
TERMINATED: Final = 143
UsageError: Final = typer.BadParameter.__base__  # typer exports the base of its usage errors under no public name


def code_of(end: BaseException) -> int:
    """The exit code for what ended a command (README, "Exit codes")."""
    match end:
        case typer.Exit(exit_code=code) | SyncdError(exit_code=code):
            return int(code)
        case Terminated():
            return TERMINATED
        case KeyboardInterrupt() | typer.Abort():
            # Typer takes it for Ctrl-D. Questions end differently: a file broke off, as bytecode on a full disk.
            return FAILED if isinstance(end.__cause__, EOFError) else INTERRUPTED
        case _:
            usage = UsageError is not None and isinstance(end, UsageError)
            return BadUsage.exit_code if usage else FAILED
