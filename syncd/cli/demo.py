"""``syncd demo``: both vendors as local stand-ins, two thousand people, changes both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer


def demo(
    *,
    people: Annotated[int, typer.Option("--people", metavar="N", min=100, help="How many people there are.")] = 2_000,
    companies: Annotated[int, typer.Option("--companies", metavar="N", min=10, help="And companies.")] = 300,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="The same seed plays the same story.")] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep configuration, store, logs and exports there.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Where to write the report.")] = None,
    corrupt: Annotated[
        bool, typer.Option("--corrupt", help="Falsify one value at the end, to see that the judge notices.")
    ] = False,
    faults: Annotated[
        bool, typer.Option("--faults", help="Let both vendors misbehave now and then, in ways that heal.")
    ] = False,
    trouble: Annotated[
        str | None,
        typer.Option(
            "--trouble",
            metavar="NAME",
            help="Prepare this trouble on a small connection and leave it to you; `--trouble list` shows all.",
        ),
    ] = None,
) -> None:
    """Shows the whole job on local stand-ins, without any account, and writes demo-report.html.

    The two systems are compared by a separate program from their exports alone. Exit 0 only if everything it shows is
    true.

    With --trouble it prepares one of ten troubles instead and stays until interrupted; docs/troubles.md says how each
    is solved. Exit 0 if it was solved by then, 1 if not.
    """
    if trouble is not None:
        _practise(trouble, keep=keep, seed=seed)
    from syncd.lab import demo as lab

    code = lab.run(
        seed=lab.SEED if seed is None else seed,
        people=people,
        companies=companies,
        keep=keep,
        report=report or lab.REPORT,
        corrupt=corrupt,
        faults=faults,
    )
    raise typer.Exit(code)


def _practise(name: str, *, keep: Path | None, seed: int | None) -> NoReturn:
    """Another command in all but name: nothing of the demo is played."""
    from syncd.lab import drill

    if name == drill.LIST:
        drill.show()
        raise typer.Exit(0)
    raise typer.Exit(drill.run(name, keep=keep, seed=1 if seed is None else seed))
