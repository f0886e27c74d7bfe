"""``syncd config migrate``: files of an older version made into files of this one, shown first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Final

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from syncd.settings.migrating import Migration

WAITS: Final = 1


def migrate(
    context: typer.Context,
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Exchange the files; each old one is kept beside as NAME.version-N.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows what becomes of configuration files of an older version, as a diff; changes nothing without --write.

    Comments, order and quotes stay. Needs no network and no credentials. Exit 1 if there is something to write, 2 if a
    file cannot be read or rewritten by itself.

    JSON: since, to, steps [text], files [{file, diff, kept}], written.
    """
    from syncd.bootstrap import config_path
    from syncd.settings.migrating import migration
    from syncd.settings.migrating import write as written

    call: Call = context.obj
    planned = migration(config_path(call.config, os.environ))
    kept = written(planned) if write else ()
    if as_json:
        _print_json(planned, kept)
    else:
        _print(call, planned, kept)
    raise typer.Exit(WAITS if planned.files and not write else 0)


def _print_json(planned: Migration, kept: Sequence[Path]) -> None:
    from syncd.cli.out import print_json

    print_json(
        {
            "since": planned.since,
            "to": planned.to,
            "steps": [step.says for step in planned.steps],
            "files": [
                {
                    "file": str(each.file),
                    "diff": each.diff(),
                    "kept": str(kept[at]) if kept else None,
                }
                for at, each in enumerate(planned.files)
            ],
            "written": bool(kept),
        }
    )


def _print(call: Call, planned: Migration, kept: Sequence[Path]) -> None:
    from syncd.cli.out import count, say

    if not planned.files:
        say(f"the configuration is of version {planned.to}, which this syncd reads: there is nothing to migrate")
        return
    say(f"from version {planned.since} to {planned.to}:", *(f"- {step.says}" for step in planned.steps))
    for each in planned.files:
        typer.echo(f"\n{each.diff()}", nl=False)
    say("")
    if not kept:
        again = call.again("config", "migrate", "--write")
        say(f"{count(len(planned.files), 'file')} would be changed, nothing was written; do it with `{again}`")
        return
    for each, old in zip(planned.files, kept, strict=True):
        say(f"wrote {each.file}; as it was: {old}")
    say(f"see whether it is sound: `{call.again('check')}`")
