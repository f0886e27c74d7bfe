"""``syncd config``: the JSON Schemas of its files, for editors, and files of an older version brought to this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncd.cli import migrating

app = typer.Typer(help="About the configuration files.", rich_markup_mode=None)


@app.callback()
def config() -> None:
    """About the configuration files."""


@app.command("schema")
def schema(
    *,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", help="Exit 2 if a schema file in FILE's folder is not current."),
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FOLDER", help="Write the schema files into this folder.")
    ] = None,
) -> None:
    """Prints the JSON Schema of syncd.yaml; with --write all schema files, for `yaml-language-server`."""
    from syncd.cli.out import say
    from syncd.model.errors import BadConfig, BadUsage, Flaw
    from syncd.settings.schema import schema_files, stale_schemas, write_schemas

    if check is not None and write is not None:
        raise BadUsage("say --check or --write, not both")
    if check is not None:
        folder = check if check.is_dir() else check.parent
        stale = stale_schemas(folder)
        if stale:
            advice = f"run `syncd config schema --write {folder}`"
            raise BadConfig(tuple(Flaw(str(path), 0, 0, "is not what the models say", advice) for path in stale))
        say("the schema files are current")
    elif write is not None:
        if not write.is_dir():
            raise BadUsage(f"{write} is no folder; name the folder of syncd.yaml")
        for path in write_schemas(write):
            say(f"wrote {path}")
    else:
        typer.echo(schema_files()["schema.json"], nl=False)


app.command("migrate")(migrating.migrate)
