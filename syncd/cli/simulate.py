"""``syncd simulate``: the promises tried on your own configuration, with both vendors in this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from syncd.cli.call import Call


def simulate(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="How many scenarios to play.")] = 200,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="TEXT", help="Where they come from; by default syncd's own sources.")
    ] = None,
    replay: Annotated[Path | None, typer.Option("--replay", metavar="FILE", help="Play one kept scenario.")] = None,
    keep: Annotated[
        Path, typer.Option("--keep", metavar="DIR", help="Where scenarios that break a promise are kept.")
    ] = Path("simulation-failures"),
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Processes; by default one per core.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the figures, as JSON.")] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Fail, too, if a fault of the model fired less than twenty times.")
    ] = False,
) -> None:
    """Plays people, faults and crashes against your mapping, on stand-ins in virtual time; no account is needed.

    Each scenario follows from a seed. Afterwards both systems must agree, nobody may be there twice, no value may be
    lost or invented. Exit 0 only if every promise held (docs/promises.md).
    """
    from syncd.bootstrap import config_path
    from syncd.lab.simulate import Order, run

    call: Call = context.obj
    order = Order(
        config=config_path(call.config, os.environ),
        connection=call.connection,
        count=count,
        seed=seed,
        replay=replay,
        keep=keep,
        workers=workers or os.cpu_count() or 1,
        thorough=thorough,
        report=report,
    )
    raise typer.Exit(run(order))
