"""``syncd demo``: both vendors as local stand-ins, two thousand people, changes both ways."""

from __future__ import annotations

import typer


def demo() -> None:
    """Shows the whole job on local stand-ins, without any account; writes demo-report.html. Exit 1 if they disagree."""
    from syncd.lab.demo import run

    raise typer.Exit(run())
