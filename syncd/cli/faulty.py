"""The faults that ``syncd sandbox --fault`` lets the stand-ins begin with: read, listed and armed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.server import RunningSandbox

Chosen = tuple[str, float | None]
"""A fault of the catalogue and the chance with which it hits a call, ``None`` for once."""


def show() -> None:
    """Prints the catalogue as a table."""
    import shutil

    from sandbox.faults.reference import faults_table

    for line in faults_table(width=shutil.get_terminal_size((120, 40)).columns):
        typer.echo(line)


def read(words: Sequence[str]) -> list[Chosen]:
    """Reads ``NAME`` and ``NAME=PROBABILITY``. :raises BadUsage: for a name that is not known, or no probability."""
    from sandbox.faults.catalogue import UnknownFault, find

    chosen: list[Chosen] = []
    for word in words:
        name, equals, share = word.partition("=")
        try:
            find(name)
            chance = float(share) if equals else None
        except UnknownFault as unknown:
            raise BadUsage(f"--fault: {unknown}; `syncd sandbox --fault list` shows them all") from unknown
        except ValueError as wrong:
            raise BadUsage(f"--fault {word}: write a probability like {name}=0.1") from wrong
        if chance is not None and not 0 < chance <= 1:
            raise BadUsage(f"--fault {word}: a probability is above 0 and at most 1")
        chosen.append((name, chance))
    return chosen


def arm(running: RunningSandbox, chosen: Sequence[Chosen]) -> None:
    """Arms them at every vendor that they concern, and says so.

    :raises BadUsage: if a deed finds nobody to do it to.
    """
    from sandbox.faults import arming
    from sandbox.faults.catalogue import find
    from sandbox.kernel import NothingToHit

    for name, chance in chosen:
        for vendor in find(name).vendors:
            server = running.hubspot_server if vendor == "hubspot" else running.salesforce_server
            words = {} if chance is None else {"probability": chance}
            try:
                with server.lock:
                    told = arming.arm(server.kernel, name, **words)
            except NothingToHit as nothing:
                raise BadUsage(f"--fault {name}: {nothing}; make records with --people or --load") from nothing
            how = "done" if "done" in told else "once" if chance is None else f"{chance:g} of the calls"
            typer.echo(f"# fault at {vendor}: {name} ({how})")
