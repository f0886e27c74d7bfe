"""A command line that a page shows, read by the program itself and not carried out."""

from __future__ import annotations

import shlex

import click
import typer.main

from syncd.cli.main import app, global_first


def parse(line: str) -> None:
    """Reads ``syncd ...``: the command, its options and the number of its words.

    :raises UsageError: if the program does not take it; of typer, as ``syncd.cli.main`` names it.
    """
    words = global_first(shlex.split(line, comments=True)[1:])
    if words == ["--version"]:
        return
    while words[0].startswith("--"):  # a global option and its value
        words = words[2:]
    command: click.Command = typer.main.get_command(app)
    context = click.Context(command, info_name="syncd")
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(context, words)
        assert command is not None, line
        context = click.Context(command, info_name=name, parent=context)
    command.parse_args(context, words)
